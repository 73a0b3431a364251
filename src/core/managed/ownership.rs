//! Whose a resource is: by its owner tag, where the region lets it be read.

use crate::{
    api::AdoptionPolicy,
    core::{
        pass::{Flow, Reading},
        records::owner_tag::{CLUSTER_TAG, OWNER_TAG, owner_tag},
        seam::{Intent, Millis, durations::PROBE_POLL},
    },
    dli::{Call, EpochMillis, Tag},
};

use super::resource::{Managed, Reconcile};

/// Whether two readings mean the same resource: one of that name may be gone, and another one there.
pub(super) fn is_same<K: Managed>(one: &K::Item, other: &K::Item) -> bool {
    match (K::id_of(one), K::id_of(other)) {
        (Some(one), Some(other)) => one == other,
        _ => K::name_of(one) == K::name_of(other),
    }
}

/// Whether the adoption policy lets an object take over a resource with these tags, none of which is its own.
pub(super) fn may_adopt(policy: AdoptionPolicy, tags: &[Tag]) -> bool {
    // mutant: may-adopt
    match policy {
        AdoptionPolicy::IfOwned => false,
        AdoptionPolicy::IfUnowned => !tags.iter().any(|t| t.key == OWNER_TAG || t.key == CLUSTER_TAG),
        AdoptionPolicy::Always => true,
    }
}

impl<K: Managed> Reconcile<'_, '_, K> {
    /// The owner tag of this object.
    pub(super) fn own_tag(&self) -> Tag {
        owner_tag(&self.ctx.state.settings.cluster_id, self.ctx.key)
    }

    /// The resources that carry this object's owner tag and its name. What was retained under another name is not this
    /// object's any more.
    pub(super) fn fetch_tagged(&mut self) -> Flow<Reading<Vec<K::Item>>> {
        if let Some(reading) = &self.observed().tagged {
            let name = self.object.remote_name();
            let value = reading.value.iter().filter(|item| K::name_of(item) == name).cloned().collect();
            return Ok(Reading { value, began: reading.began });
        }
        let call = K::list_tagged(self.own_tag());
        self.call(call)
    }

    /// Whether the region has the tag service, as far as known.
    pub(crate) fn has_tag_service(&self) -> bool {
        self.project().and_then(|p| p.tag_service) != Some(false)
    }

    /// The tags of a resource, by the tag service; `None` where the region has none.
    pub(super) fn fetch_tags(&mut self, id: &K::Id) -> Flow<Option<Vec<Tag>>> {
        if !self.has_tag_service() {
            return Ok(None);
        }
        let id = id.to_string();
        if let Some(tags) = self.ctx.observations.tags.get(&id) {
            return Ok(Some(tags.clone()));
        }
        self.call(Call::ListTags { resource: K::TAGGED_AS, id })
    }

    fn fetch_tag_by_service(&mut self, item: &K::Item) -> Flow<Option<bool>> {
        let own = self.own_tag();
        match K::id_of(item) {
            Some(id) => Ok(self.fetch_tags(&id)?.map(|tags| tags.contains(&own))),
            None => Ok(None),
        }
    }

    /// Whether a resource carries this object's owner tag; `None` where the region does not let tags be read (P-tag-1).
    pub(crate) fn fetch_owner_tag(&mut self, item: &K::Item) -> Flow<Option<bool>> {
        match self.list().filter {
            None => self.require_filter_probe(),
            Some(false) => self.fetch_tag_by_service(item),
            Some(true) => {
                let listed = self.fetch_tagged()?.value.iter().any(|other| is_same::<K>(other, item));
                if listed || !self.common().adopted {
                    return Ok(Some(listed));
                }
                // What was adopted without a tag service never got a tag.
                self.fetch_tag_by_service(item)
            }
        }
    }

    /// The same for a resource that this object is known to have made, while the project does not know yet whether its
    /// list can be filtered: the tag service, if there is one, decides.
    pub(crate) fn fetch_known_tag(&mut self, item: &K::Item) -> Flow<Option<bool>> {
        self.fetch_tag_by_service(item)
    }

    /// Has the project find out whether its list can be filtered by tag, and ends the pass.
    fn require_filter_probe<T>(&mut self) -> Flow<T> {
        self.request_list(self.now() + PROBE_POLL)
    }

    /// Whether a reading that lacks the owner tag may just lag behind: the resource is new, or this object has written
    /// something that a reading need not show yet (P-tag-3).
    pub(crate) fn tag_may_lag(&mut self, created: Option<EpochMillis>) -> bool {
        let grace = self.grace();
        // The server's clock may have jumped; this process's own does not. An earlier process wrote before this one led.
        let wrote = self.ctx.object_state().valid_from.max(self.ctx.state.leads_from());
        // mutant: tag-may-lag
        self.now() < wrote + grace
            || created.is_none_or(|t| self.server_time() < t + grace as EpochMillis)
            || self.is_settling()
    }

    /// The call of an intent can no longer be in flight, and readings show what it did: when that is, by the monotonic
    /// clock.
    pub(super) fn outcome_known_at(&mut self, intent: &Intent) -> Millis {
        use crate::core::state::CreateOutcome::{Accepted, Exists, NotApplied, Unknown};
        let grace = self.grace();
        if let Some(outcome) = self.ctx.object_state().create_outcome.clone().filter(|o| o.number() == intent.n) {
            // mutant: create-settled-at
            return match outcome {
                Accepted { at, .. } => at + grace,
                NotApplied { .. } | Exists { .. } => 0,
                Unknown { gave_up, .. } => gave_up + grace,
            };
        }
        // Of another process: only the intent tells. What it sent at the last moment need not be shown yet.
        let horizon = (self.now() as i64 + self.time_to_outcome(intent)).max(0) as Millis;
        // mutant: create-settled-new-leader
        horizon.max(self.ctx.state.leads_from() + grace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_adoption_policy_says_what_may_be_taken_over() {
        use AdoptionPolicy::{Always, IfOwned, IfUnowned};
        let tag = |key: &str| vec![Tag { key: key.to_owned(), value: "1".to_owned() }];
        let rows = [
            (IfOwned, tag("team"), false),
            (IfUnowned, Vec::new(), true),
            (IfUnowned, tag("team"), true),
            (IfUnowned, tag(OWNER_TAG), false),
            (IfUnowned, tag(CLUSTER_TAG), false),
            (Always, tag(OWNER_TAG), true),
        ];
        for (policy, tags, expected) in rows {
            assert_eq!(may_adopt(policy, &tags), expected, "{policy:?} {tags:?}");
        }
    }
}
