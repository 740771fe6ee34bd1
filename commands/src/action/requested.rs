//! Purpose: what people read on GitHub of who asked for something, and the mark by which it is found again.

use em_domain::id::Login;

use super::trouble::Trouble;
use super::{Attempt, slack_text};
use crate::ctx::Ctx;
use crate::link::login_of;

/// The mark of an action in something that it wrote: Markdown shows no comments.
pub(super) fn mark(attempt: &Attempt) -> String {
    // What closes the comment early would show the rest of it.
    let key: String = attempt
        .key
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':' | '.'))
        .collect();
    format!("<!-- em-agent:{} -->", key.replace("--", "-"))
}

/// The text as it was written, a line that says who asked, and the mark.
pub(super) async fn signed(ctx: &Ctx, text: &str, attempt: &Attempt) -> Result<String, Trouble> {
    let line = line(ctx, attempt).await?;
    Ok(format!("{text}\n\n---\n_{line}_\n{}", mark(attempt)))
}

/// `Requested by ana-ruiz through EM Agent. Reason: ...`
pub(super) async fn line(ctx: &Ctx, attempt: &Attempt) -> Result<String, Trouble> {
    let by = match name(ctx, attempt).await? {
        Some(name) => format!("Requested by {name} through EM Agent."),
        None => "Written by EM Agent.".to_owned(),
    };
    Ok(match attempt.reason.as_deref().map(one_line) {
        Some(reason) if !reason.is_empty() => format!("{by} Reason: {reason}"),
        Some(_) | None => by,
    })
}

/// Their name on GitHub without the @, which would notify them of what they asked for; else their name in Slack.
async fn name(ctx: &Ctx, attempt: &Attempt) -> Result<Option<String>, Trouble> {
    let Some(user) = &attempt.on_behalf_of else {
        return Ok(None);
    };
    if let Some(link) = login_of(ctx, user).await? {
        return Ok(Some(link.login.0));
    }
    // The name is a courtesy: without it the text is still theirs.
    let person = ctx.slack.user(user.as_str()).await.ok().flatten();
    Ok(Some(person.map_or_else(
        || "somebody in Slack".to_owned(),
        |person| one_line(&person.name),
    )))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The account that a word means: a login, or a person in Slack whose account is known.
pub(super) async fn login_meant(ctx: &Ctx, word: &str) -> Result<Login, Trouble> {
    let word = word.trim();
    if word.starts_with('<')
        && let Some(id) = slack_text::person(word)
    {
        let link = login_of(ctx, &id.into()).await?;
        return link.map(|link| link.login).ok_or_else(|| {
            Trouble::says(format!(
                "I do not know the GitHub account of {}. Write their login instead.",
                slack_text::for_slack(word)
            ))
        });
    }
    let login = word.trim_start_matches('@');
    if em_domain::person::is_github_login(login.trim_end_matches("[bot]")) {
        Ok(login.into())
    } else {
        Err(Trouble::says(format!("“{word}” cannot be a GitHub login.")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_cannot_be_closed_early() {
        let attempt = |key: &str| Attempt {
            key: key.to_owned(),
            may_have_happened: false,
            reason: None,
            on_behalf_of: None,
        };
        assert_eq!(mark(&attempt("apr_01J")), "<!-- em-agent:apr_01J -->");
        assert_eq!(mark(&attempt("a --> b")), "<!-- em-agent:a-b -->");
    }
}
