//! Purpose: `/em-agent policy`: what is in force, and what it says about something.

mod backtest;

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use em_domain::action::Action;
use em_domain::policy::{Approver, Confirmation, Decision, Obligation, PolicyVerdict, RuleTrace, Terms};
use slack_morphism::prelude::SlackMessageContent;

use crate::help::typed;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, code, escape, join, mention, sentence, words};
use crate::time::{span, when};

pub use backtest::{BacktestView, message_backtest};

/// Rules shown in one message.
const RULES_SHOWN: usize = 40;

/// The policy in force.
#[derive(Debug, Clone, Copy)]
pub struct PolicyView<'a> {
    /// Where its rules come from.
    pub source: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Since when it is in force.
    pub since: DateTime<Utc>,
    /// Why newer files are not in force, and since when.
    pub refused: Option<(&'a str, DateTime<Utc>)>,
    /// A policy server decides on actions and signals.
    pub has_server: bool,
    /// Roles, and how many people have each.
    pub roles: &'a [(String, usize)],
    /// The team's zone.
    pub zone: Tz,
}

/// What is in force.
pub fn message_policy(view: &PolicyView<'_>) -> SlackMessageContent {
    let said = cat([
        words("In force: "),
        bold(escape(&fit(view.source, 200))),
        words(", version "),
        code(view.version),
        words(", since "),
        when(view.since, view.zone),
        words("."),
    ]);
    let mut layout = Layout::new();
    layout.section(&said);
    let refused = view.refused.map(|(what, since)| refused(what, since, view.zone));
    layout.section(&refused.clone().unwrap_or_default());
    if view.has_server {
        layout.section(&words(
            "A policy server decides on actions and signals; the rules above decide on commands and buttons.",
        ));
    }
    layout.section(&cat([bold(words("Roles")), words("\n"), roles(view.roles)]));
    layout.foot(&cat([
        words("Ask what it says with "),
        typed("policy explain github.merge acme/api#12"),
        words("."),
    ]));
    layout.into_message(&join([said, refused.unwrap_or_default()], " "))
}

fn refused(what: &str, since: DateTime<Utc>, zone: Tz) -> Mrkdwn {
    cat([
        words(":warning: Newer files cannot be used since "),
        when(since, zone),
        words(": "),
        escape(&fit(what, 600)),
    ])
}

fn roles(roles: &[(String, usize)]) -> Mrkdwn {
    let one = |(name, people): &(String, usize)| {
        let people = match people {
            1 => "1 person".to_owned(),
            many => format!("{many} people"),
        };
        escape(&format!("{}: {people}", fit(name, 60)))
    };
    let known = join(roles.iter().take(20).map(one), ", ");
    if known.is_empty() {
        words("Nobody has a role, so anybody but guests is asked.")
    } else {
        known
    }
}

/// An answer of the policy, as if somebody proposed it now.
#[derive(Debug, Clone, Copy)]
pub struct ExplainView<'a> {
    /// What would be done.
    pub action: &'a Action,
    /// What was named about its target.
    pub facts: &'a BTreeMap<String, serde_json::Value>,
    /// The answer.
    pub decision: &'a Decision,
}

/// What the policy says, and why.
pub fn message_explained(view: &ExplainView<'_>) -> SlackMessageContent {
    let decision = view.decision;
    let verdict = match &decision.verdict {
        PolicyVerdict::Allow => words("It would be done at once."),
        PolicyVerdict::Deny => words("It would be refused."),
        PolicyVerdict::NeedsApproval(_) => words("People would be asked first."),
    };
    let answer = join([verdict, sentence(&fit(&decision.reason, 1_000))], " ");
    let mut layout = Layout::new();
    layout.section(&cat([
        code(&fit(&view.action.to_string(), 200)),
        words(" · "),
        escape(decision.risk.as_str()),
        words(" risk\n"),
        answer.clone(),
    ]));
    if let PolicyVerdict::NeedsApproval(terms) = &decision.verdict {
        layout.lines(terms_in_words(terms).into_iter().map(bullet));
    }
    layout.lines(decision.obligations.iter().map(obligation).map(bullet));
    if !decision.rules.is_empty() {
        layout.section(&bold(words("Rules")));
        layout.lines(decision.rules.iter().take(RULES_SHOWN).map(rule));
    }
    layout.foot(&cat([
        words("As if you proposed it now, with "),
        facts(view.facts),
        words(". Policy "),
        code(&decision.policy),
        words("."),
    ]));
    layout.into_message(&answer)
}

