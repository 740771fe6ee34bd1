//! Purpose: the audit log about one thing, the newest entry first.

use chrono_tz::Tz;
use em_domain::audit::AuditRecord;
use slack_morphism::prelude::SlackMessageContent;

use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, code, escape, mention, words};
use crate::time::when;

/// The entries about `subject`.
pub fn message_audit(subject: &str, records: &[AuditRecord], zone: Tz) -> SlackMessageContent {
    let mut layout = Layout::new();
    let heading = cat([words("What the audit log says about "), code(&fit(subject, 100))]);
    layout.section(&bold(heading.clone()));
    if records.is_empty() {
        layout.section(&words(
            "Nothing. Name an approval, a pull request as `owner/name#12`, or a person.",
        ));
    }
    layout.lines(records.iter().map(|record| line(record, zone)));
    layout.context(&cat([
        words("Each entry carries a hash over itself and the entry before; "),
        code("em-agent audit verify"),
        words(" checks them all."),
    ]));
    layout.into_message(&heading)
}

fn line(record: &AuditRecord, zone: Tz) -> Mrkdwn {
    let data: serde_json::Value = serde_json::from_str(&record.data).unwrap_or_default();
    let said = ["outcome", "reason", "state"]
        .into_iter()
        .find_map(|name| data[name].as_str());
    let said = said.map(|said| cat([words(": "), escape(&fit(said, 200))]));
    cat([
        code(&format!("{}", record.seq)),
        words(" "),
        when(record.at, zone),
        words(" "),
        actor(&record.actor),
        words(" "),
        bold(escape(&fit(&record.kind.replace('_', " "), 60))),
        said.unwrap_or_default(),
    ])
}

fn actor(actor: &str) -> Mrkdwn {
    let is_user = actor.starts_with(['U', 'W'])
        && actor
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if is_user {
        mention(&actor.into())
    } else {
        code(&fit(actor, 60))
    }
}
