//! Retention: old data goes, per class of data and in small steps.
//!
//! In: how long each class is kept, and how many rows one step may remove.
//! Out: what was removed, and whether more is left to do. The caller repeats
//! the step, with other writes in between, until nothing is left.
//!
//! A step that a sink still has to deliver keeps its event. Freed pages are
//! given back to the disk a bounded number at a time; what is not given back
//! is used again.

use std::time::Duration;

use rusqlite::{Transaction, params};
use types::Timestamp;

use crate::Store;
use crate::error::{During, Error};
use crate::events::first_id_at;
use crate::fields::{event_key, to_i64};
use crate::sinks;

/// Scores are kept for a week and the day that it began on.
const KEEP_SCORES: Duration = Duration::from_hours(8 * 24);
/// Failed sign-ins are forgotten after this.
const KEEP_LOGIN_FAILURES: Duration = Duration::from_hours(24);
/// Pages given back to the disk in one step: 8 MiB, some milliseconds.
const MAX_FREED_PAGES: u32 = 2_048;

/// How long each class of data is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Events with their steps and how they were handled, counted from when they
    /// were raised.
    pub events: Duration,
    /// Best shots of tracks that caused an event.
    pub event_shots: Duration,
    /// Best shots of all other tracks.
    pub track_shots: Duration,
    /// Pictures of all best shots together, bytes; beyond it the oldest go,
    /// first those without event.
    pub max_shot_bytes: u64,
    /// Sightings with their attributes and vectors.
    pub sightings: Duration,
    /// Scenes, for trying settings on what happened.
    pub scenes: Duration,
    /// Counts, heat maps, changes of learnt states, and how healthy scenes
    /// were.
    pub counts: Duration,
    /// Audit entries.
    pub audit: Duration,
    /// Dead letters that nobody replayed; counted as dropped.
    pub dead_letters: Duration,
    /// Revisions kept of each settings document, at least 1.
    pub settings_revisions: u32,
}

impl Default for Retention {
    /// 90 days of events and their pictures, 14 of other pictures, at most
    /// 20 GB of them; 90 days of sightings, two of scenes; two years of counts, one of audit; 30 days of dead
    /// letters; 100 revisions.
    fn default() -> Self {
        let days = |n_days: u64| Duration::from_hours(24 * n_days);
        Retention {
            events: days(90),
            event_shots: days(90),
            track_shots: days(14),
            max_shot_bytes: 20_000_000_000,
            sightings: days(90),
            scenes: days(2),
            counts: days(730),
            audit: days(365),
            dead_letters: days(30),
            settings_revisions: 100,
        }
    }
}

/// What one step removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PruneReport {
    /// Events.
    pub n_events: usize,
    /// Best shots.
    pub n_shots: usize,
    /// Sightings.
    pub n_sightings: usize,
    /// Packed minutes of scenes.
    pub n_scene_chunks: usize,
    /// Counts, heat maps, changes of learnt states, minutes of scene health,
    /// and hours of scores.
    pub n_counts: usize,
    /// Hours and days that were added up from them.
    pub n_count_sums: usize,
    /// Audit entries.
    pub n_audit: usize,
    /// Dead letters.
    pub n_dead_letters: usize,
    /// Expired sessions and old failed sign-ins.
    pub n_sign_ins: usize,
    /// Revisions of settings.
    pub n_settings_revisions: usize,
    /// Nothing else is due: the next step can wait.
    pub is_done: bool,
}

