//! Purpose: the answer to `/em-agent ask`: the passages that answer, with the sentence that does, where they are from
//! and how old they are; or what comes nearest and who might know.

mod excerpt;
mod feedback;
pub mod official;
mod written;

use chrono::{DateTime, Utc};
use em_domain::ask::{Answer, Citation, Confidence, DOCUMENTS_SHOWN, Feedback, NEAREST_SHOWN, age, is_old};
use em_domain::id::{SlackChannel, SlackUser};
use em_domain::knowledge::thread::said_at;
use slack_morphism::prelude::SlackMessageContent;

use crate::element::Button;
use crate::help::typed;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, channel, escape, join, link, mention, words};

pub use feedback::{CALLBACK, FeedbackMemory, fault, modal_not_helpful, remark};

/// Action: show this answer to everybody in the conversation.
pub const SHARE: &str = "ask.publish";
/// Action: it helped.
pub const HELPFUL: &str = "ask.helpful";
/// Action: it did not help; opens the question for what was wrong.
pub const NOT_HELPFUL: &str = "ask.not_helpful";
/// Action: somebody wants to stand for this answer; opens the form for it.
pub const OFFICIAL: &str = "ask.official";

/// The longest excerpt of the best document, in Slack's units.
const EXCERPT: usize = 900;
/// The longest of the others.
const FURTHER_EXCERPT: usize = 400;

/// An answer as it is shown.
#[derive(Debug, Clone, Copy)]
pub struct AnswerView<'a> {
    /// The answer.
    pub answer: &'a Answer,
    /// The present: ages are counted to it.
    pub now: DateTime<Utc>,
    /// Who sees it.
    pub shown_to: Readers<'a>,
    /// What its asker thought of it, where they said.
    pub feedback: Option<&'a Feedback>,
    /// Meanings were not compared, and why: shown, for the answer may miss what is written in other words.
    pub only_words: Option<&'a str>,
    /// A language model was asked and nothing came of it, and why.
    pub no_model: Option<&'a str>,
    /// Who sees it may stand for it.
    pub may_make_official: bool,
}

/// Who sees an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers<'a> {
    /// The one who asked, who can show it to the conversation.
    Asker,
    /// The one who asked, where there is nobody else to show it to, or it was shown.
    AskerAlone,
    /// Everybody, because this person showed it to them.
    Everyone(&'a SlackUser),
    /// Everybody in the channel that a schedule asks it in.
    Channel,
}

/// The answer.
pub fn message_answer(view: &AnswerView<'_>) -> SlackMessageContent {
    let answer = view.answer;
    let mut layout = Layout::new();
    layout.section(&question(view));
    if let Some(official) = &answer.official {
        written::official(&mut layout, answer, official, view.now);
    } else if let Some(written) = &answer.written {
        written::written(&mut layout, answer, written, view.now);
    } else if answer.is_shown() {
        if !answer.is_answer() {
            layout.section(&words("I did not find a clear answer. This comes nearest:"));
        }
        let lengths = std::iter::once(EXCERPT).chain(std::iter::repeat(FURTHER_EXCERPT));
        for (citation, length) in answer.citations.iter().take(DOCUMENTS_SHOWN).zip(lengths) {
            cited(&mut layout, citation, length, view.now);
        }
    } else {
        not_found(&mut layout, answer);
    }
    layout.foot(&foot(view));
    layout.foot_actions(buttons(view));
    layout.into_message(&fallback(answer))
}

/// What is shown while passages are read: `so_far` is what is written of the answer, if anything is.
pub fn message_reading(
    question: &str,
    passages: usize,
    so_far: Option<&Answer>,
    now: DateTime<Utc>,
) -> SlackMessageContent {
    let asked = bold(escape(&fit(question, 500)));
    let mut layout = Layout::new();
    layout.section(&asked);
    if let Some((answer, text)) = so_far.and_then(|answer| Some((answer, answer.written.as_ref()?))) {
        written::written(&mut layout, answer, text, now);
    }
    let reading = match passages {
        1 => "Reading a passage of our documents …".to_owned(),
        passages => format!("Reading {passages} passages of our documents …"),
    };
    layout.foot(&escape(&reading));
    layout.into_message(&cat([escape(&fit(question, 300)), words(" "), escape(&reading)]))
}

