//! Purpose: the answer to `/em-agent standup`: what was done, what stands still, and who can set it going, for one person
//! or for a team of any size.

pub mod blocker;
pub mod history;
pub mod question;
pub mod round;

use em_domain::evidence::{Evidence, PersonEvidence};
use slack_morphism::prelude::SlackMessageContent;

use crate::evidence::{blocked_line, counts, line, of_lines, person};
use crate::layout::Layout;
use crate::limits::{BLOCK_OVERHEAD, MESSAGE_TEXT, SECTION_TEXT, fit};
use crate::mrkdwn::{Mrkdwn, bold, cat, escape, join, words};
use crate::people::list;
use crate::row::RowSetting;
use crate::time::{hours, when};
use crate::triage::and_more;

/// Lines of what one person did, in their own answer.
const OWN_LINES: usize = 20;
/// Lines of what shipped, and of what is blocked, in the answer for a team.
const TEAM_LINES: usize = 8;
/// Lines that each person of a team gets, tried in this order until all people fit; without lines their counts stand.
const LINES_EACH: [usize; 4] = [5, 3, 1, 0];
/// What is kept free for the line about people who are left out.
const REST_TEXT: usize = 200;

/// Whose standup it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose<'a> {
    /// Of the one who asks.
    Mine,
    /// Of a team, by its configured name.
    Team(&'a str),
}

/// What people did, and how to show it.
#[derive(Debug, Clone, Copy)]
pub struct StandupView<'a> {
    /// What they did; of [`Whose::Mine`] the first person is shown.
    pub evidence: &'a Evidence,
    /// Whose it is.
    pub whose: Whose<'a>,
    /// When people work, how they are named, and the present.
    pub setting: RowSetting<'a>,
}

/// The standup as of now.
pub fn message_standup(view: &StandupView<'_>) -> SlackMessageContent {
    let mut layout = Layout::new();
    let fallback = match (view.whose, view.evidence.people.first()) {
        (Whose::Mine, Some(mine)) => own(&mut layout, mine, view),
        (Whose::Mine, None) => words("I know nothing of you yet."),
        (Whose::Team(name), _) => team(&mut layout, name, view),
    };
    layout.into_message(&fallback)
}

fn since(view: &StandupView<'_>) -> Mrkdwn {
    cat([
        words("since "),
        when(view.evidence.window.from, view.setting.calendar.zone),
    ])
}

/// When it was true, and what counts as blocked.
fn as_of(view: &StandupView<'_>) -> Mrkdwn {
    let as_of = cat([
        words("As of "),
        when(view.setting.now, view.setting.calendar.zone),
    ]);
    let counted = cat([
        words(
            "Blocked is what is red, in conflict, or has waited a working day for a review. Waits count working hours: ",
        ),
        hours(view.setting.calendar),
    ]);
    join([as_of, counted], ". ")
}

fn own(layout: &mut Layout, mine: &PersonEvidence, view: &StandupView<'_>) -> Mrkdwn {
    layout.header("Your standup");
    let done = join(of_lines(&mine.lines), ", ");
    let summary = if done.is_empty() {
        cat([words("I see nothing done of yours "), since(view)])
    } else {
        cat([done, words(" "), since(view)])
    };
    let summary = join([summary, blocked_now(mine.blocked.len())], " · ");
    layout.section(&summary);
    let done = mine.lines.iter().map(line);
    section(layout, words("Done"), done, OWN_LINES);
    let blocked = mine
        .blocked
        .iter()
        .map(|blocked| blocked_line(blocked, view.setting, false));
    section(layout, words("Blocked now"), blocked, TEAM_LINES);
    layout.foot(&as_of(view));
    cat([words("Your standup: "), summary])
}

/// A heading with a number, and the first few lines; nothing if there are none.
fn section(layout: &mut Layout, heading: Mrkdwn, lines: impl ExactSizeIterator<Item = Mrkdwn>, most: usize) {
    let total = lines.len();
    if total == 0 {
        return;
    }
    let heading = bold(cat([heading, words(" · "), escape(&total.to_string())]));
    let more = i64::try_from(total.saturating_sub(most)).unwrap_or(i64::MAX);
    let shown = lines.take(most).map(|line| cat([words("• "), line]));
    let rest = Some(and_more(more, "of these")).filter(|rest| !rest.is_empty());
    layout.lines(std::iter::once(heading).chain(shown).chain(rest));
}

