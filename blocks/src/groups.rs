//! Purpose: groups of rows in one message: as many rows of each as fit, and how many there are besides.

use crate::layout::{Beside, Layout};
use crate::limits::{BLOCK_OVERHEAD, MESSAGE_TEXT};
use crate::mrkdwn::{Mrkdwn, bold};

/// Rows in one message, at most: a longer list is not read.
pub const MAX_ROWS: usize = 16;
/// What a row adds to the text of a message besides its own: the block and the words of its menu.
const ROW_OVERHEAD: usize = BLOCK_OVERHEAD + 60;
/// The longest heading, and the longest line about what is not shown.
const LINE_TEXT: usize = 120;

/// Rows under one heading.
pub struct Group<'a> {
    heading: Mrkdwn,
    rows: Vec<(Mrkdwn, Option<Beside>)>,
    costs: Vec<usize>,
    rest: Box<dyn Fn(usize) -> Mrkdwn + 'a>,
}

impl<'a> Group<'a> {
    /// A group. Only the first [`MAX_ROWS`] of `rows` are looked at; `rest` says in words what is left out when
    /// that many are shown.
    pub fn new(
        heading: Mrkdwn,
        rows: impl Iterator<Item = (Mrkdwn, Option<impl Into<Beside>>)>,
        rest: impl Fn(usize) -> Mrkdwn + 'a,
    ) -> Self {
        let rows = rows.take(MAX_ROWS);
        let rows: Vec<_> = rows
            .map(|(text, beside)| (text, beside.map(Into::into)))
            .collect();
        let costs = rows
            .iter()
            .map(|(text, _)| text.length() + ROW_OVERHEAD)
            .collect();
        let rest = Box::new(rest);
        Self {
            heading,
            rows,
            costs,
            rest,
        }
    }

    /// What its heading and the line below take.
    fn frame_cost() -> usize {
        2 * (LINE_TEXT + BLOCK_OVERHEAD)
    }

    fn cost(&self, shown: usize) -> usize {
        self.costs[..shown].iter().sum()
    }
}

/// Adds the groups to `layout`, leaving room for `after`. Returns whether anything was left out.
pub fn add(layout: &mut Layout, groups: &[Group<'_>], after: &Layout) -> bool {
    // One frame more, for the hint that a caller adds when something was left out.
    let frames = (groups.len() + 1) * Group::frame_cost();
    let room = MESSAGE_TEXT.saturating_sub(layout.spent() + after.spent() + frames);
    let mut was_cut = false;
    for (group, shown) in groups.iter().zip(allot(groups, room)) {
        layout.section(&bold(group.heading.clone()).capped(LINE_TEXT));
        let rest = (group.rest)(shown).capped(LINE_TEXT);
        was_cut |= !rest.is_empty();
        for (text, beside) in &group.rows[..shown] {
            match beside {
                Some(Beside::Menu(menu)) => layout.section_with_menu(text, menu.clone()),
                Some(Beside::Button(button)) => layout.section_with_button(text, button.clone()),
                None => layout.section(text),
            };
        }
        layout.context(&rest);
    }
    was_cut
}

/// How many rows of each group fit: the most rows that do, shared out fairly.
fn allot(groups: &[Group<'_>], room: usize) -> Vec<usize> {
    let wanted: Vec<usize> = groups.iter().map(|group| group.rows.len()).collect();
    let cost = |given: &[usize]| {
        groups
            .iter()
            .zip(given)
            .map(|(group, shown)| group.cost(*shown))
            .sum::<usize>()
    };
    let given = (0..=MAX_ROWS)
        .rev()
        .map(|rows| share_out(&wanted, rows))
        .find(|given| cost(given) <= room);
    given.unwrap_or_else(|| vec![0; groups.len()])
}

/// How many rows of each group to show when `room` rows fit: each group gets its fair part first, and what one
/// group does not need goes to the others, in order.
fn share_out(wanted: &[usize], room: usize) -> Vec<usize> {
    let fair = room / wanted.iter().filter(|rows| **rows > 0).count().max(1);
    let mut given: Vec<usize> = wanted.iter().map(|rows| (*rows).min(fair)).collect();
    let mut left = room - given.iter().sum::<usize>();
    for (given, wanted) in given.iter_mut().zip(wanted) {
        let more = (wanted - *given).min(left);
        *given += more;
        left -= more;
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_are_shared_out_without_waste(wanted in prop::collection::vec(0_usize..50, 1..6), room in 0_usize..40) {
            let given = share_out(&wanted, room);
            prop_assert!(given.iter().zip(&wanted).all(|(g, w)| g <= w));
            prop_assert_eq!(given.iter().sum::<usize>(), room.min(wanted.iter().sum()));
        }
    }

    #[test]
    fn a_long_group_does_not_push_out_the_others() {
        assert_eq!(share_out(&[100, 2, 1, 0], 16), [13, 2, 1, 0]);
        assert_eq!(share_out(&[100, 100, 100, 100], 16), [4, 4, 4, 4]);
    }
}
