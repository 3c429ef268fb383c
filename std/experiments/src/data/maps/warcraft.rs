//! The Warcraft maps of Vlastelica et al. 2020, *Differentiation of blackbox combinatorial solvers*.
//!
//! The set for grids of 12 × 12 cells (<https://doi.org/10.17617/3.YJCQ5S>) is nine NumPy files: `train_maps.npy` (10,000 maps of
//! 96 × 96 pixels × red, green, blue), `train_vertex_weights.npy` (the costs of cells as numbers of 16 bits) and
//! `train_shortest_paths.npy` (1 in the cells of the cheapest path from the first cell to the last, with eight neighbours and
//! both ends counted); the same with `val` and `test`, 1,000 each. Costs are 0.8 for grass, 1.2 for earth, 5.3 for forest, 7.7
//! for water and 9.2 for rock.

use std::path::Path;

use md5::{Digest, Md5};
use perturb::data::{DataError, numpy, text};

use super::{Maps, Split};

const SOURCE: &str = "of the Warcraft maps for 12 × 12 cells (https://doi.org/10.17617/3.YJCQ5S)";

/// Stems of the files of each set, and MD5 sums as published.
const FILES: [(&str, [&str; 3]); 3] = [
    (
        "train",
        [
            "c31760c5fbd9d034b6e21a6612895e69",
            "761cc8098730504335efdefec3b221a6",
            "1483015985796f3bf9f3e5e00cb8e855",
        ],
    ),
    (
        "val",
        [
            "cfe9288a537d46be48c0c287885f8405",
            "452753f9d8b31ac03bbd532953974072",
            "95e81a2a3263d6520fa5f07a8701c74a",
        ],
    ),
    (
        "test",
        [
            "a5c50ae11e4bd01cb1a2cd76e5849b22",
            "071dbcf2aa9d98fc255abdcb780151b1",
            "deae60b10d932e2a37271df4b44e295d",
        ],
    ),
];

/// The contents of a set's files, in the order of the sums.
const PARTS: [&str; 3] = ["maps", "vertex_weights", "shortest_paths"];

/// Reads the nine files of a folder.
///
/// A file that is not there, or whose MD5 sum is not the published one, is refused with where the set is to be had: before
/// any is read, or before its numbers are used. In memory are the pixels, 360 MB, and once more those of one set.
pub fn read_folder(folder: impl AsRef<Path>) -> Result<Split, DataError> {
    read(folder.as_ref(), FILES)
}

fn read(folder: &Path, files: [(&str, [&str; 3]); 3]) -> Result<Split, DataError> {
    let path = |set: &str, part: &str| folder.join(format!("{set}_{part}.npy"));
    for file in files.iter().flat_map(|(set, _)| PARTS.map(|part| path(set, part))) {
        if !file.is_file() {
            return Err(DataError::binary(&file, format!("this file {SOURCE}"), "no file"));
        }
    }
    let [train, validation, test] = files.map(|(set, sums)| {
        let [maps, costs, paths] = PARTS.map(|part| path(set, part));
        let [maps_sum, costs_sum, paths_sum] = sums;
        let pixels = pixels(&maps, &checked(&maps, maps_sum)?)?;
        let costs = costs_of(&costs, &checked(&costs, costs_sum)?)?;
        let paths = paths_of(&paths, &checked(&paths, paths_sum)?)?;
        assemble(format!("warcraft-{set}"), &maps, pixels, costs, paths)
    });
    Ok(Split { train: train?, validation: Some(validation?), test: test? })
}

/// Reads single maps: `map` of 96 × 96 pixels × red, green, blue, `costs` and `path` of its cells, or n of each along a first
/// axis. No sum is checked. The set is called after `map`.
pub fn read_instance(
    map: impl AsRef<Path>,
    costs: impl AsRef<Path>,
    path: impl AsRef<Path>,
) -> Result<Maps, DataError> {
    let files = [map.as_ref(), costs.as_ref(), path.as_ref()];
    let [map, costs, path] = files.map(text::read);
    parse_instance(files, [&map?, &costs?, &path?])
}

/// Reads a set of maps from the bytes of its files. `files` give its name; errors name them.
pub fn parse_instance(files: [&Path; 3], contents: [&[u8]; 3]) -> Result<Maps, DataError> {
    let pixels = pixels(files[0], contents[0])?;
    let costs = costs_of(files[1], contents[1])?;
    let paths = paths_of(files[2], contents[2])?;
    assemble(text::name(files[0]), files[0], pixels, costs, paths)
}

