//! The line between operator and cloud: a TCP proxy that breaks it, on purpose, at the worst places.
//!
//! It knows of HTTP only how a request begins. Calls follow each other on a connection, so what the cloud sends next is
//! the reply to the request that began last.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::{fixture::RUNTIME, rng::Rng};

/// Longer than the operator waits for an answer.
const STALL: Duration = Duration::from_millis(2_600);

/// A free port below the range from which the kernel takes the client's side of a connection: nobody takes it while it is
/// closed for a moment, and no client is connected to itself.
pub fn lasting_port(rng: &mut Rng) -> u16 {
    let mut ports = (0..1_000).map(|_| 12_000 + rng.roll(18_000) as u16);
    ports.find(|port| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).expect("a free port")
}

/// What is wrong with the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFault {
    /// Nothing: everything passes.
    None,
    /// Replies get lost and requests break off, those of changes more often than those of reads.
    Cuts,
    /// Replies come too late to be heard.
    Stalls,
    /// Nobody listens, and what was open is closed.
    Refused,
}

/// What happens to one call on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum CallFault {
    Pass,
    /// The request does not go through.
    RequestLost,
    /// Half of the request goes through.
    RequestHalf,
    /// The request goes through; nothing of the reply does.
    ReplyLost,
    /// The request goes through, and so does half of the reply.
    ReplyHalf,
    /// The request goes through; the line hangs and then breaks.
    Stalled,
}

/// The proxy. It lives as long as the process.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    fault: watch::Sender<LineFault>,
    call_faults: CallFaults,
}

type CallFaults = Arc<Mutex<BTreeMap<CallFault, u64>>>;

impl Proxy {
    /// Starts one; the cloud is where `target` says at the moment of a connection, 0 as long as nobody knows.
    pub fn start(mut rng: Rng, target: watch::Receiver<u16>) -> Self {
        let (fault, seen) = watch::channel(LineFault::None);
        let call_faults = CallFaults::default();
        let port = lasting_port(&mut rng);
        let listener = RUNTIME.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, port))).expect("a free port");
        RUNTIME.spawn(listen(port, listener, target, seen, rng, Arc::clone(&call_faults)));
        Self { port, fault, call_faults }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn set(&self, fault: LineFault) {
        self.fault.send_replace(fault);
    }

    /// How many calls were spoilt, by how.
    pub fn spoilt(&self) -> String {
        let call_faults = self.call_faults.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = call_faults.iter().map(|(call_fault, count)| format!("{call_fault:?} {count}"));
        counts.collect::<Vec<_>>().join(", ")
    }
}

async fn listen(
    port: u16,
    listener: TcpListener,
    target: watch::Receiver<u16>,
    mut fault: watch::Receiver<LineFault>,
    mut rng: Rng,
    call_faults: CallFaults,
) {
    let mut listener = Some(listener);
    loop {
        if *fault.borrow_and_update() == LineFault::Refused {
            listener = None;
            if fault.changed().await.is_err() {
                return;
            }
            continue;
        }
        let Some(open) = &listener else {
            listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.ok();
            if listener.is_none() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            continue;
        };
        tokio::select! {
            changed = fault.changed() => if changed.is_err() { return },
            accepted = open.accept() => if let Ok((client, _)) = accepted {
                let line = Line {
                    fault: fault.clone(),
                    rng: rng.branch(),
                    call_faults: Arc::clone(&call_faults),
                    call_fault: CallFault::Pass,
                    reply_begins: false,
                };
                let port = *target.borrow();
                tokio::spawn(async move {
                    if let Ok(cloud) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                        line.run(client, cloud).await;
                    }
                });
            }
        }
    }
}

/// One connection.
struct Line {
    fault: watch::Receiver<LineFault>,
    rng: Rng,
    call_faults: CallFaults,
    /// Of the call under way.
    call_fault: CallFault,
    reply_begins: bool,
}

impl Line {
    /// Runs until one side or a fault closes it.
    async fn run(mut self, mut client: TcpStream, mut cloud: TcpStream) {
        let (mut asked, mut answered) = (vec![0; 16_384], vec![0; 16_384]);
        loop {
            tokio::select! {
                changed = self.fault.changed() => {
                    if changed.is_err() || *self.fault.borrow_and_update() == LineFault::Refused {
                        return;
                    }
                }
                read = client.read(&mut asked) => {
                    let Ok(length @ 1..) = read else { return };
                    let chunk = &asked[..length];
                    if let Some(change) = begins(chunk) {
                        self.call_fault = self.decide(change);
                        self.reply_begins = true;
                    }
                    match self.call_fault {
                        CallFault::RequestLost => return,
                        CallFault::RequestHalf => {
                            let _ = cloud.write_all(&chunk[..length / 2]).await;
                            return;
                        }
                        _ => if cloud.write_all(chunk).await.is_err() { return },
                    }
                }
                read = cloud.read(&mut answered) => {
                    let Ok(length @ 1..) = read else { return };
                    let chunk = &answered[..length];
                    match self.call_fault {
                        CallFault::ReplyLost => return,
                        CallFault::ReplyHalf if self.reply_begins => {
                            let _ = client.write_all(&chunk[..length / 2]).await;
                            return;
                        }
                        CallFault::Stalled => {
                            tokio::time::sleep(STALL).await;
                            return;
                        }
                        _ => if client.write_all(chunk).await.is_err() { return },
                    }
                    self.reply_begins = false;
                }
            }
        }
    }

    fn decide(&mut self, change: bool) -> CallFault {
        let fault = *self.fault.borrow();
        let call_faults: &[CallFault] = match fault {
            LineFault::None | LineFault::Refused => return CallFault::Pass,
            LineFault::Stalls => &[CallFault::Stalled],
            LineFault::Cuts => &[
                CallFault::RequestLost,
                CallFault::RequestHalf,
                CallFault::ReplyLost,
                CallFault::ReplyLost,
                CallFault::ReplyHalf,
            ],
        };
        if !self.rng.chance(if change { 60 } else { 15 }) {
            return CallFault::Pass;
        }
        let call_fault = self.rng.pick(call_faults).copied().unwrap_or(CallFault::Pass);
        *self.call_faults.lock().unwrap_or_else(PoisonError::into_inner).entry(call_fault).or_default() += 1;
        call_fault
    }
}

/// Whether a request begins here, and if so, whether it is to change something.
fn begins(chunk: &[u8]) -> Option<bool> {
    if chunk.starts_with(b"GET ") {
        return Some(false);
    }
    let changes: [&[u8]; 3] = [b"POST ", b"PUT ", b"DELETE "];
    changes.iter().any(|method| chunk.starts_with(method)).then_some(true)
}
