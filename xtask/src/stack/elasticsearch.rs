//! Elasticsearch: search's index. It refuses to run as root, so root starts it as somebody else on a folder that this one owns.

use std::{
    collections::BTreeMap,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{Context, Server, java};
use crate::{
    download::{self, Artifact, Cache},
    failure::{Doing, Failure, Outcome},
    instance::Instance,
    packages,
    process::{self, Launch},
    progress::Line,
};

const ELASTICSEARCH: Artifact = Artifact {
    folder: "elasticsearch-8.19.21",
    pom: include_str!("../../artifacts/elasticsearch.pom.xml"),
    checksums: include_str!("../../artifacts/elasticsearch.sha256"),
};
const UNPACKED: &str = "elasticsearch-8.19.21-unpacked";
const ZIP: &str = "elasticsearch-8.19.21.zip";
/// Where an unprivileged user can read, when root's own cache is closed to it.
const OPEN_CACHE: &str = "/var/cache/vacancy";
/// Where an unprivileged user can write, when the checkout is closed to it.
const OPEN_DATA: &str = "/var/lib/vacancy";

pub(super) fn prepare(context: &Context, line: &Line) -> Outcome<Launch> {
    let instance = &context.instance;
    let uid = process::is_root().then_some(instance.settings.elasticsearch_uid);
    let (java_home, program) = distribution(context, uid, line)?;
    let home = home(instance, uid)?;
    let config = home.join("config");
    for part in ["config", "data", "logs", "tmp"] {
        let folder = home.join(part);
        fs::create_dir_all(&folder).doing("making", &folder)?;
    }
    configure(instance, &config, &program)?;
    own(&home, uid)?;
    let heap = instance.settings.heap_mib.elasticsearch;
    let environment = BTreeMap::from([
        ("ES_JAVA_HOME".to_owned(), java::text(&java_home)),
        ("ES_JAVA_OPTS".to_owned(), format!("-Xms{heap}m -Xmx{heap}m")),
        ("ES_PATH_CONF".to_owned(), java::text(&config)),
        ("ES_TMPDIR".to_owned(), java::text(&home.join("tmp"))),
    ]);
    let launcher = java::text(&program.join("bin/elasticsearch"));
    let (program, arguments) = match uid {
        Some(uid) => ("setpriv", [as_user(uid), vec![launcher]].concat()),
        None => ("bash", vec![launcher]),
    };
    Ok(Launch { program: program.into(), arguments, environment, home })
}

/// Where data goes when the instance's own folder is closed to the unprivileged user.
pub(super) fn outside(instance: &Instance) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    instance.folder.hash(&mut hasher);
    Path::new(OPEN_DATA).join(format!("{}-{:016x}", instance.name, hasher.finish()))
}

/// A Java home and the unpacked distribution, both readable by whoever will run them.
fn distribution(context: &Context, uid: Option<u32>, line: &Line) -> Outcome<(PathBuf, PathBuf)> {
    let cache = match uid {
        Some(uid) if !reachable(&context.cache.folder("."), uid, 'x') => Cache::at(OPEN_CACHE.into())?,
        _ => context.cache.clone(),
    };
    let line_context = Context { instance: context.instance.clone(), cache: cache.clone() };
    let runtime = java::Runtime::ensure(&line_context, &ELASTICSEARCH, line)?;
    let folder = cache.once(UNPACKED, |folder| {
        line.step("unpacking");
        packages::ensure_tools(true, line)?;
        let mut unzip = Command::new("unzip");
        unzip.arg("-q").arg(runtime.lib().join(ZIP)).arg("-d").arg(folder);
        download::run(&unzip, line, None)
    })?;
    Ok((runtime.home, folder.join("elasticsearch-8.19.21")))
}

/// The instance's data folder, or one outside the checkout when the user that runs Elasticsearch cannot get there.
fn home(instance: &Instance, uid: Option<u32>) -> Outcome<PathBuf> {
    let inside = instance.data("elasticsearch");
    fs::create_dir_all(&inside).doing("making", &inside)?;
    let Some(uid) = uid else { return Ok(inside) };
    own(&inside, Some(uid))?;
    if reachable(&inside, uid, 'w') {
        return Ok(inside);
    }
    let outside = outside(instance);
    fs::create_dir_all(&outside).doing("making", &outside)?;
    own(&outside, Some(uid))?;
    if reachable(&outside, uid, 'w') {
        return Ok(outside);
    }
    Err(Failure::Refused(format!(
        "Elasticsearch runs as user {uid}, who can write neither {} nor {}: chmod o+x the folders above one of them",
        inside.display(),
        outside.display()
    )))
}

/// Asks the kernel, as that user, whether a folder can be entered (`x`) or written (`w`).
fn reachable(folder: &Path, uid: u32, test: char) -> bool {
    let mut command = Command::new("setpriv");
    command.args(as_user(uid)).args(["test", &format!("-{test}")]).arg(folder);
    command.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn as_user(uid: u32) -> Vec<String> {
    vec![format!("--reuid={uid}"), format!("--regid={uid}"), "--clear-groups".to_owned()]
}

fn own(folder: &Path, uid: Option<u32>) -> Outcome {
    let Some(uid) = uid else { return Ok(()) };
    chown(folder, Some(uid), Some(uid)).doing("giving away", folder)?;
    for entry in fs::read_dir(folder).doing("reading", folder)?.flatten() {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            own(&path, Some(uid))?;
        } else {
            chown(&path, Some(uid), Some(uid)).doing("giving away", &path)?;
        }
    }
    Ok(())
}

/// The distribution's own configuration files with ours in place of its settings. A setting of a module that is not there would stop it.
fn configure(instance: &Instance, config: &Path, program: &Path) -> Outcome {
    let port = Server::Elasticsearch.port(instance);
    let transport = instance.port(instance.settings.port_offsets.elasticsearch_transport);
    let home = config.parent().unwrap_or(config);
    let settings = format!(
        "cluster.name: vacancy-{}
discovery.type: single-node
network.host: 127.0.0.1
http.port: {port}
transport.port: {transport}
path.data: {home}/data
path.logs: {home}/logs
xpack.security.enabled: false
# A developer's disk is often nearly full, and these indexes are small. Without a look at it merges would stop at 95 %, and
# every search would go through hundreds of segments.
cluster.routing.allocation.disk.threshold_enabled: false
indices.merge.disk.check_interval: 0s
# The tests make many small indexes.
cluster.max_shards_per_node: 4000
",
        instance.name,
        home = home.display()
    );
    // The distribution's own options, less its garbage collector (made for many cores) and its log of every collection.
    let mut options = java::options(instance);
    options.extend(["-Djava.io.tmpdir=${ES_TMPDIR}", "-XX:+ExitOnOutOfMemoryError", ""].map(str::to_owned));
    let options = options.join("\n");
    let copied = program.join("config/log4j2.properties");
    let logging = fs::read(&copied).doing("reading", &copied)?;
    for (name, content) in [
        ("elasticsearch.yml", settings.as_bytes()),
        ("jvm.options", options.as_bytes()),
        ("log4j2.properties", &logging),
    ] {
        let file = config.join(name);
        fs::write(&file, content).doing("writing", &file)?;
    }
    Ok(())
}
