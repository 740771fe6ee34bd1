//! Purpose: finding chunks by their words. Matching and ranking are each engine's own: FTS5 with BM25 on SQLite, a
//! GIN index on PostgreSQL, ranked by the same rule over what it finds. What is common to both is here: which of a
//! question's terms are looked up, and that only allowed sources come out.

mod postgres;
mod sqlite;

use std::collections::BTreeSet;

use em_domain::knowledge::query::Term;
use em_domain::knowledge::{ChunkId, DocumentId, SourceTag};

use super::{Knowledge, source_tag};
use crate::engine::{Conn, Pool};
use crate::error::StoreError;

/// Chunks that are ranked for one question, about. Terms that would make it more are left out while rarer ones are
/// there.
const BUDGET: i64 = 8_000;
/// So many times what is wanted is read before sources are sorted out.
const AHEAD: usize = 4;

/// A chunk that was found by its words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LexicalHit {
    /// The chunk.
    pub chunk: ChunkId,
    /// Its source.
    pub source: SourceTag,
    /// Its document.
    pub document: DocumentId,
    /// How well it matches: more is better, comparable within one answer only.
    pub score: f64,
}

/// A chunk as the engine found it: its number, the tag of its source, its document, its score.
type Row = (i64, i64, i64, f64);

/// What is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Lookup {
    /// Chunks with one of these at least; the more of them and the rarer, the better.
    Any(Vec<String>),
    /// Chunks with all of these: each alone is in too many.
    All(Vec<String>),
}

impl Lookup {
    fn texts(&self) -> &[String] {
        match self {
            Self::Any(texts) | Self::All(texts) => texts,
        }
    }
}

/// Sources to which an engine keeps, and how many chunks it ranks and returns.
struct Bounds<'a> {
    /// All, if none are named.
    allowed: Option<&'a BTreeSet<i64>>,
    limit: i64,
}

impl Bounds<'_> {
    fn all(limit: usize) -> Self {
        Self {
            allowed: None,
            limit: super::count(limit),
        }
    }
}

impl Knowledge<'_> {
    /// The chunks that match `terms` best, of the sources with the tags in `allowed`, of all where there is none; the best
    /// first.
    pub async fn lexical(
        &self,
        terms: &[Term],
        allowed: Option<&[SourceTag]>,
        limit: usize,
    ) -> Result<Vec<LexicalHit>, StoreError> {
        let texts = terms.iter().map(Term::text).collect();
        self.within(BUDGET, texts, allowed, limit).await
    }

    /// As [`Self::lexical`], with terms left out that make it more than `budget` chunks.
    async fn within(
        &self,
        budget: i64,
        texts: Vec<String>,
        allowed: Option<&[SourceTag]>,
        limit: usize,
    ) -> Result<Vec<LexicalHit>, StoreError> {
        let allowed: Option<BTreeSet<i64>> =
            allowed.map(|tags| tags.iter().map(|tag| i64::from(tag.0)).collect());
        let is_nobody = allowed.as_ref().is_some_and(BTreeSet::is_empty);
        if texts.is_empty() || is_nobody || limit == 0 {
            return Ok(Vec::new());
        }
        for lookup in self.plan(texts, budget).await? {
            let rows = match &allowed {
                Some(allowed) => self.look_up(&lookup, allowed, limit).await?,
                None => self.ranked(&lookup, &Bounds::all(limit)).await?,
            };
            if !rows.is_empty() {
                return rows.into_iter().map(hit).collect();
            }
        }
        Ok(Vec::new())
    }

    /// Looks up what some sources have, first as if all were allowed: sorting them out of a few best is quicker than out of
    /// all.
    async fn look_up(
        &self,
        lookup: &Lookup,
        allowed: &BTreeSet<i64>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let ahead = limit * AHEAD;
        let mut rows = self.ranked(lookup, &Bounds::all(ahead)).await?;
        let were_all = rows.len() < ahead;
        rows.retain(|(_, source, _, _)| allowed.contains(source));
        if rows.len() < limit && !were_all {
            let bounds = Bounds {
                allowed: Some(allowed),
                limit: super::count(limit),
            };
            rows = self.ranked(lookup, &bounds).await?;
        }
        rows.truncate(limit);
        Ok(rows)
    }

    async fn ranked(&self, lookup: &Lookup, bounds: &Bounds<'_>) -> Result<Vec<Row>, StoreError> {
        match self.store.pool() {
            Pool::Sqlite { read, .. } => sqlite::ranked(read, lookup, bounds).await,
            Pool::Postgres(pool) => postgres::ranked(pool, lookup, bounds).await,
        }
    }

    /// What is looked up, one after the other until something is found.
    async fn plan(&self, texts: Vec<String>, budget: i64) -> Result<Vec<Lookup>, StoreError> {
        let counted = match self.store.pool() {
            Pool::Sqlite { read, .. } => sqlite::frequencies(read, texts, budget).await?,
            Pool::Postgres(pool) => postgres::frequencies(pool, texts).await?,
        };
        Ok(plan(counted, budget))
    }
}

