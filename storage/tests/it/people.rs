//! Purpose: which Slack user is which account.

use em_domain::fact::{AccountEmail, FactChange};
use em_domain::id::Login;
use em_domain::person::{Link, LinkOrigin};
use em_storage::both_engines;
use em_storage::testing::TestDatabase;

use crate::support::{at, event, normalise};

both_engines!(
    a_stronger_link_is_not_replaced_by_a_weaker_one,
    configured_links_follow_the_configuration,
    links_are_found_by_login_in_any_spelling,
    an_address_leads_to_the_account_last_seen_with_it_and_is_not_kept,
);

fn link(user: &str, login: &str, origin: LinkOrigin) -> Link {
    Link {
        slack_user: user.into(),
        login: login.into(),
        origin,
        linked_at: at(0),
    }
}

async fn a_stronger_link_is_not_replaced_by_a_weaker_one(db: TestDatabase) {
    use LinkOrigin::{Configuration, Email, Person};
    let people = db.store.people();
    assert!(people.link(&link("U1", "a", Email)).await.unwrap());
    assert!(people.link(&link("U1", "b", Person)).await.unwrap());
    assert!(!people.link(&link("U1", "c", Email)).await.unwrap());
    assert!(
        people.link(&link("U1", "d", Person)).await.unwrap(),
        "people change their mind"
    );
    assert!(people.link(&link("U1", "e", Configuration)).await.unwrap());
    assert!(!people.link(&link("U1", "f", Person)).await.unwrap());
    assert_eq!(
        people.find_link(&"U1".into()).await.unwrap(),
        Some(link("U1", "e", Configuration))
    );
    assert!(people.unlink(&"U1".into()).await.unwrap());
    assert!(!people.unlink(&"U1".into()).await.unwrap());
    assert_eq!(people.find_link(&"U1".into()).await.unwrap(), None);
}

async fn configured_links_follow_the_configuration(db: TestDatabase) {
    use LinkOrigin::{Configuration, Person};
    let people = db.store.people();
    people.link(&link("U1", "own", Person)).await.unwrap();
    people.link(&link("U3", "own", Person)).await.unwrap();
    people
        .replace_configured(&[link("U1", "a", Configuration), link("U2", "b", Configuration)])
        .await
        .unwrap();
    people
        .replace_configured(&[link("U2", "c", Configuration)])
        .await
        .unwrap();
    let links = people.list_links().await.unwrap();
    assert_eq!(links, [link("U2", "c", Configuration), link("U3", "own", Person)]);
    people.replace_configured(&[]).await.unwrap();
    assert_eq!(people.list_links().await.unwrap(), [link("U3", "own", Person)]);
}

async fn links_are_found_by_login_in_any_spelling(db: TestDatabase) {
    use LinkOrigin::{Email, Person};
    let people = db.store.people();
    for link in [
        link("U1", "Ana", Email),
        link("U2", "ana", Person),
        link("U3", "ben", Email),
    ] {
        people.link(&link).await.unwrap();
    }
    let users = async |logins: &[&str]| -> Vec<String> {
        let logins: Vec<Login> = logins.iter().map(|login| (*login).into()).collect();
        let links = db.store.people().list_links_to(&logins).await.unwrap();
        links.into_iter().map(|link| link.slack_user.0).collect()
    };
    assert_eq!(users(&["aNa"]).await, ["U2", "U1"]);
    assert_eq!(users(&["ANA", "BEN", "cy"]).await, ["U2", "U1", "U3"]);
    assert!(users(&[]).await.is_empty());
}

async fn an_address_leads_to_the_account_last_seen_with_it_and_is_not_kept(db: TestDatabase) {
    let seen = |login: &str, minutes| {
        FactChange::AccountEmail(AccountEmail {
            login: login.into(),
            email: "Ana@X.org".to_owned(),
            seen_at: at(minutes),
        })
    };
    let changes = [seen("new", 9), seen("old", 1), seen("NEW", 3)];
    db.store.events().append(event("a", &changes)).await.unwrap();
    db.store.facts().fold_pending(10, normalise).await.unwrap();
    let found = db.store.people().find_login_by_email(" ana@x.ORG").await.unwrap();
    assert_eq!(found, Some("new".into()));
    assert_eq!(
        db.store.people().find_login_by_email("ben@x.org").await.unwrap(),
        None
    );
    let facts = db.store.facts().dump().await.unwrap().to_lowercase();
    assert!(
        facts.contains("account_emails") && !facts.contains("x.org"),
        "{facts}"
    );
    // A second start brings other random bytes; the first key stays.
    let mut config = db.config.clone();
    config.new_install_key = [9; 32];
    let restarted = em_storage::Store::open(&config).await.unwrap();
    restarted.migrate().await.unwrap();
    assert_eq!(
        restarted.people().find_login_by_email("ana@x.org").await.unwrap(),
        Some("new".into())
    );
}
