//! Purpose: merge requests as the poller reads them, with what was said of them: reviewers, approvals and notes in one body.
//!
//! Source: docs.gitlab.com, "Merge requests API", "Merge request approvals API", "Notes API". GitLab tells of some acts in no list
//! but that of notes, where it writes about them itself, always in English (`app/services/system_notes` of its code).

use chrono::{DateTime, Utc};
use em_domain::fact::FactChange;
use em_domain::pull_request::{Account, PullRequest, PullRequestKey};
use em_domain::review::{Comment, Verdict};
use serde::Deserialize;

use super::Changes;
use super::merge_request::{Event, stated, url};
use super::review::review;
use crate::gitlab::payload::User;
use crate::payload::{Text, Time, read};

/// The webhook's body of a merge request, without what happened, and with `author`, `closed_at`, `merged_at`, `approvals`, `notes`.
pub(crate) const MERGE_REQUEST: &str = "polled.merge_request";
/// The webhook's body of an issue, without what happened, and with `author` and `closed_by`.
pub(crate) const ISSUE: &str = "polled.issue";

#[derive(Debug, Deserialize)]
struct Polled {
    author: Option<User>,
    closed_at: Option<Time>,
    merged_at: Option<Time>,
    approvals: Vec<Approval>,
    notes: Vec<Note>,
}

#[derive(Debug, Deserialize)]
struct Approval {
    user: Option<User>,
    approved_at: Option<Time>,
}

#[derive(Debug, Deserialize)]
struct Note {
    id: i64,
    author: Option<User>,
    created_at: Time,
    system: Option<bool>,
    body: Option<Text>,
}

/// What GitLab writes about somebody's act.
#[derive(Debug, PartialEq, Eq)]
enum Act {
    Said(Verdict),
    EndedDraft,
    Pushed,
}

pub(super) fn merge_request(payload: &[u8]) -> Changes {
    let (event, more): (Event, Polled) = (read(payload)?, read(payload)?);
    let mut fact = PullRequest::new(event.key()?);
    for reviewer in event.reviewers.iter().flatten() {
        fact.requests
            .extend(reviewer.login().zip(reviewer.created_at.map(|at| at.0)));
    }
    let of_act = |act: Act| {
        let acts = more.notes.iter().filter(|note| note.act().as_ref() == Some(&act));
        acts.map(|note| note.created_at.0).max()
    };
    fact.ready_at = of_act(Act::EndedDraft);
    fact.pushed_at = of_act(Act::Pushed);
    let said = said(&more, &fact.key, &url(&event));
    let ended_at = match event.state() {
        "merged" => more.merged_at,
        "closed" => more.closed_at,
        _ => None,
    };
    let author = more.author.as_ref().and_then(User::account);
    let facts = stated(event, fact, author, ended_at.map(|at| at.0))?;
    Ok(facts.into_iter().chain(said).collect())
}

/// Reviews and remarks.
fn said(more: &Polled, key: &PullRequestKey, url: &str) -> Vec<FactChange> {
    let approvals = more.approvals.iter().filter_map(|approval| {
        let account = approval.user.as_ref()?.account()?;
        Some((account, Verdict::Approved, approval.approved_at?.0))
    });
    let told = more.notes.iter().filter_map(|note| match note.act()? {
        Act::Said(verdict) => Some((note.by()?, verdict, note.created_at.0)),
        Act::EndedDraft | Act::Pushed => None,
    });
    let review = |(by, verdict, at): (Account, Verdict, DateTime<Utc>)| review(key, by, verdict, at, url);
    let remarks = more.notes.iter().filter(|note| note.system != Some(true));
    let remarks = remarks.filter_map(|note| {
        Some(FactChange::Comment(Comment {
            pull_request: key.clone(),
            id: format!("note:{}", note.id),
            author: note.by()?,
            created_at: note.created_at.0,
        }))
    });
    approvals.chain(told).map(review).chain(remarks).collect()
}

impl Note {
    fn by(&self) -> Option<Account> {
        self.author.as_ref().and_then(User::account)
    }

    fn act(&self) -> Option<Act> {
        let body = self.body.as_ref().filter(|_| self.system == Some(true))?;
        match body.0.lines().next()?.trim() {
            "approved this merge request" => Some(Act::Said(Verdict::Approved)),
            "unapproved this merge request" => Some(Act::Said(Verdict::Withdrawn)),
            "requested changes" => Some(Act::Said(Verdict::ChangesRequested)),
            "left review comments without approving" => Some(Act::Said(Verdict::Commented)),
            "marked this merge request as **ready**" => Some(Act::EndedDraft),
            line => is_push(line).then_some(Act::Pushed),
        }
    }
}

/// `added 2 commits`.
fn is_push(line: &str) -> bool {
    let rest = line.strip_prefix("added ");
    let number = rest.and_then(|rest| {
        rest.strip_suffix(" commits")
            .or_else(|| rest.strip_suffix(" commit"))
    });
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_gitlab_itself_wrote_tells_of_an_act() {
        let act = |system: bool, body: &str| {
            let note = Note {
                id: 1,
                author: None,
                created_at: Time(DateTime::UNIX_EPOCH),
                system: Some(system),
                body: Some(Text(body.to_owned())),
            };
            note.act()
        };
        let approved = "approved this merge request";
        assert_eq!(act(true, approved), Some(Act::Said(Verdict::Approved)));
        assert_eq!(act(false, approved), None, "anybody can write that");
        assert_eq!(act(true, "added 12 commits\n\n<ul><li>…"), Some(Act::Pushed));
        assert_eq!(act(true, "added 1 commit"), Some(Act::Pushed));
        for other in [
            "added ~bug label",
            "added  commits",
            "",
            "marked this merge request as **draft**",
        ] {
            assert_eq!(act(true, other), None, "{other}");
        }
    }
}
