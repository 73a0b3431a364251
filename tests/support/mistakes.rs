//! Mistakes that people make in YAML, and the answers that they get.

// Each test binary has a copy of this module and uses a part of it.
#![allow(dead_code)]

/// A mistake: what is written, and the lines of the answer.
pub struct Case {
    /// The mistake in words.
    pub title: &'static str,
    /// What is written.
    pub given: Given,
    /// What `kubectl apply` answers, of an object with the name `x`.
    pub answer: &'static [&'static str],
}

/// What is written.
pub enum Given {
    /// A new object with this spec.
    Spec(&'static str),
    /// A new object without a spec.
    Nothing,
    /// A new object of another API version, with this spec.
    Version(&'static str, &'static str),
    /// An object with the first spec, then the second.
    Change(&'static str, &'static str),
}

/// What the API server adds when a mistake keeps it from judging the rules.
pub const NOT_CHECKED: &str = "* <nil>: Invalid value: null: some validation rules were not checked because the object was \
                           invalid; correct the existing errors to complete validation";

/// Mistakes in a DliQueue.
#[rustfmt::skip]
pub const QUEUES: &[Case] = &[
    Case {
        title: "an unknown field",
        given: Given::Spec("{cuCount: 16, cucount: 32}"),
        answer: &[
            r#"Error from server (BadRequest): error when creating "STDIN": DliQueue in version "v1alpha1" cannot be handled as a DliQueue: strict decoding error: unknown field "spec.cucount""#,
        ],
    },
    Case {
        title: "a field of the REST API in its own spelling",
        given: Given::Spec("{cuCount: 16, queue_type: general}"),
        answer: &[
            r#"Error from server (BadRequest): error when creating "STDIN": DliQueue in version "v1alpha1" cannot be handled as a DliQueue: strict decoding error: unknown field "spec.queue_type""#,
        ],
    },
    Case {
        title: "a field that comes with a later version",
        given: Given::Spec("{cuCount: 16, elasticResourcePoolName: pool}"),
        answer: &[
            r#"Error from server (BadRequest): error when creating "STDIN": DliQueue in version "v1alpha1" cannot be handled as a DliQueue: strict decoding error: unknown field "spec.elasticResourcePoolName""#,
        ],
    },
    Case {
        title: "no spec at all",
        given: Given::Nothing,
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            "* spec: Required value",
            NOT_CHECKED,
        ],
    },
    Case {
        title: "no size",
        given: Given::Spec("{}"),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            "* spec.cuCount: Required value",
            NOT_CHECKED,
        ],
    },
    Case {
        title: "a size that is a string",
        given: Given::Spec(r#"{cuCount: "16"}"#),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            r#"* spec.cuCount: Invalid value: "string": spec.cuCount in body must be of type integer: "string""#,
            NOT_CHECKED,
        ],
    },
    Case {
        title: "a size with a unit",
        given: Given::Spec("{cuCount: 16CU}"),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            r#"* spec.cuCount: Invalid value: "string": spec.cuCount in body must be of type integer: "string""#,
            NOT_CHECKED,
        ],
    },
    Case {
        title: "a size of zero",
        given: Given::Spec("{cuCount: 0}"),
        answer: &[
            r#"The DliQueue "x" is invalid: spec.cuCount: Invalid value: 0: cuCount must be a multiple of 16 and at least 16: write 16, 32, 48, 64 and so on"#,
        ],
    },
    Case {
        title: "a negative size",
        given: Given::Spec("{cuCount: -16}"),
        answer: &[
            r#"The DliQueue "x" is invalid: spec.cuCount: Invalid value: -16: cuCount must be a multiple of 16 and at least 16: write 16, 32, 48, 64 and so on"#,
        ],
    },
    Case {
        title: "a size that is no multiple of 16",
        given: Given::Spec("{cuCount: 20}"),
        answer: &[
            r#"The DliQueue "x" is invalid: spec.cuCount: Invalid value: 20: cuCount must be a multiple of 16 and at least 16: write 16, 32, 48, 64 and so on"#,
        ],
    },
    Case {
        title: "an upper-case queue name",
        given: Given::Spec("{cuCount: 16, queueName: ETL}"),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            r#"* spec.queueName: Invalid value: "ETL": spec.queueName in body should match '^([a-z]|[0-9]+[a-z_])[a-z0-9_]*$'"#,
            r#"* spec.queueName: Invalid value: "ETL": queueName must consist of lower-case letters, digits and `_`, must not start with `_` and must not be digits alone. The cloud knows queues by lower-case names: write the name in lower case"#,
        ],
    },
    Case {
        title: "a queue name with a hyphen",
        given: Given::Spec("{cuCount: 16, queueName: my-queue}"),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            r#"* spec.queueName: Invalid value: "my-queue": spec.queueName in body should match '^([a-z]|[0-9]+[a-z_])[a-z0-9_]*$'"#,
            r#"* spec.queueName: Invalid value: "my-queue": queueName must consist of lower-case letters, digits and `_`, must not start with `_` and must not be digits alone. The cloud knows queues by lower-case names: write the name in lower case"#,
        ],
    },
    Case {
        title: "a queue name of digits",
        given: Given::Spec(r#"{cuCount: 16, queueName: "2024"}"#),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            r#"* spec.queueName: Invalid value: "2024": spec.queueName in body should match '^([a-z]|[0-9]+[a-z_])[a-z0-9_]*$'"#,
            r#"* spec.queueName: Invalid value: "2024": queueName must consist of lower-case letters, digits and `_`, must not start with `_` and must not be digits alone. The cloud knows queues by lower-case names: write the name in lower case"#,
        ],
    },
    Case {
        title: "a queue name that YAML reads as a number",
        given: Given::Spec("{cuCount: 16, queueName: 2024}"),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            r#"* spec.queueName: Invalid value: "integer": spec.queueName in body must be of type string: "integer""#,
            NOT_CHECKED,
        ],
    },
    Case {
        title: "a queue name that starts with `_`",
        given: Given::Spec("{cuCount: 16, queueName: _etl}"),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            r#"* spec.queueName: Invalid value: "_etl": spec.queueName in body should match '^([a-z]|[0-9]+[a-z_])[a-z0-9_]*$'"#,
            r#"* spec.queueName: Invalid value: "_etl": queueName must consist of lower-case letters, digits and `_`, must not start with `_` and must not be digits alone. The cloud knows queues by lower-case names: write the name in lower case"#,
        ],
    },
    Case {
        title: "an empty queue name",
        given: Given::Spec(r#"{cuCount: 16, queueName: ""}"#),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            r#"* spec.queueName: Invalid value: "": spec.queueName in body should be at least 1 chars long"#,
            r#"* spec.queueName: Invalid value: "": queueName must consist of lower-case letters, digits and `_`, must not start with `_` and must not be digits alone. The cloud knows queues by lower-case names: write the name in lower case"#,
        ],
    },
    Case {
        title: "a queue type that does not exist",
        given: Given::Spec("{cuCount: 16, queueType: spark}"),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            r#"* spec.queueType: Unsupported value: "spark": supported values: "sql", "general""#,
            NOT_CHECKED,
        ],
    },
    Case {
        title: "an enumeration in the wrong case",
        given: Given::Spec("{cuCount: 16, managementPolicy: observe}"),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            r#"* spec.managementPolicy: Unsupported value: "observe": supported values: "Full", "Report", "Observe""#,
            NOT_CHECKED,
        ],
    },
    Case {
        title: "a deletion policy that does not exist",
        given: Given::Spec("{cuCount: 16, deletionPolicy: Orphan}"),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            r#"* spec.deletionPolicy: Unsupported value: "Orphan": supported values: "Delete", "Retain""#,
            NOT_CHECKED,
        ],
    },
    Case {
        title: "a switch as text",
        given: Given::Spec(r#"{cuCount: 16, suspend: "yes"}"#),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            r#"* spec.suspend: Invalid value: "string": spec.suspend in body must be of type boolean: "string""#,
            NOT_CHECKED,
        ],
    },
    Case {
        title: "a shared queue",
        given: Given::Spec("{cuCount: 16, resourceMode: 0}"),
        answer: &[
            r#"The DliQueue "x" is invalid: spec.resourceMode: Invalid value: 0: resourceMode must be 1, dedicated, because a shared queue cannot be bound to a connection: write 1 or remove the field"#,
        ],
    },
    Case {
        title: "a yearly payment",
        given: Given::Spec("{cuCount: 16, chargingMode: 2}"),
        answer: &[
            r#"The DliQueue "x" is invalid: spec.chargingMode: Invalid value: 2: chargingMode must be 1, by the CU hour: write 1 or remove the field"#,
        ],
    },
    Case {
        title: "HetuEngine on a general queue",
        given: Given::Spec("{cuCount: 96, queueType: general, engine: hetuEngine}"),
        answer: &[
            r#"The DliQueue "x" is invalid: spec.engine: Forbidden: engine hetuEngine needs queueType sql: remove engine, or write queueType sql"#,
        ],
    },
    Case {
        title: "an AI queue that is general",
        given: Given::Spec("{cuCount: 16, queueType: general, feature: ai}"),
        answer: &[
            r#"The DliQueue "x" is invalid: spec.feature: Forbidden: feature ai needs queueType sql: remove feature, or write queueType sql"#,
        ],
    },
    Case {
        title: "adoption without a word about deletion",
        given: Given::Spec("{cuCount: 16, adoptionPolicy: IfUnowned}"),
        answer: &[
            r#"The DliQueue "x" is invalid: spec.deletionPolicy: Required value: deletionPolicy must be written beside adoptionPolicy IfUnowned or Always: write Retain to keep the resource when this object is deleted, or Delete to delete it too"#,
        ],
    },
    Case {
        title: "a tag key of the cloud",
        given: Given::Spec("{cuCount: 16, tags: [{key: _sys_enterprise, value: a}]}"),
        answer: &[
            r#"The DliQueue "x" is invalid: spec.tags[0].key: Invalid value: "_sys_enterprise": key must not start with `_sys_` (kept by the cloud) or `dli-operator-` (kept by the operator): choose another key"#,
        ],
    },
    Case {
        title: "a tag key of the operator",
        given: Given::Spec("{cuCount: 16, tags: [{key: dli-operator-owner, value: a}]}"),
        answer: &[
            r#"The DliQueue "x" is invalid: spec.tags[0].key: Invalid value: "dli-operator-owner": key must not start with `_sys_` (kept by the cloud) or `dli-operator-` (kept by the operator): choose another key"#,
        ],
    },
    Case {
        title: "a tag key twice",
        given: Given::Spec("{cuCount: 16, tags: [{key: team, value: a}, {key: team, value: b}]}"),
        answer: &[
            r#"The DliQueue "x" is invalid: spec.tags[1]: Duplicate value: {"key":"team"}"#,
        ],
    },
    Case {
        title: "a tag without a value",
        given: Given::Spec("{cuCount: 16, tags: [{key: team}]}"),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            "* spec.tags[0].value: Required value",
            NOT_CHECKED,
        ],
    },
    Case {
        title: "a tag key with a slash",
        given: Given::Spec("{cuCount: 16, tags: [{key: example.com/team, value: a}]}"),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            r#"* spec.tags[0].key: Invalid value: "example.com/team": spec.tags[0].key in body should match '^[\p{L}\p{N}_.:+@-]([\p{L}\p{N} _.:+@-]*[\p{L}\p{N}_.:+@-])?$'"#,
            r#"* spec.tags[0].key: Invalid value: "example.com/team": key must consist of letters, digits, spaces and `_ . : + - @`, without a space at either end: replace other characters"#,
        ],
    },
    Case {
        title: "a tag value with a slash",
        given: Given::Spec("{cuCount: 16, tags: [{key: site, value: https://example.com}]}"),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            r#"* spec.tags[0].value: Invalid value: "https://example.com": spec.tags[0].value in body should match '^[\p{L}\p{N} _.:+@-]*$'"#,
            r#"* spec.tags[0].value: Invalid value: "https://example.com": value must consist of letters, digits, spaces and `_ . : + - @`: replace other characters"#,
        ],
    },
    Case {
        title: "tags as a map",
        given: Given::Spec("{cuCount: 16, tags: {team: a}}"),
        answer: &[
            r#"Error from server (BadRequest): error when creating "STDIN": DliQueue in version "v1alpha1" cannot be handled as a DliQueue: strict decoding error: unknown field "spec.tags.team""#,
        ],
    },
    Case {
        title: "too many tags",
        given: Given::Spec("{cuCount: 16, tags: [{key: k0, value: v}, {key: k1, value: v}, {key: k2, value: v}, {key: k3, value: v}, {key: k4, value: v}, {key: k5, value: v}, {key: k6, value: v}, {key: k7, value: v}, {key: k8, value: v}, {key: k9, value: v}, {key: k10, value: v}, {key: k11, value: v}, {key: k12, value: v}, {key: k13, value: v}, {key: k14, value: v}, {key: k15, value: v}, {key: k16, value: v}, {key: k17, value: v}, {key: k18, value: v}]}"),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            "* spec.tags: Too many: 19: must have at most 18 items",
            NOT_CHECKED,
        ],
    },
    Case {
        title: "a description that is too long",
        given: Given::Spec(r#"{cuCount: 16, description: "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"}"#),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            "* spec.description: Too long: may not be more than 256 bytes",
            NOT_CHECKED,
        ],
    },
    Case {
        title: "a property that YAML reads as a boolean",
        given: Given::Spec("{cuCount: 16, properties: {computeEngine.spark.nativeEnabled: true}}"),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            r#"* spec.properties.computeEngine.spark.nativeEnabled: Invalid value: "boolean": spec.properties.computeEngine.spark.nativeEnabled in body must be of type string: "boolean""#,
            NOT_CHECKED,
        ],
    },
    Case {
        title: "a label without a value",
        given: Given::Spec("{cuCount: 16, labels: [multi_az]}"),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            r#"* spec.labels[0]: Invalid value: "multi_az": spec.labels[0] in body should match '^[A-Za-z0-9_.-]+=[A-Za-z0-9_.-]+$'"#,
            "* spec.labels: Invalid value: labels must each be written key=value, such as multi_az=2",
        ],
    },
    Case {
        title: "a project reference that is a string",
        given: Given::Spec("{cuCount: 16, projectRef: default}"),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            r#"* spec.projectRef: Invalid value: "string": spec.projectRef in body must be of type object: "string""#,
            NOT_CHECKED,
        ],
    },
    Case {
        title: "a project reference with the name of a project in the cloud",
        given: Given::Spec("{cuCount: 16, projectRef: {name: ap-southeast-3_dev}}"),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            r#"* spec.projectRef.name: Invalid value: "ap-southeast-3_dev": spec.projectRef.name in body should match '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$'"#,
            r#"* spec.projectRef.name: Invalid value: "ap-southeast-3_dev": name must be that of a Kubernetes object, not that of the resource in the cloud: lower-case letters, digits, `-` and `.`"#,
        ],
    },
    Case {
        title: "a wrong API version",
        given: Given::Version("v1", "{cuCount: 16}"),
        answer: &[
            r#"error: resource mapping not found for name: "x" namespace: "" from "STDIN": no matches for kind "DliQueue" in version "dli.huaweicloud.com/v1""#,
            "ensure CRDs are installed first",
        ],
    },
    Case {
        title: "a changed size",
        given: Given::Change("{cuCount: 16}", "{cuCount: 32}"),
        answer: &[
            r#"The DliQueue "x" is invalid: spec.cuCount: Forbidden: cuCount cannot be changed after creation: undo the change, or delete this DliQueue and create it again"#,
        ],
    },
    Case {
        title: "a changed name",
        given: Given::Change("{cuCount: 16, queueName: a}", "{cuCount: 16, queueName: b}"),
        answer: &[
            r#"The DliQueue "x" is invalid: spec.queueName: Forbidden: queueName cannot be added, changed or removed after creation: undo the change, or delete this DliQueue and create it again"#,
        ],
    },
    Case {
        title: "an added name",
        given: Given::Change("{cuCount: 16}", "{cuCount: 16, queueName: b}"),
        answer: &[
            r#"The DliQueue "x" is invalid: spec.queueName: Forbidden: queueName cannot be added, changed or removed after creation: undo the change, or delete this DliQueue and create it again"#,
        ],
    },
    Case {
        title: "a removed description",
        given: Given::Change("{cuCount: 16, description: a}", "{cuCount: 16}"),
        answer: &[
            r#"The DliQueue "x" is invalid: spec.description: Forbidden: description cannot be added, changed or removed after creation: undo the change, or delete this DliQueue and create it again"#,
        ],
    },
    Case {
        title: "a changed type",
        given: Given::Change("{cuCount: 16}", "{cuCount: 16, queueType: general}"),
        answer: &[
            r#"The DliQueue "x" is invalid: spec.queueType: Forbidden: queueType cannot be added, changed or removed after creation: undo the change, or delete this DliQueue and create it again"#,
        ],
    },
    Case {
        title: "a changed project",
        given: Given::Change("{cuCount: 16}", "{cuCount: 16, projectRef: {name: other}}"),
        answer: &[
            r#"The DliQueue "x" is invalid: spec.projectRef: Forbidden: projectRef cannot be added, changed or removed after creation: undo the change, or delete this DliQueue and create it again"#,
        ],
    },
    Case {
        title: "a changed tag",
        given: Given::Change("{cuCount: 16, tags: [{key: team, value: a}]}", "{cuCount: 16, tags: [{key: team, value: b}]}"),
        answer: &[
            r#"The DliQueue "x" is invalid: spec.tags: Forbidden: tags cannot be added, changed or removed after creation: undo the change, or delete this DliQueue and create it again"#,
        ],
    },
    Case {
        title: "changed properties, labels, engine, feature, platform and enterprise project",
        given: Given::Change("{cuCount: 16}", r#"{cuCount: 16, properties: {a: b}, labels: [multi_az=2], engine: spark, feature: basic, platform: aarch64, enterpriseProjectId: "0"}"#),
        answer: &[
            r#"The DliQueue "x" is invalid:"#,
            "* spec.enterpriseProjectId: Forbidden: enterpriseProjectId cannot be added, changed or removed after creation: undo the change, or delete this DliQueue and create it again",
            "* spec.platform: Forbidden: platform cannot be added, changed or removed after creation: undo the change, or delete this DliQueue and create it again",
            "* spec.feature: Forbidden: feature cannot be added, changed or removed after creation: undo the change, or delete this DliQueue and create it again",
            "* spec.labels: Forbidden: labels cannot be added, changed or removed after creation: undo the change, or delete this DliQueue and create it again",
            "* spec.engine: Forbidden: engine cannot be added, changed or removed after creation: undo the change, or delete this DliQueue and create it again",
            "* spec.properties: Forbidden: properties cannot be added, changed or removed after creation: undo the change, or delete this DliQueue and create it again",
        ],
    },
];

