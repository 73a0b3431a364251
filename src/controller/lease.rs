//! The lease: at most one replica changes anything.
//!
//! Our own code, because what `core` needs from a lease is more than "leader or not": the moment until which this
//! process may be sure of it, on a clock that goes on during sleep *and* on the wall clock, counted from before the
//! renewal was sent; and, after taking over from a holder that did not release it, how long a call of that holder may
//! still be in flight. kube-lease-manager (0.13) tells a boolean over a channel, compares wall clocks across machines
//! and takes over by server-side apply; kube-leader-election does without fencing by its own account.

mod election;

use std::{fmt, sync::Arc, time::Duration};

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
    jiff::Timestamp,
};
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};
use tokio::sync::oneshot;

use crate::core::{Leadership, Millis, Now};

use super::{clock, config::LeaseTiming, kube_request::FIELD_MANAGER};

pub use election::{Election, Record, Verdict};

/// How often a replica that stands by looks at the lease at least, so that a released one is soon taken.
const STANDBY_POLL: Millis = 2_000;

/// Which lease, on whose behalf, and how fast.
#[derive(Clone, Debug)]
pub struct LeaseConfig {
    /// Namespace of the lease.
    pub namespace: String,
    /// Name of the lease.
    pub name: String,
    /// Names this process and no other, not even an earlier one of the same pod.
    pub identity: String,
    /// Durations.
    pub timing: LeaseTiming,
}

/// Is told about the leadership, each time that it changes or is prolonged.
pub type OnLeadership = Arc<dyn Fn(Leadership, Option<Now>) + Send + Sync>;

/// How holding the lease ended, other than by releasing it.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// Somebody else has it.
    #[error("the lease {lease} was taken over by {holder}")]
    Taken {
        /// Namespace and name.
        lease: String,
        /// The new holder.
        holder: String,
    },
    /// Somebody deleted it.
    #[error("the lease {0} was deleted")]
    Deleted(String),
    /// It could not be renewed in time.
    #[error("the lease {lease} could not be renewed for {seconds} s; the last attempt: {last}")]
    Expired {
        /// Namespace and name.
        lease: String,
        /// The renew deadline.
        seconds: u64,
        /// What the last attempt ended with.
        last: String,
    },
}

/// Takes and keeps the lease.
pub struct Keeper {
    api: Api<Lease>,
    config: LeaseConfig,
    on_leadership: OnLeadership,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("config", &self.config).finish_non_exhaustive()
    }
}

/// The lease as this process holds it.
#[derive(Debug)]
pub struct Held {
    lease: Lease,
    since: Now,
    mutate_from: Millis,
}

enum Renewal {
    Renewed(Box<Lease>, Now),
    Failed(String),
    Lost(Lost),
}

impl Keeper {
    /// Puts it together.
    pub fn new(client: Client, config: LeaseConfig, on_leadership: OnLeadership) -> Self {
        Self { api: Api::namespaced(client, &config.namespace), config, on_leadership }
    }

    fn lease_name(&self) -> String {
        format!("{}/{}", self.config.namespace, self.config.name)
    }

    /// A request must leave time for another one before the deadline.
    fn request_timeout(&self) -> Duration {
        Duration::from_millis((self.config.timing.renew_deadline / 2).min(10_000))
    }

    async fn within<T>(&self, request: impl Future<Output = kube::Result<T>>) -> Result<T, Failure> {
        match tokio::time::timeout(self.request_timeout(), request).await {
            Ok(result) => result.map_err(Failure::Kube),
            Err(_) => Err(Failure::Timeout),
        }
    }

    /// Waits until this process holds the lease. Errors are waited out: a replica that stands by has nothing to lose.
    pub async fn acquire(&self) -> Held {
        let mut election = Election::new(self.config.identity.clone(), self.config.timing);
        let mut told = None;
        loop {
            let wait = match self.try_acquire(&mut election).await {
                Ok(Attempt::Held(held)) => {
                    tracing::info!(
                        lease = self.lease_name(),
                        identity = self.config.identity,
                        mutations_in_ms = held.mutate_from.saturating_sub(clock::now().mono),
                        "leading"
                    );
                    self.tell(&held);
                    return *held;
                }
                Ok(Attempt::Wait { holder, millis }) => {
                    if told.as_ref() != Some(&holder) {
                        tracing::info!(lease = self.lease_name(), holder, "standing by");
                        told = Some(holder);
                    }
                    millis.min(self.config.timing.renew_period).min(STANDBY_POLL)
                }
                Err(error) => {
                    tracing::warn!(lease = self.lease_name(), error = super::chain(&error), "the lease cannot be read");
                    told = None;
                    self.config.timing.renew_period
                }
            };
            tokio::time::sleep(Duration::from_millis(wait.max(50))).await;
        }
    }

