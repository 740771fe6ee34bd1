//! Purpose: where the model's files are, whether they are all there, and which model they make.
//!
//! A model is a folder: weights as ONNX and the four files of its tokenizer, as the hub of its makers has them. Nothing is
//! kept in memory before `Model::read`.

mod known;

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
/// Where ONNX keeps what is beyond 2 GB.
const WEIGHTS_PART: &str = "model.onnx_data";
/// Every file that a folder must have.
const FILES: [&str; 5] = [WEIGHTS, TOKENIZER, CONFIG, SPECIAL_TOKENS, TOKENIZER_CONFIG];
/// Says how the vectors of the word pieces become one; not every folder has it.
const POOLING: &str = "1_Pooling/config.json";

/// Which model is wanted, and where to look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelSettings {
    /// A folder with a model: this one or none.
    pub model_dir: Option<PathBuf>,
    /// A public model by its name, such as `BAAI/bge-small-en-v1.5`, instead of the one that comes with the program. Its
    /// files are in a folder named by the last part. `model_dir` goes before it.
    pub name: Option<String>,
    /// The program's own folder; `models` in it is looked at first.
    pub data_dir: PathBuf,
    /// An ONNX Runtime library that is tried before others.
    pub library: Option<PathBuf>,
}

/// A model that is complete, not loaded.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its folder's name and a digest of what decides its vectors, such as `all-MiniLM-L6-v2@0a1b2c3d4e5f`.
    pub name: String,
    /// Numbers in each vector.
    pub dimensions: usize,
    /// Where it is.
    pub folder: PathBuf,
    /// What is put before each text.
    pub prefixes: Prefixes,
    pooling: Pooling,
    /// Weights that do not fit into the first file.
    part: Option<PathBuf>,
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
    /// Finds the model that the settings mean. Reads its weights once, for the digest: not for an async thread.
    ///
    /// # Errors
    /// There is none, or a file of it is missing or cannot be read.
    pub fn find(settings: &ModelSettings) -> Result<Self, KnowledgeError> {
        if let Some(folder) = &settings.model_dir {
            return Self::in_folder(folder);
        }
        let name = settings.name.as_deref().unwrap_or(SHIPPED);
        let looked = places(&settings.data_dir, known::last_part(name));
        match looked.iter().find(|folder| folder.join(WEIGHTS).is_file()) {
            Some(folder) => Self::in_folder(folder),
            None => Err(KnowledgeError::NoModel {
                name: name.to_owned(),
                looked,
                files: FILES.join(", "),
            }),
        }
    }

    /// The model of this folder.
    ///
    /// # Errors
    /// A file of it is missing or cannot be read.
    pub fn in_folder(folder: &Path) -> Result<Self, KnowledgeError> {
        require_files(folder)?;
        let name = folder.file_name().unwrap_or(folder.as_os_str());
        let name = name.to_string_lossy().into_owned();
        let part = folder.join(WEIGHTS_PART);
        let model = Self {
            dimensions: dimensions(&folder.join(CONFIG))?,
            folder: folder.to_owned(),
            prefixes: Prefixes::default(),
            pooling: pooling(&folder.join(POOLING))?,
            part: part.is_file().then_some(part),
            output: None,
            name: name.clone(),
        };
        known::completed(model, &name).with_digest()
    }

    /// The model that is kept under this name with its vectors (`all-MiniLM-L6-v2@0a1b2c3d4e5f`), if its files are still
    /// where models are looked for, or beside the configured folder. Reads weights: not for an async thread.
    pub fn former(settings: &ModelSettings, name: &str) -> Option<Self> {
        let (folder, _) = name.rsplit_once('@')?;
        let beside = settings.model_dir.as_deref().and_then(Path::parent);
        let mut looked = places(&settings.data_dir, folder);
        looked.extend(beside.map(|place| place.join(folder)));
        let mut models = looked.iter().filter_map(|folder| Self::in_folder(folder).ok());
        models.find(|model| model.name == name)
    }

    /// Puts the digest behind the name: of the weights, the tokenizer, and what we do with them.
    fn with_digest(mut self) -> Result<Self, KnowledgeError> {
        let mut hasher = Sha256::new();
        let files = [self.folder.join(WEIGHTS), self.folder.join(TOKENIZER)];
        for file in files.iter().chain(&self.part) {
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
        let tokenizer = tokenizer_files(&self.folder)?;
        let mut model = UserDefinedEmbeddingModel::new(read_weights(&self.folder)?, tokenizer)
            .with_pooling(self.pooling.clone())
            .with_quantization(QuantizationMode::None);
        model.output_key.clone_from(&self.output);
        if let Some(part) = &self.part {
            model = model.with_external_initializer(WEIGHTS_PART.to_owned(), read(part)?);
        }
        Ok(model)
    }
}

/// The four files of a folder's tokenizer.
pub(crate) fn tokenizer_files(folder: &Path) -> Result<TokenizerFiles, KnowledgeError> {
    let file = |name: &str| read(&folder.join(name));
    Ok(TokenizerFiles {
        tokenizer_file: file(TOKENIZER)?,
        config_file: file(CONFIG)?,
        special_tokens_map_file: file(SPECIAL_TOKENS)?,
        tokenizer_config_file: file(TOKENIZER_CONFIG)?,
    })
}

/// The weights of a folder's model.
pub(crate) fn read_weights(folder: &Path) -> Result<Vec<u8>, KnowledgeError> {
    read(&folder.join(WEIGHTS))
}

/// Whether all files of a model are in the folder.
///
/// # Errors
/// The first that is missing.
pub(crate) fn require_files(folder: &Path) -> Result<(), KnowledgeError> {
    match FILES.into_iter().find(|file| !folder.join(file).is_file()) {
        Some(file) => Err(KnowledgeError::MissingFile {
            folder: folder.to_owned(),
            file,
        }),
        None => Ok(()),
    }
}

/// Whether a model rounds by what is in a batch, so that texts must go one by one to have the same vector always. The
/// steps of the computation are named at the beginning of the file, before the weights.
pub(crate) fn depends_on_batch(weights: &[u8]) -> bool {
    let step = b"DynamicQuantizeLinear";
    let steps = &weights[..weights.len().min(4 * 1024 * 1024)];
    steps.windows(step.len()).any(|window| window == step)
}

/// Where a model may be, the first for what people put there themselves.
fn places(data_dir: &Path, name: &str) -> Vec<PathBuf> {
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
    .map(|place| place.join("models").join(name))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_rounds_by_batch_is_recognised() {
        assert!(depends_on_batch(b"....DynamicQuantizeLinear...."));
        assert!(!depends_on_batch(b"....DequantizeLinear"));
        assert!(!depends_on_batch(b""));
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../models")
            .join(SHIPPED)
            .join(WEIGHTS);
        assert!(!depends_on_batch(&std::fs::read(shipped).unwrap()));
    }
}
