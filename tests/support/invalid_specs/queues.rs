//! Invalid specs of DliQueue.

use super::{Case, Given, NOT_CHECKED};

/// Invalid specs of DliQueue.
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
