//! Hits in the order in which they happened: who was where, and when.

use std::time::Duration;

use types::{CameraId, Timestamp};

/// A stay before one camera.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    /// Before which.
    pub camera_id: CameraId,
    /// First seen.
    pub from: Timestamp,
    /// Last seen.
    pub until: Timestamp,
    /// The sightings that make it up, in order of time.
    pub sighting_ids: Vec<i64>,
    /// Time since the visit before ended; `None` for the first. Zero where they
    /// overlap.
    pub after: Option<Duration>,
}

/// Joins sightings (number, camera, first and last seen) into visits. Those on
/// one camera in a row are one visit while no gap is longer than `gap`.
pub fn journey(mut seen: Vec<(i64, CameraId, Timestamp, Timestamp)>, gap: Duration) -> Vec<Visit> {
    seen.sort_by_key(|(sighting_id, _, from, _)| (*from, *sighting_id));
    let mut visits: Vec<Visit> = Vec::new();
    for (sighting_id, camera_id, from, until) in seen {
        match visits.last_mut() {
            Some(last)
                if last.camera_id == camera_id && from.saturating_since(last.until) <= gap =>
            {
                last.until = last.until.max(until);
                last.sighting_ids.push(sighting_id);
            }
            last => {
                let after = last.map(|last| from.saturating_since(last.until));
                visits.push(Visit {
                    camera_id,
                    from,
                    until,
                    sighting_ids: vec![sighting_id],
                    after,
                });
            }
        }
    }
    visits
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use expect_test::{Expect, expect};

    use super::*;

    /// Sightings as `camera from-until`, in seconds.
    #[track_caller]
    fn check(seen: &[&str], expected: &Expect) {
        let seen = (1..).zip(seen).map(|(id, text)| {
            let (camera, times) = text.split_once(' ').unwrap();
            let (from, until) = times.split_once('-').unwrap();
            let time = |text: &str| Timestamp::from_secs(text.parse().unwrap());
            (id, CameraId::new(camera).unwrap(), time(from), time(until))
        });
        let mut actual = String::new();
        for visit in journey(seen.collect(), Duration::from_secs(60)) {
            let Visit {
                camera_id,
                from,
                until,
                sighting_ids,
                after,
            } = visit;
            let stay = until.saturating_since(from).as_secs();
            writeln!(
                actual,
                "{camera_id} {stay}s {sighting_ids:?} after {after:?}"
            )
            .unwrap();
        }
        expected.assert_eq(&actual);
    }

    #[test]
    fn sightings_become_visits_with_the_times_between() {
        check(
            &[
                "yard 200-230",
                "gate 10-30",
                "gate 50-70",
                "gate 400-410",
                "yard 225-260",
            ],
            &expect![[r#"
                gate 60s [2, 3] after None
                yard 60s [1, 5] after Some(130s)
                gate 10s [4] after Some(140s)
            "#]],
        );
    }

    #[test]
    fn long_gap_on_one_camera_makes_two_visits() {
        check(
            &["gate 0-10", "gate 71-80"],
            &expect![[r#"
                gate 10s [1] after None
                gate 9s [2] after Some(61s)
            "#]],
        );
    }
}
