//! The operator and the simulator as processes, and their control endpoints.

use std::{
    cell::{Cell, RefCell},
    env,
    ffi::OsString,
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// Project, region and keys of the simulated cloud.
pub const PROJECT: &str = "48cc2c48765f481480c7db940d6409d1";
pub const REGION: &str = "ap-southeast-3";
pub const ACCESS_KEY: &str = "BENCHACCESSKEY000000";
pub const SECRET_KEY: &str = "bench-secret-key";

/// Longest time for a process to say that it is there. It guards against a hang and is never a measurement.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program that is measured.
pub fn program() -> OsString {
    env::var_os("DLI_OPERATOR_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_dli-operator").into())
}

fn command() -> Command {
    let mut command = Command::new(program());
    command.env_remove("KUBECONFIG").env("HOME", "/nonexistent").stdin(Stdio::null());
    command
}

/// What the environment of the operator is to say, as it is deployed.
fn environment() -> Vec<(String, String)> {
    let deployment = include_str!("../../deploy/base/deployment.yaml");
    let variable = |(name, value): (&str, &str)| {
        let name = name.trim().strip_prefix("- name: MALLOC_")?;
        let value = value.trim().strip_prefix("value: ")?.trim_matches('"');
        Some((format!("MALLOC_{name}"), value.to_owned()))
    };
    deployment.lines().zip(deployment.lines().skip(1)).filter_map(variable).collect()
}

