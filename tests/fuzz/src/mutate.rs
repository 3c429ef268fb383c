//! Inputs out of other inputs, the same on every run.

use perturb::{Seed, noise::Stream};
use rand_core::Rng;

/// Bytes that mean something to one of the readers, or end a range.
const TELLING: &[u8] = b"\0\x01\x7F\x80\xFF\n\r,;\"'>=.-+eE0129 (){}:";

/// Input number `index` of `seed`: one of `corpus`, changed in a few places, and no longer than `longest`.
#[must_use]
pub fn mutation(corpus: &[Vec<u8>], longest: usize, seed: Seed, index: u64) -> Vec<u8> {
    let mut random = Random(seed.stream(index));
    let mut bytes = random.one_of(corpus).cloned().unwrap_or_default();
    for _ in 0..=random.below(4) {
        random.change(&mut bytes, corpus);
    }
    bytes.truncate(longest);
    bytes
}

struct Random(Stream);

impl Random {
    /// A number below `end`, which is at most 2³²; 0 if there is none.
    fn below(&mut self, end: usize) -> usize {
        ((u64::from(self.0.next_u32()) * end as u64) >> 32) as usize
    }

    fn one_of<'a, C>(&mut self, choices: &'a [C]) -> Option<&'a C> {
        let place = self.below(choices.len());
        choices.get(place)
    }

    fn byte(&mut self) -> u8 {
        if self.below(2) == 0 { self.one_of(TELLING).copied().unwrap_or(0) } else { self.0.next_u32() as u8 }
    }

    /// A part of `bytes`.
    fn part(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let start = self.below(bytes.len() + 1);
        let most = (bytes.len() - start).min(16);
        start..start + self.below(most + 1)
    }

    fn change(&mut self, bytes: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let place = self.below(bytes.len());
        match self.below(7) {
            0 => {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= 1 << self.below(8);
                }
            }
            1 => {
                let new = self.byte();
                if let Some(byte) = bytes.get_mut(place) {
                    *byte = new;
                }
            }
            2 => {
                let new = self.byte();
                bytes.insert(place, new);
            }
            3 => {
                let part = self.part(bytes);
                bytes.drain(part);
            }
            4 => {
                let part = self.part(bytes);
                let copy = bytes[part].to_vec();
                bytes.splice(place..place, copy);
            }
            5 => {
                for _ in 0..self.below(8) {
                    let (place, new) = (self.below(bytes.len()), self.0.next_u32() as u8);
                    if let Some(byte) = bytes.get_mut(place) {
                        *byte = new;
                    }
                }
            }
            _ => {
                let other = self.one_of(corpus).cloned().unwrap_or_default();
                let (part, own) = (self.part(&other), self.part(bytes));
                bytes.splice(own, other[part].iter().copied());
            }
        }
    }
}
