//! Purpose: is the bot able to work? Behind `GET /ready` and `doctor`.

use em_storage::Store;

use crate::slack::socket::SocketHealth;

/// Events that may wait to be folded before the bot calls itself not ready: minutes of work, not seconds.
const MOST_PENDING: i64 = 100_000;

/// What readiness depends on.
#[derive(Debug, Clone)]
pub struct Health {
    /// The database.
    pub store: Store,
    /// Socket Mode; `None` where Slack is not configured or comes over HTTP.
    pub socket: Option<SocketHealth>,
}

impl Health {
    /// Why the bot is not ready, in sentences; empty if it is.
    pub async fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        match self.store.events().count_pending().await {
            Ok(pending) if pending > MOST_PENDING => {
                reasons.push(format!("{pending} stored events wait to be worked in."));
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "not ready");
                reasons.push("The database does not answer.".to_owned());
            }
        }
        let socket = self.socket.as_ref().map(SocketHealth::now);
        if let Some(state) = socket.filter(|state| state.connected == 0) {
            let why = state
                .trouble
                .map(|trouble| format!(" {}.", trouble.trim_end_matches('.')));
            reasons.push(format!(
                "No Socket Mode connection to Slack is open.{}",
                why.unwrap_or_default()
            ));
        }
        reasons
    }
}
