//! Purpose: tables as Apache Parquet (<https://parquet.apache.org/docs/file-format/>), compressed with Snappy, which every
//! reader knows. Columns are collected in memory for a group of rows and then written, so memory is bounded by the group.
//!
//! The columns are plain ones, so they are written by the library's own column writers, without Arrow between.

use std::io;
use std::sync::Arc;

use chrono::NaiveDate;
use em_domain::export::{Cell, Field, Kind};
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use crate::{Out, Rows};

/// Rows of a group, at most.
const GROUP_ROWS: usize = 20_000;
/// Bytes of text in a group, about.
const GROUP_BYTES: usize = 32 << 20;

/// The values of one column that are not written yet, and for each row whether it has one.
struct Column {
    values: Values,
    levels: Vec<i16>,
}

enum Values {
    Text(Vec<ByteArray>),
    Integer(Vec<i64>),
    Real(Vec<f64>),
    Boolean(Vec<bool>),
    /// Microseconds since 1970.
    Instant(Vec<i64>),
    /// Days since 1970.
    Day(Vec<i32>),
}

/// Writes rows.
pub(crate) struct ParquetRows {
    writer: SerializedFileWriter<Out>,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
}

impl ParquetRows {
    pub(crate) fn new(fields: &[Field], out: Out) -> io::Result<Self> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("em-agent ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let schema = schema(fields).map_err(io::Error::other)?;
        let writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties));
        Ok(Self {
            writer: writer.map_err(io::Error::other)?,
            columns: fields.iter().map(|field| Column::new(field.kind)).collect(),
            rows: 0,
            bytes: 0,
        })
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for column in &mut self.columns {
            let Some(mut writer) = group.next_column()? else {
                return Err(ParquetError::General("a column too many".to_owned()));
            };
            column.write(&mut writer)?;
            writer.close()?;
        }
        group.close()?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }
}

impl Rows for ParquetRows {
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            self.bytes += column.take(cell)?;
        }
        self.rows += 1;
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
            self.write_group().map_err(io::Error::other)?;
        }
        Ok(())
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        let ended = self.write_group().and_then(|()| self.writer.close());
        ended.map(drop).map_err(io::Error::other)
    }
}

fn schema(fields: &[Field]) -> Result<Type, ParquetError> {
    let column = |field: &Field| {
        let (physical, logical) = match field.kind {
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Integer => (Physical::INT64, None),
            Kind::Real => (Physical::DOUBLE, None),
            Kind::Boolean => (Physical::BOOLEAN, None),
            Kind::Instant => (
                Physical::INT64,
                Some(LogicalType::timestamp(true, TimeUnit::MICROS)),
            ),
            Kind::Day => (Physical::INT32, Some(LogicalType::Date)),
        };
        let column = Type::primitive_type_builder(field.name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical);
        column.build().map(Arc::new)
    };
    let columns: Result<Vec<_>, _> = fields.iter().map(column).collect();
    Type::group_type_builder("row").with_fields(columns?).build()
}

impl Column {
    fn new(kind: Kind) -> Self {
        let values = match kind {
            Kind::Text => Values::Text(Vec::new()),
            Kind::Integer => Values::Integer(Vec::new()),
            Kind::Real => Values::Real(Vec::new()),
            Kind::Boolean => Values::Boolean(Vec::new()),
            Kind::Instant => Values::Instant(Vec::new()),
            Kind::Day => Values::Day(Vec::new()),
        };
        Self {
            values,
            levels: Vec::new(),
        }
    }

    /// Takes a cell in; answers about how many bytes of text it holds.
    fn take(&mut self, cell: &Cell<'_>) -> io::Result<usize> {
        self.levels.push(i16::from(*cell != Cell::Nothing));
        match (&mut self.values, cell) {
            (_, Cell::Nothing) => {}
            (Values::Text(values), Cell::Text(text)) => {
                values.push(ByteArray::from(text.as_ref()));
                return Ok(text.len());
            }
            (Values::Integer(values), Cell::Integer(number)) => values.push(*number),
            (Values::Real(values), Cell::Real(number)) => values.push(*number),
            (Values::Boolean(values), Cell::Boolean(is_so)) => values.push(*is_so),
            (Values::Instant(values), Cell::Instant(at)) => values.push(at.timestamp_micros()),
            (Values::Day(values), Cell::Day(day)) => {
                let days = day.signed_duration_since(NaiveDate::default()).num_days();
                values.push(i32::try_from(days).map_err(io::Error::other)?);
            }
            (_, other) => {
                let text = format!("{:?} in a column of another kind", other.kind());
                return Err(io::Error::other(text));
            }
        }
        Ok(0)
    }

    /// Writes the values and forgets them.
    fn write(&mut self, writer: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let levels = Some(self.levels.as_slice());
        match &mut self.values {
            Values::Text(values) => {
                writer
                    .typed::<ByteArrayType>()
                    .write_batch(values, levels, None)?;
                values.clear();
            }
            Values::Integer(values) | Values::Instant(values) => {
                writer.typed::<Int64Type>().write_batch(values, levels, None)?;
                values.clear();
            }
            Values::Real(values) => {
                writer.typed::<DoubleType>().write_batch(values, levels, None)?;
                values.clear();
            }
            Values::Boolean(values) => {
                writer.typed::<BoolType>().write_batch(values, levels, None)?;
                values.clear();
            }
            Values::Day(values) => {
                writer.typed::<Int32Type>().write_batch(values, levels, None)?;
                values.clear();
            }
        }
        self.levels.clear();
        Ok(())
    }
}
