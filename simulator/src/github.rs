//! Purpose: a pretend GitHub. A [`GithubWorld`] holds repositories in which tests open pull requests, review, run
//! workflows, deploy and release; a [`GithubSimulator`] serves it as GitHub's REST API on 127.0.0.1.
//!
//! Every change of the world gives the webhook that GitHub would send for it (a [`Delivery`]), so a test can tell
//! the bot by webhook, let it find out by polling, or both.
//!
//! What is pretended, and how strictly: tokens, `Link` pages, `ETag`s (an unchanged answer costs nothing), the
//! primary and secondary rate limits, a required `User-Agent`, and answers that fail, stall or break off on demand.
//! Shapes follow <https://docs.github.com/rest> and recorded webhooks; addresses inside bodies point at github.com.
//! What is done over the API (comments, labels, merges, runs again, ...) changes the world, is written down once in
//! [`GithubWorld::effects`], and leaves the webhooks that GitHub would send in [`GithubWorld::take_deliveries`], or has
//! them sent ([`GithubSimulator::send_webhooks`]). What webhooks of others state can be taken over
//! ([`GithubWorld::adopt`]).
//! Left out: anonymous access to public repositories, and of GraphQL all but auto-merge and queries for threads.
//!
//! To add an endpoint: one arm in `resource.rs` or `lookup.rs`, for changes in `write.rs`. To add a change: a method in `pull.rs`, `review.rs` or `activity.rs`.

mod activity;
mod adopt;
mod answer;
mod delivery;
mod effects;
mod hook;
mod lookup;
mod page;
mod pull;
mod reply;
mod resource;
mod review;
mod shapes;
#[cfg(test)]
mod tests;
mod threads;
mod website;
mod world;
mod write;

use std::{io, net::SocketAddr};

use axum::Router;
use tokio::{net::TcpListener, task::JoinHandle};

pub use activity::{NewDeployment, NewRun};
pub use answer::Call;
pub use delivery::{Delivery, signed_headers};
pub use effects::Effect;
pub use pull::{NewPull, Pull};
pub use threads::NewThread;
pub use website::Mergeable;
pub use world::{Budget, Fault, GithubWorld};

/// A running pretend GitHub. It stops when dropped.
#[derive(Debug)]
pub struct GithubSimulator {
    address: SocketAddr,
    world: GithubWorld,
    tasks: Vec<JoinHandle<()>>,
}

impl GithubSimulator {
    /// Serves an empty world on a free port of 127.0.0.1; requests must carry `token`.
    ///
    /// # Errors
    /// No port could be opened.
    pub async fn start(token: &str) -> io::Result<Self> {
        Self::serve(GithubWorld::new(token)).await
    }

    /// Serves `world` on a free port of 127.0.0.1. The world stays open to changes.
    ///
    /// # Errors
    /// No port could be opened.
    pub async fn serve(world: GithubWorld) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let router = Router::new().fallback(answer::answer).with_state(world.clone());
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::warn!(%error, "the pretend GitHub stopped");
            }
        });
        Ok(Self {
            address,
            world,
            tasks: vec![server],
        })
    }

    /// The base address for clients, without a slash at the end.
    pub fn api_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What is being served.
    pub fn world(&self) -> &GithubWorld {
        &self.world
    }
}

impl Drop for GithubSimulator {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
