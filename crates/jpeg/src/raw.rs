//! The calls into libjpeg-turbo, each wrapped so that the rest of the crate is
//! safe code.
//!
//! An instance belongs to one owner and is used through `&mut`. Every call
//! that writes pixels checks here that the buffers hold what libjpeg-turbo is
//! going to write, by asking the library itself for the sizes.
//!
//! Not here: limits, scales and areas worth asking for (`decoder`).

use std::ffi::{CStr, c_int, c_void};
use std::ptr::{self, NonNull};

use turbojpeg_sys as tj;

use crate::Error;

/// A libjpeg-turbo instance.
#[derive(Debug)]
pub(crate) struct Instance(NonNull<c_void>);

/// What one instance is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Use {
    Compress,
    Decompress,
}

/// A call did not end well. `is_warning`: pixels are all there.
#[derive(Debug)]
pub(crate) struct Complaint {
    pub(crate) text: String,
    pub(crate) is_warning: bool,
}

/// One plane for libjpeg-turbo to fill.
#[derive(Debug)]
pub(crate) struct PlaneBuffer<'a> {
    pub(crate) stride: usize,
    pub(crate) data: &'a mut [u8],
}

// SAFETY: an instance holds no reference to the thread that made it; its
// errors lie in the instance, the library's only globals are thread-local.
unsafe impl Send for Instance {}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: the handle came from `tj3Init` and is not used afterwards.
        unsafe { tj::tj3Destroy(self.0.as_ptr()) }
    }
}

impl Instance {
    pub(crate) fn new(purpose: Use) -> Result<Self, Error> {
        let init = match purpose {
            Use::Compress => tj::TJINIT_TJINIT_COMPRESS,
            Use::Decompress => tj::TJINIT_TJINIT_DECOMPRESS,
        };
        // SAFETY: no preconditions.
        let handle = unsafe { tj::tj3Init(init as c_int) };
        NonNull::new(handle)
            .map(Instance)
            .ok_or_else(|| Error::Start {
                // SAFETY: a null handle asks for this thread's last message.
                text: unsafe { message(ptr::null_mut()) },
            })
    }

    /// Sets one `TJPARAM`. Values come from this crate, so failure is a bug.
    pub(crate) fn set(&mut self, param: tj::TJPARAM, value: c_int) {
        // SAFETY: the handle is valid.
        let rc = unsafe { tj::tj3Set(self.0.as_ptr(), param as c_int, value) };
        assert!(rc == 0, "libjpeg-turbo refused parameter {param} = {value}");
    }

    /// Reads one `TJPARAM`; -1 when unknown.
    pub(crate) fn get(&self, param: tj::TJPARAM) -> c_int {
        // SAFETY: the handle is valid and reading a parameter changes nothing.
        unsafe { tj::tj3Get(self.0.as_ptr(), param as c_int) }
    }

    /// Reads the header; afterwards [`get`](Self::get) knows the picture.
    pub(crate) fn read_header(&mut self, jpeg: &[u8]) -> Result<(), Complaint> {
        // SAFETY: the handle is valid; pointer and length are one slice, and
        // the library keeps neither for longer than it uses the data.
        let rc = unsafe {
            tj::tj3DecompressHeader(self.0.as_ptr(), jpeg.as_ptr(), jpeg.len() as tj::size_t)
        };
        self.outcome(rc)
    }

    /// Sets the scale for all decoding that follows.
    pub(crate) fn set_divisor(&mut self, divisor: u32) {
        let factor = tj::tjscalingfactor {
            num: 1,
            denom: divisor as c_int,
        };
        // SAFETY: the handle is valid.
        let rc = unsafe { tj::tj3SetScalingFactor(self.0.as_ptr(), factor) };
        assert!(rc == 0, "libjpeg-turbo refused scale 1/{divisor}");
    }

    /// Sets the area for all RGB decoding that follows, in scaled pixels;
    /// `None` is the whole picture.
    pub(crate) fn set_area(&mut self, area: Option<[u32; 4]>) -> Result<(), Complaint> {
        let [x, y, w, h] = area.unwrap_or_default().map(|length| length as c_int);
        let region = tj::tjregion { x, y, w, h };
        // SAFETY: the handle is valid; the library checks the region.
        let rc = unsafe { tj::tj3SetCroppingRegion(self.0.as_ptr(), region) };
        self.outcome(rc)
    }

    /// Samples in a row and rows that libjpeg-turbo writes for component `idx`.
    pub(crate) fn plane_size(
        idx: u32,
        width_px: u32,
        height_px: u32,
        subsampling: c_int,
    ) -> (u32, u32) {
        let idx = idx as c_int;
        // SAFETY: arithmetic on the arguments only.
        let (width, height) = unsafe {
            (
                tj::tj3YUVPlaneWidth(idx, width_px as c_int, subsampling),
                tj::tj3YUVPlaneHeight(idx, height_px as c_int, subsampling),
            )
        };
        (width.unsigned_abs(), height.unsigned_abs())
    }

