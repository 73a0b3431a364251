//! The operator as a process: start, probes, metrics, signals, exit codes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use support::control_plane::{ControlPlane, SYSTEM_NAMESPACE};

const PATIENCE: Duration = Duration::from_secs(60);

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dli-operator"));
    command.env_remove("KUBECONFIG").env("HOME", "/nonexistent").stdin(Stdio::null());
    command
}

fn output(args: &[&str]) -> Output {
    command().args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A running operator.
struct Operator {
    child: Child,
    lines: Arc<Mutex<Vec<Value>>>,
}

impl Operator {
    fn start(kubeconfig: &Path, config: &str) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        let addresses = "metricsAddress: 127.0.0.1:0\nhealthAddress: 127.0.0.1:0\n";
        fs::write(file.path(), format!("{addresses}{config}")).unwrap();
        let mut child = command()
            .args(["run", "--config"])
            .arg(file.path())
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (heard, errors) = (Arc::clone(&lines), BufReader::new(child.stderr.take().unwrap()));
        thread::spawn(move || {
            // Keeps the file for as long as the process may read it.
            let _file = file;
            for line in errors.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                heard.lock().unwrap().push(line);
            }
        });
        Self { child, lines }
    }

    fn wait_for<T>(&self, what: &str, find: impl Fn(&Value) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = self.lines.lock().unwrap().iter().find_map(&find) {
                return found;
            }
            assert!(Instant::now() < deadline, "never said: {what}; said: {:#?}", self.lines.lock().unwrap());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn says(&self, message: &str) -> Value {
        self.wait_for(message, |line| (line["message"] == message).then(|| line.clone()))
    }

    fn address(&self, server: &str) -> String {
        self.wait_for(server, |line| {
            Some(line.get("address").filter(|_| line["server"] == server)?.as_str()?.to_owned())
        })
    }

    fn get(&self, server: &str, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address(server)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    /// Waits for the first pass over a queue; its metrics after that.
    fn has_passed(&self) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (status, metrics) = self.get("metrics", "/metrics");
            assert_eq!(status, 200);
            if metrics.contains("dli_operator_pass_duration_seconds_count{kind=\"DliQueue\"") {
                return metrics;
            }
            assert!(Instant::now() < deadline, "no pass: {metrics}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    fn ends_with(&mut self, code: i32) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert_eq!(status.code(), Some(code), "said: {:#?}", self.lines.lock().unwrap());
                return;
            }
            assert!(Instant::now() < deadline, "does not end; said: {:#?}", self.lines.lock().unwrap());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A cluster of its own, since the lease has one place in it, and the operator's kubeconfig there.
fn cluster() -> (ControlPlane, PathBuf) {
    let cluster = ControlPlane::start();
    cluster.install();
    let kubeconfig = cluster.service_account_kubeconfig();
    (cluster, kubeconfig)
}

fn holder(cluster: &ControlPlane) -> String {
    let lease = cluster.get(SYSTEM_NAMESPACE, "lease/dli-operator");
    lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned()
}

/// `leaseNamespace` is where the operator's account may write.
const CONFIG: &str = "leaseNamespace: dli-operator-system\n";
const FAST: &str = "leaseNamespace: dli-operator-system\n\
    timing: {leaseDuration: 4s, renewDeadline: 2500ms, renewPeriod: 500ms, callTimeout: 2s}\n";

#[test]
fn it_leads_answers_and_gives_the_lease_back() {
    let (cluster, kubeconfig) = cluster();
    let mut operator = Operator::start(&kubeconfig, CONFIG);
    operator.says("leading");
    for kind in ["DliProject", "DliQueue", "EnhancedConnection"] {
        operator.wait_for(kind, |line| (line["kind"] == kind && line["message"] == "first list read").then_some(()));
    }
    let deadline = Instant::now() + PATIENCE;
    while operator.get("health", "/readyz") != (200, "leading\n".to_owned()) {
        assert!(Instant::now() < deadline, "{:?}", operator.get("health", "/readyz"));
    }
    assert_eq!(operator.get("health", "/healthz"), (200, "ok\n".to_owned()));
    assert_ne!(holder(&cluster), "");

    let namespace = cluster.new_namespace("user");
    let secret = ["create", "secret", "generic", "dli-credentials", "--from-literal=accessKey=canary-access"];
    cluster.must(["-n", &namespace].iter().chain(&secret).chain(&["--from-literal=secretKey=canary-secret"]));
    operator.says("the credentials have changed");
    let queue =
        "{apiVersion: dli.huaweicloud.com/v1alpha1, kind: DliQueue, metadata: {name: etl}, spec: {cuCount: 16}}";
    assert!(cluster.apply(&namespace, queue).status.success());
    let metrics = operator.has_passed();
    for line in
        ["dli_operator_leader 1\n", "dli_operator_objects{kind=\"DliQueue\"} 1\n", "process_resident_memory_bytes "]
    {
        assert!(metrics.contains(line), "{line} is missing in {metrics}");
    }

    operator.signal("TERM");
    operator.ends_with(0);
    operator.says("lease released");
    assert_eq!(holder(&cluster), "");
    let said = format!("{:?}", operator.lines.lock().unwrap());
    assert!(!said.contains("canary"), "{said}");
    assert!(!metrics.contains("etl") && !metrics.contains("canary"));

    // Each part hears of the signal in its own time; none may take another's end for a failure.
    for _ in 0..20 {
        let mut operator = Operator::start(&kubeconfig, CONFIG);
        operator.says("leading");
        operator.has_passed();
        operator.signal("TERM");
        operator.ends_with(0);
        assert_eq!(holder(&cluster), "");
    }
}

#[test]
fn a_standby_is_ready_and_takes_over_from_one_that_was_killed_or_paused() {
    let (cluster, kubeconfig) = cluster();
    let one = Operator::start(&kubeconfig, FAST);
    one.says("leading");
    let mut two = Operator::start(&kubeconfig, FAST);
    two.says("standing by");
    let deadline = Instant::now() + PATIENCE;
    while two.get("health", "/readyz") != (200, "standing by\n".to_owned()) {
        assert!(Instant::now() < deadline, "{:?}", two.get("health", "/readyz"));
    }

    one.signal("KILL");
    let leading = two.says("leading");
    // 2.5 s + 2 s - 4 s, and a sixth of 4 s.
    let barrier = leading["mutations_in_ms"].as_u64().unwrap();
    assert!((600..=1_166).contains(&barrier), "{barrier}");

    let mut three = Operator::start(&kubeconfig, FAST);
    three.says("standing by");
    two.signal("STOP");
    three.says("leading");
    two.signal("CONT");
    two.ends_with(1);
    let lost = two.says("ending");
    assert!(lost["error"].as_str().unwrap().starts_with("leadership is lost, so this process ends: "), "{lost}");
    assert_eq!(holder(&cluster), three.says("leading")["identity"].as_str().unwrap());
    three.signal("INT");
    three.ends_with(0);
}

#[test]
fn it_waits_for_the_definitions_and_names_the_one_that_is_missing() {
    let cluster = ControlPlane::start();
    let mut operator = Operator::start(cluster.kubeconfig(), CONFIG);
    let waiting = operator.wait_for("a definition", |line| Some(line.get("definition")?.as_str()?.to_owned()));
    assert_eq!(waiting, "dliprojects.dli.huaweicloud.com");
    let text = "waiting: the custom resource definition dliprojects.dli.huaweicloud.com is missing; install it: \
                dli-operator crds | kubectl apply --server-side -f -";
    operator.says(text);
    assert_eq!(operator.get("health", "/readyz"), (503, format!("{text}\n")));
    assert_eq!(operator.get("health", "/healthz").0, 200);
    operator.signal("TERM");
    operator.ends_with(0);

    let operator = Operator::start(cluster.kubeconfig(), CONFIG);
    operator.says(text);
    // What the message tells people to do.
    let crds = output(&["crds"]);
    assert!(crds.status.success());
    let applied = cluster.kubectl_with_input(["apply", "--server-side", "-f", "-"], &self::text(&crds.stdout));
    assert!(applied.status.success(), "{}", support::control_plane::words(&applied));
    cluster.must(["create", "namespace", SYSTEM_NAMESPACE]);
    operator.says("leading");
}

#[test]
fn a_wrong_configuration_is_refused_with_exit_code_2() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "concurency: 3\ntiming: {listPeriod: 5x}\n").unwrap();
    let refused = output(&["run", "--config", &file.path().display().to_string()]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(
        text(&refused.stderr),
        "error: the configuration is wrong:\n  timing.listPeriod: must be a duration such as 500ms, 20s or 4m, not \
         \"5x\"\n  concurency: unknown key; did you mean concurrency?\n"
    );
    let missing = output(&["run", "--config", "nowhere.yaml"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).starts_with("error: cannot read the configuration file nowhere.yaml: No such file"));
    assert_eq!(output(&["run", "--unknown"]).status.code(), Some(2));
}

#[test]
fn without_a_cluster_it_says_how_to_reach_one() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "metricsAddress: 127.0.0.1:0\nhealthAddress: 127.0.0.1:0\n").unwrap();
    let refused = output(&["run", "--config", &file.path().display().to_string()]);
    assert_eq!(refused.status.code(), Some(1));
    let words = text(&refused.stderr);
    let last = words.lines().last().unwrap();
    assert!(
        last.starts_with("error: no way to reach a Kubernetes API server: give --kubeconfig, set KUBECONFIG"),
        "{words}"
    );
}

#[test]
fn every_key_of_the_configuration_is_in_the_help() {
    let help = text(&output(&["run", "--help"]).stdout);
    for key in dli_operator::controller::config::KEYS {
        assert!(help.contains(key.path) && help.contains(key.text), "{} is not in the help:\n{help}", key.path);
    }
}
