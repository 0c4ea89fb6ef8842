//! A video management system that remembers what it took and fails on
//! command: down, hanging up before or after it took something, silent, busy,
//! refusing.
//!
//! In: requests of Milestone's notification port or Genetec's Web SDK. Out:
//! what it took, in order. It does not look whether a request is well formed:
//! the tests of `sink` hold requests against the vendors' published forms.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How it meets requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It takes all, and says so.
    Well,
    /// It hangs up on whoever connects.
    HangsUp,
    /// It takes the request and hangs up instead of answering.
    TakesAndHangsUp,
    /// It takes the request and hangs up within its answer.
    AnswersByHalf,
    /// It takes the request and says nothing for this long.
    Silent(Duration),
    /// It answers with this status and takes nothing.
    Refuses(u16),
}

/// What all its connections share.
#[derive(Debug)]
struct Shared {
    mood: Mutex<Mood>,
    /// Head and body of each request that it took.
    taken: Mutex<Vec<String>>,
    n_failed: Mutex<u32>,
    /// The body of a good answer.
    answer: &'static str,
}

/// The system; stops when dropped.
#[derive(Debug)]
pub(crate) struct FakeVms {
    addr: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for FakeVms {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FakeVms {
    /// Starts on a free port; `answer` is the body of its good answers.
    pub(crate) async fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            mood: Mutex::new(Mood::Well),
            taken: Mutex::default(),
            n_failed: Mutex::new(0),
            answer,
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared)));
        FakeVms { addr, shared, task }
    }

    pub(crate) fn port(&self) -> u16 {
        self.addr.port()
    }

    /// Stops listening and cuts its connections, as a machine that is switched
    /// off.
    pub(crate) fn switch_off(&mut self) {
        self.task.abort();
    }

    /// Listens again on the same port, and is well.
    pub(crate) async fn switch_on(&mut self) {
        self.task.abort();
        self.be(Mood::Well);
        let listener = super::soon("its port", async || TcpListener::bind(self.addr).await.ok());
        self.task = tokio::spawn(serve(listener.await, Arc::clone(&self.shared)));
    }

    pub(crate) fn be(&self, mood: Mood) {
        *self
            .shared
            .mood
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = mood;
    }

    /// How often it failed somebody.
    pub(crate) fn n_failed(&self) -> u32 {
        *self
            .shared
            .n_failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What it took so far, in order, repeated ones as well.
    pub(crate) fn taken(&self) -> Vec<String> {
        let taken = self
            .shared
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        taken.clone()
    }

    /// How many requests it took.
    pub(crate) fn n_taken(&self) -> usize {
        let taken = self
            .shared
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        taken.len()
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // Its connections end with it.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(converse(stream, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut read = Vec::new();
    while let Some(request) = next_request(&mut stream, &mut read).await {
        let mood = *shared.mood.lock().unwrap_or_else(PoisonError::into_inner);
        if mood != Mood::Well {
            *shared
                .n_failed
                .lock()
                .unwrap_or_else(PoisonError::into_inner) += 1;
        }
        if !matches!(mood, Mood::HangsUp | Mood::Refuses(_)) {
            let mut taken = shared.taken.lock().unwrap_or_else(PoisonError::into_inner);
            taken.push(request);
        }
        let body = shared.answer;
        let answer = match mood {
            Mood::Well => format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ),
            Mood::Refuses(status) => {
                format!("HTTP/1.1 {status} No\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")
            }
            Mood::AnswersByHalf => "HTTP/1.1 200 OK\r\nContent-Le".to_owned(),
            Mood::HangsUp | Mood::TakesAndHangsUp => return,
            Mood::Silent(silence) => {
                tokio::time::sleep(silence).await;
                return;
            }
        };
        let is_sent = stream.write_all(answer.as_bytes()).await.is_ok();
        if !is_sent || mood == Mood::AnswersByHalf {
            return;
        }
    }
}

/// Head and body; `None` at the connection's end.
async fn next_request(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(len) = request_len(read)
            && read.len() >= len
        {
            let rest = read.split_off(len);
            let request = std::mem::replace(read, rest);
            return Some(String::from_utf8_lossy(&request).into_owned());
        }
        if stream.read_buf(read).await.ok()? == 0 {
            return None;
        }
    }
}

fn request_len(read: &[u8]) -> Option<usize> {
    let head_len = read.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&read[..head_len]).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let body_len = length.map_or(Some(0), |length| length.trim().parse().ok())?;
    Some(head_len + body_len)
}
