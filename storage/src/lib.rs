//! em-storage
