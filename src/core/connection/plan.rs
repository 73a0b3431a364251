//! The plan of a connection: what is desired and what was seen become an ordered list of steps, and what is reported.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    api::Drift,
    dli::{ConnectionItem, EpochMillis, Host, Peering, PeeringState, QueueName},
};

use super::hosts::hosts_hash;

/// A queue that a connection is to be bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Name in the cloud.
    pub(super) name: QueueName,
    /// The pool it lives in, under whose name its entry may stand.
    pub(super) pool: Option<QueueName>,
    /// Number of the queue in the cloud, as far as known: a queue that is created again is another one.
    pub(super) id: Option<i64>,
    /// When it was created, by the server's clock.
    pub(super) created: Option<EpochMillis>,
    /// The reference leads nowhere, so the name is a guess.
    pub(super) unresolved: bool,
    /// It is not created yet, or is being deleted: an entry of its name says nothing, or will soon be gone.
    pub(super) changing: bool,
    /// It was unbound a moment ago: its entry is on its way out.
    pub(super) unbinding: bool,
    /// Why it cannot be bound yet; `None` if it exists.
    pub(super) blocked_by: Option<String>,
}

/// What the spec asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Desired {
    /// `None`: bindings are not managed.
    pub(super) targets: Option<Vec<Target>>,
    /// `None`: hosts are not managed.
    pub(super) hosts: Option<Vec<Host>>,
    /// An entry that is older than its queue, where the queue was created since this moment of the server's clock, may be
    /// that of another queue which had the name before: readings lag behind.
    pub(super) lagging_since: EpochMillis,
    /// An own call may still bring back an entry that is not there: no name leaves the record yet.
    pub(super) keep_records: bool,
}

impl Desired {
    /// Whether an entry may be that of a queue which had the target's name before.
    fn may_be_stale(&self, target: &Target, entry: &Peering) -> bool {
        // mutant: may-be-stale
        entry.name == target.name
            && target.created.is_some_and(|created| created >= self.lagging_since && entry.update_time < Some(created))
    }
}

/// A step, the first of which is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PlanStep {
    /// Unbind queues that this object bound and that are no longer desired.
    Unbind(Vec<QueueName>),
    /// Bind desired queues that have no entry.
    Bind(Vec<QueueName>),
    /// Replace the hosts.
    SetHosts(Vec<Host>),
}

/// What there is to do, and what there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) steps: Vec<PlanStep>,
    /// Desired targets with an ACTIVE entry, of how many.
    pub(super) active: usize,
    pub(super) wanted: usize,
    /// Desired targets whose entry is being created, with the time of the entry.
    pub(super) creating: Vec<(QueueName, Option<EpochMillis>)>,
    /// Desired targets whose entry failed, with the cloud's words.
    pub(super) failed: Vec<(QueueName, String)>,
    /// Desired targets that cannot be bound yet, with the reason.
    pub(super) waiting: Vec<String>,
    /// Desired targets whose old entry is not gone yet.
    pub(super) unbinding: Vec<QueueName>,
    /// Desired targets that are younger than the entry of their name.
    pub(super) possibly_stale: Vec<QueueName>,
    /// Entries to unbind that cannot be unbound now (being created) or ever (failed).
    pub(super) cannot_unbind_yet: Vec<(QueueName, PeeringState)>,
    /// Differences from the spec.
    pub(super) drift: Vec<Drift>,
    /// What is recorded as this object's own bindings after this plan.
    pub(super) managed: BTreeSet<String>,
    /// A name is kept in the record only because an own call may still bring its entry back.
    pub(super) holds_records: bool,
}

fn lines(count: usize) -> String {
    format!("{count} {}", if count == 1 { "host" } else { "hosts" })
}

fn difference(want: impl Into<String>, have: impl Into<String>) -> Drift {
    Drift { field: "queues".to_owned(), want: want.into(), have: have.into() }
}

/// Compares what is desired with what was seen. `managed`: bindings recorded as this object's own; `written`: digest of
/// the hosts that were written last, [`super::hosts::UNKNOWN_HOSTS`] while that is uncertain.
pub(super) fn plan(desired: &Desired, seen: &ConnectionItem, managed: &[String], written: Option<&str>) -> Plan {
    let mut plan = Plan { managed: managed.iter().cloned().collect(), ..Plan::default() };
    let mut entries: BTreeMap<&QueueName, &Peering> = BTreeMap::new();
    for entry in seen.entries() {
        // Of two entries of one name (a queue and its hidden pool) the better one counts.
        match entries.get(&entry.name) {
            Some(other) if other.state == PeeringState::Active => {}
            _ => {
                entries.insert(&entry.name, entry);
            }
        }
    }
    if let Some(targets) = &desired.targets {
        plan.bindings(desired, targets, &entries);
    }
    if let Some(hosts) = &desired.hosts {
        plan.hosts(hosts, seen.hosts.as_deref(), written);
    }
    plan.drift.truncate(20);
    plan
}

