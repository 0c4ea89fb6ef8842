//! Which stretch of a camera's pictures each alarm keeps.
//!
//! In: a claim of an event on its camera's pictures, again whenever it changes.
//! Out: claims, by event or all that are kept.
//!
//! Not here: the pictures, which lie in files (`relay`); removal with the event
//! (`retention`).

use rusqlite::{OptionalExtension as _, Row, params};
use types::{CameraId, EventId, Timestamp};

use crate::error::{During, Error};
use crate::fields::{Fields, event_key};
use crate::{Reader, Store};

/// Most claims that one list holds.
pub const MAX_CLIPS: u32 = 200_000;

/// A stretch of time, both ends included.
pub type Stretch = (Timestamp, Timestamp);

/// What an alarm keeps of its camera's pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clip {
    /// The alarm.
    pub event_id: EventId,
    /// Whose pictures.
    pub camera_id: CameraId,
    /// When the alarm was raised.
    pub alarm_at: Timestamp,
    /// Whether what raised it goes on.
    pub is_open: bool,
    /// From some seconds before; where the alarm lasted too long, this is its
    /// begin.
    pub begin: Stretch,
    /// Where it lasted too long, its end.
    pub end: Option<Stretch>,
}

/// Why a clip is no longer kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClipGone {
    /// It was older than its camera's clips are kept.
    Age,
    /// Its camera's clips took more room than they may.
    Quota,
    /// The clips of all cameras took more room than they may.
    Total,
}

impl ClipGone {
    /// All reasons.
    pub const ALL: [ClipGone; 3] = [ClipGone::Age, ClipGone::Quota, ClipGone::Total];

    /// Lower-case name, as stored and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            ClipGone::Age => "age",
            ClipGone::Quota => "quota",
            ClipGone::Total => "total",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|gone| gone.name() == name)
    }
}

const COLUMNS: &str = "event_id, camera_id, alarm_at, is_open, from_at, until_at, \
    end_from_at, end_until_at, gone";

impl Store {
    /// Stores a claim; what was known of it before is replaced. One that is gone
    /// stays gone.
    ///
    /// # Errors
    /// Storing failed.
    pub fn put_clip(&mut self, clip: &Clip) -> Result<(), Error> {
        let what = "store a clip";
        self.write(what, |transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO clip (event_id, camera_id, alarm_at, is_open, from_at, until_at, \
                     end_from_at, end_until_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
                     ON CONFLICT (event_id) DO UPDATE SET is_open = excluded.is_open, \
                     until_at = excluded.until_at, end_from_at = excluded.end_from_at, \
                     end_until_at = excluded.end_until_at",
                )
                .and_then(|mut insert| {
                    insert.execute(params![
                        event_key(clip.event_id),
                        clip.camera_id.as_str(),
                        clip.alarm_at.as_micros(),
                        clip.is_open,
                        clip.begin.0.as_micros(),
                        clip.begin.1.as_micros(),
                        clip.end.map(|(from, _)| from.as_micros()),
                        clip.end.map(|(_, until)| until.as_micros()),
                    ])
                })
                .map(drop)
                .during(what)
        })
    }

    /// From now on these are not kept any more.
    ///
    /// # Errors
    /// Storing failed; none was changed then.
    pub fn drop_clips(&mut self, gone: &[(EventId, ClipGone)]) -> Result<(), Error> {
        let what = "drop clips";
        self.write(what, |transaction| {
            let mut update = transaction
                .prepare_cached("UPDATE clip SET gone = ?2, is_open = 0 WHERE event_id = ?1")
                .during(what)?;
            for (event_id, gone) in gone {
                update
                    .execute(params![event_key(*event_id), gone.name()])
                    .during(what)?;
            }
            Ok(())
        })
    }

    /// Clips that were open when the program last died end now, and
    /// those of events that are not there go.
    ///
    /// # Errors
    /// Storing failed.
    pub fn close_clips(&mut self, now: Timestamp) -> Result<(), Error> {
        let what = "close clips of the last run";
        self.write(what, |transaction| {
            transaction
                .execute(
                    "UPDATE clip SET is_open = 0, until_at = min(until_at, ?1) WHERE is_open = 1",
                    [now.as_micros()],
                )
                .and_then(|_| {
                    transaction.execute(
                        "DELETE FROM clip WHERE event_id NOT IN (SELECT event_id FROM event)",
                        [],
                    )
                })
                .map(drop)
                .during(what)
        })
    }
}

