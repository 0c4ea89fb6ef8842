//! Pictures of linked cameras given again as MJPEG and single JPEGs, at the
//! addresses and in the form of i-PRO cameras: what was found stands in each
//! picture's comment.
//!
//! In: requests whose password is proven by HTTP Digest. Out: analysed
//! pictures, foreign comments and blocks left out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream;
use sink::ipro::{Alarm, AlarmKind, Block, FoundBox, Heading, ObjectKind, with_block};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use types::{ClassGroup, Crossing, EventKind, Timestamp, Track, TrackState, ZoneId};

use super::App;
use super::cgi::{Fault, Proven};
use crate::rtsp::{Viewer, Watch, Way};
use crate::settings::CameraSettings;
use crate::supervise::{CameraRuntime, LiveRecord, OpenEvent};

/// What stands between two pictures.
const BOUNDARY: &str = "myboundary";
/// Width of the coordinate system in comments; the height follows from the
/// picture's shape.
const COORDINATES_PX: u16 = 800;
/// Most pictures a second that can be asked for.
const MAX_FPS: u32 = 30;
/// Areas that a comment has bits for.
const MAX_AREAS: usize = 16;

/// The addresses.
pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/cgi-bin/mjpeg", get(mjpeg))
        .route("/cgi-bin/camera", get(camera))
}

/// `/cgi-bin/camera`: the newest picture.
async fn camera(_: Proven, State(app): State<App>, uri: Uri) -> Result<Response, Fault> {
    let wanted = Wanted::read(&uri)?;
    let camera = wanted.find(&app)?;
    let record = camera.live.borrow().clone();
    let record = record.ok_or_else(no_picture)?;
    let picture = picture(&record, &camera.current_settings()).ok_or_else(no_picture)?;
    Ok((
        [
            (header::CONTENT_TYPE, "image/jpeg"),
            (header::CACHE_CONTROL, "no-store"),
        ],
        picture,
    )
        .into_response())
}

/// `/cgi-bin/mjpeg`: every analysed picture, as long as somebody reads. Who
/// reads slowly gets the newest each time.
async fn mjpeg(
    Proven(account): Proven,
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Fault> {
    let wanted = Wanted::read(&uri)?;
    let camera = wanted.find(&app)?;
    let agent = headers.get(header::USER_AGENT);
    let agent = agent.and_then(|value| value.to_str().ok()).unwrap_or("");
    let watch = Watch {
        camera_id: camera.camera_id.clone(),
        video: "jpeg",
        way: Way::Mjpeg,
        peer,
        account: account.name,
        agent: agent.chars().take(80).collect(),
        since: app.clock.now(),
    };
    let viewer = app.rtsp.enter(watch).ok_or_else(|| {
        Fault::new(
            StatusCode::SERVICE_UNAVAILABLE,
            4,
            "too many viewers already: close another one",
        )
    })?;
    let mut pictures = camera.live.subscribe();
    pictures.mark_changed();
    let reader = Reader {
        camera,
        pictures,
        viewer,
        stop: app.stop.clone(),
        interval: wanted.interval,
        last: None,
    };
    let parts = stream::unfold(reader, |mut reader| async move {
        let part = reader.next().await?;
        Some((Ok::<_, std::convert::Infallible>(part), reader))
    });
    Ok((
        [
            (
                header::CONTENT_TYPE,
                format!("multipart/x-mixed-replace; boundary={BOUNDARY}"),
            ),
            (header::CACHE_CONTROL, "no-store".to_owned()),
        ],
        Body::from_stream(parts),
    )
        .into_response())
}

fn no_picture() -> Fault {
    Fault::new(
        StatusCode::NOT_FOUND,
        4,
        "no picture from this camera yet: its page says why",
    )
}

/// What a request asks for.
struct Wanted {
    /// Number of the camera in the order of ids, from 1.
    channel: usize,
    /// Least time between two pictures.
    interval: Duration,
}

impl Wanted {
    fn read(uri: &Uri) -> Result<Self, Fault> {
        let mut wanted = Wanted {
            channel: 1,
            interval: Duration::ZERO,
        };
        let query = uri.query().unwrap_or_default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()).take(64) {
            let number = || {
                let number = value.parse::<u32>().ok().filter(|number| *number > 0);
                number.ok_or_else(|| Fault::parameter(format!("{name}: use a number from 1")))
            };
            match name.to_ascii_lowercase().as_str() {
                "channel" => {
                    wanted.channel = usize::try_from(number()?).unwrap_or(usize::MAX);
                }
                "frame" => {
                    let fps = number()?.min(MAX_FPS);
                    // A little less, so that a camera of just this rate loses
                    // none to an early picture.
                    wanted.interval = Duration::from_millis(800) / fps;
                }
                // Streams of one camera differ in size; we have one.
                _ => {}
            }
        }
        Ok(wanted)
    }

    fn find(&self, app: &App) -> Result<Arc<CameraRuntime>, Fault> {
        let mut cameras = app.fleet.all();
        let n_cameras = cameras.len();
        let idx = self.channel - 1;
        match idx < n_cameras {
            true => Ok(cameras.swap_remove(idx)),
            false => Err(Fault::parameter(format!(
                "channel: use 1 to {n_cameras}, the linked cameras in the order of their ids"
            ))),
        }
    }
}

