//! What people and GitOps tools do with kubectl.

use crate::{
    control_plane::words,
    lab::{Lab, Options, connection, project, queue},
    processes::{ACCESS_KEY, SECRET_KEY},
};

#[test]
fn kubectl_shows_waits_describes_and_finds_no_difference() {
    let lab = Lab::with("kubectl", &Options { bare: true, ..Options::default() });
    lab.secret(ACCESS_KEY, SECRET_KEY);
    let yaml = project("default", "simulator")
        + &queue("q1", "")
        + &connection("c1", ", queues: [{ref: {name: q1}}], hosts: [{name: h1, ip: 10.0.0.1}]");
    let apply = || {
        let args = ["-n", &lab.ns, "apply", "--server-side", "-f", "-"];
        let output = lab.cluster().kubectl_with_input(args, &yaml);
        assert!(output.status.success(), "{}", words(&output));
    };
    apply();
    lab.kubectl(&["wait", "--for=condition=Ready", "--timeout=120s", "dlip/default", "dliq/q1", "dlic/c1"]);

    let tables = [
        ("dlip", ["NAME", "READY", "REASON", "REGION", "AGE", "MESSAGE"].as_slice(), "ap-southeast-3"),
        ("dliq", &["NAME", "READY", "REASON", "CU", "TYPE", "AGE", "MESSAGE"], "16"),
        ("dlic", &["NAME", "READY", "REASON", "BOUND", "AGE", "MESSAGE"], "1/1"),
    ];
    for (kind, columns, cell) in tables {
        let table = lab.kubectl(&["get", kind]);
        let mut lines = table.lines();
        assert_eq!(lines.next().unwrap().split_whitespace().collect::<Vec<_>>(), columns);
        let row: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
        assert_eq!(&row[1..3], ["True", "Available"], "{table}");
        assert!(row.contains(&cell), "{table}");
    }
    // All of it by one word.
    let all = lab.kubectl(&["get", "dli", "-o", "name"]);
    assert_eq!(all.lines().count(), 3, "{all}");

    let described = lab.kubectl(&["describe", "dlic", "c1"]);
    for part in ["Conditions:", "Reason:", "Available", "Events:", "PeeringCreating"] {
        assert!(described.contains(part), "{part} is not in {described}");
    }

    // GitOps: no difference, and applying again writes nothing.
    lab.two_more_looks();
    let diff = lab.cluster().kubectl_with_input(["-n", &lab.ns, "diff", "--server-side", "-f", "-"], &yaml);
    assert_eq!((diff.status.code(), words(&diff).as_str()), (Some(0), ""));
    let versions = lab.versions();
    apply();
    apply();
    lab.two_more_looks();
    assert_eq!(lab.versions(), versions);
    // The spec and its owner are the user's alone.
    for (kind, name) in [("dliq", "q1"), ("dlic", "c1")] {
        let object = lab.cluster().must(["-n", &lab.ns, "get", kind, name, "-o", "json", "--show-managed-fields"]);
        let object: serde_json::Value = serde_json::from_str(&object).unwrap();
        for entry in object["metadata"]["managedFields"].as_array().unwrap() {
            let owns_spec = entry["fieldsV1"]["f:spec"].is_object();
            assert_eq!(owns_spec, entry["manager"] == "kubectl", "{entry:#}");
        }
    }
}
