//! Purpose: `em-agent search` and `em-agent ask`: what the documents say, for programs and for whoever runs the bot.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use em_domain::ask::{Confidence, PASSAGES, compose};
use em_domain::knowledge::query::terms;
use em_domain::knowledge::sentence::answering;
use em_domain::knowledge::{Audience, Passage};
use em_knowledge::Library;

use super::{Failure, say};
use crate::config::Config;
use crate::hit::Hit;
use crate::wire;

/// What is searched.
#[derive(Debug, Args)]
pub(crate) struct SearchOptions {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// How many passages.
    #[arg(short, default_value_t = 10, value_name = "N")]
    k: usize,
    /// One query in each line; prints one JSON array for each.
    #[arg(long, value_name = "FILE", conflicts_with = "query")]
    queries: Option<PathBuf>,
    /// What to look for.
    #[arg(required_unless_present = "queries")]
    query: Vec<String>,
}

/// What is asked.
#[derive(Debug, Args)]
pub(crate) struct AskOptions {
    /// The question.
    #[arg(required = true)]
    question: Vec<String>,
}

pub(crate) async fn search(options: SearchOptions, config: Config) -> Result<ExitCode, Failure> {
    let library = wire::library_alone(&config).await?;
    if let Some(file) = &options.queries {
        let queries =
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        for query in queries.lines() {
            say(&json(found(&library, query, options.k).await?)?);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let passages = found(&library, &options.query.join(" "), options.k).await?;
    if options.json {
        say(&json(passages)?);
        return Ok(ExitCode::SUCCESS);
    }
    if passages.is_empty() {
        say("Nothing was found.");
    }
    for passage in &passages {
        let place = passage
            .document
            .url
            .as_ref()
            .unwrap_or(&passage.document.external_id);
        let first = passage.text.lines().find(|line| !line.trim().is_empty());
        say(&format!(
            "{}. {} ({place})\n   {}",
            passage.standing.rank,
            headed(passage),
            first.unwrap_or_default().trim()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn ask(options: AskOptions, config: Config) -> Result<ExitCode, Failure> {
    let library = wire::library_alone(&config).await?;
    let question = options.question.join(" ");
    let found = library.search(&question, &Audience::Operator, PASSAGES);
    let found = found.await.context("the documents cannot be searched")?;
    let answer = compose(&question, &found.passages);
    if let Some(why) = found.only_words {
        say(&format!("Searched by words only: {why}.\n"));
    }
    match answer.confidence {
        Confidence::High => {}
        Confidence::Some => say("I did not find a clear answer. What comes nearest:\n"),
        Confidence::None => say("I did not find this. What comes nearest:"),
    }
    for citation in &answer.citations {
        let place = citation.url.as_ref().unwrap_or(&citation.document);
        say(&format!("{} ({place})", citation.title));
        if answer.confidence > Confidence::None {
            let sentence = answering(&citation.text, &terms(&question)).map(|best| best.text);
            say(&format!(
                "  {}\n",
                sentence.unwrap_or(&citation.text).replace('\n', "\n  ")
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn found(library: &Library, query: &str, k: usize) -> Result<Vec<Passage>, Failure> {
    let found = library.search(query, &Audience::Operator, k).await;
    Ok(found.context("the documents cannot be searched")?.passages)
}

fn json(passages: Vec<Passage>) -> Result<String, Failure> {
    let hits: Vec<Hit> = passages.into_iter().map(Hit::from).collect();
    Ok(serde_json::to_string(&hits).context("the hits")?)
}

fn headed(passage: &Passage) -> String {
    let title = std::iter::once(passage.document.title.as_str());
    let parts: Vec<&str> = title.chain(passage.heading.iter().map(String::as_str)).collect();
    parts.join(" › ")
}
