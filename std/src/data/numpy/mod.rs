//! NumPy's `.npy` arrays, and, with feature `npz`, `.npz` archives of them.
//!
//! Numbers of every real type (booleans, integers, f16, f32, f64; either byte order), versions 1 to 3, in row-major
//! order; widened to f64, in which every one but the largest 64-bit integers is exact.

#[cfg(feature = "npz")]
mod archive;

use std::path::Path;

use super::{DataError, text};

#[cfg(feature = "npz")]
pub use archive::{parse_archive, read_archive};

/// An array of numbers, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// The length of each axis.
    pub shape: Vec<usize>,
    /// The values, as many as the product of `shape`.
    pub values: Vec<f64>,
}

/// Reads a `.npy` file.
///
/// A file that is cut off, of another format, of another type of numbers or in column-major order is refused with
/// what was expected and found.
pub fn read(file: impl AsRef<Path>) -> Result<Array, DataError> {
    let file = file.as_ref();
    parse(file, &text::read(file)?)
}

/// Reads an array from the bytes of a `.npy` file. Errors name `file`.
///
/// ```
/// use perturb::data::numpy;
/// let mut bytes = b"\x93NUMPY\x01\x00\x37\x00".to_vec();
/// bytes.extend(b"{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}\x07\x09");
/// assert_eq!(numpy::parse("two.npy".as_ref(), &bytes)?.values, [7.0, 9.0]);
/// # Ok::<(), perturb::data::DataError>(())
/// ```
pub fn parse(file: &Path, bytes: &[u8]) -> Result<Array, DataError> {
    array(bytes).map_err(|(expected, found)| DataError::binary(file, expected, found))
}

/// An expectation, and what was found instead.
type Fault = (String, String);

fn array(bytes: &[u8]) -> Result<Array, Fault> {
    let (header, data) = split(bytes)?;
    let (size, number) = decoder(kind(header)?)?;
    let shape = shape(header, size, data)?;
    Ok(Array { shape, values: data.chunks_exact(size).map(number).collect() })
}

/// Shape and entries of an array of bytes (`|u1`, `|b1`), without a copy; `file` serves for messages.
pub fn bytes<'a>(file: &Path, content: &'a [u8]) -> Result<(Vec<usize>, &'a [u8]), DataError> {
    let array = || {
        let (header, data) = split(content)?;
        match kind(header)? {
            "|u1" | "|b1" => Ok((shape(header, 1, data)?, data)),
            other => Err(("bytes (|u1)".into(), text::quote(other))),
        }
    };
    array().map_err(|(expected, found)| DataError::binary(file, expected, found))
}

/// The types of numbers.
fn kind(header: &str) -> Result<&str, Fault> {
    Ok(field(header, "descr")?.trim_matches(['\'', '"']))
}

/// The length of each axis, of numbers of `size` bytes that are all of `data`, row by row.
fn shape(header: &str, size: usize, data: &[u8]) -> Result<Vec<usize>, Fault> {
    match field(header, "fortran_order")? {
        "False" => {}
        found => return Err(("row-major order (fortran_order False)".into(), found.into())),
    }
    let axes = field(header, "shape")?;
    let lengths = axes.trim_matches(['(', ')']).split(',').map(str::trim).filter(|length| !length.is_empty());
    let shape = lengths
        .map(|length| length.parse().map_err(|_| ("a shape such as (3, 4)".to_owned(), text::quote(axes))))
        .collect::<Result<Vec<usize>, Fault>>()?;
    let count = shape.iter().try_fold(size, |bytes, &length| bytes.checked_mul(length));
    if count != Some(data.len()) {
        let found = format!("{} bytes of numbers", data.len());
        return Err((format!("{size} bytes for each entry of an array of shape {axes}"), found));
    }
    Ok(shape)
}

