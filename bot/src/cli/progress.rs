//! Purpose: long work shows that it moves: a bar on a terminal, a log line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Time between two log lines.
const LOG_EVERY: Duration = Duration::from_secs(5);

/// How far a piece of work got.
pub(crate) struct Progress {
    label: &'static str,
    bar: Option<ProgressBar>,
    logged: Instant,
}

impl Progress {
    /// Work of `total` steps (0: not known).
    pub(crate) fn new(label: &'static str, total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = if total == 0 {
                ProgressBar::new_spinner()
            } else {
                ProgressBar::new(total)
            };
            let template = if total == 0 {
                "{msg} {spinner} {human_pos} ({per_sec})"
            } else {
                "{msg} [{bar:30}] {percent}% ({per_sec}, {eta} left)"
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.with_message(label)
        });
        Self {
            label,
            bar,
            logged: Instant::now(),
        }
    }

    /// The work stands at step `at`.
    pub(crate) fn at(&mut self, at: u64) {
        match &self.bar {
            Some(bar) => bar.set_position(at),
            None if self.logged.elapsed() >= LOG_EVERY => {
                self.logged = Instant::now();
                tracing::info!(at, "{}", self.label);
            }
            None => {}
        }
    }

    /// The work is over.
    pub(crate) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
