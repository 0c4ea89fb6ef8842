//! The database's format, and the way from any older one.
//!
//! In: a connection to a database of any format. Out: the same with the newest
//! format, or a refusal that leaves it untouched.
//!
//! Each file of `migrations/` leads from one format number (`user_version`) to
//! the next, in a transaction of its own. A shipped file never changes.
//!
//! Not here: what the tables are used for.

use std::path::Path;

use rusqlite::Connection;

use crate::error::{During, Error};

/// Marks a database as ours: "aiRl" in the file's header.
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"aiRl");

/// The way from format `n` to `n + 1`, for each `n` from 0.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_base.sql"),
    include_str!("migrations/0002_programs.sql"),
    include_str!("migrations/0003_scene_health.sql"),
    include_str!("migrations/0004_scores.sql"),
    include_str!("migrations/0005_alarm_handling.sql"),
    include_str!("migrations/0006_states.sql"),
    include_str!("migrations/0007_search.sql"),
    include_str!("migrations/0008_statistics.sql"),
    include_str!("migrations/0009_tokens.sql"),
    include_str!("migrations/0010_clips.sql"),
    include_str!("migrations/0011_nodes.sql"),
];

/// Brings the database at `path` to the newest format.
pub(crate) fn migrate(conn: &mut Connection, path: &Path) -> Result<(), Error> {
    migrate_by(conn, path, MIGRATIONS)
}

/// Whether the database has the newest format.
pub(crate) fn is_newest(conn: &Connection) -> Result<bool, Error> {
    let found: u32 = pragma(conn, "user_version").during("read the database's format")?;
    Ok(found as usize == MIGRATIONS.len())
}

fn migrate_by(conn: &mut Connection, path: &Path, migrations: &[&str]) -> Result<(), Error> {
    let read = "read the database's format";
    let application_id: i32 = pragma(conn, "application_id").during(read)?;
    let found: u32 = pragma(conn, "user_version").during(read)?;
    let n_tables: u32 = conn
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .during(read)?;
    let is_new = application_id == 0 && found == 0 && n_tables == 0;
    if !is_new && application_id != APPLICATION_ID {
        return Err(Error::NotOurs {
            path: path.to_path_buf(),
        });
    }
    let known = u32::try_from(migrations.len()).expect("far fewer than four billion");
    if found > known {
        return Err(Error::NewerFormat {
            path: path.to_path_buf(),
            found,
            known,
        });
    }
    for (version, sql) in (1..=known).zip(migrations).skip(found as usize) {
        let what = "bring the database to the newest format";
        let transaction = conn.transaction().during(what)?;
        transaction.execute_batch(sql).during(what)?;
        transaction
            .pragma_update(None, "application_id", APPLICATION_ID)
            .during(what)?;
        transaction
            .pragma_update(None, "user_version", version)
            .during(what)?;
        transaction.commit().during(what)?;
    }
    Ok(())
}

fn pragma<T: rusqlite::types::FromSql>(conn: &Connection, name: &str) -> rusqlite::Result<T> {
    conn.pragma_query_value(None, name, |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use expect_test::{expect, expect_file};

    use super::*;

    const PATH: &str = "test.db";
    const TWO: &[&str] = &[
        "CREATE TABLE a (x INTEGER)",
        "ALTER TABLE a ADD COLUMN y TEXT; CREATE TABLE b (z REAL)",
    ];

    fn dump(conn: &Connection) -> String {
        let mut statement = conn
            .prepare(
                "SELECT sql || ';' FROM sqlite_schema WHERE sql IS NOT NULL \
                 AND name NOT LIKE 'sqlite_%' ORDER BY type, name",
            )
            .unwrap();
        let lines: Vec<String> = statement
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        format!(
            "format {}\n{}\n",
            pragma::<u32>(conn, "user_version").unwrap(),
            lines.join("\n")
        )
    }

    #[test]
    fn fresh_schema_is_the_committed_one() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, Path::new(PATH)).unwrap();
        expect_file!["../tests/schema.sql"].assert_eq(&dump(&conn));
    }

    #[test]
    fn every_older_format_upgrades_to_exactly_the_fresh_schema() {
        let mut fresh = Connection::open_in_memory().unwrap();
        migrate(&mut fresh, Path::new(PATH)).unwrap();
        for n_old in 1..=MIGRATIONS.len() {
            let mut old = Connection::open_in_memory().unwrap();
            migrate_by(&mut old, Path::new(PATH), &MIGRATIONS[..n_old]).unwrap();
            migrate(&mut old, Path::new(PATH)).unwrap();
            assert_eq!(dump(&old), dump(&fresh), "from format {n_old}");
        }
    }

    #[test]
    fn old_database_of_two_formats_keeps_its_rows() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate_by(&mut conn, Path::new(PATH), &TWO[..1]).unwrap();
        conn.execute("INSERT INTO a VALUES (7)", []).unwrap();
        migrate_by(&mut conn, Path::new(PATH), TWO).unwrap();
        let row: (i64, Option<String>) = conn
            .query_row("SELECT x, y FROM a", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(row, (7, None));
        assert_eq!(pragma::<u32>(&conn, "user_version").unwrap(), 2);
    }

    #[test]
    fn failing_step_leaves_the_format_before_it() {
        let mut conn = Connection::open_in_memory().unwrap();
        let broken = [TWO[0], "CREATE TABLE b (z REAL); NOT SQL"];
        assert!(migrate_by(&mut conn, Path::new(PATH), &broken).is_err());
        expect![[r#"
            format 1
            CREATE TABLE a (x INTEGER);
        "#]]
        .assert_eq(&dump(&conn));
        migrate_by(&mut conn, Path::new(PATH), TWO).unwrap();
        assert_eq!(pragma::<u32>(&conn, "user_version").unwrap(), 2);
    }

    #[test]
    fn newer_database_is_refused_in_plain_words() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate_by(&mut conn, Path::new(PATH), TWO).unwrap();
        let error = migrate_by(&mut conn, Path::new(PATH), &TWO[..1]).unwrap_err();
        expect![
            "open test.db: it was written by a newer airelay (format 2, this one knows up to 1); install the newer version or restore a backup made before the update"
        ]
        .assert_eq(&error.to_string());
    }

    #[test]
    fn database_of_another_program_is_refused_untouched() {
        let mut conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE theirs (x INTEGER)")
            .unwrap();
        let before = dump(&conn);
        let error = migrate(&mut conn, Path::new(PATH)).unwrap_err();
        assert!(matches!(error, Error::NotOurs { .. }), "{error}");
        assert_eq!(dump(&conn), before);
    }
}
