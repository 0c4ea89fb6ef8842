//! One viewer's conversation: reads requests, answers them, and starts and
//! stops what is sent.

use std::sync::Arc;
use std::time::Duration;

use sink::access::{Account, Verdict};
use sink::rtsp::{
    Ask, Inbox, Incoming, Protocol, Reply, Request, Sender, Session, Status, Target, TrackKind,
    TrackStart, Transport, Video, ViewerReport, describe, parse_report,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};
use types::Timestamp;

use super::Rtsp;
use super::feed::Feed;
use super::limits::{
    DESCRIBE_WITHIN, MAX_VIEWERS, MAX_WRONG_PASSWORDS, SESSION_GRACE, SESSION_TIMEOUT,
    WRONG_PASSWORD_PAUSE,
};
use super::outlet::{Outlet, Place};
use super::player::Player;
use super::viewers::{Viewer, Watch, Way};
use super::wire::{Carrier, Out, Peer, Wire};
use crate::secrets::random_token;
use crate::supervise::CameraRuntime;

/// How often it is looked whether the viewer still lives.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Reports by datagram that wait to be read.
const WAITING_REPORTS: usize = 8;
/// Longest name of a viewing program that is kept, characters.
const MAX_AGENT_CHARS: usize = 80;

/// Talks with a viewer until either side ends it.
pub(super) async fn run(rtsp: &Rtsp, mut wire: Wire, peer: Peer) {
    let Ok(id) = random_token() else {
        return;
    };
    let (reports, mut heard) = mpsc::channel(WAITING_REPORTS);
    let mut conversation = Conversation {
        rtsp,
        peer,
        outgoing: wire.outgoing,
        reports,
        session: Session::new(id, SESSION_TIMEOUT.as_secs()),
        account: None,
        is_only_ipro: false,
        n_wrong: 0,
        agent: String::new(),
        camera: None,
        feed: None,
        outlets: Vec::new(),
        playing: None,
        heard_at: rtsp.clock().monotonic(),
    };
    let mut inbox = Inbox::default();
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = rtsp.stop().cancelled() => break,
            ended = ended(&mut conversation.playing) => {
                // Viewer, camera or account are gone.
                let _outlets = ended;
                conversation.playing = None;
                break;
            }
            bytes = wire.incoming.recv() => {
                let Some(bytes) = bytes else { break };
                inbox.push(&bytes);
                if conversation.take_all(&mut inbox).await.is_err() {
                    break;
                }
            }
            Some(report) = heard.recv() => conversation.take_report(report),
            _ = looks.tick() => if !conversation.is_alive() { break },
        }
    }
    conversation.stop_playing().await;
}

/// The conversation is over.
struct Over;

struct Conversation<'a> {
    rtsp: &'a Rtsp,
    peer: Peer,
    outgoing: mpsc::Sender<Out>,
    reports: mpsc::Sender<ViewerReport>,
    session: Session,
    /// Who proved a password on this connection.
    account: Option<Account>,
    /// The proof came with the WebSocket's upgrade.
    is_only_ipro: bool,
    n_wrong: u32,
    agent: String,
    camera: Option<Arc<CameraRuntime>>,
    feed: Option<Arc<Feed>>,
    /// Of tracks that are set up and not being sent.
    outlets: Vec<Outlet>,
    playing: Option<Playing>,
    /// When the viewer was last heard, by the monotonic clock.
    heard_at: Duration,
}

/// What is being sent.
struct Playing {
    stop: CancellationToken,
    task: JoinHandle<Vec<Outlet>>,
    viewer: Arc<Viewer>,
}

/// The end of what is being sent; never, when nothing is.
async fn ended(playing: &mut Option<Playing>) -> Vec<Outlet> {
    match playing {
        Some(playing) => (&mut playing.task).await.unwrap_or_default(),
        None => std::future::pending().await,
    }
}

