//! Purpose: reads what flow metrics are made from: merged changes out of packs of days, and what was open, reviewed and run in
//! the window. The cost grows with what happened in the window.

use em_domain::ci_run::CiRun;
use em_domain::flow::{FlowFacts, known};
use em_domain::pull_request::PullRequest;
use em_domain::review::Review;

use crate::delivery::{Delivery, DeliveryOf, Range, asked_repositories, came_in, within};
use crate::engine::Conn;
use crate::error::StoreError;

/// What is open now, and what was closed in the window or later.
const OPEN: &str = "SELECT STRING_AGG(CAST(fact AS TEXT), ',') FROM ( \
    SELECT fact FROM pull_requests WHERE state = 'open' AND created_at < $2 AND ($3 OR repository IN LIST($4)) \
    UNION ALL SELECT fact FROM pull_requests WHERE closed_at >= $1 AND closed_at IS NOT NULL \
    AND created_at < $2 AND ($3 OR repository IN LIST($4))) AS found";
/// A review has no repository of its own: its pull request has.
const REVIEWED: &str = "SELECT STRING_AGG(CAST(r.fact AS TEXT), ',') FROM reviews r \
    WHERE r.submitted_at >= $1 AND r.submitted_at < $2 AND ($3 OR EXISTS (SELECT 1 FROM pull_requests p \
    WHERE p.id = r.pull_request AND p.repository IN LIST($4)))";
const RAN: &str = "SELECT STRING_AGG(CAST(fact AS TEXT), ',') FROM ci_runs \
    WHERE created_at >= $1 AND created_at < $2 AND ($3 OR repository IN LIST($4))";

impl Delivery<'_> {
    /// Everything that the flow metrics of the window need, as of one moment.
    pub async fn flow_facts(&self, of: DeliveryOf<'_>) -> Result<FlowFacts, StoreError> {
        self.refresh().await?;
        match self.read_flow(of).await {
            Err(StoreError::Corrupt(_)) => {
                self.remake_packs().await?;
                self.read_flow(of).await
            }
            read => read,
        }
    }

    async fn read_flow(&self, of: DeliveryOf<'_>) -> Result<FlowFacts, StoreError> {
        let mut tx = self.store.pool().begin_read().await?;
        let facts = read(&mut tx.conn(), of).await?;
        tx.commit().await?;
        Ok(facts)
    }
}

async fn read(conn: &mut Conn<'_>, of: DeliveryOf<'_>) -> Result<FlowFacts, StoreError> {
    let range = Range {
        from: of.asked.from,
        to: of.asked.to.min(of.now),
        repositories: asked_repositories(of),
    };
    let unpacking = came_in(conn, &range).await?;
    let open: Vec<PullRequest> = within(conn, OPEN, &range).await?;
    let reviews: Vec<Review> = within(conn, REVIEWED, &range).await?;
    let runs: Vec<CiRun> = within(conn, RAN, &range).await?;
    Ok(FlowFacts {
        changes: unpacking.done().await?.changes,
        open: open.iter().filter_map(known::open).collect(),
        reviews: reviews.iter().map(known::reviewed).collect(),
        runs,
    })
}
