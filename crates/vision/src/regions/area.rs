//! Where a closer look lies and how fine it is.
//!
//! In: boxes that need a look, the picture's size, the network's input size.
//! Out: an area inside the picture whose pixels, at the chosen scale, fill the
//! network's input one to one.

use jpeg::Scale;
use types::NormBox;

use super::RegionConfig;

/// Least height of an object in the network's input that the detector is
/// expected to find, pixels.
pub(super) const MIN_OBJECT_PX: f32 = 24.0;

/// Part of a region that what it is made for may fill; the rest is context.
const MAX_FILL: f32 = 0.9;

/// The picture and the network, in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) full_width_px: f32,
    pub(super) full_height_px: f32,
    pub(super) input_width_px: f32,
    pub(super) input_height_px: f32,
    /// Network input pixels per picture pixel in a whole look.
    pub(super) whole_scale: f32,
}

impl Sizes {
    pub(super) fn new(full_px: (u32, u32), planes_scale: Scale, config: &RegionConfig) -> Self {
        let (full_width_px, full_height_px) = (full_px.0.max(1) as f32, full_px.1.max(1) as f32);
        let (input_width_px, input_height_px) =
            (config.input_width_px as f32, config.input_height_px as f32);
        let letterbox = (input_width_px / full_width_px).min(input_height_px / full_height_px);
        Sizes {
            full_width_px,
            full_height_px,
            input_width_px,
            input_height_px,
            whole_scale: letterbox.min(1.0 / planes_scale.divisor() as f32),
        }
    }

    /// Height of an object with this box, full-size pixels. A wide box (a car
    /// from the side, a walker's trail) counts by half its width.
    pub(super) fn object_px(&self, bbox: NormBox) -> f32 {
        (bbox.height() * self.full_height_px).max(bbox.width() * self.full_width_px / 2.0)
    }

    /// Whether a whole look would probably miss an object with this box.
    pub(super) fn is_small(&self, bbox: NormBox) -> bool {
        self.object_px(bbox) * self.whole_scale < MIN_OBJECT_PX
    }

    /// The coarsest scale at which an object with this box is found.
    pub(super) fn scale_for(&self, bbox: NormBox) -> Scale {
        if self.object_px(bbox) / 2.0 >= MIN_OBJECT_PX {
            Scale::Half
        } else {
            Scale::Full
        }
    }

    /// Width and height of a region at `scale`, parts of the picture, <= 1.
    pub(super) fn region_size(&self, scale: Scale) -> (f32, f32) {
        let divisor = scale.divisor() as f32;
        (
            (self.input_width_px * divisor / self.full_width_px).min(1.0),
            (self.input_height_px * divisor / self.full_height_px).min(1.0),
        )
    }

    /// Whether all of `bbox` fits into one region at `scale`.
    pub(super) fn fits(&self, bbox: NormBox, scale: Scale) -> bool {
        let (width, height) = self.region_size(scale);
        let fills = |part: f32, whole: f32| part <= MAX_FILL * whole || whole >= 1.0;
        fills(bbox.width(), width) && fills(bbox.height(), height)
    }

    /// The region around `bbox`, shifted into the picture. A box too large
    /// for a region gets one of its own size: still finer than a whole look.
    pub(super) fn region(&self, bbox: NormBox, scale: Scale) -> NormBox {
        let (width, height) = self.region_size(scale);
        let (x1, x2) = stretch(bbox.x1(), bbox.x2(), width);
        let (y1, y2) = stretch(bbox.y1(), bbox.y2(), height);
        NormBox::from_xyxy(x1, y1, x2, y2)
    }
}

/// `from..to` widened about its middle to at least `len`, inside 0..=1.
fn stretch(from: f32, to: f32, len: f32) -> (f32, f32) {
    let len = len.max(to - from).min(1.0);
    let start = (f32::midpoint(from, to) - len / 2.0).clamp(0.0, 1.0 - len);
    (start, start + len)
}

/// Whether `inner` lies in `outer`, but for rounding.
pub(super) fn is_inside(inner: NormBox, outer: NormBox) -> bool {
    const ROUNDING: f32 = 1e-4;
    inner.x1() >= outer.x1() - ROUNDING
        && inner.y1() >= outer.y1() - ROUNDING
        && inner.x2() <= outer.x2() + ROUNDING
        && inner.y2() <= outer.y2() + ROUNDING
}

/// Scale of the sweep's tiles: half, unless one such tile is everything.
pub(super) fn tile_scale(sizes: &Sizes) -> Scale {
    match sizes.region_size(Scale::Half) {
        (width, height) if width >= 1.0 && height >= 1.0 => Scale::Full,
        _ => Scale::Half,
    }
}

/// Tile `idx` (modulo their number) of those that cover the picture for the
/// sweep: few, overlapping by at least a tenth of their side.
pub(super) fn tile(sizes: &Sizes, idx: usize) -> NormBox {
    let (width, height) = sizes.region_size(tile_scale(sizes));
    let (n_columns, n_rows) = (n_tiles(width), n_tiles(height));
    let idx = idx % (n_columns * n_rows);
    let start = |position: usize, n: usize, len: f32| {
        if n == 1 {
            (1.0 - len) / 2.0
        } else {
            (1.0 - len) * position as f32 / (n - 1) as f32
        }
    };
    let x1 = start(idx % n_columns, n_columns, width);
    let y1 = start(idx / n_columns, n_rows, height);
    NormBox::from_xyxy(x1, y1, x1 + width, y1 + height)
}

/// How many tiles [`tile`] has.
pub(super) fn n_tiles_of(sizes: &Sizes) -> usize {
    let (width, height) = sizes.region_size(tile_scale(sizes));
    n_tiles(width) * n_tiles(height)
}

/// Fewest tiles of length `len` that cover 0..=1 with overlap. At most 64, so
/// that a tiny network input on a huge picture stays bounded.
fn n_tiles(len: f32) -> usize {
    const OVERLAP: f32 = 0.1;
    const MAX_TILES: usize = 64;
    (1..MAX_TILES)
        .find(|&n| len * (1.0 + (n - 1) as f32 * (1.0 - OVERLAP)) >= 1.0)
        .unwrap_or(MAX_TILES)
}
