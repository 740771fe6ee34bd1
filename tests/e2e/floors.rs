//! Purpose: a crate imports only from strictly lower floors, and the outside world is reached from one crate each.
//! The house and the reasons are in `docs/ARCHITECTURE.md`.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Every member of the workspace and the floor it stands on. A new crate gets a line here.
const FLOORS: &[(&str, u8)] = &[
    ("em-domain", 0),
    ("em-telemetry", 0),
    ("em-simulator", 0),
    ("em-storage", 1),
    ("em-blocks", 1),
    ("em-integrations", 1),
    ("em-policy", 1),
    ("em-charts", 1),
    ("em-export", 1),
    ("em-jobs", 2),
    ("em-knowledge", 2),
    ("em-commands", 3),
    ("em-bot", 4),
    ("em-tests", 5),
];

/// Libraries that reach out, and the crates that may use them. The tests may use anything.
const GATES: &[(&str, &[&str], &str)] = &[
    (
        "sqlx",
        &["em-storage"],
        "SQL is written in storage only; add a method to its Store",
    ),
    (
        "reqwest",
        &["em-integrations"],
        "vendors are called from integrations only; add a method to the vendor's client",
    ),
    (
        "async-nats",
        &["em-integrations"],
        "the broker is called from integrations only; write to the store's outbox",
    ),
    (
        "regorus",
        &["em-policy"],
        "Rego is evaluated in policy only; ask through commands::policy",
    ),
    (
        "axum",
        &["em-bot", "em-simulator"],
        "HTTP is served by bot only; commands do not see the transport",
    ),
    (
        "tokio-tungstenite",
        &["em-integrations", "em-bot", "em-simulator"],
        "sockets belong to the transport",
    ),
    (
        "parquet",
        &["em-export"],
        "tables are written by export only; add a column to em_domain::export",
    ),
    (
        "em-simulator",
        &["em-bot"],
        "the simulator is for the tests and for `em-agent demo`",
    ),
];

#[test]
fn crates_import_only_from_lower_floors() {
    for package in packages() {
        let (name, floor) = (name(&package), floor(name(&package)));
        for dependency in dependencies(&package) {
            if FLOORS.iter().any(|(known, _)| *known == dependency) {
                let below = self::floor(dependency);
                assert!(
                    below < floor,
                    "{name} (floor {floor}) depends on {dependency} (floor {below}). Move the shared rule down to \
                     em-domain, or the caller up."
                );
            }
        }
    }
}

#[test]
fn outside_world_is_reached_from_one_crate_each() {
    for package in packages() {
        for dependency in dependencies(&package) {
            for (library, users, advice) in GATES {
                let allowed = users.contains(&name(&package)) || name(&package) == "em-tests";
                assert!(
                    dependency != *library || allowed,
                    "{} depends on {library}: {advice}",
                    name(&package)
                );
            }
        }
    }
}

#[test]
fn simulator_shares_no_code_with_what_it_checks() {
    let all = packages();
    let simulator = all
        .iter()
        .find(|package| name(package) == "em-simulator")
        .unwrap();
    let ours: Vec<&str> = dependencies(simulator)
        .filter(|dependency| dependency.starts_with("em-"))
        .collect();
    assert!(
        ours.is_empty(),
        "a shared type would hide a misunderstanding from both sides: {ours:?}"
    );
}

/// The members of the workspace as cargo sees them.
fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    serde_json::from_value(metadata["packages"].take()).unwrap()
}

/// What a package is built with. A crate's own tests may use anything: they ship nothing.
fn dependencies(package: &Value) -> impl Iterator<Item = &str> {
    let all = package["dependencies"].as_array().unwrap().iter();
    all.filter(|dependency| dependency["kind"] != "dev").map(name)
}

fn name(item: &Value) -> &str {
    item["name"].as_str().unwrap()
}

fn floor(name: &str) -> u8 {
    let found = FLOORS.iter().find(|(known, _)| *known == name);
    assert!(
        found.is_some(),
        "{name} has no floor yet: add it to FLOORS in tests/e2e/floors.rs and to docs/ARCHITECTURE.md"
    );
    found.unwrap().1
}

/// What the evaluation set quotes stands where it says, word for word: else its figures would measure the past.
#[test]
fn passages_of_the_evaluation_set_stand_in_their_documents() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let questions = std::fs::read_to_string(root.join("knowledge/evals/questions.jsonl")).unwrap();
    let mut missing = Vec::new();
    for line in questions.lines() {
        let question: serde_json::Value = serde_json::from_str(line).unwrap();
        let documents = question["documents"].as_array().unwrap();
        for document in documents {
            let path = root.join(document.as_str().unwrap());
            assert!(path.is_file(), "{} names {document}", question["id"]);
        }
        let (Some(passage), Some(first)) = (question["passage"].as_str(), documents.first()) else {
            continue;
        };
        let text = std::fs::read_to_string(root.join(first.as_str().unwrap())).unwrap();
        if !text.contains(passage) {
            missing.push(format!("{}: “{passage}” is not in {first}", question["id"]));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
