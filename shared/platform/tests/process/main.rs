//! A service's program as the operator has it: its exit codes, what it says, how it ends.
#![cfg(test)]

mod planted;

use std::{
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(20);

fn program(arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gated-service"));
    command.args(arguments).env_remove("VACANCY_CONFIG");
    for (key, value) in settings {
        command.env(format!("VACANCY_GATED__{key}"), value);
    }
    command
}

fn check_config(settings: &[(&str, &str)]) -> (Output, String) {
    let output = program(&["check-config"], settings).output().unwrap();
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    (output, said)
}

#[test]
fn check_config_fails_and_names_every_key_that_cannot_be_read() {
    let wrong = [
        ("KIT__HTTP__LISTEN", "nowhere"),
        ("KIT__RATE__PUBLIC_BURST", "many"),
        ("KIT__TELEMETRY__LOG_FORMAT", "poem"),
        ("KIT__HTTP__NO_SUCH_KEY", "1"),
    ];
    let (output, said) = check_config(&wrong);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for key in
        ["kit.http.listen", "kit.rate.public_burst", "kit.telemetry.log_format", "kit.http.no_such_key"]
    {
        assert!(said.contains(key), "{key} is not in: {said}");
    }
}

#[test]
fn check_config_fails_and_names_every_key_that_contradicts_another() {
    let wrong = [
        ("KIT__AUTH__JWKS_URL", "ftp://id.test/keys"),
        ("KIT__HTTP__DRAIN_SECONDS", "1"),
        ("KIT__TELEMETRY__TRACE_SHARE", "2.0"),
    ];
    let (output, said) = check_config(&wrong);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for key in ["kit.auth.jwks_url", "kit.http.drain_seconds", "kit.telemetry.trace_share", "gate"] {
        assert!(said.contains(key), "{key} is not in: {said}");
    }
}

#[test]
fn check_config_succeeds_on_usable_settings() {
    let (output, said) =
        check_config(&[("GATE", "127.0.0.1:1"), ("KIT__AUTH__JWKS_URL", "https://id.test/k")]);
    assert!(output.status.success(), "{said}");
}

fn serve(gate: SocketAddr) -> Command {
    program(&["serve"], &[("GATE", &*gate.to_string()), ("KIT__HTTP__LISTEN", "127.0.0.1:0")])
}

/// A serving process; killed with the test if it still runs.
struct Serving {
    child: Child,
    address: SocketAddr,
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It has usually ended before.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

impl Serving {
    fn start(gate: SocketAddr) -> Self {
        Self::of(serve(gate).stderr(Stdio::inherit()))
    }

    fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address =
            lines.by_ref().find_map(|line| address_in(&line.unwrap())).expect("it says where it listens");
        // Goes on reading, else the process would wait for room in the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let entry: Value = serde_json::from_str(line).ok()?;
    let find = |pointer| entry.pointer(pointer).and_then(Value::as_str);
    find("/address").or_else(|| find("/fields/address"))?.parse().ok()
}

#[tokio::test]
async fn a_terminated_service_finishes_what_is_in_work_takes_nothing_new_and_exits_with_0() {
    let gate = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut serving = Serving::start(gate.local_addr().unwrap());
    let client = platform::http_client::http_client(PATIENCE).unwrap();
    let url = format!("http://{}/v1/gated", serving.address);
    let request = tokio::spawn(client.get(url).send());
    let (held, _) = tokio::task::spawn_blocking(move || gate.accept()).await.unwrap().unwrap();
    serving.terminate();
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(serving.address).is_ok() {
        assert!(Instant::now() < deadline, "it still accepts connections");
        tokio::task::yield_now().await;
    }
    assert!(serving.child.try_wait().unwrap().is_none(), "it waits for the request");
    drop(held);
    assert_eq!(request.await.unwrap().unwrap().status(), 204);
    assert_eq!(serving.child.wait().unwrap().code(), Some(0));
}
