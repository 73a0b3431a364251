//! What is open about queues, their properties and what runs on them.

use serde::{Deserialize, Serialize};

switches! {
    DuplicateQueue = "Creating a queue whose name exists (dli_02_0194 is silent)" {
        Exists "exists0006" = "400 DLI.0006",
        Unsupported "unsupported0007" = "400 DLI.0007",
        Text "text0999" = "400 DLI.0999 with the words \"already exists\"",
    }
    ResourceModeDefault = "`resource_mode` left out when a queue is created (dli_02_0194)" {
        Shared "shared" = "0, shared: such a queue cannot be bound",
        Dedicated "dedicated" = "1, dedicated",
    }
    MissingQueue = "A queue that does not exist, in calls other than its deletion (dli_02_0056, two editions)" {
        NotFound "notFound0002" = "400 DLI.0002 \"There is no queue named …\"",
        Metadata "metadata0008" = "400 DLI.0008 with the same text",
    }
    DeleteMissingQueue = "Deleting a queue that does not exist (dli_02_0195 is silent)" {
        NotFound "notFound0002" = "400 DLI.0002 \"There is no queue named …\"",
        Metadata "metadata0008" = "400 DLI.0008 with the same text",
        NoResource "noResource0023" = "404 DLI.0023",
        Success "success" = "200",
    }
    DeleteBoundQueue = "Deleting a queue that is bound to a connection" {
        Allowed "allowed" = "200, the peering entry vanishes",
        Refused "refused" = "400 DLI.0999",
    }
    DeleteBusyQueue = "Deleting a queue that runs jobs is refused (dli_01_0016); with which code" {
        System "system0999" = "400 DLI.0999",
        Unsupported "unsupported0007" = "400 DLI.0007",
    }
    QueueDeleteStatus = "Status of a successful queue delete (two editions)" {
        Ok "ok200" = "200",
        Created "created201" = "201",
    }
    ScaleBeforeJob = "Scaling a queue on which no job has run yet (documented as refused, yet clients do it)" {
        Allowed "allowed" = "accepted",
        Refused "refused" = "400 DLI.0999",
    }
    FeatureEcho = "`feature` in the list, of a queue created without it" {
        Empty "empty" = "an empty string",
        Basic "basic" = "`basic`",
    }
    QueueTagFilter = "`tags` filter of the queue list (dli_02_0196)" {
        Honoured "honoured" = "only queues that carry all of them",
        Ignored "ignored" = "all queues",
        Refused "refused" = "400 DLI.0001",
    }
    QueuePageCap = "Largest page of the queue list" {
        None "none" = "as large as asked for",
        Capped "capped" = "cut to `pageCap`",
    }
    QueueListVisibility = "A queue just created, in the list" {
        AtOnce "atOnce" = "is there",
        Late "late" = "appears after `listLag`",
    }
    QueueGetVisibility = "A queue just created, in the get call" {
        AtOnce "atOnce" = "is there",
        Late "late" = "appears after `getLag`",
    }
    DescriptionLimit = "Longest description of a queue or pool (256 documented for pools, 128 in the console)" {
        Long "long256" = "256 characters",
        Short "short128" = "128 characters",
    }
    QueueGetKeys = "Names of four fields of the get call of a queue (two editions of dli_02_0016)" {
        Camel "camel" = "`queueName`, `queueType`, `cuCount`, `chargingMode`",
        Snake "snake" = "`queue_name`, `queue_type`, `cu_count`, `charging_mode`",
    }
    QueueLabels = "`labels` in the queue list (two editions of dli_02_0196)" {
        Text "text" = "a string",
        List "list" = "a list of strings",
    }
    ActionCuCount = "`cu_count` of the scaling actions (dli_02_0249 and clients against a comment in the SDK)" {
        Delta "delta" = "how many units to add or take away",
        Target "target" = "how many units there are to be",
    }
    DeleteDefaultQueue = "Deleting the preset queue `default`" {
        Refused "refused" = "400 DLI.0007",
        Allowed "allowed" = "200",
    }
    ConnectivityFailure = "A connectivity test of an address that cannot be reached" {
        Word "word" = "200 with `UNREACHABLE`",
        Refused "refused" = "400 DLI.0999 \"failed to connect to specified address\"",
    }
    ConnectivityRunning = "A connectivity test that still runs" {
        Empty "empty" = "an empty string",
        Word "word" = "`RUNNING`",
    }
    CidrMasks = "Longest mask of `network.cidrInVpc` by units (two editions)" {
        Small "sdk" = "/26 below 16 CUs, /24 from 16, /22 from 64, /21 from 128",
        Large "cn21" = "/22 from 256 CUs, /21 from 512, else as the first",
    }
    RestartBeforeJob = "Restarting a queue on which no job has run yet (documented as refused beside dli_02_0249)" {
        Allowed "allowed" = "accepted", Refused "refused" = "400 DLI.0999" }
    QueuePaging = "Pages of the queue list (two editions of dli_02_0196)" {
        Pages "pages" = "by `page-size` and `current-page` only", Offsets "offsets" = "by `limit` and `offset` too" }
    ScalingEnds = "How far a scaling comes (dli_01_0487: it may be partial or fail)" {
        Target "target" = "to its target", Partial "partial" = "half way, in steps of 16", Failed "failed" = "nowhere" }
    UnableCode = "Code where a queue is not one that can be restarted, scaled, moved into a pool or given a property (no page has it)" {
        Unsupported "unsupported0007" = "400 DLI.0007", Parameter "parameter0001" = "400 DLI.0001", System "system0999" = "400 DLI.0999" }
    MissingTask = "A connectivity test that does not exist (dli_02_0285 is silent)" {
        NotFound "notFound0002" = "400 DLI.0002",
        Parameter "parameter0001" = "400 DLI.0001 with the same text",
        NoResource "noResource0023" = "404 DLI.0023",
    }
}
