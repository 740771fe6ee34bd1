//! Purpose: what is written about the code stays true: links lead somewhere, the table of metrics is the list in the
//! code, every dependency and every source file says what it is for, and nothing names the machine it was made on.

use std::{
    collections::BTreeSet,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use em_commands::action::ACTIONS;
use em_domain::any_metric::AnyMetric;
use em_telemetry::names::{ALL, Kind};
use serde_json::Value;

/// Folders at the root that are not part of the sources.
const NOT_SOURCES: [&str; 3] = ["target", "data", ".git"];

/// Documents by others, kept as they came: their links mean files of the place they came from.
const AS_THEY_CAME: &str = "knowledge/evals/runbooks/content";

/// First folders of paths that exist on one machine only.
const MACHINE_FOLDERS: [&str; 4] = ["home", "Users", "root", "work"];

#[test]
fn links_in_the_documentation_lead_to_files() {
    let mut broken = String::new();
    let as_they_came = root().join(AS_THEY_CAME);
    for page in files(|path| extension(path) == "md" && !path.starts_with(&as_they_came)) {
        let text = fs::read_to_string(&page).unwrap();
        for target in links(&text) {
            let file = target.split('#').next().unwrap();
            let outside = target.contains("://") || target.starts_with("mailto:") || file.is_empty();
            if !outside && !page.parent().unwrap().join(file).exists() {
                writeln!(broken, "{}: {target}", page.display()).unwrap();
            }
        }
    }
    assert!(broken.is_empty(), "these links lead nowhere:\n{broken}");
}

/// With two programs in the workspace, `cargo run` without a name would be refused.
#[test]
fn the_first_command_of_the_readme_runs_the_bot() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    assert!(readme.contains("cargo run --release -- demo"), "{readme}");
    let workspace: toml::Table = fs::read_to_string(root.join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let default = workspace["workspace"]["default-members"].as_array().unwrap();
    assert_eq!(default, &[toml::Value::from("bot")]);
}

#[test]
fn table_of_metrics_is_the_list_in_the_code() {
    let mut expected = String::from("| Metric | Kind | Labels | Meaning |\n|---|---|---|---|\n");
    for metric in ALL {
        let labels = metric
            .labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect::<Vec<_>>()
            .join(", ");
        writeln!(
            expected,
            "| `{}` | {} | {labels} | {} |",
            metric.name,
            metric.kind.as_str(),
            metric.help
        )
        .unwrap();
    }
    let page = fs::read_to_string(root().join("docs/LOGGING.md")).unwrap();
    assert!(
        page.contains(&expected),
        "the table in docs/LOGGING.md should read:\n\n{expected}"
    );
    let rows = page.lines().filter(|line| line.starts_with("| `em_")).count();
    assert_eq!(
        rows,
        ALL.len(),
        "docs/LOGGING.md has rows for metrics that do not exist"
    );
}

/// Every name in a dashboard is that of a metric, of a histogram's buckets, or of a delivery metric.
#[test]
fn dashboards_show_metrics_that_exist_and_all_delivery_metrics() {
    let mut shown = BTreeSet::new();
    for name in ["delivery", "operations"] {
        let page = fs::read_to_string(root().join(format!("grafana/{name}.json"))).unwrap();
        let board: Value = serde_json::from_str(&page).unwrap();
        let panels = board["panels"].as_array().unwrap();
        let targets = panels
            .iter()
            .filter_map(|panel| panel["targets"].as_array())
            .flatten();
        for expression in targets.map(|target| target["expr"].as_str().unwrap()) {
            let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            for word in words.filter(|word| word.starts_with("em_")) {
                let metric = ALL.iter().find(|metric| {
                    let is_histogram = metric.kind == Kind::Histogram;
                    word.strip_suffix("_bucket")
                        .filter(|_| is_histogram)
                        .unwrap_or(word)
                        == metric.name
                });
                let metric = metric.unwrap_or_else(|| panic!("{name}: there is no metric {word}"));
                for label in expression
                    .split("by (")
                    .skip(1)
                    .filter_map(|rest| rest.split(')').next())
                {
                    for label in label.split(", ").filter(|label| *label != "le") {
                        assert!(
                            metric.labels.contains(&label),
                            "{name}: {word} has no label {label}"
                        );
                    }
                }
                shown.insert(metric.name);
            }
            let of = expression
                .split("metric=\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            if let Some(of) = of {
                assert!(
                    AnyMetric::all().any(|metric| metric.as_str() == of),
                    "there is no metric {of}"
                );
                shown.insert(AnyMetric::parse(of).unwrap().as_str());
            }
        }
    }
    let all = ALL.iter().map(|metric| metric.name);
    let all = all.chain(AnyMetric::all().map(AnyMetric::as_str));
    let missing: Vec<&str> = all.filter(|name| !shown.contains(name)).collect();
    assert!(missing.is_empty(), "no dashboard shows {missing:?}");
}

#[test]
fn table_of_actions_is_the_list_in_the_code() {
    let mut expected = String::from("| Kind | Written | What it does | Repeated |\n|---|---|---|---|\n");
    for kind in ACTIONS {
        writeln!(
            expected,
            "| `{}` | `{}` | {} | {} |",
            kind.name,
            kind.usage,
            kind.summary,
            kind.repeat.as_str()
        )
        .unwrap();
    }
    let page = fs::read_to_string(root().join("docs/ACTIONS.md")).unwrap();
    assert!(
        page.contains(&expected),
        "the table in docs/ACTIONS.md should read:\n\n{expected}"
    );
    let rows = page.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(
        rows,
        ACTIONS.len(),
        "docs/ACTIONS.md has rows for actions that do not exist"
    );
}

#[test]
fn every_dependency_says_what_it_is_for() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let section = manifest
        .split("[workspace.dependencies]")
        .nth(1)
        .unwrap()
        .split("\n[")
        .next()
        .unwrap();
    let mut before = "";
    let mut silent = Vec::new();
    for line in section.lines() {
        let ours = line.starts_with("em-");
        let explained = before.starts_with("# ") && !before.starts_with("# ---");
        if line.contains(" = ") && !line.starts_with('#') && !ours && !explained {
            silent.push(line);
        }
        before = line;
    }
    assert!(
        silent.is_empty(),
        "put a comment above these in Cargo.toml, saying what they are for: {silent:#?}"
    );
}

