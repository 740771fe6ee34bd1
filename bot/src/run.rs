//! Purpose: `em-agent run`: start everything, work, stop in order.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, bail};
use em_commands::ctx::Ctx;
use em_domain::clock::SharedClock;
use em_integrations::slack::SlackError;
use em_storage::Store;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::dispatch::Dispatcher;
use crate::health::Health;
use crate::polling::Polling;
use crate::slack::{Inbound, http as slack_http, socket};
use crate::{bus, clockwork, folding, http, wire, working};

/// Deliveries from Slack that may wait for a handler. Each is acknowledged already.
const INBOUND_QUEUE: usize = 20_000;
/// All work must have ended this long after a stop was asked for.
const STOP_WITHIN: Duration = Duration::from_secs(9);
/// How long the start waits for Slack to say who we are; the rest need not wait for it.
const ASK_AT_FIRST: Duration = Duration::from_secs(3);
/// Between two tries to learn who we are from a Slack that does not answer.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// A bot at work.
pub struct Bot {
    /// Where its HTTP server listens.
    pub http_addr: SocketAddr,
    /// What its handlers use.
    pub ctx: Ctx,
    /// Its Slack connections, where it has them.
    pub socket: Option<socket::SocketHealth>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Runs until SIGTERM or Ctrl-C, then stops within ten seconds.
///
/// # Errors
/// What kept it from starting.
pub async fn until_stopped(config: Config) -> anyhow::Result<()> {
    let stop = stop_asked();
    tokio::pin!(stop);
    // A stop that comes during the start counts too.
    let bot = tokio::select! {
        bot = start(config, wire::system_clock()) => bot?,
        asked = &mut stop => return asked,
    };
    stop.await?;
    tracing::info!("stopping");
    bot.stop().await;
    Ok(())
}

pub(crate) async fn stop_asked() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .context("cannot listen for SIGTERM")?;
    tokio::select! {
        ended = tokio::signal::ctrl_c() => ended.context("cannot listen for Ctrl-C"),
        _ = terminate.recv() => Ok(()),
    }
}

/// Starts every part. Returns once the database is ready, the HTTP server listens and the sockets are being opened.
///
/// # Errors
/// What kept it from starting: the database, the address, or tokens that Slack refuses.
pub async fn start(config: Config, clock: SharedClock) -> anyhow::Result<Bot> {
    let store = wire::open_bots_store(&config).await?;
    // Large, for it holds the whole configuration.
    Box::pin(start_on(store, config, clock)).await
}

/// The same on a store that is open already.
///
/// # Errors
/// As [`start`].
pub async fn start_on(store: Store, config: Config, clock: SharedClock) -> anyhow::Result<Bot> {
    em_telemetry::metrics::install();
    let ctx = wire::ctx(&config, store.clone(), clock.clone()).await?;
    wire::link_configured_people(&config, &ctx).await?;
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let stored = Arc::new(Notify::new());
    let (news, changed) = watch::channel(());

    let bot_user = learn_bot_user(&ctx, &tasks, &stop).await?;
    let (sender, inbound) = mpsc::channel(INBOUND_QUEUE);
    let dispatcher = Dispatcher::new(ctx.clone(), bot_user, config.sections.http.rate_limit_per_min);
    tasks.spawn(Arc::clone(&dispatcher).serve(inbound, stop.clone()));
    let socket = start_socket(&config, &ctx, sender.clone(), &tasks, &stop);

    let reached = Reached {
        stored: Arc::clone(&stored),
        inbound: sender,
        health: Health {
            store: store.clone(),
            socket: socket.clone(),
        },
        dispatcher: Arc::clone(&dispatcher),
    };
    let http_addr = start_http(&config, &ctx, reached, &tasks, &stop).await?;

    tasks.spawn(folding::run_packs(store.clone(), changed.clone(), stop.clone()));
    let folding = folding::Folding {
        store: store.clone(),
        normalise: wire::normalise(&config),
        stored: Arc::clone(&stored),
        changed: news,
    };
    tasks.spawn(folding::run(folding, stop.clone()));
    let polling = wire::polling::polling(&config, &store, &clock)?
        .into_iter()
        .filter(|polling| !polling.interval.is_zero())
        .map(|polling| Polling {
            stored: Arc::clone(&stored),
            ..polling
        });
    let polling: Vec<Polling> = polling.collect();
    let sources = polling.iter().map(|polling| polling.poller.source()).collect();
    let runner = working::runner(&ctx, &dispatcher, polling, &stop);
    tasks.spawn(runner.run(stop.clone()));
    tasks.spawn(working::keep_polling(ctx.clone(), sources, stop.clone()));
    em_commands::docs::enqueue_reading(&ctx).await?;
    start_clockwork(&ctx, &config, &changed, &tasks, &stop);
    tracing::info!(%http_addr, "ready to work");
    Ok(Bot {
        http_addr,
        ctx,
        socket,
        stop,
        tasks,
    })
}

