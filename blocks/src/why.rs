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
    ("it is a draft", "it is not a draft"),
    (
        "changes were requested and nothing was pushed since",
        "no request for changes stands unanswered",
    ),
    (
        "it conflicts with its base branch",
        "no conflict with the base branch is known",
    ),
    (
        "CI is red on the newest commit",
        "CI is not red on the newest commit",
    ),
    (
        "it is approved",
        "it is not approved, or a reviewer still objects",
    ),
    (
        "a review was asked for and not given yet",
        "no review that was asked for is outstanding",
    ),
    ("a reviewer has left remarks", "no reviewer has left remarks"),
    ("nobody was asked to review", ""),
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
        .map(|(_, no)| cat([words("✗ not this: "), words(no)]));
    let (yes, _) = RULES[matched];
    let decided = bold(cat([words("✓ this one: "), words(yes), words(detail(reason))]));
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
        Verdict::Withdrawn => "took the review back",
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
    let more = if holidays.len() > 3 {
        format!(" and {} more", holidays.len() - 3)
    } else {
        String::new()
    };
    let named = match holidays.len() {
        0 => String::new(),
        1 => format!(" (holiday: {})", named.join(", ")),
        _ => format!(" (holidays: {}{more})", named.join(", ")),
    };
    let days = if off == 1 {
        "1 day off".to_owned()
    } else {
        format!("{off} days off")
    };
    escape(&fit(&format!("Not counted: {days}{named}"), 300))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::People;
    use crate::sample::{calendar, known, now, review_url, rows};
    use crate::transcript::transcript;
    use em_domain::ci_run::CiRun;
    use em_domain::pull_request::{Account, PullRequest, PullRequestState, Snapshot};
    use em_domain::review::Review;
    use em_domain::stamped::Stamped;
    use em_domain::triage::waiting;
    use insta::assert_snapshot;

    #[test]
    fn the_explanation_shows_rules_evidence_and_the_counting() {
        let calendar = calendar();
        let row = &rows()[3];
        let setting = RowSetting {
            calendar: &calendar,
            people: People::private(&known),
            now: now(),
        };
        let around = Surroundings {
            reviews: &[review(Verdict::ChangesRequested)],
            comments: &[],
            runs: &[red_run()],
        };
        assert_snapshot!(transcript(&message_why(&WhyView { row, around, setting })), @r"
        (text) shop/api#771 is here because: @U0ANA to act on the review: changes requested, nothing pushed since. It has waited 1 d 7 h.
        *Why is this here?* Round to cents (https://github.com/shop/api/pull/771) · shop/api#771
        *Who must move*
        *@U0ANA* to act on the review (https://github.com/shop/api/pull/812#pullrequestreview-1): changes requested, nothing pushed since
        *Rules, asked in this order*
        ✗ not this: it is not a draft
        *✓ this one: changes were requested and nothing was pushed since*
        *What was looked at*
        • bob: requested changes (https://github.com/shop/api/pull/812#pullrequestreview-1), Tue 18 Nov 16:00
        • Workflow test (https://github.com/shop/api/actions/runs/1): failed, Fri 21 Nov 15:00
        *How the wait is counted*
        Their turn since Tue 18 Nov 16:00: 2 d 23 h by the clock, *1 d 7 h of working time* (1 d is 8 h)
        Counted: Mon–Fri 09:00–17:00, Europe/Berlin
        Not counted: 1 day off (holiday: Wed 19 Nov)
        *What would change it*
        Pushing the changes, asking for a new review, or the reviewer dismissing theirs.
        ");
    }

    /// A pull request to which every rule applies, taken apart rule by rule.
    #[test]
    fn the_rules_are_told_in_the_order_in_which_the_domain_asks_them() {
        let at = now();
        let mut snapshot = Snapshot {
            state: PullRequestState::Open,
            is_ready: false,
            requested_reviewers: vec!["cy".into()],
            requested_teams: Vec::new(),
            labels: Vec::new(),
            author: account("ana"),
            title: String::new(),
            url: String::new(),
            base_ref: String::new(),
            head_ref: String::new(),
            head_sha: None,
            created_at: at,
            closed_at: None,
            merged_at: None,
            merge_commit_sha: None,
            references: None,
            reverts: None,
        };
        let mut reviews = vec![review(Verdict::ChangesRequested)];
        let mut runs = vec![red_run()];
        let mut conflicts = Some(Stamped { at, value: true });
        let mut seen = Vec::new();
        for step in 0..RULES.len() {
            match step {
                1 => snapshot.is_ready = true,
                2 => reviews = vec![review(Verdict::Approved)],
                3 => conflicts = None,
                4 => runs.clear(),
                5 => reviews = vec![review(Verdict::Commented)],
                6 => snapshot.requested_reviewers.clear(),
                7 => reviews.clear(),
                _ => {}
            }
            let mut pull_request = PullRequest::new(rows()[0].key.clone());
            pull_request.snapshot = Some(Stamped {
                at,
                value: snapshot.clone(),
            });
            pull_request.conflicts.clone_from(&conflicts);
            let around = Surroundings {
                reviews: &reviews,
                comments: &[],
                runs: &runs,
            };
            seen.push(rule(&waiting(&pull_request, around).unwrap().reason));
        }
        assert_eq!(seen, (0..RULES.len()).collect::<Vec<_>>());
    }

    fn account(login: &str) -> Account {
        Account {
            login: login.into(),
            is_bot: false,
        }
    }

    fn review(verdict: Verdict) -> Review {
        Review {
            pull_request: rows()[3].key.clone(),
            id: 1,
            reviewer: account("bob"),
            verdict,
            submitted_at: rows()[3].waiting.since,
            url: review_url(),
        }
    }

    fn red_run() -> CiRun {
        CiRun {
            repository: "shop/api".into(),
            id: "workflow:1".into(),
            workflow: "test".into(),
            head_sha: "abc".into(),
            branch: None,
            on_default_branch: false,
            attempt: 1,
            outcome: CiOutcome::Failure,
            created_at: now(),
            started_at: None,
            updated_at: now(),
            url: "https://github.com/shop/api/actions/runs/1".into(),
        }
    }
}
