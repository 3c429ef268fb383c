//! CIFAR-10 (Krizhevsky 2009, *Learning multiple layers of features from tiny images*) in its binary version.
//!
//! A file is a sequence of records: one byte for the label, 0 to 9, and 3072 for an image of 32×32 pixels, 1024
//! each for red, green and blue, row by row. The archive is called `cifar-10-binary.tar.gz`; unpacked, it is a
//! folder of five files to learn from, one to judge by, and the names of the classes.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use perturb::data::{DataError, text};

use super::{Images, Split};

/// Channels, height and width.
const SHAPE: [usize; 3] = [3, 32, 32];
/// The bytes of an image.
const SIZE: usize = 3 * 32 * 32;
/// The bytes of a record.
const RECORD: usize = 1 + SIZE;
/// The bytes of a record of CIFAR-100, which has two labels.
const RECORD_100: u64 = 2 + SIZE as u64;
/// More than any list of ten names needs.
const LONGEST_NAMES: u64 = 1 << 16;
/// The name of the archive.
const ARCHIVE: &str = "cifar-10-binary.tar.gz";
/// The folder in the archive.
const UNPACKED: &str = "cifar-10-batches-bin";

/// The classes, by label.
pub const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// Reads a file of any positive number of records, such as `data_batch_1.bin`. The set is called after the file.
///
/// A file of another length, or with a label above 9, is refused as a whole with what was found. The length is
/// asked before anything is reserved; then the pixels are all that is kept in memory.
pub fn read_file(file: impl AsRef<Path>) -> Result<Images, DataError> {
    let file = file.as_ref();
    let mut records = Records::default();
    records.read(file)?;
    records.images(text::name(file), known_classes())
}

/// Reads images from the bytes of a file. `file` gives the name of the set; errors name it.
///
/// ```
/// use perturb_experiments::data::images::cifar10;
/// let mut record = vec![7; 1 + 3 * 32 * 32]; // label 7, every byte of the image 7
/// let images = cifar10::parse("one.bin".as_ref(), &record)?;
/// assert_eq!((images.len(), images.label(0), images.shape()), (1, Some(7), [3, 32, 32]));
/// record[0] = 10;
/// assert!(cifar10::parse("one.bin".as_ref(), &record).is_err());
/// # Ok::<(), perturb::data::DataError>(())
/// ```
pub fn parse(file: &Path, bytes: &[u8]) -> Result<Images, DataError> {
    let mut records = Records::default();
    let count = whole_records(file, bytes.len() as u64, bytes)?;
    records.append(file, bytes, count)?;
    records.images(text::name(file), known_classes())
}

/// Reads a folder: every `data_batch_*.bin`, in the order of their numbers, to learn from, and `test_batch.bin` to
/// judge by. Other files are left alone.
///
/// The official folder has 50,000 and 10,000 images; any whole positive number of records a file will do. The
/// classes have the names in `batches.meta.txt`, or [`CLASSES`] if it is not there. The sets are called
/// `cifar10-train` and `cifar10-test`. A folder that is not there or lacks a file is refused with what belongs
/// there, and so are CIFAR-100, the version for Python and the packed archive.
pub fn read_folder(folder: impl AsRef<Path>) -> Result<Split, DataError> {
    let folder = folder.as_ref();
    let (batches, test) = files(folder)?;
    let classes = classes(&folder.join("batches.meta.txt"))?;
    let (mut training, mut testing) = (Records::default(), Records::default());
    for file in &batches {
        training.read(file)?;
    }
    testing.read(&test)?;
    Ok(Split {
        train: training.images("cifar10-train".to_owned(), classes.clone())?,
        test: testing.images("cifar10-test".to_owned(), classes)?,
    })
}

/// The ten names of a `batches.meta.txt`, one a line; `file` serves for messages. Blank lines count for nothing.
pub fn parse_classes(file: &Path, bytes: &[u8]) -> Result<Vec<String>, DataError> {
    let names = text::decode(file, bytes)?.lines().map(str::trim).filter(|name| !name.is_empty());
    let names: Vec<String> = names.map(String::from).collect();
    if names.len() == CLASSES.len() {
        return Ok(names);
    }
    Err(DataError::binary(file, "the names of 10 classes, one a line", format!("{} lines", names.len())))
}

fn known_classes() -> Vec<String> {
    CLASSES.map(String::from).to_vec()
}

/// The names in a file that may be missing.
fn classes(file: &Path) -> Result<Vec<String>, DataError> {
    let failed = |source| DataError::Read { file: file.to_owned(), source };
    let open = match File::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(known_classes()),
        open => open.map_err(failed)?,
    };
    let mut bytes = Vec::new();
    open.take(LONGEST_NAMES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LONGEST_NAMES {
        let found = format!("more than {LONGEST_NAMES} bytes");
        return Err(DataError::binary(file, "the names of 10 classes, one a line", found));
    }
    parse_classes(file, &bytes)
}

