//! Binding queues to a connection and unbinding them (dli_02_0191, dli_02_0192).

use std::sync::Arc;

use serde::Deserialize;

use super::{
    answers::{
        BindTwice, CidrOverlap, FailedRecovers, ListUpdateLag, PartialBind, PeeringMode, PooledQueueEntry, QueueStart,
        SharedQueue, UnbindCreating, UnbindTakes, UnbindUnbound,
    },
    env::Env,
    errors::Refusal,
    input,
    lagging::Eye,
    outcome::Done,
    pool_state::Pool,
    random::uuid,
    state::{Connection, Entry, Project, Queue},
};
use crate::dli::{EpochMillis, HttpRequest, PeeringState};

/// What a caller wants to bind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Named under `queues`.
    Queue(String),
    /// Named under `elastic_resource_pools`.
    Pool(String),
}

impl Target {
    pub(super) fn name(&self) -> &str {
        let (Self::Queue(name) | Self::Pool(name)) = self;
        name
    }
}

/// All targets of a body, in order, each once.
pub(super) fn targets(queues: Option<Vec<String>>, pools: Option<Vec<String>>) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    let all = queues.into_iter().flatten().map(Target::Queue).chain(pools.into_iter().flatten().map(Target::Pool));
    for target in all {
        if !targets.iter().any(|other| other.name().eq_ignore_ascii_case(target.name())) {
            targets.push(target);
        }
    }
    targets
}

/// What a peering leads to: a queue, or a pool.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) name: Arc<str>,
    pub(super) pool: bool,
    /// The peering begins no sooner.
    available_at: EpochMillis,
    /// The peering cannot come up, and why.
    hopeless: Option<String>,
}

impl End {
    /// A queue by itself.
    pub(super) fn queue(queue: &Queue) -> Self {
        Self { name: Arc::clone(&queue.name), pool: false, available_at: queue.available_at, hopeless: None }
    }

    /// A pool.
    pub(super) fn pool(pool: &Pool) -> Self {
        Self { name: Arc::clone(&pool.name), pool: true, available_at: pool.ready_at, hopeless: None }
    }
}

/// What is behind a target, if it can be bound: a pool, or a queue that is dedicated and not the preset one.
pub(super) fn resolve(project: &Project, env: &Env, target: &Target) -> Result<End, Refusal> {
    let name = target.name();
    let answers = &env.config.answers;
    let queue = project.queue(name);
    if let Target::Pool(_) = target {
        if let Some(pool) = project.pool(name) {
            return Ok(End::pool(pool));
        }
        // A standalone queue has a hidden pool of its own name.
        let hidden = |queue: &&Arc<Queue>| queue.resource_mode == 1 && queue.pool.is_none();
        let hidden = queue.filter(|queue| answers.peering_mode == PeeringMode::Pooled && hidden(queue));
        return hidden.map(|queue| End::queue(queue)).ok_or_else(|| env.missing_pool(name));
    }
    let queue = queue.ok_or_else(|| env.missing_queue(name))?;
    if queue.resource_mode != 1 {
        let text = format!("The queue {name} is not a dedicated queue.");
        return match answers.shared_queue {
            SharedQueue::Parameter => Err(Refusal::parameter(text)),
            SharedQueue::Unsupported => Err(Refusal::unsupported(text)),
            SharedQueue::Failed => Ok(End { hopeless: Some(text), ..End::queue(queue) }),
        };
    }
    let pool = queue.pool.as_deref().filter(|_| answers.pooled_queue_entry == PooledQueueEntry::Pool);
    match pool.and_then(|pool| project.pools.get(pool)) {
        Some(pool) => Ok(End::pool(pool)),
        None => Ok(End::queue(queue)),
    }
}

/// Refuses addresses that overlap, where that is refused at once.
pub(super) fn fitting(env: &Env, vpc: &str) -> Result<(), Refusal> {
    if env.config.answers.cidr_overlap == CidrOverlap::Refused && env.config.networks.overlapping.contains(vpc) {
        return Err(Refusal::parameter(format!("The CIDR block of the queue overlaps with that of the VPC {vpc}.")));
    }
    Ok(())
}

