//! Purpose: tables as JSON Lines (<https://jsonlines.org>): an object for each row, its members in the order of the columns.

use std::io::{self, Write as _};

use chrono::SecondsFormat;
use em_domain::export::{Cell, Field};

use crate::{Out, Rows};

/// Writes rows.
pub(crate) struct JsonRows {
    names: Vec<&'static str>,
    out: Out,
}

impl JsonRows {
    pub(crate) fn new(fields: &[Field], out: Out) -> Self {
        Self {
            names: fields.iter().map(|field| field.name).collect(),
            out,
        }
    }
}

impl Rows for JsonRows {
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        let mut before = '{';
        for (name, cell) in self.names.iter().zip(cells) {
            write!(self.out, "{before}\"{name}\":")?;
            value(&mut self.out, cell)?;
            before = ',';
        }
        self.out.write_all(b"}\n")
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}

fn value(out: &mut Out, cell: &Cell<'_>) -> io::Result<()> {
    match cell {
        Cell::Nothing => out.write_all(b"null"),
        Cell::Text(text) => Ok(serde_json::to_writer(out, text)?),
        Cell::Integer(number) => write!(out, "{number}"),
        Cell::Real(number) => Ok(serde_json::to_writer(out, number)?),
        Cell::Boolean(is_so) => write!(out, "{is_so}"),
        Cell::Instant(at) => write!(out, "\"{}\"", at.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        Cell::Day(day) => write!(out, "\"{day}\""),
    }
}
