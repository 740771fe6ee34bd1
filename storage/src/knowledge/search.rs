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
const BUDGET: i64 = 20_000;
/// So many times what is wanted is read before sources are sorted out.
const AHEAD: i64 = 4;

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

/// Sources to which an engine keeps, and how many chunks it ranks and returns.
struct Bounds<'a> {
    /// All, if none are named.
    allowed: Option<&'a BTreeSet<i64>>,
    limit: i64,
}

impl Knowledge<'_> {
    /// The chunks that match `terms` best, of the sources with the tags in `allowed`, the best first.
    pub async fn lexical(
        &self,
        terms: &[Term],
        allowed: &[SourceTag],
        limit: usize,
    ) -> Result<Vec<LexicalHit>, StoreError> {
        let allowed: BTreeSet<i64> = allowed.iter().map(|tag| i64::from(tag.0)).collect();
        let texts: Vec<String> = terms.iter().map(Term::text).collect();
        if texts.is_empty() || allowed.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let Some(lookup) = self.choose(texts).await? else {
            return Ok(Vec::new());
        };
        let rows = self.look_up(&lookup, &allowed, limit).await?;
        let rows = match lookup {
            // Nothing has all of them.
            Lookup::All(texts) if rows.is_empty() => {
                self.look_up(&Lookup::Any(texts.into_iter().take(1).collect()), &allowed, limit)
                    .await?
            }
            Lookup::All(_) | Lookup::Any(_) => rows,
        };
        rows.into_iter().map(hit).collect()
    }

    /// Looks up, first as if all sources were allowed: sorting them out of a few best is quicker than out of all.
    async fn look_up(
        &self,
        lookup: &Lookup,
        allowed: &BTreeSet<i64>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let ahead = super::count(limit) * AHEAD;
        let bounds = Bounds {
            allowed: None,
            limit: ahead,
        };
        let mut rows = self.ranked(lookup, &bounds).await?;
        let were_all = super::count(rows.len()) < ahead;
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

    /// Which of the terms are looked up; none if no term can be found at all.
    async fn choose(&self, texts: Vec<String>) -> Result<Option<Lookup>, StoreError> {
        let counted = match self.store.pool() {
            Pool::Sqlite { read, .. } => sqlite::frequencies(read, texts).await?,
            Pool::Postgres(pool) => postgres::frequencies(pool, texts).await?,
        };
        Ok(choose(counted))
    }
}

/// The rarest terms that are in [`BUDGET`] chunks together; if even the rarest is in more, what several have in
/// common. `counted` says in about how many chunks each is.
fn choose(mut counted: Vec<(String, i64)>) -> Option<Lookup> {
    const TOGETHER: usize = 3;
    counted.sort_by_key(|(_, chunks)| *chunks);
    let (_, rarest) = counted.first()?;
    if *rarest > BUDGET {
        let texts = counted.into_iter().take(TOGETHER).map(|(text, _)| text);
        return Some(Lookup::All(texts.collect()));
    }
    let mut chunks = 0;
    let fits = |(_, more): &(String, i64)| {
        chunks += more;
        chunks <= BUDGET
    };
    let chosen = counted.into_iter().take_while(fits).map(|(text, _)| text);
    Some(Lookup::Any(chosen.collect()))
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
    use super::*;

    fn counted(counts: &[i64]) -> Vec<(String, i64)> {
        counts.iter().map(|count| (format!("w{count}"), *count)).collect()
    }

    #[test]
    fn common_words_are_not_looked_up_where_rarer_ones_are_there() {
        let lookup = choose(counted(&[BUDGET * 9, 7, 3, 500]));
        let rare = ["w3", "w7", "w500"].map(str::to_owned).to_vec();
        assert_eq!(lookup, Some(Lookup::Any(rare)));
    }

    #[test]
    fn of_common_words_alone_several_must_be_there_together() {
        let lookup = choose(counted(&[BUDGET * 9, BUDGET * 2]));
        let all = [BUDGET * 2, BUDGET * 9].map(|count| format!("w{count}")).to_vec();
        assert_eq!(lookup, Some(Lookup::All(all)));
    }

    #[test]
    fn nothing_is_looked_up_where_no_term_says_anything() {
        assert_eq!(choose(Vec::new()), None);
    }
}
