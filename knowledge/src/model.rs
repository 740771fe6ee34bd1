//! Purpose: where the model's files are, whether they are all there, and which model they make.
//!
//! A model is a folder: weights as ONNX and the four files of its tokenizer, as the hub of its makers has them. Nothing is
//! kept in memory before [`Model::read`].

mod hub;

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use fastembed::{OutputKey, Pooling, QuantizationMode, TokenizerFiles, UserDefinedEmbeddingModel};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::error::KnowledgeError;

/// The model that comes with the program.
pub const SHIPPED: &str = "all-MiniLM-L6-v2";

/// Word pieces that a model reads of a text, if it can read so many.
pub(crate) const MOST_TOKENS: usize = 256;

const CONFIG: &str = "config.json";
const SPECIAL_TOKENS: &str = "special_tokens_map.json";
const TOKENIZER: &str = "tokenizer.json";
const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
const WEIGHTS: &str = "model.onnx";
/// Every file that a folder must have.
const FILES: [&str; 5] = [WEIGHTS, TOKENIZER, CONFIG, SPECIAL_TOKENS, TOKENIZER_CONFIG];
/// Says how the vectors of the word pieces become one; not every folder has it.
const POOLING: &str = "1_Pooling/config.json";

/// Which model is wanted, and where to look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelSettings {
    /// A folder with a model: this one or none.
    pub model_dir: Option<PathBuf>,
    /// A model by its name on the hub, such as `BAAI/bge-small-en-v1.5`; it is fetched once. `model_dir` goes before it.
    pub hub_model: Option<String>,
    /// Where the hub is, if it is not the public one: a mirror.
    pub hub_endpoint: Option<String>,
    /// The program's own folder; `models` in it is looked at, and fetched models are kept there.
    pub data_dir: PathBuf,
    /// An ONNX Runtime library that is tried before others.
    pub library: Option<PathBuf>,
}

/// A model that is complete, not loaded.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its folder's or hub's name and a digest of what decides its vectors, such as `all-MiniLM-L6-v2@0a1b2c3d4e5f`.
    pub name: String,
    /// Numbers in each vector.
    pub dimensions: usize,
    /// Where it is.
    pub folder: PathBuf,
    /// What is put before each text.
    pub prefixes: Prefixes,
    pooling: Pooling,
    /// Where the weights are; a model of the hub may keep them in a folder of their own.
    weights: PathBuf,
    /// Further files of weights, which the first names.
    parts: Vec<PathBuf>,
    quantization: QuantizationMode,
    /// Which answer of the model is meant, where it has several.
    output: Option<OutputKey>,
}

/// Some models were trained on texts that say what they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prefixes {
    /// Before a question.
    pub query: String,
    /// Before a passage.
    pub passage: String,
}

impl Model {
    /// Finds the model that the settings mean. Reads all of its files once, for the digest, and may fetch one by name: not
    /// for an async thread.
    ///
    /// # Errors
    /// There is none, or a file of it is missing or cannot be read.
    pub fn find(settings: &ModelSettings) -> Result<Self, KnowledgeError> {
        if let Some(folder) = &settings.model_dir {
            return Self::in_folder(folder);
        }
        if let Some(name) = &settings.hub_model {
            return hub::fetch(
                name,
                &settings.data_dir.join("models"),
                settings.hub_endpoint.as_deref(),
            );
        }
        let looked = places(&settings.data_dir);
        match looked.iter().find(|folder| folder.join(WEIGHTS).is_file()) {
            Some(folder) => Self::in_folder(folder),
            None => Err(KnowledgeError::NoModel { looked }),
        }
    }

    /// The model of this folder.
    ///
    /// # Errors
    /// A file of it is missing or cannot be read.
    pub fn in_folder(folder: &Path) -> Result<Self, KnowledgeError> {
        if let Some(file) = FILES.into_iter().find(|file| !folder.join(file).is_file()) {
            let folder = folder.to_owned();
            return Err(KnowledgeError::MissingFile { folder, file });
        }
        let name = folder.file_name().unwrap_or(folder.as_os_str());
        Self {
            name: name.to_string_lossy().into_owned(),
            dimensions: dimensions(&folder.join(CONFIG))?,
            folder: folder.to_owned(),
            prefixes: Prefixes::default(),
            pooling: pooling(&folder.join(POOLING))?,
            weights: folder.join(WEIGHTS),
            parts: Vec::new(),
            quantization: QuantizationMode::None,
            output: None,
        }
        .with_digest()
    }