/// What runs by itself: by the clock, and when facts change.
fn start_clockwork(
    ctx: &Ctx,
    config: &Config,
    changed: &watch::Receiver<()>,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) {
    tasks.spawn(clockwork::run_boards(ctx.clone(), changed.clone(), stop.clone()));
    tasks.spawn(clockwork::run_signals(ctx.clone(), changed.clone(), stop.clone()));
    if ctx.settings.deployments.is_some() {
        let notices = clockwork::run_deployment_notices(ctx.clone(), changed.clone(), stop.clone());
        tasks.spawn(notices);
    }
    tasks.spawn(clockwork::run_changed_files(ctx.clone(), stop.clone()));
    tasks.spawn(clockwork::run_approvals(ctx.clone(), stop.clone()));
    tasks.spawn(clockwork::run_standups(ctx.clone(), stop.clone()));
    tasks.spawn(clockwork::run_links(ctx.clone(), stop.clone()));
    tasks.spawn(clockwork::run_policy(ctx.clone(), stop.clone()));
    tasks.spawn(bus::run(ctx.clone(), config.checked.bus.clone(), stop.clone()));
    let days = config.sections.retention.days;
    tasks.spawn(clockwork::run_purge(ctx.clone(), days, stop.clone()));
    let schedules = config.checked.schedules.clone();
    tasks.spawn(clockwork::run_schedules(ctx.clone(), schedules, stop.clone()));
}

impl Bot {
    /// Stops taking work, finishes what was begun, and returns within ten seconds.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        let ended = async {
            self.tasks.wait().await;
            self.ctx.store.close().await;
        };
        if tokio::time::timeout(STOP_WITHIN, ended).await.is_err() {
            tracing::warn!("not everything ended in time");
        }
    }

    /// Whether all parts are still running; a part that ended by itself is a defect.
    pub fn is_working(&self) -> bool {
        !self.stop.is_cancelled()
    }
}

/// Our own user id. Tokens that are refused stop the start; a Slack that does not answer only delays the answer.
async fn learn_bot_user(
    ctx: &Ctx,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> anyhow::Result<Arc<OnceLock<String>>> {
    let known = Arc::new(OnceLock::new());
    let asked = tokio::time::timeout(ASK_AT_FIRST, ctx.slack.auth_test()).await;
    let silence = || SlackError::Unavailable {
        reason: format!("no answer within {} s", ASK_AT_FIRST.as_secs()),
    };
    match asked.unwrap_or_else(|_| Err(silence())) {
        Ok(identity) => {
            tracing::info!(team = %identity.team, bot = %identity.bot_user_id, "Slack knows us");
            known.get_or_init(|| identity.bot_user_id);
        }
        Err(error @ (SlackError::Unauthorized { .. } | SlackError::NoToken { .. })) => {
            bail!("{}", error.advice())
        }
        Err(error) => {
            tracing::warn!(%error, "Slack does not answer; trying again");
            let (ctx, known, stop) = (ctx.clone(), Arc::clone(&known), stop.clone());
            tasks.spawn(async move {
                while known.get().is_none() {
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(ASK_AGAIN) => {}
                    }
                    if let Ok(identity) = ctx.slack.auth_test().await {
                        known.get_or_init(|| identity.bot_user_id);
                    }
                }
            });
        }
    }
    Ok(known)
}

fn start_socket(
    config: &Config,
    ctx: &Ctx,
    sender: mpsc::Sender<Inbound>,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Option<socket::SocketHealth> {
    config.secrets.slack_app_token.as_ref()?;
    let mode = socket::SocketMode {
        slack: ctx.slack.clone(),
        clock: ctx.clock.clone(),
        connections: config.sections.slack.socket_connections,
        inbound: sender,
        shutdown: stop.clone(),
        timing: socket::Timing::default(),
    };
    let (health, running) = mode.start();
    tasks.spawn(async move {
        if let Err(error) = running.await {
            tracing::error!(%error, "Socket Mode ended");
        }
    });
    Some(health)
}

/// What requests over HTTP reach.
struct Reached {
    stored: Arc<Notify>,
    inbound: mpsc::Sender<Inbound>,
    health: Health,
    dispatcher: Arc<Dispatcher>,
}

async fn start_http(
    config: &Config,
    ctx: &Ctx,
    reached: Reached,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> anyhow::Result<SocketAddr> {
    let intake = http::Intake {
        store: ctx.store.clone(),
        clock: ctx.clock.clone(),
        senders: Arc::new(wire::senders(config)),
        sns: wire::sns(config)?,
        stored: reached.stored,
    };
    let section = &config.sections.http;
    let api = http::v1::Api::new(reached.dispatcher, section.rate_limit_per_min);
    let mut router = http::router(intake, reached.health, api, section.max_payload_bytes);
    if let Some(secret) = &config.secrets.slack_signing_secret {
        router = router.merge(slack_http::router(slack_http::HttpTransport {
            signing_secret: SecretString::clone(secret),
            clock: ctx.clock.clone(),
            inbound: reached.inbound,
            max_body_bytes: config.sections.http.max_payload_bytes,
        }));
    }
    let listener = TcpListener::bind(config.checked.http_addr)
        .await
        .with_context(|| format!("cannot listen on {} (http.addr)", config.checked.http_addr))?;
    let addr = listener.local_addr().context("the HTTP server has no address")?;
    ctx.trials.listens_at(addr);
    let stopped = stop.clone().cancelled_owned();
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, router)
            .with_graceful_shutdown(stopped)
            .await
        {
            tracing::error!(%error, "the HTTP server ended");
        }
    });
    Ok(addr)
}
