//! em-bot
