use std::fs;
use std::path::Path;

use perturb::data::{DataError, Digest, numpy};

/// Days of items: features and prices of each, and the weights that all days share.
///
/// Read from the half-hourly energy prices of Ifrim, O'Sullivan and Simonis (2012), in the archive that the
/// predict-then-optimise literature uses: `X_1gtrain`, `X_1gtest` (items × features, the first column a day's
/// number), `y_train`, `y_test` (prices) and `weights`.
#[derive(Clone, Debug, PartialEq)]
pub struct Days {
    /// Features of an item.
    pub features: usize,
    /// w, one per item of a day.
    pub weights: Vec<u32>,
    /// To learn from.
    pub train: Vec<Day>,
    /// To judge by.
    pub test: Vec<Day>,
}

/// The features and prices of a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    /// Items × features, row by row.
    pub x: Vec<f64>,
    /// Prices t: the value of each item.
    pub prices: Vec<f64>,
}

impl Days {
    /// Reads the archive.
    pub fn read(file: impl AsRef<Path>) -> Result<Self, DataError> {
        let file = file.as_ref();
        let failed = |source| DataError::Read { file: file.to_owned(), source };
        Self::parse(file, &fs::read(file).map_err(failed)?)
    }

    /// Reads the days from the bytes of an archive. Errors name `file`.
    pub fn parse(file: &Path, bytes: &[u8]) -> Result<Self, DataError> {
        let names = ["X_1gtrain", "y_train", "X_1gtest", "y_test", "weights"];
        let [x_train, y_train, x_test, y_test, weights] = numpy::parse_archive(file, bytes, names)?;
        let fault = |expected: &str, found: String| DataError::binary(file, expected, found);
        let mut whole = Vec::with_capacity(weights.values.len());
        for &weight in &weights.values {
            if weight < 0.0 || weight > f64::from(u32::MAX) || weight.fract() != 0.0 {
                return Err(fault("weights that are whole numbers", weight.to_string()));
            }
            whole.push(weight as u32);
        }
        let columns = match *x_train.shape.as_slice() {
            [_, columns] if columns > 1 => columns,
            _ => {
                let found = format!("{:?}", x_train.shape);
                return Err(fault("X_1gtrain with two axes and at least two columns", found));
            }
        };
        let days = |x: &numpy::Array, y: &numpy::Array, name: &str| {
            let items = whole.len();
            let fits = x.shape == [y.values.len(), columns] && items > 0 && y.values.len() >= items;
            if !fits || !y.values.len().is_multiple_of(items) {
                let found = format!("{:?} features, {} prices, {items} weights", x.shape, y.values.len());
                return Err(fault(&format!("{name} rows in whole days, {columns} columns"), found));
            }
            if let Some(value) = x.values.iter().chain(&y.values).find(|value| !value.is_finite()) {
                return Err(fault(&format!("finite numbers in {name}"), value.to_string()));
            }
            let rows: Vec<&[f64]> = x.values.chunks_exact(columns).map(|row| &row[1..]).collect();
            let pairs = rows.chunks_exact(items).zip(y.values.chunks_exact(items));
            Ok(pairs.map(|(x, prices)| Day { x: x.concat(), prices: prices.to_vec() }).collect())
        };
        let train = days(&x_train, &y_train, "training")?;
        let test = days(&x_test, &y_test, "test")?;
        Ok(Self { features: columns - 1, weights: whole, train, test })
    }

    /// A fingerprint of all numbers and their places.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let mut numbers = vec![self.features as f64, self.train.len() as f64];
        numbers.extend(self.weights.iter().map(|&weight| f64::from(weight)));
        for day in self.train.iter().chain(&self.test) {
            numbers.extend(day.x.iter().chain(&day.prices));
        }
        let mut digest = Digest::new(&[numbers.len()], []);
        for x in numbers {
            digest.update(&x.to_le_bytes());
        }
        digest.finalize()
    }

    /// Features to mean 0 and deviation 1 over the training items, constant ones to 0; prices in units of the mean
    /// of their magnitudes in training: prices may be negative.
    pub(super) fn standardize(&mut self) {
        let d = self.features;
        let items: f64 = self.train.iter().map(|day| day.prices.len() as f64).sum();
        let mean_of = |value: &dyn Fn(&[f64]) -> f64| {
            self.train.iter().flat_map(|day| day.x.chunks_exact(d)).map(value).sum::<f64>() / items
        };
        let scale: Vec<(f64, f64)> = (0..d)
            .map(|j| {
                let mean = mean_of(&|x| x[j]);
                let deviation = mean_of(&|x| (x[j] - mean) * (x[j] - mean)).sqrt();
                (mean, if deviation > 1e-9 * mean.abs() { 1.0 / deviation } else { 0.0 })
            })
            .collect();
        let price =
            self.train.iter().flat_map(|day| &day.prices).map(|price| price.abs()).sum::<f64>() / items;
        for day in self.train.iter_mut().chain(&mut self.test) {
            for row in day.x.chunks_exact_mut(d) {
                for (x, &(mean, factor)) in row.iter_mut().zip(&scale) {
                    *x = (*x - mean) * factor;
                }
            }
            day.prices.iter_mut().for_each(|t| *t /= price);
        }
    }
}
