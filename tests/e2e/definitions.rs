//! Removing the custom resource definitions removes the objects, and nothing in the cloud.

use crate::lab::{Lab, Options, connection, queue};

#[test]
fn deleting_the_definitions_deletes_nothing_in_the_cloud() {
    let lab = Lab::with("definitions", &Options { own_cluster: true, ..Options::default() });
    lab.apply(&(queue("q1", "") + &queue("q2", "") + &connection("c1", ", queues: [{ref: {name: q1}}]")));
    lab.ready("dlic", "c1");
    lab.ready("dliq", "q2");
    lab.cloud.forget_calls();
    let definitions = ["dliqueues", "enhancedconnections", "dliprojects"].map(|n| format!("{n}.dli.huaweicloud.com"));
    let [queues, connections, projects] = &definitions;
    lab.cluster().must(["delete", "crd", queues, connections, projects, "--wait=false"]);
    lab.until("the definitions are gone", || lab.cluster().must(["get", "crd", "-o", "name"]).is_empty().then_some(()));
    assert_eq!(lab.cloud.changes(), Vec::<serde_json::Value>::new());
    assert_eq!(lab.cloud.names(), (vec!["q1".into(), "q2".into()], vec!["c1".into()]));

    // Installed again, the same objects take back what is theirs.
    lab.cluster().install();
    lab.apply(&crate::lab::project("default", "simulator"));
    lab.apply(&(queue("q1", "") + &queue("q2", "") + &connection("c1", ", queues: [{ref: {name: q1}}]")));
    lab.ready("dlic", "c1");
    lab.ready("dliq", "q2");
    assert_eq!(lab.cloud.changes(), Vec::<serde_json::Value>::new());
}
