//! Purpose: a standup as it is posted: one message with what shipped and what is stuck, and in its thread who said what.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use em_domain::calendar::WorkCalendar;
use em_domain::evidence::{Evidence, PersonEvidence};
use em_domain::id::SlackUser;
use em_domain::standup::{Attendee, Blocker, Checkin, CheckinState, Mode, Mood, Round, Standup, lines};
use em_domain::triage::TriageRow;
use slack_morphism::prelude::SlackMessageContent;

use super::blocker::in_own_words;
use super::question::mood_name;
use crate::evidence::{blocked_line, counts, line};
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, escape, join, words};
use crate::people::{People, list};
use crate::row::{RowSetting, who_must_move};
use crate::time::{plain_day, span, when};
use crate::triage::and_more;

/// People whose words share one message of the thread.
pub const PEOPLE_A_PAGE: usize = 8;
/// Lines of one kind in the message.
const LINES: usize = 8;
/// Lines of one person in the thread.
const OWN_LINES: usize = 6;
/// Characters of one line that somebody wrote.
const LINE: usize = 300;
/// Fewer moods than this would tell whose they are.
const LEAST_MOODS: u32 = 3;

/// How much shipped in a round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shipped {
    /// Pull requests.
    pub merged: usize,
    /// Deployments and releases.
    pub live: usize,
    /// Reviews.
    pub reviewed: usize,
}

/// A round and all that is shown of it.
#[derive(Debug, Clone, Copy)]
pub struct RoundView<'a> {
    /// The standup.
    pub standup: &'a Standup,
    /// The round.
    pub round: &'a Round,
    /// What was said.
    pub checkins: &'a BTreeMap<SlackUser, Checkin>,
    /// What happened, cut down to what the channel may know; its people are those of the round, in that order.
    pub evidence: &'a Evidence,
    /// What holds people up.
    pub blockers: &'a [Blocker],
    /// How much shipped in this round, and in the one before where there was one.
    pub shipped: (Shipped, Option<Shipped>),
    /// When people work.
    pub calendar: &'a WorkCalendar,
    /// The present.
    pub now: DateTime<Utc>,
}

impl RoundView<'_> {
    /// Whether there is anything to post.
    pub fn is_empty(&self) -> bool {
        let has_said = |checkin: &Checkin| checkin.state == CheckinState::Answered && !is_blank(checkin);
        let happened = self.standup.mode.shows_evidence()
            && (self.evidence.people.iter().any(|one| !one.is_empty()) || !self.evidence.others.is_empty());
        !happened && self.blockers.is_empty() && !self.checkins.values().any(has_said)
    }

    fn setting(&self) -> RowSetting<'_> {
        RowSetting {
            calendar: self.calendar,
            people: People::posted(),
            now: self.now,
        }
    }

    fn name_of(&self, user: &SlackUser) -> Mrkdwn {
        let name = self
            .round
            .find(user)
            .map_or("somebody", |person| person.name.as_str());
        escape(&fit(name, 60))
    }
}

fn is_blank(checkin: &Checkin) -> bool {
    [&checkin.done, &checkin.next, &checkin.blocked]
        .iter()
        .all(|text| lines(text).next().is_none())
}

/// The message in the channel.
pub fn message_round(view: &RoundView<'_>) -> SlackMessageContent {
    let mut layout = Layout::new();
    let title = format!("{} · {}", fit(&view.standup.name, 80), plain_day(view.round.day));
    layout.header(&format!("Standup: {title}"));
    if view.is_empty() {
        layout.section(&words(
            "Nothing happened that I can see, and nobody said anything. A quiet day.",
        ));
    }
    let numbers = numbers(view);
    layout.section(&numbers);
    let shipped = view.evidence.shipped();
    section(&mut layout, "Shipped", shipped.iter().map(line).collect());
    let stuck = stuck(view);
    section(&mut layout, "Blocked", stuck);
    layout.section(&away(view));
    layout.section(&mood(view));
    layout.foot(&foot(view));
    layout.into_message(&cat([words("Standup of "), escape(&title), words(": "), numbers]))
}

fn section(layout: &mut Layout, heading: &'static str, lines: Vec<Mrkdwn>) {
    if lines.is_empty() {
        return;
    }
    let total = lines.len();
    let heading = bold(cat([words(heading), words(" · "), escape(&total.to_string())]));
    let more = i64::try_from(total.saturating_sub(LINES)).unwrap_or(i64::MAX);
    let shown = lines.into_iter().take(LINES).map(|line| cat([words("• "), line]));
    let rest = Some(and_more(more, "of these")).filter(|rest| !rest.is_empty());
    layout.lines(std::iter::once(heading).chain(shown).chain(rest));
}

/// `3 merged (was 5), 2 live (was 0), 7 reviewed (was 7)`.
fn numbers(view: &RoundView<'_>) -> Mrkdwn {
    let (now, before) = view.shipped;
    let number = |count: usize, was: Option<usize>, what: &'static str| {
        let was = was.map(|was| format!(" (was {was})")).unwrap_or_default();
        escape(&format!("{count} {what}{was}"))
    };
    join(
        [
            number(now.merged, before.map(|before| before.merged), "merged"),
            number(now.live, before.map(|before| before.live), "deployed or released"),
            number(now.reviewed, before.map(|before| before.reviewed), "reviewed"),
        ],
        ", ",
    )
}

