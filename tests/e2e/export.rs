//! `em-agent export`: every table in every format, against the reports that tell the same; and what cannot be asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use em_domain::audit::AuditEntry;
use em_domain::export::Exported;
use em_storage::testing::TestDatabase;
use em_tests::both_engines;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use serde_json::Value;

use crate::dora::delivered_scene;
use crate::process::{Done, run_beside};
use crate::scene::{Scene, january};

both_engines!(
    every_table_says_the_same_in_every_format,
    rows_say_what_reports_say,
    nothing_is_told_and_wrong_usage_ends_with_2,
);

/// The whole time of the scene.
const DAYS: [&str; 4] = ["--from", "2025-12-01", "--to", "2026-01-31"];

struct Exporting {
    scene: Scene,
    folder: tempfile::TempDir,
}

impl Exporting {
    async fn start(database: TestDatabase) -> Self {
        Self {
            scene: delivered_scene(database).await,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    async fn run(&self, words: &[&str]) -> Done {
        let teams = "[teams.payments]\nrepositories = [\"acme/payments\"]\n[teams.people]\nmembers = [\"ana-ruiz\"]\n";
        run_beside(&self.scene.bot.database, teams, words).await
    }

    async fn done(&self, words: &[&str]) -> Done {
        let done = self.run(words).await;
        assert_eq!(done.code, Some(0), "{words:?}: {done:?}");
        done
    }

    /// The rows of a table as JSON.
    async fn rows(&self, words: &[&str]) -> Vec<Value> {
        let words = [&["export"], words].concat();
        let done = self.done(&words).await;
        let lines = done.stdout.lines();
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

/// A value of JSON as CSV shows it.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => em_export::csv::harmless(text).into_owned(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// How many rows each day has, of a folder of Parquet files.
fn days(folder: &Path) -> BTreeMap<String, usize> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let folders = entries.filter(|path| path.is_dir());
    let counted = folders.map(|path| {
        let file = std::fs::File::open(path.join("part-0.parquet")).unwrap();
        let rows = SerializedFileReader::new(file)
            .unwrap()
            .metadata()
            .file_metadata()
            .num_rows();
        let name = path.file_name().unwrap().to_str().unwrap();
        (
            name.strip_prefix("date=").unwrap().to_owned(),
            usize::try_from(rows).unwrap(),
        )
    });
    counted.collect()
}

/// The column by which a table is cut into days.
fn day_column(table: Exported) -> &'static str {
    match table {
        Exported::Audit => "at",
        Exported::Deployments | Exported::CiRuns => "created_at",
        Exported::Changes => "merged_at",
        Exported::Incidents => "opened_at",
        Exported::Reviews => "submitted_at",
        Exported::Metrics => "week",
    }
}

async fn every_table_says_the_same_in_every_format(database: TestDatabase) {
    let exporting = Exporting::start(database).await;
    let entry = AuditEntry {
        at: january(14, 23),
        actor: "U0ANA".to_owned(),
        kind: "command".to_owned(),
        subject: "=HYPERLINK(1)".to_owned(),
        data: serde_json::json!({"words": "a,\"b\"\nc"}),
    };
    exporting
        .scene
        .bot
        .database
        .store
        .audit()
        .record(&entry)
        .await
        .unwrap();
    for table in Exported::ALL {
        let name = table.as_str();
        let rows = exporting.rows(&[name]).await;
        let expects_some = !matches!(table, Exported::Incidents | Exported::CiRuns);
        assert_eq!(!rows.is_empty(), expects_some, "{name}");

        let file = exporting.path(&format!("{name}.csv"));
        exporting
            .done(&["export", name, "--format", "csv", "--out", &file])
            .await;
        let mut reader = csv::Reader::from_path(&file).unwrap();
        let fields: Vec<&str> = table.fields().iter().map(|field| field.name).collect();
        assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), fields);
        let lines: Vec<Vec<String>> = reader
            .records()
            .map(|line| line.unwrap().iter().map(str::to_owned).collect())
            .collect();
        let expected: Vec<Vec<String>> = rows
            .iter()
            .map(|row| fields.iter().map(|field| cell(&row[field])).collect())
            .collect();
        assert_eq!(lines.len(), expected.len(), "{name}");
        // Numbers with a point are the same, but may be written otherwise.
        for (line, expected) in lines.iter().flatten().zip(expected.iter().flatten()) {
            let number = |text: &str| text.parse::<f64>().ok();
            let same = line == expected || number(line).is_some_and(|is| number(expected) == Some(is));
            assert!(same, "{name}: {line} is not {expected}");
        }

        let folder = exporting.path(name);
        exporting
            .done(&["export", name, "--format", "parquet", "--out", &folder])
            .await;
        let mut expected: BTreeMap<String, usize> = BTreeMap::new();
        for row in &rows {
            let day = row[day_column(table)].as_str().unwrap();
            *expected.entry(day[..10].to_owned()).or_default() += 1;
        }
        let mut found = days(Path::new(&folder));
        if expected.is_empty() {
            // One file tells the columns.
            assert_eq!(found.values().sum::<usize>(), 0, "{name}");
            found.clear();
        }
        assert_eq!(found, expected, "{name}");
    }
    exporting.scene.finish().await;
}

