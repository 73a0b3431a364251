//! The operator comes to rest, and every pass tells its result.

use std::sync::LazyLock;

use dli_operator::{
    core::{Leadership, Next, Now, Object, ObjectKey, ObjectKind, OperatorState, Outcome, Pass, Settings, Step},
    simulator::model::TagsService,
};

use super::{ownership::marks_shown, ready};
use crate::{kube::meta, scheduler::Simulation};

/// Without a write on either side for this long, the simulation is quiet: longer than any retry.
pub const QUIET: u64 = 11 * 60_000;

/// At the end of a run nobody writes any more.
pub(super) fn no_more_writes(sim: &Simulation) -> Result<(), String> {
    // Where no mark can be written on what is taken over, or none be read, two clusters that want the same undo each
    // other's changes.
    let unmarked = sim.cloud.config().answers.tags_service == TagsService::Absent && !sim.may_adopt.is_empty();
    let fight = sim.clusters.len() > 1 && (unmarked || !marks_shown(sim, ObjectKind::Connection));
    if sim.mono < sim.last_write + QUIET && !fight {
        return Err(format!("still writing (last write {} ms ago)", sim.mono - sim.last_write));
    }
    Ok(())
}

/// Whether the Ready condition of an object speaks of its generation. Nothing is expected of one that is being deleted.
pub fn reported(object: &Object) -> bool {
    let meta = meta(object);
    meta.deletion_timestamp.is_some() || ready(object).is_some_and(|c| c.observed_generation == meta.generation)
}

/// Every so many-th step is checked for being decided the same twice: that compares the whole state as text. Optimised
/// builds play a hundred times as many schedules.
const SAMPLED: u64 = if cfg!(debug_assertions) { 16 } else { 1_009 };

/// Whether the step of this number is checked: a sample, and each of a schedule that is played alone.
pub fn sampled(step: u64) -> bool {
    static ALONE: LazyLock<bool> = LazyLock::new(|| std::env::var_os("SIMULATION").is_some());
    step.is_multiple_of(SAMPLED) || *ALONE
}

/// A step and the state after it.
type After<'a> = (&'a Step, &'a OperatorState, &'a Pass);

/// The same input on the same state gives the same effect and the same state.
pub fn same_result(first: After<'_>, second: After<'_>) -> Result<(), String> {
    let texts = |(step, world, pass): After<'_>| {
        [("effect", format!("{step:?}")), ("world", format!("{world:?}")), ("pass", format!("{pass:?}"))]
    };
    for ((what, first), (_, second)) in texts(first).into_iter().zip(texts(second)) {
        if first != second {
            let at = first.bytes().zip(second.bytes()).take_while(|(a, b)| a == b).count();
            let show = |text: &str| {
                String::from_utf8_lossy(&text.as_bytes()[at.saturating_sub(60)..]).chars().take(160).collect::<String>()
            };
            return Err(format!("deciding twice gives another {what}: {} instead of {}", show(&second), show(&first)));
        }
    }
    Ok(())
}

/// Deciding again after a step gives the same effect and leaves the state as it is. `decide_again` decides on a state
/// without a new input.
pub fn decides_the_same(
    after: After<'_>,
    now: Now,
    decide_again: impl Fn(&mut OperatorState, &mut Pass, Now) -> Step,
) -> Result<(), String> {
    let (mut world, mut pass) = (after.1.clone(), after.2.clone());
    let step = decide_again(&mut world, &mut pass, now);
    same_result(after, (&step, &world, &pass))
}

#[test]
fn a_second_decision_that_differs_or_changes_the_state_is_found() {
    let key = ObjectKey::new(ObjectKind::Queue, "team", "q1");
    let (world, pass) = (OperatorState::new(Settings::default()), Pass::new(key.clone()));
    let now = Now { mono: 1, wall: 1 };
    let done = |outcome| Step::Done(Next { at: None, outcome, lifecycle: None });
    let check = |decide_again: &dyn Fn(&mut OperatorState, &mut Pass, Now) -> Step| {
        decides_the_same((&done(Outcome::Settled), &world, &pass), now, decide_again)
    };
    assert_eq!(check(&|_, _, _| done(Outcome::Settled)), Ok(()));
    assert!(check(&|_, _, _| done(Outcome::Waiting)).unwrap_err().contains("another effect"));
    let leads = |world: &mut OperatorState| {
        world.set_leadership(Leadership::Leader { until_mono: 1, until_wall: 1, mutate_from: 1 });
        done(Outcome::Settled)
    };
    assert!(check(&|world, _, _| leads(world)).unwrap_err().contains("another world"));
    let other = ObjectKey::new(ObjectKind::Queue, "team", "q2");
    let replaced = |pass: &mut Pass| {
        *pass = Pass::new(other.clone());
        done(Outcome::Settled)
    };
    assert!(check(&|_, pass, _| replaced(pass)).unwrap_err().contains("another pass"));
}
