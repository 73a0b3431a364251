//! What the cloud has, as far as it was seen: two lists a project, shared by all its objects.
//!
//! A reading has a beginning and an end. Evidence of absence, and of a field's value, counts only where the reading
//! began after the last write to that object; evidence of presence counts from any reading.

mod list;
mod pages;
mod peerings;

pub(crate) use list::{CompleteList, List, Observed};
pub(crate) use pages::{PageResult, Pages};
pub(crate) use peerings::Connections;

use crate::dli::{QueueItem, QueueName};

/// The queue that every project has; it can be neither bound nor deleted, and belongs to nobody.
pub(crate) const PRESET_QUEUE: &str = "default";

/// Both lists of a project.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inventory {
    pub(crate) queues: List<QueueName, QueueItem>,
    pub(crate) connections: Connections,
}