fn bullet(text: Mrkdwn) -> Mrkdwn {
    cat([words("• "), text])
}

fn rule(rule: &RuleTrace) -> Mrkdwn {
    let mark = if rule.fired {
        words(":white_check_mark: applies · ")
    } else {
        words(":x: does not apply · ")
    };
    cat([mark, sentence(&fit(&rule.text, 300))])
}

fn facts(facts: &BTreeMap<String, serde_json::Value>) -> Mrkdwn {
    if facts.is_empty() {
        return words("no facts about its target named (add them as `ci=red`)");
    }
    let one = |(name, value): (&String, &serde_json::Value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        code(&fit(&format!("{name}={value}"), 100))
    };
    join(facts.iter().take(10).map(one), ", ")
}

fn obligation(obligation: &Obligation) -> Mrkdwn {
    match obligation {
        Obligation::Notify { channel } => {
            cat([escape(&fit(channel, 100)), words(" is told when it was done.")])
        }
        Obligation::Reason => words("Whoever proposes it gives a reason."),
    }
}

/// Under what terms people are asked: one sentence for each.
pub fn terms_in_words(terms: &Terms) -> Vec<Mrkdwn> {
    let who = either(&terms.approvers);
    let need = match terms.quorum {
        1 => cat([words("One person must agree: "), who, words(".")]),
        many => cat([
            escape(&many.to_string()),
            words(" people must agree: "),
            who,
            words("."),
        ]),
    };
    let own = if terms.self_approval {
        words("Whoever proposed it, or wrote the change, may be one of them.")
    } else {
        words("Whoever proposed it, or wrote the change, does not count.")
    };
    let minutes = Duration::minutes(i64::from(terms.expires_in_minutes));
    let lapses = escape(&format!(
        "The question lapses after {}.",
        span(minutes, Duration::hours(24))
    ));
    let mut all = vec![need, own];
    all.extend(
        (terms.confirmation == Confirmation::Typed)
            .then(|| words("Who agrees types the name of the target.")),
    );
    all.extend(
        terms
            .reactions
            .then(|| words("A reaction :white_check_mark: or :x: to the question counts.")),
    );
    all.push(lapses);
    if !terms.escalate_to.is_empty() {
        let also = either(&terms.escalate_to);
        all.push(cat([
            words("After half of that time this is asked too: "),
            also,
            words("."),
        ]));
    }
    all.extend(terms.quiet_period.map(|quiet| {
        escape(&format!(
            "If no incident opens for {} hours, it is done without them.",
            quiet.hours
        ))
    }));
    if let Some(channel) = &terms.channel {
        all.push(cat([
            words("It is asked in "),
            escape(&fit(channel, 100)),
            words("."),
        ]));
    }
    all
}

fn either(approvers: &[Approver]) -> Mrkdwn {
    join(approvers.iter().take(10).map(approver), " or ")
}

fn approver(approver: &Approver) -> Mrkdwn {
    let named = |kind: &'static str, name: &str| cat([words(kind), escape(&fit(name, 80))]);
    match approver {
        Approver::Role(name) => named("somebody with the role ", name),
        Approver::Team(name) => named("somebody in the team ", name),
        Approver::User(user) => mention(user),
        Approver::Group(id) => named("somebody in the user group ", id),
        Approver::Login(login) => cat([escape(&fit(login.as_str(), 80)), words(" on GitHub")]),
        Approver::Anyone => words("anybody but guests"),
    }
}

#[cfg(test)]
mod tests {
    use em_domain::action::Risk;
    use em_domain::policy::QuietPeriod;
    use insta::assert_snapshot;

    use super::*;
    use crate::sample::{calendar, now};
    use crate::transcript::transcript;

    fn terms() -> Terms {
        Terms {
            quorum: 2,
            confirmation: Confirmation::Typed,
            expires_in_minutes: 240,
            escalate_to: vec![Approver::Group("S1".to_owned())],
            quiet_period: Some(QuietPeriod { hours: 48 }),
            channel: Some("#releases".to_owned()),
            ..Terms::of(vec![
                Approver::Role("manager".to_owned()),
                Approver::Login("octocat".into()),
            ])
        }
    }

