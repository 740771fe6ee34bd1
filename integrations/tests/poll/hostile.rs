//! What no vendor should answer, to every polled vendor: the round ends after a bounded number of requests, says what is wrong
//! for a person and without the token, and the next one goes on from the same place.

mod samples;
mod server;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use chrono::{DateTime, TimeDelta, Utc};
use em_integrations::http::TimeLimits;
use em_integrations::poll::{Poll, PollError};
use em_integrations::pollers::{POLLED, Polled};
use em_integrations::rest::Patience;
use serde_json::Value;
use wiremock::{MockServer, Request, ResponseTemplate};

use crate::support::{at, impatient, poller_with};
use server::{Manner, Raw, answering, asked};

/// Of the form of every vendor's token; neither half may be told to anybody.
const TOKEN: &str = "leftsecret7431:rightsecret9962";
/// What the operator may have named, of which each vendor takes one.
const THINGS: [&str; 8] = [
    "*",
    "acme",
    "PAY",
    "acme/shop",
    "gh/acme/shop",
    "1",
    "shop",
    "argocd/shop",
];
const SINCE: &str = "2026-05-02T12:00:00Z";
const NOW: &str = "2026-06-01T12:00:00Z";
/// No round of a list that ends at once asks more.
const FEW: usize = 60;
/// Nor does one of a list that does not end: a thousand pages of each list, and the details of what is on them.
const MANY: usize = 12_000;

/// What became of a round.
struct Outcome {
    /// What was said, of everything or of a list.
    said: Vec<String>,
    error: Option<PollError>,
    /// Where the next round goes on.
    place: Value,
    events: usize,
}

/// A round from `place`, which must end.
async fn outcome(poller: &dyn Poll, place: Value) -> Outcome {
    let mut outcome = Outcome {
        said: Vec::new(),
        error: None,
        place,
        events: 0,
    };
    for _ in 0..MANY {
        match poller.read(Some(outcome.place.clone()), at(NOW)).await {
            Ok(step) => {
                let said = step
                    .problems
                    .iter()
                    .map(|problem| format!("{} {}", problem.name, problem.why));
                outcome.said.extend(said);
                outcome.events += step.events.len();
                outcome.place = step.place;
                if !step.more {
                    return outcome;
                }
            }
            Err(error) => {
                outcome.said.push(error.to_string());
                outcome.error = Some(error);
                return outcome;
            }
        }
    }
    panic!("the round does not end");
}

/// A vendor, with something that it takes for the name of a thing.
struct Victim {
    name: &'static str,
    thing: &'static str,
}

impl Victim {
    async fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for polled in POLLED {
            all.push(Self::of(polled).await);
        }
        all
    }

    /// A thing that is malformed is refused before anything is asked.
    async fn of(polled: &Polled) -> Self {
        let server = answering(|_, _| ResponseTemplate::new(404)).await;
        for thing in THINGS {
            let victim = Self {
                name: polled.name,
                thing,
            };
            let before = asked(&server).await;
            victim.attack(&server.uri()).await;
            if asked(&server).await > before {
                return victim;
            }
        }
        panic!("{}: none of {THINGS:?} is {}", polled.name, polled.things);
    }

    fn poller(&self, url: &str, patience: Patience) -> Arc<dyn Poll> {
        poller_with(patience, self.name, url, TOKEN, &[self.thing])
    }

    /// A round at `url`, of which nothing may be wrong but what is said.
    async fn attack(&self, url: &str) -> Outcome {
        self.attack_patiently(url, impatient()).await
    }

    async fn attack_patiently(&self, url: &str, patience: Patience) -> Outcome {
        let poller = self.poller(url, patience);
        let outcome = outcome(&*poller, poller.start(at(SINCE))).await;
        assert!(keeps_the_secret(&format!("{poller:?}")), "{}", self.name);
        for said in &outcome.said {
            assert!(is_for_people(said), "{}: {said:?}", self.name);
        }
        outcome
    }

    /// As [`Self::attack`], where something must be said, nothing be lost and the next round ask again.
    async fn is_hurt_by(&self, server: &MockServer, what: &str) -> Outcome {
        let before = asked(server).await;
        let first = self.attack(&server.uri()).await;
        let requests = asked(server).await - before;
        assert!((1..=FEW).contains(&requests), "{} {what}: {requests}", self.name);
        assert!(!first.said.is_empty(), "{} {what}: it says nothing", self.name);
        assert_eq!(first.events, 0, "{} {what}", self.name);
        for reached in reached(&first.place) {
            assert_eq!(reached, at(SINCE), "{} {what}: the place is kept", self.name);
        }
        let poller = self.poller(&server.uri(), impatient());
        outcome(&*poller, first.place.clone()).await;
        let again = asked(server).await - before - requests;
        assert!((1..=FEW).contains(&again), "{} {what}: {again}", self.name);
        first
    }
}

