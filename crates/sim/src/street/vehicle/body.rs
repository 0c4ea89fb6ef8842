//! Side views of the vehicles on the street, drawn by eye.
//!
//! In: nothing. Out: outlines, windows, wheels, in metres.
//!
//! Not here: drawing them (`vehicle`).

use types::Class;

use Strip::{Glass, Nose, Sheet, Tail};

/// A side view, metres; `x` from the middle to the front, `z` up.
#[derive(Debug)]
pub(super) struct Body {
    /// From the lower front over the roof to the lower rear.
    pub(super) outline: &'static [(f32, f32)],
    /// Which part of the outline, counted from the front, is what.
    pub(super) strips: &'static [Strip],
    /// Side windows, each from its lower front corner upwards and back.
    pub(super) windows: &'static [[(f32, f32); 4]],
    /// Door joints: `x`, lower and upper `z`.
    pub(super) joints: &'static [(f32, f32, f32)],
    pub(super) wheels: &'static [f32],
    pub(super) wheel_radius: f32,
    pub(super) width: f32,
    /// Height above which the sides lean in, and by how much at the roof.
    pub(super) belt: f32,
    pub(super) lean: f32,
    pub(super) lamp_height: f32,
    pub(super) class: Class,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Strip {
    Nose,
    Sheet,
    Glass,
    Tail,
}

/// One kind of vehicle.
pub(super) const SALOON: Body = Body {
    outline: &[
        (2.28, 0.22),
        (2.32, 0.66),
        (2.05, 0.80),
        (1.02, 0.96),
        (0.28, 1.40),
        (-0.15, 1.46),
        (-0.95, 1.42),
        (-1.62, 1.05),
        (-2.22, 1.00),
        (-2.30, 0.62),
        (-2.26, 0.26),
    ],
    strips: &[
        Nose, Sheet, Sheet, Glass, Sheet, Sheet, Glass, Sheet, Tail, Tail,
    ],
    windows: &[
        [(0.82, 0.98), (0.22, 1.35), (-0.22, 1.38), (-0.22, 0.99)],
        [(-0.30, 0.99), (-0.30, 1.38), (-0.90, 1.35), (-1.32, 1.04)],
    ],
    joints: &[(0.86, 0.35, 0.95), (-0.26, 0.30, 0.97), (-1.20, 0.55, 0.97)],
    wheels: &[1.42, -1.36],
    wheel_radius: 0.32,
    width: 1.80,
    belt: 0.92,
    lean: 0.20,
    lamp_height: 0.68,
    class: Class::Car,
};

/// One kind of vehicle.
pub(super) const HATCHBACK: Body = Body {
    outline: &[
        (1.98, 0.22),
        (2.02, 0.70),
        (1.78, 0.86),
        (0.98, 1.00),
        (0.30, 1.45),
        (-0.30, 1.52),
        (-1.40, 1.46),
        (-1.88, 0.98),
        (-2.00, 0.60),
        (-1.96, 0.26),
    ],
    strips: &[Nose, Sheet, Sheet, Glass, Sheet, Sheet, Glass, Tail, Tail],
    windows: &[
        [(0.80, 1.00), (0.26, 1.40), (-0.20, 1.44), (-0.20, 1.02)],
        [(-0.28, 1.02), (-0.28, 1.44), (-1.22, 1.40), (-1.46, 1.08)],
    ],
    joints: &[(0.84, 0.35, 0.98), (-0.24, 0.30, 1.0), (-1.12, 0.55, 1.0)],
    wheels: &[1.26, -1.24],
    wheel_radius: 0.31,
    width: 1.74,
    belt: 0.95,
    lean: 0.18,
    lamp_height: 0.74,
    class: Class::Car,
};

/// One kind of vehicle.
pub(super) const OFFROADER: Body = Body {
    outline: &[
        (2.22, 0.30),
        (2.28, 0.88),
        (2.05, 1.04),
        (1.02, 1.14),
        (0.42, 1.62),
        (-0.2, 1.70),
        (-1.85, 1.64),
        (-2.20, 1.10),
        (-2.28, 0.72),
        (-2.22, 0.34),
    ],
    strips: &[Nose, Sheet, Sheet, Glass, Sheet, Sheet, Glass, Tail, Tail],
    windows: &[
        [(0.86, 1.16), (0.38, 1.56), (-0.22, 1.60), (-0.22, 1.18)],
        [(-0.30, 1.18), (-0.30, 1.60), (-1.10, 1.58), (-1.10, 1.18)],
        [(-1.18, 1.18), (-1.18, 1.57), (-1.72, 1.54), (-1.92, 1.20)],
    ],
    joints: &[(0.90, 0.45, 1.14), (-0.26, 0.40, 1.16), (-1.14, 0.60, 1.16)],
    wheels: &[1.40, -1.36],
    wheel_radius: 0.37,
    width: 1.90,
    belt: 1.10,
    lean: 0.15,
    lamp_height: 0.90,
    class: Class::Car,
};

/// One kind of vehicle.
pub(super) const VAN: Body = Body {
    outline: &[
        (2.55, 0.28),
        (2.60, 0.92),
        (2.25, 1.14),
        (1.82, 1.28),
        (1.12, 2.02),
        (0.8, 2.16),
        (-2.56, 2.18),
        (-2.62, 1.30),
        (-2.60, 0.34),
    ],
    strips: &[Nose, Sheet, Sheet, Glass, Sheet, Sheet, Tail, Tail],
    windows: &[[(1.72, 1.30), (1.18, 1.88), (0.70, 1.90), (0.70, 1.30)]],
    joints: &[(0.62, 0.40, 2.02), (-0.75, 0.45, 2.02), (1.75, 0.45, 1.25)],
    wheels: &[1.70, -1.62],
    wheel_radius: 0.36,
    width: 1.98,
    belt: 1.25,
    lean: 0.10,
    lamp_height: 0.92,
    class: Class::Car,
};

/// One kind of vehicle.
pub(super) const BUS: Body = Body {
    outline: &[
        (5.70, 0.32),
        (5.78, 1.10),
        (5.70, 2.72),
        (5.52, 3.06),
        (-5.60, 3.08),
        (-5.74, 2.60),
        (-5.76, 1.45),
        (-5.72, 0.36),
    ],
    strips: &[Nose, Glass, Sheet, Sheet, Sheet, Glass, Tail],
    windows: &[
        [(5.45, 0.62), (5.40, 2.60), (4.45, 2.60), (4.45, 0.62)],
        [(4.25, 1.30), (4.25, 2.60), (2.85, 2.60), (2.85, 1.30)],
        [(2.75, 1.30), (2.75, 2.60), (1.35, 2.60), (1.35, 1.30)],
        [(1.15, 0.62), (1.15, 2.60), (-0.05, 2.60), (-0.05, 0.62)],
        [(-0.25, 1.30), (-0.25, 2.60), (-1.65, 2.60), (-1.65, 1.30)],
        [(-1.75, 1.30), (-1.75, 2.60), (-3.15, 2.60), (-3.15, 1.30)],
        [(-3.25, 1.30), (-3.25, 2.60), (-5.35, 2.60), (-5.35, 1.30)],
    ],
    joints: &[(4.92, 0.62, 2.60), (0.55, 0.62, 2.60)],
    wheels: &[3.55, -3.05],
    wheel_radius: 0.48,
    width: 2.52,
    belt: 2.7,
    lean: 0.08,
    lamp_height: 0.75,
    class: Class::Bus,
};

/// One kind of vehicle.
pub(super) const LORRY: Body = Body {
    outline: &[
        (3.55, 0.42),
        (3.62, 1.30),
        (3.50, 2.42),
        (3.20, 2.62),
        (1.90, 2.66),
        (1.85, 0.62),
    ],
    strips: &[Nose, Glass, Sheet, Sheet, Sheet],
    windows: &[[(3.36, 1.42), (3.28, 2.28), (2.42, 2.30), (2.42, 1.42)]],
    joints: &[(2.34, 0.70, 2.40), (3.44, 0.75, 1.40)],
    wheels: &[2.75, -1.55, -2.55],
    wheel_radius: 0.46,
    width: 2.34,
    belt: 1.5,
    lean: 0.08,
    lamp_height: 0.82,
    class: Class::Truck,
};
