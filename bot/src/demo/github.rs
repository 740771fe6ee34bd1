//! Purpose: the demo's pretend GitHub. It holds what the written sample tells of, so that what people agree to really
//! happens, and the bot hears of it as it would from GitHub.

use std::io::BufRead;
use std::net::SocketAddr;

use anyhow::Context;
use em_simulator::TimeSource;
use em_simulator::github::{GithubSimulator, GithubWorld};
use serde_json::Value;

/// What the bot shows to be let in; nobody else listens there.
pub(super) const TOKEN: &str = "ghp_demo";
/// Signs webhooks.
pub(super) const WEBHOOK_SECRET: &str = "demo";

/// Serves the open work that `lines`, recorded webhooks, tell of, at the `time` it is there.
///
/// # Errors
/// No port could be opened, or the sample cannot be read.
pub(super) async fn start(lines: &[u8], time: TimeSource) -> anyhow::Result<GithubSimulator> {
    let world = GithubWorld::new(TOKEN);
    world.set_time(time);
    for line in lines.lines() {
        let line = line.context("the demo's sample data cannot be read")?;
        let recorded: Value = serde_json::from_str(&line).context("the demo's sample data is not JSON")?;
        let event = recorded["headers"]["x-github-event"].as_str().unwrap_or_default();
        world.adopt(event, &recorded["body"]);
    }
    GithubSimulator::serve(world)
        .await
        .context("cannot start the demo's GitHub")
}

/// Lets it tell the bot at `addr` what happens there.
pub(super) fn tell(github: &mut GithubSimulator, addr: SocketAddr) {
    github.send_webhooks(&format!("http://{addr}/webhooks/github"), WEBHOOK_SECRET);
}
