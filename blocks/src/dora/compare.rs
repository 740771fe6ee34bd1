//! Purpose: `/em-agent dora compare`: the same time by the definitions of other tools, side by side.

use em_domain::delivery::{FiveKeys, Metric};
use slack_morphism::prelude::SlackMessageContent;

use super::told;
use crate::layout::Layout;
use crate::mrkdwn::{Mrkdwn, bold, cat, code, escape, join, words};

/// All modes of one window, ours first.
pub fn message_compare(about: &str, modes: &[FiveKeys]) -> SlackMessageContent {
    let mut layout = Layout::new();
    let heading = format!("The same time by the definitions of others: {about}");
    layout.header(&heading);
    for metric in Metric::ALL {
        let lines = modes.iter().map(|keys| line(metric, keys));
        layout.section(&join(
            std::iter::once(bold(words(metric.title()))).chain(lines),
            "\n",
        ));
    }
    layout.context(&words(
        "They differ in what counts as a deployment and as a failure, in where a lead time starts, in the statistic and in \
         the bands; docs/METRICS.md says how, field by field.",
    ));
    let ours = modes.first().map(|keys| {
        let told = Metric::ALL.map(|metric| value(metric, keys));
        join(told, ", ")
    });
    layout.into_message(&join([Some(escape(&heading)), ours].into_iter().flatten(), ". "))
}

fn line(metric: Metric, keys: &FiveKeys) -> Mrkdwn {
    cat([code(keys.mode.as_str()), words("  "), value(metric, keys)])
}

fn value(metric: Metric, keys: &FiveKeys) -> Mrkdwn {
    let measured = keys.of(metric);
    match (measured.value, measured.band) {
        (Ok(value), Ok(known)) => escape(&format!("{} ({})", told(value, measured.unit), known.words())),
        (Ok(value), Err(_)) => escape(&told(value, measured.unit)),
        (Err(why), _) => escape(&format!("– {}", why.words())),
    }
}
