//! Purpose: why there are no vectors, in words for the person who installed the program.

use std::path::{Path, PathBuf};

/// Why a model cannot be used. Search goes on by words alone; `doctor` shows the sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KnowledgeError {
    /// None of the usual folders holds the model.
    #[error("the model {name} was not found in {}. A folder of a model holds {files}", list(.looked))]
    NoModel {
        /// Which.
        name: String,
        /// Where, in this order.
        looked: Vec<PathBuf>,
        /// The files that make a model.
        files: String,
    },
    /// A folder that should hold a model lacks one of its files.
    #[error("the model in {} lacks the file {file}", .folder.display())]
    MissingFile {
        /// The folder.
        folder: PathBuf,
        /// The file's name.
        file: &'static str,
    },
    /// A file is there and cannot be read, or does not say what it must.
    #[error("{} {what}", .path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, to follow its name.
        what: String,
    },
    /// The files are there, and the model that they make does not run.
    #[error("the model {model} cannot be loaded: {cause}")]
    NotLoadable {
        /// Its name.
        model: String,
        /// What the library said.
        cause: String,
    },
    /// A loaded model failed on texts.
    #[error("the model {model} failed: {cause}")]
    Failed {
        /// Its name.
        model: String,
        /// What the library said.
        cause: String,
    },
}

impl KnowledgeError {
    pub(crate) fn bad_file(path: &Path, what: impl Into<String>) -> Self {
        Self::BadFile {
            path: path.to_owned(),
            what: what.into(),
        }
    }
}

fn list(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    names.join(", ")
}
