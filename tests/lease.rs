//! Who leads, on a real API server: takeover, release, loss, and races.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use dli_operator::{
    controller::{
        clock,
        config::LeaseTiming,
        connect,
        lease::{Held, Keeper, LeaseConfig, Lost},
    },
    core::{Leadership, Now},
};
use kube::Client;
use serde_json::Value;
use support::control_plane::ControlPlane;
use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{sleep, timeout},
};

const PATIENCE: Duration = Duration::from_secs(30);
/// Fast, but with the order of the defaults: renewals, then the holder's deadline, then the others' wait.
const TIMING: LeaseTiming =
    LeaseTiming { lease_duration: 3_000, renew_deadline: 2_000, renew_period: 400, call_timeout: 2_000 };
/// What a takeover without a release has to wait with its first mutation: 2 s + 2 s - 3 s, and a sixth of the lease.
const BARRIER: u64 = 1_500;

type Told = Arc<Mutex<Vec<Leadership>>>;

struct Replica {
    keeper: Keeper,
    told: Told,
}

impl Replica {
    fn new(client: &Client, namespace: &str, identity: &str) -> Self {
        let told = Told::default();
        let config = LeaseConfig {
            namespace: namespace.to_owned(),
            name: "leader".to_owned(),
            identity: identity.to_owned(),
            timing: TIMING,
        };
        let ears = Arc::clone(&told);
        let tell = move |leadership, _: Option<Now>| ears.lock().unwrap().push(leadership);
        Self { keeper: Keeper::new(client.clone(), config, Arc::new(tell)), told }
    }

    async fn acquire(&self) -> Held {
        timeout(PATIENCE, self.keeper.acquire()).await.expect("leads in time")
    }

    fn hold(self, held: Held) -> Holding {
        let (release, released) = oneshot::channel();
        let task = tokio::spawn(async move { self.keeper.hold(held, released).await });
        Holding { release, task }
    }
}

struct Holding {
    release: oneshot::Sender<()>,
    task: JoinHandle<Result<(), Lost>>,
}

impl Holding {
    async fn lost(self) -> Lost {
        let ended = timeout(PATIENCE, self.task).await.expect("ends in time").unwrap();
        drop(self.release);
        ended.expect_err("lost, not released")
    }
}

fn last(told: &Told) -> Leadership {
    *told.lock().unwrap().last().expect("something was told")
}

/// Time from now until the first mutation is allowed.
fn barrier(told: &Told) -> u64 {
    match last(told) {
        Leadership::Leader { mutate_from, .. } => mutate_from.saturating_sub(clock::now().mono),
        Leadership::Follower => panic!("does not lead"),
    }
}

fn cluster() -> &'static ControlPlane {
    ControlPlane::shared()
}

async fn setup(prefix: &str) -> (Client, String) {
    let prefix = prefix.to_owned();
    let namespace = tokio::task::spawn_blocking(move || cluster().new_namespace(&prefix)).await.unwrap();
    (connect(Some(cluster().kubeconfig())).await.unwrap(), namespace)
}

