//! Purpose: from configuration to working parts. Nothing else builds a store, a client or a context.

pub mod polling;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use em_commands::ctx::{
    BusSettings, Ctx, DeploymentSettings, Elsewhere, Github, Llm, LlmLimits, Settings, SignalSettings,
    System, TriageSettings,
};
use em_commands::policy::PolicySource;
use em_commands::signal::rules::RuleBook;
use em_domain::clock::{SharedClock, SystemClock};
use em_domain::event::RawEvent;
use em_domain::id::{Login, SlackUser};
use em_domain::person::{Link, LinkOrigin};
use em_integrations::argocd::ArgocdClient;
use em_integrations::circleci::CircleciClient;
use em_integrations::cloudwatch::Sns;
use em_integrations::confluence::ConfluenceClient;
use em_integrations::github::GithubConfig;
use em_integrations::github::client::{GithubClient, Pacing};
use em_integrations::http::TimeLimits;
use em_integrations::jira::JiraClient;
use em_integrations::linear::LinearClient;
use em_integrations::llm::LlmClient;
use em_integrations::normalise::normalise_by;
use em_integrations::notion::NotionClient;
use em_integrations::opa::{self, OpaClient};
use em_integrations::pagerduty::PagerDutyClient;
use em_integrations::pages::{PageClient, PageLimits};
use em_integrations::rest::{Access, Patience};
use em_integrations::slack::{Slack, SlackConfig};
use em_integrations::trial::{Proven, Trials};
use em_integrations::vendors::VENDORS;
use em_integrations::webhook::Vendor;
use em_jobs::wake::Wake;
use em_knowledge::{Embedder, Library, LocalEmbedder, ModelSettings, Outside, Reranker};
use em_policy::{PolicyHandle, Source};
use em_storage::{Normalise, Store, StoreConfig};
use em_telemetry::Format;
use secrecy::{ExposeSecret, SecretString};
use ulid::Ulid;
use url::Url;

use crate::config::{Config, sections};
use crate::http::webhooks::Sender;

/// The machine's clock.
pub fn system_clock() -> SharedClock {
    Arc::new(SystemClock)
}

/// Sends logs to standard error in the configured form.
pub fn start_logging(config: &Config) {
    let log = &config.sections.log;
    let format = log.format.parse().unwrap_or_else(|_| Format::of_stderr());
    let settings = em_telemetry::Settings {
        format,
        filter: log.filter.clone(),
    };
    if let Err(error) = em_telemetry::init(&settings) {
        tracing::warn!(%error, "the log filter is not understood");
    }
}

/// Opens the database, creating it on first start, and applies migrations.
///
/// # Errors
/// The database cannot be reached or is newer than this program.
pub async fn open_store(config: &Config) -> anyhow::Result<Store> {
    open(config, false).await
}

/// The same for the bot itself: what happens is told to other programs, where there is a bus. Commands of the command line
/// tell nothing: what they read in is the past.
///
/// # Errors
/// As [`open_store`].
pub async fn open_bots_store(config: &Config) -> anyhow::Result<Store> {
    open(config, config.checked.bus.is_some()).await
}

async fn open(config: &Config, tells: bool) -> anyhow::Result<Store> {
    let store = StoreConfig {
        tells,
        ..StoreConfig::new(
            config.secrets.database_url.clone(),
            &config.sections.data_dir,
            new_install_key(),
        )
    };
    let store = Store::open(&store)
        .await
        .context("the database cannot be opened")?;
    store
        .migrate()
        .await
        .context("the database could not be brought up to date")?;
    Ok(store)
}

/// 32 bytes for a new installation's key: two ULIDs hold 160 random bits between them.
fn new_install_key() -> [u8; 32] {
    let mut key = [0; 32];
    key[..16].copy_from_slice(&Ulid::new().to_bytes());
    key[16..].copy_from_slice(&Ulid::new().to_bytes());
    key
}

fn github_config(config: &Config) -> GithubConfig {
    let github = &config.sections.github;
    GithubConfig {
        api_url: github.api_url.clone(),
        token: config.secrets.github_token.clone().filter(|_| github.enabled),
        repositories: github.repositories.clone(),
        organisations: github.organisations.clone(),
        poll_interval: Duration::from_secs(config.sections.github.poll_interval_seconds),
    }
}

