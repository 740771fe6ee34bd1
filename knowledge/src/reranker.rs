//! Purpose: the best passages in the order of a model that reads question and passage together (a cross-encoder). It is
//! slower than comparing vectors, and better at telling what answers from what is merely about the same. Optional: a
//! folder with such a model, as the hub of its makers has it.

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fastembed::{RerankInitOptionsUserDefined, TextRerank, UserDefinedRerankingModel};
use tokio::sync::{Mutex, OnceCell};

use crate::embedder::backend;
use crate::error::KnowledgeError;
use crate::model::{read_weights, require_files, tokenizer_files};

/// Passages that are read with a question: each costs as much as a vector of it would.
pub(crate) const JUDGED: usize = 20;
/// Pairs in one go; more would only take more memory.
const BATCH: usize = 4;
/// Word pieces of a question and a passage together.
const MOST_TOKENS: usize = 512;

/// A cross-encoder of a folder, loaded with the first question.
pub struct Reranker {
    folder: PathBuf,
    loaded: OnceCell<Arc<Mutex<TextRerank>>>,
}

impl Reranker {
    /// The model of this folder. It is not loaded.
    ///
    /// # Errors
    /// A file of it is missing.
    pub fn in_folder(folder: &Path) -> Result<Self, KnowledgeError> {
        require_files(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            loaded: OnceCell::new(),
        })
    }

    /// How well each text answers the question, in the order of the texts; the greater the better. The numbers mean
    /// nothing by themselves.
    ///
    /// # Errors
    /// The model cannot be loaded, or failed.
    pub async fn marks(&self, question: &str, texts: Vec<String>) -> Result<Vec<f32>, KnowledgeError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let model = Arc::clone(self.loaded.get_or_try_init(|| self.load()).await?);
        let (question, asked) = (question.to_owned(), texts.len());
        let mut session = model.lock_owned().await;
        let judged = tokio::task::spawn_blocking(move || session.rerank(question, texts, false, Some(BATCH)));
        let judged = judged
            .await
            .map_err(|error| self.failed(&error))?
            .map_err(|error| self.failed(&error))?;
        let mut marks = vec![f32::NAN; asked];
        for result in judged {
            if let Some(mark) = marks.get_mut(result.index) {
                *mark = result.score;
            }
        }
        if marks.iter().all(|mark| mark.is_finite()) {
            Ok(marks)
        } else {
            Err(self.failed(&"its answer is not one number for each passage"))
        }
    }

    async fn load(&self) -> Result<Arc<Mutex<TextRerank>>, KnowledgeError> {
        let folder = self.folder.clone();
        let not_loadable = |cause: String| KnowledgeError::NotLoadable {
            model: self.name(),
            cause,
        };
        let loaded = tokio::task::spawn_blocking(move || load(&folder)).await;
        let session = loaded
            .map_err(|error| not_loadable(error.to_string()))?
            .map_err(not_loadable)?;
        tracing::info!(model = self.name(), "reranker loaded");
        Ok(Arc::new(Mutex::new(session)))
    }

    fn name(&self) -> String {
        let name = self.folder.file_name().unwrap_or(self.folder.as_os_str());
        name.to_string_lossy().into_owned()
    }

    fn failed(&self, cause: &impl ToString) -> KnowledgeError {
        KnowledgeError::Failed {
            model: self.name(),
            cause: cause.to_string(),
        }
    }
}

fn load(folder: &Path) -> Result<TextRerank, String> {
    let weights = read_weights(folder).map_err(|error| error.to_string())?;
    let tokenizer = tokenizer_files(folder).map_err(|error| error.to_string())?;
    let mut options = RerankInitOptionsUserDefined::default();
    options.max_length = MOST_TOKENS;
    // The backends assert where they might return an error.
    let made = std::panic::catch_unwind(AssertUnwindSafe(|| {
        backend::choose(None, folder);
        TextRerank::try_new_from_user_defined(UserDefinedRerankingModel::new(weights, tokenizer), options)
    }));
    made.map_err(|_| "the library stopped in the middle".to_owned())?
        .map_err(|error| error.to_string())
}
