//! Where a followed box is, how fast it moves and how sure we are: a Kalman
//! filter with constant velocity for the centre and a slow drift for the size.
//!
//! In: detected boxes and the time between them, which need not be regular.
//! Out: the predicted box, its velocity, and the doubt about its centre.
//!
//! Axes do not disturb each other (all noises are diagonal), so the filter is
//! four small ones instead of one of eight dimensions. Every noise is a share
//! of the box's longer side: a far object moves and jitters by fewer pixels
//! than a near one.
//!
//! Not here: which detection belongs to which track (`mod`, `assign`).

use types::NormBox;

/// A box by centre and size in picture heights on both axes, so that lengths
/// to the side and up compare. May reach beyond the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CxCyWh {
    pub(super) cx: f32,
    pub(super) cy: f32,
    pub(super) w: f32,
    pub(super) h: f32,
}

impl CxCyWh {
    /// `aspect` is the picture's width over its height.
    pub(super) fn from_norm(bbox: NormBox, aspect: f32) -> Self {
        CxCyWh {
            cx: f32::midpoint(bbox.x1(), bbox.x2()) * aspect,
            cy: f32::midpoint(bbox.y1(), bbox.y2()),
            w: bbox.width() * aspect,
            h: bbox.height(),
        }
    }

    /// The part inside the picture, in parts of the picture.
    pub(super) fn to_norm(self, aspect: f32) -> NormBox {
        let (half_w, half_h) = (self.w / 2.0, self.h / 2.0);
        NormBox::from_xyxy(
            (self.cx - half_w) / aspect,
            self.cy - half_h,
            (self.cx + half_w) / aspect,
            self.cy + half_h,
        )
    }

    pub(super) fn longer_side(self) -> f32 {
        self.w.max(self.h)
    }

    fn top(self) -> f32 {
        self.cy - self.h / 2.0
    }

    /// Between the centres, picture heights.
    pub(super) fn distance(self, other: CxCyWh) -> f32 {
        (self.cx - other.cx).hypot(self.cy - other.cy)
    }

    /// Between the middles of the upper edges, picture heights.
    pub(super) fn top_distance(self, other: CxCyWh) -> f32 {
        (self.cx - other.cx).hypot(self.top() - other.top())
    }

    /// The part of its area that lies in `other`, 0..=1.
    pub(super) fn share_in(self, other: CxCyWh) -> f32 {
        self.common(other) / (self.w * self.h).max(f32::MIN_POSITIVE)
    }

    fn common(self, other: CxCyWh) -> f32 {
        let overlap = |a: f32, a_len: f32, b: f32, b_len: f32| {
            let end = (a + a_len / 2.0).min(b + b_len / 2.0);
            let start = (a - a_len / 2.0).max(b - b_len / 2.0);
            (end - start).max(0.0)
        };
        overlap(self.cx, self.w, other.cx, other.w) * overlap(self.cy, self.h, other.cy, other.h)
    }

    pub(super) fn iou(self, other: CxCyWh) -> f32 {
        let common = self.common(other);
        let both = self.w * self.h + other.w * other.h - common;
        if both > 0.0 { common / both } else { 0.0 }
    }
}

/// Doubt of a detected centre, shares of the longer side. Detectors of nano
/// size jitter by a few per cent of the box.
const CENTRE_SIGMA: f32 = 0.05;
/// Doubt of a detected side, shares of the longer side.
const SIZE_SIGMA: f32 = 0.08;
/// Doubt of a new object's velocity, longer sides per second: a walking person
/// makes 0.8, a running one 3, a car across the picture 2 to 4.
const START_SPEED_SIGMA: f32 = 2.0;
/// How much the velocity may change within a second, longer sides per second:
/// a walking person who turns round changes by 1.6.
const SPEED_CHANGE_SIGMA: f32 = 1.5;
/// How much the size may change within a second, shares of the longer side.
const SIZE_CHANGE_SIGMA: f32 = 0.3;
/// How much a resting box may creep within a second, shares of the longer side.
const CREEP_SIGMA: f32 = 0.02;

