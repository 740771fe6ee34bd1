//! Purpose: reading GitLab's projects by its API: merge requests with their reviews and remarks, pipelines, deployments, issues
//! and releases.
//!
//! Source: docs.gitlab.com, "REST API" and the page of each list. Lists come the latest change first: what changes while they are
//! read moves to their front, so that nothing slips over the edge of a page.

mod answers;
mod drafts;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use reqwest::header::{HeaderMap, HeaderName};
use serde::de::DeserializeOwned;
use url::Url;

use self::answers::{
    Approvals, Deployment, Issue, MergeRequest, Note, Pipeline, Project, Release, Reviewer, Reviews,
};
use crate::documents::DocumentsError;
use crate::poll::feed::{At, Feed, Page};
use crate::rest::{Access, Patience, ReadError, Rest, Vendor, link};

const VENDOR: Vendor = Vendor {
    name: "GitLab",
    token: "GITLAB_TOKEN",
    api_url: "api_url in [integrations.gitlab]",
};
const TOKEN: HeaderName = HeaderName::from_static("private-token");
const NEXT_PAGE: &str = "x-next-page";

const MERGE_REQUESTS: &str = "merge requests";
const PIPELINES: &str = "pipelines";
const DEPLOYMENTS: &str = "deployments";
const ISSUES: &str = "issues";
const RELEASES: &str = "releases";

/// Of items that need further requests each.
const FEW: (&str, &str) = ("per_page", "20");
/// As many as GitLab gives at once.
const MANY: (&str, &str) = ("per_page", "100");
/// What is known of a project itself is asked for again after this long.
const PROJECT_IS_KNOWN: TimeDelta = TimeDelta::minutes(30);

/// GitLab's lists.
pub(crate) struct Lists {
    rest: Rest,
    /// With the time at which they were read.
    projects: Mutex<BTreeMap<String, (DateTime<Utc>, Project)>>,
}

/// Reads with a personal, group or project access token.
pub(crate) fn feed(access: &Access, patience: Patience) -> Result<Lists, DocumentsError> {
    let rest = Rest::keyed(VENDOR, &access.api_url, &[(TOKEN, &access.token)], patience)?;
    Ok(Lists {
        rest,
        projects: Mutex::default(),
    })
}

impl Feed for Lists {
    const SOURCE: &'static str = "gitlab";
    const LISTS: &'static [&'static str] = &[MERGE_REQUESTS, PIPELINES, DEPLOYMENTS, ISSUES, RELEASES];

    async fn page(&self, at: At<'_>) -> Result<Page, ReadError> {
        let path = path(at.thing)?;
        let project = self.project(at, &path).await?;
        if project.goes_without(at.list) {
            return Ok(Page::default());
        }
        match at.list {
            MERGE_REQUESTS => self.merge_requests(at, &path, &project).await,
            PIPELINES => self.pipelines(at, &path, &project).await,
            DEPLOYMENTS => self.deployments(at, &path, &project).await,
            ISSUES => self.issues(at, &path, &project).await,
            _ => self.releases(at, &path, &project).await,
        }
    }
}

/// A page of a list, and the number of the next.
struct Listed<T> {
    items: Vec<T>,
    next: Option<String>,
}

impl Lists {
    async fn project(&self, at: At<'_>, path: &str) -> Result<Project, ReadError> {
        let known = {
            let projects = self.projects.lock().unwrap_or_else(PoisonError::into_inner);
            projects.get(at.thing).cloned()
        };
        if let Some((read_at, project)) = known
            && at.now - read_at < PROJECT_IS_KNOWN
        {
            return Ok(project);
        }
        let project: Project = self.rest.page(path, &[]).await?.body;
        let mut projects = self.projects.lock().unwrap_or_else(PoisonError::into_inner);
        projects.insert(at.thing.to_owned(), (at.now, project.clone()));
        Ok(project)
    }

