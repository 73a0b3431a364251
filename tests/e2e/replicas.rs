//! Two replicas: the second takes over from one that was asked to end, and from one that was killed.

use crate::{
    control_plane::SYSTEM_NAMESPACE,
    lab::{Lab, Options, SHORT_LEASE, queue},
    processes::text,
};

#[test]
fn a_second_replica_takes_over() {
    let mut lab = Lab::with("replicas", &Options { lease: Some(SHORT_LEASE), ..Options::default() });
    let holder = |lab: &Lab| {
        let lease = lab.cluster().get(SYSTEM_NAMESPACE, &format!("lease/{}", lab.ns));
        text(&lease["spec"]["holderIdentity"])
    };
    lab.operator().says("leading");
    lab.start_operator().says("standing by");
    let first = holder(&lab);
    lab.apply(&queue("q1", ""));
    lab.ready("dliq", "q1");

    // Released: there is nothing to wait out.
    assert_eq!(lab.operators[0].terminate(), Some(0));
    assert!(lab.operators[0].has_said("lease released"));
    lab.operators[1].says("leading");
    assert_ne!(holder(&lab), first);
    lab.apply(&queue("q2", ""));
    lab.ready("dliq", "q2");

    // Killed in the middle of something: the third waits for the lease to end, and goes on from there.
    lab.start_operator().says("standing by");
    lab.apply(&(queue("q3", "") + &queue("q4", "")));
    lab.operators[1].kill();
    lab.operators[2].says("leading");
    for name in ["q3", "q4"] {
        lab.ready("dliq", name);
    }
    let creates = lab.cloud.changes().iter().filter(|c| c["applied"] == true).count();
    assert_eq!(creates, 4, "each queue is made once: {:#?}", lab.cloud.changes());
    assert_eq!(lab.cloud.names().0, ["q1", "q2", "q3", "q4"]);
}
