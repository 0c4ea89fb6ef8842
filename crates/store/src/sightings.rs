//! Sightings: what the people and vehicle programs know of each followed
//! object.
//!
//! In: an early and a final sighting per object; the later replaces the
//! earlier and keeps its id. Out: rows with the object's best shot, newest
//! first, by camera, class, time and attributes; vectors to compare by.
//!
//! Not here: pictures (`shots`), similarity (`guard`).

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Params, Transaction, params, params_from_iter};
use types::{
    Appearance, CameraId, Class, LineId, ProgramKind, Sighting, Timestamp, TrackId, ZoneId,
};

use crate::error::{During, Error, check_size};
use crate::events::{MAX_PAGE, finite};
use crate::feed::FeedSighting;
use crate::fields::{Fields, to_i64};
use crate::shots::{self, ShotRow};
use crate::{Reader, Store};

/// Most sightings in one call.
const MAX_SIGHTINGS: usize = 1_000;
/// Most zones and most lines of one sighting; the rest is left out.
const MAX_PLACES: usize = 64;
/// Most attributes of one sighting.
const MAX_ATTRIBUTES: usize = 32;
/// Most vectors of one sighting, and most numbers of one.
const MAX_EMBEDDINGS: usize = 4;
const MAX_DIMENSIONS: usize = 1_024;
/// Longest name or value of an attribute, and name of a maker, bytes.
const MAX_TEXT_BYTES: usize = 1_024;

/// Identity of a stored sighting, the same for early and final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SightingId(pub i64);

/// A stored sighting.
#[derive(Clone, Debug, PartialEq)]
pub struct SightingRow {
    /// Identity.
    pub sighting_id: SightingId,
    /// On which camera.
    pub camera_id: CameraId,
    /// By which program.
    pub program: ProgramKind,
    /// Which object.
    pub track_id: TrackId,
    /// What it is.
    pub class: Class,
    /// Belief in the class, 0..=1.
    pub score: f32,
    /// First seen.
    pub first_seen_at: Timestamp,
    /// Last seen so far.
    pub last_seen_at: Timestamp,
    /// Whether the object is gone.
    pub is_final: bool,
    /// Degrees clockwise from up.
    pub heading_deg: Option<f32>,
    /// Metres per second.
    pub speed_mps: Option<f32>,
    /// Zones it stood in.
    pub zone_ids: Vec<ZoneId>,
    /// Lines it crossed.
    pub line_ids: Vec<LineId>,
    /// Attributes by name.
    pub attributes: Vec<StoredAttribute>,
    /// Its best shot, if there is one by now.
    pub shot: Option<ShotRow>,
}

/// One attribute as it was stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAttribute {
    /// Which.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Belief in it, 0..=1.
    pub likelihood: f32,
}

/// Which sightings to list. The default lists the newest [`MAX_PAGE`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SightingFilter {
    /// Only of this camera.
    pub camera_id: Option<CameraId>,
    /// Only by this program.
    pub program: Option<ProgramKind>,
    /// Only of these classes; all when empty.
    pub classes: Vec<Class>,
    /// Only first seen at or after this time.
    pub from: Option<Timestamp>,
    /// Only first seen before this time.
    pub until: Option<Timestamp>,
    /// Only with all of these attributes: name, value.
    pub attributes: Vec<(String, String)>,
    /// Only older than this one: the last one of the page before.
    pub before: Option<(Timestamp, SightingId)>,
    /// Most rows, 1..=[`MAX_PAGE`]; 0 means [`MAX_PAGE`].
    pub limit: u32,
}

const UPSERT: &str = "INSERT INTO sighting (camera_id, program, track_id, class, score, \
        first_seen_at, last_seen_at, is_final, heading_deg, speed_mps, zones, lines) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
    ON CONFLICT (camera_id, program, track_id) DO UPDATE SET \
        class = excluded.class, score = excluded.score, first_seen_at = excluded.first_seen_at, \
        last_seen_at = excluded.last_seen_at, is_final = excluded.is_final, \
        heading_deg = excluded.heading_deg, speed_mps = excluded.speed_mps, \
        zones = excluded.zones, lines = excluded.lines \
    WHERE excluded.is_final >= is_final \
    RETURNING sighting_id";

