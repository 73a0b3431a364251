//! One pass over one object: the loop of asking and being told, shared by all kinds.
//!
//! A pass decides from the top each time it is told something: with the object, the world and the [`Observations`] gathered so
//! far it either finds what it still needs, and asks for it, or comes to its end. So there is no position in a
//! procedure that a crash could lose.

use std::{collections::BTreeMap, sync::Arc};

use crate::dli::{Answer, Call, CallError, ConnectionItem, ErrorClass, ProjectId, QueueItem, Tag};

use super::{
    CloudEffect, CredentialId, CredentialState, Effect, Endpoint, FinalizerChange, Input, Intent, KubeEffect,
    KubeReply, Millis, Next, Now, Object, ObjectKey, ObjectKind, Outcome, Precondition, Status, Step,
    conditions::Conditions,
    connection, ghost,
    inventory::Pages,
    memory::{Backoff, ObjectState},
    project, queue,
    rate_limit::Priority,
    seam::has_finalizer,
    seam::{RecordedIntent, recorded_intent},
    severance, sweep,
    world::OperatorState,
};

/// A mutating call goes out only within this time after the object was seen to be the newest: written under its
/// resource version, or read from the API server.
const FRESH_FOR: Millis = 10_000;

/// A DELETE goes by the name only within this time after the last reading before it began, which showed whose the queue
/// is: somebody else may have the name by then. Longer than a reading, a request to the API server and a held turn take
/// where nothing stands still.
pub(in crate::core) const SHOWN_FOR: Millis = 15_000;

/// Where one pass over one object stands.
#[derive(Clone, Debug)]
pub struct Pass {
    key: ObjectKey,
    object: Option<Object>,
    fresh_at: Option<Millis>,
    /// A turn of the limiter that was taken and not yet used: the moment from which the call may be sent.
    turn: Option<Millis>,
    asked: Option<(Effect, Millis)>,
    facts: Observations,
}

/// What this pass has found out so far.
#[derive(Clone, Debug, Default)]
pub(in crate::core) struct Observations {
    /// A write may or may not have been applied: read before anything else.
    pub(in crate::core) look: bool,
    pub(in crate::core) cached: BTreeMap<ObjectKey, Option<Object>>,
    pub(in crate::core) credential: Option<CredentialState>,
    pub(in crate::core) terminating: Option<bool>,
    pub(in crate::core) dependents: Option<bool>,
    /// This pass has called the cloud.
    pub(in crate::core) called: bool,
    /// When the last reading of the cloud began.
    read_at: Millis,
    /// It ends since its turn has not come.
    pub(in crate::core) in_line: bool,
    /// A failed call that nothing has dealt with yet.
    pub(in crate::core) failure: Option<(Call, CallError)>,
    /// The signature was refused for its date: one more try with the server's clock.
    pub(in crate::core) redated: bool,
    pub(in crate::core) queue: Option<Option<QueueItem>>,
    pub(in crate::core) connection: Option<Reading<Option<ConnectionItem>>>,
    pub(in crate::core) owned_queues: Option<Reading<Vec<QueueItem>>>,
    /// Connections with this object's mark and name, and all connections: two different readings.
    pub(in crate::core) owned_connections: Option<Reading<Vec<ConnectionItem>>>,
    pub(in crate::core) all_connections: Option<Reading<Vec<ConnectionItem>>>,
    /// What of all connections was read so far, and where the next page begins.
    pub(in crate::core) connection_pages: Option<(Pages<ConnectionItem>, usize)>,
    /// How many looks for what is ours were made.
    pub(in crate::core) looks: u32,
    /// Tags by the id of the resource.
    pub(in crate::core) tags: BTreeMap<String, Vec<Tag>>,
    pub(in crate::core) tagged: bool,
    /// The intent that this pass wrote, acknowledged by the API server.
    pub(in crate::core) written_intent: Option<u32>,
    /// The DELETE of this pass was accepted.
    pub(in crate::core) deleted: bool,
    /// This pass has unbound what stood in the way of a deletion.
    pub(in crate::core) unbound: bool,
    pub(in crate::core) sweep: sweep::RefreshProgress,
    pub(in crate::core) visit: ghost::Visit,
}

impl Observations {
    /// The connection as it was read in this pass; within it, `None` where it was not there.
    pub(in crate::core) fn connection(&self) -> Option<Option<ConnectionItem>> {
        self.connection.as_ref().map(|read| read.value.clone())
    }
}

