//! What the operator counts. Labels come from fixed lists: no metric grows with the number of objects.

use std::{
    fmt,
    sync::atomic::AtomicU64,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};

use crate::core::{LifecycleState, ObjectKind, Outcome};

/// Seconds: from a pass that only compares to one that waits for a slow cloud.
const PASS_BUCKETS: [f64; 10] = [0.000_1, 0.000_5, 0.002, 0.01, 0.05, 0.2, 1.0, 5.0, 20.0, 60.0];
/// Seconds: from the gateway next door to the time-out.
const CALL_BUCKETS: [f64; 11] = [0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 5.0, 10.0, 20.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PassLabels {
    kind: &'static str,
    outcome: &'static str,
    lifecycle: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    operation: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WriteLabels {
    kind: &'static str,
    verb: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// All metrics of the process.
pub struct Metrics {
    registry: Registry,
    passes: Histograms<PassLabels>,
    calls: Histograms<CallLabels>,
    writes: Family<WriteLabels, Counter>,
    events: Family<KindLabels, Counter>,
    objects: Family<KindLabels, Gauge>,
    orphans: Gauge,
    wakes: Family<KindLabels, Counter>,
    decode_failures: Family<KindLabels, Counter>,
    watch_failures: Family<KindLabels, Counter>,
    leader: Gauge,
    lease_renewed: Gauge<f64, AtomicU64>,
    resident: Gauge,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Registers everything. The process start time is taken here.
    pub fn new() -> Self {
        let passes: Histograms<PassLabels> = Family::new_with_constructor(|| Histogram::new(PASS_BUCKETS));
        let calls: Histograms<CallLabels> = Family::new_with_constructor(|| Histogram::new(CALL_BUCKETS));
        let writes = Family::<WriteLabels, Counter>::default();
        let events = Family::<KindLabels, Counter>::default();
        let objects = Family::<KindLabels, Gauge>::default();
        let orphans = Gauge::default();
        let wakes = Family::<KindLabels, Counter>::default();
        let decode_failures = Family::<KindLabels, Counter>::default();
        let watch_failures = Family::<KindLabels, Counter>::default();
        let leader = Gauge::default();
        let lease_renewed = Gauge::<f64, AtomicU64>::default();
        let resident = Gauge::default();
        let start = Gauge::<f64, AtomicU64>::default();
        start.set(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64());

        let mut registry = Registry::default();
        registry.register_with_unit("process_start_time", "When the process started", Unit::Seconds, start);
        registry.register_with_unit("process_resident_memory", "Resident memory", Unit::Bytes, resident.clone());
        let own = registry.sub_registry_with_prefix("dli_operator");
        own.register("build", "What is running", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        own.register_with_unit("pass_duration", "Passes over objects", Unit::Seconds, passes.clone());
        own.register_with_unit("cloud_call_duration", "Calls to the cloud", Unit::Seconds, calls.clone());
        own.register("kube_writes", "Writes of the Kubernetes API", writes.clone());
        own.register("events_published", "Kubernetes events published", events.clone());
        own.register("objects", "Objects in the watch cache", objects.clone());
        own.register("orphans", "Resources with the owner tag of this cluster and no object", orphans.clone());
        own.register("wakes", "Passes asked for by another pass", wakes.clone());
        own.register("decode_failures", "Objects that could not be decoded", decode_failures.clone());
        own.register("watch_failures", "Watches that broke off with an error", watch_failures.clone());
        own.register("leader", "Whether this process holds the lease", leader.clone());
        own.register_with_unit("lease_renewed_time", "Last renewal of the lease", Unit::Seconds, lease_renewed.clone());

        Self {
            registry,
            passes,
            calls,
            writes,
            events,
            objects,
            orphans,
            wakes,
            decode_failures,
            watch_failures,
            leader,
            lease_renewed,
            resident,
        }
    }

    /// A pass is over. `lifecycle` is where the managed resource stands; a project has none.
    pub(super) fn pass(&self, kind: ObjectKind, outcome: Outcome, lifecycle: Option<LifecycleState>, took: Duration) {
        let lifecycle = lifecycle.map_or("none", LifecycleState::as_str);
        let labels = PassLabels { kind: kind.as_str(), outcome: outcome.as_str(), lifecycle };
        self.passes.get_or_create(&labels).observe(took.as_secs_f64());
    }

    pub(super) fn call(&self, operation: &'static str, result: &'static str, took: Duration) {
        self.calls.get_or_create(&CallLabels { operation, result }).observe(took.as_secs_f64());
    }

    pub(super) fn kube_write(&self, kind: ObjectKind, verb: &'static str, result: &'static str) {
        self.writes.get_or_create(&WriteLabels { kind: kind.as_str(), verb, result }).inc();
    }

    pub(super) fn event(&self, kind: ObjectKind) {
        self.events.get_or_create(&KindLabels { kind: kind.as_str() }).inc();
    }

    pub(super) fn objects(&self, kind: ObjectKind, count: usize) {
        self.objects.get_or_create(&KindLabels { kind: kind.as_str() }).set(count as i64);
    }

    pub(super) fn orphans(&self, count: i64) {
        self.orphans.set(count);
    }

    pub(super) fn wakes(&self, kind: ObjectKind) {
        self.wakes.get_or_create(&KindLabels { kind: kind.as_str() }).inc();
    }

    pub(super) fn decode_failure(&self, kind: ObjectKind) {
        self.decode_failures.get_or_create(&KindLabels { kind: kind.as_str() }).inc();
    }

    pub(super) fn watch_failure(&self, kind: &'static str) {
        self.watch_failures.get_or_create(&KindLabels { kind }).inc();
    }

    pub(super) fn lease(&self, renewed: Option<i64>) {
        self.leader.set(i64::from(renewed.is_some()));
        if let Some(wall) = renewed {
            self.lease_renewed.set(wall as f64 / 1e3);
        }
    }

    /// Everything in the OpenMetrics text format.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        if let Some(bytes) = resident_bytes() {
            self.resident.set(bytes);
        }
        let mut out = String::new();
        text::encode(&mut out, &self.registry)?;
        Ok(out)
    }
}

/// `VmRSS` of this process, where `/proc` tells it.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<i64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_was_counted_without_naming_an_object() {
        let metrics = Metrics::new();
        metrics.pass(ObjectKind::Queue, Outcome::Settled, Some(LifecycleState::Owned), Duration::from_millis(3));
        metrics.orphans(2);
        metrics.call("CreateQueue", "ok", Duration::from_millis(80));
        metrics.kube_write(ObjectKind::Queue, "put_status", "written");
        metrics.lease(Some(1_700_000_000_500));
        let text = metrics.encode().unwrap();
        for line in [
            r#"dli_operator_pass_duration_seconds_count{kind="DliQueue",outcome="settled",lifecycle="owned"} 1"#,
            "dli_operator_orphans 2",
            r#"dli_operator_cloud_call_duration_seconds_count{operation="CreateQueue",result="ok"} 1"#,
            r#"dli_operator_kube_writes_total{kind="DliQueue",verb="put_status",result="written"} 1"#,
            "dli_operator_leader 1",
            "dli_operator_lease_renewed_time_seconds 1700000000.5",
            "dli_operator_build_info{",
            "process_start_time_seconds ",
            "# EOF",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }
}
