//! Purpose: what people did, in words: one line for each thing done, with its proof; what stands still and who can set
//! it going; and how much of what.

use em_domain::evidence::{Blocked, Cause, Deed, Line, PersonEvidence};
use em_domain::person::Identity;

use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, cat, escape, join, words};
use crate::people::People;
use crate::row::{LINE, RowSetting, short_key, title_link, who_must_move};
use crate::time::waited;

/// Characters of an id that are shown.
const ID: usize = 60;

/// A thing done, with its proof: `Reviewed Retry payments · shop/api#12 · 2 rounds`.
pub fn line(line: &Line) -> Mrkdwn {
    let subject = &line.subject;
    let id = (subject.id != subject.title && !is_opaque(line.deed)).then(|| escape(&fit(&subject.id, ID)));
    let draft = subject.is_draft.then(|| words("draft"));
    let what = cat([
        words(verb(line)),
        words(" "),
        title_link(&subject.title, &subject.url),
    ]);
    let parts = [Some(what), id, times(line), draft];
    join(parts.into_iter().flatten(), " · ").capped(LINE)
}

/// Whether the id says nothing to people.
pub(crate) fn is_opaque(deed: Deed) -> bool {
    matches!(deed, Deed::Decided)
}

pub(crate) fn verb(line: &Line) -> &'static str {
    match line.deed {
        Deed::Merged => "Merged",
        Deed::Deployed => "Deployed",
        Deed::Released => "Released",
        Deed::Incident => "Worked on the incident",
        Deed::Reviewed => "Reviewed",
        Deed::Opened => "Opened",
        // What was pushed to a branch without a pull request has the title of its newest commit.
        Deed::Pushed if line.subject.id.contains('@') => "Pushed",
        Deed::Pushed => "Pushed to",
        Deed::IssueClosed => "Closed the issue",
        Deed::IssueStarted => "Began the issue",
        Deed::IssueOpened => "Opened the issue",
        Deed::IssueAssigned => "Was given the issue",
        Deed::Decided => "Decided on",
    }
}

/// How often, where that says something.
fn times(line: &Line) -> Option<Mrkdwn> {
    let (one, many) = match line.deed {
        Deed::Pushed => (Some("commit"), "commits"),
        Deed::Reviewed => (None, "rounds"),
        Deed::Deployed => (None, "times"),
        Deed::Merged
        | Deed::Released
        | Deed::Incident
        | Deed::Opened
        | Deed::IssueClosed
        | Deed::IssueStarted
        | Deed::IssueOpened
        | Deed::IssueAssigned
        | Deed::Decided => return None,
    };
    match line.times {
        ..=1 => one.map(|one| escape(&format!("1 {one}"))),
        times => Some(escape(&format!("{times} {many}"))),
    }
}

/// What stands still, for how long, and who can set it going: `Retry payments · shop/api#12 · waiting for 2 d · bob to
/// review`; with its author where the reader may be somebody else.
pub fn blocked_line(blocked: &Blocked, setting: RowSetting<'_>, with_author: bool) -> Mrkdwn {
    let row = &blocked.row;
    let why = match blocked.cause {
        Cause::Ci => "CI is red for ",
        Cause::Conflicts => "in conflict for ",
        Cause::Review => "waiting for ",
    };
    let time = cat([
        words(why),
        escape(&waited(setting.calendar, row.waiting.since, setting.now)),
    ]);
    let subject = title_link(&row.title, &row.url);
    let author = with_author.then(|| cat([words("by "), setting.people.name(&row.author)]));
    let who = who_must_move(row, setting.people);
    let parts = [
        Some(subject),
        Some(short_key(&row.key)),
        author,
        Some(time),
        Some(who),
    ];
    join(parts.into_iter().flatten(), " · ").capped(LINE)
}

/// A person by name.
pub fn person(identity: &Identity, people: People<'_>) -> Mrkdwn {
    let by_login = identity.login.as_ref().map(|login| people.name(login));
    let by_user = || identity.slack_user.as_ref().and_then(|user| people.user(user));
    by_login.or_else(by_user).unwrap_or_else(|| words("somebody"))
}

/// How much of what: `2 merged, 3 reviewed, 5 commits, 1 blocked`; nothing for nothing.
pub fn counts(evidence: &PersonEvidence) -> Mrkdwn {
    let done = of_lines(&evidence.lines).into_iter();
    let blocked = number(evidence.blocked.len(), " blocked");
    join(done.chain([blocked, hidden(evidence.hidden)]), ", ")
}

/// How many things are kept back because the reader may not know of them.
pub fn hidden(things: usize) -> Mrkdwn {
    number(things, " in private repositories")
}

/// The same of lines alone.
pub fn of_lines(lines: &[Line]) -> Vec<Mrkdwn> {
    let of = |deeds: &[Deed]| lines.iter().filter(|line| deeds.contains(&line.deed)).count();
    let commits = lines.iter().filter(|line| line.deed == Deed::Pushed);
    let commits: i64 = commits.map(|line| line.times).sum();
    let issues = of(&[
        Deed::IssueClosed,
        Deed::IssueStarted,
        Deed::IssueOpened,
        Deed::IssueAssigned,
    ]);
    [
        number(of(&[Deed::Merged]), " merged"),
        number(of(&[Deed::Deployed]), " deployed"),
        number(of(&[Deed::Released]), " released"),
        number(of(&[Deed::Incident]), " of incidents"),
        number(of(&[Deed::Reviewed]), " reviewed"),
        number(of(&[Deed::Opened]), " opened"),
        number(
            usize::try_from(commits).unwrap_or_default(),
            if commits == 1 { " commit" } else { " commits" },
        ),
        number(issues, if issues == 1 { " issue" } else { " issues" }),
        number(of(&[Deed::Decided]), " decided"),
    ]
    .into_iter()
    .filter(|part| !part.is_empty())
    .collect()
}

/// `3 merged`, nothing for none.
fn number(count: usize, what: &'static str) -> Mrkdwn {
    if count == 0 {
        return Mrkdwn::default();
    }
    cat([escape(&count.to_string()), words(what)])
}
