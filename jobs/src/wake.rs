//! Purpose: telling the runner of this process that there is a job, so that it need not find out by looking.

use std::sync::Arc;

use tokio::sync::Notify;

/// Wakes the runner. Clones wake the same one; without a runner it does nothing.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// There is a job that is due. Call it after the transaction with the job is committed.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    pub(crate) async fn woken(&self) {
        self.0.notified().await;
    }
}
