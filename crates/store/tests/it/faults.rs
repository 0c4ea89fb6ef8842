//! Errors of disk, file and neighbours, in plain words, and life after them.

use std::path::Path;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use store::{Batch, Error, EventFilter, Expected, Reaction, Store};
use types::{BestShot, CameraId, Class, NormBox, ShotQuality, ShotStage, Timestamp, TrackId};

const NOW: Timestamp = Timestamp::from_secs(1_000_000);

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

fn database(folder: &tempfile::TempDir) -> std::path::PathBuf {
    folder.path().join("airelay.db")
}

/// One shot of `len_bytes`.
fn batch(track_id: u64, len_bytes: usize) -> Batch {
    let shot = BestShot {
        track_id: TrackId(track_id),
        stage: ShotStage::Final,
        captured_at: NOW,
        bbox: NormBox::WHOLE,
        class: Class::Person,
        score: 0.5,
        quality: ShotQuality::default(),
        jpeg: vec![7; len_bytes].into(),
        width_px: 1,
        height_px: 1,
        appearance: types::Appearance::default(),
    };
    Batch {
        camera_id: CameraId::new("gate-2").expect("a good id"),
        events: Vec::new(),
        best_shots: vec![shot],
        now: NOW,
    }
}

#[test]
fn full_disk_is_said_and_the_store_works_again_when_there_is_room() {
    let folder = folder();
    let mut store = Store::open(folder.path()).expect("a new folder");
    store.append(&batch(1, 10_000)).expect("there is room");
    let n_pages = store.health().expect("readable").n_pages;
    // SQLite meets its page limit as it meets a full disk: SQLITE_FULL.
    store.limit_pages_for_test(n_pages + 2);
    let error = store
        .append(&batch(2, 1_000_000))
        .expect_err("there is no room");
    assert_eq!(
        error.to_string(),
        "store best shot: the disk is full; nothing was stored, \
         free some space or keep data for fewer days"
    );
    assert_eq!(error.reaction(), Reaction::Retry);
    assert_eq!(store.health().expect("readable").n_shots, 1);
    store.limit_pages_for_test(1_000_000);
    store
        .append(&batch(2, 1_000_000))
        .expect("there is room again");
    assert_eq!(store.health().expect("readable").n_shots, 2);
    assert_eq!(store.check().expect("readable"), Vec::<String>::new());
}

#[test]
fn second_process_is_refused_until_the_first_ends() {
    let folder = folder();
    let store = Store::open(folder.path()).expect("a new folder");
    let error = Store::open(folder.path()).expect_err("it is in use");
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    let other = Command::new(env!("CARGO_BIN_EXE_store-crash-writer"))
        .arg(folder.path())
        .stderr(Stdio::piped())
        .output()
        .expect("the writer is built with this test");
    assert!(!other.status.success());
    let said = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(said.contains("InUse"), "{said}");
    drop(store);
    Store::open(folder.path()).expect("it is free again");
}

#[test]
fn change_beside_a_running_store_is_kept_and_noticed() {
    let folder = folder();
    let mut store = Store::open(folder.path()).expect("a new folder");
    let before = store.foreign_writes().expect("readable");
    store
        .put_settings("a", "1", Expected::Absent, "ann", NOW)
        .expect("there is room");
    assert_eq!(store.foreign_writes().expect("readable"), before, "our own");
    let mut beside = Store::open_beside(folder.path()).expect("of the same format");
    assert!(beside.is_beside() && !store.is_beside());
    beside
        .put_settings("b", "2", Expected::Absent, "command line", NOW)
        .expect("they write in turn");
    drop(beside);
    assert_ne!(store.foreign_writes().expect("readable"), before);
    assert!(store.settings("b").expect("readable").is_some());
    store
        .put_settings("c", "3", Expected::Absent, "ann", NOW)
        .expect("they write in turn");
}