/// Whose webhooks are believed, by the name of the system; none of systems that are switched off.
pub fn senders(config: &Config) -> BTreeMap<&'static str, Sender> {
    let of = |vendor: &Vendor| {
        let section = config
            .sections
            .integrations
            .get(vendor.name)
            .cloned()
            .unwrap_or_default();
        let is_on = section.enabled && !is_switched_off(config, vendor.name);
        is_on.then(|| Sender {
            secrets: config
                .secrets
                .webhooks
                .get(vendor.name)
                .cloned()
                .unwrap_or_default(),
            takes_unsigned: section.unsigned,
            signature: section.signature,
        })
    };
    VENDORS
        .iter()
        .filter_map(|vendor| Some((vendor.name, of(vendor)?)))
        .collect()
}

/// Systems that are read too have a section of their own, which switches everything of theirs off.
fn is_switched_off(config: &Config, name: &str) -> bool {
    let sections = &config.sections;
    match name {
        "github" => !sections.github.enabled,
        "jira" => !sections.jira.enabled,
        "linear" => !sections.linear.enabled,
        "pagerduty" => !sections.pagerduty.enabled,
        _ => false,
    }
}

/// Sends test events in the names of systems whose secrets are set.
///
/// # Errors
/// The client cannot be built.
fn trials(config: &Config, clock: SharedClock) -> anyhow::Result<Trials> {
    let proven = senders(config).into_iter().filter_map(|(name, sender)| {
        let mut secrets = sender.secrets.into_iter();
        let secret = secrets.find(|secret| !secret.expose_secret().is_empty())?;
        let signature = sender.signature;
        Some((name, Proven { secret, signature }))
    });
    Trials::new(proven.collect(), TimeLimits::default(), clock).context("the client for test events")
}

/// Amazon SNS, which signs with certificates.
///
/// # Errors
/// The client cannot be built.
pub fn sns(config: &Config) -> anyhow::Result<Sns> {
    let section = config.sections.integrations.get("cloudwatch");
    let url = section.map_or("", |section| section.api_url.as_str());
    Sns::new(Url::parse(url).ok()).context("the client for Amazon SNS")
}

/// How stored events are read: by what the operator says of them.
pub fn normalise(config: &Config) -> Normalise {
    let rules = config.sections.events.clone();
    Normalise::from(move |event: &RawEvent| normalise_by(&rules, event))
}

fn github(config: &Config, clock: SharedClock) -> anyhow::Result<Option<Github>> {
    let config = github_config(config);
    if config.token.is_none() {
        return Ok(None);
    }
    let client = GithubClient::new(&config, clock, Pacing::default()).context("GitHub's client")?;
    Ok(Some(Github {
        client: Arc::new(client),
        config,
    }))
}

/// Everything handlers need.
///
/// # Errors
/// A client cannot be built from the configuration.
pub async fn ctx(config: &Config, store: Store, clock: SharedClock) -> anyhow::Result<Ctx> {
    let slack = SlackConfig {
        api_url: config.sections.slack.api_url.clone(),
        app_token: config.secrets.slack_app_token.clone(),
        bot_token: config.secrets.slack_bot_token.clone(),
        max_daily_posts: config.sections.slack.max_daily_posts,
    };
    let slack = Slack::new(&slack, clock.clone()).context("Slack's client")?;
    let github = github(config, clock.clone())?;
    let policy = policy(config, &clock)?;
    let rules = RuleBook::open(
        config.checked.rules.clone(),
        config.checked.teams.clone(),
        clock.now(),
    )
    .map_err(anyhow::Error::msg)?;
    let outside = outside(config, github.as_ref().map(|github| Arc::clone(&github.client)))?;
    let elsewhere = elsewhere(config, &outside)?;
    Ok(Ctx {
        llm: llm(config, &clock)?,
        trials: trials(config, clock.clone())?,
        library: library(config, store.clone(), outside).await,
        store,
        slack,
        github,
        elsewhere,
        policy,
        rules: Arc::new(rules),
        clock,
        jobs: Wake::default(),
        settings: Arc::new(settings(config)),
    })
}

