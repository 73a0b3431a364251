//! What a colleague does in the web console: changes past the API's refusals, and events of the outside world.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Model,
    answers::VanishedPeering,
    binding::{self, End},
    connection,
    env::Env,
    input,
    lagging::Eye,
    pool_time, queue,
    state::Project,
    tags, task,
};
use crate::{
    dli::{EpochMillis, Host, ProjectId, Tag},
    simulator::route::Tagged,
};

/// An edit. Connections are named by id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Edit {
    /// Creates a dedicated queue.
    CreateQueue {
        /// Name.
        name: String,
        /// Compute units.
        cu_count: i64,
        /// Tags.
        #[serde(default)]
        tags: Vec<Tag>,
    },
    /// Deletes a queue, whatever is bound to it.
    DeleteQueue {
        /// Name.
        name: String,
    },
    /// Scales a queue to so many units; done at once.
    ScaleQueue {
        /// Name.
        name: String,
        /// Compute units.
        cu_count: i64,
    },
    /// Begins or ends a job on a queue; a running job keeps the queue from being deleted.
    Job {
        /// Name of the queue.
        name: String,
        /// Whether one runs.
        running: bool,
    },
    /// Creates a connection.
    CreateConnection {
        /// Name; need not be unique.
        name: String,
        /// VPC.
        dest_vpc_id: String,
        /// Subnet.
        dest_network_id: String,
        /// Tags.
        #[serde(default)]
        tags: Vec<Tag>,
    },
    /// Deletes a connection, whatever is bound to it.
    DeleteConnection {
        /// Id.
        id: String,
    },
    /// Binds a queue.
    Bind {
        /// Id of the connection.
        id: String,
        /// Name of the queue.
        queue: String,
    },
    /// Unbinds a queue, whatever its entry's state.
    Unbind {
        /// Id of the connection.
        id: String,
        /// Name of the queue.
        queue: String,
    },
    /// Turns a peering entry FAILED, or ACTIVE where `error` is left out.
    Peering {
        /// Id of the connection.
        id: String,
        /// Name of the queue.
        queue: String,
        /// The cloud's words.
        #[serde(default)]
        error: Option<String>,
    },
    /// Replaces the hosts.
    SetHosts {
        /// Id of the connection.
        id: String,
        /// Hosts.
        hosts: Vec<Host>,
    },
    /// Sets a tag; without a value, removes it.
    TagQueue {
        /// Name of the queue.
        name: String,
        /// Key.
        key: String,
        /// Value.
        #[serde(default)]
        value: Option<String>,
    },
    /// Sets a tag; without a value, removes it.
    TagPool {
        /// Name of the pool.
        name: String,
        /// Key.
        key: String,
        /// Value.
        #[serde(default)]
        value: Option<String>,
    },
    /// Turns a pool FAILED; an empty reason mends it.
    FailPool {
        /// Name.
        name: String,
        /// `fail_reason`.
        reason: String,
    },
    /// Deletes a pool at once, with its queues.
    DeletePool {
        /// Name.
        name: String,
    },
    /// Deletes the VPC peering behind an entry, past DLI.
    DeleteVpcPeering {
        /// Id of the connection.
        id: String,
        /// Name of the queue or pool.
        queue: String,
    },
    /// Sets a tag; without a value, removes it.
    TagConnection {
        /// Id of the connection.
        id: String,
        /// Key.
        key: String,
        /// Value.
        #[serde(default)]
        value: Option<String>,
    },
}

/// Why an edit was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The simulator has no such project.
    #[error("there is no project {0}")]
    NoProject(ProjectId),
    /// There is no such queue.
    #[error("there is no queue {0}")]
    NoQueue(String),
    /// There is no such pool.
    #[error("there is no elastic resource pool {0}")]
    NoPool(String),
    /// There is no such connection, or it is deleted.
    #[error("there is no connection {0}")]
    NoConnection(String),
    /// The connection is not bound to that queue.
    #[error("the queue {0} is not bound to that connection")]
    NotBound(String),
    /// The queue exists.
    #[error("the queue {0} exists")]
    Exists(String),
    /// The name is not a queue's.
    #[error("{0} is not a name for a queue: 1 to 128 letters, digits and _")]
    BadName(String),
}

impl Model {
    /// Makes an edit in a project (`None`: the first one). Returns the id of what was created.
    pub fn edit(
        &mut self,
        now: EpochMillis,
        project: Option<&ProjectId>,
        edit: Edit,
    ) -> Result<Option<Arc<str>>, EditError> {
        self.begin(now);
        self.revision += 1;
        let index = project.map_or(Some(0), |id| self.project(id.as_str()));
        let place = index.and_then(|index| self.projects.get_mut(index));
        let Some(place) = place else {
            return Err(EditError::NoProject(project.cloned().unwrap_or_else(|| ProjectId::new("(none)"))));
        };
        pool_time::advance(place, &mut self.env);
        apply(place, &mut self.env, edit)
    }
}

