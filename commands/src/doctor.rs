//! Purpose: `/em-agent doctor` and `em-agent doctor`: what is wrong, why it matters, and how to mend it.

mod bus;
mod documents;
mod schedules;

use em_blocks::doctor::{Finding, Health, message_doctor};
use em_domain::job::JobState;
use em_domain::poll_report::PollReport;
use em_integrations::slack::SlackError;
use em_integrations::trial;

use crate::ctx::{Ctx, Polling, System};
use crate::integrations::report_name;
use crate::invocation::{Invocation, Outcome, Reply};
use crate::policy::asked_at;
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "doctor",
    usage: "doctor",
    summary: "Check my connections and permissions, and say what to fix.",
    examples: &["doctor"],
    check_scheduled: None,
};

/// The bot scopes the manifest asks for, and what fails without each. A test holds the two together.
pub const SCOPES: &[(&str, &str)] = &[
    ("app_mentions:read", "I cannot see when I am mentioned"),
    (
        "channels:history",
        "I cannot find a message again after a crash, and may post it twice",
    ),
    (
        "channels:manage",
        "I cannot make public channels or invite people to them",
    ),
    ("channels:read", "I cannot find public channels by name"),
    ("chat:write", "I cannot post"),
    ("commands", "the slash command does not reach me"),
    ("files:write", "reports are posted without their pictures"),
    (
        "groups:history",
        "I cannot find a message again in private channels",
    ),
    ("groups:read", "I cannot find private channels by name"),
    (
        "groups:write",
        "I cannot make private channels or invite people to them",
    ),
    ("im:history", "I do not see direct messages to me"),
    ("im:write", "I cannot write direct messages"),
    ("reactions:read", "reactions to a card do not count as votes"),
    ("usergroups:read", "I do not know who is in a user group"),
    ("users:read", "I do not know people's names and time zones"),
    ("users:read.email", "I cannot link people by their e-mail address"),
];

/// The sources whose freshness is looked at, and after how many hours of silence that is worth a word.
const QUIET_HOURS: i64 = 72;

/// Answers `doctor`.
pub async fn show(ctx: Ctx, _invocation: Invocation) -> Outcome {
    Ok(Reply::private(message_doctor(&examine(&ctx).await)))
}

/// Everything that can be checked from here, in the order a person would mend it.
pub async fn examine(ctx: &Ctx) -> Vec<Finding> {
    let mut findings = slack(ctx).await;
    findings.extend(channels(ctx).await);
    findings.extend(database(ctx).await);
    findings.extend(github(ctx).await);
    findings.extend(events(ctx).await);
    findings.extend(jobs(ctx).await);
    findings.extend(crate::selfcheck::findings(ctx).await);
    findings.extend(policy(ctx).await);
    findings.extend(signals(ctx).await);
    findings.extend(documents::documents(ctx).await);
    findings.extend(schedules::schedules(ctx).await);
    findings.extend(bus::bus(ctx).await);
    findings
}

/// What keeps signals from being found or posted.
async fn signals(ctx: &Ctx) -> Vec<Finding> {
    if !ctx.settings.signals.enabled {
        return Vec::new();
    }
    // Also by itself: on the command line nothing else reads the file again.
    ctx.rules.reload(ctx.clock.now()).await;
    let rules = ctx.rules.in_force();
    let mut findings = vec![match rules.problem {
        None => ok("The rules of signals are understood"),
        Some(problem) => bad(
            Health::Fail,
            "The rules file cannot be used",
            format!("{problem} The rules that were in force before stay in force."),
            "Put it right; it is read again within a minute. `/em-agent rules` shows what is in force.",
        ),
    }];
    if rules.rules.look_at_paths() && ctx.github.is_none() {
        let what = "Rules about paths say nothing";
        let why = "Which files a pull request changes has to be read from GitHub, and there is no token.";
        findings.push(bad(Health::Warn, what, why, "Set GITHUB_TOKEN."));
    }
    if ctx.settings.signal_channel().is_none() {
        let why = "They open and resolve, and only `/em-agent signals` shows them.";
        let fix = "Set signals.channel or slack.default_channel.";
        findings.push(bad(Health::Warn, "Signals are not posted anywhere", why, fix));
    }
    findings.extend(match &ctx.settings.signals.channel {
        Some(name) => Some(can_post(ctx, name, "signals.channel").await),
        None => None,
    });
    findings
}

fn ok(what: impl Into<String>) -> Finding {
    Finding {
        health: Health::Ok,
        what: what.into(),
        why: String::new(),
        fix: String::new(),
    }
}

fn bad(health: Health, what: impl Into<String>, why: impl Into<String>, fix: impl Into<String>) -> Finding {
    Finding {
        health,
        what: what.into(),
        why: why.into(),
        fix: fix.into(),
    }
}