/// Reads pictures for one viewer.
struct Reader {
    camera: Arc<CameraRuntime>,
    pictures: watch::Receiver<Option<LiveRecord>>,
    viewer: Viewer,
    stop: CancellationToken,
    interval: Duration,
    /// Number and time of the picture sent last.
    last: Option<(u64, Timestamp)>,
}

impl Reader {
    /// The next part of the answer; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return None,
                changed = self.pictures.changed() => changed.ok()?,
            }
            let Some(record) = self.pictures.borrow_and_update().clone() else {
                continue;
            };
            let at = record.scene.captured_at;
            if let Some((last, last_at)) = self.last {
                if at.saturating_since(last_at) < self.interval {
                    continue;
                }
                if self.interval.is_zero() {
                    self.viewer.lost(record.number.saturating_sub(last + 1));
                }
            }
            self.last = Some((record.number, at));
            let Some(picture) = picture(&record, &self.camera.current_settings()) else {
                continue;
            };
            let head = format!(
                "--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
                picture.len()
            );
            let part = [head.as_bytes(), &picture, b"\r\n"].concat();
            self.viewer.sent_picture(part.len());
            return Some(part.into());
        }
    }
}

/// A picture with what was found in it; `None` when it is no JPEG.
fn picture(record: &LiveRecord, settings: &CameraSettings) -> Option<Vec<u8>> {
    let jpeg = &record.frame.jpeg;
    let header = jpeg::read_header(jpeg).ok()?;
    let height = u32::from(COORDINATES_PX) * header.height_px / header.width_px;
    let zones: Vec<ZoneId> = {
        let drawn = settings.analysis.drawing.zones.iter();
        drawn.map(|zone| zone.zone_id).take(MAX_AREAS).collect()
    };
    let tracks = record.scene.tracks.iter();
    let block = Block {
        captured_at: record.scene.captured_at,
        size_px: (COORDINATES_PX, u16::try_from(height).unwrap_or(u16::MAX)),
        boxes: tracks
            .filter(|track| track.state == TrackState::Confirmed)
            .map(|track| found_box(track, &record.open_events, &zones))
            .collect(),
    };
    with_block(jpeg, &block.encode())
}

fn found_box(track: &Track, open_events: &[OpenEvent], zones: &[ZoneId]) -> FoundBox {
    let open = || {
        let mut events = open_events.iter();
        std::iter::from_fn(move || events.find(|open| open.track_id == Some(track.track_id)))
    };
    let areas = open().fold(0, |areas, event| {
        let place = zones.iter().position(|zone| Some(*zone) == event.zone_id);
        areas | place.map_or(0, |place| 1 << place)
    });
    let object = match track.class.group() {
        ClassGroup::Person => ObjectKind::Person,
        ClassGroup::Vehicle => ObjectKind::Car,
        ClassGroup::TwoWheeler => ObjectKind::TwoWheeler,
    };
    let alarm = open().find_map(|event| alarm_of(event, object));
    FoundBox {
        // Modulo 2^16: unique among what is in view at a time.
        id: u16::try_from(track.track_id.0 & 0xffff).expect("16 bits"),
        areas,
        alarm,
        bbox: track.bbox,
    }
}

