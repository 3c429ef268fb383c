//! Images of CIFAR-10, and the names of their classes.

use std::path::Path;

use perturb_experiments::data::images::cifar10::{parse, parse_classes};

use crate::input::Input;

/// The bytes of a record.
const RECORD: usize = 3073;

/// Files of the bytes as they are, or of records that begin with them; and names.
pub fn cifar10(bytes: &[u8]) {
    let file = Path::new("x.bin");
    let content = match bytes.split_first() {
        Some((&mark, rest)) if mark >= 128 => records(rest),
        _ => bytes.to_vec(),
    };
    match parse(file, &content) {
        Ok(images) => {
            assert!(!content.is_empty() && images.len() * RECORD == content.len());
            for (row, record) in content.chunks_exact(RECORD).enumerate() {
                assert_eq!(images.label(row), Some(record[0].into()));
                assert!(record[0] < 10 && images.pixels(row) == &record[1..]);
            }
            let (means, deviations) = images.channel_statistics();
            assert!(means.iter().chain(&deviations).all(|x| (0.0..=1.0).contains(x)));
        }
        Err(error) => assert!(error.to_string().starts_with("x.bin: expected "), "{error}"),
    }
    match parse_classes(file, bytes) {
        Ok(names) => assert!(names.len() == 10 && names.iter().all(|name| !name.trim().is_empty())),
        Err(error) => assert!(error.to_string().starts_with("x.bin"), "{error}"),
    }
}

/// Up to three records, mostly with a label that is one, and now and then a byte too many or too few.
fn records(bytes: &[u8]) -> Vec<u8> {
    let mut input = Input::new(bytes);
    let mut content = Vec::new();
    for _ in 0..input.size(0, 3) {
        let label = input.any::<u8>();
        content.push(if label < 240 { label % 10 } else { label });
        let pixels: [u8; 4] = [(); 4].map(|()| input.any());
        content.extend(pixels.iter().cycle().take(RECORD - 1));
    }
    match input.any::<u8>() {
        0..=15 => content.push(0),
        16..=31 => drop(content.pop()),
        _ => {}
    }
    content
}
