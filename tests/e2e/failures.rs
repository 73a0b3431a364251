//! An operator without a cloud: it says what is wrong and what to do, and goes on by itself when the cloud is there.

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
};

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::{TlsAcceptor, rustls};

use crate::{
    fixture::{Fixture, Options, RUNTIME, project, queue},
    processes::{Simulator, text},
};

/// A port that nobody listens on.
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// Something that listens and does not speak TLS, until it is opened: then it is the cloud behind TLS.
struct Gateway {
    port: u16,
    /// In PEM.
    certificate: String,
    /// The cloud; 0 before it is opened.
    behind: Arc<AtomicU16>,
}

impl Gateway {
    fn start() -> Self {
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let private = rustls::pki_types::PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![key.cert.der().clone()], private)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = RUNTIME.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let port = listener.local_addr().unwrap().port();
        let behind = Arc::new(AtomicU16::new(0));
        let where_to = Arc::clone(&behind);
        RUNTIME.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (acceptor, cloud) = (acceptor.clone(), where_to.load(Ordering::Acquire));
                tokio::spawn(async move {
                    if cloud == 0 {
                        let _ = stream.write_all(b"220 this is not what you expect\r\n").await;
                        return;
                    }
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let Ok(mut cloud) = tokio::net::TcpStream::connect(("127.0.0.1", cloud)).await else { return };
                    let _ = tokio::io::copy_bidirectional(&mut stream, &mut cloud).await;
                });
            }
        });
        Self { port, certificate: key.cert.pem(), behind }
    }

    fn open(&self, cloud: u16) {
        self.behind.store(cloud, Ordering::Release);
    }
}

#[test]
fn each_way_of_not_reaching_the_cloud_says_so_and_ends_by_itself() {
    let refused = free_port();
    let gateway = Gateway::start();
    let certificate = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(certificate.path(), &gateway.certificate).unwrap();
    let address = format!("localhost:{}", gateway.port);
    let clouds = format!(
        "  refused: {{dliEndpoint: 'http://127.0.0.1:{refused}', iamEndpoint: 'http://127.0.0.1:{refused}'}}\n  \
         unnamed: {{dliEndpoint: 'https://dli.name.invalid', iamEndpoint: 'https://iam.name.invalid'}}\n  \
         plain: {{dliEndpoint: 'https://{address}', iamEndpoint: 'https://{address}', caFile: '{}'}}\n",
        certificate.path().display()
    );
    let fixture = Fixture::with("no-cloud", &Options { clouds, ..Options::default() });
    fixture.ready("dlip", "default");
    fixture.cloud.always(&json!({"html": {"applied": false}}));
    for cloud in ["refused", "unnamed", "plain", "unknown"] {
        fixture.apply(&project(cloud, cloud));
    }
    fixture.apply(&queue("q1", ", projectRef: {name: refused}"));

    let said = |name: &str, reason: &str, words: &[&str]| {
        let ready = fixture.reason("dlip", name, "Ready", reason);
        let message = text(&ready["message"]);
        for word in words {
            assert!(message.to_lowercase().contains(word), "{name}: {word:?} is not in {message:?}");
        }
    };
    said("refused", "CloudUnreachable", &["refused", "check spec.region"]);
    said("unnamed", "CloudUnreachable", &["dli.name.invalid", "check spec.region"]);
    said("plain", "CloudUnreachable", &["tls", "check spec.region"]);
    said("default", "CloudError", &["502 bad gateway", "retrying automatically"]);
    said("unknown", "Unsupported", &["is not in the operator's configuration", "clouds.unknown"]);
    let waiting = fixture.reason("dliq", "q1", "Ready", "WaitingForDependency");
    assert!(text(&waiting["message"]).contains("CloudUnreachable"), "{waiting}");

    // The cloud comes up where it was missing.
    let late = Simulator::start(&fixture.cluster().dir().join(format!("{}-late.log", fixture.ns)), refused);
    fixture.cloud.disarm();
    gateway.open(late.port());
    fixture.ready("dlip", "refused");
    fixture.ready("dlip", "plain");
    fixture.ready("dlip", "default");
    fixture.ready("dliq", "q1");
    assert_eq!(late.names().0, ["q1"]);
}

#[test]
fn a_cloud_that_throttles_and_loses_answers_ends_with_the_same_as_a_good_one() {
    let fixture = Fixture::new("weather");
    fixture.ready("dlip", "default");
    for (operation, effect) in [
        ("CreateQueue", json!("dropAfter")),
        ("CreateQueue", json!({"respond": {"status": 500, "code": "DLI.0999", "message": "busy"}})),
        ("CreateConnection", json!("dropAfter")),
        ("CreateConnection", json!({"throttle": {"retryAfter": 500}})),
        ("AssociateQueue", json!("dropAfter")),
        ("SetHosts", json!({"html": {"applied": true}})),
        ("DeleteQueue", json!("dropAfter")),
        ("DeleteConnection", json!("cutBody")),
    ] {
        let when = json!({"operation": operation});
        fixture.cloud.control("POST", "faults", &json!({"effect": effect, "when": when, "times": 1}));
    }
    // Names need not be unique, so that a second create call could make a second one.
    fixture.cloud.configure(&json!({"answers": {"connectionNames": "free"}}));
    fixture.apply(&(queue("q1", "") + &queue("q2", "")));
    fixture.apply(&(connection_of("c1", "q1") + &connection_of("c2", "q2")));
    for name in ["c1", "c2"] {
        fixture.ready("dlic", name);
    }
    let edit = json!({"spec": {"queues": [{"ref": {"name": "q1"}}, {"ref": {"name": "q2"}}],
        "hosts": [{"name": "h1", "ip": "10.0.0.1"}]}});
    for name in ["c1", "c2"] {
        fixture.patch("dlic", name, &edit);
    }
    for name in ["c1", "c2"] {
        fixture.ready("dlic", name);
        assert_eq!(crate::fixture::entries(&fixture.cloud.connection(name).unwrap()).len(), 2);
    }
    assert_eq!(fixture.cloud.names(), (vec!["q1".into(), "q2".into()], vec!["c1".into(), "c2".into()]));
    for (kind, name) in [("dlic", "c1"), ("dlic", "c2"), ("dliq", "q1"), ("dliq", "q2")] {
        fixture.delete(kind, name);
    }
    fixture.until_true("all objects are gone", || fixture.list("dlic").is_empty() && fixture.list("dliq").is_empty());
    assert!(fixture.cloud.is_empty());
}

#[test]
fn a_cloud_too_slow_to_delete_by_name_is_read_again() {
    let fixture = Fixture::with("slow", &Options { call_timeout: Some(30), ..Options::default() });
    fixture.apply(&queue("q1", ""));
    fixture.ready("dliq", "q1");
    // A DELETE by name goes out within 15 s of the reading that shows whose the queue is, or not at all.
    let slow = json!({"effect": {"delay": {"ms": 16_000}}, "when": {"operation": "ListQueues"}, "times": 1});
    fixture.cloud.control("POST", "faults", &slow);
    fixture.delete("dliq", "q1");
    fixture.until_true("the queue is gone", || fixture.list("dliq").is_empty() && fixture.cloud.is_empty());
}

fn connection_of(name: &str, queue: &str) -> String {
    crate::fixture::connection(name, &format!(", queues: [{{ref: {{name: {queue}}}}}]"))
}
