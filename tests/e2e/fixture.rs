//! What a test works in: namespaces, a cloud and an operator of its own on the shared API server.

// Each test binary has a copy of this module and uses a part of it.
#![allow(dead_code)]

use std::{
    collections::BTreeMap,
    env,
    fmt::Write as _,
    fs,
    path::PathBuf,
    sync::{Condvar, LazyLock, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use kube::{
    Client, Config,
    api::{DeleteParams, Patch, PatchParams},
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};

use crate::{
    control_plane::{ControlPlane, SYSTEM_NAMESPACE, words},
    processes::{ACCESS_KEY, Operator, PATIENCE, PROJECT, SECRET_KEY, Simulator, text},
    reader::Reader,
};

/// VPC and network of the getting-started example.
pub const VPC: &str = "22094d8f-c310-4621-913d-4c4d655d8495";
pub const NETWORK: &str = "78f2562a-36e4-4b39-95b9-f5aab22e1281";
/// All kinds, as kubectl abbreviates them.
pub const KINDS: [&str; 3] = ["dlip", "dliq", "dlic"];

/// A lease that ends soon after its holder was killed, and that is lost soon on a machine that stands still.
pub const SHORT_LEASE: &str = "leaseDuration: 4s, renewDeadline: 3s";

/// Tests that run at a time.
const AT_ONCE: u32 = 2;

static RUNNING: (Mutex<u32>, Condvar) = (Mutex::new(0), Condvar::new());

/// The right to run.
#[derive(Debug)]
pub struct Turn;

impl Turn {
    pub fn take() -> Self {
        let mut running = RUNNING.0.lock().unwrap_or_else(PoisonError::into_inner);
        while *running >= AT_ONCE {
            running = RUNNING.1.wait(running).unwrap_or_else(PoisonError::into_inner);
        }
        *running += 1;
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *RUNNING.0.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        RUNNING.1.notify_one();
    }
}

/// Where asynchronous things run.
pub static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
});

/// Waits until `look` finds something.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>, dump: impl FnOnce() -> String) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "it never came to this: {what}\n{}", dump());
        thread::sleep(Duration::from_millis(100));
    }
}

/// How a fixture differs from the usual.
#[derive(Default)]
pub struct Options {
    /// An API server of its own.
    pub own_cluster: bool,
    /// Clouds besides `simulator`, as YAML below `clouds`.
    pub clouds: String,
    /// Leave the operator off at first.
    pub no_operator: bool,
    /// Put nothing into the namespace.
    pub bare: bool,
    /// Durations of the lease, such as [`SHORT_LEASE`].
    pub lease: Option<&'static str>,
    /// More lines of the operator's configuration.
    pub settings: &'static str,
    /// A cloud that keeps what it knows over restarts, with this configuration and at this port.
    pub durable_cloud: Option<(&'static str, u16)>,
    /// Seconds for which a write may stay invisible; 2 if not said.
    pub visibility_grace: Option<u32>,
    /// Seconds for which an answer is waited for; 2 if not said.
    pub call_timeout: Option<u32>,
}

/// One test's world. Its drop judges what holds for every test.
pub struct Fixture {
    pub ns: String,
    pub cloud: Simulator,
    pub operators: Vec<Operator>,
    own: Option<ControlPlane>,
    pub reader: Reader,
    pub dir: PathBuf,
    config: PathBuf,
    kubeconfig: PathBuf,
    started: u32,
    _turn: Turn,
}

impl Fixture {
    /// A namespace with credentials and a `DliProject`, a cloud, and an operator that works in that namespace alone.
    pub fn new(name: &str) -> Self {
        Self::with(name, &Options::default())
    }

