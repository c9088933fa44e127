//! Kafka: one process, broker and controller (`KRaft`).

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Context, Server, java};
use crate::{
    download::{self, Artifact},
    failure::{Doing, Failure, Outcome},
    process::Launch,
    progress::Line,
};

const KAFKA: Artifact = Artifact {
    folder: "kafka-4.2.1",
    pom: include_str!("../../artifacts/kafka.pom.xml"),
    checksums: include_str!("../../artifacts/kafka.sha256"),
};
/// The metadata that this version writes. An older Kafka does not read what a newer one wrote; see decision 0011.
const WRITES: &str = "4.2";
/// In the storage folder: the metadata it was formatted for. Folders made before 0011 have none.
const MADE_FOR: &str = "made-for";
/// Any 16 bytes in URL-safe Base64: a cluster of one needs no other name.
const CLUSTER_ID: &str = "VacancyStackKafka0000A";

pub(super) fn prepare(context: &Context, line: &Line) -> Outcome<Launch> {
    let runtime = java::Runtime::ensure(context, &KAFKA, line)?;
    let home = context.instance.data("kafka");
    fs::create_dir_all(&home).doing("making", &home)?;
    let properties = home.join("server.properties");
    let data = home.join("log");
    fs::write(&properties, server_properties(context, &data)).doing("writing", &properties)?;
    readable(context, &data)?;
    download::whole(&data, |folder| format(context, &runtime, folder, line))?;
    let mut arguments =
        vec!["-Xms256m".to_owned(), format!("-Xmx{}m", context.instance.settings.heap_mib.kafka)];
    arguments.extend(java::options(&context.instance));
    arguments.extend(java::owned(["-Dorg.slf4j.simpleLogger.showDateTime=true"]));
    arguments.extend(runtime.class_path());
    arguments.extend(["kafka.Kafka".to_owned(), java::text(&properties)]);
    Ok(Launch { program: runtime.java(), arguments, environment: BTreeMap::new(), home })
}

/// Refuses a storage folder of another Kafka than this one: its log would end in a stack trace.
fn readable(context: &Context, data: &Path) -> Outcome {
    let made_for = fs::read_to_string(data.join(MADE_FOR)).unwrap_or_default();
    if !data.exists() || made_for == WRITES {
        return Ok(());
    }
    Err(Failure::Refused(format!(
        "{} was made by another version of Kafka, which this one does not read\n  \
         next: `cargo xtask --instance {} stack reset --yes` starts anew and loses what all its servers hold",
        data.display(),
        context.instance.name
    )))
}

/// Formats a storage folder, once; nothing in it names the folder, so it may be moved.
fn format(context: &Context, runtime: &java::Runtime, folder: &Path, line: &Line) -> Outcome {
    line.step("formatting its storage");
    // A name of its own: the formatting of a killed xtask may not have read its own file yet.
    let properties = PathBuf::from(format!("{}.properties", folder.display()));
    fs::write(&properties, server_properties(context, folder)).doing("writing", &properties)?;
    let mut command = Command::new(runtime.java());
    command.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]).args(runtime.class_path());
    command.args(["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c"]).arg(&properties);
    download::run(&command, line, None)?;
    let made_for = folder.join(MADE_FOR);
    fs::write(&made_for, WRITES).doing("writing", &made_for)?;
    fs::remove_file(&properties).doing("removing", &properties)
}

fn server_properties(context: &Context, data: &Path) -> String {
    let instance = &context.instance;
    let port = Server::Kafka.port(instance);
    let controller = instance.port(instance.settings.port_offsets.kafka_controller);
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
# A segment's index is allocated at its full size; many small topics need little.
log.index.size.max.bytes=1048576
# The cleaner's buffer is heap.
log.cleaner.dedupe.buffer.size=16777216
log.cleaner.threads=1
",
        data.display()
    )
}
