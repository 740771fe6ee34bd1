//! Purpose: what a policy is asked, and what it may answer. The policy itself is Rego, in the crate `policy`.

pub mod backtest;
mod record;

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::action::{Action, Risk};
use crate::calendar::WorkCalendar;
use crate::id::{Login, SlackUser};

pub use record::{Question, RecordedDecision};

/// Who wants something done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Actor {
    /// The person in Slack; absent for the bot's own rules.
    pub slack_user: Option<SlackUser>,
    /// Their account on GitHub, where it is known.
    pub login: Option<Login>,
    /// The roles that the configuration gives them.
    pub roles: Vec<String>,
    /// The teams they are in.
    pub teams: Vec<String>,
    /// Whether Slack calls them a guest; absent where Slack was not asked or did not answer.
    pub guest: Option<bool>,
    /// What of the bot's own asks, where no person does: `signal:stale_pr`, `schedule:morning`.
    pub system: Option<String>,
}

/// When it is asked, as rules like to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedAt {
    /// The instant.
    pub now: DateTime<Utc>,
    /// `mon` to `sun`, in the team's zone.
    pub weekday: String,
    /// 0 to 23, in the team's zone.
    pub hour: u32,
    /// Somebody works at this time.
    pub is_working_time: bool,
}

impl AskedAt {
    /// The instant `now` in a team's calendar.
    pub fn new(now: DateTime<Utc>, calendar: &WorkCalendar) -> Self {
        let local = now.with_timezone(&calendar.zone);
        Self {
            now,
            weekday: local.weekday().to_string().to_lowercase(),
            hour: local.hour(),
            is_working_time: calendar.is_open(now),
        }
    }
}

/// What is asked of a policy about an action: `input` in Rego.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyInput {
    /// Who wants it done.
    pub actor: Actor,
    /// What.
    pub action: Action,
    /// What is known about the target (`author`, `labels`, `base_ref`, `ci`, `approvals`, ...), by name.
    #[serde(default)]
    pub facts: BTreeMap<String, serde_json::Value>,
    /// When.
    pub time: AskedAt,
}

/// What is asked of a policy about a signal that opened: `input` in Rego.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalInput {
    /// The signal as JSON: `kind`, `rule`, `severity`, `subject`, ...
    pub signal: serde_json::Value,
    /// When.
    pub time: AskedAt,
}

/// Who may decide, as a policy names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Approver {
    /// Everybody to whom the configuration gives this role: `role:manager`.
    Role(String),
    /// Everybody in this configured team: `team:checkout`.
    Team(String),
    /// One person in Slack: `user:U024BE7LH`.
    User(SlackUser),
    /// A Slack user group: `group:S0614TZR7`.
    Group(String),
    /// One person by their account on GitHub: `login:octocat`.
    Login(Login),
    /// Anybody in the workspace who is not a guest: `anyone`.
    Anyone,
}

impl Approver {
    /// Reads `role:manager`, `team:checkout`, `user:U…`, `group:S…`, `login:…` or `anyone`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "anyone" {
            return Some(Self::Anyone);
        }
        let (kind, name) = text.split_once(':').filter(|(_, name)| !name.is_empty())?;
        Some(match kind {
            "role" => Self::Role(name.to_owned()),
            "team" => Self::Team(name.to_owned()),
            "user" => Self::User(name.into()),
            "group" => Self::Group(name.to_owned()),
            "login" => Self::Login(name.into()),
            _ => return None,
        })
    }
}

impl fmt::Display for Approver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(name) => write!(f, "role:{name}"),
            Self::Team(name) => write!(f, "team:{name}"),
            Self::User(user) => write!(f, "user:{user}"),
            Self::Group(id) => write!(f, "group:{id}"),
            Self::Login(login) => write!(f, "login:{login}"),
            Self::Anyone => f.write_str("anyone"),
        }
    }
}

impl Serialize for Approver {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Approver {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            let known = "role:, team:, user:, group:, login: or anyone";
            serde::de::Error::custom(format!("`{text}` names no approver; write {known}"))
        })
    }
}

/// How a yes is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirmation {
    /// One click.
    #[default]
    Click,
    /// The name of the target is typed into a modal.
    Typed,
}

/// "Yes by itself if nothing happens until then, else ask": a quiet period before an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietPeriod {
    /// How long no incident may open.
    pub hours: u32,
}

