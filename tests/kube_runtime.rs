//! The promises of the Controller that `core` trusts in, checked on a real API server: never two passes of one object
//! at once; an event or a wake-up during a pass causes another; not before the requeue time; the store never goes back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use dli_operator::{
    api::DliQueue,
    controller::{
        compressed::Compressed,
        connect,
        reconcile::{ReconcileError, passes},
        watch_cache::{Change, Merger, WatchCache},
        watch_tasks::{Observer, watch_kind},
    },
};
use kube::{
    Api, Client, ResourceExt,
    api::{Patch, PatchParams},
    runtime::{controller::Action, reflector::ObjectRef, watcher},
};
use serde_json::json;
use support::control_plane::ControlPlane;
use tokio::{
    sync::{Notify, oneshot},
    task::JoinHandle,
    time::{sleep, timeout},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// One pass, as it was seen.
#[derive(Clone, Debug)]
struct Seen {
    name: String,
    version: u64,
    began: Instant,
}

/// What passes do in a test.
#[derive(Clone, Copy)]
struct Plan {
    takes: Duration,
    then: Option<Duration>,
}

struct Log {
    plan: Mutex<Plan>,
    seen: Mutex<Vec<Seen>>,
    running: Mutex<HashMap<String, u32>>,
    at_once: Mutex<(u32, u32)>,
    changed: Notify,
}

impl Log {
    fn count(&self, name: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|seen| seen.name == name).count()
    }

    fn of(&self, name: &str) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.name == name).cloned().collect()
    }

    async fn wait(&self, what: &str, met: impl Fn(&Self) -> bool) {
        let waiting = async {
            loop {
                let changed = self.changed.notified();
                if met(self) {
                    return;
                }
                let _ = timeout(Duration::from_millis(100), changed).await;
            }
        };
        assert!(timeout(PATIENCE, waiting).await.is_ok(), "{what}: {:?}", self.seen.lock().unwrap());
    }
}

async fn pass(queue: Arc<Compressed<DliQueue>>, log: Arc<Log>) -> Result<Action, ReconcileError> {
    let name = queue.name_any();
    let version = queue.resource_version().unwrap().parse().unwrap();
    {
        let mut running = log.running.lock().unwrap();
        *running.entry(name.clone()).or_default() += 1;
        let (of_one, of_all) = (running[&name], running.values().sum());
        let mut most = log.at_once.lock().unwrap();
        *most = (most.0.max(of_one), most.1.max(of_all));
        log.seen.lock().unwrap().push(Seen { name: name.clone(), version, began: Instant::now() });
    }
    // Read before anybody is told of this pass: what is changed then is meant for the next one.
    let plan = *log.plan.lock().unwrap();
    log.changed.notify_waiters();
    sleep(plan.takes).await;
    *log.running.lock().unwrap().get_mut(&name).unwrap() -= 1;
    log.changed.notify_waiters();
    Ok(plan.then.map_or_else(Action::await_change, Action::requeue))
}

/// Notes what is gone, and how often the watch broke off.
struct Gone(Arc<Mutex<Vec<String>>>, Arc<AtomicU32>);

impl Observer<DliQueue> for Gone {
    fn changed(&mut self, change: &Change<DliQueue>) -> Result<(), ReconcileError> {
        if let Change::Gone(reference) = change {
            self.0.lock().unwrap().push(reference.name.clone());
        }
        Ok(())
    }

    fn failed(&mut self, _error: &watcher::Error) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }

    fn counted(&mut self, _objects: usize, _ready: bool) {}
}

/// The wiring of the operator, with another pass.
struct Setup {
    cluster: &'static ControlPlane,
    namespace: String,
    client: Client,
    cache: WatchCache<DliQueue>,
    log: Arc<Log>,
    gone: Arc<Mutex<Vec<String>>>,
    failures: Arc<AtomicU32>,
    stop: Option<oneshot::Sender<()>>,
    controller: JoinHandle<()>,
}

impl Setup {
    async fn new(prefix: &str, plan: Plan) -> Self {
        let cluster = tokio::task::spawn_blocking(ControlPlane::shared).await.unwrap();
        Self::on(cluster, prefix, plan).await
    }