impl Store {
    /// Removes at most `max_rows` rows of each class of data that are too old,
    /// then gives freed space back.
    ///
    /// # Errors
    /// Storing failed; nothing was removed then.
    pub fn prune(
        &mut self,
        now: Timestamp,
        retention: &Retention,
        max_rows: u32,
    ) -> Result<PruneReport, Error> {
        let what = "remove old data";
        let max_bytes = to_i64("remove old data: most bytes", retention.max_shot_bytes)?;
        let mut report = self.write(what, |transaction| {
            let step = Step {
                transaction,
                now,
                max_rows,
            };
            // Dead letters first: they keep events.
            let n_dead_letters = step.dead_letters(retention.dead_letters).during(what)?;
            let n_old_shots = step.old_shots(retention).during(what)?;
            let n_left = max_rows as usize - n_old_shots;
            let n_excess_shots = step.excess_shots(max_bytes, n_left).during(what)?;
            Ok(PruneReport {
                n_dead_letters,
                n_shots: n_old_shots + n_excess_shots,
                n_events: step.events(retention.events).during(what)?,
                n_counts: step
                    .delete(
                        "count",
                        "camera_id, rule_id, from_at, metric, class",
                        "until_at",
                        retention.counts,
                    )
                    .during(what)?
                    + step
                        .delete(
                            "heat",
                            "camera_id, kind, from_at",
                            "until_at",
                            retention.counts,
                        )
                        .during(what)?
                    + step
                        .delete(
                            "scene_health",
                            "camera_id, minute_at",
                            "minute_at",
                            retention.counts,
                        )
                        .during(what)?
                    + step
                        .delete(
                            "score_hour",
                            "camera_id, zone_id, hour_at, class",
                            "hour_at",
                            KEEP_SCORES,
                        )
                        .during(what)?
                    + step
                        .delete(
                            "state_change",
                            "camera_id, detector_id, at",
                            "at",
                            retention.counts,
                        )
                        .during(what)?,
                n_count_sums: step
                    .delete(
                        "count_sum",
                        "step_s, metric, class, from_at, camera_id, rule_id",
                        "from_at",
                        retention.counts,
                    )
                    .during(what)?,
                n_sightings: step
                    .delete(
                        "sighting",
                        "sighting_id",
                        "last_seen_at",
                        retention.sightings,
                    )
                    .during(what)?,
                n_scene_chunks: step
                    .delete(
                        "scene_chunk",
                        "camera_id, from_at",
                        "until_at",
                        retention.scenes,
                    )
                    .during(what)?,
                n_audit: step
                    .delete("audit", "audit_id", "at", retention.audit)
                    .during(what)?,
                n_sign_ins: step
                    .delete("session", "token_hash", "expires_at", Duration::ZERO)
                    .during(what)?
                    + step
                        .delete("login_failure", "key", "last_at", KEEP_LOGIN_FAILURES)
                        .during(what)?,
                n_settings_revisions: step
                    .settings_revisions(retention.settings_revisions)
                    .during(what)?,
                is_done: false,
            })
        })?;
        let n_free = self.give_back_pages().during(what)?;
        let max_rows = max_rows as usize;
        report.is_done = n_free == 0
            && [
                report.n_events,
                report.n_shots,
                report.n_counts,
                report.n_count_sums,
                report.n_sightings,
                report.n_scene_chunks,
                report.n_audit,
                report.n_dead_letters,
                report.n_sign_ins,
                report.n_settings_revisions,
            ]
            .into_iter()
            .all(|n_removed| n_removed < max_rows);
        Ok(report)
    }

    /// Shortens the file by some free pages; returns how many are left.
    fn give_back_pages(&mut self) -> rusqlite::Result<i64> {
        let conn = &self.reader.conn;
        {
            // One page per row of the answer: it must be read to the end.
            let mut vacuum =
                conn.prepare(&format!("PRAGMA incremental_vacuum({MAX_FREED_PAGES})"))?;
            let mut pages = vacuum.query([])?;
            while pages.next()?.is_some() {}
        }
        conn.pragma_query_value(None, "freelist_count", |row| row.get(0))
    }
}

/// One bounded step of removal.
struct Step<'a> {
    transaction: &'a Transaction<'a>,
    now: Timestamp,
    max_rows: u32,
}

