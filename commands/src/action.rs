//! Purpose: everything that can be done to the outside world: one list, one file per kind. Each kind looks before
//! it is proposed ([`ActionKind::check`]) and does the thing at most once however often it is asked
//! ([`ActionKind::perform`]).

mod argocd;
mod assign;
mod auto_merge;
mod channel;
mod circleci;
mod close;
mod comment;
mod deployment;
mod dispatch;
mod elsewhere;
mod incident;
mod invite;
mod issue;
mod jira;
mod label;
mod linear;
mod look;
mod merge;
mod nudge;
mod parse;
mod post;
mod requested;
mod rerun;
mod review;
mod slack_text;
mod trouble;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use chrono::{DateTime, Utc};
use em_domain::action::{Action, TargetState};
use em_domain::id::{Login, SlackUser};

use crate::ctx::Ctx;
use crate::invocation::CommandError;

pub use parse::parse;

/// One kind of thing that can be done.
#[derive(Clone, Copy)]
pub struct ActionKind {
    /// What it is stored and decided about as: `github.close`.
    pub name: &'static str,
    /// What people type for it: `close`.
    pub word: &'static str,
    /// How it is written, beginning with the word.
    pub usage: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// What can be said about how it is done.
    pub arguments: &'static [Argument],
    /// How it is known that it was done before.
    pub repeat: Repeat,
    /// Looks whether it can be done, and what it would do.
    pub check: fn(Ctx, Action) -> Checking,
    /// Does it.
    pub perform: fn(Ctx, Action, Attempt) -> Performing,
}

/// One thing that can be said about how an action is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    /// Its name: `method` is typed as `--method squash`.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Whether the action makes no sense without it.
    pub required: bool,
    /// How it is typed.
    pub shape: Shape,
}

/// How an argument is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The words after the target, as they are: `comment acme/api#12 Please rebase`.
    Text,
    /// `--name` and the words after it.
    Named,
    /// `--name key=value`, any number of times; becomes the arguments `name.key`.
    Pairs,
}

/// How it is known that an action was done before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// The target itself shows it: an open thing is closed once.
    Idempotent,
    /// What is made carries a mark that is looked for.
    Detectable,
    /// Nothing shows it. After an attempt whose outcome is unknown it is left to people.
    Unknowable,
}

impl Repeat {
    /// For the documentation.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idempotent => "idempotent",
            Self::Detectable => "detectable",
            Self::Unknowable => "unknowable",
        }
    }
}

/// A running check.
pub type Checking = Pin<Box<dyn Future<Output = Result<Checked, CommandError>> + Send>>;
/// A running action.
pub type Performing = Pin<Box<dyn Future<Output = Result<Done, ActionError>> + Send>>;

/// What is known before an action is proposed.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The action with everything filled in: names as their owners spell them, the commit it is about.
    pub action: Action,
    /// What would be done: `Close acme/api#12`.
    pub title: String,
    /// The target's own title, as written; empty where it has none.
    pub subject_title: String,
    /// Where people see the target.
    pub url: Option<String>,
    /// What whoever agrees relies on.
    pub state: TargetState,
    /// What policies may ask: `author`, `labels`, `base_ref`, `ci`, `approvals`, `draft`, `repository`, ...
    pub facts: BTreeMap<String, serde_json::Value>,
    /// Who opened the target.
    pub author: Option<Login>,
    /// What would be done, in sentences.
    pub effect: Vec<String>,
}

/// One try to do an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Names the action over all its attempts; what is made carries it.
    pub key: String,
    /// An earlier attempt began, and nobody knows how it ended.
    pub may_have_happened: bool,
    /// Why it is done, where somebody said so.
    pub reason: Option<String>,
    /// Who asked for it; absent for the bot's own rules.
    pub on_behalf_of: Option<SlackUser>,
}

/// What came of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// A sentence for people: `Closed.`
    pub said: String,
    /// Where they see it.
    pub url: Option<String>,
    /// What takes it back, where something does.
    pub undo: Option<Action>,
    /// Nothing was changed in this attempt: it was so already.
    pub was_done_already: bool,
}

/// Why an action was not done, as what to do now.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// Try again.
    #[error("{error:#}")]
    Retry {
        /// What was seen.
        error: anyhow::Error,
        /// Whether this attempt may have done it all the same; becomes [`Attempt::may_have_happened`] of the next.
        may_have_happened: bool,
        /// Not before, where that is known.
        at: Option<DateTime<Utc>>,
    },
    /// It was not done, and trying again changes nothing: a sentence for people.
    #[error("{0}")]
    Refused(String),
    /// It may or may not have been done, and only people can find out: a sentence with where to look.
    #[error("{0}")]
    Unknown(String),
}

