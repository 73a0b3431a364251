//! The client over loopback, against servers that behave and servers that do not.
#![allow(clippy::unwrap_used, clippy::panic)]

mod loopback;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use dli_operator::{
    cloud::{CallContext, ClientError, ClientOptions, CloudClient, Credential, EndpointUrl},
    dli::{
        Answer, Applied, Call, CallError, Cause, ConnectionId, ErrorClass, Host, ProjectId, QueueName, RegionName,
        Reply, Tag,
        signing::{Authorization, Query, SignedRequest, parse_timestamp, payload_hash, string_to_sign, verify},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc,
};

use crate::loopback::{answering, gzip, http, receive, server, tls_server};

const ACCESS: &str = "CANARYACCESS";
const SECRET: &str = "CANARYSECRET/with+signs=";
const TOKEN: &str = "CANARYTOKEN+/==";

fn context(base: &str) -> CallContext {
    let data: BTreeMap<String, Vec<u8>> = [("accessKey", ACCESS), ("secretKey", SECRET), ("securityToken", TOKEN)]
        .map(|(key, value)| (key.to_owned(), value.as_bytes().to_vec()))
        .into();
    CallContext {
        dli: EndpointUrl::parse(base).unwrap(),
        iam: EndpointUrl::parse(base).unwrap(),
        credential: Arc::new(Credential::from_secret(&data).unwrap()),
        project: Some(ProjectId::new("48cc2c48765f481480c7db940d6409d1")),
        clock_offset: 0,
    }
}

/// Small limits on size, and time enough for a busy machine.
fn options() -> ClientOptions {
    ClientOptions {
        timeout: Duration::from_secs(60),
        connect_timeout: Duration::from_secs(30),
        list_bytes: 256 << 10,
        other_bytes: 16 << 10,
        ..ClientOptions::default()
    }
}

fn list() -> Call {
    let tag = Some(Tag { key: "dli.owner".to_owned(), value: "a b+c/ä".to_owned() });
    Call::ListQueues { tag, page: None }
}

fn delete() -> Call {
    Call::DeleteQueue(QueueName::new("q1"))
}

fn set_hosts() -> Call {
    let hosts = vec![Host { name: "h".to_owned(), ip: "10.0.0.1".to_owned() }];
    Call::SetHosts { id: ConnectionId::new("c-1"), hosts }
}

async fn ask(base: &str, call: &Call) -> Answer {
    ask_with(&options(), base, call).await
}

async fn ask_with(options: &ClientOptions, base: &str, call: &Call) -> Answer {
    let client = CloudClient::new(options).unwrap();
    let answer = client.call(&context(base), call).await;
    let text = format!("{answer:?} {:?} {client:?}", context(base));
    assert!(!text.contains("CANARY"), "{text}");
    answer
}

async fn fails(base: &str, call: &Call) -> CallError {
    fails_with(&options(), base, call).await
}

async fn fails_with(options: &ClientOptions, base: &str, call: &Call) -> CallError {
    let error = ask_with(options, base, call).await.outcome.unwrap_err();
    assert!(!error.to_string().contains("CANARY"), "{error}");
    assert!(error.message.len() <= 512 && !error.message.contains('\n'));
    error
}

/// Class, effect and cause of a failed read and of a failed change.
async fn both(base: &str, cause: Cause, change: Applied) -> String {
    both_with(&options(), base, cause, change).await
}

async fn both_with(options: &ClientOptions, base: &str, cause: Cause, change: Applied) -> String {
    let read = fails_with(options, base, &list()).await;
    assert_eq!((read.cause, read.applied), (cause, Applied::No), "{read}");
    let changed = fails_with(options, base, &delete()).await;
    assert_eq!((changed.cause, changed.applied), (cause, change), "{changed}");
    read.message
}

#[tokio::test]
async fn what_is_sent_is_what_was_signed() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let base = server(move |mut stream| {
        let tell = tell.clone();
        async move {
            while let Some(request) = receive(&mut stream).await {
                let _ = tell.send(request);
                let body = br#"{"is_success":true,"queues":[],"projects":[]}"#;
                let _ = stream.write_all(&http("200 OK", "", body)).await;
            }
        }
    })
    .await;
    let client = CloudClient::new(&options()).unwrap();
    let context = CallContext { clock_offset: 3_600_000, ..context(&base) };
    for call in [list(), set_hosts(), delete(), Call::FindProjects(RegionName::new("eu-de"))] {
        client.call(&context, &call).await.outcome.unwrap();
        let request = told.recv().await.unwrap();
        let given = Authorization::parse(request.header("authorization").unwrap()).unwrap();
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let headers: Vec<(&str, &str)> = request.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let names: Vec<&str> = given.signed_headers.iter().map(String::as_str).collect();
        let canonical = SignedRequest {
            method: &request.method,
            path,
            query: Query::Raw(query),
            headers: &headers,
            signed_headers: &names,
            payload: &payload_hash(&request.body),
        }
        .canonical()
        .unwrap();
        let date = request.header("x-sdk-date").unwrap();
        let text = string_to_sign(given.scheme(), date, &canonical);
        assert_eq!(given.access_key, ACCESS);
        assert!(verify(given.scheme(), ACCESS, SECRET.as_bytes(), &text, &given.signature), "{canonical}");

        let mut expected = vec!["host", "x-sdk-date", "x-security-token"];
        if !matches!(call, Call::FindProjects(_)) {
            expected.insert(1, "x-project-id");
        }
        if matches!(call, Call::SetHosts { .. }) {
            expected.insert(0, "content-type");
            assert_eq!(request.body, br#"{"hosts":[{"name":"h","ip":"10.0.0.1"}]}"#);
        } else {
            assert_eq!((request.header("content-length"), request.header("content-type")), (None, None));
        }
        assert_eq!(names, expected);
        let authority = base.strip_prefix("http://").unwrap();
        assert_eq!(request.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case("host")).count(), 1);
        assert_eq!(request.header("host"), Some(authority));
        assert_eq!(request.header("x-language"), Some("en-us"));
        let agent = request.header("user-agent").unwrap();
        assert!(agent.starts_with("dli-operator/"), "{agent}");
        let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
        let ahead = parse_timestamp(date).unwrap() - now;
        assert!((3_540_000..=3_600_000).contains(&ahead), "{ahead}");
    }
}

