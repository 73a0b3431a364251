//! The list of connections, and who is found in it by name.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    core::seam::Millis,
    dli::{ConnectionId, ConnectionItem, ConnectionName, ConnectionState, EpochMillis, PeeringState, QueueName},
};

use super::list::{CompleteList, List, Observed};

/// When an ACTIVE entry last changed, by the server's clock, as far as the cloud says.
type Changed = Option<EpochMillis>;

/// All connections of a project, as far as they were seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections {
    list: List<ConnectionId, ConnectionItem>,
    names: BTreeSet<(ConnectionName, ConnectionId)>,
    /// ACTIVE entries by the name of their queue or pool.
    active: BTreeMap<(QueueName, ConnectionId), Changed>,
    /// Names of which something else is known than when this was last asked for.
    changed: BTreeSet<QueueName>,
}

impl Connections {
    /// When the newest complete reading began.
    pub(crate) fn complete(&self) -> Option<Millis> {
        self.list.complete()
    }

    pub(crate) fn get(&self, id: &ConnectionId) -> Option<&Observed<ConnectionItem>> {
        self.list.get(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&ConnectionId, &Observed<ConnectionItem>)> {
        self.list.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Connections of this name, in the order of their ids.
    pub(crate) fn named(&self, name: &ConnectionName) -> impl Iterator<Item = &Observed<ConnectionItem>> {
        let first = (name.clone(), ConnectionId::new(""));
        let ids = self.names.range(first..).take_while(move |(other, _)| other == name).map(|(_, id)| id);
        ids.filter_map(|id| self.list.get(id))
    }

    /// Whether one of them has an ACTIVE entry of this name that is not older than the queue. Queues come and go under
    /// one name, and an entry of the one before may still be shown, or may have been read before it went.
    pub(crate) fn reach(&self, name: &QueueName, created: Option<EpochMillis>) -> bool {
        let first = (name.clone(), ConnectionId::new(""));
        let entries = self.active.range(first..).take_while(|((other, _), _)| other == name);
        // mutant: reach
        entries.map(|(_, changed)| *changed).any(|changed| changed >= created)
    }

    /// Names of queues and pools with an ACTIVE entry of which something else is known than at the last time.
    pub(crate) fn take_changed(&mut self) -> BTreeSet<QueueName> {
        std::mem::take(&mut self.changed)
    }

    /// Takes in a reading of one connection.
    pub(crate) fn put(&mut self, id: ConnectionId, item: ConnectionItem, began: Millis) {
        if self.list.accepts(&id, began) {
            self.index(&id, Some(&item));
            self.list.put(id, item, began);
        }
    }

    /// Takes in what a list shows of one connection.
    pub(crate) fn put_listed(&mut self, id: ConnectionId, item: ConnectionItem, began: Millis) {
        if self.list.accepts(&id, began) {
            self.index(&id, Some(&item));
            self.list.put_listed(id, item, began);
        }
    }

    /// Takes in the proof that one connection is absent.
    pub(crate) fn remove(&mut self, id: &ConnectionId, began: Millis) {
        if self.list.accepts(id, began) {
            self.index(id, None);
            self.list.remove(id, began);
        }
    }

    /// Takes in a complete reading: what it lacks is gone, unless it was seen by a reading that began later.
    pub(crate) fn publish(&mut self, items: CompleteList<ConnectionItem>, began: Millis) {
        let gone: Vec<ConnectionId> = self
            .list
            .iter()
            .filter(|(id, seen)| !items.contains(id) && List::<ConnectionId, _>::outlived(seen, began))
            .map(|(id, _)| id.clone())
            .collect();
        for id in gone {
            self.index(&id, None);
        }
        for item in items.iter().filter(|item| self.list.accepts(&item.id, began)).collect::<Vec<_>>() {
            self.index(&item.id, Some(item));
        }
        self.list.publish(items, began);
    }

    /// Has a connection found by what is known of it from now on, instead of what the list still says.
    fn index(&mut self, id: &ConnectionId, new: Option<&ConnectionItem>) {
        let old = self.list.get(id).map(|seen| &seen.item);
        if old == new {
            return;
        }
        let (before, after) = (active(old), active(new));
        if let Some(old) = old {
            self.names.remove(&(old.name.clone(), id.clone()));
        }
        if let Some(new) = new {
            self.names.insert((new.name.clone(), id.clone()));
        }
        for (name, changed) in &after {
            self.active.insert((name.clone(), id.clone()), *changed);
        }
        for name in before.keys().filter(|name| !after.contains_key(*name)) {
            self.active.remove(&(name.clone(), id.clone()));
        }
        let other = before.keys().chain(after.keys()).filter(|name| before.get(*name) != after.get(*name));
        self.changed.extend(other.cloned());
    }
}

/// ACTIVE entries of a connection, each with the newest change of those of its name.
fn active(item: Option<&ConnectionItem>) -> BTreeMap<QueueName, Changed> {
    let mut found: BTreeMap<QueueName, Changed> = BTreeMap::new();
    let standing = item.into_iter().filter(|item| item.state == ConnectionState::Active);
    for entry in standing.flat_map(ConnectionItem::entries).filter(|entry| entry.state == PeeringState::Active) {
        let changed = found.entry(entry.name.clone()).or_default();
        *changed = (*changed).max(entry.update_time);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dli::Peering;

    fn id(text: &str) -> ConnectionId {
        ConnectionId::new(text)
    }

    fn queue(text: &str) -> QueueName {
        QueueName::new(text)
    }

    fn item(of: &str, name: &str, entries: &[(&str, PeeringState, Changed)]) -> ConnectionItem {
        let entry = |(name, state, update_time): &(&str, PeeringState, Changed)| Peering {
            name: queue(name),
            state: state.clone(),
            peer_id: None,
            err_msg: String::new(),
            update_time: *update_time,
        };
        ConnectionItem {
            id: id(of),
            name: ConnectionName::new(name),
            state: ConnectionState::Active,
            available_queue_info: entries.iter().map(entry).collect(),
            elastic_resource_pools: Vec::new(),
            dest_vpc_id: None,
            dest_network_id: None,
            create_time: None,
            hosts: None,
        }
    }

    fn names(connections: &mut Connections) -> Vec<String> {
        connections.take_changed().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_entry_that_is_older_than_the_queue_does_not_reach_it() {
        let mut all = Connections::default();
        all.put(
            id("1"),
            item("1", "a", &[("q", PeeringState::Active, Some(50)), ("r", PeeringState::Creating, None)]),
            10,
        );
        assert!(all.reach(&queue("q"), Some(50)) && all.reach(&queue("q"), None));
        assert!(!all.reach(&queue("q"), Some(51)), "that of a queue which had the name before");
        assert!(!all.reach(&queue("r"), None) && !all.reach(&queue("p"), None));
        all.put(id("2"), item("2", "b", &[("q", PeeringState::Active, Some(60))]), 10);
        assert!(all.reach(&queue("q"), Some(51)), "another connection has a newer one");
        all.put(id("3"), item("3", "c", &[("s", PeeringState::Active, None)]), 10);
        assert!(all.reach(&queue("s"), None) && !all.reach(&queue("s"), Some(1)), "nobody knows how old it is");
    }

    #[test]
    fn a_change_of_what_is_active_is_told_once() {
        let mut all = Connections::default();
        let one = |state: PeeringState, at| item("1", "a", &[("q", state, at)]);
        all.put(id("1"), one(PeeringState::Creating, Some(1)), 10);
        assert!(names(&mut all).is_empty());
        all.put(id("1"), one(PeeringState::Active, Some(2)), 20);
        assert_eq!(names(&mut all), ["q"]);
        all.put(id("1"), one(PeeringState::Active, Some(2)), 30);
        all.put(id("1"), one(PeeringState::Failed, Some(1)), 25);
        assert!(names(&mut all).is_empty(), "the same, and a reading that is older");
        all.put(id("1"), one(PeeringState::Active, Some(3)), 40);
        assert_eq!(names(&mut all), ["q"]);
        all.remove(&id("1"), 39);
        assert!(names(&mut all).is_empty());
        all.remove(&id("1"), 50);
        assert_eq!(names(&mut all), ["q"]);
        assert!(!all.reach(&queue("q"), None));
    }

    #[test]
    fn they_are_found_by_the_name_that_they_have_now() {
        let mut all = Connections::default();
        let found = |all: &Connections, name: &str| {
            all.named(&ConnectionName::new(name)).map(|seen| seen.item.id.to_string()).collect::<Vec<_>>()
        };
        for (of, name) in [("2", "a"), ("1", "a"), ("3", "ab"), ("4", "")] {
            all.put_listed(id(of), item(of, name, &[]), 10);
        }
        assert_eq!(found(&all, "a"), ["1", "2"]);
        assert_eq!((found(&all, ""), found(&all, "b")), (vec!["4".to_owned()], vec![]));
        let listed = [item("1", "b", &[]), item("5", "a", &[("q", PeeringState::Active, None)])];
        all.put(id("4"), item("4", "", &[]), 30);
        all.publish(CompleteList::last_of_each(listed.into()), 20);
        assert_eq!((found(&all, "a"), found(&all, "b")), (vec!["5".to_owned()], vec!["1".to_owned()]));
        assert_eq!(found(&all, ""), ["4"], "it was seen since that list began");
        assert_eq!((all.len(), all.complete()), (3, Some(20)));
        assert_eq!(names(&mut all), ["q"]);
    }
}
