//! Purpose: modals and the App Home.

use serde::{Deserialize, Serialize};
use slack_morphism::prelude::{
    SlackApiViewsOpenRequest, SlackApiViewsPublishRequest, SlackApiViewsPushRequest,
    SlackApiViewsUpdateRequest, SlackView,
};

use super::call::{Call, Safety};
use super::{As, Done, Slack, SlackError};

/// A modal may be opened within 3 seconds of the click; waiting longer for a turn is useless.
/// Source: <https://docs.slack.dev/interactivity/handling-user-interaction>
const TRIGGER_LIFETIME: std::time::Duration = std::time::Duration::from_secs(3);

/// A view that Slack is showing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedView {
    /// The view's id (`V...`).
    pub id: String,
    /// Its state; an update that names it is refused if someone else has updated the view since.
    #[serde(default)]
    pub hash: Option<String>,
}

#[derive(Deserialize)]
struct Shown {
    view: OpenedView,
}

impl Slack {
    /// Opens a modal in answer to a command or a click.
    pub async fn open_modal(&self, trigger_id: &str, view: &SlackView) -> Result<OpenedView, SlackError> {
        let request = SlackApiViewsOpenRequest::new(trigger_id.to_owned().into(), view.clone());
        let call = Call::new("views.open", Safety::Once).within(TRIGGER_LIFETIME);
        let shown: Shown = self.send(call, As::Bot, &request).await?;
        Ok(shown.view)
    }

    /// Opens a modal over the one that was clicked in; when it is closed, that one is seen again.
    pub async fn push_modal(&self, trigger_id: &str, view: &SlackView) -> Result<OpenedView, SlackError> {
        let request = SlackApiViewsPushRequest::new(trigger_id.to_owned().into(), view.clone());
        let call = Call::new("views.push", Safety::Once).within(TRIGGER_LIFETIME);
        let shown: Shown = self.send(call, As::Bot, &request).await?;
        Ok(shown.view)
    }

    /// Gives an open modal new content.
    pub async fn update_modal(
        &self,
        opened: &OpenedView,
        view: &SlackView,
    ) -> Result<OpenedView, SlackError> {
        let request = SlackApiViewsUpdateRequest::new(view.clone())
            .with_view_id(opened.id.clone().into())
            .opt_hash(opened.hash.clone());
        let call = Call::new("views.update", Safety::Repeatable);
        let shown: Shown = self.send(call, As::Bot, &request).await?;
        Ok(shown.view)
    }

    /// Sets what a person sees in the bot's Home tab.
    pub async fn publish_home(&self, user: &str, view: &SlackView) -> Result<(), SlackError> {
        let request = SlackApiViewsPublishRequest::new(user.to_owned().into(), view.clone());
        let call = Call::new("views.publish", Safety::Repeatable);
        self.send(call, As::Bot, &request).await.map(|_: Done| ())
    }
}