    /// Puts the digest behind the name: of the weights, the tokenizer, and what we do with them.
    fn with_digest(mut self) -> Result<Self, KnowledgeError> {
        let mut hasher = Sha256::new();
        let tokenizer = self.folder.join(TOKENIZER);
        for file in [&self.weights, &tokenizer].into_iter().chain(&self.parts) {
            update(&mut hasher, file).map_err(|error| unreadable(file, &error))?;
        }
        let how = format!("{:?} {MOST_TOKENS} {:?}", self.pooling, self.prefixes);
        hasher.update(how.as_bytes());
        let digest = hex::encode(&hasher.finalize()[..6]);
        self.name = format!("{}@{digest}", self.name);
        Ok(self)
    }

    /// The files, to be made into a model that runs.
    pub(crate) fn read(&self) -> Result<UserDefinedEmbeddingModel, KnowledgeError> {
        let file = |name: &str| read(&self.folder.join(name));
        let tokenizer = TokenizerFiles {
            tokenizer_file: file(TOKENIZER)?,
            config_file: file(CONFIG)?,
            special_tokens_map_file: file(SPECIAL_TOKENS)?,
            tokenizer_config_file: file(TOKENIZER_CONFIG)?,
        };
        let mut model = UserDefinedEmbeddingModel::new(read(&self.weights)?, tokenizer)
            .with_pooling(self.pooling.clone())
            .with_quantization(self.quantization);
        model.output_key.clone_from(&self.output);
        for part in &self.parts {
            let name = part.file_name().unwrap_or_default().to_string_lossy();
            model = model.with_external_initializer(name.into_owned(), read(part)?);
        }
        Ok(model)
    }

    /// Whether the model rounds by what is in a batch, so that texts must go one by one to have the same vector always.
    pub(crate) fn depends_on_batch(&self) -> bool {
        matches!(self.quantization, QuantizationMode::Dynamic)
    }
}

/// Where a model may be that nobody named.
fn places(data_dir: &Path) -> Vec<PathBuf> {
    let beside = std::env::current_exe()
        .ok()
        .and_then(|program| Some(program.parent()?.to_owned()));
    [
        Some(data_dir.to_owned()),
        beside,
        std::env::current_dir().ok(),
        Some(PathBuf::from("/usr/share/em-agent")),
    ]
    .into_iter()
    .flatten()
    .map(|place| place.join("models").join(SHIPPED))
    .collect()
}

fn dimensions(config: &Path) -> Result<usize, KnowledgeError> {
    json(config)?
        .get("hidden_size")
        .and_then(Value::as_u64)
        .and_then(|size| usize::try_from(size).ok())
        .filter(|size| *size > 0)
        .ok_or_else(|| KnowledgeError::bad_file(config, "does not say the hidden_size"))
}

/// The mean over the word pieces, unless the model says that it was trained otherwise.
fn pooling(config: &Path) -> Result<Pooling, KnowledgeError> {
    if !config.is_file() {
        return Ok(Pooling::Mean);
    }
    let takes_first = json(config)?
        .get("pooling_mode_cls_token")
        .and_then(Value::as_bool);
    Ok(match takes_first {
        Some(true) => Pooling::Cls,
        Some(false) | None => Pooling::Mean,
    })
}

fn json(path: &Path) -> Result<Value, KnowledgeError> {
    serde_json::from_slice(&read(path)?)
        .map_err(|error| KnowledgeError::bad_file(path, format!("is not JSON: {error}")))
}

fn read(path: &Path) -> Result<Vec<u8>, KnowledgeError> {
    std::fs::read(path).map_err(|error| unreadable(path, &error))
}

fn update(hasher: &mut Sha256, path: &Path) -> std::io::Result<()> {
    let mut file = BufReader::new(File::open(path)?);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        hasher.update(&buffer[..read]);
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> KnowledgeError {
    let is = |kind| error.kind() == kind;
    let what = if is(ErrorKind::NotFound) {
        "is not there".to_owned()
    } else if is(ErrorKind::PermissionDenied) {
        "may not be read by me".to_owned()
    } else {
        format!("cannot be read: {error}")
    };
    KnowledgeError::bad_file(path, what)
}