impl Step<'_> {
    fn before(&self, keep: Duration) -> i64 {
        self.now.saturating_sub(keep).as_micros()
    }

    /// Deletes from `table`, of which `key` names a row, what is older than
    /// `keep` by its column `time`.
    fn delete(
        &self,
        table: &str,
        key: &str,
        time: &str,
        keep: Duration,
    ) -> rusqlite::Result<usize> {
        self.transaction.execute(
            &format!(
                "DELETE FROM {table} WHERE ({key}) IN ( \
                 SELECT {key} FROM {table} WHERE {time} < ?1 LIMIT ?2)"
            ),
            params![self.before(keep), self.max_rows],
        )
    }

    fn dead_letters(&self, keep: Duration) -> rusqlite::Result<usize> {
        let names: Vec<String> = self
            .transaction
            .prepare_cached("SELECT name FROM sink")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut n_removed = 0;
        for name in names {
            let n_deleted = self.transaction.execute(
                "DELETE FROM outbox WHERE outbox_id IN ( \
                 SELECT outbox_id FROM outbox WHERE sink = ?1 AND is_dead = 1 AND queued_at < ?2 \
                 LIMIT ?3)",
                params![name, self.before(keep), self.max_rows],
            )?;
            sinks::count_dropped(self.transaction, &name, n_deleted)?;
            n_removed += n_deleted;
        }
        Ok(n_removed)
    }

    fn events(&self, keep: Duration) -> rusqlite::Result<usize> {
        let first_kept = event_key(first_id_at(self.now.saturating_sub(keep)));
        let old: Vec<[u8; 16]> = self
            .transaction
            .prepare_cached(
                "SELECT event_id FROM event AS e WHERE event_id < ?1 \
                 AND NOT EXISTS (SELECT 1 FROM outbox AS o WHERE o.event_id = e.event_id) \
                 ORDER BY event_id LIMIT ?2",
            )?
            .query_map(params![first_kept, self.max_rows], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for sql in [
            "DELETE FROM event_step WHERE event_id = ?1",
            "DELETE FROM event WHERE event_id = ?1",
            "DELETE FROM alarm WHERE event_id = ?1",
            "DELETE FROM alarm_history WHERE event_id = ?1",
            "DELETE FROM clip WHERE event_id = ?1",
        ] {
            let mut delete = self.transaction.prepare_cached(sql)?;
            for event_id in &old {
                delete.execute([event_id])?;
            }
        }
        Ok(old.len())
    }

    fn old_shots(&self, retention: &Retention) -> rusqlite::Result<usize> {
        self.transaction.execute(
            "DELETE FROM shot WHERE shot_id IN ( \
                 SELECT shot_id FROM shot AS s WHERE captured_at < max(?1, ?2) AND captured_at < \
                     CASE WHEN EXISTS (SELECT 1 FROM event AS e WHERE e.camera_id = s.camera_id \
                                       AND e.track_id = s.track_id) THEN ?1 ELSE ?2 END \
                 LIMIT ?3)",
            params![
                self.before(retention.event_shots),
                self.before(retention.track_shots),
                self.max_rows
            ],
        )
    }

    fn excess_shots(&self, max_bytes: i64, max_removed: usize) -> rusqlite::Result<usize> {
        let mut excess = self.transaction.query_row(
            "SELECT coalesce(sum(len_bytes), 0) FROM shot",
            [],
            |row| row.get::<_, i64>(0),
        )? - max_bytes;
        let mut n_removed = 0;
        for has_event in [false, true] {
            if excess <= 0 {
                break;
            }
            let oldest: Vec<(i64, i64)> = self
                .transaction
                .prepare_cached(
                    "SELECT shot_id, len_bytes FROM shot AS s WHERE ?1 = EXISTS ( \
                         SELECT 1 FROM event AS e WHERE e.camera_id = s.camera_id \
                         AND e.track_id = s.track_id) \
                     ORDER BY captured_at LIMIT ?2",
                )?
                .query_map(params![has_event, self.max_rows], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?
                .collect::<Result<_, _>>()?;
            for (shot_id, len_bytes) in oldest {
                if excess <= 0 || n_removed >= max_removed {
                    break;
                }
                self.transaction
                    .prepare_cached("DELETE FROM shot WHERE shot_id = ?1")?
                    .execute([shot_id])?;
                excess -= len_bytes;
                n_removed += 1;
            }
        }
        Ok(n_removed)
    }

    fn settings_revisions(&self, n_kept: u32) -> rusqlite::Result<usize> {
        self.transaction.execute(
            "DELETE FROM settings WHERE (key, revision) IN ( \
                 SELECT key, revision FROM settings AS s WHERE revision <= \
                     (SELECT max(revision) FROM settings WHERE key = s.key) - ?1 \
                 LIMIT ?2)",
            params![n_kept.max(1), self.max_rows],
        )
    }
}

#[cfg(test)]
mod tests;
