//! What queues and connections have in common: what has to be in order before either is worked on, what is said of a
//! failure, and of what is missing.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};

use crate::{
    api::{AdoptionPolicy, DeletionPolicy, ManagementPolicy, ObservedProject},
    dli::{Call, CallError, Cause, EpochMillis, ErrorClass},
};

use super::{
    Intent, Millis, Next, Object, ObjectKey, ObjectKind, Outcome, Status,
    conditions::{ConditionStatus, ConditionValue, Conditions, Progress, find},
    pass::{Context, Flow, ProjectAccess, done},
    records::backoff,
    seam::{RecordedIntent, recorded_intent},
    world::{ClaimStrength, NameClaim, OperatorState, Project, ProjectAvailability},
};

/// After this time without a usable project, what an object says is marked as stale.
pub(in crate::core) const STALE_AFTER: Millis = 600_000;

/// Time between two reads that confirm an absence while many are missing at once.
const CONFIRMATION_GAP: Millis = 500;

/// Look again at what should have woken the object, in case the wake-up was lost.
pub(in crate::core) const SAFETY_NET: Millis = 60_000;

/// A queue or a connection.
pub(in crate::core) trait Member {
    fn kind(&self) -> ObjectKind;
    fn meta(&self) -> &ObjectMeta;
    fn project_ref(&self) -> Option<&str>;
    fn management(&self) -> ManagementPolicy;
    fn suspended(&self) -> bool;
    fn deletion(&self) -> DeletionPolicy;
    fn adoption(&self) -> AdoptionPolicy;
    /// Name in the cloud.
    fn remote_name(&self) -> String;
    /// What is wrong with that name, if anything.
    fn name_fault(&self) -> Option<String>;
    fn conditions(&self) -> &[Condition];
    fn observed_generation(&self) -> Option<i64>;
    fn seen_project(&self) -> Option<&ObservedProject>;
    /// Whether the status holds an id of the remote resource.
    fn has_id(&self) -> bool;
    /// The old status with other conditions.
    fn status_with(&self, conditions: Vec<Condition>, generation: i64) -> Status;
    /// The old status.
    fn status(&self) -> Status;
    /// A status that says nothing.
    fn no_status(&self) -> Status;

    fn generation(&self) -> i64 {
        self.meta().generation.unwrap_or(0)
    }

    fn project_key(&self) -> ObjectKey {
        OperatorState::project_key(self.meta().namespace.as_deref().unwrap_or_default(), self.project_ref())
    }

    /// Durable evidence of this incarnation.
    fn intent(&self) -> Option<Intent> {
        match recorded_intent(self.meta()) {
            RecordedIntent::Valid(intent) => Some(intent),
            RecordedIntent::None | RecordedIntent::Unreadable => None,
        }
    }

    /// It owned a remote resource: both the mark of this incarnation and an id.
    fn owns(&self) -> bool {
        self.has_id() && self.intent().is_some()
    }
}

/// The default of a remote name: the object's name, in the characters that the cloud allows.
pub(in crate::core) fn default_name(name: &str) -> String {
    name.replace(['-', '.'], "_")
}

/// Writes the conditions of a verdict if they say something new.
pub(in crate::core) fn say<M: Member>(ctx: &mut Context<'_>, member: &M, verdict: &Conditions) -> Flow<()> {
    let wall = wall(ctx, member);
    let conditions = verdict.conditions(member.conditions(), member.generation(), wall);
    let status = member.status_with(conditions, member.generation());
    say_status(ctx, member, verdict, status)
}

/// Writes a whole status if it differs from the old one.
pub(in crate::core) fn say_status<M: Member>(
    ctx: &mut Context<'_>,
    member: &M,
    verdict: &Conditions,
    status: Status,
) -> Flow<()> {
    if status == member.status() {
        return Ok(());
    }
    let events = verdict.events(member.conditions());
    ctx.put_status(status, events)
}

/// The server's clock of a member's project.
pub(in crate::core) fn wall<M: Member>(ctx: &Context<'_>, member: &M) -> EpochMillis {
    match ctx.world.projects.get(&member.project_key()) {
        Some(project) => ctx.world.server_now(&project.endpoint, ctx.now),
        None => ctx.now.wall,
    }
}

/// Waits for another object or a change in the cloud.
fn pending(reason: &'static str, message: String) -> Conditions {
    Conditions::reconciling(reason, message.clone(), ConditionValue::new(ConditionStatus::False, "Pending", message))
}

