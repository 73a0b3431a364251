//! Many objects, and clients that mean no good.

use std::time::{Duration, Instant};

use dli_operator::simulator::Edit;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    http::{Client, queues},
    support::PROJECT,
};

/// Makes so many queues and connections, each connection bound to a queue.
fn furnish(client: &Client, count: usize) {
    client.simulator.with(|model, now| {
        for index in 0..count {
            let name = format!("q{index:05}");
            model.edit(now, None, Edit::CreateQueue { name: name.clone(), cu_count: 16, tags: Vec::new() }).unwrap();
            let (vpc, network) = ("vpc".to_owned(), "net".to_owned());
            let edit = Edit::CreateConnection {
                name: format!("c{index:05}"),
                dest_vpc_id: vpc,
                dest_network_id: network,
                tags: Vec::new(),
            };
            let id = model.edit(now, None, edit).unwrap().unwrap().to_string();
            model.edit(now, None, Edit::Bind { id, queue: name }).unwrap();
        }
    });
}

async fn rate(what: &str, client: &Client, targets: &[String]) {
    let begin = Instant::now();
    let mut bytes = 0;
    for target in targets {
        let response = client.send(Method::GET, target, "").await.unwrap();
        assert_eq!(response.status(), 200, "{target}");
        bytes += response.bytes().await.unwrap().len();
    }
    let seconds = begin.elapsed().as_secs_f64();
    let (calls, each) = (targets.len() as f64 / seconds, bytes / targets.len());
    println!("{what}: {calls:.0} calls/s, one client, {each} bytes an answer");
}

/// Prints rates: `cargo test --release --test simulator rates -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints numbers, judges none"]
async fn rates_of_lists_and_gets() {
    for count in [1_000, 10_000] {
        let client = Client::start().await;
        furnish(&client, count);
        println!("{count} queues and {count} connections");
        let all = format!("{}?queue_type=all", queues());
        let connections = format!("/v2.0/{PROJECT}/datasource/enhanced-connections");
        let gets: Vec<String> = (0..500).map(|index| format!("{}/q{index:05}", queues())).collect();
        rate("get a queue", &client, &gets).await;
        rate("list all queues", &client, &vec![all; 10]).await;
        rate("list 100 connections", &client, &vec![connections.clone(); 50]).await;
        rate("list all connections", &client, &vec![format!("{connections}?limit=0"); 10]).await;
    }
}

#[tokio::test]
async fn ten_thousand_of_each_still_answer() {
    let client = Client::start().await;
    furnish(&client, 10_000);
    let (status, list) = client.json(Method::GET, &format!("{}?queue_type=all", queues()), "").await;
    assert_eq!((status.as_u16(), list["queues"].as_array().unwrap().len()), (200, 10_001));
    let connections = format!("/v2.0/{PROJECT}/datasource/enhanced-connections");
    let (_, list) = client.json(Method::GET, &format!("{connections}?limit=100&offset=9950"), "").await;
    assert_eq!((&list["count"], list["connections"].as_array().unwrap().len()), (&json!(10_000), 50));
    let page = client.http.get(format!("{}/", client.simulator.url())).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Queues (10001)") && page.len() < 4 * 1024 * 1024, "{} bytes", page.len());
}

/// Sends bytes, and more of the same for as long as they are taken; returns the beginning of the answer.
async fn raw(client: &Client, first: &[u8], more: &[u8], most: usize) -> (String, usize) {
    let stream = TcpStream::connect(client.simulator.address()).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let (first, more) = (first.to_vec(), more.to_vec());
    let sender = tokio::spawn(async move {
        let mut sent = 0;
        if write.write_all(&first).await.is_ok() && !more.is_empty() {
            while sent < most && write.write_all(&more).await.is_ok() {
                sent += more.len();
            }
        }
        (sent, write)
    });
    let mut bytes = vec![0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(60), read.read(&mut bytes)).await.unwrap();
    let count = read.unwrap_or(0);
    sender.abort();
    let sent = sender.await.map_or(most, |(sent, _)| sent);
    (String::from_utf8_lossy(&bytes[..count]).into_owned(), sent)
}

#[tokio::test]
async fn malformed_and_endless_requests_are_answered_and_bounded() {
    let client = Client::start().await;
    for nonsense in
        [&b"NONSENSE\r\n\r\n"[..], b"GET / HTTP/9.9\r\n\r\n", b"GET  \r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00"]
    {
        let (answer, _) = raw(&client, nonsense, b"", 0).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    // A header without end is cut off long before it fills the memory.
    let (answer, _) = raw(&client, b"GET / HTTP/1.1\r\nX: ", &vec![b'a'; 64 * 1024], 64 * 1024 * 1024).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    // A body without end: 413 of the gateway after 12 MB.
    let head = format!("POST {} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", queues());
    let chunk = [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat();
    let (answer, _) = raw(&client, head.as_bytes(), &chunk, 1 << 30).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("APIGW.0201"), "{answer}");
    // It still works.
    let (status, body) = client.json(Method::POST, &queues(), "{").await;
    assert_eq!((status.as_u16(), &body["error_code"]), (400, &json!("DLI.0001")));
    let (_, state) = client.control(Method::GET, "state", Value::Null).await;
    assert_eq!(state["queues"].as_array().unwrap().len(), 1);
}
