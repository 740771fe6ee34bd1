//! Purpose: who can be asked: accounts, and what they may do in a repository.

use em_domain::id::Login;

use super::part;
use crate::github::client::{GithubClient, GithubError};

impl GithubClient {
    /// Whether there is such an account.
    pub async fn has_account(&self, login: &Login) -> Result<bool, GithubError> {
        self.is_there(&format!("/users/{}", part(login.as_str()))).await
    }

    /// Whether `login` can be assigned to things in the repository. Source:
    /// <https://docs.github.com/rest/issues/assignees#check-if-a-user-can-be-assigned>.
    pub async fn can_be_assigned(&self, repository: &str, login: &Login) -> Result<bool, GithubError> {
        self.is_there(&format!("/repos/{repository}/assignees/{}", part(login.as_str())))
            .await
    }

    /// Whether `login` can be asked for reviews; `None` if the token may not know. Source:
    /// <https://docs.github.com/rest/collaborators/collaborators#check-if-a-user-is-a-repository-collaborator>.
    pub async fn is_collaborator(
        &self,
        repository: &str,
        login: &Login,
    ) -> Result<Option<bool>, GithubError> {
        let path = format!("/repos/{repository}/collaborators/{}", part(login.as_str()));
        match self.is_there(&path).await {
            Ok(is) => Ok(Some(is)),
            Err(GithubError::Forbidden { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn is_there(&self, path: &str) -> Result<bool, GithubError> {
        match self.get(path).await {
            Ok(_) => Ok(true),
            Err(GithubError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
