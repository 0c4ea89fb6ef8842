"""Which boxes of hands and teacher become targets. Needs NumPy only."""

from airelay_training import BICYCLE, BUS, CAR, CLASSES, PERSON, TRUCK
from airelay_training.labels import resolve

LEFT, RIGHT = [0.1, 0.1, 0.4, 0.8], [0.6, 0.1, 0.9, 0.8]


def check(hand: list, teacher: list, complete: list[str] | list[int]) -> tuple[list, list]:
    """(targets as (class, weight), ignored as lists of class names)"""
    labels = resolve({"hand": hand, "teacher": teacher, "hand_complete_for": complete}, CLASSES)
    hidden = [[CLASSES[k] for k in range(6) if row[k]] for row in labels.ignore_classes]
    return [(int(c), round(float(w), 2)) for c, w in zip(labels.classes, labels.weights, strict=True)], hidden


def test_hand_box_is_a_full_target() -> None:
    assert check([[PERSON, 0, *LEFT]], [], ["person"]) == ([(PERSON, 1.0)], [])


def test_crowd_box_hides_its_class() -> None:
    assert check([[PERSON, 1, *LEFT]], [], ["person"]) == ([], [["person"]])


def test_teacher_box_of_a_class_complete_by_hand_is_dropped() -> None:
    assert check([], [[PERSON, 0.9, *LEFT]], ["person"]) == ([], [])


def test_complete_classes_may_be_numbers() -> None:
    assert check([], [[PERSON, 0.9, *LEFT]], [PERSON]) == ([], [])


def test_strong_teacher_box_is_a_target_and_a_doubtful_one_is_hidden() -> None:
    targets, hidden = check([], [[PERSON, 0.8, *LEFT], [CAR, 0.25, *RIGHT]], [])
    assert targets == [(PERSON, 1.0)]
    assert hidden == [["car", "bus", "truck"]]


def test_weak_teacher_box_is_background() -> None:
    assert check([], [[PERSON, 0.12, *LEFT]], []) == ([], [])


def test_same_vehicle_as_bus_and_truck_becomes_the_stronger() -> None:
    assert check([], [[TRUCK, 0.7, *LEFT], [BUS, 0.5, *LEFT]], []) == ([(TRUCK, 1.0)], [])


def test_doubtful_class_does_not_hide_a_class_complete_by_hand() -> None:
    _, hidden = check([], [[BUS, 0.3, *LEFT]], ["car"])
    assert hidden == [["bus", "truck"]]


def test_teacher_box_on_a_hand_box_is_dropped() -> None:
    assert check([[CAR, 0, *LEFT]], [[TRUCK, 0.6, *LEFT]], ["car"]) == ([(CAR, 1.0)], [])


def test_part_of_a_stronger_box_is_hidden_not_learnt() -> None:
    targets, hidden = check([], [[BICYCLE, 0.8, *LEFT], [BICYCLE, 0.5, 0.1, 0.1, 0.4, 0.4]], [])
    assert targets == [(BICYCLE, 1.0)]
    assert hidden == [["bicycle", "motorcycle"]]