impl Plan {
    fn hosts(&mut self, wanted: &[Host], have: Option<&[Host]>, written: Option<&str>) {
        let want = hosts_hash(wanted);
        // mutant: hosts-differ
        let differs = match have {
            Some(have) => hosts_hash(have) != want,
            // A cloud that does not return them: what was written last has to do.
            None => written.map_or(!wanted.is_empty(), |written| written != want),
        };
        if differs {
            self.steps.push(PlanStep::SetHosts(wanted.to_vec()));
            let have = have.map_or_else(|| "not reported".to_owned(), |h| lines(h.len()));
            self.drift.push(Drift { field: "hosts".to_owned(), want: lines(wanted.len()), have });
        }
    }

    fn bindings(&mut self, desired: &Desired, targets: &[Target], entries: &BTreeMap<&QueueName, &Peering>) {
        let recorded: Vec<QueueName> = self.managed.iter().map(|name| QueueName::new(name)).collect();
        let mut wanted: BTreeSet<&QueueName> = BTreeSet::new();
        let mut bind = Vec::new();
        for target in targets {
            let again = !wanted.insert(&target.name);
            wanted.extend(&target.pool);
            if !again && self.target(desired, target, entries) {
                bind.push(target.name.clone());
            }
        }
        // What an unresolved reference means may be among what is bound: nothing is unbound until it is known.
        let unresolved = targets.iter().any(|target| target.unresolved);
        // mutant: unwanted
        let unwanted = recorded.iter().filter(|name| !unresolved && !wanted.contains(name));
        let mut unbind = Vec::new();
        for name in unwanted {
            match entries.get(name) {
                None if desired.keep_records => self.holds_records = true,
                None => drop(self.managed.remove(name.as_str())),
                Some(entry) if entry.state == PeeringState::Active => unbind.push(name.clone()),
                Some(entry) => self.cannot_unbind_yet.push((name.clone(), entry.state.clone())),
            }
        }
        let foreign = entries.iter().filter(|(name, _)| !wanted.contains(**name) && !recorded.contains(**name));
        for (name, entry) in foreign {
            let have = format!("{name} {}, bound by somebody else and left alone", entry.state.as_str());
            self.drift.push(difference("absent", have));
        }
        self.drift.extend(bind.iter().map(|name| difference(name.to_string(), "not bound")));
        self.drift.extend(unbind.iter().map(|name| difference("absent", format!("{name} ACTIVE"))));
        if !unbind.is_empty() {
            self.steps.push(PlanStep::Unbind(unbind));
        }
        if !bind.is_empty() {
            self.managed.extend(bind.iter().map(ToString::to_string));
            self.steps.push(PlanStep::Bind(bind));
        }
    }

    /// Sorts in one target; says whether it is to be bound.
    fn target(&mut self, desired: &Desired, target: &Target, entries: &BTreeMap<&QueueName, &Peering>) -> bool {
        self.wanted += 1;
        let entry = entries.get(&target.name).or_else(|| entries.get(target.pool.as_ref()?));
        // mutant: target-unbinding
        match (entry, &target.blocked_by) {
            // A guessed name proves nothing, and neither does what another queue of that name left behind.
            (_, Some(reason)) if target.unresolved || target.changing => self.waiting.push(reason.clone()),
            (Some(_), _) if target.unbinding => self.unbinding.push(target.name.clone()),
            (Some(entry), _) if desired.may_be_stale(target, entry) => self.possibly_stale.push(target.name.clone()),
            (Some(entry), _) => {
                // What the spec asks for is this object's, whoever bound it.
                self.managed.insert(target.name.to_string());
                match &entry.state {
                    PeeringState::Active => self.active += 1,
                    PeeringState::Failed => self.failed.push((target.name.clone(), entry.err_msg.clone())),
                    PeeringState::Creating | PeeringState::Other(_) => {
                        self.creating.push((target.name.clone(), entry.update_time));
                    }
                }
            }
            (None, Some(reason)) => self.waiting.push(reason.clone()),
            (None, None) => return true,
        }
        false
    }
}

#[cfg(test)]
mod tests;