/// Adds entries to a connection.
pub(super) fn bind_all(project: &mut Project, env: &mut Env, id: &str, ends: &[End]) {
    for end in ends {
        let mut begin = env.now.max(end.available_at);
        if !end.pool {
            let now = env.now;
            let mut used_at = None;
            project.change_queue(env, &end.name, |queue| used_at = Some(*queue.used_at.get_or_insert(now)));
            if env.config.answers.queue_start == QueueStart::FirstUse {
                begin = env.now.max(used_at.unwrap_or(now) + env.config.durations.queue_assigning);
            }
        }
        if let Some(connection) = project.connection_mut(id) {
            bind_one(connection, env, end, begin);
        }
    }
}

/// Adds an entry; the peering begins when the queue or pool is available.
fn bind_one(connection: &mut Connection, env: &mut Env, end: &End, begin: EpochMillis) {
    let number = env.number();
    let networks = &env.config.networks;
    let failure = if let Some(text) = &env.peering_fails {
        Some(text.to_string())
    } else if end.hopeless.is_some() {
        end.hopeless.clone()
    } else if networks.overlapping.contains(&*connection.vpc) {
        Some(format!("The CIDR block of the queue {} overlaps with that of the VPC {}.", end.name, connection.vpc))
    } else if networks.unknown.contains(&*connection.vpc) {
        Some(format!("The VPC {} does not exist.", connection.vpc))
    } else if networks.unknown.contains(&*connection.network) {
        Some(format!("The subnet {} does not exist.", connection.network))
    } else {
        None
    };
    let late = env.config.answers.list_update_lag == ListUpdateLag::Late;
    let mut lag = env.lag(late);
    // Lists that still show the entry before go over to this one without a gap.
    let mut bound = env.now;
    connection.entries.retain(|entry| {
        let same = *entry.target == *end.name;
        if same && entry.list_until.is_some_and(|until| env.now < until) {
            lag = 0;
            bound = entry.bound;
        }
        !same
    });
    let ready_at = begin + env.stretch(env.config.durations.peering);
    connection.entries.push(Entry {
        target: Arc::clone(&end.name),
        peer_id: uuid(env.config.seed, 3, number).into(),
        bound,
        ready_at,
        failure: failure.map(Into::into),
        lag,
        list_until: None,
        pool: end.pool,
        recovers_at: recovery(env, ready_at).filter(|_| end.hopeless.is_none()),
        lingers: false,
        gone_at: None,
    });
    env.touched = true;
}

/// When an entry that FAILED at a moment recovers by itself.
pub(super) fn recovery(env: &Env, failed_at: EpochMillis) -> Option<EpochMillis> {
    let recovers = env.config.answers.failed_recovers == FailedRecovers::Later;
    recovers.then(|| failed_at + env.config.durations.recovery)
}

/// Body of both calls.
#[derive(Debug, Deserialize)]
struct Names {
    queues: Option<Vec<String>>,
    elastic_resource_pools: Option<Vec<String>>,
}

fn read(project: &Project, env: &Env, id: &str, request: &HttpRequest) -> Result<Vec<Target>, Refusal> {
    let body: Names = input::body(request)?;
    project.live_connection(env, id)?;
    let targets = targets(body.queues, body.elastic_resource_pools);
    if targets.is_empty() {
        return Err(Refusal::parameter("Parameter check failed: queues or elastic_resource_pools is required"));
    }
    Ok(targets)
}

/// Binds queues.
pub(super) fn bind(project: &mut Project, env: &mut Env, id: &str, request: &HttpRequest) -> Result<Done, Refusal> {
    let targets = read(project, env, id, request)?;
    let (good, refusal) = sift(env, &targets, |env, target| {
        let end = resolve(project, env, target)?;
        let connection = project.live_connection(env, id)?;
        fitting(env, &connection.vpc)?;
        let bound = connection.entry(&end.name).is_some();
        if bound && env.config.answers.bind_twice == BindTwice::Refused {
            return Err(Refusal::parameter(format!("The queue {} is already associated.", end.name)));
        }
        Ok((!bound).then_some(end))
    })?;
    let new: Vec<End> = good.into_iter().flatten().collect();
    bind_all(project, env, id, &new);
    finish(refusal, env, &format!("associated peer connection for queues: {{{}}}.", joined(&targets)))
}

