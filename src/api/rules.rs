//! Patterns and CEL rules that several kinds share, and the messages with which the API server rejects violations.
//!
//! All rules are at `spec` or below, never at the root: the API server also evaluates a root rule on every write of
//! metadata and status. A root rule that becomes stricter later would prevent the removal of the finalizer.

use kube::core::{Message, Reason, Rule};

/// Name of a queue in the cloud: lower-case letters, digits and `_`; not starting with `_`; not digits alone.
pub(super) const QUEUE_NAME: &str = "^([a-z]|[0-9]+[a-z_])[a-z0-9_]*$";
/// Name of a connection in the cloud.
pub(super) const CONNECTION_NAME: &str = "^[A-Za-z0-9_]+$";
/// Name of a Kubernetes object.
pub(super) const OBJECT_NAME: &str = r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$";
/// Region id: it becomes part of a host name.
pub(super) const REGION: &str = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
/// Name of a cloud in the operator's configuration.
pub(super) const CLOUD: &str = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
/// Id of a VPC, a network or a route table.
pub(super) const UUID: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";
/// Project id.
pub(super) const PROJECT_ID: &str = "^[A-Za-z0-9]+$";
/// Enterprise project: `0` or a UUID.
pub(super) const ENTERPRISE_PROJECT_ID: &str = "^[A-Za-z0-9-]+$";
/// A word out of a set that the cloud may enlarge.
pub(super) const WORD: &str = "^[A-Za-z0-9_-]+$";
/// A label of the cloud.
pub(super) const LABEL: &str = "^[A-Za-z0-9_.-]+=[A-Za-z0-9_.-]+$";
/// Host name of a hosts entry.
pub(super) const HOST_NAME: &str = "^[A-Za-z][A-Za-z0-9_.-]*$";
/// Key of a tag: no space at either end.
pub(super) const TAG_KEY: &str = r"^[\p{L}\p{N}_.:+@-]([\p{L}\p{N} _.:+@-]*[\p{L}\p{N}_.:+@-])?$";
/// Value of a tag.
pub(super) const TAG_VALUE: &str = r"^[\p{L}\p{N} _.:+@-]*$";

fn rule(expression: impl Into<String>, message: impl Into<String>) -> Rule {
    Rule::new(expression).message(Message::Message(message.into()))
}

/// The value matches `pattern`; `message` says so in words.
pub(super) fn matches(pattern: &str, message: &str) -> Rule {
    rule(format!("self.matches(r'{pattern}')"), message)
}

/// Name of a queue in the cloud.
pub(super) fn queue_name() -> Rule {
    matches(
        QUEUE_NAME,
        "queueName must consist of lower-case letters, digits and `_`, must not start with `_` and must not be digits \
         alone. The cloud knows queues by lower-case names: write the name in lower case",
    )
}

/// Id that another service of the cloud assigned to `thing`.
pub(super) fn uuid(field: &str, thing: &str) -> Rule {
    matches(
        UUID,
        &format!(
            "{field} must be the id of the {thing}, a UUID in lower case such as 22094d8f-c310-4621-913d-4c4d655d8495, \
             not its name"
        ),
    )
}

/// Name of an object of the same namespace.
pub(super) fn object_name() -> Rule {
    matches(
        OBJECT_NAME,
        "name must be that of a Kubernetes object, not that of the resource in the cloud: lower-case letters, digits, \
         `-` and `.`",
    )
}

/// Labels of the cloud.
pub(super) fn labels() -> Rule {
    rule(
        format!("self.all(label, label.matches(r'{LABEL}'))"),
        "labels must each be written key=value, such as multi_az=2",
    )
}

/// Characters of a tag's key.
pub(super) fn tag_key() -> Rule {
    matches(
        TAG_KEY,
        "key must consist of letters, digits, spaces and `_ . : + - @`, without a space at either end: replace other \
         characters",
    )
}

/// Characters of a tag's value.
pub(super) fn tag_value() -> Rule {
    matches(TAG_VALUE, "value must consist of letters, digits, spaces and `_ . : + - @`: replace other characters")
}

