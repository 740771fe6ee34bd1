//! Tests of the pretend workspace itself, through a bare client over real sockets.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod blocks;
mod chat;
mod client;
mod faults;
mod files;
mod http;
mod people;
mod response_url;
mod rooms;
mod socket;
mod tokens;
mod views;

use em_simulator::{Options, Simulator};

async fn start() -> Simulator {
    Simulator::start(Options::default()).await.unwrap()
}