/// First the rarest terms that are in `budget` chunks together. Where they find nothing, what the others have in
/// common, and then the rarest of those. `counted` says in about how many chunks each is.
fn plan(mut counted: Vec<(String, i64)>, budget: i64) -> Vec<Lookup> {
    const TOGETHER: usize = 3;
    counted.sort_by_key(|(_, chunks)| *chunks);
    let mut chunks = 0;
    let fits = |(_, more): &&(String, i64)| {
        chunks += more;
        chunks <= budget
    };
    let fitting = counted.iter().take_while(fits).count();
    let mut rare: Vec<String> = counted.into_iter().map(|(text, _)| text).collect();
    let common = rare.split_off(fitting);
    let together: Vec<String> = common.iter().take(TOGETHER).cloned().collect();
    let alone: Vec<String> = common.into_iter().take(1).collect();
    let mut lookups = vec![Lookup::Any(rare)];
    if together.len() > 1 {
        lookups.push(Lookup::All(together));
    }
    lookups.push(Lookup::Any(alone));
    lookups.retain(|lookup| !lookup.texts().is_empty());
    lookups
}

fn hit((chunk, source, document, score): Row) -> Result<LexicalHit, StoreError> {
    Ok(LexicalHit {
        chunk: ChunkId(chunk),
        source: source_tag(source)?,
        document: DocumentId(document),
        score,
    })
}

/// Merges what searching would have to merge, and renews the statistics.
pub(super) async fn settle(conn: &mut Conn<'_>) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(_) => sqlite::settle(conn).await,
        Conn::Postgres(_) => postgres::settle(conn).await,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use em_domain::id::SourceId;
    use em_domain::knowledge::{Chunk, Document, NewSource, SourceKind, Visibility};
    use ulid::Ulid;

    use super::*;
    use crate::NewDocument;
    use crate::testing::TestDatabase;

    crate::both_engines!(
        how_common_a_word_is_comes_from_the_index,
        what_is_common_is_found_where_there_is_nothing_rarer,
    );

    /// Sixty chunks: all have one word, every second another, the first two a third.
    async fn filled(db: &TestDatabase) -> SourceTag {
        let at = DateTime::UNIX_EPOCH;
        let new = NewSource {
            id: SourceId::new(Ulid::from(1_u128)),
            kind: SourceKind::Folder,
            location: "/docs".to_owned(),
            visibility: Visibility::Everyone,
            added_by: None,
            added_at: at,
        };
        let text = |n: u32| match n {
            0 | 1 => format!("common rare {n}"),
            _ if n.is_multiple_of(2) => format!("common half {n}"),
            _ => format!("common {n}"),
        };
        let chunk = |ordinal: u32| Chunk {
            ordinal,
            heading: Vec::new(),
            text: text(ordinal),
        };
        let document = Document {
            source: new.id.clone(),
            external_id: "a".to_owned(),
            title: String::new(),
            url: None,
            author: None,
            owners: Vec::new(),
            changed_at: None,
            digest: String::new(),
        };
        let document = NewDocument {
            document,
            chunks: (0..60).map(chunk).collect(),
            embedded: None,
        };
        let area = db.store.knowledge();
        let tag = area.insert_source(&new).await.unwrap().source().tag;
        area.upsert_document(&new.id, &document, at).await.unwrap();
        area.tidy().await.unwrap();
        tag
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    async fn how_common_a_word_is_comes_from_the_index(db: TestDatabase) {
        filled(&db).await;
        let asked = words(&["common", "rare", "half"]);
        let lookups = db.store.knowledge().plan(asked, 20).await.unwrap();
        let rare = Lookup::Any(words(&["rare"]));
        let together = Lookup::All(words(&["half", "common"]));
        assert_eq!(lookups, [rare, together, Lookup::Any(words(&["half"]))]);
    }

    async fn what_is_common_is_found_where_there_is_nothing_rarer(db: TestDatabase) {
        let tag = filled(&db).await;
        let area = db.store.knowledge();
        let found = async |asked: &[&str]| {
            area.within(20, words(asked), Some(&[tag]), 40)
                .await
                .unwrap()
                .len()
        };
        assert_eq!(found(&["common", "half", "rare"]).await, 2);
        assert_eq!(found(&["common", "half", "absent"]).await, 29);
        assert_eq!(found(&["common", "absent"]).await, 40);
        assert_eq!(found(&["absent"]).await, 0);
    }

    fn counted(counts: &[i64]) -> Vec<(String, i64)> {
        counts.iter().map(|count| (format!("w{count}"), *count)).collect()
    }

    fn texts(counts: &[i64]) -> Vec<String> {
        counts.iter().map(|count| format!("w{count}")).collect()
    }

    const COMMON: i64 = BUDGET * 2;
    const MOST_COMMON: i64 = BUDGET * 9;

    #[test]
    fn common_words_are_looked_up_only_where_rarer_ones_find_nothing() {
        let lookups = plan(counted(&[MOST_COMMON, 7, 3, 500]), BUDGET);
        let rare = Lookup::Any(texts(&[3, 7, 500]));
        assert_eq!(lookups, [rare, Lookup::Any(texts(&[MOST_COMMON]))]);
    }

    #[test]
    fn of_common_words_alone_several_must_be_there_together() {
        let lookups = plan(counted(&[MOST_COMMON, COMMON]), BUDGET);
        let all = Lookup::All(texts(&[COMMON, MOST_COMMON]));
        assert_eq!(lookups, [all, Lookup::Any(texts(&[COMMON]))]);
    }

    #[test]
    fn nothing_is_looked_up_where_no_term_says_anything() {
        assert_eq!(plan(Vec::new(), BUDGET), []);
    }
}