const fn text(name: &'static str, what: &'static str) -> Argument {
    Argument {
        name,
        what,
        required: true,
        shape: Shape::Text,
    }
}

const fn named(name: &'static str, what: &'static str) -> Argument {
    Argument {
        name,
        what,
        required: false,
        shape: Shape::Named,
    }
}

const METHOD: Argument = named("method", "`merge`, `squash` (the default) or `rebase`");
const FROM: Argument = named("from", "where it stands before; found out if not said");
const HEAD: Argument = named("head", "the commit it is about; the newest one if not said");
const RUN: Argument = named("run", "the number in the run's address");

/// The fields `check` and `perform` of a kind, from a module with functions of these names.
macro_rules! does {
    ($name:literal, $word:literal, $usage:literal, $summary:literal, $arguments:expr, $repeat:ident,
     $check:path, $perform:path) => {
        ActionKind {
            name: $name,
            word: $word,
            usage: $usage,
            summary: $summary,
            arguments: $arguments,
            repeat: Repeat::$repeat,
            check: |ctx, action| Box::pin(async move { Ok($check(&ctx, action).await?) }),
            perform: |ctx, action, attempt| {
                Box::pin(async move {
                    let done = $perform(&ctx, action, &attempt).await;
                    done.map_err(|trouble| trouble.into_action(ctx.clock.now()))
                })
            },
        }
    };
}

