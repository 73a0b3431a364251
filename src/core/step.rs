//! One input in, one effect out: the entry to the core, and which kind answers.

use crate::{
    api::{DliQueue, EnhancedConnection},
    dli::{Answer, ErrorClass},
};

use super::{
    managed,
    pass::{Context, Flow, Observations, Suspend, finish, request},
    project,
    seam::{
        CloudEffect, Effect, Input, KubeEffect, KubeReply, Millis, Next, Now, Object, ObjectKey, ObjectKind, Outcome,
        Step,
        durations::{SIGNATURE_DRIFT, SOON},
        has_finalizer,
    },
    state::OperatorState,
};

/// Where one pass over one object stands.
#[derive(Clone, Debug)]
pub struct Pass {
    key: ObjectKey,
    object: Option<Object>,
    fresh_at: Option<Millis>,
    permit: Option<Millis>,
    asked: Option<(Effect, Millis)>,
    observations: Observations,
}

impl Pass {
    /// Begins a pass over an object; its first input is [`Input::Object`].
    pub fn new(key: ObjectKey) -> Self {
        Self { key, object: None, fresh_at: None, permit: None, asked: None, observations: Observations::default() }
    }

    /// The object.
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }

    fn context<'a>(&'a mut self, state: &'a mut OperatorState, now: Now) -> Context<'a> {
        Context {
            state,
            key: &self.key,
            observations: &mut self.observations,
            now,
            object: &mut self.object,
            fresh_at: &mut self.fresh_at,
            permit: &mut self.permit,
        }
    }

    /// Turns the end of deciding into a step.
    fn conclude(&mut self, state: &mut OperatorState, decided: Flow<Next>, now: Now) -> Step {
        match decided {
            Err(Suspend::Effect(effect)) => {
                // A call that is held back begins when it may be sent.
                let began = match &*effect {
                    Effect::Cloud(effect) => effect.not_before.max(now.mono),
                    Effect::Kube(_) | Effect::ReadCredential { .. } => now.mono,
                };
                self.asked = Some(((*effect).clone(), began));
                Step::Do(effect)
            }
            Err(Suspend::Finish(next)) | Ok(next) => {
                // An object that needs no call any more must not keep others from theirs.
                if !self.observations.in_line {
                    state.leave_line(&self.key);
                }
                Step::Done(Next { lifecycle: self.observations.lifecycle, ..next })
            }
        }
    }
}

/// Takes one input and says what to do next.
pub fn step(state: &mut OperatorState, pass: &mut Pass, input: Input, now: Now) -> Step {
    let asked = pass.asked.take();
    let mut context = pass.context(state, now);
    let decided = absorb(&mut context, asked, input).and_then(|()| decide(&mut context));
    pass.conclude(state, decided, now)
}

/// Decides again from where a pass stands, without an input. Deciding is idempotent: this gives the same step as the last
/// one and changes nothing. Tests check that.
pub fn decide_again(state: &mut OperatorState, pass: &mut Pass, now: Now) -> Step {
    let decided = decide(&mut pass.context(state, now));
    pass.conclude(state, decided, now)
}

fn decide(ctx: &mut Context<'_>) -> Flow<Next> {
    if !ctx.state.leads(ctx.now) {
        return finish(Some(ctx.now.mono + SOON), Outcome::Waiting);
    }
    if ctx.observations.must_reread {
        return request(Effect::Kube(KubeEffect::GetLive(ctx.key.clone())));
    }
    let Some(object) = ctx.object.clone() else { return finish(None, Outcome::Gone) };
    match object {
        Object::Project(object) => project::reconcile(ctx, &object),
        Object::Queue(object) => managed::reconcile(ctx, &*object),
        Object::Connection(object) => managed::reconcile(ctx, &*object),
    }
}

fn absorb(ctx: &mut Context<'_>, asked: Option<(Effect, Millis)>, input: Input) -> Flow<()> {
    match (asked, input) {
        (None, Input::Object(object)) => {
            // What is written on top of an outdated version is refused again: read the newest.
            let version = &object.meta().resource_version;
            let outdated = ctx.state.outdated.get(ctx.key).is_some_and(|old| Some(old) == version.as_ref());
            ctx.observations.must_reread = outdated;
            if !outdated {
                ctx.state.outdated.remove(ctx.key);
            }
            *ctx.object = Some(object);
            Ok(())
        }
        (Some((Effect::Kube(effect), _)), Input::Kube(reply)) => absorb_kube(ctx, &effect, reply),
        (Some((Effect::ReadCredential { .. }, _)), Input::Credential(state)) => {
            ctx.observations.credential = Some(state);
            Ok(())
        }
        (Some((Effect::Cloud(effect), began)), Input::Cloud(answer)) => {
            absorb_cloud(ctx, &effect, answer, began);
            Ok(())
        }
        // A driver that answers something else than what was asked: nothing can be concluded from it.
        _ => finish(Some(ctx.now.mono + SOON), Outcome::Failed),
    }
}