/// The header's text and the numbers' bytes.
fn split(bytes: &[u8]) -> Result<(&str, &[u8]), Fault> {
    let start = bytes.get(..bytes.len().min(8)).unwrap_or(bytes);
    let wrong = || {
        (
            "a NumPy array (.npy, version 1 to 3)".to_owned(),
            format!("{} bytes that begin {start:02X?}", bytes.len()),
        )
    };
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or_else(wrong)?;
    let (length, rest) = match *rest {
        [1, _, a, b, ref rest @ ..] => (usize::from(u16::from_le_bytes([a, b])), rest),
        [2 | 3, _, a, b, c, d, ref rest @ ..] => (u32::from_le_bytes([a, b, c, d]) as usize, rest),
        _ => return Err(wrong()),
    };
    let (header, data) = rest
        .split_at_checked(length)
        .ok_or_else(|| (format!("a header of {length} bytes"), format!("{} bytes", rest.len())))?;
    let header =
        std::str::from_utf8(header).map_err(|error| ("a header in text".to_owned(), error.to_string()))?;
    Ok((header, data))
}

/// The value of `'name': value` in the header's dictionary, as text.
fn field<'a>(header: &'a str, name: &str) -> Result<&'a str, Fault> {
    let missing = || (format!("a header with {name}"), text::quote(header));
    let (_, after) = header.split_once(&format!("'{name}'")).ok_or_else(missing)?;
    let value = after.trim_start().strip_prefix(':').ok_or_else(missing)?.trim_start();
    let end =
        if value.starts_with('(') { value.find(')').map(|end| end + 1) } else { value.find([',', '}']) };
    Ok(end.and_then(|end| value.get(..end)).ok_or_else(missing)?.trim_end())
}

/// The size of a number in bytes and how to read it.
type Decoder = (usize, fn(&[u8]) -> f64);

macro_rules! numbers {
    ($kind:expr, $($name:literal => $type:ty),*) => {
        match $kind {
            $(
                concat!("<", $name) => (size_of::<$type>(), |bytes| {
                    bytes.try_into().map_or(f64::NAN, |bytes| <$type>::from_le_bytes(bytes) as f64)
                }),
                concat!(">", $name) => (size_of::<$type>(), |bytes| {
                    bytes.try_into().map_or(f64::NAN, |bytes| <$type>::from_be_bytes(bytes) as f64)
                }),
            )*
            "|u1" | "|b1" => (1, |bytes| bytes.first().map_or(f64::NAN, |&byte| f64::from(byte))),
            "|i1" => (1, |bytes| bytes.first().map_or(f64::NAN, |&byte| f64::from(byte.cast_signed()))),
            "<f2" => (2, |bytes| bytes.try_into().map_or(f64::NAN, |bytes| half(u16::from_le_bytes(bytes)))),
            ">f2" => (2, |bytes| bytes.try_into().map_or(f64::NAN, |bytes| half(u16::from_be_bytes(bytes)))),
            _ => return Err(("real numbers (such as <f4, <f8, |u1)".into(), text::quote($kind))),
        }
    };
}

#[allow(clippy::cast_lossless, reason = "one macro for the types that widen and for 64-bit integers")]
fn decoder(kind: &str) -> Result<Decoder, Fault> {
    Ok(numbers!(
        kind, "f4" => f32, "f8" => f64, "i2" => i16, "i4" => i32, "i8" => i64, "u2" => u16, "u4" => u32, "u8" => u64
    ))
}

