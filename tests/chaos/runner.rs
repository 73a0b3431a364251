//! One run: people change their minds, something goes wrong, and again.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt::Write as _,
    thread,
    time::{Duration, Instant},
};

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    consistency::{Class, Foreign, Violation, duplicates, entries, unfinished},
    fault_proxy::{LineFault, Proxy},
    faults::{Kind, inject, moment},
    fixture::Fixture,
    observer::{Observer, Readings},
    processes::{PATIENCE, text},
    rng::Rng,
    workload::{COLLEAGUES, Change, Delivery, PAIRS, Workload, connection},
};

/// The name of a connection that a colleague had first.
pub const TAKEN: &str = "taken";
/// A queue that a colleague binds to connections of ours.
const GUEST: &str = "colleague_guest";

pub struct Runner {
    seed: u64,
    /// How many there are to be.
    count: usize,
    pub fixture: Fixture,
    pub proxy: Proxy,
    pub readings: Readings,
    watch: Observer,
    workload: Workload,
    /// Changes that the API server does not take yet.
    outbox: VecDeque<Change>,
    /// What the API server has taken, and when.
    told: Vec<String>,
    kinds: BTreeMap<Kind, u64>,
    /// What is going on, for people.
    stage: String,
    began: Instant,
}

impl Runner {
    pub fn new(seed: u64, count: usize, fixture: Fixture, proxy: Proxy) -> Self {
        let readings = Readings { reader: fixture.reader.clone(), cloud: fixture.cloud.port() };
        let foreign = colleagues(&fixture);
        let watch = Observer::start(readings.clone(), foreign);
        Self {
            seed,
            count,
            fixture,
            proxy,
            readings,
            watch,
            workload: Workload::default(),
            outbox: VecDeque::new(),
            told: Vec::new(),
            kinds: BTreeMap::new(),
            stage: "begins".to_owned(),
            began: Instant::now(),
        }
    }

    /// All rounds.
    pub fn play(&mut self, rng: &mut Rng) {
        let count = self.count;
        let taken = self.workload.taken(TAKEN);
        self.say([taken].into());
        for (number, kind) in Kind::schedule(count, rng).into_iter().enumerate() {
            // Soon there are as many as there are to be, and from then on one for each that is deleted.
            let more = if number == 0 { PAIRS / 2 } else { 1 + rng.roll(PAIRS / 5) };
            let both = rng.chance(30);
            self.enter(&format!("round {}: {kind}{}", number + 1, if both { " and cuts" } else { "" }));
            *self.kinds.entry(kind).or_default() += 1;
            let mut changes = self.workload.burst(more, rng);
            let late = changes.split_off(changes.len() * 2 / 3);
            self.say(changes);
            self.guest(rng);
            self.rest_for(moment(rng));
            if both {
                self.proxy.set(LineFault::Cuts);
            }
            // People do not wait until all is well.
            self.outbox.extend(late);
            inject(self, kind, rng);
            self.rest_for(moment(rng));
            self.proxy.set(LineFault::None);
        }
    }

    fn enter(&mut self, stage: &str) {
        println!("{:>4} s  {stage}", self.began.elapsed().as_secs());
        stage.clone_into(&mut self.stage);
    }

    /// All that is wanted comes about, and then nothing happens any more.
    pub fn settle(&mut self) {
        self.enter("settling");
        let (queues, mut connections) = self.workload.names();
        let foreign = self.watch.foreign().clone();
        connections.remove(TAKEN);
        let left = self.wait(|runner| {
            let (Some(mut objects), Some(cloud)) = (runner.readings.objects(), runner.readings.cloud()) else {
                return vec![nobody_answers()];
            };
            objects.connections.remove(TAKEN);
            unfinished(&objects, &cloud, &foreign, &queues, &connections)
        });
        self.fail_if(&left);
        let applied = |fixture: &Fixture| fixture.cloud.changes().iter().filter(|c| c["applied"] == true).count();
        let before = applied(&self.fixture);
        self.rest(3_000);
        let more = self.fixture.cloud.changes().into_iter().filter(|c| c["applied"] == true).skip(before);
        let restless = more.map(|change| {
            let what = "a change, when all was as it was to be".to_owned();
            Violation { class: Class::NeverSettles, name: String::new(), what, object: Value::Null, cloud: change }
        });
        self.fail_if(&restless.collect::<Vec<_>>());
    }

