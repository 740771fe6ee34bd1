//! Purpose: who is who in Slack, remembered for half an hour.

use std::sync::Arc;

use chrono::DateTime;
use em_domain::away::SlackStatus;
use moka::future::Cache;
use serde::Deserialize;

use super::call::{Call, Safety};
use super::{CACHE_ENTRIES, CACHE_LIFETIME, Page, Slack, SlackError};

/// People per page; Slack advises at most 200. Source: <https://docs.slack.dev/reference/methods/users.list>
const PAGE: &str = "200";
/// Slackbot is not marked as a bot.
const SLACKBOT: &str = "USLACKBOT";

/// A member of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// `U...` or `W...`.
    pub id: String,
    /// The name that Slack shows: the display name, else the full name, else the handle.
    pub name: String,
    /// The full name.
    pub real_name: String,
    /// Needs the scope `users:read.email`.
    pub email: Option<String>,
    /// IANA time zone.
    pub tz: Option<String>,
    /// An app, or Slackbot.
    pub is_bot: bool,
    /// A single- or multi-channel guest: sees only some channels.
    pub is_guest: bool,
    /// The account was deactivated.
    pub deleted: bool,
    /// What they say of themselves beside their name.
    pub status: SlackStatus,
}

pub(super) struct Cached {
    by_id: Cache<String, Option<Arc<Person>>>,
    by_email: Cache<String, Option<Arc<Person>>>,
    all: Cache<(), Arc<[Arc<Person>]>>,
}

impl Default for Cached {
    fn default() -> Self {
        let cache = || {
            Cache::builder()
                .max_capacity(CACHE_ENTRIES)
                .time_to_live(CACHE_LIFETIME)
                .build()
        };
        Self {
            by_id: cache(),
            by_email: cache(),
            all: Cache::builder()
                .max_capacity(1)
                .time_to_live(CACHE_LIFETIME)
                .build(),
        }
    }
}

impl Slack {
    /// A person by id; `None` if the workspace does not know them.
    pub async fn user(&self, id: &str) -> Result<Option<Arc<Person>>, SlackError> {
        let load = self.look_up("users.info", "user", id);
        self.0
            .people
            .by_id
            .try_get_with_by_ref(id, load)
            .await
            .map_err(unshared)
    }

    /// A person by e-mail address; `None` if nobody has it.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<Arc<Person>>, SlackError> {
        let load = self.look_up("users.lookupByEmail", "email", email);
        self.0
            .people
            .by_email
            .try_get_with_by_ref(email, load)
            .await
            .map_err(unshared)
    }

    /// Everybody, deactivated accounts and bots included.
    pub async fn users(&self) -> Result<Arc<[Arc<Person>]>, SlackError> {
        self.0
            .people
            .all
            .try_get_with((), self.load_users())
            .await
            .map_err(unshared)
    }

    async fn look_up(
        &self,
        method: &'static str,
        param: &str,
        value: &str,
    ) -> Result<Option<Arc<Person>>, SlackError> {
        #[derive(Deserialize)]
        struct Found {
            user: Row,
        }
        match self
            .get::<Found>(Call::new(method, Safety::Repeatable), &[(param, value)])
            .await
        {
            Ok(found) => Ok(Some(Arc::new(found.user.into()))),
            Err(SlackError::Rejected { code })
                if matches!(code.as_str(), "users_not_found" | "user_not_found") =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn load_users(&self) -> Result<Arc<[Arc<Person>]>, SlackError> {
        let (mut people, mut cursor) = (Vec::new(), String::new());
        loop {
            let params = [("limit", PAGE), ("cursor", cursor.as_str())];
            let page: Page<Row> = self
                .get(Call::new("users.list", Safety::Repeatable), &params)
                .await?;
            let next = page.next();
            people.extend(page.rows.into_iter().map(|row| Arc::new(Person::from(row))));
            match next {
                Some(next) => cursor = next,
                None => break,
            }
        }
        for person in &people {
            self.0
                .people
                .by_id
                .insert(person.id.clone(), Some(Arc::clone(person)))
                .await;
        }
        Ok(people.into())
    }
}

/// moka shares one error between all who waited for the same look-up.
#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
pub(super) fn unshared(error: Arc<SlackError>) -> SlackError {
    error.as_ref().clone()
}

/// Slack's user object, as far as we look.
/// Source: <https://docs.slack.dev/reference/objects/user-object>
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "Slack's own shape")]
struct Row {
    id: String,
    name: String,
    real_name: Option<String>,
    tz: Option<String>,
    deleted: bool,
    is_bot: bool,
    is_restricted: bool,
    is_ultra_restricted: bool,
    profile: Profile,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Profile {
    display_name: Option<String>,
    real_name: Option<String>,
    email: Option<String>,
    status_emoji: String,
    status_text: String,
    /// Seconds since 1970; 0 is never.
    status_expiration: i64,
}

impl From<Row> for Person {
    fn from(row: Row) -> Self {
        let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let real_name = filled(row.real_name)
            .or(filled(row.profile.real_name))
            .unwrap_or_else(|| row.name.clone());
        Self {
            name: filled(row.profile.display_name).unwrap_or_else(|| real_name.clone()),
            real_name,
            email: filled(row.profile.email),
            tz: filled(row.tz),
            is_bot: row.is_bot || row.id == SLACKBOT,
            is_guest: row.is_restricted || row.is_ultra_restricted,
            deleted: row.deleted,
            status: SlackStatus {
                emoji: row.profile.status_emoji,
                text: row.profile.status_text,
                expires_at: DateTime::from_timestamp(row.profile.status_expiration, 0)
                    .filter(|at| *at > DateTime::UNIX_EPOCH),
            },
            id: row.id,
        }
    }
}
