//! Rank: the permutahedron.

use super::{Decides, Location, Oracle, Properties, hull};
use crate::engine::codes::{self, Codes, bits};
use crate::engine::lanes::{self, LANES};
use crate::engine::{SolveGroup, Wanted, network};
use crate::model_file::OracleKind;
use crate::sort::sort;
use crate::vector::{self, dot};
use crate::{Error, Real, Shape, error};

/// Rank d entries: C = conv{P_σ v : σ} for a reference vector v with distinct entries.
///
/// y*(θ) gives the largest entry of v to the largest score, the next to the next, and so on; equal scores
/// count the lower index as the larger. With v = (1, …, d) these are ascending ranks: the largest score
/// gets d.
///
/// Cost O(d²) comparisons without branches up to d = 16, then O(d log d); working memory one sort key an
/// entry.
///
/// ```
/// use perturb_core::{Const, Oracle, Ranking};
/// let oracle = Ranking::<f64, _>::ascending(Const::<3>)?;
/// let mut y = [0.0; 3];
/// assert_eq!(oracle.solve(&[0.5, -1.0, 2.0], &mut y, &mut oracle.work()), Ok(6.0));
/// assert_eq!(y, [2.0, 1.0, 3.0]);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[doc(alias("argsort", "permutahedron", "rank", "sort"))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranking<T: Real, S: Shape> {
    shape: S,
    /// v in descending order.
    reference: S::Array<T>,
    /// Whether v is (1, …, d).
    ascending: bool,
    /// Whether v is made of integers of at most 2¹⁸.
    small_integers: bool,
    sums: Sums<T>,
}

/// Σv, Σ|v| and Σv².
#[derive(Clone, Copy, Debug, PartialEq)]
struct Sums<T> {
    total: T,
    size: T,
    squares: T,
}

impl<T: Real> Sums<T> {
    fn new(v: &[T]) -> Self {
        let size = v.iter().map(|v| v.abs()).sum();
        Self { total: v.iter().copied().sum(), size, squares: dot(v, v) }
    }
}

/// Σy and Σy², for a check, which has slack: on hosts in no certain order, so that no addition waits for the one before.
#[inline(always)]
fn moments<T: Real>(y: &[T]) -> (T, T) {
    let (mut sum, mut square) = (T::ZERO, T::ZERO);
    let mut rest = y;
    if cfg!(not(target_os = "none")) {
        let (mut sums, mut squares) = ([T::ZERO; 8], [T::ZERO; 8]);
        let (parts, fewer) = y.as_chunks::<8>();
        for part in parts {
            for ((sum, square), &y) in sums.iter_mut().zip(&mut squares).zip(part) {
                *sum += y;
                *square += y * y;
            }
        }
        (sum, square, rest) = (sums.into_iter().sum(), squares.into_iter().sum(), fewer);
    }
    for &y in rest {
        sum += y;
        square += y * y;
    }
    (sum, square)
}

/// The largest of [small integers](Properties::small_integers).
const SMALL: u32 = 1 << 18;

/// Up to this many entries, counting comparisons beats sorting.
const COUNTING: usize = 16;

impl<T: Real, S: Shape> Ranking<T, S> {
    /// With any reference vector `v` of d finite, distinct entries; their order does not matter.
    pub fn new(shape: S, v: &[T]) -> Result<Self, Error> {
        error::check_dim(shape)?;
        error::check_vector("v", v, shape.dim())?;
        let mut keys = shape.array(T::Key::default());
        for (i, (key, &v)) in keys.as_mut().iter_mut().zip(v).enumerate() {
            *key = v.key(i);
        }
        sort(keys.as_mut());
        let mut reference = shape.array(T::ZERO);
        let mut previous = T::INFINITY;
        for (entry, &key) in reference.as_mut().iter_mut().zip(keys.as_ref()) {
            let index = T::index(key);
            // −0 counts as +0, like all zeros.
            *entry = v.get(index).copied().unwrap_or(T::ZERO) + T::ZERO;
            if *entry == previous {
                return Err(Error::NotDistinct { parameter: "v", index });
            }
            previous = *entry;
        }
        let small = |v: f64| v.abs() <= f64::from(SMALL) && f64::from(v as i32) == v;
        let small_integers = reference.as_ref().iter().all(|v| small(v.to_f64()));
        let ranks = (1..=shape.dim()).rev().map(T::from_usize);
        let ascending = reference.as_ref().iter().zip(ranks).all(|(&v, rank)| v == rank);
        let sums = Sums::new(reference.as_ref());
        Ok(Self { shape, reference, ascending, small_integers, sums })
    }