    async fn try_acquire(&self, election: &mut Election) -> Result<Attempt, Failure> {
        let lease = self.within(self.api.get_opt(&self.config.name)).await?;
        let verdict = election.observe(lease.as_ref().map(Record::from), clock::now().mono);
        let since = clock::now();
        let written = match (verdict, lease) {
            (Verdict::Wait { until, holder }, _) => {
                return Ok(Attempt::Wait { holder, millis: until.saturating_sub(since.mono) });
            }
            (Verdict::Take, None) => {
                let lease = self.lease(None, since);
                self.within(self.api.create(&params(), &lease)).await
            }
            (Verdict::Take, Some(before)) => {
                let lease = self.lease(Some(&before), since);
                self.within(self.api.replace(&self.config.name, &params(), &lease)).await
            }
        };
        match written {
            Ok(lease) => {
                let mutate_from = election.mutate_from(clock::now().mono);
                Ok(Attempt::Held(Box::new(Held { lease, since, mutate_from })))
            }
            // Somebody was faster: look again.
            Err(Failure::Kube(kube::Error::Api(status))) if status.code == 409 => {
                Ok(Attempt::Wait { holder: "another replica".to_owned(), millis: 50 })
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps the lease until `release` is called or dropped. The lease is then given back, so that the next replica
    /// need not wait; this must only happen once no call of this process can be in flight any more.
    pub async fn hold(&self, mut held: Held, mut release: oneshot::Receiver<()>) -> Result<(), Lost> {
        let timing = self.config.timing;
        let mut last = "none was made".to_owned();
        let mut pause = timing.renew_period;
        loop {
            let remaining = |now: Now| until_mono(&held, timing).saturating_sub(now.mono) + 1;
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(pause.min(remaining(clock::now())))) => {}
                _ = &mut release => {
                    self.release(&held).await;
                    return Ok(());
                }
            }
            let now = clock::now();
            if now.mono > until_mono(&held, timing) || now.wall > until_wall(&held, timing) {
                let lost = Lost::Expired { lease: self.lease_name(), seconds: timing.renew_deadline / 1000, last };
                return Err(self.lose(lost));
            }
            let renewal = tokio::select! {
                renewal = self.renew(&held) => renewal,
                () = tokio::time::sleep(Duration::from_millis(remaining(now))) => {
                    Renewal::Failed("no answer until the deadline".to_owned())
                }
            };
            match renewal {
                Renewal::Renewed(lease, since) => {
                    held = Held { lease: *lease, since, mutate_from: held.mutate_from };
                    self.tell(&held);
                    pause = timing.renew_period;
                }
                Renewal::Failed(error) => {
                    tracing::warn!(lease = self.lease_name(), error, "the lease could not be renewed; trying again");
                    last = error;
                    pause = (timing.renew_period / 4).max(50);
                }
                Renewal::Lost(lost) => return Err(self.lose(lost)),
            }
        }
    }

    fn lose(&self, lost: Lost) -> Lost {
        (self.on_leadership)(Leadership::Follower, None);
        lost
    }

    fn tell(&self, held: &Held) {
        let leadership = Leadership::Leader {
            until_mono: until_mono(held, self.config.timing),
            until_wall: until_wall(held, self.config.timing),
            mutate_from: held.mutate_from,
        };
        (self.on_leadership)(leadership, Some(held.since));
    }

    async fn renew(&self, held: &Held) -> Renewal {
        let since = clock::now();
        let lease = self.lease(Some(&held.lease), since);
        let error = match self.within(self.api.replace(&self.config.name, &params(), &lease)).await {
            Ok(lease) => return Renewal::Renewed(Box::new(lease), since),
            Err(error) => error,
        };
        match &error {
            Failure::Kube(kube::Error::Api(status)) if status.code == 404 => {
                Renewal::Lost(Lost::Deleted(self.lease_name()))
            }
            // Not necessarily another holder: an earlier renewal whose answer was lost, or a label put on by a person.
            Failure::Kube(kube::Error::Api(status)) if status.code == 409 => self.renew_after_conflict().await,
            _ => Renewal::Failed(super::chain(&error)),
        }
    }

    async fn renew_after_conflict(&self) -> Renewal {
        let lease = match self.within(self.api.get_opt(&self.config.name)).await {
            Ok(Some(lease)) => lease,
            Ok(None) => return Renewal::Lost(Lost::Deleted(self.lease_name())),
            Err(error) => return Renewal::Failed(super::chain(&error)),
        };
        let holder = Record::from(&lease).holder;
        if holder.as_deref() != Some(&*self.config.identity) {
            let holder = holder.unwrap_or_else(|| "nobody".to_owned());
            return Renewal::Lost(Lost::Taken { lease: self.lease_name(), holder });
        }
        let since = clock::now();
        let next = self.lease(Some(&lease), since);
        match self.within(self.api.replace(&self.config.name, &params(), &next)).await {
            Ok(lease) => Renewal::Renewed(Box::new(lease), since),
            Err(error) => Renewal::Failed(super::chain(&error)),
        }
    }

    async fn release(&self, held: &Held) {
        (self.on_leadership)(Leadership::Follower, None);
        if clock::now().mono < held.mutate_from {
            // A call of the holder before us may still be in flight, and a release tells the next one that none is.
            tracing::info!(lease = self.lease_name(), "lease left to expire: the holder before may not be done yet");
            return;
        }
        let mut current = held.lease.clone();
        for _ in 0..2 {
            let mut lease = self.lease(Some(&current), clock::now());
            let spec = lease.spec.get_or_insert_default();
            // As client-go does it: an empty holder, and a second until anybody may take it.
            spec.holder_identity = Some(String::new());
            spec.lease_duration_seconds = Some(1);
            match self.within(self.api.replace(&self.config.name, &params(), &lease)).await {
                Ok(_) => {
                    tracing::info!(lease = self.lease_name(), "lease released");
                    return;
                }
                Err(error) => {
                    tracing::warn!(lease = self.lease_name(), error = super::chain(&error), "lease not released");
                }
            }
            match self.within(self.api.get_opt(&self.config.name)).await {
                Ok(Some(lease)) if Record::from(&lease).holder.as_deref() == Some(&*self.config.identity) => {
                    current = lease;
                }
                _ => return,
            }
        }
    }

    /// The lease as it is to be written: over `before`, which guards the write by its resource version.
    fn lease(&self, before: Option<&Lease>, now: Now) -> Lease {
        let time = MicroTime(Timestamp::from_millisecond(now.wall).unwrap_or_default());
        let old = before.and_then(|lease| lease.spec.as_ref());
        let ours = old.is_some_and(|spec| spec.holder_identity.as_deref() == Some(&*self.config.identity));
        let transitions = old.and_then(|spec| spec.lease_transitions).unwrap_or(0);
        LeaseSpec {
            holder_identity: Some(self.config.identity.clone()),
            lease_duration_seconds: Some(self.config.timing.lease_duration.div_ceil(1000).max(1) as i32),
            acquire_time: if ours { old.and_then(|spec| spec.acquire_time.clone()) } else { Some(time.clone()) },
            renew_time: Some(time),
            lease_transitions: Some(if ours || before.is_none() { transitions } else { transitions + 1 }),
            ..LeaseSpec::default()
        }
        .into_lease(before, &self.config)
    }
}

trait IntoLease {
    fn into_lease(self, before: Option<&Lease>, config: &LeaseConfig) -> Lease;
}

impl IntoLease for LeaseSpec {
    fn into_lease(self, before: Option<&Lease>, config: &LeaseConfig) -> Lease {
        let metadata = before.map_or_else(
            || ObjectMeta {
                namespace: Some(config.namespace.clone()),
                name: Some(config.name.clone()),
                ..ObjectMeta::default()
            },
            |lease| ObjectMeta { managed_fields: None, ..lease.metadata.clone() },
        );
        Lease { metadata, spec: Some(self) }
    }
}

enum Attempt {
    Held(Box<Held>),
    Wait { holder: String, millis: Millis },
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the Kubernetes API did not answer in time")]
    Timeout,
    #[error(transparent)]
    Kube(kube::Error),
}

fn until_mono(held: &Held, timing: LeaseTiming) -> Millis {
    held.since.mono + timing.renew_deadline
}

fn until_wall(held: &Held, timing: LeaseTiming) -> i64 {
    held.since.wall + timing.renew_deadline as i64
}

fn params() -> PostParams {
    PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() }
}
