//! Random schedules: several objects, several writers, faults, latencies, clocks and undocumented answers, all from one
//! seed.

use std::fmt::Write;

use dli_operator::{
    core::{ObjectKind, Settings},
    simulator::Answers,
};
use serde_json::{Value, json};

use crate::{
    acts::{Act, Colleague, connection_spec, merged},
    dice::Dice,
    faults::FaultKind,
    oracles::{Expect, QUIET, judge},
    scenarios::REGION,
    script::clouds,
    sim::{BEGINNING, Halt, Sim},
};

/// Longest simulated time of a story.
const LIMIT: u64 = 8 * 3_600_000;
/// More effects than any story needs.
const EFFORT: usize = 40_000;

/// One random schedule as data: it can be printed and cut down.
#[derive(Clone, Debug)]
pub struct Story {
    pub seed: u64,
    /// Which answers of the cloud differ from the assumed ones: dimension and answer.
    pub answers: Vec<(usize, usize)>,
    pub queue_assigning: i64,
    pub peering: i64,
    pub list_lag: i64,
    pub slots: usize,
    /// Latencies and order by chance.
    pub chance: bool,
    /// Who does what, and when, in milliseconds from the beginning.
    pub acts: Vec<(u64, Act)>,
    pub faults: Vec<(usize, FaultKind)>,
    /// Everything that is left at the end is to be Ready.
    pub all_ready: bool,
    /// How it is told: with which latencies.
    telling: u64,
}

struct Writer {
    dice: Dice,
    acts: Vec<(u64, Act)>,
    queues: Vec<String>,
    connections: Vec<String>,
    clusters: usize,
    secret: u64,
    all_ready: bool,
}

/// Questions that a story's own dice answer. Those that were added later have dice of their own, so that a new switch does
/// not make another story of every seed.
const FIRST_QUESTIONS: usize = 107;

pub fn story(seed: u64) -> Story {
    let mut dice = Dice::new(seed);
    let mut later = Dice::new(!seed);
    let mut answers = Vec::new();
    for (dimension, question) in Answers::DIMENSIONS.iter().enumerate() {
        let dice = if dimension < FIRST_QUESTIONS { &mut dice } else { &mut later };
        // Mostly near what is assumed, so that each difference has to do with few others.
        if dice.once_in(4) {
            answers.push((dimension, dice.roll(question.variants.len() as u64) as usize));
        }
    }
    let queues = (1..=dice.between(1, 3)).map(|n| format!("q{n}")).collect();
    let connections = (1..=dice.between(0, 2)).map(|n| format!("c{n}")).collect();
    let queue_assigning = dice.between(1_000, 120_000) as i64;
    let peering = dice.between(500, 40_000) as i64;
    let list_lag = dice.between(500, 30_000) as i64;
    let slots = dice.between(1, 4) as usize;
    let chance = !dice.once_in(4);
    let clusters = if dice.once_in(6) { 2 } else { 1 };
    let mut writer =
        Writer { dice, acts: Vec::new(), queues, connections, clusters, secret: 1, all_ready: clusters == 1 };
    writer.write();
    let Writer { mut dice, mut acts, all_ready, .. } = writer;
    acts.sort_by_key(|(at, _)| *at);
    let mut faults: Vec<(usize, FaultKind)> =
        (0..dice.roll(5)).map(|_| (dice.roll(120) as usize, *dice.pick(FaultKind::anywhere()))).collect();
    faults.sort();
    faults.dedup_by_key(|(at, _)| *at);
    Story { seed, answers, queue_assigning, peering, list_lag, slots, chance, acts, faults, all_ready, telling: 0 }
}

