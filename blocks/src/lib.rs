//! em-blocks