/// What i-PRO's programs would say of an event; `None` for kinds that they do
/// not have.
fn alarm_of(event: &OpenEvent, object: ObjectKind) -> Option<Alarm> {
    let kind = match event.kind {
        EventKind::Intruder | EventKind::Enter | EventKind::CountOverLimit => AlarmKind::Intruder,
        EventKind::Loitering | EventKind::Stopped => AlarmKind::Loitering,
        EventKind::Direction | EventKind::WrongWay | EventKind::UTurn => AlarmKind::Direction,
        EventKind::ObjectLeft | EventKind::ObjectRemoved => AlarmKind::LeftOrRemoved,
        EventKind::CrossLine => AlarmKind::CrossLine,
        EventKind::Exit
        | EventKind::ZoneSequence
        | EventKind::PictureProblem
        | EventKind::SignalLost
        | EventKind::Occupancy
        | EventKind::State
        | EventKind::Program
        | EventKind::WatchList => return None,
    };
    let heading = match (kind, event.heading_deg, event.crossing) {
        (AlarmKind::Direction, Some(degrees), _) => Some(Heading::Octant(octant(degrees))),
        (AlarmKind::CrossLine, _, Some(Crossing::LeftToRight)) => Some(Heading::AToB),
        (AlarmKind::CrossLine, _, Some(Crossing::RightToLeft)) => Some(Heading::BToA),
        _ => None,
    };
    Some(Alarm {
        kind,
        heading,
        object,
    })
}

/// The eighth of the circle that a heading lies in, clockwise, 0 around up.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "0 to 8 by construction"
)]
fn octant(degrees: f32) -> u8 {
    (degrees.rem_euclid(360.0) / 45.0).round() as u8 % 8
}

#[cfg(test)]
mod tests {
    use types::{Class, NormBox, TrackId};

    use super::*;

    #[test]
    fn headings_fall_into_eighths_around_the_eight_ways() {
        for (degrees, expected) in [(0.0, 0), (22.0, 0), (23.0, 1), (180.0, 4), (350.0, 0)] {
            assert_eq!(octant(degrees), expected, "{degrees}");
        }
    }

    #[test]
    fn box_carries_the_areas_and_the_first_alarm_of_its_object() {
        let at = Timestamp::default();
        let track = Track {
            track_id: TrackId(65_536 + 7),
            state: TrackState::Confirmed,
            bbox: NormBox::WHOLE,
            class: Class::Bicycle,
            score: 0.9,
            first_seen_at: at,
            last_seen_at: at,
            velocity: (0.0, 0.0),
            is_stationary: false,
            moved: types::Moved::Surely,
        };
        let open = |kind, zone_id, track_id| OpenEvent {
            kind,
            zone_id,
            track_id: Some(TrackId(track_id)),
            heading_deg: Some(92.0),
            crossing: None,
        };
        let events = [
            open(EventKind::Exit, Some(ZoneId(2)), 65_536 + 7),
            open(EventKind::Direction, Some(ZoneId(9)), 65_536 + 7),
            open(EventKind::Intruder, Some(ZoneId(4)), 1),
        ];
        let found = found_box(&track, &events, &[ZoneId(2), ZoneId(4), ZoneId(9)]);
        assert_eq!((found.id, found.areas), (7, 0b101));
        let expected = Alarm {
            kind: AlarmKind::Direction,
            heading: Some(Heading::Octant(2)),
            object: ObjectKind::TwoWheeler,
        };
        assert_eq!(found.alarm, Some(expected));
    }
}
