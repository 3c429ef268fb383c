//! NumPy's `.npy` arrays, and, with feature `npz`, `.npz` archives of them.
//!
//! Numbers of every real type (booleans, integers, f16, f32, f64; either byte order), versions 1 to 3, row by row or column by
//! column (Fortran's order); widened to f64, in which every one but the largest 64-bit integers is exact. [`write()`] writes f64.

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
/// A file that is cut off, of another format or of another type of numbers is refused with what was expected and found.
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
    let (size, number) = decoder(&kind(header)?)?;
    let shape = shape(header, size, data)?;
    let values: Vec<f64> = data.chunks_exact(size).map(number).collect();
    let values = if by_columns(header)? { by_rows(&shape, &values) } else { values };
    Ok(Array { shape, values })
}

/// Shape and entries of an array of bytes (`|u1`, `|b1`), without a copy; `file` serves for messages.
pub fn bytes<'a>(file: &Path, content: &'a [u8]) -> Result<(Vec<usize>, &'a [u8]), DataError> {
    let array = || {
        let (header, data) = split(content)?;
        let kind = kind(header)?;
        if !matches!(kind.as_str(), "|u1" | "|b1") {
            return Err(("bytes (|u1)".into(), text::quote(&kind)));
        }
        let shape = shape(header, 1, data)?;
        if by_columns(header)? && shape.len() > 1 {
            return Err(("row-major order (fortran_order False)".into(), "True".into()));
        }
        Ok((shape, data))
    };
    array().map_err(|(expected, found)| DataError::binary(file, expected, found))
}

/// Writes an array of f64 as a `.npy` file (version 1, little-endian), whole or not at all.
///
/// ```
/// use perturb::data::numpy::{self, Array};
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("theta.npy");
/// let theta = Array { shape: vec![2, 3], values: vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6] };
/// numpy::write(&file, &theta)?;
/// assert_eq!(numpy::read(&file)?, theta);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "files")]
pub fn write(file: impl AsRef<Path>, array: &Array) -> Result<(), DataError> {
    let file = file.as_ref();
    let bytes = to_bytes(array)?;
    crate::atomic::write(file, &bytes).map_err(|source| DataError::Write { file: file.to_owned(), source })
}

/// The bytes of a `.npy` file with an array of f64.
///
/// An error refuses a shape whose product is not the number of values.
pub fn to_bytes(array: &Array) -> Result<Vec<u8>, DataError> {
    let count = array.shape.iter().try_fold(1usize, |count, &length| count.checked_mul(length));
    if count != Some(array.values.len()) {
        let expected = format!("a value for each entry of an array of shape {:?}", array.shape);
        return Err(DataError::parameter("values", expected, array.values.len()));
    }
    let lengths = array.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    // A tuple of one has a comma.
    let lengths = if array.shape.len() == 1 { lengths + "," } else { lengths };
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({lengths}), }}");
    // The numbers begin at a multiple of 64 bytes, behind a line break.
    let length = (10 + header.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    let Ok(short) = u16::try_from(length) else {
        return Err(DataError::parameter("shape", "at most some thousand axes", array.shape.len()));
    };
    bytes.extend(short.to_le_bytes());
    bytes.extend(format!("{header:<width$}\n", width = length - 1).bytes());
    bytes.extend(array.values.iter().flat_map(|value| value.to_le_bytes()));
    Ok(bytes)
}

/// The type of numbers. `=` is the byte order of the machine that wrote the file, as a rule little-endian; a byte has none.
fn kind(header: &str) -> Result<String, Fault> {
    let kind = field(header, "descr")?.trim_matches(['\'', '"']);
    Ok(match kind.split_at_checked(1) {
        Some(("<" | ">" | "=", one @ ("u1" | "i1" | "b1"))) => format!("|{one}"),
        Some(("=", rest)) => format!("<{rest}"),
        _ => kind.to_owned(),
    })
}

/// Whether the numbers stand column by column.
fn by_columns(header: &str) -> Result<bool, Fault> {
    match field(header, "fortran_order")? {
        "False" => Ok(false),
        "True" => Ok(true),
        found => Err(("fortran_order True or False".into(), text::quote(found))),
    }
}

