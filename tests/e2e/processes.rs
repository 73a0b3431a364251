//! The two programs under test, as processes.

// Each test binary has a copy of this module and uses a part of it.
#![allow(dead_code)]

use std::{
    cell::{Cell, RefCell},
    env,
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::control_plane::repository;

/// Longest time for something that has to come; it only ends a test that hangs.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// The project of the getting-started example.
pub const PROJECT: &str = "48cc2c48765f481480c7db940d6409d1";
/// Credentials of all tests: what must not show up anywhere.
pub const ACCESS_KEY: &str = "CANARYACCESSKEY7731";
/// As above.
pub const SECRET_KEY: &str = "canary-secret-5b1f90";

/// The program under test.
fn program() -> PathBuf {
    if let Some(path) = env::var_os("DLI_OPERATOR_BIN") {
        let path = PathBuf::from(path);
        return if path.is_absolute() { path } else { repository().join(path) };
    }
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from);
    let release = target.join("release/dli-operator");
    if release.exists() { release } else { env!("CARGO_BIN_EXE_dli-operator").into() }
}

fn command() -> Command {
    let mut command = Command::new(program());
    command.env_remove("KUBECONFIG").env("HOME", "/nonexistent").stdin(Stdio::null());
    command
}

/// One HTTP exchange with a server of ours: status and body.
pub fn http(port: u16, method: &str, path: &str, body: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    Ok((status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()))
}

/// A cloud that cannot be told from the real one, and its control endpoint.
#[derive(Debug)]
pub struct Simulator {
    child: Child,
    port: u16,
    log: PathBuf,
    more: Vec<String>,
}

impl Simulator {
    /// Starts one that is sixty times as fast as the real one: a queue takes four seconds. Port 0 takes any.
    pub fn start(log: &Path, port: u16) -> Self {
        Self::start_with(log, port, Vec::new())
    }

    /// As [`Self::start`], with more flags.
    pub fn start_with(log: &Path, port: u16, more: Vec<String>) -> Self {
        let (child, port) = simulate(log, port, &more);
        Self { child, port, log: log.to_owned(), more }
    }

    /// Ends it as a power cut does.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again after [`Self::kill`], at the same port. What it knows then is in its `--state`.
    pub fn start_again(&mut self) {
        (self.child, self.port) = simulate(&self.log, self.port, &self.more);
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks the control endpoint.
    pub fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let (status, answer) =
            http(self.port, method, &format!("/_simulator/{path}"), &text).expect("the control endpoint");
        assert_eq!(status, 200, "{method} {path} {body}: {answer}");
        serde_json::from_str(&answer).expect("JSON")
    }

    /// What is really there.
    pub fn state(&self) -> Value {
        self.control("GET", "state", &Value::Null)
    }

    /// Queues that somebody has made.
    pub fn queues(&self) -> Vec<Value> {
        let state = self.state();
        state["queues"].as_array().unwrap().iter().filter(|q| q["preset"] == false).cloned().collect()
    }

    /// Connections that are not deleted.
    pub fn connections(&self) -> Vec<Value> {
        let state = self.state();
        state["connections"].as_array().unwrap().iter().filter(|c| c["deleted"] == false).cloned().collect()
    }

    /// The queue of a name.
    pub fn queue(&self, name: &str) -> Option<Value> {
        self.queues().into_iter().find(|q| q["name"] == name)
    }

    /// The one connection of a name.
    pub fn connection(&self, name: &str) -> Option<Value> {
        let mut found: Vec<Value> = self.connections().into_iter().filter(|c| c["name"] == name).collect();
        assert!(found.len() <= 1, "{name} is there {} times: {found:#?}", found.len());
        found.pop()
    }

    /// Names of what is there, sorted: queues, then connections.
    pub fn names(&self) -> (Vec<String>, Vec<String>) {
        let sorted = |list: Vec<Value>| {
            let mut names: Vec<String> = list.iter().map(|item| text(&item["name"])).collect();
            names.sort();
            names
        };
        (sorted(self.queues()), sorted(self.connections()))
    }

    /// Nothing is there.
    pub fn is_empty(&self) -> bool {
        self.names() == (Vec::new(), Vec::new())
    }

    /// What a colleague does in the console.
    pub fn edit(&self, edit: &Value) -> Value {
        self.control("POST", "edits", edit)["id"].clone()
    }

    /// Calls that were meant to change something.
    pub fn changes(&self) -> Vec<Value> {
        self.control("GET", "calls", &Value::Null)["changes"].as_array().unwrap().clone()
    }

    /// How many calls of this operation were answered with this status (`None`: any).
    pub fn count(&self, operation: Option<&str>, status: Option<u64>) -> u64 {
        let calls = self.control("GET", "calls", &Value::Null);
        let counts = calls["counts"].as_array().unwrap();
        counts
            .iter()
            .filter(|c| operation.is_none_or(|o| c["operation"] == o) && status.is_none_or(|s| c["status"] == s))
            .map(|c| c["calls"].as_u64().unwrap())
            .sum()
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.control("DELETE", "calls", &Value::Null);
    }

