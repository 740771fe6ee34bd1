//! Purpose: documents are written only where something changed, and what goes is gone everywhere.

use std::collections::BTreeSet;

use em_domain::id::SourceId;
use em_domain::knowledge::query::terms;
use em_domain::knowledge::{Chunk, ChunkId, Document, NewSource, Source, SourceKind, SourceTag, Visibility};
use em_storage::testing::TestDatabase;
use em_storage::{
    Added, Embedded, ModelCount, NewDocument, Removed, StoreError, Upserted, VectorCursor, both_engines,
};
use ulid::Ulid;

use crate::support::at;

both_engines!(
    a_source_is_added_once_for_the_same_people,
    a_source_can_be_for_other_people_from_now_on,
    how_a_reading_ended_is_kept_until_the_next,
    a_document_that_is_the_same_writes_nothing,
    a_changed_document_keeps_the_chunks_that_are_the_same_and_their_vectors,
    a_new_title_makes_every_chunk_new,
    what_only_describes_a_document_changes_without_touching_its_chunks,
    a_removed_document_is_found_no_more,
    a_removed_source_leaves_nothing_behind,
    an_interrupted_removal_is_finished_by_tidying,
    nothing_is_written_for_a_source_that_is_gone,
    vectors_are_read_in_the_order_of_writing_and_later_only_what_is_new,
    chunks_without_a_vector_are_listed_until_they_have_one,
    a_vector_of_a_chunk_that_went_is_not_kept,
    another_models_vectors_are_forgotten,
    text_that_no_engine_keeps_is_kept_nearly,
    a_document_with_too_few_vectors_is_refused,
    many_documents_go_in_at_once,
    of_replicas_that_write_at_once_each_chunk_has_a_number_of_its_own,
);

pub(crate) fn place(location: &str, visibility: Visibility) -> NewSource {
    NewSource {
        id: SourceId::new(Ulid::new()),
        kind: SourceKind::Folder,
        location: location.to_owned(),
        visibility,
        added_by: Some("U1".into()),
        added_at: at(0),
    }
}

pub(crate) async fn source(db: &TestDatabase, location: &str) -> Source {
    let new = place(location, Visibility::Everyone);
    let added = db.store.knowledge().insert_source(&new).await.unwrap();
    added.source().clone()
}

pub(crate) fn document(source: &Source, name: &str, texts: &[&str]) -> NewDocument {
    let chunk = |(ordinal, text): (u32, &&str)| Chunk {
        ordinal,
        heading: vec!["Guide".to_owned()],
        text: (*text).to_owned(),
    };
    NewDocument {
        document: Document {
            source: source.added.id.clone(),
            external_id: name.to_owned(),
            title: format!("Title of {name}"),
            url: Some(format!("https://docs.example/{name}")),
            author: Some("ana".to_owned()),
            owners: vec!["team-a".to_owned()],
            changed_at: Some(at(5)),
            digest: texts.join("|"),
        },
        chunks: (0..).zip(texts).map(chunk).collect(),
        embedded: None,
    }
}

pub(crate) async fn write(db: &TestDatabase, source: &Source, new: &NewDocument) -> Upserted {
    let id = &source.added.id;
    db.store
        .knowledge()
        .upsert_document(id, new, at(10))
        .await
        .unwrap()
}

/// The texts that are found for `question` in `sources`, the best first.
pub(crate) async fn find(db: &TestDatabase, question: &str, sources: &[&Source]) -> Vec<String> {
    let tags: Vec<SourceTag> = sources.iter().map(|source| source.tag).collect();
    let area = db.store.knowledge();
    let hits = area.lexical(&terms(question), Some(&tags), 10).await.unwrap();
    let ids: Vec<ChunkId> = hits.iter().map(|hit| hit.chunk).collect();
    let passages = area.passages(&ids).await.unwrap();
    assert_eq!(passages.len(), ids.len());
    passages.into_iter().map(|passage| passage.chunk.text).collect()
}

/// The chunks of `model` that have vectors, with the first number of each vector.
async fn vectors(db: &TestDatabase, model: &str) -> Vec<(ChunkId, f32)> {
    let area = db.store.knowledge();
    let read = area.vectors(model, VectorCursor::default(), 100).await.unwrap();
    let mut read: Vec<(ChunkId, f32)> = read.iter().map(|row| (row.chunk, row.vector[0])).collect();
    read.sort_by_key(|(chunk, _)| *chunk);
    read
}

