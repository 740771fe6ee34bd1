//! Purpose: flow metrics as JSON: the one form of `em-agent flow --json` and of `/v1/metrics/flow/…`, so that both give the same
//! digits. Times are seconds, shares are 0 to 1, instants are RFC 3339 in UTC.

use em_domain::flow::{Flow, FlowMetric};
use serde_json::{Map, Value, json};

use crate::dora::figures::{common, percentiles, proof, window};

/// All of them.
pub fn all(flow: &Flow, with_proof: bool) -> Value {
    let mut told = window(&flow.asked);
    for metric in FlowMetric::ALL {
        let name = metric.as_str().replace('-', "_");
        told.insert(name, one(flow, metric, with_proof));
    }
    let weeks = flow.weeks.iter().map(|week| {
        let mut told = Map::new();
        told.insert("monday".to_owned(), json!(week.monday));
        told.insert("is_partial".to_owned(), json!(week.is_partial));
        let values = FlowMetric::ALL.map(|metric| (metric.as_str().replace('-', "_"), week.value(metric)));
        told.extend(values.map(|(name, value)| (name, json!(value))));
        Value::Object(told)
    });
    told.insert("weeks".to_owned(), weeks.collect());
    Value::Object(told)
}

/// One of them.
pub fn one(flow: &Flow, metric: FlowMetric, with_proof: bool) -> Value {
    let found = flow.of(metric);
    let mut told = common(&found.measured);
    if !found.percentiles.is_empty() {
        told.insert("percentiles".to_owned(), percentiles(&found.percentiles));
    }
    if with_proof {
        told.insert("proof".to_owned(), proof(&found.measured));
    }
    Value::Object(told)
}
