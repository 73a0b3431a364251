//! How a `DliQueue` comes to own a queue: by a create call, or by taking one over.

use crate::{
    api::{AdoptionPolicy, DliQueue},
    dli::{Call, CreateQueue, QueueItem, QueueName, ResourceType, Tag},
};

use super::connection::SKEW;
use super::queue::{complete, marked, mismatch, queue_id, queue_type, readable, seen, standing, undecided};
use super::{
    IntentOp, Next, Outcome,
    conditions::{ConditionStatus, ConditionValue, Conditions},
    doubt::{doubt_ends, new_intent, send_create, send_mark, settling, unconfirmed, void_intent},
    mark::{carries_mark, has_tag_service, learn_filter, may_adopt, tags_of},
    member::{Member, due, not_before, present, say, settled, wall},
    memory::CreateOutcome,
    pass::{Context, Flow, ProjectAccess, done},
    records::backoff,
    records::owner_tag::{digest, marks},
};

/// An object that has made nothing yet: create, or take over what has the name.
pub(in crate::core) fn arrive(
    ctx: &mut Context<'_>,
    object: &DliQueue,
    link: &ProjectAccess,
    name: &QueueName,
) -> Flow<Next> {
    if complete(ctx, object).is_none() {
        return done(Some(ctx.now.mono + 1_000), Outcome::Waiting);
    }
    match seen(ctx, object, name) {
        None => create(ctx, object, link, name),
        Some((item, _)) => adopt(ctx, object, link, &item),
    }
}

pub(in crate::core) fn create(
    ctx: &mut Context<'_>,
    object: &DliQueue,
    link: &ProjectAccess,
    name: &QueueName,
) -> Flow<Next> {
    if ctx.world.weigh(&object.project_key()).is_some() {
        missing_elsewhere(ctx, object)?;
    }
    ctx.may_mutate()?;
    ctx.turn(link)?;
    let key = format!("{}/{name}", link.project_id());
    let mut intent = new_intent(ctx, object, link, IntentOp::Create, key, immutables(object), Vec::new());
    intent.first = in_doubt_since(ctx, object);
    ctx.write_intent(intent)
}

/// When the first create call was written down that may have been applied after all. Names are unique, so that a call in
/// doubt is simply repeated; but a queue that it made has to be known again. So has one that was being taken over, and that
/// a list does not show for a while: it may carry the mark.
fn in_doubt_since(ctx: &mut Context<'_>, object: &DliQueue) -> Option<i64> {
    let before = object.intent().filter(|i| i.op != IntentOp::Void && queue_id(object).is_none())?;
    if !settling(ctx, object) {
        // It can no longer show up late, and is not there.
        return None;
    }
    match ctx.memory().attempt.clone() {
        Some(CreateOutcome::NotApplied { n } | CreateOutcome::Exists { n }) if n == before.n => before.first,
        _ => Some(before.since()),
    }
}

/// Nothing is created in a project whose lists are in doubt.
pub(in crate::core) fn missing_elsewhere(ctx: &mut Context<'_>, object: &DliQueue) -> Flow<()> {
    let message = "Many of the project's resources are missing from the cloud at once; nothing is created until each is confirmed.";
    let verdict = Conditions::reconciling(
        "WaitingForDependency",
        message,
        ConditionValue::new(ConditionStatus::False, "Pending", message),
    );
    say(ctx, object, &verdict)?;
    done(Some(ctx.now.mono + 10_000), Outcome::Waiting)
}

/// The create call, as its intent says.
pub(in crate::core) fn post(
    ctx: &mut Context<'_>,
    object: &DliQueue,
    link: &ProjectAccess,
    name: &QueueName,
    intent: &super::Intent,
) -> Flow<Next> {
    let spec = &object.spec;
    let mut tags: Vec<Tag> = marks(&ctx.world.settings.cluster_id, ctx.key);
    tags.extend(spec.tags.iter().flatten().map(|t| Tag { key: t.key.clone(), value: t.value.clone() }));
    let body = CreateQueue {
        queue_name: name.clone(),
        queue_type: Some(queue_type(spec.queue_type).to_owned()),
        description: spec.description.clone(),
        cu_count: spec.cu_count,
        charging_mode: spec.charging_mode,
        enterprise_project_id: spec.enterprise_project_id.clone(),
        platform: spec.platform.clone(),
        resource_mode: spec.resource_mode.unwrap_or(1),
        labels: spec.labels.clone(),
        feature: spec.feature.clone(),
        tags,
        properties: spec.properties.as_ref().map(|p| p.iter().map(|(k, v)| (k.clone(), v.clone())).collect()),
        engine: spec.engine.clone(),
    };
    send_create(ctx, object, link, intent, Call::CreateQueue(Box::new(body)))
}

