//! Adopting a resource that exists, if the policy lets this object.

use crate::{
    api::AdoptionPolicy,
    core::{
        conditions::Reason,
        inventory::Observed,
        pass::{Flow, wait},
        records::owner_tag::owner_tags,
        seam::{Intent, IntentOp, Next, durations::LAG_POLL},
    },
    dli::Call,
};

use super::{
    ownership::may_adopt,
    presence::capitalized,
    resource::{CreateInputs, Managed, Names, Ownership, Reconcile},
};

impl<K: Managed> Reconcile<'_, '_, K> {
    /// Adopts one of the resources that have the name.
    pub(super) fn adopt(&mut self, found: Vec<Observed<K::Item>>) -> Flow<Next> {
        let (noun, name) = (K::NOUN, self.object.remote_name());
        let mut mine = Vec::new();
        for seen in &found {
            if self.fetch_owner_tag(&seen.item)? == Some(true) {
                mine.push(seen.item.clone());
            }
        }
        let ours = !mine.is_empty();
        let candidates = if ours { mine } else { found.into_iter().map(|seen| seen.item).collect() };
        let [item] = candidates.as_slice() else {
            let message = format!(
                "The project has {} {noun}s named {name}, and the operator cannot tell which is meant. Delete all but one, or create \
                 this object again with {} set.",
                candidates.len(),
                K::NAME_FIELD
            );
            return self.report_stalled(Reason::NameConflict, message, Reason::NotOwned);
        };
        if !ours {
            self.require_adoption_allowed(item)?;
        }
        // A list that lags behind may show what is gone: the resource itself is read before it is adopted (P-adopt-3).
        let id = K::id_of(item);
        // mutant: adopt-look
        let item = match self.read(id.as_ref()) {
            None => return self.call_get(id.as_ref()),
            Some(read) => match read.value {
                None => return wait(self.now() + LAG_POLL),
                Some(item) => item,
            },
        };
        // mutant: adopt-mismatch
        if let Some(first) = self.object.fixed_differences(&item).first() {
            let message = format!(
                "{} {name} cannot be adopted: {} is {} in the cloud and {} in the spec, and cannot be changed. Create this object \
                 again with a spec that says what the {noun} is.",
                capitalized(noun),
                first.field,
                first.have,
                first.want
            );
            return self.report_stalled(Reason::ImmutableMismatch, message, Reason::NotOwned);
        }
        let intent = self.require_adoption_intent(&item)?;
        if !ours && !self.ctx.observations.tagged && self.has_tag_service() {
            let Some(id) = K::id_of(&item) else { return self.call_get(None) };
            let tags = owner_tags(&self.ctx.state.settings.cluster_id, self.ctx.key);
            // However old it is, it is this object's once it carries the tag.
            return self.send_guarded(Call::CreateTags { resource: K::TAGGED_AS, id: id.to_string(), tags }, 0);
        }
        self.clear_absence();
        K::record(self, &item, &Ownership { intent: &intent, adopted: true, suspects: Vec::new() })
    }

    /// The policy lets this object adopt a resource that does not carry its owner tag (P-adopt-1).
    fn require_adoption_allowed(&mut self, item: &K::Item) -> Flow<()> {
        let (noun, name) = (K::NOUN, self.object.remote_name());
        let policy = self.common().adoption;
        let tags = match (policy, K::id_of(item)) {
            (AdoptionPolicy::IfUnowned, Some(id)) => match self.fetch_tags(&id)? {
                Some(tags) => tags,
                None => {
                    let message = format!(
                        "Tags cannot be read in this region, so the operator cannot tell whether {noun} {name} has an owner. Set \
                         adoptionPolicy: Always to adopt it all the same."
                    );
                    return self.report_stalled(Reason::NameConflict, message, Reason::NotOwned);
                }
            },
            _ => Vec::new(),
        };
        if may_adopt(policy, &tags) {
            return Ok(());
        }
        self.record_not_applied()?;
        let message = match policy {
            AdoptionPolicy::IfOwned => format!(
                "A {noun} named {name} exists and was not created by this object. Set adoptionPolicy to adopt it, or create this \
                 object again with another {}.",
                K::NAME_FIELD
            ),
            _ => format!(
                "A {noun} named {name} exists and carries the owner tag of another owner. Set adoptionPolicy: Always to adopt it, or \
                 create this object again with another {}.",
                K::NAME_FIELD
            ),
        };
        self.clear_pending();
        self.report_stalled(Reason::NameConflict, message, Reason::NotOwned)
    }

    /// The adoption is recorded before anything is written to the resource (P-adopt-2).
    fn require_adoption_intent(&mut self, item: &K::Item) -> Flow<Intent> {
        let key = self.intent_key(K::id_of(item).as_ref());
        let same = |intent: &Intent| intent.op == IntentOp::Adopt && (intent.key == key || K::NAMES == Names::Unique);
        if let Some(intent) = self.intent().filter(same) {
            return Ok(intent);
        }
        self.ctx.require_leadership()?;
        let targets = K::adopted_targets(self, item)?;
        let intent = self.new_intent(IntentOp::Adopt, key, CreateInputs { targets, hosts_hash: None });
        self.ctx.write_intent(intent)
    }

    /// Records that a create call came to nothing and that another owner has the name. A process that begins later could
    /// not tell this from a call whose outcome is unknown (P-adopt-5).
    fn record_not_applied(&mut self) -> Flow<()> {
        // mutant: void-intent
        match self.intent() {
            Some(intent) if intent.op == IntentOp::Create => {
                let void = self.new_intent(IntentOp::Void, intent.key, CreateInputs::default());
                self.ctx.write_intent(void)
            }
            _ => Ok(()),
        }
    }
}
