//! Purpose: *Why here?*: the rule that put a row on the list, what was looked at, and how its wait was counted.

use chrono::{Days, NaiveDate};
use em_domain::calendar::WorkCalendar;
use em_domain::ci_run::CiOutcome;
use em_domain::pull_request::PullRequestKey;
use em_domain::review::Verdict;
use em_domain::triage::{Reason, Surroundings, TriageRow};
use slack_morphism::prelude::SlackMessageContent;

use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, escape, join, words};
use crate::row::{self, RowSetting, who_must_move};
use crate::time::{hours, plain_day, span, waited, when};

/// Pieces of evidence of each kind that are listed.
const EVIDENCE: usize = 5;

/// A row and what was known when it was judged.
#[derive(Debug, Clone, Copy)]
pub struct WhyView<'a> {
    /// The row.
    pub row: &'a TriageRow,
    /// What was looked at.
    pub around: Surroundings<'a>,
    /// Calendar, names and time.
    pub setting: RowSetting<'a>,
}

/// The rules in the order in which `em_domain::triage::waiting` asks them: what it says when the rule matches, and
/// when it does not.
const RULES: [(&str, &str); 8] = [
    ("It is a draft", "It is not a draft"),
    (
        "Changes were requested and nothing was pushed since",
        "No request for changes stands unanswered",
    ),
    (
        "It conflicts with its base branch",
        "No conflict with the base branch is known",
    ),
    (
        "CI is red on the newest commit",
        "CI is not red on the newest commit",
    ),
    (
        "It is approved",
        "It is not approved, or a reviewer still objects",
    ),
    (
        "A review was asked for and not given yet",
        "No review that was asked for is outstanding",
    ),
    ("A reviewer has left remarks", "No reviewer has left remarks"),
    ("Nobody was asked to review", ""),
];

/// The place in [`RULES`] of the rule that matched.
fn rule(reason: &Reason) -> usize {
    match reason {
        Reason::Draft => 0,
        Reason::ChangesRequested { .. } => 1,
        Reason::Conflicts => 2,
        Reason::CiRed { .. } => 3,
        Reason::Approved | Reason::CiRunning { .. } => 4,
        Reason::ReviewRequested { .. } => 5,
        Reason::Commented { .. } | Reason::ReviewAnswered => 6,
        Reason::NobodyAsked => 7,
    }
}

/// The explanation, for the one who asked.
pub fn message_why(view: &WhyView<'_>) -> SlackMessageContent {
    let row = view.row;
    let mut layout = Layout::new();
    layout.section(&cat([
        bold(words("Why is this here?")),
        words(" "),
        row::subject(&row.title, &row.url, &row.key),
    ]));
    layout.section(&titled("Who must move", who_must_move(row, view.setting.people)));
    layout.section(&titled("Rules, asked in this order", rules(&row.waiting.reason)));
    layout.section(&titled("What was looked at", evidence(view)));
    layout.section(&titled("How the wait is counted", counted(view)));
    layout.section(&titled(
        "What would change it",
        words(remedy(&row.waiting.reason)),
    ));
    let waited = waited(view.setting.calendar, row.waiting.since, view.setting.now);
    let who = who_must_move(row, view.setting.people);
    layout.into_message(&cat([
        row::short_key(&row.key),
        words(" is here because: "),
        who,
        words(". It has waited "),
        escape(&waited),
        words("."),
    ]))
}

/// There is nothing to explain any more.
pub fn message_moved_on(subject: &PullRequestKey) -> SlackMessageContent {
    let text = cat([
        row::short_key(subject),
        words(" has moved on since this list was made: it no longer waits for anybody."),
    ]);
    let mut layout = Layout::new();
    layout.section(&text);
    layout.into_message(&text)
}

fn titled(title: &'static str, text: Mrkdwn) -> Mrkdwn {
    if text.is_empty() {
        text
    } else {
        cat([bold(words(title)), words("\n"), text])
    }
}

fn rules(reason: &Reason) -> Mrkdwn {
    let matched = rule(reason);
    let passed = RULES[..matched]
        .iter()
        .map(|(_, no)| cat([words("✗ no: "), words(no)]));
    let (yes, _) = RULES[matched];
    let decided = bold(cat([words("✓ yes: "), words(yes), words(detail(reason))]));
    join(passed.chain([decided]), "\n")
}

fn detail(reason: &Reason) -> &'static str {
    match reason {
        Reason::CiRunning { .. } => ", and CI has not finished",
        Reason::Approved => ", and CI is not in the way",
        Reason::Commented { .. } => ", and the author has not answered",
        Reason::ReviewAnswered => ", and the author has answered",
        Reason::Draft
        | Reason::ChangesRequested { .. }
        | Reason::Conflicts
        | Reason::CiRed { .. }
        | Reason::ReviewRequested { .. }
        | Reason::NobodyAsked => "",
    }
}

