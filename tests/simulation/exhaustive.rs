//! Every fault at every effect boundary of a scenario, and every second fault after each first: depth first, from
//! copies of the world, so that what is common to two schedules is played once. A world that was seen before, to the
//! last bit, is not gone into again: all that follows is the same.

use std::{
    collections::{BTreeMap, HashSet},
    hash::BuildHasherDefault,
};

use crate::{
    effort::Effort,
    faults::FaultKind,
    fingerprint::Fingerprint,
    invariants::{End, Expect, leftover_said},
    runner::Run,
    scenarios::Scenario,
};

/// Later than so long after the last write, a second fault finds nothing that the first one does not.
const ACTIVE: u64 = 130_000;

/// What came of an exploration.
#[derive(Debug, Default)]
pub struct Tally {
    /// Schedules that were played to their end.
    pub schedules: u64,
    /// Schedules that led into a world that was known already.
    pub pruned: u64,
    /// Worlds that differ after a fault.
    pub states: u64,
    pub effects: u64,
    pub by_fault: BTreeMap<FaultKind, u64>,
    /// The most that schedules took beyond the one without faults.
    pub most: Effort,
    pub failures: Vec<Failure>,
}

#[derive(Clone, Debug)]
pub struct Failure {
    pub scenario: &'static str,
    /// What the scenario shows.
    pub why: &'static str,
    pub variant: u64,
    pub faults: Vec<(usize, FaultKind)>,
    pub problem: String,
}

impl Failure {
    pub fn name(&self) -> String {
        let faults: Vec<String> = self.faults.iter().map(|(at, kind)| format!("{at}:{kind:?}")).collect();
        format!("{} {} {}", self.scenario, self.variant, faults.join(","))
    }
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.schedules += other.schedules;
        self.pruned += other.pruned;
        self.states += other.states;
        self.effects += other.effects;
        for (kind, count) in other.by_fault {
            *self.by_fault.entry(kind).or_default() += count;
        }
        self.most = self.most.most(other.most);
        self.failures.extend(other.failures);
    }
}

/// How much to look at.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Every so many-th single fault.
    pub singles: u64,
    /// Every so many-th first fault of a pair; 0 for none.
    pub firsts: u64,
    /// After each of them, every so many-th second one.
    pub seconds: u64,
    /// Which of them.
    pub offset: u64,
    /// Stop at the first failure.
    pub first: bool,
}

struct Search<'a> {
    scenario: &'a Scenario,
    variant: u64,
    extent: Extent,
    seen: HashSet<u64, BuildHasherDefault<Fingerprint>>,
    end: End,
    plain: Effort,
    singles: u64,
    pairs: u64,
    tally: Tally,
}

/// Explores one scenario on one variant of the cloud.
pub fn explore(scenario: &Scenario, variant: u64, extent: Extent) -> Tally {
    let mut plain = Run::new(scenario, variant, false);
    plain.finish(&[]);
    let mut search = Search {
        scenario,
        variant,
        extent,
        seen: HashSet::default(),
        end: End::of(&plain.sim),
        plain: Effort::of(&plain.sim),
        singles: extent.offset,
        pairs: extent.offset,
        tally: Tally::default(),
    };
    search.tally.schedules = 1;
    search.tally.effects = plain.sim.effects as u64;
    if let Err(problem) = plain.check(Expect::default()) {
        search.fail(&plain, problem);
        return search.tally;
    }
    let mut run = Run::new(scenario, variant, false);
    search.branch(&mut run, 1);
    search.tally.states = search.seen.len() as u64;
    search.tally
}

/// What faults cost has an end.
pub fn bounded(run: &Run<'_>, more: Effort) -> Result<(), String> {
    // A stage that begins at once counts as one.
    let faults = run.sim.struck.len().max(1) as u64;
    // What a project says that it cannot delete goes on being refused.
    let longer = if leftover_said(&run.sim, "") { run.sim.mono } else { more.time };
    let bound = Effort::bound(faults, run.objects(), longer);
    match more.beyond(bound) == Effort::default() {
        true => Ok(()),
        false => Err(format!("it took {more} more than without faults, and may take {bound}")),
    }
}

impl Search<'_> {
    /// Goes along a run to its end, and off it at each boundary. `depth`: which fault the branches get.
    fn branch(&mut self, run: &mut Run<'_>, depth: u32) {
        while let Some((replica, running)) = run.next() {
            let active = run.sim.mono < run.sim.last_write + ACTIVE;
            for kind in FaultKind::ALL {
                if self.extent.first && !self.tally.failures.is_empty() {
                    return;
                }
                if !run.may(kind, replica, running) || (depth > 1 && !active) {
                    continue;
                }
                let (count, every) = match depth {
                    1 => (&mut self.singles, self.extent.singles),
                    _ => (&mut self.pairs, self.extent.seconds),
                };
                *count += 1;
                let chosen = every > 0 && count.is_multiple_of(every);
                let first = depth == 1 && active && self.extent.firsts > 0;
                let deeper = first && self.singles.is_multiple_of(self.extent.firsts);
                if !chosen && !deeper {
                    continue;
                }
                let mut other = run.clone();
                other.perform(replica, running, Some(kind));
                if !self.seen.insert(other.state()) {
                    self.tally.pruned += 1;
                    continue;
                }
                if deeper {
                    self.branch(&mut other.clone(), 2);
                }
                if chosen {
                    other.finish(&[]);
                    self.check(&other, kind);
                }
            }
            run.sim.perform(replica, running, None);
        }
    }

    fn check(&mut self, run: &Run<'_>, kind: FaultKind) {
        let tally = &mut self.tally;
        tally.schedules += 1;
        tally.effects += run.sim.effects as u64;
        *tally.by_fault.entry(kind).or_default() += 1;
        let more = Effort::of(&run.sim).beyond(self.plain);
        tally.most = tally.most.most(more);
        let verdict = run.check(run.expect(&self.end));
        if let Err(problem) = verdict.and_then(|()| bounded(run, more)) {
            self.fail(run, problem);
        }
    }

    fn fail(&mut self, run: &Run<'_>, problem: String) {
        self.tally.failures.push(Failure {
            scenario: self.scenario.name,
            why: self.scenario.why,
            variant: self.variant,
            faults: run.sim.struck.clone(),
            problem,
        });
    }
}
