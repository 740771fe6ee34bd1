//! Purpose: what a body says, as facts, by its mapping. Pure.

use chrono::{DateTime, Utc};
use em_domain::ci_run::{CiOutcome, CiRun};
use em_domain::deployment::{Deployment, DeploymentState, DeploymentTarget};
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_domain::id::{Login, RepositoryName};
use em_domain::incident::{Incident, IncidentSnapshot, IncidentState};
use em_domain::issue::Move;
use em_domain::stamped::Stamped;

use super::mapping::{ANY, IGNORE, Kind, Mapping};
use super::pointer::Pointer;
use crate::payload::{Time, number_of};
use crate::rules::Rules;
use crate::tracker::{WorkItem, account, key, parse_key};
use crate::webhook::delivery_key;

const SOURCE: &str = "generic";

/// What `event` states, or which pointer found nothing.
pub(super) fn changes(event: &RawEvent, rules: &Rules) -> Result<Vec<FactChange>, String> {
    let name = &event.event_type;
    let mapping = rules
        .generic
        .get(name)
        .ok_or_else(|| format!("no mapping `{name}` is configured"))?;
    let kind = Kind::parse(&mapping.fact).ok_or_else(|| format!("fact: `{}` is not known", mapping.fact))?;
    let body = Body {
        name,
        mapping,
        rules,
        payload: &event.payload,
    };
    let Some(state) = body.state(kind)? else {
        return Ok(Vec::new());
    };
    let change = match kind {
        Kind::Deployment => body.deployment(state),
        Kind::Incident => body.incident(state),
        Kind::CiRun => body.ci_run(state),
        Kind::WorkItem => body.work_item(state),
    };
    Ok(vec![change?])
}

/// A body with what is needed to read it.
struct Body<'a> {
    name: &'a str,
    mapping: &'a Mapping,
    rules: &'a Rules,
    payload: &'a [u8],
}

