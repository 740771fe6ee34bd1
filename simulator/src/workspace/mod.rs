//! Purpose: the state of the pretend workspace: who is there, where they talk, what was said, which views are open.
//! Plain values under one lock; nothing here knows HTTP or sockets.

mod composer;
pub mod file;
pub mod message;
pub mod people;
pub mod view;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

pub use file::File;
pub use message::Message;
pub use people::{App, Channel, ChannelKind, Person, Team};
use serde_json::{Value, json};
pub use view::View;

use crate::cast::Cast;
use crate::clock::TimeSource;
use crate::validate::Violation;

/// The person who speaks for Slack itself (`operation_timeout` and the like).
pub const SLACKBOT: &str = "USLACKBOT";

/// Triggers live three seconds; for this long the answer still tells an old one from a wrong one.
const FORGET_TRIGGERS: Duration = Duration::from_mins(1);

/// Everything the pretend workspace remembers.
#[derive(Debug)]
pub struct Workspace {
    /// The workspace.
    pub team: Team,
    /// The app under test.
    pub app: App,
    /// Everybody, the bot and Slackbot included.
    pub people: Vec<Person>,
    /// Channels and direct messages.
    pub channels: Vec<Channel>,
    /// User groups: the members of each, by id (`S...`).
    pub groups: BTreeMap<String, Vec<String>>,
    /// What the app did that Slack would refuse or that harms people.
    pub violations: Vec<Violation>,
    pub(crate) messages: HashMap<String, Vec<Message>>,
    pub(crate) files: Vec<File>,
    pub(crate) modals: BTreeMap<String, Vec<View>>,
    pub(crate) homes: BTreeMap<String, View>,
    pub(crate) triggers: HashMap<String, Trigger>,
    pub(crate) responses: HashMap<String, ResponseUrl>,
    /// What Slack itself told people: user id and words, such as `operation_timeout`.
    pub notices: Vec<(String, String)>,
    pub(crate) time: TimeSource,
    /// Triggers and response URLs by age, so that the old ones can be forgotten without looking at all.
    trigger_ages: VecDeque<(Instant, String)>,
    response_ages: VecDeque<(i64, String)>,
    counter: u64,
    last_ts: i64,
}

/// A right to open a modal: three seconds, one use.
#[derive(Debug)]
pub(crate) struct Trigger {
    pub(crate) user: String,
    pub(crate) made: Instant,
    pub(crate) used: bool,
}

/// A right to answer into a channel: five uses, thirty minutes.
#[derive(Debug)]
pub(crate) struct ResponseUrl {
    pub(crate) user: String,
    pub(crate) channel: String,
    /// The message whose button was clicked; none for a slash command.
    pub(crate) original: Option<String>,
    pub(crate) made_micros: i64,
    pub(crate) uses: u32,
}

impl Workspace {
    pub(crate) fn new(cast: Cast, time: TimeSource) -> Self {
        let Cast {
            team,
            app,
            mut people,
            channels,
        } = cast;
        people.push(app.as_person());
        people.push(Person::slackbot());
        Self {
            team,
            app,
            people,
            channels,
            groups: BTreeMap::new(),
            violations: Vec::new(),
            messages: HashMap::new(),
            files: Vec::new(),
            modals: BTreeMap::new(),
            homes: BTreeMap::new(),
            triggers: HashMap::new(),
            responses: HashMap::new(),
            notices: Vec::new(),
            time,
            trigger_ages: VecDeque::new(),
            response_ages: VecDeque::new(),
            counter: 0,
            last_ts: 0,
        }
    }

    /// The next number of the workspace, for ids.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// A message timestamp: unique, increasing, taken from the time source.
    pub(crate) fn next_ts(&mut self) -> String {
        self.last_ts = self.time.micros().max(self.last_ts + 100);
        format!(
            "{}.{:06}",
            self.last_ts.div_euclid(1_000_000),
            self.last_ts.rem_euclid(1_000_000)
        )
    }

    /// A person by id or by name (`U0ANA`, `ana`, `@ana`).
    pub fn person(&self, key: &str) -> Option<&Person> {
        let name = key.strip_prefix('@').unwrap_or(key);
        self.people.iter().find(|p| p.id == key || p.name == name)
    }

