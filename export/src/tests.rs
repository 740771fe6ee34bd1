//! Purpose: tests of the formats: what is written is read back the same, by readers that are not ours.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use chrono::{DateTime, NaiveDate, TimeDelta};
use em_domain::export::{Cell, Exported, Field, Kind};
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;

const FIELDS: [Field; 6] = [
    field("words", Kind::Text),
    field("count", Kind::Integer),
    field("share", Kind::Real),
    field("is_so", Kind::Boolean),
    field("at", Kind::Instant),
    field("week", Kind::Day),
];

const fn field(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        about: "a column",
    }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn days(first: &str, last: &str) -> Days {
    Days {
        first: day(first),
        last: day(last),
    }
}

fn any_cell(kind: Kind) -> BoxedStrategy<Cell<'static>> {
    let cell = match kind {
        Kind::Text => any::<String>()
            .prop_map(|text| Cell::Text(Cow::Owned(text)))
            .boxed(),
        Kind::Integer => any::<i64>().prop_map(Cell::Integer).boxed(),
        Kind::Real => (-1e12..1e12f64).prop_map(Cell::Real).boxed(),
        Kind::Boolean => any::<bool>().prop_map(Cell::Boolean).boxed(),
        Kind::Instant => (-2_000_000_000_000_000i64..4_000_000_000_000_000)
            .prop_map(|micros| Cell::Instant(DateTime::from_timestamp_micros(micros).unwrap()))
            .boxed(),
        Kind::Day => (-10_000i64..40_000)
            .prop_map(|days| Cell::Day(NaiveDate::default() + TimeDelta::days(days)))
            .boxed(),
    };
    prop_oneof![1 => Just(Cell::Nothing), 4 => cell].boxed()
}

fn any_row() -> impl Strategy<Value = Vec<Cell<'static>>> {
    FIELDS.map(|field| any_cell(field.kind)).to_vec()
}

/// Writes rows into one file; answers with where it is.
fn written(folder: &Path, format: Format, rows: &[Vec<Cell<'_>>]) -> PathBuf {
    let path = folder.join(format!("table.{}", format.as_str()));
    let mut writer = Writer::new("test", &FIELDS, format, Place::File(path.clone())).unwrap();
    for row in rows {
        writer.row(NaiveDate::default(), row).unwrap();
    }
    assert!(!path.exists(), "nothing half done is seen");
    let written = writer.finish().unwrap();
    assert_eq!((written.rows, written.files), (rows.len() as u64, 1));
    path
}

/// A cell as CSV must show it.
fn shown(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Nothing => String::new(),
        Cell::Text(text) => csv::harmless(text).into_owned(),
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) => number.to_string(),
        Cell::Boolean(is_so) => is_so.to_string(),
        Cell::Instant(at) => serde_json::to_value(at).unwrap().as_str().unwrap().to_owned(),
        Cell::Day(day) => day.to_string(),
    }
}

fn json(cell: &Cell<'_>) -> serde_json::Value {
    match cell {
        Cell::Nothing => serde_json::Value::Null,
        Cell::Text(text) => text.as_ref().into(),
        Cell::Integer(number) => (*number).into(),
        Cell::Real(number) => (*number).into(),
        Cell::Boolean(is_so) => (*is_so).into(),
        Cell::Instant(at) => serde_json::to_value(at).unwrap(),
        Cell::Day(day) => day.to_string().into(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_format_gives_the_rows_back(rows in prop::collection::vec(any_row(), 0..20)) {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path(), Format::Csv, &rows);
        let mut reader = ::csv::ReaderBuilder::new().from_path(&path).unwrap();
        let names: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
        prop_assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), names);
        let found: Vec<Vec<String>> = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        let expected: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(shown).collect()).collect();
        prop_assert_eq!(found, expected);

        let text = fs::read_to_string(written(folder.path(), Format::Jsonl, &rows)).unwrap();
        prop_assert_eq!(text.matches('\n').count(), rows.len());
        for (line, row) in text.split_terminator('\n').zip(&rows) {
            let found: BTreeMap<String, Box<RawValue>> = serde_json::from_str(line).unwrap();
            prop_assert_eq!(found.len(), FIELDS.len());
            for (field, cell) in FIELDS.iter().zip(row) {
                let found = found[field.name].get();
                if let Cell::Real(number) = cell {
                    // The library's reader of numbers is a digit off now and then.
                    prop_assert_eq!(found.parse::<f64>().unwrap().to_bits(), number.to_bits());
                } else {
                    let found: serde_json::Value = serde_json::from_str(found).unwrap();
                    prop_assert_eq!(found, json(cell), "{}", field.name);
                }
            }
        }
        #[cfg(feature = "parquet")]
        prop_assert_eq!(read_parquet(&written(folder.path(), Format::Parquet, &rows)), rows);
    }
}

