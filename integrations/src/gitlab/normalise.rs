//! Purpose: what a GitLab event says, as facts. Pure.
//!
//! To add an event: a file here with a `changes` function, a line in [`changes`], a sample with a test that states the facts.

mod ci;
mod deployment;
mod issue;
mod merge_request;
mod note;
pub(super) mod polled;
mod push;
mod release;
mod review;

use em_domain::event::RawEvent;
use em_domain::fact::FactChange;

use crate::rules::Rules;

/// What one event states, or why it could not be read.
type Changes = Result<Vec<FactChange>, String>;

/// Events that GitLab is known to send and that say nothing about the facts kept here; system hooks among them.
const IRRELEVANT: &[&str] = &[
    "access_token",
    "emoji",
    "feature_flag",
    "milestone",
    "repository_update",
    "tag_push",
    "vulnerability",
    "wiki_page",
];

/// What `event` states, or which field could not be read.
pub(super) fn changes(event: &RawEvent, rules: &Rules) -> Changes {
    let payload = event.payload.as_slice();
    match event.event_type.as_str() {
        "merge_request" => merge_request::changes(payload),
        "note" => note::changes(payload),
        "push" => push::changes(payload),
        "pipeline" => ci::pipeline(payload),
        "build" => ci::job(payload, rules),
        "deployment" => deployment::changes(payload),
        "release" => release::changes(payload),
        "issue" | "work_item" => issue::changes(payload),
        polled::MERGE_REQUEST => polled::merge_request(payload),
        polled::ISSUE => issue::polled(payload),
        known if IRRELEVANT.contains(&known) || is_about_members(known) => Ok(Vec::new()),
        unknown => Err(format!("unknown event type `{unknown}`")),
    }
}

/// Events about people, keys, groups and projects as such: `user_add_to_group`, `subgroup_create`, `project_destroy`.
fn is_about_members(kind: &str) -> bool {
    ["user_", "project_", "group_", "subgroup_", "key_"]
        .iter()
        .any(|about| kind.starts_with(about))
}

#[cfg(test)]
mod tests;
