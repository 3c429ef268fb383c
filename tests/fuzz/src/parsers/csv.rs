//! Label rankings and tables.

use std::fmt::Write as _;
use std::path::Path;

use perturb::Real;
use perturb::data::stream::FeatureStream;
use perturb::data::table::{self, Format, Targets};
use perturb::data::{DataError, Dataset, label_ranking as ranking, text};
use perturb::model_file::checksum;

/// What a set promises whoever reads it.
fn check_set<T: Real>(data: &Dataset<T>) {
    let (d, k) = (data.features(), data.labels());
    assert!(!data.is_empty() && d > 0 && k > 1, "{data:?}");
    assert_eq!((data.feature_names().len(), data.label_names().len()), (d, k));
    for row in 0..data.len() {
        assert!(data.x(row).len() == d && data.x(row).iter().all(|x| x.is_finite()), "row {row} of {data:?}");
        if !data.is_ranking() {
            let y = data.y(row);
            assert!(y.len() == k && y.iter().all(|&y| y == T::ZERO || y == T::ONE), "row {row} of {data:?}");
            continue;
        }
        let mut ranks: Vec<f64> = data.ranks(row).map(Real::to_f64).collect();
        ranks.sort_by(f64::total_cmp);
        assert!(ranks.iter().zip(1..).all(|(&rank, i)| rank == f64::from(i)), "row {row}: {ranks:?}");
    }
}

/// A refusal names file and finding.
fn check_refusal(error: &DataError) {
    let text = error.to_string();
    // What a name or a table has in it may be long; what is quoted is cut.
    assert!(text.contains("expected ") && text.contains("found "), "{text}");
}

fn check<T: Real>(result: Result<Dataset<T>, DataError>) -> Option<Dataset<T>> {
    match result {
        Ok(data) => {
            check_set(&data);
            Some(data)
        }
        Err(error) => {
            check_refusal(&error);
            None
        }
    }
}

/// The file of the format that holds `data`.
fn written(data: &Dataset<f64>) -> String {
    let mut text = format!("{},{},{}\n", data.len(), data.features(), data.labels());
    for row in 0..data.len() {
        let fields: Vec<String> =
            data.x(row).iter().copied().chain(data.ranks(row)).map(|x| x.to_string()).collect();
        let _ = writeln!(text, "{}", fields.join(","));
    }
    text
}

/// Label-ranking files: refused, or a set that is read back from its own text bit for bit.
pub fn label_ranking(bytes: &[u8]) {
    let file = Path::new("votes.csv");
    let single = check(ranking::parse::<f32>(file, bytes));
    let Some(data) = check(ranking::parse::<f64>(file, bytes)) else {
        // What is no f64 is no f32.
        assert!(single.is_none());
        return;
    };
    let again = ranking::parse::<f64>(file, written(&data).as_bytes()).expect("its own text is read");
    assert!(again == data && again.digest() == data.digest(), "not read back:\n{}", written(&data));
}

/// Tables with what was decided named or found: refused, or a set.
pub fn table(bytes: &[u8]) {
    let file = Path::new("votes.csv");
    let header = std::str::from_utf8(bytes).unwrap_or("").lines().next().unwrap_or("");
    let names: Vec<String> = header.split(',').map(|name| name.trim().to_owned()).collect();
    let last = names.last().cloned().unwrap_or_default();
    // Making a reader takes longer than reading so little, so that one question is asked of each input.
    let choice = checksum(bytes) % 16;
    let targets = match choice / 2 {
        0 => Targets::Ordering(last),
        1 => Targets::Ranks(names.iter().rev().take(2).cloned().collect()),
        2 => Targets::Ranks(names.iter().rev().take(3).cloned().collect()),
        3 => Targets::Ranks(vec![last.clone(), last]),
        4 => Targets::Pick(last),
        5 => Targets::Each(names.iter().rev().take(2).cloned().collect()),
        6 => Targets::PickK(names.iter().rev().take(3).cloned().collect()),
        _ => Targets::Detect,
    };
    let labels = if choice.is_multiple_of(2) {
        check(table::parse::<f32>(file, bytes, &targets)).map(|data| data.labels())
    } else {
        check(table::parse::<f64>(file, bytes, &targets)).map(|data| data.labels())
    };
    assert!(choice / 2 != 3 || labels.is_none(), "a column is two labels");
}

/// Tables however they are written, and read block by block: what a stream reads is what the table has, and where one is refused,
/// so is the other.
pub fn stream(bytes: &[u8]) {
    let file = Path::new("new.csv");
    let choice = checksum(bytes) % 12;
    let format = Format::default()
        .with_comment((choice % 2 == 1).then_some('#'))
        .with_skip_lines(choice as usize / 2 % 3)
        .with_decimal_comma(choice >= 6);
    let text = String::from_utf8_lossy(bytes).into_owned();
    let lines = text.trim_start_matches('\u{FEFF}').split(['\n', '\r']);
    let header = lines.clone().find(|line| line.contains(',')).unwrap_or("");
    let names: Vec<String> = header.split(',').take(2).map(|name| name.trim().to_owned()).collect();
    let centres = vec![0.5; names.len()];
    let whole = table::parse_table(file, bytes, format, |table| table.features::<f64>(&names, &centres));
    let all = || {
        let mut stream = FeatureStream::open(file, bytes, format, &names, &centres)?;
        let mut all = Vec::new();
        while let Some(block) = stream.next_block()? {
            all.extend(stream.features::<f64>(&block)?.0);
        }
        Ok::<_, DataError>(all)
    };
    match (all(), whole) {
        (Ok(streamed), Ok((whole, _))) => assert!(streamed == whole, "{streamed:?} are not {whole:?}"),
        // Of several faults either may be named.
        (Err(_), Err(_)) => {}
        // Three counts begin the other format, which has no header.
        (streamed, whole) => assert!(text::has_counts(bytes), "{streamed:?}, but {whole:?}"),
    }
}

/// The features that training read from a table are those that a prediction reads from it by their names.
pub fn features(bytes: &[u8]) {
    let file = Path::new("votes.csv");
    let Ok(data) = table::parse::<f64>(file, bytes, &Targets::Detect) else { return };
    let features = table::parse_features::<f64>(file, bytes, data.feature_names(), data.centres())
        .expect("the features have names");
    let read: Vec<f64> = (0..data.len()).flat_map(|row| data.x(row)).copied().collect();
    assert!(features == read, "{:?} are {features:?}, not {read:?}", data.feature_names());
}