    pub fn with(name: &str, options: &Options) -> Self {
        let turn = Turn::take();
        let own = options.own_cluster.then(|| {
            let cluster = ControlPlane::start();
            cluster.install();
            cluster
        });
        let cluster = own.as_ref().unwrap_or_else(|| ControlPlane::shared());
        let ns = cluster.new_namespace(name);
        let dir = cluster.dir().join(&ns);
        fs::create_dir_all(&dir).expect("a folder");
        let cloud = match options.durable_cloud {
            None => Simulator::start(&dir.join("simulator.log"), 0),
            Some((yaml, port)) => {
                let [config, state] = ["simulator.yaml", "simulator.state"].map(|name| dir.join(name));
                fs::write(&config, yaml).expect("a configuration file");
                let flags =
                    ["--config".into(), config.display().to_string(), "--state".into(), state.display().to_string()];
                Simulator::start_with(&dir.join("simulator.log"), port, flags.into())
            }
        };
        let client = RUNTIME.block_on(async {
            let kubeconfig = Kubeconfig::read_from(cluster.kubeconfig()).expect("a kubeconfig");
            let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
            Client::try_from(config.expect("a configuration")).expect("a client")
        });
        let reader = Reader { client, ns: ns.clone() };
        let config = dir.join("operator.yaml");
        let url = cloud.url();
        let (clouds, settings) = (&options.clouds, options.settings);
        let (grace, timeout) = (options.visibility_grace.unwrap_or(2), options.call_timeout.unwrap_or(2));
        // Each wait as short as its rules allow: what they are by default is nothing that a test should sit through.
        let lease = options.lease.unwrap_or("leaseDuration: 30s, renewDeadline: 25s");
        let yaml = format!(
            "clouds:\n  simulator: {{dliEndpoint: '{url}', iamEndpoint: '{url}'}}\n{clouds}\
             watchNamespaces: [{ns}]\n\
             metricsAddress: 127.0.0.1:0\nhealthAddress: 127.0.0.1:0\n\
             leaseNamespace: {SYSTEM_NAMESPACE}\nleaseName: {ns}\nlogLevel: debug\n{settings}\
             timing: {{{lease}, renewPeriod: 500ms, callTimeout: {timeout}s, visibilityGrace: {grace}s, \
             listPeriod: 2s, queueGrace: 6s, orphanPeriod: 12s}}\n"
        );
        fs::write(&config, yaml).expect("a configuration file");
        let kubeconfig = cluster.service_account_kubeconfig();
        let mut fixture =
            Self { ns, cloud, operators: Vec::new(), own, reader, dir, config, kubeconfig, started: 0, _turn: turn };
        if !options.bare {
            fixture.secret(ACCESS_KEY, SECRET_KEY);
            fixture.apply(&project("default", "simulator"));
        }
        if !options.no_operator {
            fixture.start_operator();
        }
        fixture
    }

    pub fn cluster(&self) -> &ControlPlane {
        self.own.as_ref().unwrap_or_else(|| ControlPlane::shared())
    }

    /// Starts one more operator, with the same lease as the others.
    pub fn start_operator(&mut self) -> &mut Operator {
        self.started += 1;
        let log = self.dir.join(format!("operator-{}.log", self.started));
        self.operators.push(Operator::start(&self.config, &self.kubeconfig, &log));
        self.operators.last_mut().unwrap()
    }

    /// The newest operator.
    pub fn operator(&mut self) -> &mut Operator {
        self.operators.last_mut().expect("an operator")
    }

    /// Writes the credentials of the namespace.
    pub fn secret(&self, access_key: &str, secret_key: &str) {
        self.apply(&format!(
            "{{apiVersion: v1, kind: Secret, metadata: {{name: dli-credentials}}, stringData: {{accessKey: \
             {access_key}, secretKey: {secret_key}}}}}"
        ));
    }

    /// `kubectl apply`, which must succeed.
    pub fn apply(&self, yaml: &str) {
        let output = self.cluster().apply(&self.ns, yaml);
        assert!(output.status.success(), "{yaml}\n{}", words(&output));
    }

    /// `kubectl` in the namespace; it must succeed.
    pub fn kubectl(&self, args: &[&str]) -> String {
        self.cluster().must(["-n", &self.ns].iter().chain(args))
    }

    /// An object, if it is there.
    pub fn find(&self, kind: &str, name: &str) -> Option<Value> {
        let found = RUNTIME.block_on(self.reader.api(kind).get_opt(name)).expect("the API server");
        found.map(|object| serde_json::to_value(object).expect("JSON"))
    }

    pub fn get(&self, kind: &str, name: &str) -> Value {
        self.find(kind, name).unwrap_or_else(|| panic!("there is no {kind} {name}"))
    }

    pub fn list(&self, kind: &str) -> Vec<Value> {
        self.reader.list(kind).expect("the API server")
    }

    /// A merge patch.
    pub fn patch(&self, kind: &str, name: &str, patch: &Value) {
        let result = RUNTIME.block_on(self.reader.api(kind).patch(name, &PatchParams::default(), &Patch::Merge(patch)));
        result.unwrap_or_else(|error| panic!("{kind} {name} {patch}: {error}"));
    }

    /// Asks for the deletion of an object.
    pub fn delete(&self, kind: &str, name: &str) {
        RUNTIME.block_on(self.reader.api(kind).delete(name, &DeleteParams::default())).expect("a deletion");
    }

    /// Deletes an object and waits until it is gone.
    pub fn delete_and_wait(&self, kind: &str, name: &str) {
        self.delete(kind, name);
        self.until(&format!("{kind} {name} is gone"), || self.find(kind, name).is_none().then_some(()));
    }

    /// Waits until `look` finds something; a hanging test ends with what everybody has said.
    pub fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let look = || {
            self.operators.iter().for_each(Operator::revive);
            look()
        };
        until(what, look, || self.dump())
    }

    /// Waits until something holds.
    pub fn until_true(&self, what: &str, mut look: impl FnMut() -> bool) {
        self.until(what, || look().then_some(()));
    }

