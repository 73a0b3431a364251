//! How an `EnhancedConnection` is let go.

use std::collections::BTreeSet;

use crate::{
    api::EnhancedConnection,
    dli::{Call, ConnectionId, PeeringState, QueueName},
};

use super::connection::{all, connection_id, marked, readable};
use super::connection_birth::{fitting, own_of};
use super::farewell::{Farewell, delete_failed, disown, farewell, lost_event, not_just_created, refuse};
use super::{
    FinalizerChange, IntentOp, Millis, Next, Outcome,
    conditions::{Conditions, find},
    doubt::{doubt_ends, lacked_twice, settling, unconfirmed},
    mark::{self, carries_mark, learn_filter, mark_may_lag, without_tag_service},
    member::{Member, look_again, wall},
    memory::CreateOutcome,
    pass::{Context, Flow, ProjectAccess, done},
    records::owner_tag::owner_tag,
};

/// An accepted DELETE is not sent again before this time.
const REPEAT: Millis = 10_000;

/// Deletion.
pub(in crate::core) fn depart(ctx: &mut Context<'_>, object: &EnhancedConnection) -> Flow<Next> {
    let farewell = farewell(ctx, object)?;
    // It is not sent again at once because the cloud goes on showing what it has deleted.
    let now = ctx.now.mono;
    ctx.facts.deleted |= ctx.memory().delete_sent.is_some_and(|at| now < at + REPEAT);
    if let Some(failure) = ctx.facts.failure.take()
        && let Some((call, error)) = without_tag_service(ctx, object, failure)
    {
        return delete_failed(ctx, object, &call, &error);
    }
    let link = match &farewell {
        Farewell::Owned(link) | Farewell::InDoubt(link, _) => link.clone(),
    };
    let expected = connection_id(object).or_else(|| match &ctx.memory().attempt {
        Some(CreateOutcome::Accepted { id, .. }) => id.clone(),
        _ => None,
    });
    // What is ours by its mark goes, all of it.
    if readable(ctx, object) == Some(true) {
        let reading = marked(ctx, object, &link)?;
        if let Some(item) = reading.value.first() {
            mark::shown(ctx);
            if ctx.facts.deleted && expected.as_ref().is_none_or(|id| *id == item.id) {
                // Accepted; the list may lag. The reading by id tells.
                match ctx.facts.connection() {
                    None => return ctx.call(&link, Call::GetConnection(item.id.clone())),
                    Some(None) => {}
                    Some(Some(_)) => return look_again(ctx, object),
                }
                if reading.value.len() == 1 {
                    return finish(ctx, object, &farewell);
                }
            }
            let id = reading
                .value
                .iter()
                .find(|c| Some(&c.id) != expected.as_ref())
                .map_or_else(|| item.id.clone(), |c| c.id.clone());
            clear(ctx, object, &link, &id)?;
            return ctx.call(&link, Call::DeleteConnection(id));
        }
    }
    let Some(id) = expected else { return finish_doubt(ctx, object, &farewell, &link) };
    match ctx.facts.connection() {
        None => ctx.call(&link, Call::GetConnection(id)),
        Some(None) => {
            not_just_created(ctx, object)?;
            finish(ctx, object, &farewell)
        }
        Some(Some(_)) if ctx.facts.deleted => look_again(ctx, object),
        Some(Some(item)) => {
            // No list by the mark has it. What was taken over without a tag service never got one.
            let adopted = object.status.as_ref().and_then(|s| s.adopted) == Some(true);
            let shown = match readable(ctx, object) {
                Some(true) if !adopted => Some(false),
                _ => carries_mark(ctx, object, &link, id.as_str())?,
            };
            let fresh = ctx.memory().deleted_at.is_none() && mark_may_lag(ctx, object, item.create_time);
            if shown == Some(false) && (fresh || settling(ctx, object)) {
                // A mark that was just written may not be shown yet.
                let message = format!(
                    "Connection {id} was just created and does not show this object's mark yet; it is deleted when it does, \
                     and left alone if it does not."
                );
                return refuse(ctx, object, "ConfirmingOwnership", message, ctx.now.mono + 5_000);
            }
            if shown == Some(false) {
                disown(ctx, object, &format!("Connection {id}"))?;
                let note = format!("Connection {id} does not carry this object's mark any more; it is left alone.");
                return abandon(ctx, object, note);
            }
            mark::shown(ctx);
            clear(ctx, object, &link, &id)?;
            ctx.call(&link, Call::DeleteConnection(id))
        }
    }
}

/// Unbinds what this object bound, where the cloud has refused to delete the connection before: some may want that first.
pub(in crate::core) fn clear(
    ctx: &mut Context<'_>,
    object: &EnhancedConnection,
    link: &ProjectAccess,
    id: &ConnectionId,
) -> Flow<()> {
    if !ctx.memory().delete_refused || ctx.facts.unbound {
        return Ok(());
    }
    let Some(read) = ctx.facts.connection() else { return ctx.call(link, Call::GetConnection(id.clone())) };
    let Some(item) = read.filter(|item| item.id == *id) else { return Ok(()) };
    let mut managed: BTreeSet<String> = object.status.iter().flat_map(|s| s.managed_targets.iter().cloned()).collect();
    managed.extend(object.intent().into_iter().flat_map(|i| i.targets));
    let queues: Vec<QueueName> = item
        .entries()
        .filter(|e| e.state == PeeringState::Active && managed.contains(e.name.as_str()))
        .map(|e| e.name.clone())
        .collect();
    if queues.is_empty() {
        return Ok(());
    }
    ctx.may_mutate()?;
    ctx.fresh()?;
    ctx.facts.unbound = true;
    ctx.call(link, Call::Unbind { id: id.clone(), queues })
}

