//! Connections at their begin: plain RTSP, or a half of a tunnel through HTTP.
//!
//! Both come to the RTSP port; tunnels come to the web server's port too,
//! which looks at the first bytes ([`Sniffed`]) and hands them over.

use std::collections::HashMap;
use std::io::{self, Cursor};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use sink::rtsp::{
    Half, Inbox, Incoming, MAX_HEAD_BYTES, Protocol, TUNNEL_ACCEPTED, TUNNEL_REFUSED,
    TunnelDecoder, looks_like_tunnel, tunnel_half,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::limits::{MAX_TUNNELS, READ_BYTES, SESSION_TIMEOUT, WRITE_WITHIN};
use super::wire::{Carrier, Out, Peer, pair, read_all, write_all};
use super::{Rtsp, conversation};

/// Tunnels by cookie and address: where the upward half puts its requests.
#[derive(Debug, Default)]
pub(super) struct Tunnels {
    open: Mutex<HashMap<(IpAddr, String), mpsc::Sender<Bytes>>>,
}

impl Tunnels {
    /// `false` when there are too many, or this one is open already.
    fn open(&self, key: &(IpAddr, String), incoming: mpsc::Sender<Bytes>) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MAX_TUNNELS || open.contains_key(key) {
            return false;
        }
        open.insert(key.clone(), incoming);
        true
    }

    fn find(&self, key: &(IpAddr, String)) -> Option<mpsc::Sender<Bytes>> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(key).cloned()
    }

    fn close(&self, key: &(IpAddr, String)) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(key);
    }
}

/// Serves a connection of which nothing has been read.
///
/// `local` is our address where datagrams may leave from.
pub(super) async fn serve<S>(rtsp: &Rtsp, mut stream: S, peer: SocketAddr, local: Option<IpAddr>)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
    S: Unpin,
{
    let mut inbox = Inbox::default();
    let begun = tokio::select! {
        begun = timeout(SESSION_TIMEOUT, first_request(&mut stream, &mut inbox)) => begun,
        () = rtsp.stop().cancelled() => return,
    };
    let Ok(Some((first, all))) = begun else {
        return;
    };
    match first {
        Some(Protocol::Http) => serve_http(rtsp, stream, peer, &all).await,
        _ => {
            let peer = Peer {
                addr: peer,
                local,
                carrier: Carrier::Tcp,
                proven: None,
            };
            serve_plain(rtsp, stream, peer, all).await;
        }
    }
}

/// Reads until it is clear which protocol is spoken; all bytes so far.
async fn first_request<S: AsyncRead + Unpin>(
    stream: &mut S,
    inbox: &mut Inbox,
) -> Option<(Option<Protocol>, Vec<u8>)> {
    let mut all = Vec::new();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let len = stream.read(&mut buffer).await.ok().filter(|len| *len > 0)?;
        all.extend_from_slice(&buffer[..len]);
        inbox.push(&buffer[..len]);
        match inbox.next() {
            Ok(None) => {}
            Ok(Some(Incoming::Request(request))) => return Some((Some(request.protocol), all)),
            // The conversation says what is wrong.
            Ok(Some(Incoming::Block { .. })) | Err(_) => return Some((None, all)),
        }
    }
}

async fn serve_plain<S>(rtsp: &Rtsp, stream: S, peer: Peer, begin: Vec<u8>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (wire, line) = pair();
    let (reader, writer) = tokio::io::split(stream);
    // An empty channel takes a first piece at once.
    drop(line.incoming.try_send(Bytes::from(begin)));
    let tasks = &rtsp.shared.parts.tasks;
    let reading = tasks.spawn(read_all(reader, line.incoming));
    let writing = tasks.spawn(write_all(writer, line.outgoing));
    conversation::run(rtsp, wire, peer).await;
    drop(writing.await);
    reading.abort();
}

/// A half of a tunnel; `begin` are the bytes read so far.
async fn serve_http<S>(rtsp: &Rtsp, mut stream: S, peer: SocketAddr, begin: &[u8])
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut inbox = Inbox::default();
    inbox.push(begin);
    let Ok(Some(Incoming::Request(head))) = inbox.next() else {
        return;
    };
    let found = tunnel_half(&head).map(|(half, cookie)| (half, (peer.ip(), cookie.to_owned())));
    match found {
        Some((Half::Down, key)) => serve_down(rtsp, stream, peer, &key).await,
        Some((Half::Up, key)) => {
            let rest = inbox.take_rest();
            serve_up(rtsp, stream, &key, &rest).await;
        }
        None => {
            drop(timeout(WRITE_WITHIN, stream.write_all(TUNNEL_REFUSED.as_bytes())).await);
        }
    }
}

