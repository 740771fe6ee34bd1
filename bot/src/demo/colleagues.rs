//! Purpose: the people of the demo whom nobody plays: some time after they are asked they click *Answer…* and send the
//! form, as it came and with a line of their own. They do it as a person does, through the pretend Slack.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use em_blocks::standup::question::{ANSWER, SKIP};
use em_domain::clock::Clock as _;
use em_simulator::workspace::{Message, View, Workspace};
use em_simulator::{Shared, Simulator, User, forms};
use tokio_util::task::AbortOnDropHandle;

use super::clock::DemoClock;

/// How one of them goes about it.
struct Habit {
    /// Their handle.
    name: &'static str,
    /// How long they take, by the demo's clock.
    minutes: i64,
    /// What they mean to do next.
    next: &'static str,
}

/// One answers at once, one after the standup was posted. Ben is asked when it is nine where he is, and Ana is whoever sits at
/// the page.
const HABITS: [Habit; 4] = [
    Habit {
        name: "chloe",
        minutes: 4,
        next: "Answer the remarks on atuinsh/atuin#3981",
    },
    Habit {
        name: "fatima",
        minutes: 25,
        next: "Refunds to production, once acme/checkout#219 is green",
    },
    Habit {
        name: "dmitri",
        minutes: 70,
        next: "Find out why main of acme/checkout is red",
    },
    Habit {
        name: "ben",
        minutes: 5,
        next: "Merge the delivery estimate",
    },
];

/// The input of the form in which they write.
const NEXT: &str = "next";
/// How often they look at their messages.
const LOOK: Duration = Duration::from_secs(1);
/// How long they wait for a form to open.
const FORM_WITHIN: Duration = Duration::from_secs(5);

/// Lets them answer until the handle is dropped.
pub(super) fn start(simulator: &Simulator, clock: DemoClock) -> AbortOnDropHandle<()> {
    let people = HABITS.map(|habit| (simulator.user(habit.name), habit));
    let workspace = Arc::clone(simulator.shared());
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut answered = BTreeSet::new();
        loop {
            for (user, habit) in &people {
                let now = clock.now();
                let due = workspace.read(|workspace| due(workspace, user, habit, now));
                let due = due.filter(|(round, _)| !answered.contains(&(habit.name, round.clone())));
                if let Some((round, question)) = due
                    && answer(&workspace, user, &question, habit.next).await.is_some()
                {
                    answered.insert((habit.name, round));
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }))
}

/// The newest question, and its round, once they have looked at it for long enough. Nobody answers while a form is open: somebody at
/// the page may be playing them.
fn due(workspace: &Workspace, user: &User, habit: &Habit, now: DateTime<Utc>) -> Option<(String, Message)> {
    if !workspace.modals(&user.id).is_empty() {
        return None;
    }
    let channel = workspace.direct_with(&user.id)?;
    let newest = workspace
        .messages(&channel.id)
        .rev()
        .find_map(round_asked_about)?;
    // A reminder asks about the same round; what counts is when they were asked first.
    let mut asked = workspace.messages(&channel.id);
    let question = asked.find(|message| round_asked_about(message).as_ref() == Some(&newest))?;
    let waited = now - sent_at(question)?;
    (waited >= TimeDelta::minutes(habit.minutes)).then(|| (newest, question.clone()))
}

fn sent_at(message: &Message) -> Option<DateTime<Utc>> {
    let (seconds, _) = message.ts.split_once('.')?;
    DateTime::from_timestamp(seconds.parse().ok()?, 0)
}

/// The value of the button that skips the round: one that is answered has it no longer.
fn round_asked_about(message: &Message) -> Option<String> {
    let elements = forms::interactive(&message.blocks);
    let skip = elements.iter().find(|element| element.action_id == SKIP)?;
    skip.element["value"].as_str().map(str::to_owned)
}

/// Opens the form and sends it; `None` if that did not work, so that it is tried again.
async fn answer(workspace: &Shared, user: &User, question: &Message, next: &str) -> Option<()> {
    let clicked = user.clicks(question, ANSWER).ok()?.await;
    if !clicked.is_acked() {
        return None;
    }
    let form = tokio::time::timeout(FORM_WITHIN, form(workspace, user))
        .await
        .ok()?;
    let sent = user.submits(&form, [(NEXT, next)]).ok()?.await;
    sent.is_acked().then_some(())
}

async fn form(workspace: &Shared, user: &User) -> View {
    let mut changes = workspace.changes();
    loop {
        changes.mark_unchanged();
        if let Some(form) = workspace.read(|workspace| workspace.modal(&user.id).cloned()) {
            return form;
        }
        if changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