/// A create call in doubt whose connection nobody has seen.
pub(in crate::core) fn finish_doubt(
    ctx: &mut Context<'_>,
    object: &EnhancedConnection,
    farewell: &Farewell,
    link: &ProjectAccess,
) -> Flow<Next> {
    let Farewell::InDoubt(_, intent) = farewell else { return finish(ctx, object, farewell) };
    let until = doubt_ends(ctx, link, intent);
    let mut lacking = None;
    if intent.op == IntentOp::Adopt && readable(ctx, object) != Some(true) {
        let id = ConnectionId::new(intent.key.rsplit('/').next().unwrap_or_default());
        match carries_mark(ctx, object, link, id.as_str())? {
            Some(true) if ctx.facts.deleted => {
                return match ctx.facts.connection() {
                    None => ctx.call(link, Call::GetConnection(id)),
                    Some(None) => ctx.change_finalizer(FinalizerChange::Remove),
                    Some(Some(_)) => look_again(ctx, object),
                };
            }
            Some(true) => {
                clear(ctx, object, link, &id)?;
                return ctx.call(link, Call::DeleteConnection(id));
            }
            Some(false) => {}
            None => return ctx.change_finalizer(FinalizerChange::Remove),
        }
    } else if readable(ctx, object) != Some(true) {
        let reading = all(ctx, link)?;
        let fitting = fitting(object, intent, reading.value);
        if readable(ctx, object).is_none() && !fitting.is_empty() {
            return learn_filter(ctx, object);
        }
        lacking = fitting.is_empty().then_some(reading.began);
        match own_of(ctx, object, link, fitting)?.as_slice() {
            [] => {}
            [one] => {
                let id = one.id.clone();
                if !ctx.facts.deleted {
                    clear(ctx, object, link, &id)?;
                    return ctx.call(link, Call::DeleteConnection(id));
                }
                // Accepted; the list may lag. The reading by id tells.
                match ctx.facts.connection() {
                    None => return ctx.call(link, Call::GetConnection(id)),
                    Some(Some(_)) => return look_again(ctx, object),
                    Some(None) => {}
                }
            }
            several => {
                let ids: Vec<&str> = several.iter().map(|c| c.id.as_str()).collect();
                let note = format!(
                    "Connections {} may have been made by this object, but nobody can tell in this region; they are left alone.",
                    ids.join(", ")
                );
                if ctx.now.mono >= until {
                    return abandon(ctx, object, note);
                }
            }
        }
    }
    if ctx.now.mono < until {
        unconfirmed(ctx, object, intent, until)?;
        return done(Some(until), Outcome::Waiting);
    }
    if let Some(began) = lacking {
        lacked_twice(ctx, object, intent, began, until)?;
    }
    // Two complete looks, both begun after the doubt's end.
    if ctx.facts.looks < 2 {
        ctx.facts.owned_connections = None;
        let tag = (readable(ctx, object) == Some(true)).then(|| owner_tag(&ctx.world.settings.cluster_id, ctx.key));
        if tag.is_some() {
            return ctx.call(link, Call::ListConnections { tag, offset: 0, limit: 0 });
        }
    }
    ctx.change_finalizer(FinalizerChange::Remove)
}

/// Nothing of this object is left in the cloud.
pub(in crate::core) fn finish(ctx: &mut Context<'_>, object: &EnhancedConnection, farewell: &Farewell) -> Flow<Next> {
    if let Farewell::InDoubt(link, intent) = farewell {
        let link = link.clone();
        let accepted = matches!(ctx.memory().attempt, Some(CreateOutcome::Accepted { .. }));
        let until = doubt_ends(ctx, &link, intent);
        if !accepted && ctx.now.mono < until {
            unconfirmed(ctx, object, intent, until)?;
            return done(Some(until), Outcome::Waiting);
        }
    }
    ctx.change_finalizer(FinalizerChange::Remove)
}

/// Lets the object go and leaves the resource, which turned out to be another's; says so.
pub(in crate::core) fn abandon(ctx: &mut Context<'_>, object: &EnhancedConnection, note: String) -> Flow<Next> {
    if find(object.conditions(), "Ready").is_none_or(|c| c.reason != "OwnershipLost") {
        let verdict = Conditions::stalled("OwnershipLost", note.clone(), "NotOwned");
        let conditions = verdict.conditions(object.conditions(), object.generation(), wall(ctx, object));
        let status = object.status_with(conditions, object.generation());
        return ctx.put_status(status, vec![lost_event(note)]);
    }
    ctx.change_finalizer(FinalizerChange::Remove)
}