/// From us to the viewer: the conversation lives as long as this half does.
async fn serve_down<S>(rtsp: &Rtsp, stream: S, peer: SocketAddr, key: &(IpAddr, String))
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (wire, line) = pair();
    if !rtsp.shared.tunnels.open(key, line.incoming) {
        return;
    }
    let accepted = Out::Reply(TUNNEL_ACCEPTED.as_bytes().to_vec());
    drop(wire.outgoing.try_send(accepted));
    let (mut reader, writer) = tokio::io::split(stream);
    let tasks = &rtsp.shared.parts.tasks;
    let writing = tasks.spawn(write_all(writer, line.outgoing));
    let peer = Peer {
        addr: peer,
        local: None,
        carrier: Carrier::Http,
        proven: None,
    };
    // The viewer says nothing on this half; its end ends the tunnel.
    let gone = async {
        let mut buffer = [0; 256];
        while let Ok(1..) = reader.read(&mut buffer).await {}
    };
    tokio::select! {
        () = conversation::run(rtsp, wire, peer) => {}
        () = gone => {}
    }
    rtsp.shared.tunnels.close(key);
    drop(writing.await);
}

/// From the viewer to us. It is never answered; a viewer may close it and open
/// another one.
async fn serve_up<S>(rtsp: &Rtsp, mut stream: S, key: &(IpAddr, String), rest: &[u8])
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(incoming) = rtsp.shared.tunnels.find(key) else {
        drop(timeout(WRITE_WITHIN, stream.write_all(TUNNEL_REFUSED.as_bytes())).await);
        return;
    };
    let mut decoder = TunnelDecoder::default();
    let mut piece = rest.to_vec();
    loop {
        let mut decoded = Vec::new();
        if !decoder.decode(&piece, &mut decoded) {
            return;
        }
        if !decoded.is_empty() && incoming.send(Bytes::from(decoded)).await.is_err() {
            return;
        }
        piece.resize(READ_BYTES, 0);
        let read = tokio::select! {
            read = stream.read(&mut piece) => read,
            () = incoming.closed() => return,
        };
        match read {
            Ok(len @ 1..) => piece.truncate(len),
            _ => return,
        }
    }
}

/// A connection whose first bytes were looked at, and are read again.
#[derive(Debug)]
pub(crate) struct Sniffed<S> {
    stream: S,
    begin: Cursor<Vec<u8>>,
    is_tunnel: bool,
}

impl<S: AsyncRead + Unpin> Sniffed<S> {
    /// Reads the first request's head, or as much as comes of it.
    pub(crate) async fn sniff(mut stream: S) -> io::Result<Self> {
        let mut begin = Vec::new();
        let mut buffer = vec![0; 4_096];
        loop {
            let len = stream.read(&mut buffer).await?;
            begin.extend_from_slice(&buffer[..len]);
            let is_complete = begin.windows(4).any(|window| window == b"\r\n\r\n");
            if len == 0 || is_complete || begin.len() >= MAX_HEAD_BYTES {
                break;
            }
        }
        let is_tunnel = looks_like_tunnel(&begin);
        Ok(Sniffed {
            stream,
            begin: Cursor::new(begin),
            is_tunnel,
        })
    }

    /// Whether it begins a tunnel.
    pub(crate) fn is_tunnel(&self) -> bool {
        self.is_tunnel
    }
}

impl Rtsp {
    /// Serves a tunnel's half that came to the web server.
    pub(crate) async fn serve_tunnel<S>(&self, stream: Sniffed<S>, peer: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        serve(self, stream, peer, None).await;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Sniffed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let position = usize::try_from(self.begin.position()).unwrap_or(usize::MAX);
        let rest = self.begin.get_ref().get(position..).unwrap_or_default();
        if rest.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let len = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..len]);
        self.begin.set_position((position + len) as u64);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Sniffed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
