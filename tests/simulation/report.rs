//! What a search prints: counts, and for each kind of failure the command that plays it again.

use std::{collections::BTreeMap, ops::Range, time::Instant};

use crate::{
    effort::Effort,
    exhaustive::{Tally, bounded},
    faults::FaultKind,
    invariants,
    invariants::End,
    random_schedule::{self, RandomSchedule, random_schedule, shrink::shrink},
    runner::Run,
    scenarios::Scenario,
};

/// Most kinds of failures that are printed.
const MOST: usize = 40;

/// A number out of the environment.
pub fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// Plays one schedule and prints what happens: `SCENARIO VARIANT EFFECT:FAULT,…`, `random SEED` or `random SEED/LATENCY_SEED`.
pub fn replay(scenarios: &[Scenario], name: &str) {
    let mut words = name.split(' ');
    let first = words.next().unwrap_or_default();
    let second = words.next().unwrap_or_default();
    if first == "random" {
        return replay_random(random_schedule::named(second).expect("a seed as the second word"));
    }
    let variant = second.parse().expect("a number as the second word");
    let scenario = scenarios.iter().find(|s| s.name == first).expect("a scenario of that name");
    let faults = faults(words.next().unwrap_or_default()).expect("faults as the third word");
    let (run, more, verdict) = play(scenario, variant, &faults, true);
    println!("{}: {}", scenario.name, scenario.why);
    println!("{}", run.sim.trace.join("\n"));
    println!("{more} more than without faults");
    println!("verdict: {}", verdict.err().unwrap_or_else(|| "no problem".to_owned()));
}

/// Faults by their names: `EFFECT:FAULT,…`.
pub fn faults(names: &str) -> Option<Vec<(usize, FaultKind)>> {
    let named = names.split(',').filter_map(|fault| fault.split_once(':'));
    named.map(|(at, kind)| Some((at.parse().ok()?, FaultKind::by_name(kind)?))).collect()
}

/// Plays one schedule of a scenario and judges it as the search does; gives also what it took beyond the one without
/// faults.
pub fn play<'a>(
    scenario: &'a Scenario,
    variant: u64,
    faults: &[(usize, FaultKind)],
    tracing: bool,
) -> (Run<'a>, Effort, Result<(), String>) {
    let mut run = Run::new(scenario, variant, tracing);
    run.finish(faults);
    let mut plain = Run::new(scenario, variant, false);
    plain.finish(&[]);
    let more = Effort::of(&run.sim).beyond(Effort::of(&plain.sim));
    let verdict = run.check(run.expect(&End::of(&plain.sim))).and_then(|()| bounded(&run, more));
    (run, more, verdict)
}

fn replay_random(schedule: RandomSchedule) {
    let problem = schedule.check(&schedule.play(false));
    let (schedule, verdict) = match &problem {
        Ok(()) => (schedule, "no problem".to_owned()),
        Err(problem) => shrink(&schedule, problem),
    };
    println!("{}\n{}", random_schedule::describe(&schedule), schedule.play(true).trace.join("\n"));
    println!("verdict: {verdict}");
}

fn rate(count: u64, began: Instant) -> String {
    format!("{:.0} schedules a second", count as f64 / began.elapsed().as_secs_f64().max(0.001))
}

pub fn exploration(tally: &Tally, began: Instant) {
    println!("{} schedules, {} effects, {}", tally.schedules, tally.effects, rate(tally.schedules, began));
    println!("{} distinct states after a fault; {} faults led into a known one", tally.states, tally.pruned);
    println!("at most {} more than without faults", tally.most);
    let faults: Vec<String> = tally.by_fault.iter().map(|(kind, count)| format!("{kind:?} {count}")).collect();
    println!("by the last fault: {}", faults.join(", "));
    let failures = tally.failures.iter().map(|failure| {
        let kinds: Vec<String> = failure.faults.iter().map(|(_, kind)| format!("{kind:?}")).collect();
        (format!("{} {} ({})", failure.scenario, kinds.join("+"), failure.why), failure.name(), failure.problem.clone())
    });
    groups(failures.collect());
}

fn groups(failures: Vec<(String, String, String)>) {
    println!("{} violations; documented limits hit: {}", failures.len(), invariants::limit_hits());
    let mut groups: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for (group, name, problem) in failures {
        groups.entry(group).or_default().push((name, problem));
    }
    for (group, list) in groups.iter().take(MOST) {
        let problem: String = list[0].1.chars().take(300).collect();
        println!("{} x {group}\n    SIMULATION='{}'\n    {problem}", list.len(), list[0].0);
    }
}

/// Some random schedules.
#[derive(Debug, Default)]
pub struct Batch {
    schedules: u64,
    effects: u64,
    faults: u64,
    actions: u64,
    writes: u64,
    clusters: u64,
    most_calls: u64,
    longest: u64,
    pub failures: Vec<(u64, String)>,
}

impl Batch {
    pub fn of(seeds: Range<u64>) -> Self {
        let mut batch = Self::default();
        for seed in seeds {
            let schedule = random_schedule(seed);
            let sim = schedule.play(false);
            batch.schedules += 1;
            batch.effects += sim.effects as u64;
            batch.faults += sim.struck.len() as u64;
            batch.actions += schedule.actions.len() as u64;
            batch.writes += sim.remote_writes;
            batch.clusters += u64::from(sim.clusters.len() > 1);
            batch.most_calls = batch.most_calls.max(sim.remote_calls);
            batch.longest = batch.longest.max(sim.last_write.saturating_sub(sim.last_meddling));
            if let Err(problem) = schedule.check(&sim) {
                batch.failures.push((seed, problem));
            }
        }
        batch
    }
}

pub fn random(batches: Vec<Batch>, began: Instant) -> Batch {
    let mut all = Batch::default();
    for batch in batches {
        all.schedules += batch.schedules;
        all.effects += batch.effects;
        all.faults += batch.faults;
        all.actions += batch.actions;
        all.writes += batch.writes;
        all.clusters += batch.clusters;
        all.most_calls = all.most_calls.max(batch.most_calls);
        all.longest = all.longest.max(batch.longest);
        all.failures.extend(batch.failures);
    }
    println!("{} random schedules, {} effects, {}", all.schedules, all.effects, rate(all.schedules, began));
    println!(
        "{} actions of people, {} faults, {} remote writes; {} of them with two clusters",
        all.actions, all.faults, all.writes, all.clusters
    );
    println!("at most {} calls, and {} s from the last action to the last write", all.most_calls, all.longest / 1_000);
    let mut kinds: BTreeMap<String, Vec<(u64, String)>> = BTreeMap::new();
    for (seed, problem) in &all.failures {
        let kind: String = problem.chars().filter(|c| !c.is_ascii_digit()).take(90).collect();
        kinds.entry(kind).or_default().push((*seed, problem.clone()));
    }
    println!("{} violations; documented limits hit: {}", all.failures.len(), invariants::limit_hits());
    for list in kinds.values().take(MOST) {
        let (seed, problem) = &list[0];
        let (smaller, verdict) = shrink(&random_schedule(*seed), problem);
        println!(
            "{} x {problem}\n    SIMULATION='random {seed}', cut down:\n{}    {verdict}",
            list.len(),
            random_schedule::describe(&smaller)
        );
    }
    all
}
