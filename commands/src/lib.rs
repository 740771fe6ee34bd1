//! em-commands