async fn slack(ctx: &Ctx) -> Vec<Finding> {
    let identity = match ctx.slack.auth_test().await {
        Ok(identity) => identity,
        Err(error) => {
            let fix = "Install the app from manifest.yaml and set SLACK_BOT_TOKEN to its bot token.";
            return vec![bad(Health::Fail, "Slack does not accept me", error.advice(), fix)];
        }
    };
    let mut findings = vec![ok(format!("Slack knows me in {}", identity.team))];
    let missing = SCOPES
        .iter()
        .filter(|(scope, _)| !identity.scopes.iter().any(|have| have == scope));
    for (scope, lost) in missing {
        let fix = format!(
            "Add `{scope}` under OAuth & Permissions, or update the app from manifest.yaml; then reinstall it."
        );
        findings.push(bad(
            Health::Fail,
            format!("The scope `{scope}` is missing"),
            format!("Without it {lost}."),
            fix,
        ));
    }
    if ctx.settings.uses_socket_mode {
        findings.push(match ctx.slack.open_connection().await {
            Ok(_) => ok("Socket Mode can be opened"),
            Err(error) => {
                let fix = "Set SLACK_APP_TOKEN to an app-level token with connections:write, and switch Socket Mode on.";
                bad(Health::Fail, "Socket Mode cannot be opened", error.advice(), fix)
            }
        });
    }
    findings
}

async fn channels(ctx: &Ctx) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(name) = &ctx.settings.default_channel {
        findings.push(can_post(ctx, name, "slack.default_channel").await);
    }
    if let Some(settings) = &ctx.settings.deployments {
        findings.push(can_post(ctx, &settings.channel, "deployments.channel").await);
    }
    findings
}

/// Whether messages can be posted to the channel that `key` names.
async fn can_post(ctx: &Ctx, name: &str, key: &str) -> Finding {
    let title = if key == "slack.default_channel" {
        "default channel"
    } else {
        "channel"
    };
    let what = format!("I cannot post to the {title} {name}");
    match ctx.slack.resolve_channel(name).await {
        Ok(channel) if channel.is_member => ok(format!("I am in the {title} {name}")),
        Ok(_) => {
            let advice = SlackError::NotInChannel.advice();
            bad(Health::Fail, what, "I am not in it.", advice)
        }
        Err(error) => bad(Health::Fail, what, error.advice(), format!("Check {key}.")),
    }
}

async fn database(ctx: &Ctx) -> Vec<Finding> {
    vec![match ctx.store.ping().await {
        Ok(()) => ok("The database answers"),
        Err(error) => {
            tracing::error!(%error, "doctor: database");
            bad(
                Health::Fail,
                "The database does not answer",
                error.to_string(),
                "Check DATABASE_URL and that the server runs.",
            )
        }
    }]
}

async fn github(ctx: &Ctx) -> Vec<Finding> {
    let settings = &ctx.settings;
    let system = settings.systems.iter().find(|system| system.name == "github");
    let has_secret = system.is_some_and(|system| system.has_secret);
    if !has_secret && !system.is_some_and(is_polled) {
        let fix = "Set GITHUB_TOKEN and github.repositories to poll, or GITHUB_WEBHOOK_SECRET and point a webhook at /webhooks/github.";
        return vec![bad(
            Health::Warn,
            "Nothing comes in from GitHub",
            "Neither polling nor webhooks are configured.",
            fix,
        )];
    }
    let mut findings = Vec::new();
    if has_secret {
        findings.push(ok("GitHub webhooks are verified with a secret"));
    }
    let Some(github) = &ctx.github else {
        return findings;
    };
    match github.client.check(&github.config).await {
        Ok(check) => {
            findings.push(ok("GitHub accepts the token"));
            for seen in check.seen {
                let Err(error) = seen.result else { continue };
                let fix =
                    "Give the token read access to it, or take it out of the configuration's github section.";
                findings.push(bad(
                    Health::Fail,
                    format!("{} cannot be read", seen.name),
                    format!("{error}."),
                    fix,
                ));
            }
        }
        Err(error) => {
            let fix = "Set GITHUB_TOKEN to a token that can read the repositories.";
            findings.push(bad(Health::Fail, "GitHub cannot be read", error.to_string(), fix));
        }
    }
    findings
}

