//! Purpose: merged pull requests as a table, each with the parts of its lead time as the report `ours` counts it.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{DateTime, Utc};

use super::{Cell, Table, columns};
use crate::delivery::{
    Asked, Change, Definitions, DeliveryFacts, Joined, Metric, Mode, Parts, ProofRow, Scope, Standing,
    Subject, Why, measure,
};
use crate::id::RepositoryName;

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportedChange {
    /// The name that it has now.
    repository: RepositoryName,
    change: Change,
    /// Its line in the proof of the lead time; `None` where it is in no report.
    row: Option<ProofRow>,
}

/// The changes that were merged from the first of `merged` until before its second, each once, by time of merge, with what the
/// report `ours` of the window says of each. `asked` must hold the time in which they went live.
pub fn changes(
    facts: &DeliveryFacts,
    definitions: &Definitions,
    asked: &Asked,
    merged: &Range<DateTime<Utc>>,
) -> Vec<ExportedChange> {
    let report = measure(facts, definitions, asked, Mode::Ours);
    let mut known: BTreeMap<(&str, i64), &ProofRow> = BTreeMap::new();
    for row in &report.of(Metric::LeadTime).proof {
        if let Subject::Change(key) = &row.subject {
            known.insert((definitions.present(&key.repository), key.number), row);
        }
    }
    let scope = Scope::new(definitions, asked);
    let mut once: BTreeMap<(&str, i64), &Change> = BTreeMap::new();
    for change in &facts.changes {
        let name = definitions.present(&change.key.repository);
        if scope.holds(name) && scope.holds_author(&change.author.login) {
            // Of two statements the greater counts, as in the report.
            let greatest = once.entry((name, change.key.number)).or_insert(change);
            *greatest = (*greatest).max(change);
        }
    }
    let mut rows: Vec<ExportedChange> = once
        .into_iter()
        .filter(|(_, change)| merged.contains(&change.merged_at))
        .map(|(key, change)| ExportedChange {
            repository: RepositoryName(key.0.to_owned()),
            change: change.clone(),
            row: known.get(&key).map(|row| (*row).clone()),
        })
        .collect();
    rows.sort_by(|one, other| one.order().cmp(&other.order()));
    rows
}

impl ExportedChange {
    /// The repository, as it is called now.
    pub fn repository(&self) -> &RepositoryName {
        &self.repository
    }

    /// The pull request, under that name.
    pub fn key(&self) -> (RepositoryName, i64) {
        (self.repository.clone(), self.change.key.number)
    }

    /// The order of rows: by the time of the merge.
    pub fn order(&self) -> (DateTime<Utc>, &RepositoryName, i64) {
        (self.change.merged_at, &self.repository, self.change.key.number)
    }

    /// No deployment of the window brought it: a later one may have.
    pub fn is_open(&self) -> bool {
        self.brought().is_none()
    }

    fn why(&self) -> Option<Why> {
        match self.row.as_ref()?.standing {
            Standing::LeftOut(why) => Some(why),
            Standing::Counted => None,
        }
    }

    fn parts(&self) -> Option<Parts> {
        self.row.as_ref()?.parts
    }

    /// The deployment that brought it, and how that is known.
    fn brought(&self) -> Option<(String, Joined, DateTime<Utc>)> {
        let row = self.row.as_ref()?;
        let link = row.links.first()?;
        Some((link.to.to_string(), link.how, row.at))
    }

    fn size(&self, of: fn(&crate::pull_request::Size) -> i64) -> Cell<'_> {
        Cell::maybe(self.change.size.as_ref(), |size| Cell::Integer(of(size)))
    }

    fn part(&self, of: fn(&Parts) -> i64) -> Cell<'_> {
        Cell::maybe(self.parts(), |parts| Cell::Integer(of(&parts)))
    }
}

/// The columns. A change belongs to the day on which it was merged.
pub static CHANGES: Table<ExportedChange> = Table {
    columns: columns! {
        repository Text "owner/name, as it is called now" = |row| Cell::text(row.repository.as_str());
        number Integer "the pull request" = |row| Cell::Integer(row.change.key.number);
        title Text "as written" = |row| Cell::text(&row.change.title);
        author Text "who opened it" = |row| Cell::text(row.change.author.login.as_str());
        author_is_bot Boolean "that is a program" = |row| Cell::Boolean(row.change.author.is_bot);
        base_ref Text "the branch it went into" = |row| Cell::text(&row.change.base_ref);
        labels Text "joined by `; `" = |row| Cell::list(&row.change.labels);
        lines_added Integer "lines added" = |row| row.size(|size| size.additions);
        lines_removed Integer "lines removed" = |row| row.size(|size| size.deletions);
        files Integer "files touched" = |row| row.size(|size| size.changed_files);
        first_commit_at Instant "when its earliest commit was authored" = |row| Cell::maybe(row.change.first_commit_at, Cell::Instant);
        opened_at Instant "when it was opened" = |row| Cell::Instant(row.change.opened_at);
        ready_at Instant "when it last left draft" = |row| Cell::maybe(row.change.ready_at, Cell::Instant);
        first_review_at Instant "the first review or comment by another person" = |row| Cell::maybe(row.change.first_review_at, Cell::Instant);
        approved_at Instant "the last approval before the merge" = |row| Cell::maybe(row.change.approved_at, Cell::Instant);
        merged_at Instant "when it was merged" = |row| Cell::Instant(row.change.merged_at);
        merge_commit_sha Text "the commit that the merge made" = |row| Cell::maybe(row.change.merge_commit_sha.as_deref(), Cell::text);
        deployment Text "the first deployment that held it" = |row| Cell::maybe(row.brought(), |(id, ..)| Cell::text(id));
        joined_how Text "how that is known" = |row| Cell::maybe(row.brought(), |(_, how, _)| Cell::text(how.words()));
        live_at Instant "when that deployment was live" = |row| Cell::maybe(row.brought(), |(.., at)| Cell::Instant(at));
        counted Boolean "it counts in the lead time" = |row| Cell::Boolean(row.parts().is_some());
        why_not Text "why it does not" = |row| Cell::maybe(row.why(), |why| Cell::text(why.words()));
        coding_seconds Integer "first commit to ready for review" = |row| row.part(|parts| parts.coding);
        pickup_seconds Integer "to the first review" = |row| row.part(|parts| parts.pickup);
        review_seconds Integer "to the last approval" = |row| row.part(|parts| parts.review);
        merge_seconds Integer "to the merge" = |row| row.part(|parts| parts.merge);
        deploy_seconds Integer "to live" = |row| row.part(|parts| parts.deploy);
        lead_time_seconds Integer "all of these" = |row| row.part(Parts::total);
        url Text "the page for people" = |row| Cell::text(&row.change.url);
    },
    day: |row| row.change.merged_at.date_naive(),
};