const COLUMNS: &str = "e.sighting_id, e.camera_id, e.program, e.track_id, e.class, e.score, \
    e.first_seen_at, e.last_seen_at, e.is_final, e.heading_deg, e.speed_mps, e.zones, e.lines";

impl Store {
    /// Stores sightings, all or nothing. An early one after the final one of
    /// its object changes nothing.
    ///
    /// # Errors
    /// More than 1,000 at once, a bound of one is exceeded, or storing failed.
    pub fn put_sightings(&mut self, sightings: &[Sighting]) -> Result<(), Error> {
        let what = "store sightings";
        check_size(
            "store sightings: sightings at once",
            sightings.len(),
            MAX_SIGHTINGS,
        )?;
        self.write(what, |transaction| {
            for sighting in sightings {
                put(transaction, sighting)?;
            }
            Ok(())
        })
    }
}

impl Reader {
    /// Sightings, newest first seen first.
    ///
    /// # Errors
    /// Reading failed.
    pub fn list_sightings(&self, filter: &SightingFilter) -> Result<Vec<SightingRow>, Error> {
        let what = "list sightings";
        let (condition, values) = condition(filter);
        let limit = match filter.limit {
            0 => MAX_PAGE,
            limit => limit.min(MAX_PAGE),
        };
        let order =
            format!("{condition} ORDER BY e.first_seen_at DESC, e.sighting_id DESC LIMIT {limit}");
        by_condition(&self.conn, &order, params_from_iter(values), what)
    }

    /// The vector of one sighting by one maker.
    ///
    /// # Errors
    /// Reading failed.
    pub fn sighting_embedding(
        &self,
        sighting_id: SightingId,
        maker: &str,
    ) -> Result<Option<Vec<f32>>, Error> {
        let bytes: Option<Vec<u8>> = self
            .conn
            .prepare_cached(
                "SELECT vector FROM sighting_embedding WHERE sighting_id = ?1 AND maker = ?2",
            )
            .and_then(|mut select| {
                select
                    .query_row(params![sighting_id.0, maker], |row| row.get(0))
                    .optional()
            })
            .during("read vector of sighting")?;
        Ok(bytes.map(|bytes| floats(&bytes)))
    }
}

/// Sightings under an SQL condition on `e`.
pub(crate) fn by_condition(
    conn: &Connection,
    condition: &str,
    values: impl Params,
    what: &'static str,
) -> Result<Vec<SightingRow>, Error> {
    let sql = format!(
        "SELECT {COLUMNS}, {} FROM sighting AS e {} WHERE {condition}",
        shots::COLUMNS,
        shots::JOIN
    );
    let mut rows: Vec<SightingRow> = conn
        .prepare_cached(&sql)
        .and_then(|mut select| select.query_map(values, read)?.collect())
        .during(what)?;
    for row in &mut rows {
        row.attributes = attributes(conn, row.sighting_id, what)?;
    }
    Ok(rows)
}

/// What is said of a sighting, by name.
pub(crate) fn attributes(
    conn: &Connection,
    sighting_id: SightingId,
    what: &'static str,
) -> Result<Vec<StoredAttribute>, Error> {
    conn.prepare_cached(
        "SELECT name, value, likelihood FROM sighting_attribute \
         WHERE sighting_id = ?1 ORDER BY name, likelihood DESC, value",
    )
    .and_then(|mut select| {
        let rows = select.query_map([sighting_id.0], |row| {
            Ok(StoredAttribute {
                name: row.get(0)?,
                value: row.get(1)?,
                likelihood: row.get(2)?,
            })
        })?;
        rows.collect()
    })
    .during(what)
}

