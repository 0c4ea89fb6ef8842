//! What i-PRO cameras send besides pictures, for software that was made for
//! them.
//!
//! In: what was found in a picture, and the picture; alarms. Out: the picture
//! with AI-VMD's block in its comment; documents of their event stream.
//!
//! Sources: i-PRO's pages "Programing-Items"
//! (`Python/connect_camera/connect_to_wv-xae200w.html`) and examples
//! (`python-examples`, `parse_jpeg.py`), both public.
//!
//! Not here: HTTP around it, which camera (`relay`).

mod block;
mod comment;
mod event;

pub use self::block::{Alarm, AlarmKind, Block, FoundBox, Heading, ObjectKind};
pub use self::comment::{strip, with_block};
pub use self::event::{AlarmEvent, event_document};
