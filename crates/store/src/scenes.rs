//! Scenes of the last hours, for "why was there no alarm" and for trying
//! settings on what really happened.
//!
//! In: scenes of one camera, some seconds or a minute at a time. Out: the same
//! scenes, boxes and speeds rounded to 1/65,535 of the picture, scores alike;
//! boxes of motion are not kept, their share is.
//!
//! A chunk is one packed blob (postcard, behind a version byte): a scene with
//! five tracks takes 153 bytes, an empty one 13, so a busy camera at 5 fps
//! takes 66 MB a day and an empty one 6.
//!
//! Not here: how long they stay (`retention`).

use rusqlite::params;
use serde::{Deserialize, Serialize};
use types::{
    CameraId, Class, Health, MotionSummary, Moved, NormBox, PictureProblem, PictureState, Scene,
    StillChange, StillChangeKind, Timestamp, Track, TrackId, TrackState,
};

use crate::error::{During, Error, check_size};
use crate::scene_health::{from_bytes, to_byte};
use crate::{Reader, Store};

/// Most scenes in one chunk.
pub const MAX_SCENES_PER_CHUNK: usize = 10_000;
/// Most scenes that one read returns: a day at 6 fps.
pub const MAX_SCENES_READ: usize = 520_000;
/// First byte of every chunk.
const FORMAT: u8 = 2;
/// First byte of chunks of before scenes told their health.
const OLD_FORMAT: u8 = 1;
/// A share of the picture as a 16-bit number.
const SHARE: f32 = 65_535.0;
/// Speeds are kept up to this many pictures per second.
const MAX_SPEED: f32 = 8.0;

#[derive(Serialize, Deserialize)]
struct SceneForm {
    after_us: i64,
    frame_seq: u64,
    is_detected: bool,
    is_global: bool,
    has_motion: bool,
    changed: u16,
    is_grey: bool,
    problems: Vec<(u8, i64)>,
    tracks: Vec<TrackForm>,
    still: Vec<StillForm>,
}

/// How healthy a scene is, in parts of 255; where it stays as it was, that is
/// said by one byte.
#[derive(Serialize, Deserialize)]
enum HealthForm {
    Same,
    Unknown,
    Now([u8; 5]),
}

#[derive(Serialize, Deserialize)]
struct TrackForm {
    track_id: u64,
    state: u8,
    bbox: [u16; 4],
    class: u8,
    score: u16,
    first_seen_us: i64,
    last_seen_us: i64,
    velocity: [i16; 2],
    is_stationary: bool,
}

#[derive(Serialize, Deserialize)]
struct StillForm {
    change_id: u64,
    bbox: [u16; 4],
    since_us: i64,
    is_left: bool,
}

const STATES: [TrackState; 4] = [
    TrackState::Tentative,
    TrackState::Confirmed,
    TrackState::Lost,
    TrackState::Ended,
];

/// Beside the state: the track has not moved, or perhaps. Scenes stored before
/// this was known have neither, so that rules judge them by their boxes alone.
const NOT_MOVED: u8 = 0x80;
const PERHAPS_MOVED: u8 = 0x40;

impl Store {
    /// Stores scenes of one camera, oldest first. A chunk that starts at the
    /// same time is replaced. Nothing happens without scenes.
    ///
    /// # Errors
    /// More than [`MAX_SCENES_PER_CHUNK`], or storing failed.
    pub fn put_scenes(&mut self, camera_id: &CameraId, scenes: &[Scene]) -> Result<(), Error> {
        let what = "store scenes";
        check_size(
            "store scenes: scenes in a chunk",
            scenes.len(),
            MAX_SCENES_PER_CHUNK,
        )?;
        let (Some(first), Some(last)) = (scenes.first(), scenes.last()) else {
            return Ok(());
        };
        let body = pack(scenes);
        self.write(what, |transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO scene_chunk (camera_id, from_at, until_at, n_scenes, body) \
                     VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (camera_id, from_at) DO UPDATE SET \
                     until_at = excluded.until_at, n_scenes = excluded.n_scenes, \
                     body = excluded.body",
                )
                .and_then(|mut insert| {
                    insert.execute(params![
                        camera_id.as_str(),
                        first.captured_at.as_micros(),
                        last.captured_at.as_micros(),
                        u32::try_from(scenes.len()).expect("bounded above"),
                        body
                    ])
                })
                .map(drop)
                .during(what)
        })
    }
}