    async fn list<T: DeserializeOwned>(
        &self,
        at: At<'_>,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Listed<T>, ReadError> {
        let mut query = query.to_vec();
        query.push(("sort", "desc"));
        query.push(("page", at.next.unwrap_or("1")));
        let answer = self.rest.page(path, &query).await?;
        Ok(Listed {
            items: answer.body,
            next: next_page(&answer.headers)?,
        })
    }

    /// What changed since, the latest change first.
    async fn changed<T: DeserializeOwned>(
        &self,
        at: At<'_>,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Listed<T>, ReadError> {
        let since = at.since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let since = [("updated_after", since.as_str()), ("order_by", "updated_at")];
        self.list(at, path, &[&since, query].concat()).await
    }

    async fn merge_requests(&self, at: At<'_>, path: &str, project: &Project) -> Result<Page, ReadError> {
        let path = format!("{path}/merge_requests");
        let scope = [("state", "all"), ("scope", "all"), FEW];
        let listed = self.changed::<MergeRequest>(at, &path, &scope).await?;
        let mut page = Page {
            newest: listed.items.iter().map(|one| one.updated_at).max(),
            next: listed.next,
            ..Page::default()
        };
        for one in listed.items {
            let reviews = self.reviews(&format!("{path}/{}", one.iid)).await?;
            page.drafts.push(drafts::merge_request(project, one, reviews));
        }
        Ok(page)
    }

    /// Who was asked for a review, who approved, and what was remarked: the newest hundred remarks.
    async fn reviews(&self, path: &str) -> Result<Reviews, ReadError> {
        let (reviewers, approvals, notes) = futures::try_join!(
            self.optional::<Vec<Reviewer>>(format!("{path}/reviewers"), &[MANY]),
            self.optional::<Approvals>(format!("{path}/approvals"), &[]),
            self.optional::<Vec<Note>>(
                format!("{path}/notes"),
                &[MANY, ("sort", "desc"), ("order_by", "created_at")]
            ),
        )?;
        Ok(Reviews {
            reviewers,
            approved_by: approvals.and_then(|all| all.approved_by).unwrap_or_default(),
            notes: notes.unwrap_or_default(),
        })
    }