#[test]
fn every_source_file_begins_with_its_purpose() {
    let begins = |path: &PathBuf| fs::read_to_string(path).unwrap().starts_with("//! ");
    let silent: Vec<_> = files(|path| extension(path) == "rs")
        .into_iter()
        .filter(|path| !begins(path))
        .collect();
    assert!(
        silent.is_empty(),
        "begin these with `//! Purpose: ...`: {silent:#?}"
    );
}

#[test]
fn nothing_names_the_machine_it_was_made_on() {
    let text_file = |path: &Path| {
        [
            "rs", "toml", "md", "yaml", "yml", "sql", "html", "css", "js", "sh", "",
        ]
        .contains(&extension(path))
    };
    let mut found = String::new();
    for path in files(text_file) {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        for (number, line) in text.lines().enumerate().filter(|(_, line)| names_a_machine(line)) {
            writeln!(found, "{}:{}: {line}", path.display(), number + 1).unwrap();
        }
    }
    assert!(found.is_empty(), "these name a path of one machine:\n{found}");
}

#[test]
fn machine_paths_are_told_from_addresses() {
    let path = |folder: &str| format!("see /{folder}/ana/notes");
    assert!(
        MACHINE_FOLDERS
            .iter()
            .all(|folder| names_a_machine(&path(folder)))
    );
    assert!(!names_a_machine(
        "https://example.com/work/items and $HOME/.cache and frame/work/x"
    ));
}

/// Whether the line holds an absolute path below one of [`MACHINE_FOLDERS`]. In an address something stands before it.
fn names_a_machine(line: &str) -> bool {
    MACHINE_FOLDERS.iter().any(|folder| {
        let start = format!("/{folder}/");
        line.match_indices(&start).any(|(at, _)| {
            !line[..at].ends_with(|before: char| before.is_alphanumeric() || "._-~*}>)".contains(before))
        })
    })
}

/// Targets of the Markdown links of a page, outside of code blocks.
fn links(text: &str) -> Vec<&str> {
    let mut in_code = false;
    let mut targets = Vec::new();
    for line in text.lines() {
        in_code ^= line.trim_start().starts_with("```");
        if !in_code {
            targets.extend(
                line.split("](")
                    .skip(1)
                    .filter_map(|rest| rest.split([')', ' ']).next()),
            );
        }
    }
    targets
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

fn files(wanted: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut folders = vec![root()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if folder == root() && NOT_SOURCES.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if wanted(&path) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn extension(path: &Path) -> &str {
    path.extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
}
