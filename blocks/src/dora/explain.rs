//! Purpose: *Explain*: the deployments, changes and incidents behind a number, how each was joined, what was left out and
//! why; with a menu to correct each.

use std::collections::HashMap;

use chrono_tz::Tz;
use em_domain::any_metric::AnyMetric;
use em_domain::delivery::{
    Correction, DeliveryFacts, Link, Measured, Metric, ProofRow, Says, Standing, Statistic, Subject, Unit,
};
use em_domain::flow::FlowFacts;
use slack_morphism::prelude::{SlackMessageContent, SlackView};

use super::figures::{against, in_words};
use super::told;
use crate::element::{Button, MAX_SUBJECT, Menu, MenuOption};
use crate::layout::Layout;
use crate::limits::fit;
use crate::modal::Frame;
use crate::mrkdwn::{Mrkdwn, bold, cat, escape, join, link, strike, words};
use crate::time::{plain_when, when};

/// An incident or failure that no deployment of ours caused.
pub const NOT_OURS: &str = "dora.not_ours";
/// Another deployment caused it.
pub const WRONG_DEPLOYMENT: &str = "dora.wrong_deployment";
/// It was no incident.
pub const NOT_AN_INCIDENT: &str = "dora.not_an_incident";
/// Leave it out of everything.
pub const EXCLUDE: &str = "dora.exclude";
/// Take a correction back.
pub const UNDO: &str = "dora.undo";
/// Another page; the value is its number.
pub const PAGE: &str = "dora.page";
/// The page before, another button of the same kind.
pub const PAGE_BACK: &str = "dora.page_back";
/// All rows as a file.
pub const CSV: &str = "dora.csv";
/// The modal; nothing is submitted in it.
pub const CALLBACK: &str = "dora.explained";

/// Rows of one page: each takes a block, and people read no further.
pub const ROWS_PER_PAGE: usize = 12;

/// What a number was made from.
#[derive(Debug, Clone, Copy)]
pub enum Facts<'a> {
    /// One of the five delivery metrics.
    Delivery(&'a DeliveryFacts),
    /// A flow metric.
    Flow(&'a FlowFacts),
}

/// A number and how to explain it.
#[derive(Debug, Clone, Copy)]
pub struct ExplainView<'a> {
    /// Which.
    pub metric: AnyMetric,
    /// The number.
    pub measured: &'a Measured,
    /// What it was as long before.
    pub before: &'a Measured,
    /// What it was made from, for titles and pages.
    pub facts: Facts<'a>,
    /// Which page, from 0.
    pub page: usize,
    /// What it is about: `payments, the last 90 days`.
    pub about: &'a str,
    /// The zone of times.
    pub zone: Tz,
    /// What has just been done, if anything.
    pub done: Option<&'a str>,
}

impl ExplainView<'_> {
    fn pages(&self) -> usize {
        self.measured.proof.len().div_ceil(ROWS_PER_PAGE).max(1)
    }
}

/// The modal; `None` if `memory` is longer than Slack keeps.
pub fn modal_explain(view: &ExplainView<'_>, memory: String) -> Option<SlackView> {
    let frame = Frame::reading("How it is counted", CALLBACK, memory)?;
    Some(layout(view, true).into_modal(&frame))
}

/// The first rows as a message, where no modal can be opened.
pub fn message_explain(view: &ExplainView<'_>) -> SlackMessageContent {
    let spoken = cat([
        words(view.metric.title()),
        words(": "),
        against(view.metric, view.measured, view.before),
    ]);
    layout(view, false).into_message(&spoken)
}

fn layout(view: &ExplainView<'_>, is_modal: bool) -> Layout {
    let mut layout = Layout::new();
    if let Some(done) = view.done {
        layout.section(&bold(escape(done)));
    }
    layout.section(&join(
        [
            cat([
                bold(words(view.metric.title())),
                words(", "),
                escape(&fit(view.about, 120)),
            ]),
            against(view.metric, view.measured, view.before),
        ],
        "\n",
    ));
    layout.context(&rule(view.measured));
    let notes = view.measured.notes.iter().filter(|note| note.count > 0);
    layout.context(&join(notes.map(|note| escape(&in_words(*note))), " · "));
    layout.divider();
    let known = Known::of(view.facts);
    let rows = view.measured.proof.iter().skip(view.page * ROWS_PER_PAGE);
    for row in rows.take(ROWS_PER_PAGE) {
        let text = known.row(row, view);
        match is_modal.then(|| known.menu(&row.subject, view.metric)).flatten() {
            Some(menu) => layout.section_with_menu(&text, menu),
            None => layout.section(&text),
        };
    }
    if view.measured.proof.is_empty() {
        layout.section(&words("Nothing was looked at: nothing in this time bears on it."));
    }
    if is_modal {
        layout.foot_actions(pages(view));
    }
    layout.foot(&place(view));
    layout
}

