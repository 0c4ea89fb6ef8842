//! JPEG bytes to planes or RGB, within limits.
//!
//! In: one JPEG, from outside. Out: pixels in the caller's buffers, and
//! whether libjpeg complained.
//!
//! A [`Decoder`] keeps no picture, but libjpeg keeps the tables of the last
//! file. MJPEG cameras may leave tables out and rely on the standard ones, so
//! before such a file a decoder that has seen others is started anew.

use turbojpeg_sys as tj;

use crate::header::{self, Parsed};
use crate::raw::{Complaint, Instance, PlaneBuffer, Use};
use crate::{Error, Header, PixelRect, Plane, Planes, RgbImage, Scale, Subsampling, Unsupported};

/// Most memory that libjpeg may take for one picture. A progressive picture
/// is kept as coefficients, 3 bytes per pixel at 4:2:0.
const MAX_MEMORY_MIB: i32 = 128;

/// What a decoder accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most pixels (width x height) of a picture at full size.
    pub max_pixels: u64,
    /// Most scans of a progressive picture; encoders make about 10.
    pub max_scans: u32,
}

impl Default for Limits {
    /// 40 million pixels, 32 scans.
    fn default() -> Self {
        Limits {
            max_pixels: 40_000_000,
            max_scans: 32,
        }
    }
}

/// Whether libjpeg complained about a picture it nevertheless decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Damage {
    /// All is well.
    #[default]
    None,
    /// Every pixel is filled, but some may be wrong. A missing or padded end
    /// also lands here, with all pixels right.
    Some {
        /// libjpeg's first complaint.
        text: String,
    },
}

/// Decodes JPEGs one after the other.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    instance: Instance,
    /// Whether `instance` may hold tables of an earlier file.
    has_seen_tables: bool,
}

/// A picture whose header has been read and accepted.
#[derive(Debug)]
struct Opened<'a> {
    /// From the start marker on.
    jpeg: &'a [u8],
    header: Header,
    /// As libjpeg-turbo names it.
    subsampling: i32,
    width_px: u32,
    height_px: u32,
}

impl Decoder {
    /// Starts a decoder.
    ///
    /// # Errors
    /// [`Error::Start`] when memory is out.
    pub fn new(limits: Limits) -> Result<Self, Error> {
        Ok(Decoder {
            limits,
            instance: start(limits)?,
            has_seen_tables: false,
        })
    }

    /// Decodes to planes at `scale`, into buffers that are grown but never
    /// given back. After an error their content is undefined.
    ///
    /// # Errors
    /// No JPEG, one beyond the limits, of an unsupported kind, or broken
    /// beyond use.
    pub fn planes(
        &mut self,
        jpeg: &[u8],
        scale: Scale,
        planes: &mut Planes,
    ) -> Result<Damage, Error> {
        let opened = self.open(jpeg, scale)?;
        if self.instance.get(tj::TJPARAM_TJPARAM_COLORSPACE) == tj::TJCS_TJCS_RGB as i32 {
            return Err(Error::Unsupported(Unsupported::RgbColour));
        }
        let (width_px, height_px) = (opened.width_px, opened.height_px);
        let size = |idx| Instance::plane_size(idx, width_px, height_px, opened.subsampling);
        planes.width_px = width_px;
        planes.height_px = height_px;
        // libjpeg-turbo pads luma to whole chroma samples.
        planes.y.resize((width_px, height_px), size(0));
        let outcome = if opened.header.subsampling == Subsampling::Gray {
            planes.chroma = None;
            let mut buffers = [buffer(&mut planes.y)];
            self.instance
                .decode_planes(opened.jpeg, width_px, height_px, &mut buffers)
        } else {
            let (cb, cr) = planes.chroma.get_or_insert_default();
            for plane in [&mut *cb, &mut *cr] {
                plane.resize(size(1), size(1));
            }
            let mut buffers = [buffer(&mut planes.y), buffer(cb), buffer(cr)];
            self.instance
                .decode_planes(opened.jpeg, width_px, height_px, &mut buffers)
        };
        damage(outcome)
    }

    /// Decodes to packed RGB at `scale`: the whole picture, or an `area` in
    /// full-size pixels.
    ///
    /// The area grows to borders that can be decoded (8 to 32 pixels) and
    /// shrinks to the picture; the second value says which full-size pixels
    /// are really covered.
    ///
    /// # Errors
    /// As [`planes`](Self::planes), or the area has no pixel in the picture.
    pub fn rgb(
        &mut self,
        jpeg: &[u8],
        scale: Scale,
        area: Option<PixelRect>,
    ) -> Result<(RgbImage, PixelRect, Damage), Error> {
        let opened = self.open(jpeg, scale)?;
        let header = opened.header;
        let area = area.unwrap_or(PixelRect {
            x: 0,
            y: 0,
            width: header.width_px,
            height: header.height_px,
        });
        let (block_width_px, block_height_px) = block_size(opened.subsampling)?;
        let outside = Error::AreaOutside {
            area,
            width_px: header.width_px,
            height_px: header.height_px,
        };
        let across = cover(area.x, area.width, block_width_px, header.width_px, scale);
        let down = cover(
            area.y,
            area.height,
            block_height_px,
            header.height_px,
            scale,
        );
        let (Some(across), Some(down)) = (across, down) else {
            return Err(outside);
        };
        self.instance
            .set_area(Some([
                across.scaled_start,
                down.scaled_start,
                across.scaled_len,
                down.scaled_len,
            ]))
            .map_err(failure)?;
        let mut image = RgbImage::new(across.scaled_len, down.scaled_len);
        let outcome = self.instance.decode_rgb(
            opened.jpeg,
            image.width_px,
            image.height_px,
            &mut image.data,
        );
        let covered = PixelRect {
            x: across.start,
            y: down.start,
            width: across.len,
            height: down.len,
        };
        Ok((image, covered, damage(outcome)?))
    }

