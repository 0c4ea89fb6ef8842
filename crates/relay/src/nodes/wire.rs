//! A node's feed as JSON: written by the node, read by the guard.
//!
//! In: a page of the store. Out: JSON, and the same page back, with every name
//! and number checked: what another program sends is not believed.
//!
//! Times are microseconds since 1970, exact. Pictures and vectors are base64
//! inside the page, so that a page is whole or not there at all. A field that is
//! not known is passed over, so that a newer node can be read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use store::{FeedChange, FeedPage, FeedSighting, FeedStep, StoredAttribute};
use types::{
    Appearance, BestShot, CameraId, Class, Count, Event, EventDetail, EventId, EventKind, LineId,
    Metric, NormBox, Phase, ProgramKind, RuleId, ShotQuality, ShotStage, Sighting, Timestamp,
    TrackId, ZoneId,
};
use utoipa::ToSchema;

/// A page of what is new at a node.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct FeedView {
    /// Which database it is, 32 hexadecimal digits; another one after the data
    /// folder was made anew.
    pub database_id: String,
    /// The node's version.
    pub version: String,
    /// The node's time, microseconds since 1970.
    pub now_us: i64,
    /// To be sent as `after` for what follows.
    pub cursor: String,
    /// Behind everything that there is.
    pub newest: String,
    /// About how many changes follow.
    pub n_behind: u64,
    /// The cursor that was sent is not one of this database: the page begins
    /// at the beginning.
    pub is_restart: bool,
    /// Something behind the cursor that was sent is gone, by the node's
    /// retention.
    pub has_gap: bool,
    /// What is new, in order.
    pub changes: Vec<ChangeView>,
    /// What the node's cameras do, where it was asked for.
    #[serde(default)]
    pub cameras: Option<Vec<CameraStateView>>,
}

/// What a camera of the node does.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct CameraStateView {
    /// Which.
    pub id: String,
    /// off, connecting, receiving, waiting or failed.
    pub state: String,
    /// Pictures received per second.
    pub fps: f32,
    /// Pictures analysed per second.
    pub analysed_fps: f32,
    /// Width and height of its pictures.
    pub size_px: Option<(u32, u32)>,
    /// Objects followed.
    pub n_tracks: usize,
}

/// Something that is new or became otherwise.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChangeView {
    /// A camera's settings, or that it is gone.
    Camera(CameraChangeView),
    /// A step of an event.
    Step(Box<StepView>),
    /// A best shot with its picture.
    Shot(Box<ShotChangeView>),
    /// A sighting.
    Sighting(Box<SightingChangeView>),
    /// Counts of one rule.
    Counts(CountsView),
}

/// A camera's settings, or that it is gone.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct CameraChangeView {
    /// Which.
    pub id: String,
    /// Its settings without its password; `null`: it was removed.
    #[schema(value_type = Option<Object>)]
    pub document: Option<serde_json::Value>,
}

/// A step of an event.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct StepView {
    id: String,
    camera: String,
    program: String,
    rule: u32,
    rule_name: String,
    kind: String,
    zone: Option<u32>,
    phase: String,
    step: u32,
    at_us: i64,
    started_at_us: i64,
    ended_at_us: Option<i64>,
    track: Option<u64>,
    class: Option<String>,
    score: f32,
    bbox: Option<[f32; 4]>,
    /// What only some kinds know, as the store writes it.
    detail: String,
    /// The conditions that were asked, as the store writes them.
    why: String,
}

/// A best shot with its picture.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ShotChangeView {
    camera: String,
    track: u64,
    is_final: bool,
    captured_at_us: i64,
    class: String,
    score: f32,
    bbox: [f32; 4],
    /// Size, sharpness, whole, confidence, exposure, total.
    quality: [f32; 6],
    width_px: u32,
    height_px: u32,
    /// JPEG, base64.
    jpeg: String,
}