impl Reader {
    /// What an event keeps, and why it no longer does; `None` where it never
    /// kept anything.
    ///
    /// # Errors
    /// Reading failed.
    pub fn clip(&self, event_id: EventId) -> Result<Option<(Clip, Option<ClipGone>)>, Error> {
        let what = "read a clip";
        self.conn
            .prepare_cached(&format!("SELECT {COLUMNS} FROM clip WHERE event_id = ?1"))
            .and_then(|mut select| select.query_row([event_key(event_id)], clip_of).optional())
            .during(what)
    }

    /// All clips that are kept, by camera and time; at most [`MAX_CLIPS`].
    ///
    /// # Errors
    /// Reading failed.
    pub fn kept_clips(&self) -> Result<Vec<Clip>, Error> {
        let what = "list clips";
        let sql = format!(
            "SELECT {COLUMNS} FROM clip WHERE gone IS NULL ORDER BY camera_id, alarm_at LIMIT ?1"
        );
        self.conn
            .prepare_cached(&sql)
            .and_then(|mut select| {
                select
                    .query_map([MAX_CLIPS], |row| Ok(clip_of(row)?.0))?
                    .collect()
            })
            .during(what)
    }
}

fn clip_of(row: &Row<'_>) -> rusqlite::Result<(Clip, Option<ClipGone>)> {
    let mut fields = Fields::new(row);
    let clip = Clip {
        event_id: fields.event_id()?,
        camera_id: fields.camera_id()?,
        alarm_at: fields.time()?,
        is_open: fields.next()?,
        begin: (fields.time()?, fields.time()?),
        end: fields.opt_time()?.zip(fields.opt_time()?),
    };
    Ok((clip, fields.opt_named(ClipGone::from_name)?))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use types::Phase;

    use super::*;
    use crate::Retention;
    use crate::testing::{append, at, begin, camera, event_id, open, step};

    fn clip(second: i64, number: u64) -> Clip {
        Clip {
            event_id: event_id(second, number),
            camera_id: camera(),
            alarm_at: at(second),
            is_open: true,
            begin: (at(second - 5), at(second + 55)),
            end: None,
        }
    }

    #[test]
    fn clip_comes_back_as_it_was_last_told() {
        let (mut store, _folder) = open();
        let mut told = clip(10, 1);
        store.put_clip(&told).unwrap();
        told.is_open = false;
        told.end = Some((at(200), at(215)));
        store.put_clip(&told).unwrap();
        store.put_clip(&told).unwrap();
        assert_eq!(store.clip(told.event_id).unwrap(), Some((told, None)));
        assert_eq!(store.clip(event_id(10, 2)).unwrap(), None);
    }

    #[test]
    fn clip_that_is_gone_says_why_and_stays_gone() {
        let (mut store, _folder) = open();
        let (kept, gone) = (clip(10, 1), clip(20, 2));
        for clip in [&gone, &kept] {
            store.put_clip(clip).unwrap();
        }
        store
            .drop_clips(&[(gone.event_id, ClipGone::Quota)])
            .unwrap();
        store.put_clip(&gone).unwrap();
        let (_, why) = store.clip(gone.event_id).unwrap().unwrap();
        assert_eq!(why, Some(ClipGone::Quota));
        assert_eq!(store.kept_clips().unwrap(), [kept]);
    }

    #[test]
    fn clip_goes_with_its_event() {
        let (mut store, _folder) = open();
        append(&mut store, &[begin(10, 1), step(10, 1, 1, Phase::End)], &[]);
        store.put_clip(&clip(10, 1)).unwrap();
        let retention = Retention {
            events: Duration::from_secs(60),
            ..Retention::default()
        };
        store.prune(at(30), &retention, 100).unwrap();
        assert!(store.clip(event_id(10, 1)).unwrap().is_some());
        store.prune(at(100), &retention, 100).unwrap();
        assert_eq!(store.clip(event_id(10, 1)).unwrap(), None);
    }

    #[test]
    fn start_closes_clips_and_removes_those_without_event() {
        let (mut store, _folder) = open();
        append(&mut store, &[begin(10, 1)], &[]);
        let (known, unknown) = (clip(10, 1), clip(10, 2));
        for clip in [&known, &unknown] {
            store.put_clip(clip).unwrap();
        }
        store.close_clips(at(30)).unwrap();
        let (closed, _) = store.clip(known.event_id).unwrap().unwrap();
        assert!(!closed.is_open);
        assert_eq!(closed.begin, (at(5), at(30)));
        assert_eq!(store.clip(unknown.event_id).unwrap(), None);
    }
}
