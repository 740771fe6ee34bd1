//! em-simulator
