//! Purpose: checks of `[integrations]` and `[events]`: systems that do not exist, polls that cannot work, rules that name nothing.

use em_integrations::generic;
use em_integrations::pollers::{POLLED, polled};
use em_integrations::vendors::{VENDORS, vendor};

use super::Secrets;
use super::check::{Checks, MOST_DAYS, check_url};
use super::sections::{Integration, Sections};

pub(super) fn check(checks: &mut Checks<'_>, sections: &Sections, secrets: &Secrets) {
    for (name, section) in &sections.integrations {
        if vendor(name).is_none() {
            let known: Vec<&str> = VENDORS.iter().map(|vendor| vendor.name).collect();
            let what = format!("no events of this name come in; there are {}", known.join(", "));
            checks.refuse(&format!("integrations.{name}"), what);
        }
        check_one(checks, name, section);
        check_poll(checks, sections, secrets, name);
    }
    check_mappings(checks, sections);
    check_rules(checks, sections);
}

fn check_one(checks: &mut Checks<'_>, name: &str, section: &Integration) {
    let key = |field: &str| format!("integrations.{name}.{field}");
    if !section.api_url.is_empty() {
        check_url(checks, &key("api_url"), &section.api_url);
    }
    let Some(signature) = &section.signature else {
        return;
    };
    let is_its_own = name == generic::VENDOR.name;
    let what = "only `generic` is told how it is signed; this system is known";
    checks.require(&key("signature"), is_its_own, what);
    let wrong = signature.check();
    checks.require(&key("signature"), wrong.is_empty(), &wrong.join("; "));
}

/// What is to be polled needs a token and an address, and must be of a system that can be polled.
fn check_poll(checks: &mut Checks<'_>, sections: &Sections, secrets: &Secrets, name: &str) {
    let Some(section) = sections
        .integrations
        .get(name)
        .filter(|section| !section.poll.is_empty())
    else {
        return;
    };
    let key = |field: &str| format!("integrations.{name}.{field}");
    let Some(polled) = polled(name) else {
        let known: Vec<&str> = POLLED.iter().map(|polled| polled.name).collect();
        let what = match name {
            "github" => "GitHub is polled by github.repositories and github.organisations".to_owned(),
            _ => format!("this system cannot be polled; {} can", known.join(", ")),
        };
        checks.refuse(&key("poll"), what);
        return;
    };
    if !section.enabled {
        return;
    }
    let variable = polled.token_variable();
    let what = format!("integrations.{name}.poll is set; polling needs a token");
    checks.require(&variable, secrets.tokens.contains_key(name), &what);
    let url = crate::wire::polling::api_url(sections, polled);
    let what = format!("integrations.{name}.poll is set; write where its API is, as https://HOST");
    checks.require(&key("api_url"), !url.is_empty(), &what);
    let what = format!("list {}", polled.things);
    let names_all = section.poll.iter().all(|thing| !thing.trim().is_empty());
    checks.require(&key("poll"), names_all, &what);
    let days = section.first_look_days <= MOST_DAYS;
    checks.require(
        &key("first_look_days"),
        days,
        &format!("write a number up to {MOST_DAYS}"),
    );
}

fn check_mappings(checks: &mut Checks<'_>, sections: &Sections) {
    for (name, mapping) in &sections.events.generic {
        let key = format!("events.generic.{name}");
        let what = "a name has 1 to 32 small letters, digits, dashes or underscores";
        checks.require(&key, generic::is_name(name), what);
        let wrong = mapping.check();
        checks.require(&key, wrong.is_empty(), &wrong.join("; "));
    }
}

fn check_rules(checks: &mut Checks<'_>, sections: &Sections) {
    for (key, rules) in [
        ("events.repositories", &sections.events.repositories),
        ("events.deploying", &sections.events.deploying),
    ] {
        for thing in rules.keys() {
            let names_a_system = thing
                .split_once('/')
                .is_some_and(|(name, rest)| vendor(name).is_some() && !rest.is_empty());
            let what =
                format!("`{thing}` must begin with the name of a system, as in \"jenkins/deploy-api\"");
            checks.require(key, names_a_system, &what);
        }
    }
    for repository in sections.events.repositories.values() {
        let what = format!("`{repository}` is not owner/name");
        checks.require("events.repositories", is_repository(repository), &what);
    }
}

/// `owner/name`; GitLab has groups in groups.
fn is_repository(name: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace);
    name.contains('/') && name.split('/').all(is_part)
}