fn upserted(new: u64, changed: u64, unchanged: u64, new_chunks: u64, removed_chunks: u64) -> Upserted {
    Upserted {
        new,
        changed,
        unchanged,
        new_chunks,
        removed_chunks,
    }
}

async fn a_source_is_added_once_for_the_same_people(db: TestDatabase) {
    let area = db.store.knowledge();
    let open = place("/docs", Visibility::Everyone);
    let Added::New(first) = area.insert_source(&open).await.unwrap() else {
        panic!("it is new");
    };
    assert_eq!(first.added, open);
    let again = place("/docs", Visibility::Everyone);
    assert_eq!(
        area.insert_source(&again).await.unwrap(),
        Added::Existing(first.clone())
    );
    let mine = place("/docs", Visibility::People(BTreeSet::from(["U1".into()])));
    let Added::New(second) = area.insert_source(&mine).await.unwrap() else {
        panic!("it is for other people");
    };
    assert_ne!(first.tag, second.tag);
    assert_eq!(area.find_source(&mine.id).await.unwrap().as_ref(), Some(&*second));
    assert_eq!(area.list_sources().await.unwrap(), [*first, *second]);
}

async fn a_source_can_be_for_other_people_from_now_on(db: TestDatabase) {
    let open = source(&db, "C1").await;
    let members = Visibility::Channels(BTreeSet::from(["C1".into()]));
    let knowledge = db.store.knowledge();
    assert!(knowledge.set_visibility(&open.added.id, &members).await.unwrap());
    let found = knowledge.find_source(&open.added.id).await.unwrap().unwrap();
    assert_eq!(found.added.visibility, members);
    let nobody = SourceId::new(Ulid::new());
    assert!(!knowledge.set_visibility(&nobody, &members).await.unwrap());
}

async fn how_a_reading_ended_is_kept_until_the_next(db: TestDatabase) {
    let area = db.store.knowledge();
    let source = source(&db, "/docs").await;
    let state = async || area.find_source(&source.added.id).await.unwrap().unwrap().state;
    assert!(
        area.record_indexed(&source.added.id, Ok(()), at(1))
            .await
            .unwrap()
    );
    assert_eq!(
        (state().await.indexed_at, state().await.last_error),
        (Some(at(1)), None)
    );
    let failed = Err("the folder is not there");
    assert!(
        area.record_indexed(&source.added.id, failed, at(2))
            .await
            .unwrap()
    );
    assert_eq!(state().await.indexed_at, Some(at(1)));
    assert_eq!(
        state().await.last_error.as_deref(),
        Some("the folder is not there")
    );
    assert!(
        area.record_indexed(&source.added.id, Ok(()), at(3))
            .await
            .unwrap()
    );
    assert_eq!(
        (state().await.indexed_at, state().await.last_error),
        (Some(at(3)), None)
    );
    let nobody = SourceId::new(Ulid::new());
    assert!(!area.record_indexed(&nobody, Ok(()), at(3)).await.unwrap());
}

async fn a_document_that_is_the_same_writes_nothing(db: TestDatabase) {
    let area = db.store.knowledge();
    let source = source(&db, "/docs").await;
    let new = document(&source, "a.md", &["how to roll back", "how to deploy"]);
    assert_eq!(write(&db, &source, &new).await, upserted(1, 0, 0, 2, 0));
    let version = area.version().await.unwrap();
    assert_eq!(write(&db, &source, &new).await, upserted(0, 0, 1, 0, 0));
    assert_eq!(area.version().await.unwrap(), version);
    let digests = area.list_digests(&source.added.id).await.unwrap();
    assert_eq!(digests["a.md"].digest, "how to roll back|how to deploy");
    assert_eq!(digests["a.md"].changed_at, Some(at(5)));
    let state = area.find_source(&source.added.id).await.unwrap().unwrap().state;
    assert_eq!((state.documents, state.chunks), (1, 2));
}