/// An IEEE number of 16 bits: sign, five bits of exponent, ten of fraction.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let fraction = f64::from(bits & 0x3FF);
    let magnitude = match bits >> 10 & 0x1F {
        0 => fraction * libm::exp2(-24.0),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1024.0 + fraction) * libm::exp2(f64::from(exponent) - 25.0),
    };
    sign * magnitude
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn header(kind: &str, shape: &str) -> String {
        format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}   \n")
    }

    #[test]
    fn every_type_is_read() {
        let check = |kind: &str, data: &[u8], want: &[f64]| {
            let found = array(&npy(&header(kind, &format!("({},)", want.len())), data)).unwrap();
            assert_eq!((found.shape, found.values), (vec![want.len()], want.to_vec()), "{kind}");
        };
        check("<f8", &[1.5f64.to_le_bytes(), (-2.0f64).to_le_bytes()].concat(), &[1.5, -2.0]);
        check(">f4", &0.1f32.to_be_bytes(), &[f64::from(0.1f32)]);
        check("<i8", &(-7i64).to_le_bytes(), &[-7.0]);
        check(">u2", &[1, 2], &[258.0]);
        check("|u1", &[0, 255], &[0.0, 255.0]);
        check("|i1", &[255], &[-1.0]);
        check("|b1", &[1, 0], &[1.0, 0.0]);
        // 1, −2, 65504, 2⁻²⁴, 0.8 and 5.3 rounded to 11 bits, as NumPy writes them.
        let halves = [0x3C00u16, 0xC000, 0x7BFF, 0x0001, 0x3A66, 0x454D];
        let bytes: Vec<u8> = halves.iter().flat_map(|half| half.to_le_bytes()).collect();
        check("<f2", &bytes, &[1.0, -2.0, 65504.0, libm::exp2(-24.0), 0.799_804_687_5, 5.300_781_25]);
        assert!(half(0x7E00).is_nan() && half(0xFC00) == f64::NEG_INFINITY);
    }

    #[test]
    fn bytes_are_read_as_they_are() {
        let file = Path::new("b.npy");
        let whole = npy(&header("|u1", "(2, 2)"), &[9, 8, 7, 6]);
        assert_eq!(bytes(file, &whole).unwrap(), (vec![2, 2], &[9, 8, 7, 6][..]));
        let refused = bytes(file, &npy(&header("<f4", "(1,)"), &[0; 4])).unwrap_err().to_string();
        assert_eq!(refused, "b.npy: expected bytes (|u1), found `<f4`");
        assert!(bytes(file, &whole[..whole.len() - 1]).is_err());
    }

    #[test]
    fn shapes_are_read() {
        let matrix = array(&npy(&header("|u1", "(2, 3)"), &[1, 2, 3, 4, 5, 6])).unwrap();
        assert_eq!((matrix.shape, matrix.values.len()), (vec![2, 3], 6));
        let scalar = array(&npy(&header("|u1", "()"), &[9])).unwrap();
        assert_eq!((scalar.shape, scalar.values), (vec![], vec![9.0]));
        let empty = array(&npy(&header("<f8", "(0, 4)"), &[])).unwrap();
        assert_eq!((empty.shape, empty.values), (vec![0, 4], vec![]));
    }

    #[test]
    fn damage_is_named() {
        let refused = |bytes: &[u8], expected: &str, found: &str| {
            let (what, seen) = array(bytes).unwrap_err();
            assert!(what.contains(expected) && seen.contains(found), "{what} | {seen}");
        };
        let whole = npy(&header("<f4", "(2,)"), &[0; 8]);
        for length in 0..whole.len() {
            assert!(array(&whole[..length]).is_err(), "{length} bytes pass");
        }
        refused(&whole[..whole.len() - 1], "4 bytes for each entry of an array of shape (2,)", "7 bytes");
        refused(b"PK\x03\x04", "NumPy", "[50, 4B, 03, 04]");
        refused(&npy(&header("<c8", "(1,)"), &[0; 8]), "real numbers", "`<c8`");
        refused(&npy(&header("|O", "(1,)"), &[0; 8]), "real numbers", "`|O`");
        refused(&npy(&header("|u1", "(99999999999999999999,)"), &[]), "shape", "`(99999999999999999999,)`");
        refused(
            &npy(&header("<f8", "(4294967296, 4294967296, 4294967296)"), &[]),
            "8 bytes for each",
            "0 bytes",
        );
        let columns = header("|u1", "(1,)").replace("False", "True");
        refused(&npy(&columns, &[1]), "fortran_order False", "True");
        refused(&npy("{}", &[]), "a header with descr", "`{}`");
    }
}