fn apply(project: &mut Project, env: &mut Env, edit: Edit) -> Result<Option<Arc<str>>, EditError> {
    match edit {
        Edit::CreateQueue { name, cu_count, tags } => {
            let lower = input::queue_name(&name).map_err(|_| EditError::BadName(name))?;
            if project.queues.contains_key(&lower) {
                return Err(EditError::Exists(lower.to_string()));
            }
            let queue = queue::blank(env, &lower, cu_count, tags);
            queue::insert(project, env, queue);
            return Ok(Some(lower));
        }
        Edit::DeleteQueue { name } => {
            let name = known(project, &name)?;
            queue::remove(project, env, &name);
        }
        Edit::ScaleQueue { name, cu_count } => {
            let name = known(project, &name)?;
            let (now, visible) = (env.now, env.update_visible());
            project.change_queue(env, &name, |queue| {
                let cu = queue.cu_seen(Eye::Now(now));
                queue.scaling = None;
                queue.cu.set(cu, now, now);
                queue.cu.set(cu_count, now, visible);
            });
        }
        Edit::Job { name, running } => {
            let name = known(project, &name)?;
            let now = env.now;
            if running {
                task::begin(project, env, &name, false, None);
            } else {
                task::end(project, env, &name);
            }
            project.change_queue(env, &name, |queue| {
                queue.ran |= !running;
                queue.busy = running;
                queue.used_at.get_or_insert(now);
            });
        }
        Edit::FailPool { name, reason } => {
            let found = project.pools.change(env.now, &name.to_ascii_lowercase(), |pool| {
                pool.failure = (!reason.is_empty()).then(|| reason.into());
                pool.scaling = None;
            });
            if !found {
                return Err(EditError::NoPool(name));
            }
            env.touched = true;
        }
        Edit::DeletePool { name } => {
            let lower = name.to_ascii_lowercase();
            let Some(pool) = project.pools.get(&lower).map(|pool| Arc::clone(&pool.name)) else {
                return Err(EditError::NoPool(name));
            };
            let inside: Vec<_> = pool_time::queues(project, &pool).map(|queue| Arc::clone(&queue.name)).collect();
            for queue in &inside {
                queue::remove(project, env, queue);
            }
            binding::drop_everywhere(project, env, &pool);
            project.pools.put(env.now, &pool, None);
            env.touched = true;
        }
        Edit::DeleteVpcPeering { id, queue } => {
            let fails = env.config.answers.vanished_peering == VanishedPeering::Failed;
            let now = env.now;
            let connection = live(project, &id)?;
            let lower = queue.to_ascii_lowercase();
            let entry = connection.entries.iter_mut().find(|e| e.list_until.is_none() && *e.target == *lower);
            let entry = entry.ok_or(EditError::NotBound(queue))?;
            if fails {
                (entry.ready_at, entry.recovers_at) = (now, None);
                entry.failure = Some("The VPC peering connection does not exist.".into());
            }
        }
        Edit::CreateConnection { name, dest_vpc_id, dest_network_id, tags } => {
            let connection = connection::blank(env, &name, &dest_vpc_id, &dest_network_id, Vec::new(), tags);
            let id = Arc::clone(&connection.id);
            connection::insert(project, env, connection);
            return Ok(Some(id));
        }
        Edit::DeleteConnection { id } => {
            live(project, &id)?;
            connection::remove(project, env, &id);
        }
        Edit::Bind { id, queue } => {
            let end = match (project.queue(&queue), project.pools.get(&queue.to_ascii_lowercase())) {
                (Some(queue), _) => End::queue(queue),
                (None, Some(pool)) => End::pool(pool),
                (None, None) => return Err(EditError::NoQueue(queue)),
            };
            if live(project, &id)?.entry(&end.name).is_none() {
                binding::bind_all(project, env, &id, &[end]);
            }
        }
        Edit::Unbind { id, queue } => {
            let connection = live(project, &id)?;
            let queue = queue.to_ascii_lowercase();
            if connection.entry(&queue).is_none() {
                return Err(EditError::NotBound(queue));
            }
            binding::drop_entry(connection, env, &queue);
        }
        Edit::Peering { id, queue, error } => {
            let connection = live(project, &id)?;
            let lower = queue.to_ascii_lowercase();
            let entry = connection.entries.iter_mut().find(|e| e.list_until.is_none() && *e.target == *lower);
            let entry = entry.ok_or(EditError::NotBound(queue))?;
            entry.ready_at = env.now;
            entry.failure = error.map(Into::into);
            entry.recovers_at = binding::recovery(env, env.now);
        }
        Edit::SetHosts { id, hosts } => {
            live(project, &id)?;
            connection::replace_hosts(project, env, &id, hosts);
        }
        Edit::TagQueue { name, key, value } => {
            let queue = project.queue(&name).ok_or(EditError::NoQueue(name))?;
            let (id, tags) = (queue.number.to_string(), retagged(queue.tags.get(), key, value));
            tags::replace(project, env, Tagged::Queue, &id, tags);
        }
        Edit::TagPool { name, key, value } => {
            let Some(pool) = project.pools.get(&name.to_ascii_lowercase()) else { return Err(EditError::NoPool(name)) };
            let (id, tags) = (Arc::clone(&pool.resource_id), retagged(&pool.tags, key, value));
            tags::replace(project, env, Tagged::Pool, &id, tags);
        }
        Edit::TagConnection { id, key, value } => {
            let tags = retagged(live(project, &id)?.tags.get(), key, value);
            tags::replace(project, env, Tagged::Connection, &id, tags);
        }
    }
    Ok(None)
}

fn known(project: &Project, name: &str) -> Result<Arc<str>, EditError> {
    let queue = project.queue(name).ok_or_else(|| EditError::NoQueue(name.to_owned()))?;
    Ok(Arc::clone(&queue.name))
}

fn live<'a>(project: &'a mut Project, id: &str) -> Result<&'a mut super::state::Connection, EditError> {
    project
        .connection_mut(id)
        .filter(|connection| connection.deleted.is_none())
        .ok_or_else(|| EditError::NoConnection(id.to_owned()))
}

fn retagged(tags: &[Tag], key: String, value: Option<String>) -> Vec<Tag> {
    let mut tags: Vec<Tag> = tags.to_vec();
    match value {
        Some(value) => input::put_tag(&mut tags, Tag { key, value }),
        None => tags.retain(|tag| tag.key != key),
    }
    tags
}
