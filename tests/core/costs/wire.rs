//! A proxy before a PostgreSQL server that counts what a store sends, but for hints: those are sent beside its calls, and
//! several become one when they come quickly.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use dataqueue::lock::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How often each thing was asked for.
pub type Asked = BTreeMap<String, u64>;

/// The code of a request to go on encrypted, before the first message of a connection.
const ENCRYPT: u32 = 80_877_103;

pub struct Wire {
    port: u16,
    asked: Arc<Mutex<Asked>>,
    accepting: JoinHandle<()>,
}

impl Wire {
    /// Listens on a port of its own, before the server at an address.
    pub async fn before(host: String, port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let asked: Arc<Mutex<Asked>> = Arc::default();
        let own = listener.local_addr().unwrap().port();
        let counts = asked.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect((host.as_str(), port)).await.unwrap();
                client.set_nodelay(true).unwrap();
                server.set_nodelay(true).unwrap();
                let (from_client, mut to_client) = client.into_split();
                let (mut from_server, to_server) = server.into_split();
                tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
                tokio::spawn(pass_on(from_client, to_server, counts.clone()));
            }
        });
        Self { port: own, asked, accepting }
    }

    pub fn address(&self) -> (String, u16) {
        ("127.0.0.1".to_owned(), self.port)
    }

    /// What was asked for since the last time.
    pub fn take(&self) -> Asked {
        std::mem::take(&mut *self.asked.lock())
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Counts before passing on, so that whatever was answered has been counted.
async fn pass_on(mut client: OwnedReadHalf, mut server: OwnedWriteHalf, counts: Arc<Mutex<Asked>>) {
    let (mut messages, mut bytes) = (Messages::default(), [0; 16_384]);
    while let Ok(read @ 1..) = client.read(&mut bytes).await {
        let told = messages.read(&bytes[..read]);
        for what in told {
            *counts.lock().entry(what).or_default() += 1;
        }
        if server.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

/// The messages of one connection.
#[derive(Default)]
struct Messages {
    left: Vec<u8>,
    started: bool,
    /// The names of the prepared statements that tell hints.
    hints: HashSet<Vec<u8>>,
    in_hint: bool,
}

impl Messages {
    /// What the whole messages ask for that have come by now.
    fn read(&mut self, bytes: &[u8]) -> Vec<String> {
        self.left.extend_from_slice(bytes);
        let mut told = Vec::new();
        loop {
            // The first message of a connection has no type.
            let head = usize::from(self.started);
            let Some(length) = number(&self.left, head) else { return told };
            let end = head + length as usize;
            if self.left.len() < end {
                return told;
            }
            let message: Vec<u8> = self.left.drain(..end).collect();
            if !self.started {
                self.started = number(&message, 4) != Some(ENCRYPT);
                continue;
            }
            told.extend(self.what(message[0], &message[5..]));
        }
    }

    /// What one message asks for, if it is not about a hint.
    fn what(&mut self, kind: u8, body: &[u8]) -> Option<String> {
        let mut texts = body.split(|byte| *byte == 0);
        match kind {
            b'P' => {
                let (name, sql) = (texts.next()?, texts.next()?);
                let is_hint = is_hint(&String::from_utf8_lossy(sql));
                if is_hint {
                    self.hints.insert(name.to_vec());
                }
                (!is_hint).then(|| "prepare".to_owned())
            }
            b'B' => {
                self.in_hint = self.hints.contains(texts.nth(1)?);
                None
            }
            b'E' => (!self.in_hint).then(|| "execute".to_owned()),
            b'Q' => Some(String::from_utf8_lossy(texts.next()?).into_owned()),
            _ => None,
        }
    }
}

fn is_hint(sql: &str) -> bool {
    sql.lines()
        .find(|line| !line.starts_with("--"))
        .is_some_and(|line| line.starts_with("SELECT ") && line.contains(" pg_notify("))
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().unwrap()))
}
