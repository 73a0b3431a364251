//! Rounds of what goes wrong, on the real thing: a real API server and etcd, the operator as a process, the simulated
//! cloud as another. While people create, edit and delete fifty queues and fifty connections, at moments that a seed
//! chooses the operator is killed, or stands still until another one leads; the API server is restarted; the cloud
//! stands still, or is killed and starts again; the line to it cuts, stalls or refuses.
//!
//! What is judged is what the cloud and the API server have, never what the operator says it did; during the rounds
//! (`consistency.rs`), at their end, and after all is deleted.
//!
//!     CHAOS_ROUNDS=100 CHAOS_SEED=7 cargo test --test chaos -- --nocapture
//!
//! The seed makes the same choices again; the machine's timing stays its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, missing_docs)]

#[path = "../support/control_plane.rs"]
mod control_plane;
#[path = "../e2e/fixture.rs"]
mod fixture;
#[path = "../e2e/processes.rs"]
mod processes;
#[path = "../e2e/reader.rs"]
mod reader;

mod consistency;
mod consistency_tests;
mod fault_proxy;
mod faults;
mod observer;
mod rng;
mod runner;
mod workload;

use std::{
    env,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    fault_proxy::{Proxy, lasting_port},
    fixture::{Fixture, Options, project},
    processes::{ACCESS_KEY, SECRET_KEY},
    rng::Rng,
    runner::Runner,
};

/// Names need not be unique, so that a second create call would make a second one. All history is kept.
const CLOUD: &str = "{answers: {connectionNames: free}, history: {changes: 100000, deletedConnections: 100000}}";

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")))
}

#[test]
fn no_fault_leaks_duplicates_or_takes_resources_blocks_or_leaves_a_false_status() {
    let seed = number("CHAOS_SEED")
        .unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64 % 1_000_000);
    let count = number("CHAOS_ROUNDS").unwrap_or(10) as usize;
    println!("CHAOS_SEED={seed} CHAOS_ROUNDS={count}");
    let mut rng = Rng::new(seed);

    let (cloud_port, target) = tokio::sync::watch::channel(0);
    let proxy = Proxy::start(rng.branch(), target);
    let url = proxy.url();
    let options = Options {
        own_cluster: true,
        clouds: format!("  line: {{dliEndpoint: '{url}', iamEndpoint: '{url}'}}\n"),
        no_operator: true,
        bare: true,
        // Long enough for a machine that has much else to do.
        lease: Some("leaseDuration: 8s, renewDeadline: 6s"),
        settings: "callsPerSecond: 60\n",
        durable_cloud: Some((CLOUD, lasting_port(&mut rng.branch()))),
        // Longer than the cloud stands still in a round: what was sent before is applied after that.
        visibility_grace: Some(6),
        call_timeout: None,
    };
    let mut fixture = Fixture::with("chaos", &options);
    cloud_port.send_replace(fixture.cloud.port());
    fixture.secret(ACCESS_KEY, SECRET_KEY);
    fixture.apply(&project("default", "line"));
    fixture.start_operator();

    let mut runner = Runner::new(seed, count, fixture, proxy);
    runner.play(&mut rng);
    runner.settle();
    runner.clear(&mut rng);
    println!("{}", runner.summary(&[]));
}