async fn a_changed_document_keeps_the_chunks_that_are_the_same_and_their_vectors(db: TestDatabase) {
    let source = source(&db, "/docs").await;
    let mut new = document(&source, "a.md", &["alpha", "beta", "beta", "gamma"]);
    new.embedded = Some(Embedded {
        model: "m".to_owned(),
        vectors: (1..=4_u8).map(|n| vec![f32::from(n), 0.5]).collect(),
    });
    write(&db, &source, &new).await;
    let before = vectors(&db, "m").await;
    assert_eq!(
        before.iter().map(|(_, n)| *n).collect::<Vec<_>>(),
        [1.0, 2.0, 3.0, 4.0]
    );

    let new = document(&source, "a.md", &["delta", "alpha", "beta"]);
    assert_eq!(write(&db, &source, &new).await, upserted(0, 1, 0, 1, 2));
    let kept = vectors(&db, "m").await;
    assert_eq!(kept, before[..2]);
    let ids: Vec<ChunkId> = kept.iter().map(|(id, _)| *id).collect();
    let passages = db.store.knowledge().passages(&ids).await.unwrap();
    let places: Vec<(&str, u32)> = passages
        .iter()
        .map(|passage| (passage.chunk.text.as_str(), passage.chunk.ordinal))
        .collect();
    assert_eq!(places, [("alpha", 1), ("beta", 2)]);
    assert_eq!(find(&db, "delta", &[&source]).await, ["delta"]);
    assert!(find(&db, "gamma", &[&source]).await.is_empty());
    let state = db.store.knowledge().list_sources().await.unwrap()[0]
        .state
        .clone();
    assert_eq!((state.documents, state.chunks), (1, 3));
}

async fn a_new_title_makes_every_chunk_new(db: TestDatabase) {
    let source = source(&db, "/docs").await;
    let mut new = document(&source, "a.md", &["alpha", "beta"]);
    write(&db, &source, &new).await;
    "Zebras".clone_into(&mut new.document.title);
    assert_eq!(write(&db, &source, &new).await, upserted(0, 1, 0, 2, 2));
    assert_eq!(find(&db, "zebra", &[&source]).await.len(), 2);
    assert!(find(&db, "title", &[&source]).await.is_empty());
}

async fn what_only_describes_a_document_changes_without_touching_its_chunks(db: TestDatabase) {
    let source = source(&db, "/docs").await;
    let mut new = document(&source, "a.md", &["alpha"]);
    write(&db, &source, &new).await;
    new.document.owners = vec!["team-b".to_owned()];
    new.document.url = None;
    assert_eq!(write(&db, &source, &new).await, upserted(0, 1, 0, 0, 0));
    let area = db.store.knowledge();
    let hits = area
        .lexical(&terms("alpha"), Some(&[source.tag]), 5)
        .await
        .unwrap();
    let passages = area.passages(&[hits[0].chunk]).await.unwrap();
    assert_eq!(passages[0].document, new.document);
    assert_eq!(passages[0].chunk, new.chunks[0]);
}

async fn a_removed_document_is_found_no_more(db: TestDatabase) {
    let area = db.store.knowledge();
    let source = source(&db, "/docs").await;
    for name in ["a.md", "b.md"] {
        write(&db, &source, &document(&source, name, &["alpha", name])).await;
    }
    let version = area.version().await.unwrap();
    let hits = area
        .lexical(&terms("b.md"), Some(&[source.tag]), 1)
        .await
        .unwrap();
    let removed = area
        .remove_documents(&source.added.id, &["a.md", "never.md"])
        .await;
    assert_eq!(removed, Ok(1));
    assert_eq!(find(&db, "alpha", &[&source]).await, ["alpha"]);
    let Removed::Chunks(gone) = area.removed(version).await.unwrap() else {
        panic!("it is known");
    };
    assert_eq!(gone.len(), 2);
    assert!(!gone.contains(&hits[0].chunk));
    assert_eq!(area.passages(&gone).await.unwrap(), []);
    let digests = area.list_digests(&source.added.id).await.unwrap();
    assert_eq!(digests.keys().collect::<Vec<_>>(), ["b.md"]);
}

/// The rows of each table that holds something of documents.
async fn leftovers(db: &TestDatabase, source: &Source) -> (usize, usize, i64) {
    let area = db.store.knowledge();
    let found = find(db, "alpha", &[source]).await.len();
    let models = area.list_models().await.unwrap();
    let digests = area.list_digests(&source.added.id).await.unwrap();
    (
        found,
        digests.len(),
        models.iter().map(|model| model.chunks).sum(),
    )
}