/// One sentence without anything of the program's insides.
fn is_for_people(said: &str) -> bool {
    let is_a_line = (10..=300).contains(&said.chars().count()) && !said.contains(char::is_control);
    let insides = ["{", "<html", "reqwest", "serde", "Err(", "Error", "://", "panic"];
    is_a_line && keeps_the_secret(said) && insides.iter().all(|inside| !said.contains(inside))
}

fn keeps_the_secret(text: &str) -> bool {
    let encoded = BASE64_STANDARD.encode(TOKEN);
    let secrets = TOKEN.split(':').chain([encoded.as_str()]);
    secrets.into_iter().all(|secret| !text.contains(secret))
}

/// How far the lists in a place are read.
fn reached(place: &Value) -> Vec<DateTime<Utc>> {
    let things = place["walks"].as_object().into_iter().flatten();
    let lists = things.flat_map(|(_, lists)| lists.as_object().into_iter().flatten());
    let reached = lists.map(|(_, walk)| walk["seen"].as_str().unwrap().parse().unwrap());
    reached.collect()
}

#[tokio::test]
async fn an_answer_that_refuses_is_said_and_nothing_is_lost() {
    for victim in Victim::all().await {
        for status in [400, 402, 403, 404, 409, 410, 418, 500, 502, 503, 529] {
            let server = answering(move |_, _| ResponseTemplate::new(status)).await;
            let outcome = victim.is_hurt_by(&server, &status.to_string()).await;
            assert_eq!(outcome.error, None, "{} {status}: of the list alone", victim.name);
        }
    }
}

#[tokio::test]
async fn a_token_that_is_not_accepted_ends_the_round_and_is_named() {
    for victim in Victim::all().await {
        let server = answering(|_, _| ResponseTemplate::new(401)).await;
        let outcome = victim.is_hurt_by(&server, "401").await;
        let error = outcome.error.unwrap_or_else(|| panic!("{}", victim.name));
        let variable = format!("{}_TOKEN", victim.name.to_ascii_uppercase());
        assert!(
            error.why.contains(&variable) && error.retry_at.is_none(),
            "{error:?}"
        );
        assert_eq!(asked(&server).await, 2, "{}: one request a round", victim.name);
    }
}

#[tokio::test]
async fn a_limit_ends_the_round_until_it_is_over() {
    for victim in Victim::all().await {
        for (header, seconds) in [
            (None, 60),
            (Some(("retry-after", "90")), 90),
            (Some(("retry-after", "999999999")), 3_600),
            (Some(("retry-after", "-1")), 1),
            (Some(("retry-after", "soon")), 60),
            (Some(("ratelimit-reset", "45")), 45),
            (Some(("x-ratelimit-reset", "45")), 45),
        ] {
            let server = answering(move |_, _| {
                let response = ResponseTemplate::new(429);
                match header {
                    Some((name, value)) => response.insert_header(name, value),
                    None => response,
                }
            })
            .await;
            let outcome = victim.is_hurt_by(&server, &format!("429 {header:?}")).await;
            let error = outcome.error.unwrap_or_else(|| panic!("{}", victim.name));
            let expected = at(NOW) + TimeDelta::seconds(seconds);
            assert_eq!(error.retry_at, Some(expected), "{} {header:?}", victim.name);
            assert!(asked(&server).await <= 4, "{} {header:?}", victim.name);
        }
    }
}

#[tokio::test]
async fn no_redirect_takes_the_token_to_another_host() {
    for victim in Victim::all().await {
        for status in [301, 302, 303, 307, 308] {
            let thief =
                answering(|_, _| ResponseTemplate::new(200).set_body_json(serde_json::json!([]))).await;
            let elsewhere = format!("{}/stolen", thief.uri());
            let server = answering(move |_, _| {
                ResponseTemplate::new(status).insert_header("location", elsewhere.as_str())
            })
            .await;
            victim.is_hurt_by(&server, &status.to_string()).await;
            assert_eq!(asked(&thief).await, 0, "{} {status}", victim.name);
        }
        let circle =
            answering(|_, request| ResponseTemplate::new(302).insert_header("location", request.url.path()))
                .await;
        victim.is_hurt_by(&circle, "a circle").await;
    }
}

#[tokio::test]
async fn no_next_page_takes_the_token_to_another_host() {
    for victim in Victim::all().await {
        let thief = answering(|_, _| ResponseTemplate::new(200).set_body_json(serde_json::json!([]))).await;
        let elsewhere = format!("{}/api?page=2&cursor=0:1:0", thief.uri());
        for shape in 0..samples::empty(&elsewhere).len() {
            let next = elsewhere.clone();
            let server = answering(move |_, _| samples::empty(&next).swap_remove(shape)).await;
            victim.attack(&server.uri()).await;
        }
        let (name, next) = (victim.name, elsewhere.clone());
        let server = answering(move |_, request| full(name, request, at(NOW), Some(&next))).await;
        victim.attack(&server.uri()).await;
        assert_eq!(asked(&thief).await, 0, "{}", victim.name);
    }
}

