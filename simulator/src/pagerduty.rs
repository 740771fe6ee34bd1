//! Purpose: a pretend PagerDuty on 127.0.0.1 with services, incidents, notes and postmortems that tests write. Tokens and the
//! version are checked; lists come in pages by offset. Objects are shaped as in the vendor's examples, and partly hold
//! their values. Source: <https://github.com/PagerDuty/api-schema/blob/main/reference/REST/openapiv3.json>.

mod world;

use std::io;

use chrono::{DateTime, Utc};

use crate::desk::Desk;
use world::State;

/// The token that is accepted.
pub const TOKEN: &str = "y_NbAkKc66ryYTpretend";
/// The e-mail address of the one user.
pub const USER: &str = "ben.koch@acme.example";
/// Where people read the incidents.
pub const SITE: &str = "https://acme.pagerduty.com";

/// A running PagerDuty. It stops when dropped.
#[derive(Debug)]
pub struct PagerDutySimulator {
    desk: Desk<State>,
}

impl PagerDutySimulator {
    /// Serves an account without services on a free port.
    ///
    /// # Errors
    /// No port could be opened.
    pub async fn start() -> io::Result<Self> {
        let desk = Desk::start(State::default()).await?;
        Ok(Self { desk })
    }

    /// For `PAGERDUTY_API_URL`.
    pub fn api_url(&self) -> String {
        self.desk.url()
    }

    /// Adds a service. Gives its id.
    pub fn add_service(&self, name: &str) -> String {
        self.desk.with(|state| state.add_service(name))
    }

    /// Something breaks. Gives the incident's id.
    pub fn trigger(&self, service: &str, title: &str, at: DateTime<Utc>) -> String {
        self.desk.with(|state| state.trigger(service, title, at))
    }

    /// Writes a note, which does not change the incident.
    pub fn note(&self, incident: &str, text: &str, at: DateTime<Utc>) {
        self.desk.with(|state| state.note(incident, text, at));
    }

    /// Whoever it is assigned to works on it.
    pub fn acknowledge(&self, incident: &str, at: DateTime<Utc>) {
        self.desk.with(|state| state.acknowledge(incident, at));
    }

    /// Somebody else takes it over.
    pub fn reassign(&self, incident: &str, to: &str, at: DateTime<Utc>) {
        self.desk.with(|state| state.reassign(incident, to, at));
    }

    /// It was not over after all.
    pub fn reopen(&self, incident: &str, at: DateTime<Utc>) {
        self.desk.with(|state| state.reopen(incident, at));
    }

    /// Another alert comes for an incident that is under way, which does not change it.
    pub fn alert_again(&self, incident: &str, at: DateTime<Utc>) {
        self.desk.with(|state| state.alert_again(incident, at));
    }

    /// The incident is over.
    pub fn resolve(&self, incident: &str, at: DateTime<Utc>) {
        self.desk.with(|state| state.resolve(incident, at));
    }

    /// Takes an incident away from the token.
    pub fn hide(&self, incident: &str) {
        self.desk.with(|state| state.hide(incident));
    }

    /// Publishes a postmortem, in HTML, under a post of the status page.
    pub fn publish(&self, title: &str, html: &str, at: DateTime<Utc>) {
        self.desk.with(|state| state.publish(title, html, at));
    }

    /// The next request is one too many; it may be asked again after so many seconds.
    pub fn limit_next(&self, seconds: u32) {
        self.desk.with(|state| state.limited = Some(seconds));
    }

    /// The next request is answered with this status, and with `Retry-After` if seconds are given.
    pub fn fail_next(&self, status: u16, retry_after: Option<u32>) {
        self.desk.fail_next(status, retry_after);
    }

    /// Paths with their queries so far.
    pub fn calls(&self) -> Vec<String> {
        self.desk.calls()
    }

    /// The next change takes effect, and its answer is lost on the way.
    pub fn lose_next_answer(&self) {
        self.desk.lose_next_answer();
    }

    /// Changes that were made so far: method and path.
    pub fn changes(&self) -> Vec<String> {
        self.desk.changes()
    }

    /// How an incident stands: `triggered`.
    pub fn status(&self, incident: &str) -> String {
        self.desk.with(|state| state.status(incident))
    }

    /// From now on the token is the account's: whoever changes something must say who they are.
    pub fn ask_who_acts(&self) {
        self.desk.with(|state| state.asks_who_acts = true);
    }
}
