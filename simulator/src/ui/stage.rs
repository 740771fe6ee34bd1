//! Purpose: the part of the left column that is not Slack: the world around the workspace, with its buttons.

use super::html::escape;
use crate::stage::{Deed, Prop};

/// Draws it; nothing where there is nothing around.
pub(crate) fn render(props: &[Prop]) -> String {
    props.iter().map(prop).collect()
}

fn prop(prop: &Prop) -> String {
    let (id, name) = (escape(prop.id), escape(&prop.name));
    let now = tagged("strong", &prop.now) + &tagged("small", &prop.about);
    let deeds: String = prop.deeds.iter().map(deed).collect();
    if prop.is_folded {
        return format!(
            r#"<details class="prop" id="prop-{id}"><summary><h2>{name}</h2></summary><div class="now">{now}</div><ul class="deeds rows">{deeds}</ul></details>"#
        );
    }
    format!(
        r#"<section class="prop" id="prop-{id}" aria-labelledby="h-{id}"><h2 id="h-{id}">{name}</h2><div class="now">{now}</div><ul class="deeds">{deeds}</ul></section>"#
    )
}

fn tagged(tag: &str, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("<{tag}>{}</{tag}>", escape(text))
}

fn deed(deed: &Deed) -> String {
    format!(
        r#"<li>{}<button type="button" class="deed" id="deed-{id}" data-deed="{id}" aria-label="{}">{}</button></li>"#,
        tagged("span", &deed.subject),
        escape(&deed.spoken),
        escape(&deed.label),
        id = escape(&deed.id),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_only_text() {
        let hostile = || r#"<b onclick="x">"#.to_owned();
        let shown = render(&[Prop {
            id: "clock",
            name: hostile(),
            now: hostile(),
            about: hostile(),
            is_folded: true,
            deeds: vec![Deed {
                id: hostile(),
                label: hostile(),
                subject: hostile(),
                spoken: hostile(),
            }],
        }]);
        assert!(!shown.contains("<b "), "{shown}");
        assert_eq!(
            shown.matches("&lt;b onclick=&quot;x&quot;&gt;").count(),
            8,
            "{shown}"
        );
    }
}
