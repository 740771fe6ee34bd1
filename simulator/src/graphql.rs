//! Purpose: as much of GraphQL as the pretend servers need: a query is read, checked against what is there, and answered
//! with what it selects and nothing else. So a client that forgets to ask for a field does not get it here either.
//!
//! The world is JSON. `{"__list": [...]}` is a connection, to be paged by `first` and `after` and sorted by `orderBy`;
//! `"__find": {"issue": ["issues", "number"]}` makes `issue(number: 7)` look in the connection `issues`.
//! Source: <https://spec.graphql.org/October2021/>, <https://docs.github.com/graphql/guides/using-pagination-in-the-graphql-api>.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The most that a page may have, on GitHub and on Linear.
const MAX_FIRST: u64 = 100;

/// Arguments of a field, by name.
pub(crate) type Arguments = BTreeMap<String, Value>;

/// A field that a query asks for.
#[derive(Debug)]
pub(crate) struct Field {
    alias: String,
    pub(crate) name: String,
    pub(crate) arguments: Arguments,
    selection: Vec<Field>,
}

/// Reads a query; variables stand in place of their names afterwards.
pub(crate) fn read(query: &str, variables: &Value) -> Result<Vec<Field>, String> {
    let mut reader = Reader {
        tokens: tokens(query),
        at: 0,
        variables,
    };
    if reader.peek() != "{" {
        reader.expect("query")?;
        if reader.peek() != "(" && reader.peek() != "{" {
            reader.next();
        }
        if reader.peek() == "(" {
            while !["{", ""].contains(&reader.peek()) {
                reader.next();
            }
        }
    }
    let fields = reader.selection()?;
    match reader.peek() {
        "" => Ok(fields),
        rest => Err(format!("Expected the end, got {rest}")),
    }
}

/// What `field` selects of `value`, which stands at it.
pub(crate) fn select(field: &Field, value: &Value) -> Result<(String, Value), String> {
    Ok((field.alias.clone(), shown(field, value)?))
}

fn shown(field: &Field, value: &Value) -> Result<Value, String> {
    match value {
        Value::Object(object) if object.contains_key("__list") => connection(field, &object["__list"]),
        Value::Object(object) => {
            if field.selection.is_empty() {
                return Err(format!("Field '{}' must have selections", field.name));
            }
            members(&field.selection, object).map(Value::Object)
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().map(|item| shown(field, item)).collect()
        }
        // An empty object or list says nothing about its type.
        Value::Null | Value::Array(_) => Ok(value.clone()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) if field.selection.is_empty() => {
            Ok(value.clone())
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(format!(
            "Selections can't be made on scalars (field '{}')",
            field.name
        )),
    }
}

fn members(selection: &[Field], object: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    let mut chosen = Map::new();
    for field in selection {
        let value = match object.get("__find").and_then(|find| find.get(&field.name)) {
            Some(find) => found(field, find, object),
            None => object.get(&field.name).cloned(),
        };
        let value = value.ok_or_else(|| format!("Field '{}' doesn't exist", field.name))?;
        let (name, value) = select(field, &value)?;
        chosen.insert(name, value);
    }
    Ok(chosen)
}

/// `issue(number: 7)`: null if there is none.
fn found(field: &Field, find: &Value, object: &Map<String, Value>) -> Option<Value> {
    let (list, key) = (find[0].as_str()?, find[1].as_str()?);
    let wanted = field.arguments.get(key)?;
    let items = object.get(list)?["__list"].as_array()?;
    let item = items.iter().find(|item| item[key] == *wanted);
    Some(item.cloned().unwrap_or_default())
}

fn connection(field: &Field, list: &Value) -> Result<Value, String> {
    let first = field.arguments.get("first").and_then(Value::as_u64);
    let first = first
        .filter(|first| (1..=MAX_FIRST).contains(first))
        .ok_or_else(|| {
            format!(
                "`first` on the `{}` connection must be 1 to {MAX_FIRST}",
                field.name
            )
        })?;
    let mut items = list.as_array().cloned().unwrap_or_default();
    if let Some(order) = field.arguments.get("orderBy") {
        sort(&mut items, order);
    }
    let start = match field.arguments.get("after") {
        None | Some(Value::Null) => 0,
        Some(after) => {
            cursor(after).ok_or_else(|| format!("`{after}` does not appear to be a valid cursor."))?
        }
    };
    let end = items
        .len()
        .min(start + usize::try_from(first).unwrap_or(usize::MAX));
    let page = json!({
        "nodes": items.get(start..end).unwrap_or_default(), "totalCount": items.len(),
        "pageInfo": { "hasNextPage": end < items.len(), "endCursor": (end > start).then(|| format!("cursor:{end}")) },
    });
    members(&field.selection, page.as_object().unwrap_or(&Map::new())).map(Value::Object)
}

fn cursor(after: &Value) -> Option<usize> {
    after.as_str()?.strip_prefix("cursor:")?.parse().ok()
}

/// `{field: UPDATED_AT, direction: DESC}` as GitHub writes it, or `updatedAt`, newest first, as Linear does.
fn sort(items: &mut [Value], order: &Value) {
    let (field, is_descending) = match order.as_str() {
        Some(field) => (field.to_owned(), true),
        None => (
            camel(order["field"].as_str().unwrap_or_default()),
            order["direction"] == "DESC",
        ),
    };
    items.sort_by_key(|item| item[&field].as_str().unwrap_or_default().to_owned());
    if is_descending {
        items.reverse();
    }
}

/// `UPDATED_AT` -> `updatedAt`
fn camel(name: &str) -> String {
    let mut words = name.split('_').map(str::to_lowercase);
    let mut camel = words.next().unwrap_or_default();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        camel.push_str(&first.to_uppercase());
        camel.push_str(rest);
    }
    camel
}

