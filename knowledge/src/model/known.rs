//! Purpose: what must be known of a public model beyond its files, by its name.

use fastembed::{EmbeddingModel, ModelInfo, Pooling, TextEmbedding};

use super::{Model, Prefixes};

/// The model with what is known of the one of this name; as it is, if nothing is.
pub(super) fn completed(model: Model, name: &str) -> Model {
    let prefixes = prefixes(name);
    let Some(info) = known(name) else {
        return Model { prefixes, ..model };
    };
    Model {
        prefixes,
        pooling: TextEmbedding::get_default_pooling_method(&info.model).unwrap_or(Pooling::Cls),
        output: info.output_key,
        ..model
    }
}

/// A model by the name of its folder on the hub, whoever keeps a copy there.
fn known(name: &str) -> Option<ModelInfo<EmbeddingModel>> {
    let of_hub = |info: &ModelInfo<EmbeddingModel>| last_part(&info.model_code).to_lowercase();
    let wanted = last_part(name).to_lowercase();
    TextEmbedding::list_supported_models()
        .into_iter()
        .find(|info| of_hub(info) == wanted)
}

/// `bge-small-en-v1.5` of `BAAI/bge-small-en-v1.5`.
pub(super) fn last_part(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// What the makers of these families put before a text, by their model cards.
fn prefixes(name: &str) -> Prefixes {
    let name = last_part(name).to_lowercase();
    let (query, passage) = if name.contains("e5-") {
        ("query: ", "passage: ")
    } else if name.contains("nomic-embed-text") {
        ("search_query: ", "search_document: ")
    } else if (name.contains("bge-") && name.contains("-en")) || name.contains("arctic-embed") {
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
    fn a_model_is_known_whoever_keeps_the_copy() {
        let model = |name: &str| known(name).map(|info| info.model);
        assert_eq!(
            model("BAAI/BGE-small-en-v1.5"),
            Some(EmbeddingModel::BGESmallENV15)
        );
        assert_eq!(model("bge-small-en-v1.5"), Some(EmbeddingModel::BGESmallENV15));
        assert_eq!(model("acme/telepathy"), None);
    }

    #[test]
    fn families_get_their_prefixes() {
        assert_eq!(prefixes("intfloat/multilingual-e5-small").passage, "passage: ");
        assert_eq!(prefixes("nomic-ai/nomic-embed-text-v1.5").query, "search_query: ");
        assert!(prefixes("BAAI/bge-small-en-v1.5").query.starts_with("Represent"));
        assert_eq!(prefixes("BAAI/bge-small-zh-v1.5"), Prefixes::default());
        assert_eq!(
            prefixes("sentence-transformers/all-MiniLM-L6-v2"),
            Prefixes::default()
        );
    }
}