/// In place of what was shown while passages were read, where nothing came of it.
pub fn message_stopped(question: &str) -> SlackMessageContent {
    let said = cat([
        words("I could not finish this answer: "),
        escape(&fit(question, 500)),
    ]);
    let mut layout = Layout::new();
    layout.section(&said);
    layout.into_message(&said)
}

/// That a conversation is forgotten.
pub fn message_forgotten(count: u64) -> SlackMessageContent {
    let said = match count {
        0 => words("There was nothing here that I remembered."),
        1 => words("Forgotten: your next question here stands alone."),
        2.. => escape(&format!(
            "Forgotten, all {count} questions: your next one here stands alone."
        )),
    };
    let mut layout = Layout::new();
    layout.section(&said);
    layout.into_message(&said)
}

/// In place of the private answer, once it is in the channel.
pub fn message_shared(answer: &Answer, shown_in: &SlackChannel) -> SlackMessageContent {
    let said = cat([
        words("Shared to "),
        channel(shown_in),
        words(": "),
        escape(&fit(&answer.question, 500)),
    ]);
    let mut layout = Layout::new();
    layout.section(&said);
    layout.into_message(&said)
}

fn question(view: &AnswerView<'_>) -> Mrkdwn {
    let asked = bold(escape(&fit(&view.answer.question, 500)));
    let by = match view.shown_to {
        Readers::Everyone(user) => cat([words("\nAnswered from our documents, shown by "), mention(user)]),
        Readers::Channel => words("\nAnswered from our documents"),
        Readers::Asker | Readers::AskerAlone => Mrkdwn::default(),
    };
    cat([asked, by])
}

fn cited(layout: &mut Layout, citation: &Citation, length: usize, now: DateTime<Utc>) {
    let excerpt = excerpt::excerpt(around(citation, length), &citation.sentence).capped(length);
    layout.section(&cat([place(citation), words("\n"), excerpt]));
    layout.context(&origin(citation, now));
}

/// As much of the passage as is shown: from the beginning, or, where the answer stands further down, from the paragraph
/// that it is in.
fn around(citation: &Citation, length: usize) -> &str {
    let text = citation.text.as_str();
    let at = text.find(&citation.sentence).unwrap_or_default();
    if at < length / 2 {
        return text;
    }
    let paragraph = text.get(..at).and_then(|before| before.rfind("\n\n"));
    paragraph
        .and_then(|start| text.get(start..))
        .unwrap_or(text)
        .trim_start()
}

/// Where it stands: title and headings, leading to the page.
fn place(citation: &Citation) -> Mrkdwn {
    let headings = citation
        .heading
        .iter()
        .filter(|heading| **heading != citation.title);
    let label: Vec<&str> = std::iter::once(citation.title.as_str())
        .chain(headings.map(String::as_str))
        .collect();
    let label = fit(&label.join(" › "), 200).into_owned();
    match &citation.url {
        Some(url) => link(url, &label),
        None => bold(escape(&label)),
    }
}

fn origin(citation: &Citation, now: DateTime<Utc>) -> Mrkdwn {
    let changed = citation.changed_at.map(|at| {
        let age = escape(&format!("changed {}", age(at, now)));
        if is_old(at, now) {
            cat([words(":hourglass: "), age, words(", check that it still holds")])
        } else {
            age
        }
    });
    let owners = citation
        .owners
        .iter()
        .take(3)
        .map(|owner| escape(&fit(owner, 60)));
    let owners = join(owners, ", ");
    let owners = (!owners.is_empty()).then(|| cat([words("looked after by "), owners]));
    let author = citation
        .author
        .as_ref()
        .map(|author| cat([words("by "), escape(&fit(author, 60))]));
    // A message's timestamp says nothing to people.
    let document = match said_at(&citation.document) {
        Some(_) => words("Slack thread"),
        None => escape(&fit(&citation.document, 200)),
    };
    let parts = [Some(document), changed, owners.or(author)];
    join(parts.into_iter().flatten(), " · ")
}