/// All that has to be in order before a live object is worked on; gives the way to its project.
pub(in crate::core) fn gate<M: Member>(ctx: &mut Context<'_>, member: &M) -> Flow<ProjectAccess> {
    let now = ctx.now;
    let generation = member.generation();
    let project_key = member.project_key();
    ctx.memory().project = Some(project_key.clone());
    if member.suspended() {
        let verdict = Conditions {
            ready: None,
            progress: Progress::None,
            synced: ConditionValue::new(
                ConditionStatus::Unknown,
                "Suspended",
                "spec.suspend is true: the operator leaves this object alone.",
            ),
        };
        say(ctx, member, &verdict)?;
        return done(None, Outcome::Settled);
    }
    let evidence = recorded_intent(member.meta());
    // A status that was copied along with the YAML speaks of what belongs to another.
    if member.has_id() && member.management() != ManagementPolicy::Observe && evidence == RecordedIntent::None {
        return ctx.put_status(member.no_status(), Vec::new());
    }
    if let Some(hold) = ctx.memory().hold.clone() {
        if hold.generation == generation && now.mono < hold.until {
            if let Some(verdict) = &hold.verdict {
                say(ctx, member, verdict)?;
            }
            return done(Some(hold.until), Outcome::Failed);
        }
        ctx.memory().hold = None;
    }
    if let Some(fault) = member.name_fault() {
        say(ctx, member, &Conditions::stalled("InvalidName", fault, "Pending"))?;
        return done(None, Outcome::Stuck);
    }
    if evidence == RecordedIntent::Unreadable {
        let message = "The intent annotation was written by a newer version of the operator. Run that version; nothing is \
                       done to this object until then.";
        say(ctx, member, &Conditions::stalled("IntentUnreadable", message, "Pending"))?;
        return done(None, Outcome::Stuck);
    }
    ctx.world.depend(ctx.key, &project_key);
    let Some(project) = ctx.world.projects.get(&project_key) else {
        if ctx.cached(&project_key)?.is_none() {
            let message = format!(
                "DliProject {} does not exist in namespace {}. Create it, or set spec.projectRef.name.",
                project_key.name, project_key.namespace
            );
            if unseen(member) || find(member.conditions(), "Ready").is_some_and(|c| c.reason == "WaitingForDependency")
            {
                say(ctx, member, &pending("WaitingForDependency", message))?;
            }
        }
        return done(Some(now.mono + SAFETY_NET), Outcome::Waiting);
    };
    if project.ghosts.contains_key(ctx.key) {
        let message = "An object of this name went while its resource was being made; what was made is deleted first.";
        say(ctx, member, &pending("WaitingForDependency", message.to_owned()))?;
        return done(Some(now.mono + SAFETY_NET), Outcome::Waiting);
    }
    match project.standing.clone() {
        ProjectAvailability::Unknown => done(Some(now.mono + SAFETY_NET), Outcome::Waiting),
        ProjectAvailability::Down { reason, message } => {
            let since = project.standing_since;
            stale(ctx, member, since, reason, &message)
        }
        ProjectAvailability::Ready => {
            let Some(link) = link(project) else { return done(Some(now.mono + 1_000), Outcome::Waiting) };
            same_project(ctx, member, &link)?;
            Ok(link)
        }
    }
}

/// Nothing has been said about this object yet.
pub(in crate::core) fn unseen<M: Member>(member: &M) -> bool {
    member.conditions().is_empty()
}

/// The project cannot be used: what was seen stays said; who was never seen says what it waits for.
fn stale<T, M: Member>(
    ctx: &mut Context<'_>,
    member: &M,
    since: Millis,
    reason: &'static str,
    message: &str,
) -> Flow<T> {
    let now = ctx.now;
    let waiting = find(member.conditions(), "Ready").is_none_or(|c| c.reason == "WaitingForDependency");
    if waiting {
        // The project's own text may change from try to try; its reason is what counts here.
        let text = format!(
            "DliProject {} is not ready: {reason}. kubectl describe dliproject {} says more.",
            member.project_key().name,
            member.project_key().name
        );
        say(ctx, member, &pending("WaitingForDependency", text))?;
        return done(Some(now.mono + SAFETY_NET), Outcome::Waiting);
    }
    if now.mono < since + STALE_AFTER {
        return done(Some(since + STALE_AFTER), Outcome::Waiting);
    }
    if find(member.conditions(), "Synced").is_some_and(|c| c.reason == "ObservationStale") {
        return done(None, Outcome::Waiting);
    }
    // Many objects have this to say at the same moment; they take turns.
    if ctx.facts.looks == 0 {
        let turn = ctx.world.stale_turn(now.mono);
        if turn > now.mono + 1_000 {
            return done(Some(turn), Outcome::Waiting);
        }
        ctx.facts.looks = 1;
    }
    let say_stale = ConditionValue::new(
        ConditionStatus::Unknown,
        "ObservationStale",
        format!("Not looked at since DliProject {} became unusable: {reason}: {message}", member.project_key().name),
    );
    let verdict = Conditions { ready: None, progress: Progress::None, synced: say_stale };
    let fresh = verdict.conditions(member.conditions(), member.generation(), wall(ctx, member));
    // Everything but Synced stays as it was.
    let mut conditions: Vec<Condition> = member.conditions().iter().filter(|c| c.type_ != "Synced").cloned().collect();
    conditions.extend(fresh.into_iter().filter(|c| c.type_ == "Synced"));
    let generation = member.observed_generation().unwrap_or(member.generation());
    let status = member.status_with(conditions, generation);
    say_status(ctx, member, &verdict, status)?;
    done(None, Outcome::Waiting)
}