impl Body<'_> {
    fn optional(&self, name: &str, pointer: Option<&String>) -> Result<Option<String>, String> {
        let Some(pointer) = pointer else { return Ok(None) };
        let at = Pointer::parse(pointer).map_err(|wrong| format!("{name}: {wrong}"))?;
        Ok(at.find(self.payload))
    }

    fn required(&self, name: &str, pointer: Option<&String>) -> Result<String, String> {
        let pointer = pointer.ok_or_else(|| format!("{name}: the mapping `{}` has no pointer", self.name))?;
        self.optional(name, Some(pointer))?
            .ok_or_else(|| format!("{name}: `{pointer}` finds nothing in the body"))
    }

    /// Short in any case, as it becomes part of a key.
    fn id(&self) -> Result<String, String> {
        let id = self.required("id", self.mapping.id.as_ref())?;
        Ok(delivery_key(Some(&id), &[]))
    }

    fn at(&self) -> Result<DateTime<Utc>, String> {
        let text = self.required("time", self.mapping.time.as_ref())?;
        Time::parse(&text).map(|time| time.0).ok_or_else(|| {
            let pointer = self.mapping.time.as_deref().unwrap_or_default();
            format!("time: `{pointer}` holds `{}`, which is no time", short(&text))
        })
    }

    fn text(&self, name: &str, pointer: Option<&String>) -> Result<String, String> {
        self.optional(name, pointer).map(Option::unwrap_or_default)
    }

    /// How far it got, in our word; `None` where the body is to be ignored.
    fn state(&self, kind: Kind) -> Result<Option<&'static str>, String> {
        let default = self.mapping.states.get(ANY);
        let pointer = self.mapping.state.as_ref();
        let theirs = match default {
            Some(_) => self.optional("state", pointer)?,
            None => Some(self.required("state", pointer)?),
        };
        let listed = theirs.as_ref().and_then(|word| self.mapping.states.get(word));
        // Whoever sends our own words needs no table.
        let known = |word: &String| kind.states().iter().find(|own| own.eq_ignore_ascii_case(word));
        let ours = listed
            .or_else(|| theirs.as_ref().filter(|word| known(word).is_some()))
            .or(default);
        match ours {
            Some(word) if word == IGNORE => Ok(None),
            Some(word) => known(word)
                .map(|own| Some(*own))
                .ok_or_else(|| format!("states: `{word}` is not known for a {}", self.mapping.fact)),
            None => {
                let pointer = pointer.map_or("", String::as_str);
                let theirs = theirs.unwrap_or_default();
                Err(format!(
                    "state: `{pointer}` holds `{}`, which the table of states lacks",
                    short(&theirs)
                ))
            }
        }
    }

    /// The repository that the body names, or that the mapping as a whole belongs to.
    fn repository(&self) -> Result<RepositoryName, String> {
        let Some(pointer) = &self.mapping.repository else {
            return Ok(self.rules.repository(SOURCE, self.name));
        };
        let said = self.required("repository", Some(pointer))?;
        let name = short(cloned_from(&said).unwrap_or(&said)).to_owned();
        let is_ruled = self.rules.repositories.contains_key(&format!("{SOURCE}/{name}"));
        Ok(if is_ruled || !name.contains('/') {
            self.rules.repository(SOURCE, &name)
        } else {
            RepositoryName::from(name.as_str())
        })
    }

    fn person(&self) -> Result<Option<Login>, String> {
        let name = self.optional("person", self.mapping.person.as_ref())?;
        Ok(name.map(|name| account(&name, false).login))
    }

    fn deployment(&self, state: &str) -> Result<FactChange, String> {
        let (id, at) = (self.id()?, self.at()?);
        let environment = match (
            &self.mapping.environment,
            self.rules.environment(SOURCE, self.name),
        ) {
            (Some(pointer), _) => self.required("environment", Some(pointer))?,
            (None, Some(always)) => always.to_owned(),
            (None, None) => {
                let rule = format!("{SOURCE}/{}", self.name);
                return Err(format!(
                    "environment: give a pointer, or `{rule}` a line under `deploying`"
                ));
            }
        };
        let state = DeploymentState::parse(state).ok_or("state: of no deployment")?;
        let target = DeploymentTarget {
            environment,
            sha: self.text("sha", self.mapping.sha.as_ref())?,
            git_ref: String::new(),
            creator: self.person()?,
            created_at: at,
            url: self.text("url", self.mapping.url.as_ref())?,
        };
        Ok(FactChange::Deployment(Box::new(Deployment {
            repository: self.repository()?,
            // The forge numbers its deployments too: a number from the whole name never meets one of these.
            id: number_of(&format!("{SOURCE}/{}/{id}", self.name)),
            target: Stamped { at, value: target },
            state: Stamped { at, value: state },
            succeeded_at: (state == DeploymentState::Success).then_some(at),
            log_url: None,
        })))
    }

    fn incident(&self, said: &str) -> Result<FactChange, String> {
        let (id, at) = (self.id()?, self.at()?);
        let state = match said {
            "resolved" => IncidentState::Resolved,
            "dismissed" => IncidentState::Dismissed,
            _ => IncidentState::Open,
        };
        let belongs = self.mapping.repository.is_some()
            || self
                .rules
                .repositories
                .contains_key(&format!("{SOURCE}/{}", self.name));
        let title = self.optional("title", self.mapping.title.as_ref())?;
        let severity = self.optional("severity", self.mapping.severity.as_ref())?;
        let value = IncidentSnapshot {
            state,
            severity: severity.as_deref().and_then(severity_of),
            assignees: self.person()?.into_iter().collect(),
            title: title.unwrap_or_else(|| format!("Incident {id}")),
            url: self.text("url", self.mapping.url.as_ref())?,
            repository: belongs.then(|| self.repository()).transpose()?,
            opened_at: at,
            acknowledged_at: (said == "acknowledged").then_some(at),
            resolved_at: (state == IncidentState::Resolved).then_some(at),
            service: None,
            causes: Vec::new(),
        };
        Ok(FactChange::Incident(Box::new(Incident {
            source: SOURCE.to_owned(),
            external_id: format!("{}/{id}", self.name),
            snapshot: Stamped { at, value },
            began_again_at: None,
        })))
    }

    fn ci_run(&self, state: &str) -> Result<FactChange, String> {
        let (id, at) = (self.id()?, self.at()?);
        Ok(FactChange::CiRun(CiRun {
            repository: self.repository()?,
            id: format!("{SOURCE}:{}:{id}", self.name),
            workflow: self.required("title", self.mapping.title.as_ref())?,
            head_sha: self.required("sha", self.mapping.sha.as_ref())?,
            branch: None,
            on_default_branch: false,
            attempt: 1,
            outcome: CiOutcome::parse(state).ok_or("state: of no run")?,
            created_at: at,
            started_at: None,
            updated_at: at,
            url: self.text("url", self.mapping.url.as_ref())?,
        }))
    }

    fn work_item(&self, state: &str) -> Result<FactChange, String> {
        let (id, at) = (self.id()?, self.at()?);
        let number = || key(SOURCE, self.name, id.parse().ok()?);
        let key = parse_key(SOURCE, &id).or_else(number).ok_or_else(|| {
            format!(
                "id: `{}` is neither of the form `PAY-12` nor a number",
                short(&id)
            )
        })?;
        let title = self.optional("title", self.mapping.title.as_ref())?;
        let item = WorkItem {
            seen_at: at,
            title: title.unwrap_or_else(|| key.to_string()),
            key,
            url: self.text("url", self.mapping.url.as_ref())?,
        };
        let kind = match state {
            "opened" => Move::Opened,
            "assigned" => Move::Assigned,
            "started" => Move::Started,
            _ => Move::Closed,
        };
        let person = self.required("person", self.mapping.person.as_ref())?;
        Ok(item.moved(kind, account(&person, false), at))
    }
}