/// What people named, then what shows by itself and nobody named.
fn stuck(view: &RoundView<'_>) -> Vec<Mrkdwn> {
    let said = view.blockers.iter().map(|blocker| {
        let age = span(blocker.age(view.now), chrono::Duration::days(1));
        let who = view.name_of(&blocker.owner);
        let row = row_of(view, blocker);
        let text = in_own_words(blocker, row.map(|row| row.url.as_str()));
        let unblocks = row.map(|row| who_must_move(row, People::posted()));
        let parts = [Some(cat([who, words(": "), text])), Some(escape(&age)), unblocks];
        join(parts.into_iter().flatten(), " · ")
    });
    let is_named = |key| {
        view.blockers
            .iter()
            .any(|blocker| blocker.subject.as_ref() == Some(key))
    };
    let seen = view.evidence.people.iter().flat_map(|one| &one.blocked);
    let seen = seen
        .filter(|blocked| view.standup.mode.shows_evidence() && !is_named(&blocked.row.key))
        .map(|blocked| blocked_line(blocked, view.setting(), true));
    said.chain(seen).collect()
}

/// The pull request that a named blocker is about, where it is among what shows by itself.
fn row_of<'a>(view: &RoundView<'a>, blocker: &Blocker) -> Option<&'a TriageRow> {
    let subject = blocker.subject.as_ref()?;
    let mut all = view.evidence.people.iter().flat_map(|one| &one.blocked);
    Some(&all.find(|blocked| blocked.row.key == *subject)?.row)
}

fn away(view: &RoundView<'_>) -> Mrkdwn {
    let away: Vec<Mrkdwn> = view
        .round
        .people
        .iter()
        .filter(|person| person.is_away)
        .map(|person| escape(&fit(&person.name, 60)))
        .collect();
    if away.is_empty() {
        return Mrkdwn::default();
    }
    cat([words("Away: "), list(away.into_iter())])
}

/// How people are, where nobody can be told from it.
fn mood(view: &RoundView<'_>) -> Mrkdwn {
    if view.standup.mood != Mood::Anonymous {
        return Mrkdwn::default();
    }
    let counts = view.round.moods;
    let told: u32 = counts.iter().sum();
    if told < LEAST_MOODS {
        return Mrkdwn::default();
    }
    let sum: u32 = counts.iter().zip(1..).map(|(count, mood)| count * mood).sum();
    let mean = f64::from(sum) / f64::from(told);
    escape(&format!(
        "Mood: {mean:.1} of 5, from {told} people, without names."
    ))
}

fn foot(view: &RoundView<'_>) -> Mrkdwn {
    let asked = view.round.asked().count();
    let answered = view
        .checkins
        .values()
        .filter(|checkin| checkin.state == CheckinState::Answered)
        .count();
    let said = match view.standup.mode {
        Mode::Digest => Mrkdwn::default(),
        Mode::Checkin | Mode::Both => cat([escape(&format!("{answered} of {asked} answered.")), words(" ")]),
    };
    let zone = view.standup.zone;
    cat([
        said,
        words("What happened since "),
        when(view.round.since, zone),
        words(", until "),
        when(view.round.post_at, zone),
        words(". Who did what is in the thread."),
    ])
}

/// How many messages of the thread there may be.
pub fn pages(round: &Round) -> usize {
    round.people.len().div_ceil(PEOPLE_A_PAGE)
}

/// One message of the thread; `None` if nobody on it has anything to say.
pub fn message_page(view: &RoundView<'_>, page: usize) -> Option<SlackMessageContent> {
    let people = view.round.people.iter().zip(&view.evidence.people);
    let mut layout = Layout::new();
    let mut names = Vec::new();
    for (person, evidence) in people.skip(page * PEOPLE_A_PAGE).take(PEOPLE_A_PAGE) {
        let said = words_of(view, person, evidence);
        if !said.is_empty() {
            names.push(escape(&fit(&person.name, 60)));
            layout.lines(said);
        }
    }
    if names.is_empty() {
        return None;
    }
    Some(layout.into_message(&cat([words("Who did what: "), list(names.into_iter())])))
}

/// What one person says, or where they said nothing, what was seen of them.
fn words_of(view: &RoundView<'_>, person: &Attendee, evidence: &PersonEvidence) -> Vec<Mrkdwn> {
    let checkin = person
        .slack_user
        .as_ref()
        .and_then(|user| view.checkins.get(user));
    let answered = checkin.filter(|checkin| checkin.state == CheckinState::Answered && !is_blank(checkin));
    let name = bold(escape(&fit(&person.name, 60)));
    if let Some(checkin) = answered {
        return answer(view, name, checkin);
    }
    if !view.standup.mode.shows_evidence() || evidence.is_empty() {
        return Vec::new();
    }
    let head = cat([name, words(" · "), counts(evidence)]);
    let done = evidence.lines.iter().take(OWN_LINES);
    std::iter::once(head)
        .chain(done.map(|done| cat([words("• "), line(done)])))
        .collect()
}

fn answer(view: &RoundView<'_>, name: Mrkdwn, checkin: &Checkin) -> Vec<Mrkdwn> {
    let late = checkin.answered_at.is_some_and(|at| at > view.round.post_at);
    let mood = checkin.mood.filter(|_| view.standup.mood == Mood::Named);
    let head = join(
        [
            Some(name),
            mood.map(|mood| words(mood_name(mood))),
            late.then(|| words("came later")),
        ]
        .into_iter()
        .flatten(),
        " · ",
    );
    let mut said = vec![head];
    for (label, text) in [
        ("Done", &checkin.done),
        ("Next", &checkin.next),
        ("Blocked", &checkin.blocked),
    ] {
        let all: Vec<&str> = lines(text).collect();
        let more = i64::try_from(all.len().saturating_sub(OWN_LINES)).unwrap_or(i64::MAX);
        let shown = all.iter().take(OWN_LINES);
        said.extend(shown.map(|text| cat([words(label), words(": "), escape(&fit(text, LINE))])));
        said.extend(Some(and_more(more, "lines")).filter(|rest| !rest.is_empty()));
    }
    said
}
