//! What is open about elastic resource pools and the queues in them.

use serde::{Deserialize, Serialize};

switches! {
    PoolNames = "Pools and queues share their names, as each standalone queue has a hidden pool" {
        Shared "shared" = "a pool cannot have the name of a queue, nor a standalone queue that of a pool: 400 DLI.0006",
        Apart "apart" = "both may exist",
    }
    DuplicatePool = "Creating a pool whose name exists: 400 (dli_02_0326), with which code" {
        Exists "exists0006" = "DLI.0006",
        Parameter "parameter0001" = "DLI.0001 with the words \"already exists\"",
    }
    PoolCuStep = "`min_cu` and `max_cu` of a pool (clients insist on steps of 16, examples of dli_02_0326 do not)" {
        Any "any" = "any number in range",
        Sixteen "sixteen" = "multiples of 16 only, else 400 DLI.0001",
    }
    PoolBounds = "`max_cu` of a pool equal to its `min_cu` (two editions of dli_02_0326)" {
        AtLeast "atLeast" = "accepted",
        Greater "greater" = "400 DLI.0001: it must be greater",
    }
    PoolMaxRule = "`max_cu` of a pool and the maxima of its queues (two editions of dli_02_0326)" {
        Any "any" = "at least that of each queue",
        Sum "sum" = "at least the sum of all",
    }
    PoolPageCap = "Largest page of the pool lists" {
        None "none" = "as large as asked for",
        Capped "capped" = "cut to `pageCap`",
    }
    HourlyChanges = "A changed range or scaling policy, in answers before the full hour at which it acts (dli_01_0686)" {
        Shown "shown" = "the new one",
        Hidden "hidden" = "the old one",
    }
    PooledCuCount = "`cu_count` of a queue in a pool" {
        Allocated "allocated" = "moves between minimum and maximum of the policy in force",
        Created "created" = "stays as created",
    }
    DeletePoolWithQueues = "Deleting a pool that has queues" {
        Refused "refused" = "400 DLI.0999",
        Allowed "allowed" = "200, the queues go too",
    }
    DeleteBoundPool = "Deleting a pool that is bound to a connection" {
        Allowed "allowed" = "200, the peering entry vanishes",
        Refused "refused" = "400 DLI.0999",
    }
    PoolDeleteBody = "Deleting a pool without a body (clients of 2024 had to send `{}`)" {
        Ignored "ignored" = "accepted",
        Required "required" = "400 DLI.0001",
    }
    HiddenPools = "The hidden pool of a standalone queue, in the pool list" {
        Unlisted "unlisted" = "is not there",
        Listed "listed" = "is there under the name of the queue",
    }
    HiddenPoolLingers = "The hidden pool of a queue that was just deleted" {
        Blocks "blocks" = "keeps its name from a new pool for `poolDeleting`: 400 DLI.0006",
        Gone "gone" = "is gone, its name is free",
    }
    AssociateTwice = "Moving a queue into a pool in which it is" {
        Refused "refused" = "400 DLI.0007",
        Success "success" = "200, nothing changes",
    }
    BusyCode = "Code where a pool is too young, scaling or being created, a queue is assigning, or an entry that is to be unbound has FAILED" {
        System "system0999" = "400 DLI.0999",
        Unsupported "unsupported0007" = "400 DLI.0007",
    }
    HetuMinimum = "Fewest units of a queue with the engine hetuEngine in a pool (two editions of dli_07_0005)" {
        Large "cu96" = "96",
        Small "cu16" = "16",
    }
    PoolStatusCase = "`status` filter of the pool list in lower case (clients send it, dli_02_0327 has upper case)" {
        Any "anyCase" = "taken", Upper "upperOnly" = "400 DLI.0001" }
    PoolActualCu = "`actual_cu` of a pool (dli_02_0327 does not tell it from `current_cu`)" {
        Allocated "allocated" = "what is allocated, 0 without queues", Current "current" = "always `current_cu`" }
    PoolNameDigit = "A pool name that begins with a digit (refused in the console, not in dli_02_0326)" {
        Allowed "allowed" = "accepted", Refused "refused" = "400 DLI.0001" }
    PolicyMaxStep = "`max_cu` of a scaling policy in a standard pool (steps of 16 by dli_02_0332, 56 in the example of dli_01_0622)" {
        Four "four" = "multiples of 4", Sixteen "sixteen" = "multiples of 16 only, else 400 DLI.0001" }
    MissingPool = "A pool that does not exist, in calls other than its deletion (which answers 400 DLI.0002, as clients know)" {
        NotFound "notFound0002" = "400 DLI.0002",
        Parameter "parameter0001" = "400 DLI.0001 with the same text",
        NoResource "noResource0023" = "404 DLI.0023",
    }
    UnfitCode = "Code where units do not fit those of the pool, of its queues, or of the kind of queue (no page has it)" {
        Parameter "parameter0001" = "400 DLI.0001",
        Unsupported "unsupported0007" = "400 DLI.0007",
        System "system0999" = "400 DLI.0999",
    }
    StrangeLabel = "A label of a new pool other than those of the basic and developer editions (dli_02_0326 names no other)" {
        Refused "refused0001" = "400 DLI.0001",
        Ignored "ignored" = "accepted, a pool of the standard edition",
    }
}
