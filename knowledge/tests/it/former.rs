//! After a change of model: the former one answers while the passages get their new meanings, if it can be found.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use em_domain::id::SourceId;
use em_domain::knowledge::{Audience, Chunk, ChunkId, Document, NewSource, SourceKind, Visibility};
use em_knowledge::{
    Embedder, FindModel, KnowledgeError, Library, LocalEmbedder, Model, ModelSettings, Progress, Vector,
};
use em_storage::testing::TestDatabase;
use em_storage::{NearestBy, NewDocument, both_engines};
use futures::future::BoxFuture;

both_engines!(
    the_former_model_answers_until_nearly_all_passages_mean_something_to_the_new_one,
    without_the_former_model_it_is_said_what_is_found_by_words_only,
    old_meanings_are_forgotten_only_when_there_are_new_ones_of_all,
    the_same_is_found_wherever_meanings_are_compared,
);

/// Passages of the library.
const PASSAGES: usize = 40;
/// Words that mean something to [`Counting`], a direction each.
const WORDS: usize = 50;

/// A model to which only the numbers in a text mean anything. Counts its questions.
struct Counting {
    name: &'static str,
    asked: AtomicUsize,
}

impl Counting {
    fn new(name: &'static str) -> Arc<Self> {
        let asked = AtomicUsize::new(0);
        Arc::new(Self { name, asked })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

fn meaning(text: &str) -> Vector {
    let mut vector = vec![0.01; WORDS];
    let numbers = text.split(|letter: char| !letter.is_ascii_digit());
    for number in numbers.filter_map(|number| number.parse::<usize>().ok()) {
        vector[number % WORDS] = 1.0;
    }
    vector
}

impl Embedder for Counting {
    fn embed_queries<'a>(
        &'a self,
        texts: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Vector>, KnowledgeError>> {
        self.asked.fetch_add(texts.len(), Ordering::Relaxed);
        Box::pin(async { Ok(texts.iter().map(|text| meaning(text)).collect()) })
    }

    fn embed_passages<'a>(
        &'a self,
        texts: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Vector>, KnowledgeError>> {
        Box::pin(async { Ok(texts.iter().map(|text| meaning(text)).collect()) })
    }

    fn dimensions(&self) -> usize {
        WORDS
    }

    fn name(&self) -> &str {
        self.name
    }
}

fn now() -> DateTime<Utc> {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

/// A document of one passage, which says its number.
fn document(source: &SourceId, number: usize) -> NewDocument {
    NewDocument {
        document: Document {
            source: source.clone(),
            external_id: number.to_string(),
            title: "Numbers".to_owned(),
            url: None,
            author: None,
            owners: Vec::new(),
            changed_at: None,
            digest: number.to_string(),
        },
        chunks: vec![Chunk {
            ordinal: 0,
            heading: Vec::new(),
            text: format!("The number {number}"),
        }],
        embedded: None,
    }
}

/// A library whose passages all mean something to `model`.
async fn filled(db: &TestDatabase, model: &Arc<Counting>) {
    let new = NewSource {
        id: SourceId::parse("src_01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(),
        kind: SourceKind::Lines,
        location: "/numbers.jsonl".to_owned(),
        visibility: Visibility::Everyone,
        added_by: None,
        added_at: now(),
    };
    let area = db.store.knowledge();
    area.insert_source(&new).await.unwrap();
    let documents: Vec<NewDocument> = (0..PASSAGES).map(|number| document(&new.id, number)).collect();
    area.upsert_documents(&new.id, &documents, now()).await.unwrap();
    embed_all(&library(db, model)).await;
}

fn library(db: &TestDatabase, model: &Arc<Counting>) -> Library {
    Library::new(db.store.clone(), Ok(Arc::clone(model) as Arc<dyn Embedder>))
}

fn finder(former: &Arc<Counting>) -> FindModel {
    let former = Arc::clone(former);
    Arc::new(move |name| {
        let found = (name == former.name).then(|| Arc::clone(&former) as Arc<dyn Embedder>);
        Box::pin(async { found })
    })
}

async fn embed_all(library: &Library) {
    let mut progress = Progress::default();
    library.embed_missing(&mut progress, &|_| {}).await.unwrap();
    assert_eq!(progress.only_words, None);
}

/// Gives so many more passages their meaning by `model`.
async fn embed_some(db: &TestDatabase, model: &Arc<Counting>, count: i64) {
    let area = db.store.knowledge();
    let some = area
        .chunks_without_vector(model.name, ChunkId(0), count)
        .await
        .unwrap();
    let vectors: Vec<(ChunkId, Vector)> = some
        .iter()
        .map(|changed| (changed.id, meaning(&changed.chunk.text)))
        .collect();
    area.record_vectors(model.name, &vectors).await.unwrap();
}

/// What is said about words, and whether the passage with this number was found by its meaning.
async fn asked(library: &Library, number: usize) -> (Option<String>, bool) {
    let question = format!("{number}");
    let found = library.search(&question, &Audience::Operator, 5).await.unwrap();
    let named = |passage: &&em_domain::knowledge::Passage| passage.document.external_id == question;
    let passage = found.passages.iter().find(named);
    let by_meaning =
        passage.is_some_and(|passage| passage.standing.cosine.is_some_and(|cosine| cosine > 0.5));
    (found.only_words, by_meaning)
}

async fn the_former_model_answers_until_nearly_all_passages_mean_something_to_the_new_one(db: TestDatabase) {
    let (old, new) = (Counting::new("old@1"), Counting::new("new@2"));
    filled(&db, &old).await;
    let library = library(&db, &new).with_former(finder(&old));
    assert_eq!(asked(&library, 39).await, (None, true));
    assert_eq!((old.asked(), new.asked()), (1, 0));

    embed_some(&db, &new, 30).await;
    assert_eq!(
        asked(&library, 38).await,
        (None, true),
        "30 of 40 are not nearly all"
    );
    assert_eq!((old.asked(), new.asked()), (2, 0));

    embed_some(&db, &new, 8).await;
    assert_eq!(asked(&library, 1).await, (None, true));
    assert_eq!((old.asked(), new.asked()), (2, 1), "38 of 40 are");
    embed_all(&library).await;
    assert_eq!(library.forget_former_models().await.unwrap(), 40);
    assert_eq!(asked(&library, 37).await, (None, true));
    assert_eq!((old.asked(), new.asked()), (2, 2));
}

async fn without_the_former_model_it_is_said_what_is_found_by_words_only(db: TestDatabase) {
    let (old, new) = (Counting::new("old@1"), Counting::new("new@2"));
    filled(&db, &old).await;
    // What is found has another name: the folder was overwritten.
    let library = library(&db, &new).with_former(finder(&Counting::new("old@3")));
    embed_some(&db, &new, 10).await;
    let remark = || Some("30 of 40 passages, whose meaning is not worked out yet".to_owned());
    assert_eq!(asked(&library, 1).await, (remark(), true));
    assert_eq!(asked(&library, 30).await, (remark(), false));
    let found = library.search("30", &Audience::Operator, 5).await.unwrap();
    let named = found
        .passages
        .iter()
        .find(|passage| passage.document.external_id == "30");
    assert_eq!(
        named.unwrap().standing.lexical_rank,
        Some(1),
        "it is found by its words"
    );
    embed_all(&library).await;
    assert_eq!(asked(&library, 30).await, (None, true));
}

async fn old_meanings_are_forgotten_only_when_there_are_new_ones_of_all(db: TestDatabase) {
    let (old, new) = (Counting::new("old@1"), Counting::new("new@2"));
    filled(&db, &old).await;
    embed_some(&db, &new, 39).await;
    let library = library(&db, &new);
    assert_eq!(library.forget_former_models().await.unwrap(), 0);
    embed_all(&library).await;
    let version = db.store.knowledge().version().await.unwrap();
    assert_eq!(library.forget_former_models().await.unwrap(), 40);
    assert_eq!(library.forget_former_models().await.unwrap(), 0);
    let models = db.store.knowledge().list_models().await.unwrap();
    assert_eq!(models.len(), 1);
    assert_eq!(models[0].model, "new@2");
    let after = db.store.knowledge().version().await.unwrap();
    assert_eq!(
        after,
        version + 1,
        "where there is nothing to forget, nothing is written"
    );
}

async fn the_same_is_found_wherever_meanings_are_compared(db: TestDatabase) {
    let (old, new) = (Counting::new("old@1"), Counting::new("new@2"));
    filled(&db, &old).await;
    let before = library(&db, &old);
    assert!(matches!(
        before.nearest_by().await,
        Ok(Some(NearestBy::Memory(_)))
    ));
    assert_eq!(asked(&before, 7).await, (None, true));
    // From here on PostgreSQL does it, if it has pgvector.
    before.tidy().await.unwrap();
    let by = before.nearest_by().await.unwrap().unwrap();
    assert_eq!(
        db.store.knowledge().has_nearest("old@1").await,
        Ok(by == NearestBy::Index)
    );
    for number in [7, 0, 39] {
        assert_eq!(asked(&before, number).await, (None, true));
    }
    let after = library(&db, &new).with_former(finder(&old));
    embed_some(&db, &new, 20).await;
    assert_eq!(
        asked(&after, 39).await,
        (None, true),
        "the former one by the same way"
    );
    embed_all(&after).await;
    after.tidy().await.unwrap();
    after.forget_former_models().await.unwrap();
    assert_eq!(asked(&after, 8).await, (None, true));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test]
async fn a_former_model_is_found_by_its_files_where_models_are_or_beside_the_configured_one() {
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/tiny");
    let folder = tempfile::tempdir().unwrap();
    let (data, own) = (folder.path().join("data"), folder.path().join("own"));
    copy(&tiny, &data.join("models/first"));
    copy(&tiny, &own.join("second"));
    copy(&tiny, &own.join("third"));
    let name = |folder: &Path| Model::in_folder(folder).unwrap().name;
    let find = LocalEmbedder::finder(ModelSettings {
        model_dir: Some(own.join("third")),
        data_dir: data.clone(),
        ..ModelSettings::default()
    });
    for place in [data.join("models/first"), own.join("second")] {
        let name = name(&place);
        let found = find(name.clone()).await.unwrap();
        assert_eq!(found.name(), name);
        assert_eq!(found.embed_queries(&["x".to_owned()]).await.unwrap().len(), 1);
    }
    let before = name(&own.join("second"));
    let tokenizer = own.join("second/tokenizer.json");
    let text = std::fs::read_to_string(&tokenizer).unwrap();
    std::fs::write(&tokenizer, format!("{text} ")).unwrap();
    assert!(find(before).await.is_none(), "other files are another model");
    assert!(find("fourth@0a1b2c3d4e5f".to_owned()).await.is_none());
    assert!(find("nameless".to_owned()).await.is_none());
}
