//! Purpose: questions that the documents did not answer, gathered: those that mean the same are one gap.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::ask::Answer;
use crate::id::{AnswerId, Login, RepositoryName, SlackUser};

/// Two questions are one from this cosine on.
const SAME: f32 = 0.75;
/// Days of reviews that say who knows a repository.
pub const REVIEW_DAYS: i64 = 90;
/// Reviewers named for one gap.
const REVIEWERS: usize = 2;

/// Something that is not written down, or not well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Its newest question.
    pub id: AnswerId,
    /// The question, as it was last asked.
    pub question: String,
    /// How often it was asked.
    pub times: usize,
    /// Who asked.
    pub askers: BTreeSet<SlackUser>,
    /// When it was last asked.
    pub last_asked: DateTime<Utc>,
    /// Who might write the answer down: who looks after what came nearest or wrote it, then who reviews there.
    pub writers: Vec<String>,
    /// The repositories on GitHub that what came nearest is of, in lower case.
    pub repositories: BTreeSet<RepositoryName>,
}

/// How many pull requests of others somebody reviewed in a repository lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    /// The repository, in lower case.
    pub repository: RepositoryName,
    /// Who reviewed.
    pub reviewer: Login,
    /// How many pull requests.
    pub pull_requests: i64,
}

/// Gathers `answers`, the newest first, into gaps: the most often asked first, then the newest. `meanings` has a vector of
/// length 1 for each answer; where it has none, only equal words fall together.
pub fn gather(answers: &[Answer], meanings: &[Vec<f32>]) -> Vec<Gap> {
    let mut gaps: Vec<(usize, Gap)> = Vec::new();
    for (at, answer) in answers.iter().enumerate() {
        let known = gaps
            .iter_mut()
            .find(|(first, _)| is_same(answers, meanings, *first, at));
        match known {
            Some((_, gap)) => {
                gap.times += 1;
                gap.askers.insert(answer.asker.clone());
            }
            None => gaps.push((at, gap(answer))),
        }
    }
    let mut gaps: Vec<Gap> = gaps.into_iter().map(|(_, gap)| gap).collect();
    gaps.sort_by(|a, b| b.times.cmp(&a.times).then(b.last_asked.cmp(&a.last_asked)));
    gaps
}

fn gap(answer: &Answer) -> Gap {
    Gap {
        id: answer.id.clone(),
        question: answer.question.clone(),
        times: 1,
        askers: BTreeSet::from([answer.asker.clone()]),
        last_asked: answer.asked_at,
        writers: answer.people_to_ask().into_iter().map(str::to_owned).collect(),
        repositories: answer
            .citations
            .iter()
            .filter_map(|citation| repository_of(citation.url.as_deref()?))
            .collect(),
    }
}

/// The repository that a page on GitHub is of, in lower case.
fn repository_of(page: &str) -> Option<RepositoryName> {
    let (host, path) = page.strip_prefix("https://")?.split_once('/')?;
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let (owner, name, _) = (parts.next()?, parts.next()?, parts.next()?);
    host.contains("github")
        .then(|| format!("{owner}/{name}").to_lowercase().as_str().into())
}

/// Names those who reviewed most where what came nearest is from, after those who are named already.
pub fn name_reviewers(gaps: &mut [Gap], reviewed: &[Reviewed]) {
    for gap in gaps {
        let mut counts: BTreeMap<String, i64> = BTreeMap::new();
        let theirs = reviewed
            .iter()
            .filter(|reviewed| gap.repositories.contains(&reviewed.repository));
        for reviewed in theirs {
            *counts
                .entry(reviewed.reviewer.as_str().to_lowercase())
                .or_default() += reviewed.pull_requests;
        }
        let is_named = |login: &str| {
            let mut writers = gap.writers.iter();
            writers.any(|writer| writer.trim_start_matches('@').eq_ignore_ascii_case(login))
        };
        counts.retain(|login, _| !login.ends_with("[bot]") && !is_named(login));
        let mut ranked: Vec<(String, i64)> = counts.into_iter().collect();
        ranked.sort_by_key(|(_, count)| Reverse(*count));
        let best = ranked.into_iter().take(REVIEWERS);
        gap.writers.extend(best.map(|(login, _)| format!("@{login}")));
    }
}

