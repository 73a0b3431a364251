//! What people and GitOps tools do with kubectl.

use crate::{
    control_plane::words,
    fixture::{Fixture, Options, connection, project, queue},
    processes::{ACCESS_KEY, SECRET_KEY},
};

#[test]
fn kubectl_shows_waits_describes_and_finds_no_difference() {
    let fixture = Fixture::with("kubectl", &Options { bare: true, ..Options::default() });
    fixture.secret(ACCESS_KEY, SECRET_KEY);
    let yaml = project("default", "simulator")
        + &queue("q1", "")
        + &connection("c1", ", queues: [{ref: {name: q1}}], hosts: [{name: h1, ip: 10.0.0.1}]");
    let apply = || {
        let args = ["-n", &fixture.ns, "apply", "--server-side", "-f", "-"];
        let output = fixture.cluster().kubectl_with_input(args, &yaml);
        assert!(output.status.success(), "{}", words(&output));
    };
    apply();
    fixture.kubectl(&["wait", "--for=condition=Ready", "--timeout=120s", "dlip/default", "dliq/q1", "dlic/c1"]);

    let tables = [
        ("dlip", ["NAME", "READY", "REASON", "REGION", "AGE", "MESSAGE"].as_slice(), "ap-southeast-3"),
        ("dliq", &["NAME", "READY", "REASON", "CU", "TYPE", "AGE", "MESSAGE"], "16"),
        ("dlic", &["NAME", "READY", "REASON", "BOUND", "AGE", "MESSAGE"], "1/1"),
    ];
    for (kind, columns, cell) in tables {
        let table = fixture.kubectl(&["get", kind]);
        let mut lines = table.lines();
        assert_eq!(lines.next().unwrap().split_whitespace().collect::<Vec<_>>(), columns);
        let row: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
        assert_eq!(&row[1..3], ["True", "Available"], "{table}");
        assert!(row.contains(&cell), "{table}");
    }
    // All of it by one word.
    let all = fixture.kubectl(&["get", "dli", "-o", "name"]);
    assert_eq!(all.lines().count(), 3, "{all}");

    let described = fixture.kubectl(&["describe", "dlic", "c1"]);
    for part in ["Conditions:", "Reason:", "Available", "Events:", "PeeringCreating"] {
        assert!(described.contains(part), "{part} is not in {described}");
    }

    // GitOps: no difference, and applying again writes nothing.
    fixture.two_more_looks();
    let diff = fixture.cluster().kubectl_with_input(["-n", &fixture.ns, "diff", "--server-side", "-f", "-"], &yaml);
    assert_eq!((diff.status.code(), words(&diff).as_str()), (Some(0), ""));
    let versions = fixture.versions();
    apply();
    apply();
    fixture.two_more_looks();
    assert_eq!(fixture.versions(), versions);
    // The spec and its owner are the user's alone.
    for (kind, name) in [("dliq", "q1"), ("dlic", "c1")] {
        let object =
            fixture.cluster().must(["-n", &fixture.ns, "get", kind, name, "-o", "json", "--show-managed-fields"]);
        let object: serde_json::Value = serde_json::from_str(&object).unwrap();
        for entry in object["metadata"]["managedFields"].as_array().unwrap() {
            let owns_spec = entry["fieldsV1"]["f:spec"].is_object();
            assert_eq!(owns_spec, entry["manager"] == "kubectl", "{entry:#}");
        }
    }
}
