//! Does what `deploy/` installs look right to kubectl, and may the operator do what it needs and no more?

#![allow(clippy::unwrap_used)]

mod support;

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};
use support::control_plane::{ControlPlane, SERVICE_ACCOUNT, SYSTEM_NAMESPACE, repository, words};

const QUEUE: &str = "
apiVersion: dli.huaweicloud.com/v1alpha1
kind: DliQueue
metadata: {name: etl}
spec: {cuCount: 16, tags: [{key: team, value: data}, {key: stage, value: test}]}
";
const CONNECTION: &str = "
apiVersion: dli.huaweicloud.com/v1alpha1
kind: EnhancedConnection
metadata: {name: warehouse}
spec:
  destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495
  destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281
  queues: [{ref: {name: etl}}]
  hosts: [{name: ecs-97f8-0001, ip: 192.168.0.1}]
";
const PROJECT: &str = "
apiVersion: dli.huaweicloud.com/v1alpha1
kind: DliProject
metadata: {name: default}
spec: {region: ap-southeast-3}
";

/// A namespace with one object of each kind.
fn namespace_with_objects(prefix: &str) -> String {
    let cluster = ControlPlane::shared();
    let namespace = cluster.new_namespace(prefix);
    for yaml in [PROJECT, QUEUE, CONNECTION] {
        let output = cluster.apply(&namespace, yaml);
        assert!(output.status.success(), "{}", words(&output));
    }
    namespace
}

/// Each line, with runs of spaces made one.
fn table(text: &str) -> Vec<String> {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_new_object_is_in_progress_at_once() {
    let cluster = ControlPlane::shared();
    let namespace = namespace_with_objects("progress");
    for object in ["dlip/default", "dliq/etl", "dlic/warehouse"] {
        assert_eq!(cluster.get(&namespace, object)["status"], json!({"observedGeneration": -1}), "{object}");
    }
    assert_eq!(cluster.get(&namespace, "dliq/etl")["spec"]["queueType"], "sql");
}

#[test]
fn columns_show_what_people_look_for() {
    let cluster = ControlPlane::shared();
    let namespace = namespace_with_objects("columns");
    let status = json!({"status": {
        "observedGeneration": 1, "bound": "1/1", "connectionId": "2a620c33-5609-40c9-affd-2b6453071b0f",
        "conditions": [
            {"type": "Synced", "status": "True", "reason": "InSync", "message": "as written",
             "lastTransitionTime": "2026-01-01T00:00:00Z"},
            {"type": "Ready", "status": "True", "reason": "Available", "message": "1 queue bound",
             "lastTransitionTime": "2026-01-01T00:00:00Z"},
        ],
    }});
    let patch = ["patch", "dlic/warehouse", "--subresource=status", "--type=merge", "-p"];
    cluster.must(["-n", &namespace].into_iter().chain(patch).chain([status.to_string().as_str()]));

    let shown = |args: &[&str]| table(&cluster.must(["-n", namespace.as_str(), "get"].iter().chain(args)));
    let age = |line: &String| line.split(' ').nth(4).unwrap().to_owned();
    let connection = shown(&["dlic"]);
    assert_eq!(connection[0], "NAME READY REASON BOUND AGE MESSAGE");
    assert_eq!(connection[1], format!("warehouse True Available 1/1 {} 1 queue bound", age(&connection[1])));
    let wide = shown(&["dlic", "-o", "wide"]);
    assert_eq!(wide[0], "NAME READY REASON BOUND AGE ID VPC MESSAGE");
    assert_eq!(
        wide[1],
        format!(
            "warehouse True Available 1/1 {} 2a620c33-5609-40c9-affd-2b6453071b0f \
             22094d8f-c310-4621-913d-4c4d655d8495 1 queue bound",
            age(&wide[1])
        )
    );
    let queue = shown(&["dliq"]);
    assert_eq!(queue[0], "NAME READY REASON CU TYPE AGE MESSAGE");
    assert!(queue[1].starts_with("etl 16 sql "), "{}", queue[1]);
    let project = shown(&["dlip"]);
    assert_eq!(project[0], "NAME READY REASON REGION AGE MESSAGE");
    assert!(project[1].starts_with("default ap-southeast-3 "), "{}", project[1]);

    let all = cluster.must(["-n", &namespace, "get", "dli", "-o", "name"]);
    assert_eq!(
        all.lines().collect::<Vec<_>>(),
        [
            "dliproject.dli.huaweicloud.com/default",
            "dliqueue.dli.huaweicloud.com/etl",
            "enhancedconnection.dli.huaweicloud.com/warehouse",
        ]
    );
}

#[test]
fn kubectl_wait_understands_the_conditions() {
    let cluster = ControlPlane::shared();
    let namespace = namespace_with_objects("wait");
    let early = cluster.kubectl(["-n", &namespace, "wait", "--for=condition=Ready", "--timeout=0s", "dliq/etl"]);
    assert!(!early.status.success());
    let status = r#"{"status":{"observedGeneration":1,"conditions":[{"type":"Ready","status":"True","reason":"Available",
        "message":"","lastTransitionTime":"2026-01-01T00:00:00Z","observedGeneration":1}]}}"#;
    cluster.must(["-n", &namespace, "patch", "dliq/etl", "--subresource=status", "--type=merge", "-p", status]);
    cluster.must(["-n", &namespace, "wait", "--for=condition=Ready", "--timeout=5s", "dliq/etl"]);
}