    /// v = (1, …, d): ascending ranks, the largest score gets d.
    pub fn ascending(shape: S) -> Result<Self, Error> {
        error::check_dim(shape)?;
        let mut reference = shape.array(T::ZERO);
        for (i, entry) in reference.as_mut().iter_mut().enumerate() {
            *entry = T::from_usize(shape.dim() - i);
        }
        let sums = Sums::new(reference.as_ref());
        let small_integers = shape.dim() <= SMALL as usize;
        Ok(Self { shape, reference, ascending: true, small_integers, sums })
    }

    /// v = (−1, …, −d): the largest score gets −1, the next −2. −y are ranks in descending order (1 = best),
    /// while ⟨y, θ⟩ is still maximised.
    pub fn descending(shape: S) -> Result<Self, Error> {
        error::check_dim(shape)?;
        let mut reference = shape.array(T::ZERO);
        for (i, entry) in reference.as_mut().iter_mut().enumerate() {
            *entry = -T::from_usize(i + 1);
        }
        let sums = Sums::new(reference.as_ref());
        let small_integers = shape.dim() <= SMALL as usize;
        Ok(Self { shape, reference, ascending: false, small_integers, sums })
    }

    /// Whether y lies outside: by its sum and its length, and for a few entries that have not the length of a vertex by majorisation.
    fn refuses(&self, y: &[T]) -> bool {
        let Sums { total, size, squares } = self.sums;
        let (sum, square) = moments(y);
        let slack = hull::slack::<T>(y.len());
        if (sum - total).abs() > slack * size || square - squares > slack * squares {
            return true;
        }
        y.len() <= COUNTING && square != squares && self.exceeds(y)
    }

    /// Whether y is not majorised by v: whether Σ max(y_i − t, 0) > Σ max(v_i − t, 0) at any t in v. O(d²).
    fn exceeds(&self, y: &[T]) -> bool {
        let above = |x: &[T], t: T| x.iter().map(|&x| (x - t).larger(T::ZERO)).sum::<T>();
        let (v, slack) = (self.reference(), hull::slack::<T>(y.len()));
        let mut size = vector::largest_magnitude(v);
        v.iter().any(|&t| {
            let excess = above(y, t) - above(v, t) > slack * size;
            size += t.abs();
            excess
        })
    }

    /// v in descending order.
    pub fn reference(&self) -> &[T] {
        self.reference.as_ref()
    }
}

/// Written out, since a derive would ask for `S: Format` where the array S makes must be formatted.
#[cfg(feature = "defmt")]
impl<T: Real + defmt::Format, S: Shape> defmt::Format for Ranking<T, S> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "Ranking {{ reference: {=[?]} }}", self.reference());
    }
}

impl<T: Real, S: Shape> Oracle<T> for Ranking<T, S> {
    type Shape = S;
    type Work = S::Array<T::Key>;

    fn properties(&self) -> Properties {
        let kind = self.ascending.then_some(OracleKind::Ranking);
        Properties {
            kind,
            ..Properties::new("ranking").with_decides(Decides::Order).with_small_integers(self.small_integers)
        }
    }
    fn shape(&self) -> S {
        self.shape
    }
    fn work(&self) -> Self::Work {
        self.shape.array(T::Key::default())
    }

