//! Purpose: `em-agent export`: tables taken out of the store, as CSV, JSON Lines or Parquet. Rows go to standard output or into
//! files; what is said about them goes to standard error.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::NaiveDate;
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use em_commands::export::{Around, Asked, Export, ExportTrouble};
use em_domain::clock::{Clock as _, SystemClock};
use em_domain::export::Exported;
use em_export::{ExportError, Place, Writer, Written};

use super::dora::modes;
use super::{Failure, asked_wrongly};
use crate::config::Config;
use crate::wire;

/// What to take out, and how.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What to take out.
    #[arg(value_parser = PossibleValuesParser::new(Exported::ALL.map(Exported::as_str)))]
    what: String,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// The first day, as 2026-01-31; days are in UTC [default: from the beginning].
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// The last day [default: today].
    #[arg(long, value_name = "DATE")]
    to: Option<NaiveDate>,
    /// Only this repository, as owner/name.
    #[arg(long, value_name = "R")]
    repo: Option<String>,
    /// Only this configured team.
    #[arg(long, value_name = "T", conflicts_with = "repo")]
    team: Option<String>,
    /// Of `metrics`: by whose definitions; all for each.
    #[arg(long, default_value = "ours")]
    mode: String,
    /// The file to write; with Parquet or --partition the folder [default: standard output].
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// A file for each day, as date=2026-01-31/part-0.csv; Parquet is always written so.
    #[arg(long)]
    partition: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Comma-separated, with a line of names first.
    Csv,
    /// One JSON object per line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
}

impl From<Format> for em_export::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Csv => Self::Csv,
            Format::Jsonl => Self::Jsonl,
            Format::Parquet => Self::Parquet,
        }
    }
}

pub(crate) async fn execute(options: Options, config: Config) -> Result<ExitCode, Failure> {
    let named = |what: &&Exported| what.as_str() == options.what;
    let Some(what) = Exported::ALL.iter().find(named).copied() else {
        return Err(Failure::Usage(format!("there is no table `{}`", options.what)));
    };
    let modes = modes(&options.mode)?;
    let store = wire::open_store(&config).await?;
    let around = Around {
        store: &store,
        teams: &config.checked.teams,
        definitions: &config.checked.delivery,
        zone: config.checked.calendar.zone,
        now: SystemClock.now(),
    };
    let asked = Asked {
        from: options.from,
        to: options.to,
        repository: options.repo.as_deref(),
        team: options.team.as_deref(),
        modes,
    };
    let export = Export::new(what, &asked, around).await.map_err(asked_wrongly)?;
    let place = place(&options, &export)?;
    let written = match write(what, &export, options.format, place).await {
        // The reader went away (`| head`).
        Err(ExportTrouble::Write(ExportError::Gone)) => return Ok(ExitCode::SUCCESS),
        written => written.map_err(refused)?,
    };
    store.close().await;
    tell(what, &options, written);
    Ok(ExitCode::SUCCESS)
}

/// Where it goes.
fn place(options: &Options, export: &Export<'_>) -> Result<Place, Failure> {
    let is_parquet = matches!(options.format, Format::Parquet);
    let days = export.days();
    match &options.out {
        Some(path) if is_parquet || options.partition => Ok(Place::Folder {
            path: path.clone(),
            days,
        }),
        Some(path) => Ok(Place::File(path.clone())),
        None if is_parquet => Err(Failure::Usage(
            "Parquet is written as files: name a folder with --out DIR".to_owned(),
        )),
        None if options.partition => Err(Failure::Usage(
            "--partition writes a file for each day: name a folder with --out DIR".to_owned(),
        )),
        None => Ok(Place::Stdout),
    }
}

async fn write(
    what: Exported,
    export: &Export<'_>,
    format: Format,
    place: Place,
) -> Result<Written, ExportTrouble> {
    let mut writer = Writer::new(what.as_str(), &what.fields(), format.into(), place)?;
    export.write(&mut writer).await?;
    Ok(writer.finish()?)
}

fn refused(trouble: ExportTrouble) -> Failure {
    match trouble {
        ExportTrouble::Command(error) => asked_wrongly(error),
        ExportTrouble::Write(error @ (ExportError::NotOurs(_) | ExportError::NoParquet)) => {
            Failure::Usage(error.to_string())
        }
        ExportTrouble::Write(error) => Failure::Failed(error.into()),
    }
}

/// Says what was written, beside the rows.
fn tell(what: Exported, options: &Options, written: Written) {
    let name = what.as_str();
    let path = options.out.as_ref().map(|path| path.display().to_string());
    let line = match (written.rows, path) {
        (0, _) => format!("There are no {name} in this time; only the columns were written."),
        (_, None) => return,
        (rows, Some(path)) => format!("{rows} rows of {name} in {path}, files: {}.", written.files),
    };
    let line = if written.rows == 0 && matches!(options.format, Format::Jsonl) {
        format!("There are no {name} in this time; nothing was written.")
    } else {
        line
    };
    writeln!(std::io::stderr(), "{line}").ok();
}