/// Under what terms people are asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Who may decide. Never empty.
    pub approvers: Vec<Approver>,
    /// How many of them must agree; 1 if not said.
    #[serde(default = "one")]
    pub quorum: u32,
    /// Whether the requester and the author of the change may be among them.
    #[serde(default)]
    pub self_approval: bool,
    /// After how many minutes an unanswered question lapses; a day if not said.
    #[serde(default = "a_day")]
    pub expires_in_minutes: u32,
    /// How a yes is given.
    #[serde(default)]
    pub confirmation: Confirmation,
    /// Whether a reaction to the card (`:white_check_mark:`, `:x:`) counts as a click.
    #[serde(default)]
    pub reactions: bool,
    /// Who is asked too when half of the time has passed.
    #[serde(default)]
    pub escalate_to: Vec<Approver>,
    /// Whether it may pass by itself after a quiet period.
    #[serde(default)]
    pub quiet_period: Option<QuietPeriod>,
    /// Where the card goes; the place it was proposed in, or the default channel, if not said.
    #[serde(default)]
    pub channel: Option<String>,
}

impl Terms {
    /// These people, and everything else as it is where a policy does not say.
    pub fn of(approvers: Vec<Approver>) -> Self {
        Self {
            approvers,
            quorum: one(),
            self_approval: false,
            expires_in_minutes: a_day(),
            confirmation: Confirmation::Click,
            reactions: false,
            escalate_to: Vec::new(),
            quiet_period: None,
            channel: None,
        }
    }
}

const fn one() -> u32 {
    1
}

const fn a_day() -> u32 {
    24 * 60
}

/// What must happen besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Obligation {
    /// Tell this channel what was done.
    Notify {
        /// Its name or id.
        channel: String,
    },
    /// The requester must give a reason.
    Reason,
}

/// Yes, no, or ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyVerdict {
    /// Do it.
    Allow,
    /// Do not.
    Deny,
    /// Ask people first.
    NeedsApproval(Terms),
}

impl PolicyVerdict {
    /// The name it is stored under: `allow`, `deny`, `needs_approval`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::NeedsApproval(_) => "needs_approval",
        }
    }
}

/// One rule of a policy, and whether it applied to this question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleTrace {
    /// What it is called in the policy.
    pub rule: String,
    /// What it says, for people.
    pub text: String,
    /// Whether it applied.
    pub fired: bool,
}

/// A policy's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Yes, no, or ask.
    pub verdict: PolicyVerdict,
    /// Why, in a sentence for people.
    pub reason: String,
    /// How much harm a mistake does.
    pub risk: Risk,
    /// What must happen besides.
    pub obligations: Vec<Obligation>,
    /// Every rule the policy has for this kind of question, in its order.
    pub rules: Vec<RuleTrace>,
    /// Which policy answered: the first 12 hexadecimal digits of a hash over its files.
    pub policy: String,
}

/// What a policy wants done about a signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Whether people are told.
    pub notify: bool,
    /// Where; the default channel if not said.
    pub channel: Option<String>,
    /// What is proposed; each goes through [`Decision`] like any other proposal.
    pub propose: Vec<Action>,
    /// Why, in a sentence for people.
    pub reason: String,
    /// Every rule the policy has for signals, in its order.
    pub rules: Vec<RuleTrace>,
    /// Which policy answered.
    pub policy: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn approvers_are_read_as_they_are_written() {
        for text in [
            "role:manager",
            "team:checkout",
            "user:U1",
            "group:S1",
            "login:ana",
            "anyone",
        ] {
            assert_eq!(Approver::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "manager", "role:", "rolle:manager"] {
            assert_eq!(Approver::parse(text), None, "{text}");
        }
        let wrong = serde_json::from_str::<Approver>("\"boss\"")
            .unwrap_err()
            .to_string();
        assert!(wrong.contains("`boss` names no approver"), "{wrong}");
    }

    #[test]
    fn the_hour_and_day_are_those_of_the_team() {
        let calendar = WorkCalendar {
            zone: chrono_tz::Asia::Tokyo,
            ..WorkCalendar::default()
        };
        let sunday_evening = "2026-01-18T23:30:00Z".parse().unwrap();
        let asked = AskedAt::new(sunday_evening, &calendar);
        assert_eq!((asked.weekday.as_str(), asked.hour), ("mon", 8));
        assert!(!asked.is_working_time, "work begins at nine");
    }

    #[test]
    fn terms_that_say_only_who_have_sensible_rest_and_refuse_unknown_words() {
        let terms: Terms = serde_json::from_str(r#"{"approvers":["role:manager"]}"#).unwrap();
        assert_eq!(
            (terms.quorum, terms.self_approval, terms.expires_in_minutes),
            (1, false, 1440)
        );
        assert!(serde_json::from_str::<Terms>(r#"{"approvers":["anyone"],"quorums":2}"#).is_err());
    }
}
