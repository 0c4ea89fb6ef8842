use super::*;
use crate::testing::{at, camera, open};
use types::StateChange;

const DOOR: DetectorId = DetectorId(1);
const GATE: DetectorId = DetectorId(2);

fn picture(detector_id: DetectorId, second: i64) -> NewStatePicture {
    let number = i8::try_from(second % 100).unwrap();
    NewStatePicture {
        camera_id: camera(),
        detector_id,
        captured_at: at(second),
        is_grey: second % 2 == 1,
        region: [7; 8],
        look: Look::new(&vec![-number; Look::LEN]).unwrap(),
        jpeg: vec![u8::try_from(second % 250).unwrap(); 40],
    }
}

fn label(state: u32, second: i64) -> Label {
    Label {
        state_id: StateId(state),
        who: "ada".to_owned(),
        at: at(second),
    }
}

/// Adds a picture and returns its number.
fn add(store: &mut Store, second: i64, state: Option<u32>) -> StatePictureId {
    let label = state.map(|state| label(state, second));
    match store.add_state_picture(&picture(DOOR, second), label.as_ref()) {
        Ok(Kept::Yes(picture_id)) => picture_id,
        other => panic!("{other:?}"),
    }
}

/// State of each picture by its second; 0: waits for a label.
fn shown(store: &Store) -> Vec<(i64, u32)> {
    let pictures = store.state_pictures(&camera(), DOOR).unwrap().into_iter();
    pictures
        .map(|picture| {
            let second = picture.captured_at.saturating_since(at(0)).as_secs();
            let state = picture.label.map_or(0, |label| label.state_id.0);
            (i64::try_from(second).unwrap(), state)
        })
        .collect()
}

#[test]
fn picture_comes_back_with_its_label_and_look() {
    let (mut store, _folder) = open();
    let picture_id = add(&mut store, 5, Some(2));
    let rows = store.state_pictures(&camera(), DOOR).unwrap();
    let expected = picture(DOOR, 5);
    assert_eq!(
        rows,
        [StatePicture {
            picture_id,
            captured_at: at(5),
            is_grey: true,
            region: [7; 8],
            look: expected.look,
            label: Some(label(2, 5)),
        }]
    );
    let jpeg = store
        .state_picture_jpeg(&camera(), DOOR, picture_id)
        .unwrap();
    assert_eq!(jpeg, Some(expected.jpeg));
    assert_eq!(
        store
            .state_picture_jpeg(&camera(), GATE, picture_id)
            .unwrap(),
        None
    );
    assert_eq!(store.state_picture_bytes(&camera()).unwrap(), 40);
}

#[test]
fn every_change_of_labels_is_a_version_that_can_be_gone_back_to() {
    let (mut store, _folder) = open();
    let first = add(&mut store, 1, Some(1));
    let second = add(&mut store, 2, Some(2));
    let waiting = add(&mut store, 3, None);
    let relabelled = store.label_state_picture(&camera(), DOOR, first, &label(2, 4));
    assert!(relabelled.unwrap());
    assert!(
        store
            .label_state_picture(&camera(), DOOR, waiting, &label(1, 5))
            .unwrap()
    );
    assert!(
        store
            .remove_state_picture(&camera(), DOOR, second, "bo", at(6))
            .unwrap()
    );
    assert_eq!(shown(&store), [(1, 2), (3, 1)]);
    assert!(
        store
            .roll_back_states(&camera(), DOOR, 2, "bo", at(7))
            .unwrap()
    );
    assert_eq!(shown(&store), [(1, 1), (2, 2)]);
    assert!(
        store
            .roll_back_states(&camera(), DOOR, 5, "bo", at(8))
            .unwrap()
    );
    assert_eq!(shown(&store), [(1, 2), (3, 1)]);
    assert!(
        !store
            .roll_back_states(&camera(), DOOR, 99, "bo", at(9))
            .unwrap()
    );
    let versions = store.state_versions(&camera(), DOOR).unwrap();
    let told: Vec<_> = versions
        .iter()
        .map(|version| (version.version, version.kind.name(), version.n_examples))
        .collect();
    assert_eq!(
        told,
        [
            (7, "roll_back", 2),
            (6, "roll_back", 2),
            (5, "remove", 2),
            (4, "add", 3),
            (3, "relabel", 2),
            (2, "add", 2),
            (1, "add", 1)
        ]
    );
}

