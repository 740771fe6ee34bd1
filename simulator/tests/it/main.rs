//! Tests of the pretend workspace itself, through a bare client over real sockets.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]

mod client;
mod socket;
