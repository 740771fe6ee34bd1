//! `manifest.yaml` asks Slack for what the program uses: no more and no less.

use std::collections::BTreeSet;

use em_commands::doctor::SCOPES;
use em_commands::registry::{SHORTCUTS, SLASH_COMMAND};
use serde_json::Value;

fn manifest() -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../manifest.yaml");
    serde_yaml_ng::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn texts(list: &Value) -> BTreeSet<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|item| item.as_str().unwrap())
        .collect()
}

#[test]
fn the_manifest_declares_the_command_the_scopes_and_the_shortcuts_that_the_program_knows() {
    let manifest = manifest();
    let commands = manifest["features"]["slash_commands"].as_array().unwrap();
    assert_eq!(commands.len(), 1);
    assert_eq!(commands[0]["command"], SLASH_COMMAND);
    let scopes: BTreeSet<&str> = SCOPES.iter().map(|(scope, _)| *scope).collect();
    assert_eq!(texts(&manifest["oauth_config"]["scopes"]["bot"]), scopes);
    let declared = manifest["features"]["shortcuts"].as_array().unwrap();
    let declared: BTreeSet<&str> = declared
        .iter()
        .map(|s| s["callback_id"].as_str().unwrap())
        .collect();
    assert_eq!(declared, SHORTCUTS.iter().map(|(id, _)| *id).collect());
}

#[test]
fn the_manifest_switches_on_what_the_program_relies_on() {
    let settings = &manifest()["settings"];
    assert_eq!(settings["socket_mode_enabled"], true);
    assert_eq!(settings["interactivity"]["is_enabled"], true);
    let events = settings["event_subscriptions"]["bot_events"].clone();
    assert_eq!(
        texts(&events),
        BTreeSet::from(["app_home_opened", "app_mention", "message.im", "reaction_added"])
    );
}