    /// Reads and checks the header and prepares the instance for it.
    fn open<'a>(&mut self, jpeg: &'a [u8], scale: Scale) -> Result<Opened<'a>, Error> {
        let parsed = header::parse(jpeg)?;
        let Parsed { header, start, .. } = parsed;
        let (full_width_px, full_height_px) = (header.width_px, header.height_px);
        if u64::from(full_width_px) * u64::from(full_height_px) > self.limits.max_pixels {
            return Err(Error::TooLarge {
                width_px: full_width_px,
                height_px: full_height_px,
                max_pixels: self.limits.max_pixels,
            });
        }
        self.forget_tables_unless(parsed.is_self_contained)?;
        let jpeg = &jpeg[start..];
        match self.instance.read_header(jpeg) {
            Err(complaint) if !complaint.is_warning => return Err(failure(complaint)),
            Ok(()) | Err(_) => {}
        }
        // Buffers are sized by what libjpeg read; it must agree with us.
        let read = (
            self.instance.get(tj::TJPARAM_TJPARAM_JPEGWIDTH),
            self.instance.get(tj::TJPARAM_TJPARAM_JPEGHEIGHT),
        );
        if read != (full_width_px as i32, full_height_px as i32) {
            return Err(Error::Decode {
                text: format!(
                    "libjpeg reads a picture of {}x{}, we read {full_width_px}x{full_height_px}",
                    read.0, read.1
                ),
            });
        }
        let subsampling = self.instance.get(tj::TJPARAM_TJPARAM_SUBSAMP);
        block_size(subsampling)?;
        // A change of scale drops an area that no longer fits, but an area
        // kept from the last picture would be refused or wrong: clear first.
        self.instance.set_area(None).map_err(failure)?;
        self.instance.set_divisor(scale.divisor());
        Ok(Opened {
            jpeg,
            header,
            subsampling,
            width_px: scale.scaled_px(full_width_px),
            height_px: scale.scaled_px(full_height_px),
        })
    }

    fn forget_tables_unless(&mut self, is_self_contained: bool) -> Result<(), Error> {
        if !is_self_contained && self.has_seen_tables {
            self.instance = start(self.limits)?;
        }
        self.has_seen_tables = true;
        Ok(())
    }
}

fn start(limits: Limits) -> Result<Instance, Error> {
    let mut instance = Instance::new(Use::Decompress)?;
    let max_scans = i32::try_from(limits.max_scans).unwrap_or(i32::MAX);
    let max_pixels = i32::try_from(limits.max_pixels).unwrap_or(i32::MAX);
    instance.set(tj::TJPARAM_TJPARAM_SCANLIMIT, max_scans);
    instance.set(tj::TJPARAM_TJPARAM_MAXPIXELS, max_pixels);
    instance.set(tj::TJPARAM_TJPARAM_MAXMEMORY, MAX_MEMORY_MIB);
    // Neither colour profiles nor comments are kept.
    instance.set(tj::TJPARAM_TJPARAM_SAVEMARKERS, 0);
    Ok(instance)
}

fn buffer(plane: &mut Plane) -> PlaneBuffer<'_> {
    PlaneBuffer {
        stride: plane.stride,
        data: &mut plane.data,
    }
}

fn damage(outcome: Result<(), Complaint>) -> Result<Damage, Error> {
    match outcome {
        Ok(()) => Ok(Damage::None),
        Err(Complaint { text, is_warning }) if is_warning => Ok(Damage::Some { text }),
        Err(complaint) => Err(failure(complaint)),
    }
}

fn failure(complaint: Complaint) -> Error {
    Error::Decode {
        text: complaint.text,
    }
}

/// Full-size pixels of one minimum coded unit: areas start at its borders.
fn block_size(subsampling: i32) -> Result<(u32, u32), Error> {
    match subsampling {
        tj::TJSAMP_TJSAMP_444 | tj::TJSAMP_TJSAMP_GRAY => Ok((8, 8)),
        tj::TJSAMP_TJSAMP_422 => Ok((16, 8)),
        tj::TJSAMP_TJSAMP_420 => Ok((16, 16)),
        tj::TJSAMP_TJSAMP_440 => Ok((8, 16)),
        tj::TJSAMP_TJSAMP_411 => Ok((32, 8)),
        tj::TJSAMP_TJSAMP_441 => Ok((8, 32)),
        _ => Err(Error::Unsupported(Unsupported::Subsampling)),
    }
}

/// One direction of an area that can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cover {
    /// First full-size pixel.
    start: u32,
    /// Full-size pixels.
    len: u32,
    scaled_start: u32,
    scaled_len: u32,
}

/// The smallest decodable stretch around `start..start + len`; `None` when
/// that has no pixel in `0..full_px`.
fn cover(start: u32, len: u32, block_px: u32, full_px: u32, scale: Scale) -> Option<Cover> {
    let end = start.saturating_add(len).min(full_px);
    if end <= start {
        return None;
    }
    let start = start - start % block_px;
    let scaled_start = start / scale.divisor();
    let scaled_end = scale.scaled_px(end);
    Some(Cover {
        start,
        len: (scaled_end * scale.divisor()).min(full_px) - start,
        scaled_start,
        scaled_len: scaled_end - scaled_start,
    })
}

#[cfg(test)]
mod tests;
