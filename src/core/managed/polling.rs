//! When to look again at what is pending.

use crate::core::{
    pass::{Flow, finish, wait},
    records::backoff::poll_after,
    seam::{
        Millis, Next, Outcome,
        durations::{RESYNC, SOON},
    },
};

use super::resource::{Managed, Reconcile};

impl<K: Managed> Reconcile<'_, '_, K> {
    /// Has the object woken when its remote name changes.
    pub(super) fn watch_name(&mut self) {
        let (name, key) = (self.object.remote_name().into(), self.ctx.key.clone());
        if let Some(project) = self.project_mut() {
            project.watch(K::KIND, name, key);
        }
    }

    /// Decides how to read what is pending when its turn has come: by a read of its own while few objects wait, by one
    /// list for all when many do. `Ok` means: read it now.
    pub(crate) fn require_poll_turn(&mut self) -> Flow<()> {
        if self.ctx.observations.has_turn {
            return Ok(());
        }
        let now = self.now();
        let since = *self.ctx.object_state().pending_since.get_or_insert(now);
        let key = self.ctx.key.clone();
        let Some(project) = self.project_mut() else { return Ok(()) };
        match project.polls.get(&key).copied() {
            None => {
                let at = now + poll_after(now - since);
                project.polls.insert(key, at);
                wait(at)
            }
            Some(at) if now < at => wait(at),
            Some(_) => {
                let waiting = project.polls.iter().filter(|(k, at)| k.kind == K::KIND && **at <= now + 500).count();
                if waiting <= 1 {
                    project.polls.remove(&key);
                    self.ctx.observations.has_turn = true;
                    return Ok(());
                }
                self.request_list(now + RESYNC)
            }
        }
    }

    /// Has the project's list of this kind read, and ends the pass; the list wakes the object.
    pub(super) fn request_list<T>(&mut self, at: Millis) -> Flow<T> {
        let (now, key) = (self.now(), self.ctx.key.clone());
        if let Some(project) = self.project_mut() {
            project.list_mut(K::KIND).wanted = true;
            project.polls.insert(key, now);
        }
        let project_key = self.project_key();
        self.ctx.state.wake(&project_key);
        finish(Some(at), Outcome::Waiting)
    }

    /// Looks again in step with the others that wait, after what has been read was of no use.
    pub(super) fn requeue_poll<T>(&mut self) -> Flow<T> {
        self.require_poll_turn()?;
        wait(self.now() + SOON)
    }

    /// Waits for the next look at what is pending, where each pass begins with a look of its own: no list can take its
    /// place.
    pub(super) fn requeue_look(&mut self) -> Flow<Next> {
        let now = self.now();
        let since = *self.ctx.object_state().pending_since.get_or_insert(now);
        let key = self.ctx.key.clone();
        if let Some(project) = self.project_mut() {
            project.polls.remove(&key);
        }
        wait(now + poll_after(now - since))
    }

    /// Nothing is pending any more.
    pub(crate) fn clear_pending(&mut self) {
        let key = self.ctx.key.clone();
        if let Some(project) = self.project_mut() {
            project.polls.remove(&key);
        }
        let object = self.ctx.object_state();
        object.pending_since = None;
        object.failures = 0;
    }
}
