//! Purpose: the page with a small pretend app behind it, to look at while working on `ui/`.
//!
//! `cargo run -p em-simulator --example page`, then open the address it prints.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a playground for developers"
)]

#[path = "page/app.rs"]
mod app;
#[path = "page/scene.rs"]
mod scene;

use em_simulator::{Options, Simulator, Suggestion};

#[tokio::main]
async fn main() {
    let suggestions = [
        ("triage", "What is stuck and who must move"),
        ("triage mine", "Only what waits for you"),
        ("help", "Every command"),
        ("whoami", "Which accounts are linked to you"),
        ("doctor", "Check the set-up"),
    ];
    let suggestions = suggestions.map(|(command, about)| Suggestion {
        command: format!("/em-agent {command}"),
        about: about.into(),
    });
    let options = Options {
        port: 4100,
        ui: true,
        suggestions: suggestions.into(),
        ..Options::default()
    };
    let simulator = Simulator::start(options).await.unwrap();
    let api = app::Api::new(&simulator);
    scene::play(&simulator, &api).await;
    println!("{}", simulator.base_url());
    app::run(api).await;
}
