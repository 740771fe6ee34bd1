//! Purpose: who may see an answer, what a model wrote of it, and which one somebody stands for.

use ulid::Ulid;

use super::*;
use crate::answer::cited;
use crate::knowledge::{
    ChunkId, Document, DocumentId, NewSource, SourceKind, SourceState, SourceTag, Standing, Visibility,
};

fn source(number: u32, visibility: Visibility) -> Source {
    Source {
        added: NewSource {
            id: SourceId::new(Ulid::from(u128::from(number))),
            kind: SourceKind::Folder,
            location: String::new(),
            visibility,
            added_by: None,
            added_at: DateTime::UNIX_EPOCH,
        },
        tag: SourceTag(number),
        state: SourceState::default(),
    }
}

fn citation(source: &Source, owner: &str) -> Citation {
    Citation {
        source: source.added.id.clone(),
        document: String::new(),
        title: String::new(),
        heading: Vec::new(),
        url: None,
        author: None,
        owners: vec![owner.to_owned()],
        changed_at: None,
        text: String::new(),
        sentence: String::new(),
    }
}

#[test]
fn an_answer_is_seen_by_those_who_may_see_all_it_rests_on() {
    let ana = Visibility::People(BTreeSet::from(["U0ANA".into()]));
    let (open, private) = (source(1, Visibility::Everyone), source(2, ana));
    let answer = Answer {
        id: AnswerId::new(Ulid::from(1_u128)),
        question: String::new(),
        asker: "U0ANA".into(),
        channel: None,
        thread: None,
        asked_at: DateTime::UNIX_EPOCH,
        confidence: Confidence::None,
        citations: vec![citation(&private, "@payroll"), citation(&open, "@docs")],
        written: None,
        also_from: BTreeSet::new(),
        official: None,
    };
    let sources = [open, private];
    let seen_by = |user: &str| {
        let audience = Audience::Person {
            user: user.into(),
            channel: None,
        };
        answer.may_be_seen_by(&audience, &sources)
    };
    assert!(seen_by("U0ANA"));
    assert!(!seen_by("U0BEN"));
    assert_eq!(answer.people_to_ask(), ["@payroll", "@docs"]);
    // A source that is gone is nobody's to show.
    assert!(!answer.may_be_seen_by(&Audience::Operator, &sources[..1]));
}

#[test]
fn ages_are_told_in_the_unit_a_person_would_use() {
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let told = |days: i64| age(now - chrono::TimeDelta::days(days), now);
    let ages = [-3, 0, 1, 13, 14, 61, 430, 730].map(told);
    assert_eq!(
        ages,
        [
            "today",
            "today",
            "yesterday",
            "13 days ago",
            "2 weeks ago",
            "2 months ago",
            "14 months ago",
            "2 years ago"
        ]
    );
    assert!(!is_old(now - chrono::TimeDelta::days(365), now));
    assert!(is_old(now - chrono::TimeDelta::days(366), now));
}

fn passage(source: &Source, document: &str) -> Passage {
    Passage {
        chunk: ChunkId(1),
        document_id: DocumentId(1),
        document: Document {
            source: source.added.id.clone(),
            external_id: document.to_owned(),
            title: document.to_owned(),
            url: None,
            author: None,
            owners: Vec::new(),
            changed_at: None,
            digest: String::new(),
        },
        first: 0,
        last: 0,
        heading: Vec::new(),
        text: String::new(),
        standing: Standing::default(),
    }
}

#[test]
fn what_a_model_wrote_cites_by_numbers_in_the_order_of_reading() {
    let open = source(1, Visibility::Everyone);
    let passages = ["a.md", "b.md", "c.md"].map(|name| passage(&open, name));
    let said = cited("Stop the queue [3]. Then revert [1][3].\nMaybe call somebody.", 3).unwrap();
    let (written, citations) = written(&said, &passages, "pretend-1");
    let numbers: Vec<_> = written
        .sentences
        .iter()
        .map(|sentence| (sentence.text.as_str(), sentence.citations.as_slice()))
        .collect();
    assert_eq!(
        numbers,
        [
            ("Stop the queue.", [1].as_slice()),
            ("Then revert.", [2, 1].as_slice())
        ]
    );
    let documents: Vec<_> = citations
        .iter()
        .map(|citation| citation.document.as_str())
        .collect();
    assert_eq!(documents, ["c.md", "a.md"]);
    assert_eq!(written.text(), "Stop the queue. Then revert.");
}

#[test]
fn what_a_model_read_counts_for_who_may_see_its_answer_even_where_it_is_not_cited() {
    let ana = Visibility::People(BTreeSet::from(["U0ANA".into()]));
    let (open, private) = (source(1, Visibility::Everyone), source(2, ana));
    let passages = [passage(&open, "open.md"), passage(&private, "private.md")];
    let said = cited("All is open [1].", 2).unwrap();
    let mut answer = Answer {
        id: AnswerId::new(Ulid::from(1_u128)),
        question: String::new(),
        asker: "U0ANA".into(),
        channel: None,
        thread: None,
        asked_at: DateTime::UNIX_EPOCH,
        confidence: Confidence::None,
        citations: Vec::new(),
        written: None,
        also_from: BTreeSet::new(),
        official: None,
    };
    let sources = [open, private];
    let everybody = Audience::Channel("C0OPS".into());
    let first = answer.clone();
    answer.rewrite(written(&said, &passages[..1], "pretend-1"), &passages[..1], &[]);
    assert!(answer.is_answer());
    assert!(answer.may_be_seen_by(&everybody, &sources));

    answer.rewrite(written(&said, &passages, "pretend-1"), &passages, &[first]);
    assert!(!answer.may_be_seen_by(&everybody, &sources));

    // What it was reminded of counts as well.
    let mut next = answer.clone();
    next.rewrite(
        written(&said, &passages[..1], "pretend-1"),
        &passages[..1],
        std::slice::from_ref(&answer),
    );
    assert!(!next.may_be_seen_by(&everybody, &sources));
}

#[test]
fn an_official_answer_is_found_by_its_words_or_by_nearly_the_same_meaning() {
    let official = |number: u128, question: &str| OfficialAnswer {
        id: AnswerId::new(Ulid::from(number)),
        question: question.to_owned(),
        text: String::new(),
        citations: Vec::new(),
        also_from: BTreeSet::new(),
        by: "U0ANA".into(),
        at: DateTime::UNIX_EPOCH,
        until: DateTime::UNIX_EPOCH,
    };
    let known = [official(1, "Who owns billing?"), official(2, "How do we deploy?")];
    let found = |question, meaning: Option<&[f32]>, meanings: &[Vec<f32>]| {
        nearly_same((question, meaning), &known, meanings).map(|known| known.question.as_str())
    };
    assert_eq!(found("who owns BILLING", None, &[]), Some("Who owns billing?"));
    assert_eq!(found("who has billing", None, &[]), None);
    let meanings = [vec![1.0, 0.0], vec![0.0, 1.0]];
    assert_eq!(
        found("how is it shipped", Some(&[0.1, 0.99]), &meanings),
        Some("How do we deploy?")
    );
    assert_eq!(found("something else", Some(&[0.7, 0.7]), &meanings), None);
}
