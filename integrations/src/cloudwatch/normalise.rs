//! Purpose: a CloudWatch alarm, as an incident. Pure.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html>.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use em_domain::fact::FactChange;
use em_domain::incident::{IncidentSnapshot, IncidentState};
use serde::Deserialize;

use super::NAME;
use super::webhook::{Envelope, envelope};
use crate::alert::{began_again, incident, open, stated};
use crate::payload::{Text, Time, filled, read};

/// What CloudWatch writes into the message, as far as it is read here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Alarm {
    #[serde(rename = "AlarmArn")]
    arn: Option<Text>,
    #[serde(rename = "AlarmName")]
    name: Text,
    #[serde(rename = "AWSAccountId")]
    account: Option<Text>,
    region: Option<Text>,
    new_state_value: Text,
    old_state_value: Option<Text>,
    new_state_reason: Option<Text>,
    state_change_time: Option<Time>,
    trigger: Option<Trigger>,
}

/// What the alarm watches.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Trigger {
    namespace: Option<Text>,
    dimensions: Option<Vec<Dimension>>,
}

#[derive(Debug, Deserialize)]
struct Dimension {
    value: Option<Text>,
}

impl Alarm {
    /// `alarm.ALARM`
    pub(super) fn event_type(&self) -> String {
        format!("alarm.{}", self.new_state_value.0)
    }

    pub(super) fn changed_at(&self) -> Option<DateTime<Utc>> {
        self.state_change_time.map(|at| at.0)
    }

    /// The alarm's name in the world.
    fn id(&self) -> String {
        let text = |text: &Option<Text>| text.as_ref().map_or(String::new(), |text| text.0.clone());
        match text(&self.arn) {
            arn if arn.is_empty() => {
                format!("{}/{}/{}", text(&self.account), text(&self.region), self.name.0)
            }
            arn => arn,
        }
    }

    fn was(&self, state: &str) -> bool {
        self.old_state_value.as_ref().is_none_or(|old| old.0 == state)
    }

    /// The page of the alarm in the console of its region, which the ARN names: `arn:aws:cloudwatch:eu-west-1:1234:alarm:Name`.
    fn url(&self) -> Option<String> {
        let arn = &self.arn.as_ref()?.0;
        let mut parts = arn.split(':');
        let (partition, region) = (parts.nth(1)?, parts.nth(1)?);
        let is_region = region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let name: String = url::form_urlencoded::byte_serialize(self.name.0.as_bytes()).collect();
        // The console escapes blanks as %20; a plus would be a part of the name.
        let name = name.replace('+', "%20");
        (partition == "aws" && is_region && !region.is_empty()).then(|| {
            format!(
                "https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#alarmsV2:alarm/{name}"
            )
        })
    }

    /// What is watched: the value of its only or first dimension, else the namespace of the metric.
    fn service(&mut self) -> Option<String> {
        let trigger = self.trigger.take()?;
        let dimensions = trigger.dimensions.unwrap_or_default();
        let named = dimensions.into_iter().find_map(|one| filled(one.value));
        named.or_else(|| filled(trigger.namespace))
    }
}

/// The alarm that a message holds; other publishers may use the topic, and write what they like.
pub(super) fn alarm(message: &[u8]) -> Option<Alarm> {
    // A list would be read as the fields in their order.
    serde_json::from_slice(message)
        .ok()
        .filter(|_| is_of_an_alarm(message))
}

/// Whether the message comes from an alarm, even if it cannot be read as one.
fn is_of_an_alarm(message: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Name {
        #[serde(rename = "AlarmName")]
        _alarm_name: serde::de::IgnoredAny,
    }
    let is_object = message.trim_ascii_start().first() == Some(&b'{');
    is_object && serde_json::from_slice::<Name>(message).is_ok()
}

/// What a delivery states.
pub(super) fn changes(payload: &[u8]) -> Result<Vec<FactChange>, String> {
    let message: (Cow<'_, [u8]>, Option<Time>) = match envelope(payload) {
        Some(Envelope {
            kind,
            message,
            timestamp,
            ..
        }) => match kind.as_ref() {
            "Notification" => (
                Cow::Owned(message.into_owned().into_bytes()),
                Time::parse(&timestamp),
            ),
            "SubscriptionConfirmation" | "UnsubscribeConfirmation" => return Ok(Vec::new()),
            other => return Err(format!("unknown event type `{other}`")),
        },
        // Raw message delivery.
        None => (Cow::Borrowed(payload), None),
    };
    let (message, sent_at) = message;
    if !is_of_an_alarm(&message) {
        return Ok(Vec::new());
    }
    stated_by(read(&message)?, sent_at)
}

/// CloudWatch tells of changes only, and an end does not say when what ended began. So an alarm is one incident, known by its
/// ARN, that begins again each time the alarm goes off; what is known of it is its newest occurrence. An alarm that cannot
/// tell any more (`INSUFFICIENT_DATA`) no longer says that something is wrong, and so ends it too.
fn stated_by(mut alarm: Alarm, sent_at: Option<Time>) -> Result<Vec<FactChange>, String> {
    let at = alarm.state_change_time.or(sent_at);
    let at = at.ok_or("StateChangeTime: no time is told")?.0;
    let id = alarm.id();
    let is_open = match alarm.new_state_value.0.as_str() {
        "ALARM" => true,
        // Leaving another state is no end of an incident: a new alarm goes from no data to OK.
        "OK" | "INSUFFICIENT_DATA" if alarm.was("ALARM") => false,
        "OK" | "INSUFFICIENT_DATA" => return Ok(Vec::new()),
        other => return Err(format!("NewStateValue: `{other}` is no state of an alarm")),
    };
    let url = alarm.url().unwrap_or_default();
    let service = alarm.service();
    let name = alarm.name.0;
    let title = match filled(alarm.new_state_reason) {
        Some(reason) if is_open => format!("{name}: {reason}"),
        _ => name,
    };
    let value = IncidentSnapshot {
        state: if is_open {
            IncidentState::Open
        } else {
            IncidentState::Resolved
        },
        url,
        resolved_at: (!is_open).then_some(at),
        service,
        ..open(title, at)
    };
    Ok(stated(if is_open {
        began_again(NAME, &id, at, value)
    } else {
        incident(NAME, &id, at, value)
    }))
}

