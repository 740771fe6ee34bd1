//! Purpose: the five delivery metrics as JSON: the one form of `em-agent dora --json` and of `/v1/metrics/dora/…`, so that
//! both give the same digits. Times are seconds, shares are 0 to 1, instants are RFC 3339 in UTC.

use em_domain::delivery::{
    Asked, Band, FiveKeys, Interval, Measured, Metric, NoBand, NoValue, PartSummaries, Percentile, ProofRow,
    Standing,
};
use serde_json::{Map, Value, json};

/// All five.
pub fn five_keys(keys: &FiveKeys, with_proof: bool) -> Value {
    let mut told = Map::new();
    told.insert("mode".to_owned(), json!(keys.mode));
    told.extend(window(&keys.asked));
    for metric in Metric::ALL {
        let name = metric.as_str().replace('-', "_");
        told.insert(name, one(keys, metric, with_proof));
    }
    told.insert("weeks".to_owned(), json!(keys.weeks));
    Value::Object(told)
}

/// One of them; with what is known of it beside the value.
pub fn one(keys: &FiveKeys, metric: Metric, with_proof: bool) -> Value {
    let measured = keys.of(metric);
    let mut told = common(measured);
    match metric {
        Metric::DeploymentFrequency => {
            told.insert("deployments".to_owned(), json!(measured.sample));
            told.insert(
                "days_with_deployment".to_owned(),
                json!(keys.frequency.days_with_deployment),
            );
            told.insert(
                "median_per_week".to_owned(),
                json!(keys.frequency.median_per_week),
            );
            let between = keys.frequency.per_week_between_first_and_last;
            told.insert("per_week_between_first_and_last".to_owned(), json!(between));
        }
        Metric::LeadTime => {
            let percentiles = percentiles(&keys.lead_time.percentiles);
            told.insert("percentiles".to_owned(), percentiles);
            told.insert("mean".to_owned(), json!(keys.lead_time.mean));
            told.insert("parts".to_owned(), json!(keys.lead_time.parts.map(parts)));
        }
        Metric::ChangeFailRate | Metric::ReworkRate => {
            let name = if metric == Metric::ReworkRate {
                "rework"
            } else {
                "failed"
            };
            told.insert(name.to_owned(), json!(measured.fitting()));
            told.insert("deployments".to_owned(), json!(measured.sample));
        }
        Metric::RecoveryTime => {}
    }
    if with_proof {
        told.insert("proof".to_owned(), proof(measured));
    }
    Value::Object(told)
}

/// Which time and whose work.
pub(crate) fn window(asked: &Asked) -> Map<String, Value> {
    let mut told = Map::new();
    told.insert("from".to_owned(), json!(asked.from));
    told.insert("to".to_owned(), json!(asked.to));
    told.insert("zone".to_owned(), json!(asked.zone.name()));
    told.insert("repositories".to_owned(), json!(asked.repositories));
    told
}

/// Percentiles by name: `p75`.
pub(crate) fn percentiles(all: &[Percentile]) -> Value {
    let named = all.iter().map(|one| {
        let value = json!({ "value": one.value, "interval": one.interval.map(interval) });
        (format!("p{}", one.percent), value)
    });
    Value::Object(named.collect())
}

/// Every row that a number was counted from.
pub(crate) fn proof(measured: &Measured) -> Value {
    measured.proof.iter().map(proof_row).collect()
}

/// What is told of every metric.
pub(crate) fn common(measured: &Measured) -> Map<String, Value> {
    let told = json!({
        "value": measured.value.ok(),
        "no_value": measured.value.err().map(NoValue::words),
        "unit": measured.unit,
        "statistic": measured.statistic,
        "sample": measured.sample,
        "interval": measured.interval.map(interval),
        "band": measured.band.ok().map(Band::words),
        "no_band": measured.band.err().map(no_band),
        "missing": measured
            .notes
            .iter()
            .map(|note| json!({ "count": note.count, "of": note.of, "what": note.about.words() }))
            .collect::<Vec<_>>(),
    });
    if let Value::Object(told) = told {
        told
    } else {
        Map::new()
    }
}

fn no_band(why: NoBand) -> &'static str {
    match why {
        NoBand::NoValue => "there is no value",
        NoBand::SmallSample => "the sample is too small",
        NoBand::NonePublished => "nobody has published bands for it",
    }
}

fn interval(interval: Interval) -> Value {
    json!({ "low": interval.low, "high": interval.high, "percent": 95, "method": interval.method })
}

fn parts(parts: PartSummaries) -> Value {
    json!({
        "coding": parts.coding,
        "pickup": parts.pickup,
        "review": parts.review,
        "merge": parts.merge,
        "deploy": parts.deploy,
    })
}

fn proof_row(row: &ProofRow) -> Value {
    let why = match row.standing {
        Standing::Counted => None,
        Standing::LeftOut(why) => Some(why.words()),
    };
    let joined: Vec<Value> = row
        .links
        .iter()
        .map(|link| json!({ "to": link.to.to_string(), "how": link.how.words() }))
        .collect();
    json!({
        "subject": row.subject.to_string(),
        "at": row.at,
        "value": row.value,
        "parts": row.parts,
        "joined": joined,
        "counted": why.is_none(),
        "why": why,
    })
}