/// Unbinds queues.
pub(super) fn unbind(project: &mut Project, env: &mut Env, id: &str, request: &HttpRequest) -> Result<Done, Refusal> {
    let targets = read(project, env, id, request)?;
    let (good, refusal) = sift(env, &targets, |env, target| {
        let connection = project.live_connection(env, id)?;
        let mut name = target.name().to_ascii_lowercase();
        if connection.entry(&name).is_none()
            && let Some(pool) = project.queue(&name).and_then(|queue| queue.pool.as_deref())
            && env.config.answers.pooled_queue_entry == PooledQueueEntry::Pool
        {
            pool.clone_into(&mut name);
        }
        let Some(entry) = connection.entry(&name) else {
            return match env.config.answers.unbind_unbound {
                UnbindUnbound::Refused => Err(Refusal::parameter(format!("The queue {name} is not associated."))),
                UnbindUnbound::Success => Ok(None),
            };
        };
        match entry.seen(Eye::Now(env.now)) {
            // dli_01_0555; the code is assumed.
            Some(PeeringState::Failed) => {
                Err(env.busy(format!("The queue {name} cannot be disassociated: its peering has failed.")))
            }
            Some(PeeringState::Creating) if env.config.answers.unbind_creating == UnbindCreating::Refused => {
                Err(Refusal::system(format!("The queue {name} cannot be disassociated: its peering is being created.")))
            }
            _ => Ok(Some(name)),
        }
    })?;
    if let Some(connection) = project.connection_mut(id) {
        for name in good.iter().flatten() {
            drop_entry(connection, env, name);
            if env.config.answers.unbind_takes == UnbindTakes::Late {
                linger(connection, env, name);
            }
        }
    }
    finish(refusal, env, &format!("Disassociated peer connection for queues:{{{}}}.", joined(&targets)))
}

/// Checks all targets. One bad one refuses the call, or only itself and what comes after it.
fn sift<T>(
    env: &Env,
    targets: &[Target],
    check: impl Fn(&Env, &Target) -> Result<T, Refusal>,
) -> Result<(Vec<T>, Option<Refusal>), Refusal> {
    let mut good = Vec::with_capacity(targets.len());
    for target in targets {
        match check(env, target) {
            Ok(item) => good.push(item),
            Err(refusal) if env.config.answers.partial_bind == PartialBind::GoodOnes => {
                return Ok((good, Some(refusal)));
            }
            Err(refusal) => return Err(refusal),
        }
    }
    Ok((good, None))
}

fn finish(refusal: Option<Refusal>, env: &Env, message: &str) -> Result<Done, Refusal> {
    refusal.map_or_else(|| Ok(Done::ok(env.success(message))), Err)
}

fn joined(targets: &[Target]) -> String {
    targets.iter().map(Target::name).collect::<Vec<_>>().join(",")
}

/// Lets an entry that was just unbound be seen for a while.
fn linger(connection: &mut Connection, env: &mut Env, target: &str) {
    let until = env.now + env.stretch(env.config.durations.peering);
    for entry in connection.entries.iter_mut().filter(|entry| *entry.target == *target) {
        (entry.list_until, entry.lingers) = (entry.list_until.max(Some(until)), true);
    }
}

/// Unbinds a queue or pool from all connections.
pub(super) fn drop_everywhere(project: &mut Project, env: &mut Env, target: &str) {
    for connection in project.connections.values_mut() {
        let lingers = connection.entries.iter().any(|entry| entry.lingers && *entry.target == *target);
        if connection.deleted.is_none() && (lingers || connection.entry(target).is_some()) {
            let connection = Arc::make_mut(connection);
            connection.entries.retain(|entry| !entry.lingers || *entry.target != *target);
            drop_entry(connection, env, target);
        }
    }
}

/// Unbinds a queue, whatever its entry's state.
pub(super) fn drop_entry(connection: &mut Connection, env: &mut Env, target: &str) {
    let until = env.delete_visible();
    for entry in &mut connection.entries {
        if entry.list_until.is_none() && *entry.target == *target {
            (entry.list_until, entry.gone_at) = (Some(until), Some(env.now));
        }
    }
    connection.tidy(env.now);
    env.touched = true;
}
