use std::fmt::Write as _;

use expect_test::{Expect, expect};
use proptest::prelude::*;
use types::{NormBox, Phase, RegionLook, RuleId};

use super::*;

const DOOR: DetectorId = DetectorId(3);
const OPEN: StateId = StateId(1);
const SHUT: StateId = StateId(2);

/// A look: each part has one number all over.
fn look(luma: i8, edges: i8, chroma: i8) -> Look {
    let parts = [
        (luma, Look::N_LUMA),
        (edges, Look::N_EDGES),
        (chroma, Look::N_CHROMA),
    ];
    let numbers: Vec<i8> = parts
        .iter()
        .flat_map(|(number, n)| std::iter::repeat_n(*number, *n))
        .collect();
    Look::new(&numbers).unwrap()
}

fn example(state_id: StateId, is_grey: bool, look: Look) -> Example {
    Example {
        state_id,
        is_grey,
        look,
    }
}

/// Two of each state.
fn examples() -> Arc<Examples> {
    let shown = [(OPEN, -40), (OPEN, -36), (SHUT, 40), (SHUT, 44)];
    let shown = shown.map(|(state_id, luma)| example(state_id, false, look(luma, 5, 0)));
    Arc::new(Examples::new(shown.to_vec(), Vec::new()))
}

fn rule(id: u32, is_not: bool, lasting_s: u64) -> StateRule {
    StateRule {
        rule_id: RuleId(id),
        name: format!("rule {id}"),
        state_id: OPEN,
        is_not,
        lasting: Duration::from_secs(lasting_s),
        schedule: None,
    }
}

fn detector(rules: Vec<StateRule>) -> Detector {
    Detector {
        detector_id: DOOR,
        name: "Door".to_owned(),
        bbox: NormBox::from_xyxy(0.1, 0.2, 0.3, 0.6),
        states: vec![(OPEN, "open".to_owned()), (SHUT, "shut".to_owned())],
        settle: Duration::from_secs(3),
        collect_every: None,
        rules,
    }
}

fn program(rules: Vec<StateRule>) -> States {
    let config = StateConfig {
        detectors: vec![detector(rules)],
    };
    let camera_id = CameraId::new("gate").unwrap();
    let mut program = States::new(camera_id, config, EventIds::new(1)).unwrap();
    program.teach(DOOR, &examples());
    program
}

/// The scene of one second, one mark: `o` open, `s` shut, `?` between both,
/// `x` like none, `#` hidden, ` ` not looked at.
fn scene(second: i64, mark: char) -> Scene {
    let sight = match mark {
        'o' => Some(RegionSight::Seen(look(-38, 5, 0))),
        's' => Some(RegionSight::Seen(look(42, 5, 0))),
        '?' => Some(RegionSight::Seen(look(2, 5, 0))),
        'x' => Some(RegionSight::Seen(look(-38, 90, 0))),
        '#' => Some(RegionSight::Hidden(HiddenBy::Objects)),
        _ => None,
    };
    let looks = sight.map(|sight| RegionLook {
        detector_id: DOOR,
        sight,
    });
    Scene {
        captured_at: Timestamp::from_secs(second),
        region_looks: looks.into_iter().collect(),
        ..Scene::default()
    }
}

fn write_output(text: &mut String, second: i64, output: &Output) {
    for change in &output.states {
        let name =
            change.state_id.map_or(
                "unknown",
                |state_id| {
                    if state_id == OPEN { "open" } else { "shut" }
                },
            );
        let since = change.at.as_millis() / 1_000;
        writeln!(text, "{second}s: {name} since {since}s").unwrap();
    }
    for event in &output.events {
        let name = event.phase.name();
        let end = event.why.iter().find(|gate| gate.name == "end");
        let end = end.map_or(String::new(), |gate| format!(": {}", gate.outcome));
        writeln!(text, "{second}s: {} {name}{end}", event.rule_name).unwrap();
    }
}

/// Runs rules over one scene per second, one for each mark.
#[track_caller]
fn check(rules: Vec<StateRule>, marks: &str, expected: &Expect) {
    let mut program = program(rules);
    let mut text = String::new();
    for (second, mark) in (0..).zip(marks.chars()) {
        let output = program.update(&scene(second, mark), &[]);
        write_output(&mut text, second, &output);
    }
    expected.assert_eq(&text);
}

