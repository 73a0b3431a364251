//! Random schedules: several objects, several writers, faults, latencies, clocks and undocumented answers, all from one
//! seed.

mod generator;
pub mod shrink;

use std::fmt::Write;

use dli_operator::{core::Settings, simulator::Answers};

use crate::{
    actions::Action,
    faults::FaultKind,
    invariants::{Expect, QUIET, check},
    rng::Rng,
    runner::clouds,
    scheduler::{BEGINNING, Halt, Simulation},
};

use generator::Generator;

/// Longest simulated time of a schedule.
const LIMIT: u64 = 8 * 3_600_000;
/// More effects than any schedule needs.
const EFFORT: usize = 40_000;

/// One random schedule as data: it can be printed and cut down.
#[derive(Clone, Debug)]
pub struct RandomSchedule {
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
    pub actions: Vec<(u64, Action)>,
    pub faults: Vec<(usize, FaultKind)>,
    /// Everything that is left at the end is to be Ready.
    pub all_ready: bool,
    /// Seed of its latencies.
    latency_seed: u64,
}

/// Questions that a schedule's own rng answer. Those that were added later have rng of their own, so that a new switch does
/// not make another schedule of every seed.
const FIRST_QUESTIONS: usize = 107;

pub fn random_schedule(seed: u64) -> RandomSchedule {
    let mut rng = Rng::new(seed);
    let mut later = Rng::new(!seed);
    let mut answers = Vec::new();
    for (dimension, question) in Answers::DIMENSIONS.iter().enumerate() {
        let rng = if dimension < FIRST_QUESTIONS { &mut rng } else { &mut later };
        // Mostly near what is assumed, so that each difference has to do with few others.
        if rng.once_in(4) {
            answers.push((dimension, rng.roll(question.variants.len() as u64) as usize));
        }
    }
    let queues = (1..=rng.between(1, 3)).map(|n| format!("q{n}")).collect();
    let connections = (1..=rng.between(0, 2)).map(|n| format!("c{n}")).collect();
    let queue_assigning = rng.between(1_000, 120_000) as i64;
    let peering = rng.between(500, 40_000) as i64;
    let list_lag = rng.between(500, 30_000) as i64;
    let slots = rng.between(1, 4) as usize;
    let chance = !rng.once_in(4);
    let clusters = if rng.once_in(6) { 2 } else { 1 };
    let mut generator =
        Generator { rng, actions: Vec::new(), queues, connections, clusters, secret: 1, all_ready: clusters == 1 };
    generator.write();
    let Generator { mut rng, mut actions, all_ready, .. } = generator;
    actions.sort_by_key(|(at, _)| *at);
    let mut faults: Vec<(usize, FaultKind)> =
        (0..rng.roll(5)).map(|_| (rng.roll(120) as usize, *rng.pick(FaultKind::anywhere()))).collect();
    faults.sort();
    faults.dedup_by_key(|(at, _)| *at);
    RandomSchedule {
        seed,
        answers,
        queue_assigning,
        peering,
        list_lag,
        slots,
        chance,
        actions,
        faults,
        all_ready,
        latency_seed: 0,
    }
}

/// The schedule of a name: `SEED`, or `SEED/LATENCY_SEED`.
pub fn named(name: &str) -> Option<RandomSchedule> {
    let (seed, latency_seed) = name.split_once('/').unwrap_or((name, "0"));
    Some(random_schedule(seed.parse().ok()?).with_latencies(latency_seed.parse().ok()?))
}

impl RandomSchedule {
    /// The same schedule with other latencies, and its faults some effects later. Where a change of the operator moves its
    /// calls, the schedule that a seed stands for no longer shows what it was found for; one of its latency seeds may.
    pub fn with_latencies(mut self, latency_seed: u64) -> Self {
        for (at, _) in &mut self.faults {
            *at += (latency_seed % 8) as usize;
        }
        self.latency_seed = latency_seed;
        self
    }

    /// Plays it to its end.
    pub fn play(&self, tracing: bool) -> Simulation {
        let (cloud, elsewhere) = clouds(0, |config| {
            config.seed = self.seed;
            for (dimension, answer) in &self.answers {
                config.answers.choose(*dimension, *answer);
            }
            config.durations.queue_assigning = self.queue_assigning;
            config.durations.peering = self.peering;
            config.durations.list_lag = self.list_lag;
        });
        let mut sim = Simulation::new(cloud, elsewhere);
        sim.tracing = tracing;
        sim.use_slots(self.slots);
        sim.rng = self.chance.then(|| Rng::new(self.seed ^ 0x5EED ^ (self.latency_seed << 32)));
        let clusters = self.actions.iter().map(|(_, action)| action.cluster()).max().unwrap_or(0);
        for number in 0..clusters {
            sim.add_cluster(&format!("c{}", number + 2), &Settings::default());
        }
        let mut actions = self.actions.iter().peekable();
        while sim.problem.is_none() {
            let (until, quiet) = match actions.peek() {
                Some((at, _)) => (BEGINNING + at, u64::MAX / 2),
                None => (BEGINNING + LIMIT, QUIET),
            };
            match sim.proceed(until, quiet) {
                Halt::Boundary(..) if sim.effects >= EFFORT => {
                    sim.problem = Some(format!("no end in sight after {EFFORT} effects"));
                }
                Halt::Boundary(replica, running) => {
                    let fault = self.faults.iter().find(|(at, _)| *at == sim.effects).map(|(_, kind)| *kind);
                    let fault = fault.filter(|kind| kind.matters(sim.pending(replica, running)));
                    sim.perform(replica, running, fault);
                }
                Halt::Reached => match actions.next() {
                    Some((_, action)) => action.perform(&mut sim),
                    None => break,
                },
            }
        }
        sim
    }

    pub fn check(&self, sim: &Simulation) -> Result<(), String> {
        check(sim, Expect { all_ready: self.all_ready, ..Expect::default() })
    }
}

/// What is left of a schedule, for a person.
pub fn describe(schedule: &RandomSchedule) -> String {
    let answers: Vec<String> = schedule
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
        schedule.queue_assigning,
        schedule.peering,
        schedule.list_lag,
        schedule.slots,
        if schedule.chance { ", latencies by chance" } else { "" }
    );
    for (at, action) in &schedule.actions {
        let _ = writeln!(text, "{:>9.3} s {action:?}", *at as f64 / 1_000.0);
    }
    for (at, kind) in &schedule.faults {
        let _ = writeln!(text, "fault at effect {at}: {kind:?}");
    }
    text
}
