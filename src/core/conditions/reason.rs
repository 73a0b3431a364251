//! Why a condition is as it is: every reason, with its meaning and the remedy.

/// A row of the table of reasons, which `docs/reasons.md` is written from.
#[derive(Clone, Copy, Debug)]
pub struct ReasonEntry {
    /// The reason.
    pub reason: Reason,
    /// As Kubernetes shows it.
    pub name: &'static str,
    /// Types of the conditions that carry it, or `event`.
    pub types: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What the user can do.
    pub remedy: &'static str,
}

/// Makes the enum and the table from one list, so that neither can lack a row.
macro_rules! reasons {
    ($($name:ident: $types:literal, $meaning:literal, $remedy:literal;)*) => {
        /// A reason of a condition or an event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Reason {
            $(#[doc = $meaning] $name,)*
        }

        impl Reason {
            /// Every reason, in the order of the documentation.
            pub const ALL: &'static [ReasonEntry] = &[
                $(ReasonEntry {
                    reason: Self::$name,
                    name: stringify!($name),
                    types: $types,
                    meaning: $meaning,
                    remedy: $remedy,
                },)*
            ];

            /// The reason as Kubernetes shows it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

reasons! {
    Available: "Ready",
        "The resource is usable.",
        "Nothing.";
    InSync: "Synced",
        "The cloud has what the spec asks for.",
        "Nothing.";
    Pending: "Ready, Synced",
        "The object has not been reconciled yet, or the cloud does not have all that the spec asks for yet.",
        "Wait; `Ready` says what for.";
    Suspended: "Synced",
        "`spec.suspend` is true. The operator leaves the object alone.",
        "Set `spec.suspend` to false to go on.";
    InvalidName: "Ready, Stalled",
        "The cloud does not allow the name that results from the object name.",
        "Create the object again with the name field of its spec set.";
    IntentUnreadable: "Ready, Stalled, Reconciling",
        "A newer version of the operator wrote the intent annotation.",
        "Run that version.";
    WaitingForDependency: "Ready, Reconciling",
        "Another object has to be there, ready or gone first. The message names it.",
        "Create or repair that object.";
    ObservationStale: "Synced",
        "The project has not been usable for ten minutes. The other conditions are from before that.",
        "Repair the DliProject; its conditions say why.";
    ProjectChanged: "Ready, Synced, Stalled",
        "The DliProject now means another project or region than the one that holds the resource.",
        "Point the DliProject back, or delete the object with `deletionPolicy: Retain` and create it again.";
    NameConflict: "Ready, Stalled, Reconciling",
        "The name is taken by a resource of another owner, or by another object of this cluster.",
        "Choose another name, or set `adoptionPolicy`.";
    NotOwned: "Synced",
        "The resource is not owned by this object, so it is left alone.",
        "See `Ready`.";
    ImmutableMismatch: "Ready, Stalled",
        "A resource that is to be adopted differs in a field that cannot be changed.",
        "Make the spec say what the resource is.";
    OwnershipLost: "Ready, Stalled",
        "The resource no longer carries the owner tag of this object, or was replaced by another one.",
        "Delete the object, or create it again with an `adoptionPolicy`.";
    Creating: "Ready, Reconciling",
        "The resource was created. Its state is read next.",
        "Wait.";
    CreateUnconfirmed: "Ready, Synced, Reconciling",
        "The response to the create request was lost. The operator finds out whether it took effect.",
        "Wait until the time in the message.";
    Allocating: "Ready, Reconciling",
        "The queue exists, and the cloud is allocating it.",
        "Wait; it takes 4 to 15 minutes.";
    PeeringCreating: "Ready, Reconciling",
        "Peering entries of the connection are being created.",
        "Wait.";
    PeeringFailed: "Ready, Stalled",
        "A peering entry is FAILED. The cloud cannot unbind it.",
        "Fix the VPC, then delete and re-create the object.";
    BindRefused: "Ready, Stalled",
        "The cloud refuses to bind or unbind a queue.",
        "Correct `spec.queues`.";
    BindFailed: "Synced",
        "A binding failed or was refused.",
        "See `Ready`.";
    NotBound: "Ready",
        "A queue is not bound, and `managementPolicy` does not let the operator bind it.",
        "Bind it in the console, or set `managementPolicy: Full`.";
    NotActive: "Ready",
        "The cloud says that the connection is not ACTIVE.",
        "Look at the connection in the console.";
    Updating: "Ready, Reconciling",
        "A change of the spec is being carried out, or a request without an answer may still be in flight.",
        "Wait.";
    CorrectingDrift: "Ready, Reconciling",
        "The cloud differs from the spec, and the operator is correcting it.",
        "Wait.";
    Drifted: "Synced",
        "The cloud differs from the spec. `status.drift` lists the fields.",
        "Change the spec or the cloud, or set `managementPolicy: Full`.";
    RemoteMissing: "Ready, Synced, Reconciling",
        "The resource no longer exists in the cloud.",
        "Wait until it is re-created, or read what the policy in the message says.";
    ConfirmingAbsence: "Reconciling",
        "Something is looked for once more before the operator acts on its absence.",
        "Wait.";
    ConfirmingOwnership: "Reconciling",
        "The resource does not show the owner tag of this object. It is looked at again.",
        "Wait.";
    Deleting: "Ready, Synced",
        "The object is being deleted.",
        "Wait; `Reconciling` says what for.";
    DeletionRefused: "Reconciling",
        "The cloud refuses to delete the resource.",
        "Do what the message says, or set `deletionPolicy: Retain`.";
    QuotaExceeded: "Ready, Stalled",
        "A quota of the project is used up.",
        "Raise the quota, or delete something.";
    AccessDenied: "Ready, Stalled",
        "The credentials lack a right.",
        "Grant the right that the message names.";
    Unsupported: "Ready, Synced, Stalled",
        "The region does not offer the operation.",
        "Use another region, or remove the field.";
    Refused: "Ready, Stalled",
        "The cloud refuses the request.",
        "Correct the spec.";
    CloudError: "Ready, Reconciling",
        "A request failed, and is retried.",
        "Wait; if it goes on, read the message.";
    CloudUnreachable: "Ready, Reconciling",
        "The endpoint does not answer.",
        "Check `spec.region`, `spec.cloud` and the network.";
    UnexpectedAnswer: "Ready, Reconciling",
        "The answers are not DLI's.",
        "Check the endpoint in the operator's configuration.";
    CredentialsMissing: "Ready, Stalled, Reconciling",
        "The Secret `dli-credentials` does not exist in the namespace.",
        "Create it.";
    CredentialsInvalid: "Ready, Stalled, Reconciling",
        "The Secret is malformed, or the cloud refuses the credentials.",
        "Correct the Secret.";
    ProjectAmbiguous: "Ready, Stalled",
        "IAM lists several projects for the region.",
        "Set `spec.projectId`.";
    ProjectNotFound: "Ready, Stalled",
        "IAM lists no project for the region.",
        "Check `spec.region`, or set `spec.projectId`.";
    MassAbsence: "Ready, Synced, Reconciling",
        "Many owned resources are missing from the lists at once. Nothing is created until each absence is confirmed.",
        "Check that the credentials belong to the project.";
    OrphansFound: "event",
        "Resources carry the owner tag of this cluster, and no object owns them.",
        "Adopt or delete them; `status.orphans` lists them.";
    OrphanNotDeleted: "Synced",
        "The object went while its resource was being created, and the cloud refuses to delete that resource.",
        "Remove what others bound to it, or delete it in the console.";
}
