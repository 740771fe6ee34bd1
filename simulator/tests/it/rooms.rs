//! Purpose: channels that the app makes, people whom it brings in, and user groups, as Slack answers about them.

use em_simulator::Simulator;
use serde_json::{Value, json};

use crate::client::call;
use crate::start;

async fn error(sim: &Simulator, method: &str, body: Value) -> String {
    let answer = call(sim, method, body).await;
    assert_eq!(answer["ok"], false, "{answer}");
    answer["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_channel_is_made_once_by_its_name() {
    let sim = start().await;
    let made = call(&sim, "conversations.create", json!({"name": "inc-42"})).await;
    let channel = &made["channel"];
    assert_eq!(
        (&channel["name"], &channel["is_member"], &channel["creator"]),
        (&json!("inc-42"), &json!(true), &json!("U0EMAGENT"))
    );
    let create = async |name: String| error(&sim, "conversations.create", json!({ "name": name })).await;
    assert_eq!(create("inc-42".to_owned()).await, "name_taken");
    assert_eq!(create("Inc 42".to_owned()).await, "invalid_name_specials");
    assert_eq!(create("x".repeat(81)).await, "invalid_name_maxlength");
    assert_eq!(create(String::new()).await, "invalid_name_required");
    sim.faults().remove_scope("groups:write");
    let private = call(
        &sim,
        "conversations.create",
        json!({"name": "secret", "is_private": true}),
    )
    .await;
    assert_eq!(private["needed"], "groups:write");
}

#[tokio::test]
async fn people_are_brought_in_where_the_app_is() {
    let sim = start().await;
    let invite = |channel: &str, users: &str| json!({"channel": channel, "users": users});
    let invited = call(
        &sim,
        "conversations.invite",
        invite("C0PAYMENTS", "U0CHLOE,U0FATIMA"),
    )
    .await;
    assert_eq!(invited["channel"]["num_members"], 6);
    for (channel, users, code) in [
        ("C0PAYMENTS", "U0CHLOE", "already_in_channel"),
        ("C0PAYMENTS", "U0NOBODY", "user_not_found"),
        ("C0PAYMENTS", "U0EMAGENT", "cant_invite_self"),
        ("C0RANDOM", "U0CHLOE", "not_in_channel"),
        ("C0NONE", "U0CHLOE", "channel_not_found"),
    ] {
        let refused = error(&sim, "conversations.invite", invite(channel, users)).await;
        assert_eq!(refused, code);
    }
}

#[tokio::test]
async fn user_groups_list_their_members() {
    let sim = start().await;
    sim.arrange(|w| w.groups.insert("S0LEADS".to_owned(), vec!["U0BEN".to_owned()]));
    let listed = call(&sim, "usergroups.users.list", json!({"usergroup": "S0LEADS"})).await;
    assert_eq!(listed["users"], json!(["U0BEN"]));
    let unknown = error(&sim, "usergroups.users.list", json!({"usergroup": "S0NONE"})).await;
    assert_eq!(unknown, "no_such_subteam");
}