impl Reader {
    /// Scenes captured in `from..until`, oldest first; at most
    /// [`MAX_SCENES_READ`].
    ///
    /// # Errors
    /// Reading failed, or a chunk is damaged.
    pub fn scenes(
        &self,
        camera_id: &CameraId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Scene>, Error> {
        let what = "read scenes";
        let mut select = self
            .conn
            .prepare_cached(
                "SELECT from_at, body FROM scene_chunk \
                 WHERE camera_id = ?1 AND from_at < ?3 AND until_at >= ?2 ORDER BY from_at",
            )
            .during(what)?;
        let mut rows = select
            .query(params![
                camera_id.as_str(),
                from.as_micros(),
                until.as_micros()
            ])
            .during(what)?;
        let mut scenes = Vec::new();
        while let Some(row) = rows.next().during(what)? {
            let start: i64 = row.get(0).during(what)?;
            let body: Vec<u8> = row.get(1).during(what)?;
            let chunk =
                unpack(Timestamp::from_micros(start), &body).ok_or_else(|| Error::Corrupt {
                    what,
                    detail: format!("chunk of {camera_id} at {start} cannot be unpacked"),
                })?;
            let wanted = chunk
                .into_iter()
                .filter(|scene| (from..until).contains(&scene.captured_at));
            scenes.extend(wanted.take(MAX_SCENES_READ - scenes.len()));
            if scenes.len() == MAX_SCENES_READ {
                break;
            }
        }
        Ok(scenes)
    }
}

fn pack(scenes: &[Scene]) -> Vec<u8> {
    let mut before = scenes
        .first()
        .map_or(Timestamp::default(), |scene| scene.captured_at);
    let forms: Vec<SceneForm> = scenes
        .iter()
        .map(|scene| {
            let form = to_form(scene, before);
            before = scene.captured_at;
            form
        })
        .collect();
    let mut told = None;
    let healths: Vec<HealthForm> = scenes
        .iter()
        .map(|scene| to_health(scene.picture.health, &mut told))
        .collect();
    let body = postcard::to_stdvec(&(forms, healths));
    let body = body.expect("plain numbers in memory are always packed");
    [&[FORMAT][..], &body].concat()
}

/// `told` is what the scene before said, `None` before the first.
fn to_health(health: Option<Health>, told: &mut Option<Option<[u8; 5]>>) -> HealthForm {
    let now = health.map(|health| health.0.map(to_byte));
    if *told == Some(now) {
        return HealthForm::Same;
    }
    *told = Some(now);
    now.map_or(HealthForm::Unknown, HealthForm::Now)
}

/// `None` when the bytes are not of our making.
fn unpack(start: Timestamp, body: &[u8]) -> Option<Vec<Scene>> {
    let (&format, packed) = body.split_first()?;
    let (forms, healths): (Vec<SceneForm>, Vec<HealthForm>) = match format {
        FORMAT => postcard::from_bytes(packed).ok()?,
        OLD_FORMAT => (postcard::from_bytes(packed).ok()?, Vec::new()),
        _ => return None,
    };
    let mut at = start;
    let mut health = None;
    let mut healths = healths.into_iter();
    forms
        .into_iter()
        .map(|form| {
            at = later(at, form.after_us);
            match healths.next() {
                None | Some(HealthForm::Same) => {}
                Some(HealthForm::Unknown) => health = None,
                Some(HealthForm::Now(parts)) => {
                    health = Some(from_bytes(&parts));
                }
            }
            let mut scene = from_form(form, at)?;
            scene.picture.health = health;
            Some(scene)
        })
        .collect()
}

fn to_form(scene: &Scene, before: Timestamp) -> SceneForm {
    let at = scene.captured_at;
    SceneForm {
        after_us: between(before, at),
        frame_seq: scene.frame_seq,
        is_detected: scene.is_detected,
        is_global: scene.motion.is_global,
        has_motion: !scene.motion.boxes.is_empty(),
        changed: to_share(scene.motion.changed_share),
        is_grey: scene.picture.is_grey,
        problems: scene
            .picture
            .problems
            .iter()
            .map(|(problem, since)| (index_of(&PictureProblem::ALL, problem), between(*since, at)))
            .collect(),
        tracks: scene
            .tracks
            .iter()
            .map(|track| TrackForm {
                track_id: track.track_id.0,
                state: to_state(track),
                bbox: to_corners(track.bbox),
                class: index_of(&Class::ALL, &track.class),
                score: to_share(track.score),
                first_seen_us: between(track.first_seen_at, at),
                last_seen_us: between(track.last_seen_at, at),
                velocity: [to_speed(track.velocity.0), to_speed(track.velocity.1)],
                is_stationary: track.is_stationary,
            })
            .collect(),
        still: scene
            .still_changes
            .iter()
            .map(|change| StillForm {
                change_id: change.change_id,
                bbox: to_corners(change.bbox),
                since_us: between(change.since, at),
                is_left: change.kind == StillChangeKind::Left,
            })
            .collect(),
    }
}

fn from_form(form: SceneForm, at: Timestamp) -> Option<Scene> {
    let tracks = form.tracks.into_iter().map(|track| {
        Some(Track {
            track_id: TrackId(track.track_id),
            state: *STATES.get(usize::from(track.state & !(NOT_MOVED | PERHAPS_MOVED)))?,
            bbox: from_corners(track.bbox),
            class: *Class::ALL.get(usize::from(track.class))?,
            score: from_share(track.score),
            first_seen_at: later(at, track.first_seen_us.checked_neg()?),
            last_seen_at: later(at, track.last_seen_us.checked_neg()?),
            velocity: (from_speed(track.velocity[0]), from_speed(track.velocity[1])),
            is_stationary: track.is_stationary,
            moved: match track.state {
                state if state & NOT_MOVED != 0 => Moved::No,
                state if state & PERHAPS_MOVED != 0 => Moved::Perhaps,
                _ => Moved::Surely,
            },
        })
    });
    let problems = form.problems.into_iter().map(|(problem, since_us)| {
        let problem = *PictureProblem::ALL.get(usize::from(problem))?;
        Some((problem, later(at, since_us.checked_neg()?)))
    });
    let still_changes = form.still.into_iter().map(|change| {
        Some(StillChange {
            change_id: change.change_id,
            bbox: from_corners(change.bbox),
            since: later(at, change.since_us.checked_neg()?),
            kind: if change.is_left {
                StillChangeKind::Left
            } else {
                StillChangeKind::Removed
            },
        })
    });
    Some(Scene {
        captured_at: at,
        frame_seq: form.frame_seq,
        tracks: tracks.collect::<Option<_>>()?,
        motion: MotionSummary {
            // Where it moved is not kept; that it did, is.
            boxes: form
                .has_motion
                .then_some(NormBox::WHOLE)
                .into_iter()
                .collect(),
            changed_share: from_share(form.changed),
            is_global: form.is_global,
        },
        is_detected: form.is_detected,
        picture: PictureState {
            problems: problems.collect::<Option<_>>()?,
            is_grey: form.is_grey,
            health: None,
        },
        still_changes: still_changes.collect::<Option<_>>()?,
        // Looks are not kept: their pictures are not either.
        region_looks: Vec::new(),
    })
}

/// The state, and whether it has moved.
fn to_state(track: &Track) -> u8 {
    let moved = match track.moved {
        Moved::No => NOT_MOVED,
        Moved::Perhaps => PERHAPS_MOVED,
        Moved::Surely => 0,
    };
    index_of(&STATES, &track.state) | moved
}

/// Microseconds from `earlier` to `at`, negative when time went back.
fn between(earlier: Timestamp, at: Timestamp) -> i64 {
    at.as_micros().saturating_sub(earlier.as_micros())
}

fn later(at: Timestamp, by_us: i64) -> Timestamp {
    Timestamp::from_micros(at.as_micros().saturating_add(by_us))
}

fn index_of<T: PartialEq>(all: &[T], one: &T) -> u8 {
    let idx = all.iter().position(|other| other == one);
    idx.and_then(|idx| u8::try_from(idx).ok())
        .expect("every value is in its list")
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "limited to 0..=65535 first; not-a-number becomes 0"
)]
fn to_share(value: f32) -> u16 {
    (value.clamp(0.0, 1.0) * SHARE).round() as u16
}