impl Writer {
    fn write(&mut self) {
        let length = *self.dice.pick(&[20_000, 120_000, 400_000, 1_500_000]);
        // The clocks of the machine and of the cloud may be far apart; the cloud's own goes on evenly.
        if self.dice.once_in(6) {
            let ms = *self.dice.pick(&[-7_200_000, -60_000, 60_000, 7_200_000]);
            self.add(0, Act::ServerClock(ms));
        }
        // A colleague may have been there first.
        if self.dice.once_in(5) {
            self.add(0, Act::Console(Colleague::CreateQueue(self.queues[0].clone())));
            self.all_ready = false;
        }
        if self.dice.once_in(8) && !self.connections.is_empty() {
            self.add(0, Act::Console(Colleague::CreateConnection(self.connections[0].clone())));
            self.all_ready = false;
        }
        for cluster in 0..self.clusters {
            let from = self.dice.roll(3_000);
            self.apply(from, cluster, ObjectKind::Project, "default", json!({"region": REGION}));
            for name in self.queues.clone() {
                let at = self.dice.roll(8_000);
                self.queue(at, cluster, &name);
            }
            for name in self.connections.clone() {
                let at = self.dice.roll(20_000);
                self.connection(at, cluster, &name);
            }
        }
        if self.dice.once_in(8) {
            self.add(1, Act::Reapply);
        }
        for _ in 0..self.dice.roll(9) {
            let at = self.dice.roll(length);
            self.something(at);
        }
        // In the end the cloud can be reached again.
        let end = length + 30_000;
        self.add(end, Act::Limit(None));
        for cluster in 0..self.clusters {
            self.add(end, Act::Secret { cluster, version: Some(self.secret) });
        }
        if self.dice.once_in(2) {
            self.farewell(end);
        } else {
            self.add(end, Act::Nothing);
        }
    }

    fn add(&mut self, at: u64, act: Act) {
        self.acts.push((at, act));
    }

    fn apply(&mut self, at: u64, cluster: usize, kind: ObjectKind, name: &str, spec: Value) {
        self.add(at, Act::Apply { cluster, kind, name: name.to_owned(), spec });
    }

    fn queue(&mut self, at: u64, cluster: usize, name: &str) {
        let mut spec = json!({"cuCount": 16});
        if self.dice.once_in(12) {
            spec = merged(spec, json!({"adoptionPolicy": "Always", "deletionPolicy": "Delete"}));
        }
        self.apply(at, cluster, ObjectKind::Queue, name, spec);
    }

    fn connection(&mut self, at: u64, cluster: usize, name: &str) {
        let mut queues = self.queues.clone();
        let dice = &mut self.dice;
        queues.retain(|_| dice.once_in(2));
        let refs: Vec<Value> = queues
            .iter()
            .map(|n| if self.dice.once_in(3) { json!({"queueName": n}) } else { json!({"ref": {"name": n}}) })
            .collect();
        let mut spec = connection_spec(json!({"queues": refs}));
        if self.dice.once_in(3) {
            spec["hosts"] = json!([{"name": "two", "ip": "192.168.0.2"}]);
        }
        if self.dice.once_in(12) {
            spec = merged(spec, json!({"adoptionPolicy": "Always", "deletionPolicy": "Delete"}));
        }
        self.apply(at, cluster, ObjectKind::Connection, name, spec);
    }

    fn any(&mut self) -> (ObjectKind, String) {
        let dice = &mut self.dice;
        if self.connections.is_empty() || dice.once_in(2) {
            (ObjectKind::Queue, dice.pick(&self.queues).clone())
        } else {
            (ObjectKind::Connection, dice.pick(&self.connections).clone())
        }
    }

    fn put(&mut self, at: u64, cluster: usize, kind: ObjectKind, name: &str) {
        match kind {
            ObjectKind::Queue => self.queue(at, cluster, name),
            _ => self.connection(at, cluster, name),
        }
    }

    fn something(&mut self, at: u64) {
        let cluster = self.dice.roll(self.clusters as u64) as usize;
        let (kind, name) = self.any();
        match self.dice.roll(16) {
            0..=2 => self.put(at, cluster, kind, &name),
            3 | 4 => {
                self.add(at, Act::Delete { cluster, kind, name: name.clone() });
                let back = at + *self.dice.pick(&[300, 5_000, 90_000, 400_000]);
                match self.dice.roll(4) {
                    0 => {}
                    1 => self.add(back, Act::Restore { cluster, kind, name }),
                    _ => self.put(back, cluster, kind, &name),
                }
            }
            5 => self.add(at, Act::Delete { cluster, kind, name }),
            6..=9 => self.console(at),
            10 => {
                self.secret += 1;
                self.add(at, Act::Secret { cluster, version: Some(self.secret) });
            }
            11 => {
                self.add(at, Act::Secret { cluster, version: *self.dice.clone().pick(&[None, Some(100)]) });
                let back = at + self.dice.roll(200_000);
                self.add(back, Act::Secret { cluster, version: Some(self.secret) });
            }
            12 => {
                // From one to another by 4 s at the most: what has no readable mark is told from another's by its age,
                // with 5 s of tolerance.
                let ms = *self.dice.pick(&[-2_000, -1_000, 1_000, 2_000]);
                self.add(at, Act::ServerClock(ms));
            }
            13 => {
                let calls = self.dice.between(3, 60) as u32;
                self.add(at, Act::Limit(Some(calls)));
            }
            14 => {
                let to = format!("{name}copy");
                let field = if kind == ObjectKind::Queue { "queueName" } else { "connectionName" };
                self.all_ready = false;
                self.add(
                    at,
                    Act::Copy { cluster, kind, from: name.clone(), to: to.clone(), fields: json!({field: name}) },
                );
                let later = at + self.dice.roll(200_000);
                self.add(later, Act::Delete { cluster, kind, name: to });
            }
            _ => self.add(at, Act::Nothing),
        }
    }

