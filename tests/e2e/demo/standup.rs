//! A morning of the demo: the clock is moved in the page, somebody is asked, answers, reads what was posted, and sees it edited.

use super::{message_that_says, start};
use em_tests::browser::Browser;
use serde_json::json;

const FIELDS: &str = "return [...document.querySelectorAll('dialog[open] textarea')].map(one => one.value)";

/// The standup in the channel, as it is read when it says all of `wanted` and nothing of `unwanted`.
async fn posted(browser: &Browser, wanted: &[&str], unwanted: &[&str]) -> String {
    let script = "return [...document.querySelectorAll('main .message')]\
        .find(one => one.innerText.includes('Standup: payments'))?.innerText ?? ''";
    let found = browser.wait_for(script, |text| {
        let text = text.as_str().unwrap_or_default();
        wanted.iter().all(|words| text.contains(words)) && !unwanted.iter().any(|words| text.contains(words))
    });
    found.await.unwrap().as_str().unwrap_or_default().to_owned()
}

async fn count_standups(browser: &Browser) -> u64 {
    let script = "return [...document.querySelectorAll('main .message')]\
        .filter(one => one.innerText.includes('Standup: payments')).length";
    browser.run(script, json!([])).await.unwrap().as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standup_asks_posts_and_edits_what_it_posted_as_the_clock_is_moved_in_the_page() {
    let Some(browser) = Browser::for_test().await else {
        return;
    };
    let demo = start().await;
    browser
        .goto(&format!("{}/?as=ana&at=app&theme=light", demo.url))
        .await
        .unwrap();

    // By keyboard and by mouse, and what hears the page is told.
    browser.press("#deed-next-morning", "Enter").await.unwrap();
    browser.wait_for_text("#toasts", "It is now").await.unwrap();
    browser.wait_for_text("#prop-clock .now", "08:5").await.unwrap();
    browser.click("#deed-ten-minutes").await.unwrap();
    browser.wait_for_text("#prop-clock .now", "09:0").await.unwrap();

    let question = message_that_says(&browser, "Standup of payments").await;
    let asked = browser.text(&question).await.unwrap();
    assert!(
        asked.contains("I have filled in the 2 things that I saw."),
        "{asked}"
    );
    let answer = format!("{question} [data-action='standup.answer']");
    browser.click(&answer).await.unwrap();
    browser
        .wait_for_text("dialog[open]", "Next, a line each")
        .await
        .unwrap();
    let fields = browser.run(FIELDS, json!([])).await.unwrap();
    for (field, expected) in [
        (
            0,
            "Merged Receipts: show the VAT number of the shop (acme/checkout#222)",
        ),
        (
            0,
            "Closed the issue Receipts of companies lack the VAT number (acme/checkout#218)",
        ),
        (
            2,
            "Waiting for a review: Coupons: turn down one that expires during checkout (acme/checkout#214)",
        ),
        (
            2,
            "In conflict: Config: one file per profile (atuinsh/atuin#3975)",
        ),
    ] {
        let filled = fields[field].as_str().unwrap();
        assert!(
            filled.lines().any(|line| line == expected),
            "no “{expected}” in {fields}"
        );
    }
    assert_eq!(fields[1], "");
    let next = "dialog[open] textarea[data-action='next']";
    browser.type_into(next, "Split the config file").await.unwrap();
    browser.click("dialog[open] [type=submit]").await.unwrap();
    browser.wait_for_text(&question, "Thank you").await.unwrap();

    browser.click("#deed-hour").await.unwrap();
    browser
        .goto(&format!("{}/?as=ana&at=payments&theme=light", demo.url))
        .await
        .unwrap();
    // Chloe and Fatima have answered too; Dmitri takes longer.
    let early = posted(&browser, &["3 of 5 answered", "acme/checkout#214"], &[]).await;
    assert!(early.contains("Receipts: show the VAT number"), "{early}");
    browser.click("#deed-ten-minutes").await.unwrap();
    posted(&browser, &["4 of 5 answered", "edited"], &[]).await;

    // What holds Ana up is merged on the pretend GitHub.
    browser.click("#prop-github summary").await.unwrap();
    browser
        .click("[data-deed='merge:acme/checkout#214']")
        .await
        .unwrap();
    let freed = posted(&browser, &["4 of 5 answered"], &["acme/checkout#214"]).await;
    assert!(freed.contains("atuinsh/atuin#3975"), "{freed}");
    assert_eq!(count_standups(&browser).await, 1);
    demo.stop().await;
}
