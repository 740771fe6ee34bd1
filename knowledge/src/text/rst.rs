//! Purpose: reStructuredText with Markdown's headings and blocks of code; the rest of it reads much the same.

use super::markdown::first_heading;
use super::plain::fenced;

/// The first heading, and the text.
pub(super) fn read(text: &str) -> (Option<String>, String) {
    let body = convert(text);
    (first_heading(&body), body)
}

fn convert(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut styles = Vec::new();
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if let Some((heading, used)) = heading(&lines[at..], &mut styles) {
            out.extend([heading, String::new()]);
            at += used;
        } else if let Some(language) = opens_code(lines[at]) {
            let (before, used) = (before_code(lines[at]), block(&lines[at + 1..]));
            out.extend([before, String::new()]);
            out.extend(code(language, &lines[at + 1..at + 1 + used]));
            at += 1 + used;
        } else {
            out.push(lines[at].to_owned());
            at += 1;
        }
    }
    out.join("\n")
}

/// How headings of one level are marked: with which character, and whether above as well.
type Style = (char, bool);

/// A heading at the beginning of these lines, and how many lines it takes. A new style is a new level below the others.
fn heading(lines: &[&str], styles: &mut Vec<Style>) -> Option<(String, usize)> {
    let (title, style, used) = match lines {
        [over, title, under, ..] if ruler(over).is_some() && ruler(over) == ruler(under) => {
            (title, (ruler(under)?.0, true), 3)
        }
        [title, under, ..] if !title.starts_with(char::is_whitespace) => (title, (ruler(under)?.0, false), 2),
        [..] => return None,
    };
    let long_enough = ruler(lines[used - 1])?.1 >= title.trim().chars().count();
    if title.trim().is_empty() || ruler(title).is_some() || !long_enough {
        return None;
    }
    let level = styles
        .iter()
        .position(|known| *known == style)
        .unwrap_or_else(|| {
            styles.push(style);
            styles.len() - 1
        });
    Some((format!("{} {}", "#".repeat(level.min(5) + 1), title.trim()), used))
}

/// A line of one mark, two or more times: which, and how often.
fn ruler(line: &str) -> Option<(char, usize)> {
    let line = line.trim_end();
    let mark = line.chars().next().filter(char::is_ascii_punctuation)?;
    let is_ruler = line.len() > 1 && line.chars().all(|c| c == mark);
    is_ruler.then_some((mark, line.len()))
}

/// The language, perhaps empty, if the indented lines below this one are code.
fn opens_code(line: &str) -> Option<&str> {
    let text = line.trim();
    if let Some(rest) = text.strip_prefix(".. ") {
        let (directive, language) = rest.split_once("::")?;
        return matches!(directive, "code" | "code-block" | "sourcecode" | "parsed-literal")
            .then(|| language.trim());
    }
    text.ends_with("::").then_some("")
}

/// What is left of the line that announces code.
fn before_code(line: &str) -> String {
    let text = line.trim();
    if text.starts_with(".. ") || text == "::" {
        return String::new();
    }
    line.trim_end().trim_end_matches("::").to_owned() + ":"
}

/// How many of these lines are empty or indented.
fn block(lines: &[&str]) -> usize {
    let inside = |line: &&&str| line.trim().is_empty() || line.starts_with(char::is_whitespace);
    lines.iter().take_while(inside).count()
}

fn code(language: &str, lines: &[&str]) -> Vec<String> {
    let is_option = |line: &&&str| line.trim().is_empty() || line.trim_start().starts_with(':');
    let options = lines.iter().take_while(is_option).count();
    let lines = &lines[options..];
    if lines.is_empty() {
        return Vec::new();
    }
    let written = lines.iter().filter(|line| !line.trim().is_empty());
    let indent = written
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let text: Vec<&str> = lines
        .iter()
        .map(|line| line.get(indent..).unwrap_or(""))
        .collect();
    vec![fenced(language, &text.join("\n")), String::new()]
}
