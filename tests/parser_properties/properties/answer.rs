//! Answers to calls, for the decoder and the classifier: a letter for the call, the status, a line end, the body. A
//! capital letter adds a request id and a time to wait.

use dli_operator::dli::{
    Applied, Call, CallError, Cause, ConnectionId, ConnectionName, CreateConnection, CreateQueue, ErrorClass,
    HttpResponse, QueueName, RegionName, ResourceType, Tag,
};

/// The connection that is asked for.
pub const CONNECTION: &str = "2a620c33-5609-40c9-affd-2b6453071b0f";
/// A text that no error may show.
pub const SECRET: &str = "canary-secret-5b1f90";
/// Longest message, code and request id of an error.
const LONGEST: [usize; 3] = [512, 64, 128];

/// One call of each kind, the one of letter `a` first.
pub fn calls() -> Vec<Call> {
    let id = || ConnectionId::new(CONNECTION);
    let name = || QueueName::new("q1");
    let tag = || Tag { key: "team".to_owned(), value: "data".to_owned() };
    vec![
        Call::ListQueues { tag: None, page: None },
        Call::GetQueue(name()),
        Call::CreateQueue(Box::new(queue())),
        Call::DeleteQueue(name()),
        Call::ListConnections { tag: None, offset: 0, limit: 0 },
        Call::GetConnection(id()),
        Call::CreateConnection(Box::new(connection())),
        Call::DeleteConnection(id()),
        Call::SetHosts { id: id(), hosts: vec![] },
        Call::Bind { id: id(), queues: vec![name()] },
        Call::Unbind { id: id(), queues: vec![name(), QueueName::new("q2")] },
        Call::ListTags { resource: ResourceType::Queue, id: "1".to_owned() },
        Call::CreateTags { resource: ResourceType::Connection, id: CONNECTION.to_owned(), tags: vec![tag()] },
        Call::FindProjects(RegionName::new("ap-southeast-3")),
    ]
}

/// The body of a call that creates a queue, with no more than it needs.
pub fn queue() -> CreateQueue {
    CreateQueue {
        queue_name: QueueName::new("q1"),
        queue_type: None,
        description: None,
        cu_count: 16,
        charging_mode: None,
        enterprise_project_id: None,
        platform: None,
        resource_mode: 1,
        labels: None,
        feature: None,
        tags: vec![],
        properties: None,
        engine: None,
    }
}

/// The body of a call that creates a connection, with no more than it needs.
pub fn connection() -> CreateConnection {
    CreateConnection {
        name: ConnectionName::new("test1"),
        dest_vpc_id: "22094d8f-c310-4621-913d-4c4d655d8495".to_owned(),
        dest_network_id: "78f2562a-36e4-4b39-95b9-f5aab22e1281".to_owned(),
        routetable_id: None,
        queues: vec![],
        hosts: None,
        tags: vec![],
    }
}

/// The call and its answer. Any bytes are one.
pub fn read(data: &[u8]) -> (Call, HttpResponse) {
    let (letter, rest) = data.split_first().unwrap_or((&b'a', &[]));
    let calls = calls();
    let call = calls[usize::from(letter.to_ascii_lowercase().wrapping_sub(b'a')) % calls.len()].clone();
    let digits = rest.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    let status = rest[..digits].iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0'));
    let body = rest[digits..].strip_prefix(b"\n").unwrap_or(&rest[digits..]).to_vec();
    let more = letter.is_ascii_uppercase();
    let request_id = more.then(|| "req-1".to_owned());
    (call, HttpResponse { status, request_id, retry_after: more.then_some(1_500), body })
}

/// What holds for each error, however it came about.
pub fn sound(call: &Call, response: &HttpResponse, error: &CallError) {
    let texts = [Some(&error.message), error.code.as_ref(), error.request_id.as_ref()];
    for (text, longest) in texts.into_iter().zip(LONGEST) {
        let Some(text) = text else { continue };
        assert!(!text.is_empty() && text.len() <= longest, "too long or empty: {text:?}");
        assert!(!text.contains(char::is_control), "more than a line: {text:?}");
        assert!(!text.contains(SECRET), "a secret is shown: {text:?}");
    }
    assert_eq!(error.status, Some(response.status));
    assert_eq!(error.retry_after, response.retry_after);
    assert!(matches!(error.cause, Cause::Decode | Cause::Answer), "{error:?}");

    // What was applied: never more sure than one can be.
    assert_ne!(error.applied, Applied::Yes, "{error:?}");
    if !call.is_mutation() {
        assert_eq!(error.applied, Applied::No, "a read changes nothing: {error:?}");
    } else if response.status >= 500 || response.status < 400 || error.cause == Cause::Decode {
        assert_eq!(error.applied, Applied::Unknown, "nobody can know: {error:?}");
    }
    if call.is_mutation() && error.class == ErrorClass::Transient {
        assert!(
            error.applied == Applied::Unknown || error.code.is_some(),
            "only the gateway's own codes say that a passing failure changed nothing: {error:?}"
        );
    }

    // Absence, and what else is decided upon.
    if error.class == ErrorClass::NotFound {
        assert!(response.status < 500, "a failure of the server is no proof of absence: {error:?}");
        let lists = matches!(call, Call::ListQueues { .. } | Call::ListConnections { .. } | Call::FindProjects(_));
        let makes = matches!(call, Call::CreateQueue(_) | Call::CreateConnection(_));
        assert!(!lists && !makes, "there is nothing that can be missing: {error:?}");
    }
    if error.class != ErrorClass::Throttled {
        assert_eq!(error.limit, None);
    }
    assert!(error.limit.is_none_or(|limit| limit.per_ms > 0), "{error:?}");
}
