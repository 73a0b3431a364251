//! Removing the custom resource definitions removes the objects, and nothing in the cloud.

use crate::fixture::{Fixture, Options, connection, queue};

#[test]
fn deleting_the_definitions_deletes_nothing_in_the_cloud() {
    let fixture = Fixture::with("definitions", &Options { own_cluster: true, ..Options::default() });
    fixture.apply(&(queue("q1", "") + &queue("q2", "") + &connection("c1", ", queues: [{ref: {name: q1}}]")));
    fixture.ready("dlic", "c1");
    fixture.ready("dliq", "q2");
    fixture.cloud.forget_calls();
    let definitions = ["dliqueues", "enhancedconnections", "dliprojects"].map(|n| format!("{n}.dli.huaweicloud.com"));
    let [queues, connections, projects] = &definitions;
    fixture.cluster().must(["delete", "crd", queues, connections, projects, "--wait=false"]);
    fixture.until("the definitions are gone", || {
        fixture.cluster().must(["get", "crd", "-o", "name"]).is_empty().then_some(())
    });
    assert_eq!(fixture.cloud.changes(), Vec::<serde_json::Value>::new());
    assert_eq!(fixture.cloud.names(), (vec!["q1".into(), "q2".into()], vec!["c1".into()]));

    // Installed again, the same objects take back what is theirs.
    fixture.cluster().install();
    fixture.apply(&crate::fixture::project("default", "simulator"));
    fixture.apply(&(queue("q1", "") + &queue("q2", "") + &connection("c1", ", queues: [{ref: {name: q1}}]")));
    fixture.ready("dlic", "c1");
    fixture.ready("dliq", "q2");
    assert_eq!(fixture.cloud.changes(), Vec::<serde_json::Value>::new());
}
