//! Create calls that may or may not have been applied: the intent that is written before one, and how long it is in doubt.

use crate::{
    api::DeletionPolicy,
    dli::{Applied, Call, CallError, EpochMillis, ErrorClass},
};

use super::{
    Effect, Intent, IntentOp, Millis, ObjectKey, Outcome,
    conditions::{ConditionStatus, ConditionValue, Conditions, find},
    ghost::Made,
    mark::LOOKS_APART,
    member::{Member, say, wall},
    memory::CreateOutcome,
    pass::{Context, Flow, Halt, ProjectAccess, done},
    records::time::rfc3339,
};

/// Time from writing an intent to the last moment at which its call may be sent.
pub(in crate::core) const SEND_WITHIN: Millis = 20_000;

/// The first moment of the server's clock at which a list shows whether the call of an intent was applied.
pub(in crate::core) fn intent_horizon(ctx: &Context<'_>, intent: &Intent) -> EpochMillis {
    let settings = &ctx.world.settings;
    intent.at + (SEND_WITHIN + settings.call_timeout + settings.visibility_grace) as EpochMillis
}

/// How long it takes until reads show whether the call of an intent was applied, in milliseconds; negative if readings have
/// shown it since so long ago.
///
/// The server's clock may have been set since the intent was written: where this machine's clock does not agree that it is
/// so old, nothing is concluded before this process has led for as long as a call can be in doubt.
pub(in crate::core) fn in_doubt_for(ctx: &Context<'_>, server: EpochMillis, intent: &Intent) -> i64 {
    let horizon = intent_horizon(ctx, intent);
    let known = ctx.world.leads_from() as EpochMillis + (horizon - intent.at);
    let by_machine = (horizon - ctx.now.wall).min(known - ctx.now.mono as EpochMillis);
    (horizon - server).max(by_machine)
}

/// The first moment at which reads say whether the create call in doubt was applied.
pub(in crate::core) fn doubt_ends(ctx: &mut Context<'_>, link: &ProjectAccess, intent: &Intent) -> Millis {
    let grace = ctx.world.settings.visibility_grace;
    if let Some(attempt) = ctx.memory().attempt.clone()
        && attempt.number() == intent.n
    {
        return match attempt {
            CreateOutcome::Accepted { at, .. } => at + grace,
            // An earlier call is in doubt as well: what it made was there by now, but need not show its mark.
            CreateOutcome::NotApplied { .. } | CreateOutcome::Exists { .. } if intent.first.is_some() => {
                ctx.memory().fence + grace
            }
            CreateOutcome::NotApplied { .. } | CreateOutcome::Exists { .. } => 0,
            CreateOutcome::Unknown { gave_up, .. } => gave_up + grace,
        };
    }
    // Of another process: only the intent tells. What it sent at the last moment of its time need not be shown yet.
    let server = ctx.world.server_now(&link.endpoint, ctx.now);
    let horizon = (ctx.now.mono as i64 + in_doubt_for(ctx, server, intent)).max(0) as Millis;
    horizon.max(ctx.world.leads_from() + grace)
}

/// Notes how a create call ended; gives back what was certainly not applied.
pub(in crate::core) fn attempt(ctx: &mut Context<'_>, n: u32, error: CallError) -> Option<CallError> {
    let now = ctx.now.mono;
    let memory = ctx.memory();
    memory.fence = now;
    memory.pending_since = Some(now);
    match (error.applied, error.class) {
        // Not made by this call. An earlier one may have made it, where the intent says that one is in doubt.
        (_, ErrorClass::Exists) => {
            memory.attempt = Some(CreateOutcome::Exists { n });
            memory.failures = memory.failures.saturating_add(1);
            None
        }
        (Applied::Unknown | Applied::Yes, _) => {
            memory.attempt = Some(CreateOutcome::Unknown { n, gave_up: now });
            memory.failures = memory.failures.saturating_add(1);
            memory.last_words = Some(error.to_string());
            None
        }
        (Applied::No, _) => {
            memory.attempt = Some(CreateOutcome::NotApplied { n });
            Some(error)
        }
    }
}

/// A new intent.
pub(in crate::core) fn new_intent<M: Member>(
    ctx: &Context<'_>,
    member: &M,
    link: &ProjectAccess,
    op: IntentOp,
    key: String,
    immutables_hash: String,
    targets: Vec<String>,
) -> Intent {
    let tagged = ctx.world.projects.get(&member.project_key()).and_then(|p| p.filter(member.kind())) == Some(true);
    Intent {
        v: super::INTENT_VERSION,
        uid: member.meta().uid.clone().unwrap_or_default(),
        n: member.intent().map_or(1, |i| i.n.saturating_add(1)),
        op,
        key,
        at: ctx.world.server_now(&link.endpoint, ctx.now),
        first: None,
        tagged,
        immutables_hash,
        targets,
        hosts_hash: None,
    }
}