async fn policy(ctx: &Ctx) -> Vec<Finding> {
    let mut findings = Vec::new();
    let in_force = ctx.policy.own.in_force();
    if let Some((error, _)) = &in_force.refused {
        let why = format!("{error}. Version {} stays in force.", in_force.policy.version());
        let fix =
            "Mend the file; it is read again within seconds. `em-agent policy test DIR` tries it before.";
        findings.push(bad(Health::Fail, "The changed policy cannot be used", why, fix));
    }
    findings.extend(match ctx.policy.check_server(asked_at(ctx)).await {
        None => None,
        Some(Ok(())) => Some(ok("The policy server answers")),
        Some(Err(why)) => {
            let fix = "Check policy.opa_url, and that the server holds the package em_agent. Until then actions are refused.";
            Some(bad(Health::Fail, "The policy server cannot be used", format!("{why}."), fix))
        }
    });
    findings
}

fn is_polled(system: &System) -> bool {
    system.polling == Polling::On
}

/// How asking a system for news went last.
async fn polled(ctx: &Ctx, system: &System) -> Option<Finding> {
    // The database's own finding says why it cannot be read.
    let report = ctx
        .store
        .cursors()
        .find::<PollReport>(&report_name(system.name))
        .await
        .ok()?;
    let title = system.title;
    let Some(PollReport {
        failure, problems, ..
    }) = report.map(|report| report.value)
    else {
        return Some(ok(format!("{title} is asked for news; no round has ended yet")));
    };
    let fix = format!(
        "Check the token and what is listed for polling; `em-agent integrations {}` says how. The next round tries again.",
        system.name
    );
    Some(match (failure, problems.first()) {
        (Some(why), _) => bad(
            Health::Fail,
            format!("{title} cannot be asked for news"),
            why,
            fix,
        ),
        (None, Some(why)) => bad(
            Health::Warn,
            format!("Not everything of {title} can be read"),
            why.clone(),
            fix,
        ),
        (None, None) => ok(format!("{title} is asked for news")),
    })
}

async fn events(ctx: &Ctx) -> Vec<Finding> {
    let events = ctx.store.events();
    let (Ok(sources), Ok(unrecognised)) = (events.list_sources().await, events.list_unrecognised().await)
    else {
        // The database's own finding says why.
        return Vec::new();
    };
    let mut findings: Vec<Finding> = ctx.settings.systems.iter().filter_map(unproven).collect();
    for system in ctx.settings.systems.iter().filter(|system| is_polled(system)) {
        findings.extend(polled(ctx, system).await);
    }
    let now = ctx.clock.now();
    for source in sources.iter().filter(|source| source.source != trial::SOURCE) {
        let hours = (now - source.last_received_at).num_hours();
        findings.push(if hours < QUIET_HOURS {
            ok(format!("Events come in from {}", source.source))
        } else {
            let why = format!("The last event came {} days ago.", hours / 24);
            let fix = "Look at the sender's list of deliveries, or at the poller's lines in the log.";
            bad(Health::Warn, format!("{} is quiet", source.source), why, fix)
        });
    }
    for kind in &unrecognised {
        let what = match kind.count {
            1 => format!(
                "1 event “{}” from {} was not understood",
                kind.event_type, kind.source
            ),
            many => format!(
                "{many} events “{}” from {} were not understood",
                kind.event_type, kind.source
            ),
        };
        let fix = "Nothing is lost: they are kept. `em-agent deadletters list` shows them; `em-agent deadletters retry` reads them again after a fix.";
        findings.push(bad(Health::Warn, what, kind.reason.clone(), fix));
    }
    findings
}

/// A warning about a system whose webhooks nothing proves: whoever reaches the port can tell it anything.
fn unproven(system: &System) -> Option<Finding> {
    (system.is_on && system.takes_unsigned && !system.has_secret).then(|| {
        let why = "Whoever reaches this bot can make up deployments and incidents.";
        let fix = format!(
            "Set {} and give {} the same secret, or take `unsigned` out of [integrations.{}].",
            system.variable, system.title, system.name
        );
        bad(
            Health::Warn,
            format!("Webhooks of {} are taken in without any proof", system.title),
            why,
            fix,
        )
    })
}

/// Jobs that were given up; nothing where there are none.
async fn jobs(ctx: &Ctx) -> Option<Finding> {
    let jobs = ctx.store.jobs();
    let (Ok(counts), Ok(newest)) = (
        jobs.count(ctx.clock.now()).await,
        jobs.list(JobState::Dead, 1).await,
    ) else {
        // The database's own finding says why.
        return None;
    };
    let newest = newest.first()?;
    let what = match counts.dead {
        1 => "1 job was given up".to_owned(),
        many => format!("{many} jobs were given up"),
    };
    let error = newest.last_error.as_deref().unwrap_or("no reason is known");
    let why = format!("The newest is `{}` of `{}`: {error}", newest.id, newest.kind);
    let fix = "Mend the cause, then look at `/em-agent jobs dead` and retry them, or cancel what nobody needs any more.";
    Some(bad(Health::Warn, what, why, fix))
}
