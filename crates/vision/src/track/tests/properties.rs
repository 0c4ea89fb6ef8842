//! What holds whatever the detector says.

use proptest::prelude::*;

use super::*;
fn any_detection() -> impl Strategy<Value = Detection> {
    (
        proptest::array::uniform4(0.0_f32..=1.0),
        0_usize..6,
        0.0_f32..=1.0,
    )
        .prop_map(|(c, class, score)| Detection {
            bbox: NormBox::from_xyxy(c[0], c[1], c[0] + c[2] * 0.3, c[1] + c[3] * 0.3),
            class: Class::ALL[class],
            score,
        })
}

proptest! {
    #[test]
    fn every_track_ends_exactly_once_and_identities_only_grow(
        frames in proptest::collection::vec(
            (
                proptest::option::weighted(
                    0.8,
                    proptest::collection::vec(any_detection(), 0..12),
                ),
                0_u32..3_000,
            ),
            1..40,
        )
    ) {
        let mut tracker = Tracker::new(TrackerConfig::default(), TrackId(7));
        let mut millis = 0;
        let mut scenes = Vec::new();
        for (seq, (detections, dt_ms)) in (0..).zip(&frames) {
            millis += dt_ms;
            let sight = detections.clone().map(Sight::of_everything);
            scenes.push(tracker.update(at_ms(millis), seq, sight.as_ref(), &quiet()));
        }
        scenes.push(tracker.finish(at_ms(millis)));
        let mut alive: Vec<TrackId> = Vec::new();
        let mut newest = TrackId(6);
        let mut n_ended = 0_u64;
        for scene in &scenes {
            prop_assert!(scene.tracks.windows(2).all(|pair| pair[0].track_id < pair[1].track_id));
            for track in &scene.tracks {
                if track.track_id > newest {
                    newest = track.track_id;
                    alive.push(newest);
                }
                prop_assert!(alive.contains(&track.track_id), "ended or skipped before");
                if track.state == TrackState::Ended {
                    alive.retain(|id| *id != track.track_id);
                    n_ended += 1;
                }
                prop_assert!((0.0..=1.0).contains(&track.score));
                prop_assert!(track.velocity.0.is_finite() && track.velocity.1.is_finite());
            }
            // A track that is alive is in every scene.
            let n_live = scene.tracks.iter().filter(|t| t.state != TrackState::Ended).count();
            prop_assert_eq!(n_live, alive.len());
        }
        prop_assert_eq!(alive, []);
        prop_assert_eq!(n_ended, tracker.next_track_id().0 - 7);
    }
}
