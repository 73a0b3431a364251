//! What goes wrong in a round.

use std::{fmt, time::Duration};

use crate::{dice::Dice, processes::Operator, proxy::Weather, rounds::Rounds};

/// Kinds of rounds.
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
    pub fn deck(rounds: usize, dice: &mut Dice) -> Vec<Self> {
        let mut deck = Vec::new();
        while deck.len() < rounds {
            let mut next: Vec<Self> = Self::ALL.into_iter().chain([Self::Kill]).collect();
            dice.shuffle(&mut next);
            deck.extend(next);
        }
        deck.truncate(rounds);
        deck
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

/// Lets it go wrong, and mends it again.
pub fn strike(rounds: &mut Rounds, kind: Kind, dice: &mut Dice) {
    let (long, short) = (dice.roll(2_000) as u64, dice.roll(500) as u64);
    match kind {
        Kind::Kill => {
            rounds.lab.operator().kill();
            rounds.rest(short);
            rounds.lab.start_operator();
        }
        Kind::Pause => pause(rounds, long),
        Kind::ApiServer => {
            if dice.chance(50) {
                rounds.lab.cluster().signal("USR1");
                rounds.rest(long);
            }
            rounds.lab.cluster().signal("HUP");
            // Until then it may still be the old one that answers.
            rounds.rest(1_000);
            rounds.until("the API server is back", |rounds| rounds.eyes.objects().is_some());
        }
        Kind::CloudStops => {
            rounds.lab.cloud.signal("STOP");
            rounds.nap(1_000 + long);
            rounds.lab.cloud.signal("CONT");
        }
        Kind::CloudRestarts => {
            rounds.lab.cloud.kill();
            rounds.nap(long);
            rounds.lab.cloud.start_again();
        }
        Kind::Cuts => weather(rounds, Weather::Cuts, 2_000 + long),
        Kind::Stalls => weather(rounds, Weather::Stalls, 2_000 + long),
        Kind::Refused => weather(rounds, Weather::Refused, 1_000 + long),
    }
}

fn weather(rounds: &mut Rounds, weather: Weather, millis: u64) {
    rounds.proxy.set(weather);
    rounds.rest(millis);
    rounds.proxy.set(Weather::Fine);
}

/// The leader stands still, another one takes over, and then the first goes on from where it was: it must end by itself.
fn pause(rounds: &mut Rounds, millis: u64) {
    let old = rounds.lab.operators.len() - 1;
    let new = old + 1;
    rounds.until("somebody leads", |rounds| leads(&rounds.lab.operators[old]));
    rounds.lab.start_operator();
    rounds.until("another one stands by", |rounds| {
        let new = &rounds.lab.operators[new];
        new.has_said("standing by") || leads(new)
    });
    rounds.lab.operators[old].abandon();
    if rounds.lab.operators[old].ended() || !leads(&rounds.lab.operators[old]) {
        // It lost its lease by itself a moment ago, as on a machine that stood still.
        rounds.lab.operators[old].kill();
        return;
    }
    rounds.lab.operators[old].signal("STOP");
    rounds.until("another one leads", |rounds| leads(&rounds.lab.operators[new]));
    rounds.rest(millis);
    rounds.lab.operators[old].signal("CONT");
    rounds.until("the old leader has ended", |rounds| rounds.lab.operators[old].ended());
}

/// Whether it leads in its present life. It only chooses the moment; nothing is judged by it.
fn leads(operator: &Operator) -> bool {
    let lines = operator.lines();
    let stages = ["leading", "standing by", "ending"];
    let last = lines.iter().rev().find(|line| stages.iter().any(|stage| line["message"] == *stage));
    last.is_some_and(|line| line["message"] == "leading")
}

/// Time for the operator to get into the middle of something.
pub fn moment(dice: &mut Dice) -> Duration {
    Duration::from_millis(200 + dice.roll(1_800) as u64)
}
