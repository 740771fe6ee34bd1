//! Purpose: `em-agent evals run`: how good the answers are, by questions with known answers, and what became worse.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand, ValueEnum};
use em_domain::ask::{PASSAGES, compose};
use em_domain::clock::{Clock as _, SystemClock};
use em_domain::evals::{Question, Reply, Scores};
use em_domain::knowledge::Audience;
use em_knowledge::{Found, Library, Weights};
use sha2::{Digest as _, Sha256};

use super::{Failure, say};
use crate::config::Config;
use crate::wire;

/// What is measured.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Put all questions of a file to the documents and compare with what is expected.
    Run(RunOptions),
}

/// Which questions, and how they are answered.
#[derive(Debug, Args)]
pub(crate) struct RunOptions {
    /// JSON lines {"id", "question", "documents": [...]}; without documents the question has no answer.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What is searched by.
    #[arg(long, value_enum, default_value_t = By::Both)]
    by: By,
    /// Print JSON: the figures, and of each question what was found.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// Words and meaning.
    Both,
    /// Words alone.
    Words,
    /// Meaning alone.
    Meaning,
}

impl By {
    fn weights(self) -> Weights {
        let both = Weights::default();
        match self {
            Self::Both => both,
            Self::Words => Weights { meaning: 0.0, ..both },
            Self::Meaning => Weights { words: 0.0, ..both },
        }
    }
}

pub(crate) async fn execute(command: Command, config: Config) -> Result<ExitCode, Failure> {
    let Command::Run(options) = command;
    let questions = read(&options)?;
    let library = wire::library_alone(&config).await?;
    let mut asked = Vec::with_capacity(questions.len());
    let mut details = Vec::new();
    for question in questions {
        let (reply, detail) = ask(&library, &question, options.by.weights()).await?;
        details.push(detail);
        asked.push((question, reply));
    }
    let scores = Scores::of(&asked);
    if options.json {
        say(&serde_json::json!({ "scores": scores, "questions": details }).to_string());
    } else {
        show(&scores);
        // Only the usual way of searching is remembered: the others are for comparing.
        if options.by == By::Both {
            compare(&library, &asked, &scores).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read(options: &RunOptions) -> Result<Vec<Question>, Failure> {
    let text = std::fs::read_to_string(&options.file)
        .with_context(|| format!("cannot read {}", options.file.display()))?;
    let lines = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty());
    let question = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| {
            Failure::from(anyhow!(
                "line {number} of {} is no question: {error}",
                options.file.display()
            ))
        })
    };
    lines.map(question).collect()
}

async fn ask(
    library: &Library,
    question: &Question,
    weights: Weights,
) -> Result<(Reply, serde_json::Value), Failure> {
    let started = Instant::now();
    let found = library
        .search_with(&question.question, &Audience::Operator, PASSAGES, weights)
        .await
        .context("the documents cannot be searched")?;
    let composed = compose(&question.question, &found.passages);
    let reply = Reply {
        documents: documents(&found),
        is_answer: composed.is_answer(),
        millis: started.elapsed().as_secs_f64() * 1_000.0,
    };
    let standings: Vec<_> = found.passages.iter().map(|passage| passage.standing).collect();
    let detail = serde_json::json!({
        "id": question.id, "expected": question.documents, "found": reply.documents,
        "confidence": composed.confidence, "standings": standings,
    });
    Ok((reply, detail))
}

/// The documents in the order of their best passages.
fn documents(found: &Found) -> Vec<String> {
    let mut documents: Vec<String> = Vec::new();
    for passage in &found.passages {
        if !documents.contains(&passage.document.external_id) {
            documents.push(passage.document.external_id.clone());
        }
    }
    documents
}

fn show(scores: &Scores) {
    say(&format!(
        "{} questions with an answer, {} without.",
        scores.answerable, scores.unanswerable
    ));
    for (name, value) in scores.named() {
        say(&format!("{name:26} {value:.3}"));
    }
    say(&format!(
        "{:26} {:.1} ms, p95 {:.1} ms",
        "time p50", scores.millis_p50, scores.millis_p95
    ));
}

/// Says what became worse since the last run with the same questions, and remembers this one.
async fn compare(library: &Library, asked: &[(Question, Reply)], scores: &Scores) -> Result<(), Failure> {
    let set = set(asked);
    let evals = library.store().evals();
    let before = evals.find_last(&set).await.context("the last run")?;
    evals
        .record(&set, scores, SystemClock.now())
        .await
        .context("this run cannot be remembered")?;
    match before {
        None => say("The first run with these questions; the next is compared with it."),
        Some((at, before)) => {
            let worse = scores.worse_than(&before);
            for (name, before, now) in &worse {
                say(&format!(
                    "WORSE than on {}: {name} {before:.3} -> {now:.3}",
                    at.date_naive()
                ));
            }
            if worse.is_empty() {
                say(&format!("Nothing is worse than on {}.", at.date_naive()));
            }
        }
    }
    Ok(())
}

/// The same for the same questions.
fn set(asked: &[(Question, Reply)]) -> String {
    let mut hasher = Sha256::new();
    for (question, _) in asked {
        hasher.update(format!("{:?}", (&question.question, &question.documents)));
    }
    hex::encode(hasher.finalize())
}
