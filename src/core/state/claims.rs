//! One object for one remote name.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    core::seam::{Endpoint, ObjectKey, ObjectKind},
    dli::ProjectId,
};

/// A remote name in one project of one endpoint; at most one object works on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NameClaim {
    pub(crate) endpoint: Endpoint,
    pub(crate) project: ProjectId,
    pub(crate) kind: ObjectKind,
    pub(crate) name: Arc<str>,
}

/// How well founded a claim is: the stronger one takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ClaimStrength {
    /// The object asks for the name.
    Asks,
    /// It recorded an intent.
    Intends,
    /// It owns the resource, by intent and id.
    Owns,
}

/// The holder of a claim.
#[derive(Clone, Debug)]
struct ClaimHolder {
    key: ObjectKey,
    strength: ClaimStrength,
}

/// All claims.
#[derive(Clone, Debug, Default)]
pub(super) struct NameClaims {
    holders: BTreeMap<NameClaim, ClaimHolder>,
}

impl NameClaims {
    /// Claims a remote name for an object. On conflict, says who holds it.
    pub(super) fn claim(
        &mut self,
        claim: &NameClaim,
        key: &ObjectKey,
        strength: ClaimStrength,
    ) -> Result<(), ObjectKey> {
        match self.holders.get_mut(claim) {
            Some(holder) if holder.key == *key => {
                holder.strength = strength;
                Ok(())
            }
            Some(holder) if holder.strength >= strength => Err(holder.key.clone()),
            _ => {
                self.holders.insert(claim.clone(), ClaimHolder { key: key.clone(), strength });
                Ok(())
            }
        }
    }

    /// Takes a claim away from its holder.
    pub(super) fn release(&mut self, claim: &NameClaim) {
        self.holders.remove(claim);
    }

    /// Gives up all claims of an object.
    pub(super) fn release_all(&mut self, key: &ObjectKey) {
        self.holders.retain(|_, holder| holder.key != *key);
    }

    /// How many resources of a project are owned.
    pub(super) fn owned(&self, endpoint: &Endpoint, id: &ProjectId) -> usize {
        let here = |claim: &NameClaim| claim.endpoint == *endpoint && claim.project == *id;
        self.holders.iter().filter(|(claim, holder)| holder.strength == ClaimStrength::Owns && here(claim)).count()
    }
}