async fn a_removed_source_leaves_nothing_behind(db: TestDatabase) {
    let area = db.store.knowledge();
    let (mine, other) = (source(&db, "/mine").await, source(&db, "/other").await);
    for source in [&mine, &other] {
        let mut new = document(source, "a.md", &["alpha"]);
        new.embedded = Some(Embedded {
            model: "m".to_owned(),
            vectors: vec![vec![1.0]],
        });
        write(&db, source, &new).await;
    }
    assert!(area.remove_source(&mine.added.id).await.unwrap());
    assert!(!area.remove_source(&mine.added.id).await.unwrap());
    assert_eq!(leftovers(&db, &mine).await, (0, 0, 1));
    assert_eq!(leftovers(&db, &other).await, (1, 1, 1));
    let next = source(&db, "/mine").await;
    assert!(next.tag > other.tag, "a tag is never given again");
}

async fn an_interrupted_removal_is_finished_by_tidying(db: TestDatabase) {
    let area = db.store.knowledge();
    let source = source(&db, "/docs").await;
    write(&db, &source, &document(&source, "a.md", &["alpha"])).await;
    db.execute("DELETE FROM knowledge_sources").await.unwrap();
    let hits = area
        .lexical(&terms("alpha"), Some(&[source.tag]), 5)
        .await
        .unwrap();
    assert_eq!(hits.len(), 1, "its words are still there");
    area.tidy().await.unwrap();
    assert_eq!(leftovers(&db, &source).await, (0, 0, 0));
    assert_eq!(area.remove_orphans().await, Ok(0));
}

