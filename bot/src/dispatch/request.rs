//! Purpose: what a program asks for over HTTP goes the way of what its person does in Slack: the policy is asked first,
//! it is counted, and the audit log tells of it.

use std::sync::Arc;

use anyhow::anyhow;
use em_commands::invocation::{Caller, CommandError};
use em_domain::api_token::ApiToken;
use em_domain::audit::AuditEntry;
use tracing::Instrument;

use super::route::shortened;
use super::{Dispatcher, Entry, write_down};

/// Something that a program asks for.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// What, by a name of few: `approvals.approve`.
    pub(crate) name: &'static str,
    /// The command that does the same in Slack: who may not type that may not ask for this.
    pub(crate) command: &'static str,
    /// For whom, and by which token.
    pub(crate) token: Arc<ApiToken>,
    /// About what, for the log.
    pub(crate) about: String,
    /// The log tells of it: not of programs that look whether there is anything new.
    pub(crate) is_logged: bool,
}

impl Dispatcher {
    /// Runs it to its end, whether or not the program waits for that.
    pub(crate) async fn request<T: Send + 'static>(
        self: &Arc<Self>,
        request: Request,
        running: impl Future<Output = Result<T, CommandError>> + Send + 'static,
    ) -> Result<T, CommandError> {
        let (this, name) = (Arc::clone(self), request.name);
        let ended = self.tasks.spawn(
            async move {
                let caller = Caller::Person(request.token.user.clone());
                let entry = Entry::Request {
                    name,
                    command: request.command,
                };
                let (outcome, result) = this.permitted(entry, &caller, running).await;
                if request.is_logged {
                    write_down(&this.ctx.store, &this.line(&request, result)).await;
                }
                outcome
            }
            .instrument(tracing::Span::current()),
        );
        let lost = |error| {
            Err(CommandError::Internal(anyhow!(
                "the request {name} ended: {error}"
            )))
        };
        ended.await.unwrap_or_else(lost)
    }

    fn line(&self, request: &Request, result: &'static str) -> AuditEntry {
        AuditEntry {
            at: self.ctx.clock.now(),
            actor: request.token.user.to_string(),
            kind: format!("request.{}", request.name),
            subject: shortened(&request.about),
            data: serde_json::json!({ "outcome": result, "token": request.token.name }),
        }
    }
}