/// The team's documents. Without a model they are searched by words alone, and every answer says so.
pub async fn library(config: &Config, store: Store, outside: Outside) -> Library {
    let section = &config.sections.knowledge;
    let named = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let settings = ModelSettings {
        model_dir: named(&section.model_dir).map(PathBuf::from),
        name: named(&section.embedding_model),
        data_dir: PathBuf::from(&config.sections.data_dir),
        ..ModelSettings::default()
    };
    let former = LocalEmbedder::finder(settings.clone());
    let embedder = LocalEmbedder::open(settings).await;
    if let Err(error) = &embedder {
        tracing::warn!(%error, "documents are searched by words only");
    }
    Library::new(
        store,
        embedder.map(|embedder| Arc::new(embedder) as Arc<dyn Embedder>),
    )
    .with_former(former)
    .with_reranker(reranker(&section.reranker_dir))
    .with_outside(outside)
}

/// The model that orders passages, where a folder of one is set.
fn reranker(folder: &str) -> Option<Arc<Reranker>> {
    if folder.is_empty() {
        return None;
    }
    Reranker::in_folder(Path::new(folder))
        .inspect_err(|error| tracing::warn!(%error, "passages keep the order of the search"))
        .ok()
        .map(Arc::new)
}

/// The same for the command line.
///
/// # Errors
/// The database cannot be opened, or a client cannot be built from the configuration.
pub async fn library_alone(config: &Config) -> anyhow::Result<Library> {
    let github = github(config, system_clock())?.map(|github| github.client);
    let outside = outside(config, github)?;
    Ok(library(config, open_store(config).await?, outside).await)
}

/// What documents beyond this machine are read with.
fn outside(config: &Config, github: Option<Arc<GithubClient>>) -> anyhow::Result<Outside> {
    let private = config.sections.knowledge.private_addresses;
    let pages = PageClient::new(private, PageLimits::default()).context("the client for pages")?;
    let (sections, secrets) = (&config.sections, &config.secrets);
    let patience = Patience::default();
    Ok(Outside {
        pages: Some(pages),
        github,
        confluence: access(&sections.confluence, secrets.tokens.get("confluence"))
            .map(|access| ConfluenceClient::new(&access, patience).map(Arc::new))
            .transpose()
            .context("Confluence's client")?,
        jira: access(&sections.jira, secrets.tokens.get("jira"))
            .map(|access| JiraClient::new(&access, patience).map(Arc::new))
            .transpose()
            .context("Jira's client")?,
        notion: access(&sections.notion, secrets.tokens.get("notion"))
            .map(|access| NotionClient::new(&access, patience).map(Arc::new))
            .transpose()
            .context("Notion's client")?,
        linear: access(&sections.linear, secrets.tokens.get("linear"))
            .map(|access| LinearClient::new(&access, patience).map(Arc::new))
            .transpose()
            .context("Linear's client")?,
        pagerduty: pagerduty(config)?.map(Arc::new),
    })
}

/// What is changed with the tokens that read.
fn elsewhere(config: &Config, outside: &Outside) -> anyhow::Result<Elsewhere> {
    let patience = Patience::default();
    Ok(Elsewhere {
        pagerduty: outside.pagerduty.clone(),
        jira: outside.jira.clone(),
        linear: outside.linear.clone(),
        circleci: polling::access(config, "circleci")
            .map(|access| CircleciClient::new(&access, patience).map(Arc::new))
            .transpose()
            .context("CircleCI's client")?,
        argocd: polling::access(config, "argocd")
            .map(|access| ArgocdClient::new(&access, patience).map(Arc::new))
            .transpose()
            .context("Argo CD's client")?,
    })
}

fn pagerduty(config: &Config) -> anyhow::Result<Option<PagerDutyClient>> {
    let section = &config.sections.pagerduty;
    let vendor = sections::Vendor {
        enabled: section.enabled,
        api_url: section.api_url.clone(),
    };
    let Some(access) = access(&vendor, config.secrets.tokens.get("pagerduty")) else {
        return Ok(None);
    };
    let client = PagerDutyClient::new(&access, Patience::default());
    let client = match section.from.as_str() {
        "" => client,
        from => client.and_then(|client| client.acting_as(from)),
    };
    Ok(Some(client.context("PagerDuty's client")?))
}

/// How a system is asked, if it is configured and switched on.
fn access(section: &sections::Vendor, token: Option<&SecretString>) -> Option<Access> {
    let token = token.filter(|_| section.enabled)?;
    Some(Access {
        api_url: section.api_url.clone(),
        token: token.clone(),
    })
}

