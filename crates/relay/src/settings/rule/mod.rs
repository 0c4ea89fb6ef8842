//! One rule of AI-VMD: as typed (`document`), and checked (`resolve`).
//!
//! In: a rule's document; fields that its kind does not use are ignored. Out:
//! a checked [`programs::vmd::Rule`], or what cannot be used, by field.

mod document;
mod resolve;

pub use self::document::{
    ClassChoice, ClassesDocument, RuleDocument, SizeDocument, SizeReferenceDocument,
};
pub(super) use self::resolve::{Places, resolve_rule};
