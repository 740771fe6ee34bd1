//! Purpose: direct messages that nobody asked for: of each thing a person is told once, at once or in the message of a
//! morning. What is held is stored with the job that delivers it, so neither is lost without the other.

use chrono::{DateTime, Utc};
use em_domain::id::SlackUser;
use em_domain::job::NewJob;
use em_domain::notice::Topic;
use sqlx::FromRow;
use sqlx::types::Json;

use crate::engine::{Conn, list, on_conn, on_engine, on_writer};
use crate::error::StoreError;
use crate::jobs::enqueue_in;
use crate::open::Store;

/// The notices of a store.
#[derive(Debug, Clone, Copy)]
pub struct Notices<'s> {
    store: &'s Store,
}

/// What became of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeState {
    /// It is sent by itself.
    Sent,
    /// It waits for a morning.
    Held(DateTime<Utc>),
    /// It came in the message of that morning.
    Delivered(DateTime<Utc>),
}

/// Something that a person is told, or is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredNotice {
    /// What it is about.
    pub topic: Topic,
    /// What became of it.
    pub state: NoticeState,
}

#[derive(FromRow)]
struct Row {
    state: String,
    due_at: Option<DateTime<Utc>>,
    record: Json<Topic>,
}

impl TryFrom<Row> for StoredNotice {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let state = match (row.state.as_str(), row.due_at) {
            ("sent", _) => NoticeState::Sent,
            ("held", Some(at)) => NoticeState::Held(at),
            ("delivered", Some(at)) => NoticeState::Delivered(at),
            (other, _) => return Err(StoreError::corrupt("state of a notice", other)),
        };
        Ok(Self {
            topic: row.record.0,
            state,
        })
    }
}

/// Whom to tell what, as it was decided.
#[derive(Debug, Clone, Copy)]
pub struct NewNotice<'a> {
    /// Who.
    pub user: &'a SlackUser,
    /// What about.
    pub topic: &'a Topic,
}

const INSERT: &str = "INSERT INTO notices (slack_user, topic, kind, state, decided_at, due_at, record) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (slack_user, topic) DO NOTHING";

async fn insert(
    conn: &mut Conn<'_>,
    notice: NewNotice<'_>,
    due_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let state = if due_at.is_some() { "held" } else { "sent" };
    let inserted = on_conn!(conn, |c| sqlx::query(INSERT)
        .bind(notice.user.as_str())
        .bind(notice.topic.key())
        .bind(notice.topic.kind().as_str())
        .bind(state)
        .bind(now)
        .bind(due_at)
        .bind(Json(notice.topic))
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(inserted > 0)
}

impl Store {
    /// Who was told what unasked.
    pub fn notices(&self) -> Notices<'_> {
        Notices { store: self }
    }
}

