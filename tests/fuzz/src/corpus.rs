//! The inputs that a target begins with.

use perturb::Seed;
use perturb::model_file::checksum;
use rand_core::Rng;

use crate::Target;

/// The lengths of random inputs, in turn.
const LENGTHS: [usize; 4] = [24, 48, 96, 140];

/// Inputs made by hand, and those that broke a promise once: target, name and [escaped](slice::escape_ascii) bytes.
///
/// An error names the line of the list that is none.
pub fn listed() -> impl Iterator<Item = Result<(&'static str, &'static str, Vec<u8>), String>> {
    (1..).zip(include_str!("../corpus.txt").lines()).map(|(number, line)| {
        let parts = line.split_once(": ").and_then(|(input, bytes)| {
            let (target, name) = input.split_once('/')?;
            Some((target, name, unescape(bytes)?))
        });
        parts.ok_or_else(|| format!("corpus.txt, line {number}: expected `TARGET/NAME: BYTES`"))
    })
}

impl Target {
    /// Names and bytes, the same on every run: no byte at all, what is listed, and random bytes.
    ///
    /// An error names the line of the list that is none.
    pub fn inputs(&self) -> Result<Vec<(String, Vec<u8>)>, String> {
        let mut inputs = vec![("empty".to_owned(), Vec::new())];
        for input in listed() {
            let (target, name, bytes) = input?;
            if target == self.listed {
                inputs.push((name.to_owned(), bytes));
            }
        }
        let seed = Seed(checksum(self.name.as_bytes()).into());
        inputs.extend(LENGTHS.iter().cycle().take(self.random).enumerate().map(|(index, &length)| {
            let mut stream = seed.stream(index as u64);
            let bytes = (0..length.min(self.longest)).map(|_| stream.next_u32() as u8).collect();
            (format!("random_{index:02}"), bytes)
        }));
        Ok(inputs)
    }
}

/// The bytes that [`escape_ascii`](slice::escape_ascii) writes as `text`; `None` for what it does not write.
#[must_use]
pub fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            (b'\\', [b'n', after @ ..]) => (b'\n', after),
            (b'\\', [b'r', after @ ..]) => (b'\r', after),
            (b'\\', [b't', after @ ..]) => (b'\t', after),
            (b'\\', [quoted @ (b'\\' | b'\'' | b'"'), after @ ..]) => (*quoted, after),
            (b'\\', [b'x', high, low, after @ ..]) => {
                let digit = |digit: &u8| char::from(*digit).to_digit(16);
                ((digit(high)? << 4 | digit(low)?) as u8, after)
            }
            (b' '..=b'~', after) if first != b'\\' => (first, after),
            _ => return None,
        };
        bytes.push(byte);
        rest = after;
    }
    Some(bytes)
}
