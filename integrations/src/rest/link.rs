//! Purpose: where a list goes on, by the header `Link` (RFC 8288), as GitHub, GitLab and Sentry write it.

use reqwest::header::{HeaderMap, LINK};

/// The address with `rel="next"`. Sentry names one even where nothing follows, and says so with `results="false"`
/// (<https://docs.sentry.io/api/pagination/>).
pub(crate) fn next(headers: &HeaderMap) -> Option<String> {
    let links = headers.get(LINK)?.to_str().ok()?;
    links.split(',').find_map(|link| {
        let (address, parameters) = link.trim().split_once(';')?;
        let says = |wanted: &str| parameters.split(';').any(|one| one.trim() == wanted);
        let is_next = says(r#"rel="next""#) && !says(r#"results="false""#);
        is_next.then(|| {
            address
                .trim()
                .trim_start_matches('<')
                .trim_end_matches('>')
                .to_owned()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::tests::headers;

    #[test]
    fn the_next_page_is_where_the_header_says_if_there_is_one() {
        let of = |link: &str| next(&headers(&[("link", link)]));
        let previous = r#"<https://x.example/a?page=1>; rel="prev""#;
        assert_eq!(of(previous), None);
        let both = format!(r#"{previous}, <https://x.example/a?page=3>; rel="next""#);
        assert_eq!(of(&both).as_deref(), Some("https://x.example/a?page=3"));
        let sentry = |results| {
            format!(r#"<https://s.example/?cursor=0:1>; rel="next"; results="{results}"; cursor="0:1""#)
        };
        assert_eq!(
            of(&sentry("true")).as_deref(),
            Some("https://s.example/?cursor=0:1")
        );
        assert_eq!(of(&sentry("false")), None);
        assert_eq!(of("nonsense"), None);
    }
}
