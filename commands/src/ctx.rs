//! Purpose: what every handler is given. Built once at the start, the same in tests with other addresses.

use std::sync::Arc;

use em_domain::calendar::WorkCalendar;
use em_domain::clock::SharedClock;
use em_domain::delivery::Definitions;
use em_domain::goal::Goal;
use em_domain::standup::Standup;
use em_domain::triage::TeamScope;
use em_integrations::argocd::ArgocdClient;
use em_integrations::circleci::CircleciClient;
use em_integrations::github::GithubConfig;
use em_integrations::github::client::GithubClient;
use em_integrations::jira::JiraClient;
use em_integrations::linear::LinearClient;
use em_integrations::llm::LlmClient;
use em_integrations::pagerduty::PagerDutyClient;
use em_integrations::rules::Rules;
use em_integrations::slack::Slack;
use em_integrations::trial::Trials;
use em_jobs::schedule::Schedule;
use em_jobs::wake::Wake;
use em_knowledge::Library;
use em_storage::Store;

use crate::policy::PolicySource;
use crate::signal::rules::RuleBook;

/// The world as handlers see it.
#[derive(Clone)]
pub struct Ctx {
    /// What is known.
    pub store: Store,
    /// Slack's Web API.
    pub slack: Slack,
    /// GitHub's REST API, where a token is configured.
    pub github: Option<Github>,
    /// The other systems in which something can be done.
    pub elsewhere: Elsewhere,
    /// Sends test events to this program's own webhooks.
    pub trials: Trials,
    /// The language model, where one is configured.
    pub llm: Option<Llm>,
    /// What may be done, and what is asked about.
    pub policy: PolicySource,
    /// The team's documents.
    pub library: Library,
    /// The time.
    pub clock: SharedClock,
    /// Wakes whatever does the jobs of this process.
    pub jobs: Wake,
    /// The rules that signals open by.
    pub rules: Arc<RuleBook>,
    /// What the operator decided.
    pub settings: Arc<Settings>,
}

impl Ctx {
    /// Has jobs begun at once that were taken in just now. Without it they are found within a second.
    pub fn wake_jobs(&self) {
        self.jobs.wake();
    }
}

/// GitHub's REST API and what is read from it.
#[derive(Clone)]
pub struct Github {
    /// The client.
    pub client: Arc<GithubClient>,
    /// What is read with it.
    pub config: GithubConfig,
}

/// The systems besides GitHub and Slack in which something can be done; none where no token is configured.
#[derive(Clone, Default)]
pub struct Elsewhere {
    /// Incidents.
    pub pagerduty: Option<Arc<PagerDutyClient>>,
    /// Issues.
    pub jira: Option<Arc<JiraClient>>,
    /// Issues.
    pub linear: Option<Arc<LinearClient>>,
    /// CI.
    pub circleci: Option<Arc<CircleciClient>>,
    /// Deployments.
    pub argocd: Option<Arc<ArgocdClient>>,
}

/// A language model, and how much of it may be used.
#[derive(Clone)]
pub struct Llm {
    /// The client.
    pub client: Arc<LlmClient>,
    /// How much of it may be used.
    pub limits: LlmLimits,
}

/// How much of a language model may be used, and what that costs.
#[derive(Debug, Clone)]
pub struct LlmLimits {
    /// The most that is sent with one question, in tokens.
    pub prompt_tokens: i64,
    /// The longest answer, in tokens.
    pub answer_tokens: u32,
    /// In a day.
    pub daily: em_domain::llm_usage::Limits,
    /// What tokens cost.
    pub price: em_domain::llm_usage::Price,
}

/// The part of the configuration that features read.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The team's working time.
    pub calendar: WorkCalendar,
    /// What triage shows.
    pub triage: TriageSettings,
    /// The configured teams.
    pub teams: Vec<TeamScope>,
    /// What metrics are to be.
    pub goals: Vec<Goal>,
    /// The standups that are set up.
    pub standups: Vec<Standup>,
    /// What the words of delivery metrics mean.
    pub delivery: Arc<Definitions>,
    /// How events of other systems are read.
    pub reading: Arc<Rules>,
    /// What happens with signals.
    pub signals: SignalSettings,
    /// Where deployments are told of, if anywhere.
    pub deployments: Option<DeploymentSettings>,
    /// Folders and files whose documents everybody is answered from.
    pub documents: Vec<String>,
    /// Minutes between two readings of all documents; 0 is only at the start.
    pub reread_minutes: u32,
    /// Questions to the documents in a day (UTC); 0 is any number.
    pub max_daily_searches: u32,
    /// What happens by the clock because the configuration says so.
    pub schedules: Vec<ScheduledCommand>,
    /// Where posts go that name no channel.
    pub default_channel: Option<String>,
    /// Where other programs are told what happens, if anywhere.
    pub bus: Option<BusSettings>,
    /// The systems that send webhooks, and what is set up of each.
    pub systems: Vec<System>,
    /// Socket Mode is in use (else Slack comes over HTTP).
    pub uses_socket_mode: bool,
}

/// What is set up of a system that sends webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    /// As in the path of its webhooks, and the source of its events.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The variable that holds the secret of its webhooks.
    pub variable: String,
    /// Not switched off.
    pub is_on: bool,
    /// Its webhooks are verified with a secret that is set.
    pub has_secret: bool,
    /// Its webhooks are taken in without a secret.
    pub takes_unsigned: bool,
    /// Whether it is asked for news.
    pub polling: Polling,
}

/// Whether a system is asked for news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Polling {
    /// It is.
    On,
    /// It could be, if an operator does this: a clause that begins with "set".
    Possible(String),
    /// It cannot be.
    Impossible,
}

/// A command that the clock types because the configuration says so.
#[derive(Debug, Clone)]
pub struct ScheduledCommand {
    /// When.
    pub schedule: Schedule,
    /// The words after `/em-agent`.
    pub run: String,
    /// Where its message goes.
    pub channel: Option<String>,
}

/// Where deployments are told of.
#[derive(Debug, Clone)]
pub struct DeploymentSettings {
    /// `#name` or an id.
    pub channel: String,
    /// To which environments, in any case; `*` for all.
    pub environments: Vec<String>,
}

/// Where other programs are told what happens.
#[derive(Debug, Clone)]
pub struct BusSettings {
    /// The servers, as they may be shown.
    pub servers: String,
    /// After how many hours a message is dropped that no server has taken.
    pub keep_hours: u32,
}

/// What happens with signals.
#[derive(Debug, Clone, Default)]
pub struct SignalSettings {
    /// Rules are evaluated.
    pub enabled: bool,
    /// Where signals are posted; the default channel if not set.
    pub channel: Option<String>,
}

impl Settings {
    /// Where signals are posted whose rule names no channel.
    pub fn signal_channel(&self) -> Option<&str> {
        self.signals
            .channel
            .as_deref()
            .or(self.default_channel.as_deref())
    }
}

/// What triage shows.
#[derive(Debug, Clone)]
pub struct TriageSettings {
    /// Labels that leave a pull request out.
    pub ignored_labels: Vec<String>,
    /// Show what bots opened.
    pub include_bots: bool,
    /// Show drafts.
    pub include_drafts: bool,
    /// Rows shown for each group.
    pub rows_per_group: u32,
}

impl Default for TriageSettings {
    fn default() -> Self {
        Self {
            ignored_labels: Vec::new(),
            include_bots: false,
            include_drafts: false,
            rows_per_group: 8,
        }
    }
}