/// The filter of one track.
#[derive(Clone, Copy, Debug)]
pub(super) struct BoxFilter {
    x: Moving,
    /// The upper edge: heads and roofs stay in sight when cars and walls hide
    /// what is below.
    top: Moving,
    w: Level,
    h: Level,
}

impl BoxFilter {
    /// Starts from one detection; the velocity is unknown.
    pub(super) fn new(seen: CxCyWh) -> Self {
        let side = seen.longer_side();
        let moving = |at| Moving {
            at,
            speed: 0.0,
            var_at: (CENTRE_SIGMA * side).powi(2),
            covar: 0.0,
            var_speed: (START_SPEED_SIGMA * side).powi(2),
        };
        let level = |value| Level {
            value,
            var: (SIZE_SIGMA * side).powi(2),
        };
        BoxFilter {
            x: moving(seen.cx),
            top: moving(seen.top()),
            w: level(seen.w),
            h: level(seen.h),
        }
    }

    /// Moves `dt_s` seconds ahead at the present velocity.
    pub(super) fn predict(&mut self, dt_s: f32) {
        let side = self.shape().longer_side();
        let density = (SPEED_CHANGE_SIGMA * side).powi(2);
        self.x.predict(dt_s, density);
        self.top.predict(dt_s, density);
        self.drift_size(dt_s, side);
    }

    /// Stays where it is for `dt_s` seconds: the object is known to rest.
    pub(super) fn rest(&mut self, dt_s: f32) {
        let side = self.shape().longer_side();
        let creep = (CREEP_SIGMA * side).powi(2) * dt_s;
        self.x.rest(creep);
        self.top.rest(creep);
        self.w.drift(creep);
        self.h.drift(creep);
    }

    /// Takes a detection of this moment into account.
    pub(super) fn correct(&mut self, seen: CxCyWh) {
        let side = seen.longer_side();
        let centre_var = (CENTRE_SIGMA * side).powi(2);
        let size_var = (SIZE_SIGMA * side).powi(2);
        self.x.correct(seen.cx, centre_var);
        self.top.correct(seen.top(), centre_var);
        self.w.correct(seen.w, size_var);
        self.h.correct(seen.h, size_var);
    }

    /// All lengths to the side become `factor` times what they were.
    pub(super) fn widen(&mut self, factor: f32) {
        self.x.at *= factor;
        self.x.speed *= factor;
        self.x.var_at *= factor * factor;
        self.x.covar *= factor * factor;
        self.x.var_speed *= factor * factor;
        self.w.value *= factor;
        self.w.var *= factor * factor;
    }

    pub(super) fn shape(&self) -> CxCyWh {
        CxCyWh {
            cx: self.x.at,
            cy: self.top.at + self.h.value / 2.0,
            w: self.w.value,
            h: self.h.value,
        }
    }

    /// Velocity of the centre, picture heights per second.
    pub(super) fn velocity(&self) -> (f32, f32) {
        (self.x.speed, self.top.speed)
    }

    /// Squared distance of `seen`'s centre from the predicted one, in
    /// standard deviations of what is expected.
    pub(super) fn surprise(&self, seen: CxCyWh) -> f32 {
        let centre_var = (CENTRE_SIGMA * seen.longer_side()).powi(2);
        (seen.cx - self.x.at).powi(2) / (self.x.var_at + centre_var)
            + (seen.top() - self.top.at).powi(2) / (self.top.var_at + centre_var)
    }

    fn drift_size(&mut self, dt_s: f32, side: f32) {
        let var = (SIZE_CHANGE_SIGMA * side).powi(2) * dt_s;
        self.w.drift(var);
        self.h.drift(var);
    }
}

/// Position and speed on one axis.
#[derive(Clone, Copy, Debug)]
struct Moving {
    at: f32,
    speed: f32,
    var_at: f32,
    covar: f32,
    var_speed: f32,
}