/// Something read in this pass, and when the reading began.
#[derive(Clone, Debug)]
pub(in crate::core) struct Reading<T> {
    pub(in crate::core) value: T,
    pub(in crate::core) began: Millis,
}

/// Why deciding stops here.
#[derive(Debug)]
pub(in crate::core) enum Halt {
    /// Something is needed.
    Do(Box<Effect>),
    /// The pass is over.
    Done(Next),
}

/// The outcome of a decision that may stop at any point.
pub(in crate::core) type Flow<T> = Result<T, Halt>;

/// Asks for an effect.
pub(in crate::core) fn ask<T>(effect: Effect) -> Flow<T> {
    Err(Halt::Do(Box::new(effect)))
}

/// The end of a pass.
pub(in crate::core) fn done<T>(at: Option<Millis>, outcome: Outcome) -> Flow<T> {
    Err(Halt::Done(Next { at, outcome }))
}

/// What a decision works with.
pub(in crate::core) struct Context<'a> {
    pub(in crate::core) world: &'a mut OperatorState,
    pub(in crate::core) key: &'a ObjectKey,
    pub(in crate::core) facts: &'a mut Observations,
    pub(in crate::core) now: Now,
    object: &'a mut Option<Object>,
    fresh_at: &'a mut Option<Millis>,
    turn: &'a mut Option<Millis>,
}

impl Pass {
    /// Begins a pass over an object; its first input is [`Input::Object`].
    pub fn new(key: ObjectKey) -> Self {
        Self { key, object: None, fresh_at: None, turn: None, asked: None, facts: Observations::default() }
    }

    /// The object.
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }
}

/// Takes one input and says what to do next.
pub fn step(world: &mut OperatorState, pass: &mut Pass, input: Input, now: Now) -> Step {
    let asked = pass.asked.take();
    let mut ctx = Context {
        world,
        key: &pass.key,
        facts: &mut pass.facts,
        now,
        object: &mut pass.object,
        fresh_at: &mut pass.fresh_at,
        turn: &mut pass.turn,
    };
    let halt = match ctx.absorb(asked, input) {
        Err(halt) => halt,
        Ok(()) => match ctx.decide() {
            Err(halt) => halt,
            Ok(next) => Halt::Done(next),
        },
    };
    match halt {
        Halt::Do(effect) => {
            // A call that is held begins when it may be sent.
            let began = match &*effect {
                Effect::Cloud(effect) => effect.not_before.max(now.mono),
                Effect::Kube(_) | Effect::ReadCredential { .. } => now.mono,
            };
            pass.asked = Some(((*effect).clone(), began));
            Step::Do(effect)
        }
        Halt::Done(next) => {
            // Who needs no call any more must not keep others from theirs.
            if !pass.facts.in_line {
                world.leave_line(&pass.key);
            }
            Step::Done(next)
        }
    }
}

