//! Vectors by the tiny model, which knows no language, and by the one that is shipped.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use em_knowledge::{Backend, Embedder, KnowledgeError, LocalEmbedder, Model, ModelSettings, Vector};

fn tiny_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/tiny")
}

fn tiny() -> LocalEmbedder {
    LocalEmbedder::new(Model::in_folder(&tiny_folder()).unwrap(), None)
}

fn shipped() -> LocalEmbedder {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/all-MiniLM-L6-v2");
    LocalEmbedder::new(Model::in_folder(&folder).unwrap(), None)
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn cosine(a: &Vector, b: &Vector) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn assert_same(a: &Vector, b: &Vector) {
    let cosine = cosine(a, b);
    assert!(cosine > 0.999_99, "cosine {cosine}");
}

#[tokio::test]
async fn nothing_is_loaded_before_the_first_text() {
    let embedder = tiny();
    assert_eq!(embedder.backend(), None);
    assert_eq!(embedder.embed_passages(&[]).await.unwrap(), Vec::<Vector>::new());
    assert_eq!(embedder.backend(), None);

    embedder.embed_queries(&texts(&["who is on call"])).await.unwrap();

    assert!(embedder.backend().is_some());
}

#[tokio::test]
async fn a_vector_has_length_one_whatever_the_text() {
    let embedder = tiny();
    let long = "deploy ".repeat(5_000 / 7);
    let odd = texts(&[
        "",
        " \n\t",
        "🚀🚀 déploiement",
        "リリースを元に戻す",
        "\u{0}\u{202e}\u{fffd}",
        "x",
        &long,
    ]);

    let vectors = embedder.embed_passages(&odd).await.unwrap();

    assert_eq!(vectors.len(), odd.len());
    for (vector, text) in vectors.iter().zip(&odd) {
        assert_eq!(vector.len(), embedder.dimensions());
        let length = cosine(vector, vector).sqrt();
        assert!((length - 1.0).abs() < 1e-4, "{length} for {text:?}");
    }
}

#[tokio::test]
async fn the_same_text_has_the_same_vector_in_another_process_batch_and_role() {
    let (one, other) = (tiny(), tiny().with_batch(3));
    let many = texts(&[
        "roll back",
        "order lunch for the team",
        "a",
        "who is on call this week",
        "on call",
    ]);

    let alone = one.embed_queries(&many[3..4]).await.unwrap();
    let again = other.embed_queries(&many[3..4]).await.unwrap();
    let among = other.embed_passages(&many).await.unwrap();

    assert_eq!(alone, again);
    assert_same(&alone[0], &among[3]);
}

#[tokio::test]
async fn vectors_come_in_the_order_of_their_texts() {
    let embedder = tiny().with_batch(2);
    let many: Vec<String> = (0..9)
        .map(|at| format!("{} deploy number {at}", "release ".repeat((at * 5) % 9)))
        .collect();

    let together = embedder.embed_passages(&many).await.unwrap();

    for (text, vector) in many.iter().zip(&together) {
        let alone = embedder.embed_passages(std::slice::from_ref(text)).await.unwrap();
        assert_same(&alone[0], vector);
    }
}

#[tokio::test]
async fn questions_and_passages_at_once_are_all_answered() {
    let embedder = tiny();
    let passages: Vec<String> = (0..40).map(|at| format!("release {at}")).collect();
    let question = texts(&["release 7"]);

    let (all, again, asked) = tokio::join!(
        embedder.embed_passages(&passages),
        embedder.embed_passages(&passages),
        embedder.embed_queries(&question),
    );

    let (all, asked) = (all.unwrap(), asked.unwrap());
    assert_eq!(all, again.unwrap());
    assert_same(&asked[0], &all[7]);
}

#[tokio::test]
async fn a_question_does_not_wait_for_all_passages() {
    let embedder = Arc::new(tiny().with_batch(1));
    embedder.load().await.unwrap();
    let busy: Vec<_> = (0..2)
        .map(|_| {
            let embedder = Arc::clone(&embedder);
            let passages: Vec<String> = (0..150).map(|at| format!("release {at}")).collect();
            tokio::spawn(async move { embedder.embed_passages(&passages).await.unwrap().len() })
        })
        .collect();
    tokio::task::yield_now().await;

    embedder.embed_queries(&texts(&["who is on call"])).await.unwrap();

    assert!(busy.iter().all(|caller| !caller.is_finished()));
    for caller in busy {
        assert_eq!(caller.await.unwrap(), 150);
    }
}

#[tokio::test]
async fn a_model_without_library_runs_in_pure_rust() {
    let embedder = tiny();
    let backend = embedder.load().await.unwrap();
    match backend {
        Backend::Tract => assert_eq!(backend.to_string(), "tract (pure Rust)"),
        // the machine has one
        Backend::OnnxRuntime { path } => assert!(path.to_string_lossy().contains("onnxruntime")),
    }
}

#[tokio::test]
async fn the_shipped_model_knows_what_texts_mean() {
    let embedder = shipped();
    let question = texts(&["how do I undo a deploy"]);
    let passages = texts(&["roll back a release", "order lunch"]);

    let asked = embedder.embed_queries(&question).await.unwrap();
    let found = embedder.embed_passages(&passages).await.unwrap();

    let (near, far) = (cosine(&asked[0], &found[0]), cosine(&asked[0], &found[1]));
    assert!(near > far + 0.2, "{near} {far}");
}

/// The tokenizer's own file cuts at 128 word pieces and fills up to 128; both would show here.
#[tokio::test]
async fn the_shipped_model_reads_256_word_pieces() {
    let embedder = shipped();
    let start = |words: usize| "the team meets on monday ".repeat(words / 5);
    let many = vec![
        start(200),
        start(200) + "and the database is on fire",
        start(260),
        start(260) + "and the database is on fire",
    ];

    let vectors = embedder.embed_passages(&many).await.unwrap();

    let within = cosine(&vectors[0], &vectors[1]);
    assert!(within < 0.99, "words 201 to 206 are read: {within}");
    assert_same(&vectors[2], &vectors[3]);
}

#[tokio::test]
async fn a_name_changes_with_the_weights_and_not_with_the_place() {
    let copy = tempfile::tempdir().unwrap();
    let folder = copy.path().join("tiny");
    copy_folder(&tiny_folder(), &folder);
    let there = Model::in_folder(&folder).unwrap();
    assert_eq!(there.name, tiny().name());
    assert!(there.name.starts_with("tiny@"), "{}", there.name);

    let mut weights = std::fs::read(folder.join("model.onnx")).unwrap();
    weights.push(0);
    std::fs::write(folder.join("model.onnx"), weights).unwrap();

    assert_ne!(Model::in_folder(&folder).unwrap().name, there.name);
}

#[tokio::test]
async fn what_is_missing_or_broken_is_named() {
    let copy = tempfile::tempdir().unwrap();
    let folder = copy.path().join("tiny");
    copy_folder(&tiny_folder(), &folder);
    let settings = ModelSettings {
        model_dir: Some(folder.clone()),
        ..ModelSettings::default()
    };

    std::fs::write(folder.join("model.onnx"), "no weights").unwrap();
    let broken = LocalEmbedder::open(settings.clone()).await.unwrap();
    let error = broken.embed_queries(&texts(&["x"])).await.unwrap_err();
    assert!(matches!(error, KnowledgeError::NotLoadable { .. }), "{error:?}");

    // It is looked at again, so that a repaired model is used without a restart.
    copy_folder(&tiny_folder(), &folder);
    broken.embed_queries(&texts(&["x"])).await.unwrap();

    std::fs::write(folder.join("config.json"), "{}").unwrap();
    let error = LocalEmbedder::open(settings.clone()).await.err().unwrap();
    assert!(error.to_string().contains("hidden_size"), "{error}");

    std::fs::remove_file(folder.join("tokenizer.json")).unwrap();
    let error = LocalEmbedder::open(settings).await.err().unwrap();
    assert_eq!(
        error,
        KnowledgeError::MissingFile {
            folder,
            file: "tokenizer.json"
        }
    );
}

#[tokio::test]
async fn a_model_in_the_data_folder_is_found() {
    let data = tempfile::tempdir().unwrap();
    let settings = ModelSettings {
        data_dir: data.path().to_owned(),
        ..ModelSettings::default()
    };
    let folder = data.path().join("models/all-MiniLM-L6-v2");
    copy_folder(&tiny_folder(), &folder);

    let found = LocalEmbedder::open(settings).await.unwrap();

    assert_eq!(found.model().folder, folder);
    assert_eq!(found.dimensions(), 384);
}

#[tokio::test]
async fn a_model_by_name_is_told_what_to_put_where() {
    let data = tempfile::tempdir().unwrap();
    let settings = ModelSettings {
        data_dir: data.path().to_owned(),
        name: Some("BAAI/bge-small-en-v1.5".to_owned()),
        ..ModelSettings::default()
    };
    let folder = data.path().join("models/bge-small-en-v1.5");

    let error = LocalEmbedder::open(settings.clone()).await.err().unwrap();
    let said = error.to_string();
    assert!(
        said.contains(folder.to_str().unwrap()) && said.contains("tokenizer.json"),
        "{said}"
    );

    copy_folder(&tiny_folder(), &folder);
    let model = LocalEmbedder::open(settings).await.unwrap();
    assert!(model.model().prefixes.query.starts_with("Represent"));
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
