//! What is refused, and what stays bounded.

use expect_test::expect;

use super::*;

#[test]
fn settings_that_cannot_work_are_refused_with_the_reason() {
    let secs = Duration::from_secs;
    let (zone_id, far) = (ZoneId(1), ZoneId(9));
    let of = |what: What| vec![rule_of(what)];
    let with = |change: &dyn Fn(&mut Rule)| {
        let mut rule = rule_of(What::Enter { zone_id });
        change(&mut rule);
        vec![rule]
    };
    let direction = |heading_deg, tolerance_deg, min_travel| What::Direction {
        zone_id: None,
        heading_deg,
        tolerance_deg,
        min_travel,
        is_wrong_way: false,
    };
    let cases = [
        vec![rule_of(What::Enter { zone_id }); 2],
        vec![rule_of(What::Enter { zone_id }); 257],
        of(What::Exit { zone_id: far }),
        of(What::Sequence {
            first: far,
            second: zone_id,
            within: secs(9),
        }),
        of(What::Sequence {
            first: zone_id,
            second: zone_id,
            within: secs(9),
        }),
        of(What::CrossLine {
            line_id: LineId(9),
            ways: Ways::Both,
        }),
        of(What::Intruder {
            zone_id,
            dwell: secs(601),
        }),
        of(What::Loitering {
            zone_id,
            stay: secs(0),
            is_in_total: true,
        }),
        of(direction(360.0, 45.0, 0.1)),
        of(direction(0.0, 4.0, 0.1)),
        of(direction(0.0, 45.0, f32::NAN)),
        of(What::ObjectLeft {
            zone_id,
            still_for: secs(86_401),
        }),
        of(What::CountOver {
            zone_id,
            limit: 501,
            lasting: secs(0),
            waiting: Duration::ZERO,
        }),
        of(What::Picture {
            problems: Vec::new(),
            lasting: secs(0),
        }),
        of(What::SignalLost { after: secs(4) }),
        with(&|rule| rule.filter.thresholds = [None; 6]),
        with(&|rule| rule.filter.thresholds[3] = Some(f32::NAN)),
        with(&|rule| rule.filter.anchor = Anchor::Overlap(0.0)),
        with(&|rule| rule.grace = secs(601)),
        with(&|rule| rule.cool_down = secs(86_401)),
    ];
    let site = Arc::new(Site::new(drawn()).unwrap());
    let errors = cases.map(|rules| {
        let config = VmdConfig {
            site: Arc::clone(&site),
            rules,
        };
        config.check().unwrap_err().to_string()
    });
    expect![[r#"
        set up rule 1: another rule has the same number
        set up rules: 257 rules: at most 256 are possible
        set up rule "rule": zone 9 does not exist
        set up rule "rule": zone 9 does not exist
        set up rule "rule": choose two different zones
        set up rule "rule": line 9 does not exist
        set up rule "rule": dwell must be 0 to 600 s
        set up rule "rule": stay must be 1 to 86400 s
        set up rule "rule": direction must be 0 to below 360 degrees
        set up rule "rule": tolerance must be 5 to 180 degrees
        set up rule "rule": least way must be 0.01 to 2 picture heights
        set up rule "rule": time at rest must be 1 to 86400 s
        set up rule "rule": limit must be 0 to 500
        set up rule "rule": choose at least one problem
        set up rule "rule": time without video must be 5 to 3600 s
        set up rule "rule": choose at least one class
        set up rule "rule": lowest score must be 0 to 1
        set up rule "rule": overlap must be 0.05 to 1
        set up rule "rule": grace must be 0 to 600 s
        set up rule "rule": cool-down must be 0 to 86400 s"#]]
    .assert_eq(&errors.join("\n"));
}

/// One rule of each kind.
pub(super) fn all_kinds() -> Vec<Rule> {
    let (zone_id, lasting) = (ZoneId(1), Duration::from_secs(2));
    let whats = [
        What::Intruder {
            zone_id,
            dwell: lasting,
        },
        What::Loitering {
            zone_id,
            stay: lasting,
            is_in_total: true,
        },
        What::Direction {
            zone_id: Some(zone_id),
            heading_deg: 90.0,
            tolerance_deg: 90.0,
            min_travel: 0.1,
            is_wrong_way: false,
        },
        What::Direction {
            zone_id: None,
            heading_deg: 90.0,
            tolerance_deg: 90.0,
            min_travel: 0.1,
            is_wrong_way: true,
        },
        What::CrossLine {
            line_id: LineId(1),
            ways: Ways::Both,
        },
        What::Enter { zone_id },
        What::Exit { zone_id },
        What::Stopped {
            zone_id,
            still_for: lasting,
        },
        What::ObjectLeft {
            zone_id,
            still_for: lasting,
        },
        What::ObjectRemoved {
            zone_id,
            still_for: lasting,
        },
        What::CountOver {
            zone_id,
            limit: 1,
            lasting,
            waiting: Duration::ZERO,
        },
        What::Sequence {
            first: ZoneId(2),
            second: zone_id,
            within: Duration::from_secs(20),
        },
        What::Picture {
            problems: PictureProblem::ALL.to_vec(),
            lasting,
        },
        What::SignalLost {
            after: Duration::from_secs(5),
        },
    ];
    (1..)
        .zip(whats)
        .map(|(rule_id, what)| Rule {
            rule_id: RuleId(rule_id),
            ..rule_of(what)
        })
        .collect()
}

#[test]
fn ten_thousand_tracks_a_scene_need_bounded_memory_and_are_counted() {
    let mut program = program(drawn(), all_kinds());
    let mut sizes = Vec::new();
    let mut n_open = 0_i64;
    for step in 0..12_usize {
        // Every other scene all of them are others, somewhere else.
        let age = (step % 2) as u64;
        let tracks = (0..10_000_u64).map(|n| {
            let x = f32::from(u16::try_from(n % 97).unwrap()) / 97.0;
            let y = f32::from(u16::try_from(n % 89).unwrap()) / 89.0;
            let at = at_ms(step as u64 * 1_000);
            Track {
                track_id: TrackId((step / 2) as u64 * 10_000 + n),
                state: TrackState::Confirmed,
                bbox: NormBox::from_xyxy(x, y, x + 0.01, y + 0.05),
                class: Class::Car,
                score: 0.9,
                first_seen_at: at_ms((step as u64 - age) * 1_000),
                last_seen_at: at,
                velocity: (0.1, 0.0),
                is_stationary: n % 3 == 0,
                moved: types::Moved::Surely,
            }
        });
        let mut scene = scene_of(step, 1_000, tracks.collect());
        scene.still_changes = (0..10_000_u64)
            .map(|n| StillChange {
                change_id: step as u64 * 10_000 + n,
                bbox: NormBox::from_xyxy(0.6, 0.6, 0.601, 0.601),
                since: at_ms(0),
                kind: StillChangeKind::Left,
            })
            .collect();
        for event in program.update(&scene, &[]).events {
            match event.phase {
                types::Phase::Begin => n_open += 1,
                types::Phase::End => n_open -= 1,
                types::Phase::Update => {}
            }
        }
        scene.tracks.clear();
        scene.still_changes.clear();
        program.last_scene = None;
        sizes.push(format!("{:?}", program.rules).len());
    }
    let n_rules = i64::try_from(program.rules.len()).unwrap();
    assert!(n_open <= 256 * n_rules, "{n_open} open");
    // What all remember, in characters: as much after 6 changes of all as
    // after 3, but for longer numbers.
    assert!(sizes[11] < sizes[5] + sizes[5] / 4, "{sizes:?}");
    // Visits, walks over the line and things each have a bound of their own.
    for rule in [0, 4, 8] {
        assert!(program.rules[rule].kind.n_refused() > 0, "rule {rule}");
    }
    assert!(program.n_refused() > 100_000, "{}", program.n_refused());
}