impl Conversation<'_> {
    /// Takes everything that has come completely.
    async fn take_all(&mut self, inbox: &mut Inbox) -> Result<(), Over> {
        loop {
            match inbox.next() {
                Ok(None) => return Ok(()),
                Ok(Some(Incoming::Block { data, .. })) => {
                    if let Some(report) = parse_report(&data) {
                        self.take_report(report);
                    }
                }
                Ok(Some(Incoming::Request(request))) => self.take_request(&request).await?,
                Err(error) => {
                    debug!(peer = %self.peer.addr, %error, "RTSP connection closed");
                    let reply = Reply::refusal(Status::BadRequest, &error.to_string());
                    self.answer(&reply, None).await?;
                    return Err(Over);
                }
            }
        }
    }

    async fn take_request(&mut self, request: &Request) -> Result<(), Over> {
        self.heard_at = self.rtsp.clock().monotonic();
        if request.protocol == Protocol::Http {
            return Err(Over);
        }
        if let Some(agent) = request.header("User-Agent") {
            let plain = agent.chars().filter(|c| !c.is_control());
            self.agent = plain.take(MAX_AGENT_CHARS).collect();
        }
        let cseq = request.cseq();
        if request.method != "OPTIONS"
            && let Err(challenges) = self.admit(request).await
        {
            let mut reply = Reply::new(Status::Unauthorized);
            for challenge in challenges {
                reply = reply.with("WWW-Authenticate", challenge);
            }
            self.answer(&reply, cseq).await?;
            return match self.n_wrong >= MAX_WRONG_PASSWORDS {
                true => Err(Over),
                false => Ok(()),
            };
        }
        let can_udp = self.peer.local.is_some();
        match self.session.ask(request, can_udp) {
            Ask::Answer(reply) => self.answer(&reply, cseq).await,
            Ask::Describe(target) => {
                let reply = self.describe(target).await;
                self.answer(&reply, cseq).await
            }
            Ask::SetUp {
                target,
                track,
                transport,
            } => {
                let reply = self.set_up(target, track, transport).await;
                self.answer(&reply, cseq).await
            }
            Ask::Play => self.play(cseq).await,
            Ask::Pause => {
                self.stop_playing().await;
                let reply = self.session.pause();
                self.answer(&reply, cseq).await
            }
            Ask::TearDown => {
                self.stop_playing().await;
                self.outlets.clear();
                self.feed = None;
                let reply = self.session.tear_down();
                self.answer(&reply, cseq).await
            }
        }
    }

    async fn answer(&self, reply: &Reply, cseq: Option<u32>) -> Result<(), Over> {
        let sent = self.outgoing.send(Out::Reply(reply.encode(cseq))).await;
        sent.map_err(|_| Over)
    }

    /// Whether the request's password is proven, now or earlier on this
    /// connection: clients sign keep-alives with nonces that grew old, and
    /// some sign the address of the stream for each of its tracks.
    async fn admit(&mut self, request: &Request) -> Result<(), Vec<String>> {
        let accounts = &self.rtsp.shared.parts.accounts;
        // What is asked for now, or was described before.
        let asked = sink::rtsp::Address::parse(&request.uri).map(|address| address.target);
        let is_ipro = [asked.as_ref(), self.session.target()]
            .into_iter()
            .flatten()
            .any(|target| target.content.is_ipro);
        let known = self.account.as_ref();
        if known.is_some_and(|known| self.rtsp.is_still_allowed(known))
            && (is_ipro || !self.is_only_ipro)
        {
            return Ok(());
        }
        if let Some(proven) = self.peer.proven.as_ref()
            && is_ipro
            && self.rtsp.is_still_allowed(proven)
        {
            self.account = Some(proven.clone());
            self.is_only_ipro = true;
            return Ok(());
        }
        let authorization = request.header("Authorization");
        let verdict = accounts.gate().check(
            &request.method,
            &request.uri,
            authorization,
            self.rtsp.clock().now(),
            |name| accounts.find(name),
        );
        match verdict {
            Verdict::Known(account) => {
                self.account = Some(account);
                self.is_only_ipro = false;
                Ok(())
            }
            Verdict::Challenge(challenges) => {
                let is_stale = challenges.iter().any(|text| text.contains("stale=true"));
                if authorization.is_some() && !is_stale {
                    self.n_wrong += 1;
                    info!(peer = %self.peer.addr, "RTSP: wrong user name or password");
                    tokio::time::sleep(WRONG_PASSWORD_PAUSE).await;
                }
                Err(challenges)
            }
        }
    }

    /// The camera of a stream, or why it cannot be watched.
    fn find_camera(&self, target: &Target) -> Result<Arc<CameraRuntime>, Reply> {
        let camera = self.rtsp.camera(target).ok_or_else(|| {
            Reply::refusal(Status::NotFound, "no such camera: it may have been removed")
        })?;
        let settings = camera.current_settings();
        if (target.content.is_ipro || target.is_ipro_path) && !settings.has_ipro_output {
            return Err(Reply::refusal(
                Status::NotFound,
                "the i-PRO form is switched off for this camera; switch it on at the camera's page",
            ));
        }
        match settings.is_enabled {
            true => Ok(camera),
            false => Err(Reply::refusal(
                Status::Unavailable,
                "the camera is switched off in airelay",
            )),
        }
    }

    fn find_feed(
        &self,
        camera: &Arc<CameraRuntime>,
        video: Video,
    ) -> Result<Option<Arc<Feed>>, Reply> {
        let feed = self.rtsp.shared.feeds.get(camera, video);
        feed.map_err(|error| Reply::refusal(Status::Unavailable, &error.to_string()))
    }

    async fn describe(&mut self, target: Target) -> Reply {
        let camera = match self.find_camera(&target) {
            Ok(camera) => camera,
            Err(reply) => return reply,
        };
        let feed = match self.find_feed(&camera, target.video) {
            Ok(feed) => feed,
            Err(reply) => return reply,
        };
        let facts = match &feed {
            Some(feed) => feed.facts(DESCRIBE_WITHIN).await,
            None => sink::rtsp::PictureFacts::default(),
        };
        let name = camera.current_settings().name.clone();
        let text = describe(&target, &name, &facts, self.rtsp.clock().now());
        if self.outlets.is_empty() && self.playing.is_none() {
            // Kept, so that H.264 need not start again for PLAY.
            self.feed = feed;
            self.camera = Some(camera);
        }
        self.session.describe(target, text)
    }

    async fn set_up(&mut self, target: Target, track: TrackKind, transport: Transport) -> Reply {
        let camera = match self.find_camera(&target) {
            Ok(camera) => camera,
            Err(reply) => return reply,
        };
        self.feed = match self.find_feed(&camera, target.video) {
            Ok(feed) => feed,
            Err(reply) => return reply,
        };
        self.camera = Some(camera);
        let place = self.peer.local.map(|local| Place {
            local,
            peer: self.peer.addr.ip(),
        });
        let opened = Outlet::open(
            track,
            target.video,
            transport,
            place,
            &self.outgoing,
            &self.reports,
        );
        let outlet = match opened.await {
            Ok(outlet) => outlet,
            Err(error) => {
                return Reply::refusal(Status::InternalError, &format!("set up track: {error:#}"));
            }
        };
        let sender = Sender {
            ports: outlet.ports(),
            ssrc: outlet.writer().ssrc(),
        };
        self.outlets.retain(|known| known.track != track);
        self.outlets.push(outlet);
        self.session.set_up(target, track, transport, sender)
    }

    async fn play(&mut self, cseq: Option<u32>) -> Result<(), Over> {
        if self.playing.is_some() {
            // Once more: nothing changes, as it is live.
            let now = self.rtsp.clock().now();
            let reply = self.session.play(&now.to_string(), &[]);
            return self.answer(&reply, cseq).await;
        }
        let (Some(camera), Some(account), Some(target)) =
            (&self.camera, &self.account, self.session.target())
        else {
            let reply = Reply::refusal(Status::NotValidInThisState, "DESCRIBE and SETUP first");
            return self.answer(&reply, cseq).await;
        };
        let (camera, account, content) = (Arc::clone(camera), account.clone(), target.content);
        let watch = Watch {
            camera_id: camera.camera_id.clone(),
            video: target.video.name(),
            way: self.way(),
            peer: self.peer.addr,
            account: account.name.clone(),
            agent: self.agent.clone(),
            since: self.rtsp.clock().now(),
        };
        let Some(viewer) = self.rtsp.shared.viewers.enter(watch) else {
            let why = format!("{MAX_VIEWERS} viewers are the most at once");
            let reply = Reply::refusal(Status::Unavailable, &why);
            return self.answer(&reply, cseq).await;
        };
        let start = self.start(&camera);
        let starts: Vec<TrackStart> = self
            .outlets
            .iter()
            .map(|outlet| TrackStart {
                track: outlet.track,
                sequence: outlet.writer().next_sequence(),
                rtp_time: outlet.writer().rtp_time(start),
            })
            .collect();
        let reply = self.session.play(&start.to_string(), &starts);
        self.answer(&reply, cseq).await?;
        let viewer = Arc::new(viewer);
        let player = Player {
            rtsp: self.rtsp.clone(),
            camera,
            account,
            viewer: Arc::clone(&viewer),
            feed: self.feed.clone(),
            content,
            outlets: std::mem::take(&mut self.outlets),
        };
        let stop = CancellationToken::new();
        let task = tokio::spawn(player.run(stop.clone()));
        self.playing = Some(Playing { stop, task, viewer });
        Ok(())
    }

    /// The time that the first picture will show.
    fn start(&self, camera: &CameraRuntime) -> Timestamp {
        let now = self.rtsp.clock().now();
        let newest = camera.newest_frame.borrow();
        let newest = newest.as_ref().map(|frame| frame.captured_at);
        let is_live = |at: &Timestamp| now.saturating_since(*at) < SESSION_GRACE;
        newest.filter(is_live).unwrap_or(now)
    }

    fn way(&self) -> Way {
        let mut tracks = self.session.tracks().iter();
        let is_udp = tracks.any(|(_, transport)| matches!(transport, Transport::Udp { .. }));
        match self.peer.carrier {
            Carrier::Tcp if is_udp => Way::Udp,
            Carrier::Tcp => Way::Tcp,
            Carrier::Http => Way::Http,
            Carrier::WebSocket => Way::WebSocket,
        }
    }

    /// Stops to send; the tracks stay set up.
    async fn stop_playing(&mut self) {
        if let Some(playing) = self.playing.take() {
            playing.stop.cancel();
            self.outlets = playing.task.await.unwrap_or_default();
        }
    }

    fn take_report(&mut self, report: ViewerReport) {
        self.heard_at = self.rtsp.clock().monotonic();
        if let (Some(playing), Some(n_lost)) = (&self.playing, report.n_lost) {
            playing.viewer.lost_on_the_way(n_lost);
        }
        if let (Some(feed), true) = (&self.feed, report.wants_key_picture) {
            feed.want_key();
        }
    }

    /// Whether the viewer may be believed to be there. What is sent within the
    /// connection proves itself: it would stop to flow.
    fn is_alive(&self) -> bool {
        let silence = self.rtsp.clock().monotonic().saturating_sub(self.heard_at);
        let is_self_proving = self.playing.is_some() && self.way() != Way::Udp;
        is_self_proving || silence < SESSION_TIMEOUT + SESSION_GRACE
    }
}