/// The rows of a Parquet file, by the library's reader of records.
#[cfg(feature = "parquet")]
#[expect(clippy::wildcard_enum_match_arm, reason = "the tables have no other kinds")]
fn read_parquet(path: &Path) -> Vec<Vec<Cell<'static>>> {
    use ::parquet::file::reader::{FileReader as _, SerializedFileReader};
    use ::parquet::record::Field as Found;
    let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    let cell = |found: &Found| match found {
        Found::Null => Cell::Nothing,
        Found::Str(text) => Cell::Text(Cow::Owned(text.clone())),
        Found::Long(number) => Cell::Integer(*number),
        Found::Double(number) => Cell::Real(*number),
        Found::Bool(is_so) => Cell::Boolean(*is_so),
        Found::TimestampMicros(micros) => Cell::Instant(DateTime::from_timestamp_micros(*micros).unwrap()),
        Found::Date(days) => Cell::Day(NaiveDate::default() + TimeDelta::days((*days).into())),
        other => panic!("{other:?}"),
    };
    rows.map(|row| {
        row.unwrap()
            .get_column_iter()
            .map(|(_, found)| cell(found))
            .collect()
    })
    .collect()
}

#[cfg(feature = "parquet")]
#[test]
fn many_rows_are_written_in_groups() {
    use ::parquet::file::reader::{FileReader as _, SerializedFileReader};
    let folder = tempfile::tempdir().unwrap();
    let row = |number: i64| {
        let words = (number % 3 > 0).then(|| Cell::Text(format!("row {number}").into()));
        let words = words.unwrap_or(Cell::Nothing);
        vec![
            words,
            Cell::Integer(number),
            Cell::Nothing,
            Cell::Nothing,
            Cell::Nothing,
            Cell::Nothing,
        ]
    };
    let rows: Vec<_> = (0..45_000).map(row).collect();
    let path = written(folder.path(), Format::Parquet, &rows);
    let reader = SerializedFileReader::new(fs::File::open(&path).unwrap()).unwrap();
    assert_eq!(reader.metadata().num_row_groups(), 3);
    assert!(read_parquet(&path) == rows, "they come back");
}

/// The parts below a folder, with the rows of each as lines.
fn parts(folder: &Path) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name == ".em-agent-export" {
            continue;
        }
        let files: Vec<_> = fs::read_dir(&path)
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        assert_eq!(files, [path.join("part-0.csv")]);
        found.push((name, fs::read_to_string(&files[0]).unwrap().lines().count() - 1));
    }
    found.sort();
    found
}

fn partitioned(folder: &Path, days: Days, of: &[&str]) -> Result<Written, ExportError> {
    let place = Place::Folder {
        path: folder.to_owned(),
        days,
    };
    let mut writer = Writer::new("test", &FIELDS, Format::Csv, place)?;
    let row = vec![Cell::Nothing; FIELDS.len()];
    for text in of {
        writer.row(day(text), &row)?;
    }
    writer.finish()
}