fn md5(content: &[u8]) -> String {
    format!("{:032x}", u128::from_be_bytes(Md5::digest(content).into()))
}

/// The content of a file with this MD5 sum.
fn checked(file: &Path, sum: &str) -> Result<Vec<u8>, DataError> {
    let content = text::read(file)?;
    let found = md5(&content);
    if found == sum {
        return Ok(content);
    }
    Err(DataError::binary(file, format!("MD5 {sum}, as published {SOURCE}"), format!("MD5 {found}")))
}

/// Lengths of the last axes, and the entries.
type Part<const D: usize, T> = ([usize; D], Vec<T>);

/// The last `D` axes of a shape that has them, or them and a first one.
fn axes<const D: usize>(file: &Path, what: &str, shape: &[usize]) -> Result<[usize; D], DataError> {
    let last = shape
        .len()
        .checked_sub(D)
        .filter(|&first| first <= 1)
        .and_then(|first| shape[first..].try_into().ok());
    last.ok_or_else(|| {
        DataError::binary(file, format!("an array of {what}"), format!("one of shape {shape:?}"))
    })
}

/// [channels, height, width] and channel after channel, of pixel after pixel.
fn pixels(file: &Path, content: &[u8]) -> Result<Part<3, u8>, DataError> {
    let (shape, bytes) = numpy::bytes(file, content)?;
    let [height, width, channels] = axes(file, "height × width × 3 bytes, or n of them", &shape)?;
    if channels != 3 {
        return Err(DataError::binary(
            file,
            "red, green and blue along the last axis",
            format!("{channels} channels"),
        ));
    }
    let mut planes = Vec::with_capacity(bytes.len());
    for map in bytes.chunks_exact((3 * height * width).max(1)) {
        for channel in 0..3 {
            planes.extend(map.iter().skip(channel).step_by(3));
        }
    }
    Ok(([channels, height, width], planes))
}

fn costs_of(file: &Path, content: &[u8]) -> Result<Part<2, f32>, DataError> {
    let array = numpy::parse(file, content)?;
    let grid = axes(file, "rows × columns costs, or n of them", &array.shape)?;
    Ok((grid, array.values.iter().map(|&cost| cost as f32).collect()))
}

fn paths_of(file: &Path, content: &[u8]) -> Result<Part<2, u8>, DataError> {
    let (shape, bytes) = numpy::bytes(file, content)?;
    Ok((axes(file, "rows × columns cells, or n of them", &shape)?, bytes.to_vec()))
}