/// A sighting.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct SightingChangeView {
    camera: String,
    program: String,
    track: u64,
    class: String,
    score: f32,
    first_seen_at_us: i64,
    last_seen_at_us: i64,
    is_final: bool,
    heading_deg: Option<f32>,
    speed_mps: Option<f32>,
    zones: Vec<u32>,
    lines: Vec<u32>,
    /// Name, value, likelihood.
    attributes: Vec<(String, String, f32)>,
    /// Maker and vector: 4-byte floats, lowest byte first, base64.
    vectors: Vec<(String, String)>,
}

/// All counts of one rule that start in the same ten minutes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct CountsView {
    camera: String,
    rule: u32,
    counts: Vec<CountView>,
}

/// One number.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct CountView {
    metric: String,
    class: Option<String>,
    from_us: i64,
    until_us: i64,
    /// As text: JSON's numbers are not always read to the last digit.
    value: String,
}

/// Why a page cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {value:?} is not known here; bring this airelay to the node's version")]
pub(crate) struct Unknown {
    what: &'static str,
    value: String,
}

impl FeedView {
    /// A page to be sent.
    pub(crate) fn new(page: FeedPage, now: Timestamp) -> Self {
        FeedView {
            database_id: crate::supervise::hex(&page.database_id),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            now_us: now.as_micros(),
            cursor: page.cursor.to_string(),
            newest: page.newest.to_string(),
            n_behind: page.n_behind,
            is_restart: page.is_restart,
            has_gap: page.has_gap,
            changes: page.changes.into_iter().map(ChangeView::new).collect(),
            cameras: None,
        }
    }
}

impl ChangeView {
    fn new(change: FeedChange) -> Self {
        match change {
            FeedChange::Camera {
                camera_id,
                document,
            } => ChangeView::Camera(CameraChangeView {
                id: camera_id.to_string(),
                document: document.and_then(|json| without_secrets(&json)),
            }),
            FeedChange::Step(step) => ChangeView::Step(Box::new(StepView::new(step))),
            FeedChange::Shot(shot) => {
                let (camera, shot) = (shot.camera_id.to_string(), shot.shot);
                let quality = shot.quality;
                ChangeView::Shot(Box::new(ShotChangeView {
                    camera,
                    track: shot.track_id.0,
                    is_final: shot.stage == ShotStage::Final,
                    captured_at_us: shot.captured_at.as_micros(),
                    class: shot.class.name().to_owned(),
                    score: shot.score,
                    bbox: xyxy(shot.bbox),
                    quality: [
                        quality.size,
                        quality.sharpness,
                        quality.whole,
                        quality.confidence,
                        quality.exposure,
                        quality.total,
                    ],
                    width_px: shot.width_px,
                    height_px: shot.height_px,
                    jpeg: STANDARD.encode(&shot.jpeg),
                }))
            }
            FeedChange::Sighting(sighting) => {
                ChangeView::Sighting(Box::new(SightingChangeView::new(sighting)))
            }
            FeedChange::Counts(counts) => ChangeView::Counts(CountsView {
                camera: counts
                    .first()
                    .map(|count| count.camera_id.to_string())
                    .unwrap_or_default(),
                rule: counts.first().map_or(0, |count| count.rule_id.0),
                counts: counts.iter().map(CountView::new).collect(),
            }),
        }
    }