#[test]
fn days_get_files_of_their_own_and_other_days_stay() {
    let folder = tempfile::tempdir().unwrap();
    let of = ["2026-01-30", "2026-01-30", "2026-02-01", "2026-02-03"];
    let written = partitioned(folder.path(), days("2026-01-01", "2026-02-28"), &of).unwrap();
    assert_eq!((written.rows, written.files), (4, 3));
    let known = [
        ("date=2026-01-30", 2),
        ("date=2026-02-01", 1),
        ("date=2026-02-03", 1),
    ];
    assert_eq!(
        parts(folder.path()),
        known.map(|(name, rows)| (name.to_owned(), rows))
    );
    // Of February, the 3rd has no rows any more; January was not asked for.
    let written = partitioned(
        folder.path(),
        days("2026-02-01", "2026-02-28"),
        &["2026-02-01"; 5],
    )
    .unwrap();
    assert_eq!((written.rows, written.files), (5, 1));
    let known = [("date=2026-01-30", 2), ("date=2026-02-01", 5)];
    assert_eq!(
        parts(folder.path()),
        known.map(|(name, rows)| (name.to_owned(), rows))
    );
}

#[test]
fn nothing_is_a_file_that_tells_the_columns() {
    let folder = tempfile::tempdir().unwrap();
    let written = partitioned(folder.path(), days("2026-01-01", "2026-01-31"), &[]).unwrap();
    assert_eq!((written.rows, written.files), (0, 1));
    assert_eq!(parts(folder.path()), [("date=2026-01-31".to_owned(), 0)]);
}

#[test]
fn folders_of_others_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let january = days("2026-01-01", "2026-01-31");
    fs::write(folder.path().join("thesis.doc"), "a").unwrap();
    let refused = partitioned(folder.path(), january, &["2026-01-02"]);
    assert!(matches!(refused, Err(ExportError::NotOurs(_))), "{refused:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

    let own = folder.path().join("own");
    partitioned(&own, january, &["2026-01-02"]).unwrap();
    let place = Place::Folder {
        path: own.clone(),
        days: january,
    };
    let other = Writer::new("other", &FIELDS, Format::Csv, place);
    assert!(matches!(other, Err(ExportError::NotOurs(_))));
    assert_eq!(parts(&own), [("date=2026-01-02".to_owned(), 1)]);
}

#[test]
fn what_is_cut_off_is_not_seen_and_what_was_there_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), Format::Csv, &[]);
    assert_eq!(path.parent(), Some(folder.path()));
    let before = fs::read_to_string(&path).unwrap();
    let mut writer = Writer::new("test", &FIELDS, Format::Csv, Place::File(path.clone())).unwrap();
    writer
        .row(NaiveDate::default(), &vec![Cell::Nothing; FIELDS.len()])
        .unwrap();
    drop(writer);
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing stays beside it"
    );

    let january = days("2026-01-01", "2026-01-31");
    let out_of_order = partitioned(
        &folder.path().join("days"),
        january,
        &["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-01"],
    );
    assert!(matches!(out_of_order, Err(ExportError::OutOfOrder)));
    assert_eq!(parts_or_none(&folder.path().join("days/date=2026-01-03")), 0);
    let by_turns = [
        "2026-01-01",
        "2026-01-02",
        "2026-01-01",
        "2026-01-03",
        "2026-01-02",
    ];
    let written = partitioned(&folder.path().join("turns"), january, &by_turns).unwrap();
    assert_eq!((written.rows, written.files), (5, 3));
}

/// How many files a folder holds; none where there is no such folder.
fn parts_or_none(folder: &Path) -> usize {
    fs::read_dir(folder).map(Iterator::count).unwrap_or_default()
}

#[test]
fn every_table_can_be_written_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    for table in Exported::ALL {
        for format in [Format::Csv, Format::Jsonl, Format::Parquet] {
            let path = folder
                .path()
                .join(format!("{}.{}", table.as_str(), format.as_str()));
            let writer = Writer::new(table.as_str(), &table.fields(), format, Place::File(path.clone()));
            if !format.is_built_in() {
                assert!(matches!(writer, Err(ExportError::NoParquet)));
                continue;
            }
            writer.unwrap().finish().unwrap();
            assert!(path.exists());
        }
    }
}
