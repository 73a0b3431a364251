//! Hunts each mutant of a mutated copy of the source. This file is compiled in that copy only.

use std::{fmt::Write, iter, time::Instant};

use dli_operator::mutant;

use crate::{
    exhaustive::{Extent, explore},
    faults::FaultKind,
    parallel::parallel,
    report::{faults, number, play},
    scenarios,
    random_schedule::{named, random_schedule},
};

/// How a hunt ended.
struct End {
    by: Option<String>,
    schedules: u64,
}

/// What found it the last time first; then scenarios with single faults, then random schedules, the same for every
/// mutant, up to the first failure.
fn hunt(name: usize, last: Option<&str>) -> End {
    mutant::choose(name);
    let mut schedules = 0;
    if let Some(name) = last.and_then(|last| last.strip_prefix("random ")) {
        let seed = name.split('/').next().unwrap_or(name);
        let latency_seeds = (0..number("MUTANTS_LATENCIES", 2_000)).map(|latency_seed| format!("{seed}/{latency_seed}"));
        for name in iter::once(name.to_owned()).chain(latency_seeds) {
            schedules += 1;
            let schedule = named(&name).unwrap();
            if let Err(problem) = schedule.check(&schedule.play(false)) {
                return End { by: Some(format!("random {name}: {problem}")), schedules };
            }
        }
    }
    if let Some((scenario, variant, faults)) = last.and_then(pair) {
        for scenario in scenarios::all().iter().filter(|other| other.name == scenario) {
            for moved in neighbours(&faults) {
                schedules += 1;
                if let Err(problem) = play(scenario, variant, &moved, false).2 {
                    let names: Vec<String> = moved.iter().map(|(at, kind)| format!("{at}:{kind:?}")).collect();
                    let by = format!("{} {variant} {}: {problem}", scenario.name, names.join(","));
                    return End { by: Some(by), schedules };
                }
            }
        }
        return End { by: None, schedules };
    }
    let (scenario, variant) = last.map(|last| last.split_once(' ').unwrap_or((last, "0"))).unwrap_or_default();
    for scenario in scenarios::all().iter().filter(|other| other.name == scenario) {
        // The vector that found it, then all others: a change of the operator moves its calls.
        for variant in iter::once(variant.parse().unwrap()).chain(0..number("MUTANTS_NEARBY", 64)) {
            let tally =
                explore(scenario, variant, Extent { singles: 1, firsts: 0, seconds: 0, offset: 0, first: true });
            schedules += tally.schedules;
            if let Some(failure) = tally.failures.first() {
                return End { by: Some(format!("{}: {}", failure.name(), failure.problem)), schedules };
            }
        }
    }
    for variant in 0..number("MUTANTS_VARIANTS", 2) {
        for scenario in scenarios::all() {
            // All of the assumed cloud, and samples of others.
            let singles = if variant == 0 { 1 } else { 5 };
            let extent = Extent { singles, firsts: 0, seconds: 0, offset: variant, first: true };
            let tally = explore(&scenario, variant, extent);
            schedules += tally.schedules;
            if let Some(failure) = tally.failures.first() {
                return End { by: Some(format!("{}: {}", failure.name(), failure.problem)), schedules };
            }
        }
    }
    for seed in 1..=number("MUTANTS_RANDOM", 3_000) {
        let schedule = random_schedule(seed);
        schedules += 1;
        if let Err(problem) = schedule.check(&schedule.play(false)) {
            return End { by: Some(format!("random {seed}: {problem}")), schedules };
        }
    }
    End { by: None, schedules }
}

/// A schedule with several faults, by its name: what takes several is found by itself only in hours.
fn pair(name: &str) -> Option<(&str, u64, Vec<(usize, FaultKind)>)> {
    let mut words = name.split(' ');
    let (scenario, variant, names) = (words.next()?, words.next()?, words.next()?);
    Some((scenario, variant.parse().ok()?, faults(names)?))
}

/// The schedule itself first, then those whose faults strike a few effects earlier or later: a change of the operator
/// moves its calls.
fn neighbours(faults: &[(usize, FaultKind)]) -> Vec<Vec<(usize, FaultKind)>> {
    const FAR: usize = 4;
    let mut all = vec![Vec::new()];
    for (at, kind) in faults {
        let from = at.saturating_sub(FAR);
        let near = iter::once(*at).chain((from..=at + FAR).filter(|other| other != at));
        let near: Vec<usize> = near.collect();
        let longer =
            |list: &Vec<_>| near.iter().map(|at| [list.as_slice(), &[(*at, *kind)]].concat()).collect::<Vec<_>>();
        all = all.iter().flat_map(longer).collect();
    }
    all
}

#[test]
fn every_mutant_is_killed() {
    let began = Instant::now();
    let mutants: Vec<(&str, Option<&str>)> = include_str!("mutants.txt")
        .lines()
        .map(|line| line.split_once('\t').map_or((line, None), |(name, last)| (name, Some(last))))
        .collect();
    let names: Vec<&str> = mutants.iter().map(|(name, _)| *name).collect();
    let only = std::env::var("MUTANTS_ONLY").ok();
    let all = std::env::var_os("MUTANTS_ALL").is_some();
    // First none at all: the copy is as good as the original.
    let job = |index: usize| {
        if index == 0 {
            mutant::choose(usize::MAX);
            let quiet = |s: &scenarios::Scenario| {
                explore(s, 0, Extent { singles: 9, firsts: 0, seconds: 0, offset: 0, first: true })
            };
            let failures: Vec<_> = scenarios::all().iter().flat_map(|s| quiet(s).failures).collect();
            assert!(failures.is_empty(), "the copy without mutants fails: {failures:?}");
            return None;
        }
        let by_unit_tests = mutants[index - 1].1.is_some_and(|last| last.starts_with("unit "));
        let wanted = !by_unit_tests
            && (all || mutants[index - 1].1 != Some("soak"))
            && only.as_deref().is_none_or(|only| only.split('|').any(|words| names[index - 1].contains(words)));
        let end = wanted.then(|| hunt(index - 1, mutants[index - 1].1));
        if let Some(end) = &end {
            println!("{}: {}", names[index - 1], end.by.as_deref().unwrap_or("NOTHING"));
        }
        end
    };
    let ends = parallel(names.len() + 1, job, |_| Vec::new());
    let mut table = String::from("| mutant | killed by | after schedules |\n| --- | --- | --- |\n");
    let mut survivors = Vec::new();
    let mut killed = 0;
    for (name, end) in names.iter().zip(ends.into_iter().skip(1)) {
        let Some(end) = end else { continue };
        let by = end.by.as_deref().map_or("NOTHING".to_owned(), |by| by.chars().take(150).collect());
        let _ = writeln!(table, "| {name} | {by} | {} |", end.schedules);
        match end.by {
            Some(_) => killed += 1,
            None => survivors.push(*name),
        }
    }
    println!("{table}");
    println!("{killed} of {} mutants killed, {} s", killed + survivors.len(), began.elapsed().as_secs());
    assert!(survivors.is_empty(), "survivors: {survivors:#?}");
}