async fn rows_say_what_reports_say(database: TestDatabase) {
    let exporting = Exporting::start(database).await;
    let changes = exporting.rows(&[&["changes"], &DAYS[..]].concat()).await;
    let report = exporting
        .done(&[&["dora", "--json", "--proof"], &DAYS[..]].concat())
        .await;
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    let proof = report["lead_time"]["proof"].as_array().unwrap();
    let counted: BTreeMap<String, f64> = proof
        .iter()
        .filter(|row| row["counted"] == true)
        .map(|row| {
            (
                row["subject"].as_str().unwrap().to_owned(),
                row["value"].as_f64().unwrap(),
            )
        })
        .collect();
    let exported: BTreeMap<String, f64> = changes
        .iter()
        .filter(|row| row["counted"] == true)
        .map(|row| {
            let key = format!("{}#{}", row["repository"].as_str().unwrap(), row["number"]);
            (key, row["lead_time_seconds"].as_f64().unwrap())
        })
        .collect();
    assert_eq!(exported, counted);
    assert!(counted.len() > 20, "{}", counted.len());
    assert!(
        changes.iter().any(|row| row["live_at"].is_null()),
        "some wait for a deployment"
    );

    // A piece of the time says the same of each change as the whole: what brought it may be behind the piece.
    let piece = exporting
        .rows(&["changes", "--from", "2025-12-15", "--to", "2026-01-08"])
        .await;
    let in_piece = |row: &&Value| ("2025-12-15".."2026-01-09").contains(&row["merged_at"].as_str().unwrap());
    let expected: Vec<&Value> = changes.iter().filter(in_piece).collect();
    assert_eq!(piece.iter().collect::<Vec<_>>(), expected);

    let metrics = exporting
        .rows(&[
            "metrics",
            "--from",
            "2026-01-05",
            "--to",
            "2026-01-11",
            "--mode",
            "all",
        ])
        .await;
    // Everybody and two teams; five metrics by five definitions, and twelve of flow.
    assert_eq!(metrics.len(), 3 * (5 * 5 + 12));
    let week = ["--from", "2026-01-05", "--to", "2026-01-11", "--json"];
    for (scope, narrowed) in [
        (Value::Null, &[][..]),
        ("payments".into(), &["--team", "payments"]),
    ] {
        let dora = exporting.done(&[&["dora"], &week[..], narrowed].concat()).await;
        let flow = exporting.done(&[&["flow"], &week[..], narrowed].concat()).await;
        let told = [dora, flow].map(|done| serde_json::from_str::<Value>(&done.stdout).unwrap());
        let own = |row: &&Value| row["scope_name"] == scope && row["mode"] == "ours";
        let rows: Vec<&Value> = metrics.iter().filter(own).collect();
        assert_eq!(rows.len(), 17);
        for row in rows {
            let name = row["metric"].as_str().unwrap().replace('-', "_");
            let told = told.iter().find_map(|report| report.get(&name)).unwrap();
            for (column, member) in [
                ("value", &told["value"]),
                ("sample", &told["sample"]),
                ("unit", &told["unit"]),
            ] {
                assert_eq!(&row[column], member, "{name}");
            }
            assert_eq!(row["interval_low"], told["interval"]["low"], "{name}");
            assert_eq!(row["no_value"], told["no_value"], "{name}");
        }
    }
    let narrowed = exporting
        .rows(&["reviews", "--repo", "payments", "--from", "2026-01-01"])
        .await;
    let all = exporting.rows(&["reviews", "--from", "2026-01-01"]).await;
    assert_eq!(narrowed, all);
    let of_people = exporting.rows(&["changes", "--team", "people"]).await;
    let authors: BTreeSet<&str> = of_people
        .iter()
        .map(|row| row["author"].as_str().unwrap())
        .collect();
    assert_eq!(authors, BTreeSet::from(["ana-ruiz"]));
    exporting.scene.finish().await;
}