#[test]
fn kubectl_explain_explains() {
    let cluster = ControlPlane::shared();
    let text = |field: &str| table(&cluster.must(["explain", field])).join(" ");
    let size = text("dliqueue.spec.cuCount");
    assert!(size.contains("FIELD: cuCount <integer>"), "{size}");
    assert!(size.contains("Size in compute units (CU): a multiple of 16, at least 16."), "{size}");
    assert!(size.contains("Cannot be changed after creation."), "{size}");
    let policy = text("dlic.spec.managementPolicy");
    assert!(policy.contains("ENUM: Full Report Observe"), "{policy}");
    assert!(policy.contains("`Observe`: never write to the cloud."), "{policy}");
    assert!(text("dliproject").contains("DESCRIPTION: A DliProject is one DLI project in one region."));
}

#[test]
fn applying_again_changes_nothing() {
    let cluster = ControlPlane::shared();
    let namespace = cluster.new_namespace("again");
    let report = r#"{"status":{"observedGeneration":1}}"#;
    for (object, yaml) in [("dlip/default", PROJECT), ("dliq/etl", QUEUE), ("dlic/warehouse", CONNECTION)] {
        let apply = || {
            let args = ["-n", &namespace, "apply", "--server-side", "-f", "-", "-o", "json"];
            let output = cluster.kubectl_with_input(args, yaml);
            assert!(output.status.success(), "{}", words(&output));
            let object: Value = serde_json::from_slice(&output.stdout).unwrap();
            object["metadata"].clone()
        };
        let first = apply();
        // The default of the status is shown from the first moment, but stored only by the next write of the object.
        assert_eq!(apply()["generation"], first["generation"], "{object}");
        cluster.must(["-n", &namespace, "patch", object, "--subresource=status", "--type=merge", "-p", report]);
        let reported = cluster.get(&namespace, object)["metadata"]["resourceVersion"].clone();
        assert_eq!(apply()["resourceVersion"], reported, "{object}");
        let diff = cluster.kubectl_with_input(["-n", &namespace, "diff", "--server-side", "-f", "-"], yaml);
        assert!(diff.status.success() && diff.stdout.is_empty(), "{}", words(&diff));
    }
}

#[test]
fn client_side_apply_leaves_no_difference() {
    let cluster = ControlPlane::shared();
    let namespace = namespace_with_objects("client");
    for yaml in [PROJECT, QUEUE, CONNECTION] {
        let diff = cluster.kubectl_with_input(["-n", &namespace, "diff", "-f", "-"], yaml);
        assert!(diff.status.success() && diff.stdout.is_empty(), "{}", words(&diff));
    }
}

#[test]
fn what_may_change_can_be_changed() {
    let cluster = ControlPlane::shared();
    let namespace = namespace_with_objects("change");
    let changes = [
        ("dliq/etl", json!({"managementPolicy": "Observe", "suspend": true, "deletionPolicy": "Retain"})),
        ("dliq/etl", json!({"managementPolicy": null, "suspend": null, "adoptionPolicy": "Always"})),
        ("dliq/etl", json!({"adoptionPolicy": null, "deletionPolicy": null, "resourceMode": 1, "chargingMode": 1})),
        ("dliq/etl", json!({"tags": [{"key": "stage", "value": "test"}, {"key": "team", "value": "data"}]})),
        ("dlic/warehouse", json!({"queues": [{"queueName": "bi"}, {"ref": {"name": "etl"}}], "hosts": []})),
        ("dlic/warehouse", json!({"queues": [], "hosts": null})),
        ("dlic/warehouse", json!({"queues": null})),
        ("dlip/default", json!({"projectId": "48cc2c48765f481480c7db940d6409d1"})),
    ];
    for (object, spec) in changes {
        let patch = json!({"spec": spec}).to_string();
        cluster.must(["-n", &namespace, "patch", object, "--type=merge", "-p", &patch]);
    }
}

