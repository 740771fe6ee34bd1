//! Purpose: `em-agent token`: which programs may use the HTTP API, for whom, and for what.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};
use em_domain::api_token::{ApiToken, RANDOM_BYTES, Scope, TokenHash, TokenName, written};
use em_domain::audit::AuditEntry;
use em_domain::clock::{Clock as _, SystemClock};
use em_domain::id::SlackUser;
use em_storage::Store;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{Failure, say};
use crate::config::Config;
use crate::wire;

/// Who the audit log names: whoever has a shell where the program runs.
const ACTOR: &str = "operator";
/// Days that a token may be good for, if it is not good for ever.
const MOST_DAYS: i64 = 3_650;

/// What is done with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a token by which a program acts for a person; it is printed once and kept nowhere.
    Add(AddOptions),
    /// List tokens: for whom, for what, until when, when last used.
    List(ListOptions),
    /// Remove a token; it stops working at once.
    Remove {
        /// Its name.
        #[arg(value_parser = name)]
        name: TokenName,
    },
}

/// What the new token is.
#[derive(Debug, Args)]
pub(crate) struct AddOptions {
    /// What it is called: small letters, digits, dots, hyphens.
    #[arg(value_parser = name)]
    name: TokenName,
    /// The Slack user it acts for, by id: it may do what they may, and see what they see.
    #[arg(long, value_name = "SLACK USER ID", value_parser = user)]
    user: SlackUser,
    /// What it may be used for; may be repeated: approvals:read, approvals:decide, knowledge:search, knowledge:write,
    /// metrics:read.
    #[arg(long = "scope", value_name = "SCOPE", required = true, value_parser = scope)]
    scopes: Vec<Scope>,
    /// After how long it is refused, in days or hours: 90d, 12h. Without it, it is good until it is removed.
    #[arg(long, value_name = "TIME", value_parser = span)]
    expires_in: Option<TimeDelta>,
}

/// How tokens are listed.
#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn name(text: &str) -> Result<TokenName, String> {
    let rule = "write up to 64 small letters, digits, dots, hyphens or underscores, a letter or digit first";
    TokenName::parse(text).ok_or_else(|| rule.to_owned())
}

fn user(text: &str) -> Result<SlackUser, String> {
    let is_id = text.starts_with(['U', 'W'])
        && text.len() > 2
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let how = "write the id, as U024BE7LH; in Slack: profile, ⋮, Copy member ID";
    is_id.then(|| SlackUser::from(text)).ok_or_else(|| how.to_owned())
}

fn scope(text: &str) -> Result<Scope, String> {
    let names: Vec<&str> = Scope::ALL.into_iter().map(Scope::as_str).collect();
    Scope::parse(text).ok_or_else(|| format!("write {}", names.join(", ")))
}

fn span(text: &str) -> Result<TimeDelta, String> {
    let read = || {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let number: i64 = number.parse().ok().filter(|number| *number > 0)?;
        let span = match unit {
            "d" => TimeDelta::try_days(number)?,
            "h" => TimeDelta::try_hours(number)?,
            _ => return None,
        };
        (span.num_days() <= MOST_DAYS).then_some(span)
    };
    read().ok_or_else(|| "write 90d or 12h; ten years at most".to_owned())
}

pub(crate) async fn execute(command: Command, config: Config) -> Result<ExitCode, Failure> {
    let store = wire::open_store(&config).await?;
    match command {
        Command::Add(options) => add(&store, options).await?,
        Command::List(options) => list(&store, &options).await?,
        Command::Remove { name } => remove(&store, &name).await?,
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn add(store: &Store, options: AddOptions) -> Result<(), Failure> {
    let now = SystemClock.now();
    let token = ApiToken {
        name: options.name,
        user: options.user,
        scopes: options.scopes.into_iter().collect(),
        created_at: now,
        expires_at: options.expires_in.map(|span| now + span),
        last_used_at: None,
    };
    let secret = random()?;
    let data = json!({ "user": token.user, "scopes": token.scopes, "expires_at": token.expires_at });
    let added = store
        .api_tokens()
        .insert(
            &token,
            &TokenHash::of(&secret),
            &entry("token.added", &token.name, data, now),
        )
        .await
        .context("the token cannot be kept")?;
    if !added {
        let name = token.name.as_str();
        return Err(
            anyhow!("there is a token {name} already; remove it first, or choose another name").into(),
        );
    }
    // Only the token goes to standard output, so that it can be sent on to where secrets are kept.
    writeln!(
        std::io::stderr(),
        "The token {} acts for {}. It is shown only now:",
        token.name.as_str(),
        token.user
    )
    .ok();
    say(secret.expose_secret());
    Ok(())
}

/// A new token from the operating system's source of randomness.
fn random() -> Result<SecretString, Failure> {
    let mut bytes = [0; RANDOM_BYTES];
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| anyhow!("the operating system gives no random numbers"))?;
    Ok(written(&bytes))
}

async fn list(store: &Store, options: &ListOptions) -> Result<(), Failure> {
    let tokens = store
        .api_tokens()
        .list()
        .await
        .context("the tokens cannot be read")?;
    if options.json {
        say(&serde_json::to_string_pretty(&tokens).context("the tokens as JSON")?);
        return Ok(());
    }
    if tokens.is_empty() {
        say("There are no tokens. Add one with `em-agent token add`.");
    }
    let now = SystemClock.now();
    for token in &tokens {
        let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
        let until = match token.expires_at {
            None => "until removed".to_owned(),
            Some(at) if token.is_expired(now) => format!("expired {}", day(at)),
            Some(at) => format!("until {}", day(at)),
        };
        let used = token.last_used_at.map_or("never used".to_owned(), |at| {
            format!("last used {}", at.format("%Y-%m-%d %H:%M UTC"))
        });
        say(&format!(
            "{}  for {}  {}  {until}  {used}",
            token.name.as_str(),
            token.user,
            scopes.join(" ")
        ));
    }
    Ok(())
}

fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d").to_string()
}

async fn remove(store: &Store, name: &TokenName) -> Result<(), Failure> {
    let entry = entry("token.removed", name, json!({}), SystemClock.now());
    let removed = store.api_tokens().remove(name, &entry).await;
    if !removed.context("the token cannot be removed")? {
        let name = name.as_str();
        return Err(anyhow!("there is no token {name}; `em-agent token list` shows them").into());
    }
    say(&format!(
        "Removed. The token {} is refused from now on.",
        name.as_str()
    ));
    Ok(())
}

fn entry(kind: &str, name: &TokenName, data: Value, at: DateTime<Utc>) -> AuditEntry {
    AuditEntry {
        at,
        actor: ACTOR.to_owned(),
        kind: kind.to_owned(),
        subject: name.to_string(),
        data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_days_or_hours() {
        assert_eq!(span("90d"), Ok(TimeDelta::days(90)));
        assert_eq!(span("12h"), Ok(TimeDelta::hours(12)));
        for bad in [
            "",
            "d",
            "0d",
            "-1d",
            "90",
            "90m",
            "99999d",
            "999999999999999999d",
            "9ü",
        ] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_user_is_named_by_id() {
        assert_eq!(user("U024BE7LH"), Ok("U024BE7LH".into()));
        for bad in ["", "ana", "@ana", "<@U024BE7LH>", "u024be7lh", "C024BE7LH"] {
            assert!(user(bad).is_err(), "{bad}");
        }
    }
}
