//! Purpose: the process's one metrics recorder, and the Prometheus text that `GET /metrics` answers.

use std::{sync::OnceLock, thread, time::Duration};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::names::{ALL, Kind};

/// Upper bounds of the histogram buckets, in seconds: from half a millisecond (an acknowledgement) over 3 s
/// (Slack's limit for one) to half a minute (a slow vendor).
const BUCKETS_SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0, 10.0, 30.0,
];

/// How often recorded observations are folded into their buckets. Without it they pile up in memory while nobody
/// scrapes.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

static INSTALLED: OnceLock<Metrics> = OnceLock::new();

/// Reads what the process has counted. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Everything recorded so far, in Prometheus' text format.
    pub fn text(&self) -> String {
        self.0.render()
    }
}

/// Starts collecting, and describes every metric of [`ALL`]. Later calls return the same collection, so several
/// bots in one process (tests) share it.
pub fn install() -> Metrics {
    INSTALLED.get_or_init(build).clone()
}

/// Everything recorded so far, in Prometheus' text format; starts collecting if nobody has.
pub fn metrics_text() -> String {
    install().text()
}

fn build() -> Metrics {
    let builder = match PrometheusBuilder::new().set_buckets(&BUCKETS_SECONDS) {
        Ok(builder) => builder,
        // The list above is not empty, which is the only thing that can be wrong with it.
        Err(_) => PrometheusBuilder::new(),
    };
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("another metrics recorder was installed first; /metrics will be empty");
    }
    describe_all();
    spawn_upkeep(handle.clone());
    Metrics(handle)
}

fn describe_all() {
    for metric in ALL {
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, metric.help),
            Kind::Gauge => metrics::describe_gauge!(metric.name, metric.help),
            Kind::Histogram => metrics::describe_histogram!(metric.name, metric.help),
        }
    }
}

fn spawn_upkeep(handle: PrometheusHandle) {
    let spawned = thread::Builder::new()
        .name("metrics-upkeep".to_owned())
        .spawn(move || {
            loop {
                thread::sleep(UPKEEP_INTERVAL);
                handle.run_upkeep();
            }
        });
    if let Err(error) = spawned {
        tracing::warn!(%error, "no metrics upkeep thread; histograms are folded when scraped");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names;

    #[test]
    fn installing_twice_keeps_one_collection_with_help_types_and_buckets() {
        let first = install();
        let second = install();
        metrics::counter!(names::COMMANDS_TOTAL, "command" => "triage", "outcome" => "ok").increment(2);
        metrics::gauge!(names::SLACK_CONNECTIONS).set(2.0);
        metrics::histogram!(names::SLACK_ACKS_SECONDS).record(0.002);

        let text = first.text();
        for expected in [
            "# HELP em_commands_total Commands, buttons and modals handled",
            "# TYPE em_commands_total counter",
            "em_commands_total{command=\"triage\",outcome=\"ok\"} 2",
            "em_slack_connections 2",
            "em_slack_acks_seconds_bucket{le=\"0.0025\"} 1",
            "em_slack_acks_seconds_bucket{le=\"0.001\"} 0",
        ] {
            assert!(text.contains(expected), "{expected} is missing in:\n{text}");
        }
        assert_eq!(second.text(), metrics_text());
    }
}
