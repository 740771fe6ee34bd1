//! Purpose: the one way by which arriving events are stored. Callers wait until their event is durable; a writer
//! commits whatever has come in meanwhile together, so that one flush to disk serves many callers.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use em_domain::bus::{self, Message};
use em_domain::event::RawEvent;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::engine::{Checkpoints, Conn, Pool, Table, Value};
use crate::error::StoreError;
use crate::events::Appended;
use crate::outbox::Teller;

/// What one transaction stores at most.
const GROUP: usize = 256;
/// Writers on PostgreSQL: while one waits for the disk, the other's rows are sent. SQLite has one writer.
const POSTGRES_WRITERS: usize = 2;
/// What may wait to be stored; beyond it callers are told to come back.
const QUEUE: usize = 4096;
/// The payloads that may wait to be stored, in KiB.
const QUEUE_KIB: usize = 64 * 1024;

pub(crate) const EVENTS_RAW: Table = Table {
    name: "events_raw",
    columns: &[
        "id",
        "source",
        "delivery_key",
        "event_type",
        "origin",
        "occurred_at",
        "received_at",
        "payload",
    ],
    key_columns: 1,
};
const EVENTS_PENDING: Table = Table {
    name: "events_pending",
    columns: &["event_id"],
    key_columns: 1,
};
const DELIVERIES: Table = Table {
    name: "deliveries",
    columns: &["id", "received_at"],
    key_columns: 1,
};

/// The row of `event` in `events_raw`.
pub(crate) fn raw_row(event: &RawEvent) -> Vec<Value<'_>> {
    vec![
        Value::text(event.id.as_str()),
        Value::text(event.source.as_str()),
        Value::text(&event.delivery_key),
        Value::text(&event.event_type),
        Value::text(event.origin.as_str()),
        Value::MaybeTime(event.occurred_at),
        Value::Time(event.received_at),
        Value::Bytes(event.payload.as_slice().into()),
    ]
}

/// Something that arrived.
#[derive(Debug)]
enum Arrival {
    /// An event of a vendor.
    Event(RawEvent),
    /// The id of something Slack delivered, so that its repetition is recognised.
    Delivery { id: String, at: DateTime<Utc> },
}

impl Arrival {
    /// What its repetition has too.
    fn key(&self) -> &str {
        match self {
            Self::Event(event) => &event.delivery_key,
            Self::Delivery { id, .. } => id,
        }
    }
}

#[derive(Debug)]
struct Waiting {
    arrival: Arrival,
    reply: oneshot::Sender<Result<Appended, StoreError>>,
    _room: OwnedSemaphorePermit,
}

/// The way in.
#[derive(Debug)]
pub(crate) struct Intake {
    queue: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
}

impl Intake {
    /// Starts the writers. They end when the store is dropped, after what was accepted is stored.
    pub(crate) fn start(pool: &Pool, teller: &Teller) -> Self {
        let (queue, arrivals) = mpsc::channel(QUEUE);
        let arrivals = Arc::new(Mutex::new(arrivals));
        let writers = if pool.is_sqlite() { 1 } else { POSTGRES_WRITERS };
        for _ in 0..writers {
            tokio::spawn(run(pool.clone(), teller.clone(), Arc::clone(&arrivals)));
        }
        Self {
            queue,
            room: Arc::new(Semaphore::new(QUEUE_KIB)),
        }
    }

    /// Stores an event; answers once it is durable.
    pub(crate) async fn event(&self, event: RawEvent) -> Result<Appended, StoreError> {
        let kib = (event.payload.len() / 1024 + 1).min(QUEUE_KIB);
        self.store(Arrival::Event(event), kib).await
    }

    /// Stores the id of a delivery; answers once it is durable.
    pub(crate) async fn delivery(&self, id: String, at: DateTime<Utc>) -> Result<Appended, StoreError> {
        self.store(Arrival::Delivery { id, at }, 1).await
    }

    async fn store(&self, arrival: Arrival, kib: usize) -> Result<Appended, StoreError> {
        let kib = u32::try_from(kib).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room)
            .try_acquire_many_owned(kib)
            .map_err(|_| StoreError::Full)?;
        let (reply, answer) = oneshot::channel();
        self.queue
            .try_send(Waiting {
                arrival,
                reply,
                _room: room,
            })
            .map_err(|_| StoreError::Full)?;
        answer
            .await
            .unwrap_or_else(|_| Err(StoreError::Unavailable("the store is closing".to_owned())))
    }

    /// Whether somebody waits until what arrived is stored.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.room.available_permits() < QUEUE_KIB
    }

    /// Waits until everything that was accepted has been stored or refused.
    pub(crate) async fn drain(&self) {
        let all = u32::try_from(QUEUE_KIB).unwrap_or(u32::MAX);
        let _everything = self.room.acquire_many(all).await;
    }
}