/// A vector as it is stored: 4-byte floats.
pub(crate) fn floats(bytes: &[u8]) -> Vec<f32> {
    let (values, _) = bytes.as_chunks::<4>();
    let values = values.iter();
    values.map(|value| f32::from_le_bytes(*value)).collect()
}

fn put(transaction: &Transaction<'_>, sighting: &Sighting) -> Result<(), Error> {
    let Appearance {
        attributes,
        embeddings,
    } = &sighting.appearance;
    let bytes = |values: &[f32]| {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    };
    let attributes: Vec<_> = attributes
        .iter()
        .map(|attribute| (attribute.name, &*attribute.value, attribute.likelihood))
        .collect();
    let embeddings: Vec<(&str, Vec<u8>)> = embeddings
        .iter()
        .map(|embedding| (&*embedding.maker, bytes(&embedding.values)))
        .collect();
    put_looks(transaction, sighting, &attributes, &embeddings)
}

/// Stores a sighting whose looks were read from another store.
pub(crate) fn put_stored(conn: &Connection, sighting: &FeedSighting) -> Result<(), Error> {
    let attributes: Vec<_> = sighting
        .attributes
        .iter()
        .map(|attribute| (&*attribute.name, &*attribute.value, attribute.likelihood))
        .collect();
    let embeddings: Vec<(&str, Vec<u8>)> = sighting
        .embeddings
        .iter()
        .map(|(maker, vector)| (&**maker, vector.clone()))
        .collect();
    put_looks(conn, &sighting.sighting, &attributes, &embeddings)
}

fn put_looks(
    conn: &Connection,
    sighting: &Sighting,
    attributes: &[(&str, &str, f32)],
    embeddings: &[(&str, Vec<u8>)],
) -> Result<(), Error> {
    let what = "store sighting";
    let transaction = conn;
    check_size(
        "store sighting: attributes",
        attributes.len(),
        MAX_ATTRIBUTES,
    )?;
    check_size("store sighting: vectors", embeddings.len(), MAX_EMBEDDINGS)?;
    let track_id = to_i64("store sighting: track id", sighting.track_id.0)?;
    let sighting_id: Option<i64> = transaction
        .prepare_cached(UPSERT)
        .and_then(|mut upsert| {
            upsert
                .query_row(
                    params![
                        sighting.camera_id.as_str(),
                        sighting.program.name(),
                        track_id,
                        sighting.class.name(),
                        finite(sighting.score),
                        sighting.first_seen_at.as_micros(),
                        sighting.last_seen_at.as_micros(),
                        sighting.is_final,
                        sighting.heading_deg.filter(|heading| heading.is_finite()),
                        sighting.speed_mps.filter(|speed| speed.is_finite()),
                        numbers(sighting.zone_ids.iter().map(|zone_id| zone_id.0)),
                        numbers(sighting.line_ids.iter().map(|line_id| line_id.0)),
                    ],
                    |row| row.get(0),
                )
                .optional()
        })
        .during(what)?;
    let Some(sighting_id) = sighting_id else {
        return Ok(());
    };
    for table in ["sighting_attribute", "sighting_embedding"] {
        transaction
            .prepare_cached(&format!("DELETE FROM {table} WHERE sighting_id = ?1"))
            .and_then(|mut delete| delete.execute([sighting_id]))
            .during(what)?;
    }
    for (name, value, likelihood) in attributes {
        for text in [name, value] {
            check_size(
                "store sighting: bytes of an attribute",
                text.len(),
                MAX_TEXT_BYTES,
            )?;
        }
        transaction
            .prepare_cached("INSERT OR REPLACE INTO sighting_attribute VALUES (?1, ?2, ?3, ?4)")
            .and_then(|mut insert| {
                insert.execute(params![sighting_id, name, value, finite(*likelihood)])
            })
            .during(what)?;
    }
    for (maker, vector) in embeddings {
        check_size(
            "store sighting: bytes of a maker's name",
            maker.len(),
            MAX_TEXT_BYTES,
        )?;
        check_size(
            "store sighting: numbers of a vector",
            vector.len() / 4,
            MAX_DIMENSIONS,
        )?;
        transaction
            .prepare_cached("INSERT OR REPLACE INTO sighting_embedding VALUES (?1, ?2, ?3)")
            .and_then(|mut insert| insert.execute(params![sighting_id, maker, vector]))
            .during(what)?;
    }
    Ok(())
}

