//! Purpose: what can be done to a payload: any field removed, or replaced by something that it should not be.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// What is done to one field.
#[derive(Debug, Clone)]
pub(crate) enum Damage {
    Remove,
    Replace(Value),
}

pub(crate) fn damage() -> impl Strategy<Value = Damage> {
    let values = vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1.5e300),
        json!(""),
        json!("\u{0}\u{202e}<!channel>"),
        json!("two\nlines"),
        json!("9999-12-31T23:59:60Z"),
        json!([]),
        json!({}),
        json!([null]),
        json!({ "ref": null }),
        json!("x".repeat(10_000)),
    ];
    prop_oneof![Just(Damage::Remove), select(values).prop_map(Damage::Replace)]
}

/// The addresses of all fields.
pub(crate) fn pointers(value: &Value, at: &str, into: &mut Vec<String>) {
    let mut visit = |key: String, inner: &Value| {
        let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        into.push(pointer.clone());
        pointers(inner, &pointer, into);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, inner)| visit(key.clone(), inner)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, inner)| visit(index.to_string(), inner)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

pub(crate) fn apply(body: &mut Value, pointer: &str, damage: &Damage) {
    match damage {
        Damage::Replace(value) => {
            if let Some(field) = body.pointer_mut(pointer) {
                *field = value.clone();
            }
        }
        Damage::Remove => {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            if let Some(fields) = body.pointer_mut(parent).and_then(Value::as_object_mut) {
                fields.remove(&key.replace("~1", "/").replace("~0", "~"));
            }
        }
    }
}