/// The values of an array, which stand column by column, row by row.
fn by_rows(shape: &[usize], values: &[f64]) -> Vec<f64> {
    // The first axis varies fastest in `values`, the last in the result.
    let mut strides = Vec::with_capacity(shape.len());
    let mut stride = 1;
    for &length in shape {
        strides.push(stride);
        stride *= length;
    }
    let mut place = vec![0; shape.len()];
    let mut at = 0;
    let mut rows = Vec::with_capacity(values.len());
    for _ in values {
        rows.extend(values.get(at));
        for ((place, &length), &stride) in place.iter_mut().zip(shape).zip(&strides).rev() {
            *place += 1;
            at += stride;
            if *place < length {
                break;
            }
            at -= stride * length;
            *place = 0;
        }
    }
    rows
}

/// The length of each axis, of numbers of `size` bytes that are all of `data`.
fn shape(header: &str, size: usize, data: &[u8]) -> Result<Vec<usize>, Fault> {
    let axes = field(header, "shape")?;
    let lengths = axes.trim_matches(['(', ')']).split(',').map(str::trim).filter(|length| !length.is_empty());
    // Python 2 wrote long integers with an L.
    let length = |length: &str| length.strip_suffix('L').unwrap_or(length).parse();
    let shape = lengths
        .map(|axis| length(axis).map_err(|_| ("a shape such as (3, 4)".to_owned(), text::quote(axes))))
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

    /// Arrays as np.asfortranarray, Python 2 and other writers store them.
    #[test]
    fn other_writers_are_understood() {
        let columns = |shape: &str| header("<u1", shape).replace("False", "True");
        // np.arange(6).reshape(2, 3) and np.arange(24).reshape(2, 3, 4), column by column.
        let found = array(&npy(&columns("(2L, 3L)"), &[0, 3, 1, 4, 2, 5])).unwrap();
        assert_eq!((found.shape, found.values), (vec![2, 3], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]));
        let stored: Vec<u8> = (0..24).map(|i| i % 2 * 12 + i / 2 % 3 * 4 + i / 6).collect();
        let found = array(&npy(&columns("(2, 3, 4)"), &stored)).unwrap();
        assert!(found.values.iter().copied().eq((0..24).map(f64::from)));
        assert!(array(&npy(&columns("(0, 4)"), &[])).unwrap().values.is_empty());
        assert_eq!(array(&npy(&header("=f8", "()"), &0.5f64.to_le_bytes())).unwrap().values, [0.5]);
        let file = Path::new("b.npy");
        assert_eq!(bytes(file, &npy(&columns("(2,)"), &[7, 8])).unwrap().1, [7, 8]);
        let refused = bytes(file, &npy(&columns("(1, 2)"), &[7, 8])).unwrap_err().to_string();
        assert!(refused.contains("row-major order"), "{refused}");
    }

    #[test]
    fn arrays_are_written_as_numpy_reads_them() {
        for shape in [vec![], vec![3], vec![2, 3], vec![0, 2], vec![1; 32]] {
            let count = shape.iter().product::<usize>();
            let whole = Array { shape, values: (0..count).map(|i| i as f64 / 3.0 - 1.0).collect() };
            let bytes = to_bytes(&whole).unwrap();
            assert_eq!(array(&bytes).unwrap(), whole);
            assert_eq!((bytes.len() - 8 * count) % 64, 0);
        }
        // numpy.save of np.array([1.5, -2.0]), version 2.4.
        let bytes = to_bytes(&Array { shape: vec![2], values: vec![1.5, -2.0] }).unwrap();
        let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }";
        let want = [b"\x93NUMPY\x01\x00\x76\x00", format!("{header:<117}\n").as_bytes()].concat();
        assert_eq!(bytes, [want, 1.5f64.to_le_bytes().to_vec(), (-2.0f64).to_le_bytes().to_vec()].concat());
        let wrong = to_bytes(&Array { shape: vec![2, 2], values: vec![0.0; 3] }).unwrap_err().to_string();
        assert_eq!(wrong, "values: expected a value for each entry of an array of shape [2, 2], found 3");
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
        let columns = header("|u1", "(1,)").replace("False", "Perhaps");
        refused(&npy(&columns, &[1]), "fortran_order True or False", "`Perhaps`");
        refused(&npy("{}", &[]), "a header with descr", "`{}`");
    }
}