fn condition(filter: &SightingFilter) -> (String, Vec<Value>) {
    let mut conditions = vec!["1".to_owned()];
    let mut values = Vec::new();
    let text = |text: &str| Value::Text(text.to_owned());
    if let Some(camera_id) = &filter.camera_id {
        conditions.push("e.camera_id = ?".to_owned());
        values.push(text(camera_id.as_str()));
    }
    if let Some(program) = filter.program {
        conditions.push("e.program = ?".to_owned());
        values.push(text(program.name()));
    }
    if !filter.classes.is_empty() {
        let marks = vec!["?"; filter.classes.len()].join(", ");
        conditions.push(format!("e.class IN ({marks})"));
        values.extend(filter.classes.iter().map(|class| text(class.name())));
    }
    if let Some(from) = filter.from {
        conditions.push("e.first_seen_at >= ?".to_owned());
        values.push(Value::Integer(from.as_micros()));
    }
    if let Some(until) = filter.until {
        conditions.push("e.first_seen_at < ?".to_owned());
        values.push(Value::Integer(until.as_micros()));
    }
    for (name, value) in &filter.attributes {
        conditions.push(
            "e.sighting_id IN (SELECT sighting_id FROM sighting_attribute \
             WHERE name = ? AND value = ?)"
                .to_owned(),
        );
        values.extend([text(name), text(value)]);
    }
    if let Some((first_seen_at, sighting_id)) = filter.before {
        conditions.push("(e.first_seen_at, e.sighting_id) < (?, ?)".to_owned());
        values.push(Value::Integer(first_seen_at.as_micros()));
        values.push(Value::Integer(sighting_id.0));
    }
    (conditions.join(" AND "), values)
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<SightingRow> {
    let mut fields = Fields::new(row);
    Ok(SightingRow {
        sighting_id: SightingId(fields.next()?),
        camera_id: fields.camera_id()?,
        program: fields.named(ProgramKind::from_name)?,
        track_id: TrackId(fields.u64()?),
        class: fields.named(Class::from_name)?,
        score: fields.next()?,
        first_seen_at: fields.time()?,
        last_seen_at: fields.time()?,
        is_final: fields.next()?,
        heading_deg: fields.next()?,
        speed_mps: fields.next()?,
        zone_ids: read_numbers(&mut fields)?.into_iter().map(ZoneId).collect(),
        line_ids: read_numbers(&mut fields)?.into_iter().map(LineId).collect(),
        attributes: Vec::new(),
        shot: shots::read_joined(&mut fields)?,
    })
}

/// Numbers as JSON.
fn numbers(numbers: impl Iterator<Item = u32>) -> String {
    let numbers: Vec<u32> = numbers.take(MAX_PLACES).collect();
    serde_json::to_string(&numbers).expect("numbers are always JSON")
}

pub(crate) fn read_numbers(fields: &mut Fields<'_, '_>) -> rusqlite::Result<Vec<u32>> {
    fields.named(|json| serde_json::from_str(json).ok())
}

#[cfg(test)]
pub(crate) mod tests {
    use types::{Attribute, Embedding, ShotStage};

    use super::*;
    use crate::testing::{append, at, camera, open, shot};

    pub(crate) fn sighting(track_id: u64, second: i64, colour: &str) -> Sighting {
        Sighting {
            camera_id: camera(),
            program: ProgramKind::People,
            track_id: TrackId(track_id),
            class: Class::Person,
            score: 0.5,
            first_seen_at: at(second),
            last_seen_at: at(second + 9),
            is_final: false,
            heading_deg: Some(90.0),
            speed_mps: None,
            zone_ids: vec![ZoneId(2), ZoneId(1)],
            line_ids: vec![LineId(7)],
            appearance: Appearance {
                attributes: vec![Attribute {
                    name: "upper_colour",
                    value: colour.into(),
                    likelihood: 0.5,
                }],
                embeddings: vec![Embedding {
                    maker: "m/1".into(),
                    values: [0.6, -0.8].into(),
                }],
            },
        }
    }

    fn tracks(store: &Store, filter: &SightingFilter) -> Vec<u64> {
        let rows = store.list_sightings(filter).unwrap();
        rows.iter().map(|row| row.track_id.0).collect()
    }

    #[test]
    fn final_sighting_replaces_the_early_one_and_is_not_replaced_by_it() {
        let (mut store, _folder) = open();
        let early = sighting(1, 0, "red");
        let last = Sighting {
            is_final: true,
            ..sighting(1, 0, "blue")
        };
        store.put_sightings(std::slice::from_ref(&early)).unwrap();
        let early_id = store.list_sightings(&SightingFilter::default()).unwrap()[0].sighting_id;
        store.put_sightings(&[last, early]).unwrap();
        append(&mut store, &[], &[shot(1, ShotStage::Final, 3, b"x")]);
        let rows = store.list_sightings(&SightingFilter::default()).unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].sighting_id, rows[0].is_final), (early_id, true));
        assert_eq!(rows[0].attributes[0].value, "blue");
        assert_eq!(rows[0].zone_ids, [ZoneId(2), ZoneId(1)]);
        assert_eq!(rows[0].shot.as_ref().unwrap().track_id, TrackId(1));
        let vector = store.sighting_embedding(early_id, "m/1").unwrap();
        assert_eq!(vector.unwrap(), [0.6, -0.8]);
        assert_eq!(store.sighting_embedding(early_id, "m/2").unwrap(), None);
    }

    #[test]
    fn sightings_are_filtered_and_paged_newest_first() {
        let (mut store, _folder) = open();
        let mut car = sighting(9, 4, "red");
        (car.program, car.class) = (ProgramKind::Vehicle, Class::Car);
        store
            .put_sightings(&[
                sighting(1, 1, "red"),
                sighting(2, 2, "green"),
                sighting(3, 3, "red"),
                car,
            ])
            .unwrap();
        let all = SightingFilter::default;
        let red = vec![("upper_colour".to_owned(), "red".to_owned())];
        for (filter, expected) in [
            (all(), vec![9, 3, 2, 1]),
            (
                SightingFilter {
                    program: Some(ProgramKind::People),
                    ..all()
                },
                vec![3, 2, 1],
            ),
            (
                SightingFilter {
                    classes: vec![Class::Car, Class::Bus],
                    ..all()
                },
                vec![9],
            ),
            (
                SightingFilter {
                    attributes: red,
                    ..all()
                },
                vec![9, 3, 1],
            ),
            (
                SightingFilter {
                    from: Some(at(2)),
                    until: Some(at(4)),
                    ..all()
                },
                vec![3, 2],
            ),
            (
                SightingFilter {
                    camera_id: CameraId::new("other").ok(),
                    ..all()
                },
                vec![],
            ),
        ] {
            assert_eq!(tracks(&store, &filter), expected, "{filter:?}");
        }
        let page = store
            .list_sightings(&SightingFilter { limit: 3, ..all() })
            .unwrap();
        let last = page.last().unwrap();
        let before = Some((last.first_seen_at, last.sighting_id));
        assert_eq!(tracks(&store, &SightingFilter { before, ..all() }), [1]);
    }

    #[test]
    fn sighting_beyond_a_bound_is_refused_and_nothing_is_stored() {
        let (mut store, _folder) = open();
        let mut long = sighting(2, 0, "red");
        long.appearance.embeddings[0].values = vec![0.0; MAX_DIMENSIONS + 1].into();
        let error = store
            .put_sightings(&[sighting(1, 0, "red"), long])
            .unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");
        assert_eq!(tracks(&store, &SightingFilter::default()), [0_u64; 0]);
    }
}
