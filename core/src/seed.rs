//! Randomness that is a function of its name: (seed, keys, sample number).

use rand_core::SeedableRng;

/// The generator behind one sample: xoshiro128++, 16 bytes of state, 32-bit operations only.
pub type Stream = rand_xoshiro::Xoshiro128PlusPlus;

/// Names a family of independent random streams.
///
/// A seed is folded with keys (a row, an epoch, a purpose) and opened at a sample number. No state
/// is shared or advanced, so results do not depend on who draws first: thread count, batch split and
/// machine leave every bit as it is.
///
/// State and position are hashed, never stepped: generators whose states are neighbours, or apart
/// by a jump of a power of two, are correlated.
///
/// ```
/// use perturb_core::Seed;
/// let row = Seed(42).fold(7);
/// assert_ne!(row, Seed(42).fold(8));
/// assert_eq!(row.stream(3), Seed(42).fold(7).stream(3));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Seed(pub u64);

/// Increment of the splitmix64 sequence: the odd number nearest 2⁶⁴/φ.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A bijective mixer of 64 bits: Stafford's variant 13, as in splitmix64 (Steele, Lea and Flood 2014).
#[cfg_attr(not(target_os = "none"), inline(always))]
const fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

impl Seed {
    /// The seed for `key` within this one: a row of a batch, a step, an epoch.
    #[must_use]
    #[cfg_attr(not(target_os = "none"), inline(always))]
    pub const fn fold(self, key: u64) -> Self {
        Self(mix(mix(self.0.wrapping_add(GOLDEN)) ^ key.wrapping_mul(GOLDEN)))
    }

    /// [`fold`](Self::fold) of the keys from `first` on, whose products with a constant differ by it.
    #[inline(always)]
    pub(crate) fn fold_consecutive<const N: usize>(self, first: u64) -> [Self; N] {
        let (own, mut product) = (mix(self.0.wrapping_add(GOLDEN)), first.wrapping_mul(GOLDEN));
        let mut folded = [self; N];
        for seed in &mut folded {
            seed.0 = own ^ product;
            product = product.wrapping_add(GOLDEN);
        }
        for seed in &mut folded {
            seed.0 = mix(seed.0);
        }
        folded
    }

    /// The state of the generator of the sample that this seed was [folded](Self::fold) with, as two words.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    pub(crate) const fn state(self) -> [u64; 2] {
        [self.0, mix(self.0.wrapping_add(GOLDEN))]
    }

    /// The generator of sample number `sample`.
    pub fn stream(self, sample: u64) -> Stream {
        let [first, second] = self.fold(sample).state();
        let mut state = [0; 16];
        let (low, high) = state.split_at_mut(8);
        low.copy_from_slice(&first.to_le_bytes());
        high.copy_from_slice(&second.to_le_bytes());
        Stream::from_seed(state)
    }
}
