//! Purpose: what language models were used for, and the limits of a day. Tokens are reserved before a call and settled
//! after it, so that many calls at once do not together use more than is allowed.

use chrono::NaiveDate;
use em_domain::llm_usage::{Account, Limits, Usage, accounts};

use crate::engine::{Conn, on_conn, on_engine, on_writer};
use crate::error::StoreError;
use crate::open::Store;

/// Takes tokens on one account if that stays within its limit ($5; none: NULL). That the first ones of a day are within
/// it is seen before.
const RESERVE: &str = "INSERT INTO llm_usage AS u \
    (day, kind, name, reserved, tokens_in, tokens_out, cost_micros, calls, failures) \
    VALUES ($1, $2, $3, $4, 0, 0, 0, 0, 0) ON CONFLICT (day, kind, name) DO UPDATE \
    SET reserved = u.reserved + excluded.reserved \
    WHERE $5 IS NULL OR u.reserved + u.tokens_in + u.tokens_out + excluded.reserved <= $5";

const SETTLE: &str = "UPDATE llm_usage SET reserved = reserved - $4, tokens_in = tokens_in + $5, \
    tokens_out = tokens_out + $6, cost_micros = cost_micros + $7, calls = calls + 1, failures = failures + $8 \
    WHERE day = $1 AND kind = $2 AND name = $3";

/// The use of language models in a store.
#[derive(Debug, Clone, Copy)]
pub struct LlmUsage<'s> {
    store: &'s Store,
}

/// Tokens that a call may use. It is to be settled, whatever becomes of the call.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "what is not settled counts as used for the rest of the day"]
pub struct Reservation {
    day: NaiveDate,
    accounts: Vec<Account>,
    tokens: i64,
}

/// Whether a call may be made.
#[derive(Debug, PartialEq, Eq)]
pub enum Reserved {
    /// It may.
    Granted(Reservation),
    /// It would go beyond the limit of this account.
    Exhausted(Account),
}

/// What a call came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// What it used; of a call that failed, what it must have used.
    pub usage: Usage,
    /// What that costs, in millionths of the operator's currency.
    pub cost_micros: i64,
    /// It gave an answer.
    pub succeeded: bool,
}

/// What an account used on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayOfUse {
    /// Whose.
    pub account: Account,
    /// What calls under way, or dead, have reserved.
    pub reserved: i64,
    /// Sent.
    pub tokens_in: i64,
    /// Received.
    pub tokens_out: i64,
    /// In millionths of the operator's currency.
    pub cost_micros: i64,
    /// Calls that have ended.
    pub calls: i64,
    /// Those of them that gave no answer.
    pub failures: i64,
}

#[derive(sqlx::FromRow)]
struct DayRow {
    kind: String,
    name: String,
    reserved: i64,
    tokens_in: i64,
    tokens_out: i64,
    cost_micros: i64,
    calls: i64,
    failures: i64,
}

impl TryFrom<DayRow> for DayOfUse {
    type Error = StoreError;

    fn try_from(row: DayRow) -> Result<Self, StoreError> {
        let account = Account::parse(&row.kind, &row.name)
            .ok_or_else(|| StoreError::corrupt("account", &format!("{} {}", row.kind, row.name)))?;
        Ok(Self {
            account,
            reserved: row.reserved,
            tokens_in: row.tokens_in,
            tokens_out: row.tokens_out,
            cost_micros: row.cost_micros,
            calls: row.calls,
            failures: row.failures,
        })
    }
}

impl Store {
    /// What language models were used for.
    pub fn llm_usage(&self) -> LlmUsage<'_> {
        LlmUsage { store: self }
    }
}