pub(in crate::core) fn link(project: &Project) -> Option<ProjectAccess> {
    Some(ProjectAccess {
        endpoint: project.endpoint.clone(),
        credential: project.credential.clone()?,
        project: Some(project.id.clone()?),
    })
}

/// One edit cannot move an object to another project.
pub(in crate::core) fn same_project<M: Member>(ctx: &mut Context<'_>, member: &M, link: &ProjectAccess) -> Flow<()> {
    let Some(seen) = member.seen_project() else { return Ok(()) };
    let id = link.project_id();
    if seen.id == id && *seen.region == *link.endpoint.region {
        return Ok(());
    }
    if !member.owns() {
        // A status that was copied along with the YAML binds nobody.
        return Ok(());
    }
    let message = format!(
        "This object belongs to project {} in {}, but DliProject {} now means project {id} in {}. Nothing is done. Point the \
         DliProject back, or delete this object with deletionPolicy: Retain and create it anew.",
        seen.id,
        seen.region,
        member.project_key().name,
        link.endpoint.region
    );
    say(ctx, member, &Conditions::stalled("ProjectChanged", message, "ProjectChanged"))?;
    done(None, Outcome::Stuck)
}

fn claim_of<M: Member>(member: &M, link: &ProjectAccess) -> Option<NameClaim> {
    let (endpoint, project) = (link.endpoint.clone(), link.project.clone()?);
    Some(NameClaim { endpoint, project, kind: member.kind(), name: member.remote_name().into() })
}

/// What an object that is being deleted may have made under its name is not to be taken for another's: nobody else works
/// on the name until it is gone.
pub(in crate::core) fn keep_claim<M: Member>(ctx: &mut Context<'_>, member: &M, link: &ProjectAccess) {
    if let Some(claim) = claim_of(member, link) {
        // Who holds it by a better right keeps it.
        let _held = ctx.world.claim(&claim, ctx.key, rank(member));
    }
}

/// Another object that works on the same remote name.
pub(in crate::core) fn rival<M: Member>(
    ctx: &mut Context<'_>,
    member: &M,
    link: &ProjectAccess,
) -> Flow<Option<Object>> {
    let holder = claim_of(member, link).and_then(|claim| ctx.world.holder(&claim).cloned());
    match holder.filter(|holder| holder != ctx.key) {
        Some(holder) => ctx.cached(&holder),
        None => Ok(None),
    }
}

/// Makes sure that no other object works on the same remote name.
pub(in crate::core) fn claim<M: Member>(ctx: &mut Context<'_>, member: &M, link: &ProjectAccess) -> Flow<()> {
    let Some(claim) = claim_of(member, link) else { return Ok(()) };
    let Err(holder) = ctx.world.claim(&claim, ctx.key, rank(member)) else { return Ok(()) };
    if ctx.cached(&holder)?.is_none() {
        ctx.world.release(&claim);
        return claim_again(ctx, member, &claim);
    }
    ctx.world.depend(ctx.key, &holder);
    let message = format!(
        "{holder} works on {} in this project already. Give one of them another name, or delete one.",
        claim.name
    );
    say(ctx, member, &Conditions::stalled("NameConflict", message, "NotOwned"))?;
    done(Some(ctx.now.mono + ctx.world.settings.stuck_retry), Outcome::Stuck)
}