impl Notices<'_> {
    /// What became of telling somebody about a topic.
    pub async fn find(&self, user: &SlackUser, topic: &Topic) -> Result<Option<StoredNotice>, StoreError> {
        const FIND: &str = "SELECT state, due_at, record FROM notices WHERE slack_user = $1 AND topic = $2";
        let row: Option<Row> = on_engine!(self.store.pool(), |c| sqlx::query_as(FIND)
            .bind(user.as_str())
            .bind(topic.key())
            .fetch_optional(c)
            .await)?;
        row.map(StoredNotice::try_from).transpose()
    }

    /// Notes that it is sent now; `false` if it was decided before, one way or the other.
    pub async fn claim(&self, notice: NewNotice<'_>, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut tx = self.store.pool().begin_write().await?;
        let claimed = insert(&mut tx.conn(), notice, None, now).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// Holds it until `due_at`, with the job that delivers it then; `false`, and no job, if it was decided before.
    pub async fn hold(
        &self,
        notice: NewNotice<'_>,
        due_at: DateTime<Utc>,
        job: &NewJob,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.store.pool().begin_write().await?;
        let held = insert(&mut tx.conn(), notice, Some(due_at), now).await?;
        if held {
            enqueue_in(&mut tx.conn(), job, now).await?;
        }
        tx.commit().await?;
        Ok(held)
    }

    /// Takes back that it is sent, because it was not.
    pub async fn release(&self, user: &SlackUser, topic: &Topic) -> Result<(), StoreError> {
        const RELEASE: &str = "DELETE FROM notices WHERE slack_user = $1 AND topic = $2 AND state = 'sent'";
        on_writer!(self.store.pool(), |c| sqlx::query(RELEASE)
            .bind(user.as_str())
            .bind(topic.key())
            .execute(c)
            .await
            .map(drop))?;
        Ok(())
    }

    /// How many somebody got since `since`, each in a message of its own.
    pub async fn count_sent(&self, user: &SlackUser, since: DateTime<Utc>) -> Result<i64, StoreError> {
        const COUNT: &str =
            "SELECT COUNT(*) FROM notices WHERE slack_user = $1 AND state = 'sent' AND decided_at >= $2";
        Ok(on_engine!(self.store.pool(), |c| sqlx::query_scalar(COUNT)
            .bind(user.as_str())
            .bind(since)
            .fetch_one(c)
            .await)?)
    }

    /// The first morning after `now` that something of theirs is held for.
    pub async fn find_next_morning(
        &self,
        user: &SlackUser,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        const NEXT: &str = "SELECT due_at FROM notices WHERE slack_user = $1 AND due_at > $2 AND state = 'held' \
            ORDER BY due_at LIMIT 1";
        Ok(on_engine!(self.store.pool(), |c| sqlx::query_scalar(NEXT)
            .bind(user.as_str())
            .bind(now)
            .fetch_optional(c)
            .await)?)
    }

    /// What the message of one morning is about, delivered or not, the first held first.
    pub async fn list_morning(
        &self,
        user: &SlackUser,
        due_at: DateTime<Utc>,
    ) -> Result<Vec<StoredNotice>, StoreError> {
        const LIST: &str = "SELECT state, due_at, record FROM notices WHERE slack_user = $1 AND due_at = $2 \
            ORDER BY decided_at, topic";
        let rows: Vec<Row> = on_engine!(self.store.pool(), |c| sqlx::query_as(LIST)
            .bind(user.as_str())
            .bind(due_at)
            .fetch_all(c)
            .await)?;
        rows.into_iter().map(StoredNotice::try_from).collect()
    }

    /// Notes that these came in the message of a morning.
    pub async fn record_delivered(&self, user: &SlackUser, topics: &[Topic]) -> Result<(), StoreError> {
        const DELIVERED: &str = "UPDATE notices SET state = 'delivered' WHERE slack_user = $1 \
            AND state = 'held' AND topic IN LIST($2)";
        let pool = self.store.pool();
        let topics = list(topics.iter().map(Topic::key));
        on_writer!(pool, |c| sqlx::query(pool.lists(DELIVERED))
            .bind(user.as_str())
            .bind(topics)
            .execute(c)
            .await
            .map(drop))?;
        Ok(())
    }

    /// The mornings that are over by `now` and whose message lacks something.
    pub async fn list_overdue(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Vec<(SlackUser, DateTime<Utc>)>, StoreError> {
        const OVERDUE: &str = "SELECT DISTINCT slack_user, due_at FROM notices \
            WHERE state = 'held' AND due_at < $1 ORDER BY due_at, slack_user LIMIT 500";
        let rows: Vec<(String, DateTime<Utc>)> = on_engine!(self.store.pool(), |c| sqlx::query_as(OVERDUE)
            .bind(now)
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(|(user, at)| (SlackUser(user), at)).collect())
    }

    /// Forgets what was decided before `before` and is not held; answers how many.
    pub async fn purge(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        const PURGE: &str = "DELETE FROM notices WHERE decided_at < $1 AND state <> 'held'";
        Ok(on_writer!(self.store.pool(), |c| sqlx::query(PURGE)
            .bind(before)
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?)
    }
}
