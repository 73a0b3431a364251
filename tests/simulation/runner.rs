//! A scenario under way.

use dli_operator::{
    core::Settings,
    dli::{ProjectId, RegionName},
    simulator::model::{Answers, Config, ConnectionTagFilter, Model, ProjectConfig, QueueTagFilter},
};

use crate::{
    faults::FaultKind,
    invariants::{End, Expect, QUIET, all_distinguishable, check},
    scenarios::{REGION, Scenario},
    scheduler::{Halt, Simulation},
};

/// Longest simulated time of a stage.
const LIMIT: u64 = 3 * 3_600_000;
/// So long without a write, and the next stage begins: longer than a refused key is left alone.
const CALM: u64 = 330_000;
/// More effects than any schedule needs: who makes so many goes round in circles.
const EFFORT: usize = 20_000;

/// A cloud of a variant of the undocumented answers, and what is elsewhere.
pub fn clouds(variant: u64, change: impl Fn(&mut Config)) -> (Model, Model) {
    let answers = match variant {
        0 => Answers::default(),
        seed => Answers::variant(seed),
    };
    let mut config = Config { seed: variant, answers, ..Config::default() };
    // Short enough that waiting is not most of the search; the order of things is the real one.
    config.durations.jitter_percent = 0;
    config.durations.queue_assigning = 12_000;
    config.durations.peering = 4_000;
    change(&mut config);
    let project = |id, region: &str| ProjectConfig {
        id: ProjectId::new(id),
        region: RegionName::new(region),
        ..ProjectConfig::default()
    };
    let mut elsewhere = config.clone();
    elsewhere.projects = vec![project("ffffffff", REGION), project("eeeeeeee", "cn-north-4")];
    (Model::new(config), Model::new(elsewhere))
}

/// Whether both lists can be filtered by tag.
fn filters_honoured(sim: &Simulation) -> bool {
    let answers = &sim.cloud.config().answers;
    answers.queue_tag_filter == QueueTagFilter::Honoured
        && answers.connection_tag_filter == ConnectionTagFilter::Honoured
}

/// A scenario and how far it has come.
#[derive(Clone)]
pub struct Run<'a> {
    pub sim: Simulation,
    scenario: &'a Scenario,
    stage: usize,
    until: u64,
    quiet: u64,
}

impl<'a> Run<'a> {
    pub fn new(scenario: &'a Scenario, variant: u64, tracing: bool) -> Self {
        let (cloud, elsewhere) = clouds(variant, scenario.config);
        let mut sim = Simulation::new(cloud, elsewhere);
        sim.tracing = tracing;
        sim.use_slots(scenario.slots);
        if scenario.clusters() > 1 {
            sim.add_cluster("c2", &Settings::default());
        }
        let mut run = Self { sim, scenario, stage: 0, until: 0, quiet: 0 };
        run.begin_stage();
        run
    }

    /// Performs the actions of the next stage.
    fn begin_stage(&mut self) {
        for action in &self.scenario.stages[self.stage] {
            action.perform(&mut self.sim);
        }
        let pause = self.scenario.pauses.get(self.stage).copied().flatten();
        self.stage += 1;
        (self.until, self.quiet) = match pause {
            Some(pause) => (self.sim.mono + pause, u64::MAX / 2),
            None if self.stage < self.scenario.stages.len() => (self.sim.mono + LIMIT, CALM),
            None => (self.sim.mono + LIMIT, QUIET),
        };
    }

    /// Goes on to the next effect boundary; `None` at the end.
    pub fn next(&mut self) -> Option<(usize, usize)> {
        while self.sim.problem.is_none() {
            match self.sim.proceed(self.until, self.quiet) {
                Halt::Boundary(..) if self.sim.effects >= EFFORT => {
                    self.sim.problem = Some(format!("no end in sight after {EFFORT} effects"));
                }
                Halt::Boundary(replica, running) => return Some((replica, running)),
                Halt::Reached if self.stage < self.scenario.stages.len() => self.begin_stage(),
                Halt::Reached => return None,
            }
        }
        None
    }

    /// To the end, with faults at these effects.
    pub fn finish(&mut self, faults: &[(usize, FaultKind)]) {
        while let Some((replica, running)) = self.next() {
            let fault = faults.iter().find(|(at, _)| *at == self.sim.effects).map(|(_, kind)| *kind);
            self.perform(replica, running, fault);
        }
    }

    /// Whether something is at stake if `kind` strikes at this boundary.
    pub fn may(&self, kind: FaultKind, replica: usize, running: usize) -> bool {
        let fits = match kind {
            FaultKind::StageBefore | FaultKind::StageAfter => {
                self.stage < self.scenario.stages.len() && !self.scenario.in_order
            }
            FaultKind::Vanished => !self.scenario.keeps && self.sim.just_guarded(replica, running),
            _ => true,
        };
        fits && !self.scenario.faultless && kind.matters(self.sim.pending(replica, running))
    }

    /// Performs the effect at a boundary.
    pub fn perform(&mut self, replica: usize, running: usize, fault: Option<FaultKind>) {
        let more = self.stage < self.scenario.stages.len();
        if fault == Some(FaultKind::StageBefore) && more {
            self.begin_stage();
            if self.sim.replicas[replica].dead {
                return;
            }
        }
        self.sim.perform(replica, running, fault);
        if fault == Some(FaultKind::StageAfter) && more {
            self.begin_stage();
        }
    }

    /// How many objects there are in its scenario.
    pub fn objects(&self) -> u64 {
        self.scenario.objects()
    }

    /// What is to be expected where `end` is how it ends without faults.
    pub fn expect<'e>(&self, end: &'e End) -> Expect<'e> {
        let struck = |kinds: &[FaultKind]| self.sim.struck.iter().any(|(_, kind)| kinds.contains(kind));
        // Where the credentials were lost with the replica, the end is another one, and says so.
        let lost = self.sim.clusters.iter().any(|c| c.secret.is_none()) && self.sim.leaving() > 0;
        // Who finds nothing to take over makes its own.
        let taken = self.scenario.name == "adopt" && struck(&[FaultKind::EmptyList, FaultKind::ShortList]);
        // A probe that was answered with a wrong empty list misleads until a restart (L-tag-1).
        let misled = struck(&[FaultKind::EmptyList, FaultKind::ShortList]) && !filters_honoured(&self.sim);
        // A schedule told in another order may end otherwise, and so does one whose object somebody deleted.
        let retold = struck(&[FaultKind::StageBefore, FaultKind::StageAfter, FaultKind::Vanished]);
        let same =
            !lost && !taken && !misled && !retold && !self.sim.overtaken_by_colleague && all_distinguishable(&self.sim);
        Expect { end: same.then_some(end), ..Expect::default() }
    }

    pub fn check(&self, expect: Expect<'_>) -> Result<(), String> {
        check(&self.sim, Expect { keeps: self.scenario.keeps, ..expect })
    }

    /// A number for all that the future depends on.
    pub fn state(&self) -> u64 {
        self.sim.state() ^ (self.stage as u64).rotate_left(40)
    }
}
