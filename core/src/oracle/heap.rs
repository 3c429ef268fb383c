//! A binary heap over a slice: the cheapest entry first, equal costs by the lower id.

use crate::Real;

/// A cost and what it is the cost of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry<T> {
    pub(super) cost: T,
    pub(super) id: u32,
}

impl<T: Real> Entry<T> {
    pub(super) const NONE: Self = Self { cost: T::ZERO, id: 0 };

    fn before(self, other: Self) -> bool {
        self.cost < other.cost || (self.cost == other.cost && self.id < other.id)
    }
}

/// The first `len` entries of a slice in heap order; what does not fit is dropped.
#[derive(Debug)]
pub(super) struct Heap<'a, T> {
    entries: &'a mut [Entry<T>],
    len: usize,
}

impl<'a, T: Real> Heap<'a, T> {
    /// An empty heap in `entries`.
    pub(super) fn new(entries: &'a mut [Entry<T>]) -> Self {
        Self { entries, len: 0 }
    }

    pub(super) fn push(&mut self, entry: Entry<T>) {
        if self.len == self.entries.len() {
            return;
        }
        let mut hole = self.len;
        self.len += 1;
        while hole > 0 {
            let parent = (hole - 1) / 2;
            match self.entries.get(parent) {
                Some(&above) if entry.before(above) => self.put(hole, above),
                _ => break,
            }
            hole = parent;
        }
        self.put(hole, entry);
    }

    pub(super) fn pop(&mut self) -> Option<Entry<T>> {
        self.len = self.len.checked_sub(1)?;
        let first = *self.entries.first()?;
        let last = *self.entries.get(self.len)?;
        let mut hole = 0;
        loop {
            let left = 2 * hole + 1;
            if left >= self.len {
                break;
            }
            let Some(&[a, b]) = self.entries.get(left..).and_then(<[_]>::first_chunk) else { break };
            let (child, entry) = if left + 1 < self.len && b.before(a) { (left + 1, b) } else { (left, a) };
            if !entry.before(last) {
                break;
            }
            self.put(hole, entry);
            hole = child;
        }
        self.put(hole, last);
        Some(first)
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
        let mut slots = [Entry::NONE; 100];
        let mut heap = Heap::new(&mut slots);
        // A full cycle modulo 101 with costs that repeat.
        let all: [Entry<f64>; 100] = core::array::from_fn(|i| {
            let id = (i as u32 + 1) * 37 % 101;
            Entry { cost: f64::from(id % 7), id }
        });
        for (i, &entry) in all.iter().enumerate() {
            heap.push(entry);
            if i % 3 == 2 {
                let first = heap.pop().unwrap();
                heap.push(first);
            }
        }
        let mut sorted = all;
        sorted.sort_by(|a, b| a.cost.total_cmp(&b.cost).then(a.id.cmp(&b.id)));
        for entry in sorted {
            assert_eq!(heap.pop(), Some(entry));
        }
        assert_eq!(heap.pop(), None);
    }

    #[test]
    fn what_does_not_fit_is_dropped() {
        let mut slots = [Entry::NONE; 1];
        let mut heap = Heap::new(&mut slots);
        heap.push(Entry { cost: 2.0f32, id: 0 });
        heap.push(Entry { cost: 1.0, id: 1 });
        assert_eq!(heap.pop(), Some(Entry { cost: 2.0, id: 0 }));
        assert_eq!(heap.pop(), None);
    }
}
