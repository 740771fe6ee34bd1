//! Purpose: the pretend model: reads the passages and the question out of a prompt, and answers from them.

use serde_json::Value;

/// A passage, as the model sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Its number.
    pub number: usize,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
}

/// The passages and the question of the last message: `⟦passage 1: title⟧`, the text, `⟦end of passage 1⟧`, and after
/// all of them `Question: ...`.
pub(super) fn read(body: &Value) -> (Vec<Passage>, String) {
    let messages = body["messages"].as_array();
    let last = messages.and_then(|messages| messages.last());
    let mut rest = last.and_then(|last| last["content"].as_str()).unwrap_or_default();
    let mut passages = Vec::new();
    while let Some((passage, after)) = first_passage(rest) {
        passages.push(passage);
        rest = after;
    }
    let question = rest.trim().strip_prefix("Question:").unwrap_or(rest);
    (passages, question.trim().to_owned())
}

fn first_passage(text: &str) -> Option<(Passage, &str)> {
    let (_, text) = text.split_once("⟦passage ")?;
    let (number, text) = text.split_once(": ")?;
    let (title, text) = text.split_once("⟧\n")?;
    let (inside, after) = text.split_once(&format!("\n⟦end of passage {number}⟧"))?;
    let passage = Passage {
        number: number.parse().ok()?,
        title: title.to_owned(),
        text: inside.to_owned(),
    };
    Some((passage, after))
}

/// The usual rule: the first sentence of each passage with its number, and one sentence without any.
pub(super) fn first_sentences(passages: &[Passage], _question: &str) -> String {
    if passages.is_empty() {
        return "I do not know.".to_owned();
    }
    let sentence = |passage: &Passage| {
        let line = passage.text.lines().find(|line| !line.trim().is_empty());
        let line = line.unwrap_or_default().trim();
        let first = line.split_once(". ").map_or(line, |(first, _)| first);
        format!("{} [{}].", first.trim_end_matches('.'), passage.number)
    };
    let mut sentences: Vec<String> = passages.iter().map(sentence).collect();
    sentences.push("I hope that this helps.".to_owned());
    sentences.join(" ")
}

/// What a passage tells the model to say, after `SYSTEM:`.
pub(super) fn obeyed(passages: &[Passage]) -> Option<String> {
    let told = passages
        .iter()
        .find_map(|passage| passage.text.split_once("SYSTEM:"));
    told.map(|(_, order)| order.trim().to_owned())
}