fn rank<M: Member>(member: &M) -> ClaimStrength {
    match (member.intent(), member.has_id()) {
        (Some(_), true) => ClaimStrength::Owns,
        (Some(_), false) => ClaimStrength::Intends,
        (None, _) => ClaimStrength::Asks,
    }
}

fn claim_again<M: Member>(ctx: &mut Context<'_>, member: &M, claim: &NameClaim) -> Flow<()> {
    match ctx.world.claim(claim, ctx.key, rank(member)) {
        Ok(()) => Ok(()),
        Err(_) => done(Some(ctx.now.mono + 1_000), Outcome::Conflict),
    }
}

/// Has the object woken when the remote name changes.
pub(in crate::core) fn watch<M: Member>(ctx: &mut Context<'_>, member: &M) {
    let name: Arc<str> = member.remote_name().into();
    let key = ctx.key.clone();
    if let Some(project) = ctx.world.projects.get_mut(&member.project_key()) {
        project.watch(member.kind(), name, key);
    }
}

/// Until when a pending object has its turn to look again still before it.
pub(in crate::core) fn not_before<M: Member>(ctx: &Context<'_>, member: &M) -> Option<Millis> {
    let at = *ctx.world.projects.get(&member.project_key())?.due.get(ctx.key)?;
    (ctx.now.mono < at).then_some(at)
}

/// Decides how to read what is needed when it is due: a read of its own while few are waiting, one list for all when
/// many are. `Ok` means: read it now.
pub(in crate::core) fn due<M: Member>(ctx: &mut Context<'_>, member: &M) -> Flow<()> {
    let now = ctx.now.mono;
    let since = *ctx.memory().pending_since.get_or_insert(now);
    let key = ctx.key.clone();
    let project_key = member.project_key();
    let kind = member.kind();
    let Some(project) = ctx.world.projects.get_mut(&project_key) else { return Ok(()) };
    match project.due.get(&key).copied() {
        None => {
            let at = now + backoff::poll_after(now - since);
            project.due.insert(key, at);
            done(Some(at), Outcome::Waiting)
        }
        Some(at) if now < at => done(Some(at), Outcome::Waiting),
        Some(_) => {
            let others = project.due.iter().filter(|(k, at)| k.kind == kind && **at <= now + 500).count();
            if others <= 1 {
                project.due.remove(&key);
                return Ok(());
            }
            match kind {
                ObjectKind::Queue => project.want_queues = true,
                ObjectKind::Connection => project.want_connections = true,
                ObjectKind::Project => {}
            }
            ctx.world.wake(&project_key);
            done(Some(now + SAFETY_NET), Outcome::Waiting)
        }
    }
}

/// Waits for the next look at what is pending, where each pass begins with a look of its own: no list can take its place.
pub(in crate::core) fn look_again<M: Member>(ctx: &mut Context<'_>, member: &M) -> Flow<Next> {
    let now = ctx.now.mono;
    let since = *ctx.memory().pending_since.get_or_insert(now);
    let key = ctx.key.clone();
    if let Some(project) = ctx.world.projects.get_mut(&member.project_key()) {
        project.due.remove(&key);
    }
    done(Some(now + backoff::poll_after(now - since)), Outcome::Waiting)
}

/// Nothing is pending any more.
pub(in crate::core) fn settled<M: Member>(ctx: &mut Context<'_>, member: &M) {
    let key = ctx.key.clone();
    if let Some(project) = ctx.world.projects.get_mut(&member.project_key()) {
        project.due.remove(&key);
    }
    let memory = ctx.memory();
    memory.pending_since = None;
    memory.failures = 0;
}

