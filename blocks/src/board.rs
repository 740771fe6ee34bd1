//! Purpose: the posted triage list (`/em-agent triage post`) that closes itself: what is done is struck through.

use chrono::{DateTime, Utc};
use em_domain::board::{Board, BoardLine};
use em_domain::calendar::WorkCalendar;
use em_domain::snooze::Snooze;
use em_domain::triage::Turn;
use slack_morphism::prelude::SlackMessageContent;

use crate::groups::{self, Group};
use crate::layout::Layout;
use crate::mrkdwn::{Mrkdwn, cat, escape, join, strike, words};
use crate::people::People;
use crate::row::{self, RowSetting, group_heading};
use crate::time::{plain_day, when};
use crate::triage::{Failures, add_failures, and_more, as_of};

/// A board and how to show it. People appear by their GitHub login: a mention in a posted message would ping.
#[derive(Debug, Clone, Copy)]
pub struct BoardView<'a> {
    /// The board.
    pub board: &'a Board,
    /// When people work.
    pub calendar: &'a WorkCalendar,
    /// When the board was last brought up to date.
    pub now: DateTime<Utc>,
}

/// The posted list. Lines stay where they were posted; done ones are struck through.
pub fn message_board(view: &BoardView<'_>) -> SlackMessageContent {
    let board = view.board;
    let title = format!("What is stuck, {}", plain_day(board.day));
    let heading = if board.lines.is_empty() {
        title
    } else {
        format!("{title} · {} of {} cleared", board.cleared(), board.lines.len())
    };
    let mut layout = Layout::new();
    layout.header(&heading);
    let mut after = Layout::new();
    let posted = i64::try_from(board.lines.len()).unwrap_or(i64::MAX);
    after.context(&and_more(board.total - posted, "waited when this was posted"));
    let failures = Failures {
        branches: &board.failing_branches,
        deployments: &board.failed_deployments,
        incidents: &board.incidents,
        calendar: view.calendar,
        now: view.now,
        people: People::posted(),
    };
    add_failures(&mut after, &failures);
    after.section(&closing(board));
    after.foot(&as_of(view.now, view.calendar));
    let groups: Vec<Group<'_>> = Turn::ALL
        .into_iter()
        .filter_map(|turn| group(view, turn))
        .collect();
    groups::add(&mut layout, &groups, &after);
    layout.append(after);
    layout.into_message(&fallback(view, &heading))
}

/// The lines posted under one turn; `None` if there are none.
fn group<'a>(view: &BoardView<'a>, turn: Turn) -> Option<Group<'a>> {
    let lines: Vec<&BoardLine> = view
        .board
        .lines
        .iter()
        .filter(|line| line.posted_turn == turn)
        .collect();
    let setting = setting(view);
    let row_of = move |line: &BoardLine| match (line.cleared_at, &line.snooze) {
        (Some(at), _) => (done(line, at, setting.calendar), None),
        (None, Some(snooze)) => (snoozed(line, snooze, setting.calendar), None),
        (None, None) => (row::text(&line.row, setting), Some(row::menu(&line.row))),
    };
    let rows: Vec<_> = lines
        .iter()
        .take(groups::MAX_ROWS)
        .map(|line| row_of(line))
        .collect();
    let heading = words(group_heading(turn, false));
    (!lines.is_empty())
        .then(|| Group::new(heading, rows.into_iter(), move |shown| not_shown(&lines[shown..])))
}

fn not_shown(lines: &[&BoardLine]) -> Mrkdwn {
    let cleared = lines.iter().filter(|line| line.cleared_at.is_some()).count();
    match lines.len() {
        0 => Mrkdwn::default(),
        hidden => escape(&format!("and {hidden} more, {cleared} of them cleared")),
    }
}

fn setting<'a>(view: &BoardView<'a>) -> RowSetting<'a> {
    RowSetting {
        calendar: view.calendar,
        people: People::posted(),
        now: view.now,
    }
}

/// A line that somebody snoozed after it was posted. Like everybody on a board they are not mentioned.
fn snoozed(line: &BoardLine, snooze: &Snooze, calendar: &WorkCalendar) -> Mrkdwn {
    let row = &line.row;
    let place = join(
        [
            row::short_key(&row.key),
            words(snooze.reason.label()),
            cat([words("until "), when(snooze.until, calendar.zone)]),
        ],
        " · ",
    );
    let what = row::title_link(&row.title, &row.url).capped(row::LINE);
    cat([words("Snoozed: "), what, words("\n"), place])
}

fn done(line: &BoardLine, at: DateTime<Utc>, calendar: &WorkCalendar) -> Mrkdwn {
    let row = &line.row;
    let what = strike(row::title_link(&row.title, &row.url)).capped(row::LINE);
    let place = join(
        [
            row::short_key(&row.key),
            cat([words("moved on "), when(at, calendar.zone)]),
        ],
        " · ",
    );
    cat([words("✓ Done: "), what, words("\n"), place])
}

fn closing(board: &Board) -> Mrkdwn {
    let is_broken = !(board.failing_branches.is_empty()
        && board.failed_deployments.is_empty()
        && board.incidents.is_empty());
    match (board.lines.is_empty(), is_broken) {
        (true, false) => return words("Nothing is stuck today."),
        (true, true) => return words("No pull request waits for anybody."),
        (false, _) => {}
    }
    if board.cleared() < board.lines.len() {
        return Mrkdwn::default();
    }
    words("Everything on this list has moved. Thank you!")
}

