//! Purpose: what a GitHub event says, as facts. Pure; serves webhooks, the poller and recorded files alike.
//!
//! To add an event: a file here with a `changes` function, a line in [`changes`], a sample under
//! `tests/github/` with a test that states the facts.

mod causes;
mod ci;
mod comment;
mod deployment;
mod issue;
mod polled;
mod pull_request;
mod push;
mod release;
mod review;

use em_domain::event::RawEvent;
use em_domain::fact::FactChange;

pub(super) use polled::{COMMITS, ISSUE_EVENT, ISSUE_EVENTS_READ};

/// What one event states, or why it could not be read.
type Changes = Result<Vec<FactChange>, String>;

/// Events that GitHub is known to send and that say nothing about the facts kept here.
const IRRELEVANT: &[&str] = &[
    "branch_protection_configuration",
    "branch_protection_rule",
    "check_suite",
    "code_scanning_alert",
    "commit_comment",
    "create",
    "custom_property",
    "custom_property_values",
    "delete",
    "dependabot_alert",
    "deploy_key",
    "deployment_protection_rule",
    "deployment_review",
    "discussion",
    "discussion_comment",
    "fork",
    "github_app_authorization",
    "gollum",
    "installation",
    "installation_repositories",
    "installation_target",
    "issue_dependencies",
    "label",
    "marketplace_purchase",
    "member",
    "membership",
    "merge_group",
    "meta",
    "milestone",
    "org_block",
    "organization",
    "package",
    "page_build",
    "personal_access_token_request",
    "ping",
    "projects_v2",
    "projects_v2_item",
    "projects_v2_status_update",
    "public",
    "pull_request_review_thread",
    "registry_package",
    "repository",
    "repository_advisory",
    "repository_dispatch",
    "repository_import",
    "repository_ruleset",
    "repository_vulnerability_alert",
    "secret_scanning_alert",
    "secret_scanning_alert_location",
    "secret_scanning_scan",
    "security_advisory",
    "security_and_analysis",
    "sponsorship",
    "star",
    "sub_issues",
    "team",
    "team_add",
    "watch",
    "workflow_dispatch",
    "workflow_job",
];

/// What `event` states, or which field could not be read.
pub(crate) fn changes(event: &RawEvent) -> Changes {
    let payload = event.payload.as_slice();
    match event.event_type.as_str() {
        "pull_request" => pull_request::changes(payload),
        "pull_request_review" => review::changes(payload),
        "pull_request_review_comment" => comment::on_lines(payload),
        "issue_comment" => comment::in_conversation(payload),
        "workflow_run" => ci::workflow_run(payload),
        "check_run" => ci::check_run(payload),
        "status" => ci::status(payload),
        "deployment" => deployment::created(payload),
        "deployment_status" => deployment::status(payload),
        "release" => release::changes(payload),
        "push" => push::changes(payload),
        "issues" => issue::changes(payload),
        polled::COMMITS => polled::commits(payload),
        polled::ISSUE_EVENT => polled::issue_event(payload),
        known if IRRELEVANT.contains(&known) => Ok(Vec::new()),
        unknown => Err(format!("unknown event type `{unknown}`")),
    }
}
