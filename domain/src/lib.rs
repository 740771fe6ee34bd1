//! em-domain