/// An optional field of a spec that can neither be added nor changed nor removed.
pub(super) fn fixed(kind: &str, field: &str) -> Rule {
    rule(
        format!("has(self.{field}) == has(oldSelf.{field}) && (!has(self.{field}) || self.{field} == oldSelf.{field})"),
        format!(
            "{field} cannot be added, changed or removed after creation: undo the change, or delete this {kind} and create \
             it again"
        ),
    )
    .reason(Reason::FieldValueForbidden)
    .field_path(format!(".{field}"))
}

/// A required field of a spec that cannot be changed.
pub(super) fn fixed_required(kind: &str, field: &str) -> Rule {
    rule(
        format!("self.{field} == oldSelf.{field}"),
        format!("{field} cannot be changed after creation: undo the change, or delete this {kind} and create it again"),
    )
    .reason(Reason::FieldValueForbidden)
    .field_path(format!(".{field}"))
}

/// Adoption requires a decision about deletion.
pub(super) fn adoption_names_deletion() -> Rule {
    rule(
        "!has(self.adoptionPolicy) || self.adoptionPolicy == 'IfOwned' || has(self.deletionPolicy)",
        "deletionPolicy must be written beside adoptionPolicy IfUnowned or Always: write Retain to keep the resource \
         when this object is deleted, or Delete to delete it too",
    )
    .reason(Reason::FieldValueRequired)
    .field_path(".deletionPolicy")
}

/// Keys that the operator and the cloud reserve.
pub(super) fn tag_key_is_free() -> Rule {
    rule(
        "!self.startsWith('_sys_') && !self.startsWith('dli-operator-')",
        "key must not start with `_sys_` (kept by the cloud) or `dli-operator-` (kept by the operator): choose another \
         key",
    )
}

/// Exactly one way to name a queue.
pub(super) fn reference_or_name() -> Rule {
    rule(
        "has(self.ref) != has(self.queueName)",
        "exactly one of ref and queueName must be written: ref for a DliQueue of this namespace, queueName for any \
         other queue of the project",
    )
}

/// Size of a standalone queue.
pub(super) fn cu_count() -> Rule {
    rule(
        "self >= 16 && self % 16 == 0",
        "cuCount must be a multiple of 16 and at least 16: write 16, 32, 48, 64 and so on",
    )
}

/// A field value that only SQL queues support.
pub(super) fn sql_only(field: &str, value: &str) -> Rule {
    rule(
        format!("!has(self.{field}) || self.{field} != '{value}' || !has(self.queueType) || self.queueType == 'sql'"),
        format!("{field} {value} needs queueType sql: remove {field}, or write queueType sql"),
    )
    .reason(Reason::FieldValueForbidden)
    .field_path(format!(".{field}"))
}

/// The only charging mode that DLI offers at creation.
pub(super) fn charging_mode() -> Rule {
    rule("self == 1", "chargingMode must be 1, by the CU hour: write 1 or remove the field")
}

/// Dedicated queues only.
pub(super) fn resource_mode() -> Rule {
    rule(
        "self == 1",
        "resourceMode must be 1, dedicated, because a shared queue cannot be bound to a connection: write 1 or remove \
         the field",
    )
}

/// A project id may be set once.
pub(super) fn project_id_once() -> Rule {
    rule(
        "!has(oldSelf.projectId) || (has(self.projectId) && self.projectId == oldSelf.projectId)",
        "projectId cannot be changed or removed once it is set: undo the change, and create another DliProject for another \
         project",
    )
    .reason(Reason::FieldValueForbidden)
    .field_path(".projectId")
}

/// A project cannot move: the operator would lose track of its queues and connections.
pub(super) fn project_stays_required(field: &str) -> Rule {
    rule(
        format!("self.{field} == oldSelf.{field}"),
        format!("{field} cannot be changed: undo the change, and create another DliProject for another {field}"),
    )
    .reason(Reason::FieldValueForbidden)
    .field_path(format!(".{field}"))
}

/// As [`project_stays_required`], of an optional field.
pub(super) fn project_stays(field: &str) -> Rule {
    rule(
        format!("has(self.{field}) == has(oldSelf.{field}) && (!has(self.{field}) || self.{field} == oldSelf.{field})"),
        format!(
            "{field} cannot be added, changed or removed: undo the change, and create another DliProject for another {field}"
        ),
    )
    .reason(Reason::FieldValueForbidden)
    .field_path(format!(".{field}"))
}