async fn run(pool: Pool, teller: Teller, arrivals: Arc<Mutex<mpsc::Receiver<Waiting>>>) {
    let checkpoints = Checkpoints::start(&pool);
    let mut group = Vec::with_capacity(GROUP);
    while arrivals.lock().await.recv_many(&mut group, GROUP).await > 0 {
        // Two that store the same deliveries must not wait for each other.
        group.sort_unstable_by(|a, b| a.arrival.key().cmp(b.arrival.key()));
        let stored = store_group(&pool, &teller, &group).await;
        checkpoints.written();
        match stored {
            Ok(new) => {
                for (waiting, appended) in group.drain(..).zip(new) {
                    // A caller that has gone away does not mind.
                    let _ = waiting.reply.send(Ok(appended));
                }
            }
            Err(error) if error.is_transient() || group.len() == 1 => {
                tracing::warn!(error = %error, events = group.len(), "arriving events could not be stored");
                refuse(&mut group, &error);
            }
            // One bad row must not cost the others their place.
            Err(_) => store_singly(&pool, &teller, &mut group).await,
        }
    }
}

fn refuse(group: &mut Vec<Waiting>, error: &StoreError) {
    for waiting in group.drain(..) {
        let _ = waiting.reply.send(Err(error.clone()));
    }
}

async fn store_singly(pool: &Pool, teller: &Teller, group: &mut Vec<Waiting>) {
    for waiting in group.drain(..) {
        let stored = store_group(pool, teller, std::slice::from_ref(&waiting)).await;
        let answer = stored.map(|new| new.first().copied().unwrap_or(Appended::Duplicate));
        if let Err(error) = &answer {
            tracing::error!(error = %error, "an arriving event was refused by the database");
        }
        let _ = waiting.reply.send(answer);
    }
}

/// Stores a group in one transaction, with what is told of it; the answers are in the order of the group.
async fn store_group(pool: &Pool, teller: &Teller, group: &[Waiting]) -> Result<Vec<Appended>, StoreError> {
    let mut tx = pool.begin_write().await?;
    let (new, is_told) = insert_group(&mut tx.conn(), teller, group).await?;
    tx.commit().await?;
    teller.committed(is_told);
    Ok(new)
}

/// Answers also whether something is told.
async fn insert_group(
    conn: &mut Conn<'_>,
    teller: &Teller,
    group: &[Waiting],
) -> Result<(Vec<Appended>, bool), StoreError> {
    let (mut events, mut deliveries) = (Vec::with_capacity(group.len()), Vec::new());
    for waiting in group {
        match &waiting.arrival {
            Arrival::Event(event) => events.push(raw_row(event)),
            Arrival::Delivery { id, at } => deliveries.push(vec![Value::text(id), Value::Time(*at)]),
        }
    }
    let new = conn.insert_minted(&EVENTS_RAW, events).await?;
    let pending = new.iter().map(|id| vec![Value::text(id)]).collect();
    conn.upsert(&EVENTS_PENDING, pending).await?;
    let mut new: HashSet<String> = new.into_iter().collect();
    let is_told = teller.write(conn, || messages(group, &new)).await?;
    let mut seen: HashSet<String> = conn
        .insert_new(&DELIVERIES, deliveries)
        .await?
        .into_iter()
        .collect();
    // Taking each key out leaves the second of two equal arrivals in one group a duplicate.
    let mut answer = |waiting: &Waiting| {
        let is_new = match &waiting.arrival {
            Arrival::Event(event) => new.remove(event.id.as_str()),
            Arrival::Delivery { id, .. } => seen.remove(id),
        };
        if is_new {
            Appended::Stored
        } else {
            Appended::Duplicate
        }
    };
    Ok((group.iter().map(&mut answer).collect(), is_told))
}

/// What is told of those events of a group that are `new`.
fn messages(group: &[Waiting], new: &HashSet<String>) -> Vec<Message> {
    let message = |waiting: &Waiting| match &waiting.arrival {
        Arrival::Event(event) => new.contains(event.id.as_str()).then(|| bus::of_event(event)),
        Arrival::Delivery { .. } => None,
    };
    group.iter().filter_map(message).collect()
}
