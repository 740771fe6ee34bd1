//! Policy as code: what may be done at once, what people are asked about, what is refused, and what follows a signal.
//!
//! A [`Policy`] is a set of Rego files, compiled. Whatever goes wrong with one, its answer is no: an error, no answer,
//! an answer of the wrong shape, a rule that runs too long. A [`PolicyHandle`] is the policy in force, which follows
//! its files while the program runs.
//!
//! Must not: act, ask for the time, or talk to a network. `commands` asks, records and counts.
//!
//! To add a rule: a row and a condition in one of `rules/*.rego`, and a case in the `_test.rego` beside it. The shape of
//! an answer is in `docs/POLICY.md`.

pub mod answer;
pub mod backtest;
mod error;
mod handle;
mod policy;
mod proof;
mod source;

pub use error::PolicyError;
pub use handle::{InForce, PolicyHandle, Reloaded};
pub use policy::Policy;
pub use proof::{Proof, prove};
pub use source::Source;

#[cfg(test)]
mod tests;
