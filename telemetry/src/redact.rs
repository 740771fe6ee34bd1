//! Purpose: masks secrets in text: log lines, and error texts that are stored or shown.
//!
//! A secret is known by its shape (a vendor's prefix), by its place (the password of a URL, the path of a Slack
//! webhook, the word after `Bearer`) or by the name of the field it is in (`"client_secret": "..."`). The part that
//! says which kind it was is kept. A text without any of these comes back as it is.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex, RegexSet};

/// What stands in for a secret.
const MASK: &str = "[redacted]";

/// How secrets are recognised. Each pattern's group 1 is kept, and group 2 where there is one; `NAME`,
/// `COLOUR` and `EDGE` stand for the texts below.
const SHAPES: &[(Shape, &str)] = &[
    // "name": "value", name: "value", name=Some("value"), also in JSON that is quoted inside JSON
    (
        Shape::Quoted,
        r#"NAME COLOUR\\*"?[ \t]*COLOUR[:=]COLOUR[ \t]*(?:Some\()?(\\*)""#,
    ),
    // name=value in URLs, forms and log fields
    (
        Shape::Prefixed,
        r#"(NAME COLOUR=COLOUR(?:(?i-u:bearer|basic|token)[ +])?)[^\s&"',;(){}\[\]\\\x1b](?:[^\s&"',;\\\x1b]|\\\\)*"#,
    ),
    // Slack tokens: bot, user, app-level, configuration and refresh (docs.slack.dev/authentication/tokens)
    (
        Shape::Prefixed,
        r"(xox[a-z](?:\.xox[a-z])?-|xapp-)[A-Za-z0-9-]{6,}",
    ),
    // GitHub (docs.github.com, "GitHub's token formats"); newer app tokens hold dots and dashes
    (
        Shape::Prefixed,
        r"(gh[opsur]_|github_pat_)[A-Za-z0-9_]{10,}(?:[.-][A-Za-z0-9_-]{10,})*",
    ),
    // our own API: other words end like its prefix ("schema_"), and are not followed by this
    (Shape::Prefixed, r"(ema_)[0-9a-f]{64}"),
    // OpenAI and Anthropic
    (Shape::Prefixed, r"(EDGE sk-)[A-Za-z0-9_-]{16,}"),
    // Notion
    (Shape::Prefixed, r"(EDGE ntn_)[A-Za-z0-9]{24,}"),
    // GitLab, Linear, Atlassian, Sentry, Google
    (
        Shape::Prefixed,
        r"(glpat-|lin_api_|lin_oauth_|ATATT3|ATCTT3|sntry[su]_|AIza)[A-Za-z0-9_=.-]{16,}",
    ),
    // AWS access key ids, long-lived and temporary
    (Shape::Prefixed, r"(AKIA|ASIA)[A-Z0-9]{16}"),
    // JSON Web Tokens: the first part always begins with {"
    (
        Shape::Prefixed,
        r"(eyJ)[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
    ),
    // PEM private keys; in JSON their line breaks are written \n, and the end may have been cut off
    (
        Shape::Prefixed,
        r#"(-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----)(?:[^"\\\[-]|\\+[nr])(?:[^"\\-]|-[A-Za-z0-9]|\\+[nr])*(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----)?"#,
    ),
    // passwords in URLs
    (
        Shape::Prefixed,
        r#"([A-Za-z][A-Za-z0-9+.-]*:\\*/\\*/[^\s/:@"']*:)[^\s/"]+(@)"#,
    ),
    // and in those of databases, where people forget to escape the slash of a password
    (
        Shape::Prefixed,
        r#"((?:postgres|postgresql|mysql|rediss?|amqps?|mongodb|nats)://[^\s/:@"']*:)[^\s"]+(@)"#,
    ),
    // Slack's incoming webhooks and response URLs: whoever has the address may post
    (
        Shape::Prefixed,
        r"(hooks\.slack(?:-gov)?\.com\\*/[a-z-]+\\*/)(?:[A-Za-z0-9_%/-]|\\+/)+",
    ),
    // the Authorization header in running text, whatever the credential looks like
    (
        Shape::Prefixed,
        r#"((?i-u:authorization:[ \t]*(?:bearer|basic|digest|token)[ \t]+(?:token=)?))[^\s"'\\,;\[]+"#,
    ),
    // Bearer and Basic anywhere, unless an ordinary word follows ("Basic authentication")
    (
        Shape::Scheme,
        r"(EDGE(?i-u:bearer|basic)[ \t]+)([A-Za-z0-9._~+/=-]{6,})",
    ),
];

