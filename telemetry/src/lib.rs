//! em-telemetry
