//! Purpose: who is admitted, what words and terms are, how lists are fused, which sentence answers, and that the
//! nearest are found.

mod fusion;
mod nearest;
mod query;
mod sentence;

use proptest::prelude::*;

use super::*;

fn user() -> impl Strategy<Value = SlackUser> {
    (0..4).prop_map(|n| SlackUser(format!("U{n}")))
}

fn channel() -> impl Strategy<Value = SlackChannel> {
    (0..4).prop_map(|n| SlackChannel(format!("C{n}")))
}

fn visibility() -> impl Strategy<Value = Visibility> {
    prop_oneof![
        Just(Visibility::Everyone),
        prop::collection::btree_set(channel(), 0..4).prop_map(Visibility::Channels),
        prop::collection::btree_set(user(), 0..4).prop_map(Visibility::People),
    ]
}

fn person(user: SlackUser, channel: Option<SlackChannel>) -> Audience {
    Audience::Person { user, channel }
}

proptest! {
    #[test]
    fn what_a_whole_channel_may_see_each_person_who_asks_there_may(v in visibility(), c in channel(), u in user()) {
        if v.admits(&Audience::Channel(c.clone())) {
            prop_assert!(v.admits(&person(u, Some(c))));
        }
    }

    #[test]
    fn what_a_person_may_see_by_themselves_they_may_see_wherever_they_ask(v in visibility(), c in channel(), u in user()) {
        if v.admits(&person(u.clone(), None)) {
            prop_assert!(v.admits(&person(u, Some(c))));
        }
    }

    #[test]
    fn what_a_channel_sees_is_for_everyone_or_for_that_channel(v in visibility(), c in channel()) {
        let expected = match &v {
            Visibility::Everyone => true,
            Visibility::Channels(channels) => channels.contains(&c),
            Visibility::People(_) => false,
        };
        prop_assert_eq!(v.admits(&Audience::Channel(c)), expected);
    }

    #[test]
    fn whoever_is_not_named_sees_nothing_of_a_source_for_people(u in user(), c in channel(), people in prop::collection::btree_set(user(), 0..4)) {
        let expected = people.contains(&u);
        prop_assert_eq!(Visibility::People(people).admits(&person(u, Some(c))), expected);
    }

    #[test]
    fn the_operator_sees_everything(v in visibility()) {
        prop_assert!(v.admits(&Audience::Operator));
    }

    #[test]
    fn a_visibility_reads_back_as_it_was_written(v in visibility()) {
        let text = serde_json::to_string(&v).unwrap();
        prop_assert_eq!(serde_json::from_str::<Visibility>(&text).unwrap(), v);
    }
}

#[test]
fn only_admitted_sources_are_searched() {
    let source = |n: u32, visibility: Visibility| Source {
        added: NewSource {
            id: SourceId::new(ulid::Ulid::from(u128::from(n))),
            kind: SourceKind::Page,
            location: String::new(),
            visibility,
            added_by: None,
            added_at: DateTime::UNIX_EPOCH,
        },
        tag: SourceTag(n),
        state: SourceState::default(),
    };
    let sources = [
        source(1, Visibility::Everyone),
        source(2, Visibility::Channels(BTreeSet::from(["C1".into()]))),
        source(3, Visibility::People(BTreeSet::from(["U1".into()]))),
    ];
    let tags =
        |audience: &Audience| -> Vec<u32> { admitted(&sources, audience).iter().map(|tag| tag.0).collect() };
    assert_eq!(tags(&Audience::Channel("C1".into())), [1, 2]);
    assert_eq!(tags(&Audience::Channel("C2".into())), [1]);
    assert_eq!(tags(&person("U1".into(), Some("C1".into()))), [1, 2, 3]);
    assert_eq!(tags(&person("U1".into(), None)), [1, 3]);
    assert_eq!(tags(&Audience::Operator), [1, 2, 3]);
}

#[test]
fn a_kind_of_source_has_one_name() {
    for kind in SourceKind::ALL {
        assert_eq!(SourceKind::parse(kind.as_str()), Some(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
    assert_eq!(SourceKind::parse("folders"), None);
}

/// A passage of document `document` from chunk `ordinal`, with `text`.
fn passage(document: i64, ordinal: u32, text: &str) -> Passage {
    Passage {
        chunk: ChunkId(document * 1_000 + i64::from(ordinal)),
        document_id: DocumentId(document),
        document: Document {
            source: SourceId::new(ulid::Ulid::from(1_u128)),
            external_id: document.to_string(),
            title: String::new(),
            url: None,
            author: None,
            owners: Vec::new(),
            changed_at: None,
            digest: String::new(),
        },
        first: ordinal,
        last: ordinal,
        heading: vec![format!("Heading {ordinal}")],
        text: text.to_owned(),
        standing: Standing::default(),
    }
}
