//! A small SMTP server for tests: remembers the mails that it took, and fails
//! on command.
//!
//! In: connections on a free port of this machine. Out: each mail as it came,
//! in order, also those that came twice.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// The login that it lets in: user `relay`, password `geheim`, as AUTH PLAIN.
const GOOD_LOGIN: &str = "AUTH PLAIN AHJlbGF5AGdlaGVpbQ==";

/// How it meets the next mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It takes all.
    Well,
    /// It answers mails with this code and takes none.
    Answers(u16),
    /// It answers this recipient with this code.
    Refuses(&'static str, u16),
    /// It takes the mail and hangs up instead of saying so.
    TakesAndHangsUp,
}

/// How connections begin.
#[derive(Clone)]
pub(crate) enum Way {
    Plain,
    Tls(TlsAcceptor),
    StartTls(TlsAcceptor),
}

#[derive(Debug)]
struct Shared {
    mood: Mutex<Mood>,
    taken: Mutex<Vec<String>>,
    n_failed: Mutex<u32>,
}

/// The server; stops when dropped.
#[derive(Debug)]
pub(crate) struct Responder {
    addr: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Responder {
    pub(crate) async fn start(way: Way) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            mood: Mutex::new(Mood::Well),
            taken: Mutex::default(),
            n_failed: Mutex::default(),
        });
        let mut tasks = JoinSet::new();
        let of_task = Arc::clone(&shared);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(meet(stream, way.clone(), Arc::clone(&of_task)));
            }
        });
        Responder {
            addr,
            shared,
            _tasks: tasks,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.addr.port()
    }

    pub(crate) fn be(&self, mood: Mood) {
        *lock(&self.shared.mood) = mood;
    }

    /// Mails that it took, in order, repeated ones as well.
    pub(crate) fn taken(&self) -> Vec<String> {
        lock(&self.shared.taken).clone()
    }

    /// How often it failed somebody.
    pub(crate) fn n_failed(&self) -> u32 {
        *lock(&self.shared.n_failed)
    }
}

async fn meet(stream: TcpStream, way: Way, shared: Arc<Shared>) {
    match way {
        Way::Plain => drop(converse(stream, "220 test\r\n", None, &shared).await),
        Way::Tls(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                drop(converse(stream, "220 test\r\n", None, &shared).await);
            }
        }
        Way::StartTls(acceptor) => {
            let asked = converse(stream, "220 test\r\n", Some("STARTTLS"), &shared).await;
            if let Some(stream) = asked
                && let Ok(stream) = acceptor.accept(stream).await
            {
                drop(converse(stream, "", None, &shared).await);
            }
        }
    }
}

/// Gives the stream back when the other side says `until`.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    greeting: &str,
    until: Option<&str>,
    shared: &Shared,
) -> Option<S> {
    let mut stream = BufReader::new(stream);
    stream.write_all(greeting.as_bytes()).await.ok()?;
    let mut is_let_in = false;
    loop {
        stream.flush().await.ok()?;
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        let mood = *lock(&shared.mood);
        let answer = if Some(line) == until {
            stream.write_all(b"220 go ahead\r\n").await.ok()?;
            stream.flush().await.ok()?;
            return Some(stream.into_inner());
        } else if line.starts_with("EHLO") {
            match until {
                Some(_) => "250-test\r\n250 STARTTLS\r\n".to_owned(),
                None => "250-test\r\n250 AUTH PLAIN LOGIN\r\n".to_owned(),
            }
        } else if line.starts_with("AUTH") {
            is_let_in = line == GOOD_LOGIN;
            match is_let_in {
                true => "235 welcome\r\n".to_owned(),
                false => "535 5.7.8 bad credentials\r\n".to_owned(),
            }
        } else if line.starts_with("MAIL FROM") && !is_let_in {
            "530 5.7.0 authentication required\r\n".to_owned()
        } else if let (Mood::Refuses(who, code), true) = (mood, line.starts_with("RCPT TO"))
            && line.contains(who)
        {
            *lock(&shared.n_failed) += 1;
            format!("{code} no such user\r\n")
        } else if line == "DATA" {
            stream.write_all(b"354 go on\r\n").await.ok()?;
            stream.flush().await.ok()?;
            let mail = read_mail(&mut stream).await?;
            if let Mood::Answers(code) = mood {
                *lock(&shared.n_failed) += 1;
                format!("{code} not now\r\n")
            } else {
                lock(&shared.taken).push(mail);
                if mood == Mood::TakesAndHangsUp {
                    *lock(&shared.n_failed) += 1;
                    return None;
                }
                "250 2.0.0 queued as 42\r\n".to_owned()
            }
        } else if line == "QUIT" {
            stream.write_all(b"221 bye\r\n").await.ok()?;
            stream.flush().await.ok()?;
            return None;
        } else {
            "250 ok\r\n".to_owned()
        };
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

async fn read_mail<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut mail = String::new();
    while !mail.ends_with("\r\n.\r\n") {
        if stream.read_line(&mut mail).await.ok()? == 0 {
            return None;
        }
    }
    Some(mail)
}