impl Context<'_> {
    fn decide(&mut self) -> Flow<Next> {
        if !self.world.leads(self.now) {
            return done(Some(self.now.mono + 1_000), Outcome::Waiting);
        }
        if self.facts.look {
            return ask(Effect::Kube(KubeEffect::GetLive(self.key.clone())));
        }
        let Some(object) = self.object.clone() else { return done(None, Outcome::Gone) };
        match object {
            Object::Project(object) => project::decide(self, &object),
            Object::Queue(object) => queue::decide(self, &object),
            Object::Connection(object) => connection::decide(self, &object),
        }
    }

    fn absorb(&mut self, asked: Option<(Effect, Millis)>, input: Input) -> Flow<()> {
        match (asked, input) {
            (None, Input::Object(object)) => {
                // What is written on top of an outdated version is refused again: the newest is asked for.
                let version = &object.meta().resource_version;
                self.facts.look = self.world.outdated.get(self.key).is_some_and(|old| Some(old) == version.as_ref());
                if !self.facts.look {
                    self.world.outdated.remove(self.key);
                }
                *self.object = Some(object);
                Ok(())
            }
            (Some((Effect::Kube(effect), _)), Input::Kube(reply)) => self.absorb_kube(&effect, reply),
            (Some((Effect::ReadCredential { .. }, _)), Input::Credential(state)) => {
                self.facts.credential = Some(state);
                Ok(())
            }
            (Some((Effect::Cloud(effect), began)), Input::Cloud(answer)) => {
                self.absorb_cloud(&effect, answer, began);
                Ok(())
            }
            // A driver that answers something else than what was asked: nothing can be concluded from it.
            _ => done(Some(self.now.mono + 1_000), Outcome::Failed),
        }
    }

    fn absorb_kube(&mut self, effect: &KubeEffect, reply: KubeReply) -> Flow<()> {
        match (effect, reply) {
            (KubeEffect::GetCached(key), KubeReply::Object(object)) => {
                self.facts.cached.insert(key.clone(), object);
                Ok(())
            }
            (KubeEffect::IsDefinitionTerminating(_), KubeReply::Flag(flag)) => {
                self.facts.terminating = Some(flag);
                Ok(())
            }
            (KubeEffect::HasDependents(_), KubeReply::Flag(flag)) => {
                self.facts.dependents = Some(flag);
                Ok(())
            }
            (KubeEffect::GetLive(_), KubeReply::Object(Some(object))) => {
                self.facts.look = false;
                // Another incarnation is another object: its own pass will come.
                if self.object.as_ref().is_some_and(|old| old.meta().uid != object.meta().uid) {
                    return done(Some(self.now.mono + 1_000), Outcome::Conflict);
                }
                // By a write whose answer was lost.
                if !self.object.as_ref().is_some_and(|o| has_finalizer(o.meta())) && has_finalizer(object.meta()) {
                    let now = self.now.mono;
                    self.memory().guarded.get_or_insert(now);
                }
                *self.object = Some(object);
                *self.fresh_at = Some(self.now.mono);
                Ok(())
            }
            (KubeEffect::PatchMeta { .. } | KubeEffect::PutStatus { .. }, KubeReply::Written(Some(object))) => {
                if let KubeEffect::PatchMeta { intent: Some(intent), .. } = effect {
                    self.facts.written_intent = Some(intent.n);
                }
                if self.now.mono >= self.world.leads_from() && object.meta().deletion_timestamp.is_none() {
                    self.memory().stood = true;
                }
                let first =
                    has_finalizer(object.meta()) && !self.object.as_ref().is_some_and(|o| has_finalizer(o.meta()));
                *self.object = Some(object);
                // A deletion that had begun before may still take the object away: it is read once more before a call.
                *self.fresh_at = (!first).then_some(self.now.mono);
                if first {
                    self.memory().guarded = Some(self.now.mono);
                }
                Ok(())
            }
            (KubeEffect::GetLive(_), KubeReply::Object(None) | KubeReply::Gone)
            | (
                KubeEffect::PatchMeta { .. } | KubeEffect::PutStatus { .. },
                KubeReply::Written(None) | KubeReply::Gone,
            ) => {
                self.gone();
                done(None, Outcome::Gone)
            }
            (KubeEffect::PatchMeta { .. } | KubeEffect::PutStatus { .. }, KubeReply::Conflict) => {
                if let Some(version) = self.object.as_ref().and_then(|o| o.meta().resource_version.clone()) {
                    self.world.outdated.insert(self.key.clone(), version);
                }
                done(Some(self.now.mono + 1_000), Outcome::Conflict)
            }
            (_, KubeReply::Conflict) => done(Some(self.now.mono + 1_000), Outcome::Conflict),
            (KubeEffect::PatchMeta { .. } | KubeEffect::PutStatus { .. }, KubeReply::Unknown { .. }) => {
                self.facts.look = true;
                Ok(())
            }
            _ => {
                let uid = self.uid();
                let at = self.world.next_try(self.key, &uid, self.now, None);
                done(Some(at), Outcome::Failed)
            }
        }
    }

    fn absorb_cloud(&mut self, effect: &CloudEffect, answer: Answer, began: Millis) {
        if let Some(date) = answer.server_date {
            self.world.learn_clock(&effect.endpoint, date, began, self.now);
        }
        self.world.learn_rate(effect, answer.outcome.as_ref().err(), began, self.now.mono);
        if let Err(error) = &answer.outcome
            && error.class == ErrorClass::Auth
        {
            let drift = (self.world.offset(&effect.endpoint, self.now) - effect.clock_offset).abs();
            if drift > 60_000 && !self.facts.redated {
                self.facts.redated = true;
            } else {
                project::credential_refused(self, effect, error);
            }
        }
        let call = &effect.call;
        if !call.is_mutation() {
            self.facts.read_at = began;
        }
        if let Call::DeleteQueue(name) = call {
            severance::ended(self, name, answer.outcome.as_ref().err());
        }
        let leftover = match self.key.kind {
            ObjectKind::Project if ghost::is_about_ghost(self, call) => {
                ghost::absorb(self, call, answer.outcome, began);
                None
            }
            ObjectKind::Project => sweep::absorb(self, call, answer.outcome, began),
            ObjectKind::Queue => queue::absorb(self, call, answer.outcome, began),
            ObjectKind::Connection => connection::absorb(self, call, answer.outcome, began),
        };
        self.facts.failure = leftover.map(|error| (call.clone(), error));
    }

    /// The object has gone: nothing about it is remembered, and who waits for it is told.
    pub(in crate::core) fn gone(&mut self) {
        self.world.wake_dependents(self.key);
        self.world.forget(self.key, self.now);
    }

    pub(in crate::core) fn uid(&self) -> Arc<str> {
        self.object.as_ref().and_then(|o| o.meta().uid.as_deref()).unwrap_or_default().into()
    }

    pub(in crate::core) fn memory(&mut self) -> &mut ObjectState {
        let uid = self.object.as_ref().and_then(|o| o.meta().uid.as_deref()).unwrap_or_default();
        self.world.memory(self.key, uid)
    }

    pub(in crate::core) fn precondition(&self) -> Precondition {
        let version = self.object.as_ref().and_then(|o| o.meta().resource_version.as_deref()).unwrap_or_default();
        Precondition { uid: self.uid(), resource_version: version.into() }
    }

    /// Another object, out of the watch cache.
    pub(in crate::core) fn cached(&mut self, key: &ObjectKey) -> Flow<Option<Object>> {
        match self.facts.cached.get(key) {
            Some(object) => Ok(object.clone()),
            None => ask(Effect::Kube(KubeEffect::GetCached(key.clone()))),
        }
    }

    /// Makes sure that the object is the newest.
    pub(in crate::core) fn fresh(&mut self) -> Flow<()> {
        // Also when its call is held.
        let sent = self.turn.map_or(self.now.mono, |at| at.max(self.now.mono));
        match *self.fresh_at {
            Some(at) if sent < at + FRESH_FOR => Ok(()),
            _ => ask(Effect::Kube(KubeEffect::GetLive(self.key.clone()))),
        }
    }

    /// Takes a turn of the limiter for a create call, or ends the pass until its turn comes.
    pub(in crate::core) fn turn(&mut self, link: &ProjectAccess) -> Flow<()> {
        self.take_turn(link, Priority::Create)
    }

    fn take_turn(&mut self, link: &ProjectAccess, urgency: Priority) -> Flow<()> {
        if self.turn.is_some() {
            return Ok(());
        }
        let now = self.now.mono;
        let goes_on = self.facts.called;
        let limiter = self.world.limiter(&link.endpoint, &link.credential);
        let taken = if goes_on {
            limiter.go_on(self.key, urgency, now)
        } else {
            limiter.take(self.key, urgency, now).map(|()| now)
        };
        let overdue = limiter.overdue(now);
        if let Some(key) = overdue {
            self.world.wake(&key);
        }
        match taken {
            Ok(at) => {
                *self.turn = Some(at);
                Ok(())
            }
            Err(at) => {
                self.facts.in_line = true;
                done(Some(at), Outcome::Waiting)
            }
        }
    }

    /// How urgent a call of this pass is.
    fn urgency(&self, call: &Call) -> Priority {
        match (self.key.kind, call) {
            (ObjectKind::Project, _) => Priority::List,
            _ if self.object.as_ref().is_some_and(|o| o.meta().deletion_timestamp.is_some()) => Priority::Delete,
            (_, Call::Bind { .. } | Call::Unbind { .. } | Call::SetHosts { .. }) => Priority::Edit,
            (_, call) if call.is_mutation() => Priority::Create,
            _ => Priority::Read,
        }
    }

    /// Makes sure that the cloud may be changed now; then the call, once it has a turn and a fresh object, goes out.
    pub(in crate::core) fn may_mutate(&mut self) -> Flow<()> {
        match self.world.may_mutate(self.now) {
            Ok(_) => Ok(()),
            Err(at) => done(Some(at), Outcome::Waiting),
        }
    }

    /// Until when a DELETE may go by the name of the queue that the last reading showed.
    pub(in crate::core) fn shown_until(&self) -> Millis {
        self.facts.read_at + SHOWN_FOR
    }

    /// Asks for a call to the cloud.
    pub(in crate::core) fn call<T>(&mut self, link: &ProjectAccess, call: Call) -> Flow<T> {
        let mut not_after = None;
        let urgency = self.urgency(&call);
        if call.is_mutation() {
            self.may_mutate()?;
            self.take_turn(link, urgency)?;
            self.fresh()?;
            let lease = self.world.may_mutate(self.now).unwrap_or(self.now.mono);
            let fresh = self.fresh_at.unwrap_or(self.now.mono) + FRESH_FOR;
            let shown = match &call {
                Call::DeleteQueue(_) => self.shown_until(),
                _ => Millis::MAX,
            };
            if shown <= self.now.mono {
                return done(Some(self.now.mono), Outcome::Waiting);
            }
            not_after = Some(lease.min(fresh).min(shown));
        } else {
            self.take_turn(link, urgency)?;
        }
        let not_before = self.turn.take().unwrap_or(self.now.mono);
        self.facts.called = true;
        let project = match call {
            Call::FindProjects(_) => None,
            _ => link.project.clone(),
        };
        if let Call::DeleteQueue(name) = &call {
            let until = not_before + self.world.settings.call_timeout;
            severance::begins(self, name, until);
        }
        ask(Effect::Cloud(CloudEffect {
            clock_offset: self.world.offset(&link.endpoint, self.now),
            endpoint: link.endpoint.clone(),
            credential: link.credential.clone(),
            project,
            call,
            not_before,
            not_after,
        }))
    }

    /// Writes the intent and the finalizer in one PATCH; the call comes after it.
    pub(in crate::core) fn write_intent<T>(&mut self, intent: Intent) -> Flow<T> {
        ask(Effect::Kube(KubeEffect::PatchMeta {
            key: self.key.clone(),
            precondition: self.precondition(),
            finalizer: FinalizerChange::Add,
            intent: Some(intent),
        }))
    }

    /// Adds or removes the finalizer.
    pub(in crate::core) fn change_finalizer<T>(&mut self, finalizer: FinalizerChange) -> Flow<T> {
        ask(Effect::Kube(KubeEffect::PatchMeta {
            key: self.key.clone(),
            precondition: self.precondition(),
            finalizer,
            intent: None,
        }))
    }

    /// Writes the status.
    pub(in crate::core) fn put_status<T>(&mut self, status: Status, events: Vec<super::Event>) -> Flow<T> {
        ask(Effect::Kube(KubeEffect::PutStatus {
            key: self.key.clone(),
            precondition: self.precondition(),
            status,
            events,
        }))
    }

    /// A pause until `at`, with what is said meanwhile; an edit of the object ends it.
    pub(in crate::core) fn hold(&mut self, at: Millis, generation: i64, verdict: Option<Conditions>) {
        self.memory().hold = Some(Box::new(Backoff { until: at, generation, verdict }));
    }
}

