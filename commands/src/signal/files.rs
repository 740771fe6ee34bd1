//! Purpose: asks GitHub which files open pull requests change, where a rule looks at paths: events do not tell. A few
//! requests a minute, the newest pull requests first, so that the quota is left to the rest.

use chrono::{DateTime, Duration, Utc};
use em_domain::pull_request::PullRequestKey;
use em_domain::signal::ChangedFiles;
use em_integrations::github::actions::ListedFiles;
use em_integrations::github::client::{GithubClient, GithubError};

use crate::ctx::Ctx;

/// Requests in one minute, of all replicas together: about a third of the 5,000 an hour that a token has.
const REQUESTS_PER_MINUTE: usize = 30;
/// What GitHub did not show is asked for again after this long.
const ASK_AGAIN_HOURS: i64 = 6;
/// Under this name the minutes are taken.
const MINUTES: &str = "em-agent: files of pull requests";

/// Asks for the files of some pull requests of which they are not known. Does nothing where no rule looks at paths,
/// without a token, or if a replica has done it in this minute. Answers of how many pull requests it learned.
///
/// # Errors
/// The database, or GitHub as a whole; what was learned until then stays.
pub async fn read_changed_files(ctx: &Ctx) -> anyhow::Result<usize> {
    let rules = ctx.rules.in_force().rules;
    let Some(github) = &ctx.github else { return Ok(0) };
    if !ctx.settings.signals.enabled || !rules.look_at_paths() {
        return Ok(0);
    }
    let now = ctx.clock.now();
    let again_before = now - Duration::hours(ASK_AGAIN_HOURS);
    let mut pulls = ctx.store.signals().list_without_files(again_before).await?;
    let ignored = &ctx.settings.triage.ignored_labels;
    pulls.retain(|pull| !pull.has_any(ignored) && rules.want_paths_of(pull));
    if pulls.is_empty() || !takes_minute(ctx, now).await? {
        return Ok(0);
    }
    // The newest first: a first look at many takes hours, and what is new is what people work on.
    pulls.sort_by(|a, b| (b.presented_at, &a.key).cmp(&(a.presented_at, &b.key)));
    let (mut learned, mut requests) = (0, 0);
    for pull in &pulls {
        if requests >= REQUESTS_PER_MINUTE {
            break;
        }
        let Some(head_sha) = &pull.head_sha else { continue };
        let listed = ask(&github.client, &pull.key).await?;
        requests += listed.as_ref().map_or(1, |listed| listed.requests);
        learned += usize::from(listed.is_some());
        let files = listed.map(|listed| ChangedFiles {
            key: pull.key.clone(),
            head_sha: head_sha.clone(),
            paths: listed.paths,
            is_truncated: listed.is_truncated,
        });
        let signals = ctx.store.signals();
        signals
            .record_files(&pull.key, head_sha, files.as_ref(), now)
            .await?;
    }
    let missing = pulls.len() - learned;
    tracing::info!(learned, requests, missing, "changed files were read");
    Ok(learned)
}

/// Takes this minute; `false` if a replica has it already.
async fn takes_minute(ctx: &Ctx, now: DateTime<Utc>) -> anyhow::Result<bool> {
    let minute = DateTime::from_timestamp(now.timestamp() - now.timestamp().rem_euclid(60), 0);
    let schedules = ctx.store.schedules();
    Ok(schedules.claim_tick(MINUTES, minute.unwrap_or(now), now).await?)
}

/// The files of one pull request; `None` if GitHub does not show them, which must not keep the others waiting.
async fn ask(client: &GithubClient, key: &PullRequestKey) -> Result<Option<ListedFiles>, GithubError> {
    match client.changed_files(key).await {
        Ok(listed) => Ok(Some(listed)),
        Err(
            error @ (GithubError::Forbidden { .. }
            | GithubError::NotFound
            | GithubError::Refused { .. }
            | GithubError::Ambiguous { .. }
            | GithubError::Malformed { .. }),
        ) => {
            tracing::warn!(pull_request = %key, %error, "its changed files cannot be read");
            Ok(None)
        }
        Err(
            error @ (GithubError::Unauthorized
            | GithubError::RateLimited { .. }
            | GithubError::Unavailable { .. }),
        ) => Err(error),
    }
}
