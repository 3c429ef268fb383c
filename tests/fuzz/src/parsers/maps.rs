//! Maps with costs and paths, out of three arrays.

use std::path::Path;

use perturb_experiments::data::maps::warcraft::parse_instance;

use crate::input::Input;

/// Three arrays of sizes that mostly fit each other.
pub fn maps(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let count = input.size(0, 2);
    let ([height, width], [rows, columns]) =
        ([input.size(0, 3), input.size(0, 3)], [input.size(0, 3), input.size(0, 3)]);
    let mut array = |shape: &[usize], kind: &str, size: usize, most: u8| {
        let mut shape = shape.to_vec();
        match input.any::<u8>() {
            0..=7 => shape.push(1),
            8..=15 => drop(shape.pop()),
            16..=23 => shape.reverse(),
            _ => {}
        }
        // One map may stand without its axis.
        if shape.first() == Some(&1) && input.any::<bool>() {
            shape.remove(0);
        }
        let lengths: Vec<String> = shape.iter().map(ToString::to_string).collect();
        let kind = if input.any::<u8>() < 8 { "<f8" } else { kind };
        let header =
            format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({},), }}", lengths.join(", "));
        let mut array = b"\x93NUMPY\x01\x00".to_vec();
        array.extend((header.len() as u16).to_le_bytes());
        array.extend(header.as_bytes());
        let wild = input.any::<u8>() > 200;
        let entries = size * shape.iter().product::<usize>() + usize::from(input.any::<u8>() > 250);
        array.extend((0..entries).map(|_| if wild { input.any::<u8>() } else { input.any::<u8>() % most }));
        array
    };
    let map = array(&[count, height, width, 3], "|u1", 1, 255);
    let costs = array(&[count, rows, columns], "<f2", 2, 64);
    let path = array(&[count, rows, columns], "|u1", 1, 2);
    let files = ["map.npy", "costs.npy", "path.npy"].map(Path::new);
    match parse_instance(files, [&map, &costs, &path]) {
        Ok(maps) => {
            assert!(!maps.is_empty() && maps.shape()[0] == 3);
            for row in 0..maps.len() {
                assert_eq!(maps.pixels(row).len(), maps.shape().iter().product::<usize>());
                assert_eq!(maps.costs(row).len(), maps.grid().iter().product::<usize>());
                assert!(maps.costs(row).iter().all(|cost| *cost >= 0.0 && cost.is_finite()));
                assert!(
                    maps.path(row).len() == maps.costs(row).len() && maps.path(row).iter().all(|&y| y < 2)
                );
            }
        }
        Err(error) => {
            let message = error.to_string();
            assert!(
                files.iter().any(|file| message.starts_with(&format!("{}: expected ", file.display()))),
                "{message}"
            );
        }
    }
}
