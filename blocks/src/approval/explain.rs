//! Purpose: *Explain*: which rules led here, whose word is missing, and who could give it now.

use em_domain::approval::Approval;
use em_domain::id::SlackUser;
use slack_morphism::prelude::SlackMessageContent;

use super::{Setting, approvers, requester, short_id, subject};
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, code, escape, join, mention, words};
use crate::time::when;

/// People named in an explanation.
const NAMED: usize = 12;

/// What keeps somebody from deciding, or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// They could decide now.
    CanDecide,
    /// They could, but it is outside their working time.
    OffHours,
    /// They have agreed.
    HasAgreed,
    /// They are away; this person decides for them.
    Away(SlackUser),
    /// They asked for it.
    IsRequester,
    /// It is their own change.
    IsAuthor,
    /// Their account is not known, so that it cannot be told.
    AccountUnknown,
}

/// What is explained.
#[derive(Debug, Clone, Copy)]
pub struct ExplainView<'a> {
    /// Which question.
    pub approval: &'a Approval,
    /// Those who may decide, as far as they are known by name, and where each stands.
    pub people: &'a [(SlackUser, Standing)],
    /// How it is shown.
    pub setting: Setting,
}

/// The explanation.
pub fn message_explain(view: &ExplainView<'_>) -> SlackMessageContent {
    let approval = view.approval;
    let mut layout = Layout::new();
    layout.section(&join([subject(approval), escape(&approval.request.title)], " · "));
    layout.section(&cat([
        words("Asked by "),
        requester(approval),
        words(" "),
        when(approval.created_at, view.setting.zone),
        words(". The policy says: "),
        escape(&fit(&approval.decision.reason, 500)),
    ]));
    layout.section(&rules(approval));
    layout.section(&missing(approval));
    layout.lines(
        view.people
            .iter()
            .take(NAMED)
            .map(|(user, standing)| person(user, standing)),
    );
    layout.context(&cat([
        code(short_id(&approval.id)),
        words(" · policy "),
        code(&approval.decision.policy),
    ]));
    let text = cat([
        words("Why "),
        escape(&fit(&approval.request.title, 200)),
        words(": "),
        missing(approval),
    ]);
    layout.into_message(&text)
}

/// Every rule of the policy with a tick or a cross.
fn rules(approval: &Approval) -> Mrkdwn {
    if approval.decision.rules.is_empty() {
        return words("This policy does not tell its rules one by one.");
    }
    let rule = |rule: &em_domain::policy::RuleTrace| {
        let mark = if rule.fired {
            words(":white_check_mark: applies: ")
        } else {
            words(":x: does not apply: ")
        };
        cat([mark, escape(&fit(&rule.text, 200))])
    };
    // What applied comes first; the rest shows what else there is.
    let mut sorted: Vec<_> = approval.decision.rules.iter().collect();
    sorted.sort_by_key(|rule| !rule.fired);
    join(
        std::iter::once(bold(words("Rules"))).chain(sorted.into_iter().take(14).map(rule)),
        "\n",
    )
}

fn missing(approval: &Approval) -> Mrkdwn {
    if !approval.state.is_undecided() {
        return cat([
            words("Nobody is missing: it is "),
            words(approval.state.as_str()),
            words("."),
        ]);
    }
    let agreed = approval.agreeing().len();
    cat([
        escape(&format!("{} of {} agreed.", agreed, approval.quorum())),
        words(" "),
        words("Who may decide: "),
        approvers(approval),
        words("."),
    ])
}

fn person(user: &SlackUser, standing: &Standing) -> Mrkdwn {
    let stands = match standing {
        Standing::CanDecide => words("could decide now"),
        Standing::OffHours => words("could decide, but is outside working time"),
        Standing::HasAgreed => words("has agreed"),
        Standing::Away(deputy) => cat([words("is away; "), mention(deputy), words(" decides for them")]),
        Standing::IsRequester => words("asked for it, so somebody else has to decide"),
        Standing::IsAuthor => words("made the change, so somebody else has to decide"),
        Standing::AccountUnknown => words(
            "has not said which GitHub account is theirs, so I cannot tell whether it is their own change",
        ),
    };
    cat([words("• "), mention(user), words(" "), stands])
}
