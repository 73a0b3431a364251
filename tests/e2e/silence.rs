//! Nothing has changed: nothing is written, on either side; also after a restart.

use std::{thread, time::Duration};

use crate::fixture::{Fixture, connection, queue};

#[test]
fn what_is_settled_is_left_alone_also_by_the_next_process() {
    let mut fixture = Fixture::new("silence");
    let mut yaml = String::new();
    for i in 0..5 {
        yaml += &queue(&format!("q{i}"), "");
        let hosts = "hosts: [{name: h1, ip: 10.0.0.1}, {name: h2, ip: 10.0.0.2}]";
        yaml += &connection(&format!("c{i}"), &format!(", queues: [{{ref: {{name: q{i}}}}}], {hosts}"));
    }
    fixture.apply(&yaml);
    for i in 0..5 {
        fixture.ready("dlic", &format!("c{i}"));
        fixture.ready("dliq", &format!("q{i}"));
    }
    fixture.two_more_looks();
    let (versions, events) = (fixture.versions(), fixture.list("event").len());
    fixture.cloud.forget_calls();
    thread::sleep(Duration::from_secs(20));
    assert_eq!(fixture.versions(), versions, "nothing was written");
    assert_eq!(fixture.list("event").len(), events, "nothing was said");
    assert_eq!(fixture.cloud.changes(), Vec::<serde_json::Value>::new());
    // A list a kind every two seconds, and one by the cluster tag every twelve, whatever the number of objects.
    let calls = fixture.cloud.count(None, None);
    assert!(calls <= 2 * (12 + 2), "{calls} calls in 20 s");

    assert_eq!(fixture.operator().terminate(), Some(0), "{}", fixture.dump());
    fixture.cloud.forget_calls();
    fixture.start_operator().says("leading");
    fixture.two_more_looks();
    fixture.two_more_looks();
    assert_eq!(fixture.versions(), versions, "nothing was written after a restart");
    assert_eq!(fixture.list("event").len(), events);
    assert_eq!(fixture.cloud.changes(), Vec::<serde_json::Value>::new());
}
