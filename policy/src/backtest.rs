//! Purpose: what another policy would have answered to what was asked before.

use em_domain::policy::{Decision, PolicyInput, PolicyVerdict, Reaction, SignalInput};
