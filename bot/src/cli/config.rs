//! Purpose: `em-agent config show | check | schema`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;

use super::{Failure, say};
use crate::config::{Config, DEFAULTS, Environment};

/// What to do with the configuration.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum Command {
    /// Print the configuration in force, without secrets.
    Show,
    /// Say whether the configuration can be used, and everything that is wrong with it.
    Check,
    /// Print every key with its default and what it means.
    Schema,
}

pub(crate) fn execute(
    command: Command,
    file: Option<&Path>,
    environment: &Environment,
) -> Result<ExitCode, Failure> {
    match command {
        Command::Schema => say(DEFAULTS.trim_end()),
        Command::Check => {
            let config = Config::load(file, environment)?;
            let read = config.file.map_or_else(
                || "defaults and environment".to_owned(),
                |f| f.display().to_string(),
            );
            say(&format!("The configuration can be used ({read})."));
        }
        Command::Show => {
            let config = Config::load(file, environment)?;
            let shown = toml::to_string_pretty(&config.sections).context("cannot print the configuration")?;
            say(shown.trim_end());
            say("\n# Secrets (values are never printed)");
            for (name, is_set) in config.secrets.presence() {
                say(&format!("# {name}: {}", if is_set { "set" } else { "not set" }));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
