//! One client's conversation: requests in, pictures out.
//!
//! In: a connection and the camera it reached. Out: bytes, with the camera's
//! quirks and the faults of the moment.
//!
//! Time: tokio's clock paces frames and faults. A client that reads too
//! slowly misses pictures, which are counted.
//!
//! Not here: accepting connections (`server`).

use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::feed::FeedFrame;
use crate::server::Camera;
use crate::server::auth::Verdict;
use crate::server::fault::{
    FLOOD_FPS, Fault, HANG_UP_AFTER, HUGE_LENGTH_BYTES, RESOLUTION_TURN_S, TRICKLE, spoil,
};
use crate::server::quirk::{Quirk, Style, chunk};
use crate::server::request::{self, Request};

/// How long a client may take to send a request.
const REQUEST_WITHIN: Duration = Duration::from_secs(30);
/// Requests answered on one connection at most.
const MAX_REQUESTS: u32 = 100_000;
/// How often a stalled camera looks whether it is well again.
const STALL_CHECK: Duration = Duration::from_millis(50);

/// Serves a connection until it ends, one way or the other.
pub(crate) async fn serve(camera: &Camera, stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut client = Client {
        camera,
        style: Style::new(&camera.quirks),
        stream,
    };
    for _ in 0..MAX_REQUESTS {
        let Ok(Some(request)) = timeout(REQUEST_WITHIN, request::read(&mut client.stream)).await
        else {
            return;
        };
        camera.counts.requests.fetch_add(1, Ordering::Relaxed);
        match client.answer(&request).await {
            Ok(true) => {}
            // The client left, or we hang up; both are everyday business.
            Ok(false) | Err(_) => return,
        }
    }
}

