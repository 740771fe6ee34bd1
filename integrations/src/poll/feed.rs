//! Purpose: what most systems have in common for a poller: things (projects, services), each with lists that can be asked for
//! what changed since a time, a page at a time. A vendor says how a page is asked for and what its items are as events; the
//! rounds, the places and what is done about refusals are here.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::event::{Origin, RawEvent, Source};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::walk::{Endless, Seen, Walk};
use super::{EventIds, Poll, PollError, Problem, Step};
use crate::rest::ReadError;
use crate::webhook::{delivery_key, event_type};

/// After a limit that names no time.
const USUAL_PAUSE: TimeDelta = TimeDelta::minutes(1);
/// No system asks for more in earnest.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// How one vendor is read.
pub(crate) trait Feed: Send + Sync {
    /// As in the path of its webhooks.
    const SOURCE: &'static str;
    /// The lists that each of its things has.
    const LISTS: &'static [&'static str];

    /// One page of a list.
    fn page(&self, at: At<'_>) -> impl Future<Output = Result<Page, ReadError>> + Send;
}

/// Which page is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'a> {
    /// As the operator configured it.
    pub(crate) thing: &'a str,
    /// One of [`Feed::LISTS`].
    pub(crate) list: &'a str,
    /// What changed at this time or later is wanted, in any order; more does no harm.
    pub(crate) since: DateTime<Utc>,
    /// Where the page before said that the list goes on.
    pub(crate) next: Option<&'a str>,
    pub(crate) now: DateTime<Utc>,
}

/// A page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) drafts: Vec<Draft>,
    /// The latest change of an item on the page, by what the list is asked for: the next walk begins there.
    pub(crate) newest: Option<DateTime<Utc>>,
    /// By the same clock, the first item on the page that may change again without the list showing it as changed: a pipeline
    /// that runs, in a list by creation. Read again for a day.
    pub(crate) unsettled: Option<DateTime<Utc>>,
    /// Where the list goes on, unless what follows is older than wanted.
    pub(crate) next: Option<String>,
}

/// A state that was read, in the shape of a webhook's body.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// The webhook's name of it.
    pub(crate) event_type: String,
    /// Made of nothing but the state, so that a second reading is known as such. Where the API and the webhooks have an id in
    /// common, it is that one, so that the two are one event.
    pub(crate) delivery_key: String,
    pub(crate) occurred_at: Option<DateTime<Utc>>,
    pub(crate) payload: Value,
}

/// A vendor's feed over the things that the operator named.
pub(crate) struct Feeds<F> {
    feed: F,
    things: Vec<String>,
    ids: EventIds,
    lookback: TimeDelta,
}

impl<F: Feed> Feeds<F> {
    /// Reads `things`, at the first look as far back as `lookback`.
    pub(crate) fn new(feed: F, things: Vec<String>, ids: EventIds, lookback: TimeDelta) -> Self {
        Self {
            feed,
            things,
            ids,
            lookback,
        }
    }
}

impl<F: Feed> fmt::Debug for Feeds<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feeds")
            .field("source", &F::SOURCE)
            .field("things", &self.things)
            .finish_non_exhaustive()
    }
}

/// The place in all lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// How far back the first look goes, instead of the poller's own lookback.
    since: Option<DateTime<Utc>>,
    /// What is still to be read in this round: a thing and one of its lists.
    queue: VecDeque<(String, String)>,
    /// By thing and list.
    walks: BTreeMap<String, BTreeMap<String, Walk>>,
}

impl Place {
    fn begin_round<F: Feed>(&mut self, things: &[String]) {
        self.walks.retain(|thing, _| things.contains(thing));
        let lists = |thing: &String| {
            let thing = thing.clone();
            F::LISTS
                .iter()
                .map(move |list| (thing.clone(), (*list).to_owned()))
        };
        self.queue = things.iter().flat_map(lists).collect();
    }

    fn walk(&mut self, thing: &str, list: &str, since: DateTime<Utc>) -> &mut Walk {
        let lists = self.walks.entry(thing.to_owned()).or_default();
        lists
            .entry(list.to_owned())
            .or_insert_with(|| Walk::back_to(since))
    }
}

