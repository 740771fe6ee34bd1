//! Purpose: an incident with its notes as a document.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::documents::{Content, Conversation, Document, Remark};

#[derive(Debug, Deserialize)]
pub(super) struct Incident {
    pub(super) id: String,
    #[serde(rename = "incident_number")]
    number: u64,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    html_url: Option<String>,
    created_at: DateTime<Utc>,
    /// Missing from older answers.
    #[serde(default)]
    updated_at: Option<DateTime<Utc>>,
    #[serde(default)]
    resolved_at: Option<DateTime<Utc>>,
    status: String,
    #[serde(default)]
    urgency: Option<String>,
    #[serde(default)]
    service: Option<Reference>,
    #[serde(default)]
    priority: Option<Reference>,
    #[serde(default)]
    teams: Vec<Reference>,
    #[serde(default)]
    assignments: Vec<Assignment>,
}

#[derive(Debug, Deserialize)]
struct Assignment {
    assignee: Reference,
}

#[derive(Debug, Deserialize)]
struct Reference {
    #[serde(default)]
    id: Option<String>,
    /// What people call it.
    #[serde(default)]
    summary: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Notes {
    pub(super) notes: Vec<Note>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Note {
    #[serde(default)]
    user: Option<Reference>,
    content: String,
    created_at: DateTime<Utc>,
    #[serde(default)]
    updated_at: Option<DateTime<Utc>>,
}

impl Incident {
    pub(super) fn is_of(&self, service: &str) -> bool {
        self.service.as_ref().and_then(|service| service.id.as_deref()) == Some(service)
    }

    pub(super) fn document(self, mut notes: Vec<Note>) -> Document {
        notes.sort_by_key(|note| note.created_at);
        let last_note = notes
            .iter()
            .map(|note| note.updated_at.unwrap_or(note.created_at))
            .max();
        let text = Conversation {
            about: self.about(),
            text: String::new(),
            remarks: notes.into_iter().map(remark).collect(),
        };
        let title = self.title.as_deref().unwrap_or("Incident").trim();
        let assignees = self.assignments.into_iter();
        Document {
            title: Some(format!("{title} (incident #{})", self.number)),
            name: self.id,
            url: self.html_url,
            // Mostly a machine.
            author: None,
            owners: assignees
                .filter_map(|assignment| assignment.assignee.summary)
                .collect(),
            changed_at: self.updated_at.max(last_note).max(Some(self.created_at)),
            content: Content::Markdown(text.markdown()),
        }
    }

    fn about(&self) -> Vec<String> {
        let minute = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
        let named = |what: &str, of: Option<&Reference>| {
            let name = of.and_then(|of| of.summary.as_deref())?;
            Some(format!("{what}: {name}"))
        };
        let mut about = vec![
            format!("Incident of {}", minute(self.created_at)),
            self.status.clone(),
        ];
        about.extend(self.resolved_at.map(|at| format!("resolved at {}", minute(at))));
        about.extend(self.urgency.as_ref().map(|urgency| format!("{urgency} urgency")));
        about.extend(named("priority", self.priority.as_ref()));
        about.extend(named("service", self.service.as_ref()));
        about.extend(self.teams.iter().filter_map(|team| named("team", Some(team))));
        about
    }
}

fn remark(note: Note) -> Remark {
    Remark {
        author: note.user.and_then(|user| user.summary),
        did: "noted",
        at: Some(note.created_at),
        text: note.content,
    }
}
