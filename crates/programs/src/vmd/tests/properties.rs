//! What holds for every kind of rule, whatever happens.

use proptest::prelude::*;
use types::Phase;

use super::limits::all_kinds;
use super::*;

/// Any walks of up to four objects.
fn any_walks() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[0-9]{1,3}([0-9+.a-j]{1,40})x?", 1..5)
}

/// The scenes of `walks` with things and problems that come and go.
fn busy_scenes(walks: &[String]) -> Vec<Result<Scene, Timestamp>> {
    let walks: Vec<&str> = walks.iter().map(String::as_str).collect();
    let mut scenes = scenes(&walks, 1_000);
    for (step, scene) in scenes.iter_mut().enumerate() {
        let Ok(scene) = scene else { continue };
        let since = at_ms((step as u64 / 7) * 7_000);
        if step % 7 > 1 {
            let change = |(change_id, kind)| StillChange {
                change_id,
                bbox: NormBox::from_xyxy(0.7, 0.5, 0.72, 0.55),
                since,
                kind,
            };
            let kinds = [(1, StillChangeKind::Left), (2, StillChangeKind::Removed)];
            scene.still_changes = kinds.map(change).to_vec();
        }
        if step % 5 > 1 {
            scene.picture.problems = vec![(PictureProblem::Covered, since)];
        }
    }
    scenes
}

proptest! {
    #[test]
    fn every_event_of_every_kind_begins_once_and_ends_once(walks in any_walks()) {
        let mut program = program(drawn(), all_kinds());
        let mut events = play(&mut program, &busy_scenes(&walks));
        for second in 0..60 {
            events.extend(program.tick(at_ms(100_000 + second * 1_000)).events);
        }
        events.extend(program.finish(at_ms(200_000)).events);
        prop_assert!(program.active_zones().is_empty());
        let mut ids: Vec<_> = events.iter().map(|event| event.event_id).collect();
        ids.sort();
        ids.dedup();
        for id in ids {
            let steps: Vec<&Event> = events.iter().filter(|event| event.event_id == id).collect();
            let last = steps.len() - 1;
            prop_assert!(last > 0, "no end: {}", tale(&events));
            for (idx, event) in steps.iter().enumerate() {
                let phase = match idx {
                    0 => Phase::Begin,
                    _ if idx == last => Phase::End,
                    _ => Phase::Update,
                };
                prop_assert_eq!(event.phase, phase);
                prop_assert_eq!(event.step as usize, idx);
                prop_assert_eq!(event.started_at, steps[0].at);
                prop_assert_eq!(event.ended_at.is_some(), phase == Phase::End);
                let n_stopped = event.why.iter().filter(|gate| !gate.outcome.passed()).count();
                if phase == Phase::Begin {
                    prop_assert_eq!(n_stopped, 0, "{:?}", event.why);
                } else if phase == Phase::End {
                    prop_assert!(n_stopped > 0, "{:?}", event.why);
                }
            }
            let ended_at = steps[last].ended_at.unwrap();
            prop_assert!(steps[last].started_at <= ended_at && ended_at <= steps[last].at);
        }
    }

    #[test]
    fn replay_speed_changes_no_event_of_any_kind(
        walks in any_walks(),
        ticks in proptest::collection::vec(any::<bool>(), 50),
    ) {
        // A slow replay has ticks between its scenes, a fast one has none.
        let scenes = busy_scenes(&walks);
        let fast = play(&mut program(drawn(), all_kinds()), &scenes);
        let mut program = program(drawn(), all_kinds());
        let mut slow = Vec::new();
        for (step, scene) in scenes.iter().enumerate() {
            let scene = scene.as_ref().unwrap();
            slow.extend(program.update(scene, &[]).events);
            if ticks[step % ticks.len()] {
                let later = scene.captured_at.saturating_add(Duration::from_millis(900));
                slow.extend(program.tick(later).events);
            }
        }
        prop_assert_eq!(fast, slow);
    }

    #[test]
    fn flicker_around_any_threshold_raises_at_most_one_alarm(
        noise in proptest::collection::vec((0.0_f32..1.0, 0.0_f32..1.0, 0.0_f32..1.0, any::<bool>()), 75),
    ) {
        // 15 seconds at 5 frames a second: a person at the edge of the zone,
        // over the line, at the least size and score, now seen and now not.
        use crate::site::{SizeAt, SizeReference};
        let size = SizeReference { y: 0.7, width: 0.08, height: 0.2 };
        let rules = all_kinds().into_iter().map(|mut rule| {
            rule.filter.min_size = Some(SizeAt::same(size).unwrap());
            rule
        });
        let mut program = program(drawn(), rules.collect());
        let mut begins = [0; 15];
        for (step, (dx, size, score, is_seen)) in noise.iter().enumerate() {
            let at = at_ms(step as u64 * 200);
            let x = 0.5 + (dx - 0.5) * 0.012;
            let height = 0.19 + size * 0.02;
            let track = Track {
                track_id: TrackId(1),
                state: if *is_seen { TrackState::Confirmed } else { TrackState::Lost },
                bbox: NormBox::from_xyxy(x - 0.05, 0.7 - height, x + 0.05, 0.7),
                class: Class::Person,
                score: 0.45 + score * 0.1,
                first_seen_at: at_ms(0),
                last_seen_at: at,
                velocity: ((dx - 0.5) * 0.1, 0.0),
                is_stationary: false,
                moved: types::Moved::Surely,
            };
            for event in program.update(&scene_of(step, 200, vec![track]), &[]).events {
                begins[event.rule_id.0 as usize] += i32::from(event.phase == Phase::Begin);
            }
        }
        prop_assert!(begins.iter().all(|n| *n <= 1), "{begins:?}");
        // Line and movement are no matter of jitter at all.
        prop_assert_eq!((begins[3], begins[4], begins[5]), (0, 0, 0));
    }

    #[test]
    fn one_visit_raises_one_alarm_of_each_kind_about_visits(
        stays in proptest::collection::vec((1_usize..8, "[4.]{1,2}"), 1..12)
    ) {
        // Broken only by absences within the grace: one visit.
        let mut walk = String::from("33");
        for (n_inside, absence) in stays {
            walk.push_str(&"6".repeat(n_inside));
            walk.push_str(&absence);
        }
        walk.push_str("3333333");
        let events = play(&mut program(drawn(), all_kinds()), &scenes(&[&walk], 1_000));
        for rule_id in [1, 2, 3, 6, 7, 8] {
            let begins = events
                .iter()
                .filter(|event| event.rule_id.0 == rule_id && event.phase == Phase::Begin);
            prop_assert!(begins.count() <= 1, "{walk}: {}", tale(&events));
        }
        let entered = events.iter().filter(|event| event.rule_id.0 == 6);
        prop_assert_eq!(entered.count(), 2, "{}: {}", walk, tale(&events));
        let left = events.iter().filter(|event| event.rule_id.0 == 7);
        prop_assert_eq!(left.count(), 2, "{}: {}", walk, tale(&events));
    }
}
