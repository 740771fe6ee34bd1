//! Purpose: which of some ordered things are in hand, and the n-th of those: taking, leaving and asking cost the logarithm of
//! their number (a tree of counts: Fenwick 1994, "A new data structure for cumulative frequency tables").

/// Places from 0 on, of which some are taken.
pub(super) struct Ranks {
    /// At `i` (from 1) the number of taken places among the `i & -i` places that end with place `i - 1`.
    counts: Vec<usize>,
    taken: usize,
}

impl Ranks {
    /// So many places, of which none is taken.
    pub(super) fn new(places: usize) -> Self {
        Self {
            counts: vec![0; places + 1],
            taken: 0,
        }
    }

    /// How many are taken.
    pub(super) fn len(&self) -> usize {
        self.taken
    }

    /// Takes a place that is not taken.
    pub(super) fn add(&mut self, place: usize) {
        self.taken += 1;
        self.change(place, |count| count + 1);
    }

    /// Leaves a place that is taken.
    pub(super) fn remove(&mut self, place: usize) {
        self.taken = self.taken.saturating_sub(1);
        self.change(place, |count| count.saturating_sub(1));
    }

    fn change(&mut self, place: usize, new: fn(usize) -> usize) {
        let mut at = place + 1;
        while let Some(count) = self.counts.get_mut(at) {
            *count = new(*count);
            at += at & at.wrapping_neg();
        }
    }

    /// The `nth` taken place, from 0 on; `None` where fewer are.
    pub(super) fn nth(&self, nth: usize) -> Option<usize> {
        if nth >= self.taken {
            return None;
        }
        let (mut at, mut left) = (0, nth);
        let mut step = self.counts.len().next_power_of_two();
        while step > 0 {
            if let Some(count) = self.counts.get(at + step).filter(|count| **count <= left) {
                left -= count;
                at += step;
            }
            step /= 2;
        }
        Some(at)
    }
}