impl<F: Feed> Poll for Feeds<F> {
    fn source(&self) -> &'static str {
        F::SOURCE
    }

    fn start(&self, since: DateTime<Utc>) -> Value {
        let place = Place {
            since: Some(since),
            ..Place::default()
        };
        serde_json::to_value(place).unwrap_or_default()
    }

    fn read(&self, place: Option<Value>, now: DateTime<Utc>) -> BoxFuture<'_, Result<Step, PollError>> {
        self.step(place, now).boxed()
    }
}

impl<F: Feed> Feeds<F> {
    async fn step(&self, place: Option<Value>, now: DateTime<Utc>) -> Result<Step, PollError> {
        let mut place: Place = place
            .and_then(|place| serde_json::from_value(place).ok())
            .unwrap_or_default();
        if place.queue.is_empty() {
            place.begin_round::<F>(&self.things);
        }
        let mut step = Step {
            events: Vec::new(),
            place: Value::Null,
            more: false,
            problems: Vec::new(),
        };
        if let Some((thing, list)) = place.queue.pop_front() {
            let since = place.since.unwrap_or(now - self.lookback);
            let walk = place.walk(&thing, &list, since);
            let why = self.look(&thing, &list, walk, now, &mut step.events).await?;
            let is_under_way = walk.is_under_way();
            step.problems.extend(why.map(|why| Problem {
                name: format!("{list} of {thing}"),
                why,
            }));
            // In turns, so that a long list does not keep the others waiting. After a problem its turn is the next round.
            if is_under_way && step.problems.is_empty() {
                place.queue.push_back((thing, list));
            }
        }
        step.more = !place.queue.is_empty();
        step.place = serde_json::to_value(place).unwrap_or_default();
        Ok(step)
    }

    /// Reads a page of one list. Gives what is wrong with this list alone.
    async fn look(
        &self,
        thing: &str,
        list: &str,
        walk: &mut Walk,
        now: DateTime<Utc>,
        events: &mut Vec<RawEvent>,
    ) -> Result<Option<String>, PollError> {
        let next = walk.next().map(str::to_owned);
        let at = At {
            thing,
            list,
            since: walk.since(),
            next: next.as_deref(),
            now,
        };
        let page = match self.feed.page(at).await {
            Ok(page) => page,
            Err(error) => return went_wrong(error, now).map(Some),
        };
        let seen = Seen {
            newest: page.newest,
            unsettled: page.unsettled,
            next: page.next,
            is_empty: page.drafts.is_empty(),
        };
        events.extend(
            page.drafts
                .into_iter()
                .filter_map(|draft| self.event(&draft, now)),
        );
        let endless = walk.advance(seen, now) == Err(Endless);
        Ok(endless.then(|| "cannot be read to its end: there is always another page".to_owned()))
    }

    fn event(&self, draft: &Draft, now: DateTime<Utc>) -> Option<RawEvent> {
        let payload = draft.payload.to_string().into_bytes();
        Some(RawEvent {
            id: (self.ids)(),
            source: Source::parse(F::SOURCE)?,
            delivery_key: delivery_key(Some(&draft.delivery_key), &payload),
            event_type: event_type(&draft.event_type),
            origin: Origin::Poll,
            occurred_at: draft.occurred_at,
            received_at: now,
            payload,
        })
    }
}