impl LlmUsage<'_> {
    /// Reserves `tokens` of `day` for a call that `person`, who is in `teams`, asks for: on all accounts or on none.
    pub async fn reserve(
        &self,
        day: NaiveDate,
        (person, teams): (&str, &[String]),
        tokens: i64,
        limits: &Limits,
    ) -> Result<Reserved, StoreError> {
        let tokens = tokens.max(0);
        let accounts = accounts(person, teams);
        let mut tx = self.store.pool().begin_write().await?;
        // Everybody locks rows in the order of `accounts`, so nobody waits in a circle; the account that all share
        // comes last and is held for the shortest time.
        for account in &accounts {
            let limit = limits.of(account);
            let is_granted = limit.is_none_or(|limit| tokens <= limit)
                && reserve_one(&mut tx.conn(), day, account, tokens, limit).await?;
            if !is_granted {
                return Ok(Reserved::Exhausted(account.clone()));
            }
        }
        tx.commit().await?;
        Ok(Reserved::Granted(Reservation {
            day,
            accounts,
            tokens,
        }))
    }

    /// Replaces what was reserved by what the call came to, on the day of the reservation.
    pub async fn settle(&self, reservation: Reservation, spent: Spent) -> Result<(), StoreError> {
        let mut tx = self.store.pool().begin_write().await?;
        for account in &reservation.accounts {
            let mut conn = tx.conn();
            on_conn!(&mut conn, |c| sqlx::query(SETTLE)
                .bind(reservation.day)
                .bind(account.kind())
                .bind(account.name())
                .bind(reservation.tokens)
                .bind(spent.usage.tokens_in)
                .bind(spent.usage.tokens_out)
                .bind(spent.cost_micros)
                .bind(i64::from(!spent.succeeded))
                .execute(c)
                .await
                .map(drop))?;
        }
        tx.commit().await
    }

    /// What `account` used on `day`; `None` if nothing.
    pub async fn find_spent(
        &self,
        day: NaiveDate,
        account: &Account,
    ) -> Result<Option<DayOfUse>, StoreError> {
        const FIND: &str = "SELECT kind, name, reserved, tokens_in, tokens_out, cost_micros, calls, failures \
                            FROM llm_usage WHERE day = $1 AND kind = $2 AND name = $3";
        let row: Option<DayRow> = on_engine!(self.store.pool(), |c| {
            sqlx::query_as(FIND)
                .bind(day)
                .bind(account.kind())
                .bind(account.name())
                .fetch_optional(c)
                .await
        })?;
        row.map(DayOfUse::try_from).transpose()
    }

    /// What was used on `day`, those who used most first, at most `limit` accounts.
    pub async fn list(&self, day: NaiveDate, limit: i64) -> Result<Vec<DayOfUse>, StoreError> {
        const LIST: &str = "SELECT kind, name, reserved, tokens_in, tokens_out, cost_micros, calls, failures \
                            FROM llm_usage WHERE day = $1 ORDER BY tokens_in + tokens_out DESC, kind, name LIMIT $2";
        let rows: Vec<DayRow> = on_engine!(self.store.pool(), |c| {
            sqlx::query_as(LIST).bind(day).bind(limit).fetch_all(c).await
        })?;
        rows.into_iter().map(DayOfUse::try_from).collect()
    }

    /// Forgets the days before `before`; answers how many rows that were.
    pub async fn purge(&self, before: NaiveDate) -> Result<u64, StoreError> {
        const PURGE: &str = "DELETE FROM llm_usage WHERE day < $1";
        Ok(on_writer!(self.store.pool(), |c| {
            sqlx::query(PURGE)
                .bind(before)
                .execute(c)
                .await
                .map(|r| r.rows_affected())
        })?)
    }
}

async fn reserve_one(
    conn: &mut Conn<'_>,
    day: NaiveDate,
    account: &Account,
    tokens: i64,
    limit: Option<i64>,
) -> Result<bool, StoreError> {
    let reserved = on_conn!(conn, |c| sqlx::query(RESERVE)
        .bind(day)
        .bind(account.kind())
        .bind(account.name())
        .bind(tokens)
        .bind(limit)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(reserved > 0)
}