    fn solve(&self, theta: &[T], y: &mut [T], work: &mut Self::Work) -> Result<T, &'static str> {
        let reference = self.reference.as_ref();
        if theta.len() <= COUNTING {
            let mut order = [T::Order::default(); COUNTING];
            let order = order.get_mut(..theta.len()).unwrap_or_default();
            for (order, &score) in order.iter_mut().zip(theta) {
                *order = score.order();
            }
            // How many are larger, over all entries: loops of equal length, which compilers unroll and put in lanes.
            let mut pairs = 0;
            for (y, &mine) in y.iter_mut().zip(&*order) {
                let larger = order.iter().map(|&other| u32::from(other > mine)).sum::<u32>();
                pairs += larger;
                *y = reference.get(larger as usize).copied().unwrap_or(T::ZERO);
            }
            // Of equal scores neither is larger, so some of the pairs were not counted.
            if 2 * pairs as usize != order.len() * order.len().saturating_sub(1) {
                for (i, (y, &mine)) in y.iter_mut().zip(&*order).enumerate() {
                    let (before, after) = order.split_at_checked(i).unwrap_or_default();
                    let ahead = before.iter().filter(|&&other| other >= mine).count();
                    let above = after.iter().filter(|&&other| other > mine).count();
                    *y = reference.get(ahead + above).copied().unwrap_or(T::ZERO);
                }
            }
        } else {
            let keys = work.as_mut();
            for (i, (key, &score)) in keys.iter_mut().zip(theta).enumerate() {
                *key = score.key(i);
            }
            sort(keys);
            for (&key, &v) in keys.iter().zip(reference) {
                if let Some(y) = y.get_mut(T::index(key)) {
                    *y = v;
                }
            }
        }
        Ok(dot(theta, y))
    }

    fn locate(&self, y: &[T], work: Option<&mut Self::Work>) -> Location {
        let thorough = work.is_some();
        match hull::located(self, self.refuses(y), y, work) {
            // Not asked of vertices, which most targets are.
            Location::Undecided if thorough && self.exceeds(y) => Location::Outside,
            location => location,
        }
    }

    fn solve_group(&self, group: SolveGroup<'_, T>) -> Option<u32> {
        let SolveGroup { theta, count, wanted, memory } = group;
        let reference = self.reference.as_ref();
        let (codes, rows) = (Codes::new(theta.len())?, memory.codes);
        let doubtful = codes.write(theta, rows);
        network::sort_descending(rows);
        Some(match wanted {
            Wanted::Each { y, values } => {
                let sums = &mut *y;
                let doubtful =
                    lanes::run(Place::<_, false> { reference, theta, count, sums, codes, rows, doubtful });
                if let Some(values) = values {
                    *values = lanes::run(lanes::Values { theta, y });
                }
                doubtful
            }
            Wanted::Sum { sums } => {
                lanes::run(Place::<_, true> { reference, theta, count, sums, codes, rows, doubtful })
            }
        })
    }
}

/// The reference vector in the order of sorted codes, in every lane, added to `sums` or written.
struct Place<'a, T, const ADD: bool> {
    reference: &'a [T],
    theta: &'a [[T; LANES]],
    count: usize,
    sums: &'a mut [[T; LANES]],
    codes: Codes,
    rows: &'a mut [[u32; LANES]],
    doubtful: u32,
}

impl<T: Real, const ADD: bool> perturb_lanes::Kernel for Place<'_, T, ADD> {
    type Output = u32;
    #[inline(always)]
    fn run(self) -> u32 {
        let Self { reference, theta, count, sums, codes, rows, mut doubtful } = self;
        let mut tied = [0; LANES];
        for (a, b) in rows.iter().zip(rows.iter().skip(1)) {
            lanes::row_by_row();
            codes.tied(a, b, &mut tied);
        }
        for lane in lanes::each_lane(bits(&lanes::settle(tied)) & !doubtful) {
            doubtful |= u32::from(!codes.untie(theta, lane, rows)) << lane;
        }
        codes.places(rows);
        for (places, &v) in rows.iter().zip(reference) {
            codes::put::<T, ADD>(places, v, count, doubtful, sums.as_flattened_mut());
        }
        doubtful
    }
}
