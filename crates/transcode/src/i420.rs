//! Planes of any sampling to I420 with the limited range that H.264 decoders
//! expect.
//!
//! JPEG's samples use all of 0..=255; video uses 16..=235 for luma and 16..=240
//! for chroma (ITU-R BT.601). Many players ignore a stream's flag for the full
//! range, so the samples are converted.

use jpeg::{Plane, Planes};

/// A picture of even width and height: luma, then Cb and Cr at half width and
/// height, without padding.
#[derive(Clone, Debug, Default)]
pub(crate) struct I420 {
    pub(crate) width_px: usize,
    pub(crate) height_px: usize,
    pub(crate) y: Vec<u8>,
    pub(crate) cb: Vec<u8>,
    pub(crate) cr: Vec<u8>,
}

/// Middle of chroma: no colour.
const NO_COLOUR: u8 = 128;

impl I420 {
    /// Takes over a picture; an odd last column or row is left out.
    pub(crate) fn fill(&mut self, planes: &Planes) {
        self.width_px = planes.width_px as usize & !1;
        self.height_px = planes.height_px as usize & !1;
        self.y.clear();
        for row in 0..self.height_px {
            let row = &planes.y.row(u32::try_from(row).expect("rows of a picture"));
            let limited = row[..self.width_px]
                .iter()
                .map(|&sample| LUMA[usize::from(sample)]);
            self.y.extend(limited);
        }
        let (width, height) = (self.width_px / 2, self.height_px / 2);
        for (plane_idx, target) in [&mut self.cb, &mut self.cr].into_iter().enumerate() {
            target.clear();
            match &planes.chroma {
                None => target.resize(width * height, NO_COLOUR),
                Some((cb, cr)) => fill_chroma([cb, cr][plane_idx], width, height, target),
            }
        }
    }
}

fn fill_chroma(plane: &Plane, width: usize, height: usize, target: &mut Vec<u8>) {
    let (plane_width, plane_height) = (plane.width_px as usize, plane.height_px as usize);
    let row_at = |row: usize| plane.row(u32::try_from(row).expect("rows of a picture"));
    for row in 0..height {
        let rows = covered(row, height, plane_height);
        let (first, second) = (row_at(rows.0), row_at(rows.1));
        if width == plane_width || width + 1 == plane_width {
            let pairs = first.iter().zip(second).take(width);
            target.extend(pairs.map(|(a, b)| CHROMA[usize::from(mean(*a, *b))]));
            continue;
        }
        for column in 0..width {
            let (left, right) = covered(column, width, plane_width);
            let above = mean(first[left], first[right]);
            let below = mean(second[left], second[right]);
            target.push(CHROMA[usize::from(mean(above, below))]);
        }
    }
}

/// First and last sample of `plane_len` that sample `at` of `len` covers.
fn covered(at: usize, len: usize, plane_len: usize) -> (usize, usize) {
    // An odd sample at the end belongs to no pair.
    let plane_len = if plane_len == len + 1 { len } else { plane_len };
    let first = (at * plane_len / len).min(plane_len - 1);
    let last = ((at + 1) * plane_len / len).saturating_sub(1);
    (first, last.clamp(first, plane_len - 1))
}

fn mean(a: u8, b: u8) -> u8 {
    u8::midpoint(a, b)
}

const LUMA: [u8; 256] = table(16, 219, 0);
const CHROMA: [u8; 256] = table(128, 224, 128);

/// `(sample - zero) * span / 255 + offset`, rounded.
const fn table(offset: i32, span: i32, zero: i32) -> [u8; 256] {
    let mut values = [0; 256];
    let mut sample = 0;
    while sample < 256 {
        let scaled = (sample - zero) * span;
        let rounded = if scaled < 0 {
            scaled - 127
        } else {
            scaled + 127
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within 16..=240 by construction"
        )]
        let value = (rounded / 255 + offset) as u8;
        #[expect(clippy::cast_sign_loss, reason = "counts from 0")]
        let idx = sample as usize;
        values[idx] = value;
        sample += 1;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(width_px: u32, height_px: u32, sample: impl Fn(u32, u32) -> u8) -> Plane {
        let stride = width_px as usize + 3;
        let mut data = vec![0; stride * height_px as usize];
        for y in 0..height_px {
            for x in 0..width_px {
                data[y as usize * stride + x as usize] = sample(x, y);
            }
        }
        Plane {
            width_px,
            height_px,
            stride,
            data,
        }
    }

    #[test]
    fn full_range_becomes_the_range_of_video() {
        assert_eq!((LUMA[0], LUMA[255]), (16, 235));
        assert_eq!((CHROMA[0], CHROMA[128], CHROMA[255]), (16, 128, 240));
    }

    #[test]
    fn every_sampling_becomes_half_width_and_height() {
        // Chroma that rises to the right: left and right halves differ.
        for (width, height) in [(4, 4), (8, 4), (8, 8), (4, 8), (2, 8), (8, 2)] {
            let chroma = plane(width, height, |x, _| if 2 * x < width { 0 } else { 255 });
            let planes = Planes {
                width_px: 8,
                height_px: 8,
                y: plane(8, 8, |_, _| 255),
                chroma: Some((chroma.clone(), chroma)),
            };
            let mut picture = I420::default();
            picture.fill(&planes);
            assert_eq!(picture.y, [235; 64]);
            assert_eq!(picture.cb, [16, 16, 240, 240].repeat(4), "{width}x{height}");
            assert_eq!(picture.cr, picture.cb);
        }
    }

    #[test]
    fn odd_sizes_and_gray_pictures_are_taken() {
        let chroma = plane(5, 4, |_, _| 128);
        let planes = Planes {
            width_px: 9,
            height_px: 7,
            y: plane(9, 7, |_, _| 0),
            chroma: Some((chroma.clone(), chroma)),
        };
        let mut picture = I420::default();
        picture.fill(&planes);
        assert_eq!((picture.width_px, picture.height_px), (8, 6));
        assert_eq!(picture.cb, [128; 12]);
        picture.fill(&Planes {
            chroma: None,
            ..planes
        });
        assert_eq!(picture.cr, [128; 12]);
    }
}
