//! Purpose: that people are asked is told to other programs, in the transaction in which it is stored.

use em_domain::approval::{Approval, ApprovalState};
use em_domain::bus;

use super::{Approvals, Consequences, follow};
use crate::engine::{Tx, on_conn};
use crate::error::StoreError;

impl Approvals<'_> {
    /// How far the question had come before `next`; not looked up where nothing is told. `next` was made of the version
    /// before it, so the row is at least as new; if it is newer, `next` is not stored.
    pub(super) async fn state_before(
        &self,
        tx: &mut Tx,
        next: &Approval,
    ) -> Result<Option<ApprovalState>, StoreError> {
        const STATE: &str = "SELECT state FROM approvals WHERE id = $1";
        if !self.store.inner.teller.is_on() {
            return Ok(None);
        }
        let state: Option<String> = on_conn!(&mut tx.conn(), |c| sqlx::query_scalar(STATE)
            .bind(next.id.as_str())
            .fetch_optional(c)
            .await)?;
        let known = |known: &ApprovalState| state.as_deref() == Some(known.as_str());
        Ok(ApprovalState::ALL.into_iter().find(known))
    }

    /// Tells of a change, takes in what follows from it, and commits it.
    pub(super) async fn conclude(
        &self,
        mut tx: Tx,
        before: Option<ApprovalState>,
        next: &Approval,
        follows: &Consequences,
    ) -> Result<(), StoreError> {
        let teller = &self.store.inner.teller;
        let message = || bus::of_approval(before, next);
        let is_told = teller.write(&mut tx.conn(), message).await?;
        follow(&mut tx, follows, next.updated_at).await?;
        tx.commit().await?;
        teller.committed(is_told);
        Ok(())
    }
}
