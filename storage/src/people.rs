//! Purpose: which Slack user is which GitHub account.

use chrono::{DateTime, Utc};
use em_domain::id::{Login, SlackUser};
use em_domain::person::{Link, LinkOrigin};
use sqlx::FromRow;

use crate::engine::{list, on_conn, on_engine, on_writer};
use crate::error::StoreError;
use crate::facts::EmailHash;
use crate::open::Store;

/// The people of a store.
#[derive(Debug, Clone, Copy)]
pub struct People<'s> {
    store: &'s Store,
}

#[derive(FromRow)]
struct LinkRow {
    slack_user: String,
    login: String,
    origin: String,
    linked_at: DateTime<Utc>,
}

impl TryFrom<LinkRow> for Link {
    type Error = StoreError;

    fn try_from(row: LinkRow) -> Result<Self, StoreError> {
        Ok(Self {
            origin: LinkOrigin::parse(&row.origin)
                .ok_or_else(|| StoreError::corrupt("link origin", &row.origin))?,
            slack_user: SlackUser(row.slack_user),
            login: Login(row.login),
            linked_at: row.linked_at,
        })
    }
}

/// A link replaces the user's link of the same or a lesser origin.
const UPSERT: &str = "INSERT INTO links (slack_user, login, origin, precedence, linked_at) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (slack_user) DO UPDATE SET login = excluded.login, \
    origin = excluded.origin, precedence = excluded.precedence, linked_at = excluded.linked_at \
    WHERE links.precedence <= excluded.precedence";

macro_rules! upsert {
    ($link:expr) => {
        sqlx::query(UPSERT)
            .bind($link.slack_user.as_str())
            .bind($link.login.as_str())
            .bind($link.origin.as_str())
            .bind(precedence($link.origin))
            .bind($link.linked_at)
    };
}

/// The order of [`LinkOrigin`] as a number that is stored.
fn precedence(origin: LinkOrigin) -> i64 {
    match origin {
        LinkOrigin::Email => 1,
        LinkOrigin::Person => 2,
        LinkOrigin::Configuration => 3,
    }
}

impl Store {
    /// Who is who.
    pub fn people(&self) -> People<'_> {
        People { store: self }
    }
}