    /// All of it is deleted, with one more kill on the way, and the cloud is as it was before.
    pub fn clear(&mut self, rng: &mut Rng) {
        self.enter("clearing");
        let mut changes = self.workload.delete_all(rng);
        changes.push(Change::Delete { kind: "dlic", name: TAKEN.to_owned() });
        self.say(changes);
        self.rest(rng.roll(1_500) as u64);
        inject(self, Kind::Kill, rng);
        let foreign = self.watch.foreign().clone();
        let left = self.wait(|runner| {
            let (Some(objects), Some(cloud)) = (runner.readings.objects(), runner.readings.cloud()) else {
                return vec![nobody_answers()];
            };
            unfinished(&objects, &cloud, &foreign, &BTreeSet::new(), &BTreeSet::new())
        });
        self.fail_if(&left);
        let cloud = self.fixture.cloud.state();
        let mut found = duplicates(&cloud, &foreign, &self.workload.made);
        let made = self.fixture.cloud.count(Some("CreateQueue"), Some(200));
        let queues = self.workload.made.iter().filter(|(name, _)| name.starts_with('q')).map(|(_, n)| n).sum::<u64>();
        if made > queues {
            let what = format!("queues were made {made} times for {queues} objects");
            found.push(Violation {
                class: Class::Duplicate,
                name: "queues".to_owned(),
                what,
                object: Value::Null,
                cloud,
            });
        }
        self.fail_if(&found);
    }

    /// Tells the API server what people want, in their order: only what waits for its own name to become free is passed
    /// by the rest.
    fn say(&mut self, changes: Vec<Change>) {
        self.outbox.extend(changes);
        self.post();
    }

    fn post(&mut self) {
        let mut waiting: VecDeque<Change> = VecDeque::new();
        let mut held = BTreeSet::new();
        while let Some(change) = self.outbox.pop_front() {
            let told = if held.contains(change.name()) { Delivery::Later } else { change.tell(&self.readings.reader) };
            match told {
                Delivery::Done => self.told.push(format!("{} {}", Timestamp::now(), change.shown())),
                Delivery::Later => {
                    held.insert(change.name().to_owned());
                    waiting.push_back(change);
                }
                Delivery::Again => {
                    waiting.push_back(change);
                    waiting.append(&mut self.outbox);
                }
            }
        }
        self.workload.awaited = held;
        self.outbox = waiting;
    }

    /// A colleague binds a queue to a connection of ours.
    fn guest(&mut self, rng: &mut Rng) {
        let numbers: Vec<usize> = self.workload.connections.keys().copied().collect();
        let Some(name) = rng.pick(&numbers).map(|n| connection(*n)) else { return };
        let mut foreign = self.watch.foreign();
        let all = self.fixture.cloud.connections();
        if let Some(connection) = all.iter().find(|c| c["name"] == *name && !entries(c).contains_key(GUEST)) {
            self.fixture.cloud.edit(&json!({"edit": "bind", "id": connection["id"], "queue": GUEST}));
            foreign.bindings.insert((text(&connection["id"]), GUEST.to_owned()));
        }
    }

    /// Lets time go by, as a kubelet and as people do who try again; ends when something is wrong.
    pub fn rest(&mut self, millis: u64) {
        self.rest_for(Duration::from_millis(millis));
    }

