//! The index follows the store: read from its files or built at start, then
//! change by change, and saved every minute.
//!
//! The store numbers the changes of sightings and keeps them until the index
//! says that its files have them. So a kill at any moment loses nothing: what
//! the files do not have yet is read again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use guard::search::{Entry, Index, load, save};
use store::{AuditEntry, ChangeSpan, Expected, LooksRow, MAX_LOOKS, SightingId};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use types::{Clock, Timestamp};

use super::{SearchDesk, entry, watch};
use crate::storage::Records;
use crate::supervise::Fleet;
use crate::watch_lists::WatchBook;

/// How often changes are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often files are written.
const SAVE_EVERY: Duration = Duration::from_secs(60);
/// Pause after the store could not be read.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// How far the index is, by numbers of changes.
#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    taken: i64,
    saved: Option<i64>,
}

/// What following needs besides the search.
#[derive(Debug)]
pub(crate) struct FollowParts {
    /// The index.
    pub desk: SearchDesk,
    /// Who is waited for.
    pub watch_lists: WatchBook,
    /// Knows what alarms keep of their cameras' pictures.
    pub fleet: Arc<Fleet>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// Keeps the index up to date until `stop`, then saves it.
pub(crate) async fn follow(parts: FollowParts, stop: CancellationToken) {
    let desk = parts.desk.clone();
    let Some(mut cursor) = begin(&desk, &stop).await else {
        return;
    };
    let mut save_at = Instant::now() + SAVE_EVERY;
    let mut told = BTreeSet::new();
    while !stop.is_cancelled() {
        let look_at = Instant::now() + LOOK_EVERY;
        if let Err(error) = take_changes(&parts, &mut cursor).await {
            warn!(error = %format!("{error:#}"), "search: changes not read");
        }
        if let Err(error) = tell_expired(&parts, &mut told).await {
            warn!(error = %format!("{error:#}"), "watch lists: expiry not told");
        }
        if Instant::now() >= save_at {
            save_files(&desk, &mut cursor).await;
            save_at = Instant::now() + SAVE_EVERY;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = sleep_until(look_at) => {}
        }
    }
    save_files(&desk, &mut cursor).await;
}

/// Reads the files, or else the database. `None` when stopped before that.
async fn begin(desk: &SearchDesk, stop: &CancellationToken) -> Option<Cursor> {
    loop {
        let begun = match read_files(desk).await {
            Ok(Some(cursor)) => Ok(Some(cursor)),
            Ok(None) => build(desk, stop).await,
            Err(error) => Err(error),
        };
        match begun {
            Ok(Some(cursor)) => {
                desk.shared.progress().is_ready = true;
                let size = desk.size();
                info!(
                    n_entries = size.n_entries,
                    len_bytes = size.len_bytes,
                    "search is ready"
                );
                return Some(cursor);
            }
            Ok(None) => return None,
            Err(error) => error!(error = %format!("{error:#}"), "search: cannot begin"),
        }
        tokio::select! {
            () = stop.cancelled() => return None,
            () = tokio::time::sleep(RETRY_AFTER) => {}
        }
    }
}

/// `None` when there are no files that can be gone on from.
async fn read_files(desk: &SearchDesk) -> anyhow::Result<Option<Cursor>> {
    let ChangeSpan { kept_after, newest } = desk
        .shared
        .storage
        .read(|reader| reader.sighting_change_span())
        .await?;
    let folder = desk.shared.folder.clone();
    let (index, taken) = match tokio::task::spawn_blocking(move || load(&folder)).await? {
        Ok(Some(loaded)) => loaded,
        Ok(None) => return Ok(None),
        Err(error) => {
            warn!(%error, "search: its files cannot be used; it is built anew");
            return Ok(None);
        }
    };
    if taken < kept_after || newest < taken {
        // Another database, as after a backup was restored, or one that went on
        // for very long without us.
        info!("search: its files are of another database; it is built anew");
        return Ok(None);
    }
    desk.shared.replace_index(index);
    let saved = Some(taken);
    Ok(Some(Cursor { taken, saved }))
}

/// Reads all sightings. `None` when stopped.
async fn build(desk: &SearchDesk, stop: &CancellationToken) -> anyhow::Result<Option<Cursor>> {
    desk.shared.replace_index(Index::default());
    desk.shared.progress().n_read = 0;
    let span = desk
        .shared
        .storage
        .read(|reader| reader.sighting_change_span())
        .await?;
    let mut after = SightingId(0);
    while !stop.is_cancelled() {
        let rows = desk
            .shared
            .storage
            .read(move |reader| reader.looks_after(after, MAX_LOOKS))
            .await?;
        let Some(last) = rows.last() else {
            return Ok(Some(Cursor {
                taken: span.newest,
                saved: None,
            }));
        };
        after = last.sighting_id;
        let n_rows = rows.len() as u64;
        let index = desk.shared.index();
        tokio::task::spawn_blocking(move || {
            let entries: Vec<Entry> = rows.into_iter().map(entry).collect();
            index.put(&entries);
        })
        .await?;
        desk.shared.progress().n_read += n_rows;
    }
    Ok(None)
}

async fn take_changes(parts: &FollowParts, cursor: &mut Cursor) -> anyhow::Result<()> {
    let desk = &parts.desk;
    loop {
        let after = cursor.taken;
        let (changes, rows) = desk
            .shared
            .storage
            .read(move |reader| {
                let changes = reader.sighting_changes(after, MAX_LOOKS)?;
                let rows = reader.looks(&changes.sighting_ids)?;
                Ok((changes, rows))
            })
            .await?;
        if changes.up_to == after {
            return Ok(());
        }
        raise_matches(parts, &rows);
        let index = desk.shared.index();
        tokio::task::spawn_blocking(move || {
            let mut gone: Vec<i64> = changes.sighting_ids.iter().map(|id| id.0).collect();
            gone.retain(|&id| rows.iter().all(|row| row.sighting_id.0 != id));
            index.remove(&gone);
            let entries: Vec<Entry> = rows.into_iter().map(entry).collect();
            index.put(&entries);
        })
        .await?;
        cursor.taken = changes.up_to;
    }
}

/// Who is waited for raises an event.
fn raise_matches(parts: &FollowParts, rows: &[LooksRow]) {
    let lists = parts.watch_lists.ready();
    if lists.is_empty() {
        return;
    }
    let is_history = |row: &&LooksRow| {
        let camera = parts.fleet.relayed().get(&row.camera_id);
        camera.is_some_and(|camera| row.first_seen_at < camera.quiet_before)
    };
    let rows: Vec<LooksRow> = rows
        .iter()
        .filter(|row| !is_history(row))
        .cloned()
        .collect();
    for batch in watch::matches(&rows, &lists, parts.clock.now()) {
        let records = Records {
            clips: parts.fleet.claims(&batch),
            ..Records::default()
        };
        parts.desk.shared.storage.append(batch, records);
    }
}

/// Lists that expired say so once, in the audit trail. `told` has those that
/// were looked at since the start.
async fn tell_expired(
    parts: &FollowParts,
    told: &mut BTreeSet<(u32, Timestamp)>,
) -> anyhow::Result<()> {
    const WHO: &str = "airelay";
    let now = parts.clock.now();
    let lists = parts.watch_lists.ready();
    let expired: Vec<(u32, Timestamp)> = lists
        .iter()
        .map(|list| (list.list_id, list.expires_at))
        .filter(|list| list.1 <= now && !told.contains(list))
        .collect();
    if expired.is_empty() {
        return Ok(());
    }
    for record in parts.watch_lists.list().await? {
        let settings = &record.document.settings;
        if record.document.is_expiry_told || now < settings.expires_at() {
            continue;
        }
        info!(list = record.id, name = %settings.name, "watch list expired: it raises no more alarms");
        let entry = AuditEntry {
            who: WHO.to_owned(),
            what: format!("watch list {} expired: it raises no more alarms", record.id),
            before: None,
            after: None,
        };
        let mut document = record.document.clone();
        document.is_expiry_told = true;
        let expected = Expected::Revision(record.revision);
        parts
            .watch_lists
            .put(record.id, &document, expected, WHO)
            .await?;
        let storage = &parts.desk.shared.storage;
        storage
            .write(move |store| store.append_audit(&entry, now))
            .await?;
    }
    told.extend(expired);
    Ok(())
}

async fn save_files(desk: &SearchDesk, cursor: &mut Cursor) {
    if cursor.saved == Some(cursor.taken) {
        return;
    }
    let (index, folder, taken) = (
        desk.shared.index(),
        desk.shared.folder.clone(),
        cursor.taken,
    );
    let saved = tokio::task::spawn_blocking(move || save(&index, &folder, taken)).await;
    let problem = match saved {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(error) => Some(error.to_string()),
    };
    if let Some(error) = &problem {
        warn!(
            error,
            "search: its files are not written; the next start builds it anew"
        );
    }
    let is_saved = problem.is_none();
    desk.shared.progress().problem = problem;
    if !is_saved {
        return;
    }
    cursor.saved = Some(taken);
    let forgotten = desk
        .shared
        .storage
        .write(move |store| store.forget_sighting_changes(taken))
        .await;
    if let Err(error) = forgotten {
        warn!(error = %format!("{error:#}"), "search: changes are kept");
    }
}
