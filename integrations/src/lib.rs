//! em-integrations

pub mod slack;
