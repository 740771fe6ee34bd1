//! Purpose: what PagerDuty's log of incidents tells since the last look, in the shape of its webhooks.
//!
//! Source: <https://developer.pagerduty.com/api-reference> (List log entries). An entry tells what happened and when; of its
//! incident the answer shows only how it stands now. So the last entry of an incident states it in full, and an earlier one
//! no more than it means by itself: acknowledged, resolved.

mod entry;
mod window;

use reqwest::header::ACCEPT;

use super::{LIMIT, MEDIA_TYPE, OneService, VENDOR, authorization};
use crate::documents::DocumentsError;
use crate::poll::feed::{At, Feed, Page};
use crate::rest::{Access, Patience, ReadError, Rest};
use entry::{Entries, drafts};
use window::Window;

/// Stands for all services of the account.
const ALL: &str = "*";
/// Longer than any id that PagerDuty makes.
const MAX_ID_CHARS: usize = 32;

/// The log of an account.
pub(crate) struct Log {
    rest: Rest,
}

/// Reads the log with the token that reads documents, too.
pub(crate) fn feed(access: &Access, patience: Patience) -> Result<Log, DocumentsError> {
    let authorization = authorization(&access.token);
    let rest = Rest::new(VENDOR, &access.api_url, &authorization, patience)?;
    Ok(Log {
        rest: rest.with_header(ACCEPT, MEDIA_TYPE),
    })
}

impl Feed for Log {
    const SOURCE: &'static str = "pagerduty";
    const LISTS: &'static [&'static str] = &["incidents"];

    async fn page(&self, at: At<'_>) -> Result<Page, ReadError> {
        let service = wanted(at.thing)?;
        // The log has no filter by service, so one that does not exist would just stay silent.
        if let (Some(id), None) = (service, at.next) {
            let _: OneService = self.rest.page(&format!("/services/{id}"), &[]).await?.body;
        }
        let window = Window::of(at);
        let list = self.entries(window).await?;
        let newest = list.log_entries.iter().filter_map(|entry| entry.created_at).max();
        let next = window.next(&list, at.since);
        Ok(Page {
            drafts: drafts(&list.log_entries, service),
            newest,
            unsettled: None,
            next: next.map(|window| window.to_string()),
        })
    }
}

impl Log {
    async fn entries(&self, window: Window) -> Result<Entries, ReadError> {
        let (since, until) = (window.since_text(), window.until_text());
        let (limit, offset) = (LIMIT.to_string(), window.offset().to_string());
        let mut query = vec![
            ("since", since.as_str()),
            ("time_zone", "UTC"),
            ("include[]", "incidents"),
            ("limit", &limit),
            ("offset", &offset),
        ];
        query.extend(until.as_deref().map(|until| ("until", until)));
        Ok(self.rest.page("/log_entries", &query).await?.body)
    }
}

/// The service that is wanted; none for all.
fn wanted(thing: &str) -> Result<Option<&str>, ReadError> {
    if thing == ALL {
        return Ok(None);
    }
    let is_id = !thing.is_empty()
        && thing.len() <= MAX_ID_CHARS
        && thing.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_id {
        Ok(Some(thing))
    } else {
        Err(ReadError::Refused(format!(
            "cannot be read: that is no id of a service; one looks like PIJ90N7, and {ALL} stands for all of them"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_a_service_or_all_of_them() {
        assert_eq!(wanted("*"), Ok(None));
        assert_eq!(wanted("PIJ90N7"), Ok(Some("PIJ90N7")));
        for odd in [
            "",
            "../users",
            "P 1",
            "https://acme.pagerduty.com/x",
            &"P".repeat(33),
        ] {
            assert!(matches!(wanted(odd), Err(ReadError::Refused(_))), "{odd}");
        }
    }
}
