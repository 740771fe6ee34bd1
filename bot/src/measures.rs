//! Purpose: delivery and flow metrics of the last 30 days as gauges for Prometheus, of everybody and of each team: digit for
//! digit what the API answers. Counted when somebody scrapes, and then kept for a minute.

use std::fmt::Write as _;

use chrono::{DateTime, Duration, Utc};
use em_commands::ctx::Ctx;
use em_commands::dora::window::Window;
use em_commands::invocation::CommandError;
use em_commands::{dora, flow};
use em_domain::any_metric::AnyMetric;
use em_domain::delivery::{Measured, Metric, Mode};
use em_domain::flow::FlowMetric;
use em_telemetry::names::{self, ALL};
use tokio::sync::Mutex;

/// What the gauges look back.
const WINDOW: &str = "30d";
/// Whoever scrapes more often gets the same answer: counting takes a while with a long history, and anybody who reaches the
/// address may ask.
const KEPT: Duration = Duration::seconds(60);

/// The gauges.
pub struct Measures {
    ctx: Ctx,
    kept: Mutex<Option<(DateTime<Utc>, String)>>,
}

impl Measures {
    /// Counts nothing before somebody asks.
    pub fn new(ctx: Ctx) -> Self {
        Self {
            ctx,
            kept: Mutex::new(None),
        }
    }

    /// The gauges in Prometheus' text format, at most a minute old. A metric without a value has no line.
    pub async fn text(&self) -> String {
        // Held while counting, so that two who ask at once count once.
        let mut kept = self.kept.lock().await;
        let now = self.ctx.clock.now();
        if let Some((at, text)) = kept.as_ref().filter(|(at, _)| (*at..*at + KEPT).contains(&now)) {
            tracing::trace!(%at, "the gauges are young enough");
            return text.clone();
        }
        match self.counted().await {
            Ok(text) => {
                *kept = Some((now, text.clone()));
                text
            }
            Err(error) => {
                tracing::warn!(%error, "delivery metrics could not be counted for Prometheus");
                String::new()
            }
        }
    }

    async fn counted(&self) -> Result<String, CommandError> {
        let mut gauges = Gauges::default();
        let teams = self
            .ctx
            .settings
            .teams
            .iter()
            .map(|team| Some(team.name.as_str()));
        for team in std::iter::once(None).chain(teams) {
            let window = Window {
                days: Some(WINDOW),
                team,
                ..Window::default()
            };
            let keys = dora::keys(&self.ctx, &window, Mode::Ours).await?;
            for metric in Metric::ALL {
                gauges.add(metric.into(), team, keys.of(metric));
            }
            let flow = flow::flow(&self.ctx, &window).await?;
            for metric in FlowMetric::ALL {
                gauges.add(metric.into(), team, &flow.of(metric).measured);
            }
        }
        Ok(gauges.text())
    }
}

/// The lines of the two gauges.
#[derive(Default)]
struct Gauges {
    values: String,
    samples: String,
}

impl Gauges {
    fn add(&mut self, metric: AnyMetric, team: Option<&str>, measured: &Measured) {
        let Ok(value) = measured.value else { return };
        let team = team.map(|name| format!(",team=\"{}\"", escaped(name)));
        let labels = format!("{{metric=\"{}\"{}}}", metric.as_str(), team.unwrap_or_default());
        // Writing to a text cannot fail.
        let _ = writeln!(self.values, "{}{labels} {value}", names::DELIVERY_VALUE);
        let _ = writeln!(
            self.samples,
            "{}{labels} {}",
            names::DELIVERY_SAMPLE,
            measured.sample
        );
    }

    fn text(&self) -> String {
        let gauge = |name: &str, lines: &str| {
            let help = ALL
                .iter()
                .find(|metric| metric.name == name)
                .map(|metric| metric.help);
            format!(
                "# HELP {name} {}\n# TYPE {name} gauge\n{lines}\n",
                help.unwrap_or_default()
            )
        };
        gauge(names::DELIVERY_VALUE, &self.values) + &gauge(names::DELIVERY_SAMPLE, &self.samples)
    }
}

/// A label's value as the format wants it
/// (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_team_cannot_end_its_label() {
        assert_eq!(escaped("a\"} 1\nb\\"), "a\\\"} 1\\nb\\\\");
    }
}
