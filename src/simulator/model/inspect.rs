//! What tests and people may look at from outside: the true state, without lags, and what was called.

use std::sync::Arc;

use serde::Serialize;

use super::{
    Model,
    calls::{Change, Count},
    lagging::Eye,
    pool_time,
    state::{Connection, Queue},
};
use crate::{
    dli::{EpochMillis, Host, PeeringState, ProjectId, Tag},
    simulator::route::Operation,
};

/// A live queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueView {
    /// Project.
    pub project: ProjectId,
    /// Name.
    pub name: Arc<str>,
    /// Its id in lists and in the tag service.
    pub queue_id: i64,
    /// UUID.
    pub resource_id: Arc<str>,
    /// When it was created.
    pub create_time: EpochMillis,
    /// Compute units now.
    pub cu_count: i64,
    /// 0 shared, 1 dedicated.
    pub resource_mode: i64,
    /// No longer "assigning".
    pub available: bool,
    /// The preset queue.
    pub preset: bool,
    /// The pool that it lives in.
    pub pool: Option<Arc<str>>,
    /// Tags.
    pub tags: Arc<[Tag]>,
}

/// A connection, deleted or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionView {
    /// Project.
    pub project: ProjectId,
    /// Id.
    pub id: Arc<str>,
    /// Name.
    pub name: Arc<str>,
    /// When it was created.
    pub create_time: EpochMillis,
    /// Whether it is deleted.
    pub deleted: bool,
    /// VPC of the other side.
    pub dest_vpc_id: Arc<str>,
    /// Subnet of the other side.
    pub dest_network_id: Arc<str>,
    /// Bound queues.
    pub entries: Vec<EntryView>,
    /// Hosts.
    pub hosts: Arc<[Host]>,
    /// Tags.
    pub tags: Arc<[Tag]>,
}

/// A bound queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryView {
    /// Name of the queue.
    pub name: Arc<str>,
    /// State of its peering.
    #[serde(serialize_with = "state")]
    pub state: PeeringState,
    /// When CREATING ends, or ended.
    pub ready_at: EpochMillis,
    /// Id of the peering.
    pub peer_id: Arc<str>,
    /// It is a pool's.
    pub pool: bool,
}

/// An elastic resource pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolView {
    /// Project.
    pub project: ProjectId,
    /// Name.
    pub name: Arc<str>,
    /// UUID.
    pub resource_id: Arc<str>,
    /// When it was created.
    pub create_time: EpochMillis,
    /// `CREATING`, `AVAILABLE`, `SCALING` or `FAILED`.
    pub status: &'static str,
    /// Fewest units, as asked for.
    pub min_cu: i64,
    /// Most units, as asked for.
    pub max_cu: i64,
    /// Units in service.
    pub current_cu: i64,
    /// It is being deleted.
    pub leaving: bool,
    /// Its queues.
    pub queues: Vec<Arc<str>>,
    /// Tags.
    pub tags: Arc<[Tag]>,
}

fn state<S: serde::Serializer>(state: &PeeringState, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(state.as_str())
}

impl Model {
    /// All live queues, by project and name, with the preset ones.
    pub fn queues(&self, now: EpochMillis) -> Vec<QueueView> {
        let view = |project: &ProjectId, queue: &Queue| QueueView {
            project: project.clone(),
            name: Arc::clone(&queue.name),
            queue_id: queue.number,
            resource_id: Arc::clone(&queue.resource_id),
            create_time: queue.create_time,
            cu_count: queue.cu_seen(Eye::Now(now)),
            resource_mode: queue.resource_mode,
            available: now >= queue.available_at,
            preset: queue.charging_mode == 0,
            pool: queue.pool.clone(),
            tags: Arc::clone(queue.tags.get()),
        };
        self.projects.iter().flat_map(|p| p.queues.values().map(|queue| view(&p.id, queue))).collect()
    }