#[cfg(test)]
mod tests {
    use em_domain::incident::Incident;
    use serde_json::{Value, json};

    use super::*;

    fn alarm(new: &str, old: &str, at: &str) -> Value {
        json!({
            "AlarmName": "High latency (p99)", "AWSAccountId": "123456789012", "Region": "EU (Ireland)",
            "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:High latency (p99)",
            "NewStateValue": new, "OldStateValue": old, "NewStateReason": "Threshold crossed", "StateChangeTime": at,
            "Trigger": { "Namespace": "AWS/ApplicationELB", "Dimensions": [{ "name": "LoadBalancer", "value": "app/web" }] }
        })
    }

    fn raw(alarm: &Value) -> Result<Vec<FactChange>, String> {
        changes(alarm.to_string().as_bytes())
    }

    fn fact(alarm: &Value) -> Incident {
        match raw(alarm).unwrap().pop() {
            Some(FactChange::Incident(incident)) => *incident,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_time_the_alarm_goes_off_it_is_open_since_then() {
        let said = [
            fact(&alarm("ALARM", "OK", "2026-06-01T08:00:00.123+0000")),
            fact(&alarm("OK", "ALARM", "2026-06-01T09:00:00.000+0000")),
            fact(&alarm(
                "ALARM",
                "INSUFFICIENT_DATA",
                "2026-06-04T08:00:00.000+0000",
            )),
            fact(&alarm(
                "INSUFFICIENT_DATA",
                "ALARM",
                "2026-06-04T08:30:00.000+0000",
            )),
        ];
        let mut known = said[3].clone();
        for other in [&said[0], &said[2], &said[1]] {
            known.merge(other.clone());
        }
        assert_eq!(
            known.external_id,
            "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:High latency (p99)"
        );
        let value = known.snapshot.value;
        assert_eq!(value.state, IncidentState::Resolved);
        assert_eq!(value.opened_at.to_rfc3339(), "2026-06-04T08:00:00+00:00");
        assert_eq!(
            value.resolved_at.unwrap().to_rfc3339(),
            "2026-06-04T08:30:00+00:00"
        );
        assert_eq!(value.service.as_deref(), Some("app/web"));
        assert_eq!(
            value.url,
            "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/High%20latency%20%28p99%29"
        );
    }

    #[test]
    fn an_alarm_that_was_not_in_alarm_ends_nothing() {
        for (new, old) in [("OK", "INSUFFICIENT_DATA"), ("INSUFFICIENT_DATA", "OK")] {
            let said = raw(&alarm(new, old, "2026-06-01T08:00:00.123+0000"));
            assert_eq!(said, Ok(Vec::new()), "{old} to {new}");
        }
        let mut unknown = alarm("OK", "", "2026-06-01T08:00:00.123+0000");
        unknown.as_object_mut().unwrap().remove("OldStateValue");
        assert_eq!(raw(&unknown).unwrap().len(), 1);
    }

    #[test]
    fn without_an_arn_account_region_and_name_are_the_name() {
        let mut old = alarm("ALARM", "OK", "2026-06-01T08:00:00.123+0000");
        old.as_object_mut().unwrap().remove("AlarmArn");
        let said = fact(&old);
        assert_eq!(said.external_id, "123456789012/EU (Ireland)/High latency (p99)");
        assert_eq!(said.snapshot.value.url, "");
    }

    #[test]
    fn what_other_publishers_write_says_nothing_and_a_broken_alarm_is_named() {
        for message in [json!("Hello world!"), json!({ "job": "done" }), json!([1])] {
            let envelope = json!({
                "Type": "Notification", "MessageId": "m", "TopicArn": "t", "Timestamp": "2026-06-01T08:00:00Z",
                "Message": message.to_string()
            });
            assert_eq!(
                changes(envelope.to_string().as_bytes()),
                Ok(Vec::new()),
                "{message}"
            );
        }
        for (field, expected) in [
            ("NewStateValue", "NewStateValue: `7` is no state of an alarm"),
            ("StateChangeTime", "StateChangeTime: "),
        ] {
            let mut broken = alarm("ALARM", "OK", "2026-06-01T08:00:00.123+0000");
            broken[field] = if field == "StateChangeTime" {
                json!("soon")
            } else {
                json!("7")
            };
            let reason = raw(&broken).unwrap_err();
            assert!(reason.starts_with(expected), "{reason}");
        }
        let other =
            json!({ "Type": "Other", "MessageId": "m", "TopicArn": "t", "Timestamp": "", "Message": "" });
        let reason = changes(other.to_string().as_bytes()).unwrap_err();
        assert_eq!(reason, "unknown event type `Other`");
    }
}