struct Client<'a, S> {
    camera: &'a Camera,
    style: Style,
    stream: S,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<'_, S> {
    /// Answers one request; true when the connection stays.
    async fn answer(&mut self, request: &Request) -> io::Result<bool> {
        let camera = self.camera;
        let stays = request.keeps_alive() && !self.style.has(Quirk::Http10);
        if camera.has(Fault::Unavailable) {
            return self
                .page("503 Service Unavailable", &[], "busy", stays)
                .await;
        }
        if camera.has(Fault::WebPage) {
            return self
                .page(
                    "200 OK",
                    &[],
                    "<html><title>Camera</title>Please sign in.</html>",
                    stays,
                )
                .await;
        }
        if request.method != "GET" {
            return self
                .page("405 Method Not Allowed", &[], "only GET", false)
                .await;
        }
        if self.style.has(Quirk::RefusesAccept) && request.header("accept").is_some() {
            return self
                .page("400 Bad Request", &[], "bad request", stays)
                .await;
        }
        let verdict = camera.check_login(request);
        match verdict {
            Verdict::Pass => {}
            Verdict::Challenge(challenges) => {
                camera.counts.challenges.fetch_add(1, Ordering::Relaxed);
                return self
                    .page("401 Unauthorized", &challenges, "who are you", stays)
                    .await;
            }
            Verdict::Stale(challenges) => {
                camera.counts.stale_nonces.fetch_add(1, Ordering::Relaxed);
                return self
                    .page("401 Unauthorized", &challenges, "once more", stays)
                    .await;
            }
            Verdict::Wrong(challenges) => {
                camera.counts.auth_failures.fetch_add(1, Ordering::Relaxed);
                return self
                    .page(
                        "401 Unauthorized",
                        &challenges,
                        "wrong user or password",
                        stays,
                    )
                    .await;
            }
            Verdict::Locked => {
                camera.counts.locked_out.fetch_add(1, Ordering::Relaxed);
                return self.page("403 Forbidden", &[], "locked", stays).await;
            }
        }
        if camera
            .stream_paths
            .iter()
            .any(|path| path == request.path())
        {
            camera.counts.streams.fetch_add(1, Ordering::Relaxed);
            self.stream().await?;
            return Ok(false);
        }
        if camera
            .snapshot_paths
            .iter()
            .any(|path| path == request.path())
        {
            camera.counts.snapshots.fetch_add(1, Ordering::Relaxed);
            return self.snapshot(stays).await;
        }
        self.page("404 Not Found", &[], "no such page", stays).await
    }

    async fn page(
        &mut self,
        status: &str,
        challenges: &[String],
        body: &str,
        stays: bool,
    ) -> io::Result<bool> {
        let mut head = format!("{} {status}\r\n", self.style.version());
        for challenge in challenges {
            head.push_str(&format!("WWW-Authenticate: {challenge}\r\n"));
        }
        let connection = if stays { "keep-alive" } else { "close" };
        head.push_str(&format!(
            "Content-Type: text/html\r\nContent-Length: {}\r\nConnection: {connection}\r\n\r\n{body}",
            body.len()
        ));
        self.stream.write_all(head.as_bytes()).await?;
        self.stream.flush().await?;
        Ok(stays)
    }

    async fn snapshot(&mut self, stays: bool) -> io::Result<bool> {
        let camera = self.camera;
        self.wait_while_stalled().await;
        let n_sent = camera.counts.snapshots.load(Ordering::Relaxed);
        let jpeg = self.picture(camera.feed.now_idx(), n_sent).await?;
        let claimed = self.claimed_length(&jpeg);
        let connection = if stays { "keep-alive" } else { "close" };
        let head = format!(
            "{} 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {claimed}\r\nConnection: {connection}\r\n",
            self.style.version()
        );
        self.stream.write_all(head.as_bytes()).await?;
        if camera.has(Fault::EndlessHeader) {
            return self.endless_header().await;
        }
        self.stream.write_all(b"\r\n").await?;
        self.send_paced(&jpeg).await?;
        camera.counts.frames.fetch_add(1, Ordering::Relaxed);
        if camera.has(Fault::HangUp) {
            sleep(HANG_UP_AFTER).await;
            return Ok(false);
        }
        Ok(stays)
    }

    async fn stream(&mut self) -> io::Result<()> {
        let camera = self.camera;
        let head = self.style.stream_head();
        self.stream.write_all(head.as_bytes()).await?;
        let preamble = self.style.preamble();
        self.send_body(preamble.as_bytes()).await?;
        self.stream.flush().await?;
        let opened = Instant::now();
        let mut idx = camera.feed.now_idx();
        for n_parts in 0_u64.. {
            self.wait_while_stalled().await;
            if camera.has(Fault::HangUp) && opened.elapsed() >= HANG_UP_AFTER {
                return Ok(());
            }
            let jpeg = self.picture(idx, n_parts).await?;
            let claimed = self.claimed_length(&jpeg);
            let part_head = self.style.part_head(n_parts == 0, claimed);
            if camera.has(Fault::EndlessHeader) {
                let without_blank_line = part_head.trim_end();
                self.stream.write_all(without_blank_line.as_bytes()).await?;
                self.endless_header().await?;
                return Ok(());
            }
            let mut part = part_head.into_bytes();
            part.extend_from_slice(&jpeg);
            part.extend_from_slice(self.style.part_end().as_bytes());
            self.send_body(&part).await?;
            self.stream.flush().await?;
            camera.counts.frames.fetch_add(1, Ordering::Relaxed);
            idx = self.wait_for_next(idx).await;
        }
        Ok(())
    }

    /// Waits until the next picture is due; a late client skips some.
    async fn wait_for_next(&self, idx: u64) -> u64 {
        let feed = &self.camera.feed;
        if self.camera.has(Fault::Flood) {
            sleep(Duration::from_secs_f32(1.0 / FLOOD_FPS)).await;
            return feed.now_idx();
        }
        sleep_until(feed.due(idx + 1)).await;
        let next = feed.now_idx().max(idx + 1);
        self.camera
            .counts
            .skipped
            .fetch_add(next - idx - 1, Ordering::Relaxed);
        next
    }

    async fn picture(&self, idx: u64, n_parts: u64) -> io::Result<Vec<u8>> {
        let feed = &self.camera.feed;
        let turn = feed.elapsed().as_secs() / RESOLUTION_TURN_S;
        let is_halved = self.camera.has(Fault::ResolutionChange) && turn % 2 == 1;
        let frame: Result<FeedFrame, _> = match feed.frame(idx).await {
            Ok(frame) if is_halved => feed.halved(&frame).await,
            other => other,
        };
        let frame = frame.map_err(|error| {
            tracing::warn!(%error, "simulated camera has no picture");
            io::Error::other(error)
        })?;
        let faults = self.camera.faults();
        Ok(spoil(self.style.jpeg(&frame.jpeg), &faults, n_parts))
    }

    fn claimed_length(&self, jpeg: &[u8]) -> u64 {
        if self.camera.has(Fault::HugeLength) {
            HUGE_LENGTH_BYTES
        } else {
            u64::try_from(jpeg.len()).unwrap_or(u64::MAX)
        }
    }

    async fn wait_while_stalled(&self) {
        while self.camera.has(Fault::Stall) {
            sleep(STALL_CHECK).await;
        }
    }

    /// Header lines until the client leaves or the fault is over.
    async fn endless_header(&mut self) -> io::Result<bool> {
        let line = format!("X-Padding: {}\r\n", "a".repeat(1_000));
        while self.camera.has(Fault::EndlessHeader) {
            self.stream.write_all(line.as_bytes()).await?;
            self.stream.flush().await?;
            tokio::task::yield_now().await;
        }
        Ok(false)
    }

    async fn send_body(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        if !self.style.is_chunked() {
            return self.send_paced(bytes).await;
        }
        // Three chunks for each part, so that borders never match.
        for piece in bytes.chunks(bytes.len().div_ceil(3)) {
            self.send_paced(&chunk(piece)).await?;
        }
        Ok(())
    }

    async fn send_paced(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while self.camera.has(Fault::Trickle) && !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(TRICKLE.0));
            self.stream.write_all(piece).await?;
            self.stream.flush().await?;
            sleep(TRICKLE.1).await;
            rest = after;
        }
        self.stream.write_all(rest).await?;
        self.stream.flush().await
    }
}