    /// Waits until an object is Ready in its newest generation; gives it.
    pub fn ready(&self, kind: &str, name: &str) -> Value {
        self.until(&format!("{kind} {name} is Ready"), || {
            let object = self.find(kind, name)?;
            let ready = condition(&object, "Ready")?;
            (ready["status"] == "True" && ready["observedGeneration"] == object["metadata"]["generation"])
                .then_some(object)
        })
    }

    /// Waits until a condition of an object has this reason; gives the condition.
    pub fn reason(&self, kind: &str, name: &str, type_: &str, reason: &str) -> Value {
        self.until(&format!("{kind} {name} has {type_} with reason {reason}"), || {
            let object = self.find(kind, name)?;
            condition(&object, type_).filter(|c| c["reason"] == reason)
        })
    }

    /// Version of every object of ours in the namespace.
    pub fn versions(&self) -> BTreeMap<String, String> {
        let mut versions = BTreeMap::new();
        for kind in KINDS {
            for object in self.list(kind) {
                versions.insert(
                    format!("{kind}/{}", text(&object["metadata"]["name"])),
                    text(&object["metadata"]["resourceVersion"]),
                );
            }
        }
        versions
    }

    /// Waits until the operator has read both lists of the project twice more, so that it has seen all there is.
    pub fn two_more_looks(&self) {
        let lists = |operation| self.cloud.count(Some(operation), Some(200));
        let (queues, connections) = (lists("ListQueues"), lists("ListConnections"));
        self.until_true("the lists are read twice", || {
            lists("ListQueues") >= queues + 2 && lists("ListConnections") >= connections + 2
        });
    }

    /// All that helps to see why a test hangs.
    pub fn dump(&self) -> String {
        let mut out = String::new();
        let described = self.cluster().kubectl(["-n", &self.ns, "describe", "dlip,dliq,dlic"]);
        let _ = writeln!(out, "--- kubectl describe\n{}", words(&described));
        let _ = writeln!(out, "--- the cloud\n{:#}", json!([self.cloud.queues(), self.cloud.connections()]));
        let _ = writeln!(out, "--- the cloud's changes\n{}", tail(&lines(&self.cloud.changes()), 40));
        let _ = writeln!(out, "--- the cloud's words\n{}", tail(&self.cloud.log(), 10));
        for operator in self.operators.iter().rev().take(2) {
            let _ = writeln!(out, "--- an operator's last words\n{}", tail(&operator.log(), 40));
        }
        out
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        if thread::panicking() {
            // The folder goes with the API server; E2E_KEEP names one for what was said in it.
            if let Some(keep) = env::var_os("E2E_KEEP") {
                let keep = PathBuf::from(keep).join(&self.ns);
                let _ = fs::create_dir_all(&keep);
                for file in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
                    let _ = fs::copy(file.path(), keep.join(file.file_name()));
                }
            }
            return;
        }
        for operator in &self.operators {
            let log = operator.log();
            assert!(!log.contains(SECRET_KEY), "a secret is in the log: {log}");
            // Its last line is for people; losing the lease is how some of these end, and no fault.
            for line in
                operator.lines().iter().filter(|line| !line.as_str().is_some_and(|l| l.contains("leadership is lost")))
            {
                assert!(line["message"] != "panic" && line["level"].is_string(), "an operator said: {line}");
            }
        }
    }
}

fn lines(values: &[Value]) -> String {
    values.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
}

fn tail(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// A condition of an object.
pub fn condition(object: &Value, type_: &str) -> Option<Value> {
    object["status"]["conditions"].as_array()?.iter().find(|c| c["type"] == type_).cloned()
}

/// YAML of a project.
pub fn project(name: &str, cloud: &str) -> String {
    format!(
        "{{apiVersion: dli.huaweicloud.com/v1alpha1, kind: DliProject, metadata: {{name: {name}}}, spec: {{region: \
         ap-southeast-3, cloud: {cloud}, projectId: {PROJECT}}}}}\n"
    )
}

/// YAML of a queue with 16 units and these further fields.
pub fn queue(name: &str, more: &str) -> String {
    format!(
        "---\n{{apiVersion: dli.huaweicloud.com/v1alpha1, kind: DliQueue, metadata: {{name: {name}}}, spec: {{cuCount: \
         16{more}}}}}\n"
    )
}

/// YAML of a connection with these further fields.
pub fn connection(name: &str, more: &str) -> String {
    format!(
        "---\n{{apiVersion: dli.huaweicloud.com/v1alpha1, kind: EnhancedConnection, metadata: {{name: {name}}}, spec: \
         {{destVpcId: {VPC}, destNetworkId: {NETWORK}{more}}}}}\n"
    )
}

/// A connection's queues in the cloud, with their states, sorted.
pub fn entries(connection: &Value) -> Vec<(String, String)> {
    let mut list: Vec<_> = connection["entries"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| (text(&entry["name"]), text(&entry["state"])))
        .collect();
    list.sort();
    list
}
