//! Purpose: what the tests of the features share: a repository, pull requests in it, and clicks on what the bot shows.

use chrono::{DateTime, Utc};
use em_simulator::github::{Delivery, GithubWorld, NewPull, Pull};
use em_simulator::workspace::{Message, View, Workspace};
use em_simulator::{Click, User};
use em_storage::testing::TestDatabase;
use em_tests::{Setting, TestBot};

/// A snapshot of a test that runs on both engines. The characters that keep text from being formatted cannot be seen
/// and are left out.
macro_rules! assert_snapshot {
    ($text:expr, @$snapshot:literal) => {{
        let text = $text.replace('\u{2060}', "");
        insta::allow_duplicates! { insta::assert_snapshot!(text, @$snapshot) }
    }};
}
pub(crate) use assert_snapshot;

/// The repository of most tests.
pub(crate) const REPO: &str = "acme/payments";

/// The start of an hour of January 2026, UTC. The tests begin on Thursday the 15th at 10.
pub(crate) fn january(day: u32, hour: u32) -> DateTime<Utc> {
    format!("2026-01-{day:02}T{hour:02}:00:00Z").parse().unwrap()
}

/// The bot, with a pretend GitHub that tells it everything by webhook.
pub(crate) struct Scene {
    pub(crate) bot: TestBot,
    pub(crate) github: GithubWorld,
}

impl Scene {
    pub(crate) async fn start(database: TestDatabase) -> Self {
        Self::start_with(database, "").await
    }

    /// With lines of `em-agent.toml`.
    pub(crate) async fn start_with(database: TestDatabase, toml: &str) -> Self {
        let setting = Setting {
            toml: toml.to_owned(),
            ..Setting::default()
        };
        let bot = TestBot::start_with(database, setting).await;
        let github = GithubWorld::new("token");
        github.add_repo(REPO, january(2, 9));
        Self { bot, github }
    }

    /// The same bot, started again with another configuration.
    pub(crate) async fn restart(self, toml: &str) -> Self {
        Self {
            bot: self.bot.restart(toml).await,
            github: self.github,
        }
    }

    /// Sends a webhook and waits until the bot has made facts of it.
    pub(crate) async fn tell(&self, delivery: &Delivery) {
        self.bot.github(delivery).await;
        self.bot.folded().await;
    }

    /// A pull request that is open since Tuesday the 13th, 10:00.
    pub(crate) async fn pull(&self, title: &str, author: &str) -> Pull {
        self.open(&NewPull::new(title, author), january(13, 10)).await
    }

    pub(crate) async fn open(&self, new: &NewPull, at: DateTime<Utc>) -> Pull {
        let (pull, opened) = self.github.open_pull(REPO, new, at);
        self.tell(&opened).await;
        pull
    }

    /// What the bot answers to somebody in #ops, as text.
    pub(crate) async fn answer(&self, user: &str, text: &str) -> String {
        let answer = self.bot.ask(user, "#ops", text).await;
        self.bot.text(&answer)
    }

    /// Clicks, and waits for what the bot says to the one who clicked alone.
    pub(crate) async fn click(&self, user: &str, message: &Message, click: impl Into<Click>) -> Message {
        let person = self.bot.user(user);
        let before = self
            .bot
            .slack
            .read(|workspace| private(workspace, &person.id).count());
        let outcome = person.clicks(message, click).expect("it is there to click").await;
        assert!(outcome.is_acked(), "{outcome:?}");
        self.bot
            .until(|workspace| private(workspace, &person.id).nth(before).cloned())
            .await
    }

    /// The bot's messages in somebody's direct message with it.
    pub(crate) fn direct(&self, user: &str) -> Vec<Message> {
        let person = self.bot.user(user);
        self.bot.slack.read(|workspace| direct(workspace, &person))
    }

    /// Waits for this many messages of the bot in somebody's direct message with it.
    pub(crate) async fn until_direct(&self, user: &str, count: usize) -> Vec<Message> {
        let person = self.bot.user(user);
        self.bot
            .until(|workspace| Some(direct(workspace, &person)).filter(|all| all.len() >= count))
            .await
    }

    /// Waits for the modal on somebody's screen.
    pub(crate) async fn until_modal(&self, user: &str) -> View {
        self.bot.until(|workspace| workspace.modal(user).cloned()).await
    }

    pub(crate) async fn finish(self) {
        self.bot.finish().await;
    }
}

/// The entry of the menu on the row about pull request `number` of [`REPO`].
pub(crate) fn entry(message: &Message, number: u64, label: &str) -> Click {
    entry_of(&message.blocks, number, label)
}

/// The same in the blocks of a view.
pub(crate) fn entry_of(blocks: &[serde_json::Value], number: u64, label: &str) -> Click {
    let subject = format!(":{REPO}#{number}");
    let ids = blocks.iter().filter_map(|block| block["block_id"].as_str());
    let row = ids
        .into_iter()
        .find(|id| id.ends_with(&subject))
        .expect("the row is there");
    Click::from(("menu", label)).in_block(row)
}

fn private<'w>(workspace: &'w Workspace, user: &str) -> impl Iterator<Item = &'w Message> {
    workspace
        .all_messages()
        .filter(move |message| message.ephemeral_for.as_deref() == Some(user))
}

pub(crate) fn direct(workspace: &Workspace, person: &User) -> Vec<Message> {
    let channel = workspace
        .direct_with(&person.id)
        .map(|channel| channel.id.clone())
        .unwrap_or_default();
    workspace
        .messages(&channel)
        .filter(|message| message.by_app)
        .cloned()
        .collect()
}
