//! XML written and read, as small as the protocols of cameras need.
//!
//! In: names and texts, or bytes from outside. Out: well-formed XML, or a
//! tree of bounded size with its namespaces resolved.
//!
//! Not here: what the elements mean.

mod reader;
mod writer;

pub use self::reader::{Element, Limits, Name, ReadError, read};
pub use self::writer::{XmlWriter, write_document};