async fn nothing_is_told_and_wrong_usage_ends_with_2(database: TestDatabase) {
    let exporting = Exporting::start(database).await;
    let long_ago = ["--from", "2001-01-01", "--to", "2001-01-31"];
    let empty = exporting
        .done(&[&["export", "reviews", "--format", "csv"], &long_ago[..]].concat())
        .await;
    assert_eq!(empty.stdout.lines().count(), 1, "{empty:?}");
    assert!(
        empty.stderr.contains("There are no reviews in this time"),
        "{empty:?}"
    );
    let folder = exporting.path("reviews");
    let words = ["export", "reviews", "--format", "parquet", "--out", &folder];
    exporting.done(&[&words[..], &long_ago].concat()).await;
    assert_eq!(
        days(Path::new(&folder)),
        BTreeMap::from([("2001-01-31".to_owned(), 0)])
    );

    let elsewhere = exporting.path("");
    for (words, expected) in [
        (
            &["export", "reviews", "--format", "parquet"][..],
            "name a folder with --out DIR",
        ),
        (
            &["export", "reviews", "--partition"],
            "name a folder with --out DIR",
        ),
        (
            &["export", "reviews", "--repo", "acme/paymets"],
            "Did you mean acme/payments?",
        ),
        (
            &["export", "reviews", "--team", "pament"],
            "Did you mean payments?",
        ),
        (
            &["export", "audit", "--team", "payments"],
            "belongs to no repository or team",
        ),
        (
            &["export", "ci-runs", "--team", "people"],
            "name a repository with --repo",
        ),
        (
            &["export", "reviews", "--from", "2026-02-02", "--to", "2026-02-01"],
            "There are no such days",
        ),
        (&["export", "reviews", "--from", "yesterday"], "--from"),
        (&["export", "salaries"], "deployments"),
        (&["export", "metrics", "--mode", "mine"], "I know ours"),
        (
            &["export", "deployments", "--format", "parquet", "--out", &folder],
            "name another folder",
        ),
        (
            &[
                "export",
                "deployments",
                "--format",
                "parquet",
                "--out",
                &elsewhere,
            ],
            "name another folder",
        ),
        (&["dora", "--from", "2026-02-30"], "is no date"),
        (
            &["dora", "--repo", "nobody/nothing"],
            "I have seen nothing of a repository",
        ),
        (&["dora", "--mode", "mine"], "I know ours"),
        (&["flow", "--team", "nobody"], "There is no team of that name"),
    ] {
        let done = exporting.run(words).await;
        assert_eq!(done.code, Some(2), "{words:?}: {done:?}");
        assert!(
            done.stderr.contains(expected) && done.stdout.is_empty(),
            "{words:?}: {done:?}"
        );
    }
    exporting.scene.finish().await;
}

#[test]
fn the_documentation_lists_every_column() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/EXPORT.md")).unwrap();
    let mut listed = Vec::new();
    for table in Exported::ALL {
        listed.push(format!("### {}", table.as_str()));
        let line = |field: &em_domain::export::Field| {
            format!("| `{}` | {} | {} |", field.name, field.kind.as_str(), field.about)
        };
        listed.extend(table.fields().iter().map(line));
    }
    let columns = text.split_once("## Columns").unwrap().1.lines();
    let found: Vec<&str> = columns
        .filter(|line| line.starts_with("### ") || line.starts_with("| `"))
        .collect();
    assert_eq!(found, listed);
}

/// Of five years of a real project, taken out month by month.
#[tokio::test]
async fn the_real_history_is_taken_out_whole() {
    let program = crate::process::Program::new();
    let history = program.write("history.jsonl.gz", crate::dora::HISTORY);
    assert_eq!(program.run(&["import", &history]).await.code, Some(0));
    let whole = ["--from", "2021-01-01", "--to", "2026-08-04"];
    let exported = program.run(&[&["export", "changes"], &whole[..]].concat()).await;
    let report = program
        .run(&[&["dora", "--json", "--proof"], &whole[..]].concat())
        .await;
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    let key = |row: &Value| format!("{}#{}", row["repository"].as_str().unwrap(), row["number"]);
    let rows: BTreeMap<String, Value> = exported
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|row| (key(&row), row))
        .collect();
    assert_eq!(rows.len(), exported.stdout.lines().count(), "each change once");
    let mut compared = 0;
    for told in report["lead_time"]["proof"].as_array().unwrap() {
        let Some(row) = rows.get(told["subject"].as_str().unwrap()) else {
            assert!(told["subject"].as_str().unwrap().contains('@'), "{told}");
            continue;
        };
        assert_eq!(row["counted"], told["counted"], "{told} {row}");
        if told["counted"] == true {
            assert_eq!(
                row["lead_time_seconds"].as_f64(),
                told["value"].as_f64(),
                "{told} {row}"
            );
            compared += 1;
        }
    }
    assert!(compared > 1_000, "{compared}");
}
