//! Pixels in memory: planes, packed RGB, rectangles and scales.

/// How much smaller the decoder makes the picture. Scaling happens inside the
/// inverse transform, so a smaller picture is also cheaper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scale {
    /// Every pixel.
    #[default]
    Full,
    /// Half the width and height, rounded up.
    Half,
    /// A quarter of the width and height, rounded up.
    Quarter,
    /// An eighth of the width and height, rounded up.
    Eighth,
}

impl Scale {
    /// By how much width and height are divided: 1, 2, 4 or 8.
    pub const fn divisor(self) -> u32 {
        match self {
            Scale::Full => 1,
            Scale::Half => 2,
            Scale::Quarter => 4,
            Scale::Eighth => 8,
        }
    }

    /// What a full-size length becomes at this scale, pixels.
    pub const fn scaled_px(self, full_px: u32) -> u32 {
        full_px.div_ceil(self.divisor())
    }
}

/// A rectangle in pixels of one named image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PixelRect {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Pixels to the right of the left edge.
    pub width: u32,
    /// Pixels below the top edge.
    pub height: u32,
}

/// One component of a picture, 8 bits each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plane {
    /// Samples in a row.
    pub width_px: u32,
    /// Rows.
    pub height_px: u32,
    /// Bytes from one row to the next, at least `width_px`.
    pub stride: usize,
    /// At least `stride * height_px` bytes.
    pub data: Vec<u8>,
}

impl Plane {
    /// The samples of row `y`, counted from the top.
    ///
    /// # Panics
    /// When `y` is not below `height_px`.
    pub fn row(&self, y: u32) -> &[u8] {
        let start = y as usize * self.stride;
        &self.data[start..start + self.width_px as usize]
    }

    /// Gives the plane a size and room for `stride` x `n_rows` samples; keeps
    /// its memory.
    pub(crate) fn resize(&mut self, size_px: (u32, u32), room: (u32, u32)) {
        (self.width_px, self.height_px) = size_px;
        self.stride = room.0 as usize;
        self.data.resize(self.stride * room.1 as usize, 0);
    }
}

/// A picture as luma and chroma planes, full range (JFIF), BT.601.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planes {
    /// Width of the (scaled) picture.
    pub width_px: u32,
    /// Height of the (scaled) picture.
    pub height_px: u32,
    /// Luma, `width_px` x `height_px`.
    pub y: Plane,
    /// Cb and Cr in the JPEG's own subsampling; `None` for a gray JPEG.
    pub chroma: Option<(Plane, Plane)>,
}

/// Packed RGB, one byte per component, row by row from the top, no padding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RgbImage {
    /// Pixels in a row.
    pub width_px: u32,
    /// Rows.
    pub height_px: u32,
    /// `3 * width_px * height_px` bytes.
    pub data: Vec<u8>,
}

impl RgbImage {
    /// A black picture.
    pub fn new(width_px: u32, height_px: u32) -> Self {
        RgbImage {
            width_px,
            height_px,
            data: vec![0; 3 * width_px as usize * height_px as usize],
        }
    }

    /// Red, green and blue of one pixel.
    ///
    /// # Panics
    /// When the pixel lies outside the picture.
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        assert!(x < self.width_px && y < self.height_px, "pixel in picture");
        let start = 3 * (y as usize * self.width_px as usize + x as usize);
        [self.data[start], self.data[start + 1], self.data[start + 2]]
    }
}
