//! The best passages in the order of a model that reads question and passage together.

use std::path::{Path, PathBuf};

use em_knowledge::{KnowledgeError, Reranker};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/tiny-reranker")
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn each_text_is_marked_by_how_it_answers_the_question() {
    let reranker = Reranker::in_folder(&folder()).unwrap();
    let passages = texts(&[
        "the team has lunch",
        "to deploy the service run the script",
        "deploy",
        "",
        "a b c d e f g",
        &"zz ".repeat(5_000),
    ]);
    let marks = reranker
        .marks("how to deploy the service", passages)
        .await
        .unwrap();
    assert_eq!(marks.len(), 6);
    let best = marks.iter().copied().fold(f32::MIN, f32::max);
    assert!((marks[1] - best).abs() < f32::EPSILON, "{marks:?}");
    assert!(marks[1] > marks[0] && marks[2] > marks[3], "{marks:?}");
    assert_eq!(
        reranker.marks("anything", Vec::new()).await.unwrap(),
        Vec::<f32>::new()
    );
}

#[tokio::test]
async fn a_folder_that_lacks_a_file_or_holds_no_model_is_refused_in_words() {
    let empty = tempfile::tempdir().unwrap();
    let missing = Reranker::in_folder(empty.path()).map(drop).unwrap_err();
    assert!(matches!(missing, KnowledgeError::MissingFile { .. }), "{missing}");
    for file in std::fs::read_dir(folder()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), empty.path().join(file.file_name())).unwrap();
    }
    std::fs::write(empty.path().join("model.onnx"), "no model").unwrap();
    let broken = Reranker::in_folder(empty.path()).unwrap();
    let error = broken.marks("q", texts(&["a"])).await.unwrap_err();
    assert!(matches!(error, KnowledgeError::NotLoadable { .. }), "{error}");
}