#[test]
fn readers_see_each_change_and_cannot_write() {
    let folder = folder();
    let mut store = Store::open(folder.path()).expect("a new folder");
    let opener = store.reader_opener();
    let reader = opener.clone().open().expect("the database is there");
    assert_eq!(reader.settings("k").expect("readable"), None);
    store
        .put_settings("k", "x", Expected::Absent, "ann", NOW)
        .expect("there is room");
    assert!(reader.settings("k").expect("readable").is_some());
    assert_eq!(
        reader
            .list_events(&EventFilter::default())
            .expect("readable"),
        []
    );
}

#[test]
fn newer_database_is_refused_untouched() {
    let folder = folder();
    drop(Store::open(folder.path()).expect("a new folder"));
    let conn = Connection::open(database(&folder)).expect("it is closed");
    conn.pragma_update(None, "user_version", 99)
        .expect("it can be written");
    drop(conn);
    let error = Store::open(folder.path()).expect_err("it is newer");
    let Error::NewerFormat { found, .. } = &error else {
        unreachable!("{error}")
    };
    assert_eq!((*found, error.reaction()), (99, Reaction::AwaitPerson));
}

#[test]
fn file_that_is_no_database_and_one_of_another_program_are_refused() {
    let first = folder();
    std::fs::write(database(&first), "this is no database ".repeat(100)).expect("room");
    let error = Store::open(first.path()).expect_err("it is no database");
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");

    let second = folder();
    let conn = Connection::open(database(&second)).expect("a new file");
    conn.execute_batch("CREATE TABLE theirs (x)").expect("room");
    drop(conn);
    let error = Store::open(second.path()).expect_err("it is not ours");
    assert!(matches!(error, Error::NotOurs { .. }), "{error}");
}

#[test]
fn damaged_pages_are_found_by_the_check() {
    let folder = folder();
    let mut store = Store::open(folder.path()).expect("a new folder");
    for track_id in 0..50 {
        store
            .append(&batch(track_id, 10_000))
            .expect("there is room");
    }
    drop(store);
    let mut bytes = std::fs::read(database(&folder)).expect("it is closed");
    let (from, until) = (bytes.len() / 2, bytes.len() / 2 + 40_000);
    bytes[from..until].fill(0xA5);
    std::fs::write(database(&folder), bytes).expect("room");
    let store = Store::open(folder.path()).expect("its head is sound");
    let is_damaged = match store.check() {
        Ok(faults) => !faults.is_empty(),
        Err(error) => matches!(error, Error::Corrupt { .. }),
    };
    assert!(is_damaged);
}

#[test]
fn folder_that_cannot_be_made_is_named() {
    let folder = folder();
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("room");
    let error = Store::open(&file.join("data")).expect_err("a file is in the way");
    assert!(
        error.to_string().starts_with("make data folder "),
        "{error}"
    );
    assert_eq!(error.reaction(), Reaction::AwaitPerson);
    assert!(Store::open(Path::new("/dev/null/x")).is_err());
}

#[test]
fn old_database_file_opens_with_its_rows_in_the_newest_format() {
    let folder = folder();
    let conn = Connection::open(database(&folder)).expect("a new file");
    conn.execute_batch(include_str!("../testdata/format-1.sql"))
        .expect("it is our own");
    drop(conn);
    let store = Store::open(folder.path()).expect("any older format opens");
    let settings = store
        .settings("camera/gate-2")
        .expect("readable")
        .expect("it was saved");
    assert_eq!(
        (settings.revision, settings.document.as_deref()),
        (2, Some("{\"a\":2}"))
    );
    let events = store
        .list_events(&EventFilter::default())
        .expect("readable");
    assert_eq!(
        (events.len(), events[0].rule_name.as_str()),
        (1, "back door")
    );
    assert_eq!(events[0].why[0].name, "dwell");
    let shot = events[0].shot.as_ref().expect("it was stored");
    assert_eq!(
        store
            .shot_jpeg(shot.shot_id)
            .expect("readable")
            .expect("there"),
        b"jpeg"
    );
    let waiting = store.next_deliveries("hook", NOW, 10).expect("readable");
    assert_eq!(waiting.len(), 1);
    assert_eq!(store.list_users().expect("readable")[0].name, "ann");
}
