//! Exit: an object leaves a zone. Told when its visit is over: once it has been
//! away for longer than the grace, so that who steps out and in again has not
//! left.
//!
//! Who vanishes inside has not left, with two exceptions: who was cut off by
//! the picture's border and came towards it has left with the picture, and
//! who was lost while moving so that it is expected outside.

use types::{Gate, NormBox, Track, TrackState};

use super::by_visit::{Ask, Stay};
use super::enter::{is_leaving_picture, is_moving};
use super::life::Verdict;
use crate::filter::{asked, gate};
use crate::visits::Presence;

#[derive(Debug)]
pub(super) struct Exit;

/// How far an object is on its way out.
#[derive(Debug, Default)]
pub(super) struct WayOut {
    has_left: bool,
    /// Lost, and expected outside.
    is_expected_out: bool,
    /// When last seen inside it was about to leave the picture.
    is_leaving_picture: bool,
    /// Where it was last seen inside.
    bbox: NormBox,
}

impl WayOut {
    fn see(&mut self, track: &Track, stay: &Stay<'_>) {
        self.bbox = track.bbox;
        self.is_expected_out = false;
        // A parked car that shakes at the border is not on its way out.
        self.is_leaving_picture = stay.has_moved
            && is_moving(track, stay.aspect)
            && stay
                .place
                .is_some_and(|place| is_leaving_picture(track, place, stay.anchor));
    }
}

impl Ask for Exit {
    type Memory = WayOut;

    fn judge(&mut self, way: &mut WayOut, stay: &Stay<'_>) -> Verdict {
        match (stay.presence, stay.track) {
            (Presence::Inside, Some(track)) => {
                way.see(track, stay);
                way.has_left = false;
            }
            (Presence::Left, Some(track)) if track.state != TrackState::Lost => {
                way.has_left = true;
            }
            (Presence::Left, Some(_)) => way.is_expected_out = true,
            (Presence::Vanished, _) => {
                way.has_left |= way.is_expected_out || way.is_leaving_picture;
            }
            (Presence::Inside | Presence::Expected | Presence::Left, _) => {}
        }
        match stay.is_over && way.has_left {
            true => Verdict::Happens,
            false => Verdict::Waits,
        }
    }

    fn gates(&self, stay: Option<(&WayOut, &Stay<'_>)>) -> Vec<Gate> {
        let has_left = stay.is_some_and(|(way, _)| way.has_left);
        let outcome = asked(
            has_left,
            "seen outside, or gone with the picture",
            || match stay {
                Some(_) => "has not left".to_owned(),
                None => "was not there".to_owned(),
            },
        );
        vec![gate("left", outcome)]
    }
}
