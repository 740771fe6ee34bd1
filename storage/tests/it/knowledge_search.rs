//! Purpose: what is found by its words, on both engines, and that nothing comes out of a source that is not allowed.

use em_domain::knowledge::query::terms;
use em_storage::both_engines;
use em_storage::testing::TestDatabase;

use crate::knowledge::{document, find, source, write};

both_engines!(
    words_are_found_in_other_forms,
    what_has_more_and_rarer_words_comes_first,
    a_title_counts_more_than_a_text,
    identifiers_are_found_whole_and_by_their_parts,
    what_is_quoted_is_found_as_it_stands_first,
    a_script_without_spaces_is_found,
    nothing_comes_out_of_a_source_that_is_not_allowed,
    what_is_allowed_is_found_behind_much_that_is_not,
    a_question_of_any_kind_is_no_syntax,
    what_was_written_is_found_after_tidying,
);

async fn corpus(db: &TestDatabase, texts: &[&str]) -> em_domain::knowledge::Source {
    let source = source(db, "/docs").await;
    for (n, text) in texts.iter().enumerate() {
        let mut new = document(&source, &format!("{n}"), &[*text]);
        new.document.title = String::new();
        new.chunks[0].heading.clear();
        write(db, &source, &new).await;
    }
    source
}

async fn words_are_found_in_other_forms(db: TestDatabase) {
    let source = corpus(&db, &["Deploying the services", "Lunch is at noon"]).await;
    for question in ["How do we deploy?", "DEPLOYED", "a service deploys"] {
        assert_eq!(find(&db, question, &[&source]).await, ["Deploying the services"]);
    }
}

async fn what_has_more_and_rarer_words_comes_first(db: TestDatabase) {
    let texts = [
        "service alpha runs",
        "service beta runs",
        "service gamma runs",
        "the ingress of service delta times out",
        "ingress for service beta",
    ];
    let source = corpus(&db, &texts).await;
    let found = find(&db, "ingress of the delta service", &[&source]).await;
    assert_eq!(found[..2], [texts[3], texts[4]]);
    assert_eq!(found.len(), 5);
}

async fn a_title_counts_more_than_a_text(db: TestDatabase) {
    let source = source(&db, "/docs").await;
    let mut titled = document(&source, "a", &["what to do when it is full"]);
    "Disks".clone_into(&mut titled.document.title);
    let texts = document(&source, "b", &["we have disks and servers in it"]);
    for new in [&texts, &titled] {
        write(&db, &source, new).await;
    }
    let found = find(&db, "disk", &[&source]).await;
    assert_eq!(
        found,
        ["what to do when it is full", "we have disks and servers in it"]
    );
}

async fn identifiers_are_found_whole_and_by_their_parts(db: TestDatabase) {
    let texts = [
        "call getUserName(id) first",
        "set pool.max_size in config/app-server.yaml",
        "size the user pool",
        "nothing of that kind",
    ];
    let source = corpus(&db, &texts).await;
    assert_eq!(find(&db, "getUserName", &[&source]).await[0], texts[0]);
    assert!(
        find(&db, "user name", &[&source])
            .await
            .contains(&texts[0].to_owned())
    );
    assert_eq!(find(&db, "`pool.max_size`", &[&source]).await[0], texts[1]);
    assert_eq!(find(&db, "max-size of the pool", &[&source]).await[0], texts[1]);
    assert_eq!(find(&db, "app server", &[&source]).await, [texts[1]]);
}

async fn what_is_quoted_is_found_as_it_stands_first(db: TestDatabase) {
    let texts = [
        "refused: the connection was closed",
        "error: connection refused by peer",
        "the connection to the office",
    ];
    let source = corpus(&db, &texts).await;
    let found = find(&db, "what is \"connection refused\"?", &[&source]).await;
    assert_eq!(found[0], texts[1]);
}

async fn a_script_without_spaces_is_found(db: TestDatabase) {
    let source = corpus(&db, &["\u{90e8}\u{7f72}\u{5931}\u{6557}\u{6642}", "other text"]).await;
    assert_eq!(find(&db, "\u{5931}\u{6557}", &[&source]).await.len(), 1);
}

async fn nothing_comes_out_of_a_source_that_is_not_allowed(db: TestDatabase) {
    let (open, secret) = (source(&db, "/open").await, source(&db, "/secret").await);
    write(&db, &open, &document(&open, "a", &["salaries are paid monthly"])).await;
    write(&db, &secret, &document(&secret, "a", &["salaries in detail"])).await;
    assert_eq!(
        find(&db, "salaries", &[&open]).await,
        ["salaries are paid monthly"]
    );
    assert_eq!(find(&db, "salaries", &[&secret]).await, ["salaries in detail"]);
    assert_eq!(find(&db, "salaries", &[&open, &secret]).await.len(), 2);
    assert!(find(&db, "salaries", &[]).await.is_empty());
}

async fn what_is_allowed_is_found_behind_much_that_is_not(db: TestDatabase) {
    let (open, other) = (source(&db, "/open").await, source(&db, "/other").await);
    let texts: Vec<String> = (0..100).map(|n| format!("alpha alpha {n}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    write(&db, &other, &document(&other, "a", &texts)).await;
    let late = "a long text in which there is something about alpha, somewhere near its end";
    write(&db, &open, &document(&open, "a", &[late])).await;
    assert_eq!(find(&db, "alpha", &[&open]).await, [late]);
    assert_eq!(find(&db, "alpha", &[&other]).await.len(), 10);
}

async fn a_question_of_any_kind_is_no_syntax(db: TestDatabase) {
    let source = corpus(&db, &["alpha and beta", "NEAR the office"]).await;
    let long = "alpha ".repeat(5_000);
    let other = "\u{10d}\u{f1}\u{df} ".repeat(600);
    let hostile = [
        "",
        " ",
        "\u{1f600}\u{1f680}",
        "\"",
        "alpha\"",
        "\" OR \"",
        "NEAR(alpha beta)",
        "alpha AND",
        "title:alpha",
        "alpha*",
        "-alpha",
        "^alpha",
        "(((",
        "alpha & | ! <-> :*",
        "'; DROP TABLE knowledge_chunks; --",
        "\0",
        "the of and",
        "{alpha}",
        "a\\'b",
        &long,
        &other,
    ];
    for question in hostile {
        let found = find(&db, question, &[&source]).await;
        let asks_alpha = question.contains("alpha");
        assert_eq!(
            found.contains(&"alpha and beta".to_owned()),
            asks_alpha,
            "{question:.40}"
        );
    }
    assert!(terms("\u{1f600}").is_empty() && terms("").is_empty());
}

async fn what_was_written_is_found_after_tidying(db: TestDatabase) {
    let source = corpus(&db, &["alpha and beta", "gamma"]).await;
    db.store.knowledge().tidy().await.unwrap();
    assert_eq!(find(&db, "gamma", &[&source]).await, ["gamma"]);
    assert_eq!(find(&db, "nowhere", &[&source]).await.len(), 0);
}
