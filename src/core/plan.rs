//! The plan of a connection: what is desired and what was seen become an ordered list of steps, and what is said.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    api::Drift,
    dli::{ConnectionItem, EpochMillis, Host, Peering, PeeringState, QueueName},
};

use super::{Millis, records::owner_tag::digest};

/// A queue that a connection is to be bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core) struct Target {
    /// Name in the cloud.
    pub(in crate::core) name: QueueName,
    /// The pool it lives in, under whose name its entry may stand.
    pub(in crate::core) pool: Option<QueueName>,
    /// Number of the queue in the cloud, as far as known: a queue that is made again is another one.
    pub(in crate::core) id: Option<i64>,
    /// When it was made, by the server's clock, in milliseconds.
    pub(in crate::core) created: Option<i64>,
    /// The reference leads nowhere, so the name is a guess.
    pub(in crate::core) dangling: bool,
    /// It is not made yet, or being deleted: an entry of its name says nothing, or will soon be gone.
    pub(in crate::core) unsettled: bool,
    /// What has its name now has to go, and cannot while it is bound.
    pub(in crate::core) severed: bool,
    /// It was unbound a moment ago: its entry is on its way out.
    pub(in crate::core) unbinding: bool,
    /// Until when a call that got no answer may still take its entry away: an Unbind, or the DELETE of the queue.
    pub(in crate::core) may_go: Option<Millis>,
    /// Why it cannot be bound yet; `None` if it exists.
    pub(in crate::core) waits: Option<String>,
}

/// What the spec asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core) struct Desired {
    /// `None`: bindings are not managed.
    pub(in crate::core) targets: Option<Vec<Target>>,
    /// `None`: hosts are not managed.
    pub(in crate::core) hosts: Option<Vec<Host>>,
    /// An entry of a queue that was made since this moment, by the server's clock, and that is older than the queue, may
    /// be that of another queue which had the name before: readings lag behind.
    pub(in crate::core) lagging_since: EpochMillis,
    /// Bindings of this object's own that may still be made although they are not there, and until when.
    pub(in crate::core) may_come: BTreeMap<QueueName, Millis>,
}

impl Desired {
    /// Whether an entry may be that of a queue which had the target's name before.
    fn may_be_former(&self, target: &Target, entry: &Peering) -> bool {
        entry.name == target.name
            && target.created.is_some_and(|created| created >= self.lagging_since && entry.update_time < Some(created))
    }
}

/// A step, the first of which is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core) enum PlanStep {
    /// Unbind queues that this object bound and that are no longer desired.
    Unbind(Vec<QueueName>),
    /// Bind desired queues that have no entry.
    Bind(Vec<QueueName>),
    /// Replace the hosts.
    SetHosts(Vec<Host>),
}

/// What there is to do, and how things stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::core) struct Plan {
    pub(in crate::core) steps: Vec<PlanStep>,
    /// Desired targets with an ACTIVE entry, of how many.
    pub(in crate::core) active: usize,
    pub(in crate::core) wanted: usize,
    /// Desired targets whose entry is being made, with the time of the entry.
    pub(in crate::core) creating: Vec<(QueueName, Option<i64>)>,
    /// Desired targets whose entry failed, with the cloud's words.
    pub(in crate::core) failed: Vec<(QueueName, String)>,
    /// Desired targets that do not exist yet, with the reason.
    pub(in crate::core) waiting: Vec<String>,
    /// Desired targets whose old entry is not gone yet.
    pub(in crate::core) unbinding: Vec<QueueName>,
    /// Desired targets that are younger than the entry of their name.
    pub(in crate::core) former: Vec<QueueName>,
    /// Bindings that a call without an answer may still make or undo, and until when.
    pub(in crate::core) late: Vec<(QueueName, Millis)>,
    /// Entries to unbind that cannot be unbound now (being made) or ever (failed).
    pub(in crate::core) leaving: Vec<(QueueName, PeeringState)>,
    /// Differences from the spec.
    pub(in crate::core) drift: Vec<Drift>,
    /// What is recorded as this object's own bindings after this plan.
    pub(in crate::core) managed: BTreeSet<String>,
}

/// Stands in the place of a digest from before a call that writes hosts until it is known to have been carried out.
pub(in crate::core) const UNKNOWN_HOSTS: &str = "";

/// Digest of a hosts file, whatever its order.
pub(in crate::core) fn hosts_hash(hosts: &[Host]) -> String {
    let set: BTreeSet<(&str, &str)> = hosts.iter().map(|h| (h.name.as_str(), h.ip.as_str())).collect();
    let mut text = String::new();
    for (name, ip) in set {
        text.push_str(name);
        text.push(' ');
        text.push_str(ip);
        text.push('\n');
    }
    digest(&text)[..32].to_owned()
}

