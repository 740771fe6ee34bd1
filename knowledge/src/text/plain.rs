//! Purpose: bytes to characters, and text that has no markup, or that of a program.

use super::{Skip, extension};

/// Of so many characters, one may be unreadable in a text.
const READABLE: usize = 4;

/// Files of programs: what begins with `#` in them is no heading.
const CODE: &[&str] = &[
    "bash",
    "c",
    "cfg",
    "conf",
    "cpp",
    "cs",
    "css",
    "csv",
    "dockerfile",
    "ex",
    "exs",
    "go",
    "h",
    "hcl",
    "ini",
    "java",
    "js",
    "json",
    "jsx",
    "kt",
    "lua",
    "php",
    "pl",
    "properties",
    "proto",
    "ps1",
    "py",
    "rb",
    "rego",
    "rs",
    "scala",
    "sh",
    "sql",
    "swift",
    "tf",
    "toml",
    "ts",
    "tsx",
    "xml",
    "yaml",
    "yml",
];

/// The characters of a file: UTF-8, or UTF-16 that says so. Broken ones are replaced.
pub(super) fn decode(bytes: &[u8]) -> Result<String, Skip> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        all => String::from_utf8_lossy(all).into_owned(),
    };
    let unreadable = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
    if text.contains('\0') || unreadable * READABLE > text.chars().count() {
        return Err(Skip::Binary);
    }
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// Text as it stands; that of a program as a block of code.
pub(super) fn read(name: &str, text: &str) -> (Option<String>, String) {
    let kind = extension(name);
    if CODE.contains(&kind.as_str()) {
        (None, fenced(&kind, text))
    } else {
        (None, text.to_owned())
    }
}

/// A block of code; its marks are longer than any in the text.
pub(super) fn fenced(language: &str, text: &str) -> String {
    let longest = text
        .lines()
        .map(|line| line.trim_start().chars().take_while(|c| *c == '`').count())
        .max();
    let mark = "`".repeat(longest.unwrap_or(0).max(2) + 1);
    format!("{mark}{language}\n{}\n{mark}", text.trim_end())
}

/// Without control characters, space at the ends of lines, and more than one empty line in a row.
pub(super) fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines() {
        let start = tidy.len();
        tidy.extend(line.chars().filter(|c| *c == '\t' || !c.is_control()));
        let end = tidy.trim_end().len().max(start);
        tidy.truncate(end);
        empty = if end == start { empty + 1 } else { 0 };
        if empty < 2 {
            tidy.push('\n');
        }
    }
    tidy.truncate(tidy.trim_end().len());
    tidy.drain(..tidy.len() - tidy.trim_start_matches('\n').len());
    tidy
}
