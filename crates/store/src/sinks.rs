//! Sinks: which there are, whether they are switched on, how they are doing.
//!
//! In: names that relay gives them. Out: their states, with what waits for them
//! in the outbox.
//!
//! Not here: the steps that wait (`outbox`), where a sink delivers to.

use rusqlite::{Connection, params};
use types::Timestamp;

use crate::error::{During, Error, check_size};
use crate::fields::Fields;
use crate::{Reader, Store};

/// Longest sink name, bytes.
const MAX_NAME_BYTES: usize = 128;
/// Most sinks.
pub(crate) const MAX_SINKS: u32 = 64;

/// How one sink is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SinkState {
    /// Its name.
    pub name: String,
    /// Whether new steps are queued for it.
    pub is_enabled: bool,
    /// Steps that wait.
    pub n_waiting: u64,
    /// Since when the oldest of them waits.
    pub oldest_waiting_at: Option<Timestamp>,
    /// Dead letters kept.
    pub n_dead: u64,
    /// Steps delivered since it was registered.
    pub n_delivered: u64,
    /// Steps given up because the queue was full, or dead letters that nobody
    /// replayed in time.
    pub n_dropped: u64,
    /// Last success.
    pub last_delivered_at: Option<Timestamp>,
    /// Last failure, in words; `None` after a success.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<Timestamp>,
}

impl Store {
    /// Makes a sink known, or switches it on again: steps appended from now on
    /// are queued for it.
    ///
    /// # Errors
    /// The name is empty or too long, there are 64 sinks, or storing failed.
    pub fn register_sink(&mut self, name: &str, now: Timestamp) -> Result<(), Error> {
        let what = "register sink";
        check_size(
            "register sink: bytes of its name",
            name.len(),
            MAX_NAME_BYTES,
        )?;
        if name.is_empty() {
            return Err(Error::Invalid {
                what,
                reason: "the name is empty".to_owned(),
            });
        }
        self.write(what, |transaction| {
            transaction
                .execute(
                    "INSERT INTO sink (name, is_enabled, registered_at) VALUES (?1, 1, ?2) \
                     ON CONFLICT (name) DO UPDATE SET is_enabled = 1",
                    params![name, now.as_micros()],
                )
                .during(what)?;
            let n_sinks: u32 = transaction
                .query_row("SELECT count(*) FROM sink", [], |row| row.get(0))
                .during(what)?;
            check_size("register sink: sinks", n_sinks as usize, MAX_SINKS as usize)
        })
    }

    /// Switches a sink off or on. Off, nothing new is queued for it; what
    /// waits stays.
    ///
    /// # Errors
    /// [`Error::NotFound`], or storing failed.
    pub fn set_sink_enabled(&mut self, name: &str, is_enabled: bool) -> Result<(), Error> {
        let what = "switch sink";
        self.write(what, |transaction| {
            let n_changed = transaction
                .execute(
                    "UPDATE sink SET is_enabled = ?2 WHERE name = ?1",
                    params![name, is_enabled],
                )
                .during(what)?;
            found(what, name, n_changed)
        })
    }

    /// Forgets a sink and all that waits for it.
    ///
    /// # Errors
    /// [`Error::NotFound`], or storing failed.
    pub fn remove_sink(&mut self, name: &str) -> Result<(), Error> {
        let what = "remove sink";
        self.write(what, |transaction| {
            let n_deleted = transaction
                .execute("DELETE FROM sink WHERE name = ?1", [name])
                .during(what)?;
            found(what, name, n_deleted)
        })
    }
}

impl Reader {
    /// How each sink is doing, by name.
    ///
    /// # Errors
    /// Reading failed.
    pub fn list_sinks(&self) -> Result<Vec<SinkState>, Error> {
        self.conn
            .prepare_cached(
                "SELECT name, is_enabled, \
                     (SELECT count(*) FROM outbox WHERE sink = name AND is_dead = 0), \
                     (SELECT queued_at FROM outbox WHERE sink = name AND is_dead = 0 \
                      ORDER BY outbox_id LIMIT 1), \
                     (SELECT count(*) FROM outbox WHERE sink = name AND is_dead = 1), \
                     n_delivered, n_dropped, last_delivered_at, last_error, last_error_at \
                 FROM sink ORDER BY name",
            )
            .and_then(|mut select| select.query_map([], read_sink)?.collect())
            .during("list sinks")
    }

    /// How one sink is doing.
    ///
    /// # Errors
    /// Reading failed.
    pub fn sink_state(&self, name: &str) -> Result<Option<SinkState>, Error> {
        let sinks = self.list_sinks()?;
        Ok(sinks.into_iter().find(|sink| sink.name == name))
    }
}

/// Adds to a sink's counter of steps given up.
pub(crate) fn count_dropped(
    conn: &Connection,
    sink: &str,
    n_dropped: usize,
) -> rusqlite::Result<u64> {
    let n_dropped = u32::try_from(n_dropped).unwrap_or(u32::MAX);
    conn.execute(
        "UPDATE sink SET n_dropped = n_dropped + ?2 WHERE name = ?1",
        params![sink, n_dropped],
    )?;
    Ok(n_dropped.into())
}

fn found(what: &'static str, name: &str, n_rows: usize) -> Result<(), Error> {
    if n_rows == 0 {
        return Err(Error::NotFound {
            what,
            name: name.to_owned(),
        });
    }
    Ok(())
}

fn read_sink(row: &rusqlite::Row<'_>) -> rusqlite::Result<SinkState> {
    let mut fields = Fields::new(row);
    Ok(SinkState {
        name: fields.next()?,
        is_enabled: fields.next()?,
        n_waiting: fields.u64()?,
        oldest_waiting_at: fields.opt_time()?,
        n_dead: fields.u64()?,
        n_delivered: fields.u64()?,
        n_dropped: fields.u64()?,
        last_delivered_at: fields.opt_time()?,
        last_error: fields.next()?,
        last_error_at: fields.opt_time()?,
    })
}
