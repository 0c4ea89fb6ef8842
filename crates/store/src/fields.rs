//! Between SQLite's values and ours.
//!
//! In: a row whose columns stand in the order in which they are asked for.
//! Out: checked values; a value that cannot be meant is an error that names
//! its column.

use rusqlite::Row;
use rusqlite::types::{FromSql, Type};
use types::{CameraId, EventId, NormBox, Timestamp, TrackId};

use crate::error::Error;

/// Reads a row's columns from left to right.
pub(crate) struct Fields<'r, 's> {
    row: &'r Row<'s>,
    column_idx: usize,
}

impl<'r, 's> Fields<'r, 's> {
    pub(crate) fn new(row: &'r Row<'s>) -> Self {
        Fields { row, column_idx: 0 }
    }

    pub(crate) fn next<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        let value = self.row.get(self.column_idx);
        self.column_idx += 1;
        value
    }

    /// Passes over `n_columns` whose values are not wanted.
    pub(crate) fn skip(&mut self, n_columns: usize) {
        self.column_idx += n_columns;
    }

    pub(crate) fn time(&mut self) -> rusqlite::Result<Timestamp> {
        self.next().map(Timestamp::from_micros)
    }

    pub(crate) fn opt_time(&mut self) -> rusqlite::Result<Option<Timestamp>> {
        Ok(self.next::<Option<i64>>()?.map(Timestamp::from_micros))
    }

    pub(crate) fn u64(&mut self) -> rusqlite::Result<u64> {
        let value: i64 = self.next()?;
        u64::try_from(value).map_err(|_| self.bad(Type::Integer, &format!("{value} is negative")))
    }

    pub(crate) fn opt_track_id(&mut self) -> rusqlite::Result<Option<TrackId>> {
        let value: Option<i64> = self.next()?;
        value
            .map(|value| u64::try_from(value).map(TrackId))
            .transpose()
            .map_err(|_| self.bad(Type::Integer, "negative track id"))
    }

    pub(crate) fn event_id(&mut self) -> rusqlite::Result<EventId> {
        let bytes: [u8; 16] = self.next()?;
        Ok(EventId::from_bits(u128::from_be_bytes(bytes)))
    }

    pub(crate) fn camera_id(&mut self) -> rusqlite::Result<CameraId> {
        let text: String = self.next()?;
        CameraId::new(&text).map_err(|error| self.bad(Type::Text, &error.to_string()))
    }

    /// A value that is stored by its name.
    pub(crate) fn named<T>(
        &mut self,
        from_name: impl Fn(&str) -> Option<T>,
    ) -> rusqlite::Result<T> {
        let name: String = self.next()?;
        from_name(&name).ok_or_else(|| self.bad(Type::Text, &format!("unknown name {name:?}")))
    }

    /// As [`Fields::named`], where there may be none.
    pub(crate) fn opt_named<T>(
        &mut self,
        from_name: impl Fn(&str) -> Option<T>,
    ) -> rusqlite::Result<Option<T>> {
        let Some(name) = self.next::<Option<String>>()? else {
            return Ok(None);
        };
        let value = from_name(&name);
        if value.is_none() {
            return Err(self.bad(Type::Text, &format!("unknown name {name:?}")));
        }
        Ok(value)
    }

    /// Four columns: `x1`, `y1`, `x2`, `y2`.
    pub(crate) fn opt_bbox(&mut self) -> rusqlite::Result<Option<NormBox>> {
        let edges: [Option<f32>; 4] = [self.next()?, self.next()?, self.next()?, self.next()?];
        let [Some(x1), Some(y1), Some(x2), Some(y2)] = edges else {
            return Ok(None);
        };
        Ok(Some(NormBox::from_xyxy(x1, y1, x2, y2)))
    }

    /// The error for the column read last.
    pub(crate) fn bad(&self, kind: Type, detail: &str) -> rusqlite::Error {
        let column_idx = self.column_idx.saturating_sub(1);
        let column = self
            .row
            .as_ref()
            .column_name(column_idx)
            .unwrap_or("unnamed")
            .to_owned();
        rusqlite::Error::FromSqlConversionFailure(
            column_idx,
            kind,
            format!("column {column}: {detail}").into(),
        )
    }
}

/// The 16 bytes under which an event is stored.
pub(crate) fn event_key(event_id: EventId) -> [u8; 16] {
    event_id.as_bits().to_be_bytes()
}

/// `value` as SQLite keeps integers.
pub(crate) fn to_i64(what: &'static str, value: u64) -> Result<i64, Error> {
    i64::try_from(value).map_err(|_| Error::Invalid {
        what,
        reason: format!("{value} does not fit 63 bits"),
    })
}
