//! A real control plane (`deploy/local`) for a test binary.
//!
//! One for all tests of a binary, which keep apart by namespaces:
//!
//! ```ignore
//! mod support;
//! use support::control_plane::{ControlPlane, words};
//!
//! let cluster = ControlPlane::shared();           // custom resources and deploy/base are in place
//! let namespace = cluster.new_namespace("scale"); // its name, such as `scale-3`
//! let output = cluster.apply(&namespace, "apiVersion: ...");
//! assert!(output.status.success(), "{}", words(&output));
//! ```
//!
//! It stops, and its folder goes, when the process ends, however it ends.

// Each test binary has a copy of this module and uses a part of it.
#![allow(dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::BTreeMap,
    env,
    ffi::OsStr,
    fs,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{self, Child, Command, Output, Stdio},
    sync::{
        LazyLock, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::Value;

/// Namespace of the operator.
pub const SYSTEM_NAMESPACE: &str = "dli-operator-system";
/// The operator's account, as the API server names it.
pub const SERVICE_ACCOUNT: &str = "system:serviceaccount:dli-operator-system:dli-operator";

/// The repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a command printed, both streams.
pub fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A running control plane; dropping it stops it.
pub struct ControlPlane {
    keeper: Mutex<Child>,
    dir: PathBuf,
    kubeconfig: PathBuf,
    kubectl: PathBuf,
    server: String,
    etcd: String,
    launcher: u32,
    processes: BTreeMap<String, u32>,
    namespaces: AtomicU32,
    kubeconfigs: AtomicU32,
}

impl ControlPlane {
    /// The one of this process, with the custom resources and `deploy/base` in place.
    pub fn shared() -> &'static Self {
        // Where it cannot start, one test says why and the others fail at once.
        static SHARED: LazyLock<ControlPlane> = LazyLock::new(|| {
            let cluster = ControlPlane::start();
            cluster.install();
            cluster
        });
        &SHARED
    }

    /// Starts a bare one.
    pub fn start() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let bin = binaries();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = env::temp_dir().join(format!("dli-operator-test-{}-{count}", process::id()));
        fs::create_dir_all(&dir).expect("a folder for the control plane");

        // The launcher stops when the pipe to it closes; the shell around it then removes the folder.
        let mut keeper = Command::new("sh")
            .args(["-c", r#"trap : INT TERM HUP; "$0" up --dir "$1" --stop-on-stdin-eof; rm -rf "$1""#])
            .args([bin.join("local-cluster").as_os_str(), dir.as_os_str()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(dir.join("local-cluster.log")).expect("a log file"))
            .spawn()
            .expect("sh");
        let mut line = String::new();
        let mut said = BufReader::new(keeper.stdout.take().expect("a pipe"));
        said.read_line(&mut line).expect("the launcher's output");
        // It says a line for each signal, too, and ends when nobody listens.
        std::thread::spawn(move || io::copy(&mut said, &mut io::sink()));
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| {
            let log = fs::read_to_string(dir.join("local-cluster.log")).unwrap_or_default();
            panic!("the control plane did not start: {line}\n{log}")
        });
        let processes: BTreeMap<String, u32> = serde_json::from_value(ready["pids"].clone()).expect("process ids");
        let text = |key: &str| ready[key].as_str().unwrap_or_else(|| panic!("no {key} in {ready}")).to_owned();
        Self {
            kubeconfig: text("kubeconfig").into(),
            kubectl: text("kubectl").into(),
            server: text("server"),
            etcd: text("etcd"),
            launcher: processes["launcher"],
            processes,
            keeper: Mutex::new(keeper),
            dir,
            namespaces: AtomicU32::new(0),
            kubeconfigs: AtomicU32::new(0),
        }
    }

    /// Installs the custom resources and `deploy/base`. Its Pods do not run: there is no node.
    pub fn install(&self) {
        self.must(["apply", "--server-side", "-k", &repository().join("deploy/base").to_string_lossy()]);
        self.must(["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"]);
        // The API server serves a new kind a moment after it says so.
        let deadline = Instant::now() + Duration::from_secs(30);
        for kind in ["dlip", "dliq", "dlic"] {
            while !self.kubectl(["get", kind, "-A"]).status.success() {
                assert!(Instant::now() < deadline, "{kind} is not served");
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }

    /// Runs kubectl as the administrator.
    pub fn kubectl<I, S>(&self, args: I) -> Output
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.command(args).stdin(Stdio::null()).output().expect("kubectl")
    }

    /// As [`Self::kubectl`], with a standard input.
    pub fn kubectl_with_input<I, S>(&self, args: I, input: &str) -> Output
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kubectl");
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("kubectl reads its input");
        child.wait_with_output().expect("kubectl")
    }

    /// Runs kubectl, which must succeed, and gives what it printed on standard output.
    pub fn must<I, S>(&self, args: I) -> String
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let args: Vec<S> = args.into_iter().collect();
        let output = self.kubectl(&args);
        let shown: Vec<_> = args.iter().map(|arg| arg.as_ref().to_string_lossy()).collect();
        assert!(output.status.success(), "kubectl {}: {}", shown.join(" "), words(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Runs `kubectl apply -f -` in a namespace.
    pub fn apply(&self, namespace: &str, yaml: &str) -> Output {
        self.kubectl_with_input(["-n", namespace, "apply", "-f", "-"], yaml)
    }

    /// An object as JSON.
    pub fn get(&self, namespace: &str, object: &str) -> Value {
        serde_json::from_str(&self.must(["-n", namespace, "get", object, "-o", "json"])).expect("JSON")
    }

    /// Makes a namespace of its own for a test.
    pub fn new_namespace(&self, prefix: &str) -> String {
        let name = format!("{prefix}-{}", self.namespaces.fetch_add(1, Ordering::Relaxed));
        self.must(["create", "namespace", &name]);
        name
    }

    /// Path of a new kubeconfig with which one is the operator's ServiceAccount and may do what `deploy/base` allows.
    pub fn service_account_kubeconfig(&self) -> PathBuf {
        let token = self.must(["-n", SYSTEM_NAMESPACE, "create", "token", "dli-operator", "--duration=24h"]);
        let mut config: Value =
            serde_json::from_str(&self.must(["config", "view", "--raw", "-o", "json"])).expect("JSON");
        config["users"][0]["user"] = serde_json::json!({"token": token.trim()});
        let number = self.kubeconfigs.fetch_add(1, Ordering::Relaxed);
        let path = self.dir.join(format!("service-account-{number}.kubeconfig"));
        fs::write(&path, config.to_string()).expect("a kubeconfig");
        path
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Folder that goes when the control plane does.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// URL of the API server.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// URL of etcd.
    pub fn etcd(&self) -> &str {
        &self.etcd
    }

    /// Id of one of its processes when it started: `etcd`, `kube-apiserver`.
    pub fn process(&self, name: &str) -> u32 {
        self.processes[name]
    }

    /// Sends the launcher a signal: `HUP` restarts the API server, `USR1` stops it until `HUP`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([format!("-{name}"), self.launcher.to_string()]).status();
        assert!(status.expect("kill").success(), "the launcher is gone");
    }

    /// Kubectl as the administrator, not yet started.
    pub fn command<I, S>(&self, args: I) -> Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = Command::new(&self.kubectl);
        command.args(args).env("KUBECONFIG", &self.kubeconfig).env("KUBECACHEDIR", self.dir.join("kubectl-cache"));
        command
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        if let Ok(keeper) = self.keeper.get_mut() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}

/// Folder with the programs: `DLI_OPERATOR_LOCAL_BIN`, or what `deploy/local/build.sh` prints last.
fn binaries() -> PathBuf {
    if let Some(bin) = env::var_os("DLI_OPERATOR_LOCAL_BIN") {
        return bin.into();
    }
    let output = Command::new(repository().join("deploy/local/build.sh")).stderr(Stdio::inherit()).output();
    let output = output.expect("deploy/local/build.sh");
    assert!(output.status.success(), "deploy/local/build.sh failed; its words are above");
    String::from_utf8(output.stdout).expect("UTF-8").lines().last().expect("a folder").into()
}
