//! Programs that misbehave: each is stopped and named, and the one beside it
//! never notices.

use expect_test::expect;
use extension::{ExtensionProgram, Fault, Host, Limits, StartError, Usage, Values};
use programs::{Output, Program};
use types::{Event, GateOutcome, Phase, Timestamp};

use crate::guest::{Guest, HEALTHY, camera, scene};

/// Scenes that every program of these tests is shown.
const N_SCENES: u64 = 30;

/// How a program of these tests misbehaves.
struct Hostile {
    what: &'static str,
    guest: Guest,
}

fn hostile(what: &'static str, update: &'static str) -> Hostile {
    let guest = Guest {
        update,
        ..Guest::default()
    };
    Hostile { what, guest }
}

fn all_hostile() -> Vec<Hostile> {
    vec![
        hostile("endless loop", "(loop (br 0))"),
        hostile(
            "endless filling of memory",
            "(loop (memory.fill (i32.const 4096) (i32.const 0) (i32.const 28000)) (br 0))",
        ),
        hostile(
            "endless logging",
            "(loop (call $log (i32.const 64) (i32.const 4)) (br 0))",
        ),
        Hostile {
            what: "endless loop in start",
            guest: Guest {
                start: "(loop (br 0))",
                ..Guest::default()
            },
        },
        hostile("4 GB of memory", "(drop (memory.grow (i32.const 65535)))"),
        hostile(
            "memory bit by bit",
            "(loop (drop (memory.grow (i32.const 1))) (br 0))",
        ),
        Hostile {
            what: "100 MB of memory from the start",
            guest: Guest {
                n_pages: 1600,
                ..Guest::default()
            },
        },
        Hostile {
            what: "a table of ten million",
            guest: Guest {
                fields: "(table 10000000 funcref)",
                ..Guest::default()
            },
        },
        Hostile {
            what: "a million events in a step",
            guest: Guest {
                n_pages: 1000,
                update: "(global.set $n_events (i32.const 700000))",
                ..Guest::default()
            },
        },
        hostile(
            "65 events in a step",
            "(local $key i32) (loop
                (call $say (local.get $key) (i32.const 0))
                (local.set $key (i32.add (local.get $key) (i32.const 1)))
                (br_if 0 (i32.lt_u (local.get $key) (i32.const 65))))",
        ),
        hostile(
            "50 events in every step",
            "(local $key i32) (loop
                (call $say (local.get $key) (i32.const 0))
                (call $say (local.get $key) (i32.const 2))
                (local.set $key (i32.add (local.get $key) (i32.const 1)))
                (br_if 0 (i32.lt_u (local.get $key) (i32.const 25))))",
        ),
        Hostile {
            what: "a break-down at the start",
            guest: Guest {
                start: "(call $log (i32.const 80) (i32.const 13)) unreachable",
                ..Guest::default()
            },
        },
        hostile(
            "a break-down later, with an open event",
            "(if (i64.eqz (local.get $seq)) (then (call $say (i32.const 1) (i32.const 0))))
             (if (i64.eq (local.get $seq) (i64.const 7)) (then
                (call $log (i32.const 80) (i32.const 13)) unreachable))",
        ),
        Hostile {
            what: "a break-down in tick",
            guest: Guest {
                tick: "(drop (i32.div_u (i32.const 1) (i32.const 0)))",
                ..Guest::default()
            },
        },
        Hostile {
            what: "recursion without end",
            guest: Guest {
                fields: "(func $deep (param i32) (result i32)
                    (i32.add (call $deep (local.get 0)) (i32.const 1)))",
                update: "(drop (call $deep (i32.const 1)))",
                ..Guest::default()
            },
        },
        Hostile {
            what: "a file",
            guest: Guest {
                fields: "(func $open (call $directories (i32.const 256)))",
                update: "(call $open)",
                ..Guest::default()
            },
        },
        Hostile {
            what: "memory for the scene where there is none",
            guest: Guest {
                realloc: "(return (i32.const -65536))",
                ..Guest::default()
            },
        },
    ]
}