fn is_same(answers: &[Answer], meanings: &[Vec<f32>], one: usize, other: usize) -> bool {
    match (meanings.get(one), meanings.get(other)) {
        (Some(one), Some(other)) => cosine(one, other) >= SAME,
        _ => plain(&answers[one].question) == plain(&answers[other].question),
    }
}

/// How near two meanings are; of vectors of length 1.
pub(crate) fn cosine(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// The words of a question and nothing else.
pub(crate) fn plain(question: &str) -> String {
    let words = question
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::{Citation, Confidence};
    use crate::id::SourceId;
    use ulid::Ulid;

    fn asked(question: &str, by: &str, minute: i64) -> Answer {
        Answer {
            id: AnswerId::new(Ulid::from(u128::from(minute.unsigned_abs()))),
            question: question.to_owned(),
            asker: by.into(),
            channel: None,
            thread: None,
            asked_at: DateTime::from_timestamp(60 * minute, 0).unwrap(),
            confidence: Confidence::None,
            citations: Vec::new(),
            written: None,
            also_from: BTreeSet::new(),
            official: None,
        }
    }

    #[test]
    fn what_is_asked_most_comes_first_and_every_asker_counts_once() {
        let answers = [
            asked("Where is the VPN guide?", "U1", 3),
            asked("who owns billing", "U2", 2),
            asked("where is the vpn guide", "U2", 1),
        ];
        let gaps = gather(&answers, &[]);
        let shown: Vec<_> = gaps
            .iter()
            .map(|gap| (gap.question.as_str(), gap.times, gap.askers.len()))
            .collect();
        assert_eq!(
            shown,
            [("Where is the VPN guide?", 2, 2), ("who owns billing", 1, 1)]
        );
    }

    #[test]
    fn who_reviewed_most_where_the_nearest_document_is_from_comes_after_who_is_named() {
        let near = |url: &str, owner: &str| Citation {
            source: SourceId::new(Ulid::from(1_u128)),
            document: "a.md".to_owned(),
            title: "A".to_owned(),
            heading: Vec::new(),
            url: Some(url.to_owned()),
            author: None,
            owners: vec![owner.to_owned()],
            changed_at: None,
            text: String::new(),
            sentence: String::new(),
        };
        let mut answer = asked("where is the vpn guide", "U1", 1);
        answer.citations = vec![
            near("https://github.com/Acme/API/blob/HEAD/a.md", "@dana"),
            near("https://wiki.test/acme/web/blob/a.md", "@acme/web"),
            near("https://github.com/acme", "@acme/all"),
        ];
        let reviewed = |repository: &str, reviewer: &str, pull_requests: i64| Reviewed {
            repository: repository.into(),
            reviewer: reviewer.into(),
            pull_requests,
        };
        let lately = [
            reviewed("acme/api", "dependabot[bot]", 90),
            reviewed("acme/api", "Dana", 50),
            reviewed("acme/api", "chloe-m", 2),
            reviewed("acme/api", "ben-o", 7),
            reviewed("acme/api", "ana", 1),
            reviewed("acme/web", "zoe", 99),
        ];
        let mut gaps = gather(&[answer], &[]);
        name_reviewers(&mut gaps, &lately);
        assert_eq!(gaps[0].repositories, BTreeSet::from(["acme/api".into()]));
        assert_eq!(
            gaps[0].writers,
            ["@dana", "@acme/web", "@acme/all", "@ben-o", "@chloe-m"]
        );
    }

    #[test]
    fn other_words_with_the_same_meaning_are_one_gap() {
        let answers = [
            asked("vpn setup", "U1", 2),
            asked("how do I get into the network", "U1", 1),
        ];
        let near = [vec![1.0, 0.0], vec![0.8, 0.6]];
        assert_eq!(gather(&answers, &near).len(), 1);
        let far = [vec![1.0, 0.0], vec![0.0, 1.0]];
        assert_eq!(gather(&answers, &far).len(), 2);
    }
}
