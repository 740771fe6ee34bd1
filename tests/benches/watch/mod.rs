//! Purpose: what a piece of work in a benchmark costs.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What a piece of work costs: time, processor time, and resident memory now and then.
pub(crate) struct Watch {
    start: Instant,
    processor: f64,
    watcher: tokio::task::JoinHandle<()>,
    samples: Arc<Mutex<Vec<u64>>>,
}

impl Watch {
    /// Begins to watch.
    pub(crate) fn start() -> Self {
        let samples = Arc::new(Mutex::new(vec![resident_mib()]));
        let into = Arc::clone(&samples);
        let watcher = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(100)).await;
                into.lock().unwrap().push(resident_mib());
            }
        });
        Self {
            start: Instant::now(),
            processor: processor_seconds(),
            watcher,
            samples,
        }
    }

    /// Prints a row of the table.
    pub(crate) fn row(self, engine: &str, work: &str, events: u64) {
        let (seconds, processor) = (
            self.start.elapsed().as_secs_f64(),
            processor_seconds() - self.processor,
        );
        self.watcher.abort();
        let memory = self.samples.lock().unwrap();
        let (first, middle, last) = (memory[0], memory[memory.len() / 2], memory[memory.len() - 1]);
        let most = memory.iter().max().unwrap();
        #[expect(clippy::cast_precision_loss, reason = "a rate is shown to a few digits")]
        let rate = events as f64 / seconds;
        println!(
            "| {engine} | {work} | {events} | {seconds:.1} | {rate:.0} | {processor:.1} | {first}, {middle}, {last} MiB ({most}) |"
        );
    }
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

/// User and system time of this process (proc(5), `stat`: fields 14 and 15, in hundredths of a second).
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}
