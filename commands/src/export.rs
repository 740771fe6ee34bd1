//! Purpose: takes tables out of the store: rows are read in pages or by weeks and handed on at once, so memory does not grow with
//! the history. The columns are said by `em_domain::export`, the formats are those of `em_export`.

mod changes;
mod metrics;

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use em_domain::delivery::{Definitions, Mode};
use em_domain::export::{AUDIT, CI_RUNS, DEPLOYMENTS, Exported, INCIDENTS, REVIEWS, Table};
use em_domain::id::{Login, RepositoryName};
use em_domain::triage::TeamScope;
use em_export::{ExportError, Writer};
use em_storage::{Page, Position, RowsOf, Store, StoreError};

use crate::dora::question::repository;
use crate::dora::window::whose;
use crate::invocation::CommandError;
use crate::team;

/// What is asked for, as written.
#[derive(Debug, Clone, Default)]
pub struct Asked<'a> {
    /// The first day, in UTC; from the beginning if not given.
    pub from: Option<NaiveDate>,
    /// The last day, in UTC; today if not given.
    pub to: Option<NaiveDate>,
    /// Only this repository.
    pub repository: Option<&'a str>,
    /// Only this team.
    pub team: Option<&'a str>,
    /// Metrics by whose definitions.
    pub modes: Vec<Mode>,
}

/// What it is read by.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The store.
    pub store: &'a Store,
    /// The configured teams.
    pub teams: &'a [TeamScope],
    /// What the words mean.
    pub definitions: &'a Definitions,
    /// The zone of the weeks of metrics.
    pub zone: Tz,
    /// The time.
    pub now: DateTime<Utc>,
}

/// Why a table was not taken out.
#[derive(Debug, thiserror::Error)]
pub enum ExportTrouble {
    /// It cannot be asked for, or the store cannot be read.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] ExportError),
}

impl From<StoreError> for ExportTrouble {
    fn from(error: StoreError) -> Self {
        Self::Command(error.into())
    }
}

/// A table that can be taken out.
pub struct Export<'a> {
    what: Exported,
    around: Around<'a>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    first: NaiveDate,
    last: NaiveDate,
    repositories: Option<BTreeSet<RepositoryName>>,
    members: Option<BTreeSet<Login>>,
    /// The team as it is called in the configuration.
    team: Option<String>,
    modes: Vec<Mode>,
}

impl<'a> Export<'a> {
    /// Looks at what is asked for.
    ///
    /// # Errors
    /// A repository or team that there is not, one of a table that has none, or days in the wrong order; in words.
    pub async fn new(
        what: Exported,
        asked: &Asked<'_>,
        around: Around<'a>,
    ) -> Result<Export<'a>, CommandError> {
        let first = asked.from.unwrap_or(DateTime::UNIX_EPOCH.date_naive());
        let last = asked.to.unwrap_or_else(|| around.now.date_naive());
        if first > last {
            let text = "There are no such days: the first must not be behind the last.";
            return Err(CommandError::user(text));
        }
        let mut export = Self {
            what,
            around,
            from: midnight(first),
            to: midnight(last.checked_add_days(Days::new(1)).unwrap_or(last)),
            first,
            last,
            repositories: None,
            members: None,
            team: None,
            modes: asked.modes.clone(),
        };
        export.narrow(asked).await?;
        Ok(export)
    }

    async fn narrow(&mut self, asked: &Asked<'_>) -> Result<(), CommandError> {
        if asked.repository.is_none() && asked.team.is_none() {
            return Ok(());
        }
        let what = self.what.as_str();
        if !self.what.has_repositories() {
            return Err(CommandError::user(format!(
                "`{what}` belongs to no repository or team: leave --repo and --team out."
            )));
        }
        if let Some(name) = asked.repository {
            let name = repository(self.around.store, name).await?;
            self.repositories = Some(BTreeSet::from([name]));
        }
        if let Some(name) = asked.team {
            let team = team::among(self.around.teams, name)?;
            (self.repositories, self.members) = whose(team);
            self.team = Some(team.name.clone());
        }
        if self.members.is_some() && !self.what.has_people() {
            return Err(CommandError::user(format!(
                "That team has no repositories, and `{what}` belong to nobody: name a repository with --repo."
            )));
        }
        Ok(())
    }

    /// From the first day to the last, in UTC.
    pub fn days(&self) -> em_export::Days {
        em_export::Days {
            first: self.first,
            last: self.last,
        }
    }

    /// Writes all rows.
    ///
    /// # Errors
    /// The store cannot be read, or the rows cannot be written.
    pub async fn write(&self, to: &mut Writer) -> Result<(), ExportTrouble> {
        let exports = self.around.store.exports();
        match self.what {
            Exported::Audit => self.audit(to).await,
            Exported::Changes => self.changes(to).await,
            Exported::Metrics => self.metrics(to).await,
            Exported::Deployments => {
                self.pages(to, &DEPLOYMENTS, async |of, after| {
                    exports.deployments(of, after).await
                })
                .await
            }
            Exported::Incidents => {
                self.pages(to, &INCIDENTS, async |of, after| {
                    exports.incidents(of, after).await
                })
                .await
            }
            Exported::CiRuns => {
                self.pages(to, &CI_RUNS, async |of, after| exports.ci_runs(of, after).await)
                    .await
            }
            Exported::Reviews => {
                let page = async |of: RowsOf<'_>, after| {
                    let (mut reviews, next) = exports.reviews(of, after).await?;
                    reviews.retain(|review| self.is_of_member(&review.reviewer.login));
                    Ok((reviews, next))
                };
                self.pages(to, &REVIEWS, page).await
            }
        }
    }

    fn is_of_member(&self, login: &Login) -> bool {
        let members = self.members.as_ref();
        members.is_none_or(|members| members.iter().any(|member| member.same(login)))
    }

    async fn pages<R>(
        &self,
        to: &mut Writer,
        table: &Table<R>,
        page: impl AsyncFn(RowsOf<'_>, Option<Position>) -> Result<Page<R>, StoreError>,
    ) -> Result<(), ExportTrouble> {
        let mut after = None;
        loop {
            let of = RowsOf {
                from: self.from,
                to: self.to,
                repositories: self.repositories.as_ref(),
                definitions: self.around.definitions,
            };
            let (rows, next) = page(of, after).await?;
            if next.is_none() {
                return Ok(());
            }
            write_all(to, table, &rows)?;
            after = next;
        }
    }

    async fn audit(&self, to: &mut Writer) -> Result<(), ExportTrouble> {
        let mut after = 0;
        loop {
            let mut page = self.around.store.audit().list_after(after).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.seq;
            page.retain(|record| self.from <= record.at && record.at < self.to);
            write_all(to, &AUDIT, &page)?;
        }
    }
}

fn write_all<R>(to: &mut Writer, table: &Table<R>, rows: &[R]) -> Result<(), ExportTrouble> {
    for row in rows {
        to.row(table.day(row), &table.cells(row))?;
    }
    Ok(())
}

/// The beginning of a day in UTC.
fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}
