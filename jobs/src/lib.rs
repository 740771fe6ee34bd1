//! em-jobs
