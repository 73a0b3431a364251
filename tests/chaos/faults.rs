//! What goes wrong in a round.

use std::{fmt, time::Duration};

use crate::{fault_proxy::LineFault, processes::Operator, rng::Rng, runner::Runner};

/// Kinds of runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// SIGKILL of the operator.
    Kill,
    /// SIGSTOP of the leader past its lease; another one takes over; SIGCONT.
    Pause,
    /// The API server is restarted; etcd keeps its data.
    ApiServer,
    /// The cloud stands still for a while, with calls in its ears.
    CloudStops,
    /// The cloud's process is killed and starts again with what it knew.
    CloudRestarts,
    /// Replies and requests break off.
    Cuts,
    /// Replies come too late.
    Stalls,
    /// Nobody answers at the cloud's address.
    Refused,
}

impl Kind {
    pub const ALL: [Self; 8] = [
        Self::Kill,
        Self::Pause,
        Self::ApiServer,
        Self::CloudStops,
        Self::CloudRestarts,
        Self::Cuts,
        Self::Stalls,
        Self::Refused,
    ];

    /// So many rounds: each kind before any comes again, and killing twice as often as the others.
    pub fn schedule(rounds: usize, rng: &mut Rng) -> Vec<Self> {
        let mut schedule = Vec::new();
        while schedule.len() < rounds {
            let mut next: Vec<Self> = Self::ALL.into_iter().chain([Self::Kill]).collect();
            rng.shuffle(&mut next);
            schedule.extend(next);
        }
        schedule.truncate(rounds);
        schedule
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kill => "kill",
            Self::Pause => "pause",
            Self::ApiServer => "api-server",
            Self::CloudStops => "cloud-stops",
            Self::CloudRestarts => "cloud-restarts",
            Self::Cuts => "cuts",
            Self::Stalls => "stalls",
            Self::Refused => "refused",
        })
    }
}

/// Injects the fault and ends it again.
pub fn inject(runner: &mut Runner, kind: Kind, rng: &mut Rng) {
    let (long, short) = (rng.roll(2_000) as u64, rng.roll(500) as u64);
    match kind {
        Kind::Kill => {
            runner.fixture.operator().kill();
            runner.rest(short);
            runner.fixture.start_operator();
        }
        Kind::Pause => pause(runner, long),
        Kind::ApiServer => {
            if rng.chance(50) {
                runner.fixture.cluster().signal("USR1");
                runner.rest(long);
            }
            runner.fixture.cluster().signal("HUP");
            // Until then it may still be the old one that answers.
            runner.rest(1_000);
            runner.until("the API server is back", |runner| runner.readings.objects().is_some());
        }
        Kind::CloudStops => {
            runner.fixture.cloud.signal("STOP");
            runner.nap(1_000 + long);
            runner.fixture.cloud.signal("CONT");
        }
        Kind::CloudRestarts => {
            runner.fixture.cloud.kill();
            runner.nap(long);
            runner.fixture.cloud.start_again();
        }
        Kind::Cuts => break_line(runner, LineFault::Cuts, 2_000 + long),
        Kind::Stalls => break_line(runner, LineFault::Stalls, 2_000 + long),
        Kind::Refused => break_line(runner, LineFault::Refused, 1_000 + long),
    }
}

fn break_line(runner: &mut Runner, fault: LineFault, millis: u64) {
    runner.proxy.set(fault);
    runner.rest(millis);
    runner.proxy.set(LineFault::None);
}

/// The leader stands still, another one takes over, and then the first goes on from where it was: it must end by itself.
fn pause(runner: &mut Runner, millis: u64) {
    let old = runner.fixture.operators.len() - 1;
    let new = old + 1;
    runner.until("somebody leads", |runner| leads(&runner.fixture.operators[old]));
    runner.fixture.start_operator();
    runner.until("another one stands by", |runner| {
        let new = &runner.fixture.operators[new];
        new.has_said("standing by") || leads(new)
    });
    runner.fixture.operators[old].abandon();
    if runner.fixture.operators[old].ended() || !leads(&runner.fixture.operators[old]) {
        // It lost its lease by itself a moment ago, as on a machine that stood still.
        runner.fixture.operators[old].kill();
        return;
    }
    runner.fixture.operators[old].signal("STOP");
    runner.until("another one leads", |runner| leads(&runner.fixture.operators[new]));
    runner.rest(millis);
    runner.fixture.operators[old].signal("CONT");
    runner.until("the old leader has ended", |runner| runner.fixture.operators[old].ended());
}

/// Whether it leads in its present life. It only chooses the moment; no verdict depends on it.
fn leads(operator: &Operator) -> bool {
    let lines = operator.lines();
    let stages = ["leading", "standing by", "ending"];
    let last = lines.iter().rev().find(|line| stages.iter().any(|stage| line["message"] == *stage));
    last.is_some_and(|line| line["message"] == "leading")
}

/// Time for the operator to get into the middle of something.
pub fn moment(rng: &mut Rng) -> Duration {
    Duration::from_millis(200 + rng.roll(1_800) as u64)
}
