//! What is open about connections, their hosts, routes and grants.

use serde::{Deserialize, Serialize};

switches! {
    ConnectionListVisibility = "A connection just created, in the list" {
        AtOnce "atOnce" = "is there",
        Late "late" = "appears after `listLag`",
    }
    ConnectionNames = "Creating a connection whose name exists (dli_02_0187 is silent)" {
        Unique "unique0006" = "400 DLI.0006 among those not deleted",
        UniqueParameter "unique0001" = "400 DLI.0001 with the words \"already exists\"",
        Free "free" = "accepted: names are not unique",
    }
    ConnectionHyphen = "A hyphen in the name of a connection (letters, digits and `_` documented)" {
        Refused "refused" = "400 DLI.0001",
        Allowed "allowed" = "accepted, as older clients rely on",
    }
    ConnectionCreateStatus = "Status of a successful connection create" {
        Created "created201" = "201",
        Ok "ok200" = "200",
    }
    MissingConnection = "Get, hosts, bind or unbind of a connection that never existed" {
        Parameter "parameter0001" = "400 DLI.0001 \"Connection … does not exist.\"",
        NotFound "notFound0002" = "400 DLI.0002 with the same text",
        NoResource "noResource0023" = "404 DLI.0023",
    }
    DeletedConnection = "Get of a deleted connection" {
        Shown "shown" = "200 with status DELETED",
        Parameter "parameter0001" = "400 DLI.0001 \"Connection … does not exist.\"",
        NoResource "noResource0023" = "404 DLI.0023",
    }
    DeleteMissingConnection = "Deleting a connection that is deleted or never existed" {
        Parameter "parameter0001" = "400 DLI.0001 \"Connection … does not exist.\"",
        NoResource "noResource0023" = "404 DLI.0023",
        Success "success" = "200",
    }
    DeleteBoundConnection = "Deleting a connection with bound queues" {
        Allowed "allowed" = "200, the peering goes too",
        Refused "refused" = "400 DLI.0999",
    }
    DeleteCreatingConnection = "Deleting a connection with an entry that is CREATING (dli_02_0188)" {
        Refused "refused" = "400 DLI.0999",
        Allowed "allowed" = "200",
        Unsupported "unsupported0007" = "400 DLI.0007",
    }
    UnknownVpc = "A VPC or subnet that does not exist" {
        Refused "refused" = "400 DLI.0001",
        Failed "failed" = "accepted, the entry turns FAILED",
    }
    ConnectionTagFilter = "`tags` filter of the connection list (dli_02_0190)" {
        Honoured "honoured" = "only connections that carry all of them",
        Ignored "ignored" = "all connections",
        Refused "refused" = "400 DLI.0001",
    }
    ConnectionNameFilter = "`name` filter of the connection list" {
        Fuzzy "fuzzy" = "names that contain it",
        Exact "exact" = "that name only",
    }
    ConnectionPageCap = "Largest page of the connection list; `limit=0` means all" {
        None "none" = "as large as asked for",
        Capped "capped" = "cut to `pageCap`, also for `limit=0`",
    }
    ConnectionCount = "`count` of the connection list" {
        Total "total" = "all that match",
        Returned "returned" = "those on this page",
    }
    ConnectionOrder = "Direction of the connection list, sorted by creation" {
        Ascending "ascending" = "oldest first",
        Descending "descending" = "newest first",
    }
    HostsReturned = "`hosts` of a connection in answers" {
        Shown "shown" = "returned",
        Hidden "hidden" = "never returned",
    }
    PrivisAndRoutes = "`isPrivis` and `routes` of a connection in answers" {
        Shown "shown" = "returned",
        Hidden "hidden" = "left out",
        ListOnly "listOnly" = "`isPrivis` in the list only, `routes` nowhere, as the models of the SDK have it",
    }
    DeletePoolBoundConnection = "Deleting a connection with bound pools" {
        Allowed "allowed" = "200, the peering goes too",
        Refused "refused" = "400 DLI.0999",
    }
    StatusWord = "`status` of a connection that exists" {
        Upper "upper" = "`ACTIVE`",
        Title "title" = "`Active`",
    }
    DuplicateRoute = "Adding a route whose name exists" {
        Exists "exists0006" = "400 DLI.0006",
        Parameter "parameter0001" = "400 DLI.0001 with the words \"already exists\"",
    }
    MissingRoute = "Deleting a route that does not exist" {
        NotFound "notFound0002" = "400 DLI.0002",
        Parameter "parameter0001" = "400 DLI.0001 with the same text",
        Success "success" = "200",
    }
    PrivilegeKey = "Key of the other project in the privileges of a connection (dli_02_0256 against clients)" {
        Both "both" = "`applicant_project_id` and `project_id`",
        Applicant "applicant" = "`applicant_project_id`",
        Project "project" = "`project_id`",
    }
    PoolsAsText = "`elastic_resource_pools` as one string when a connection is created (an example of dli_02_0311; dli_02_0187 has a list)" {
        Accepted "accepted" = "taken as a list of one", Refused "refused" = "400 DLI.0001" }
    HostsOrder = "Order of the hosts of a connection in answers" {
        Kept "kept" = "as they were sent", Sorted "sorted" = "by name" }
    EqualRoute = "Adding a route to a block that another route has, which cannot be (dli_01_0006)" {
        Exists "exists0006" = "400 DLI.0006",
        Parameter "parameter0001" = "400 DLI.0001 with the same text",
    }
    ReservedRoute = "Adding a route to a block that the cloud uses itself, which must not be used (dli_01_0006)" {
        Parameter "parameter0001" = "400 DLI.0001",
        Unsupported "unsupported0007" = "400 DLI.0007",
        Accepted "accepted" = "accepted",
    }
    MissingGrants = "Text about a connection that does not exist, where its privileges are asked for (dli_02_0256 against clients)" {
        Does "doesNotExist" = "400 DLI.0001 \"Connection … does not exist.\"",
        Is "isNotExist" = "400 DLI.0001 \"Connection … is not exist\"",
    }
}