/// What is said of a failed call, and when the next try is.
pub(in crate::core) fn failed<T, M: Member>(
    ctx: &mut Context<'_>,
    member: &M,
    call: &Call,
    error: &CallError,
) -> Flow<T> {
    let now = ctx.now;
    let name = call.name();
    match error.class {
        // The limiter knows, and tells the turn.
        ErrorClass::Throttled => return done(Some(now.mono + error.retry_after.unwrap_or(1_000)), Outcome::Waiting),
        ErrorClass::Auth => {
            // The project says so; this object stays as it is.
            ctx.world.wake(&member.project_key());
            return done(Some(now.mono + 1_000), Outcome::Waiting);
        }
        _ => {}
    }
    if error.cause == Cause::NotSent {
        return done(Some(now.mono + 1_000), Outcome::Waiting);
    }
    let uid = ctx.uid();
    let at = ctx.world.next_try(ctx.key, &uid, now, Some(error));
    let verdict = match error.class {
        ErrorClass::Quota => Conditions::stalled(
            "QuotaExceeded",
            format!("{name}: {error}. Raise the quota, or delete something; it is tried again every ten minutes."),
            "Pending",
        ),
        ErrorClass::Denied => Conditions::stalled(
            "AccessDenied",
            format!("{name}: {error}. Grant the right; it is tried again every ten minutes."),
            "Pending",
        ),
        ErrorClass::Unsupported => {
            Conditions::stalled("Unsupported", format!("{name} is not offered in this region: {error}."), "Unsupported")
        }
        ErrorClass::Refused | ErrorClass::NotFound => Conditions::stalled(
            "Refused",
            format!("{name}: {error}. Correct the spec; it is tried again every ten minutes."),
            "Pending",
        ),
        ErrorClass::Exists | ErrorClass::Transient | ErrorClass::Auth | ErrorClass::Throttled => {
            pending("CloudError", format!("{name}: {error}. It is tried again by itself."))
        }
    };
    let outcome = match verdict.progress {
        Progress::Stalled(_) => Outcome::Stuck,
        _ => Outcome::Failed,
    };
    // A short trouble of an object that stands is not worth a word.
    let standing = find(member.conditions(), "Ready").is_some_and(|c| c.status == "True");
    let quiet = outcome == Outcome::Failed && (standing || ctx.memory().failures < 3);
    let verdict = (!quiet).then(|| repeated(member, verdict));
    ctx.hold(at, member.generation(), verdict.clone());
    if let Some(verdict) = verdict {
        say(ctx, member, &verdict)?;
    }
    done(Some(at), outcome)
}

/// A failure that goes on keeps its first words: the request id in them is new each time, and each write costs.
pub(in crate::core) fn repeated<M: Member>(member: &M, mut verdict: Conditions) -> Conditions {
    if let (Some(old), Some(say)) = (find(member.conditions(), "Ready"), &mut verdict.ready)
        && old.reason == say.reason
        && old.observed_generation == Some(member.generation())
        && old.status == "False"
    {
        say.message.clone_from(&old.message);
        if let Some(synced) = find(member.conditions(), "Synced")
            && synced.reason == verdict.synced.reason
        {
            verdict.synced.message.clone_from(&synced.message);
        }
    }
    verdict
}

/// Guards against creating a world again: while many owned resources are missing at once, each has to be proved gone
/// before any is created. `proved`: a read of its own in this pass has shown this one to be gone.
pub(in crate::core) fn missing<M: Member>(ctx: &mut Context<'_>, member: &M, proved: bool) -> Flow<()> {
    let now = ctx.now.mono;
    let project_key = member.project_key();
    let key = ctx.key.clone();
    let Some(project) = ctx.world.projects.get_mut(&project_key) else { return Ok(()) };
    let known = project.missing.entry(key.clone()).or_default();
    known.proved |= proved;
    let known = known.proved;
    let Some((count, owned)) = ctx.world.weigh(&project_key) else { return Ok(()) };
    let message = format!(
        "{count} of {owned} owned resources are missing from the cloud at once; confirming each before any is created."
    );
    let verdict = Conditions {
        ready: Some(ConditionValue::new(ConditionStatus::False, "RemoteMissing", message)),
        progress: Progress::Reconciling("ConfirmingAbsence"),
        synced: ConditionValue::new(ConditionStatus::Unknown, "RemoteMissing", "The cloud's lists are in doubt."),
    };
    say(ctx, member, &repeated(member, verdict))?;
    if known {
        return done(Some(now + SAFETY_NET), Outcome::Waiting);
    }
    // Confirmations are few, so that a breaker does not become a storm.
    let Some(project) = ctx.world.projects.get_mut(&project_key) else { return Ok(()) };
    let next = project.next_confirmation.max(now);
    let Some(missing) = project.missing.get_mut(&key) else { return Ok(()) };
    let turn = match missing.turn {
        Some(turn) => turn,
        None => {
            project.next_confirmation = next + CONFIRMATION_GAP;
            *missing.turn.insert(next)
        }
    };
    if now < turn {
        return done(Some(turn), Outcome::Waiting);
    }
    missing.turn = None;
    Ok(())
}

/// The remote resource is there.
pub(in crate::core) fn present<M: Member>(ctx: &mut Context<'_>, member: &M) {
    let key = ctx.key.clone();
    let project_key = member.project_key();
    let removed = ctx.world.projects.get_mut(&project_key).and_then(|p| p.missing.remove(&key)).is_some();
    if removed {
        ctx.world.weigh(&project_key);
    }
}