fn lease(namespace: &str) -> Value {
    cluster().get(namespace, "lease/leader")["spec"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_leads_at_once_and_its_deadlines_move_with_each_renewal() {
    let (client, namespace) = setup("first").await;
    let replica = Replica::new(&client, &namespace, "one");
    let told = Arc::clone(&replica.told);
    let before = clock::now();
    let held = replica.acquire().await;
    assert_eq!(barrier(&told), 0);
    let Leadership::Leader { until_mono, until_wall, .. } = last(&told) else { panic!("does not lead") };
    assert!((before.mono + 2_000..=clock::now().mono + 2_000).contains(&until_mono));
    assert!((before.wall + 2_000..=clock::now().wall + 2_000).contains(&until_wall));

    let holding = replica.hold(held);
    sleep(Duration::from_millis(2_500)).await;
    let Leadership::Leader { until_mono: later, .. } = last(&told) else { panic!("does not lead any more") };
    assert!(later >= until_mono + 1_000, "{later} {until_mono}");
    let spec = lease(&namespace);
    assert_eq!((&spec["holderIdentity"], &spec["leaseDurationSeconds"]), (&"one".into(), &3.into()));
    holding.release.send(()).unwrap();
    holding.task.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_hands_over_at_once_and_without_a_barrier() {
    let (client, namespace) = setup("release").await;
    let one = Replica::new(&client, &namespace, "one");
    let told = Arc::clone(&one.told);
    let held = one.acquire().await;
    let one = one.hold(held);
    let two = Arc::new(Replica::new(&client, &namespace, "two"));
    let waiting = tokio::spawn({
        let two = Arc::clone(&two);
        async move { two.acquire().await }
    });
    sleep(Duration::from_millis(1_500)).await;
    assert!(!waiting.is_finished());
    assert!(two.told.lock().unwrap().is_empty());

    let since = Instant::now();
    one.release.send(()).unwrap();
    one.task.await.unwrap().unwrap();
    assert_eq!(last(&told), Leadership::Follower);
    waiting.await.unwrap();
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    assert_eq!(barrier(&two.told), 0);
    let spec = lease(&namespace);
    assert_eq!((&spec["holderIdentity"], &spec["leaseTransitions"]), (&"two".into(), &1.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_holder_is_replaced_after_its_time_and_the_successor_holds_back() {
    let (client, namespace) = setup("silent").await;
    let one = Replica::new(&client, &namespace, "one");
    one.acquire().await;
    // The one before falls silent here: it is not held.
    let two = Replica::new(&client, &namespace, "two");
    let since = clock::now().mono;
    two.acquire().await;
    let waited = clock::now().mono - since;
    assert!(waited >= TIMING.lease_duration, "{waited}");
    let barrier = barrier(&two.told);
    assert!((BARRIER - 1_000..=BARRIER).contains(&barrier), "{barrier}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_before_the_own_barrier_has_passed_is_none() {
    let (client, namespace) = setup("early").await;
    Replica::new(&client, &namespace, "one").acquire().await;
    let two = Replica::new(&client, &namespace, "two");
    let held = two.acquire().await;
    let two = two.hold(held);
    two.release.send(()).unwrap();
    two.task.await.unwrap().unwrap();
    assert_eq!(lease(&namespace)["holderIdentity"], "two");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_start_together_one_leads() {
    let (client, namespace) = setup("race").await;
    let replicas: Vec<_> = (0..8).map(|n| Replica::new(&client, &namespace, &format!("replica-{n}"))).collect();
    let tolds: Vec<Told> = replicas.iter().map(|replica| Arc::clone(&replica.told)).collect();
    let tasks: Vec<_> = replicas
        .into_iter()
        .map(|replica| {
            tokio::spawn(async move {
                let held = replica.keeper.acquire().await;
                replica.hold(held)
            })
        })
        .collect();
    for _ in 0..20 {
        sleep(Duration::from_millis(300)).await;
        let leaders = tolds
            .iter()
            .filter(|told| {
                let last = told.lock().unwrap().last().copied();
                matches!(last, Some(Leadership::Leader { until_mono, .. }) if until_mono >= clock::now().mono)
            })
            .count();
        assert!(leaders <= 1, "{leaders} lead");
    }
    assert_eq!(tolds.iter().filter(|told| !told.lock().unwrap().is_empty()).count(), 1);
    tasks.iter().for_each(JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_label_put_on_by_a_person_does_not_end_the_leadership() {
    let (client, namespace) = setup("label").await;
    let replica = Replica::new(&client, &namespace, "one");
    let told = Arc::clone(&replica.told);
    let held = replica.acquire().await;
    let holding = replica.hold(held);
    for n in 0..4 {
        cluster().must(["-n", &namespace, "label", "--overwrite", "lease/leader", &format!("touched=t{n}")]);
        sleep(Duration::from_millis(700)).await;
    }
    assert!(!holding.task.is_finished());
    assert!(matches!(last(&told), Leadership::Leader { until_mono, .. } if until_mono > clock::now().mono));
    assert_eq!(cluster().get(&namespace, "lease/leader")["metadata"]["labels"]["touched"], "t3", "foreign labels stay");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_taken_by_another_or_deleted_is_lost() {
    let (client, namespace) = setup("lost").await;
    let replica = Replica::new(&client, &namespace, "one");
    let told = Arc::clone(&replica.told);
    let held = replica.acquire().await;
    let holding = replica.hold(held);
    let patch = r#"{"spec":{"holderIdentity":"two"}}"#;
    cluster().must(["-n", &namespace, "patch", "lease/leader", "--type=merge", "-p", patch]);
    let lost = holding.lost().await.to_string();
    assert_eq!(lost, format!("the lease {namespace}/leader was taken over by two"));
    assert_eq!(last(&told), Leadership::Follower);

    cluster().must(["-n", &namespace, "delete", "lease/leader"]);
    let replica = Replica::new(&client, &namespace, "three");
    let held = replica.acquire().await;
    let holding = replica.hold(held);
    cluster().must(["-n", &namespace, "delete", "lease/leader"]);
    assert_eq!(holding.lost().await.to_string(), format!("the lease {namespace}/leader was deleted"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_api_server_leadership_ends_at_its_deadline() {
    let own: &'static ControlPlane =
        tokio::task::spawn_blocking(|| &*Box::leak(Box::new(ControlPlane::start()))).await.unwrap();
    let client = connect(Some(own.kubeconfig())).await.unwrap();
    let replica = Replica::new(&client, "default", "one");
    let told = Arc::clone(&replica.told);
    let held = replica.acquire().await;
    let holding = replica.hold(held);
    sleep(Duration::from_secs(1)).await;
    own.signal("USR1");
    let lost = holding.lost().await.to_string();
    let ended = clock::now().mono;
    assert!(lost.starts_with("the lease default/leader could not be renewed for 2 s; the last attempt: "), "{lost}");
    let told = told.lock().unwrap();
    let [.., Leadership::Leader { until_mono, .. }, Leadership::Follower] = told.as_slice() else { panic!("{told:?}") };
    assert!(ended >= *until_mono && ended < until_mono + 1_500, "{ended} {until_mono}");
}
