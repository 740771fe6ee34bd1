//! Purpose: the text of a policy: the shipped files, or those of a folder.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::error::PolicyError;

/// The shipped rules, in the order of their names.
const SHIPPED: &[(&str, &str)] = &[
    ("actions.rego", include_str!("../rules/actions.rego")),
    ("actions_test.rego", include_str!("../rules/actions_test.rego")),
    ("commands.rego", include_str!("../rules/commands.rego")),
    ("commands_test.rego", include_str!("../rules/commands_test.rego")),
    ("decision.rego", include_str!("../rules/decision.rego")),
    ("settings.rego", include_str!("../rules/settings.rego")),
    ("signals.rego", include_str!("../rules/signals.rego")),
    ("signals_test.rego", include_str!("../rules/signals_test.rego")),
];

/// A policy is small; what is larger is something else.
const MOST_BYTES: u64 = 1024 * 1024;

/// Where a policy comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The rules that the program brings along.
    Shipped,
    /// A file, or every `*.rego` of a folder (not of the folders in it).
    Path(PathBuf),
}

impl Source {
    /// The path, or the shipped rules where it is empty.
    pub fn configured(path: &str) -> Self {
        if path.is_empty() {
            Self::Shipped
        } else {
            Self::Path(PathBuf::from(path))
        }
    }

    /// How people name it.
    pub fn name(&self) -> String {
        match self {
            Self::Shipped => "the shipped rules".to_owned(),
            Self::Path(path) => path.display().to_string(),
        }
    }

    /// Reads its files.
    ///
    /// # Errors
    /// A file or folder cannot be read, or holds no rules.
    pub fn read(&self) -> Result<Files, PolicyError> {
        match self {
            Self::Shipped => Ok(Files(
                SHIPPED
                    .iter()
                    .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                    .collect(),
            )),
            Self::Path(path) => read_path(path),
        }
    }
}

/// Names and texts, sorted by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files(pub(crate) Vec<(String, String)>);

impl Files {
    /// Files by name and text, for tests and for what is not on a disk.
    pub fn of(files: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        let mut files: Vec<(String, String)> = files
            .into_iter()
            .map(|(name, text)| (name.into(), text.into()))
            .collect();
        files.sort();
        Self(files)
    }

    /// The rules without their tests.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &(String, String)> {
        self.0.iter().filter(|(name, _)| !name.ends_with("_test.rego"))
    }

    /// The first 12 hexadecimal digits of SHA-256 over the rules: names and texts, each ended by a zero byte.
    pub(crate) fn version(&self) -> String {
        let mut hasher = Sha256::new();
        for (name, text) in self.rules() {
            hasher.update(name.as_bytes());
            hasher.update([0]);
            hasher.update(text.as_bytes());
            hasher.update([0]);
        }
        hex::encode(&hasher.finalize()[..6])
    }
}

fn read_path(path: &Path) -> Result<Files, PolicyError> {
    let unreadable = |error: std::io::Error| PolicyError::general(unreadable(path, &error));
    if fs::metadata(path).map_err(unreadable)?.is_file() {
        return Ok(Files(vec![read_file(path)?]));
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        // Hidden ones are an editor's, or the machinery below a mounted ConfigMap.
        let is_hidden = file
            .file_name()
            .is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if !is_hidden && file.extension().is_some_and(|end| end == "rego") {
            files.push(read_file(&file)?);
        }
    }
    files.sort();
    if files.is_empty() {
        let what = format!("{} holds no file that ends in .rego", path.display());
        return Err(PolicyError::general(what));
    }
    Ok(Files(files))
}

fn read_file(path: &Path) -> Result<(String, String), PolicyError> {
    let failed = |error: std::io::Error| PolicyError::general(unreadable(path, &error));
    let size = fs::metadata(path).map_err(failed)?.len();
    if size > MOST_BYTES {
        let what = format!("{} is larger than 1 MiB", path.display());
        return Err(PolicyError::general(what));
    }
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Ok((name, fs::read_to_string(path).map_err(failed)?))
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    let is = |kind| error.kind() == kind;
    let why = if is(ErrorKind::NotFound) {
        "is not there".to_owned()
    } else if is(ErrorKind::PermissionDenied) {
        "may not be read by me".to_owned()
    } else if is(ErrorKind::InvalidData) {
        "is not text".to_owned()
    } else {
        format!("cannot be read: {error}")
    };
    format!("{} {why}", path.display())
}
