//! One number of pairs, from nothing to Ready, through a restart, an idle hour and drift, and back to nothing.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    cluster::{Cluster, Kind, between, now},
    control_plane::ControlPlane,
    machine,
    processes::{Operator, Setup, Simulator},
    report::{Report, percentile},
    seed::seed,
};

/// The simulated cloud is so many times as fast as the real one.
pub const TIME_SCALE: u32 = 10;
/// Calls a second that the operator may make here, so that it and not its allowance is measured.
const CALLS_PER_SECOND: u32 = 1000;
/// `timing.listPeriod` by default.
const LIST_PERIOD: Duration = Duration::from_secs(60);
/// Guard against a hang; never a measurement.
const PATIENCE: Duration = Duration::from_secs(1200);
/// Edits whose way into the cloud is measured, and changes in the cloud whose way into the status is.
const SAMPLES: usize = 100;
/// Up to so many pairs are made and deleted one by one. More are copies, which can be restarted on, looked at and edited.
const MADE_UP_TO: usize = 2000;
/// What they are copies of.
const MODEL: &str = "seedmodel";

/// What a measurement works with.
pub struct Bench<'a> {
    pub runtime: &'a tokio::runtime::Runtime,
    pub report: &'a mut Report,
    n: usize,
    case: String,
    names: Vec<String>,
    control_plane: ControlPlane,
    cluster: Cluster,
    cloud: Simulator,
    dir: PathBuf,
    setup: Setup,
}

/// Measures `n` pairs.
pub fn measure(runtime: &tokio::runtime::Runtime, report: &mut Report, n: usize) {
    let mut bench = Bench::new(runtime, report, n);
    let made = n <= MADE_UP_TO;
    if made {
        bench.create().terminate();
    } else {
        bench.seed();
    }
    let operator = bench.restart();
    bench.edit();
    // The idle hour begins on objects at rest.
    bench.quiet();
    operator.terminate();
    let operator = bench.idle();
    bench.drift();
    if made {
        bench.delete(&operator);
    }
}

