//! The resources that a call of an intent may have made, where the answer does not say.

use crate::core::{
    pass::{Flow, Reading},
    seam::{
        Intent, Millis,
        durations::{CLOCK_TOLERANCE, CONFIRM_AFTER, RESYNC},
    },
};

use super::{
    ownership::is_same,
    resource::{Managed, Reconcile},
};

impl<K: Managed> Reconcile<'_, '_, K> {
    /// One resource, by a read of its own.
    pub(super) fn fetch_one(&mut self, id: Option<&K::Id>) -> Flow<Reading<Vec<K::Item>>> {
        match self.read(id) {
            Some(read) => Ok(Reading { value: read.value.into_iter().collect(), began: read.began }),
            None => self.call_get(id),
        }
    }

    /// Resources of the inventory that the call may have made, where names may repeat and lists cannot be filtered: by a
    /// list that shows some, or that began once the call has settled. After a first absence a second list has to agree.
    pub(super) fn fetch_fitting(
        &mut self,
        intent: &Intent,
        settled_at: Millis,
        verify: bool,
    ) -> Flow<Reading<Vec<K::Item>>> {
        let (now, name, since) = (self.now(), self.object.remote_name(), intent.at - CLOCK_TOLERANCE);
        let object = self.ctx.object_state();
        let valid_from = object.valid_from;
        let first = object.absent_since.filter(|first| *first >= settled_at);
        let needed = first.map_or(settled_at, |first| first + CONFIRM_AFTER);
        let named = self.project().map(|project| K::named(project, &name)).unwrap_or_default().into_iter();
        let may_be = |item: &K::Item| {
            K::created_at(item).is_none_or(|t| t >= since) && self.object.fixed_differences(item).is_empty()
        };
        let fitting: Vec<K::Item> = named.map(|seen| seen.item).filter(may_be).collect();
        let began = self.complete().filter(|began| *began >= valid_from);
        if let Some(began) = began.filter(|began| !fitting.is_empty() || *began >= needed) {
            return self.without_first_if_gone(Reading { value: fitting, began }, verify);
        }
        if now < needed {
            self.report_unknown_outcome(intent, needed)?;
            self.require_poll_turn()?;
        }
        self.request_list(now + RESYNC)
    }

    /// Oldest first. A list that lags behind may show one that is gone: to `verify`, the oldest is read by itself.
    pub(super) fn without_first_if_gone(
        &mut self,
        mut reading: Reading<Vec<K::Item>>,
        verify: bool,
    ) -> Flow<Reading<Vec<K::Item>>> {
        reading.value.sort_by_key(K::created_at);
        if let Some(first) = reading.value.first().cloned().filter(|_| verify)
            && self.fetch_one(K::id_of(&first).as_ref())?.value.is_empty()
        {
            reading.value.retain(|other| !is_same::<K>(other, &first));
        }
        Ok(reading)
    }
}
