//! Purpose: `note` events: remarks on merge requests.

use em_domain::fact::FactChange;
use em_domain::review::Comment;
use serde::Deserialize;

use super::Changes;
use crate::gitlab::payload::{Project, User};
use crate::payload::{Text, Time, read};

#[derive(Debug, Deserialize)]
struct Event {
    user: Option<User>,
    project: Project,
    object_attributes: Note,
    /// Absent from remarks on issues, commits and snippets.
    merge_request: Option<MergeRequest>,
}

#[derive(Debug, Deserialize)]
struct Note {
    id: i64,
    created_at: Time,
    /// Written by GitLab about what somebody did.
    system: Option<bool>,
    action: Option<Text>,
}

#[derive(Debug, Deserialize)]
struct MergeRequest {
    iid: i64,
}

pub(super) fn changes(payload: &[u8]) -> Changes {
    let event: Event = read(payload)?;
    let note = event.object_attributes;
    // Whoever edits a remark need not be who wrote it.
    let is_edit = note.action.is_some_and(|action| action.0 == "update");
    let (Some(merge_request), Some(author)) =
        (event.merge_request, event.user.and_then(|user| user.account()))
    else {
        return Ok(Vec::new());
    };
    if is_edit || note.system == Some(true) {
        return Ok(Vec::new());
    }
    Ok(vec![FactChange::Comment(Comment {
        pull_request: event.project.numbered(merge_request.iid)?,
        id: format!("note:{}", note.id),
        author,
        created_at: note.created_at.0,
    })])
}
