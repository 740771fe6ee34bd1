//! Purpose: which addresses are places of the systems that teams use, in the form in which they are kept; and which pages
//! there show a stranger nothing but how to sign in.

use em_domain::knowledge::SourceKind;
use url::{Host, Url};

/// A place in a system.
pub(super) struct Found {
    pub(super) kind: SourceKind,
    pub(super) host: String,
    pub(super) path: String,
}

impl Found {
    fn new(kind: SourceKind, host: &str, path: String) -> Self {
        Self {
            kind,
            host: host.to_owned(),
            path,
        }
    }
}

/// The place at an address; none if it is of no system that is known.
pub(super) fn found(url: &Url) -> Option<Found> {
    [repository, atlassian, notion, linear, pagerduty]
        .into_iter()
        .find_map(|look| look(url))
}

/// Why a page of a system cannot be read by itself, and what to name instead.
pub(super) fn closed(url: &Url) -> Option<&'static str> {
    if is_atlassian(url) {
        return Some(
            "cannot be read by itself; name a space, https://SITE.atlassian.net/wiki/spaces/KEY, or a project, \
             https://SITE.atlassian.net/browse/KEY",
        );
    }
    if account(url).is_some() {
        return Some(
            "cannot be read by itself; name the account, https://ACCOUNT.pagerduty.com, or a service, \
             https://ACCOUNT.pagerduty.com/service-directory/ID",
        );
    }
    let is_of_workspace = |url: &Url| {
        let path = parts(url);
        let kind = path.get(1).copied().unwrap_or_default();
        ["issue", "project", "team", "view", "document", "initiative"].contains(&kind)
    };
    if domain(url) == Some("linear.app") && is_of_workspace(url) {
        return Some("cannot be read by itself; name a team, https://linear.app/WORKSPACE/team/KEY");
    }
    None
}

/// The name of the host, if the address has one and no port of its own.
fn domain(url: &Url) -> Option<&str> {
    match url.host() {
        Some(Host::Domain(host)) if url.port().is_none() => Some(host),
        Some(Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_)) | None => None,
    }
}

/// The parts of the path.
fn parts(url: &Url) -> Vec<&str> {
    url.path().split('/').filter(|part| !part.is_empty()).collect()
}

/// A space of Confluence or a project of Jira, on Atlassian's cloud.
fn atlassian(url: &Url) -> Option<Found> {
    let host = url.host_str().filter(|_| is_atlassian(url))?;
    match parts(url).as_slice() {
        ["wiki", "spaces", key] | ["wiki", "spaces", key, "overview" | "pages"] => Some(Found::new(
            SourceKind::Confluence,
            host,
            format!("wiki/spaces/{key}"),
        )),
        ["browse" | "projects", key]
        | ["projects", key, "issues" | "summary"]
        | ["jira", "software" | "core" | "servicedesk", "projects", key, ..]
        | ["jira", "software", "c", "projects", key, ..]
            if is_project(key) =>
        {
            Some(Found::new(SourceKind::Jira, host, format!("browse/{key}")))
        }
        _ => None,
    }
}

/// A site on Atlassian's cloud: to a stranger it shows a page to sign in, whatever was asked for.
fn is_atlassian(url: &Url) -> bool {
    domain(url).is_some_and(|host| host.ends_with(".atlassian.net"))
}

/// Keys of projects are capital letters and digits; one of an issue has a number behind it.
fn is_project(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_uppercase())
        && key
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// A page or a database of Notion: whatever its title and its workspace, its id stands at the end of the path; or behind
/// `p`, where it lies open above another one.
fn notion(url: &Url) -> Option<Found> {
    let host = domain(url)?;
    let is_notion = ["notion.so", "www.notion.so"].contains(&host) || host.ends_with(".notion.site");
    let path = parts(url);
    let last = path.last().filter(|_| is_notion)?;
    let above = url.query_pairs().find(|(name, _)| name == "p");
    let id = above
        .and_then(|(_, id)| notion_id(&id))
        .or_else(|| notion_id(last))?;
    Some(Found::new(SourceKind::Notion, "www.notion.so", id))
}

/// The 32 hexadecimal digits at the end, with hyphens between them or without.
fn notion_id(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let id = digits.get(digits.len().checked_sub(32)?..)?;
    id.chars()
        .all(|c| c.is_ascii_hexdigit())
        .then(|| id.to_ascii_lowercase())
}

/// A team of Linear, or one of its lists.
fn linear(url: &Url) -> Option<Found> {
    domain(url).filter(|host| *host == "linear.app")?;
    let path = parts(url);
    let [workspace, "team", key, ..] = path.as_slice() else {
        return None;
    };
    is_project(key).then(|| {
        Found::new(
            SourceKind::Linear,
            "linear.app",
            format!("{workspace}/team/{key}"),
        )
    })
}

/// An account of PagerDuty, or one of its services.
fn pagerduty(url: &Url) -> Option<Found> {
    let host = account(url)?;
    let path = match parts(url).as_slice() {
        [] | ["incidents"] => String::new(),
        ["service-directory", id, ..] => format!("service-directory/{id}"),
        _ => return None,
    };
    Some(Found::new(SourceKind::PagerDuty, host, path))
}

/// The host of an account of PagerDuty; PagerDuty's own pages are none.
fn account(url: &Url) -> Option<&str> {
    let host = domain(url)?;
    let name = host.strip_suffix(".pagerduty.com")?;
    let name = name.strip_suffix(".eu").unwrap_or(name);
    let is_own = [
        "www",
        "support",
        "developer",
        "api",
        "app",
        "community",
        "status",
        "events",
        "identity",
        "response",
        "university",
        "eu",
    ];
    (!name.contains('.') && !is_own.contains(&name)).then_some(host)
}

/// A repository on GitHub, or one of the lists in it; none for anything else there.
fn repository(url: &Url) -> Option<Found> {
    domain(url).filter(|host| ["github.com", "www.github.com"].contains(host))?;
    let path = parts(url);
    let ([owner, name] | [owner, name, "issues" | "pulls" | "discussions"]) = path.as_slice() else {
        return None;
    };
    let name = name.strip_suffix(".git").unwrap_or(name);
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    // Names of GitHub's own pages, not of owners: https://github.com/orgs/acme, ...
    let is_page = [
        "orgs",
        "features",
        "topics",
        "sponsors",
        "settings",
        "marketplace",
        "collections",
    ];
    let path =
        (is_name(owner) && is_name(name) && !is_page.contains(owner)).then(|| format!("{owner}/{name}"))?;
    Some(Found::new(SourceKind::Github, "github.com", path))
}
