//! Golden values: a fixed list of computations and the digests of their results' bits.
//!
//! The host's tests and the firmware of `targets/` run the same suites, so equal tables are equal bits on both. A
//! change of a digest is a *Value-breaking* entry of the CHANGELOG. Stack: some kilobytes; no allocator.

use core::fmt::Write;

use perturb_core::{AnyNoise, Error, Real};

mod closed;
mod estimates;
mod losses;
mod table;

pub(crate) use closed::closed;
pub use closed::closed_form;
pub use estimates::{Estimates, Tested};
pub(crate) use estimates::{graphs, groups, packs, paths, picks};
pub use losses::{Losses, Multiplied};
pub(crate) use losses::{losses, multiplicative};
pub use table::GOLDEN;

/// A family of cases under a noise that is chosen at run time.
pub type Family = fn(AnyNoise, Report<'_>);
/// The cases of one number type, compiled once for all noises: its name, families by the names of their suites, and what has no
/// noise or one of its own.
pub type Golden = (&'static str, [(&'static str, Family); 6], [(&'static str, fn(Report<'_>)); 2]);

macro_rules! golden {
    ($real:ty) => {
        (
            <$real as Real>::NAME,
            [
                ("closed", closed::<$real, AnyNoise> as Family),
                ("picks", picks::<$real, AnyNoise>),
                ("groups", groups::<$real, AnyNoise>),
                ("paths", paths::<$real, AnyNoise>),
                ("graphs", graphs::<$real, AnyNoise>),
                ("packs", packs::<$real, AnyNoise>),
            ],
            [("losses", losses::<$real> as fn(Report<'_>)), ("multiplicative", multiplicative::<$real>)],
        )
    };
}

/// All cases, in the order of the table, those of a type under each of [`NOISES`].
pub const TYPES: [Golden; 2] = [golden!(f32), golden!(f64)];

/// The noises in the order of the table.
pub const NOISES: [AnyNoise; 4] = [AnyNoise::Gumbel, AnyNoise::Normal, AnyNoise::Logistic, AnyNoise::Laplace];

/// The cases of a family under every noise.
pub(crate) fn every(family: Family, report: Report<'_>) {
    for noise in NOISES {
        family(noise, report);
    }
}

/// Sample counts: one draw, a partial block, and one block of 64 with a part of the next.
const SAMPLES: [u32; 3] = [1, 3, 70];
/// Ten directions for products with the Jacobian.
const DIRECTION: [f64; 10] = [0.3, -1.7, 0.9, 0.1, 2.2, -0.4, -0.6, 1.3, -0.2, 0.7];

/// FNV-1a, 64 bits, over the little-endian IEEE bits of every number; f32 is widened to f64, which is exact.
#[derive(Clone, Copy, Debug)]
pub struct Digest(u64);

impl Digest {
    /// The digest of nothing.
    pub const fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
    /// Appends numbers.
    pub fn add<T: Real>(&mut self, numbers: &[T]) {
        for x in numbers {
            for byte in x.to_f64().to_bits().to_le_bytes() {
                *self = self.byte(byte);
            }
        }
    }
    const fn byte(self, byte: u8) -> Self {
        Self((self.0 ^ byte as u64).wrapping_mul(0x0100_0000_01B3))
    }
    /// The digest of all that was added.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

/// Receives the name of a case and the digest of its result, or the error that it met.
pub type Report<'a> = &'a mut dyn FnMut(&str, Result<u64, Error>);

/// The digest that the table has for a case.
pub fn expected(name: &str) -> Option<u64> {
    let key = key(name);
    KEYS.iter().find(|&&(known, _)| known == key).map(|&(_, digest)| digest)
}

/// The table with digests of the names: on a device, the names themselves would outweigh many a suite.
static KEYS: [(u64, u64); GOLDEN.len()] = {
    let mut keys = [(0, 0); GOLDEN.len()];
    let mut i = 0;
    while i < keys.len() {
        keys[i] = (key(GOLDEN[i].0), GOLDEN[i].1);
        i += 1;
    }
    keys
};

/// The digest of a name.
const fn key(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut digest = Digest::new();
    let mut i = 0;
    while i < bytes.len() {
        digest = digest.byte(bytes[i]);
        i += 1;
    }
    digest.get()
}

/// What rests on a maximum that the oracle does not find: the same everywhere.
fn refusable<V>(found: Result<V, Error>) -> Result<Option<V>, Error> {
    match found {
        Err(Error::OutsideDomain { .. }) => Ok(None),
        found => found.map(Some),
    }
}

fn tell<T: Real>(report: Report<'_>, oracle: &str, noise: &str, what: &str, digest: Result<u64, Error>) {
    let mut name = heapless::String::<64>::new();
    // A name that is cut would fail the comparison.
    let _ = write!(name, "{} {oracle} {noise} {what}", T::NAME);
    report(&name, digest);
}
