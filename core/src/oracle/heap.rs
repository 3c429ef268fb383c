//! A binary heap over a slice: the cheapest entry first, equal costs by the lower id.

use crate::Real;

/// A cost that is not negative, and what it is the cost of, as one integer: one comparison tells the order, without
/// floating-point arithmetic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry<T: Real>(T::Key);

impl<T: Real> Entry<T> {
    pub(super) fn new(cost: T, id: u32) -> Self {
        Self(cost.cost_key(id))
    }
    pub(super) fn cost(self) -> T {
        T::cost(self.0)
    }
    pub(super) fn id(self) -> u32 {
        T::index(self.0) as u32
    }
    /// Something to fill memory with.
    pub(super) fn none() -> Self {
        Self(T::Key::default())
    }
}

/// The first `len` entries of a slice in heap order; what does not fit is dropped.
#[derive(Debug)]
pub(super) struct Heap<'a, T: Real> {
    entries: &'a mut [Entry<T>],
    len: usize,
}

impl<'a, T: Real> Heap<'a, T> {
    /// An empty heap in `entries`.
    pub(super) fn new(entries: &'a mut [Entry<T>]) -> Self {
        Self { entries, len: 0 }
    }

    pub(super) fn push(&mut self, entry: Entry<T>) {
        let hole = self.len;
        if hole < self.entries.len() {
            self.len += 1;
            self.rise(hole, entry);
        }
    }

    // Left to choose, compilers change their minds with code elsewhere, which a search of a large grid notices by a tenth.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    pub(super) fn pop(&mut self) -> Option<Entry<T>> {
        self.len = self.len.checked_sub(1)?;
        let first = *self.entries.first()?;
        let last = *self.entries.get(self.len)?;
        // The last entry belongs near the end again: the hole sinks all the way, and the entry rises from there.
        let mut hole = 0;
        while let Some(&[a, b]) = self.children().0.get(hole) {
            let second = b.0 < a.0;
            self.put(hole, if second { b } else { a });
            hole = 2 * hole + 1 + usize::from(second);
        }
        let (pairs, only) = self.children();
        if let (true, &[only]) = (hole == pairs.len(), only) {
            self.put(hole, only);
            hole = 2 * hole + 1;
        }
        self.rise(hole, last);
        Some(first)
    }

    /// The two children of entry 0, of entry 1, …, and the only child of the next.
    fn children(&self) -> (&[[Entry<T>; 2]], &[Entry<T>]) {
        self.entries.get(1..self.len).unwrap_or(&[]).as_chunks()
    }

    /// Puts `entry` into `hole` or above it.
    fn rise(&mut self, mut hole: usize, entry: Entry<T>) {
        while hole > 0 {
            let parent = (hole - 1) / 2;
            match self.entries.get(parent) {
                Some(&above) if entry.0 < above.0 => self.put(hole, above),
                _ => break,
            }
            hole = parent;
        }
        self.put(hole, entry);
    }

    fn put(&mut self, place: usize, entry: Entry<T>) {
        if let Some(slot) = self.entries.get_mut(place) {
            *slot = entry;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_leave_in_order() {
        let mut slots = [Entry::none(); 100];
        let mut heap = Heap::new(&mut slots);
        // A full cycle modulo 101 with costs that repeat.
        let all: [Entry<f64>; 100] = core::array::from_fn(|i| {
            let id = (i as u32 + 1) * 37 % 101;
            Entry::new(f64::from(id % 7), id)
        });
        for (i, &entry) in all.iter().enumerate() {
            heap.push(entry);
            if i % 3 == 2 {
                let first = heap.pop().unwrap();
                heap.push(first);
            }
        }
        let mut sorted = all;
        sorted.sort_by(|a, b| a.cost().total_cmp(&b.cost()).then(a.id().cmp(&b.id())));
        for entry in sorted {
            assert_eq!(heap.pop(), Some(entry));
        }
        assert_eq!(heap.pop(), None);
    }

    #[test]
    fn what_does_not_fit_is_dropped() {
        let mut slots = [Entry::none(); 1];
        let mut heap = Heap::new(&mut slots);
        heap.push(Entry::new(2.0f32, 0));
        heap.push(Entry::new(1.0, 1));
        assert_eq!(heap.pop(), Some(Entry::new(2.0, 0)));
        assert_eq!(heap.pop(), None);
    }
}
