//! Nothing has changed: nothing is written, on either side; also after a restart.

use std::{thread, time::Duration};

use crate::lab::{Lab, connection, queue};

#[test]
fn what_is_settled_is_left_alone_also_by_the_next_process() {
    let mut lab = Lab::new("silence");
    let mut yaml = String::new();
    for i in 0..5 {
        yaml += &queue(&format!("q{i}"), "");
        let hosts = "hosts: [{name: h1, ip: 10.0.0.1}, {name: h2, ip: 10.0.0.2}]";
        yaml += &connection(&format!("c{i}"), &format!(", queues: [{{ref: {{name: q{i}}}}}], {hosts}"));
    }
    lab.apply(&yaml);
    for i in 0..5 {
        lab.ready("dlic", &format!("c{i}"));
        lab.ready("dliq", &format!("q{i}"));
    }
    lab.two_more_looks();
    let (versions, events) = (lab.versions(), lab.list("event").len());
    lab.cloud.forget_calls();
    thread::sleep(Duration::from_secs(20));
    assert_eq!(lab.versions(), versions, "nothing was written");
    assert_eq!(lab.list("event").len(), events, "nothing was said");
    assert_eq!(lab.cloud.changes(), Vec::<serde_json::Value>::new());
    // A list a kind every two seconds, whatever the number of objects.
    let calls = lab.cloud.count(None, None);
    assert!(calls <= 2 * 12, "{calls} calls in 20 s");

    assert_eq!(lab.operator().terminate(), Some(0), "{}", lab.dump());
    lab.cloud.forget_calls();
    lab.start_operator().says("leading");
    lab.two_more_looks();
    lab.two_more_looks();
    assert_eq!(lab.versions(), versions, "nothing was written after a restart");
    assert_eq!(lab.list("event").len(), events);
    assert_eq!(lab.cloud.changes(), Vec::<serde_json::Value>::new());
}
