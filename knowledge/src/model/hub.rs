//! Purpose: a model that is asked for by name, fetched once from the hub and kept in the data folder.

use std::path::{Path, PathBuf};

use fastembed::{EmbeddingModel, ModelInfo, Pooling, TextEmbedding};
use hf_hub::api::sync::{ApiBuilder, ApiRepo};

use super::{CONFIG, Model, Prefixes, SPECIAL_TOKENS, TOKENIZER, TOKENIZER_CONFIG};
use crate::error::KnowledgeError;

/// Attempts for each file.
const ATTEMPTS: usize = 3;

/// The model of this name; its files are in `cache` afterwards, and are not asked for again if they were.
pub(super) fn fetch(name: &str, cache: &Path, endpoint: Option<&str>) -> Result<Model, KnowledgeError> {
    let not_fetched = |cause: String| KnowledgeError::NotFetched {
        name: name.to_owned(),
        cause,
    };
    let info = known(name).ok_or_else(|| not_fetched("it is not one that I know".to_owned()))?;
    let repo = repo(&info, cache, endpoint).map_err(not_fetched)?;
    let get = |file: &str| {
        repo.get(file)
            .map_err(|error| not_fetched(format!("{file}: {error}")))
    };
    let weights = get(&info.model_file)?;
    for file in [TOKENIZER, CONFIG, SPECIAL_TOKENS, TOKENIZER_CONFIG] {
        get(file)?;
    }
    let parts = info.additional_files.iter().map(|file| get(file));
    let parts: Vec<PathBuf> = parts.collect::<Result<_, _>>()?;
    let folder = get(CONFIG)?
        .parent()
        .map(Path::to_owned)
        .ok_or_else(|| not_fetched("it is in no folder".to_owned()))?;
    Model {
        name: info.model_code.clone(),
        dimensions: info.dim,
        folder,
        prefixes: prefixes(&info.model_code),
        pooling: TextEmbedding::get_default_pooling_method(&info.model).unwrap_or(Pooling::Cls),
        weights,
        parts,
        quantization: TextEmbedding::get_quantization_mode(&info.model),
        output: info.output_key.clone(),
    }
    .with_digest()
}

/// A model by the library's name for it (`BGESmallENV15`) or the hub's (`Xenova/bge-small-en-v1.5`).
fn known(name: &str) -> Option<ModelInfo<EmbeddingModel>> {
    let by_library: Option<EmbeddingModel> = name.parse().ok();
    TextEmbedding::list_supported_models()
        .into_iter()
        .find(|info| match &by_library {
            Some(model) => info.model == *model,
            None => info.model_code.eq_ignore_ascii_case(name),
        })
}

fn repo(info: &ModelInfo<EmbeddingModel>, cache: &Path, endpoint: Option<&str>) -> Result<ApiRepo, String> {
    let mut builder = ApiBuilder::new()
        .with_cache_dir(cache.to_owned())
        .with_retries(ATTEMPTS)
        .with_token(None)
        .with_progress(false);
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint.to_owned());
    }
    let api = builder.build().map_err(|error| error.to_string())?;
    Ok(api.model(info.model_code.clone()))
}

/// What the makers of these families put before a text, by their model cards.
fn prefixes(code: &str) -> Prefixes {
    let code = code.to_lowercase();
    let (query, passage) = if code.contains("e5-") {
        ("query: ", "passage: ")
    } else if code.contains("nomic-embed-text") {
        ("search_query: ", "search_document: ")
    } else if code.contains("bge-") && code.contains("-en") || code.contains("arctic-embed") {
        ("Represent this sentence for searching relevant passages: ", "")
    } else {
        ("", "")
    };
    Prefixes {
        query: query.to_owned(),
        passage: passage.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_known_by_either_of_its_names() {
        let by_library = known("bgesmallenv15").unwrap();
        let by_hub = known(&by_library.model_code.to_uppercase()).unwrap();

        assert_eq!(by_library.model, EmbeddingModel::BGESmallENV15);
        assert_eq!(by_hub.model, EmbeddingModel::BGESmallENV15);
        assert!(known("acme/telepathy").is_none());
    }

    #[test]
    fn families_get_their_prefixes() {
        let of = |model: EmbeddingModel| prefixes(&known(&format!("{model:?}")).unwrap().model_code);

        assert_eq!(of(EmbeddingModel::MultilingualE5Small).passage, "passage: ");
        assert_eq!(of(EmbeddingModel::NomicEmbedTextV15).query, "search_query: ");
        assert!(of(EmbeddingModel::BGESmallENV15).query.starts_with("Represent"));
        assert_eq!(of(EmbeddingModel::BGESmallZHV15), Prefixes::default());
        assert_eq!(of(EmbeddingModel::AllMiniLML6V2), Prefixes::default());
    }

    #[test]
    fn a_name_that_nobody_knows_says_what_else_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let said = fetch("acme/telepathy", folder.path(), None)
            .unwrap_err()
            .to_string();
        assert!(
            said.contains("acme/telepathy") && said.contains("folder"),
            "{said}"
        );
    }

    #[test]
    fn a_closed_network_says_what_else_to_do() {
        let folder = tempfile::tempdir().unwrap();
        // nobody listens on the port of discard
        let error = fetch("AllMiniLML6V2", folder.path(), Some("http://127.0.0.1:9")).unwrap_err();
        assert!(matches!(error, KnowledgeError::NotFetched { .. }), "{error:?}");
    }
}
