//! em-integrations