/// By so much the server's clock may be behind what is believed, in milliseconds: answers tell it in whole seconds.
const CLOCK_ERROR: i64 = 1_500;

/// Digest of what cannot be changed after the creation.
pub(in crate::core) fn immutables(object: &DliQueue) -> String {
    let s = &object.spec;
    let text = format!(
        "{}|{:?}|{:?}|{:?}|{:?}|{:?}|{:?}",
        queue_type(s.queue_type),
        s.platform,
        s.feature,
        s.engine,
        s.enterprise_project_id,
        s.labels,
        s.resource_mode.unwrap_or(1)
    );
    digest(&text)[..16].to_owned()
}

/// A create call was written down, and no id is known: it was not sent, or it was and its queue has to be found.
pub(in crate::core) fn confirm(
    ctx: &mut Context<'_>,
    object: &DliQueue,
    link: &ProjectAccess,
    name: &QueueName,
    intent: &super::Intent,
) -> Flow<Next> {
    let now = ctx.now.mono;
    let memory = ctx.memory();
    let fence = memory.fence;
    let attempted = memory.attempt.clone().filter(|a| a.number() == intent.n);
    if intent.first.is_none()
        && let Some(CreateOutcome::NotApplied { .. }) = attempted
    {
        // An intent is good for one call: when it was written is what the next process goes by. What has the name by
        // now is looked at first: a refusal may have meant just that.
        return arrive(ctx, object, link, name);
    }
    // This pass has just written the intent of an object that this process knows to be new: the call comes now.
    if attempted.is_none() && ctx.wrote_intent(intent) {
        return post(ctx, object, link, name, intent);
    }
    let accepted_at = match attempted {
        Some(CreateOutcome::Accepted { at, .. }) => Some(at),
        _ => None,
    };
    let accepted = accepted_at.is_some();
    // Older than any call of ours: another's, or one that a list that lags behind still shows.
    let since = if accepted { intent.at } else { intent.since() };
    let young = |item: &QueueItem| item.create_time.is_none_or(|t| t >= since - SKEW);
    let close = |item: &QueueItem| item.create_time.is_none_or(|t| t >= since - CLOCK_ERROR);
    let surely_young = |item: &QueueItem| item.create_time.is_none_or(|t| t >= since);
    // Made after the answer to the accepted call: what that one made has gone, unless the clock was set meanwhile.
    let answered = accepted_at.map(|at| wall(ctx, object) - now.saturating_sub(at) as i64 + CLOCK_ERROR);
    let successor = |item: &QueueItem| answered.zip(item.create_time).is_some_and(|(answered, t)| t > answered);
    let found = match &ctx.facts.queue {
        Some(read) => read.clone(),
        None => match seen(ctx, object, name) {
            Some((item, began)) if began >= fence && attempted.is_some() => {
                // Another's may be of any age; one that an earlier call of ours may have made is not.
                let exists = intent.first.is_none() && matches!(attempted, Some(CreateOutcome::Exists { .. }));
                if !exists && !surely_young(&item) {
                    return ctx.call(link, Call::GetQueue(name.clone()));
                }
                Some(item)
            }
            _ if attempted.is_some() => {
                // A list that lacks it this long after the call will not show it, however often it is read.
                let grace = ctx.world.settings.visibility_grace;
                if complete(ctx, object).is_none_or(|began| began < fence + grace) {
                    due(ctx, object)?;
                }
                return ctx.call(link, Call::GetQueue(name.clone()));
            }
            // After a restart: one look at once, and further ones in its turn, however often the lists of others wake it.
            _ => match not_before(ctx, object) {
                Some(at) => return done(Some(at), Outcome::Waiting),
                None => return ctx.call(link, Call::GetQueue(name.clone())),
            },
        },
    };
    let until = doubt_ends(ctx, link, intent);
    // What has the name may not be shown yet, or be gone again: it is looked for more often than it is called for.
    let tried = match attempted {
        Some(CreateOutcome::Unknown { gave_up, .. }) => Some(gave_up),
        Some(CreateOutcome::Exists { .. }) => Some(fence),
        _ => None,
    };
    let again = tried.map_or(0, |at| at + backoff::backoff(ctx.memory().failures, ctx.world.settings.seed));
    if intent.first.is_none()
        && let (Some(CreateOutcome::Exists { n }), found) = (&attempted, &found)
    {
        return match found {
            Some(item) => adopt(ctx, object, link, item),
            None if now < again => later(ctx, object),
            None => {
                ctx.memory().attempt = Some(CreateOutcome::NotApplied { n: *n });
                later(ctx, object)
            }
        };
    }
    match found {
        Some(item) if accepted && !successor(&item) && (close(&item) || now >= until) => {
            take(ctx, object, link, &item, false)
        }
        // The call by name may still show what had the name before.
        Some(item) if accepted && !successor(&item) => {
            // A little older than the call, it may be its own: a slow answer tells less of the server's clock.
            if young(&item) && shows_mark(ctx, object, link, &item)? {
                return take(ctx, object, link, &item, false);
            }
            later(ctx, object)
        }
        Some(item) => {
            if undecided(ctx, object) {
                return learn_filter(ctx, object);
            }
            if readable(ctx, object) {
                let reading = marked(ctx, link)?;
                if reading.value.iter().any(|q| same_queue(q, &item)) {
                    return take(ctx, object, link, &item, false);
                }
                if reading.began < until {
                    // The filter may lag behind the list.
                    return doubted(ctx, object, intent, until);
                }
                return adopt(ctx, object, link, &item);
            }
            match marked_by_service(ctx, object, link, &item)? {
                Some(true) => return take(ctx, object, link, &item, false),
                Some(false) if now < until => return doubted(ctx, object, intent, until),
                Some(false) => {}
                None if now < until && !(surely_young(&item) && mismatch(object, &item).is_empty()) => {
                    // It may be another's. What the call could still make, once that one has gone, must not be missed.
                    return doubted(ctx, object, intent, until);
                }
                None if young(&item) && mismatch(object, &item).is_empty() => {
                    return take(ctx, object, link, &item, false);
                }
                None => {}
            }
            adopt(ctx, object, link, &item)
        }
        // Names are unique, so a second call cannot make a second queue: an accepted one is given time to show, one in
        // doubt is repeated.
        None if accepted && now < until => later(ctx, object),
        None => {
            if now < again {
                unconfirmed(ctx, object, intent, again)?;
                return match attempted {
                    Some(CreateOutcome::Exists { .. }) => later(ctx, object),
                    _ => done(Some(again), Outcome::Failed),
                };
            }
            create(ctx, object, link, name)
        }
    }
}

