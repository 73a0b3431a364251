//! Cuts a random schedule down to what its problem needs.

use super::RandomSchedule;
use crate::actions::Action;

/// The kind of a problem: what stays the same while a schedule is cut down. Numbers and names may change.
fn kind(problem: &str) -> String {
    let plain = |c: char| !c.is_ascii_digit();
    let text: String = problem.chars().filter(|c| plain(*c)).collect();
    match text.find(" Synced=") {
        Some(end) => text[..end].to_owned(),
        None => text.chars().take(60).collect(),
    }
}

/// Takes away what the problem does not need.
pub fn shrink(schedule: &RandomSchedule, problem: &str) -> (RandomSchedule, String) {
    let wanted = kind(problem);
    let mut best = (schedule.clone(), problem.to_owned());
    let fails = |schedule: &RandomSchedule| schedule.check(&schedule.play(false)).err().filter(|p| kind(p) == wanted);
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

/// Whether it is by this action that the cloud can be reached in the end. Without it, another problem would be told of.
fn heals(schedule: &RandomSchedule, index: usize) -> bool {
    let later = |same: &dyn Fn(&Action) -> bool| schedule.actions[index + 1..].iter().any(|(_, action)| same(action));
    match &schedule.actions[index].1 {
        Action::Limit(None) => !later(&|action| matches!(action, Action::Limit(_))),
        Action::Secret { cluster, .. } => {
            !later(&|action| matches!(action, Action::Secret { cluster: other, .. } if other == cluster))
        }
        _ => false,
    }
}

fn candidates(schedule: &RandomSchedule) -> Vec<RandomSchedule> {
    let mut list = Vec::new();
    let mut with = |change: &dyn Fn(&mut RandomSchedule)| {
        let mut candidate = schedule.clone();
        change(&mut candidate);
        list.push(candidate);
    };
    if schedule.chance {
        with(&|s| s.chance = false);
    }
    if schedule.slots > 1 {
        with(&|s| s.slots = 1);
    }
    if !schedule.answers.is_empty() {
        with(&|s| s.answers.clear());
    }
    for index in (0..schedule.actions.len()).rev().filter(|index| !heals(schedule, *index)) {
        with(&|s| drop(s.actions.remove(index)));
    }
    for index in 0..schedule.faults.len() {
        with(&|s| s.faults.retain(|fault| *fault != schedule.faults[index]));
    }
    for index in 0..schedule.answers.len() {
        with(&|s| s.answers.retain(|answer| *answer != schedule.answers[index]));
    }
    list
}
