//! What became of a call.
#![allow(unsafe_code, reason = "a name for C's linker")]

use core::ffi::{CStr, c_char};

use perturb_core::Error;

/// What became of a call. Values are stable; new ones may be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// Done.
    Ok = 0,
    /// A pointer is NULL, or not aligned to what it points to.
    Pointer = 1,
    /// epsilon or the rate is not finite and greater than 0.
    NotPositive = 2,
    /// An entry of theta, target, x or of a model file is NaN or infinite.
    NotFinite = 3,
    /// Sizes do not fit: the scores of layer and model, or bytes that are too few or too many.
    Length = 4,
    /// A size, k, an enumerator, or a field of a model file is out of its range.
    OutOfRange = 5,
    /// A model file is none, or of another oracle or noise than the layer.
    Differs = 6,
    /// A model file is damaged.
    Checksum = 7,
    /// More scores or cells than this library was built for.
    Capacity = 8,
    /// A result left the range of float: the inputs are too large.
    Overflow = 9,
    /// A target is no mean of decisions, by more than rounding.
    Outside = 10,
    /// Refused for a reason that this list does not name; not expected of these layers.
    Other = 11,
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::NotPositive { .. } => Self::NotPositive,
            Error::NotFinite { .. } => Self::NotFinite,
            Error::Length { .. } => Self::Length,
            Error::OutOfRange { .. } => Self::OutOfRange,
            Error::Differs { .. } => Self::Differs,
            Error::Checksum { .. } => Self::Checksum,
            Error::Capacity { .. } => Self::Capacity,
            Error::Overflow { .. } => Self::Overflow,
            Error::OutsideHull { .. } => Self::Outside,
            _ => Self::Other,
        }
    }
}

impl From<Result<(), Status>> for Status {
    fn from(result: Result<(), Status>) -> Self {
        result.err().unwrap_or(Self::Ok)
    }
}

const TEXTS: [&CStr; 12] = [
    c"done",
    c"a pointer is NULL or not aligned",
    c"epsilon or rate is not finite and greater than 0",
    c"an entry is NaN or infinite",
    c"sizes do not fit each other",
    c"a size, k, an enumerator or a field of a model file is out of its range",
    c"not a model file, or one of another oracle or noise",
    c"the model file is damaged: its checksum fails",
    c"more scores or cells than this library was built for",
    c"a result left the range of float: the inputs are too large",
    c"the target is no mean of decisions",
    c"refused",
];

/// A status as English text, for logs.
///
/// Never NULL, for numbers that are no status either; the text is constant and must not be freed.
#[unsafe(no_mangle)]
pub extern "C" fn perturb_status_text(status: u32) -> *const c_char {
    TEXTS.get(status as usize).copied().unwrap_or(c"unknown status").as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_text() {
        assert_eq!(Status::Other as usize + 1, TEXTS.len());
        assert_eq!(perturb_status_text(Status::Checksum as u32), TEXTS[7].as_ptr());
        assert_eq!(perturb_status_text(99), c"unknown status".as_ptr());
    }
}
