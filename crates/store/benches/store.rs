//! Cost of storing a batch and of the lists behind a web page.

use divan::{Bencher, black_box};
use store::{Batch, EventFilter, Store};
use types::{
    CameraId, Class, Event, EventId, EventKind, NormBox, Phase, ProgramKind, RuleId, Timestamp,
    TrackId,
};

fn main() {
    divan::main();
}

fn batch(first: u64, n_events: u64) -> Batch {
    let camera_id = CameraId::new("gate-2").expect("a good id");
    let now = Timestamp::from_secs(1_000_000);
    let event = |number: u64| Event {
        event_id: EventId::from_bits(1_000_000_000 << 80 | u128::from(number)),
        camera_id: camera_id.clone(),
        program: ProgramKind::Vmd,
        rule_id: RuleId(1),
        rule_name: "back door".to_owned(),
        kind: EventKind::Intruder,
        zone_id: None,
        phase: Phase::Begin,
        step: 0,
        at: now,
        started_at: now,
        ended_at: None,
        track_id: Some(TrackId(number)),
        class: Some(Class::ALL[usize::try_from(number % 6).expect("small")]),
        score: 0.5,
        bbox: Some(NormBox::WHOLE),
        detail: types::EventDetail::default(),
        why: Vec::new(),
    };
    Batch {
        camera_id: camera_id.clone(),
        events: (first..first + n_events).map(event).collect(),
        best_shots: Vec::new(),
        now,
    }
}

/// One transaction, with one sink's outbox rows.
#[divan::bench(args = [1, 100])]
fn append(bencher: Bencher<'_, '_>, n_events: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(folder.path()).expect("a new folder");
    store
        .register_sink("hook", Timestamp::from_secs(0))
        .expect("there is room");
    let mut first = 0;
    bencher
        .with_inputs(|| {
            first += n_events;
            batch(first, n_events)
        })
        .bench_local_values(|batch| store.append(&batch).expect("there is room"));
}

/// The newest 50 of one camera, and of one class, among 100,000.
#[divan::bench(args = ["camera", "class"])]
fn list_50_of_100_000(bencher: Bencher<'_, '_>, filter: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(folder.path()).expect("a new folder");
    for first in (0..100_000).step_by(1_000) {
        store.append(&batch(first, 1_000)).expect("there is room");
    }
    let filter = EventFilter {
        camera_id: (filter == "camera").then(|| CameraId::new("gate-2").expect("a good id")),
        classes: if filter == "class" {
            vec![Class::Bus]
        } else {
            Vec::new()
        },
        limit: 50,
        ..EventFilter::default()
    };
    bencher.bench_local(|| black_box(store.list_events(&filter).expect("readable")).len());
}
