//! Purpose: the running simulator: starts the servers, hands out addresses, tokens, people and what was seen.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{any, get, post};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::actors::User;
use crate::faults::{Call, Faults};
use crate::line::{Line, Lines};
use crate::options::Options;
use crate::response_url;
use crate::shared::Shared;
use crate::socket::{self, Socket};
use crate::stage::Stage;
use crate::validate::Violation;
use crate::web_api::{self, APP_TOKEN, BOT_TOKEN};
use crate::workspace::Workspace;

/// A pretend Slack workspace that listens on 127.0.0.1. It stops when dropped.
#[derive(Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

/// What was waited for did not come to pass in time.
#[derive(Debug, thiserror::Error)]
#[error("not seen within {within:?}; the workspace then was:\n{transcript}")]
pub struct NotSeen {
    /// How long it was waited for.
    pub within: Duration,
    /// Everything that was visible in the end.
    pub transcript: String,
}

impl Simulator {
    /// Starts with the given options.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn start(options: Options) -> io::Result<Self> {
        let web = TcpListener::bind(("127.0.0.1", options.port)).await?;
        let link = TcpListener::bind(("127.0.0.1", 0)).await?;
        let base_url = format!("http://{}", web.local_addr()?);
        let link_url = format!("ws://{}", link.local_addr()?);
        let shared = Shared::new(options, base_url, link_url);
        let app = router(&shared).into_make_service_with_connect_info::<Line>();
        let stop = shared.stop.clone();
        let serve = async move {
            let server = axum::serve(Lines(web), app).with_graceful_shutdown(stop.cancelled_owned());
            if let Err(error) = server.await {
                tracing::error!(%error, "the pretend Slack stopped serving");
            }
        };
        let tasks = vec![
            tokio::spawn(serve),
            tokio::spawn(socket::accept(shared.clone(), link)),
            tokio::spawn(socket::sweep(shared.clone())),
        ];
        Ok(Self { shared, tasks })
    }

    /// The base of the Web API, for `SLACK_API_URL`; without a slash at the end.
    pub fn slack_api_url(&self) -> String {
        format!("{}/api", self.shared.base_url)
    }

    /// `http://127.0.0.1:PORT`, where the page is when it is on.
    pub fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    /// The app-level token (`xapp-`).
    pub fn app_token(&self) -> &'static str {
        APP_TOKEN
    }

    /// The bot token (`xoxb-`).
    pub fn bot_token(&self) -> &'static str {
        BOT_TOKEN
    }

    /// The secret that signs requests of the HTTP transport.
    pub fn signing_secret(&self) -> &str {
        &self.shared.options.signing_secret
    }

    /// A person, by handle or id.
    pub fn user(&self, name: &str) -> User {
        User::new(&self.shared, name)
    }

    /// The Socket Mode controls.
    pub fn socket(&self) -> Socket {
        Socket {
            shared: self.shared.clone(),
        }
    }

    /// Faults on order.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// The calls of one Web API method so far.
    pub fn calls(&self, method: &str) -> Vec<Call> {
        self.shared.faults.calls(method)
    }

    /// What the app did that Slack refuses or that harms people.
    pub fn violations(&self) -> Vec<Violation> {
        self.read(|w| w.violations.clone())
    }

    /// What the simulator's parts hold in common, for the page.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Looks at the workspace.
    pub fn read<T>(&self, look: impl FnOnce(&Workspace) -> T) -> T {
        self.shared.read(look)
    }

    /// Sets a scene: changes the workspace without anybody acting.
    pub fn arrange<T>(&self, change: impl FnOnce(&mut Workspace) -> T) -> T {
        self.shared.change(change)
    }

    /// Puts the workspace into a world, which the page shows from now on. Later ones are ignored.
    pub fn set_stage(&self, stage: Arc<dyn Stage>) {
        self.shared.stage.get_or_init(|| stage);
        self.shared.changed_around();
    }

    /// Makes every trigger that is not used yet too old.
    pub fn expire_triggers(&self) {
        self.shared.quietly(Workspace::expire_triggers);
    }

    /// Waits until `look` finds what it looks for; it is asked again after every change.
    ///
    /// # Errors
    /// `within` passed first.
    pub async fn wait_until<T>(
        &self,
        within: Duration,
        mut look: impl FnMut(&Workspace) -> Option<T>,
    ) -> Result<T, NotSeen> {
        let mut changes = self.shared.changes();
        let deadline = tokio::time::Instant::now() + within;
        loop {
            changes.mark_unchanged();
            if let Some(found) = self.shared.read(&mut look) {
                return Ok(found);
            }
            if tokio::time::timeout_at(deadline, changes.changed())
                .await
                .is_err()
            {
                let transcript = self.shared.read(Workspace::everything);
                return Err(NotSeen { within, transcript });
            }
        }
    }

    /// Stops and waits until it has.
    pub async fn stop(mut self) {
        self.shared.stop.cancel();
        for task in std::mem::take(&mut self.tasks) {
            // A task that was aborted has stopped too.
            let _ = task.await;
        }
    }
}

/// Everything on the web port. The page's router is merged here when `options.ui` is set.
fn router(shared: &Arc<Shared>) -> Router {
    let page = if shared.options.ui {
        crate::ui::router()
    } else {
        Router::new()
    };
    Router::new()
        .merge(page)
        .route("/api/{method}", any(web_api::call))
        .route("/response/{token}", post(response_url::post))
        .route("/upload/{token}", post(web_api::files::upload))
        .route("/files/{id}", get(web_api::files::shown))
        .with_state(shared.clone())
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}
