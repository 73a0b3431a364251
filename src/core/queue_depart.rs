//! How a `DliQueue` is let go.

use crate::{
    api::DliQueue,
    dli::{Call, EpochMillis, QueueItem},
};

use super::farewell::{Farewell, announce, delete_failed, disown, farewell, lost_event, not_just_created, refuse};
use super::queue::{marked, queue_id, queue_name, readable, undecided};
use super::queue_birth::{marked_by_service, same_queue};
use super::{
    FinalizerChange, IntentOp, Millis, Next, Object, Outcome,
    conditions::Conditions,
    doubt::{doubt_ends, in_doubt_for, intent_horizon, unconfirmed},
    mark::{self, denied_twice, learn_filter, mark_may_lag, without_tag_service},
    member::{Member, look_again, rival, wall},
    pass::{Context, Flow, ProjectAccess, SHOWN_FOR, done},
    records::time::rfc3339,
};

/// Deletion.
pub(in crate::core) fn depart(ctx: &mut Context<'_>, object: &DliQueue) -> Flow<Next> {
    let name = queue_name(object);
    let farewell = farewell(ctx, object)?;
    if let Some(failure) = ctx.facts.failure.take()
        && let Some((call, error)) = without_tag_service(ctx, object, failure)
    {
        return delete_failed(ctx, object, &call, &error);
    }
    let (link, expected) = match &farewell {
        Farewell::Owned(link) => (link.clone(), queue_id(object)),
        Farewell::InDoubt(link, _) => (link.clone(), None),
    };
    if ctx.facts.deleted {
        return match &ctx.facts.queue {
            None => ctx.call(&link, Call::GetQueue(name)),
            Some(None) => finish(ctx, object, &farewell),
            // The DELETE was accepted, but the cloud still shows the queue.
            Some(Some(_)) => look_again(ctx, object),
        };
    }
    // A fresh look, inside the pass: the same id and the mark, or hands off.
    let Some(found) = ctx.facts.queue.clone() else { return ctx.call(&link, Call::GetQueue(name)) };
    let Some(item) = found else {
        not_just_created(ctx, object)?;
        return finish(ctx, object, &farewell);
    };
    let same = expected.is_none_or(|id| item.queue_id.is_none_or(|found| found == id));
    if same {
        not_just_deleted(ctx, object)?;
    }
    let known = same && expected.is_some();
    if !known && undecided(ctx, object) {
        // Whose it is may well be said, by a filter that was not tried yet.
        return learn_filter(ctx, object);
    }
    let adopted = object.status.as_ref().and_then(|s| s.adopted) == Some(true);
    let shown = if readable(ctx, object) {
        match marked(ctx, &link)?.value.iter().any(|q| same_queue(q, &item)) {
            // What was taken over without a tag service never got a mark.
            false if adopted => marked_by_service(ctx, object, &link, &item)?,
            listed => Some(listed),
        }
    } else {
        marked_by_service(ctx, object, &link, &item)?
    };
    if let Farewell::InDoubt(_, intent) = &farewell
        && intent.op == IntentOp::Adopt
        && shown != Some(true)
    {
        // It was going to be taken over, and does not show the mark: another's, once the mark cannot appear any more.
        let until = doubt_ends(ctx, &link, intent);
        if shown.is_some() && ctx.now.mono < until {
            unconfirmed(ctx, object, intent, until)?;
            return done(Some(until), Outcome::Waiting);
        }
        return ctx.change_finalizer(FinalizerChange::Remove);
    }
    let ours = match shown {
        // A mark that was just written may not be shown yet.
        Some(false) if mark_may_lag(ctx, object, item.create_time) => {
            let message = format!(
                "Queue {name} was just created and does not show this object's mark yet; it is deleted when it does, and left \
                 alone if it does not."
            );
            return refuse(ctx, object, "ConfirmingOwnership", message, ctx.now.mono + 5_000);
        }
        // With the mark it is this object's, whatever its number: a call that came late may have made it anew.
        Some(shown) => shown,
        None => {
            let since = object.intent().map(|i| i.since() - 5_000);
            let recent = since.is_some_and(|since| item.create_time.is_none_or(|t| t >= since));
            // One that is not the known one may have been made by a call before that of the known one, while that could
            // still arrive. What was made after that is another's.
            let late = object.intent().is_some_and(|i| {
                let in_time = item.create_time.is_some_and(|t| t < intent_horizon(ctx, &i));
                i.op == IntentOp::Create && i.first.is_some() && in_time
            });
            known || ((same || late) && recent && !of_rival(ctx, object, &link, &item)?)
        }
    };
    if ours {
        mark::shown(ctx);
    } else {
        if known {
            disown(ctx, object, &format!("Queue {name}"))?;
        } else {
            denied_twice(ctx)?;
        }
        let note = format!("Queue {name} in the cloud is not the one that this object owned; it is left alone.");
        return abandon(ctx, object, note);
    }
    outdated(ctx, object)?;
    ctx.call(&link, Call::DeleteQueue(name))
}

