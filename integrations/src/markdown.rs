//! Purpose: pieces of Markdown that the formats of several vendors are turned into.

/// Each line behind a prefix, of which the first line has its own.
pub(crate) fn prefixed(text: &str, first: &str, others: &str) -> String {
    let mut prefix = first;
    let mut lines = Vec::new();
    for line in text.split('\n') {
        lines.push(format!("{prefix}{line}").trim_end().to_owned());
        prefix = others;
    }
    lines.join("\n")
}

/// Code in a fence that it does not contain.
pub(crate) fn fenced(language: &str, code: &str) -> String {
    let mut fence = "```".to_owned();
    while code.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}{language}\n{code}\n{fence}")
}

/// A table of which the first row is the head.
pub(crate) fn table(rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut lines = Vec::new();
    for row in rows {
        let cells: Vec<String> = row.iter().map(|words| cell(words)).collect();
        lines.push(format!("| {} |", cells.join(" | ")));
        if lines.len() == 1 {
            lines.push(format!("|{}", "---|".repeat(cells.len())));
        }
    }
    lines.join("\n")
}

/// A cell has one line, and a bar would end it.
fn cell(words: &str) -> String {
    let words: Vec<&str> = words.split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
}
