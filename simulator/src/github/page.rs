//! Purpose: cuts lists into pages and names the other pages in a `Link` header.
//! Source: <https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api>.

use std::collections::BTreeMap;

/// Items on a page, unless the request asks for another number.
const DEFAULT_PER_PAGE: usize = 30;
/// The most that a request can ask for.
const MAX_PER_PAGE: usize = 100;

/// The query of a request.
pub(super) type Query = BTreeMap<String, String>;

/// The items of the asked page, and the `Link` header unless all items fit on one page. `address` is the absolute
/// address of the request without its query.
pub(super) fn page<T>(items: Vec<T>, query: &Query, address: &str) -> (Vec<T>, Option<String>) {
    let number = |key: &str| {
        query
            .get(key)
            .and_then(|text| text.parse::<usize>().ok())
            .filter(|number| *number > 0)
    };
    let per_page = number("per_page").unwrap_or(DEFAULT_PER_PAGE).min(MAX_PER_PAGE);
    let page = number("page").unwrap_or(1);
    let last = items.len().div_ceil(per_page).max(1);
    let link = (last > 1).then(|| links(page, last, |page| with_page(query, address, page)));
    let items = items
        .into_iter()
        .skip((page - 1).saturating_mul(per_page))
        .take(per_page)
        .collect();
    (items, link)
}

fn links(page: usize, last: usize, address: impl Fn(usize) -> String) -> String {
    let mut links = Vec::new();
    if page > 1 {
        links.push(("prev", (page - 1).min(last)));
    }
    if page < last {
        links.push(("next", page + 1));
        links.push(("last", last));
    }
    if page > 1 {
        links.push(("first", 1));
    }
    let links: Vec<_> = links
        .into_iter()
        .map(|(rel, page)| format!("<{}>; rel=\"{rel}\"", address(page)))
        .collect();
    links.join(", ")
}

fn with_page(query: &Query, address: &str, page: usize) -> String {
    let mut query = query.clone();
    query.insert("page".to_owned(), page.to_string());
    format!(
        "{address}?{}",
        serde_urlencoded::to_string(query).unwrap_or_default()
    )
}
