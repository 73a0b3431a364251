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

use crate::{dice::Dice, lab::RUNTIME};

/// Longer than the operator waits for an answer.
const STALL: Duration = Duration::from_millis(2_600);

/// A free port below the range from which the kernel takes the client's side of a connection: nobody takes it while it is
/// closed for a moment, and no client is connected to itself.
pub fn lasting_port(dice: &mut Dice) -> u16 {
    let mut ports = (0..1_000).map(|_| 12_000 + dice.roll(18_000) as u16);
    ports.find(|port| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).expect("a free port")
}

/// What the line does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// All passes.
    Fine,
    /// Replies get lost and requests break off, those of changes more often than those of reads.
    Cuts,
    /// Replies come too late to be heard.
    Stalls,
    /// Nobody listens, and what was open is closed.
    Refused,
}

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
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
    weather: watch::Sender<Weather>,
    fates: Fates,
}

type Fates = Arc<Mutex<BTreeMap<Fate, u64>>>;

impl Proxy {
    /// Starts one; the cloud is where `target` says at the moment of a connection, 0 as long as nobody knows.
    pub fn start(mut dice: Dice, target: watch::Receiver<u16>) -> Self {
        let (weather, seen) = watch::channel(Weather::Fine);
        let fates = Fates::default();
        let port = lasting_port(&mut dice);
        let listener = RUNTIME.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, port))).expect("a free port");
        RUNTIME.spawn(listen(port, listener, target, seen, dice, Arc::clone(&fates)));
        Self { port, weather, fates }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// How many calls were spoilt, by how.
    pub fn spoilt(&self) -> String {
        let fates = self.fates.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = fates.iter().map(|(fate, count)| format!("{fate:?} {count}"));
        counts.collect::<Vec<_>>().join(", ")
    }
}

async fn listen(
    port: u16,
    listener: TcpListener,
    target: watch::Receiver<u16>,
    mut weather: watch::Receiver<Weather>,
    mut dice: Dice,
    fates: Fates,
) {
    let mut listener = Some(listener);
    loop {
        if *weather.borrow_and_update() == Weather::Refused {
            listener = None;
            if weather.changed().await.is_err() {
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
            changed = weather.changed() => if changed.is_err() { return },
            accepted = open.accept() => if let Ok((client, _)) = accepted {
                let line = Line {
                    weather: weather.clone(),
                    dice: dice.branch(),
                    fates: Arc::clone(&fates),
                    fate: Fate::Pass,
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
    weather: watch::Receiver<Weather>,
    dice: Dice,
    fates: Fates,
    /// Of the call under way.
    fate: Fate,
    reply_begins: bool,
}

impl Line {
    /// Until one side, or fate, closes it.
    async fn run(mut self, mut client: TcpStream, mut cloud: TcpStream) {
        let (mut asked, mut answered) = (vec![0; 16_384], vec![0; 16_384]);
        loop {
            tokio::select! {
                changed = self.weather.changed() => {
                    if changed.is_err() || *self.weather.borrow_and_update() == Weather::Refused {
                        return;
                    }
                }
                read = client.read(&mut asked) => {
                    let Ok(length @ 1..) = read else { return };
                    let chunk = &asked[..length];
                    if let Some(change) = begins(chunk) {
                        self.fate = self.decide(change);
                        self.reply_begins = true;
                    }
                    match self.fate {
                        Fate::RequestLost => return,
                        Fate::RequestHalf => {
                            let _ = cloud.write_all(&chunk[..length / 2]).await;
                            return;
                        }
                        _ => if cloud.write_all(chunk).await.is_err() { return },
                    }
                }
                read = cloud.read(&mut answered) => {
                    let Ok(length @ 1..) = read else { return };
                    let chunk = &answered[..length];
                    match self.fate {
                        Fate::ReplyLost => return,
                        Fate::ReplyHalf if self.reply_begins => {
                            let _ = client.write_all(&chunk[..length / 2]).await;
                            return;
                        }
                        Fate::Stalled => {
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

    fn decide(&mut self, change: bool) -> Fate {
        let weather = *self.weather.borrow();
        let fates: &[Fate] = match weather {
            Weather::Fine | Weather::Refused => return Fate::Pass,
            Weather::Stalls => &[Fate::Stalled],
            Weather::Cuts => &[Fate::RequestLost, Fate::RequestHalf, Fate::ReplyLost, Fate::ReplyLost, Fate::ReplyHalf],
        };
        if !self.dice.chance(if change { 60 } else { 15 }) {
            return Fate::Pass;
        }
        let fate = self.dice.pick(fates).copied().unwrap_or(Fate::Pass);
        *self.fates.lock().unwrap_or_else(PoisonError::into_inner).entry(fate).or_default() += 1;
        fate
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
