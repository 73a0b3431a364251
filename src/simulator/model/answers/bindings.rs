//! What is open about bindings and their peerings.

use serde::{Deserialize, Serialize};

switches! {
    BindTwice = "Binding a queue that is bound" {
        Success "success" = "200, nothing changes",
        Refused "refused" = "400 DLI.0001",
    }
    UnbindUnbound = "Unbinding a queue that is not bound" {
        Refused "refused" = "400 DLI.0001",
        Success "success" = "200, nothing changes",
    }
    UnbindCreating = "Unbinding a queue whose entry is CREATING" {
        Allowed "allowed" = "200, the entry is gone",
        Refused "refused" = "400 DLI.0999",
    }
    PartialBind = "Several names in one bind or unbind, one of them bad" {
        Nothing "nothing" = "the whole call is refused",
        GoodOnes "goodOnes" = "the good ones before it are applied, then 400",
    }
    CidrOverlap = "A queue whose addresses overlap with the VPC" {
        Failed "failed" = "accepted, the entry turns FAILED",
        Refused "refused" = "400 DLI.0001",
    }
    PeeringMode = "Where a bound standalone queue shows up" {
        Legacy "legacy" = "in `available_queue_info`",
        Pooled "pooled" = "in `elastic_resource_pools`, as its hidden pool of the same name",
    }
    PooledQueueEntry = "Where a bound queue shows up that lives in a pool" {
        Queue "queue" = "as itself, like a standalone one",
        Pool "pool" = "as its pool, in `elastic_resource_pools`",
    }
    QueueStart = "What starts the cluster of a new queue, for which its peerings wait (dli_03_0257)" {
        Creation "creation" = "its creation",
        FirstUse "firstUse" = "the first job or the first binding, whichever comes first",
    }
    FailedRecovers = "A peering entry that is FAILED, left alone" {
        Never "never" = "stays FAILED",
        Later "later" = "turns ACTIVE after `recovery`",
    }
    VanishedPeering = "An entry whose VPC peering somebody deletes by hand" {
        Active "active" = "stays ACTIVE",
        Failed "failed" = "turns FAILED",
    }
    PeerId = "`peer_id` of an entry (dli_02_0189 against dli_02_0311)" {
        Distinct "distinct" = "an id of its own",
        Connection "connection" = "the id of the connection",
    }
    SharedQueue = "Binding `default` or another queue that is not dedicated, which cannot be (dli_02_0187)" {
        Parameter "parameter0001" = "400 DLI.0001", Unsupported "unsupported0007" = "400 DLI.0007", Failed "failed" = "accepted, the entry turns FAILED" }
    UnbindTakes = "An entry that was just unbound, in the get call" {
        AtOnce "atOnce" = "is gone", Late "late" = "stays ACTIVE for `peering`" }
}