/// Mistakes in a EnhancedConnection.
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

/// Mistakes in a DliProject.
#[rustfmt::skip]
pub const PROJECTS: &[Case] = &[
    Case {
        title: "no region",
        given: Given::Spec("{}"),
        answer: &[
            r#"The DliProject "x" is invalid:"#,
            "* spec.region: Required value",
            NOT_CHECKED,
        ],
    },
    Case {
        title: "a display name as region",
        given: Given::Spec("{region: AP-Singapore}"),
        answer: &[
            r#"The DliProject "x" is invalid:"#,
            r#"* spec.region: Invalid value: "AP-Singapore": spec.region in body should match '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'"#,
            r#"* spec.region: Invalid value: "AP-Singapore": region must be a region id such as ap-southeast-3: lower-case letters, digits and hyphens, not a display name"#,
        ],
    },
    Case {
        title: "the host of an end point as region",
        given: Given::Spec("{region: dli.ap-southeast-3.myhuaweicloud.com}"),
        answer: &[
            r#"The DliProject "x" is invalid:"#,
            r#"* spec.region: Invalid value: "dli.ap-southeast-3.myhuaweicloud.com": spec.region in body should match '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'"#,
            r#"* spec.region: Invalid value: "dli.ap-southeast-3.myhuaweicloud.com": region must be a region id such as ap-southeast-3: lower-case letters, digits and hyphens, not a display name"#,
        ],
    },
    Case {
        title: "an end point",
        given: Given::Spec(r#"{region: ap-southeast-3, endpoint: "https://dli.example.com"}"#),
        answer: &[
            r#"Error from server (BadRequest): error when creating "STDIN": DliProject in version "v1alpha1" cannot be handled as a DliProject: strict decoding error: unknown field "spec.endpoint""#,
        ],
    },
    Case {
        title: "the address of a cloud as its name",
        given: Given::Spec(r#"{region: ap-southeast-3, cloud: "https://myhuaweicloud.com"}"#),
        answer: &[
            r#"The DliProject "x" is invalid:"#,
            r#"* spec.cloud: Invalid value: "https://myhuaweicloud.com": spec.cloud in body should match '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'"#,
            r#"* spec.cloud: Invalid value: "https://myhuaweicloud.com": cloud must be the name of a cloud in the operator's configuration: lower-case letters, digits and hyphens"#,
        ],
    },
    Case {
        title: "a credential",
        given: Given::Spec("{region: ap-southeast-3, accessKey: AK}"),
        answer: &[
            r#"Error from server (BadRequest): error when creating "STDIN": DliProject in version "v1alpha1" cannot be handled as a DliProject: strict decoding error: unknown field "spec.accessKey""#,
        ],
    },
    Case {
        title: "the name of a project as its id",
        given: Given::Spec("{region: ap-southeast-3, projectId: ap-southeast-3}"),
        answer: &[
            r#"The DliProject "x" is invalid:"#,
            r#"* spec.projectId: Invalid value: "ap-southeast-3": spec.projectId in body should match '^[A-Za-z0-9]+$'"#,
            r#"* spec.projectId: Invalid value: "ap-southeast-3": projectId must be the id of the project, letters and digits such as 48cc2c48765f481480c7db940d6409d1, not its name"#,
        ],
    },
    Case {
        title: "a changed region",
        given: Given::Change("{region: ap-southeast-3}", "{region: ap-southeast-2}"),
        answer: &[
            r#"The DliProject "x" is invalid: spec.region: Forbidden: region cannot be changed: undo the change, and create another DliProject for another region"#,
        ],
    },
    Case {
        title: "an added cloud",
        given: Given::Change("{region: ap-southeast-3}", "{region: ap-southeast-3, cloud: huaweicloud}"),
        answer: &[
            r#"The DliProject "x" is invalid: spec.cloud: Forbidden: cloud cannot be added, changed or removed: undo the change, and create another DliProject for another cloud"#,
        ],
    },
    Case {
        title: "a changed cloud",
        given: Given::Change("{region: ap-southeast-3, cloud: a}", "{region: ap-southeast-3, cloud: b}"),
        answer: &[
            r#"The DliProject "x" is invalid: spec.cloud: Forbidden: cloud cannot be added, changed or removed: undo the change, and create another DliProject for another cloud"#,
        ],
    },
    Case {
        title: "a changed project id",
        given: Given::Change(r#"{region: ap-southeast-3, projectId: "1"}"#, r#"{region: ap-southeast-3, projectId: "2"}"#),
        answer: &[
            r#"The DliProject "x" is invalid: spec.projectId: Forbidden: projectId cannot be changed or removed once it is set: undo the change, and create another DliProject for another project"#,
        ],
    },
    Case {
        title: "a removed project id",
        given: Given::Change(r#"{region: ap-southeast-3, projectId: "1"}"#, "{region: ap-southeast-3}"),
        answer: &[
            r#"The DliProject "x" is invalid: spec.projectId: Forbidden: projectId cannot be changed or removed once it is set: undo the change, and create another DliProject for another project"#,
        ],
    },
];