fn evidence(view: &WhyView<'_>) -> Mrkdwn {
    let setting = view.setting;
    let zone = setting.calendar.zone;
    let mut reviews: Vec<_> = view.around.reviews.iter().collect();
    reviews.sort_by_key(|review| std::cmp::Reverse((review.submitted_at, review.id)));
    let reviews = reviews.into_iter().take(EVIDENCE).map(|review| {
        let link = crate::mrkdwn::link(&review.url, verdict(review.verdict));
        cat([
            words("• "),
            setting.people.name(&review.reviewer.login),
            words(": "),
            link,
            words(", "),
            when(review.submitted_at, zone),
        ])
    });
    let mut runs: Vec<_> = view.around.runs.iter().collect();
    runs.sort_by_key(|run| std::cmp::Reverse((run.updated_at, run.id.as_str())));
    let runs = runs.into_iter().take(EVIDENCE).map(|run| {
        let link = row::workflow_link(&run.workflow, &run.url);
        cat([
            words("• Workflow "),
            link,
            words(": "),
            words(outcome(run.outcome)),
            words(", "),
            when(run.updated_at, zone),
        ])
    });
    let comments = view
        .around
        .comments
        .iter()
        .map(|comment| comment.created_at)
        .max();
    let comments = comments.map(|at| {
        let number = match view.around.comments.len() {
            1 => "1 comment".to_owned(),
            many => format!("{many} comments"),
        };
        cat([words("• "), escape(&number), words(", the last "), when(at, zone)])
    });
    let all = join(reviews.chain(runs).chain(comments), "\n");
    if all.is_empty() {
        words("No reviews, comments or CI runs are known.")
    } else {
        all
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Commented => "left remarks",
        Verdict::Approved => "approved",
        Verdict::ChangesRequested => "requested changes",
        Verdict::Dismissed => "review dismissed",
    }
}

fn outcome(outcome: CiOutcome) -> &'static str {
    match outcome {
        CiOutcome::Pending => "not finished",
        CiOutcome::Neutral => "ended without a result",
        CiOutcome::Success => "passed",
        CiOutcome::Failure => "failed",
    }
}

fn counted(view: &WhyView<'_>) -> Mrkdwn {
    let (calendar, now, since) = (view.setting.calendar, view.setting.now, view.row.waiting.since);
    let passed = span(
        (now - since).max(chrono::Duration::zero()),
        chrono::Duration::days(1),
    );
    let counted = waited(calendar, since, now);
    let day = span(calendar.day_length(), chrono::Duration::zero());
    let clock = cat([
        words("Their turn since "),
        when(since, calendar.zone),
        words(": "),
        escape(&passed),
        words(" by the clock"),
    ]);
    let work = cat([
        bold(cat([escape(&counted), words(" of working time")])),
        words(" (1 d is "),
        escape(&day),
        words(")"),
    ]);
    let hours = cat([words("Counted: "), hours(calendar)]);
    join(
        [
            cat([clock, words(", "), work]),
            hours,
            skipped(calendar, calendar.local_date(since), calendar.local_date(now)),
        ],
        "\n",
    )
}

/// The whole days that did not count.
fn skipped(calendar: &WorkCalendar, from: NaiveDate, to: NaiveDate) -> Mrkdwn {
    let holidays: Vec<NaiveDate> = calendar
        .holidays
        .iter()
        .copied()
        .filter(|day| (from..=to).contains(day))
        .collect();
    // Ten years of days at most: whatever is older does not become clearer by counting.
    let days = (0..3_660).map_while(|n| from.checked_add_days(Days::new(n)).filter(|day| *day <= to));
    let off = days.filter(|day| !calendar.is_working_day(*day)).count();
    if off == 0 {
        return Mrkdwn::default();
    }
    let named: Vec<String> = holidays.iter().take(3).map(|day| plain_day(*day)).collect();
    let named = if named.is_empty() {
        String::new()
    } else {
        format!(", among them the holidays {}", named.join(", "))
    };
    let more = if holidays.len() > 3 {
        format!(" and {} more", holidays.len() - 3)
    } else {
        String::new()
    };
    let days = if off == 1 {
        "1 day off".to_owned()
    } else {
        format!("{off} days off")
    };
    escape(&fit(&format!("Not counted: {days}{named}{more}"), 300))
}

fn remedy(reason: &Reason) -> &'static str {
    match reason {
        Reason::ReviewRequested { .. } => {
            "A review by one of those who were asked, or withdrawing the request."
        }
        Reason::ReviewAnswered => "Another look by the reviewer: an approval, or a request for changes.",
        Reason::NobodyAsked => "Asking somebody to review.",
        Reason::ChangesRequested { .. } => {
            "Pushing the changes, asking for a new review, or the reviewer dismissing theirs."
        }
        Reason::Commented { .. } => "An answer or a push by the author.",
        Reason::Conflicts => "Merging or rebasing onto the base branch.",
        Reason::CiRed { .. } => {
            "A green run: a fix, or running it again if the failure was not the change's fault."
        }
        Reason::CiRunning { .. } => "CI coming to an end.",
        Reason::Approved => "Merging it.",
        Reason::Draft => "Marking it ready for review.",
    }
}