/// Compares what is desired with what was seen. `managed`: bindings recorded as this object's own; `written`: digest of
/// the hosts that were written last, [`UNKNOWN_HOSTS`] while nobody can tell.
pub(in crate::core) fn plan(
    desired: &Desired,
    seen: &ConnectionItem,
    managed: &[String],
    written: Option<&str>,
) -> Plan {
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
        bindings(&mut plan, desired, targets, &entries, managed);
    }
    if let Some(hosts) = &desired.hosts {
        let want = hosts_hash(hosts);
        let differs = match &seen.hosts {
            Some(have) => hosts_hash(have) != want,
            // A cloud that does not show them: what was written last has to do.
            None => written.map_or(!hosts.is_empty(), |written| written != want),
        };
        if differs {
            plan.steps.push(PlanStep::SetHosts(hosts.clone()));
            plan.drift.push(Drift {
                field: "hosts".to_owned(),
                want: lines(hosts.len()),
                have: seen.hosts.as_ref().map_or_else(|| "not reported".to_owned(), |h| lines(h.len())),
            });
        }
    }
    plan.drift.truncate(20);
    plan
}

fn lines(count: usize) -> String {
    format!("{count} {}", if count == 1 { "host" } else { "hosts" })
}

fn bindings(
    plan: &mut Plan,
    desired: &Desired,
    targets: &[Target],
    entries: &BTreeMap<&QueueName, &Peering>,
    managed: &[String],
) {
    let mut wanted: BTreeSet<&QueueName> = BTreeSet::new();
    let (mut bind, mut severed) = (Vec::new(), Vec::new());
    for target in targets {
        let again = !wanted.insert(&target.name);
        if let Some(pool) = &target.pool {
            wanted.insert(pool);
        }
        if again {
            continue;
        }
        plan.wanted += 1;
        let entry = entries.get(&target.name).or_else(|| target.pool.as_ref().and_then(|pool| entries.get(pool)));
        match (entry, &target.waits) {
            // The queue has to go, whoever bound it: the spec asks for it, so that it would be this object's anyway.
            (Some(entry), Some(reason)) if target.severed => {
                plan.managed.insert(target.name.to_string());
                plan.waiting.push(reason.clone());
                if entry.state == PeeringState::Active && !target.unbinding {
                    severed.push(target.name.clone());
                }
            }
            // A name that is only a guess proves nothing, and neither does what another queue of that name left behind.
            (_, Some(reason)) if target.dangling || target.unsettled => plan.waiting.push(reason.clone()),
            _ if let Some(until) = target.may_go => plan.late.push((target.name.clone(), until)),
            (Some(_), _) if target.unbinding => plan.unbinding.push(target.name.clone()),
            (Some(entry), _) if desired.may_be_former(target, entry) => plan.former.push(target.name.clone()),
            (Some(entry), _) => {
                // What the spec asks for is this object's, whoever bound it.
                plan.managed.insert(target.name.to_string());
                match &entry.state {
                    PeeringState::Active => plan.active += 1,
                    PeeringState::Failed => plan.failed.push((target.name.clone(), entry.err_msg.clone())),
                    PeeringState::Creating | PeeringState::Other(_) => {
                        plan.creating.push((target.name.clone(), entry.update_time));
                    }
                }
            }
            (None, Some(reason)) => plan.waiting.push(reason.clone()),
            (None, None) => bind.push(target.name.clone()),
        }
    }
    let mut unbind = Vec::new();
    // Who is meant by a reference that leads nowhere may be among what is bound: nothing is unbound until it is known.
    let unknown = targets.iter().any(|t| t.dangling);
    for name in managed.iter().filter(|_| !unknown).map(|name| QueueName::new(name)) {
        if wanted.contains(&name) {
            continue;
        }
        match entries.get(&name) {
            None => match desired.may_come.get(&name) {
                Some(until) => plan.late.push((name, *until)),
                None => {
                    plan.managed.remove(name.as_str());
                }
            },
            Some(entry) if entry.state == PeeringState::Active => unbind.push(name),
            Some(entry) => plan.leaving.push((name, entry.state.clone())),
        }
    }
    for (name, entry) in entries {
        if !wanted.contains(*name) && !managed.iter().any(|m| m == name.as_str()) {
            plan.drift.push(Drift {
                field: "queues".to_owned(),
                want: "absent".to_owned(),
                have: format!("{name} {}, bound by somebody else and left alone", entry.state.as_str()),
            });
        }
    }
    for name in &bind {
        plan.drift.push(Drift { field: "queues".to_owned(), want: name.to_string(), have: "not bound".to_owned() });
    }
    for name in &unbind {
        plan.drift.push(Drift {
            field: "queues".to_owned(),
            want: "absent".to_owned(),
            have: format!("{name} ACTIVE"),
        });
    }
    unbind.append(&mut severed);
    if !unbind.is_empty() {
        plan.steps.push(PlanStep::Unbind(unbind));
    }
    if !bind.is_empty() {
        plan.managed.extend(bind.iter().map(ToString::to_string));
        plan.steps.push(PlanStep::Bind(bind));
    }
}