fn pages(view: &ExplainView<'_>) -> Vec<Button> {
    let mut buttons = Vec::new();
    if view.page > 0 {
        buttons.push(Button::new("Previous", PAGE_BACK, &(view.page - 1).to_string()));
    }
    if view.page + 1 < view.pages() {
        buttons.push(Button::new("Next", PAGE, &(view.page + 1).to_string()));
    }
    if !view.measured.proof.is_empty() {
        buttons.push(Button::new("Send me all as CSV", CSV, ""));
    }
    buttons
}

fn place(view: &ExplainView<'_>) -> Mrkdwn {
    let all = view.measured.proof.len();
    let counted = view
        .measured
        .proof
        .iter()
        .filter(|row| row.standing == Standing::Counted)
        .count();
    escape(&format!(
        "Page {} of {}. {all} looked at, {counted} counted, {} left out.",
        view.page + 1,
        view.pages(),
        all - counted
    ))
}

/// How the value is made of the rows.
fn rule(measured: &Measured) -> Mrkdwn {
    words(match measured.statistic {
        Statistic::Rate => "Those that count, divided by the length of the window.",
        Statistic::Median => "The median of those that count: the middle, between the two closest values.",
        Statistic::LowerMedian => "The median of those that count: of two in the middle the lower.",
        Statistic::Mean => "The mean of those that count.",
        Statistic::FlooredMean => "The mean over the buckets, rounded down.",
        Statistic::Share => "Those that fit (1), divided by all that count.",
        Statistic::RowsPerDeployment => "Incidents, divided by deployments.",
        Statistic::Total => "The times in which somebody worked on them, divided by all of their time.",
        Statistic::AtEnd => "How many are open at the end.",
        Statistic::Gini => {
            "How unevenly those that count are spread over people: 0 is evenly, near 1 is one person."
        }
    })
}

/// What is shown of a thing.
struct Shown<'f> {
    title: String,
    url: &'f str,
}

/// Things by what they are called, and what was corrected.
struct Known<'f> {
    things: HashMap<Subject, Shown<'f>>,
    corrected: HashMap<&'f Subject, &'f Correction>,
}

impl<'f> Known<'f> {
    fn of(facts: Facts<'f>) -> Self {
        match facts {
            Facts::Delivery(facts) => Self::of_delivery(facts),
            Facts::Flow(facts) => Self::of_flow(facts),
        }
    }

    fn of_flow(facts: &'f FlowFacts) -> Self {
        let shown = |title: String, url: &'f str| Shown { title, url };
        let open = facts.open.iter().map(|one| {
            let title = format!("{} {}", one.key, one.title);
            (Subject::Change(one.key.clone()), shown(title, &one.url))
        });
        let changes = facts.changes.iter().map(|change| {
            let title = format!("{} {}", change.key, change.title);
            (Subject::Change(change.key.clone()), shown(title, &change.url))
        });
        let reviews = facts.reviews.iter().map(|review| {
            let subject = Subject::Review {
                key: review.key.clone(),
                id: review.id,
            };
            (subject, shown(format!("Review of {}", review.key), &review.url))
        });
        let runs = facts.runs.iter().map(|run| {
            let subject = Subject::CiRun {
                repository: run.repository.clone(),
                id: run.id.clone(),
            };
            let sha = run.head_sha.get(..7).unwrap_or(&run.head_sha);
            let title = format!("{} at {sha} ({})", run.workflow, run.repository);
            (subject, shown(title, &run.url))
        });
        Self {
            things: open.chain(changes).chain(reviews).chain(runs).collect(),
            corrected: HashMap::new(),
        }
    }

    fn of_delivery(facts: &'f DeliveryFacts) -> Self {
        let changes = facts.changes.iter().map(|change| {
            let title = format!("{} {}", change.key, change.title);
            (Subject::Change(change.key.clone()), title, change.url.as_str())
        });
        let deployments = facts.deployments.iter().map(|one| {
            let what = if one.git_ref.is_empty() {
                &one.id
            } else {
                &one.git_ref
            };
            let title = format!("{what} to {} ({})", one.name, one.repository);
            (Subject::Deployment(one.id.clone()), title, one.url.as_str())
        });
        let outages = facts.outages.iter().map(|outage| {
            let subject = Subject::Incident {
                source: outage.source.clone(),
                external_id: outage.external_id.clone(),
            };
            (
                subject,
                format!("Incident: {}", outage.title),
                outage.url.as_str(),
            )
        });
        let pushes = facts.pushes.iter().map(|push| {
            let subject = Subject::Push {
                repository: push.repository.clone(),
                head_sha: push.head_sha.clone(),
            };
            (subject, format!("Push: {}", push.title), push.url.as_str())
        });
        let all = changes.chain(deployments).chain(outages).chain(pushes);
        Self {
            things: all
                .map(|(subject, title, url)| (subject, Shown { title, url }))
                .collect(),
            corrected: facts.corrections.iter().map(|one| (&one.subject, one)).collect(),
        }
    }

