//! A writer killed at any moment loses nothing it had confirmed and leaves
//! nothing half.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use store::{EventFilter, Store};
use types::{CameraId, EventId, Phase, Timestamp};

/// Runs a writer until it has confirmed `n_lines` events, kills it in the midst
/// of the next ones, and returns all that it confirmed.
fn write_and_kill(folder: &Path, n_lines: usize) -> Vec<EventId> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_store-crash-writer"))
        .arg(folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the writer is built with this test");
    let stdout = child.stdout.take().expect("it was asked for");
    let mut lines = BufReader::new(stdout).lines();
    let mut confirmed = Vec::new();
    for _ in 0..n_lines {
        confirmed.push(
            lines
                .next()
                .expect("the writer writes for ever")
                .expect("it is text"),
        );
    }
    child.kill().expect("it runs");
    child.wait().expect("it was started here");
    // Lines that were on their way when the kill came.
    confirmed.extend(lines.map_while(Result::ok));
    confirmed
        .iter()
        .filter_map(|line| EventId::parse(line).ok())
        .collect()
}

#[test]
fn killed_writer_keeps_all_it_confirmed_and_leaves_nothing_half() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let camera_id = CameraId::new("gate-2").expect("a good id");
    let mut confirmed = BTreeSet::new();
    // Uneven numbers of lines, from "at once" on: where within a transaction
    // each kill falls is up to the machine.
    for n_lines in [1, 2, 3, 5, 8, 13, 1, 21, 4, 34] {
        let newly = write_and_kill(folder.path(), n_lines);
        assert!(newly.len() >= n_lines);
        for event_id in newly {
            assert!(confirmed.insert(event_id), "{event_id} was used twice");
        }
        let mut store = Store::open(folder.path()).expect("the lock died with its holder");
        assert_eq!(store.check().expect("it can be read"), Vec::<String>::new());
        let events = store
            .list_events(&EventFilter::default())
            .expect("it can be read");
        let found: BTreeSet<EventId> = events.iter().map(|event| event.event_id).collect();
        assert!(
            found.is_superset(&confirmed),
            "lost {:?}",
            confirmed.difference(&found)
        );
        for event in &events {
            assert_eq!(event.phase, Phase::End);
            assert_eq!(
                store
                    .event_steps(event.event_id)
                    .expect("it can be read")
                    .len(),
                2
            );
            let shot = event
                .shot
                .as_ref()
                .expect("shot and event are one transaction");
            let jpeg = store.shot_jpeg(shot.shot_id).expect("it can be read");
            assert_eq!(jpeg.map(|jpeg| jpeg.len()), Some(30_000));
        }
        let sink = store
            .sink_state("hook")
            .expect("it can be read")
            .expect("registered");
        assert_eq!(sink.n_waiting, 2 * found.len() as u64);
        let next = store
            .reserve_track_ids(&camera_id, 1)
            .expect("there is room")
            .first;
        let used = events.iter().filter_map(|event| event.track_id).max();
        assert!(Some(next) > used);
    }
    let store = Store::open(folder.path()).expect("it was closed");
    let due = store.next_deliveries("hook", Timestamp::from_secs(2_000_000), 500);
    let due = due.expect("it can be read");
    assert!(due.is_sorted_by_key(|delivery| delivery.outbox_id));
}