#[test]
fn the_same_label_again_is_no_version_and_unknown_pictures_are_told() {
    let (mut store, _folder) = open();
    let first = add(&mut store, 1, Some(1));
    assert!(
        store
            .label_state_picture(&camera(), DOOR, first, &label(1, 2))
            .unwrap()
    );
    assert_eq!(store.state_versions(&camera(), DOOR).unwrap().len(), 1);
    let unknown = StatePictureId(77);
    assert!(
        !store
            .label_state_picture(&camera(), DOOR, unknown, &label(1, 2))
            .unwrap()
    );
    assert!(
        !store
            .label_state_picture(&camera(), GATE, first, &label(1, 2))
            .unwrap()
    );
    assert!(
        !store
            .remove_state_picture(&camera(), DOOR, unknown, "bo", at(3))
            .unwrap()
    );
}

#[test]
fn pictures_go_with_the_last_version_that_needs_them() {
    let (mut store, _folder) = open();
    let gone = add(&mut store, 1, Some(1));
    let kept = add(&mut store, 2, Some(1));
    store
        .remove_state_picture(&camera(), DOOR, gone, "bo", at(3))
        .unwrap();
    let is_there = |store: &Store, id| {
        let jpeg = store.state_picture_jpeg(&camera(), DOOR, id).unwrap();
        jpeg.is_some()
    };
    for second in 4..102 {
        assert!(is_there(&store, gone), "{second}");
        let state = u32::try_from(second % 2).unwrap() + 2;
        store
            .label_state_picture(&camera(), DOOR, kept, &label(state, second))
            .unwrap();
    }
    store
        .label_state_picture(&camera(), DOOR, kept, &label(9, 200))
        .unwrap();
    assert!(!is_there(&store, gone));
    assert!(is_there(&store, kept));
    assert_eq!(store.state_versions(&camera(), DOOR).unwrap().len(), 100);
}

#[test]
fn pictures_that_wait_are_bounded_and_can_be_removed() {
    let (mut store, _folder) = open();
    let first = add(&mut store, 0, None);
    for second in 1..100 {
        add(&mut store, second, None);
    }
    let more = store.add_state_picture(&picture(DOOR, 100), None).unwrap();
    assert_eq!(more, Kept::TooMany);
    store
        .remove_state_picture(&camera(), DOOR, first, "bo", at(101))
        .unwrap();
    let more = store.add_state_picture(&picture(DOOR, 100), None).unwrap();
    assert!(matches!(more, Kept::Yes(_)));
    assert!(store.state_versions(&camera(), DOOR).unwrap().is_empty());
}

#[test]
fn detectors_that_are_gone_are_forgotten_with_their_pictures() {
    let (mut store, _folder) = open();
    add(&mut store, 1, Some(1));
    store
        .add_state_picture(&picture(GATE, 2), Some(&label(1, 2)))
        .unwrap();
    assert_eq!(store.forget_detectors(&camera(), &[GATE]).unwrap(), 1);
    assert!(shown(&store).is_empty());
    assert!(store.state_versions(&camera(), DOOR).unwrap().is_empty());
    assert_eq!(store.state_pictures(&camera(), GATE).unwrap().len(), 1);
}

#[test]
fn look_of_another_region_takes_the_place_of_the_old_one() {
    let (mut store, _folder) = open();
    let picture_id = add(&mut store, 1, Some(1));
    let look = Look::new(&vec![99; Look::LEN]).unwrap();
    store
        .put_state_looks(&[(picture_id, [8; 8], look.clone())])
        .unwrap();
    let rows = store.state_pictures(&camera(), DOOR).unwrap();
    assert_eq!((rows[0].region, &rows[0].look), ([8; 8], &look));
}

#[test]
fn changes_come_back_by_time_with_the_one_before() {
    let (mut store, _folder) = open();
    let change = |second, state: Option<u32>| StateChange {
        detector_id: DOOR,
        state_id: state.map(StateId),
        at: at(second),
        likelihood: 0.75,
    };
    let all = [
        change(0, Some(1)),
        change(10, Some(2)),
        change(20, None),
        change(30, Some(1)),
    ];
    store.put_state_changes(&camera(), &all).unwrap();
    store.put_state_changes(&camera(), &all[..2]).unwrap();
    let read = |from, until| {
        store
            .state_changes(&camera(), DOOR, at(from), at(until))
            .unwrap()
    };
    assert_eq!(read(15, 30), all[1..3]);
    assert_eq!(read(0, 100), all);
    assert_eq!(read(-50, 5), all[..1]);
    assert!(
        store
            .state_changes(&camera(), GATE, at(0), at(100))
            .unwrap()
            .is_empty()
    );
}