    /// The change on a camera of the guard's naming; `None` for one that says
    /// nothing.
    ///
    /// # Errors
    /// A name or picture in it makes no sense.
    pub(crate) fn read(
        self,
        name: impl Fn(&str) -> Option<CameraId>,
    ) -> Result<Option<FeedChange>, Unknown> {
        let camera = |id: &str| name(id).ok_or_else(|| unknown("camera", id));
        Ok(Some(match self {
            ChangeView::Camera(view) => FeedChange::Camera {
                camera_id: camera(&view.id)?,
                document: view.document.map(|document| document.to_string()),
            },
            ChangeView::Step(view) => FeedChange::Step(view.read(camera)?),
            ChangeView::Shot(view) => {
                let [size, sharpness, whole, confidence, exposure, total] = view.quality;
                FeedChange::Shot(store::FeedShot {
                    camera_id: camera(&view.camera)?,
                    shot: BestShot {
                        track_id: TrackId(view.track),
                        stage: match view.is_final {
                            true => ShotStage::Final,
                            false => ShotStage::Early,
                        },
                        captured_at: Timestamp::from_micros(view.captured_at_us),
                        bbox: boxed(view.bbox),
                        class: class(&view.class)?,
                        score: view.score,
                        quality: ShotQuality {
                            size,
                            sharpness,
                            whole,
                            confidence,
                            exposure,
                            total,
                        },
                        jpeg: bytes(&view.jpeg)?.into(),
                        width_px: view.width_px,
                        height_px: view.height_px,
                        appearance: Appearance::default(),
                    },
                })
            }
            ChangeView::Sighting(view) => FeedChange::Sighting(view.read(camera)?),
            ChangeView::Counts(view) => {
                let camera_id = camera(&view.camera)?;
                let counts = view.counts.into_iter();
                let counts: Vec<Count> = counts
                    .map(|count| count.read(&camera_id, RuleId(view.rule)))
                    .collect::<Result<_, _>>()?;
                if counts.is_empty() {
                    return Ok(None);
                }
                FeedChange::Counts(counts)
            }
        }))
    }
}

impl StepView {
    fn new(step: FeedStep) -> Self {
        let event = step.event;
        StepView {
            id: event.event_id.to_string(),
            camera: event.camera_id.to_string(),
            program: event.program.name().to_owned(),
            rule: event.rule_id.0,
            rule_name: event.rule_name,
            kind: event.kind.name().to_owned(),
            zone: event.zone_id.map(|zone| zone.0),
            phase: event.phase.name().to_owned(),
            step: event.step,
            at_us: event.at.as_micros(),
            started_at_us: event.started_at.as_micros(),
            ended_at_us: event.ended_at.map(Timestamp::as_micros),
            track: event.track_id.map(|track| track.0),
            class: event.class.map(|class| class.name().to_owned()),
            score: event.score,
            bbox: event.bbox.map(xyxy),
            detail: store::detail_to_json(&event.detail),
            why: step.why,
        }
    }

    fn read(self, camera: impl Fn(&str) -> Result<CameraId, Unknown>) -> Result<FeedStep, Unknown> {
        let detail = store::detail_from_json(&self.detail);
        let mut detail: EventDetail = detail.ok_or_else(|| unknown("detail", &self.detail))?;
        // Its list and sighting are numbers of the node.
        detail.watch = None;
        if !store::is_gates(&self.why) {
            return Err(unknown("conditions of an event", &self.why));
        }
        Ok(FeedStep {
            event: Event {
                event_id: EventId::parse(&self.id).map_err(|_| unknown("event", &self.id))?,
                camera_id: camera(&self.camera)?,
                program: named("program", &self.program, ProgramKind::from_name)?,
                rule_id: RuleId(self.rule),
                rule_name: self.rule_name,
                kind: named("kind of event", &self.kind, EventKind::from_name)?,
                zone_id: self.zone.map(ZoneId),
                phase: named("phase", &self.phase, Phase::from_name)?,
                step: self.step,
                at: Timestamp::from_micros(self.at_us),
                started_at: Timestamp::from_micros(self.started_at_us),
                ended_at: self.ended_at_us.map(Timestamp::from_micros),
                track_id: self.track.map(TrackId),
                class: self.class.as_deref().map(class).transpose()?,
                score: self.score,
                bbox: self.bbox.map(boxed),
                detail,
                why: Vec::new(),
            },
            why: self.why,
        })
    }
}

impl SightingChangeView {
    fn new(feed: FeedSighting) -> Self {
        let sighting = feed.sighting;
        SightingChangeView {
            camera: sighting.camera_id.to_string(),
            program: sighting.program.name().to_owned(),
            track: sighting.track_id.0,
            class: sighting.class.name().to_owned(),
            score: sighting.score,
            first_seen_at_us: sighting.first_seen_at.as_micros(),
            last_seen_at_us: sighting.last_seen_at.as_micros(),
            is_final: sighting.is_final,
            heading_deg: sighting.heading_deg,
            speed_mps: sighting.speed_mps,
            zones: sighting.zone_ids.iter().map(|zone| zone.0).collect(),
            lines: sighting.line_ids.iter().map(|line| line.0).collect(),
            attributes: feed
                .attributes
                .into_iter()
                .map(|attribute| (attribute.name, attribute.value, attribute.likelihood))
                .collect(),
            vectors: feed
                .embeddings
                .into_iter()
                .map(|(maker, vector)| (maker, STANDARD.encode(vector)))
                .collect(),
        }
    }