    /// Arms a fault for all calls.
    pub fn always(&self, effect: &Value) {
        self.control("POST", "faults", &json!({"effect": effect, "times": 1_000_000}));
    }

    pub fn disarm(&self) {
        self.control("DELETE", "faults", &Value::Null);
    }

    /// Changes the configuration.
    pub fn configure(&self, patch: &Value) {
        self.control("POST", "config", patch);
    }

    /// Sends it a signal, such as `STOP`.
    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.kill();
    }
}

fn simulate(log: &Path, port: u16, more: &[String]) -> (Child, u16) {
    let mut child = command()
        .args(["simulate", "--listen", &format!("127.0.0.1:{port}"), "--project", PROJECT, "--time-scale", "60"])
        .args(["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY])
        .args(more)
        .stdout(Stdio::piped())
        .stderr(File::options().create(true).append(true).open(log).expect("a log file"))
        .spawn()
        .expect("the simulator");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("the first line");
    let first: Value = serde_json::from_str(&line)
        .unwrap_or_else(|_| panic!("the simulator said {line:?}: {}", fs::read_to_string(log).unwrap_or_default()));
    (child, first["port"].as_u64().and_then(|port| port.try_into().ok()).expect("a port"))
}

/// An operator. One that lost its lease, as on a machine that stood still for seconds, is started again: the kubelet does
/// so, too. One that ends in another way stays as it is.
#[derive(Debug)]
pub struct Operator {
    child: RefCell<Child>,
    wanted: Cell<bool>,
    config: PathBuf,
    kubeconfig: PathBuf,
    log: PathBuf,
}

impl Operator {
    pub fn start(config: &Path, kubeconfig: &Path, log: &Path) -> Self {
        Self {
            child: RefCell::new(spawn(config, kubeconfig, log)),
            wanted: Cell::new(true),
            config: config.to_owned(),
            kubeconfig: kubeconfig.to_owned(),
            log: log.to_owned(),
        }
    }

    /// Starts it again if it has lost its lease.
    pub fn revive(&self) {
        let ended = self.child.borrow_mut().try_wait().expect("its status").and_then(|status| status.code());
        if self.wanted.get() && ended == Some(1) && self.log().contains("leadership is lost") {
            *self.child.borrow_mut() = spawn(&self.config, &self.kubeconfig, &self.log);
        }
    }

    /// Starts it again however it ended, as the kubelet does; says whether that was needed.
    pub fn keep_alive(&self) -> bool {
        let ended = self.wanted.get() && self.ended();
        if ended {
            *self.child.borrow_mut() = spawn(&self.config, &self.kubeconfig, &self.log);
        }
        ended
    }

    /// Whether it has ended.
    pub fn ended(&self) -> bool {
        self.child.borrow_mut().try_wait().expect("its status").is_some()
    }

    /// From now on nobody starts it again.
    pub fn abandon(&self) {
        self.wanted.set(false);
    }

    /// Sends it a signal, such as `STOP`.
    pub fn signal(&self, name: &str) {
        signal(&self.child.borrow(), name);
    }

    /// What it has said.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// What it has said, line by line.
    pub fn lines(&self) -> Vec<Value> {
        self.log().lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| json!(line))).collect()
    }

    pub fn has_said(&self, message: &str) -> bool {
        self.lines().iter().any(|line| line["message"] == message)
    }

    /// Waits until it says something.
    pub fn says(&self, message: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.has_said(message) {
            self.revive();
            assert!(Instant::now() < deadline, "never said {message:?}: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Port of its server `health` or `metrics`.
    pub fn port(&self, server: &str) -> u16 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.lines().iter().rfind(|line| line["server"] == server).map(|line| text(&line["address"]));
            if let Some(address) = found {
                return address.rsplit(':').next().unwrap().parse().unwrap();
            }
            assert!(Instant::now() < deadline, "serves no {server}: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends it as the kubelet does, and waits; gives the exit code.
    pub fn terminate(&self) -> Option<i32> {
        self.revive();
        self.wanted.set(false);
        self.signal("TERM");
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.borrow_mut().try_wait().expect("its status") {
                return status.code();
            }
            assert!(Instant::now() < deadline, "does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it as a power cut does.
    pub fn kill(&self) {
        self.wanted.set(false);
        let mut child = self.child.borrow_mut();
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(config: &Path, kubeconfig: &Path, log: &Path) -> Child {
    let log = File::options().create(true).append(true).open(log).expect("a log file");
    command()
        .args(["run", "--config"])
        .arg(config)
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("the operator")
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status();
    assert!(status.expect("kill").success(), "process {} had ended by itself", child.id());
}

/// The string of a JSON value.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
