//! Purpose: what is near in meaning is found by PostgreSQL itself where pgvector is there, and it is said where it is not.

use std::io::Write as _;

use em_domain::knowledge::nearest::exactly;
use em_domain::knowledge::{ChunkId, Source, SourceTag};
use em_storage::testing::TestDatabase;
use em_storage::{ModelCount, Nearby, NearestBy};

use crate::knowledge::{document, source, write};

const MODEL: &str = "o'tiny\\model@0a1b2c3d4e5f";
const DIMENSIONS: usize = 24;

/// A database with pgvector; `None`, said aloud, where the server does not have it: Debian 12 has no package of it.
async fn with_pgvector() -> Option<TestDatabase> {
    let db = TestDatabase::postgres().await?;
    match db
        .store
        .knowledge()
        .prepare_nearest(MODEL, DIMENSIONS)
        .await
        .unwrap()
    {
        NearestBy::Index => Some(db),
        NearestBy::Memory(why) => {
            let text = format!("\nTests of pgvector are SKIPPED: {why}.\n");
            drop(std::io::stderr().write_all(text.as_bytes()));
            None
        }
    }
}

/// A direction that depends on `seed` alone.
fn vector(seed: i64) -> Vec<f32> {
    let mut state = u64::try_from(seed).unwrap().wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut number = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        f32::from(u16::try_from(state % 2_001).unwrap()) / 1_000.0 - 1.0
    };
    (0..DIMENSIONS).map(|_| number()).collect()
}

/// So many chunks in a source of their own, each with the meaning of its number.
async fn filled(db: &TestDatabase, place: &str, chunks: usize) -> (Source, Vec<(ChunkId, Vec<f32>)>) {
    let source = source(db, place).await;
    let texts: Vec<String> = (0..chunks).map(|n| format!("{place} {n}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let area = db.store.knowledge();
    let before = area
        .chunks_without_vector(MODEL, ChunkId(0), 1_000_000)
        .await
        .unwrap()
        .len();
    for (n, some) in texts.chunks(500).enumerate() {
        write(db, &source, &document(&source, &n.to_string(), some)).await;
    }
    let new = area
        .chunks_without_vector(MODEL, ChunkId(0), 1_000_000)
        .await
        .unwrap();
    let vectors: Vec<_> = new[before..]
        .iter()
        .map(|changed| (changed.id, vector(changed.id.0)))
        .collect();
    assert_eq!(area.record_vectors(MODEL, &vectors).await, Ok(chunks as u64));
    (source, vectors)
}

async fn nearest(db: &TestDatabase, question: &[f32], allowed: Option<&[SourceTag]>) -> Vec<ChunkId> {
    let wanted = Nearby {
        model: MODEL,
        vector: question,
        k: 20,
        allowed,
    };
    let found = db.store.knowledge().nearest(&wanted).await.unwrap();
    assert!(found.windows(2).all(|two| two[0].1 >= two[1].1), "{found:?}");
    found.into_iter().map(|(chunk, _)| chunk).collect()
}

fn truly(question: &[f32], vectors: &[(ChunkId, Vec<f32>)]) -> Vec<ChunkId> {
    exactly(question, vectors, 20)
        .iter()
        .map(|near| near.chunk)
        .collect()
}

/// How many are in both.
fn shared(one: &[ChunkId], other: &[ChunkId]) -> usize {
    one.iter().filter(|chunk| other.contains(chunk)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_index_finds_nearly_all_that_is_near_and_follows_what_changes() {
    let Some(db) = with_pgvector().await else { return };
    let area = db.store.knowledge();
    let (source, mut vectors) = filled(&db, "/docs", 3_000).await;
    let mut found = 0;
    for seed in 1..=50 {
        let question = vector(100_000 + seed);
        let truly = truly(&question, &vectors);
        let near = nearest(&db, &question, None).await;
        assert_eq!(near.len(), 20);
        found += shared(&near, &truly);
    }
    assert!(found >= 980, "{found} of 1000");

    let changed = vectors[7].0;
    let question = vector(7_777);
    area.record_vectors(MODEL, &[(changed, question.clone())])
        .await
        .unwrap();
    assert_eq!(nearest(&db, &question, None).await[0], changed);
    vectors[7].1.clone_from(&question);
    write(&db, &source, &document(&source, "0", &["only this is left"])).await;
    assert!(
        !nearest(&db, &question, None).await.contains(&changed),
        "it is gone"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_allowed_is_found_among_much_that_is_not() {
    let Some(db) = with_pgvector().await else { return };
    filled(&db, "/large", 4_000).await;
    let (small, of_small) = filled(&db, "/small", 30).await;
    for seed in 1..=10 {
        let question = vector(200_000 + seed);
        let near = nearest(&db, &question, Some(&[small.tag])).await;
        assert_eq!(shared(&near, &truly(&question, &of_small)), 20);
    }
    assert_eq!(nearest(&db, &vector(1), Some(&[])).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vectors_from_before_are_taken_in_and_an_index_goes_with_its_model() {
    let Some(db) = TestDatabase::postgres().await else {
        return;
    };
    let area = db.store.knowledge();
    let (_, vectors) = filled(&db, "/docs", 2_500).await;
    assert!(matches!(area.nearest_by(MODEL).await, Ok(NearestBy::Memory(_))));
    if area.prepare_nearest(MODEL, DIMENSIONS).await.unwrap() != NearestBy::Index {
        return;
    }
    assert_eq!(area.nearest_by(MODEL).await, Ok(NearestBy::Index));
    let question = vector(300_000);
    let near = nearest(&db, &question, None).await;
    assert!(shared(&near, &truly(&question, &vectors)) >= 18, "{near:?}");

    let others: Vec<_> = vectors
        .iter()
        .map(|(chunk, _)| (*chunk, vec![1.0_f32; 3]))
        .collect();
    area.record_vectors("next@1", &others).await.unwrap();
    assert_eq!(
        area.has_nearest("next@1").await,
        Ok(false),
        "not before it was prepared"
    );
    assert_eq!(area.prepare_nearest("next@1", 3).await, Ok(NearestBy::Index));
    assert_eq!(area.has_nearest(MODEL).await, Ok(true), "it answers still");
    area.forget_other_models("next@1").await.unwrap();
    assert_eq!(nearest(&db, &question, None).await, []);
    area.prepare_nearest("next@1", 3).await.unwrap();
    assert_eq!(area.has_nearest(MODEL).await, Ok(false));
    let left = ModelCount {
        model: "next@1".to_owned(),
        chunks: 2_500,
    };
    assert_eq!(area.list_models().await.unwrap(), [left]);
    assert_eq!(area.count_vectors("next@1").await, Ok(2_500));
}

#[tokio::test]
async fn sqlite_says_that_it_has_no_index() {
    let db = TestDatabase::sqlite().await;
    let area = db.store.knowledge();
    let said = Ok(NearestBy::Memory("SQLite has no index for it".to_owned()));
    assert_eq!(area.prepare_nearest(MODEL, DIMENSIONS).await, said);
    assert_eq!(area.nearest_by(MODEL).await, said);
    assert_eq!(area.has_nearest(MODEL).await, Ok(false));
}
