//! Purpose: what is wrong with a policy, and where, for the person who wrote it.

use std::fmt;

/// Why a set of rules cannot be used, or could not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct PolicyError {
    /// Where, if that is known.
    pub place: Option<Place>,
    /// What.
    pub what: String,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file's name.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Place { file, line, column }) = &self.place {
            write!(f, "{file}, line {line}, column {column}: ")?;
        }
        f.write_str(&self.what)
    }
}

impl PolicyError {
    /// Something that has no place in a file.
    pub(crate) fn general(what: impl Into<String>) -> Self {
        Self {
            place: None,
            what: what.into(),
        }
    }

    /// Reads the evaluator's message: `\n--> FILE:LINE:COLUMN\n`, the line with a caret below it, `error: WHAT`.
    pub(crate) fn of_evaluator(message: &str) -> Self {
        let place = message
            .lines()
            .find_map(|line| line.trim_start().strip_prefix("--> "))
            .and_then(place);
        let what = message
            .lines()
            .find_map(|line| line.trim_start().strip_prefix("error: "))
            .unwrap_or(message);
        Self {
            place,
            what: what.trim().to_owned(),
        }
    }
}

/// Reads `FILE:LINE:COLUMN`; a file's name may hold colons itself.
fn place(text: &str) -> Option<Place> {
    let mut parts = text.trim().rsplitn(3, ':');
    let (column, line, file) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Place {
        file: file.to_owned(),
        line: line.parse().ok()?,
        column: column.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_evaluators_message_becomes_a_place_and_a_sentence() {
        let message = "\n--> a:b.rego:12:3\n   |\n12 | allow if {\n   |   ^\nerror: expecting `}`";
        let error = PolicyError::of_evaluator(message);
        assert_eq!(error.to_string(), "a:b.rego, line 12, column 3: expecting `}`");
    }

    #[test]
    fn a_message_of_another_form_is_kept_as_it_is() {
        let error = PolicyError::of_evaluator("not a valid rule path");
        assert_eq!(error.to_string(), "not a valid rule path");
        assert_eq!(
            PolicyError::of_evaluator("--> x:y\nerror: odd").to_string(),
            "odd"
        );
    }
}