    /// Decodes to planes: one for a gray JPEG, else three.
    ///
    /// `width_px`, `height_px`: the scaled picture, as the header read before
    /// and the scale set before give it.
    pub(crate) fn decode_planes(
        &mut self,
        jpeg: &[u8],
        width_px: u32,
        height_px: u32,
        planes: &mut [PlaneBuffer<'_>],
    ) -> Result<(), Complaint> {
        let subsampling = self.get(tj::TJPARAM_TJPARAM_SUBSAMP);
        let n_planes = if subsampling == tj::TJSAMP_TJSAMP_GRAY as c_int {
            1
        } else {
            3
        };
        assert!(planes.len() == n_planes, "one buffer per component");
        let mut pointers = [ptr::null_mut(); 3];
        let mut strides = [0_i32; 3];
        for (idx, plane) in planes.iter_mut().enumerate() {
            let (width, height) = Self::plane_size(idx as u32, width_px, height_px, subsampling);
            let fits = plane.stride >= width as usize
                && plane.data.len() >= plane.stride * height as usize;
            assert!(fits, "buffer {idx} holds {width}x{height}");
            pointers[idx] = plane.data.as_mut_ptr();
            strides[idx] = plane.stride as c_int;
        }
        // SAFETY: the handle is valid. The library reads the same header from
        // the same bytes as in `read_header`, so it writes planes of exactly
        // the sizes checked above (by its own functions), with these strides.
        // Null pointers are passed only for planes that a gray JPEG lacks.
        let rc = unsafe {
            tj::tj3DecompressToYUVPlanes8(
                self.0.as_ptr(),
                jpeg.as_ptr(),
                jpeg.len() as tj::size_t,
                pointers.as_mut_ptr(),
                strides.as_mut_ptr(),
            )
        };
        self.outcome(rc)
    }

    /// Decodes to packed RGB: the area set before, or the whole picture.
    ///
    /// `width_px`, `height_px`: of that area, scaled.
    pub(crate) fn decode_rgb(
        &mut self,
        jpeg: &[u8],
        width_px: u32,
        height_px: u32,
        data: &mut [u8],
    ) -> Result<(), Complaint> {
        let row_bytes = 3 * width_px as usize;
        assert!(
            data.len() == row_bytes * height_px as usize,
            "buffer holds {width_px}x{height_px}"
        );
        // SAFETY: the handle is valid. The library reads the same header from
        // the same bytes as in `read_header` and writes the area set before,
        // whose size the caller passes and which the assert above covers.
        let rc = unsafe {
            tj::tj3Decompress8(
                self.0.as_ptr(),
                jpeg.as_ptr(),
                jpeg.len() as tj::size_t,
                data.as_mut_ptr(),
                row_bytes as c_int,
                tj::TJPF_TJPF_RGB as c_int,
            )
        };
        self.outcome(rc)
    }

    /// Encodes packed pixels of `format` (a `TJPF`), `pixel_bytes` each.
    pub(crate) fn encode(
        &mut self,
        pixels: &[u8],
        width_px: u32,
        height_px: u32,
        format: tj::TJPF,
        pixel_bytes: usize,
    ) -> Result<Vec<u8>, Complaint> {
        let row_bytes = pixel_bytes * width_px as usize;
        assert!(
            pixels.len() == row_bytes * height_px as usize,
            "pixels are {width_px}x{height_px}"
        );
        let mut buffer: *mut u8 = ptr::null_mut();
        let mut len_bytes: tj::size_t = 0;
        // SAFETY: the handle is valid, the pixels are as many as the assert
        // above says; a null buffer makes the library allocate.
        let rc = unsafe {
            tj::tj3Compress8(
                self.0.as_ptr(),
                pixels.as_ptr(),
                width_px as c_int,
                row_bytes as c_int,
                height_px as c_int,
                format as c_int,
                &raw mut buffer,
                &raw mut len_bytes,
            )
        };
        let outcome = self.outcome(rc).map(|()| {
            // SAFETY: on success the buffer holds `len_bytes` written bytes.
            unsafe { std::slice::from_raw_parts(buffer, len_bytes as usize) }.to_vec()
        });
        // SAFETY: null or allocated by the library, and not used afterwards.
        unsafe { tj::tj3Free(buffer.cast()) };
        outcome
    }

    fn outcome(&self, rc: c_int) -> Result<(), Complaint> {
        if rc == 0 {
            return Ok(());
        }
        // SAFETY: the handle is valid, the message belongs to it.
        let text = unsafe { message(self.0.as_ptr()) };
        // SAFETY: the handle is valid.
        let code = unsafe { tj::tj3GetErrorCode(self.0.as_ptr()) };
        // The code stays "warning" when a warning is followed by a failure,
        // but the message is then the failure's.
        let is_warning = code == tj::TJERR_TJERR_WARNING as c_int && is_warning_text(&text);
        Err(Complaint { text, is_warning })
    }
}

/// How libjpeg's warnings begin (`JWRN_` in jerror.h of libjpeg-turbo 3.1).
const WARNINGS: [&str; 7] = [
    "Corrupt JPEG data",
    "Inconsistent progression sequence",
    "Invalid SOS parameters for sequential JPEG",
    "Premature end of JPEG file",
    "Unknown Adobe color transform code",
    "Warning: ",
    "Application transferred too many scanlines",
];

fn is_warning_text(text: &str) -> bool {
    WARNINGS.iter().any(|warning| text.starts_with(warning))
}

/// The last message of an instance (of this thread, when null).
///
/// # Safety
/// `handle` is null or a valid instance.
unsafe fn message(handle: *mut c_void) -> String {
    // SAFETY: per this function's contract.
    let text = unsafe { tj::tj3GetErrorStr(handle) };
    if text.is_null() {
        return String::from("no reason given");
    }
    // SAFETY: the library returns a terminated string that lives until the
    // next call with this instance on this thread; it is copied at once.
    unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}