    fn read(
        self,
        camera: impl Fn(&str) -> Result<CameraId, Unknown>,
    ) -> Result<FeedSighting, Unknown> {
        let attributes = self.attributes.into_iter();
        let vectors = self.vectors.into_iter();
        Ok(FeedSighting {
            sighting: Sighting {
                camera_id: camera(&self.camera)?,
                program: named("program", &self.program, ProgramKind::from_name)?,
                track_id: TrackId(self.track),
                class: class(&self.class)?,
                score: self.score,
                first_seen_at: Timestamp::from_micros(self.first_seen_at_us),
                last_seen_at: Timestamp::from_micros(self.last_seen_at_us),
                is_final: self.is_final,
                heading_deg: self.heading_deg,
                speed_mps: self.speed_mps,
                zone_ids: self.zones.into_iter().map(ZoneId).collect(),
                line_ids: self.lines.into_iter().map(LineId).collect(),
                appearance: Appearance::default(),
            },
            attributes: attributes
                .map(|(name, value, likelihood)| StoredAttribute {
                    name,
                    value,
                    likelihood,
                })
                .collect(),
            embeddings: vectors
                .map(|(maker, vector)| Ok((maker, bytes(&vector)?)))
                .collect::<Result<_, Unknown>>()?,
        })
    }
}

impl CountView {
    fn new(count: &Count) -> Self {
        CountView {
            metric: count.metric.name().to_owned(),
            class: count.class.map(|class| class.name().to_owned()),
            from_us: count.from.as_micros(),
            until_us: count.until.as_micros(),
            value: count.value.to_string(),
        }
    }

    fn read(self, camera_id: &CameraId, rule_id: RuleId) -> Result<Count, Unknown> {
        let value = self
            .value
            .parse()
            .ok()
            .filter(|value: &f64| value.is_finite());
        Ok(Count {
            camera_id: camera_id.clone(),
            rule_id,
            metric: named("metric", &self.metric, Metric::from_name)?,
            class: self.class.as_deref().map(class).transpose()?,
            from: Timestamp::from_micros(self.from_us),
            until: Timestamp::from_micros(self.until_us),
            value: value.ok_or_else(|| unknown("count", &self.value))?,
        })
    }
}

/// A camera's document less what opens the camera.
pub(crate) fn without_secrets(json: &str) -> Option<serde_json::Value> {
    let mut document: serde_json::Value = serde_json::from_str(json).ok()?;
    if let Some(link) = document
        .get_mut("link")
        .and_then(|link| link.as_object_mut())
    {
        link.insert("sealed_password".to_owned(), serde_json::Value::Null);
        link.insert("user".to_owned(), serde_json::Value::from(""));
    }
    Some(document)
}

fn xyxy(bbox: NormBox) -> [f32; 4] {
    [bbox.x1(), bbox.y1(), bbox.x2(), bbox.y2()]
}

fn boxed([x1, y1, x2, y2]: [f32; 4]) -> NormBox {
    NormBox::from_xyxy(x1, y1, x2, y2)
}

fn class(name: &str) -> Result<Class, Unknown> {
    named("class", name, Class::from_name)
}

fn named<T>(
    what: &'static str,
    name: &str,
    from_name: impl Fn(&str) -> Option<T>,
) -> Result<T, Unknown> {
    from_name(name).ok_or_else(|| unknown(what, name))
}

fn bytes(text: &str) -> Result<Vec<u8>, Unknown> {
    STANDARD
        .decode(text)
        .map_err(|_| unknown("bytes", &text.chars().take(20).collect::<String>()))
}

fn unknown(what: &'static str, value: &str) -> Unknown {
    Unknown {
        what,
        value: value.chars().take(80).collect(),
    }
}

#[cfg(test)]
mod tests;
