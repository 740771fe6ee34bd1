//! Purpose: what actions on trackers and pagers have in common: whether the system is set up, the keys of issues, and names that
//! are nearly right.

use em_domain::action::Action;
use em_integrations::rest::{ChangeError, ChangeFailure};

use super::trouble::Trouble;
use super::{Attempt, requested, slack_text};
use crate::ctx::Ctx;

/// The client, or what to set so that there is one.
pub(super) fn set_up<T: Clone>(client: Option<&T>, vendor: &str, variables: &str) -> Result<T, Trouble> {
    client.cloned().ok_or_else(|| {
        Trouble::says(format!(
            "{vendor} is not set up, so I can change nothing there. An admin can set {variables}."
        ))
    })
}

/// Where the job or application that `vendor` calls `name` deploys to, by the operator's rules.
pub(super) fn environment<'c>(ctx: &'c Ctx, vendor: &str, name: &str) -> Option<&'c str> {
    ctx.settings.reading.environment(vendor, name)
}

/// Says which thing is not there.
pub(super) fn or_missing<T>(found: Result<T, ChangeError>, what: &str) -> Result<T, Trouble> {
    found.map_err(|error| {
        if error.failure == ChangeFailure::NotFound {
            return Trouble::says(format!(
                "{} shows me no {what}: check it, or let an admin give my token access to it.",
                error.vendor
            ));
        }
        Trouble::Elsewhere(error)
    })
}

/// The key of an issue, in capital letters. It becomes part of an address.
pub(super) fn issue_key(action: &Action, example: &str) -> Result<String, Trouble> {
    let key = action.target.trim();
    let is_key = key.split_once('-').is_some_and(|(project, number)| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        project.starts_with(|c: char| c.is_ascii_alphabetic())
            && project.len() <= 64
            && project.chars().all(is_plain)
            && (1..=12).contains(&number.len())
            && number.chars().all(|c| c.is_ascii_digit())
    });
    if !is_key {
        return Err(Trouble::says(format!(
            "“{}” names no issue. Write it as `{example}`.",
            action.target
        )));
    }
    Ok(key.to_uppercase())
}

/// What somebody typed for readers elsewhere, if it can be a comment.
pub(super) fn comment_text(action: &Action, vendor: &str, most_chars: usize) -> Result<String, Trouble> {
    let text = slack_text::for_slack(action.argument("text"));
    if text.trim().is_empty() {
        return Err(Trouble::says("Say what to write."));
    }
    if text.chars().count() > most_chars {
        return Err(Trouble::says(format!(
            "That is too long for a comment in {vendor}."
        )));
    }
    Ok(text)
}

/// What stands below a comment: who asked for it, why, and by what it is found again.
pub(super) async fn line(ctx: &Ctx, attempt: &Attempt) -> Result<String, Trouble> {
    let line = requested::line(ctx, attempt).await?;
    Ok(format!("{line} {}", reference(attempt)))
}

/// By what a comment is found again.
pub(super) fn reference(attempt: &Attempt) -> String {
    format!("({})", attempt.key)
}

/// The one of `names` that is meant, as its owner spells it.
pub(super) fn named<'n>(names: &[&'n str], wanted: &str) -> Option<&'n str> {
    let wanted = wanted.trim().to_lowercase();
    names.iter().find(|name| name.to_lowercase() == wanted).copied()
}

/// “To Do”, “Done”
pub(super) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("“{name}”")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_a_key_becomes_part_of_an_address() {
        let key = |target: &str| issue_key(&Action::new("jira.comment", target), "PAY-12").ok();
        assert_eq!(key("pay-12").as_deref(), Some("PAY-12"));
        assert_eq!(key("A_2-7").as_deref(), Some("A_2-7"));
        for target in [
            "",
            "PAY",
            "PAY-",
            "-12",
            "PAY-1/../x",
            "PAY-1?x",
            "1A-1",
            "PAY-12-3",
            "P Y-1",
        ] {
            assert_eq!(key(target), None, "{target}");
        }
    }

    #[test]
    fn a_name_is_found_as_its_owner_spells_it() {
        let names = ["To Do", "Done"];
        assert_eq!(named(&names, " done"), Some("Done"));
        assert_eq!(named(&names, "dome"), None);
        assert_eq!(listed(&names), "“To Do”, “Done”");
    }
}