    fn name(&self, subject: &Subject) -> Mrkdwn {
        match self.things.get(subject) {
            Some(shown) => link(shown.url, &fit(&shown.title, 90)),
            None => escape(&subject.to_string()),
        }
    }

    fn row(&self, row: &ProofRow, view: &ExplainView<'_>) -> Mrkdwn {
        let (name, why) = match row.standing {
            Standing::Counted => (self.name(&row.subject), None),
            Standing::LeftOut(why) => (strike(self.name(&row.subject)), Some(why.words())),
        };
        let value = row.value.map(|value| escape(&row_value(value, view.measured)));
        let first = join([Some(name), value].into_iter().flatten(), " – ");
        let links = row.links.iter().map(|link| self.link(link));
        let said = self
            .corrected
            .get(&row.subject)
            .map(|one| corrected(one, view.zone));
        let facts = [Some(when(row.at, view.zone)), why.map(words)]
            .into_iter()
            .flatten();
        join([first, join(facts.chain(links).chain(said), " · ")], "\n")
    }

    fn link(&self, joined: &Link) -> Mrkdwn {
        cat([
            self.name(&joined.to),
            words(" ("),
            words(joined.how.words()),
            words(")"),
        ])
    }

    /// What can be said against a row; `None` where nothing can.
    fn menu(&self, subject: &Subject, metric: AnyMetric) -> Option<Menu> {
        let AnyMetric::Delivery(metric) = metric else {
            return None;
        };
        let exclude = MenuOption::new("Leave it out…", EXCLUDE);
        let options = match subject {
            _ if self.corrected.contains_key(subject) => vec![MenuOption::new("Take it back", UNDO)],
            Subject::Incident { .. } => vec![
                MenuOption::new("Not our fault…", NOT_OURS),
                MenuOption::new("Wrong deployment…", WRONG_DEPLOYMENT),
                MenuOption::new("Not an incident…", NOT_AN_INCIDENT),
                exclude,
            ],
            Subject::Deployment(_) if metric != Metric::DeploymentFrequency => {
                vec![MenuOption::new("It did not fail…", NOT_OURS), exclude]
            }
            Subject::Deployment(_) | Subject::Change(_) => vec![exclude],
            Subject::Push { .. } | Subject::Review { .. } | Subject::CiRun { .. } => return None,
        };
        let key = subject_key(subject)?;
        Some(Menu::new(&key, options))
    }
}

/// A share is counted by ones and zeros: those need no unit.
fn row_value(value: f64, measured: &Measured) -> String {
    let unit = measured.unit;
    match unit {
        Unit::Seconds | Unit::Lines => told(value, unit),
        // What is divided is the time of each, and not how many there are.
        Unit::Share if measured.statistic == Statistic::Total => told(value, unit),
        Unit::Share => (if value > 0.0 { "yes" } else { "no" }).to_owned(),
        Unit::PerDay | Unit::PerWeek | Unit::PerMonth | Unit::DaysPerWeek | Unit::Gini | Unit::Count => {
            told(value, Unit::Count)
        }
    }
}

/// A subject in one line, for a block id; `None` if it is too long to come back whole.
pub fn subject_key(subject: &Subject) -> Option<String> {
    let key = match subject {
        Subject::Deployment(id) => format!("deployment {id}"),
        Subject::Change(key) => format!("change {key}"),
        Subject::Incident { source, external_id } => format!("incident {source} {external_id}"),
        Subject::Push { .. } | Subject::Review { .. } | Subject::CiRun { .. } => return None,
    };
    (key.len() <= MAX_SUBJECT).then_some(key)
}

/// The subject that [`subject_key`] wrote.
pub fn read_subject(key: &str) -> Option<Subject> {
    let (kind, rest) = key.split_once(' ')?;
    match kind {
        "deployment" => Some(Subject::Deployment(rest.to_owned())),
        "change" => em_domain::pull_request::PullRequestKey::parse(rest).map(Subject::Change),
        "incident" => {
            let (source, external_id) = rest.split_once(' ')?;
            Some(Subject::Incident {
                source: source.to_owned(),
                external_id: external_id.to_owned(),
            })
        }
        _ => None,
    }
}

/// What somebody said against a row.
fn corrected(correction: &Correction, zone: Tz) -> Mrkdwn {
    let says = match &correction.says {
        Says::NotOurs => "not our fault".to_owned(),
        Says::CausedBy(deployment) => format!("caused by {deployment}"),
        Says::NotAnIncident => "not an incident".to_owned(),
        Says::Exclude => "left out".to_owned(),
    };
    let why = match correction.why.trim() {
        "" => String::new(),
        why => format!(": “{}”", fit(why, 200)),
    };
    let by = crate::mrkdwn::mention(&correction.by.as_str().into());
    cat([
        escape(&format!("{says}, says")),
        words(" "),
        by,
        words(", "),
        escape(&format!("{}{why}", plain_when(correction.at, zone))),
    ])
}