    /// A channel by id or name (`C0OPS`, `#ops`, `ops`).
    pub fn channel(&self, key: &str) -> Option<&Channel> {
        let name = key.strip_prefix('#').unwrap_or(key);
        self.channels
            .iter()
            .find(|c| c.id == key || (!c.is_direct() && c.name == name))
    }

    pub(crate) fn channel_mut(&mut self, id: &str) -> Option<&mut Channel> {
        self.channels.iter_mut().find(|c| c.id == id)
    }

    /// The direct message between the app and a person, if it was opened.
    pub fn direct_with(&self, user: &str) -> Option<&Channel> {
        self.channels
            .iter()
            .find(|c| c.kind == ChannelKind::Direct && c.members.iter().any(|m| m == user))
    }

    /// Opens (or finds) the direct message between the app and a person; returns its id.
    pub(crate) fn open_direct(&mut self, user: &str) -> String {
        if let Some(channel) = self.direct_with(user) {
            return channel.id.clone();
        }
        let id = format!("D{}", user.trim_start_matches('U'));
        let members = vec![user.to_owned(), self.app.user_id.clone()];
        self.channels.push(Channel::new(
            &id,
            &format!("dm-{user}"),
            ChannelKind::Direct,
            members,
        ));
        id
    }

    /// The modals a person has open, the oldest first.
    pub fn modals(&self, user: &str) -> &[View] {
        self.person(user)
            .and_then(|p| self.modals.get(&p.id))
            .map_or(&[], Vec::as_slice)
    }

    /// The modal a person is looking at.
    pub fn modal(&self, user: &str) -> Option<&View> {
        self.modals(user).last()
    }

    /// The App Home a person sees.
    pub fn home(&self, user: &str) -> Option<&View> {
        self.person(user).and_then(|p| self.homes.get(&p.id))
    }

    pub(crate) fn new_trigger(&mut self, user: &str) -> String {
        let number = self.next_number();
        let id = format!("{number}.{}.trigger", self.team.id);
        let made = Instant::now();
        self.triggers.insert(
            id.clone(),
            Trigger {
                user: user.to_owned(),
                made,
                used: false,
            },
        );
        self.trigger_ages.push_back((made, id.clone()));
        while self
            .trigger_ages
            .front()
            .is_some_and(|(at, _)| made.duration_since(*at) > FORGET_TRIGGERS)
        {
            if let Some((_, old)) = self.trigger_ages.pop_front() {
                self.triggers.remove(&old);
            }
        }
        id
    }

    pub(crate) fn expire_triggers(&mut self) {
        let long_ago = Duration::from_mins(1);
        for trigger in self.triggers.values_mut() {
            trigger.made = trigger.made.checked_sub(long_ago).unwrap_or(trigger.made);
        }
    }

    /// Registers a response URL and returns its token.
    pub(crate) fn new_response(&mut self, user: &str, channel: &str, original: Option<String>) -> String {
        let token = format!(
            "{}{}",
            ulid::Ulid::new().to_string().to_lowercase(),
            self.next_number()
        );
        let made_micros = self.time.micros();
        let (user, channel) = (user.to_owned(), channel.to_owned());
        self.responses.insert(
            token.clone(),
            ResponseUrl {
                user,
                channel,
                original,
                made_micros,
                uses: 0,
            },
        );
        self.response_ages.push_back((made_micros, token.clone()));
        while self
            .response_ages
            .front()
            .is_some_and(|(at, _)| made_micros - at > ResponseUrl::LIFETIME_MICROS)
        {
            if let Some((_, old)) = self.response_ages.pop_front() {
                self.responses.remove(&old);
            }
        }
        token
    }

    /// Writes down what the app should not have done.
    pub(crate) fn violation(&mut self, method: &str, rule: &str, detail: impl Into<String>) {
        let violation = Violation {
            method: method.into(),
            rule: rule.into(),
            detail: detail.into(),
        };
        tracing::debug!(method, rule, detail = %violation.detail, "slack rule broken");
        self.violations.push(violation);
    }

    pub(crate) fn team_json(&self) -> Value {
        json!({"id": self.team.id, "domain": self.team.domain})
    }
}

impl ResponseUrl {
    /// Slack: thirty minutes.
    const LIFETIME_MICROS: i64 = 30 * 60 * 1_000_000;
    /// Slack: five uses.
    pub(crate) const USES: u32 = 5;

    pub(crate) fn alive(&self, now_micros: i64) -> bool {
        now_micros - self.made_micros <= Self::LIFETIME_MICROS
    }
}
