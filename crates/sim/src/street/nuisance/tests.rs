//! Each nuisance does something, each incident keeps its time, and what the
//! truth says of the bag is true.

use super::*;
use crate::street::{Light, Street, StreetOptions};
use types::StillChangeKind;

/// Small, empty and without noise.
fn options() -> StreetOptions {
    StreetOptions {
        width_px: 320,
        height_px: 180,
        noise: 0.0,
        n_people: 0,
        traffic: 0.0,
        ..StreetOptions::default()
    }
}

fn with(nuisance: Nuisance) -> StreetOptions {
    StreetOptions {
        nuisances: Nuisances::NONE.with(nuisance),
        ..options()
    }
}

fn staged(incident: Incident) -> StreetOptions {
    StreetOptions {
        incident: Some(Staged {
            incident,
            from: at_s(10),
            until: at_s(20),
        }),
        ..options()
    }
}

fn at_s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Share of the values that differ by more than 3 steps.
fn difference(one: &[u8], other: &[u8]) -> f32 {
    let pairs = one.iter().zip(other);
    let n = pairs.filter(|(a, b)| a.abs_diff(**b) > 3).count();
    n as f32 / one.len() as f32
}

#[test]
fn each_nuisance_changes_an_empty_street_within_half_a_minute() {
    for nuisance in Nuisance::ALL {
        let mut street = Street::new(3, with(nuisance));
        let (first, _) = street.frame(Duration::from_millis(5_100));
        let largest = (0..60_u32)
            .map(|idx| {
                street
                    .frame(Duration::from_millis(5_300 + u64::from(idx) * 437))
                    .0
            })
            .map(|later| difference(&first.data, &later.data))
            .fold(0.0, f32::max);
        assert!(largest > 0.002, "{}: {largest}", nuisance.name());
    }
}

#[test]
fn names_find_what_they_name_and_sets_hold_what_was_put_in() {
    let mut set = Nuisances::NONE;
    for nuisance in Nuisance::ALL {
        assert_eq!(Nuisance::from_name(nuisance.name()), Some(nuisance));
        assert!(!set.has(nuisance));
        set = set.with(nuisance);
        assert!(set.has(nuisance));
    }
    for incident in Incident::ALL {
        assert_eq!(Incident::from_name(incident.name()), Some(incident));
    }
}

#[test]
fn incidents_begin_and_end_on_time() {
    for incident in Incident::ALL {
        let mut street = Street::new(3, staged(incident));
        let mut at = |seconds| street.frame(at_s(seconds)).0.data;
        let (before, first, last, after) = (at(9), at(10), at(19), at(20));
        assert!(before == after, "{incident:?}");
        assert!(difference(&before, &first) > 0.001, "{incident:?}");
        assert!(first == last, "{incident:?}");
    }
}

#[test]
fn box_of_the_bag_holds_what_it_changes() {
    for (incident, kind) in [
        (Incident::BagLeft, StillChangeKind::Left),
        (Incident::BagRemoved, StillChangeKind::Removed),
    ] {
        let by_infrared = StreetOptions {
            light: Light::Infrared,
            ..staged(incident)
        };
        let mut street = Street::new(3, by_infrared);
        assert_eq!(street.change(at_s(9)), None);
        let change = street.change(at_s(10)).expect("it happened");
        assert_eq!((change.kind, change.since), (kind, at_s(10)));
        let (before, _) = street.frame(at_s(9));
        let (after, _) = street.frame(at_s(10));
        let (mut n_changed, mut n_inside) = (0, 0);
        for y in 0..180_u16 {
            for x in 0..320_u16 {
                let point = types::NormPoint::new(
                    (f32::from(x) + 0.5) / 320.0,
                    (f32::from(y) + 0.5) / 180.0,
                );
                let pixel = (u32::from(x), u32::from(y));
                let is_changed = before
                    .pixel(pixel.0, pixel.1)
                    .iter()
                    .zip(after.pixel(pixel.0, pixel.1))
                    .any(|(a, b)| a.abs_diff(b) > 20);
                n_changed += usize::from(is_changed);
                n_inside += usize::from(is_changed && change.bbox.contains(point));
            }
        }
        // The rest is shadow.
        assert!(
            n_inside > 40 && n_inside * 10 >= n_changed * 7,
            "{n_inside} of {n_changed}"
        );
        assert!(change.bbox.area() * 320.0 * 180.0 < n_inside as f32 * 2.5);
    }
}