/// Pixels and labels of the records read so far.
#[derive(Default)]
struct Records {
    pixels: Vec<u8>,
    labels: Vec<usize>,
}

impl Records {
    fn read(&mut self, file: &Path) -> Result<(), DataError> {
        let failed = |source| DataError::Read { file: file.to_owned(), source };
        let mut open = File::open(file).map_err(failed)?;
        let about = open.metadata().map_err(failed)?;
        if !about.is_file() {
            let found = if about.is_dir() { "a folder" } else { "none" };
            return Err(DataError::binary(file, "a file of records", found));
        }
        let mut start = Vec::new();
        if !about.len().is_multiple_of(RECORD as u64) {
            (&mut open).take(4).read_to_end(&mut start).map_err(failed)?;
        }
        let count = whole_records(file, about.len(), &start)?;
        self.append(file, BufReader::with_capacity(16 * RECORD, open), count)
    }

    /// Reads `count` records.
    fn append(&mut self, file: &Path, mut bytes: impl Read, count: usize) -> Result<(), DataError> {
        let room = count.checked_mul(SIZE).and_then(|size| self.pixels.try_reserve_exact(size).ok());
        if room.and_then(|()| self.labels.try_reserve_exact(count).ok()).is_none() {
            let found = format!("{count} records");
            return Err(DataError::binary(file, "a file that fits into memory", found));
        }
        let mut record = [0; RECORD];
        for i in 0..count {
            bytes
                .read_exact(&mut record)
                .map_err(|source| DataError::Read { file: file.to_owned(), source })?;
            let [label, ref pixels @ ..] = record;
            if usize::from(label) >= CLASSES.len() {
                let found = format!("{label} in record {i} (counted from 0) of {count}{}", hint(&record));
                return Err(DataError::binary(file, "labels from 0 to 9", found));
            }
            self.labels.push(label.into());
            self.pixels.extend_from_slice(pixels);
        }
        Ok(())
    }

    fn images(self, name: String, classes: Vec<String>) -> Result<Images, DataError> {
        Images::new(name, SHAPE, classes, self.pixels, self.labels)
    }
}

/// The number of records in a file of `length` bytes that begins with `start`.
fn whole_records(file: &Path, length: u64, start: &[u8]) -> Result<usize, DataError> {
    let (count, rest) = (length / RECORD as u64, length % RECORD as u64);
    if length > 0 && rest == 0 {
        return usize::try_from(count).map_err(|_| {
            DataError::binary(file, "a file that fits into memory", format!("{count} records"))
        });
    }
    let what = match hint(start) {
        "" if length > 0 && length.is_multiple_of(RECORD_100) => {
            "; so long are records of CIFAR-100, which has two labels"
        }
        hint => hint,
    };
    let found = match count {
        0 => format!("{length} bytes{what}"),
        _ => format!("{length} bytes, {rest} more than {count} records{what}"),
    };
    Err(DataError::binary(file, format!("records of {RECORD} bytes, at least one"), found))
}

/// The likely kind of a file that is not CIFAR-10's, by its first bytes, which are not labels.
fn hint(start: &[u8]) -> &'static str {
    match start {
        [0x80, 2..=5, ..] => "; it begins like a Python pickle: the binary version is asked for",
        [0x1F, 0x8B, ..] => "; it begins like gzip: the archive is to be unpacked",
        _ => "",
    }
}

