//! The open questions and their answers.

use super::{Deserialize, Dimension, Serialize};

answers! {
    duplicate_queue "duplicateQueue": DuplicateQueue = "Creating a queue whose name exists (dli_02_0194 is silent)" {
        Exists "exists0006" = "400 DLI.0006",
        Unsupported "unsupported0007" = "400 DLI.0007",
        Text "text0999" = "400 DLI.0999 with the words \"already exists\"",
    }
    resource_mode_default "resourceModeDefault": ResourceModeDefault = "`resource_mode` left out when a queue is created (dli_02_0194)" {
        Shared "shared" = "0, shared: such a queue cannot be bound",
        Dedicated "dedicated" = "1, dedicated",
    }
    missing_queue "missingQueue": MissingQueue = "Get or action of a queue that does not exist (dli_02_0056, two editions)" {
        NotFound "notFound0002" = "400 DLI.0002 \"There is no queue named …\"",
        Metadata "metadata0008" = "400 DLI.0008 with the same text",
    }
    delete_missing_queue "deleteMissingQueue": DeleteMissingQueue = "Deleting a queue that does not exist (dli_02_0195 is silent)" {
        NotFound "notFound0002" = "400 DLI.0002 \"There is no queue named …\"",
        Metadata "metadata0008" = "400 DLI.0008 with the same text",
        NoResource "noResource0023" = "404 DLI.0023",
        Success "success" = "200",
    }
    delete_bound_queue "deleteBoundQueue": DeleteBoundQueue = "Deleting a queue that is bound to a connection" {
        Allowed "allowed" = "200, the peering entry vanishes",
        Refused "refused" = "400 DLI.0999",
    }
    delete_busy_queue "deleteBusyQueue": DeleteBusyQueue = "Deleting a queue that runs jobs is refused (dli_01_0016); with which code" {
        System "system0999" = "400 DLI.0999",
        Unsupported "unsupported0007" = "400 DLI.0007",
    }
    queue_delete_status "queueDeleteStatus": QueueDeleteStatus = "Status of a successful queue delete (two editions)" {
        Ok "ok200" = "200",
        Created "created201" = "201",
    }
    scale_before_job "scaleBeforeJob": ScaleBeforeJob = "Scaling a queue on which no job has run yet (documented as refused, yet clients do it)" {
        Allowed "allowed" = "accepted",
        Refused "refused" = "400 DLI.0999",
    }
    feature_echo "featureEcho": FeatureEcho = "`feature` in the list, of a queue created without it" {
        Empty "empty" = "an empty string",
        Basic "basic" = "`basic`",
    }
    queue_tag_filter "queueTagFilter": QueueTagFilter = "`tags` filter of the queue list (dli_02_0196)" {
        Honoured "honoured" = "only queues that carry all of them",
        Ignored "ignored" = "all queues",
        Refused "refused" = "400 DLI.0001",
    }
    queue_page_cap "queuePageCap": QueuePageCap = "Largest page of the queue list" {
        None "none" = "as large as asked for",
        Capped "capped" = "cut to `pageCap`",
    }
    queue_list_visibility "queueListVisibility": QueueListVisibility = "A queue just created, in the list" {
        AtOnce "atOnce" = "is there",
        Late "late" = "appears after `listLag`",
    }
    queue_get_visibility "queueGetVisibility": QueueGetVisibility = "A queue just created, in the get call" {
        AtOnce "atOnce" = "is there",
        Late "late" = "appears after `getLag`",
    }
    connection_list_visibility "connectionListVisibility": ConnectionListVisibility = "A connection just created, in the list" {
        AtOnce "atOnce" = "is there",
        Late "late" = "appears after `listLag`",
    }
    list_delete_lag "listDeleteLag": ListDeleteLag = "What was just deleted, in lists" {
        AtOnce "atOnce" = "is gone",
        Late "late" = "stays for `listLag`",
    }
    list_update_lag "listUpdateLag": ListUpdateLag = "Changed fields, tags, hosts and peering entries, in lists" {
        AtOnce "atOnce" = "are up to date",
        Late "late" = "show the old value for `listLag`",
    }
    connection_names "connectionNames": ConnectionNames = "Creating a connection whose name exists (dli_02_0187 is silent)" {
        Unique "unique0006" = "400 DLI.0006 among those not deleted",
        UniqueParameter "unique0001" = "400 DLI.0001 with the words \"already exists\"",
        Free "free" = "accepted: names are not unique",
    }
    connection_hyphen "connectionHyphen": ConnectionHyphen = "A hyphen in the name of a connection (letters, digits and `_` documented)" {
        Refused "refused" = "400 DLI.0001",
        Allowed "allowed" = "accepted, as older clients rely on",
    }
    connection_create_status "connectionCreateStatus": ConnectionCreateStatus = "Status of a successful connection create" {
        Created "created201" = "201",
        Ok "ok200" = "200",
    }
    missing_connection "missingConnection": MissingConnection = "Get, hosts, bind or unbind of a connection that never existed" {
        Parameter "parameter0001" = "400 DLI.0001 \"Connection … does not exist.\"",
        NotFound "notFound0002" = "400 DLI.0002 with the same text",
        NoResource "noResource0023" = "404 DLI.0023",
    }
    deleted_connection "deletedConnection": DeletedConnection = "Get of a deleted connection" {
        Shown "shown" = "200 with status DELETED",
        Parameter "parameter0001" = "400 DLI.0001 \"Connection … does not exist.\"",
        NoResource "noResource0023" = "404 DLI.0023",
    }
    delete_missing_connection "deleteMissingConnection": DeleteMissingConnection = "Deleting a connection that is deleted or never existed" {
        Parameter "parameter0001" = "400 DLI.0001 \"Connection … does not exist.\"",
        NoResource "noResource0023" = "404 DLI.0023",
        Success "success" = "200",
    }
    delete_bound_connection "deleteBoundConnection": DeleteBoundConnection = "Deleting a connection with bound queues" {
        Allowed "allowed" = "200, the peering goes too",
        Refused "refused" = "400 DLI.0999",
    }
    delete_creating_connection "deleteCreatingConnection": DeleteCreatingConnection = "Deleting a connection with an entry that is CREATING (dli_02_0188)" {
        Refused "refused" = "400 DLI.0999",
        Allowed "allowed" = "200",
        Unsupported "unsupported0007" = "400 DLI.0007",
    }
    bind_twice "bindTwice": BindTwice = "Binding a queue that is bound" {
        Success "success" = "200, nothing changes",
        Refused "refused" = "400 DLI.0001",
    }
    unbind_unbound "unbindUnbound": UnbindUnbound = "Unbinding a queue that is not bound" {
        Refused "refused" = "400 DLI.0001",
        Success "success" = "200, nothing changes",
    }
    unbind_creating "unbindCreating": UnbindCreating = "Unbinding a queue whose entry is CREATING" {
        Allowed "allowed" = "200, the entry is gone",
        Refused "refused" = "400 DLI.0999",
    }
    partial_bind "partialBind": PartialBind = "Several names in one bind or unbind, one of them bad" {
        Nothing "nothing" = "the whole call is refused",
        GoodOnes "goodOnes" = "the good ones before it are applied, then 400",
    }
    unknown_vpc "unknownVpc": UnknownVpc = "A VPC or subnet that does not exist" {
        Refused "refused" = "400 DLI.0001",
        Failed "failed" = "accepted, the entry turns FAILED",
    }
    cidr_overlap "cidrOverlap": CidrOverlap = "A queue whose addresses overlap with the VPC" {
        Failed "failed" = "accepted, the entry turns FAILED",
        Refused "refused" = "400 DLI.0001",
    }
    connection_tag_filter "connectionTagFilter": ConnectionTagFilter = "`tags` filter of the connection list (dli_02_0190)" {
        Honoured "honoured" = "only connections that carry all of them",
        Ignored "ignored" = "all connections",
        Refused "refused" = "400 DLI.0001",
    }
    connection_name_filter "connectionNameFilter": ConnectionNameFilter = "`name` filter of the connection list" {
        Fuzzy "fuzzy" = "names that contain it",
        Exact "exact" = "that name only",
    }
    connection_page_cap "connectionPageCap": ConnectionPageCap = "Largest page of the connection list; `limit=0` means all" {
        None "none" = "as large as asked for",
        Capped "capped" = "cut to `pageCap`, also for `limit=0`",
    }
    connection_count "connectionCount": ConnectionCount = "`count` of the connection list" {
        Total "total" = "all that match",
        Returned "returned" = "those on this page",
    }
    connection_order "connectionOrder": ConnectionOrder = "Direction of the connection list, sorted by creation" {
        Ascending "ascending" = "oldest first",
        Descending "descending" = "newest first",
    }
    hosts_returned "hostsReturned": HostsReturned = "`hosts` of a connection in answers" {
        Shown "shown" = "returned",
        Hidden "hidden" = "never returned",
    }
    privis_and_routes "privisAndRoutes": PrivisAndRoutes = "`isPrivis` and `routes` of a connection in answers" {
        Shown "shown" = "returned",
        Hidden "hidden" = "left out",
        ListOnly "listOnly" = "`isPrivis` in the list only, `routes` nowhere, as the models of the SDK have it",
    }
    peering_mode "peeringMode": PeeringMode = "Where a bound standalone queue shows up" {
        Legacy "legacy" = "in `available_queue_info`",
        Pooled "pooled" = "in `elastic_resource_pools`, as its hidden pool of the same name",
    }
    tags_service "tagsService": TagsService = "The v3 tag calls" {
        Present "present" = "published",
        Absent "absent" = "404 APIGW.0101, as in some regions",
    }
    refusal_style "refusalStyle": RefusalStyle = "How a refused change is answered" {
        Status "status" = "an HTTP error with a code",
        SuccessFalse "successFalse" = "200 with `is_success: false` and the text",
    }
    number_style "numberStyle": NumberStyle = "Counts, modes and booleans in answers" {
        Numbers "numbers" = "JSON numbers and booleans",
        Strings "strings" = "strings, as the documentation's examples print them",
    }
    message_style "messageStyle": MessageStyle = "`message` of a successful answer" {
        Echo "echo" = "some words, as the documentation's examples print them",
        Empty "empty" = "an empty string",
    }
    other_project "otherProject": OtherProject = "A project in the path that is not the caller's" {
        Forbidden "forbidden0302" = "403 APIGW.0302",
        Role "role0016" = "400 DLI.0016",
    }
    pool_names "poolNames": PoolNames = "Pools and queues share their names, as each standalone queue has a hidden pool" {
        Shared "shared" = "a pool cannot have the name of a queue, nor a standalone queue that of a pool: 400 DLI.0006",
        Apart "apart" = "both may exist",
    }
    duplicate_pool "duplicatePool": DuplicatePool = "Creating a pool whose name exists: 400 (dli_02_0326), with which code" {
        Exists "exists0006" = "DLI.0006",
        Parameter "parameter0001" = "DLI.0001 with the words \"already exists\"",
    }
    pool_cu_step "poolCuStep": PoolCuStep = "`min_cu` and `max_cu` of a pool (clients insist on steps of 16, examples of dli_02_0326 do not)" {
        Any "any" = "any number in range",
        Sixteen "sixteen" = "multiples of 16 only, else 400 DLI.0001",
    }
    pool_bounds "poolBounds": PoolBounds = "`max_cu` of a pool equal to its `min_cu` (two editions of dli_02_0326)" {
        AtLeast "atLeast" = "accepted",
        Greater "greater" = "400 DLI.0001: it must be greater",
    }
    pool_max_rule "poolMaxRule": PoolMaxRule = "`max_cu` of a pool and the maxima of its queues (two editions of dli_02_0326)" {
        Any "any" = "at least that of each queue",
        Sum "sum" = "at least the sum of all",
    }
    pool_page_cap "poolPageCap": PoolPageCap = "Largest page of the pool lists" {
        None "none" = "as large as asked for",
        Capped "capped" = "cut to `pageCap`",
    }
    hourly_changes "hourlyChanges": HourlyChanges = "A changed range or scaling policy, in answers before the full hour at which it acts (dli_01_0686)" {
        Shown "shown" = "the new one",
        Hidden "hidden" = "the old one",
    }
    pooled_cu_count "pooledCuCount": PooledCuCount = "`cu_count` of a queue in a pool" {
        Created "created" = "stays as created",
        Allocated "allocated" = "moves between minimum and maximum of the policy in force",
    }
    pooled_queue_entry "pooledQueueEntry": PooledQueueEntry = "Where a bound queue shows up that lives in a pool" {
        Queue "queue" = "as itself, like a standalone one",
        Pool "pool" = "as its pool, in `elastic_resource_pools`",
    }
    delete_pool_with_queues "deletePoolWithQueues": DeletePoolWithQueues = "Deleting a pool that has queues" {
        Refused "refused" = "400 DLI.0999",
        Allowed "allowed" = "200, the queues go too",
    }
    delete_bound_pool "deleteBoundPool": DeleteBoundPool = "Deleting a pool that is bound to a connection" {
        Allowed "allowed" = "200, the peering entry vanishes",
        Refused "refused" = "400 DLI.0999",
    }
    delete_pool_bound_connection "deletePoolBoundConnection": DeletePoolBoundConnection = "Deleting a connection with bound pools" {
        Allowed "allowed" = "200, the peering goes too",
        Refused "refused" = "400 DLI.0999",
    }
    pool_delete_body "poolDeleteBody": PoolDeleteBody = "Deleting a pool without a body (clients of 2024 had to send `{}`)" {
        Ignored "ignored" = "accepted",
        Required "required" = "400 DLI.0001",
    }
    hidden_pools "hiddenPools": HiddenPools = "The hidden pool of a standalone queue, in the pool list" {
        Unlisted "unlisted" = "is not there",
        Listed "listed" = "is there under the name of the queue",
    }
    hidden_pool_lingers "hiddenPoolLingers": HiddenPoolLingers = "The hidden pool of a queue that was just deleted" {
        Blocks "blocks" = "keeps its name from a new pool for `poolDeleting`: 400 DLI.0006",
        Gone "gone" = "is gone, its name is free",
    }
    associate_twice "associateTwice": AssociateTwice = "Moving a queue into a pool in which it is" {
        Refused "refused" = "400 DLI.0007",
        Success "success" = "200, nothing changes",
    }
    busy_code "busyCode": BusyCode = "Code where a pool is too young, scaling or being created, a queue is assigning, or an entry that is to be unbound has FAILED" {
        System "system0999" = "400 DLI.0999",
        Unsupported "unsupported0007" = "400 DLI.0007",
    }
    description_limit "descriptionLimit": DescriptionLimit = "Longest description of a queue or pool (256 documented for pools, 128 in the console)" {
        Long "long256" = "256 characters",
        Short "short128" = "128 characters",
    }
    hetu_minimum "hetuMinimum": HetuMinimum = "Fewest units of a queue with the engine hetuEngine in a pool (two editions of dli_07_0005)" {
        Large "cu96" = "96",
        Small "cu16" = "16",
    }
    queue_get_keys "queueGetKeys": QueueGetKeys = "Names of four fields of the get call of a queue (two editions of dli_02_0016)" {
        Camel "camel" = "`queueName`, `queueType`, `cuCount`, `chargingMode`",
        Snake "snake" = "`queue_name`, `queue_type`, `cu_count`, `charging_mode`",
    }
    queue_labels "queueLabels": QueueLabels = "`labels` in the queue list (two editions of dli_02_0196)" {
        Text "text" = "a string",
        List "list" = "a list of strings",
    }
    tag_limits "tagLimits": TagLimits = "Limits of tags (two editions of dli_02_0194)" {
        Large "large" = "20 on a resource, keys to 128, values to 255 characters",
        Small "small" = "10 on a resource, keys to 36, values to 43 characters",
    }
    action_cu_count "actionCuCount": ActionCuCount = "`cu_count` of the scaling actions (dli_02_0249 and clients against a comment in the SDK)" {
        Delta "delta" = "how many units to add or take away",
        Target "target" = "how many units there are to be",
    }
    delete_default_queue "deleteDefaultQueue": DeleteDefaultQueue = "Deleting the preset queue `default`" {
        Refused "refused" = "400 DLI.0007",
        Allowed "allowed" = "200",
    }
    queue_start "queueStart": QueueStart = "What starts the cluster of a new queue, for which its peerings wait (dli_03_0257)" {
        Creation "creation" = "its creation",
        FirstUse "firstUse" = "the first job or the first binding, whichever comes first",
    }
    failed_recovers "failedRecovers": FailedRecovers = "A peering entry that is FAILED, left alone" {
        Never "never" = "stays FAILED",
        Later "later" = "turns ACTIVE after `recovery`",
    }
    vanished_peering "vanishedPeering": VanishedPeering = "An entry whose VPC peering somebody deletes by hand" {
        Active "active" = "stays ACTIVE",
        Failed "failed" = "turns FAILED",
    }
    peer_id "peerId": PeerId = "`peer_id` of an entry (dli_02_0189 against dli_02_0311)" {
        Distinct "distinct" = "an id of its own",
        Connection "connection" = "the id of the connection",
    }
    status_word "statusWord": StatusWord = "`status` of a connection that exists" {
        Upper "upper" = "`ACTIVE`",
        Title "title" = "`Active`",
    }
    duplicate_route "duplicateRoute": DuplicateRoute = "Adding a route whose name exists" {
        Exists "exists0006" = "400 DLI.0006",
        Parameter "parameter0001" = "400 DLI.0001 with the words \"already exists\"",
    }
    missing_route "missingRoute": MissingRoute = "Deleting a route that does not exist" {
        NotFound "notFound0002" = "400 DLI.0002",
        Parameter "parameter0001" = "400 DLI.0001 with the same text",
        Success "success" = "200",
    }
    privilege_key "privilegeKey": PrivilegeKey = "Key of the other project in the privileges of a connection (dli_02_0256 against clients)" {
        Both "both" = "`applicant_project_id` and `project_id`",
        Applicant "applicant" = "`applicant_project_id`",
        Project "project" = "`project_id`",
    }
    auth_create_status "authCreateStatus": AuthCreateStatus = "Status of a successful create of a datasource authentication (dli_02_0367 against clients)" {
        Created "created201" = "201",
        Ok "ok200" = "200",
    }
    duplicate_auth "duplicateAuth": DuplicateAuth = "Creating a datasource authentication whose name exists" {
        Exists "exists0006" = "400 DLI.0006",
        Parameter "parameter0001" = "400 DLI.0001 with the words \"already exists\"",
    }
    missing_auth "missingAuth": MissingAuth = "Changing or deleting a datasource authentication that does not exist" {
        NotFound "notFound0002" = "400 DLI.0002",
        Parameter "parameter0001" = "400 DLI.0001 with the same text",
    }
    auth_name_filter "authNameFilter": AuthNameFilter = "`auth_info_name` filter of the list" {
        Exact "exact" = "that name only",
        Fuzzy "fuzzy" = "names that contain it",
    }
    connectivity_failure "connectivityFailure": ConnectivityFailure = "A connectivity test of an address that cannot be reached" {
        Word "word" = "200 with `UNREACHABLE`",
        Refused "refused" = "400 DLI.0999 \"failed to connect to specified address\"",
    }
    connectivity_running "connectivityRunning": ConnectivityRunning = "A connectivity test that still runs" {
        Empty "empty" = "an empty string",
        Word "word" = "`RUNNING`",
    }
    cidr_masks "cidrMasks": CidrMasks = "Longest mask of `network.cidrInVpc` by units (two editions)" {
        Small "sdk" = "/26 below 16 CUs, /24 from 16, /22 from 64, /21 from 128",
        Large "cn21" = "/22 from 256 CUs, /21 from 512, else as the first",
    }
    shared_queue "sharedQueue": SharedQueue = "Binding `default` or another queue that is not dedicated, which cannot be (dli_02_0187)" {
        Parameter "parameter0001" = "400 DLI.0001", Unsupported "unsupported0007" = "400 DLI.0007", Failed "failed" = "accepted, the entry turns FAILED" }
    pools_as_text "poolsAsText": PoolsAsText = "`elastic_resource_pools` as one string when a connection is created (an example of dli_02_0311; dli_02_0187 has a list)" {
        Accepted "accepted" = "taken as a list of one", Refused "refused" = "400 DLI.0001" }
    existing_tag "existingTag": ExistingTag = "Setting a tag whose key exists with another value; the same value again is accepted (dli_02_0396)" {
        Overwritten "overwritten" = "the new value holds", Refused "refused" = "400 DLI.0006" }
    retry_after_form "retryAfterForm": RetryAfterForm = "Form of the header `Retry-After` (dli_02_0012 has no unit)" {
        Seconds "seconds" = "a number of seconds", Date "date" = "a date" }
    bad_credentials "badCredentials": BadCredentials = "Who turns away a call without credentials or with a bad token (gateway error codes against dli_02_0249)" {
        Gateway "gateway0301" = "the gateway: 401 APIGW.0301", Service "service0013" = "DLI: 401 DLI.0013 without credentials, 400 DLI.0015 with a bad token" }
    get_body "getBody": GetBody = "A get call with a body (the example of dli_02_0311 has `{}`)" {
        Ignored "ignored" = "the body is ignored", Refused "refused" = "400 DLI.0001" }
    tag_filter_match "tagFilterMatch": TagFilterMatch = "Several tags in the `tags` filter of lists" {
        All "all" = "all must match", Any "any" = "one of them is enough" }
    pool_status_case "poolStatusCase": PoolStatusCase = "`status` filter of the pool list in lower case (clients send it, dli_02_0327 has upper case)" {
        Any "anyCase" = "taken", Upper "upperOnly" = "400 DLI.0001" }
    pool_actual_cu "poolActualCu": PoolActualCu = "`actual_cu` of a pool (dli_02_0327 does not tell it from `current_cu`)" {
        Allocated "allocated" = "what is allocated, 0 without queues", Current "current" = "always `current_cu`" }
    pool_name_digit "poolNameDigit": PoolNameDigit = "A pool name that begins with a digit (refused in the console, not in dli_02_0326)" {
        Allowed "allowed" = "accepted", Refused "refused" = "400 DLI.0001" }
    policy_max_step "policyMaxStep": PolicyMaxStep = "`max_cu` of a scaling policy in a standard pool (steps of 16 by dli_02_0332, 56 in the example of dli_01_0622)" {
        Four "four" = "multiples of 4", Sixteen "sixteen" = "multiples of 16 only, else 400 DLI.0001" }
    auth_fields "authFields": AuthFields = "Fields left out that the type of a datasource authentication needs (dli_02_0367 calls them optional)" {
        Refused "refused" = "400 DLI.0001", Accepted "accepted" = "accepted" }
    auth_fixed_fields "authFixedFields": AuthFixedFields = "Fields of a datasource authentication that cannot be changed, in a change" {
        Refused "refused" = "400 DLI.0001", Ignored "ignored" = "ignored" }
    missing_tagged "missingTagged": MissingTagged = "Tags of a resource that does not exist" {
        NotFound "notFound0002" = "400 DLI.0002", NoResource "noResource0023" = "404 DLI.0023" }
    grant_objects "grantObjects": GrantObjects = "Grants on `elasticresourcepool.…` and `datasourceauth.…` (dli_02_0252 has the words as types only)" {
        Known "known" = "taken", Unknown "unknown" = "400 DLI.0002" }
    hosts_order "hostsOrder": HostsOrder = "Order of the hosts of a connection in answers" {
        Kept "kept" = "as they were sent", Sorted "sorted" = "by name" }
    unbind_takes "unbindTakes": UnbindTakes = "An entry that was just unbound, in the get call" {
        AtOnce "atOnce" = "is gone", Late "late" = "stays ACTIVE for `peering`" }
    restart_before_job "restartBeforeJob": RestartBeforeJob = "Restarting a queue on which no job has run yet (documented as refused beside dli_02_0249)" {
        Allowed "allowed" = "accepted", Refused "refused" = "400 DLI.0999" }
    auth_page_cap "authPageCap": AuthPageCap = "Largest page of the list of datasource authentications" {
        None "none" = "as large as asked for", Capped "capped" = "cut to `pageCap`" }
    stale_signature "staleSignature": StaleSignature = "A signing time that is more than 15 minutes off (two lists of the gateway's error codes)" {
        Iam "iam0301" = "401 APIGW.0301", Expired "expired0303" = "401 APIGW.0303" }
    disabled_project "disabledProject": DisabledProject = "Calls of a project that IAM says is disabled (gateway error codes, 0310)" {
        Served "served" = "answered all the same", Frozen "frozen0310" = "403 APIGW.0310" }
    error_shape "errorShape": ErrorShape = "Shape of DLI's error bodies (dli_02_0056 against what the SDK and other clients read)" {
        Snake "snake" = "`error_code` and `error_msg`", Camel "camel" = "`errorCode` and `errorMsg`", Short "short" = "`code` and `message`", Nested "nested" = "the first, below a key of its own", List "list" = "a list of the first" }
    queue_paging "queuePaging": QueuePaging = "Pages of the queue list (two editions of dli_02_0196)" {
        Pages "pages" = "by `page-size` and `current-page` only", Offsets "offsets" = "by `limit` and `offset` too" }
    scaling_ends "scalingEnds": ScalingEnds = "How far a scaling comes (dli_01_0487: it may be partial or fail)" {
        Target "target" = "to its target", Partial "partial" = "half way, in steps of 16", Failed "failed" = "nowhere" }
    unable_code "unableCode": UnableCode = "Code where a queue is not one that can be restarted, scaled, moved into a pool or given a property (no page has it)" {
        Unsupported "unsupported0007" = "400 DLI.0007", Parameter "parameter0001" = "400 DLI.0001", System "system0999" = "400 DLI.0999" }
}