    async fn on(cluster: &'static ControlPlane, prefix: &str, plan: Plan) -> Self {
        let namespace = cluster.new_namespace(prefix);
        let client = connect(Some(cluster.kubeconfig())).await.unwrap();
        let namespaces = vec![Some(namespace.clone())];
        let merger = Merger::<DliQueue>::new(namespaces.clone());
        let cache = merger.cache();
        let (gone, failures) = (Arc::default(), Arc::default());
        tokio::spawn(watch_kind(client.clone(), namespaces, merger, Gone(Arc::clone(&gone), Arc::clone(&failures))));
        let log = Arc::new(Log {
            plan: Mutex::new(plan),
            seen: Mutex::default(),
            running: Mutex::default(),
            at_once: Mutex::default(),
            changed: Notify::new(),
        });
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        let controller = tokio::spawn(passes(cache.clone(), 4, stopped, pass, Arc::clone(&log)));
        Self { cluster, namespace, client, cache, log, gone, failures, stop: Some(stop), controller }
    }

    fn create(&self, name: &str) {
        let yaml = format!(
            "apiVersion: dli.huaweicloud.com/v1alpha1\nkind: DliQueue\nmetadata: {{name: {name}}}\n\
             spec: {{cuCount: 16}}\n"
        );
        let output = self.cluster.apply(&self.namespace, &yaml);
        assert!(output.status.success(), "{}", support::control_plane::words(&output));
    }