    fn console(&mut self, at: u64) {
        let queue = self.dice.pick(&self.queues).clone();
        let connection = match self.connections.is_empty() {
            true => "c1".to_owned(),
            false => self.dice.pick(&self.connections).clone(),
        };
        let act = match self.dice.roll(9) {
            0 | 1 => Colleague::DeleteQueue(queue),
            2 | 3 => Colleague::DeleteConnection(connection),
            4 => Colleague::Unbind(connection, queue),
            5 => {
                let theirs = "theirs".to_owned();
                self.add(at, Act::Console(Colleague::CreateQueue(theirs.clone())));
                Colleague::Bind(connection, theirs)
            }
            6 => Colleague::SetHosts(connection),
            7 => {
                self.all_ready = false;
                Colleague::CreateConnection(connection)
            }
            _ => {
                self.add(at, Act::Console(Colleague::FailPeering(connection.clone(), queue.clone())));
                let later = at + self.dice.roll(100_000);
                self.add(later, Act::Console(Colleague::HealPeering(connection, queue)));
                return;
            }
        };
        self.add(at, Act::Console(act));
    }

    /// All goes, in some order.
    fn farewell(&mut self, end: u64) {
        self.acts.retain(|(_, act)| !matches!(act, Act::Reapply));
        let mut all: Vec<(ObjectKind, String)> = Vec::new();
        all.extend(self.queues.iter().map(|n| (ObjectKind::Queue, n.clone())));
        all.extend(self.connections.iter().map(|n| (ObjectKind::Connection, n.clone())));
        for cluster in 0..self.clusters {
            for (kind, name) in all.clone() {
                // A tool that brings things back late is no user of this story.
                let at = end + 500_000 + self.dice.roll(3_000);
                self.add(at, Act::Delete { cluster, kind, name });
            }
        }
    }
}

/// The schedule of a name: `SEED`, or `SEED/TELLING`.
pub fn named(name: &str) -> Option<Story> {
    let (seed, telling) = name.split_once('/').unwrap_or((name, "0"));
    Some(story(seed.parse().ok()?).told(telling.parse().ok()?))
}

impl Story {
    /// The same story with other latencies, and its faults some effects later. Where a change of the operator moves its
    /// calls, the story that a seed stands for no longer shows what it was found for; one of its tellings may.
    pub fn told(mut self, telling: u64) -> Self {
        for (at, _) in &mut self.faults {
            *at += (telling % 8) as usize;
        }
        self.telling = telling;
        self
    }

    /// Plays it to its end.
    pub fn play(&self, tracing: bool) -> Sim {
        let (cloud, elsewhere) = clouds(0, |config| {
            config.seed = self.seed;
            for (dimension, answer) in &self.answers {
                config.answers.choose(*dimension, *answer);
            }
            config.durations.queue_assigning = self.queue_assigning;
            config.durations.peering = self.peering;
            config.durations.list_lag = self.list_lag;
        });
        let mut sim = Sim::new(cloud, elsewhere);
        sim.tracing = tracing;
        sim.use_slots(self.slots);
        sim.dice = self.chance.then(|| Dice::new(self.seed ^ 0x5EED ^ (self.telling << 32)));
        let clusters = self.acts.iter().map(|(_, act)| act.cluster()).max().unwrap_or(0);
        for number in 0..clusters {
            sim.add_cluster(&format!("c{}", number + 2), &Settings::default());
        }
        let mut acts = self.acts.iter().peekable();
        while sim.problem.is_none() {
            let (until, quiet) = match acts.peek() {
                Some((at, _)) => (BEGINNING + at, u64::MAX / 2),
                None => (BEGINNING + LIMIT, QUIET),
            };
            match sim.proceed(until, quiet) {
                Halt::Boundary(..) if sim.effects >= EFFORT => {
                    sim.problem = Some(format!("no end in sight after {EFFORT} effects"));
                }
                Halt::Boundary(process, running) => {
                    let fault = self.faults.iter().find(|(at, _)| *at == sim.effects).map(|(_, kind)| *kind);
                    let fault = fault.filter(|kind| kind.matters(sim.pending(process, running)));
                    sim.perform(process, running, fault);
                }
                Halt::Reached => match acts.next() {
                    Some((_, act)) => act.act(&mut sim),
                    None => break,
                },
            }
        }
        sim
    }