fn assemble(
    name: String,
    file: &Path,
    (shape, pixels): Part<3, u8>,
    (grid, costs): Part<2, f32>,
    (of_paths, paths): Part<2, u8>,
) -> Result<Maps, DataError> {
    if grid != of_paths {
        let found = format!("costs of {grid:?} cells and paths of {of_paths:?}");
        return Err(DataError::binary(file, "costs and paths of the same grid", found));
    }
    Maps::new(name, shape, grid, pixels, costs, paths).map_err(|error| {
        DataError::binary(file, "maps, costs and paths that belong together", error.to_string())
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use perturb::{GridPath, Oracle, oracle::Neighbours};

    use super::*;
    use crate::data::real_data;
    use perturb::DynRect;

    fn npy(kind: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    /// Two maps of 2 × 2 pixels and one row of two cells, as the files of a set.
    fn files(folder: &Path, set: &str) -> [String; 3] {
        let contents = [
            npy("|u1", "(2, 2, 2, 3)", &(0..24).collect::<Vec<u8>>()),
            npy("<f2", "(2, 1, 2)", &[0x66, 0x3A, 0x4D, 0x45, 0x66, 0x3A, 0x4D, 0x45]),
            npy("|u1", "(2, 1, 2)", &[1, 1, 1, 0]),
        ];
        let mut sums = [(); 3].map(|()| String::new());
        for ((part, content), sum) in PARTS.iter().zip(&contents).zip(&mut sums) {
            std::fs::write(folder.join(format!("{set}_{part}.npy")), content).unwrap();
            *sum = md5(content);
        }
        sums
    }

    #[test]
    fn a_folder_is_read_and_its_sums_are_checked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let missing = read_folder(path).unwrap_err().to_string();
        assert!(missing.contains("train_maps.npy") && missing.contains("10.17617/3.YJCQ5S"), "{missing}");
        let sums: Vec<[String; 3]> = ["train", "val", "test"].map(|set| files(path, set)).into();
        let of = |i: usize| [&*sums[i][0], &*sums[i][1], &*sums[i][2]];
        let split = read(path, [("train", of(0)), ("val", of(1)), ("test", of(2))]).unwrap();
        assert_eq!((split.train.len(), split.train.shape(), split.train.grid()), (2, [3, 2, 2], [1, 2]));
        assert_eq!(split.train.pixels(0), [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
        assert_eq!(split.test.costs(1), [0.799_804_7, 5.300_781_3]);
        assert_eq!((split.test.name(), split.validation.unwrap().path(1)), ("warcraft-test", &[1, 0][..]));
        // The published sums are those of other files.
        let other = read_folder(path).unwrap_err().to_string();
        let (wanted, found) = (FILES[0].1[0], &sums[0][0]);
        assert!(
            other.contains("train_maps.npy") && other.contains(wanted) && other.contains(&**found),
            "{other}"
        );
    }

    #[test]
    fn arrays_that_do_not_fit_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: Vec<u8>| -> PathBuf {
            let file = folder.path().join(name);
            std::fs::write(&file, content).unwrap();
            file
        };
        let map = write("map.npy", npy("|u1", "(1, 2, 3)", &[0; 6]));
        let costs = write("costs.npy", npy("<f4", "(1, 2)", &[0; 8]));
        let path = write("path.npy", npy("|u1", "(1, 2)", &[1, 1]));
        assert_eq!(read_instance(&map, &costs, &path).unwrap().len(), 1);
        let refused = |map: &Path, costs: &Path, path: &Path, expected: &str| {
            let message = read_instance(map, costs, path).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        };
        refused(&costs, &costs, &path, "costs.npy: expected bytes (|u1), found `<f4`");
        refused(
            &path,
            &costs,
            &path,
            "path.npy: expected an array of height × width × 3 bytes, or n of them",
        );
        refused(&write("a.npy", npy("|u1", "(1, 2, 4)", &[0; 8])), &costs, &path, "red, green and blue");
        refused(&map, &write("b.npy", npy("<f4", "(2,)", &[0; 8])), &path, "rows × columns costs");
        refused(&map, &write("c.npy", npy("<f4", "(2, 1)", &[0; 8])), &path, "the same grid");
        refused(&map, &write("d.npy", npy("<f4", "(1, 2)", &[0xFF; 8])), &path, "finite numbers");
        refused(&map, &costs, &write("e.npy", npy("|u1", "(1, 2)", &[1, 2])), "0 or 1, found 2");
        refused(&write("f.npy", npy("|u1", "(2, 1, 2, 3)", &[0; 12])), &costs, &path, "1 images of 6 bytes");
        refused(&folder.path().join("none.npy"), &costs, &path, "none.npy");
    }

    /// The labelled path of the real map costs 27.0, and none costs less.
    #[test]
    fn the_real_map_is_read_and_its_path_is_the_cheapest() {
        let Some(map) = real_data("warcraft/train0_map.npy") else { return };
        let beside = |name: &str| map.with_file_name(name);
        let maps = read_instance(&map, beside("train0_weights.npy"), beside("train0_path.npy")).unwrap();
        assert_eq!((maps.len(), maps.shape(), maps.grid()), (1, [3, 96, 96], [12, 12]));
        let labelled: f64 =
            maps.costs(0).iter().zip(maps.path(0)).map(|(&cost, &y)| f64::from(cost) * f64::from(y)).sum();
        assert!((labelled - 27.0).abs() < 0.05, "{labelled}");
        let theta: Vec<f64> = maps.costs(0).iter().map(|&cost| -f64::from(cost)).collect();
        let oracle = GridPath::new(DynRect { rows: 12, columns: 12 }, Neighbours::Eight).unwrap();
        let mut y = vec![0.0; 144];
        let cheapest = -oracle.solve(&theta, &mut y, &mut oracle.work()).unwrap();
        assert!((labelled - cheapest).abs() < 1e-9, "{labelled} and {cheapest}");
        assert_eq!(y.iter().map(|&y| y as u8).collect::<Vec<u8>>(), maps.path(0));
    }
}
