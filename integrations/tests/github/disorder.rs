//! Purpose: whatever is done to a payload, reading it neither panics nor hangs; and neither order nor repetition of
//! events changes a fact.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use em_domain::fact::{FactChange, Normalised};
use em_integrations::normalise::normalise;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use crate::damage::{apply, damage, pointers};
use crate::sample_data;
use crate::support::{changes, event, event_type, merged, sample, sample_names};

proptest! {
    #[test]
    fn damaged_payloads_are_read_or_named(
        name in select(sample_names()),
        wounds in prop::collection::vec((any::<Index>(), damage()), 1..6),
        read_as in select(sample_names()),
    ) {
        let mut body: Value = serde_json::from_slice(&sample(&name)).unwrap();
        let mut all = Vec::new();
        pointers(&body, "", &mut all);
        for (which, damage) in &wounds {
            apply(&mut body, which.get::<String>(&all), damage);
        }
        let payload = body.to_string().into_bytes();
        for kind in [event_type(&name), event_type(&read_as)] {
            if let Normalised::Unrecognised(reason) = normalise(&event(kind, payload.clone())) {
                let is_a_line = reason.chars().count() <= 300 && !reason.contains(char::is_control);
                prop_assert!(!reason.is_empty() && is_a_line, "{}", reason);
            }
        }
    }

    #[test]
    fn broken_bytes_are_not_recognised(name in select(sample_names()), end in any::<Index>(), junk in any::<Vec<u8>>()) {
        let whole = sample(&name);
        let cut = &whole[..end.index(whole.trim_ascii_end().len())];
        let kind = event_type(&name);
        let is_read = !matches!(kind, "ping" | "projects_v2_item");
        for broken in [cut.to_vec(), junk] {
            let outcome = normalise(&event(kind, broken));
            prop_assert_eq!(matches!(outcome, Normalised::Unrecognised(_)), is_read);
        }
    }

    #[test]
    fn order_and_repetition_change_nothing(
        order in Just((0..STATED.len()).collect::<Vec<_>>()).prop_shuffle(),
        again in any::<Vec<Index>>(),
    ) {
        let again = again.iter().map(|index| index.get::<Vec<FactChange>>(&STATED));
        let mixed = order.iter().map(|index| &STATED[*index]).chain(again).flatten().cloned();
        prop_assert_eq!(&merged(mixed), &*IN_ORDER);
    }
}

/// What each event of the demo's written week states: many statements about each thing, several in one second.
static STATED: LazyLock<Vec<Vec<FactChange>>> =
    LazyLock::new(|| sample_data::scenario().iter().map(changes).collect());
static IN_ORDER: LazyLock<BTreeMap<String, FactChange>> =
    LazyLock::new(|| merged(STATED.iter().flatten().cloned()));
