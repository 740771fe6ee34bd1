//! em-simulator: a pretend Slack workspace, a pretend GitHub ([`github`]), a pretend language model ([`llm`]) pages
//! of a pretend web ([`web`]) and a pretend Confluence, Jira, Linear, Notion and PagerDuty
//! ([`confluence`], [`jira`], [`linear`], [`notion`], [`pagerduty`]) on 127.0.0.1, for tests and for the demo. For pollers there
//! are Argo CD, CircleCI, Datadog, GitLab, Sentry and Shortcut, too ([`argocd`], [`circleci`], [`datadog`], [`gitlab`], [`sentry`],
//! [`shortcut`]).
//!
//! It speaks Slack's side of the Web API, Socket Mode, response URLs, modals and App Home over real sockets, and is
//! strict: what Slack would refuse is refused and written down ([`Simulator::violations`]).
//!
//! It must not import any other crate of the workspace: Slack's JSON is declared a second time here on purpose, so
//! that a misunderstanding cannot agree with itself.
//!
//! To add a Web API method: one row of `METHODS` in `web_api/mod.rs` and one function in the file of its family. To
//! add something a person can do: a method of [`User`] in `actors/`. To add a rule of Block Kit: `validate/`.

mod actors;
pub mod argocd;
mod cast;
pub mod circleci;
mod clock;
pub mod confluence;
pub mod datadog;
mod deliver;
mod desk;
mod faults;
pub mod forms;
pub mod github;
pub mod gitlab;
mod graphql;
mod http_transport;
pub mod jira;
mod line;
pub mod linear;
pub mod llm;
mod mentions;
pub mod notion;
mod options;
pub mod pagerduty;
mod response_url;
pub mod sentry;
mod server;
mod shared;
pub mod shortcut;
mod socket;
mod stage;
mod transcript;
mod ui;
mod validate;
pub mod web;
mod web_api;
pub mod workspace;

pub use actors::{ActError, Click, Sent, User};
pub use cast::Cast;
pub use clock::TimeSource;
pub use faults::{Call, Fault, Faults, PostingLimit};
pub use http_transport::{HttpTarget, Signing, sign};
pub use mentions::{Mention, mentions_in};
pub use options::{Options, Suggestion};
pub use server::{NotSeen, Simulator};
pub use shared::Shared;
pub use socket::{Acked, Counts, DisconnectReason, EnvelopeKind, Outcome, Socket};
pub use stage::{Deed, Prop, Stage};
pub use transcript::Detail;
pub use validate::{Problem, Violation};
