//! What is open about the service as a whole: lists, tags, authentications, grants, error bodies, credentials.

use serde::{Deserialize, Serialize};

switches! {
    ListDeleteLag = "What was just deleted, in lists" {
        AtOnce "atOnce" = "is gone",
        Late "late" = "stays for `listLag`",
    }
    ListUpdateLag = "Changed fields, tags, hosts and peering entries, in lists" {
        AtOnce "atOnce" = "are up to date",
        Late "late" = "show the old value for `listLag`",
    }
    TagsService = "The v3 tag calls" {
        Present "present" = "published",
        Absent "absent" = "404 APIGW.0101, as in some regions",
    }
    RefusalStyle = "How a refused change is answered" {
        Status "status" = "an HTTP error with a code",
        SuccessFalse "successFalse" = "200 with `is_success: false` and the text",
    }
    NumberStyle = "Counts, modes and booleans in answers" {
        Numbers "numbers" = "JSON numbers and booleans",
        Strings "strings" = "strings, as the documentation's examples print them",
    }
    MessageStyle = "`message` of a successful answer" {
        Echo "echo" = "some words, as the documentation's examples print them",
        Empty "empty" = "an empty string",
    }
    OtherProject = "A project in the path that is not the caller's" {
        Forbidden "forbidden0302" = "403 APIGW.0302",
        Role "role0016" = "400 DLI.0016",
    }
    TagLimits = "Limits of tags (two editions of dli_02_0194)" {
        Large "large" = "20 on a resource, keys to 128, values to 255 characters",
        Small "small" = "10 on a resource, keys to 36, values to 43 characters",
    }
    AuthCreateStatus = "Status of a successful create of a datasource authentication (dli_02_0367 against clients)" {
        Created "created201" = "201",
        Ok "ok200" = "200",
    }
    DuplicateAuth = "Creating a datasource authentication whose name exists" {
        Exists "exists0006" = "400 DLI.0006",
        Parameter "parameter0001" = "400 DLI.0001 with the words \"already exists\"",
    }
    MissingAuth = "Changing or deleting a datasource authentication that does not exist" {
        NotFound "notFound0002" = "400 DLI.0002",
        Parameter "parameter0001" = "400 DLI.0001 with the same text",
    }
    AuthNameFilter = "`auth_info_name` filter of the list" {
        Exact "exact" = "that name only",
        Fuzzy "fuzzy" = "names that contain it",
    }
    ExistingTag = "Setting a tag whose key exists with another value; the same value again is accepted (dli_02_0396)" {
        Overwritten "overwritten" = "the new value holds", Refused "refused" = "400 DLI.0006" }
    RetryAfterForm = "Form of the header `Retry-After` (dli_02_0012 has no unit)" {
        Seconds "seconds" = "a number of seconds", Date "date" = "a date" }
    BadCredentials = "Who turns away a call without credentials or with a bad token (gateway error codes against dli_02_0249)" {
        Gateway "gateway0301" = "the gateway: 401 APIGW.0301", Service "service0013" = "DLI: 401 DLI.0013 without credentials, 400 DLI.0015 with a bad token" }
    GetBody = "A get call with a body (the example of dli_02_0311 has `{}`)" {
        Ignored "ignored" = "the body is ignored", Refused "refused" = "400 DLI.0001" }
    TagFilterMatch = "Several tags in the `tags` filter of lists" {
        All "all" = "all must match", Any "any" = "one of them is enough" }
    AuthFields = "Fields left out that the type of a datasource authentication needs (dli_02_0367 calls them optional)" {
        Refused "refused" = "400 DLI.0001", Accepted "accepted" = "accepted" }
    AuthFixedFields = "Fields of a datasource authentication that cannot be changed, in a change" {
        Refused "refused" = "400 DLI.0001", Ignored "ignored" = "ignored" }
    MissingTagged = "Tags of a resource that does not exist" {
        NotFound "notFound0002" = "400 DLI.0002", NoResource "noResource0023" = "404 DLI.0023" }
    GrantObjects = "Grants on `elasticresourcepool.…` and `datasourceauth.…` (dli_02_0252 has the words as types only)" {
        Known "known" = "taken", Unknown "unknown" = "400 DLI.0002" }
    AuthPageCap = "Largest page of the list of datasource authentications" {
        None "none" = "as large as asked for", Capped "capped" = "cut to `pageCap`" }
    StaleSignature = "A signing time that is more than 15 minutes off (two lists of the gateway's error codes)" {
        Iam "iam0301" = "401 APIGW.0301", Expired "expired0303" = "401 APIGW.0303" }
    DisabledProject = "Calls of a project that IAM says is disabled (gateway error codes, 0310)" {
        Served "served" = "answered all the same", Frozen "frozen0310" = "403 APIGW.0310" }
    ErrorShape = "Shape of DLI's error bodies (dli_02_0056 against what the SDK and other clients read)" {
        Snake "snake" = "`error_code` and `error_msg`", Camel "camel" = "`errorCode` and `errorMsg`", Short "short" = "`code` and `message`", Nested "nested" = "the first, below a key of its own", List "list" = "a list of the first" }
    BadListQuery = "A page or filter of a list that is not one of the documented numbers or words" {
        Refused "refused0001" = "400 DLI.0001",
        Ignored "ignored" = "as if it were left out",
    }
    GetDeleteLag = "A queue or connection just deleted, in the get call" {
        AtOnce "atOnce" = "is gone",
        Late "late" = "stays for `getLag`, as it was",
    }
    GrantMissing = "Granting a privilege on an object that does not exist (clients know the answer to a query only)" {
        NotFound "notFound0002" = "400 DLI.0002",
        Parameter "parameter0001" = "400 DLI.0001 with the same text",
    }
}