fn team(layout: &mut Layout, name: &str, view: &StandupView<'_>) -> Mrkdwn {
    let evidence = view.evidence;
    layout.header(&format!("{}: standup", fit(name, 80)));
    let shipped = evidence.shipped();
    let all = evidence.people.iter();
    let blocked: Vec<_> = all.flat_map(|one| &one.blocked).collect();
    let summary = summary(view, &of_lines(&shipped), blocked.len());
    layout.section(&summary);
    section(layout, words("Shipped"), shipped.iter().map(line), TEAM_LINES);
    let stuck = blocked
        .iter()
        .map(|blocked| blocked_line(blocked, view.setting, true));
    section(layout, words("Blocked now"), stuck, TEAM_LINES);
    let mut after = Layout::new();
    after.foot(&as_of(view));
    each(layout, &after, view);
    layout.append(after);
    cat([escape(&fit(name, 80)), words(": "), summary])
}

fn summary(view: &StandupView<'_>, shipped: &[Mrkdwn], blocked: usize) -> Mrkdwn {
    let people = view.evidence.people.len();
    let active = view
        .evidence
        .people
        .iter()
        .filter(|one| !one.lines.is_empty())
        .count();
    let active = escape(&format!("work of {active} of {people} people"));
    let done = join(shipped.iter().cloned().chain([active]), ", ");
    let done = cat([done, words(" "), since(view)]);
    join([done, blocked_now(blocked)], " · ")
}

/// `2 blocked now`, nothing for none.
fn blocked_now(blocked: usize) -> Mrkdwn {
    if blocked == 0 {
        return Mrkdwn::default();
    }
    escape(&format!("{blocked} blocked now"))
}

/// Who did what: with as many lines each as all people have room for, and where even counts do not fit, as many people
/// as do and how many there are besides.
fn each(layout: &mut Layout, after: &Layout, view: &StandupView<'_>) {
    let people = &view.evidence.people;
    let (active, idle): (Vec<&PersonEvidence>, Vec<&PersonEvidence>) =
        people.iter().partition(|one| !one.is_empty());
    let names = idle.iter().map(|one| person(&one.person, view.setting.people));
    let quiet = if idle.is_empty() {
        Mrkdwn::default()
    } else {
        cat([words("Nothing seen of "), list(names)])
    };
    let room = MESSAGE_TEXT.saturating_sub(layout.spent() + after.spent() + quiet.length() + REST_TEXT);
    let texts = |lines: usize| active.iter().map(move |one| texts_of(one, lines, view));
    let tried = LINES_EACH.iter().map(|lines| texts(*lines).collect::<Vec<_>>());
    let fitting = tried.map(|texts| (fitting(&texts, room), texts));
    let chosen = fitting.reduce(|best, next| if best.0 == best.1.len() { best } else { next });
    if let Some((shown, texts)) = chosen {
        let more = i64::try_from(texts.len() - shown).unwrap_or(i64::MAX);
        layout.lines(texts.into_iter().take(shown).flatten());
        layout.context(&and_more(
            more,
            "people; ask for a smaller team, or each for their own",
        ));
    }
    layout.context(&quiet);
}

/// How many of the texts fit into `room`, from the first on.
fn fitting(texts: &[Vec<Mrkdwn>], room: usize) -> usize {
    // Lines are packed into paragraphs, of which each costs something.
    let cost = |text: &Vec<Mrkdwn>| text.iter().map(|line| line.length() + 1).sum::<usize>();
    let mut used = 0;
    let fits = texts.iter().take_while(|text| {
        used += cost(text);
        used + (used / (SECTION_TEXT / 2) + 1) * BLOCK_OVERHEAD <= room
    });
    fits.count()
}

/// One person: the name and the counts, then the first lines.
fn texts_of(one: &PersonEvidence, lines: usize, view: &StandupView<'_>) -> Vec<Mrkdwn> {
    let name = bold(person(&one.person, view.setting.people));
    let head = cat([name, words(" · "), counts(one)]);
    let shown = one
        .lines
        .iter()
        .take(lines)
        .map(|done| cat([words("• "), line(done)]));
    std::iter::once(head).chain(shown).collect()
}
