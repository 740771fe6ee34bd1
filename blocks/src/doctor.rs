//! Purpose: `/em-agent doctor`: what is set up right, what is not, and how to put it right.

use slack_morphism::prelude::SlackMessageContent;

use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, escape, join, sentence, words};

/// How bad a finding is. The order is the order of showing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// Something does not work.
    Fail,
    /// Something will not work, or not fully.
    Warn,
    /// As it should be.
    Ok,
}

impl Health {
    /// In the order of showing.
    pub const ALL: [Self; 3] = [Self::Fail, Self::Warn, Self::Ok];

    fn heading(self) -> &'static str {
        match self {
            Self::Fail => "✗ Does not work",
            Self::Warn => "! Needs a look",
            Self::Ok => "✓ Works",
        }
    }
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub health: Health,
    /// What was checked and found: `Slack scope users:read is missing`.
    pub what: String,
    /// What it means for people; empty where all is well.
    pub why: String,
    /// What to do; empty where all is well.
    pub fix: String,
}

/// All findings, the worst first.
pub fn message_doctor(findings: &[Finding]) -> SlackMessageContent {
    let of = |health| findings.iter().filter(move |finding| finding.health == health);
    let mut layout = Layout::new();
    layout.header(&headline(of(Health::Fail).count(), of(Health::Warn).count()));
    for health in Health::ALL {
        let number = of(health).count();
        if number > 0 {
            layout.section(&bold(cat([
                words(health.heading()),
                words(" · "),
                escape(&number.to_string()),
            ])));
            layout.lines(of(health).map(line));
        }
    }
    let worst = of(Health::Fail)
        .chain(of(Health::Warn))
        .take(10)
        .map(|finding| sentence(&fit(&finding.what, 200)));
    let headline = headline(of(Health::Fail).count(), of(Health::Warn).count());
    layout.into_message(&join([escape(&headline)].into_iter().chain(worst), ". "))
}

fn headline(failed: usize, warned: usize) -> String {
    match (failed, warned) {
        (0, 0) => "Everything works".to_owned(),
        (0, warned) => format!("Everything works; {warned} to look at"),
        (failed, 0) => format!("{failed} to put right"),
        (failed, warned) => format!("{failed} to put right, {warned} to look at"),
    }
}

fn line(finding: &Finding) -> Mrkdwn {
    let part = |title: &'static str, text: &str| {
        if text.is_empty() {
            Mrkdwn::default()
        } else {
            cat([words(title), sentence(&fit(text, 400))])
        }
    };
    let what = cat([words("• "), sentence(&fit(&finding.what, 200))]);
    join(
        [
            what,
            part("   Why it matters: ", &finding.why),
            part("   To do: ", &finding.fix),
        ],
        "\n",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::transcript;
    use insta::assert_snapshot;

    fn finding(health: Health, what: &str, why: &str, fix: &str) -> Finding {
        Finding {
            health,
            what: what.into(),
            why: why.into(),
            fix: fix.into(),
        }
    }

    #[test]
    fn the_worst_comes_first_with_its_cure() {
        let findings = [
            finding(Health::Ok, "The database answers", "", ""),
            finding(
                Health::Warn,
                "No webhook has come from GitHub yet",
                "Changes show up a minute late.",
                "",
            ),
            finding(
                Health::Fail,
                "Slack scope users:read.email is missing",
                "I cannot tell who is who.",
                "Reinstall the app from manifest.yaml.",
            ),
        ];
        assert_snapshot!(transcript(&message_doctor(&findings)), @r"
        (text) 1 to put right, 1 to look at. Slack scope users:read.email is missing. No webhook has come from GitHub yet
        # 1 to put right, 1 to look at
        *✗ Does not work · 1*
        • Slack scope users:read.email is missing
           Why it matters: I cannot tell who is who.
           To do: Reinstall the app from manifest.yaml.
        *! Needs a look · 1*
        • No webhook has come from GitHub yet
           Why it matters: Changes show up a minute late.
        *✓ Works · 1*
        • The database answers
        ");
    }
}