#[test]
fn event_begins_when_the_state_has_lasted_and_ends_with_it() {
    check(
        vec![rule(1, false, 6)],
        "sssssoooooooooooossssss",
        &expect![[r#"
            3s: shut since 0s
            8s: open since 5s
            11s: rule 1 begin
            20s: shut since 17s
            20s: rule 1 end: the state is another one
        "#]],
    );
}

#[test]
fn flicker_shorter_than_the_settling_time_neither_ends_nor_repeats_an_event() {
    check(
        vec![rule(1, false, 6)],
        "ooooooooossooosoosso?ooxossosoooooo",
        &expect![[r#"
            3s: open since 0s
            6s: rule 1 begin
        "#]],
    );
}

#[test]
fn rule_about_every_other_state_begins_when_it_is_not_the_named_one() {
    check(
        vec![rule(1, true, 5)],
        "oooosssssssssoooo",
        &expect![[r#"
            3s: open since 0s
            7s: shut since 4s
            9s: rule 1 begin
            16s: open since 13s
            16s: rule 1 end: the state is another one
        "#]],
    );
}

#[test]
fn hidden_region_keeps_its_state_and_what_was_coming_starts_anew() {
    check(
        vec![rule(1, false, 8)],
        "oooo######oo##ss#sssss",
        &expect![[r#"
            3s: open since 0s
            8s: rule 1 begin
            20s: shut since 17s
            20s: rule 1 end: the state is another one
        "#]],
    );
}

#[test]
fn state_is_given_up_after_a_minute_of_unsure_looks() {
    let marks = format!("oooo{}oooooo", "?x".repeat(35));
    check(
        vec![rule(1, false, 5)],
        &marks,
        &expect![[r#"
            3s: open since 0s
            5s: rule 1 begin
            64s: unknown since 4s
            64s: rule 1 end: the state is not known any more
            77s: open since 74s
            79s: rule 1 begin
        "#]],
    );
}

#[test]
fn events_end_with_the_video_and_nothing_is_known_after_it() {
    let mut program = program(vec![rule(1, false, 2)]);
    let mut text = String::new();
    for second in 0..6 {
        write_output(&mut text, second, &program.update(&scene(second, 'o'), &[]));
    }
    for second in 6..30 {
        let output = program.tick(Timestamp::from_secs(second));
        write_output(&mut text, second, &output);
    }
    expect![[r#"
        3s: open since 0s
        3s: rule 1 begin
        15s: unknown since 15s
        15s: rule 1 end: no video
    "#]]
    .assert_eq(&text);
}

#[test]
fn changed_rule_ends_its_event_and_the_state_is_kept() {
    let mut program = program(vec![rule(1, false, 2), rule(2, false, 2)]);
    for second in 0..6 {
        program.update(&scene(second, 'o'), &[]);
    }
    let config = StateConfig {
        detectors: vec![detector(vec![rule(1, false, 2), rule(2, false, 3)])],
    };
    let mut text = String::new();
    let output = program
        .replace_config(config, Timestamp::from_secs(6))
        .unwrap();
    write_output(&mut text, 6, &output);
    write_output(&mut text, 7, &program.update(&scene(7, 'o'), &[]));
    expect![[r#"
        6s: rule 2 end: the rule was changed or switched off
        7s: rule 2 begin
    "#]]
    .assert_eq(&text);
    assert_eq!(program.live()[0].state_id, Some(OPEN));
}

#[test]
fn gates_say_which_condition_is_missing() {
    let mut program = program(vec![rule(1, false, 60)]);
    let shown = |program: &States, second| {
        let explained = program.explain(Timestamp::from_secs(second));
        let gates = explained[0].gates.iter();
        let gates = gates.map(|gate| {
            let mark = if gate.outcome.passed() { '+' } else { '-' };
            format!("{mark}{}: {}\n", gate.name, gate.outcome)
        });
        gates.collect::<String>()
    };
    let mut text = shown(&program, 0);
    for (second, mark) in (0..).zip("oooo#".chars()) {
        program.update(&scene(second, mark), &[]);
        if second >= 3 {
            text.push_str("--\n");
            text.push_str(&shown(&program, second));
        }
    }
    expect![[r#"
        -state: the state is not known yet
        -sure: not looked at so far
        -lasting: not so far
        +schedule: on
        --
        +state: open
        +sure: open 99 %
        -lasting: 3.0 s of 60.0 s
        +schedule: on
        --
        +state: open
        +sure: kept from before: somebody or something that moves stands before it
        -lasting: 4.0 s of 60.0 s
        +schedule: on
    "#]]
    .assert_eq(&text);
}

#[test]
fn event_carries_state_likelihood_and_region() {
    let mut program = program(vec![rule(1, false, 0)]);
    let mut events = Vec::new();
    for second in 0..6 {
        events.extend(program.update(&scene(second, 'o'), &[]).events);
    }
    let [event] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(event.phase, Phase::Begin);
    assert_eq!(event.detail.state, Some((DOOR, OPEN)));
    assert!(event.score > 0.9 && event.score <= 1.0, "{}", event.score);
    assert_eq!(event.bbox, Some(NormBox::from_xyxy(0.1, 0.2, 0.3, 0.6)));
}

#[test]
fn one_state_with_examples_tells_nothing() {
    let shown = vec![example(OPEN, false, look(-38, 5, 0))];
    let verdict = Examples::new(shown, Vec::new()).judge(&look(-38, 5, 0), false);
    assert_eq!(verdict.outcome, Outcome::Untaught);
}

#[test]
fn look_between_two_states_or_like_none_is_unsure() {
    let far = examples();
    assert_eq!(far.judge(&look(-38, 5, 0), false).sure(), Some(OPEN));
    for unknown in [look(2, 5, 0), look(-38, 90, 0)] {
        assert_eq!(far.judge(&unknown, false).outcome, Outcome::LikeNone);
    }
    let near = [(OPEN, -8), (SHUT, 8)];
    let near = near.map(|(state_id, luma)| example(state_id, false, look(luma, 5, 0)));
    let near = Examples::new(near.to_vec(), Vec::new());
    assert_eq!(near.judge(&look(-8, 5, 0), false).sure(), Some(OPEN));
    assert_eq!(near.judge(&look(0, 5, 0), false).outcome, Outcome::Between);
}

#[test]
fn grey_pictures_are_judged_by_grey_examples_once_two_states_have_some() {
    let colour = [(OPEN, -40), (SHUT, 40)];
    // By infrared light the open door is the brighter one.
    let grey = [(OPEN, 40), (SHUT, -40)];
    let shown = |pairs: &[(StateId, i8)], is_grey| {
        let examples = pairs.iter();
        let examples = examples.map(|(id, luma)| example(*id, is_grey, look(*luma, 5, 9)));
        examples.collect::<Vec<_>>()
    };
    let only_colour = Examples::new(shown(&colour, false), Vec::new());
    assert_eq!(only_colour.judge(&look(-40, 5, 0), true).sure(), Some(OPEN));
    let both = [shown(&colour, false), shown(&grey, true)].concat();
    let both = Examples::new(both, Vec::new());
    assert_eq!(both.judge(&look(-40, 5, 9), false).sure(), Some(OPEN));
    assert_eq!(both.judge(&look(-40, 5, 0), true).sure(), Some(SHUT));
}

#[test]
fn wrongly_labelled_example_is_told_wrong_without_itself() {
    let mut shown: Vec<Example> = examples().examples().to_vec();
    shown.push(example(SHUT, false, look(-38, 5, 0)));
    let verdicts = Examples::new(shown, Vec::new()).leave_one_out();
    assert_eq!(verdicts.last().unwrap().sure(), Some(OPEN));
    assert_eq!(verdicts[2].sure(), Some(SHUT));
}

#[test]
fn only_pictures_unlike_all_kept_ones_are_collected_and_not_too_often() {
    let mut config = StateConfig {
        detectors: vec![detector(Vec::new())],
    };
    config.detectors[0].collect_every = Some(Duration::from_secs(60));
    let camera_id = CameraId::new("gate").unwrap();
    let mut program = States::new(camera_id, config, EventIds::new(1)).unwrap();
    program.teach(DOOR, &examples());
    let mut collected = Vec::new();
    for (second, mark) in (0..).zip("ooo?s?ooo???xxx".chars()) {
        for _ in program.update(&scene(second, mark), &[]).candidates {
            collected.push(second);
        }
    }
    // Two looks alike, unlike every example; then nothing for a minute.
    assert_eq!(collected, [10]);
    for (second, mark) in (80..).zip("??xxx".chars()) {
        for _ in program.update(&scene(second, mark), &[]).candidates {
            collected.push(second);
        }
    }
    assert_eq!(collected, [10, 83]);
}

#[test]
fn settings_beyond_a_limit_are_refused_with_the_reason() {
    let refuse = |change: fn(&mut Detector)| {
        let mut config = StateConfig {
            detectors: vec![detector(vec![rule(1, false, 5)])],
        };
        change(&mut config.detectors[0]);
        config.check().unwrap_err().to_string()
    };
    let texts = [
        refuse(|detector| detector.states.truncate(1)),
        refuse(|detector| detector.states[1].0 = OPEN),
        refuse(|detector| detector.settle = Duration::from_secs(601)),
        refuse(|detector| detector.collect_every = Some(Duration::from_secs(5))),
        refuse(|detector| detector.rules[0].state_id = StateId(9)),
        refuse(|detector| detector.rules[0].lasting = Duration::from_secs(100_000)),
        refuse(|detector| detector.rules.push(rule(1, true, 5))),
    ];
    expect![[r#"
        set up detector "Door": 1 states: use 2 to 8
        set up state "shut": another one has the same number
        set up detector "Door": the settling time must be 0 to 600 s
        set up detector "Door": the time between pictures must be 1 to 60 min
        set up rule "rule 1": "Door" has no state 9
        set up rule "rule 1": the time must be 0 to 86400 s
        set up rule "rule 1": another one has the same number
    "#]]
    .assert_eq(&(texts.join("\n") + "\n"));
}

/// All that a run over `marks` decides, as text.
fn run(marks: &str) -> String {
    let mut program = program(vec![rule(1, false, 4), rule(2, true, 0)]);
    let mut text = String::new();
    for (second, mark) in (0..).zip(marks.chars()) {
        let output = program.update(&scene(second, mark), &[]);
        write_output(&mut text, second, &output);
    }
    write_output(&mut text, 999, &program.finish(Timestamp::from_secs(999)));
    text
}

proptest! {
    #[test]
    fn same_scenes_give_the_same_events_and_each_event_ends_once(marks in "[os?x# ]{0,120}") {
        let text = run(&marks);
        prop_assert_eq!(&text, &run(&marks));
        for name in ["rule 1", "rule 2"] {
            let mut is_open = false;
            for line in text.lines().filter(|line| line.contains(name)) {
                let begins = line.contains("begin");
                prop_assert_eq!(begins, !is_open, "{}", text);
                is_open = begins;
            }
            prop_assert!(!is_open);
        }
    }

    #[test]
    fn flicker_raises_one_alarm(marks in "(s{0,2}o{1,4}){0,20}") {
        let mut program = program(vec![rule(1, false, 5)]);
        let mut n_begins = 0;
        for (second, mark) in (0..).zip(format!("oooooooo{marks}oooo").chars()) {
            let events = program.update(&scene(second, mark), &[]).events;
            n_begins += events.iter().filter(|event| event.phase == Phase::Begin).count();
        }
        prop_assert_eq!(n_begins, 1);
    }

    #[test]
    fn likelihoods_add_up_and_distances_are_symmetric(
        a in proptest::collection::vec(any::<i8>(), Look::LEN),
        b in proptest::collection::vec(any::<i8>(), Look::LEN),
    ) {
        let (a, b) = (Look::new(&a).unwrap(), Look::new(&b).unwrap());
        prop_assert!((distance(&a, &b, true) - distance(&b, &a, true)).abs() < 1e-6);
        prop_assert!(distance(&a, &a, true) < 1e-6);
        let shown = vec![example(OPEN, false, a.clone()), example(SHUT, false, b)];
        let verdict = Examples::new(shown, Vec::new()).judge(&a, false);
        let sum: f32 = verdict.likelihoods.iter().map(|(_, belief)| belief).sum();
        prop_assert!((sum - 1.0).abs() < 1e-4, "{sum}");
    }
}