#[tokio::test]
async fn what_is_no_list_is_said_to_make_no_sense() {
    let page = "<!doctype html><html><body>Sign in</body></html>";
    for victim in Victim::all().await {
        for (what, mime, body) in [
            ("HTML", "text/html", page),
            ("HTML that says that it is JSON", "application/json", page),
            ("nothing", "application/json", ""),
            ("half of it", "application/json", r#"[{"id": 1, "data": [{"#),
            ("a number", "application/json", "7"),
            ("a text", "application/json", r#""leave""#),
            ("\u{0}", "application/octet-stream", "\u{0}\u{0}"),
        ] {
            let server = answering(move |_, _| ResponseTemplate::new(200).set_body_raw(body, mime)).await;
            victim.is_hurt_by(&server, what).await;
        }
        let deep = "[".repeat(100_000);
        let server =
            answering(move |_, _| ResponseTemplate::new(200).set_body_raw(deep.clone(), "application/json"))
                .await;
        victim.is_hurt_by(&server, "lists within lists").await;
        // Whether these are empty lists is the vendor's matter.
        for odd in [
            "null",
            "{}",
            "[null]",
            r#"{"data": 7}"#,
            r#"{"errors": ["no"]}"#,
            r#"[{"id": []}]"#,
        ] {
            let server =
                answering(move |_, _| ResponseTemplate::new(200).set_body_raw(odd, "application/json")).await;
            let outcome = victim.attack(&server.uri()).await;
            assert!(
                asked(&server).await <= FEW && outcome.events == 0,
                "{} {odd}",
                victim.name
            );
        }
    }
}

#[tokio::test]
async fn an_answer_that_never_ends_or_never_comes_is_left() {
    let hasty = Patience {
        limits: TimeLimits {
            total: Duration::from_millis(200),
            ..impatient().limits
        },
        ..impatient()
    };
    for victim in Victim::all().await {
        for (manner, patience) in [
            (Manner::Endless, impatient()),
            (Manner::Silent, hasty),
            (Manner::BreaksOff, impatient()),
        ] {
            let raw = Raw::start(manner).await;
            let outcome = victim.attack_patiently(&raw.url, patience).await;
            let name = victim.name;
            assert!(
                (1..=FEW).contains(&raw.asked()),
                "{name} {manner:?}: {}",
                raw.asked()
            );
            assert!(!outcome.said.is_empty(), "{name} {manner:?}");
            assert!(
                reached(&outcome.place)
                    .iter()
                    .all(|reached| *reached == at(SINCE))
            );
        }
        let gone = Raw::start(Manner::Silent).await.url.clone();
        assert!(
            !victim.attack(&gone).await.said.is_empty(),
            "{}: nobody is there",
            victim.name
        );
    }
}

/// A list of the vendor's with one item.
fn full(vendor: &str, request: &Request, at: DateTime<Utc>, next: Option<&str>) -> ResponseTemplate {
    samples::page(vendor, request, at, next).unwrap_or_else(|| ResponseTemplate::new(404))
}

#[tokio::test]
async fn a_list_that_never_ends_is_left_after_a_while() {
    for victim in Victim::all().await {
        let name = victim.name;
        for changes in [true, false] {
            let next = move |number: usize| {
                if changes {
                    number.to_string()
                } else {
                    "7".to_owned()
                }
            };
            for shape in 0..samples::empty("").len() {
                let server =
                    answering(move |number, _| samples::empty(&next(number)).swap_remove(shape)).await;
                victim.attack(&server.uri()).await;
                let requests = asked(&server).await;
                assert!(requests <= 200, "{name}, empty pages: {requests}");
            }
            let server =
                answering(move |number, request| full(name, request, at(NOW), Some(&next(number)))).await;
            let outcome = victim.attack(&server.uri()).await;
            let requests = asked(&server).await;
            assert!(requests <= MANY, "{name}: {requests}");
            let is_said = |said: &String| said.contains("there is always another page");
            let is_left = outcome.said.iter().any(is_said) || samples::WITHOUT_PAGES.contains(&name);
            assert!(is_left, "{name}: {:?}", outcome.said);
        }
    }
}

#[tokio::test]
async fn an_item_of_the_future_makes_nothing_be_skipped() {
    for victim in Victim::all().await {
        let name = victim.name;
        for dated in [
            at(NOW) + TimeDelta::hours(3),
            at("2099-01-01T00:00:00Z"),
            at("9999-12-31T23:59:59Z"),
            at("1970-01-01T00:00:00Z"),
        ] {
            let server = answering(move |_, request| full(name, request, dated, None)).await;
            let outcome = victim.attack(&server.uri()).await;
            let is_told = dated < at(SINCE) || outcome.events > 0;
            assert!(is_told, "{name} {dated}: {:?}", outcome.said);
            let reached: BTreeSet<DateTime<Utc>> = reached(&outcome.place).into_iter().collect();
            assert!(
                reached
                    .iter()
                    .all(|reached| (at(SINCE)..=at(NOW)).contains(reached)),
                "{name} {dated}: {reached:?}"
            );
        }
    }
}
