//! A project as far as it is known.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    api::OrphanedResource,
    core::{
        conditions::Reason,
        inventory::Inventory,
        seam::{CredentialId, Endpoint, Millis, ObjectKey, ObjectKind, durations::UNCUT_FOR},
    },
    dli::{EpochMillis, ProjectId},
};

/// A project as far as it is known.
#[derive(Clone, Debug)]
pub(crate) struct ProjectState {
    pub(crate) endpoint: Endpoint,
    pub(crate) id: Option<ProjectId>,
    pub(crate) credential: Option<CredentialId>,
    pub(crate) availability: ProjectAvailability,
    pub(crate) availability_since: Millis,
    pub(crate) inventory: Inventory,
    lists: BTreeMap<ObjectKind, ListState>,
    /// Whether the region publishes the tag service.
    pub(crate) tag_service: Option<bool>,
    pub(crate) failures: u32,
    pub(crate) retry_at: Millis,
    /// A credential that was refused, and until when it is not tried again.
    pub(crate) refused: Option<(CredentialId, Millis)>,
    /// Objects to wake about a remote name.
    watchers: BTreeSet<(ObjectKind, Arc<str>, ObjectKey)>,
    /// Pending polls: the object, and when its turn is.
    pub(crate) polls: BTreeMap<ObjectKey, Millis>,
    /// Owned resources that the lists lack.
    pub(crate) missing: BTreeMap<ObjectKey, MissingResource>,
    /// Set while so many are missing at once that the lists are in doubt: how many, of how many.
    pub(crate) breaker: Option<(usize, usize)>,
    pub(crate) next_confirmation: Millis,
    /// Create calls of objects that went in spite of their finalizer.
    pub(crate) abandoned: BTreeMap<ObjectKey, AbandonedCreate>,
    /// When to look for orphans next; 0 before the first look is planned.
    pub(crate) orphans_due_at: Millis,
    /// What the last look for orphans found; `None` before the first one of this process.
    pub(crate) orphans: Option<Vec<OrphanedResource>>,
    /// How many there were, of which the list holds the first ones.
    pub(crate) orphan_count: i64,
    /// What the cloud refuses to delete although its object has gone, in words; until the object is there again.
    pub(crate) undeletable: BTreeMap<ObjectKey, String>,
}

/// How one list of a project is read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ListState {
    /// Whether the region lets it be filtered by tag; `None` until it was tried.
    pub(crate) filter: Option<bool>,
    /// Asked for before its time.
    pub(crate) wanted: bool,
    pub(crate) due_at: Millis,
    /// Length at which the list was lately proved to be uncut, and when.
    uncut: (usize, Millis),
    /// Length of the last whole reading.
    pub(crate) length: usize,
}

impl ListState {
    /// The length up to which a single page is known to be uncut.
    pub(crate) fn uncut(&self, now: Millis) -> usize {
        let (length, at) = self.uncut;
        if now < at + UNCUT_FOR { length } else { 0 }
    }

    /// Learns from a whole reading of `length` items; `single`: one page held them all.
    pub(crate) fn learn_length(&mut self, length: usize, single: bool, now: Millis) {
        self.length = length;
        if !single {
            self.uncut = (0, now);
        } else if length > self.uncut(now) {
            self.uncut = (length, now);
        }
    }
}

/// An owned resource that the lists lack.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MissingResource {
    /// A read of its own has proved it to be gone.
    pub(crate) proved: bool,
    /// Its turn for that read, kept until it is used: turns that are only counted out are never reached.
    pub(crate) turn: Option<Millis>,
}

/// What a create call may have made for an object that went although its finalizer had just been put on.
#[derive(Clone, Debug)]
pub(crate) struct AbandonedCreate {
    /// Name of the resource.
    pub(crate) name: String,
    /// What was created before this moment of the server's clock was made by another owner.
    pub(crate) since: EpochMillis,
    /// The id, if the answer to the create call named one.
    pub(crate) id: Option<String>,
    /// Looks that begin before this moment do not prove that there is nothing.
    pub(crate) until: Millis,
    /// When to look next.
    pub(crate) next: Millis,
    pub(crate) failures: u32,
    /// The cloud's words about the last DELETE.
    pub(crate) last_error: String,
    /// Its DELETE was accepted; an absence is proof from now on.
    pub(crate) deleted: bool,
}

/// Whether the objects of a project can be worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProjectAvailability {
    /// Not reconciled since the start.
    Unknown,
    /// Credentials valid, id known, lists read.
    Ready,
    /// Not usable.
    Down { reason: Reason, message: String },
}

impl ProjectState {
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            id: None,
            credential: None,
            availability: ProjectAvailability::Unknown,
            availability_since: 0,
            inventory: Inventory::default(),
            lists: BTreeMap::new(),
            tag_service: None,
            failures: 0,
            retry_at: 0,
            refused: None,
            watchers: BTreeSet::new(),
            polls: BTreeMap::new(),
            missing: BTreeMap::new(),
            breaker: None,
            next_confirmation: 0,
            abandoned: BTreeMap::new(),
            orphans_due_at: 0,
            orphans: None,
            orphan_count: 0,
            undeletable: BTreeMap::new(),
        }
    }

    /// How the list of a kind is read.
    pub(crate) fn list(&self, kind: ObjectKind) -> ListState {
        self.lists.get(&kind).copied().unwrap_or_default()
    }

    /// The same, to change it.
    pub(crate) fn list_mut(&mut self, kind: ObjectKind) -> &mut ListState {
        self.lists.entry(kind).or_default()
    }

    /// Takes over a credential. Whatever was wrong or right with the last one says nothing about it.
    pub(crate) fn use_credential(&mut self, credential: &CredentialId) {
        if self.credential.as_ref() == Some(credential) {
            return;
        }
        self.credential = Some(credential.clone());
        self.retry_at = 0;
        self.failures = 0;
        for list in self.lists.values_mut() {
            list.due_at = 0;
        }
        if self.availability == ProjectAvailability::Ready {
            self.availability = ProjectAvailability::Unknown;
        }
    }

    /// Has an object woken about a remote name.
    pub(crate) fn watch(&mut self, kind: ObjectKind, name: Arc<str>, key: ObjectKey) {
        self.watchers.insert((kind, name, key));
    }

    /// Ends all watches of an object.
    pub(crate) fn unwatch(&mut self, key: &ObjectKey) {
        self.watchers.retain(|(_, _, watcher)| watcher != key);
    }

    /// Objects that watch a remote name.
    pub(crate) fn watchers<'a>(&'a self, kind: ObjectKind, name: &'a str) -> impl Iterator<Item = &'a ObjectKey> {
        let first = (kind, Arc::from(name), ObjectKey::first());
        let all = self.watchers.range(first..).take_while(move |(of, named, _)| *of == kind && **named == *name);
        all.map(|(_, _, key)| key)
    }
}