#[test]
fn a_written_null_is_an_absent_field() {
    let cluster = ControlPlane::shared();
    let namespace = cluster.new_namespace("null");
    let yaml = "{apiVersion: dli.huaweicloud.com/v1alpha1, kind: DliQueue, metadata: {name: etl}, spec: {cuCount: 16, \
                queueName: null, description: null, tags: null, queueType: null, adoptionPolicy: null}}";
    for _ in 0..2 {
        let output = cluster.apply(&namespace, yaml);
        assert!(output.status.success(), "{}", words(&output));
    }
    let spec = cluster.get(&namespace, "dliq/etl")["spec"].clone();
    assert_eq!(spec, json!({"cuCount": 16, "queueType": "sql"}));
}

#[test]
fn the_largest_connection_is_accepted() {
    let cluster = ControlPlane::shared();
    let namespace = cluster.new_namespace("large");
    let name = |length: usize, number: usize| format!("{}{number:05}", "q".repeat(length - 5));
    let connection = json!({
        "apiVersion": "dli.huaweicloud.com/v1alpha1",
        "kind": "EnhancedConnection",
        "metadata": {"name": "large"},
        "spec": {
            "connectionName": "a".repeat(64),
            "destVpcId": "22094d8f-c310-4621-913d-4c4d655d8495",
            "destNetworkId": "78f2562a-36e4-4b39-95b9-f5aab22e1281",
            "queues": (0..100).map(|number| json!({"queueName": name(128, number)})).collect::<Vec<_>>(),
            "hosts": (0..2000).map(|number| json!({"name": name(128, number), "ip": "192.168.100.200"})).collect::<Vec<_>>(),
            "tags": (0..18).map(|number| json!({"key": name(128, number), "value": name(255, number)})).collect::<Vec<_>>(),
        },
    });
    let args = ["-n", &namespace, "apply", "--server-side", "-f", "-"];
    let output = cluster.kubectl_with_input(args, &connection.to_string());
    assert!(output.status.success(), "{}", words(&output));
    // A change is judged by the rules that compare old and new.
    cluster.must(["-n", &namespace, "patch", "dlic/large", "--type=merge", "-p", r#"{"spec":{"suspend":true}}"#]);
}

#[test]
fn samples_are_accepted() {
    let cluster = ControlPlane::shared();
    for entry in fs::read_dir(repository().join("deploy/samples")).unwrap() {
        let path = entry.unwrap().path();
        let namespace = cluster.new_namespace("sample");
        cluster.must(["-n", &namespace, "apply", "-f", path.to_str().unwrap()]);
    }
}

#[test]
fn definitions_install_by_folder_and_by_kustomization() {
    let cluster = ControlPlane::shared();
    let folder = repository().join("crds");
    for flag in ["-f", "-k"] {
        cluster.must(["apply", "--server-side", "--dry-run=server", flag, folder.to_str().unwrap()]);
    }
}

/// `kubectl auth can-i --list` of the operator, a right a line, without what every authenticated user may do.
fn rights(namespace: &str) -> BTreeSet<String> {
    let cluster = ControlPlane::shared();
    let list = |who: &[&str]| {
        let args = ["-n", namespace, "auth", "can-i", "--list"];
        table(&cluster.must(args.iter().chain(who))).into_iter().skip(1).collect::<BTreeSet<_>>()
    };
    let group = "--as-group=system:authenticated";
    let everyone = list(&["--as=somebody", group]);
    let operator = list(&["--as", SERVICE_ACCOUNT, group]);
    operator.difference(&everyone).cloned().collect()
}

#[test]
fn the_operator_may_do_what_it_needs_and_no_more() {
    let cluster = ControlPlane::shared();
    let anywhere = rights(&cluster.new_namespace("rights"));
    let own = rights(SYSTEM_NAMESPACE);
    let lines = |set: &BTreeSet<String>| set.iter().fold(String::new(), |text, line| text + line + "\n");
    let found = format!(
        "# In every namespace\n{}\n# In its own besides\n{}",
        lines(&anywhere),
        lines(&own.difference(&anywhere).cloned().collect())
    );
    let golden = repository().join("tests/golden/rights.txt");
    let expected = fs::read_to_string(golden).unwrap_or_default();
    assert!(found == expected, "tests/golden/rights.txt differs; should it, make it read:\n{found}");
}

#[test]
fn the_operator_is_refused_what_it_must_not_do() {
    let cluster = ControlPlane::shared();
    let namespace = cluster.new_namespace("refused");
    let config = cluster.service_account_kubeconfig();
    let may = |args: &[&str]| {
        let config = config.to_str().unwrap();
        let output = cluster.kubectl(["--kubeconfig", config, "-n", &namespace, "auth", "can-i"].iter().chain(args));
        String::from_utf8(output.stdout).unwrap().trim() == "yes"
    };
    for args in [
        &["get", "secret/dli-credentials"][..],
        &["watch", "secrets/dli-credentials"],
        &["patch", "dliqueues.dli.huaweicloud.com/etl"],
        &["update", "dliqueues.dli.huaweicloud.com/etl", "--subresource=status"],
        &["get", "namespace/kube-system"],
        &["get", "customresourcedefinitions.apiextensions.k8s.io/dliqueues.dli.huaweicloud.com"],
        &["create", "events.events.k8s.io"],
        &["create", "leases.coordination.k8s.io", "-n", SYSTEM_NAMESPACE],
    ] {
        assert!(may(args), "cannot {args:?}");
    }
    for args in [
        &["get", "secret/other"][..],
        &["list", "secrets"],
        &["create", "secrets"],
        &["create", "dliqueues.dli.huaweicloud.com"],
        &["update", "dliqueues.dli.huaweicloud.com/etl"],
        &["delete", "dliqueues.dli.huaweicloud.com/etl"],
        &["get", "namespace/default"],
        &["list", "namespaces"],
        &["patch", "customresourcedefinitions.apiextensions.k8s.io/dliqueues.dli.huaweicloud.com"],
        &["create", "leases.coordination.k8s.io"],
        &["get", "pods"],
        &["get", "configmaps"],
        &["impersonate", "users"],
        &["create", "clusterrolebindings.rbac.authorization.k8s.io"],
    ] {
        assert!(!may(args), "can {args:?}");
    }
}

#[test]
fn one_watch_sees_the_credentials_of_all_namespaces_and_no_other_secret() {
    let cluster = ControlPlane::shared();
    let namespace = cluster.new_namespace("credentials");
    for name in ["dli-credentials", "other"] {
        cluster.must(["-n", &namespace, "create", "secret", "generic", name, "--from-literal=accessKey=AK"]);
    }
    let config = cluster.service_account_kubeconfig();
    let list = |selector: &str| {
        let all = ["get", "secrets", "-A", "-o", "name", "--field-selector", selector];
        cluster.kubectl(["--kubeconfig", config.to_str().unwrap()].into_iter().chain(all))
    };
    assert!(words(&list("metadata.name=dli-credentials")).contains("secret/dli-credentials"));
    for selector in ["metadata.name=other", "type=Opaque", ""] {
        assert!(words(&list(selector)).contains("is forbidden"), "{selector}");
    }
}

#[test]
fn the_pod_is_as_restricted_as_its_namespace_asks() {
    let cluster = ControlPlane::shared();
    let namespace = cluster.get("default", &format!("namespace/{SYSTEM_NAMESPACE}"));
    assert_eq!(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted");
    // The API server judges a Pod, not a template: make one of it.
    let deployment = cluster.get(SYSTEM_NAMESPACE, "deployment/dli-operator");
    let mut pod = deployment["spec"]["template"].clone();
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"]["name"] = "trial".into();
    let args = ["-n", SYSTEM_NAMESPACE, "create", "--dry-run=server", "-f", "-"];
    let output = cluster.kubectl_with_input(args, &pod.to_string());
    assert!(output.status.success(), "{}", words(&output));
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    assert!(container["image"].as_str().unwrap().ends_with(concat!(":v", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn argo_cd_health_covers_every_kind() {
    let patch = fs::read_to_string(repository().join("deploy/argocd/argocd-cm-patch.yaml")).unwrap();
    let patch: Value = serde_saphyr::from_str(&patch).unwrap();
    let scripts = patch["data"].as_object().unwrap();
    let kinds: Vec<_> = scripts.keys().map(String::as_str).collect();
    assert_eq!(
        kinds,
        ["DliProject", "DliQueue", "EnhancedConnection"]
            .map(|kind| format!("resource.customizations.health.dli.huaweicloud.com_{kind}"))
    );
    assert!(scripts.values().all(|script| script == &scripts[kinds[0]]));
}
