//! NumPy's archives.

use std::io::{Cursor, Read};
use std::path::Path;

use super::{Array, array};
use crate::data::{DataError, text};

/// Reads the arrays called `names` from a `.npz` archive, in that order.
pub fn read_archive<const N: usize>(
    file: impl AsRef<Path>,
    names: [&str; N],
) -> Result<[Array; N], DataError> {
    let file = file.as_ref();
    parse_archive(file, &text::read(file)?, names)
}

/// Reads the arrays called `names` from the bytes of a `.npz` archive, in that order. Errors name `file`.
pub fn parse_archive<const N: usize>(
    file: &Path,
    bytes: &[u8],
    names: [&str; N],
) -> Result<[Array; N], DataError> {
    let fault = |expected: String, found: String| DataError::binary(file, expected, found);
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))
        .map_err(|error| fault("a .npz archive".into(), error.to_string()))?;
    let mut arrays = Vec::with_capacity(N);
    for name in names {
        let mut bytes = Vec::new();
        archive
            .by_name(&format!("{name}.npy"))
            .map_err(|error| error.to_string())
            .and_then(|mut entry| entry.read_to_end(&mut bytes).map_err(|error| error.to_string()))
            .map_err(|error| fault(format!("the array {name}"), error))?;
        let array = array(&bytes)
            .map_err(|(expected, found)| fault(format!("{expected} in the array {name}"), found))?;
        arrays.push(array);
    }
    arrays.try_into().map_err(|_| fault(format!("{N} arrays"), "another number".into()))
}
