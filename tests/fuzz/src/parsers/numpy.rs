//! NumPy's arrays and archives.

use std::io::{Cursor, Write as _};
use std::path::Path;

use perturb::data::numpy::{Array, parse, parse_archive};
use perturb_experiments::knapsack::Days;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::input::Input;

fn check(array: &Array, bytes: usize) {
    let entries = array.shape.iter().try_fold(1usize, |entries, &length| entries.checked_mul(length));
    assert_eq!(entries, Some(array.values.len()), "{:?}", array.shape);
    assert!(array.values.len() <= bytes, "more numbers than bytes");
}

/// Arrays: refused, or as many numbers as the shape says.
pub fn npy(bytes: &[u8]) {
    match parse(Path::new("x.npy"), bytes) {
        Ok(array) => check(&array, bytes.len()),
        Err(error) => assert!(error.to_string().starts_with("x.npy: expected "), "{error}"),
    }
}

/// Archives, and what the knapsack experiment makes of them: from the bytes as they are, and from arrays out of them.
pub fn npz(bytes: &[u8]) {
    match bytes.split_first() {
        Some((&mark, rest)) if mark != b'P' => read(&archive(rest)),
        _ => read(bytes),
    }
}

fn read(bytes: &[u8]) {
    let file = Path::new("x.npz");
    match parse_archive(file, bytes, ["weights"]) {
        // Compressed a thousandfold at most.
        Ok([array]) => check(&array, 2048 * bytes.len()),
        Err(error) => assert!(error.to_string().starts_with("x.npz: expected "), "{error}"),
    }
    match Days::parse(file, bytes) {
        Ok(days) => {
            assert!(days.features > 0 && !days.weights.is_empty());
            for day in days.train.iter().chain(&days.test) {
                assert_eq!(day.prices.len(), days.weights.len());
                assert_eq!(day.x.len(), days.features * days.weights.len());
                assert!(day.x.iter().chain(&day.prices).all(|x| x.is_finite()));
            }
        }
        Err(error) => assert!(error.to_string().starts_with("x.npz: expected "), "{error}"),
    }
}

/// An archive of the five arrays of the energy prices, of sizes that mostly fit each other.
fn archive(bytes: &[u8]) -> Vec<u8> {
    let mut input = Input::new(bytes);
    let (items, columns, days) = (input.size(0, 3), input.size(0, 3), [input.size(0, 2), input.size(0, 2)]);
    let rows = days.map(|days| days * items);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, shape) in [
        ("X_1gtrain", vec![rows[0], columns]),
        ("y_train", vec![rows[0]]),
        ("X_1gtest", vec![rows[1], columns]),
        ("y_test", vec![rows[1]]),
        ("weights", vec![items]),
    ] {
        let slip = usize::from(input.any::<u8>() > 250);
        let entries = shape.iter().product::<usize>();
        let wild = input.any::<u8>() > 224;
        let numbers = (0..entries + slip).flat_map(|_| {
            let number = if wild { input.wild::<f64>() } else { f64::from(input.any::<u8>() % 16) };
            number.to_le_bytes()
        });
        let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({},), }}", {
            let lengths: Vec<String> = shape.iter().map(ToString::to_string).collect();
            lengths.join(", ")
        });
        let mut array = b"\x93NUMPY\x01\x00".to_vec();
        array.extend((header.len() as u16).to_le_bytes());
        array.extend(header.as_bytes());
        array.extend(numbers);
        let written = archive.start_file(format!("{name}.npy"), stored).map(|()| archive.write_all(&array));
        assert!(matches!(written, Ok(Ok(()))), "memory takes an archive");
    }
    archive.finish().expect("memory takes an archive").into_inner()
}