    /// Changes the object and says its new version.
    async fn touch(&self, name: &str, word: &str) -> u64 {
        let api = Api::<DliQueue>::namespaced(self.client.clone(), &self.namespace);
        let patch = Patch::Merge(json!({"metadata": {"annotations": {"touched": word}}}));
        let deadline = Instant::now() + PATIENCE;
        loop {
            match api.patch(name, &PatchParams::default(), &patch).await {
                Ok(queue) => return queue.resource_version().unwrap().parse().unwrap(),
                // The API server may be on its way back.
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    fn wake(&self, name: &str) {
        self.cache.trigger(ObjectRef::new(name).within(&self.namespace));
    }
}

const SHORT: Plan = Plan { takes: Duration::from_millis(5), then: None };
const LONG: Plan = Plan { takes: Duration::from_millis(300), then: None };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_never_two_passes_of_one_object_at_once() {
    let setup = Setup::new("once", Plan { then: Some(Duration::from_millis(1)), ..LONG }).await;
    setup.create("one");
    setup.create("two");
    for word in 0..20 {
        setup.touch("one", &word.to_string()).await;
        setup.wake("one");
        sleep(Duration::from_millis(30)).await;
    }
    let log = &setup.log;
    log.wait("passes", |log| log.count("one") >= 4 && log.count("two") >= 4).await;
    let (of_one, of_all) = *log.at_once.lock().unwrap();
    assert_eq!((of_one, of_all), (1, 2), "two objects at once, but one object never twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_during_a_pass_causes_another_that_sees_it() {
    let setup = Setup::new("event", LONG).await;
    setup.create("one");
    let log = &setup.log;
    log.wait("the first pass", |log| log.count("one") == 1).await;
    let version = setup.touch("one", "during").await;
    log.wait("the second pass", |log| log.count("one") == 2).await;
    let seen = log.of("one");
    assert!(seen[1].began >= seen[0].began + LONG.takes);
    assert_eq!(seen[1].version, version);
    sleep(Duration::from_millis(800)).await;
    assert_eq!(log.count("one"), 2, "and no third");
    assert_eq!(setup.failures.load(Ordering::Relaxed), 0, "the watch goes on from event to event");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wake_ups_during_a_pass_cause_one_more() {
    let setup = Setup::new("wake", LONG).await;
    setup.create("one");
    let log = &setup.log;
    log.wait("the first pass", |log| log.count("one") == 1).await;
    for _ in 0..5 {
        setup.wake("one");
    }
    log.wait("the second pass", |log| log.count("one") == 2).await;
    sleep(Duration::from_millis(800)).await;
    assert_eq!(log.count("one"), 2, "five wake-ups are one pass");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_no_pass_before_the_requeue_time_unless_something_happens() {
    let later = Duration::from_millis(700);
    let setup = Setup::new("requeue", Plan { then: Some(later), ..SHORT }).await;
    setup.create("one");
    let log = &setup.log;
    log.wait("three passes", |log| log.count("one") >= 3).await;
    for pair in log.of("one").windows(2) {
        let gap = pair[1].began - pair[0].began;
        assert!(gap >= later, "{gap:?}");
    }

    // An event and a wake-up each come earlier, and the pass they cause says anew when the next one is.
    log.plan.lock().unwrap().then = Some(Duration::from_secs(3600));
    let before = log.count("one");
    log.wait("the last short requeue", |log| log.count("one") > before).await;
    let before = log.count("one");
    setup.touch("one", "early").await;
    log.wait("a pass for the event", |log| log.count("one") == before + 1).await;
    setup.wake("one");
    log.wait("a pass for the wake-up", |log| log.count("one") == before + 2).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(log.count("one"), before + 2, "an earlier requeue time does not outlive a later pass");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_earlier_requeue_time_of_a_later_pass_wins() {
    let setup = Setup::new("sooner", Plan { then: Some(Duration::from_secs(3600)), ..SHORT }).await;
    setup.create("one");
    let log = &setup.log;
    log.wait("the first pass", |log| log.count("one") == 1).await;
    log.plan.lock().unwrap().then = Some(Duration::from_millis(200));
    setup.wake("one");
    log.wait("three more", |log| log.count("one") >= 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_object_is_told_as_gone_and_has_no_more_passes() {
    let setup = Setup::new("gone", Plan { then: Some(Duration::from_millis(50)), ..SHORT }).await;
    setup.create("one");
    let log = &setup.log;
    log.wait("a pass", |log| log.count("one") >= 1).await;
    setup.cluster.must(["-n", &setup.namespace, "delete", "dliq/one"]);
    log.wait("its end", |_| setup.gone.lock().unwrap().as_slice() == ["one"]).await;
    sleep(Duration::from_millis(200)).await;
    let before = log.count("one");
    setup.wake("one");
    sleep(Duration::from_millis(500)).await;
    assert_eq!(log.count("one"), before);

    setup.create("one");
    log.wait("a pass over its successor", |log| log.count("one") > before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_lets_running_passes_end_and_begins_no_more() {
    let mut setup = Setup::new("stop", Plan { then: Some(Duration::from_millis(1)), ..LONG }).await;
    for name in ["one", "two"] {
        setup.create(name);
    }
    let log = Arc::clone(&setup.log);
    log.wait("both run", |log| log.running.lock().unwrap().values().sum::<u32>() == 2).await;
    let before = log.seen.lock().unwrap().len();
    setup.stop.take().unwrap().send(()).unwrap();
    timeout(PATIENCE, &mut setup.controller).await.unwrap().unwrap();
    assert_eq!(log.running.lock().unwrap().values().sum::<u32>(), 0, "no pass was cut off");
    assert_eq!(log.seen.lock().unwrap().len(), before);
}

/// What a panicking step was changing may be half-changed: the process has to end, and not quietly.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_a_pass_ends_the_passes_of_the_kind() {
    let setup = Setup::new("panic", SHORT).await;
    setup.create("one");
    setup.log.wait("a pass", |log| log.count("one") == 1).await;
    let stop = std::future::pending();
    let doomed = |_: Arc<Compressed<DliQueue>>, _: Arc<()>| async { panic!("on purpose") };
    let passes = tokio::spawn(passes(setup.cache.clone(), 4, stop, doomed, Arc::new(())));
    let ended = timeout(PATIENCE, passes).await.expect("ends").expect_err("is not over in peace");
    assert!(ended.is_panic());
}

/// Also not when the watch breaks off and everything is listed anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_never_goes_back_and_misses_nothing_over_a_restart_of_the_api_server() {
    let cluster: &'static ControlPlane = tokio::task::spawn_blocking(|| {
        let cluster = ControlPlane::start();
        cluster.install();
        &*Box::leak(Box::new(cluster))
    })
    .await
    .unwrap();
    let setup = Setup::on(cluster, "back", Plan { then: Some(Duration::from_millis(20)), ..SHORT }).await;
    setup.create("one");
    setup.create("two");
    setup.log.wait("passes", |log| log.count("one") >= 1 && log.count("two") >= 1).await;
    let mut last = 0;
    for word in 0..60 {
        if word == 20 {
            cluster.signal("USR1");
            sleep(Duration::from_millis(500)).await;
            cluster.signal("HUP");
        }
        last = setup.touch("one", &word.to_string()).await;
    }
    setup.log.wait("the last version", |log| log.of("one").last().unwrap().version == last).await;
    for name in ["one", "two"] {
        let versions: Vec<u64> = setup.log.of(name).iter().map(|seen| seen.version).collect();
        assert!(versions.is_sorted(), "{name}: {versions:?}");
    }
}
