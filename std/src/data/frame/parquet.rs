//! Tables in Apache Parquet.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use rayon::prelude::*;

use super::{Column, Columns, Frame, Texts};
use crate::data::DataError;
use crate::data::text::quote;

/// A file in Apache Parquet, of which the columns that are asked for are read: numbers, truths (1 and 0) and texts. What is null is
/// missing.
#[derive(Debug)]
pub struct ParquetFile {
    file: PathBuf,
    metadata: ArrowReaderMetadata,
    names: Vec<String>,
}

impl ParquetFile {
    /// Reads what the file says of itself.
    pub fn open(file: impl AsRef<Path>) -> Result<Self, DataError> {
        let file = file.as_ref();
        let input = open(file)?;
        let metadata =
            ArrowReaderMetadata::load(&input, parquet::arrow::arrow_reader::ArrowReaderOptions::new());
        let metadata =
            metadata.map_err(|error| DataError::binary(file, "a Parquet file", error.to_string()))?;
        let names = metadata.schema().fields().iter().map(|field| field.name().clone()).collect();
        Ok(Self { file: file.to_owned(), metadata, names })
    }

    /// A column, batch by batch.
    fn read(&self, name: &str) -> Result<Column, DataError> {
        let place = self.names.iter().position(|other| other == name).ok_or_else(|| {
            let expected = format!("a column named {}", quote(name));
            DataError::binary(&self.file, expected, crate::data::text::listed(&self.names, 10))
        })?;
        let fault =
            |error: String| DataError::binary(&self.file, format!("the column {}", quote(name)), error);
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(open(&self.file)?, self.metadata.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), [place]);
        let rows = usize::try_from(self.metadata.metadata().file_metadata().num_rows()).unwrap_or(0);
        let batches = builder.with_projection(mask).with_batch_size(65536).build();
        let (mut numbers, mut cells) = (Vec::new(), Vec::new());
        for batch in batches.map_err(|error| fault(error.to_string()))? {
            let batch = batch.map_err(|error| fault(error.to_string()))?;
            let column = batch.columns().first().ok_or_else(|| fault("nothing".into()))?;
            if texts(column, &mut cells) {
                continue;
            }
            if beyond(column) {
                return Err(fault(
                    "whole numbers beyond 2^53, which are not told apart; write them as texts".into(),
                ));
            }
            numbers.reserve_exact(rows.saturating_sub(numbers.len()));
            if !append(column, &mut numbers) {
                return Err(fault(format!(
                    "the type {}, which is neither of numbers nor of texts",
                    column.data_type()
                )));
            }
        }
        Ok(if cells.is_empty() {
            Column::Numbers(numbers)
        } else {
            Column::Texts(Texts::new(cells.iter().map(String::as_str)))
        })
    }
}

impl Columns for ParquetFile {
    fn names(&self) -> &[String] {
        &self.names
    }
    fn frame(&self, names: &[&str]) -> Result<Frame, DataError> {
        let wanted: std::collections::BTreeSet<&str> = names.iter().copied().collect();
        crate::threads::start(None);
        let read = |name: &&str| Ok(((*name).to_owned(), self.read(name)?));
        let columns = wanted.par_iter().map(read).collect::<Vec<Result<_, DataError>>>();
        Frame::new(&self.file, columns.into_iter().collect::<Result<_, _>>()?)
    }
}

fn open(file: &Path) -> Result<File, DataError> {
    File::open(file).map_err(|source| DataError::Read { file: file.to_owned(), source })
}

/// Appends texts; false if the column has none.
fn texts(column: &ArrayRef, cells: &mut Vec<String>) -> bool {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    match column.data_type() {
        DataType::Utf8 => cells.extend(column.as_string::<i32>().iter().map(text)),
        DataType::LargeUtf8 => cells.extend(column.as_string::<i64>().iter().map(text)),
        DataType::Utf8View => cells.extend(column.as_string_view().iter().map(text)),
        DataType::Dictionary(_, values) if matches!(**values, DataType::Utf8 | DataType::LargeUtf8) => {
            let dictionary = column.as_any_dictionary();
            let mut values = Vec::new();
            texts(dictionary.values(), &mut values);
            let keys = dictionary.normalized_keys();
            cells.extend((0..column.len()).map(|row| {
                if column.is_null(row) {
                    String::new()
                } else {
                    values.get(keys[row]).cloned().unwrap_or_default()
                }
            }));
        }
        _ => return false,
    }
    true
}

