//! Does it survive? Every scenario, every effect boundary, every fault, over the production `step`.
//!
//! Kubernetes and DLI are models; a crash drops the world and all passes and keeps the two models; two leaders are two
//! worlds. What is judged is the state of the two models at the end, never what the operator said it did.
//!
//! Replay one: `FAULT_SEARCH='scenario effect-number FaultKind variant' cargo test --test fault_search -- --nocapture`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, missing_docs)]

mod kube;
mod oracles;
mod scenarios;
mod sim;

use std::collections::BTreeMap;

use dli_operator::simulator::{Answers, Config, Model};
use oracles::{End, judge};
use scenarios::Scenario;
use sim::{Fault, FaultKind, Sim};

/// Longest simulated time of a stage.
const LIMIT: u64 = 3 * 3_600_000;
/// So long without a write on either side, and a world is quiet: longer than any retry.
const QUIET: u64 = 15 * 60_000;

fn cloud(variant: u64) -> Model {
    let answers = match variant {
        0 => Answers::default(),
        seed => Answers::variant(seed),
    };
    let mut config = Config { seed: variant, answers, ..Config::default() };
    // Short enough that waiting is not most of the search; the order of things is the real one.
    config.durations.jitter_percent = 0;
    config.durations.queue_assigning = 12_000;
    config.durations.peering = 4_000;
    Model::new(config)
}

fn play(scenario: &Scenario, variant: u64, faults: Vec<Fault>, tracing: bool) -> Sim {
    let mut sim = Sim::new(cloud(variant), faults);
    sim.tracing = tracing;
    for (index, stage) in scenario.stages.iter().enumerate() {
        if index > 0 {
            let until = match scenario.pauses[index - 1] {
                Some(pause) => sim.mono + pause,
                None => sim.mono + LIMIT,
            };
            let quiet = if scenario.pauses[index - 1].is_some() { u64::MAX / 2 } else { QUIET };
            sim.run(until, quiet);
        }
        for action in stage {
            action.act(&mut sim);
        }
    }
    let until = sim.mono + LIMIT;
    sim.run(until, QUIET);
    sim
}

fn variants() -> Vec<u64> {
    std::env::var("FAULT_SEARCH_VARIANTS")
        .ok()
        .and_then(|n| n.parse().ok())
        .map_or_else(|| (0..4).collect(), |n| (0..n).collect())
}

/// Of the effect boundaries, every so many-th is tried: all of them in an optimised build, a sample in a debug build, so
/// that the inner loop stays short.
fn stride() -> usize {
    let default = if cfg!(debug_assertions) { 97 } else { 1 };
    std::env::var("FAULT_SEARCH_STRIDE").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

fn explain(scenario: &Scenario, variant: u64, fault: Option<Fault>) -> String {
    let sim = play(scenario, variant, fault.into_iter().collect(), true);
    sim.trace.join("\n")
}

#[test]
fn no_single_fault_leaks_doubles_takes_or_hangs() {
    let replay = std::env::var("FAULT_SEARCH").ok();
    let mut runs = 0u64;
    let mut effects = 0u64;
    let mut by_fault: BTreeMap<FaultKind, u64> = BTreeMap::new();
    let mut failures = Vec::new();
    let mut worst_wait = 0u64;
    let mut worst_calls = 0u64;
    for scenario in scenarios::all() {
        for variant in variants() {
            let plain = play(&scenario, variant, Vec::new(), false);
            let end = End::of(&plain);
            if let Err(fault) = judge(&plain, &scenario, None) {
                failures.push(format!("{} variant {variant} without faults: {fault}", scenario.name));
                if replay.as_deref() == Some(scenario.name) {
                    println!("{}", explain(&scenario, variant, None));
                }
                continue;
            }
            runs += 1;
            for at in 0..plain.effects {
                for kind in FaultKind::ALL {
                    let number = at * FaultKind::ALL.len() + kind as usize;
                    if replay.is_none() && !number.is_multiple_of(stride()) {
                        continue;
                    }
                    if let Some(replay) = &replay
                        && *replay != format!("{} {at} {kind:?} {variant}", scenario.name)
                    {
                        continue;
                    }
                    let fault = Fault { at, kind };
                    let sim = play(&scenario, variant, vec![fault], false);
                    runs += 1;
                    effects += sim.effects as u64;
                    *by_fault.entry(kind).or_default() += 1;
                    worst_wait = worst_wait.max(sim.last_write.saturating_sub(plain.last_write));
                    worst_calls = worst_calls.max(sim.remote_writes.saturating_sub(plain.remote_writes));
                    if let Err(problem) = judge(&sim, &scenario, Some(&end)) {
                        failures.push(format!("FAULT_SEARCH='{} {at} {kind:?} {variant}': {problem}", scenario.name));
                        if replay.is_some() {
                            println!("{}", explain(&scenario, variant, Some(fault)));
                        }
                    }
                }
            }
        }
    }
    println!("{runs} schedules, {effects} effects, {} variants of undocumented answers", variants().len());
    println!("at most {worst_calls} more remote writes and {} s more than without the fault", worst_wait / 1000);
    for (kind, count) in &by_fault {
        println!("  {kind:?}: {count}");
    }
    println!("{} leaks, duplicates, foreign touches, hangs or other ends", failures.len());
    let mut groups: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for failure in &failures {
        let (schedule, problem) = failure.split_once("': ").unwrap_or(("", failure));
        let mut words = schedule.split(' ');
        let scenario = words.next().unwrap_or_default();
        let kind = words.nth(1).unwrap_or_default();
        let problem: String = problem.chars().take(160).collect();
        groups.entry(format!("{scenario} {kind}: {problem}")).or_default().push(failure);
    }
    for (group, list) in groups.iter().take(80) {
        println!("{} x {group}\n    first: {}", list.len(), list[0].chars().take(700).collect::<String>());
    }
    assert!(failures.is_empty(), "{} failures", failures.len());
}