/// Programs whose steps end, with output that cannot be.
fn all_rubbish() -> Vec<Hostile> {
    vec![
        hostile(
            "a list outside of its memory",
            "(global.set $n_events (i32.const 100000000))",
        ),
        hostile(
            "a phase that is none",
            "(call $say (i32.const 1) (i32.const 9))",
        ),
        hostile(
            "a name of 20,000 characters",
            "(call $say (i32.const 1) (i32.const 0))
             (memory.fill (i32.const 8192) (i32.const 97) (i32.const 20000))
             (i32.store offset=8 (call $event) (i32.const 8192))
             (i32.store offset=12 (call $event) (i32.const 20000))",
        ),
        hostile(
            "a name outside of its memory",
            "(call $say (i32.const 1) (i32.const 0))
             (i32.store offset=8 (call $event) (i32.const -1))",
        ),
        hostile(
            "a name that is no text",
            "(call $say (i32.const 1) (i32.const 0))
             (i32.store offset=8 (call $event) (i32.const 96))",
        ),
        hostile(
            "a zone that is not there",
            "(call $say (i32.const 1) (i32.const 0))
             (i32.store8 offset=16 (call $event) (i32.const 1))
             (i32.store offset=20 (call $event) (i32.const 99))",
        ),
        hostile(
            "a line that is not there",
            "(call $say (i32.const 1) (i32.const 0))
             (i32.store8 offset=24 (call $event) (i32.const 1))",
        ),
        hostile(
            "a track that is not there",
            "(call $say (i32.const 1) (i32.const 0))
             (i32.store8 offset=32 (call $event) (i32.const 1))
             (i64.store offset=40 (call $event) (i64.const 99))",
        ),
        hostile(
            "a box of no numbers",
            "(call $say (i32.const 1) (i32.const 0))
             (i32.store8 offset=52 (call $event) (i32.const 1))
             (f32.store offset=56 (call $event) (f32.const nan))
             (f32.store offset=64 (call $event) (f32.const 1))
             (f32.store offset=68 (call $event) (f32.const 1))",
        ),
        hostile(
            "a box outside of the picture",
            "(call $say (i32.const 1) (i32.const 0))
             (i32.store8 offset=52 (call $event) (i32.const 1))
             (f32.store offset=64 (call $event) (f32.const 1))
             (f32.store offset=68 (call $event) (f32.const 1.5))",
        ),
        hostile(
            "a thousand reasons",
            "(call $say (i32.const 1) (i32.const 0))
             (i32.store offset=80 (call $event) (i32.const 8192))
             (i32.store offset=84 (call $event) (i32.const 1000))",
        ),
        hostile(
            "an event that begins twice",
            "(call $say (i32.const 1) (i32.const 0)) (call $say (i32.const 1) (i32.const 0))",
        ),
        hostile(
            "an event that ends before it begins",
            "(call $say (i32.const 1) (i32.const 2))",
        ),
        hostile(
            "a count of no number",
            "(call $count (i64.const 0) (local.get $at) (f64.const nan))",
        ),
        hostile(
            "a count of the future",
            "(call $count (i64.const 0) (i64.add (local.get $at) (i64.const 1)) (f64.const 1))",
        ),
        hostile(
            "a count of no time",
            "(call $count (local.get $at) (local.get $at) (f64.const 1))",
        ),
    ]
}

