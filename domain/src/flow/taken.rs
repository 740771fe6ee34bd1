//! Purpose: each fact once, under the name its repository has now, in an order that does not depend on how they were told;
//! and of these what is asked for.

use std::collections::{BTreeMap, BTreeSet};

use super::{FlowFacts, OpenChange, Reviewed};
use crate::ci_run::CiRun;
use crate::delivery::{Change, NoValue, Scope};
use crate::id::Login;

/// An account's name in the form in which equal accounts have equal names, as [`Login::same`] says.
pub(super) fn folded(login: &Login) -> String {
    login.as_str().to_ascii_lowercase()
}

/// Why there is no value, where the window is one that can be reported only `otherwise`.
pub(super) fn nothing(scope: &Scope<'_>, otherwise: NoValue) -> NoValue {
    if scope.asked.is_window() {
        otherwise
    } else {
        NoValue::EmptyWindow
    }
}

/// Each thing once: of several statements about it the greatest.
fn greatest<'f, K: Ord, T: Ord>(all: &'f [T], key: impl Fn(&'f T) -> K) -> BTreeMap<K, &'f T> {
    let mut once: BTreeMap<K, &'f T> = BTreeMap::new();
    for one in all {
        let known = once.entry(key(one)).or_insert(one);
        *known = (*known).max(one);
    }
    once
}

fn all_changes<'f>(scope: &Scope<'f>, facts: &'f FlowFacts) -> BTreeMap<(&'f str, i64), &'f Change> {
    let definitions = scope.definitions;
    greatest(&facts.changes, |one| {
        (definitions.present(&one.key.repository), one.key.number)
    })
}

fn all_open<'f>(scope: &Scope<'f>, facts: &'f FlowFacts) -> BTreeMap<(&'f str, i64), &'f OpenChange> {
    let definitions = scope.definitions;
    greatest(&facts.open, |one| {
        (definitions.present(&one.key.repository), one.key.number)
    })
}

/// Changes that are asked for and were merged in the window; those of bots too.
pub(super) fn changes<'f>(scope: &Scope<'f>, facts: &'f FlowFacts) -> Vec<&'f Change> {
    let asked = all_changes(scope, facts).into_iter().filter(|((name, _), one)| {
        scope.holds(name) && scope.holds_author(&one.author.login) && scope.holds_instant(one.merged_at)
    });
    asked.map(|(_, one)| one).collect()
}

/// Pull requests that are asked for, open or not; those of bots too. None where the window cannot be reported.
pub(super) fn open<'f>(scope: &Scope<'f>, facts: &'f FlowFacts) -> Vec<&'f OpenChange> {
    let asked = all_open(scope, facts)
        .into_iter()
        .filter(|((name, _), one)| scope.holds(name) && scope.holds_author(&one.author.login));
    let is_window = scope.asked.is_window();
    asked.map(|(_, one)| one).filter(|_| is_window).collect()
}

/// One review with what is known of its pull request.
pub(super) struct Review<'f> {
    pub(super) what: &'f Reviewed,
    /// The pull request, under the present name of its repository.
    pub(super) of: (&'f str, i64),
    /// Who gave it, folded.
    pub(super) reviewer: String,
    /// It is of the reviewer's own change.
    pub(super) is_own: bool,
}

/// Reviews that are asked for and were given in the window, by time.
pub(super) fn reviews<'f>(scope: &Scope<'f>, facts: &'f FlowFacts) -> Vec<Review<'f>> {
    let mut authors: BTreeSet<((&str, i64), String)> = BTreeSet::new();
    let changes = all_changes(scope, facts).into_iter();
    authors.extend(changes.map(|(key, one)| (key, folded(&one.author.login))));
    let open = all_open(scope, facts).into_iter();
    authors.extend(open.map(|(key, one)| (key, folded(&one.author.login))));
    let definitions = scope.definitions;
    let once = greatest(&facts.reviews, |one| {
        (definitions.present(&one.key.repository), one.key.number, one.id)
    });
    let asked = once.into_iter().filter(|((name, ..), one)| {
        scope.holds(name) && scope.holds_author(&one.reviewer.login) && scope.holds_instant(one.at)
    });
    let mut reviews: Vec<Review<'f>> = asked
        .map(|((name, number, _), what)| {
            let by = ((name, number), folded(&what.reviewer.login));
            Review {
                what,
                is_own: authors.contains(&by),
                of: by.0,
                reviewer: by.1,
            }
        })
        .collect();
    reviews.sort_by_key(|one| (one.what.at, one.of, one.what.id));
    reviews
}

/// Runs of CI that are asked for and were made in the window, with the present name of the repository.
pub(super) fn runs<'f>(scope: &Scope<'f>, facts: &'f FlowFacts) -> Vec<(&'f str, &'f CiRun)> {
    let mut once: BTreeMap<(&str, &str), &CiRun> = BTreeMap::new();
    for run in &facts.runs {
        let name = scope.definitions.present(&run.repository);
        let known = once.entry((name, run.id.as_str())).or_insert(run);
        if run.is_later(known) {
            *known = run;
        }
    }
    let asked = once
        .into_iter()
        .filter(|((name, _), run)| scope.holds(name) && scope.holds_instant(run.created_at));
    asked.map(|((name, _), run)| (name, run)).collect()
}
