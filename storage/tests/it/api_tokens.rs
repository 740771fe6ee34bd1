//! Purpose: tokens of the API: known by their hash alone, one of each name, gone when they are removed.

use em_domain::api_token::{ApiToken, Scope, TokenHash, TokenName, written};
use em_domain::audit::AuditEntry;
use em_storage::both_engines;
use em_storage::testing::TestDatabase;
use serde_json::json;

use crate::support::at;

both_engines!(
    a_token_is_found_by_its_hash_as_it_was_kept,
    there_is_one_token_of_each_name,
    a_use_is_written_down_once_a_minute,
    a_removed_token_is_not_found_and_the_log_tells_of_both,
);

fn token(name: &str) -> ApiToken {
    ApiToken {
        name: TokenName::parse(name).unwrap(),
        user: "U0ANA".into(),
        scopes: [Scope::ApprovalsRead, Scope::KnowledgeWrite].into(),
        created_at: at(0),
        expires_at: Some(at(90)),
        last_used_at: None,
    }
}

fn hash(number: u8) -> TokenHash {
    TokenHash::of(&written(&[number; 32]))
}

async fn added(db: &TestDatabase, kept: &ApiToken, number: u8) -> bool {
    let entry = entry("token.added", kept.name.as_str());
    let inserted = db.store.api_tokens().insert(kept, &hash(number), &entry).await;
    inserted.unwrap()
}

fn entry(kind: &str, name: &str) -> AuditEntry {
    AuditEntry {
        at: at(0),
        actor: "operator".into(),
        kind: kind.into(),
        subject: format!("token:{name}"),
        data: json!({}),
    }
}

async fn a_token_is_found_by_its_hash_as_it_was_kept(db: TestDatabase) {
    let tokens = db.store.api_tokens();
    let endless = ApiToken {
        expires_at: None,
        ..token("endless")
    };
    for (number, kept) in [(1, &token("ci")), (2, &endless)] {
        assert!(added(&db, kept, number).await);
    }
    assert_eq!(tokens.find(&hash(1)).await.unwrap(), Some(token("ci")));
    assert_eq!(tokens.find(&hash(2)).await.unwrap(), Some(endless.clone()));
    assert_eq!(tokens.find(&hash(3)).await.unwrap(), None);
    assert_eq!(tokens.list().await.unwrap(), [token("ci"), endless]);
}

async fn there_is_one_token_of_each_name(db: TestDatabase) {
    let tokens = db.store.api_tokens();
    assert!(added(&db, &token("ci"), 1).await);
    assert!(!added(&db, &token("ci"), 2).await);
    assert_eq!(tokens.find(&hash(2)).await.unwrap(), None);
    let log = db.store.audit().list_about("token:ci", 9).await.unwrap();
    assert_eq!(log.len(), 1, "what did not happen is not logged");
}

async fn a_use_is_written_down_once_a_minute(db: TestDatabase) {
    let tokens = db.store.api_tokens();
    let kept = token("ci");
    assert!(added(&db, &kept, 1).await);
    let used = async |now| {
        tokens.record_use(&kept.name, now).await.unwrap();
        tokens.find(&hash(1)).await.unwrap().unwrap().last_used_at
    };
    assert_eq!(used(at(1)).await, Some(at(1)));
    let within = at(2) - chrono::Duration::seconds(1);
    assert_eq!(used(within).await, Some(at(1)));
    assert_eq!(used(at(2)).await, Some(at(2)));
    assert_eq!(
        used(at(1)).await,
        Some(at(2)),
        "a slower replica does not turn it back"
    );
}

async fn a_removed_token_is_not_found_and_the_log_tells_of_both(db: TestDatabase) {
    let tokens = db.store.api_tokens();
    let kept = token("ci");
    assert!(added(&db, &kept, 1).await);
    let gone = entry("token.removed", "ci");
    assert!(tokens.remove(&kept.name, &gone).await.unwrap());
    assert!(!tokens.remove(&kept.name, &gone).await.unwrap());
    assert_eq!(tokens.find(&hash(1)).await.unwrap(), None);
    let log = db.store.audit().list_about("token:ci", 9).await.unwrap();
    let kinds: Vec<&str> = log.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!(kinds, ["token.removed", "token.added"]);
    assert!(added(&db, &kept, 2).await, "the name is free again");
}
