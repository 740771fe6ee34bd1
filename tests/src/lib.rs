//! em-tests
