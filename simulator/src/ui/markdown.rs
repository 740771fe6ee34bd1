//! Purpose: the `markdown` block: standard Markdown to safe HTML.
//!
//! Follows <https://docs.slack.dev/reference/block-kit/blocks/markdown-block>. Raw HTML in the text is shown as text, and
//! pictures become links: nothing is fetched from outside.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

use super::emoji;
use super::html::is_safe_link;

/// Renders a whole text.
pub(crate) fn render(text: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let events = Parser::new_ext(text, options).map(safe);
    let mut out = String::new();
    html::push_html(&mut out, events);
    out
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the list of events is the parser's, and the rest is as it should be"
)]
fn safe(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        Event::Start(
            Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            }
            | Tag::Image {
                link_type,
                dest_url,
                title,
                id,
            },
        ) => {
            let dest_url = if is_safe_link(&dest_url) {
                dest_url
            } else {
                "#".into()
            };
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            })
        }
        Event::End(TagEnd::Image) => Event::End(TagEnd::Link),
        Event::Text(text) => Event::Text(emoji::replace(&text).into()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_lists_and_tables_are_drawn() {
        let html = render("## Plan\n\n- **one**\n- ~~two~~ :tada:\n\n|a|b|\n|-|-|\n|1|2|\n");
        for part in [
            "<h2>Plan</h2>",
            "<strong>one</strong>",
            "<del>two</del> 🎉",
            "<td>1</td>",
        ] {
            assert!(html.contains(part), "{html}");
        }
    }

    #[test]
    fn raw_html_scripts_and_pictures_do_not_run() {
        let html = render("<script>x</script>\n\n[a](javascript:x) ![p](https://evil/x.png) <b onclick=x>");
        assert!(
            !html.contains("<script")
                && !html.contains("javascript:")
                && !html.contains("<img")
                && !html.contains("<b ")
        );
    }
}