fn wait(what: &str, mut until: impl FnMut() -> bool, dump: impl FnOnce() -> String) {
    let deadline = Instant::now() + PATIENCE;
    while !until() {
        assert!(Instant::now() < deadline, "it never came to this: {what}\n{}", dump());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn tail(operator: &Operator) -> String {
    let log = operator.log();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

impl<'a> Bench<'a> {
    fn new(runtime: &'a tokio::runtime::Runtime, report: &'a mut Report, n: usize) -> Self {
        let control_plane = ControlPlane::start();
        control_plane.install();
        let namespace = control_plane.new_namespace("bench");
        let dir = control_plane.dir().join("bench");
        std::fs::create_dir_all(&dir).expect("a folder");
        let cloud = Simulator::start(&dir, TIME_SCALE);
        let cluster = runtime.block_on(Cluster::new(&control_plane, &namespace));
        let setup = Setup {
            namespace,
            kubeconfig: control_plane.service_account_kubeconfig(),
            cloud: cloud.url(),
            calls_per_second: CALLS_PER_SECOND,
            list_period: LIST_PERIOD,
            queue_grace: Duration::from_secs(240) / TIME_SCALE,
        };
        let names = (0..n).map(|i| format!("p{i:05}")).collect();
        Self { runtime, report, n, case: n.to_string(), names, control_plane, cluster, cloud, dir, setup }
    }

    fn pids(&self, operator: &Operator) -> BTreeMap<&'static str, u32> {
        BTreeMap::from([
            ("operator", operator.pid()),
            ("simulator", self.cloud.pid()),
            ("kube-apiserver", self.control_plane.process("kube-apiserver")),
            ("etcd", self.control_plane.process("etcd")),
            ("bench", std::process::id()),
        ])
    }

    fn calls(&self) -> u64 {
        self.cloud.counts().iter().map(|(_, _, calls)| calls).sum()
    }

    /// One pair that the operator makes, and copies of it.
    fn seed(&mut self) {
        let operator = Operator::start(&self.dir, "model", &self.setup);
        self.runtime.block_on(self.cluster.create(&[MODEL.to_owned()], true));
        wait("the model is Ready", || self.cluster.ready() == 2, || tail(&operator));
        self.quiet();
        operator.terminate();
        let (began, client) = (Instant::now(), self.cluster.client().clone());
        let seeding = seed(&self.control_plane, &self.cloud, &client, &self.setup.namespace, MODEL, &self.names[1..]);
        self.runtime.block_on(seeding);
        MODEL.clone_into(&mut self.names[0]);
        wait("all copies are seen", || self.cluster.ready() == 2 * self.n, || self.cluster.ready().to_string());
        let took = began.elapsed().as_secs_f64();
        self.report
            .note(format!("{} pairs are copies of one that the operator made; copying took {took:.0} s", self.n));
    }

    /// From nothing to all Ready: calls, writes, times, memory.
    fn create(&mut self) -> Operator {
        let (n, case) = (self.n as f64, self.case.clone());
        let operator = Operator::start(&self.dir, "create", &self.setup);
        operator.leads();
        std::thread::sleep(Duration::from_secs(2));
        let empty = machine::memory(operator.pid());
        self.report.tell(&case, "memory without objects", empty.now as f64 / 1024.0, "MiB");
        let before = self.runtime.block_on(self.cluster.requests());
        self.cloud.forget_calls();
        let pids = self.pids(&operator);
        let cpu = machine::processor_times(&pids);
        let began = Instant::now();
        self.runtime.block_on(self.cluster.create(&self.names, true));
        let span = began.elapsed().as_secs_f64();
        let all_ready = || {
            operator.revive();
            self.cluster.ready() == 2 * self.n
        };
        wait("all Ready", all_ready, || {
            format!("{} of {} Ready\n{}", self.cluster.ready(), 2 * self.n, tail(&operator))
        });
        let revivals = operator.revivals.get();
        if revivals > 0 {
            let text = "the operator lost its lease and was started again: the machine was too busy, times: ";
            self.report.note(format!("{case} pairs: {text}{revivals}"));
        }
        let took = began.elapsed().as_secs_f64();
        self.report.note(format!("{case} pairs, until all were Ready, used: {}", machine::used(&pids, &cpu)));
        let counts = self.cloud.counts();
        let after = self.runtime.block_on(self.cluster.requests());
        self.report.note(format!("{case} pairs, calls: {}", words(&counts)));
        let calls: u64 = counts.iter().map(|(_, _, calls)| calls).sum();
        self.report.check(&case, "calls to create", calls as f64, "calls", 2.1 * n + polls(span, took));
        let wait = self.active_to_ready();
        self.report.time(&case, "time until the API server has all objects", span, "s", None);
        self.report.time(&case, "time until all are Ready", took, "s", None);
        self.report.time(&case, "ACTIVE in the cloud to Ready=True, p99", wait.0, "s", Some(wait.1));
        for kind in Kind::BOTH {
            let writes = between(&before, &after, |verb, resource, _| verb != "POST" && resource == kind.plural());
            let waits = self.cluster.waits(kind) as f64 / n;
            let measure = format!("writes to create one of {} ({waits:.2} waits named)", kind.plural());
            self.report.check(&case, &measure, writes as f64 / n, "writes", 3.0 + waits);
        }
        let events = between(&before, &after, |_, resource, _| resource == "events");
        self.report.tell(&case, "events for each object", events as f64 / n / 2.0, "events");
        self.quiet();
        self.memory("after creating", &operator);
        operator
    }

    fn memory(&mut self, when: &str, operator: &Operator) {
        let memory = machine::memory(operator.pid());
        let (case, objects) = (self.case.clone(), 2.0 * self.n as f64);
        let mib = |kib: u64| kib as f64 / 1024.0;
        self.report.check(&case, &format!("memory {when}"), mib(memory.now), "MiB", 12.0 + objects * 4.0 / 1024.0);
        self.report.tell(&case, &format!("  of it not program text, {when}"), mib(memory.own), "MiB");
        self.report.tell(&case, &format!("  peak, {when}"), mib(memory.peak), "MiB");
    }

    /// Time from an entry's turning ACTIVE to Ready=True of its connection, and the budget for the longest wait.
    fn active_to_ready(&self) -> (f64, f64) {
        let state = self.cloud.control("GET", "state", &Value::Null);
        let sight = self.cluster.sight();
        let mut late = Vec::new();
        let mut longest: f64 = 0.0;
        for connection in state["connections"].as_array().into_iter().flatten() {
            let name = connection["name"].as_str().unwrap_or_default();
            let active =
                connection["entries"].as_array().into_iter().flatten().filter_map(|e| e["readyAt"].as_i64()).max();
            let ready = sight.get(&(Kind::Connection, name.to_owned())).and_then(|seen| seen.ready_at);
            if let (Some(active), Some(ready), Some(created)) = (active, ready, connection["createTime"].as_i64()) {
                late.push((ready - active) as f64 / 1e3);
                longest = longest.max((active - created) as f64 / 1e3);
            }
        }
        (percentile(&mut late, 99.0), (longest * 0.05).max(2.3))
    }

    /// Edits of the spec, one after another: from when a watch shows one to the call that carries it out.
    fn edit(&mut self) {
        self.cloud.forget_calls();
        let state = self.cloud.control("GET", "state", &Value::Null);
        let connections = state["connections"].as_array().cloned().unwrap_or_default();
        let ids: BTreeMap<&str, &str> =
            connections.iter().filter_map(|c| Some((c["name"].as_str()?, c["id"].as_str()?))).collect();
        let mut since_seen = Vec::new();
        let mut since_asked = Vec::new();
        for (i, name) in self.names.iter().take(SAMPLES).enumerate() {
            let asked = now();
            let ip = format!("10.1.{}.{}", i / 250, i % 250 + 1);
            let generation = self.runtime.block_on(self.cluster.set_hosts(name, &ip));
            std::thread::sleep(Duration::from_millis(60));
            let seen = self
                .cluster
                .sight()
                .get(&(Kind::Connection, name.clone()))
                .and_then(|s| s.generations.get(&generation).copied());
            let path = format!("/{}", ids[name.as_str()]);
            let mut called = None;
            wait(
                "the edit arrives in the cloud",
                || {
                    let changes = self.cloud.changes();
                    let call = changes
                        .iter()
                        .rev()
                        .take(50)
                        .find(|(op, p, at)| op == "SetHosts" && p.contains(&path) && *at >= asked);
                    called = call.map(|(_, _, at)| *at);
                    called.is_some()
                },
                String::new,
            );
            if let (Some(called), Some(seen)) = (called, seen) {
                since_seen.push((called - seen) as f64);
                since_asked.push((called - asked) as f64);
            }
        }
        let case = self.case.clone();
        self.report.time(
            &case,
            "edit in a watch to the first call, p50",
            percentile(&mut since_seen, 50.0),
            "ms",
            None,
        );
        self.report.time(
            &case,
            "edit in a watch to the first call, p99",
            percentile(&mut since_seen, 99.0),
            "ms",
            Some(25.0),
        );
        self.report.time(
            &case,
            "edit asked for to the first call, p99",
            percentile(&mut since_asked, 99.0),
            "ms",
            None,
        );
    }

    /// Waits until nothing has been written for some seconds: what an edit leads to comes in the end.
    fn quiet(&self) {
        let mut last = (self.runtime.block_on(self.cluster.requests()), Instant::now());
        wait(
            "all is quiet",
            || {
                std::thread::sleep(Duration::from_millis(500));
                let requests = self.runtime.block_on(self.cluster.requests());
                if requests != last.0 {
                    last = (requests, Instant::now());
                }
                last.1.elapsed() > Duration::from_secs(5)
            },
            String::new,
        );
    }

    /// A new process with all the objects there: how long until each has been compared with the cloud.
    fn restart(&mut self) -> Operator {
        let case = self.case.clone();
        let before = self.runtime.block_on(self.cluster.requests());
        self.cloud.forget_calls();
        let operator = self.verified("restart");
        std::thread::sleep(Duration::from_secs(5));
        let after = self.runtime.block_on(self.cluster.requests());
        let writes = between(&before, &after, |verb, resource, _| verb != "POST" && resource != "events");
        self.report.check(&case, "writes at a restart", writes as f64, "writes", 0.0);
        let changes = self.cloud.changes().len();
        self.report.check(&case, "changes of the cloud at a restart", changes as f64, "calls", 0.0);
        self.report.tell(&case, "calls at a restart", self.calls() as f64, "calls");
        self.memory("after a restart", &operator);
        operator
    }

    /// Starts an operator and waits until it has settled every object.
    fn verified(&mut self, name: &str) -> Operator {
        let case = self.case.clone();
        let operator = Operator::start(&self.dir, name, &self.setup);
        operator.leads();
        let leads = operator.started.elapsed().as_secs_f64();
        let settled = |kind: &str| operator.metric("dli_operator_pass_duration_seconds_count", &[kind, "settled"]);
        wait(
            "all verified",
            || settled("DliQueue") >= self.n as f64 && settled("EnhancedConnection") >= self.n as f64,
            || tail(&operator),
        );
        let took = operator.started.elapsed().as_secs_f64();
        let cpu = machine::processor_time(operator.pid());
        let passes = operator.metric("dli_operator_pass_duration_seconds_count", &[]);
        self.report.tell(&case, &format!("{name}: passes over each object"), passes / (2 * self.n) as f64, "passes");
        self.report.time(&case, &format!("{name}: start to leading, caches read"), leads, "s", None);
        // The budget is for 10,000 objects.
        let budget = 1.5 * (2.0 * self.n as f64 / 10_000.0).max(1.0);
        self.report.time(&case, &format!("{name}: leading to all verified"), took - leads, "s", Some(budget));
        self.report.time(&case, &format!("{name}: processor time of the operator"), cpu, "s", None);
        operator
    }

    /// An hour in which nothing happens, with a shorter time between the lists: as many periods as an hour has.
    fn idle(&mut self) -> Operator {
        let case = self.case.clone();
        self.setup.list_period = Duration::from_millis(if self.n > 1000 { 2000 } else { 1000 });
        let period = self.setup.list_period;
        let operator = self.verified("idle");
        std::thread::sleep(period * 3);
        let before = self.runtime.block_on(self.cluster.requests());
        self.cloud.forget_calls();
        let pids = self.pids(&operator);
        let cpu = machine::processor_times(&pids);
        std::thread::sleep(period * 60);
        let calls = self.calls();
        self.report.note(format!("{case} pairs, 60 periods of {period:?}, used: {}", machine::used(&pids, &cpu)));
        self.report.note(format!("{case} pairs, idle, calls: {}", words(&self.cloud.counts())));
        let busy = machine::processor_time(operator.pid()) - cpu["operator"];
        let after = self.runtime.block_on(self.cluster.requests());
        // A list is proved to be whole every ten minutes by one more call; that is not scaled with the period.
        let proofs = if self.n >= 100 { 12.0 } else { 0.0 };
        self.report.check(&case, "calls in an idle hour (60 periods + proofs)", calls as f64 + proofs, "calls", 180.0);
        let writes = between(&before, &after, |verb, resource, _| verb != "POST" && resource != "events");
        self.report.check(&case, "writes in an idle hour", writes as f64, "writes", 0.0);
        self.report.tell(&case, "processor time of an idle hour", busy, "s");
        self.report.tell(&case, "processor in use when idle", busy / 36.0, "%");
        self.memory("idle", &operator);
        operator
    }

    /// Changes of a listed field behind the operator's back: when the status shows them.
    fn drift(&mut self) {
        let mut since: BTreeMap<String, i64> = BTreeMap::new();
        let samples = self.n.min(SAMPLES);
        let pause = self.setup.list_period * 10 / samples as u32;
        for name in self.names.iter().take(samples) {
            self.cloud.control("POST", "edits", &json!({"edit": "scaleQueue", "name": name, "cuCount": 64}));
            since.insert(name.clone(), now());
            std::thread::sleep(pause);
        }
        let drifted =
            |name: &String| self.cluster.sight().get(&(Kind::Queue, name.clone())).and_then(|seen| seen.drift_at);
        wait("all drift is seen", || since.keys().all(|name| drifted(name).is_some()), String::new);
        let mut late: Vec<f64> =
            since.iter().filter_map(|(name, at)| Some((drifted(name)? - at) as f64 / 1e3)).collect();
        let late = percentile(&mut late, 99.0);
        let case = self.case.clone();
        let added = LIST_PERIOD.saturating_sub(self.setup.list_period).as_secs_f64();
        let measure = format!("drift seen, p99 (measured {late:.2} s + {added:.0} s of the period)");
        self.report.time(&case, &measure, late + added, "s", Some(65.0));
    }

    /// All is deleted.
    fn delete(&mut self, operator: &Operator) {
        let case = self.case.clone();
        let before = self.runtime.block_on(self.cluster.requests());
        self.cloud.forget_calls();
        let began = Instant::now();
        self.runtime.block_on(self.cluster.delete(&self.names));
        wait("all deleted", || self.cluster.sight().is_empty(), || tail(operator));
        self.report.time(&case, "time until all are deleted", began.elapsed().as_secs_f64(), "s", None);
        let after = self.runtime.block_on(self.cluster.requests());
        for kind in Kind::BOTH {
            let writes = between(&before, &after, |verb, resource, _| verb != "POST" && resource == kind.plural());
            let measure = format!("writes to delete one of {}", kind.plural());
            self.report.check(&case, &measure, writes as f64 / self.n as f64, "writes", 2.0);
        }
        self.report.note(format!("{case} pairs, deleting, calls: {}", words(&self.cloud.counts())));
        self.report.tell(&case, "calls to delete an object", self.calls() as f64 / (2 * self.n) as f64, "calls");
        let state = self.cloud.control("GET", "state", &Value::Null);
        let queues = state["queues"].as_array().into_iter().flatten().filter(|q| q["preset"] == false).count();
        let connections =
            state["connections"].as_array().into_iter().flatten().filter(|c| c["deleted"] == false).count();
        self.report.check(&case, "left in the cloud", (queues + connections) as f64, "resources", 0.0);
    }
}

/// Reads that `docs/protocol.md` allows while objects come to be: those of two kinds, one list for all that is due, at the
/// pace of what is youngest; then those of the last one; and the lists of an idle project.
fn polls(span: f64, took: f64) -> f64 {
    let mut age: f64 = 0.0;
    let mut last = 0.0;
    while age < took - span {
        age += (age / 20.0).clamp(1.0, 15.0);
        last += 1.0;
    }
    2.0 * (span.ceil() + last) + 2.0 * (took / 60.0).ceil() + 8.0
}

fn words(counts: &[(String, u64, u64)]) -> String {
    counts
        .iter()
        .map(|(operation, status, calls)| format!("{operation} {status}: {calls}"))
        .collect::<Vec<_>>()
        .join(", ")
}