fn absorb_kube(ctx: &mut Context<'_>, effect: &KubeEffect, reply: KubeReply) -> Flow<()> {
    let again = Some(ctx.now.mono + SOON);
    match (effect, reply) {
        (KubeEffect::GetCached(key), KubeReply::Object(object)) => {
            ctx.observations.cached.insert(key.clone(), object);
            Ok(())
        }
        (KubeEffect::IsDefinitionTerminating(_), KubeReply::Flag(flag)) => {
            ctx.observations.definition_terminating = Some(flag);
            Ok(())
        }
        (KubeEffect::HasDependents(_), KubeReply::Flag(flag)) => {
            ctx.observations.has_dependents = Some(flag);
            Ok(())
        }
        (KubeEffect::GetLive(_), KubeReply::Object(Some(object))) => {
            ctx.observations.must_reread = false;
            // Another incarnation is another object: its own pass will come.
            if ctx.object.as_ref().is_some_and(|old| old.meta().uid != object.meta().uid) {
                return finish(again, Outcome::Conflict);
            }
            // The finalizer may come from a write whose answer was lost.
            note_finalizer(ctx, &object);
            *ctx.object = Some(object);
            *ctx.fresh_at = Some(ctx.now.mono);
            Ok(())
        }
        (KubeEffect::PatchMeta { .. } | KubeEffect::PutStatus { .. }, KubeReply::Written(Some(object))) => {
            if let KubeEffect::PatchMeta { intent: Some(intent), .. } = effect {
                ctx.observations.written_intent = Some(intent.n);
            }
            // A deletion that had begun before the finalizer was put on may still take the object away: it is read once
            // more before a call.
            let guarded = note_finalizer(ctx, &object);
            *ctx.object = Some(object);
            *ctx.fresh_at = (!guarded).then_some(ctx.now.mono);
            Ok(())
        }
        (KubeEffect::GetLive(_), KubeReply::Object(None) | KubeReply::Gone)
        | (KubeEffect::PatchMeta { .. } | KubeEffect::PutStatus { .. }, KubeReply::Written(None) | KubeReply::Gone) => {
            ctx.gone();
            finish(None, Outcome::Gone)
        }
        (KubeEffect::PatchMeta { .. } | KubeEffect::PutStatus { .. }, KubeReply::Conflict) => {
            // mutant: outdated
            if let Some(version) = ctx.object.as_ref().and_then(|o| o.meta().resource_version.clone()) {
                ctx.state.outdated.insert(ctx.key.clone(), version);
            }
            finish(again, Outcome::Conflict)
        }
        (_, KubeReply::Conflict) => finish(again, Outcome::Conflict),
        (KubeEffect::PatchMeta { .. } | KubeEffect::PutStatus { .. }, KubeReply::Unknown { .. }) => {
            ctx.observations.must_reread = true;
            Ok(())
        }
        _ => {
            let uid = ctx.uid();
            let at = ctx.state.next_try(ctx.key, &uid, ctx.now, None);
            finish(Some(at), Outcome::Failed)
        }
    }
}

/// Notes when this process put the finalizer on; says whether the object got it just now (P-fence-3).
fn note_finalizer(ctx: &mut Context<'_>, object: &Object) -> bool {
    let had = ctx.object.as_ref().is_some_and(|old| has_finalizer(old.meta()));
    let has = has_finalizer(object.meta()) && !had;
    if has {
        let now = ctx.now.mono;
        ctx.object_state().finalizer_added_at.get_or_insert(now);
    }
    has
}

fn absorb_cloud(ctx: &mut Context<'_>, effect: &CloudEffect, answer: Answer, began: Millis) {
    *ctx.permit = None;
    ctx.observations.called = true;
    if let Some(date) = answer.server_date {
        ctx.state.learn_clock(&effect.endpoint, date, began, ctx.now);
    }
    ctx.state.learn_rate(effect, answer.outcome.as_ref().err(), began, ctx.now.mono);
    if let Err(error) = &answer.outcome
        && error.class == ErrorClass::Auth
    {
        let drift = (ctx.state.clock_offset(&effect.endpoint, ctx.now) - effect.clock_offset).abs();
        if drift > SIGNATURE_DRIFT && !ctx.observations.redated {
            ctx.observations.redated = true;
        } else {
            project::credential_refused(ctx, effect, error);
        }
    }
    let call = &effect.call;
    if !call.is_mutation() {
        ctx.observations.read_at = began;
    }
    let unhandled = match ctx.key.kind {
        ObjectKind::Project => project::absorb(ctx, call, answer.outcome, began),
        ObjectKind::Queue => managed::absorb::<DliQueue>(ctx, call, answer.outcome, began),
        ObjectKind::Connection => managed::absorb::<EnhancedConnection>(ctx, call, answer.outcome, began),
    };
    ctx.observations.failure = unhandled.map(|error| (call.clone(), error));
}