/// Every kind, in the order of the documentation.
#[rustfmt::skip]
pub const ACTIONS: &[ActionKind] = &[
    does!("github.comment", "comment", "comment <owner/name#12> <text>", "Write a comment.",
        &[text("text", "what to write, in Markdown")], Detectable, comment::check, comment::perform),
    does!("github.request_review", "request-review", "request-review <owner/name#12> <login or owner/team>",
        "Ask a person or a team for a review.",
        &[text("reviewer", "a login, `@person`, or `owner/team`")], Idempotent, review::check_request, review::request),
    does!("github.withdraw_review", "withdraw-review", "withdraw-review <owner/name#12> <login or owner/team>",
        "Take the request for a review back.",
        &[text("reviewer", "a login, `@person`, or `owner/team`")], Idempotent, review::check_withdraw, review::withdraw),
    does!("github.label", "label", "label <owner/name#12> <label>", "Add a label.",
        &[text("label", "a label that the repository has")], Idempotent, label::check_add, label::add),
    does!("github.unlabel", "unlabel", "unlabel <owner/name#12> <label>", "Take a label off.",
        &[text("label", "the label's name")], Idempotent, label::check_remove, label::remove),
    does!("github.assign", "assign", "assign <owner/name#12> <login>", "Assign a person.",
        &[text("login", "a login or `@person`")], Idempotent, assign::check_assign, assign::assign),
    does!("github.unassign", "unassign", "unassign <owner/name#12> <login>", "Take a person off the assignees.",
        &[text("login", "a login or `@person`")], Idempotent, assign::check_unassign, assign::unassign),
    does!("github.close", "close", "close <owner/name#12>", "Close a pull request or an issue, unmerged.",
        &[], Idempotent, close::check_close, close::close),
    does!("github.reopen", "reopen", "reopen <owner/name#12>", "Open a closed pull request or issue again.",
        &[], Idempotent, close::check_reopen, close::reopen),
    does!("github.merge", "merge", "merge <owner/name#12> [--method squash]",
        "Merge a pull request whose checks pass.",
        &[METHOD, HEAD], Idempotent, merge::check, merge::perform),
    does!("github.auto_merge", "auto-merge", "auto-merge <owner/name#12> [--method squash]",
        "Let GitHub merge it once everything that the repository asks for is fulfilled.",
        &[METHOD, HEAD], Idempotent, auto_merge::check_enable, auto_merge::enable),
    does!("github.cancel_auto_merge", "cancel-auto-merge", "cancel-auto-merge <owner/name#12>",
        "Do not let GitHub merge it by itself.",
        &[], Idempotent, auto_merge::check_disable, auto_merge::disable),
    does!("github.rerun", "rerun", "rerun <owner/name#12> or rerun <owner/name> --run <number>",
        "Run what failed in CI again.",
        &[RUN, named("runs", "what is run again, as `run:attempt`; found out if not said")],
        Detectable, rerun::check, rerun::perform),
    does!("github.dispatch", "dispatch", "dispatch <owner/name> --workflow <file> [--ref main] [--input name=value]",
        "Start a workflow by hand.",
        &[Argument { required: true, ..named("workflow", "its file name: `deploy.yml`") },
          named("ref", "a branch or tag; the default branch if not said"),
          Argument { shape: Shape::Pairs, ..named("input", "an input of the workflow") }],
        Unknowable, dispatch::check, dispatch::perform),
    does!("github.approve_deployment", "approve-deployment",
        "approve-deployment <owner/name> [--environment production] [--run <number>]",
        "Let a deployment that waits go on.",
        &[named("environment", "the environment that waits; the only one if not said"), RUN],
        Idempotent, deployment::check_approve, deployment::approve),
    does!("github.reject_deployment", "reject-deployment",
        "reject-deployment <owner/name> [--environment production] [--run <number>]",
        "End a deployment that waits.",
        &[named("environment", "the environment that waits; the only one if not said"), RUN],
        Idempotent, deployment::check_reject, deployment::reject),
    does!("github.create_issue", "create-issue",
        "create-issue <owner/name> <title> [--body text] [--label name] [--assignee login]", "Write an issue.",
        &[text("title", "its title"), named("body", "its text, in Markdown"), named("label", "a label it gets"),
          named("assignee", "who works on it")],
        Detectable, issue::check, issue::perform),
    does!("pagerduty.acknowledge", "acknowledge", "acknowledge <incident id>",
        "Tell PagerDuty that somebody is at an incident.",
        &[], Idempotent, incident::check_acknowledge, incident::acknowledge),
    does!("pagerduty.resolve", "resolve", "resolve <incident id>", "Tell PagerDuty that an incident is over.",
        &[], Idempotent, incident::check_resolve, incident::resolve),
    does!("jira.comment", "jira-comment", "jira-comment <PAY-12> <text>", "Comment on an issue in Jira.",
        &[text("text", "what to write, as plain text")], Detectable, jira::check_comment, jira::comment),
    does!("jira.transition", "jira-transition", "jira-transition <PAY-12> <status>", "Move an issue in Jira.",
        &[text("status", "a status that its workflow leads to from where it stands"), FROM],
        Idempotent, jira::check_transition, jira::transition),
    does!("linear.comment", "linear-comment", "linear-comment <ENG-7> <text>", "Comment on an issue in Linear.",
        &[text("text", "what to write, in Markdown")], Detectable, linear::check_comment, linear::comment),
    does!("linear.transition", "linear-transition", "linear-transition <ENG-7> <state>", "Move an issue in Linear.",
        &[text("state", "a state of its team"), FROM],
        Idempotent, linear::check_transition, linear::transition),
    does!("circleci.retry", "retry", "retry <workflow's page or id>", "Run a workflow of CircleCI that failed again.",
        &[], Detectable, circleci::check, circleci::perform),
    does!("argocd.sync", "sync", "sync <application>", "Bring an application to what Argo CD wants of it.",
        &[named("last", "when it was synchronised before; found out if not said")],
        Detectable, argocd::check, argocd::perform),
    does!("slack.post", "post", "post <#channel> <text>", "Post to a channel.",
        &[text("text", "what to post, as plain text")], Detectable, post::check, post::perform),
    does!("slack.invite", "invite", "invite <#channel> <@person>", "Bring a person into a channel.",
        &[text("person", "`@person`")], Idempotent, invite::check, invite::perform),
    does!("slack.create_channel", "create-channel", "create-channel <name> [--private yes]", "Make a channel.",
        &[named("private", "`yes` for a private one")], Detectable, channel::check, channel::perform),
    does!("slack.nudge", "nudge", "nudge <owner/name#12>",
        "Tell whoever's turn it is on a pull request, in a direct message.",
        &[], Idempotent, nudge::check, nudge::perform),
];

/// The kind of this name.
pub fn find(name: &str) -> Option<&'static ActionKind> {
    ACTIONS.iter().find(|kind| kind.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_is_listed_once_and_says_how_it_is_written() {
        let (mut names, mut words) = (BTreeSet::new(), BTreeSet::new());
        for kind in ACTIONS {
            assert!(names.insert(kind.name), "{} is listed twice", kind.name);
            assert!(words.insert(kind.word), "{} means two things", kind.word);
            assert!(kind.usage.starts_with(kind.word), "{}", kind.usage);
            assert!(kind.summary.ends_with('.'), "{}", kind.summary);
            let texts = kind.arguments.iter().filter(|a| a.shape == Shape::Text).count();
            assert!(texts <= 1, "{} has two texts", kind.name);
            assert!(find(kind.name).is_some_and(|found| found.word == kind.word));
        }
    }
}
