//! Purpose: how many recorded events one core reads and normalises per second.
//!
//! `cargo run --release -p em-integrations --example normalise_rate -- FILE.jsonl.gz`

#![expect(clippy::print_stdout, clippy::expect_used, reason = "a measurement for a person at a terminal")]

use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use chrono::DateTime;
use em_domain::event::RawEvent;
use em_domain::id::EventId;
use em_integrations::normalise::normalise;
use em_integrations::recorded::recorded;
use flate2::read::MultiGzDecoder;

const MEASURE_FOR: Duration = Duration::from_secs(5);

fn main() {
    let path = std::env::args().nth(1).expect("the path of a .jsonl.gz file");
    let file = std::fs::File::open(path).expect("a readable file");
    let lines: Vec<Vec<u8>> = BufReader::new(MultiGzDecoder::new(file))
        .split(b'\n')
        .collect::<Result<_, _>>()
        .expect("a gzip file of lines");
    let read = |line: &Vec<u8>| -> RawEvent {
        recorded(line, DateTime::UNIX_EPOCH, EventId::new(ulid::Ulid::nil())).expect("a recorded delivery")
    };
    let events: Vec<RawEvent> = lines.iter().map(read).collect();
    let bytes: usize = lines.iter().map(Vec::len).sum();
    println!("{} lines of {} bytes on average", lines.len(), bytes / lines.len());
    report("recorded", lines.iter().cycle().map(read));
    report("normalise", events.iter().cycle().map(normalise));
}

fn report<T>(name: &str, work: impl Iterator<Item = T>) {
    let start = Instant::now();
    let mut done = 0_u32;
    for result in work {
        black_box(result);
        done += 1;
        if done.is_multiple_of(1000) && start.elapsed() > MEASURE_FOR {
            break;
        }
    }
    println!("{name}: {:.0} per second", f64::from(done) / start.elapsed().as_secs_f64());
}
