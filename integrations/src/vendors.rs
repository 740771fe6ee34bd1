//! Purpose: the systems that send webhooks, a line each.

use crate::webhook::Vendor;
use crate::{
    alertmanager, argocd, circleci, cloudwatch, codecov, datadog, ecs, generic, github, gitlab, heroku,
    jenkins, jira, kubernetes, linear, newrelic, pagerduty, sentry, shortcut, sonarqube,
};

/// All of them, by their names.
pub const VENDORS: &[&Vendor] = &[
    &alertmanager::VENDOR,
    &argocd::VENDOR,
    &circleci::VENDOR,
    &cloudwatch::VENDOR,
    &codecov::VENDOR,
    &datadog::VENDOR,
    &ecs::VENDOR,
    &generic::VENDOR,
    &github::webhook::VENDOR,
    &gitlab::webhook::VENDOR,
    &heroku::VENDOR,
    &jenkins::VENDOR,
    &jira::webhook::VENDOR,
    &kubernetes::VENDOR,
    &linear::webhook::VENDOR,
    &newrelic::VENDOR,
    &pagerduty::webhook::VENDOR,
    &sentry::VENDOR,
    &shortcut::VENDOR,
    &sonarqube::VENDOR,
];

/// The system behind `/webhooks/{name}`. GitHub sends issues from the same hook as everything else; who sets up a hook for
/// issues alone may call it `github-issues`.
pub fn vendor(name: &str) -> Option<&'static Vendor> {
    let name = if name == "github-issues" { "github" } else { name };
    VENDORS.iter().copied().find(|vendor| vendor.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_paths_in_order_and_once() {
        let names: Vec<&str> = VENDORS.iter().map(|vendor| vendor.name).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        for name in names {
            assert!(em_domain::event::Source::parse(name).is_some(), "{name}");
            assert_eq!(vendor(name).map(|vendor| vendor.name), Some(name));
        }
        assert_eq!(vendor("github-issues").map(|vendor| vendor.name), Some("github"));
        assert!(vendor("nobody").is_none());
    }
}