impl Moving {
    /// White-noise acceleration of spectral density `density`.
    fn predict(&mut self, dt: f32, density: f32) {
        self.at += self.speed * dt;
        self.var_at +=
            2.0 * dt * self.covar + dt * dt * self.var_speed + density * dt.powi(3) / 3.0;
        self.covar += dt * self.var_speed + density * dt * dt / 2.0;
        self.var_speed += density * dt;
    }

    fn rest(&mut self, creep_var: f32) {
        self.speed = 0.0;
        self.covar = 0.0;
        self.var_at += creep_var;
    }

    fn correct(&mut self, seen: f32, seen_var: f32) {
        let total = self.var_at + seen_var;
        let (gain, speed_gain) = (self.var_at / total, self.covar / total);
        let surprise = seen - self.at;
        self.at += gain * surprise;
        self.speed += speed_gain * surprise;
        self.var_speed -= speed_gain * self.covar;
        self.covar *= 1.0 - gain;
        self.var_at *= 1.0 - gain;
    }
}

/// A value that drifts without a trend.
#[derive(Clone, Copy, Debug)]
struct Level {
    value: f32,
    var: f32,
}

impl Level {
    fn drift(&mut self, var: f32) {
        self.var += var;
    }

    fn correct(&mut self, seen: f32, seen_var: f32) {
        let gain = self.var / (self.var + seen_var);
        self.value += gain * (seen - self.value);
        self.var *= 1.0 - gain;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person_at(cx: f32) -> CxCyWh {
        CxCyWh {
            cx,
            cy: 0.5,
            w: 0.1,
            h: 0.3,
        }
    }

    #[test]
    fn filter_learns_the_velocity_from_irregular_times() {
        let mut filter = BoxFilter::new(person_at(0.2));
        let mut now_s = 0.0;
        for dt_s in [0.2, 0.2, 0.4, 0.1, 0.2, 0.6, 0.2, 0.2] {
            now_s += dt_s;
            filter.predict(dt_s);
            filter.correct(person_at(0.2 + 0.25 * now_s));
        }
        let (vx, vy) = filter.velocity();
        assert!((vx - 0.25).abs() < 0.02, "{vx}");
        assert!(vy.abs() < 0.01, "{vy}");
        filter.predict(1.0);
        let expected = 0.2 + 0.25 * (now_s + 1.0);
        assert!((filter.shape().cx - expected).abs() < 0.03);
    }

    #[test]
    fn doubt_grows_while_nothing_is_seen_and_shrinks_when_seen() {
        let mut filter = BoxFilter::new(person_at(0.5));
        filter.predict(0.2);
        let soon = filter.surprise(person_at(0.8));
        filter.predict(1.0);
        let late = filter.surprise(person_at(0.8));
        assert!(late < soon, "{late} {soon}");
        filter.correct(person_at(0.5));
        assert!(filter.surprise(person_at(0.8)) > late);
    }

    #[test]
    fn resting_filter_stays_and_ignores_jitter() {
        let mut filter = BoxFilter::new(person_at(0.5));
        for step in 0..200_u8 {
            filter.rest(0.2);
            let jitter = if step % 2 == 0 { 0.015 } else { -0.015 };
            filter.correct(person_at(0.5 + jitter));
        }
        assert!((filter.shape().cx - 0.5).abs() < 0.008);
        assert!(filter.velocity().0.abs() < f32::EPSILON);
    }

    #[test]
    fn box_survives_the_way_to_picture_heights_and_back() {
        let bbox = NormBox::from_xyxy(0.1, 0.2, 0.3, 0.8);
        let back = CxCyWh::from_norm(bbox, 16.0 / 9.0).to_norm(16.0 / 9.0);
        assert!(bbox.iou(back) > 0.999);
        let shape = CxCyWh::from_norm(bbox, 16.0 / 9.0);
        let other = NormBox::from_xyxy(0.2, 0.2, 0.4, 0.8);
        let other_shape = CxCyWh::from_norm(other, 16.0 / 9.0);
        assert!((shape.iou(other_shape) - bbox.iou(other)).abs() < 1e-5);
    }
}