fn llm(config: &Config, clock: &SharedClock) -> anyhow::Result<Option<Llm>> {
    let Some(settings) = &config.checked.llm else {
        return Ok(None);
    };
    let client = LlmClient::new(&settings.client, clock.clone(), settings.pacing);
    Ok(Some(Llm {
        client: Arc::new(client.context("the language model's client")?),
        limits: LlmLimits {
            prompt_tokens: settings.max_prompt_tokens,
            answer_tokens: settings.max_answer_tokens,
            daily: settings.limits,
            price: settings.price,
        },
    }))
}

fn policy(config: &Config, clock: &SharedClock) -> anyhow::Result<PolicySource> {
    let section = &config.sections.policy;
    let data = config.checked.policy_data.clone();
    let own =
        PolicyHandle::load(Source::configured(&section.dir), data, clock.now()).context("the policy")?;
    let server = match section.opa_url.as_str() {
        "" => None,
        url => Some(OpaClient::new(url, opa::PATIENCE).context("the policy server")?),
    };
    let candidate = match section.candidate_dir.as_str() {
        "" => None,
        path => Some(Source::configured(path)),
    };
    Ok(PolicySource {
        own: Arc::new(own),
        server,
        candidate,
        roles: Arc::new(section.roles.clone()),
    })
}

fn settings(config: &Config) -> Settings {
    let triage = &config.sections.triage;
    Settings {
        calendar: config.checked.calendar.clone(),
        triage: TriageSettings {
            ignored_labels: triage.ignored_labels.clone(),
            include_bots: triage.include_bots,
            include_drafts: triage.include_drafts,
            rows_per_group: triage.rows_per_group,
        },
        teams: config.checked.teams.clone(),
        goals: config.checked.goals.clone(),
        standups: config.checked.standups.clone(),
        delivery: config.checked.delivery.clone(),
        reading: Arc::new(config.sections.events.clone()),
        signals: SignalSettings {
            enabled: config.sections.signals.enabled,
            channel: Some(config.sections.signals.channel.clone()).filter(|channel| !channel.is_empty()),
        },
        deployments: Some(&config.sections.deployments)
            .filter(|section| !section.channel.is_empty())
            .map(|section| DeploymentSettings {
                channel: section.channel.clone(),
                environments: section.environments.clone(),
            }),
        documents: config.sections.knowledge.documents.clone(),
        reread_minutes: config.sections.knowledge.reread_minutes,
        max_daily_searches: config.sections.knowledge.max_daily_searches,
        schedules: config.checked.schedules.clone(),
        default_channel: Some(config.sections.slack.default_channel.clone())
            .filter(|channel| !channel.is_empty()),
        bus: config.checked.bus.as_ref().map(|bus| BusSettings {
            servers: bus.servers.to_string(),
            keep_hours: config.sections.bus.keep_hours,
        }),
        systems: systems(config),
        uses_socket_mode: config.secrets.slack_app_token.is_some(),
    }
}

/// What is set up of each system that sends webhooks.
fn systems(config: &Config) -> Vec<System> {
    let senders = senders(config);
    let of = |vendor: &&Vendor| {
        let sender = senders.get(vendor.name);
        System {
            name: vendor.name,
            title: vendor.title,
            variable: vendor.secret_variable(),
            is_on: sender.is_some(),
            has_secret: sender.is_some_and(|sender| !sender.secrets.is_empty()),
            takes_unsigned: sender.is_some_and(|sender| sender.takes_unsigned),
            polling: polling::standing(config, vendor.name),
        }
    };
    VENDORS.iter().map(of).collect()
}

/// Records who is who by configuration, over whatever was known.
///
/// # Errors
/// The database cannot be reached.
pub async fn link_configured_people(config: &Config, ctx: &Ctx) -> anyhow::Result<()> {
    let link = |(slack_user, login): &(SlackUser, Login)| Link {
        slack_user: slack_user.clone(),
        login: login.clone(),
        origin: LinkOrigin::Configuration,
        linked_at: ctx.clock.now(),
    };
    let links: Vec<Link> = config.checked.people.iter().map(link).collect();
    ctx.store
        .people()
        .replace_configured(&links)
        .await
        .context("people from the configuration")
}