/// The files to learn from, in the order of their numbers, and the one to judge by.
fn files(folder: &Path) -> Result<(Vec<PathBuf>, PathBuf), DataError> {
    let refuse = |found: String| {
        let expected = format!("data_batch_1.bin, … and test_batch.bin, as in {ARCHIVE} when it is unpacked");
        DataError::binary(folder, expected, found)
    };
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => refuse("no such folder".to_owned()),
        io::ErrorKind::NotADirectory => refuse("a file".to_owned()),
        _ => DataError::Read { file: folder.to_owned(), source },
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    let has = |name: &str| names.iter().any(|other| other == name);
    let mut batches = Vec::new();
    for name in &names {
        let Some(number) = name.strip_prefix("data_batch_").and_then(|rest| rest.strip_suffix(".bin")) else {
            continue;
        };
        // A copy of a file would count twice.
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        let number = if digits { number.parse::<u64>().ok() } else { None };
        let number = number.ok_or_else(|| refuse(format!("{}, which has no number", text::quote(name))))?;
        batches.push((number, name));
    }
    batches.sort_unstable();
    if let Some(pair) = batches.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(refuse(format!("two files with the number {}", pair[0].0)));
    }
    let test = "test_batch.bin";
    if !batches.is_empty() && has(test) {
        let path = |name: &str| folder.join(name);
        return Ok((batches.iter().map(|(_, name)| path(name)).collect(), path(test)));
    }
    Err(refuse(if !batches.is_empty() {
        format!("no {test}")
    } else if has(test) {
        "no data_batch_*.bin".to_owned()
    } else if has(UNPACKED) {
        format!("a folder {UNPACKED}: name that one")
    } else if has(ARCHIVE) {
        format!("{ARCHIVE}, which is to be unpacked")
    } else if has("train.bin") && has("test.bin") {
        "train.bin and test.bin, which are CIFAR-100's".to_owned()
    } else if has("data_batch_1") || has("test_batch") {
        "files without .bin, which are the version for Python".to_owned()
    } else if has("train") && has("test") {
        "train and test, which are CIFAR-100's for Python".to_owned()
    } else {
        "none of them".to_owned()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::real_data;

    /// A record whose pixels count up from `first`.
    fn record(label: u8, first: u8) -> Vec<u8> {
        let pixels = (0..SIZE).map(|i| first.wrapping_add(i as u8));
        std::iter::once(label).chain(pixels).collect()
    }

    fn refusal(bytes: &[u8]) -> String {
        parse(Path::new("a/x.bin"), bytes).unwrap_err().to_string()
    }

    #[test]
    fn records_are_read() {
        let bytes = [record(3, 5), record(9, 250), record(0, 0)].concat();
        let images = parse(Path::new("a/x.bin"), &bytes).unwrap();
        assert_eq!((images.name(), images.len(), images.shape()), ("x", 3, SHAPE));
        assert_eq!([0, 1, 2].map(|row| images.label(row)), [Some(3), Some(9), Some(0)]);
        assert!((0..3).all(|row| images.pixels(row) == &bytes[row * RECORD + 1..(row + 1) * RECORD]));
        assert_eq!(images.classes(), CLASSES);
    }

    #[test]
    fn damage_is_named() {
        let two = [record(1, 0), record(2, 0)].concat();
        let lengths = "a/x.bin: expected records of 3073 bytes, at least one, found ";
        for (bytes, found) in [
            (&[][..], "0 bytes"),
            (&two[..3072], "3072 bytes"),
            (&two[..3075], "3075 bytes, 2 more than 1 records"),
            (
                &two[..3074],
                "3074 bytes, 1 more than 1 records; so long are records of CIFAR-100, which has two labels",
            ),
            (b"\x80\x03}q", "4 bytes; it begins like a Python pickle: the binary version is asked for"),
            (b"\x1F\x8B\x08", "3 bytes; it begins like gzip: the archive is to be unpacked"),
        ] {
            assert_eq!(refusal(bytes), format!("{lengths}{found}"));
        }
        let found = "a/x.bin: expected labels from 0 to 9, found ";
        let bad = [record(9, 0), record(10, 0), record(255, 0)].concat();
        assert_eq!(refusal(&bad), format!("{found}10 in record 1 (counted from 0) of 3"));
        let mut pickle = record(0x80, 3);
        assert_eq!(
            refusal(&pickle),
            format!(
                "{found}128 in record 0 (counted from 0) of 1; it begins like a Python pickle: the binary version is asked for"
            )
        );
        pickle[1] = 0;
        assert_eq!(refusal(&pickle), format!("{found}128 in record 0 (counted from 0) of 1"));
    }

    #[test]
    fn files_are_read_and_refused_like_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("some.bin");
        fs::write(&file, [record(3, 5), record(9, 250)].concat()).unwrap();
        assert_eq!(read_file(&file).unwrap(), parse(&file, &fs::read(&file).unwrap()).unwrap());
        for bytes in [&b""[..], b"\x80\x04....", &record(4, 1)[1..], &record(11, 1)] {
            fs::write(&file, bytes).unwrap();
            let found = read_file(&file).unwrap_err().to_string();
            assert_eq!(found, parse(&file, bytes).unwrap_err().to_string());
        }
        let found = read_file(folder.path()).unwrap_err().to_string();
        assert!(found.ends_with("expected a file of records, found a folder"), "{found}");
        assert!(matches!(read_file(folder.path().join("no")), Err(DataError::Read { .. })));
    }

    /// A file that a promise of its length cannot fill.
    #[test]
    fn a_file_that_shrinks_is_refused() {
        let mut records = Records::default();
        let bytes = [record(3, 5), record(9, 250)].concat();
        let error = records.append(Path::new("x.bin"), &bytes[..=RECORD], 2).unwrap_err();
        assert!(matches!(error, DataError::Read { .. }), "{error}");
        let error = records.append(Path::new("x.bin"), &bytes[..], usize::MAX).unwrap_err().to_string();
        assert!(error.starts_with("x.bin: expected a file that fits into memory"), "{error}");
    }

    #[test]
    fn folders_are_read_in_the_order_of_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        for (number, label) in [(10, 3), (2, 2), (1, 1)] {
            write(&format!("data_batch_{number}.bin"), &record(label, 0));
        }
        write("test_batch.bin", &[record(7, 0), record(8, 0)].concat());
        write("readme.html", b"<html>");
        let Split { train, test } = read_folder(folder.path()).unwrap();
        assert_eq!([0, 1, 2, 3].map(|row| train.label(row)), [Some(1), Some(2), Some(3), None]);
        assert_eq!((test.len(), test.label(1), test.classes()), (2, Some(8), train.classes()));
        assert_eq!((train.name(), test.name()), ("cifar10-train", "cifar10-test"));
        assert_eq!(train.classes(), CLASSES);

        write("batches.meta.txt", b"a\nb\r\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
        let Split { train, .. } = read_folder(folder.path()).unwrap();
        assert_eq!((train.classes()[1].as_str(), train.classes().len()), ("b", 10));
        write("batches.meta.txt", b"a\nb\n");
        let found = read_folder(folder.path()).unwrap_err().to_string();
        assert!(found.ends_with("expected the names of 10 classes, one a line, found 2 lines"), "{found}");
        write("batches.meta.txt", CLASSES.join("\n").as_bytes());

        for (name, found) in [
            ("data_batch_02.bin", "two files with the number 2"),
            ("data_batch_2 (1).bin", "`data_batch_2 (1).bin`, which has no number"),
            ("data_batch_.bin", "`data_batch_.bin`, which has no number"),
            (
                "data_batch_99999999999999999999.bin",
                "`data_batch_99999999999999999999.bin`, which has no number",
            ),
        ] {
            write(name, &record(0, 0));
            let told = read_folder(folder.path()).unwrap_err().to_string();
            assert!(told.ends_with(&format!("found {found}")), "{told}");
            fs::remove_file(folder.path().join(name)).unwrap();
        }
        write("data_batch_2.bin", b"");
        let told = read_folder(folder.path()).unwrap_err().to_string();
        assert!(told.contains("data_batch_2.bin: expected records") && told.ends_with("0 bytes"), "{told}");
    }

    #[test]
    fn other_folders_are_told_apart() {
        for (names, found) in [
            (&[][..], "none of them"),
            (&["data_batch_1.bin"], "no test_batch.bin"),
            (&["test_batch.bin"], "no data_batch_*.bin"),
            (&["cifar-10-batches-bin"], "a folder cifar-10-batches-bin: name that one"),
            (&["cifar-10-binary.tar.gz"], "cifar-10-binary.tar.gz, which is to be unpacked"),
            (&["train.bin", "test.bin"], "train.bin and test.bin, which are CIFAR-100's"),
            (&["data_batch_1", "test_batch"], "files without .bin, which are the version for Python"),
            (&["train", "test", "meta"], "train and test, which are CIFAR-100's for Python"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            for name in names {
                fs::write(folder.path().join(name), b"").unwrap();
            }
            let told = read_folder(folder.path()).unwrap_err().to_string();
            let expected =
                "data_batch_1.bin, … and test_batch.bin, as in cifar-10-binary.tar.gz when it is unpacked";
            assert_eq!(told, format!("{}: expected {expected}, found {found}", folder.path().display()));
            let told = read_folder(folder.path().join("no")).unwrap_err().to_string();
            assert!(told.ends_with("found no such folder"), "{told}");
            if let Some(name) = names.first() {
                let told = read_folder(folder.path().join(name)).unwrap_err().to_string();
                assert!(told.ends_with("found a file"), "{told}");
            }
        }
    }

    /// Means and deviations of the 5,000 test images from histograms in Python.
    #[test]
    fn the_real_images() {
        let Some(folder) = real_data("cifar10") else { return };
        let Split { train, test } = read_folder(&folder).unwrap();
        assert_eq!((train.len(), test.len(), train.classes()), (20_000, 5000, test.classes()));
        assert_eq!(train.classes(), CLASSES);
        for (images, each) in [(&train, 2000), (&test, 500)] {
            for class in 0..10 {
                assert_eq!((0..images.len()).filter(|&row| images.label(row) == Some(class)).count(), each);
            }
        }
        let (means, deviations) = test.channel_statistics();
        let found = [means, deviations].concat();
        let want = [
            0.493_771_013_327_205_85,
            0.484_633_355_545_343_15,
            0.450_536_056_985_294_14,
            0.246_606_227_362_398_96,
            0.242_991_578_150_012_24,
            0.261_768_471_029_196_9,
        ];
        assert!(found.iter().zip(want).all(|(found, want)| (found - want).abs() < 1e-12), "{found:?}");
        assert_eq!(
            read_file(folder.join("test_batch.bin")).unwrap().select(&[4999]).pixels(0),
            test.pixels(4999)
        );
    }
}
