//! Purpose: how the bodies of one sender are read: which fact they state, and where in them its parts stand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::pointer::Pointer;

/// A word that says that nothing is to be stated.
pub(super) const IGNORE: &str = "ignore";
/// In the place of a sender's word: any word that is not listed, and no word at all.
pub(super) const ANY: &str = "*";

/// How the bodies of one sender are read. All places are JSON pointers (RFC 6901), as `/build/id`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// What a body states: `deployment`, `incident`, `ci_run` or `work_item`.
    pub fact: String,
    /// What the sender calls the thing: the same from its beginning to its end, and never given again. For a work item
    /// `PAY-12` or a number.
    pub id: Option<String>,
    /// When it happened: RFC 3339, or seconds or milliseconds since 1970.
    pub time: Option<String>,
    /// How far the thing got, in the sender's word.
    pub state: Option<String>,
    /// From the sender's words to ours; see [`Mapping::check`]. Ours need no line. `*` stands for any other word.
    pub states: BTreeMap<String, String>,
    /// The repository: `owner/name`, or the address of a clone.
    pub repository: Option<String>,
    /// What people call it. For a CI run the name of its workflow.
    pub title: Option<String>,
    /// The page for people.
    pub url: Option<String>,
    /// The commit.
    pub sha: Option<String>,
    /// Where a deployment goes to.
    pub environment: Option<String>,
    /// How bad an incident is: 1 (worst) to 5, also as `P1` or `sev-2`, or a word like `critical`.
    pub severity: Option<String>,
    /// Who did it, or works on it.
    pub person: Option<String>,
}

/// What a body can state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Deployment,
    Incident,
    CiRun,
    WorkItem,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Deployment, Self::Incident, Self::CiRun, Self::WorkItem];

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::Incident => "incident",
            Self::CiRun => "ci_run",
            Self::WorkItem => "work_item",
        }
    }

    /// Our words for how far it got.
    pub(super) fn states(self) -> &'static [&'static str] {
        match self {
            Self::Deployment => &["pending", "in_progress", "success", "failure"],
            Self::Incident => &["open", "acknowledged", "resolved", "dismissed"],
            Self::CiRun => &["pending", "neutral", "success", "failure"],
            Self::WorkItem => &["opened", "assigned", "started", "closed"],
        }
    }

    /// Without these nothing can be said. A deployment's environment may also be given under `deploying`.
    fn required(self) -> &'static [&'static str] {
        match self {
            Self::Deployment | Self::Incident => &["id", "time"],
            Self::CiRun => &["id", "time", "sha", "title"],
            Self::WorkItem => &["id", "time", "person"],
        }
    }
}

impl Mapping {
    /// What is wrong with it, a sentence each; nothing where it can be used.
    pub fn check(&self) -> Vec<String> {
        let pointers = self.pointers();
        let malformed = pointers.iter().filter_map(|(name, pointer)| {
            let wrong = Pointer::parse(pointer.as_deref()?).err()?;
            Some(format!("{name}: {wrong}"))
        });
        let mut wrong: Vec<String> = malformed.collect();
        let Some(kind) = Kind::parse(&self.fact) else {
            let known = Kind::ALL.map(Kind::as_str).join(", ");
            wrong.push(format!("fact: `{}` is none of {known}", self.fact));
            return wrong;
        };
        let missing = pointers.iter().filter(|(name, pointer)| {
            let has_default = *name == "state" && self.states.contains_key(ANY);
            let is_required = kind.required().contains(name) || *name == "state";
            pointer.is_none() && is_required && !has_default
        });
        wrong.extend(missing.map(|(name, _)| format!("{name}: a {} needs a pointer to it", self.fact)));
        let unknown = self
            .states
            .iter()
            .filter(|(_, ours)| *ours != IGNORE && !kind.states().contains(&ours.as_str()));
        wrong.extend(unknown.map(|(theirs, ours)| {
            let known = kind.states().join(", ");
            format!("states: `{theirs}` becomes `{ours}`, which is none of {known} or {IGNORE}")
        }));
        wrong
    }

    fn pointers(&self) -> [(&'static str, &Option<String>); 10] {
        [
            ("id", &self.id),
            ("time", &self.time),
            ("state", &self.state),
            ("repository", &self.repository),
            ("title", &self.title),
            ("url", &self.url),
            ("sha", &self.sha),
            ("environment", &self.environment),
            ("severity", &self.severity),
            ("person", &self.person),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(fact: &str, pointers: &[&str]) -> Mapping {
        let at = |name: &str| pointers.contains(&name).then(|| format!("/{name}"));
        Mapping {
            fact: fact.to_owned(),
            id: at("id"),
            time: at("time"),
            state: at("state"),
            title: at("title"),
            sha: at("sha"),
            person: at("person"),
            ..Mapping::default()
        }
    }

    #[test]
    fn a_mapping_with_all_that_its_fact_needs_is_right() {
        for (fact, needed) in [
            ("deployment", &["id", "time", "state"][..]),
            ("incident", &["id", "time", "state"]),
            ("ci_run", &["id", "time", "state", "sha", "title"]),
            ("work_item", &["id", "time", "state", "person"]),
        ] {
            assert_eq!(mapping(fact, needed).check(), Vec::<String>::new(), "{fact}");
            for without in needed {
                let rest: Vec<&str> = needed.iter().copied().filter(|name| name != without).collect();
                let expected = format!("{without}: a {fact} needs a pointer to it");
                assert_eq!(mapping(fact, &rest).check(), [expected]);
            }
        }
    }

    #[test]
    fn a_state_for_all_needs_no_pointer() {
        let mut always = mapping("deployment", &["id", "time"]);
        always.states.insert("*".to_owned(), "success".to_owned());
        assert_eq!(always.check(), Vec::<String>::new());
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let unknown = mapping("dream", &["id"]).check();
        assert_eq!(
            unknown,
            ["fact: `dream` is none of deployment, incident, ci_run, work_item"]
        );
        let mut bad = mapping("incident", &["id", "time", "state"]);
        bad.url = Some("alert.url".to_owned());
        bad.states.insert("firing".to_owned(), "burning".to_owned());
        bad.states.insert("test".to_owned(), "ignore".to_owned());
        assert_eq!(
            bad.check(),
            [
                "url: `alert.url` is no JSON pointer: it begins with `/`",
                "states: `firing` becomes `burning`, which is none of open, acknowledged, resolved, dismissed or ignore",
            ]
        );
    }

    #[test]
    fn a_misspelt_field_of_the_configuration_is_refused() {
        let misspelt = serde_json::from_str::<Mapping>(r#"{"fact":"incident","titel":"/x"}"#);
        assert!(misspelt.unwrap_err().to_string().contains("titel"));
    }
}
