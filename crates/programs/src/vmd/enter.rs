//! Enter: an object comes into a zone from outside; the event lasts as long as
//! it stays.
//!
//! Who is first seen inside has not entered, with two exceptions, because the
//! tracker sees an object only some looks after it came:
//! - it first appeared at the picture's border and then moved: it came from
//!   beyond the picture,
//! - it walks so that it was outside the zone shortly before.

use types::{Gate, TrackId};

use super::by_visit::{Ask, Stay};
use super::kind::Look;
use super::life::Verdict;
use super::rule::Rule;
use crate::filter::{asked, gate};
use crate::site::{Anchor, Place};
use crate::view::is_at_border;
use types::{NormBox, Track};

/// Most objects that are remembered as first seen inside; older ones are
/// forgotten, and count as come from outside.
const MAX_BORN: usize = 256;
/// An object is followed so long, seconds, after it could first be seen.
const BIRTH_S: f32 = 1.0;
/// Slower objects (heights of the box per second) do not tell where they come
/// from: their velocity is mostly jitter.
const MIN_SPEED: f32 = 0.3;

#[derive(Debug, Default)]
pub(super) struct Enter {
    /// First seen inside, and still there.
    born: Vec<(TrackId, Origin)>,
    has_looked: bool,
}

/// Where an object came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Outside,
    Border,
    Inside,
}

impl Ask for Enter {
    type Memory = Option<Origin>;

    fn prepare(&mut self, rule: &Rule, look: &Look<'_>) {
        let (view, spot) = (look.view, look.spot);
        let anchor = rule.filter.anchor;
        self.born.retain(|(track_id, _)| {
            view.idx_of(*track_id).is_some_and(|idx| {
                let bbox = view.tracks[idx].bbox;
                let is_near = |place: &Place| place.nearly_holds(bbox, anchor);
                spot.inside.contains(idx) || spot.place.is_none_or(is_near)
            })
        });
        for idx in spot.inside.iter() {
            let track = &view.tracks[idx];
            // At the first look nobody's past is known.
            if self.has_looked && track.first_seen_at < view.at() {
                continue;
            }
            let origin = match self.has_looked && is_at_border(track) {
                true => Origin::Border,
                false => Origin::Inside,
            };
            if self.born.len() >= MAX_BORN {
                self.born.remove(0);
            }
            self.born.push((track.track_id, origin));
        }
        self.has_looked = true;
    }

    fn judge(&mut self, origin: &mut Option<Origin>, stay: &Stay<'_>) -> Verdict {
        let origin = *origin.get_or_insert_with(|| {
            let born = self.born.iter().find(|(id, _)| *id == stay.track_id);
            match born {
                None => Origin::Outside,
                Some((_, Origin::Inside)) if was_outside_before(stay) => Origin::Outside,
                Some((_, origin)) => *origin,
            }
        });
        match origin {
            Origin::Outside if stay.is_inside() => Verdict::Happens,
            Origin::Border if stay.is_inside() && stay.has_moved => Verdict::Happens,
            Origin::Outside | Origin::Border | Origin::Inside => Verdict::Waits,
        }
    }

    fn gates(&self, stay: Option<(&Option<Origin>, &Stay<'_>)>) -> Vec<Gate> {
        let outcome = match stay.map(|(origin, stay)| (origin, stay.has_moved)) {
            Some((Some(Origin::Outside), _)) => asked(true, "from outside", String::new),
            Some((Some(Origin::Border), true)) => {
                asked(true, "from beyond the picture", String::new)
            }
            Some((Some(Origin::Border), false)) => asked(false, "", || {
                "appeared at the border, has not moved".to_owned()
            }),
            Some((Some(Origin::Inside) | None, _)) => {
                asked(false, "", || "was first seen inside".to_owned())
            }
            None => asked(false, "", || "not there".to_owned()),
        };
        vec![gate("entered", outcome)]
    }
}

fn was_outside_before(stay: &Stay<'_>) -> bool {
    let (Some(track), Some(place)) = (stay.track, stay.place) else {
        return false;
    };
    is_moving(track, stay.aspect) && !place.nearly_holds(moved(track, -BIRTH_S), stay.anchor)
}

/// Whether `track` is fast enough for its velocity to say where it goes.
pub(super) fn is_moving(track: &Track, aspect: f32) -> bool {
    let (x, y) = track.velocity;
    (x * aspect).hypot(y) >= MIN_SPEED * track.bbox.height()
}

/// Where `track` is `secs` from now, if it goes on as it does.
fn moved(track: &Track, secs: f32) -> NormBox {
    let (dx, dy) = (track.velocity.0 * secs, track.velocity.1 * secs);
    let bbox = track.bbox;
    NormBox::from_xyxy(
        bbox.x1() + dx,
        bbox.y1() + dy,
        bbox.x2() + dx,
        bbox.y2() + dy,
    )
}

/// Whether an object that was last seen as `track` in `place` and then
/// vanished was on its way out of the picture.
pub(super) fn is_leaving_picture(track: &Track, place: &Place, anchor: Anchor) -> bool {
    let (x, y) = track.velocity;
    let bbox = track.bbox;
    let soon = moved(track, BIRTH_S);
    let is_cut = |outwards: f32, now: f32, then: f32, border: f32| {
        outwards > 0.0
            && ((now - border).abs() <= f32::EPSILON || (then - border).abs() <= f32::EPSILON)
    };
    let leaves = is_cut(-x, bbox.x1(), soon.x1(), 0.0)
        || is_cut(x, bbox.x2(), soon.x2(), 1.0)
        || is_cut(-y, bbox.y1(), soon.y1(), 0.0)
        || is_cut(y, bbox.y2(), soon.y2(), 1.0);
    is_at_border(track) && leaves && place.nearly_holds(bbox, anchor)
}