    pub fn judge(&self, sim: &Sim) -> Result<(), String> {
        judge(sim, Expect { all_ready: self.all_ready, ..Expect::default() })
    }
}

/// The kind of a problem: what stays the same while a story is cut down. Numbers and names may change.
fn kind(problem: &str) -> String {
    let plain = |c: char| !c.is_ascii_digit();
    let text: String = problem.chars().filter(|c| plain(*c)).collect();
    match text.find(" Synced=") {
        Some(end) => text[..end].to_owned(),
        None => text.chars().take(60).collect(),
    }
}

/// Takes away what the problem does not need.
pub fn shrink(story: &Story, problem: &str) -> (Story, String) {
    let wanted = kind(problem);
    let mut best = (story.clone(), problem.to_owned());
    let fails = |story: &Story| story.judge(&story.play(false)).err().filter(|p| kind(p) == wanted);
    loop {
        let mut smaller = false;
        for candidate in candidates(&best.0) {
            if let Some(problem) = fails(&candidate) {
                best = (candidate, problem);
                smaller = true;
                break;
            }
        }
        if !smaller {
            return best;
        }
    }
}

/// Whether it is by this act that the cloud can be reached in the end. Without it, another problem would be told of.
fn heals(story: &Story, index: usize) -> bool {
    let later = |same: &dyn Fn(&Act) -> bool| story.acts[index + 1..].iter().any(|(_, act)| same(act));
    match &story.acts[index].1 {
        Act::Limit(None) => !later(&|act| matches!(act, Act::Limit(_))),
        Act::Secret { cluster, .. } => {
            !later(&|act| matches!(act, Act::Secret { cluster: other, .. } if other == cluster))
        }
        _ => false,
    }
}

fn candidates(story: &Story) -> Vec<Story> {
    let mut list = Vec::new();
    let mut with = |change: &dyn Fn(&mut Story)| {
        let mut candidate = story.clone();
        change(&mut candidate);
        list.push(candidate);
    };
    if story.chance {
        with(&|s| s.chance = false);
    }
    if story.slots > 1 {
        with(&|s| s.slots = 1);
    }
    if !story.answers.is_empty() {
        with(&|s| s.answers.clear());
    }
    for index in (0..story.acts.len()).rev().filter(|index| !heals(story, *index)) {
        with(&|s| drop(s.acts.remove(index)));
    }
    for index in 0..story.faults.len() {
        with(&|s| s.faults.retain(|fault| *fault != story.faults[index]));
    }
    for index in 0..story.answers.len() {
        with(&|s| s.answers.retain(|answer| *answer != story.answers[index]));
    }
    list
}

/// What is left of a story, for a person.
pub fn tell(story: &Story) -> String {
    let answers: Vec<String> = story
        .answers
        .iter()
        .map(|(dimension, answer)| {
            let question = &Answers::DIMENSIONS[*dimension];
            format!("{}={}", question.name, question.variants[*answer].0)
        })
        .collect();
    let mut text = format!(
        "cloud: {}; queues take {} ms, peerings {} ms, lists lag {} ms\n{} passes at a time{}\n",
        if answers.is_empty() { "as assumed".to_owned() } else { answers.join(" ") },
        story.queue_assigning,
        story.peering,
        story.list_lag,
        story.slots,
        if story.chance { ", latencies by chance" } else { "" }
    );
    for (at, act) in &story.acts {
        let _ = writeln!(text, "{:>9.3} s {act:?}", *at as f64 / 1_000.0);
    }
    for (at, kind) in &story.faults {
        let _ = writeln!(text, "fault at effect {at}: {kind:?}");
    }
    text
}