/// Ends of the names of fields, parameters and headers whose value is a secret whatever it looks like. Anything may
/// stand before them (`slack_bot_token`), nothing after (`tokens` and `token_count` are ordinary).
const NAME: &str = r"(?i-u:token|secret|password|passwd|passphrase|api[_-]?key|private[_-]?key|access[_-]?key|signing[_-]?key|credentials?|authorization|cookie|response_url|webhook_url)";

/// Colour codes that the readable log form puts between a field's name and its value, as such or escaped.
const COLOUR: &str = r"(?:(?:\x1b|\\+(?:u001b|x1b|u\{1b\}))\[[0-9;]*m)*";

/// Where a prefix that is also the end of words ("disk-", "task-") may begin: after anything but a word, where a
/// line break written as `\n` and a colour code are no words. The other prefixes are sought everywhere.
const EDGE: &str = r"(?:(?-u:\b)|\\+[nrtbf]|\[[0-9;]*m)";

/// How the end of a secret is found, once its beginning is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// The pattern matches the whole secret.
    Prefixed,
    /// The pattern matches up to the opening quote; the secret ends at the quote that closes it.
    Quoted,
    /// As `Prefixed`, and group 2 has to look like a secret.
    Scheme,
}

/// The compiled patterns: all at once, to see in one pass that nothing is there, and one by one.
struct Patterns {
    any: RegexSet,
    each: Vec<(Shape, Regex)>,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(compile);

#[expect(
    clippy::expect_used,
    reason = "the patterns are constants; every test of this file compiles them"
)]
fn compile() -> Patterns {
    let sources: Vec<(Shape, String)> = SHAPES
        .iter()
        .map(|(shape, pattern)| (*shape, expand(pattern)))
        .collect();
    Patterns {
        any: RegexSet::new(sources.iter().map(|(_, pattern)| pattern)).expect("valid patterns"),
        each: sources
            .iter()
            .map(|(shape, pattern)| (*shape, Regex::new(pattern).expect("valid pattern")))
            .collect(),
    }
}

fn expand(pattern: &str) -> String {
    pattern
        .replace("NAME ", NAME)
        .replace("COLOUR", COLOUR)
        .replace("EDGE ", EDGE)
        .replace("EDGE", EDGE)
}

/// The text with every secret in it replaced by `[redacted]`. A line of JSON stays a line of JSON.
pub fn redact(text: &str) -> Cow<'_, str> {
    let found = PATTERNS.any.matches(text);
    let mut masked = Cow::Borrowed(text);
    for index in &found {
        let (shape, regex) = &PATTERNS.each[index];
        let next = match shape {
            Shape::Prefixed => regex.replace_all(&masked, "${1}[redacted]${2}").into_owned(),
            Shape::Quoted => mask_quoted(&masked, regex),
            Shape::Scheme => regex.replace_all(&masked, mask_credential).into_owned(),
        };
        masked = Cow::Owned(next);
    }
    masked
}

fn mask_credential(found: &Captures<'_>) -> String {
    let kept = if looks_secret(&found[2]) { MASK } else { &found[2] };
    format!("{}{kept}", &found[1])
}

/// Whether a word after `Bearer` or `Basic` is a credential and no part of a sentence.
fn looks_secret(word: &str) -> bool {
    const LONGEST_ORDINARY_WORD: usize = 20;
    let word = word.trim_end_matches(['.', ',']);
    word.len() > LONGEST_ORDINARY_WORD
        || word.bytes().any(|byte| !byte.is_ascii_alphabetic())
        || word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase())
}