/// Whether there are whole numbers that f64 rounds.
fn beyond(column: &ArrayRef) -> bool {
    const MOST: u64 = 1 << 53;
    match column.data_type() {
        DataType::Int64 => {
            column.as_primitive::<Int64Type>().iter().flatten().any(|x| x.unsigned_abs() > MOST)
        }
        DataType::UInt64 => column.as_primitive::<UInt64Type>().iter().flatten().any(|x| x > MOST),
        _ => false,
    }
}

/// Appends numbers; false if the column has none.
#[expect(clippy::cast_lossless, reason = "one line for all types")]
fn append(column: &ArrayRef, numbers: &mut Vec<f64>) -> bool {
    macro_rules! of {
        ($type:ty) => {
            numbers.extend(column.as_primitive::<$type>().iter().map(|x| x.map_or(f64::NAN, |x| x as f64)))
        };
    }
    match column.data_type() {
        DataType::Float64 => of!(Float64Type),
        DataType::Float32 => of!(Float32Type),
        DataType::Int8 => of!(Int8Type),
        DataType::Int16 => of!(Int16Type),
        DataType::Int32 => of!(Int32Type),
        DataType::Int64 => of!(Int64Type),
        DataType::UInt8 => of!(UInt8Type),
        DataType::UInt16 => of!(UInt16Type),
        DataType::UInt32 => of!(UInt32Type),
        DataType::UInt64 => of!(UInt64Type),
        DataType::Boolean => {
            numbers
                .extend(column.as_boolean().iter().map(|x| x.map_or(f64::NAN, |x| f64::from(u8::from(x)))));
        }
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{BooleanArray, DictionaryArray, Float32Array, Int64Array, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;

    use super::*;
    use crate::data::frame::Expression;

    /// A file of these columns, in groups of two rows.
    fn written(columns: Vec<(&str, ArrayRef)>) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let properties = parquet::file::properties::WriterProperties::builder();
        let properties = properties.set_max_row_group_row_count(Some(2)).build();
        let mut writer =
            ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        (folder, path)
    }

    #[test]
    fn columns_of_all_kinds_are_read() {
        let modes: DictionaryArray<arrow_array::types::Int32Type> =
            [Some("car"), None, Some("air")].into_iter().collect();
        let (_folder, path) = written(vec![
            ("id", Arc::new(Int64Array::from(vec![1, 2, 3]))),
            ("x", Arc::new(Float32Array::from(vec![Some(0.5), None, Some(-1.0)]))),
            ("took", Arc::new(BooleanArray::from(vec![true, false, true]))),
            ("town", Arc::new(StringArray::from(vec!["b", "a", ""]))),
            ("mode", Arc::new(modes)),
        ]);
        let file = ParquetFile::open(&path).unwrap();
        assert_eq!(file.names(), ["id", "x", "took", "town", "mode"]);
        let frame = file.frame(&["x", "took", "id", "town", "mode"]).unwrap();
        let numbers = |text: &str| Expression::parse(text).unwrap().numbers(&frame, 0..3).unwrap();
        assert_eq!(numbers("id + took"), [2.0, 2.0, 4.0]);
        assert_eq!(numbers("if(missing(x), 9, x)"), [0.5, 9.0, -1.0]);
        assert_eq!(numbers("if(missing(mode), 0, mode == 'air')"), [0.0, 0.0, 1.0]);
        assert_eq!(numbers("missing(town)"), [0.0, 0.0, 1.0]);
        let error = file.frame(&["y"]).unwrap_err().to_string();
        assert!(error.ends_with("expected a column named `y`, found id, x, took, town, mode"), "{error}");
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let large = Int64Array::from(vec![1i64 << 53, (1 << 53) + 1]);
        let (_folder, path) = written(vec![("id", Arc::new(large))]);
        let error = ParquetFile::open(&path).unwrap().frame(&["id"]).unwrap_err().to_string();
        assert!(error.contains("whole numbers beyond 2^53"), "{error}");
        std::fs::write(&path, b"PAR1 is not all").unwrap();
        assert!(ParquetFile::open(&path).unwrap_err().to_string().contains("a Parquet file"));
        let mut whole = written(vec![("id", Arc::new(Int64Array::from(vec![1, 2, 3])))]);
        let mut bytes = std::fs::read(&whole.1).unwrap();
        // A damaged page is an error and no panic.
        for at in 4..bytes.len().min(200) {
            bytes[at] ^= 0x55;
            whole.1 = whole.0.path().join("damaged.parquet");
            std::fs::write(&whole.1, &bytes).unwrap();
            if let Ok(file) = ParquetFile::open(&whole.1) {
                let _ = file.frame(&["id"]);
            }
            bytes[at] ^= 0x55;
        }
    }
}
