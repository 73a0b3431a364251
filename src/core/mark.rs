//! Whose a remote resource is: by its tags, where they can be read.

use crate::{
    api::AdoptionPolicy,
    dli::{Call, CallError, EpochMillis, ErrorClass, ResourceType, Tag},
};

use super::{
    Millis, ObjectKind, Outcome,
    doubt::settling,
    member::{Member, wall},
    pass::{Context, Flow, ProjectAccess, done},
    records::owner_tag::{CLUSTER_TAG, OWNER_TAG, owner_tag},
};

/// Time between two readings that have to agree before what cannot be taken back.
pub(in crate::core) const LOOKS_APART: Millis = 5_000;

/// For so long a reading that lacks the mark counts as the first of two.
const DENIED_FOR: Millis = 60_000;

/// For so long it counts as the first of those after which a resource is left behind.
const DISOWNED_FOR: Millis = 600_000;

/// Whether a resource carries this object's mark, by the tag service: where lists cannot be filtered. `None` where the
/// region has no such service.
pub(in crate::core) fn carries_mark<M: Member>(
    ctx: &mut Context<'_>,
    member: &M,
    link: &ProjectAccess,
    id: &str,
) -> Flow<Option<bool>> {
    let own = owner_tag(&ctx.world.settings.cluster_id, ctx.key);
    Ok(tags_of(ctx, member, link, id)?.map(|tags| tags.contains(&own)))
}

/// The tags of a resource, by the tag service; `None` where the region has none.
pub(in crate::core) fn tags_of<M: Member>(
    ctx: &mut Context<'_>,
    member: &M,
    link: &ProjectAccess,
    id: &str,
) -> Flow<Option<Vec<Tag>>> {
    if !has_tag_service(ctx, member) {
        return Ok(None);
    }
    if let Some(tags) = ctx.facts.tags.get(id) {
        return Ok(Some(tags.clone()));
    }
    let resource = match member.kind() {
        ObjectKind::Queue => ResourceType::Queue,
        ObjectKind::Connection | ObjectKind::Project => ResourceType::Connection,
    };
    ctx.call(link, Call::ListTags { resource, id: id.to_owned() })
}

/// Whether the region has the tag service, as far as known.
pub(in crate::core) fn has_tag_service<M: Member>(ctx: &Context<'_>, member: &M) -> bool {
    ctx.world.projects.get(&member.project_key()).and_then(|p| p.tag_service) != Some(false)
}

/// Takes note where a failure says that the region has no tag service; gives back any other.
pub(in crate::core) fn without_tag_service<M: Member>(
    ctx: &mut Context<'_>,
    member: &M,
    failure: (Call, CallError),
) -> Option<(Call, CallError)> {
    let about_tags = matches!(failure.0, Call::ListTags { .. } | Call::CreateTags { .. });
    if !about_tags || failure.1.class != ErrorClass::Unsupported {
        return Some(failure);
    }
    if let Some(project) = ctx.world.projects.get_mut(&member.project_key()) {
        project.tag_service = Some(false);
    }
    None
}

/// A reading lacks this object's mark. One reading may be wrong, and what is disowned is left behind: two have to say so.
pub(in crate::core) fn denied_twice(ctx: &mut Context<'_>) -> Flow<()> {
    let now = ctx.now.mono;
    // What was denied long ago may have changed since.
    let first = ctx.memory().denied.filter(|first| now < *first + DENIED_FOR).unwrap_or(now);
    ctx.memory().denied = Some(first);
    if now < first + LOOKS_APART {
        return done(Some(first + LOOKS_APART), Outcome::Waiting);
    }
    Ok(())
}

/// A reading shows this object's mark: that one before lacked it says nothing any more.
pub(in crate::core) fn shown(ctx: &mut Context<'_>) {
    let memory = ctx.memory();
    memory.denied = None;
    memory.disowned = None;
}

/// Until when this object's resource has to go on lacking its mark before it is left behind, if that is not over yet. Nobody
/// finds it again then, so this takes as long as lists may lag, with a look soon after the first and one at the end, all of
/// them during the deletion.
pub(in crate::core) fn disowned_at(ctx: &mut Context<'_>) -> Option<Millis> {
    let (now, grace) = (ctx.now.mono, ctx.world.settings.visibility_grace);
    let first = ctx.memory().disowned.filter(|first| now < *first + DISOWNED_FOR).unwrap_or(now);
    ctx.memory().disowned = Some(first);
    [first + LOOKS_APART, first + grace].into_iter().find(|at| now < *at)
}

/// Whether a reading that lacks this object's mark may just lag behind: the resource is new, or this object has written
/// something that a list need not show yet.
pub(in crate::core) fn mark_may_lag<M: Member>(
    ctx: &mut Context<'_>,
    member: &M,
    created: Option<EpochMillis>,
) -> bool {
    let grace = ctx.world.settings.visibility_grace;
    // The server's clock may have jumped; this process's own does not. What the last process wrote was before this one led.
    let wrote = ctx.memory().fence.max(ctx.world.leads_from());
    ctx.now.mono < wrote + grace
        || created.is_none_or(|t| wall(ctx, member) < t + grace as EpochMillis)
        || settling(ctx, member)
}

/// Whether the marks that a resource carries let this object take it over.
pub(in crate::core) fn may_adopt(ctx: &Context<'_>, policy: AdoptionPolicy, tags: &[Tag]) -> bool {
    let own = owner_tag(&ctx.world.settings.cluster_id, ctx.key);
    if tags.contains(&own) {
        return true;
    }
    let marked = tags.iter().any(|t| t.key == OWNER_TAG || t.key == CLUSTER_TAG);
    match policy {
        AdoptionPolicy::IfOwned => false,
        AdoptionPolicy::IfUnowned => !marked,
        AdoptionPolicy::Always => true,
    }
}

/// Has the project find out whether its lists can be filtered by tag.
pub(in crate::core) fn learn_filter<T, M: Member>(ctx: &mut Context<'_>, member: &M) -> Flow<T> {
    let project_key = member.project_key();
    if let Some(project) = ctx.world.projects.get_mut(&project_key) {
        match member.kind() {
            ObjectKind::Queue => project.want_queues = true,
            ObjectKind::Connection => project.want_connections = true,
            ObjectKind::Project => {}
        }
    }
    ctx.world.wake(&project_key);
    done(Some(ctx.now.mono + 2_000), Outcome::Waiting)
}
