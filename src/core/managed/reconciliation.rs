//! What every part of a reconciliation uses: where the lifecycle stands, what is known, how a pass ends.

use crate::{
    api::ObservedProject,
    core::{
        conditions::{Conditions, Reason},
        pass::{Context, Flow, Reading, ResourceObservations, finish, wait},
        seam::{
            Intent, LifecycleState, Millis, ObjectKey, Outcome, RecordedIntent, Status, durations::SOON,
            recorded_intent,
        },
        state::{ListState, OperatorState, ProjectState},
    },
    dli::{Call, EpochMillis},
};

use super::resource::{Common, Managed, Reconcile};

/// Where the lifecycle of a managed resource stands. Derived in each pass from the object, never stored.
pub(crate) enum Lifecycle<K: Managed> {
    /// `managementPolicy: Observe`.
    Observing,
    /// No intent of this incarnation: create, or adopt what has the name.
    Unclaimed,
    /// A create intent, and no id recorded: did the call take effect?
    Creating(Intent),
    /// An adoption, and no id recorded.
    Adopting,
    /// Intent and id: it exists, or must be proved gone.
    Owned(K::Id),
    /// The object is being deleted.
    Deleting,
}

impl<K: Managed> Lifecycle<K> {
    /// The name of the state.
    pub(crate) fn state(&self) -> LifecycleState {
        match self {
            Self::Observing => LifecycleState::Observing,
            Self::Unclaimed => LifecycleState::Unclaimed,
            Self::Creating(_) => LifecycleState::Creating,
            Self::Adopting => LifecycleState::Adopting,
            Self::Owned(_) => LifecycleState::Owned,
            Self::Deleting => LifecycleState::Deleting,
        }
    }
}

impl<'a, 'c, K: Managed> Reconcile<'a, 'c, K> {
    pub(crate) fn new(ctx: &'a mut Context<'c>, object: &'a K) -> Self {
        Self { ctx, object, access: None }
    }

    pub(crate) fn common(&self) -> Common<'a> {
        self.object.common()
    }

    pub(crate) fn generation(&self) -> i64 {
        self.common().meta.generation.unwrap_or(0)
    }

    pub(crate) fn now(&self) -> Millis {
        self.ctx.now.mono
    }

    pub(crate) fn grace(&self) -> Millis {
        self.ctx.state.settings.visibility_grace
    }

    /// The intent of this incarnation.
    pub(crate) fn intent(&self) -> Option<Intent> {
        match recorded_intent(self.common().meta) {
            RecordedIntent::Valid(intent) => Some(intent),
            RecordedIntent::None | RecordedIntent::Unreadable => None,
        }
    }

    /// It owns a resource: by an intent of this incarnation and an id (P-own-1).
    pub(crate) fn owns(&self) -> bool {
        self.object.id().is_some() && self.intent().is_some()
    }

    pub(crate) fn project_key(&self) -> ObjectKey {
        let common = self.common();
        OperatorState::project_key(common.meta.namespace.as_deref().unwrap_or_default(), common.project_ref)
    }

    pub(crate) fn project(&self) -> Option<&ProjectState> {
        self.ctx.state.projects.get(&self.project_key())
    }

    pub(crate) fn project_mut(&mut self) -> Option<&mut ProjectState> {
        let key = self.project_key();
        self.ctx.state.projects.get_mut(&key)
    }

    /// How the project's list of this kind is read.
    pub(crate) fn list(&self) -> ListState {
        self.project().map_or_else(ListState::default, |project| project.list(K::KIND))
    }

    /// When the newest complete list of this kind began.
    pub(crate) fn complete(&self) -> Option<Millis> {
        self.project().and_then(K::complete)
    }

    pub(crate) fn observed(&self) -> &ResourceObservations<K::Item> {
        K::observed(self.ctx.observations)
    }

    /// The server's clock of the project.
    pub(crate) fn server_time(&self) -> EpochMillis {
        match self.project() {
            Some(project) => self.ctx.state.server_time(&project.endpoint, self.ctx.now),
            None => self.ctx.now.wall,
        }
    }

    /// The project as it goes into the status.
    pub(crate) fn observed_project(&self) -> Option<ObservedProject> {
        let access = self.access.as_ref()?;
        Some(ObservedProject { id: access.project_id().to_owned(), region: access.endpoint.region.to_string() })
    }

    /// Requests a call to the cloud.
    pub(crate) fn call<T>(&mut self, call: Call) -> Flow<T> {
        match self.access.clone() {
            Some(access) => self.ctx.call(&access, call),
            None => wait(self.now() + SOON),
        }
    }

    /// What this pass has read of a resource by itself; `None` within where it is not there.
    pub(crate) fn read(&self, id: Option<&K::Id>) -> Option<Reading<Option<K::Item>>> {
        let observed = self.observed();
        let call = K::get(&self.object.remote_name(), id);
        observed.read.clone().filter(|_| call.is_some() && observed.read_by == call)
    }

    /// Reads a resource by itself.
    pub(crate) fn call_get<T>(&mut self, id: Option<&K::Id>) -> Flow<T> {
        match K::get(&self.object.remote_name(), id) {
            Some(call) => self.call(call),
            None => wait(self.now() + SOON),
        }
    }

    /// Ends the pass with a stalled object, until it is retried slowly.
    pub(crate) fn stalled<T>(&self) -> Flow<T> {
        finish(Some(self.now() + self.ctx.state.settings.stuck_retry), Outcome::Stalled)
    }

    /// Writes conditions if they say something new.
    pub(crate) fn update_conditions(&mut self, conditions: &Conditions) -> Flow<()> {
        let list = conditions.to_list(self.common().conditions, self.generation(), self.server_time());
        let status = self.object.status_with(list, self.generation());
        self.update_status(conditions, status)
    }

    /// Writes a whole status if it differs from the old one.
    pub(crate) fn update_status(&mut self, conditions: &Conditions, status: Status) -> Flow<()> {
        if status == self.object.status() {
            return Ok(());
        }
        let events = conditions.events(self.common().conditions);
        self.ctx.put_status(status, events)
    }

    /// Reports that the object waits, and ends the pass until a moment.
    pub(crate) fn report_waiting<T>(&mut self, reason: Reason, message: impl Into<String>, at: Millis) -> Flow<T> {
        self.update_conditions(&Conditions::waiting(reason, message))?;
        wait(at)
    }

    /// Reports that only a person can help, and ends the pass until the slow retry.
    pub(crate) fn report_stalled<T>(&mut self, reason: Reason, message: impl Into<String>, synced: Reason) -> Flow<T> {
        self.update_conditions(&Conditions::stalled(reason, message, synced))?;
        self.stalled()
    }
}