fn from_share(value: u16) -> f32 {
    f32::from(value) / SHARE
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "limited to the range first; not-a-number becomes 0"
)]
fn to_speed(value: f32) -> i16 {
    (value.clamp(-MAX_SPEED, MAX_SPEED) / MAX_SPEED * f32::from(i16::MAX)).round() as i16
}

fn from_speed(value: i16) -> f32 {
    f32::from(value) / f32::from(i16::MAX) * MAX_SPEED
}

fn to_corners(bbox: NormBox) -> [u16; 4] {
    [bbox.x1(), bbox.y1(), bbox.x2(), bbox.y2()].map(to_share)
}

fn from_corners(corners: [u16; 4]) -> NormBox {
    let [x1, y1, x2, y2] = corners.map(from_share);
    NormBox::from_xyxy(x1, y1, x2, y2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{at, camera, open};

    fn scene(second: i64) -> Scene {
        Scene {
            captured_at: at(second),
            frame_seq: u64::try_from(second).unwrap() * 5,
            tracks: vec![Track {
                track_id: TrackId(12),
                state: TrackState::Lost,
                bbox: NormBox::from_xyxy(0.0, 0.2, 0.6, 1.0),
                class: Class::Truck,
                score: 1.0,
                first_seen_at: at(second - 70),
                last_seen_at: at(second - 1),
                velocity: (8.0, 0.0),
                is_stationary: true,
                moved: Moved::Perhaps,
            }],
            motion: MotionSummary {
                boxes: vec![NormBox::WHOLE],
                changed_share: 1.0,
                is_global: true,
            },
            is_detected: true,
            picture: PictureState {
                problems: vec![(PictureProblem::Turned, at(second - 3))],
                is_grey: true,
                health: (second > 1).then_some(Health([1.0, 0.0, 0.2, 1.0, 0.8])),
            },
            still_changes: vec![StillChange {
                change_id: 4,
                bbox: NormBox::from_xyxy(0.2, 0.4, 0.6, 0.8),
                since: at(second - 9),
                kind: StillChangeKind::Removed,
            }],
            region_looks: Vec::new(),
        }
    }

    #[test]
    fn scenes_of_a_time_come_back_in_order_over_chunks() {
        let (mut store, _folder) = open();
        let scenes: Vec<Scene> = (0..6).map(scene).collect();
        store.put_scenes(&camera(), &scenes[3..]).unwrap();
        store.put_scenes(&camera(), &scenes[..3]).unwrap();
        store.put_scenes(&camera(), &[]).unwrap();
        assert_eq!(store.scenes(&camera(), at(0), at(99)).unwrap(), scenes);
        assert_eq!(store.scenes(&camera(), at(2), at(5)).unwrap(), scenes[2..5]);
        assert_eq!(store.scenes(&camera(), at(6), at(99)).unwrap(), []);
    }

    #[test]
    fn scene_is_packed_into_the_bytes_that_the_docs_promise() {
        let len_per_scene = |n_tracks: u16| {
            let scenes: Vec<Scene> = (0..300_u16)
                .map(|number| {
                    let mut scene = Scene {
                        captured_at: Timestamp::from_millis(
                            1_700_000_000_000 + i64::from(number) * 200,
                        ),
                        frame_seq: u64::from(number),
                        ..Scene::default()
                    };
                    let x = f32::from(number) / 700.0;
                    scene.tracks = (0..n_tracks)
                        .map(|track| Track {
                            track_id: TrackId(50_000 + u64::from(track)),
                            bbox: NormBox::from_xyxy(x, 0.3, x + 0.1, 0.7),
                            velocity: (0.071, -0.013),
                            first_seen_at: Timestamp::from_millis(1_699_999_990_000),
                            last_seen_at: scene.captured_at,
                            score: 0.61,
                            ..self::scene(100).tracks[0].clone()
                        })
                        .collect();
                    scene
                })
                .collect();
            pack(&scenes).len() / scenes.len()
        };
        assert_eq!((len_per_scene(5), len_per_scene(0)), (153, 13));
    }

    #[test]
    fn chunk_of_before_health_was_told_is_read_without_it() {
        let scenes: Vec<Scene> = (0..3).map(scene).collect();
        let mut before = at(0);
        let forms: Vec<SceneForm> = scenes
            .iter()
            .map(|scene| {
                let form = to_form(scene, before);
                before = scene.captured_at;
                form
            })
            .collect();
        let body = [&[OLD_FORMAT][..], &postcard::to_stdvec(&forms).unwrap()].concat();
        let read = unpack(at(0), &body).unwrap();
        assert!(read.iter().all(|scene| scene.picture.health.is_none()));
        let without = |mut scene: Scene| {
            scene.picture.health = None;
            scene
        };
        assert_eq!(read, scenes.into_iter().map(without).collect::<Vec<_>>());
    }

    #[test]
    fn damaged_chunk_is_an_error_that_names_it() {
        let (mut store, _folder) = open();
        store.put_scenes(&camera(), &[scene(1)]).unwrap();
        for body in ["''", "x'03'", "x'02ff'", "x'01ff'", "substr(body, 1, 20)"] {
            store
                .conn
                .execute_batch(&format!(
                    "UPDATE scene_chunk SET body = CAST({body} AS BLOB)"
                ))
                .unwrap();
            let error = store.scenes(&camera(), at(0), at(99)).unwrap_err();
            assert!(error.to_string().contains("gate-2"), "{body}: {error}");
        }
    }

    proptest! {
        #[test]
        fn box_and_score_come_back_within_their_rounding(
            edges in prop::array::uniform4(0.0_f32..=1.0), score in 0.0_f32..=1.0, speed in -20.0_f32..20.0,
        ) {
            let mut before = scene(5);
            let track = &mut before.tracks[0];
            track.bbox = NormBox::from_xyxy(edges[0], edges[1], edges[2], edges[3]);
            track.score = score;
            track.velocity = (speed, -speed);
            let after = unpack(at(5), &pack(std::slice::from_ref(&before))).unwrap();
            let (old, new) = (&before.tracks[0], &after[0].tracks[0]);
            for (a, b) in [
                (old.bbox.x1(), new.bbox.x1()), (old.bbox.y1(), new.bbox.y1()),
                (old.bbox.x2(), new.bbox.x2()), (old.bbox.y2(), new.bbox.y2()), (old.score, new.score),
            ] {
                prop_assert!((a - b).abs() < 1.0 / 60_000.0);
            }
            prop_assert!((new.velocity.0 - speed.clamp(-8.0, 8.0)).abs() < 0.001);
        }

        #[test]
        fn any_bytes_are_unpacked_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpack(at(0), &body);
            let _ = unpack(at(0), &[&[FORMAT][..], &body].concat());
            let _ = unpack(at(0), &[&[OLD_FORMAT][..], &body].concat());
        }
    }
}