/// What the cloud took too long to show is read again before anything is deleted by it. Where that happens again, it is
/// said: nothing else would tell why the queue stays.
fn outdated(ctx: &mut Context<'_>, object: &DliQueue) -> Flow<()> {
    if ctx.now.mono < ctx.shown_until() {
        return Ok(());
    }
    let uid = ctx.uid();
    let at = ctx.world.next_try(ctx.key, &uid, ctx.now, None).min(ctx.now.mono + 60_000);
    if ctx.memory().failures < 2 {
        return done(Some(ctx.now.mono), Outcome::Waiting);
    }
    let message = format!(
        "Queue {} is still to be deleted. A DELETE goes by the name, so only within {} s of a reading that shows whose the \
         queue is, and the cloud or the API server took longer than that to answer. It is tried again.",
        object.remote_name(),
        SHOWN_FOR / 1_000
    );
    refuse(ctx, object, "SlowAnswers", message, at)
}

/// Whether the object that works on the name has this queue, or may be about to have it.
fn of_rival(ctx: &mut Context<'_>, object: &DliQueue, link: &ProjectAccess, item: &QueueItem) -> Flow<bool> {
    let Some(Object::Queue(rival)) = rival(ctx, object, link)? else { return Ok(false) };
    Ok(match queue_id(&rival) {
        Some(owned) => item.queue_id.is_none_or(|id| id == owned),
        None => rival.intent().is_some(),
    })
}

/// Reads may lag behind a DELETE, and a second one by the name would hit what has it next: none is sent before what is
/// shown must be so.
fn not_just_deleted(ctx: &mut Context<'_>, object: &DliQueue) -> Flow<()> {
    let grace = ctx.world.settings.visibility_grace;
    if ctx.memory().delete_sent.is_some_and(|at| ctx.now.mono < at + grace) {
        return look_again(ctx, object).map(drop);
    }
    let until = ctx.world.leads_from() + grace;
    if ctx.memory().stood || ctx.now.mono >= until {
        return Ok(());
    }
    let at = wall(ctx, object) + (until - ctx.now.mono) as EpochMillis;
    let message = format!(
        "An earlier process of the operator may have deleted queue {} already, and the cloud may show it for a while; if it \
         is still shown at {}, it is deleted then.",
        object.remote_name(),
        rfc3339(at)
    );
    announce(ctx, object, "ConfirmingAbsence", message)?;
    look_again(ctx, object).map(drop)
}

/// Nothing of this object is left in the cloud.
pub(in crate::core) fn finish(ctx: &mut Context<'_>, object: &DliQueue, farewell: &Farewell) -> Flow<Next> {
    if let Farewell::InDoubt(link, intent) = farewell {
        let until = doubt_ends(ctx, link, intent);
        if ctx.now.mono < until {
            unconfirmed(ctx, object, intent, until)?;
            return done(Some(until), Outcome::Waiting);
        }
    }
    // So would a create call be that was given up before the one that was answered: it makes the queue anew.
    if let Some(intent) = object.intent().filter(|i| i.op == IntentOp::Create && i.first.is_some()) {
        let left = in_doubt_for(ctx, wall(ctx, object), &intent);
        if left > 0 {
            let until = wall(ctx, object) + left;
            let message = format!(
                "Queue {} is gone. A create call that got no answer may still make it anew; the object is let go at {}.",
                object.remote_name(),
                rfc3339(until)
            );
            return refuse(ctx, object, "ConfirmingAbsence", message, ctx.now.mono + left as Millis);
        }
    }
    // A DELETE goes by the name: one that is still on its way would hit the next queue of that name. What a process before
    // this one sent, nobody knows.
    let inherited = (!ctx.memory().stood).then(|| ctx.world.leads_from() + ctx.world.settings.visibility_grace);
    if let Some(until) = ctx.memory().delete_doubt.max(inherited).filter(|until| ctx.now.mono < *until) {
        let left = until - ctx.now.mono;
        let message = format!(
            "Queue {} is gone. A DELETE that got no answer may still take effect, on whatever has the name then; the object is \
             let go at {}.",
            object.remote_name(),
            rfc3339(wall(ctx, object) + left as EpochMillis)
        );
        return refuse(ctx, object, "ConfirmingAbsence", message, until);
    }
    ctx.change_finalizer(FinalizerChange::Remove)
}

/// Lets the object go and leaves the resource, which turned out to be another's; says so.
pub(in crate::core) fn abandon(ctx: &mut Context<'_>, object: &DliQueue, note: String) -> Flow<Next> {
    let verdict = Conditions::stalled("OwnershipLost", note.clone(), "NotOwned");
    if super::conditions::find(object.conditions(), "Ready").is_none_or(|c| c.reason != "OwnershipLost") {
        let conditions = verdict.conditions(object.conditions(), object.generation(), wall(ctx, object));
        let status = object.status_with(conditions, object.generation());
        return ctx.put_status(status, vec![lost_event(note)]);
    }
    ctx.change_finalizer(FinalizerChange::Remove)
}
