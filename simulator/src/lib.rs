//! em-simulator

pub mod github;
