//! A link between two programs that can be made to fail: a TCP proxy whose two
//! ends and faults change while it runs.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What happens to whoever connects, or is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Fault {
    /// Nothing: bytes pass.
    None,
    /// Connections are cut at once.
    Cut,
    /// Connections stay, and no byte passes.
    Stall,
    /// So many thousand bytes of the answers pass, then the connection is cut.
    Half(u8),
}

impl Fault {
    fn code(self) -> u8 {
        match self {
            Fault::None => 0,
            Fault::Cut => 1,
            Fault::Stall => 2,
            Fault::Half(thousands) => 3 + thousands,
        }
    }
}

/// A proxy on a port of its own.
#[derive(Debug)]
pub(crate) struct FaultyLink {
    pub(crate) port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    target: Mutex<String>,
    fault: AtomicU8,
    n_cut: AtomicUsize,
}

impl FaultyLink {
    /// Leads to `url`, such as `http://127.0.0.1:8092`.
    pub(crate) async fn to(url: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("loopback has free ports");
        let port = listener.local_addr().expect("it listens").port();
        let shared = Arc::new(Shared {
            target: Mutex::new(address(url)),
            fault: AtomicU8::new(0),
            n_cut: AtomicUsize::new(0),
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared)));
        FaultyLink { port, shared, task }
    }

    /// From now on leads to another place.
    pub(crate) fn lead_to(&self, url: &str) {
        *self.shared.target.lock().unwrap() = address(url);
    }

    /// From now on does this, to connections that are there as well.
    pub(crate) fn set(&self, fault: Fault) {
        self.shared.fault.store(fault.code(), Ordering::SeqCst);
    }

    /// Connections that a fault ended.
    pub(crate) fn n_cut(&self) -> usize {
        self.shared.n_cut.load(Ordering::SeqCst)
    }
}

impl Drop for FaultyLink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn address(url: &str) -> String {
    url.strip_prefix("http://").unwrap_or(url).to_owned()
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(carry(stream, Arc::clone(&shared)));
    }
}

/// Carries one connection until either side, or a fault, ends it.
async fn carry(mut near: TcpStream, shared: Arc<Shared>) {
    let target = shared.target.lock().unwrap().clone();
    if shared.fault.load(Ordering::SeqCst) == Fault::Cut.code() {
        shared.n_cut.fetch_add(1, Ordering::SeqCst);
        return;
    }
    let Ok(mut far) = TcpStream::connect(target).await else {
        return;
    };
    let (mut up, mut down) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    let mut n_answered = 0_usize;
    loop {
        let fault = shared.fault.load(Ordering::SeqCst);
        if fault == Fault::Cut.code() {
            break;
        }
        if fault == Fault::Stall.code() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            continue;
        }
        // Looks at the fault now and then, also where nobody speaks.
        let look = tokio::time::sleep(std::time::Duration::from_millis(50));
        tokio::select! {
            () = look => {}
            read = near.read(&mut up) => match read {
                Ok(n) if n > 0 && far.write_all(&up[..n]).await.is_ok() => {}
                _ => return,
            },
            read = far.read(&mut down) => match read {
                Ok(mut n) if n > 0 => {
                    let room = usize::from(fault.saturating_sub(3)) * 1_000;
                    let is_over = fault >= 3 && n_answered + n > room;
                    if is_over {
                        n = room.saturating_sub(n_answered);
                    }
                    if near.write_all(&down[..n]).await.is_err() {
                        return;
                    }
                    n_answered += n;
                    if is_over {
                        break;
                    }
                }
                _ => return,
            },
        }
    }
    shared.n_cut.fetch_add(1, Ordering::SeqCst);
    // With unread bytes on it, closing resets the connection.
}