    /// What older versions do not have, or not every token may see.
    async fn optional<T: DeserializeOwned>(
        &self,
        path: String,
        query: &[(&str, &str)],
    ) -> Result<Option<T>, ReadError> {
        match self.rest.page(&path, query).await {
            Ok(answer) => Ok(Some(answer.body)),
            Err(ReadError::Gone(_) | ReadError::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lists say less of a pipeline than it says of itself.
    async fn pipelines(&self, at: At<'_>, path: &str, project: &Project) -> Result<Page, ReadError> {
        let path = format!("{path}/pipelines");
        let listed = self.changed::<answers::Listed>(at, &path, &[FEW]).await?;
        let mut page = Page {
            newest: listed.items.iter().map(|one| one.updated_at).max(),
            next: listed.next,
            ..Page::default()
        };
        for one in listed.items {
            match self
                .rest
                .page::<Pipeline>(&format!("{path}/{}", one.id), &[])
                .await
            {
                Ok(whole) => page.drafts.push(drafts::pipeline(project, &whole.body)),
                // It was deleted meanwhile.
                Err(ReadError::Gone(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(page)
    }

    async fn deployments(&self, at: At<'_>, path: &str, project: &Project) -> Result<Page, ReadError> {
        let path = format!("{path}/deployments");
        let listed = self.changed::<Deployment>(at, &path, &[MANY]).await?;
        Ok(Page {
            newest: listed.items.iter().map(|one| one.updated_at).max(),
            next: listed.next,
            drafts: listed
                .items
                .into_iter()
                .map(|one| drafts::deployment(project, one))
                .collect(),
            ..Page::default()
        })
    }

    async fn issues(&self, at: At<'_>, path: &str, project: &Project) -> Result<Page, ReadError> {
        let path = format!("{path}/issues");
        // Webhooks tell of confidential ones only where that is asked for.
        let scope = [
            ("state", "all"),
            ("scope", "all"),
            ("confidential", "false"),
            MANY,
        ];
        let listed = self.changed::<Issue>(at, &path, &scope).await?;
        Ok(Page {
            newest: listed.items.iter().map(|one| one.updated_at).max(),
            next: listed.next,
            drafts: listed
                .items
                .iter()
                .map(|one| drafts::issue(project, one))
                .collect(),
            ..Page::default()
        })
    }

    /// By creation, for releases do not say when they changed.
    async fn releases(&self, at: At<'_>, path: &str, project: &Project) -> Result<Page, ReadError> {
        let path = format!("{path}/releases");
        let query = [("order_by", "created_at"), MANY];
        let listed = self.list::<Release>(at, &path, &query).await?;
        let is_old = |one: &Release| one.created_at < at.since;
        let goes_on = !listed.items.iter().any(is_old);
        Ok(Page {
            newest: listed.items.iter().map(|one| one.created_at).max(),
            next: listed.next.filter(|_| goes_on),
            drafts: listed
                .items
                .into_iter()
                .filter(|one| !is_old(one))
                .filter_map(|one| drafts::release(project, one))
                .collect(),
            ..Page::default()
        })
    }
}

/// Where the project is. Its path is one part of the address, so the slashes in it are encoded.
fn path(thing: &str) -> Result<String, ReadError> {
    let is_name = |part: &str| {
        !part.trim_matches('.').is_empty()
            && part
                .chars()
                .all(|letter| letter.is_alphanumeric() || "-_.".contains(letter))
    };
    if !thing.contains('/') || !thing.split('/').all(is_name) {
        return Err(ReadError::Refused(
            "cannot be read: [integrations.gitlab] lists projects as `group/project`".to_owned(),
        ));
    }
    let encoded: String = url::form_urlencoded::byte_serialize(thing.as_bytes()).collect();
    Ok(format!("/projects/{encoded}"))
}

/// The number of the next page. The address of it may be another than the configured one, behind a proxy say, and is not followed.
fn next_page(headers: &HeaderMap) -> Result<Option<String>, ReadError> {
    let is_number = |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(said) = headers.get(NEXT_PAGE).and_then(|said| said.to_str().ok()) {
        return Ok(Some(said.trim().to_owned()).filter(is_number));
    }
    let Some(address) = link::next(headers) else {
        return Ok(None);
    };
    let address = Url::parse(&address).ok();
    let number = address.and_then(|address| {
        let mut said = address.query_pairs();
        said.find(|(name, _)| name == "page")
            .map(|(_, number)| number.into_owned())
    });
    number.filter(is_number).map(Some).ok_or_else(|| {
        ReadError::Unavailable(
            "cannot be read to its end: GitLab does not say which page is the next".to_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::tests::headers;

    #[test]
    fn a_project_is_one_part_of_the_address_and_nothing_else_is_one() {
        assert_eq!(
            path("acme/shop/check-out_2.0").unwrap(),
            "/projects/acme%2Fshop%2Fcheck-out_2.0"
        );
        for thing in [
            "",
            "shop",
            "/shop",
            "acme/",
            "acme//shop",
            "acme/..",
            "../users",
            "acme/shop?private_token=x",
            "acme/sh op",
            "https://gitlab.com/acme/shop",
        ] {
            assert!(matches!(path(thing), Err(ReadError::Refused(_))), "{thing}");
        }
    }

    #[test]
    fn the_next_page_is_a_number_wherever_the_address_of_it_leads() {
        let of = |pairs: &[(&str, &str)]| next_page(&headers(pairs));
        let link = |address: &str| format!(r#"<{address}>; rel="next""#);
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(of(&[(NEXT_PAGE, "")]), Ok(None));
        assert_eq!(of(&[(NEXT_PAGE, "2")]), Ok(Some("2".to_owned())));
        let elsewhere = link("https://thief.example/api/v4/projects/1/issues?page=3&per_page=20");
        assert_eq!(of(&[("link", &elsewhere)]), Ok(Some("3".to_owned())));
        assert!(of(&[("link", &link("https://gitlab.example/?cursor=x"))]).is_err());
    }
}
