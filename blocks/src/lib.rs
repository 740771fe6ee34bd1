//! What people see: pure functions from domain values to Slack's Block Kit.
//!
//! Must not: decide anything, ask for the time, or talk to Slack. A function here takes values and gives back a
//! message or a view that is within every limit of Slack, whatever text it was given; text that others wrote
//! neither formats nor pings (`mrkdwn`), and nothing is cut without saying so (`layout`).
//!
//! To add a feature: a file of its name with `message_*` and `modal_*` functions, its action ids as constants
//! next to the buttons (listed in [`ACTION_IDS`]), a snapshot of each message as people read it, and its hostile
//! inputs in `strict`.

pub mod action;
pub mod approval;
pub mod ask;
pub mod audit;
pub mod board;
pub mod deployment_notice;
pub mod digest;
pub mod docs;
pub mod doctor;
pub mod dora;
pub mod element;
pub mod error;
pub mod evidence;
pub mod flow;
pub mod gaps;
pub mod goal;
pub mod groups;
pub mod help;
pub mod home;
pub mod integrations;
pub mod interaction;
pub mod job;
pub mod layout;
pub mod limits;
pub mod link;
pub mod modal;
pub mod mrkdwn;
pub mod notice;
pub mod nudge;
pub mod people;
pub mod policy;
pub mod row;
pub mod schedule;
pub mod selfcheck;
pub mod settings;
pub mod signal;
pub mod snooze;
pub mod sprint;
pub mod standup;
pub mod time;
pub mod transcript;
pub mod triage;
pub mod whoami;
pub mod why;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod strict;

/// The slash command, as the manifest registers it.
pub const SLASH_COMMAND: &str = "/em-agent";

/// The action ids of every button and menu entry: each needs a handler.
pub const ACTION_IDS: &[&str] = &[
    row::WHY,
    row::NUDGE,
    row::SNOOZE,
    row::OPEN,
    triage::SHARE,
    triage::REFRESH,
    home::REFRESH,
    dora::EXPLAIN,
    dora::explain::PAGE,
    dora::explain::PAGE_BACK,
    dora::explain::CSV,
    dora::explain::NOT_OURS,
    dora::explain::WRONG_DEPLOYMENT,
    dora::explain::NOT_AN_INCIDENT,
    dora::explain::EXCLUDE,
    dora::explain::UNDO,
    settings::OPEN,
    settings::MUTE,
    link::IS_ME,
    link::NOT_ME,
    ask::SHARE,
    ask::HELPFUL,
    ask::NOT_HELPFUL,
    ask::OFFICIAL,
    docs::saved::FORGET,
    gaps::ISSUE,
    standup::question::ANSWER,
    standup::question::SKIP,
    standup::blocker::RESOLVE,
    approval::APPROVE,
    approval::DECLINE,
    approval::COMMENT,
    approval::EXPLAIN,
    approval::WITHDRAW,
    approval::CANCEL,
    approval::RETRY,
    approval::CONFIRM,
    approval::UNDO,
    approval::OPEN,
    integrations::TEST,
    job::RETRY,
    job::CANCEL,
    schedule::SAVE,
    schedule::DISCARD,
    schedule::FORM,
    schedule::RUN,
    schedule::PAUSE,
    schedule::RESUME,
    schedule::EDIT,
    schedule::REMOVE,
];

/// The callback ids of every modal: each needs a handler.
pub const CALLBACK_IDS: &[&str] = &[
    settings::CALLBACK,
    dora::correct::CALLBACK,
    snooze::CALLBACK,
    standup::question::CALLBACK,
    approval::modal::DECLINED,
    approval::modal::APPROVED,
    approval::modal::PROPOSED,
    ask::CALLBACK,
    ask::official::CALLBACK,
    schedule::form::CALLBACK,
];
