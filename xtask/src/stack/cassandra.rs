//! Cassandra: the archive of ended bookings.

use std::{collections::BTreeMap, fs, path::Path};

use super::{Context, Server, java};
use crate::{
    download::Artifact,
    failure::{Doing, Outcome},
    process::Launch,
    progress::Line,
};

const CASSANDRA: Artifact = Artifact {
    folder: "cassandra-5.0.9",
    pom: include_str!("../../artifacts/cassandra.pom.xml"),
    checksums: include_str!("../../artifacts/cassandra.sha256"),
};
const AGENT: &str = "jamm-0.4.0.jar";
/// What Cassandra reaches into, from its own start script (`conf/jvm17-server.options` of the distribution).
const EXPORTS: [&str; 10] = [
    "java.base/jdk.internal.misc",
    "java.base/jdk.internal.ref",
    "java.base/java.lang.ref",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi",
    "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server",
    "java.sql/java.sql",
    "jdk.unsupported/sun.misc",
    "jdk.compiler/com.sun.tools.javac.file",
    "jdk.attach/sun.tools.attach",
];
const OPENS: [&str; 16] = [
    "java.base/java.lang.module",
    "java.base/jdk.internal.loader",
    "java.base/jdk.internal.ref",
    "java.base/jdk.internal.reflect",
    "java.base/jdk.internal.math",
    "java.base/jdk.internal.module",
    "java.base/jdk.internal.util.jar",
    "jdk.management/com.sun.management.internal",
    "java.base/sun.nio.ch",
    "java.base/java.io",
    "java.base/java.nio",
    "java.base/java.lang",
    "java.base/java.lang.reflect",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "jdk.compiler/com.sun.tools.javac",
];
const LOGGING: &str = r#"<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%date{ISO8601} %-5level %logger{0} %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="out"/></root>
  <logger name="org.apache.cassandra" level="WARN"/>
  <logger name="org.apache.cassandra.service" level="INFO"/>
</configuration>
"#;

pub(super) fn prepare(context: &Context, line: &Line) -> Outcome<Launch> {
    let runtime = java::Runtime::ensure(context, &CASSANDRA, line)?;
    let home = context.instance.data("cassandra");
    for part in ["data", "commitlog", "saved_caches", "hints", "cdc_raw", "logs"] {
        let folder = home.join(part);
        fs::create_dir_all(&folder).doing("making", &folder)?;
    }
    let [settings, logging] = ["cassandra.yaml", "logback.xml"].map(|name| home.join(name));
    fs::write(&settings, cassandra_yaml(context, &home)).doing("writing", &settings)?;
    fs::write(&logging, LOGGING).doing("writing", &logging)?;
    let mut arguments = vec![
        "-Xms512m".to_owned(),
        format!("-Xmx{}m", context.instance.settings.heap_mib.cassandra),
        format!("-javaagent:{}", runtime.lib().join(AGENT).display()),
        format!("-Dcassandra.config=file://{}", settings.display()),
        format!("-Dcassandra.storagedir={}", home.display()),
        format!("-Dcassandra.logdir={}", home.join("logs").display()),
        format!("-Dlogback.configurationFile=file://{}", logging.display()),
    ];
    arguments.extend(java::options(&context.instance));
    arguments.extend(options());
    arguments.extend(runtime.class_path());
    arguments.push("org.apache.cassandra.service.CassandraDaemon".to_owned());
    Ok(Launch { program: runtime.java(), arguments, environment: BTreeMap::new(), home })
}

/// One node needs no gossip to settle; everything else is what its own start script sets.
fn options() -> Vec<String> {
    let mut options = java::owned([
        "-Xss512k",
        "-XX:+ExitOnOutOfMemoryError",
        "-Dcassandra-foreground=true",
        "-Dcassandra.ring_delay_ms=0",
        "-Dcassandra.skip_wait_for_gossip_to_settle=0",
        "-Dcassandra.superuser_setup_delay_ms=0",
        "-Djdk.attach.allowAttachSelf=true",
        "-Dio.netty.tryReflectionSetAccessible=true",
        "-Djava.net.preferIPv4Stack=true",
    ]);
    options.extend(EXPORTS.map(|package| format!("--add-exports={package}=ALL-UNNAMED")));
    options.extend(OPENS.map(|package| format!("--add-opens={package}=ALL-UNNAMED")));
    options
}

/// `commitlog_sync: group`: a write is acknowledged after its fsync, as the archiver's read-back before purging needs it.
fn cassandra_yaml(context: &Context, home: &Path) -> String {
    let instance = &context.instance;
    let port = Server::Cassandra.port(instance);
    let storage = instance.port(instance.settings.port_offsets.cassandra_storage);
    let home = home.display();
    format!(
        "cluster_name: vacancy-{}
num_tokens: 1
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
commitlog_sync: group
commitlog_sync_group_window: 5ms
endpoint_snitch: SimpleSnitch
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: \"127.0.0.1:{storage}\"
listen_address: 127.0.0.1
rpc_address: 127.0.0.1
native_transport_port: {port}
storage_port: {storage}
data_file_directories: [\"{home}/data\"]
commitlog_directory: \"{home}/commitlog\"
saved_caches_directory: \"{home}/saved_caches\"
hints_directory: \"{home}/hints\"
cdc_raw_directory: \"{home}/cdc_raw\"
",
        instance.name
    )
}
