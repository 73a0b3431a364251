//! Invalid specs of EnhancedConnection.

use super::{Case, Given, NOT_CHECKED};

/// Invalid specs of EnhancedConnection.
#[rustfmt::skip]
pub const CONNECTIONS: &[Case] = &[
    Case {
        title: "no VPC",
        given: Given::Spec("{destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281}"),
        answer: &[
            r#"The EnhancedConnection "x" is invalid:"#,
            "* spec.destVpcId: Required value",
            NOT_CHECKED,
        ],
    },
    Case {
        title: "the name of a VPC instead of its id",
        given: Given::Spec("{destVpcId: vpc-default, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281}"),
        answer: &[
            r#"The EnhancedConnection "x" is invalid:"#,
            r#"* spec.destVpcId: Invalid value: "vpc-default": spec.destVpcId in body should match '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'"#,
            r#"* spec.destVpcId: Invalid value: "vpc-default": destVpcId must be the id of the VPC, a UUID in lower case such as 22094d8f-c310-4621-913d-4c4d655d8495, not its name"#,
        ],
    },
    Case {
        title: "a network id without its hyphens",
        given: Given::Spec("{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a36e44b3995b9f5aab22e1281}"),
        answer: &[
            r#"The EnhancedConnection "x" is invalid:"#,
            r#"* spec.destNetworkId: Invalid value: "78f2562a36e44b3995b9f5aab22e1281": spec.destNetworkId in body should match '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'"#,
            r#"* spec.destNetworkId: Invalid value: "78f2562a36e44b3995b9f5aab22e1281": destNetworkId must be the id of the network, a UUID in lower case such as 22094d8f-c310-4621-913d-4c4d655d8495, not its name"#,
        ],
    },
    Case {
        title: "the name of a route table",
        given: Given::Spec("{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281, routeTableId: rtb-default}"),
        answer: &[
            r#"The EnhancedConnection "x" is invalid:"#,
            r#"* spec.routeTableId: Invalid value: "rtb-default": spec.routeTableId in body should match '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'"#,
            r#"* spec.routeTableId: Invalid value: "rtb-default": routeTableId must be the id of the route table, a UUID in lower case such as 22094d8f-c310-4621-913d-4c4d655d8495, not its name"#,
        ],
    },
    Case {
        title: "tags that cannot be",
        given: Given::Spec(r#"{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281, tags: [{key: _sys_a, value: b}, {key: "a ", value: "b=c"}]}"#),
        answer: &[
            r#"The EnhancedConnection "x" is invalid:"#,
            r#"* spec.tags[1].value: Invalid value: "b=c": spec.tags[1].value in body should match '^[\p{L}\p{N} _.:+@-]*$'"#,
            r#"* spec.tags[1].key: Invalid value: "a ": spec.tags[1].key in body should match '^[\p{L}\p{N}_.:+@-]([\p{L}\p{N} _.:+@-]*[\p{L}\p{N}_.:+@-])?$'"#,
            r#"* spec.tags[0].key: Invalid value: "_sys_a": key must not start with `_sys_` (kept by the cloud) or `dli-operator-` (kept by the operator): choose another key"#,
            r#"* spec.tags[1].key: Invalid value: "a ": key must consist of letters, digits, spaces and `_ . : + - @`, without a space at either end: replace other characters"#,
            r#"* spec.tags[1].value: Invalid value: "b=c": value must consist of letters, digits, spaces and `_ . : + - @`: replace other characters"#,
        ],
    },
    Case {
        title: "a connection name with a hyphen",
        given: Given::Spec("{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281, connectionName: my-connection}"),
        answer: &[
            r#"The EnhancedConnection "x" is invalid:"#,
            r#"* spec.connectionName: Invalid value: "my-connection": spec.connectionName in body should match '^[A-Za-z0-9_]+$'"#,
            r#"* spec.connectionName: Invalid value: "my-connection": connectionName must consist of letters, digits and `_`: write `_` in place of other characters"#,
        ],
    },
    Case {
        title: "a connection name that is too long",
        given: Given::Spec("{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281, connectionName: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}"),
        answer: &[
            r#"The EnhancedConnection "x" is invalid:"#,
            "* spec.connectionName: Too long: may not be more than 64 bytes",
            NOT_CHECKED,
        ],
    },
    Case {
        title: "a queue by reference and by name",
        given: Given::Spec("{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281, queues: [{ref: {name: q1}, queueName: q1}]}"),
        answer: &[
            r#"The EnhancedConnection "x" is invalid: spec.queues[0]: Invalid value: exactly one of ref and queueName must be written: ref for a DliQueue of this namespace, queueName for any other queue of the project"#,
        ],
    },
    Case {
        title: "a queue that is neither",
        given: Given::Spec("{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281, queues: [{}]}"),
        answer: &[
            r#"The EnhancedConnection "x" is invalid: spec.queues[0]: Invalid value: exactly one of ref and queueName must be written: ref for a DliQueue of this namespace, queueName for any other queue of the project"#,
        ],
    },
    Case {
        title: "queues as in the REST API",
        given: Given::Spec("{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281, queues: [q1, q2]}"),
        answer: &[
            r#"The EnhancedConnection "x" is invalid:"#,
            r#"* spec.queues[0]: Invalid value: "string": spec.queues[0] in body must be of type object: "string""#,
            r#"* spec.queues[1]: Invalid value: "string": spec.queues[1] in body must be of type object: "string""#,
            NOT_CHECKED,
        ],
    },
    Case {
        title: "a reference with the name of the queue in the cloud",
        given: Given::Spec("{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281, queues: [{ref: {name: my_queue}}]}"),
        answer: &[
            r#"The EnhancedConnection "x" is invalid:"#,
            r#"* spec.queues[0].ref.name: Invalid value: "my_queue": spec.queues[0].ref.name in body should match '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$'"#,
            r#"* spec.queues[0].ref.name: Invalid value: "my_queue": name must be that of a Kubernetes object, not that of the resource in the cloud: lower-case letters, digits, `-` and `.`"#,
        ],
    },
    Case {
        title: "an upper-case queue name",
        given: Given::Spec("{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281, queues: [{queueName: Q1}]}"),
        answer: &[
            r#"The EnhancedConnection "x" is invalid:"#,
            r#"* spec.queues[0].queueName: Invalid value: "Q1": spec.queues[0].queueName in body should match '^([a-z]|[0-9]+[a-z_])[a-z0-9_]*$'"#,
            r#"* spec.queues[0].queueName: Invalid value: "Q1": queueName must consist of lower-case letters, digits and `_`, must not start with `_` and must not be digits alone. The cloud knows queues by lower-case names: write the name in lower case"#,
        ],
    },
    Case {
        title: "too many queues",
        given: Given::Spec("{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281, queues: [{queueName: q0}, {queueName: q1}, {queueName: q2}, {queueName: q3}, {queueName: q4}, {queueName: q5}, {queueName: q6}, {queueName: q7}, {queueName: q8}, {queueName: q9}, {queueName: q10}, {queueName: q11}, {queueName: q12}, {queueName: q13}, {queueName: q14}, {queueName: q15}, {queueName: q16}, {queueName: q17}, {queueName: q18}, {queueName: q19}, {queueName: q20}, {queueName: q21}, {queueName: q22}, {queueName: q23}, {queueName: q24}, {queueName: q25}, {queueName: q26}, {queueName: q27}, {queueName: q28}, {queueName: q29}, {queueName: q30}, {queueName: q31}, {queueName: q32}, {queueName: q33}, {queueName: q34}, {queueName: q35}, {queueName: q36}, {queueName: q37}, {queueName: q38}, {queueName: q39}, {queueName: q40}, {queueName: q41}, {queueName: q42}, {queueName: q43}, {queueName: q44}, {queueName: q45}, {queueName: q46}, {queueName: q47}, {queueName: q48}, {queueName: q49}, {queueName: q50}, {queueName: q51}, {queueName: q52}, {queueName: q53}, {queueName: q54}, {queueName: q55}, {queueName: q56}, {queueName: q57}, {queueName: q58}, {queueName: q59}, {queueName: q60}, {queueName: q61}, {queueName: q62}, {queueName: q63}, {queueName: q64}, {queueName: q65}, {queueName: q66}, {queueName: q67}, {queueName: q68}, {queueName: q69}, {queueName: q70}, {queueName: q71}, {queueName: q72}, {queueName: q73}, {queueName: q74}, {queueName: q75}, {queueName: q76}, {queueName: q77}, {queueName: q78}, {queueName: q79}, {queueName: q80}, {queueName: q81}, {queueName: q82}, {queueName: q83}, {queueName: q84}, {queueName: q85}, {queueName: q86}, {queueName: q87}, {queueName: q88}, {queueName: q89}, {queueName: q90}, {queueName: q91}, {queueName: q92}, {queueName: q93}, {queueName: q94}, {queueName: q95}, {queueName: q96}, {queueName: q97}, {queueName: q98}, {queueName: q99}, {queueName: q100}]}"),
        answer: &[
            r#"The EnhancedConnection "x" is invalid:"#,
            "* spec.queues: Too many: 101: must have at most 100 items",
            NOT_CHECKED,
        ],
    },
    Case {
        title: "an address that is none",
        given: Given::Spec("{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281, hosts: [{name: a, ip: 192.168.0.300}]}"),
        answer: &[
            r#"The EnhancedConnection "x" is invalid:"#,
            r#"* spec.hosts[0].ip: Invalid value: "192.168.0.300": spec.hosts[0].ip in body must be of type ipv4: "192.168.0.300""#,
            NOT_CHECKED,
        ],
    },
    Case {
        title: "an IPv6 address",
        given: Given::Spec(r#"{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281, hosts: [{name: a, ip: "::1"}]}"#),
        answer: &[
            r#"The EnhancedConnection "x" is invalid:"#,
            r#"* spec.hosts[0].ip: Invalid value: "::1": spec.hosts[0].ip in body must be of type ipv4: "::1""#,
            NOT_CHECKED,
        ],
    },
    Case {
        title: "a host name that starts with a digit",
        given: Given::Spec("{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281, hosts: [{name: 1a, ip: 192.168.0.1}]}"),
        answer: &[
            r#"The EnhancedConnection "x" is invalid: spec.hosts[0].name: Invalid value: "1a": spec.hosts[0].name in body should match '^[A-Za-z][A-Za-z0-9_.-]*$'"#,
        ],
    },
    Case {
        title: "a host without an address",
        given: Given::Spec("{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281, hosts: [{name: a}]}"),
        answer: &[
            r#"The EnhancedConnection "x" is invalid:"#,
            "* spec.hosts[0].ip: Required value",
            NOT_CHECKED,
        ],
    },
    Case {
        title: "a field that comes with a later version",
        given: Given::Spec("{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281, routes: []}"),
        answer: &[
            r#"Error from server (BadRequest): error when creating "STDIN": EnhancedConnection in version "v1alpha1" cannot be handled as a EnhancedConnection: strict decoding error: unknown field "spec.routes""#,
        ],
    },
    Case {
        title: "adoption without a word about deletion",
        given: Given::Spec("{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281, adoptionPolicy: Always}"),
        answer: &[
            r#"The EnhancedConnection "x" is invalid: spec.deletionPolicy: Required value: deletionPolicy must be written beside adoptionPolicy IfUnowned or Always: write Retain to keep the resource when this object is deleted, or Delete to delete it too"#,
        ],
    },
    Case {
        title: "a changed VPC and network",
        given: Given::Change("{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281}", "{destVpcId: 78f2562a-36e4-4b39-95b9-f5aab22e1281, destNetworkId: 22094d8f-c310-4621-913d-4c4d655d8495}"),
        answer: &[
            r#"The EnhancedConnection "x" is invalid:"#,
            "* spec.destVpcId: Forbidden: destVpcId cannot be changed after creation: undo the change, or delete this EnhancedConnection and create it again",
            "* spec.destNetworkId: Forbidden: destNetworkId cannot be changed after creation: undo the change, or delete this EnhancedConnection and create it again",
        ],
    },
    Case {
        title: "a changed name",
        given: Given::Change("{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281, connectionName: a}", "{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281, connectionName: b}"),
        answer: &[
            r#"The EnhancedConnection "x" is invalid: spec.connectionName: Forbidden: connectionName cannot be added, changed or removed after creation: undo the change, or delete this EnhancedConnection and create it again"#,
        ],
    },
    Case {
        title: "an added route table, tag and project",
        given: Given::Change("{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281}", "{destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: 78f2562a-36e4-4b39-95b9-f5aab22e1281, routeTableId: 22094d8f-c310-4621-913d-4c4d655d8495, tags: [{key: a, value: b}], projectRef: {name: default}}"),
        answer: &[
            r#"The EnhancedConnection "x" is invalid:"#,
            "* spec.projectRef: Forbidden: projectRef cannot be added, changed or removed after creation: undo the change, or delete this EnhancedConnection and create it again",
            "* spec.routeTableId: Forbidden: routeTableId cannot be added, changed or removed after creation: undo the change, or delete this EnhancedConnection and create it again",
            "* spec.tags: Forbidden: tags cannot be added, changed or removed after creation: undo the change, or delete this EnhancedConnection and create it again",
        ],
    },
];
