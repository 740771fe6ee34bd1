//! em-bot

pub mod slack;
