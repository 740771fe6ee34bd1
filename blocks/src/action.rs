//! Purpose: what the bot posts for somebody: their words, and who asked for it.

use em_domain::id::SlackUser;
use slack_morphism::prelude::SlackMessageContent;

use crate::layout::Layout;
use crate::mrkdwn::{Mrkdwn, cat, escape, join, link, mention, words};

/// Somebody's words, as they were written: addresses are links, and nothing formats or pings.
pub fn message_posted(text: &str, by: Option<&SlackUser>, reason: Option<&str>) -> SlackMessageContent {
    let said = join(text.lines().map(line), "\n");
    let asked = match by {
        Some(user) => cat([words("Requested by "), mention(user), words(" through EM Agent.")]),
        None => words("Posted by EM Agent."),
    };
    let why = reason
        .filter(|reason| !reason.trim().is_empty())
        .map(|reason| cat([words("Reason: "), escape(reason)]))
        .unwrap_or_default();
    let mut layout = Layout::new();
    layout.section(&said).context(&join([asked, why], " "));
    layout.into_message(&said)
}

/// One line; runs of words that are no addresses stay together.
fn line(text: &str) -> Mrkdwn {
    let mut parts: Vec<Mrkdwn> = Vec::new();
    let mut plain: Vec<&str> = Vec::new();
    for word in text.split_whitespace() {
        if word.starts_with("https://") || word.starts_with("http://") {
            parts.push(escape(&std::mem::take(&mut plain).join(" ")));
            parts.push(link(word, word));
        } else {
            plain.push(word);
        }
    }
    parts.push(escape(&plain.join(" ")));
    join(parts, " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::transcript;
    use insta::assert_snapshot;

    #[test]
    fn a_post_for_somebody_says_who_asked_and_why() {
        let message = message_posted(
            "Deploys are *frozen* <!channel>\nsee https://status.example/1 for more",
            Some(&"U0BOB".into()),
            Some("the incident"),
        );
        assert_snapshot!(transcript(&message), @r"
        (text) Deploys are *frozen* <!channel>
        see https://status.example/1 for more
        Deploys are *frozen* <!channel>
        see https://status.example/1 (https://status.example/1) for more
        > Requested by @U0BOB through EM Agent. Reason: the incident
        ");
        assert_snapshot!(transcript(&message_posted("Done.", None, None)), @r"
        (text) Done.
        Done.
        > Posted by EM Agent.
        ");
    }
}