/// How to reach a project: everything that a call needs beside itself.
#[derive(Clone, Debug)]
pub(in crate::core) struct ProjectAccess {
    pub(in crate::core) endpoint: Endpoint,
    pub(in crate::core) credential: CredentialId,
    pub(in crate::core) project: Option<ProjectId>,
}

impl ProjectAccess {
    /// The project's id; empty where it is not known yet.
    pub(in crate::core) fn project_id(&self) -> &str {
        self.project.as_ref().map(ProjectId::as_str).unwrap_or_default()
    }
}

impl Context<'_> {
    /// Number of the attempt that the object's intent stands for; 0 without one.
    pub(in crate::core) fn intent_number(&self) -> u32 {
        match self.object.as_ref().map(|o| recorded_intent(o.meta())) {
            Some(RecordedIntent::Valid(intent)) => intent.n,
            _ => 0,
        }
    }

    /// Whether a create call before that of the object's intent may have been applied.
    pub(in crate::core) fn in_doubt_before(&self) -> bool {
        let intent = self.object.as_ref().map(|o| recorded_intent(o.meta()));
        matches!(intent, Some(RecordedIntent::Valid(intent)) if intent.first.is_some())
    }

    /// Whether the object is newer than the watch cache: written or read live by this pass.
    pub(in crate::core) fn wrote(&self) -> bool {
        self.fresh_at.is_some()
    }

    /// Whether this pass wrote this very intent, so that no call of it can have been sent before.
    pub(in crate::core) fn wrote_intent(&self, intent: &Intent) -> bool {
        self.facts.written_intent == Some(intent.n)
    }
}