    fn rest_for(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.tick();
        }
    }

    fn tick(&mut self) {
        self.live();
        let found = self.watch.seen().violations.clone();
        self.fail_if(&found);
    }

    /// As [`Self::rest`], while the cloud cannot be asked what is wrong.
    pub fn nap(&mut self, millis: u64) {
        let until = Instant::now() + Duration::from_millis(millis);
        while Instant::now() < until {
            self.live();
        }
    }

    fn live(&mut self) {
        for operator in &self.fixture.operators {
            operator.keep_alive();
        }
        if !self.outbox.is_empty() {
            self.post();
        }
        thread::sleep(Duration::from_millis(50));
    }

    /// Until something holds.
    pub fn until(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        let left = self.wait(|runner| {
            let missing = Violation {
                class: Class::Stuck,
                name: String::new(),
                what: format!("it never came to this: {what}"),
                object: Value::Null,
                cloud: Value::Null,
            };
            if holds(runner) { Vec::new() } else { vec![missing] }
        });
        self.fail_if(&left);
    }

    /// Until nothing is left to wait for; gives what is left all the same after a long time.
    fn wait(&mut self, mut left: impl FnMut(&mut Self) -> Vec<Violation>) -> Vec<Violation> {
        let deadline = Instant::now() + 3 * PATIENCE;
        loop {
            let still = left(self);
            if still.is_empty() && self.outbox.is_empty() || Instant::now() >= deadline {
                return still;
            }
            self.rest(200);
        }
    }

    /// One line about the whole run.
    pub fn summary(&self, violations: &[Violation]) -> String {
        let kinds: Vec<String> = self.kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        let classes = Class::ALL.map(|class| {
            let count = violations.iter().filter(|v| v.class == class).count();
            format!("{class:?} {count}").to_lowercase()
        });
        let Workload { created, edited, deleted, .. } = &self.workload;
        let changes = self.fixture.cloud.changes().len();
        let calls = self.fixture.cloud.count(None, None);
        let (looks, claims) = {
            let seen = self.watch.seen();
            (seen.looks, seen.claims)
        };
        format!(
            "chaos: seed {}; {} rounds ({}); objects: created {created}, edited {edited}, deleted {deleted}; remote calls: \
             {calls}, of which changes {changes}; spoilt on the line: {}; operators: {}; {claims} claims checked in {looks} \
             looks; violations: {}; {} s",
            self.seed,
            self.kinds.values().sum::<u64>(),
            kinds.join(", "),
            self.proxy.spoilt(),
            self.fixture.operators.len(),
            classes.join(", "),
            self.began.elapsed().as_secs(),
        )
    }

    /// Ends the test with all that a person needs, if something is wrong.
    fn fail_if(&self, violations: &[Violation]) {
        if violations.is_empty() {
            return;
        }
        let mut out = String::new();
        for violation in violations.iter().take(10) {
            let _ = writeln!(out, "{violation}");
        }
        let names: BTreeSet<&str> =
            violations.iter().take(10).map(|v| v.name.as_str()).filter(|n| !n.is_empty()).collect();
        let ids: BTreeSet<String> = violations
            .iter()
            .take(10)
            .flat_map(|v| [&v.cloud["id"], &v.object["status"]["connectionId"]])
            .map(text)
            .collect();
        let about = |line: &str| {
            names.iter().any(|name| line.contains(&format!("/{name}\"")) || line.contains(&format!("\"{name}\"")))
                || ids.iter().any(|id| !id.is_empty() && line.contains(id.as_str()))
        };
        let _ =
            writeln!(out, "--- what people did, the last of it and what is about it\n{}", some(&self.told, 20, about));
        let changes: Vec<String> = self.fixture.cloud.changes().iter().map(Value::to_string).collect();
        let _ =
            writeln!(out, "--- changes in the cloud, the last ones and those about it\n{}", some(&changes, 40, about));
        for operator in self.fixture.operators.iter().rev().take(3).rev() {
            let lines: Vec<String> = operator.log().lines().map(ToOwned::to_owned).collect();
            let _ =
                writeln!(out, "--- an operator's words, the last ones and those about it\n{}", some(&lines, 40, about));
        }
        panic!(
            "{}\nat {}, after {} s; play it again with CHAOS_SEED={} CHAOS_ROUNDS={}; E2E_KEEP=FOLDER keeps all logs\n{out}{}",
            "something is wrong",
            self.stage,
            self.began.elapsed().as_secs(),
            self.seed,
            self.count,
            self.summary(violations),
        );
    }
}

/// The last lines, and of those before the last hundred that matter.
fn some(lines: &[String], last: usize, matters: impl Fn(&str) -> bool) -> String {
    let (early, late) = lines.split_at(lines.len().saturating_sub(last));
    let mut shown: Vec<&str> = early.iter().map(String::as_str).filter(|line| matters(line)).collect();
    shown.drain(..shown.len().saturating_sub(100));
    shown.extend(late.iter().map(String::as_str));
    shown.join("\n")
}

fn nobody_answers() -> Violation {
    let what = "the API server or the cloud does not answer".to_owned();
    Violation { class: Class::Stuck, name: String::new(), what, object: Value::Null, cloud: Value::Null }
}

/// What a colleague has: queues, a connection that binds one of them, and one whose name an object of ours will want.
fn colleagues(fixture: &Fixture) -> Foreign {
    for name in COLLEAGUES.into_iter().chain([GUEST]) {
        fixture.cloud.edit(
            &json!({"edit": "createQueue", "name": name, "cuCount": 16, "tags": [{"key": "team", "value": "data"}]}),
        );
    }
    for name in ["colleague_link", TAKEN] {
        let made = json!({"edit": "createConnection", "name": name, "destVpcId": "their-vpc", "destNetworkId": "net", "tags": []});
        let id = fixture.cloud.edit(&made);
        fixture.cloud.edit(&json!({"edit": "setHosts", "id": id, "hosts": [{"name": "theirs", "ip": "10.9.9.9"}]}));
        fixture.cloud.edit(&json!({"edit": "bind", "id": id, "queue": COLLEAGUES[0]}));
    }
    fixture.until("what colleagues made is up", || {
        let (queues, connections) = (fixture.cloud.queues(), fixture.cloud.connections());
        let up = queues.iter().all(|q| q["available"] == true)
            && connections.iter().all(|c| entries(c).values().all(|state| state == "ACTIVE"));
        up.then(|| Foreign { queues, connections, bindings: BTreeSet::new() })
    })
}
