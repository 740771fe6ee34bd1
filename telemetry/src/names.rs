//! Purpose: the name, labels and meaning of every metric, in one place. Code counts with the constants; the
//! exporter describes [`ALL`] at start; the table in `docs/LOGGING.md` is compared with it by a test.
//!
//! Names are `em_<area>_<thing>_<unit>`; counters end in `_total`, times are seconds. Labels have few values: a
//! source, a command, an outcome. Never a person, a channel, a repository or an id.

/// How a metric behaves over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows; starts at zero with the process.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts observations in buckets; here always seconds.
    Histogram,
}

impl Kind {
    /// The word in the documentation and in the Prometheus type line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One row of the table of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// The name as scraped.
    pub name: &'static str,
    /// Counter, gauge or histogram.
    pub kind: Kind,
    /// The label keys it is recorded with.
    pub labels: &'static [&'static str],
    /// What it counts, for a person who sees it on a dashboard.
    pub help: &'static str,
}

macro_rules! metrics {
    ($($kind:ident $constant:ident = $name:literal [$($label:literal),*] $help:literal;)+) => {
        $(
            #[doc = $help]
            pub const $constant: &str = $name;
        )+
        /// Every metric, in the order of the documentation.
        pub const ALL: &[Metric] = &[
            $(Metric { name: $name, kind: Kind::$kind, labels: &[$($label),*], help: $help },)+
        ];
    };
}

metrics! {
    Counter SLACK_ENVELOPES_TOTAL = "em_slack_envelopes_total" ["type"]
        "Envelopes received from Slack over Socket Mode or HTTP, duplicates included.";
    Histogram SLACK_ACKS_SECONDS = "em_slack_acks_seconds" []
        "Time from an envelope's arrival to its acknowledgement; Slack gives up after 3 seconds.";
    Gauge SLACK_CONNECTIONS = "em_slack_connections" []
        "Socket Mode connections that are open now.";
    Counter SLACK_RECONNECTS_TOTAL = "em_slack_reconnects_total" ["reason"]
        "Socket Mode connections that were replaced, by reason.";
    Counter SLACK_SHED_TOTAL = "em_slack_shed_total" []
        "Envelopes acknowledged and answered with \"busy\" because the work queue was full.";
    Counter SLACK_CALLS_TOTAL = "em_slack_calls_total" ["method", "outcome"]
        "Calls of Slack's Web API, by method and outcome.";
    Counter SLACK_RETRIES_TOTAL = "em_slack_retries_total" ["method", "reason"]
        "Calls of Slack's Web API that were repeated, by reason.";
    Counter COMMANDS_TOTAL = "em_commands_total" ["command", "outcome"]
        "Commands, buttons and modals handled, by feature and outcome.";
    Histogram COMMAND_SECONDS = "em_command_seconds" ["command"]
        "Time from dispatch to the answer of a command, button or modal.";
    Counter EVENTS_RECEIVED_TOTAL = "em_events_received_total" ["source", "outcome"]
        "Webhook deliveries, by source and what came of them.";
    Counter EVENTS_UNRECOGNISED_TOTAL = "em_events_unrecognised_total" []
        "Events that are stored but that no rule understands; `doctor` lists them by source and type.";
    Histogram EVENT_FOLD_SECONDS = "em_event_fold_seconds" []
        "Time to turn one batch of stored events into facts.";
    Gauge EVENTS_PENDING = "em_events_pending" []
        "Stored events that are not yet turned into facts.";
    Histogram WEBHOOK_SECONDS = "em_webhook_seconds" []
        "Time from a webhook's arrival to its answer, durable storage included.";
    Counter POLLS_TOTAL = "em_polls_total" ["source", "outcome"]
        "Polls of a vendor's API, by source and outcome.";
    Counter TICKS_TOTAL = "em_ticks_total" ["schedule"]
        "Schedule ticks that this process took; with several replicas one of them takes each tick.";
    Counter JOBS_TOTAL = "em_jobs_total" ["kind", "outcome"]
        "Attempts at jobs that ended in this process, by kind of job and outcome.";
    Histogram JOB_SECONDS = "em_job_seconds" ["kind"]
        "Time that one attempt at a job took.";
    Gauge JOBS_DUE = "em_jobs_due" []
        "Jobs that are due and that nobody has begun.";
    Gauge JOBS_DEAD = "em_jobs_dead" []
        "Jobs that were given up; `doctor` and `jobs dead` list them.";
    Counter POLICY_ANSWERS_TOTAL = "em_policy_answers_total" ["question", "verdict"]
        "Answers of the policy, by question and verdict.";
    Histogram POLICY_SECONDS = "em_policy_seconds" ["evaluator"]
        "Time from a question to the policy's answer, by who evaluates it: this process or an OPA server.";
    Histogram SIGNALS_EVALUATE_SECONDS = "em_signals_evaluate_seconds" []
        "Time to evaluate all rules and tell of what they find.";
    Counter LLM_CALLS_TOTAL = "em_llm_calls_total" ["outcome"]
        "Calls of the language model, by outcome; those given up by whoever asked are not counted.";
    Histogram LLM_SECONDS = "em_llm_seconds" []
        "Time from a question to the end of the language model's answer.";
    Gauge DELIVERY_VALUE = "em_delivery_value" ["metric", "team"]
        "A delivery or flow metric of the last 30 days, of everybody or of one team: times in seconds, shares from 0 to 1, rates per week.";
    Gauge DELIVERY_SAMPLE = "em_delivery_sample" ["metric", "team"]
        "Of how many deployments, changes, reviews or runs that metric is.";
    Counter SELFCHECK_WEEKS_TOTAL = "em_selfcheck_weeks_total" ["outcome"]
        "Past weeks that were counted again from their events at night, by outcome: agrees, differs or failed.";
    Gauge SELFCHECK_DIFFERENCES = "em_selfcheck_differences" []
        "Stored things that are known to differ from what their events say; 0 is right.";
    Counter BUS_MESSAGES_TOTAL = "em_bus_messages_total" ["outcome"]
        "Messages for other programs, by what became of them: published, refused by the broker for good, or dropped because they were too old.";
    Counter BUS_FAILURES_TOTAL = "em_bus_failures_total" []
        "Tries to reach the broker or to publish that failed; what was to be told is kept and tried again.";
    Gauge BUS_WAITING = "em_bus_waiting" []
        "Messages for other programs that wait to be published.";
    Counter ERRORS_TOTAL = "em_errors_total" ["area"]
        "Failures that a person was told about with an error id, or that an operator should look at.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_follow_the_pattern() {
        let names: BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len());
        for metric in ALL {
            assert!(metric.name.starts_with("em_"), "{}", metric.name);
            assert_eq!(
                metric.name.ends_with("_total"),
                metric.kind == Kind::Counter,
                "{}",
                metric.name
            );
            assert_eq!(
                metric.name.ends_with("_seconds"),
                metric.kind == Kind::Histogram,
                "{}",
                metric.name
            );
            assert!(metric.help.ends_with('.'), "{}", metric.name);
        }
    }
}
