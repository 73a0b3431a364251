//! Binding queues to a connection and unbinding them (dli_02_0191, dli_02_0192).

use std::sync::Arc;

use serde::Deserialize;

use super::{
    BindTwice, CidrOverlap, Done, ListUpdateLag, PartialBind, PeeringMode, UnbindCreating, UnbindUnbound,
    connection::{drop_entry, live},
    errors::Refusal,
    input,
    queue::{missing, named},
    random::uuid,
    state::{Connection, Entry, Env, Eye, Project, Queue},
};
use crate::dli::{HttpRequest, PeeringState};

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

/// The queue behind a target, if it can be bound: dedicated, and not the preset one.
pub(super) fn resolve(project: &Project, env: &Env, target: &Target) -> Result<Arc<Queue>, Refusal> {
    let name = target.name();
    let queue = named(project, name);
    if let Target::Pool(_) = target {
        // A standalone queue has a hidden pool of its own name; there are no other pools here.
        let pooled = env.config.answers.peering_mode == PeeringMode::Pooled;
        return queue
            .filter(|queue| pooled && queue.resource_mode == 1)
            .cloned()
            .ok_or_else(|| Refusal::not_found(format!("The elastic resource pool {name} does not exist.")));
    }
    let queue = queue.ok_or_else(|| missing(env, name))?;
    if queue.resource_mode != 1 {
        return Err(Refusal::parameter(format!("The queue {name} is not a dedicated queue.")));
    }
    Ok(Arc::clone(queue))
}

/// Refuses addresses that overlap, where that is refused at once.
pub(super) fn fitting(env: &Env, vpc: &str) -> Result<(), Refusal> {
    if env.config.answers.cidr_overlap == CidrOverlap::Refused && env.config.networks.overlapping.contains(vpc) {
        return Err(Refusal::parameter(format!("The CIDR block of the queue overlaps with that of the VPC {vpc}.")));
    }
    Ok(())
}

/// Adds an entry; the peering begins when the queue is available.
pub(super) fn bind_one(connection: &mut Connection, env: &mut Env, queue: &Queue) {
    let number = env.number();
    let networks = &env.config.networks;
    let failure = if networks.overlapping.contains(&*connection.vpc) {
        Some(format!("The CIDR block of the queue {} overlaps with that of the VPC {}.", queue.name, connection.vpc))
    } else if networks.unknown.contains(&*connection.vpc) {
        Some(format!("The VPC {} does not exist.", connection.vpc))
    } else if networks.unknown.contains(&*connection.network) {
        Some(format!("The subnet {} does not exist.", connection.network))
    } else {
        None
    };
    let begin = env.now.max(queue.available_at);
    let late = env.config.answers.list_update_lag == ListUpdateLag::Late;
    let mut lag = env.lag(late);
    // Lists that still show the entry before go over to this one without a gap.
    let mut bound = env.now;
    connection.entries.retain(|entry| {
        let same = *entry.target == *queue.name;
        if same && entry.list_until.is_some_and(|until| env.now < until) {
            lag = 0;
            bound = entry.bound;
        }
        !same
    });
    connection.entries.push(Entry {
        target: Arc::clone(&queue.name),
        peer_id: uuid(env.config.seed, 3, number).into(),
        bound,
        ready_at: begin + env.stretch(env.config.durations.peering),
        failure: failure.map(Into::into),
        lag,
        list_until: None,
    });
    env.touched = true;
}

/// Body of both calls.
#[derive(Debug, Deserialize)]
struct Names {
    queues: Option<Vec<String>>,
    elastic_resource_pools: Option<Vec<String>>,
}

fn read(project: &Project, env: &Env, id: &str, request: &HttpRequest) -> Result<Vec<Target>, Refusal> {
    let body: Names = input::body(request)?;
    live(project, env, id)?;
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
        let queue = resolve(project, env, target)?;
        let connection = live(project, env, id)?;
        fitting(env, &connection.vpc)?;
        let bound = connection.entry(&queue.name).is_some();
        if bound && env.config.answers.bind_twice == BindTwice::Refused {
            return Err(Refusal::parameter(format!("The queue {} is already associated.", queue.name)));
        }
        Ok((!bound).then_some(queue))
    })?;
    if let Some(connection) = project.connection_mut(id) {
        for queue in good.iter().flatten() {
            bind_one(connection, env, queue);
        }
    }
    finish(refusal, env, &format!("associated peer connection for queues: {{{}}}.", joined(&targets)))
}

/// Unbinds queues.
pub(super) fn unbind(project: &mut Project, env: &mut Env, id: &str, request: &HttpRequest) -> Result<Done, Refusal> {
    let targets = read(project, env, id, request)?;
    let (good, refusal) = sift(env, &targets, |env, target| {
        let connection = live(project, env, id)?;
        let name = target.name().to_ascii_lowercase();
        let Some(entry) = connection.entry(&name) else {
            return match env.config.answers.unbind_unbound {
                UnbindUnbound::Refused => Err(Refusal::parameter(format!("The queue {name} is not associated."))),
                UnbindUnbound::Success => Ok(None),
            };
        };
        match entry.seen(Eye::Now(env.now)) {
            // dli_01_0555; the code is assumed.
            Some(PeeringState::Failed) => {
                Err(Refusal::system(format!("The queue {name} cannot be disassociated: its peering has failed.")))
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