/// Whether the tag service shows this object's mark on a queue; `None` where nobody can tell.
pub(in crate::core) fn marked_by_service(
    ctx: &mut Context<'_>,
    object: &DliQueue,
    link: &ProjectAccess,
    item: &QueueItem,
) -> Flow<Option<bool>> {
    match item.queue_id {
        Some(id) => carries_mark(ctx, object, link, &id.to_string()),
        None => Ok(None),
    }
}

/// Whether this object's mark is seen on a queue, in whichever way this region shows it.
pub(in crate::core) fn shows_mark(
    ctx: &mut Context<'_>,
    object: &DliQueue,
    link: &ProjectAccess,
    item: &QueueItem,
) -> Flow<bool> {
    if readable(ctx, object) {
        return Ok(marked(ctx, link)?.value.iter().any(|q| same_queue(q, item)));
    }
    Ok(marked_by_service(ctx, object, link, item)? == Some(true))
}

/// Whether two readings mean the same queue: one of that name may be gone, and another one there.
pub(in crate::core) fn same_queue(one: &QueueItem, other: &QueueItem) -> bool {
    one.name == other.name && (one.queue_id.is_none() || other.queue_id.is_none() || one.queue_id == other.queue_id)
}

/// What has the name does not show yet whose it is. Where the call was accepted, there is no doubt to tell of: the queue
/// that it made is awaited.
fn doubted(ctx: &mut Context<'_>, object: &DliQueue, intent: &super::Intent, until: super::Millis) -> Flow<Next> {
    if !matches!(ctx.memory().attempt, Some(CreateOutcome::Accepted { n, .. }) if n == intent.n) {
        unconfirmed(ctx, object, intent, until)?;
    }
    later(ctx, object)
}