#[tokio::test]
async fn a_good_answer_with_its_headers() {
    let headers = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-Request-Id: r-1\r\n";
    let answer = ask(&answering(http("200 OK", headers, br#"{"queues":[{"queue_name":"A"}]}"#)).await, &list()).await;
    assert_eq!(answer.server_date, Some(784_111_777_000));
    let Ok(Reply::Queues(queues)) = answer.outcome else { panic!("{answer:?}") };
    assert_eq!(queues[0].name.as_str(), "a");
    let empty = b"HTTP/1.1 204 No Content\r\nDate: nonsense\r\n\r\n".to_vec();
    let answer = ask(&answering(empty).await, &delete()).await;
    assert_eq!(answer, Answer { outcome: Ok(Reply::Accepted), server_date: None });
}

#[tokio::test]
async fn an_error_answer_with_its_headers() {
    let text = "policy ip over ratelimit,limit:5,time:5 second";
    let body = format!(r#"{{"error_code":"APIGW.0308","error_msg":"{text}"}}"#);
    let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    for (wait, expected) in [
        ("Retry-After: 7\r\n", Some(7_000)),
        ("Retry-After: Sun, 06 Nov 1994 08:49:47 GMT\r\n", Some(10_000)),
        ("Retry-After: Sun, 06 Nov 1994 08:49:27 GMT\r\n", Some(0)),
        ("Retry-After: soon\r\n", None),
        ("", None),
    ] {
        let headers = format!("{date}X-IAM-Trace-Id: t-1\r\n{wait}");
        let error = fails(&answering(http("429 Too Many Requests", &headers, body.as_bytes())).await, &delete()).await;
        assert_eq!((error.class, error.applied, error.retry_after), (ErrorClass::Throttled, Applied::No, expected));
        assert_eq!(error.request_id.as_deref(), Some("t-1"));
        assert_eq!(error.limit.unwrap().per_ms, 5_000);
    }
}

#[tokio::test]
async fn an_echo_of_the_request_is_not_repeated() {
    let body = format!(
        r#"{{"error_code":"APIGW.0301","error_msg":"{ACCESS} wrong, {TOKEN}, ak:{ACCESS}, canonicalRequest:GET|{TOKEN}"}}"#
    );
    let error = fails(&answering(http("401 Unauthorized", "", body.as_bytes())).await, &delete()).await;
    assert_eq!((error.class, error.applied), (ErrorClass::Auth, Applied::No));
    let headers = format!("X-Request-Id: {ACCESS}\r\n");
    fails(&answering(http("400 Bad Request", &headers, SECRET.as_bytes())).await, &delete()).await;
}

#[tokio::test]
async fn html_from_in_between() {
    let page = b"<html><head><title>502 Bad Gateway</title></head></html>";
    let message = both(&answering(http("502 Bad Gateway", "", page)).await, Cause::Answer, Applied::Unknown).await;
    assert_eq!(message, "502 Bad Gateway");
    both(&answering(http("200 OK", "", page)).await, Cause::Decode, Applied::Unknown).await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let base = answering(http("307 Temporary Redirect", "Location: http://127.0.0.1:9/\r\n", b"")).await;
    both(&base, Cause::Decode, Applied::Unknown).await;
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let base = server(|mut stream| async move {
        receive(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
        let _ = stream.write_all(head.as_bytes()).await;
        while stream.write_all(chunk.as_bytes()).await.is_ok() {}
    })
    .await;
    let message = both(&base, Cause::Decode, Applied::Unknown).await;
    assert_eq!(message, format!("the answer is larger than {} bytes", 256 << 10));
}

#[tokio::test]
async fn compressed_answers_count_by_what_they_hold() {
    let headers = "Content-Encoding: gzip\r\n";
    let good = http("200 OK", headers, &gzip(br#"{"queues":[]}"#));
    assert_eq!(ask(&answering(good).await, &list()).await.outcome, Ok(Reply::Queues(vec![])));
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 128 << 10);
    let message = both(&answering(http("200 OK", headers, &bomb)).await, Cause::Decode, Applied::Unknown).await;
    assert!(message.contains("larger than"), "{message}");
    let garbage = answering(http("200 OK", headers, b"no gzip at all, but long enough to be read")).await;
    both(&garbage, Cause::Decode, Applied::Unknown).await;
    let oversized = answering(http("400 Bad Request", headers, &bomb)).await;
    both(&oversized, Cause::Answer, Applied::Unknown).await;
}

#[tokio::test]
async fn a_slow_server_is_left_alone() {
    let silent = server(|mut stream| async move {
        receive(&mut stream).await;
        tokio::time::sleep(Duration::from_secs(300)).await;
    })
    .await;
    let slow = server(|mut stream| async move {
        receive(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n{").await;
        while stream.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })
    .await;
    let brief = ClientOptions { timeout: Duration::from_millis(600), ..options() };
    tokio::join!(
        both_with(&brief, &silent, Cause::Timeout, Applied::Unknown),
        both_with(&brief, &slow, Cause::Timeout, Applied::Unknown)
    );
}

#[tokio::test]
async fn a_broken_connection_may_have_carried_the_call() {
    let after_request = server(|mut stream| async move {
        receive(&mut stream).await;
    })
    .await;
    both(&after_request, Cause::Reset, Applied::Unknown).await;
    let within_body = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"queues\":".to_vec()).await;
    both(&within_body, Cause::Reset, Applied::Unknown).await;
    let within_gzip = [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n".to_vec(), {
        let mut bytes = gzip(&[b'x'; 4000]);
        bytes.truncate(20);
        bytes
    }]
    .concat();
    both(&answering(within_gzip).await, Cause::Reset, Applied::Unknown).await;
    // The status of an error answer is enough to know that nothing was applied.
    let cut = answering(b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 100\r\n\r\n{\"error".to_vec()).await;
    let error = fails(&cut, &delete()).await;
    assert_eq!((error.class, error.applied), (ErrorClass::Throttled, Applied::No));
}

#[tokio::test]
async fn a_connection_that_is_never_made_carries_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let message = both(&nobody, Cause::Connect, Applied::No).await;
    assert!(message.starts_with("cannot connect to 127.0.0.1:"), "{message}");
    let message = both("https://name.invalid", Cause::Dns, Applied::No).await;
    assert!(message.starts_with("cannot find name.invalid: "), "{message}");
}

#[tokio::test]
async fn a_call_that_cannot_be_written_is_not_sent() {
    let error = fails("http://127.0.0.1:9", &Call::DeleteQueue(QueueName::new(""))).await;
    assert_eq!((error.class, error.applied, error.cause), (ErrorClass::Refused, Applied::No, Cause::NotSent));
    let client = CloudClient::new(&options()).unwrap();
    let lost = CallContext { clock_offset: i64::MAX, ..context("http://127.0.0.1:9") };
    let error = client.call(&lost, &delete()).await.outcome.unwrap_err();
    assert_eq!(error.cause, Cause::NotSent);
}

#[tokio::test]
async fn a_certificate_must_be_trusted() {
    let (pem, port) = tls_server().await;
    let base = format!("https://localhost:{port}");
    let message = both(&base, Cause::Tls, Applied::No).await;
    assert!(message.contains("certificate"), "{message}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, pem).unwrap();
    let trusting = CloudClient::new(&ClientOptions { ca_file: Some(file.clone()), ..options() }).unwrap();
    assert_eq!(trusting.call(&context(&base), &delete()).await.outcome, Ok(Reply::Accepted));
    let other_name = context(&format!("https://127.0.0.1:{port}"));
    assert_eq!(trusting.call(&other_name, &delete()).await.outcome.unwrap_err().cause, Cause::Tls);

    std::fs::write(&file, "no certificate").unwrap();
    let error = CloudClient::new(&ClientOptions { ca_file: Some(file.clone()), ..options() }).unwrap_err();
    assert!(matches!(&error, ClientError::CaFormat { path } if *path == file.display().to_string()), "{error}");
    let absent = folder.path().join("absent.pem");
    let error = CloudClient::new(&ClientOptions { ca_file: Some(absent), ..options() }).unwrap_err();
    assert!(matches!(error, ClientError::CaRead { .. }) && error.to_string().contains("absent.pem"), "{error}");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls() {
    let plain = server(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.read(&mut [0; 1024]).await;
    })
    .await;
    both(&plain.replace("http://", "https://"), Cause::Tls, Applied::No).await;
    let closing = server(|mut stream| async move {
        let _ = stream.read(&mut [0; 1024]).await;
    })
    .await;
    both(&closing.replace("http://", "https://"), Cause::Tls, Applied::No).await;
    let silent = server(|mut stream| async move {
        let _ = stream.read(&mut [0; 1024]).await;
        tokio::time::sleep(Duration::from_secs(300)).await;
    })
    .await;
    let brief = ClientOptions { connect_timeout: Duration::from_millis(300), ..options() };
    both_with(&brief, &silent.replace("http://", "https://"), Cause::Timeout, Applied::No).await;
}

#[tokio::test]
async fn a_proxy_is_used_only_where_it_was_asked_for() {
    let proxy = Some("http://user:CANARY@127.0.0.1:9".into());
    let through = CloudClient::new(&ClientOptions { proxy, ..options() }).unwrap();
    let base = answering(http("200 OK", "", br#"{"is_success":true}"#)).await;
    assert_eq!(through.call(&context(&base), &delete()).await.outcome, Ok(Reply::Accepted));
    let error = through.call(&context("https://name.invalid"), &delete()).await.outcome.unwrap_err();
    assert_eq!((error.cause, error.applied), (Cause::Connect, Applied::No));
    let bad = ClientOptions { proxy: Some("http://CANARY:x:y".into()), ..options() };
    let text = format!("{} {bad:?}", CloudClient::new(&bad).unwrap_err());
    assert!(!text.contains("CANARY"), "{text}");
}
