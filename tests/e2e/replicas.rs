//! Two replicas: the second takes over from one that was asked to end, and from one that was killed.

use crate::{
    control_plane::SYSTEM_NAMESPACE,
    fixture::{Fixture, Options, SHORT_LEASE, queue},
    processes::text,
};

#[test]
fn a_second_replica_takes_over() {
    let mut fixture = Fixture::with("replicas", &Options { lease: Some(SHORT_LEASE), ..Options::default() });
    let holder = |fixture: &Fixture| {
        let lease = fixture.cluster().get(SYSTEM_NAMESPACE, &format!("lease/{}", fixture.ns));
        text(&lease["spec"]["holderIdentity"])
    };
    fixture.operator().says("leading");
    fixture.start_operator().says("standing by");
    let first = holder(&fixture);
    fixture.apply(&queue("q1", ""));
    fixture.ready("dliq", "q1");

    // Released: there is nothing to wait out.
    assert_eq!(fixture.operators[0].terminate(), Some(0));
    assert!(fixture.operators[0].has_said("lease released"));
    fixture.operators[1].says("leading");
    assert_ne!(holder(&fixture), first);
    fixture.apply(&queue("q2", ""));
    fixture.ready("dliq", "q2");

    // Killed in the middle of something: the third waits for the lease to end, and goes on from there.
    fixture.start_operator().says("standing by");
    fixture.apply(&(queue("q3", "") + &queue("q4", "")));
    fixture.operators[1].kill();
    fixture.operators[2].says("leading");
    for name in ["q3", "q4"] {
        fixture.ready("dliq", name);
    }
    let creates = fixture.cloud.changes().iter().filter(|c| c["applied"] == true).count();
    assert_eq!(creates, 4, "each queue is made once: {:#?}", fixture.cloud.changes());
    assert_eq!(fixture.cloud.names().0, ["q1", "q2", "q3", "q4"]);
}
