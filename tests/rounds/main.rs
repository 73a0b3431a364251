//! Rounds of what goes wrong, on the real thing: a real API server and etcd, the operator as a process, the simulated
//! cloud as another. While people create, edit and delete fifty queues and fifty connections, at moments that a seed
//! chooses the operator is killed, or stands still until another one leads; the API server is restarted; the cloud
//! stands still, or is killed and starts again; the line to it cuts, stalls or refuses.
//!
//! What is judged is what the cloud and the API server have, never what the operator says it did; during the rounds
//! (`truth.rs`), at their end, and after all is deleted.
//!
//!     ROUNDS=100 ROUNDS_SEED=7 cargo test --test rounds -- --nocapture
//!
//! The seed makes the same choices again; the machine's timing stays its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, missing_docs)]

#[path = "../support/control_plane.rs"]
mod control_plane;
#[path = "../e2e/lab.rs"]
mod lab;
#[path = "../e2e/processes.rs"]
mod processes;
#[path = "../e2e/reader.rs"]
mod reader;

mod dice;
mod faults;
mod judge_tests;
mod proxy;
mod rounds;
mod truth;
mod watch;
mod wishes;

use std::{
    env,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    dice::Dice,
    lab::{Lab, Options, project},
    processes::{ACCESS_KEY, SECRET_KEY},
    proxy::{Proxy, lasting_port},
    rounds::Rounds,
};

/// Names need not be unique, so that a second create call would make a second one. All history is kept.
const CLOUD: &str = "{answers: {connectionNames: free}, history: {changes: 100000, deletedConnections: 100000}}";

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")))
}

#[test]
fn whatever_goes_wrong_nothing_is_leaked_doubled_stuck_or_untrue() {
    let seed = number("ROUNDS_SEED")
        .unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64 % 1_000_000);
    let count = number("ROUNDS").unwrap_or(10) as usize;
    println!("ROUNDS_SEED={seed} ROUNDS={count}");
    let mut dice = Dice::new(seed);

    let (cloud_port, target) = tokio::sync::watch::channel(0);
    let proxy = Proxy::start(dice.branch(), target);
    let url = proxy.url();
    let options = Options {
        own_cluster: true,
        clouds: format!("  line: {{dliEndpoint: '{url}', iamEndpoint: '{url}'}}\n"),
        no_operator: true,
        bare: true,
        // Long enough for a machine that has much else to do.
        lease: Some("leaseDuration: 8s, renewDeadline: 6s"),
        settings: "callsPerSecond: 60\n",
        durable_cloud: Some((CLOUD, lasting_port(&mut dice.branch()))),
        // Longer than the cloud stands still in a round: what was sent before is applied after that.
        visibility_grace: Some(6),
        call_timeout: None,
    };
    let mut lab = Lab::with("rounds", &options);
    cloud_port.send_replace(lab.cloud.port());
    lab.secret(ACCESS_KEY, SECRET_KEY);
    lab.apply(&project("default", "line"));
    lab.start_operator();

    let mut rounds = Rounds::new(seed, count, lab, proxy);
    rounds.play(&mut dice);
    rounds.settle();
    rounds.clear(&mut dice);
    println!("{}", rounds.summary(&[]));
}