/// One HTTP exchange on loopback: status and body.
pub fn http(port: u16, method: &str, path: &str, body: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
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

/// A simulated cloud.
pub struct Simulator {
    child: Child,
    port: u16,
}

impl Simulator {
    /// Starts one that is `scale` times as fast as the real cloud, and remembers all changes.
    pub fn start(dir: &Path, scale: u32) -> Self {
        let log = File::create(dir.join("simulator.log")).expect("a log file");
        let mut child = command()
            .args(["simulate", "--listen", "127.0.0.1:0", "--project", PROJECT, "--region", REGION])
            .args(["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY, "--time-scale", &scale.to_string()])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the simulator");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("the first line");
        let first: Value = serde_json::from_str(&line).expect("the simulator's first line is JSON");
        let port = first["port"].as_u64().and_then(|port| port.try_into().ok()).expect("a port");
        let simulator = Self { child, port };
        simulator.control("POST", "config", &json!({"history": {"changes": 1_000_000}}));
        simulator
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks the control endpoint.
    pub fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let text = if body.is_null() && method == "GET" { String::new() } else { body.to_string() };
        let (status, answer) =
            http(self.port, method, &format!("/_simulator/{path}"), &text).expect("the control endpoint");
        assert_eq!(status, 200, "{method} {path} {body}: {answer}");
        serde_json::from_str(&answer).expect("JSON")
    }

    /// Calls by operation and status.
    pub fn counts(&self) -> Vec<(String, u64, u64)> {
        let calls = self.control("GET", "calls", &Value::Null);
        let number = |value: &Value| value.as_u64().unwrap_or(0);
        let counts = calls["counts"].as_array().expect("counts").iter();
        counts
            .map(|c| {
                (c["operation"].as_str().unwrap_or_default().to_owned(), number(&c["status"]), number(&c["calls"]))
            })
            .collect()
    }

    /// Changes: operation, path, time in milliseconds since the epoch.
    pub fn changes(&self) -> Vec<(String, String, i64)> {
        let calls = self.control("GET", "calls", &Value::Null);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let changes = calls["changes"].as_array().expect("changes").iter();
        changes.map(|c| (text(&c["operation"]), text(&c["path"]), c["at"].as_i64().unwrap_or(0))).collect()
    }

    pub fn forget_calls(&self) {
        self.control("DELETE", "calls", &Value::Null);
    }

    /// Sets the rate limit, or lifts it with `null`.
    pub fn limit(&self, limit: &Value) {
        self.control("POST", "rate-limit", limit);
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How an operator is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    pub namespace: String,
    pub kubeconfig: PathBuf,
    pub cloud: String,
    pub calls_per_second: u32,
    pub list_period: Duration,
    pub queue_grace: Duration,
}

/// A running operator.
pub struct Operator {
    child: RefCell<Child>,
    config: PathBuf,
    kubeconfig: PathBuf,
    log: PathBuf,
    pub started: Instant,
    health: Cell<u16>,
    metrics: Cell<u16>,
    /// How often it was started again.
    pub revivals: Cell<u32>,
}

impl Operator {
    /// Starts one and waits until its servers listen.
    pub fn start(dir: &Path, name: &str, setup: &Setup) -> Self {
        let Setup { namespace, cloud, calls_per_second, list_period, queue_grace, .. } = setup;
        let config = dir.join(format!("{name}.yaml"));
        let log = dir.join(format!("{name}.log"));
        let yaml = format!(
            "clouds:\n  simulator: {{dliEndpoint: '{cloud}', iamEndpoint: '{cloud}'}}\nwatchNamespaces: [{namespace}]\n\
             metricsAddress: 127.0.0.1:0\nhealthAddress: 127.0.0.1:0\nleaseNamespace: dli-operator-system\n\
             leaseName: {namespace}\ncallsPerSecond: {calls_per_second}\n\
             timing: {{listPeriod: {}ms, queueGrace: {}ms}}\n",
            list_period.as_millis(),
            queue_grace.as_millis()
        );
        fs::write(&config, yaml).expect("a configuration file");
        let _ = fs::remove_file(&log);
        let kubeconfig = setup.kubeconfig.clone();
        let child = RefCell::new(spawn(&config, &kubeconfig, &log));
        let (health, metrics, revivals) = Default::default();
        let operator = Self { child, config, kubeconfig, log, started: Instant::now(), health, metrics, revivals };
        operator.find_ports();
        operator
    }

    fn find_ports(&self) {
        self.health.set(self.port("health"));
        self.metrics.set(self.port("metrics"));
    }

    /// Starts it again if it has lost its lease, as the kubelet does: on a machine that is busy otherwise it may.
    pub fn revive(&self) {
        let ended = self.child.borrow_mut().try_wait().expect("its status");
        if ended.is_some() {
            assert!(self.log().contains("leadership is lost"), "the operator has ended: {}", self.log());
            // Its ports are found in a log of its own.
            fs::rename(&self.log, self.log.with_extension(format!("{}.log", self.revivals.get()))).expect("a log");
            self.revivals.set(self.revivals.get() + 1);
            *self.child.borrow_mut() = spawn(&self.config, &self.kubeconfig, &self.log);
            self.find_ports();
        }
    }

    fn port(&self, server: &str) -> u16 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let lines = self.log();
            let lines = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let address = lines.into_iter().find(|line| line["server"] == server).map(|line| line["address"].clone());
            if let Some(port) =
                address.as_ref().and_then(Value::as_str).and_then(|a| a.rsplit(':').next()?.parse().ok())
            {
                return port;
            }
            assert!(Instant::now() < deadline, "the operator serves no {server}: {}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.borrow().id()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it leads.
    pub fn leads(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !http(self.health.get(), "GET", "/readyz", "").is_ok_and(|(_, text)| text.contains("leading")) {
            assert!(Instant::now() < deadline, "the operator does not lead: {}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sum of the samples of a metric whose labels contain all of these.
    pub fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let (_, text) = http(self.metrics.get(), "GET", "/metrics", "").unwrap_or_default();
        let samples = text.lines().filter(|line| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
                && labels.iter().all(|l| line.contains(l))
        });
        samples.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    /// Ends it as the kubelet does.
    pub fn terminate(self) {
        let status = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status();
        assert!(status.expect("kill").success(), "the operator had ended by itself: {}", self.log());
        let deadline = Instant::now() + PATIENCE;
        while self.child.borrow_mut().try_wait().expect("its status").is_none() {
            assert!(Instant::now() < deadline, "the operator does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let mut child = self.child.borrow_mut();
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn spawn(config: &Path, kubeconfig: &Path, log: &Path) -> Child {
    command()
        .envs(environment())
        .args(["run", "--config"])
        .arg(config)
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .stdout(Stdio::null())
        .stderr(File::create(log).expect("a log file"))
        .spawn()
        .expect("the operator")
}