    /// All connections by project and creation, also the deleted ones that are remembered.
    pub fn connections(&self, now: EpochMillis) -> Vec<ConnectionView> {
        let view = |project: &ProjectId, connection: &Connection| ConnectionView {
            project: project.clone(),
            id: Arc::clone(&connection.id),
            name: Arc::clone(&connection.name),
            create_time: connection.create_time,
            deleted: connection.deleted.is_some(),
            dest_vpc_id: Arc::clone(&connection.vpc),
            dest_network_id: Arc::clone(&connection.network),
            entries: connection
                .seen_entries(Eye::Now(now))
                .map(|(entry, state)| EntryView {
                    name: Arc::clone(&entry.target),
                    state,
                    ready_at: entry.ready_at,
                    peer_id: Arc::clone(&entry.peer_id),
                    pool: entry.pool,
                })
                .collect(),
            hosts: Arc::clone(connection.hosts.get()),
            tags: Arc::clone(connection.tags.get()),
        };
        self.projects.iter().flat_map(|p| p.connections.values().map(|c| view(&p.id, c))).collect()
    }

    /// All pools, by project and name.
    pub fn pools(&self, now: EpochMillis) -> Vec<PoolView> {
        if self.projects.iter().all(|project| project.pools.is_empty()) {
            return Vec::new();
        }
        let mut model = self.clone();
        model.begin(now);
        let mut views = Vec::new();
        for project in &mut model.projects {
            pool_time::advance(project, &mut model.env);
            for pool in project.pools.values() {
                let (min_cu, max_cu) = pool.range.asked;
                views.push(PoolView {
                    project: project.id.clone(),
                    name: Arc::clone(&pool.name),
                    resource_id: Arc::clone(&pool.resource_id),
                    create_time: pool.create_time,
                    status: pool.status(),
                    min_cu,
                    max_cu,
                    current_cu: pool.current,
                    leaving: pool.leaving.is_some(),
                    queues: pool_time::queues(project, &pool.name).map(|queue| Arc::clone(&queue.name)).collect(),
                    tags: Arc::clone(&pool.tags),
                });
            }
        }
        views
    }

    /// The next moment after `now` at which something comes about by itself: a queue becomes available, a peering
    /// entry turns ACTIVE or FAILED, a scaling ends, a list catches up. Simulated time can jump there.
    pub fn next_event(&self, now: EpochMillis) -> Option<EpochMillis> {
        let mut next: Option<EpochMillis> = None;
        let mut at = |moment: EpochMillis| {
            if moment > now && next.is_none_or(|other| moment < other) {
                next = Some(moment);
            }
        };
        let hour = self.env.config.durations.hour;
        for project in &self.projects {
            for pool in project.pools.values() {
                let has_queues = pool_time::queues(project, &pool.name).next().is_some();
                pool_time::next_moment(pool, hour, now, has_queues).into_iter().for_each(&mut at);
            }
            project.tests.iter().for_each(|test| at(test.done_at));
            for queue in project.queues.values().chain(&project.gone) {
                at(queue.available_at);
                at(queue.list_from);
                at(queue.get_from);
                at(queue.restarting_until);
                at(queue.get_until);
                queue.list_until.into_iter().for_each(&mut at);
                queue.scaling.into_iter().for_each(|(done, _)| at(done));
                queue.cu.changes_at().into_iter().for_each(&mut at);
                queue.tags.changes_at().into_iter().for_each(&mut at);
            }
            for connection in project.connections.values() {
                at(connection.list_from);
                at(connection.get_until);
                connection.deleted.into_iter().for_each(&mut at);
                connection.hosts.changes_at().into_iter().for_each(&mut at);
                connection.tags.changes_at().into_iter().for_each(&mut at);
                for entry in &connection.entries {
                    at(entry.ready_at);
                    at(entry.bound + entry.lag);
                    at(entry.ready_at + entry.lag);
                    entry.recovers_at.filter(|_| entry.failure.is_some()).into_iter().for_each(&mut at);
                    entry.list_until.into_iter().for_each(&mut at);
                }
            }
        }
        next
    }

    /// Calls that were meant to change something, oldest first; the oldest are dropped.
    pub fn changes(&self) -> impl ExactSizeIterator<Item = &Change> + DoubleEndedIterator {
        self.changes.iter()
    }

    /// How often each call was answered with each status.
    pub fn counts(&self) -> impl Iterator<Item = Count> {
        self.counts.iter().map(|(&(operation, status), &calls)| Count { operation, status, calls })
    }

    /// How many calls of an operation there were, whatever their answer.
    pub fn calls(&self, operation: Operation) -> u64 {
        self.counts().filter(|count| count.operation == operation).map(|count| count.calls).sum()
    }
}
