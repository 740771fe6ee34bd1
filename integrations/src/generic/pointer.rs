//! Purpose: JSON pointers (RFC 6901), followed through a payload without building the rest of it in memory.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Payloads nest about ten deep.
const MAX_STEPS: usize = 32;

/// Where a field stands: `/build/commits/0/sha`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointer(Vec<String>);

impl Pointer {
    /// Reads a pointer.
    ///
    /// # Errors
    /// It is not one; what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err(format!("`{text}` is no JSON pointer: it begins with `/`"));
        };
        let steps: Option<Vec<String>> = rest.split('/').map(unescaped).collect();
        let steps = steps.ok_or_else(|| {
            format!("`{text}` is no JSON pointer: behind `~` stands 0 (for `~`) or 1 (for `/`)")
        })?;
        if steps.len() > MAX_STEPS {
            return Err(format!("`{text}` goes deeper than {MAX_STEPS} steps"));
        }
        Ok(Self(steps))
    }

    /// The text, number or truth value at this place; `None` where there is nothing, or nothing that is one of these.
    pub(super) fn find(&self, payload: &[u8]) -> Option<String> {
        let mut json = serde_json::Deserializer::from_slice(payload);
        Seek(&self.0)
            .deserialize(&mut json)
            .ok()
            .flatten()
            .filter(|found| !found.is_empty())
    }
}

fn unescaped(step: &str) -> Option<String> {
    let mut parts = step.split('~');
    let first = parts.next()?.to_owned();
    parts.try_fold(first, |mut done, part| {
        done.push(match part.as_bytes().first()? {
            b'0' => '~',
            b'1' => '/',
            _ => return None,
        });
        done.push_str(&part[1..]);
        Some(done)
    })
}

/// The steps that are left to go.
struct Seek<'s>(&'s [String]);

impl Seek<'_> {
    fn here(&self, text: impl FnOnce() -> String) -> Option<String> {
        self.0.is_empty().then(text)
    }
}

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.here(|| text.replace('\0', "")))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Self::Value, E> {
        Ok(self.here(|| truth.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(self.here(|| number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(self.here(|| number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(self.here(|| number.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = fields.next_key::<String>()? {
            match self.0.split_first() {
                // Of a field that stands there twice the last counts, as in most readers of JSON.
                Some((step, rest)) if *step == name => found = fields.next_value_seed(Seek(rest))?,
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        if let Some((step, rest)) = self.0.split_first()
            && let Some(index) = index(step)
        {
            for _ in 0..index {
                if elements.next_element::<IgnoredAny>()?.is_none() {
                    return Ok(None);
                }
            }
            found = elements.next_element_seed(Seek(rest))?.flatten();
        }
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }
}

/// Digits without a leading zero.
fn index(step: &str) -> Option<usize> {
    let is_plain = step.bytes().all(|b| b.is_ascii_digit()) && (step == "0" || !step.starts_with('0'));
    is_plain.then(|| step.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn find(pointer: &str, payload: &Value) -> Option<String> {
        Pointer::parse(pointer)
            .unwrap()
            .find(payload.to_string().as_bytes())
    }

    /// The document of RFC 6901, section 5, with texts as values.
    #[test]
    fn the_examples_of_the_standard_hold() {
        let document = json!({
            "foo": ["bar", "baz"], "": "0", "a/b": "1", "c%d": "2", "e^f": "3", "g|h": "4", "i\\j": "5", "k\"l": "6",
            " ": "7", "m~n": "8",
        });
        for (pointer, expected) in [
            ("/foo/0", "bar"),
            ("/foo/1", "baz"),
            ("/", "0"),
            ("/a~1b", "1"),
            ("/c%d", "2"),
            ("/e^f", "3"),
            ("/g|h", "4"),
            ("/i\\j", "5"),
            ("/k\"l", "6"),
            ("/ ", "7"),
            ("/m~0n", "8"),
        ] {
            assert_eq!(find(pointer, &document).as_deref(), Some(expected), "{pointer}");
        }
        for pointer in [
            "/foo", "/foo/2", "/foo/-", "/foo/00", "/foo/+1", "/foo/0/x", "/nothing",
        ] {
            assert_eq!(find(pointer, &document), None, "{pointer}");
        }
    }

    #[test]
    fn texts_numbers_and_truth_values_are_found() {
        let document =
            json!({ "t": "x\u{0}y", "n": -7, "u": u64::MAX, "f": 1.5, "b": true, "null": null, "e": "" });
        for (pointer, expected) in [
            ("/t", Some("xy")),
            ("/n", Some("-7")),
            ("/u", Some("18446744073709551615")),
            ("/f", Some("1.5")),
            ("/b", Some("true")),
            ("/null", None),
            ("/e", None),
        ] {
            assert_eq!(find(pointer, &document).as_deref(), expected, "{pointer}");
        }
    }

    #[test]
    fn what_is_no_pointer_is_refused_with_the_reason() {
        for text in ["", "a", "a/b", "#/a"] {
            assert!(
                Pointer::parse(text).unwrap_err().contains("begins with `/`"),
                "{text}"
            );
        }
        for text in ["/~", "/a~2", "/~/b"] {
            assert!(Pointer::parse(text).unwrap_err().contains('~'), "{text}");
        }
        assert!(Pointer::parse(&"/a".repeat(33)).is_err());
    }

    #[test]
    fn of_a_field_that_stands_there_twice_the_last_counts() {
        let pointer = Pointer::parse("/a").unwrap();
        assert_eq!(pointer.find(br#"{"a":"1","b":2,"a":"3"}"#).as_deref(), Some("3"));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-c~/]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c~/0-2]{0,2}", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// `serde_json` builds the whole document and then follows the pointer.
        #[test]
        fn it_finds_what_serde_json_finds(document in any_json(), pointer in "(/([a-c]|~0|~1|[0-2]){0,2}){1,4}") {
            let expected = document.pointer(&pointer).and_then(|found| match found {
                Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
                Value::Bool(_) | Value::Number(_) => Some(found.to_string()),
                Value::Null | Value::Array(_) | Value::Object(_) => None,
            });
            prop_assert_eq!(find(&pointer, &document), expected);
        }
    }
}