async fn nothing_is_written_for_a_source_that_is_gone(db: TestDatabase) {
    let area = db.store.knowledge();
    let source = source(&db, "/docs").await;
    area.remove_source(&source.added.id).await.unwrap();
    let new = document(&source, "a.md", &["alpha"]);
    let refused = area.upsert_document(&source.added.id, &new, at(10)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
}

async fn vectors_are_read_in_the_order_of_writing_and_later_only_what_is_new(db: TestDatabase) {
    let area = db.store.knowledge();
    let source = source(&db, "/docs").await;
    write(&db, &source, &document(&source, "a.md", &["a", "b", "c"])).await;
    let ids: Vec<ChunkId> = area
        .chunks_without_vector("m", ChunkId(0), 10)
        .await
        .unwrap()
        .iter()
        .map(|chunk| chunk.id)
        .collect();
    let all: Vec<(ChunkId, Vec<f32>)> = ids.iter().map(|id| (*id, vec![0.25, -1.5e-7])).collect();
    assert_eq!(area.record_vectors("m", &all).await, Ok(3));
    let mut cursor = VectorCursor::default();
    let mut read = Vec::new();
    loop {
        let page = area.vectors("m", cursor, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        cursor = last.cursor;
        read.extend(page.into_iter().map(|row| (row.chunk, row.vector)));
    }
    assert_eq!(read, all);
    let mut some = area
        .list_vectors("m", &[ids[2], ids[0], ChunkId(77)])
        .await
        .unwrap();
    some.sort_by_key(|(chunk, _)| *chunk);
    assert_eq!(some, [all[0].clone(), all[2].clone()]);
    assert_eq!(area.record_vectors("m", &[(ids[0], vec![2.0, 2.0])]).await, Ok(1));
    let changed = area.vectors("m", cursor, 10).await.unwrap();
    assert_eq!(changed.len(), 1);
    assert_eq!((changed[0].chunk, changed[0].source), (ids[0], source.tag));
    assert_eq!(changed[0].vector, [2.0, 2.0]);
}

async fn chunks_without_a_vector_are_listed_until_they_have_one(db: TestDatabase) {
    let area = db.store.knowledge();
    let source = source(&db, "/docs").await;
    write(&db, &source, &document(&source, "a.md", &["a", "b", "c"])).await;
    let first = area.chunks_without_vector("m", ChunkId(0), 2).await.unwrap();
    let texts: Vec<&str> = first.iter().map(|chunk| chunk.chunk.text.as_str()).collect();
    assert_eq!(
        (texts, first[0].title.as_str()),
        (vec!["a", "b"], "Title of a.md")
    );
    let rest = area.chunks_without_vector("m", first[1].id, 10).await.unwrap();
    assert_eq!(rest.len(), 1);
    area.record_vectors("m", &[(first[0].id, vec![1.0])])
        .await
        .unwrap();
    assert_eq!(
        area.chunks_without_vector("m", ChunkId(0), 10)
            .await
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        area.chunks_without_vector("n", ChunkId(0), 10)
            .await
            .unwrap()
            .len(),
        3
    );
}

async fn a_vector_of_a_chunk_that_went_is_not_kept(db: TestDatabase) {
    let area = db.store.knowledge();
    let gone = ChunkId(77);
    assert_eq!(area.record_vectors("m", &[(gone, vec![1.0])]).await, Ok(0));
    assert_eq!(area.list_models().await.unwrap(), []);
}

async fn another_models_vectors_are_forgotten(db: TestDatabase) {
    let area = db.store.knowledge();
    let source = source(&db, "/docs").await;
    write(&db, &source, &document(&source, "a.md", &["a"])).await;
    let chunk = area.chunks_without_vector("m", ChunkId(0), 1).await.unwrap()[0].id;
    for model in ["m", "n"] {
        area.record_vectors(model, &[(chunk, vec![1.0])]).await.unwrap();
    }
    assert_eq!(area.forget_other_models("n").await, Ok(1));
    let left = ModelCount {
        model: "n".to_owned(),
        chunks: 1,
    };
    assert_eq!(area.list_models().await.unwrap(), [left]);
}

async fn text_that_no_engine_keeps_is_kept_nearly(db: TestDatabase) {
    let source = source(&db, "/docs").await;
    let mut new = document(
        &source,
        "a.md",
        &["nul \0 alpha \u{1f600} \"quotes\" 'and' \\ more"],
    );
    new.chunks[0].heading = vec!["nul \0".to_owned()];
    new.document.owners = vec!["\0".to_owned()];
    write(&db, &source, &new).await;
    let found = find(&db, "alpha", &[&source]).await;
    assert_eq!(found, ["nul \u{fffd} alpha \u{1f600} \"quotes\" 'and' \\ more"]);
}

async fn a_document_with_too_few_vectors_is_refused(db: TestDatabase) {
    let source = source(&db, "/docs").await;
    let mut new = document(&source, "a.md", &["a", "b"]);
    new.embedded = Some(Embedded {
        model: "m".to_owned(),
        vectors: vec![vec![1.0]],
    });
    let area = db.store.knowledge();
    let refused = area.upsert_document(&source.added.id, &new, at(10)).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    assert_eq!(leftovers(&db, &source).await, (0, 0, 0));
}

async fn many_documents_go_in_at_once(db: TestDatabase) {
    let area = db.store.knowledge();
    let source = source(&db, "/docs").await;
    let texts: Vec<String> = (0..700).map(|n| format!("number{n} common")).collect();
    let mut all: Vec<NewDocument> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| document(&source, &format!("{n}.md"), &[text, text, "same", "same"]))
        .collect();
    let twice = document(&source, "0.md", &["the later one"]);
    all.push(twice);
    let done = area
        .upsert_documents(&source.added.id, &all, at(10))
        .await
        .unwrap();
    assert_eq!(done, upserted(700, 1, 0, 2_801, 4));
    assert_eq!(find(&db, "number699", &[&source]).await.len(), 2);
    assert_eq!(find(&db, "number0", &[&source]).await.len(), 0);
    let again = area
        .upsert_documents(&source.added.id, &all[1..700], at(10))
        .await
        .unwrap();
    assert_eq!(again, upserted(0, 0, 699, 0, 0));
    let names: Vec<String> = (0..700).map(|n| format!("{n}.md")).collect();
    assert_eq!(area.remove_documents(&source.added.id, &names).await, Ok(700));
    let state = area.list_sources().await.unwrap()[0].state.clone();
    assert_eq!((state.documents, state.chunks), (0, 0));
}

async fn of_replicas_that_write_at_once_each_chunk_has_a_number_of_its_own(db: TestDatabase) {
    let source = source(&db, "/docs").await;
    let replica = db.replica().await;
    let write = async |store: &em_storage::Store, from: u32| {
        for n in from..from + 10 {
            let new = document(&source, &format!("{n}.md"), &["alpha", "beta"]);
            let id = &source.added.id;
            store.knowledge().upsert_document(id, &new, at(10)).await.unwrap();
        }
    };
    tokio::join!(write(&db.store, 0), write(&replica, 5));
    let state = db.store.knowledge().list_sources().await.unwrap()[0]
        .state
        .clone();
    assert_eq!((state.documents, state.chunks), (15, 30));
    let chunks = db
        .store
        .knowledge()
        .chunks_without_vector("m", ChunkId(0), 100)
        .await
        .unwrap();
    assert_eq!(chunks.len(), 30);
}
