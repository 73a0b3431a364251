//! "Creating and Using a Datasource Connection" of the API reference, with its own values, as YAML: does it end with what
//! the last answer there shows, and does it say on the way what it waits for?

use std::{
    fs::{self, File},
    process::Stdio,
};

use serde_json::json;

use crate::{
    control_plane::repository,
    fixture::{Fixture, NETWORK, Options, VPC, condition, entries},
    processes::{ACCESS_KEY, PROJECT, SECRET_KEY, text},
};

#[test]
fn the_documented_example_ends_as_documented_and_shows_each_stage() {
    let fixture = Fixture::with("getting-started", &Options { bare: true, ..Options::default() });
    let sample = fs::read_to_string(repository().join("deploy/samples/getting-started.yaml")).unwrap();
    for value in [PROJECT, VPC, NETWORK, "test1", "q1", "q2", "192.168.0.1", "ecs-97f8-0001", "ecs-97f8-0002"] {
        assert!(sample.contains(value), "{value} is not in the sample");
    }
    let yaml = sample.replace("region: ap-southeast-3", "region: ap-southeast-3\n  cloud: simulator");

    // What somebody sees who watches.
    let watches = ["dliq", "dlic"].map(|kind| {
        let path = fixture.cluster().dir().join(format!("{}-{kind}.watch", fixture.ns));
        let columns = "custom-columns=NAME:.metadata.name,READY:.status.conditions[?(@.type==\"Ready\")].status,\
                       REASON:.status.conditions[?(@.type==\"Ready\")].reason";
        let child = fixture
            .cluster()
            .command(["-n", &fixture.ns, "get", kind, "-w", "--no-headers", "-o", columns])
            .stdin(Stdio::null())
            .stdout(File::create(&path).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        (child, path)
    });

    // The order of the page: who comes first is not the user's worry.
    fixture.apply(&yaml);
    fixture.secret(ACCESS_KEY, SECRET_KEY);
    let connection = fixture.ready("dlic", "test1");
    let queues = ["q1", "q2"].map(|name| fixture.ready("dliq", name));
    let project = fixture.ready("dlip", "default");

    let real = fixture.cloud.connection("test1").unwrap();
    let status = &connection["status"];
    assert_eq!(status["connectionName"], "test1");
    assert_eq!(status["connectionId"], real["id"]);
    assert_eq!(status["status"], "ACTIVE");
    assert_eq!(status["destVpcId"], VPC);
    assert_eq!(status["destNetworkId"], NETWORK);
    assert_eq!(status["hostCount"], 2);
    assert_eq!(status["bound"], "2/2");
    assert_eq!(status["project"], json!({"id": PROJECT, "region": "ap-southeast-3"}));
    let infos = status["availableQueueInfo"].as_array().unwrap();
    assert_eq!(infos.len(), 2);
    for (info, name) in infos.iter().zip(["q1", "q2"]) {
        assert_eq!((info["name"].as_str(), info["status"].as_str()), (Some(name), Some("ACTIVE")));
        assert!(!text(&info["peerId"]).is_empty() && !text(&info["updateTime"]).is_empty(), "{info}");
    }
    assert!(!text(&status["createTime"]).is_empty());
    assert_eq!(condition(&connection, "Ready").unwrap()["reason"], "Available");
    assert_eq!(condition(&connection, "Synced").unwrap()["reason"], "InSync");
    assert_eq!(condition(&connection, "Reconciling"), None);
    assert_eq!(condition(&connection, "Stalled"), None);
    assert_eq!(project["status"]["projectId"], PROJECT);
    for queue in &queues {
        assert_eq!(queue["status"]["cuCount"], 16);
        assert_eq!(queue["status"]["adopted"], false);
    }

    // And it is so.
    assert_eq!(entries(&real), [("q1".into(), "ACTIVE".into()), ("q2".into(), "ACTIVE".into())]);
    assert_eq!((&real["destVpcId"], &real["destNetworkId"]), (&json!(VPC), &json!(NETWORK)));
    let hosts = json!([{"name": "ecs-97f8-0001", "ip": "192.168.0.1"}, {"name": "ecs-97f8-0002", "ip": "192.168.0.2"}]);
    assert_eq!(real["hosts"], hosts);
    for name in ["q1", "q2"] {
        assert_eq!(fixture.cloud.queue(name).unwrap()["resourceMode"], 1, "a dedicated queue");
    }
    // Three creates and nothing else: the bindings and the hosts go with the connection.
    let made: Vec<String> = fixture.cloud.changes().iter().map(|c| text(&c["operation"])).collect();
    assert_eq!(made, ["CreateQueue", "CreateQueue", "CreateConnection"]);

    let [of_queues, of_connections] = watches.map(|(mut child, path)| {
        // The last line may still be on its way.
        fixture.until_true("the watch shows the end", || fs::read_to_string(&path).unwrap().contains("Available"));
        let _ = child.kill();
        let _ = child.wait();
        fs::read_to_string(&path).unwrap()
    });
    for name in ["q1", "q2"] {
        in_order(&of_queues, name, &["Allocating", "Available"]);
    }
    in_order(&of_connections, "test1", &["WaitingForDependency", "PeeringCreating", "Available"]);
}

/// The reasons of an object come in this order in a watch, among others.
fn in_order(watch: &str, name: &str, reasons: &[&str]) {
    let mut wanted = reasons.iter().peekable();
    for line in watch.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.first() == Some(&name) && words.last() == wanted.peek().copied() {
            wanted.next();
        }
    }
    assert!(wanted.peek().is_none(), "{name} did not show {reasons:?} in this order:\n{watch}");
}
