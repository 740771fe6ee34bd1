//! Purpose: tables as CSV (RFC 4180). What people and vendors wrote is kept from being taken for a formula by the program that
//! opens the table.

use std::borrow::Cow;
use std::io;

use chrono::SecondsFormat;
use em_domain::export::{Cell, Field};

use crate::{Out, Rows};

/// A text that no spreadsheet takes for a formula: an apostrophe goes before one that would be
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
pub fn harmless(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A table of texts as one text, with a line of names first.
///
/// # Errors
/// A row has more or fewer texts than there are names.
pub fn table<const N: usize>(
    names: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> io::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(names)?;
    for row in rows {
        writer.write_record(row.iter().map(|text| harmless(text).into_owned()))?;
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// Writes rows.
pub(crate) struct CsvRows {
    writer: csv::Writer<Out>,
}

impl CsvRows {
    pub(crate) fn new(fields: &[Field], out: Out) -> io::Result<Self> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(fields.iter().map(|field| field.name))?;
        Ok(Self { writer })
    }
}

impl Rows for CsvRows {
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        for cell in cells {
            self.writer.write_field(written(cell).as_ref())?;
        }
        self.writer.write_record(None::<&[u8]>)?;
        Ok(())
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        self.writer.flush()
    }
}

/// A cell as text. Only texts can be taken for formulas: a number below zero must stay one.
fn written<'c>(cell: &'c Cell<'_>) -> Cow<'c, str> {
    match cell {
        Cell::Nothing => Cow::Borrowed(""),
        Cell::Text(text) => harmless(text),
        Cell::Integer(number) => number.to_string().into(),
        Cell::Real(number) => number.to_string().into(),
        Cell::Boolean(is_so) => is_so.to_string().into(),
        Cell::Instant(at) => at.to_rfc3339_opts(SecondsFormat::AutoSi, true).into(),
        Cell::Day(day) => day.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_not_run_and_fields_are_quoted() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        assert_eq!(harmless("a=b"), "a=b");
        let written = table(["a", "b"], [["x,\"y\"".to_owned(), "=HYPERLINK(1)".to_owned()]]);
        assert_eq!(written.unwrap(), "a,b\n\"x,\"\"y\"\"\",'=HYPERLINK(1)\n");
    }
}
