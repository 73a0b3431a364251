//! The operator comes to rest.

use dli_operator::{core::ObjectKind, simulator::model::TagsService};

use super::ownership::marks_shown;
use crate::scheduler::Simulation;

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
