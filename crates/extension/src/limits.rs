//! What a program may use up on one camera.
//!
//! All limits count work, bytes or items, never time of a clock: a program
//! that is stopped on one machine is stopped at the same scene on another.
//!
//! Not here: what happens to a program that passes a limit (`program`).

use std::fmt;

use wasmtime::ResourceLimiter;

/// Limits of one program on one camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Instructions for one scene or tick. Bulk memory operations count one
    /// for each byte.
    pub max_instructions: u64,
    /// Instructions for the start and for the end.
    pub max_start_instructions: u64,
    /// Bytes handed to the relay in one call, all texts and lists together.
    pub max_output_bytes: usize,
    /// Steps of events in one call.
    pub max_events_per_call: usize,
    /// Steps of events in any 10 seconds of the scenes' time.
    pub max_events_per_10_s: u32,
    /// Counts in one call.
    pub max_counts_per_call: usize,
    /// Events that may be open at the same time.
    pub max_open_events: usize,
}

impl Default for Limits {
    /// A hundred times what the example needs for 50 people; see
    /// `docs/extensions.md`.
    fn default() -> Self {
        Limits {
            max_instructions: 4_000_000,
            max_start_instructions: 40_000_000,
            max_output_bytes: 256 << 10,
            max_events_per_call: 64,
            max_events_per_10_s: 200,
            max_counts_per_call: 64,
            max_open_events: 256,
        }
    }
}

/// Calls of the relay's own functions in one call of the program.
pub(crate) const MAX_HOST_CALLS: u32 = 1_000;
/// Elements of one table of a program.
const MAX_TABLE_ELEMENTS: usize = 20_000;
/// What one element takes: a pointer.
const TABLE_ELEMENT_BYTES: usize = 8;

/// Counts the memory of one program while it runs.
#[derive(Debug)]
pub(crate) struct MemoryMeter {
    /// All memories of the program together, bytes.
    pub(crate) used_bytes: usize,
    pub(crate) max_bytes: usize,
}

/// The program asked for more memory than it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfMemory {
    pub(crate) asked_bytes: usize,
    pub(crate) max_bytes: usize,
}

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "asked for {} bytes of memory, the limit is {}",
            self.asked_bytes, self.max_bytes
        )
    }
}

impl std::error::Error for OutOfMemory {}

impl ResourceLimiter for MemoryMeter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let asked_bytes = self
            .used_bytes
            .saturating_add(desired.saturating_sub(current));
        if asked_bytes > self.max_bytes {
            return Err(OutOfMemory {
                asked_bytes,
                max_bytes: self.max_bytes,
            }
            .into());
        }
        self.used_bytes = asked_bytes;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > MAX_TABLE_ELEMENTS {
            return Err(OutOfMemory {
                asked_bytes: desired.saturating_mul(TABLE_ELEMENT_BYTES),
                max_bytes: MAX_TABLE_ELEMENTS * TABLE_ELEMENT_BYTES,
            }
            .into());
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        32
    }

    fn tables(&self) -> usize {
        8
    }

    fn memories(&self) -> usize {
        4
    }
}
