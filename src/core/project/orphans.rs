//! Resources that carry the owner tag of this cluster and belong to no object: reported, never deleted (P-orphan-2).

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    api::{DliProjectStatus, OrphanedResource},
    core::{
        conditions::Reason,
        pass::{Context, Flow, ProjectAccess},
        records::{owner_tag::cluster_tag, time::rfc3339},
        seam::{Event, Millis, ObjectKind},
        state::ProjectState,
    },
    dli::{Call, CallError, ConnectionState, EpochMillis, ErrorClass, Reply},
};

/// So many orphans are listed in the status; the count is of all.
const LISTED: usize = 50;

/// When the project looks for orphans next, where its lists can be filtered by tag.
pub(super) fn next_look(project: &ProjectState) -> Option<Millis> {
    can_look(project).then_some(project.orphans_due_at)
}

fn can_look(project: &ProjectState) -> bool {
    let honoured = |kind| project.list(kind).filter == Some(true);
    honoured(ObjectKind::Queue) || honoured(ObjectKind::Connection)
}

/// A resource with the cluster tag: kind, name, id, time of creation.
type Tagged = (ObjectKind, String, String, Option<EpochMillis>);

/// Lists what carries the cluster tag when that is due, and finds what belongs to no object.
pub(super) fn look_for_orphans(ctx: &mut Context<'_>, access: &ProjectAccess) -> Flow<()> {
    let now = ctx.now.mono;
    let period = ctx.state.settings.orphan_period;
    let Some(project) = ctx.state.projects.get_mut(ctx.key) else { return Ok(()) };
    if project.orphans_due_at == 0 {
        // By then every object of the cluster has been reconciled once.
        project.orphans_due_at = now + period / 6;
    }
    if now < project.orphans_due_at || !can_look(project) {
        return Ok(());
    }
    let tag = cluster_tag(&ctx.state.settings.cluster_id);
    let honoured = |kind| project.list(kind).filter == Some(true);
    let (queues, connections) = (honoured(ObjectKind::Queue), honoured(ObjectKind::Connection));
    if queues && ctx.observations.refresh.cluster_queues.is_none() {
        return ctx.call(access, Call::ListQueues { tag: Some(tag), page: None });
    }
    if connections && ctx.observations.refresh.cluster_connections.is_none() {
        return ctx.call(access, Call::ListConnections { tag: Some(tag), offset: 0, limit: 0 });
    }
    let found = orphans(ctx, access);
    if let Some(project) = ctx.state.projects.get_mut(ctx.key) {
        project.orphan_count = found.len() as i64;
        project.orphans = Some(found.into_iter().take(LISTED).collect());
        project.orphans_due_at = now + period;
    }
    ctx.observations.refresh.cluster_queues = None;
    ctx.observations.refresh.cluster_connections = None;
    Ok(())
}

/// What carries the cluster tag and belongs to no object of this cluster.
fn orphans(ctx: &Context<'_>, access: &ProjectAccess) -> Vec<OrphanedResource> {
    // Several DliProjects may mean the same project, and one whose id is not known yet, or that is gone, may have meant it.
    let elsewhere = |project: &ProjectState| {
        project.endpoint != access.endpoint || project.id.as_ref().is_some_and(|id| Some(id) != access.project.as_ref())
    };
    let others: BTreeSet<_> = ctx.state.projects.iter().filter(|(_, p)| elsewhere(p)).map(|(key, _)| key).collect();
    let mut owned: BTreeMap<(ObjectKind, &str), Vec<Option<&str>>> = BTreeMap::new();
    for (key, object) in ctx.state.objects() {
        if let Some((name, id)) = &object.remote
            && object.project.as_ref().is_some_and(|project| !others.contains(project))
        {
            owned.entry((key.kind, name)).or_default().push(id.as_deref());
        }
    }
    // An object without an id may own whatever has its name.
    let is_owned = |(kind, name, id, _): &Tagged| {
        let owners = owned.get(&(*kind, name.as_str()));
        owners.is_some_and(|owners| owners.iter().any(|owner| owner.is_none_or(|owner| owner == id)))
    };
    let progress = &ctx.observations.refresh;
    let queues = progress.cluster_queues.iter().flatten().map(|item| {
        let id = item.queue_id.map(|id| id.to_string()).unwrap_or_default();
        (ObjectKind::Queue, item.name.to_string(), id, item.create_time)
    });
    let connections = progress.cluster_connections.iter().flatten();
    let connections = connections.filter(|item| item.state != ConnectionState::Deleted);
    let connections =
        connections.map(|item| (ObjectKind::Connection, item.name.to_string(), item.id.to_string(), item.create_time));
    let project = ctx.state.projects.get(ctx.key);
    let before = project.and_then(|p| p.orphans.as_deref()).unwrap_or_default();
    let server = ctx.state.server_time(&access.endpoint, ctx.now);
    let listed = queues.chain(connections).filter(|tagged| !is_owned(tagged));
    let orphan = |(kind, name, id, created): Tagged| {
        let kind = kind.as_str().to_owned();
        let known = before.iter().find(|orphan| orphan.kind == kind && orphan.id == id);
        let since = known.map_or_else(|| rfc3339(server), |orphan| orphan.since.clone());
        OrphanedResource { kind, name, id, created: created.map(rfc3339), since }
    };
    listed.map(orphan).collect()
}

/// Whether a call lists what carries the cluster tag.
pub(super) fn is_about_orphans(ctx: &Context<'_>, call: &Call) -> bool {
    let cluster = cluster_tag(&ctx.state.settings.cluster_id);
    matches!(
        call,
        Call::ListQueues { tag: Some(tag), .. } | Call::ListConnections { tag: Some(tag), .. } if *tag == cluster
    )
}

/// Takes in such a list. A failure puts the look off; only those of the project are given back.
pub(super) fn absorb_orphans(
    ctx: &mut Context<'_>,
    call: &Call,
    outcome: Result<Reply, CallError>,
) -> Option<CallError> {
    let progress = &mut ctx.observations.refresh;
    match (call, outcome) {
        (Call::ListQueues { .. }, Ok(Reply::Queues(items))) => progress.cluster_queues = Some(items),
        (Call::ListConnections { .. }, Ok(Reply::Connections(items))) => progress.cluster_connections = Some(items),
        (_, outcome) => {
            let later = ctx.now.mono + ctx.state.settings.orphan_period / 6;
            if let Some(project) = ctx.state.projects.get_mut(ctx.key) {
                project.orphans_due_at = later;
            }
            return outcome.err().filter(|error| matches!(error.class, ErrorClass::Auth | ErrorClass::Throttled));
        }
    }
    None
}

/// An event where orphans appear that were not reported before.
pub(super) fn orphan_event(old: &DliProjectStatus, new: &DliProjectStatus) -> Option<Event> {
    let known = |orphan: &&OrphanedResource| !old.orphans.iter().any(|o| o.kind == orphan.kind && o.id == orphan.id);
    let first = new.orphans.iter().find(known)?;
    let count = new.orphan_count.unwrap_or(0);
    let note = format!(
        "{count} resources carry the owner tag of this cluster and belong to no object, among them {} {} ({}). \
         status.orphans lists them. Adopt or delete them.",
        first.kind, first.name, first.id
    );
    Some(Event { warning: true, reason: Reason::OrphansFound.as_str(), action: "Reconcile", note })
}