fn not_found(layout: &mut Layout, answer: &Answer) {
    layout.section(&words("I did not find this in our documents."));
    let nearest = answer.citations.iter().take(NEAREST_SHOWN).map(place);
    let nearest: Vec<Mrkdwn> = nearest.collect();
    if !nearest.is_empty() {
        layout.section(&words("What comes nearest:"));
        layout.lines(nearest.into_iter().map(|place| cat([words("• "), place])));
    }
    let people = answer.people_to_ask();
    let people = join(
        people.into_iter().take(3).map(|person| escape(&fit(person, 60))),
        ", ",
    );
    if !people.is_empty() {
        layout.section(&cat([words("Who might know: "), people]));
    }
}

fn foot(view: &AnswerView<'_>) -> Mrkdwn {
    let sure = match view.answer.confidence {
        _ if view.answer.official.is_some() => Mrkdwn::default(),
        _ if view.answer.written.is_some() => cat([
            words("Written by "),
            escape(&fit(
                view.answer.written.as_ref().map_or("", |written| &written.model),
                80,
            )),
            words(" from these passages; sentences without a source were left out."),
        ]),
        Confidence::High => words("I am fairly sure."),
        Confidence::Some => words("Read it before you rely on it."),
        Confidence::None => cat([words("The question is noted for "), typed("gaps"), words(".")]),
    };
    let only_words = view
        .only_words
        .map(|why| cat([words("Only searched by words: "), escape(&fit(why, 300))]));
    let thanks = view.feedback.map(|feedback| match feedback {
        Feedback::Helpful => words("Thank you, noted as helpful."),
        Feedback::NotHelpful { .. } => words("Thank you, noted as not helpful."),
    });
    let no_model = view.no_model.map(|why| escape(&fit(why, 300)));
    let parts = [Some(sure), no_model, only_words, thanks].into_iter().flatten();
    join(parts.filter(|part| !part.is_empty()), " ")
}

fn buttons(view: &AnswerView<'_>) -> Vec<Button> {
    let id = view.answer.id.as_str();
    let mut buttons = Vec::new();
    if view.answer.is_shown() && view.shown_to == Readers::Asker {
        buttons.push(Button::new("Share to channel", SHARE, id));
    }
    let is_private = matches!(view.shown_to, Readers::Asker | Readers::AskerAlone);
    if is_private && view.feedback.is_none() && !view.answer.citations.is_empty() {
        buttons.push(Button::new("Helpful", HELPFUL, id));
        buttons.push(Button::new("Not helpful…", NOT_HELPFUL, id));
    }
    let is_answer = view.answer.is_shown() && view.answer.official.is_none();
    if is_private && view.may_make_official && is_answer {
        buttons.push(Button::new("Make official…", OFFICIAL, id));
    }
    buttons
}

fn fallback(answer: &Answer) -> Mrkdwn {
    let question = escape(&fit(&answer.question, 300));
    let official = answer.official.as_ref().map(|official| official.text.clone());
    if let Some(text) = official.or_else(|| answer.written.as_ref().map(em_domain::ask::Written::text)) {
        return cat([question, words(" "), escape(&fit(&text, 500))]);
    }
    match answer.citations.first().filter(|_| answer.is_shown()) {
        Some(citation) => {
            let sentence = match citation.sentence.as_str() {
                "" => fit(&citation.text, 500),
                sentence => fit(sentence, 500),
            };
            cat([
                question,
                words(" "),
                escape(&sentence),
                words(" ("),
                escape(&fit(&citation.title, 100)),
                words(")"),
            ])
        }
        None => cat([question, words(" I did not find this in our documents.")]),
    }
}
