//! Purpose: asks the policy, for every feature, and keeps what it answered; `/em-agent policy` and its kin.

mod ask;
mod source;

pub use ask::{actor, asked_at, decide, permit, react};
pub use source::PolicySource;