fn mask_quoted(text: &str, opening: &Regex) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = opening.captures(rest) {
        let value_at = found.get(0).map_or(rest.len(), |whole| whole.end());
        let backslashes = found.get(1).map_or(0, |quoting| quoting.len());
        let (before, after) = rest.split_at(value_at);
        let end = end_of_quoted(after, backslashes);
        masked.push_str(before);
        if end > 0 {
            masked.push_str(MASK);
        }
        rest = &after[end..];
    }
    masked.push_str(rest);
    masked
}

/// Where the value ends whose opening quote had `opening` backslashes before it: 0 in plain JSON, 1 in JSON inside
/// a JSON string, 3 one level deeper. There, a quote inside the value has `2 * opening + 1` of them, and a backslash
/// that the value ends with is written as `2 * (opening + 1)`.
fn end_of_quoted(text: &str, opening: usize) -> usize {
    let mut run = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\\' => run += 1,
            // A quote with fewer backslashes belongs to the text around: this one was cut off.
            b'"' if run < opening => return at - run,
            b'"' if run % (2 * (opening + 1)) == opening => return at - opening,
            _ => run = 0,
        }
    }
    text.trim_end_matches(['\n', '\r']).len()
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// (what it is, a text with it, the part that must not be seen)
    pub(crate) const EXAMPLES: &[(&str, &str, &str)] = &[
        (
            "slack bot token",
            "auth xoxb-2538671234-8812345678901-AbCdEf failed",
            "8812345678901",
        ),
        (
            "slack user token",
            "xoxp-1111111111-22222222222-33333333333-abcdef",
            "22222222222",
        ),
        (
            "slack app token",
            "xapp-1-A0123456789-5551234567890-0a1b2c3d4e5f",
            "0a1b2c3d4e5f",
        ),
        (
            "slack refresh token",
            "(xoxe-1-My0xLTI1Mzg2NzEyMzQ)",
            "My0xLTI1Mzg2NzEyMzQ",
        ),
        (
            "slack rotated token",
            "xoxe.xoxb-1-Mi0yLTI1Mzg2NzEyMzQtODgx",
            "Mi0yLTI1Mzg2",
        ),
        (
            "github classic token",
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "E7710c838347",
        ),
        (
            "github oauth token",
            "gho_16C7e42F292c6912E7710c838347Ae178B4a",
            "E7710c838347",
        ),
        (
            "github app token",
            "ghs_16C7e42F292c6912E7710c838347Ae178B4a",
            "E7710c838347",
        ),
        (
            "github app token, long form",
            "ghs_1234567890_eyJhbGciOiJSUz.eyJpc3MiOiIxMjM0.c2lnbmF0dXJl",
            "c2lnbmF0dXJl",
        ),
        (
            "github user token",
            "ghu_16C7e42F292c6912E7710c838347Ae178B4a",
            "E7710c838347",
        ),
        (
            "github refresh token",
            "ghr_16C7e42F292c6912E7710c838347Ae178B4a",
            "E7710c838347",
        ),
        (
            "github fine-grained token",
            "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwx",
            "mnopqrstuvwx",
        ),
        (
            "token in a clone address",
            "https://x-access-token:ghs_16C7e42F292c6912@github.com/o/r",
            "16C7e42F",
        ),
        ("bearer", "sent Authorization: Bearer abc.def-123", "abc.def-123"),
        (
            "bearer without a header name",
            "Bearer mF_9.B5f-4.1JqM",
            "mF_9.B5f",
        ),
        (
            "short bearer in a header",
            "authorization: bearer hunter",
            "hunter",
        ),
        ("basic", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "QWxhZGRpbj"),
        (
            "openai key",
            "Incorrect API key provided: sk-proj-abcDEF0123456789ghiJKL",
            "abcDEF0123456789",
        ),
        (
            "pagerduty key",
            "Authorization: Token token=y_NbAkKc66ryYTWUXYEu",
            "y_NbAkKc66ryYTWUXYEu",
        ),
        ("aws key id", "AKIAIOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE"),
        (
            "aws secret",
            "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG",
            "wJalrXUtnFEMI/K7MDENG",
        ),
        ("gitlab token", "glpat-abcdefghij0123456789", "abcdefghij"),
        (
            "jira token",
            "ATATT3xFfGF0abcdefghij_klmnop=1A2B3C4D",
            "abcdefghij",
        ),
        (
            "linear key",
            "lin_api_abcdefghij0123456789abcdefghij",
            "abcdefghij",
        ),
        (
            "notion token",
            "refused ntn_12345678901abcdefghijKLMNOPQRSTUVWXYZabcdefghij01",
            "abcdefghij",
        ),
        (
            "token of our own API",
            "refused ema_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
            "00112233",
        ),
        (
            "private key",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nq83vEjRWeJA=\n-----END RSA PRIVATE KEY-----\n",
            "q83vEjRWeJA",
        ),
        (
            "encrypted private key, cut off",
            "-----BEGIN PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIEowIBAAKC",
            "MIIEowIBAAKC",
        ),
        (
            "password of a database",
            "cannot reach postgres://em:hunter2@db:5432/em",
            "hunter2",
        ),
        (
            "password with a slash and an at sign",
            "postgres://em:hun/t@r2@db/em",
            "hun/t@r2",
        ),
        (
            "password in any address",
            "https://bot:pa$$w0rd@jira.example.com/rest",
            "pa$$w0rd",
        ),
        (
            "slack webhook",
            "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXX",
            "XXXXXXXX",
        ),
        (
            "slack response url",
            "https://hooks.slack.com/commands/T1/123/abcDEF",
            "abcDEF",
        ),
        (
            "slack webhook, escaped",
            r#"{"url":"https:\/\/hooks.slack.com\/actions\/T1\/123\/abcDEF"}"#,
            "abcDEF",
        ),
        (
            "jwt",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
            "dozjgNryP4J3",
        ),
        (
            "field of a json body",
            r#"{"ok":true,"access_token":"plain words here","team":"T1"}"#,
            "plain words",
        ),
        (
            "password with a quote",
            r#"{"db_password":"one\"two\\","x":1}"#,
            "two",
        ),
        (
            "json in json",
            r#"{"body":"{\"token\":\"Gk3vQ\\\"zz9\"}"}"#,
            "zz9",
        ),
        (
            "field of a struct",
            r#"Config { signing_secret: "plainword", port: 1 }"#,
            "plainword",
        ),
        (
            "optional field of a struct",
            r#"Config { api_key: Some("plainword") }"#,
            "plainword",
        ),
        (
            "form body",
            "command=/x&token=gIkuvaNzQIHg97ATvDxqgjtO&team=T1",
            "gIkuvaNzQIHg97",
        ),
        (
            "header map",
            r#"{"private-token": "plainword", "accept": "*/*"}"#,
            "plainword",
        ),
        (
            "response url elsewhere",
            r#""response_url":"http://127.0.0.1:9/r/abcdef""#,
            "/r/abcdef",
        ),
    ];

    #[test]
    fn every_example_is_masked_and_says_so() {
        for (name, text, secret) in EXAMPLES {
            let masked = redact(text);
            assert!(!masked.contains(secret), "{name} leaks: {masked}");
            assert!(masked.contains(MASK), "{name}: {masked}");
            assert_eq!(redact(&masked), masked, "{name} is masked twice");
        }
    }

    #[test]
    fn secret_after_a_line_break_or_a_colour_is_masked() {
        for (_, example, secret) in EXAMPLES {
            for before in ["1\n2\t", "1\\n", "\u{1b}[2m=\u{1b}[0m", "\\u001b[0m"] {
                let text = format!("{before}{example}");
                assert!(!redact(&text).contains(secret), "{}", redact(&text));
            }
        }
    }

    #[test]
    fn what_surrounds_a_secret_is_kept() {
        for (text, expected) in [
            (
                "cannot reach postgres://em:hunter2@db:5432/em",
                "cannot reach postgres://em:[redacted]@db:5432/em",
            ),
            (
                r#"{"a":1,"token":"x y","b":"z"}"#,
                r#"{"a":1,"token":"[redacted]","b":"z"}"#,
            ),
            (
                "GET /x?page=2&token=abc&per_page=3",
                "GET /x?page=2&token=[redacted]&per_page=3",
            ),
            (
                "https://hooks.slack.com/services/T0/B0/abc is gone",
                "https://hooks.slack.com/services/[redacted] is gone",
            ),
            (r#"{"token":"","x":1}"#, r#"{"token":"","x":1}"#),
            (
                r#"{"m":"{\"token\":\"cut o"}"#,
                r#"{"m":"{\"token\":\"[redacted]"}"#,
            ),
        ] {
            assert_eq!(redact(text), expected);
        }
    }

    #[test]
    fn ordinary_sentences_about_secrets_are_left_alone() {
        for text in [
            "Basic authentication is off; Bearer authentication is on.",
            "the token has expired, ask for a new secret",
            "SLACK_BOT_TOKEN must begin with xoxb-, SLACK_APP_TOKEN with xapp-",
            "password: unchanged, tokens=512, token_count=3, next_cursor=abc",
            "task-force-of-seventeen people reviewed the risk-assessment-document",
            "https://github.com/o/r/pull/5 at 12:30 by ana@example.com on db:5432",
            "postgres://localhost:5432/em and sqlite:./data/em-agent.db",
            "authorization: denied by rule deploy_freeze",
        ] {
            assert_eq!(redact(text), text);
        }
    }

    fn word() -> impl Strategy<Value = String> {
        prop_oneof![
            "[A-Za-zÀ-ž]{1,14}",
            "[0-9]{1,12}",
            proptest::sample::select(vec![
                "token",
                "secret",
                "password,",
                "Basic",
                "bearer",
                "tokens=4",
                "xoxb-",
                "ghp_",
                "AKIA",
                "sk-1",
                "https://github.com/o/r/pull/17",
                "ana@example.com",
                "#ops",
                "<@U123>",
                "12:30",
                "\"quoted\"",
                "{\"rows\":3}",
                "a\\b",
                "01J9ZQ3V5K8M2N4P6R7S9T0WXY",
                "f95f852bd8fca8fcc58a9a2d6c842781e32a215e",
            ])
            .prop_map(str::to_owned),
        ]
    }

    proptest! {
        #[test]
        fn ordinary_text_is_unchanged(words in proptest::collection::vec(word(), 0..30)) {
            // Whatever long word follows "Basic" or "bearer" may be a credential.
            let mut text = words.join(" ");
            for scheme in ["Basic ", "bearer ", "BASIC ", "BEARER "] {
                text = text.replace(scheme, "the ");
            }
            prop_assert_eq!(redact(&text), text.as_str());
        }

        #[test]
        fn any_text_keeps_its_json_frame(text in any::<String>(), name in "[a-z_]{0,6}(token|secret|password)") {
            let line = serde_json::json!({ "message": text, (name): text, "after": 1 }).to_string();
            let masked: serde_json::Value = serde_json::from_str(&redact(&line)).unwrap();
            prop_assert_eq!(&masked["after"], 1);
        }

        #[test]
        fn token_is_masked_wherever_it_stands(
            before in "[ -~]{0,20}[ \"'(=:,<\\[{]", body in "[A-Za-z0-9]{36}", after in "([ \"')>,;\\]}][ -~]{0,20})?"
        ) {
            for prefix in ["xoxb-", "xapp-1-", "ghp_", "github_pat_", "sk-", "glpat-"] {
                let text = format!("{before}{prefix}{body}{after}");
                prop_assert!(!redact(&text).contains(&body), "{}", redact(&text));
            }
        }

        #[test]
        fn secret_field_is_masked_at_any_depth(value in "[ -~]{1,40}", depth in 0_usize..4) {
            let secret = format!("Zq7{value}Zq8");
            let mut line = serde_json::json!({ "client_secret": secret, "kept": "yes" }).to_string();
            for _ in 0..depth {
                line = serde_json::json!({ "message": line }).to_string();
            }
            let masked = redact(&line);
            prop_assert!(!masked.contains("Zq7") && !masked.contains("Zq8"), "{}", masked);
            prop_assert!(masked.contains("yes"));
            prop_assert!(serde_json::from_str::<serde_json::Value>(&masked).is_ok(), "{}", masked);
        }
    }
}