fn tokens(query: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = query.chars().peekable();
    while let Some(c) = rest.next() {
        if c.is_whitespace() || c == ',' {
            continue;
        }
        let mut token = String::from(c);
        if c == '"' {
            for c in rest.by_ref() {
                token.push(c);
                if c == '"' {
                    break;
                }
            }
        } else if c.is_alphanumeric() || "_$-".contains(c) {
            while let Some(c) = rest.next_if(|c| c.is_alphanumeric() || *c == '_') {
                token.push(c);
            }
        }
        tokens.push(token);
    }
    tokens
}

struct Reader<'a> {
    tokens: Vec<String>,
    at: usize,
    variables: &'a Value,
}

impl Reader<'_> {
    fn peek(&self) -> &str {
        self.tokens.get(self.at).map_or("", String::as_str)
    }

    fn next(&mut self) -> String {
        let token = self.peek().to_owned();
        self.at += 1;
        token
    }

    fn expect(&mut self, wanted: &str) -> Result<(), String> {
        match self.next() {
            token if token == wanted => Ok(()),
            token => Err(format!("Expected {wanted}, got {token:?}")),
        }
    }

    fn name(&mut self) -> Result<String, String> {
        let name = self.next();
        let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
        is_name
            .then_some(name)
            .ok_or_else(|| "Expected a name".to_owned())
    }

    fn selection(&mut self) -> Result<Vec<Field>, String> {
        self.expect("{")?;
        let mut fields = Vec::new();
        while self.peek() != "}" {
            fields.push(self.field()?);
        }
        self.expect("}")?;
        Ok(fields)
    }

    fn field(&mut self) -> Result<Field, String> {
        let alias = self.name()?;
        let name = if self.peek() == ":" {
            self.expect(":")?;
            self.name()?
        } else {
            alias.clone()
        };
        let mut arguments = Arguments::new();
        if self.peek() == "(" {
            self.expect("(")?;
            while self.peek() != ")" {
                let key = self.name()?;
                self.expect(":")?;
                let value = self.value()?;
                arguments.insert(key, value);
            }
            self.expect(")")?;
        }
        let selection = if self.peek() == "{" {
            self.selection()?
        } else {
            Vec::new()
        };
        Ok(Field {
            alias,
            name,
            arguments,
            selection,
        })
    }

    fn value(&mut self) -> Result<Value, String> {
        if self.peek() == "{" {
            self.expect("{")?;
            let mut object = Map::new();
            while self.peek() != "}" {
                let key = self.name()?;
                self.expect(":")?;
                object.insert(key, self.value()?);
            }
            self.expect("}")?;
            return Ok(Value::Object(object));
        }
        let token = self.next();
        if let Some(variable) = token.strip_prefix('$') {
            return Ok(self.variables[variable].clone());
        }
        // Numbers, texts, true, false and null are JSON; what else there is are names of enums.
        Ok(serde_json::from_str(&token).unwrap_or(Value::String(token)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(query: &str, world: &Value) -> Result<Value, String> {
        let fields = read(query, &json!({ "after": null }))?;
        let object = world.as_object().unwrap();
        members(&fields, object).map(Value::Object)
    }

    #[test]
    fn only_what_is_selected_comes_page_by_page_and_sorted() {
        let world = json!({ "repository": { "issues": { "__list": [
            { "number": 1, "title": "old", "updatedAt": "2026-01-01" },
            { "number": 2, "title": "new", "updatedAt": "2026-01-02" },
        ] }, "__find": { "issue": ["issues", "number"] } } });
        let query = "query($after: String) { repository { threads: issues(first: 1, after: $after, \
            orderBy: {field: UPDATED_AT, direction: DESC}) { pageInfo { hasNextPage endCursor } nodes { title } } } }";
        let expected = json!({ "repository": { "threads": {
            "pageInfo": { "hasNextPage": true, "endCursor": "cursor:1" }, "nodes": [{ "title": "new" }],
        } } });
        assert_eq!(answer(query, &world), Ok(expected));
        let one = "{ repository { issue(number: 1) { title } } }";
        assert_eq!(
            answer(one, &world),
            Ok(json!({ "repository": { "issue": { "title": "old" } } }))
        );
    }

    #[test]
    fn what_is_not_there_or_not_allowed_is_refused() {
        let world = json!({ "issues": { "__list": [{ "number": 1 }] } });
        for query in [
            "{ issues(first: 1) { nodes { colour } } }",
            "{ issues(first: 101) { nodes { number } } }",
            "{ issues { nodes { number } } }",
            "{ issues(first: 1) { nodes } }",
            "{ issues(first: 1) { nodes { number { digit } } } }",
            "{ issues(first: 1) { nodes { number } ",
        ] {
            assert!(answer(query, &world).is_err(), "{query}");
        }
    }
}
