//! Purpose: why a Socket Mode connection ends, as the one who replaces it needs to know.

/// Why a connection has to be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// Slack said that it will close it: its hosts are refreshed every few hours.
    Refresh,
    /// The app has ten connections already.
    TooMany,
    /// Socket Mode was turned off for the app.
    Disabled,
    /// Slack closed it.
    Closed,
    /// The network did.
    Broken,
    /// Nothing came for too long, not even an answer to our pings.
    Silent,
    /// The clock jumped: the machine slept, and the connection probably did not survive.
    Slept,
    /// A defect of ours.
    Panicked,
}

impl Reason {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::TooMany => "too_many",
            Self::Disabled => "disabled",
            Self::Closed => "closed",
            Self::Broken => "broken",
            Self::Silent => "silent",
            Self::Slept => "slept",
            Self::Panicked => "panicked",
        }
    }

    pub(super) fn of_disconnect(reason: &str) -> Self {
        match reason {
            "too_many_websockets" => Self::TooMany,
            "link_disabled" => Self::Disabled,
            _ => Self::Refresh,
        }
    }
}

/// What the one who dials is told when a connection has to be replaced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaving {
    pub(super) reason: Reason,
    /// It said hello and then either lasted or carried something: worth replacing at once.
    pub(super) was_useful: bool,
}
