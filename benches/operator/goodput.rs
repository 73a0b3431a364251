//! How much of a rate limit that nobody told it the operator uses, and how many of its calls are refused.
//!
//! Several clouds at once, each with a namespace and an operator of its own: there is little to do for each.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    cluster::Cluster,
    control_plane::ControlPlane,
    processes::{Operator, Setup, Simulator},
    report::{Report, Row},
};

/// Calls a second that a cloud takes.
const LIMIT: u64 = 5;
/// Seconds in which the limit is learned, and in which it counts how well it is used.
const WARM_UP: u64 = 180;
const MEASURED: u64 = 510;
/// Seconds in which it is learned anew after it has fallen, which is felt at once, and after it has risen: two calls a second tell
/// little.
const FALLEN: u64 = 120;
const RISEN: u64 = 300;
/// In the middle of what is measured, the limit is halved for so many seconds.
const HALVED: std::ops::Range<u64> = WARM_UP + 20..WARM_UP + 170;

/// A way in which a cloud limits calls.
struct Case {
    name: &'static str,
    named: bool,
    retry_after: bool,
    halved: bool,
}

const CASES: [Case; 4] = [
    Case { name: "constant", named: false, retry_after: false, halved: false },
    Case { name: "Retry-After", named: false, retry_after: true, halved: false },
    Case { name: "named", named: true, retry_after: false, halved: false },
    Case { name: "halved", named: false, retry_after: false, halved: true },
];

impl Case {
    /// Calls that the cloud takes in this second.
    fn limit(&self, second: u64) -> u64 {
        if self.halved && HALVED.contains(&second) { LIMIT / 2 } else { LIMIT }
    }

    /// Whether this second counts: not while the limit is learned, nor just after it has changed.
    fn counts(&self, second: u64) -> bool {
        let learning = (HALVED.start..HALVED.start + FALLEN).contains(&second)
            || (HALVED.end..HALVED.end + RISEN).contains(&second);
        second >= WARM_UP && !(self.halved && learning)
    }
}

struct Lab {
    case: &'static Case,
    cloud: Simulator,
    _operator: Operator,
    cluster: Cluster,
    /// Calls and refused calls so far.
    last: (u64, u64),
    taken: u64,
    refused: u64,
    allowed: u64,
}

impl Lab {
    fn new(runtime: &tokio::runtime::Runtime, control_plane: &ControlPlane, case: &'static Case) -> Self {
        let namespace = control_plane.new_namespace("goodput");
        let dir = control_plane.dir().join(&namespace);
        std::fs::create_dir_all(&dir).expect("a folder");
        let cloud = Simulator::start(&dir, 100);
        let cluster = runtime.block_on(Cluster::new(control_plane, &namespace));
        let setup = Setup {
            namespace,
            kubeconfig: control_plane.service_account_kubeconfig(),
            cloud: cloud.url(),
            calls_per_second: 20,
            list_period: Duration::from_secs(60),
            queue_grace: Duration::from_secs(3),
        };
        let operator = Operator::start(&dir, "operator", &setup);
        operator.leads();
        let lab = Self { case, cloud, _operator: operator, cluster, last: (0, 0), taken: 0, refused: 0, allowed: 0 };
        lab.set(case.limit(0));
        lab
    }

    fn set(&self, limit: u64) {
        let Case { named, retry_after, .. } = self.case;
        let limit = json!({"policy": "user", "limit": limit, "seconds": 1});
        self.cloud.limit(&json!({"limit": limit, "named": named, "retryAfter": retry_after}));
    }

    /// Calls that were taken and that were refused, in all.
    fn count(&self) -> (u64, u64) {
        let counts = self.cloud.counts();
        let sum = |refused: bool| counts.iter().filter(|c| (c.1 == 429) == refused).map(|c| c.2).sum();
        (sum(false), sum(true))
    }

    /// A second has passed.
    fn tick(&mut self, second: u64) {
        let (taken, refused) = self.count();
        if self.case.counts(second) {
            self.taken += taken - self.last.0;
            self.refused += refused - self.last.1;
            self.allowed += self.case.limit(second);
        }
        self.last = (taken, refused);
        if self.case.limit(second + 1) != self.case.limit(second) {
            self.set(self.case.limit(second + 1));
        }
    }
}

/// Measures all cases at once.
pub fn measure(runtime: &tokio::runtime::Runtime, report: &mut Report) {
    let control_plane = ControlPlane::start();
    control_plane.install();
    let mut labs: Vec<Lab> = CASES.iter().map(|case| Lab::new(runtime, &control_plane, case)).collect();
    // More than can be made in the time, so that there is always something to do.
    let names: Vec<String> = (0..LIMIT * (WARM_UP + MEASURED)).map(|n| format!("g{n:04}")).collect();
    let began = Instant::now();
    let making: Vec<_> = labs
        .iter()
        .map(|lab| {
            let (cluster, names) = (lab.cluster.clone(), names.clone());
            runtime.spawn(async move { cluster.create(&names, false).await })
        })
        .collect();
    for second in 0..WARM_UP + MEASURED {
        let next = Duration::from_secs(second + 1);
        thread::sleep(next.saturating_sub(began.elapsed()));
        for lab in &mut labs {
            lab.tick(second);
        }
    }
    for task in making {
        runtime.block_on(task).expect("all objects are made");
    }
    for lab in &labs {
        let name = lab.case.name;
        let all = lab.taken + lab.refused;
        report.add(Row {
            case: name.to_owned(),
            measure: format!("goodput under an unknown limit of {LIMIT} calls/s"),
            value: lab.taken as f64 * 100.0 / lab.allowed as f64,
            unit: "%".to_owned(),
            budget: Some(95.0),
            at_least: true,
            checked: true,
        });
        report.check(name, "  calls answered 429", lab.refused as f64 * 100.0 / all.max(1) as f64, "%", 1.0);
    }
    let shown: Vec<Value> =
        labs.iter().map(|lab| json!({"case": lab.case.name, "taken": lab.taken, "refused": lab.refused})).collect();
    report.note(format!("goodput, {MEASURED} s after {WARM_UP} s of learning: {}", Value::from(shown)));
}