impl People<'_> {
    /// Links a Slack user to an account; answers `false` if a stronger link stands.
    pub async fn link(&self, link: &Link) -> Result<bool, StoreError> {
        let written = on_writer!(self.store.pool(), |c| {
            upsert!(link).execute(c).await.map(|r| r.rows_affected())
        })?;
        Ok(written > 0)
    }

    /// Makes `links` the links that the configuration states: others of that origin go.
    pub async fn replace_configured(&self, links: &[Link]) -> Result<(), StoreError> {
        const FORGET: &str =
            "DELETE FROM links WHERE origin = 'configuration' AND NOT (slack_user IN LIST($1))";
        let users = list(links.iter().map(|link| link.slack_user.as_str()));
        let sql = self.store.pool().lists(FORGET);
        let mut tx = self.store.pool().begin_write().await?;
        let mut conn = tx.conn();
        on_conn!(&mut conn, |c| sqlx::query(sql)
            .bind(users)
            .execute(c)
            .await
            .map(drop))?;
        for link in links {
            on_conn!(&mut conn, |c| upsert!(link).execute(c).await.map(drop))?;
        }
        tx.commit().await
    }

    /// Removes the link of a Slack user; answers whether there was one. A configured link comes back at the next
    /// start.
    pub async fn unlink(&self, user: &SlackUser) -> Result<bool, StoreError> {
        const UNLINK: &str = "DELETE FROM links WHERE slack_user = $1";
        let removed = on_writer!(self.store.pool(), |c| {
            sqlx::query(UNLINK)
                .bind(user.as_str())
                .execute(c)
                .await
                .map(|r| r.rows_affected())
        })?;
        Ok(removed > 0)
    }

    /// Notes that an account is not this person's, so that nobody proposes it again.
    pub async fn record_refusal(
        &self,
        user: &SlackUser,
        login: &Login,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const REFUSE: &str = "INSERT INTO link_refusals (slack_user, login, refused_at) VALUES ($1, $2, $3) \
            ON CONFLICT (slack_user, login) DO NOTHING";
        on_writer!(self.store.pool(), |c| {
            sqlx::query(REFUSE)
                .bind(user.as_str())
                .bind(login.as_str().to_lowercase())
                .bind(at)
                .execute(c)
                .await
                .map(drop)
        })?;
        Ok(())
    }

    /// The accounts that this person said are not theirs, in lower case.
    pub async fn list_refusals(&self, user: &SlackUser) -> Result<Vec<Login>, StoreError> {
        const REFUSED: &str = "SELECT login FROM link_refusals WHERE slack_user = $1 ORDER BY login";
        let rows: Vec<String> = on_engine!(self.store.pool(), |c| {
            sqlx::query_scalar(REFUSED).bind(user.as_str()).fetch_all(c).await
        })?;
        Ok(rows.into_iter().map(Login).collect())
    }

    /// Accounts of people who move open pull requests and are linked to nobody, in the order of the alphabet.
    pub async fn list_unlinked_logins(&self) -> Result<Vec<Login>, StoreError> {
        const UNLINKED: &str = "SELECT author FROM (SELECT author FROM waiting WHERE NOT author_is_bot \
            UNION SELECT actor FROM waiting_actors) AS seen \
            WHERE LOWER(author) NOT IN (SELECT LOWER(login) FROM links) ORDER BY author";
        let rows: Vec<String> = on_engine!(self.store.pool(), |c| {
            sqlx::query_scalar(UNLINKED).fetch_all(c).await
        })?;
        Ok(rows.into_iter().map(Login).collect())
    }

    /// The link of a Slack user.
    pub async fn find_link(&self, user: &SlackUser) -> Result<Option<Link>, StoreError> {
        const FIND: &str = "SELECT slack_user, login, origin, linked_at FROM links WHERE slack_user = $1";
        let row: Option<LinkRow> = on_engine!(self.store.pool(), |c| {
            sqlx::query_as(FIND).bind(user.as_str()).fetch_optional(c).await
        })?;
        row.map(Link::try_from).transpose()
    }

    /// The links to any of `logins`, compared without case; the strongest first.
    pub async fn list_links_to(&self, logins: &[Login]) -> Result<Vec<Link>, StoreError> {
        const LINKS: &str = "SELECT slack_user, login, origin, linked_at FROM links \
            WHERE LOWER(login) IN LIST($1) ORDER BY precedence DESC, slack_user";
        let logins = list(logins.iter().map(|login| login.as_str().to_lowercase()));
        let sql = self.store.pool().lists(LINKS);
        let rows: Vec<LinkRow> = on_engine!(self.store.pool(), |c| {
            sqlx::query_as(sql).bind(logins).fetch_all(c).await
        })?;
        rows.into_iter().map(Link::try_from).collect()
    }

    /// All links.
    pub async fn list_links(&self) -> Result<Vec<Link>, StoreError> {
        const LINKS: &str = "SELECT slack_user, login, origin, linked_at FROM links ORDER BY slack_user";
        let rows: Vec<LinkRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(LINKS).fetch_all(c).await)?;
        rows.into_iter().map(Link::try_from).collect()
    }

    /// The account that was last seen with an e-mail address; events say so.
    pub async fn find_login_by_email(&self, email: &str) -> Result<Option<Login>, StoreError> {
        const FIND: &str = "SELECT fact FROM account_emails WHERE email_digest = $1 \
                            ORDER BY seen_at DESC, id LIMIT 1";
        let digest = EmailHash::new(self.store.install_key().await?)?.digest(email);
        let seen: Option<sqlx::types::Json<crate::facts::SeenEmail>> = on_engine!(self.store.pool(), |c| {
            sqlx::query_scalar(FIND).bind(digest).fetch_optional(c).await
        })?;
        Ok(seen.map(|seen| seen.0.login))
    }
}
