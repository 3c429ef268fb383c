//! Pick k, with a limit for each group.

use super::{Decides, Location, Oracle, Properties, hull};
use crate::sort::sort;
use crate::vector::total;
use crate::{Error, Real, Shape, error};

/// Pick exactly k of d entries, and from each group no more than its limit:
/// C = {0 ≤ y ≤ 1, ⟨1, y⟩ = k, Σ_{i in group g} y_i ≤ limit_g}; y*(θ) marks the picked entries with 1.
///
/// Exactly k are picked, whatever the signs of their scores; F(θ) is the sum of theirs. Ties go to the lowest
/// index: of all best picks, the one whose y comes first in descending lexicographic order.
///
/// The picks are the bases of a matroid (a partition matroid cut at k), so that taking entries in order of
/// their scores, each unless its group is full, is exact (Edmonds 1971). Cost O(d log d); working memory one
/// sort key an entry and one count a group.
///
/// ```
/// use perturb_core::{Const, GroupTopK, Oracle};
/// // Three of five: at most one of the first two, at most two of the others.
/// let oracle = GroupTopK::new(Const::<5>, Const::<2>, &[0, 0, 1, 1, 1], &[1, 2], 3)?;
/// let mut y = [0.0f64; 5];
/// assert_eq!(oracle.solve(&[5.0, 4.0, 1.0, 3.0, 2.0], &mut y, &mut Oracle::<f64>::work(&oracle)), Ok(10.0));
/// assert_eq!(y, [1.0, 0.0, 0.0, 1.0, 1.0]);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupTopK<S: Shape, G: Shape> {
    shape: S,
    groups: S::Array<u32>,
    limit_shape: G,
    limits: G::Array<u32>,
    k: usize,
}

impl<S: Shape, G: Shape> GroupTopK<S, G> {
    /// Picks `k` entries, where entry i belongs to group `groups[i]` and group g has the limit `limits[g]`.
    ///
    /// Refused: a group that has no limit, and a `k` of 0 or above what the limits allow.
    pub fn new(shape: S, limit_shape: G, groups: &[u32], limits: &[u32], k: usize) -> Result<Self, Error> {
        error::check_dim(shape)?;
        error::check_dim(limit_shape)?;
        if groups.len() != shape.dim() {
            return Err(Error::Length { parameter: "groups", expected: shape.dim(), found: groups.len() });
        }
        if limits.len() != limit_shape.dim() {
            return Err(Error::Length {
                parameter: "limits",
                expected: limit_shape.dim(),
                found: limits.len(),
            });
        }
        let mut room = limit_shape.array(0);
        room.as_mut().copy_from_slice(limits);
        let mut most = 0;
        for &group in groups {
            let Some(room) = room.as_mut().get_mut(group as usize) else {
                let greatest = limits.len() - 1;
                return Err(Error::OutOfRange {
                    parameter: "group",
                    least: 0,
                    greatest,
                    found: group as usize,
                });
            };
            if *room > 0 {
                *room -= 1;
                most += 1;
            }
        }
        error::check_range("k", k, 1, most)?;
        let mut oracle = Self { shape, groups: shape.array(0), limit_shape, limits: limit_shape.array(0), k };
        oracle.groups.as_mut().copy_from_slice(groups);
        oracle.limits.as_mut().copy_from_slice(limits);
        Ok(oracle)
    }

    /// Multiple choice: one entry of each group, so k is the number of groups. Refused: a group without
    /// entries.
    ///
    /// ```
    /// use perturb_core::{Const, GroupTopK, Oracle};
    /// let oracle = GroupTopK::one_of_each(Const::<5>, Const::<2>, &[0, 0, 1, 1, 1])?;
    /// let mut y = [0.0f64; 5];
    /// let value = oracle.solve(&[-5.0, -4.0, 1.0, 3.0, 2.0], &mut y, &mut Oracle::<f64>::work(&oracle));
    /// assert_eq!(value, Ok(-1.0));
    /// assert_eq!(y, [0.0, 1.0, 0.0, 1.0, 0.0]);
    /// # Ok::<(), perturb_core::Error>(())
    /// ```
    pub fn one_of_each(shape: S, group_shape: G, groups: &[u32]) -> Result<Self, Error> {
        let limits = group_shape.array(1);
        Self::new(shape, group_shape, groups, limits.as_ref(), group_shape.dim())
    }

    /// Whether a group has more than its limit: told of a few groups, or of all.
    fn overfills<T: Real>(&self, y: &[T], all: bool) -> bool {
        const FEW: usize = 8;
        let limits = self.limits();
        (all || limits.len() <= FEW)
            && limits.iter().zip(0u32..).any(|(&limit, group)| {
                let members = self.groups().iter().zip(y).filter(|&(&of, _)| of == group);
                let sum = members.map(|(_, &y)| y).sum::<T>();
                hull::exceeds(sum, T::from_usize(limit as usize), y.len())
            })
    }

    /// The group of each entry.
    pub fn groups(&self) -> &[u32] {
        self.groups.as_ref()
    }
    /// The limit of each group.
    pub fn limits(&self) -> &[u32] {
        self.limits.as_ref()
    }
    /// How many entries are picked.
    pub fn k(&self) -> usize {
        self.k
    }
}

/// Written out, since a derive would ask for `S: Format` where the array S makes must be formatted.
#[cfg(feature = "defmt")]
impl<S: Shape, G: Shape> defmt::Format for GroupTopK<S, G> {
    fn format(&self, f: defmt::Formatter<'_>) {
        let (groups, limits) = (self.groups.as_ref(), self.limits.as_ref());
        defmt::write!(
            f,
            "GroupTopK {{ groups: {=[?]}, limits: {=[?]}, k: {=usize} }}",
            groups,
            limits,
            self.k
        );
    }
}

impl<T: Real, S: Shape, G: Shape> Oracle<T> for GroupTopK<S, G> {
    type Shape = S;
    /// Entries in order, and how many more each group may give.
    type Work = (S::Array<T::Key>, G::Array<u32>);

    fn properties(&self) -> Properties {
        Properties::new("group top-k").with_decides(Decides::Differences).with_small_integers(true)
    }
    fn shape(&self) -> S {
        self.shape
    }
    fn work(&self) -> Self::Work {
        (self.shape.array(T::Key::default()), self.limit_shape.array(0))
    }

    fn solve(&self, theta: &[T], y: &mut [T], (keys, room): &mut Self::Work) -> Result<T, &'static str> {
        let (keys, room) = (keys.as_mut(), room.as_mut());
        for (index, (key, &score)) in keys.iter_mut().zip(theta).enumerate() {
            *key = score.key(index);
        }
        sort(keys);
        room.copy_from_slice(self.limits.as_ref());
        y.fill(T::ZERO);
        let mut missing = self.k;
        for &key in &*keys {
            if missing == 0 {
                break;
            }
            let index = T::index(key);
            let group = self.groups.as_ref().get(index);
            if let Some(room) = group.and_then(|&group| room.get_mut(group as usize))
                && *room > 0
                && let Some(y) = y.get_mut(index)
            {
                *y = T::ONE;
                *room -= 1;
                missing -= 1;
            }
        }
        Ok(total(theta, y))
    }

    fn locate(&self, y: &[T], work: Option<&mut Self::Work>) -> Location {
        hull::located(self, hull::no_pick(y, self.k) || self.overfills(y, work.is_some()), y, work)
    }
}
