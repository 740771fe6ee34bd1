//! Purpose: comments on issues, and moves them. Source: the schema at
//! <https://github.com/linear/linear/blob/master/packages/sdk/src/schema.graphql>, `commentCreate` and `issueUpdate`.

use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::query::Nodes;
use super::{LinearClient, PATH};
use crate::rest::{ChangeError, ChangeFailure};

/// An issue by its identifier, with the states of its team: no team has a hundred.
const ISSUE: &str = "query($id: String!) {
  issue(id: $id) {
    id identifier title url state { id name } team { key states(first: 100) { nodes { id name } } }
  }
}";

/// A comment by its id: a list, because one that is not there is no mistake.
const COMMENT: &str = "query($id: ID!) {
  comments(filter: {id: {eq: $id}}, first: 1) { nodes { url } }
}";

const WRITE: &str = "mutation($input: CommentCreateInput!) {
  commentCreate(input: $input) { success comment { url } }
}";

const MOVE: &str = "mutation($id: String!, $input: IssueUpdateInput!) {
  issueUpdate(id: $id, input: $input) { success }
}";

/// An issue as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinearIssue {
    /// Its id in the API.
    pub id: String,
    /// What people call it: `ENG-7`.
    pub identifier: String,
    /// Its title.
    pub title: String,
    /// Where people see it.
    pub url: String,
    /// The state that it is in.
    pub state: State,
    /// The key of its team.
    pub team: String,
    /// The states that it can be in.
    pub states: Vec<State>,
}

/// A state of a team's workflow.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct State {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

#[derive(Deserialize)]
struct Found {
    issue: Issue,
}

#[derive(Deserialize)]
struct Issue {
    id: String,
    identifier: String,
    title: String,
    url: String,
    state: State,
    team: Team,
}

#[derive(Deserialize)]
struct Team {
    key: String,
    states: Nodes<State>,
}

#[derive(Deserialize)]
struct Comments {
    comments: Nodes<Address>,
}

#[derive(Deserialize)]
struct Address {
    url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    comment_create: Created,
}

#[derive(Deserialize)]
struct Created {
    success: bool,
    comment: Address,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Moved {
    issue_update: Updated,
}

#[derive(Deserialize)]
struct Updated {
    success: bool,
}

/// The id of the comment that belongs to a key, the same each time: Linear lets the writer choose ids, in the form of version 4
/// of UUIDs, and has each once.
pub fn comment_id(key: &str) -> String {
    let hash = Sha256::digest(key.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = hex::encode(bytes);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

impl LinearClient {
    /// The issue of this identifier.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub async fn issue(&self, identifier: &str) -> Result<LinearIssue, ChangeError> {
        let variables = json!({ "id": identifier });
        let Found { issue } = self.rest.look_by(PATH, ISSUE, &variables).await?;
        Ok(LinearIssue {
            id: issue.id,
            identifier: issue.identifier,
            title: issue.title,
            url: issue.url,
            state: issue.state,
            team: issue.team.key,
            states: issue.team.states.nodes,
        })
    }

    /// Where the comment of this id is, if there is one.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn find_comment(&self, id: &str) -> Result<Option<String>, ChangeError> {
        let found: Comments = self.rest.look_by(PATH, COMMENT, &json!({ "id": id })).await?;
        Ok(found.comments.nodes.into_iter().next().map(|comment| comment.url))
    }

    /// Comments on an issue in Markdown. Gives the comment's address.
    ///
    /// # Errors
    /// Linear declines it, or nobody knows what became of it.
    pub async fn comment(&self, issue: &LinearIssue, id: &str, text: &str) -> Result<String, ChangeError> {
        let input = json!({ "id": id, "issueId": issue.id, "body": text });
        let Written { comment_create } = self.rest.mutate(PATH, WRITE, &json!({ "input": input })).await?;
        self.must_be(comment_create.success)?;
        Ok(comment_create.comment.url)
    }

    /// Moves an issue to another state of its team.
    ///
    /// # Errors
    /// Linear declines it, or nobody knows what became of it.
    pub async fn move_to(&self, issue: &LinearIssue, state: &State) -> Result<(), ChangeError> {
        let variables = json!({ "id": issue.id, "input": { "stateId": state.id } });
        let Moved { issue_update } = self.rest.mutate(PATH, MOVE, &variables).await?;
        self.must_be(issue_update.success)
    }

    fn must_be(&self, success: bool) -> Result<(), ChangeError> {
        let reason = "it says that this did not succeed".to_owned();
        success
            .then_some(())
            .ok_or_else(|| self.rest.change_error(ChangeFailure::Refused { reason }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_comment_and_its_id_is_a_uuid_of_version_4() {
        let id = comment_id("apr_01KBXG3V9N");
        assert_eq!(id, comment_id("apr_01KBXG3V9N"));
        assert_ne!(id, comment_id("apr_01KBXG3V9M"));
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(&id[14..15], "4");
        assert!("89ab".contains(&id[19..20]), "{id}");
    }
}