    fn decision(verdict: PolicyVerdict) -> Decision {
        let rule = |text: &str, fired| RuleTrace {
            rule: "r".to_owned(),
            text: text.to_owned(),
            fired,
        };
        Decision {
            verdict,
            reason: "What reaches users needs two people.".to_owned(),
            risk: Risk::High,
            obligations: vec![
                Obligation::Notify {
                    channel: "#ops".to_owned(),
                },
                Obligation::Reason,
            ],
            rules: vec![
                rule("Nothing is merged while its checks are red.", false),
                rule("What reaches users needs two people.", true),
            ],
            policy: "0123456789ab".to_owned(),
        }
    }

    #[test]
    fn what_is_in_force_is_named_with_what_keeps_newer_files_out() {
        let roles = [("manager".to_owned(), 1), ("oncall".to_owned(), 3)];
        let view = PolicyView {
            source: "rules",
            version: "0123456789ab",
            since: now(),
            refused: Some(("own.rego, line 2, column 14: expecting `}` <here>", now())),
            has_server: true,
            roles: &roles,
            zone: calendar().zone,
        };
        assert_snapshot!(transcript(&message_policy(&view)), @r"
        (text) In force: rules, version `0123456789ab`, since Fri 21 Nov 15:00. :warning: Newer files cannot be used since Fri 21 Nov 15:00: own.rego, line 2, column 14: expecting `}` <here>
        In force: *rules*, version `0123456789ab`, since Fri 21 Nov 15:00.
        :warning: Newer files cannot be used since Fri 21 Nov 15:00: own.rego, line 2, column 14: expecting `}` <here>
        A policy server decides on actions and signals; the rules above decide on commands and buttons.
        *Roles*
        manager: 1 person, oncall: 3 people
        > Ask what it says with `/em-agent policy explain github.merge acme/api#12`.
        ");
        let fresh = PolicyView {
            refused: None,
            has_server: false,
            roles: &[],
            ..view
        };
        assert_snapshot!(transcript(&message_policy(&fresh)), @r"
        (text) In force: rules, version `0123456789ab`, since Fri 21 Nov 15:00.
        In force: *rules*, version `0123456789ab`, since Fri 21 Nov 15:00.
        *Roles*
        Nobody has a role, so anybody but guests is asked.
        > Ask what it says with `/em-agent policy explain github.merge acme/api#12`.
        ");
    }

    #[test]
    fn an_answer_is_explained_with_its_terms_and_every_rule() {
        let facts = BTreeMap::from([("base_ref".to_owned(), serde_json::json!("main"))]);
        let view = ExplainView {
            action: &Action::new("github.merge", "acme/api#12"),
            facts: &facts,
            decision: &decision(PolicyVerdict::NeedsApproval(terms())),
        };
        assert_snapshot!(transcript(&message_explained(&view)), @r"
        (text) People would be asked first. What reaches users needs two people.
        `github.merge acme/api#12` · high risk
        People would be asked first. What reaches users needs two people.
        • 2 people must agree: somebody with the role manager or octocat on GitHub.
        • Whoever proposed it, or wrote the change, does not count.
        • Who agrees types the name of the target.
        • The question lapses after 4 h.
        • After half of that time this is asked too: somebody in the user group S1.
        • If no incident opens for 48 hours, it is done without them.
        • It is asked in #releases.
        • #ops is told when it was done.
        • Whoever proposes it gives a reason.
        *Rules*
        :x: does not apply · Nothing is merged while its checks are red.
        :white_check_mark: applies · What reaches users needs two people.
        > As if you proposed it now, with `base_ref=main`. Policy `0123456789ab`.
        ");
    }

    #[test]
    fn terms_that_say_only_who_are_two_sentences_and_a_time() {
        let plain = terms_in_words(&Terms::of(vec![Approver::Anyone]));
        let shown = join(plain, "\n").render(1_000);
        assert_snapshot!(shown, @r"
        One person must agree: anybody but guests.
        Whoever proposed it, or wrote the change, does not count.
        The question lapses after 1 d.
        ");
        let loose = Terms {
            self_approval: true,
            reactions: true,
            ..Terms::of(vec![Approver::User("U1".into())])
        };
        assert_snapshot!(join(terms_in_words(&loose), "\n").render(1_000), @r"
        One person must agree: <@U1>.
        Whoever proposed it, or wrote the change, may be one of them.
        A reaction :white_check_mark: or :x: to the question counts.
        The question lapses after 1 d.
        ");
    }
}