/// Whether an error concerns this list alone, which is said, or everything.
fn went_wrong(error: ReadError, now: DateTime<Utc>) -> Result<String, PollError> {
    match error {
        ReadError::Token(why) => Err(PollError { why, retry_at: None }),
        ReadError::Limited { why, after } => {
            let pause = after.and_then(|after| TimeDelta::from_std(after).ok());
            let pause = pause
                .unwrap_or(USUAL_PAUSE)
                .clamp(TimeDelta::seconds(1), LONGEST_PAUSE);
            Err(PollError {
                why,
                retry_at: Some(now + pause),
            })
        }
        ReadError::Gone(why) | ReadError::Refused(why) | ReadError::Unavailable(why) => Ok(why),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use em_domain::id::EventId;
    use serde_json::json;
    use ulid::Ulid;

    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    /// Answers by the thing's name, and keeps what it was asked.
    #[derive(Default)]
    struct Pretend {
        asked: Mutex<Vec<String>>,
    }

    impl Feed for Arc<Pretend> {
        const SOURCE: &'static str = "jira";
        const LISTS: &'static [&'static str] = &["issues", "sprints"];

        async fn page(&self, at: At<'_>) -> Result<Page, ReadError> {
            let since = (at.since - DateTime::UNIX_EPOCH).num_minutes();
            let asked = format!("{} {} {since} {}", at.thing, at.list, at.next.unwrap_or("-"));
            self.asked.lock().unwrap().push(asked);
            let draft = Draft {
                event_type: "seen".to_owned(),
                delivery_key: format!("{}:{}", at.thing, at.next.unwrap_or("1")),
                occurred_at: None,
                payload: json!({ "of": at.thing }),
            };
            match (at.thing, at.list) {
                ("secret", "issues") => Err(ReadError::Refused("may not be read".to_owned())),
                ("limited", _) => Err(ReadError::Limited {
                    why: "too fast".to_owned(),
                    after: Some(std::time::Duration::from_secs(90)),
                }),
                (_, "sprints") => Ok(Page::default()),
                _ => Ok(Page {
                    drafts: vec![draft],
                    newest: Some(self::at(40)),
                    next: at.next.is_none().then(|| "2".to_owned()),
                    ..Page::default()
                }),
            }
        }
    }

    fn feeds(things: &[&str]) -> (Arc<Pretend>, Feeds<Arc<Pretend>>) {
        let pretend = Arc::new(Pretend::default());
        let things = things.iter().map(|thing| (*thing).to_owned()).collect();
        let ids: EventIds = Arc::new(|| EventId::new(Ulid::nil()));
        (
            Arc::clone(&pretend),
            Feeds::new(pretend, things, ids, TimeDelta::minutes(10)),
        )
    }

    async fn round(feeds: &Feeds<Arc<Pretend>>, mut place: Option<Value>, now: i64) -> (Value, Vec<String>) {
        let mut told = Vec::new();
        loop {
            let step = feeds.read(place, at(now)).await.unwrap();
            told.extend(step.events.iter().map(|event| event.delivery_key.clone()));
            told.extend(
                step.problems
                    .iter()
                    .map(|problem| format!("{} {}", problem.name, problem.why)),
            );
            if !step.more {
                return (step.place, told);
            }
            place = Some(step.place);
        }
    }

    #[tokio::test]
    async fn all_lists_take_turns_until_they_end_and_go_on_from_there_in_the_next_round() {
        let (pretend, feeds) = feeds(&["PAY", "secret"]);
        let (place, told) = round(&feeds, None, 50).await;
        assert_eq!(told, ["PAY:1", "issues of secret may not be read", "PAY:2"]);
        let asked = std::mem::take(&mut *pretend.asked.lock().unwrap());
        let first = [
            "PAY issues 38 -",
            "PAY sprints 38 -",
            "secret issues 38 -",
            "secret sprints 38 -",
            "PAY issues 38 2",
        ];
        assert_eq!(asked, first);
        round(&feeds, Some(place), 60).await;
        let again = pretend.asked.lock().unwrap()[0].clone();
        assert_eq!(
            again, "PAY issues 38 -",
            "the latest change is 40, less the overlap"
        );
    }

    #[tokio::test]
    async fn a_limit_ends_the_round_and_says_when_to_come_back() {
        let (_, feeds) = feeds(&["limited"]);
        let error = feeds.read(None, at(0)).await.unwrap_err();
        assert_eq!(
            error.retry_at,
            Some(DateTime::UNIX_EPOCH + TimeDelta::seconds(90))
        );
    }

    #[tokio::test]
    async fn a_backfill_goes_as_far_back_as_it_is_told_and_an_unknown_place_is_a_first_look() {
        let (pretend, feeds) = feeds(&["PAY"]);
        feeds.read(Some(feeds.start(at(-1000))), at(50)).await.unwrap();
        feeds
            .read(Some(json!({ "of": "another version" })), at(50))
            .await
            .unwrap();
        let asked = pretend.asked.lock().unwrap().clone();
        assert_eq!(asked, ["PAY issues -1002 -", "PAY issues 38 -"]);
    }
}
