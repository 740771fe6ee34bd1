//! The program: configuration, transports, dispatch, background work, command line.
//!
//! Must not: hold a rule about the work itself (that is `domain`'s), a message's wording (`blocks`), or SQL
//! (`storage`). To add a background task: a file with an `async fn run(.., stop)`, spawned in `run.rs`.

pub mod bus;
pub mod cli;
pub mod clockwork;
pub mod config;
pub mod demo;
pub mod dispatch;
pub mod folding;
pub mod health;
mod hit;
pub mod http;
pub mod import;
pub mod measures;
pub mod polling;
pub mod run;
pub mod slack;
pub mod wire;
pub mod working;