/// Looks again later, in step with the others that wait.
pub(in crate::core) fn later(ctx: &mut Context<'_>, object: &DliQueue) -> Flow<Next> {
    due(ctx, object)?;
    done(Some(ctx.now.mono + 1_000), Outcome::Waiting)
}

/// Takes over a queue that exists, if the policy allows.
pub(in crate::core) fn adopt(
    ctx: &mut Context<'_>,
    object: &DliQueue,
    link: &ProjectAccess,
    item: &QueueItem,
) -> Flow<Next> {
    if undecided(ctx, object) {
        return learn_filter(ctx, object);
    }
    let ours = shows_mark(ctx, object, link, item)?;
    if !ours {
        let allowed = match object.adoption() {
            AdoptionPolicy::IfOwned => false,
            AdoptionPolicy::Always => true,
            policy @ AdoptionPolicy::IfUnowned => {
                let tags = match item.queue_id {
                    Some(id) => tags_of(ctx, object, link, &id.to_string())?,
                    None => None,
                };
                let Some(tags) = tags else {
                    let message = "Marks cannot be read in this region, so nobody can tell whether this queue has an owner. Set \
                                   adoptionPolicy: Always to take it over all the same.";
                    say(ctx, object, &Conditions::stalled("NameConflict", message, "NotOwned"))?;
                    return done(Some(ctx.now.mono + ctx.world.settings.stuck_retry), Outcome::Stuck);
                };
                may_adopt(ctx, policy, &tags)
            }
        };
        if !allowed {
            void_intent(ctx, object, link)?;
            let remedy = match object.adoption() {
                AdoptionPolicy::IfOwned => "Choose another spec.queueName, or set adoptionPolicy to take it over.",
                _ => "It carries another owner's mark. Choose another spec.queueName, or set adoptionPolicy: Always.",
            };
            let message = format!("A queue named {} exists and was not made by this object. {remedy}", item.name);
            say(ctx, object, &Conditions::stalled("NameConflict", message, "NotOwned"))?;
            settled(ctx, object);
            return done(Some(ctx.now.mono + ctx.world.settings.stuck_retry), Outcome::Stuck);
        }
    }
    // A list that lags behind may show what is gone: the queue itself is asked before it is taken over.
    let item = match ctx.facts.queue.clone() {
        None => return ctx.call(link, Call::GetQueue(item.name.clone())),
        Some(None) => return done(Some(ctx.now.mono + 5_000), Outcome::Waiting),
        Some(Some(item)) => item,
    };
    let item = &item;
    let differs = mismatch(object, item);
    if let Some(first) = differs.first() {
        let message = format!(
            "Queue {} cannot be taken over: {} is {} in the cloud and {} in the spec, and cannot be changed. Make the spec say \
             what the queue is.",
            item.name, first.field, first.have, first.want
        );
        say(ctx, object, &Conditions::stalled("ImmutableMismatch", message, "NotOwned"))?;
        return done(Some(ctx.now.mono + ctx.world.settings.stuck_retry), Outcome::Stuck);
    }
    if object.intent().is_none_or(|i| i.op != IntentOp::Adopt) {
        ctx.may_mutate()?;
        let key = format!("{}/{}", link.project_id(), item.name);
        let intent = new_intent(ctx, object, link, IntentOp::Adopt, key, immutables(object), Vec::new());
        return ctx.write_intent(intent);
    }
    if !ours && !ctx.facts.tagged && has_tag_service(ctx, object) {
        let Some(id) = item.queue_id else { return ctx.call(link, Call::GetQueue(item.name.clone())) };
        let tags = marks(&ctx.world.settings.cluster_id, ctx.key);
        let call = Call::CreateTags { resource: ResourceType::Queue, id: id.to_string(), tags };
        return send_mark(ctx, object, link, (&[], &[]), call);
    }
    take(ctx, object, link, item, true)
}

/// Writes the ids down: from now on the queue is this object's.
pub(in crate::core) fn take(
    ctx: &mut Context<'_>,
    object: &DliQueue,
    link: &ProjectAccess,
    item: &QueueItem,
    adopted: bool,
) -> Flow<Next> {
    let Some(_) = item.queue_id else { return ctx.call(link, Call::GetQueue(item.name.clone())) };
    present(ctx, object);
    standing(ctx, object, link, item, Some(adopted))
}