fn fallback(view: &BoardView<'_>, heading: &str) -> Mrkdwn {
    let open = view
        .board
        .lines
        .iter()
        .filter(|line| line.cleared_at.is_none() && line.snooze.is_none())
        .take(5);
    let open = join(open.map(|line| row::plain_line(&line.row, setting(view))), "; ");
    let head = escape(heading);
    let open = if open.is_empty() {
        closing(view.board)
    } else {
        cat([words("Still open: "), open])
    };
    join([head, open], ". ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{branch, calendar, clear, deployment, now, rows, waiting};
    use crate::transcript::transcript;
    use em_domain::snooze::SnoozeReason;
    use em_domain::triage::SnoozedRow;
    use insta::assert_snapshot;

    fn shown(board: &Board) -> String {
        transcript(&message_board(&BoardView {
            board,
            calendar: &calendar(),
            now: now(),
        }))
    }

    #[test]
    fn done_lines_are_struck_through_where_they_stand() {
        let mut board = Board::new(now().date_naive(), waiting(&rows()[..3], 5));
        board.update(&rows()[1..3], &clear());
        assert_snapshot!(shown(&board), @r"
        (text) What is stuck, Fri 21 Nov · 1 of 3 cleared. Still open: shop/api#820: Cache the price list, 6 h; shop/api#799: Use <!channel> *now*, 3 d 3 h
        # What is stuck, Fri 21 Nov · 1 of 3 cleared
        *Waiting for a reviewer*
        ✓ Done: ~Retry payments on timeout (https://github.com/shop/api/pull/812)~
        shop/api#812 · moved on Fri 21 Nov 15:00
        *Cache the price list (https://github.com/shop/api/pull/820)*
        shop/api#820 · by ana · 6 h of working time since Thu 20 Nov 19:00
        *bob* to look again: the author has answered
            ⋮ Why here? | Nudge | Snooze… | Open
        *Use <!channel> *now* (https://github.com/shop/api/pull/799)*
        shop/api#799 · by ana · 3 d 3 h of working time since Mon 17 Nov 12:00
        Nobody has been asked to review yet; the author can ask somebody
            ⋮ Why here? | Nudge | Snooze… | Open
        > and 2 more waited when this was posted
        > As of Fri 21 Nov 15:00. Waits count working hours: Mon–Fri 09:00–17:00, Europe/Berlin
        ");
    }

    #[test]
    fn a_board_on_which_all_is_done_says_thanks() {
        let mut board = Board::new(now().date_naive(), waiting(&rows()[..2], 2));
        board.update(&[], &clear());
        assert_snapshot!(shown(&board), @r"
        (text) What is stuck, Fri 21 Nov · 2 of 2 cleared. Everything on this list has moved. Thank you!
        # What is stuck, Fri 21 Nov · 2 of 2 cleared
        *Waiting for a reviewer*
        ✓ Done: ~Retry payments on timeout (https://github.com/shop/api/pull/812)~
        shop/api#812 · moved on Fri 21 Nov 15:00
        ✓ Done: ~Cache the price list (https://github.com/shop/api/pull/820)~
        shop/api#820 · moved on Fri 21 Nov 15:00
        Everything on this list has moved. Thank you!
        > As of Fri 21 Nov 15:00. Waits count working hours: Mon–Fri 09:00–17:00, Europe/Berlin
        ");
    }

    #[test]
    fn a_line_that_was_snoozed_says_until_when_and_has_no_menu() {
        let mut board = Board::new(now().date_naive(), waiting(&rows()[..2], 2));
        let mut report = clear();
        let row = &rows()[0];
        report.snoozed.push(SnoozedRow {
            snooze: Snooze {
                subject: row.key.clone(),
                reason: SnoozeReason::Parked,
                until: now() + chrono::Duration::days(3),
                by: "U0ANA".into(),
                created_at: now(),
            },
            title: row.title.clone(),
            url: row.url.clone(),
        });
        board.update(&rows()[..2], &report);
        assert_snapshot!(shown(&board), @r"
        (text) What is stuck, Fri 21 Nov · 0 of 2 cleared. Still open: shop/api#820: Cache the price list, 6 h
        # What is stuck, Fri 21 Nov · 0 of 2 cleared
        *Waiting for a reviewer*
        Snoozed: Retry payments on timeout (https://github.com/shop/api/pull/812)
        shop/api#812 · parked on purpose · until Mon 24 Nov 15:00
        *Cache the price list (https://github.com/shop/api/pull/820)*
        shop/api#820 · by ana · 6 h of working time since Thu 20 Nov 19:00
        *bob* to look again: the author has answered
            ⋮ Why here? | Nudge | Snooze… | Open
        > As of Fri 21 Nov 15:00. Waits count working hours: Mon–Fri 09:00–17:00, Europe/Berlin
        ");
        board.update(&rows()[..2], &clear());
        assert!(!shown(&board).contains("Snoozed"), "it came back");
    }

    #[test]
    fn what_is_broken_stands_on_the_board_even_if_nothing_waits() {
        let mut report = clear();
        report.failing_branches.push(branch());
        report.failed_deployments.push(deployment());
        let text = shown(&Board::new(now().date_naive(), report));
        assert!(text.contains("Default branches that are red"), "{text}");
        assert!(text.contains("Failed deployments"), "{text}");
        assert!(!text.contains("Nothing is stuck"), "{text}");
    }

    #[test]
    fn a_board_mentions_nobody() {
        let board = Board::new(now().date_naive(), waiting(&rows(), 9));
        let message = message_board(&BoardView {
            board: &board,
            calendar: &calendar(),
            now: now(),
        });
        assert!(!serde_json::to_string(&message).unwrap().contains("<@"));
    }
}