#[test]
fn hostile_programs_are_stopped_and_named() {
    expect![[r#"
        endless loop
            stopped in update: did not finish within 4000000 instructions
        endless filling of memory
            stopped in update: did not finish within 4000000 instructions
        endless logging
            stopped in update: gave output that is refused: more than 1000 calls of the relay in one step (last log line: "beat")
        endless loop in start
            stopped in start: did not finish within 40000000 instructions
        4 GB of memory
            stopped in update: asked for 4294967296 bytes of memory, the limit is 67108864
        memory bit by bit
            stopped in update: asked for 67174400 bytes of memory, the limit is 67108864
        100 MB of memory from the start
            stopped in start: asked for 104857600 bytes of memory, the limit is 67108864
        a table of ten million
            stopped in start: asked for 80000000 bytes of memory, the limit is 160000
        a million events in a step
            stopped in update: gave output that is refused: too much data is being copied between the host and the guest: fuel allocated for hostcalls has been exhausted
        65 events in a step
            stopped in update: gave output that is refused: 65 events in one step, the limit is 64
        50 events in every step
            stopped in update: gave output that is refused: 250 events within 10 s, the limit is 200
        a break-down at the start
            stopped in start: broke down: wasm trap: wasm `unreachable` instruction executed (last log line: "my last words")
        a break-down later, with an open event
            stopped in update: broke down: wasm trap: wasm `unreachable` instruction executed (last log line: "my last words")
        a break-down in tick
            stopped in tick: broke down: wasm trap: integer divide by zero
        recursion without end
            stopped in update: called itself without end
        a file
            stopped in update: called wasi:filesystem/preopens@0.2.0#get-directories, which no program may
        memory for the scene where there is none
            stopped in start: gave output that is refused: realloc return: beyond end of memory
    "#]]
    .assert_eq(&report(all_hostile()));
}

#[test]
fn rubbish_is_refused_and_named() {
    expect![[r#"
        a list outside of its memory
            stopped in update: gave output that is refused: list pointer/length out of bounds of memory
        a phase that is none
            stopped in update: gave output that is refused: unexpected discriminant: 9
        a name of 20,000 characters
            stopped in update: gave output that is refused: event 1: its name "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" is not one line of 1 to 64 characters
        a name outside of its memory
            stopped in update: gave output that is refused: string pointer/length out of bounds of memory
        a name that is no text
            stopped in update: gave output that is refused: invalid utf-8 sequence of 1 bytes from index 0
        a zone that is not there
            stopped in update: gave output that is refused: event 1: there is no zone 99
        a line that is not there
            stopped in update: gave output that is refused: event 1: there is no line 0
        a track that is not there
            stopped in update: gave output that is refused: event 1: there is no track 99 in the scene
        a box of no numbers
            stopped in update: gave output that is refused: event 1: its box NaN 0 1 1 is none within the picture
        a box outside of the picture
            stopped in update: gave output that is refused: event 1: its box 0 0 1 1.5 is none within the picture
        a thousand reasons
            stopped in update: gave output that is refused: event 1: 1000 reasons, the limit is 8
        an event that begins twice
            stopped in update: gave output that is refused: event 1: it begins twice
        an event that ends before it begins
            stopped in update: gave output that is refused: event 1: it goes on or ends, but has not begun
        a count of no number
            stopped in update: gave output that is refused: a count of NaN
        a count of the future
            stopped in update: gave output that is refused: a count from 1970-01-01T00:00:00.000Z until 1970-01-01T00:16:40.000Z, told at 1970-01-01T00:16:40.000Z
        a count of no time
            stopped in update: gave output that is refused: a count from 1970-01-01T00:16:40.000Z until 1970-01-01T00:16:40.000Z, told at 1970-01-01T00:16:40.000Z
    "#]]
    .assert_eq(&report(all_rubbish()));
}

/// Runs each program beside a healthy one, which must not notice, and says
/// why it was stopped.
fn report(programs: Vec<Hostile>) -> String {
    let host = Host::new().unwrap();
    let alone = run(&mut start(&host, HEALTHY).unwrap(), None);
    let mut text = String::new();
    for Hostile { what, guest } in programs {
        let mut healthy = start(&host, HEALTHY).unwrap();
        let fault = match start(&host, guest) {
            Err(StartError::Fault(fault)) => {
                assert_eq!(run(&mut healthy, None), alone, "{what}");
                fault
            }
            Err(other) => panic!("{what}: {other}"),
            Ok(mut hostile) => {
                assert_eq!(run(&mut healthy, Some(&mut hostile)), alone, "{what}");
                assert_stopped(what, &mut hostile)
            }
        };
        text.push_str(&format!("{what}\n    {fault}\n"));
    }
    text
}

fn start(host: &Host, guest: Guest) -> Result<ExtensionProgram, StartError> {
    guest
        .load(host)
        .start(camera(1), &Values::new(), Limits::default())
}

/// Shows all scenes to `healthy`, and each before it to `beside`. Gives what
/// `healthy` said and used.
fn run(
    healthy: &mut ExtensionProgram,
    mut beside: Option<&mut ExtensionProgram>,
) -> (Vec<Event>, Usage) {
    let mut events = Vec::new();
    let mut n_beside = 0;
    for seq in 0..N_SCENES {
        let scene = scene(seq);
        if let Some(beside) = &mut beside {
            n_beside += beside.update(&scene, &[]).events.len();
            n_beside += beside.tick(scene.captured_at).events.len();
        }
        events.extend(healthy.update(&scene, &[]).events);
    }
    assert!(n_beside <= 200, "{n_beside} events got through");
    assert_eq!(events.len(), 6);
    (events, healthy.usage())
}

/// A stopped program holds nothing, says nothing and has no open event.
fn assert_stopped(what: &str, program: &mut ExtensionProgram) -> Fault {
    let Some(fault) = program.fault().cloned() else {
        panic!("{what} was not stopped");
    };
    assert_eq!(program.usage().memory_bytes, 0, "{what}");
    let later = program.update(&scene(N_SCENES), &[]);
    assert!(later.events.is_empty() && later.counts.is_empty(), "{what}");
    assert!(program.active_zones().is_empty(), "{what}");
    assert!(
        program
            .finish(Timestamp::from_secs(2_000))
            .events
            .is_empty()
    );
    assert_eq!(program.fault(), Some(&fault), "the first fault is kept");
    fault
}

#[test]
fn open_events_of_a_stopped_program_end_with_the_reason() {
    let host = Host::new().unwrap();
    let guest = Guest {
        update: "
            (if (i64.eqz (local.get $seq)) (then (call $say (i32.const 1) (i32.const 0))
                (i32.store8 offset=16 (call $event) (i32.const 1))
                (i32.store offset=20 (call $event) (i32.const 1))))
            (if (i64.eq (local.get $seq) (i64.const 2)) (then unreachable))",
        ..Guest::default()
    };
    let mut program = start(&host, guest).unwrap();
    let begun = program.update(&scene(0), &[]).events.remove(0);
    assert_eq!(begun.phase, Phase::Begin);
    assert_eq!(program.active_zones(), [types::ZoneId(1)]);
    assert!(program.update(&scene(1), &[]).events.is_empty());
    let Output { mut events, .. } = program.update(&scene(2), &[]);
    let ended = events.remove(0);
    assert_eq!((ended.phase, ended.step), (Phase::End, 1));
    assert_eq!(ended.event_id, begun.event_id);
    assert_eq!(ended.ended_at, Some(scene(2).captured_at));
    let GateOutcome::Stopped(reason) = &ended.why[0].outcome else {
        panic!("{:?}", ended.why);
    };
    assert!(
        reason.starts_with("stopped in update: broke down"),
        "{reason}"
    );
    assert!(program.active_zones().is_empty());
}

#[test]
fn same_scenes_give_the_same_output_and_use_the_same_instructions() {
    let host = Host::new().unwrap();
    let once = run(&mut start(&host, HEALTHY).unwrap(), None);
    let again = run(&mut start(&Host::new().unwrap(), HEALTHY).unwrap(), None);
    assert_eq!(once, again);
    assert!(once.1.max_instructions < 1_000, "{:?}", once.1);
}

#[test]
fn event_about_a_track_takes_its_class_score_and_box() {
    let host = Host::new().unwrap();
    let guest = Guest {
        update: "(call $say (i32.const 1) (i64.eqz (local.get $seq)) (if (result i32) (then (i32.const 0)) (else (i32.const 1))))
             (i32.store8 offset=32 (call $event) (i32.const 1))
             (i64.store offset=40 (call $event) (i64.const 3))",
        ..Guest::default()
    };
    let mut program = start(&host, guest).unwrap();
    let begun = program.update(&scene(0), &[]).events.remove(0);
    assert_eq!(begun.class, Some(types::Class::Person));
    assert_eq!(begun.bbox, Some(scene(0).tracks[0].bbox));
    assert!((begun.score - 0.75).abs() < 1e-6);
    // The track is gone: what was known of it stands, here and to the end.
    let mut empty = scene(1);
    empty.tracks.clear();
    let updated = program.update(&empty, &[]).events.remove(0);
    assert_eq!((updated.phase, updated.step), (Phase::Update, 1));
    assert_eq!(updated.bbox, begun.bbox);
    let ended = program.finish(Timestamp::from_secs(2_000)).events;
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].phase, Phase::End);
    assert_eq!(ended[0].bbox, begun.bbox);
}