/// Sends a create call.
pub(in crate::core) fn send_create<T, M: Member>(
    ctx: &mut Context<'_>,
    member: &M,
    link: &ProjectAccess,
    intent: &Intent,
    call: Call,
) -> Flow<T> {
    let made = Noted { since: intent.since(), earlier: intent.first.is_some(), targets: &intent.targets, asked: &[] };
    send_noted(ctx, member, link, made, call)
}

/// Sends the call that puts this object's mark on what is taken over.
pub(in crate::core) fn send_mark<T, M: Member>(
    ctx: &mut Context<'_>,
    member: &M,
    link: &ProjectAccess,
    (targets, asked): (&[String], &[ObjectKey]),
    call: Call,
) -> Flow<T> {
    // However old it is, it is this object's if it carries the mark; and whatever came of a create call before.
    send_noted(ctx, member, link, Noted { since: 0, earlier: true, targets, asked }, call)
}

/// What is noted of a call, in the words of [`Made`].
struct Noted<'a> {
    since: EpochMillis,
    earlier: bool,
    targets: &'a [String],
    asked: &'a [ObjectKey],
}

/// Sends a call that makes something this object's. Should the object go although its finalizer was just put on, that has
/// to be found.
fn send_noted<T, M: Member>(
    ctx: &mut Context<'_>,
    member: &M,
    link: &ProjectAccess,
    Noted { since, earlier, targets, asked }: Noted<'_>,
    call: Call,
) -> Flow<T> {
    let flow = ctx.call(link, call);
    let goes_out = matches!(&flow, Err(Halt::Do(effect)) if matches!(**effect, Effect::Cloud(_)));
    if goes_out && member.deletion() != DeletionPolicy::Retain {
        let made = |guarded| Made {
            guarded,
            project: member.project_key(),
            name: member.remote_name(),
            since,
            earlier,
            targets: targets.to_vec(),
            asked: asked.to_vec(),
        };
        let memory = ctx.memory();
        memory.made = memory.guarded.map(made).map(Box::new);
    }
    flow
}

/// Notes that a create call came to nothing and that what has the name is another's.
pub(in crate::core) fn void_intent<M: Member>(ctx: &mut Context<'_>, member: &M, link: &ProjectAccess) -> Flow<()> {
    match member.intent() {
        Some(intent) if intent.op == IntentOp::Create => {
            let void = new_intent(ctx, member, link, IntentOp::Void, intent.key, intent.immutables_hash, Vec::new());
            ctx.write_intent(void)
        }
        _ => Ok(()),
    }
}

/// Says that a create call is in doubt, and when it will be known.
pub(in crate::core) fn unconfirmed<M: Member>(
    ctx: &mut Context<'_>,
    member: &M,
    intent: &Intent,
    until: Millis,
) -> Flow<()> {
    let now = ctx.now;
    let at = wall(ctx, member) + until.saturating_sub(now.mono) as EpochMillis;
    let old = find(member.conditions(), "Ready").filter(|c| c.reason == "CreateUnconfirmed");
    let (call, what) = match intent.op {
        IntentOp::Adopt => ("Taking it over was begun; ".to_owned(), "whether it carries this object's mark"),
        IntentOp::Create | IntentOp::Void => {
            (format!("Create call {} is in doubt; ", intent.n), "whether it was applied")
        }
    };
    let words = match ctx.memory().last_words.clone() {
        Some(words) => format!(" The cloud's answer: {words}."),
        None if intent.op == IntentOp::Adopt => String::new(),
        None => " Its answer was lost.".to_owned(),
    };
    let message = match old {
        // The same doubt keeps its first words.
        Some(old) if old.message.starts_with(&call) => old.message.clone(),
        _ => format!("{call}{what} will be known at {}.{words}", rfc3339(at)),
    };
    let verdict = Conditions::reconciling(
        "CreateUnconfirmed",
        message.clone(),
        ConditionValue::new(ConditionStatus::Unknown, "CreateUnconfirmed", message),
    );
    say(ctx, member, &verdict)
}

/// A list that began at `began` lacks what the call in doubt may have made. One list may be wrong: it takes two, some
/// seconds apart, that began after the doubt's end.
pub(in crate::core) fn lacked_twice<M: Member>(
    ctx: &mut Context<'_>,
    member: &M,
    intent: &Intent,
    began: Millis,
    until: Millis,
) -> Flow<()> {
    let first = ctx.memory().empty_look.filter(|first| *first >= until).unwrap_or(began);
    ctx.memory().empty_look = Some(first);
    if began < first + LOOKS_APART {
        unconfirmed(ctx, member, intent, until)?;
        return done(Some(first + LOOKS_APART), Outcome::Waiting);
    }
    Ok(())
}

/// Until an intent's call can no longer show up late, what a list lacks may still be on its way into it.
pub(in crate::core) fn settling<M: Member>(ctx: &Context<'_>, member: &M) -> bool {
    member.intent().is_some_and(|intent| in_doubt_for(ctx, wall(ctx, member), &intent) > 0)
}

/// Whether a call that ended with this, or without an error, may have been carried out.
pub(in crate::core) fn may_have_changed(error: Option<&CallError>) -> bool {
    error.is_none_or(|e| e.applied != Applied::No)
}