/// `owner/name` of the address of a clone: `https://git.example/owner/name.git`, `git@git.example:owner/name.git`.
fn cloned_from(text: &str) -> Option<&str> {
    let path = match text.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?.1,
        None => text.strip_prefix("git@")?.split_once(':')?.1,
    };
    let path = path.trim_matches('/');
    Some(path.strip_suffix(".git").unwrap_or(path)).filter(|path| !path.is_empty())
}

/// The first digit from 1 to 5, as in `P1` and `sev-2`; else what common words say.
fn severity_of(text: &str) -> Option<u8> {
    let digit = text.chars().find(char::is_ascii_digit);
    let level = digit
        .and_then(|digit| digit.to_digit(10))
        .and_then(|digit| u8::try_from(digit).ok())
        .filter(|level| (1..=5).contains(level));
    level.or(match text.to_ascii_lowercase().as_str() {
        "critical" | "fatal" | "emergency" => Some(1),
        "high" | "major" | "error" => Some(2),
        "medium" | "moderate" | "warning" => Some(3),
        "low" | "minor" => Some(4),
        "info" | "informational" => Some(5),
        _ => None,
    })
}

/// The beginning of a text that a sender wrote.
fn short(text: &str) -> &str {
    let end = text.char_indices().nth(100).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_named_or_cloned_from_somewhere() {
        for (text, expected) in [
            ("https://git.example/acme/api.git", Some("acme/api")),
            ("https://git.example/acme/group/api/", Some("acme/group/api")),
            ("ssh://git@git.example:22/acme/api.git", Some("acme/api")),
            ("git@git.example:acme/api.git", Some("acme/api")),
            ("acme/api", None),
            ("https://git.example", None),
            ("https://git.example/", None),
        ] {
            assert_eq!(cloned_from(text), expected, "{text}");
        }
    }

    #[test]
    fn severities_are_digits_or_common_words() {
        for (text, expected) in [
            ("1", Some(1)),
            ("P2", Some(2)),
            ("sev-3", Some(3)),
            ("Critical", Some(1)),
            ("warning", Some(3)),
            ("9", None),
            ("0", None),
            ("purple", None),
        ] {
            assert_eq!(severity_of(text), expected, "{text}");
        }
    }
}
