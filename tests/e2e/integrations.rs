//! Webhooks of other systems than GitHub: believed by their own proof, read by what the operator says of them, listed by
//! `/em-agent integrations`; and what was not understood is kept, shown and read again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use em_simulator::web::Web;
use em_storage::testing::TestDatabase;
use em_tests::{Setting, TestBot, both_engines};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

both_engines!(
    each_system_is_believed_by_its_own_proof_and_read_by_the_operators_rules,
    a_system_that_signs_nothing_is_let_in_only_where_the_operator_says_so,
    what_was_not_understood_is_listed_and_read_again_after_a_fix,
    a_test_event_comes_in_as_a_delivery_of_its_system_would,
    amazon_is_believed_by_its_certificate_and_its_subscription_confirmed,
);

const SECRET: &str = "the secret of this test";

fn secrets() -> Vec<(&'static str, String)> {
    [
        "GITLAB_WEBHOOK_SECRET",
        "HEROKU_WEBHOOK_SECRET",
        "ALERTMANAGER_WEBHOOK_SECRET",
        "DATADOG_WEBHOOK_SECRET",
    ]
    .map(|name| (name, SECRET.to_owned()))
    .to_vec()
}

async fn bot(database: TestDatabase, toml: &str) -> TestBot {
    let setting = Setting {
        toml: toml.to_owned(),
        environment: secrets(),
        ..Setting::default()
    };
    TestBot::start_with(database, setting).await
}

async fn send(bot: &TestBot, path: &str, headers: &[(&'static str, &str)], body: &Value) -> (u16, Value) {
    let headers = headers
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    let answer = bot.post(path, headers, body.to_string().into_bytes()).await;
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// An alert as Alertmanager sends it (version 4).
fn alert(status: &str) -> Value {
    json!({
        "version": "4", "groupKey": "{}:{alertname=\"PaymentsDown\"}", "status": status, "receiver": "em-agent",
        "externalURL": "http://alerts.example", "truncatedAlerts": 0, "groupLabels": {}, "commonLabels": {},
        "commonAnnotations": {},
        "alerts": [{
            "status": status, "fingerprint": "b6d3a1c2e4f50718",
            "labels": { "alertname": "PaymentsDown", "service": "payments", "severity": "critical" },
            "annotations": { "summary": "Payments are <down>" },
            "startsAt": "2026-01-15T09:00:00Z",
            "endsAt": if status == "firing" { "0001-01-01T00:00:00Z" } else { "2026-01-15T09:30:00Z" },
            "generatorURL": "http://prometheus.example/graph"
        }]
    })
}

async fn each_system_is_believed_by_its_own_proof_and_read_by_the_operators_rules(database: TestDatabase) {
    let bot = bot(database, "").await;
    let right = [("authorization", "Bearer the secret of this test")];
    for (path, headers, expected) in [
        ("/webhooks/alertmanager", &right[..], (202, "stored")),
        ("/webhooks/alertmanager", &right[..], (202, "duplicate")),
        (
            "/webhooks/alertmanager?secret=the+secret+of+this+test",
            &[],
            (202, "duplicate"),
        ),
        (
            "/webhooks/alertmanager",
            &[("authorization", "Bearer wrong")],
            (401, ""),
        ),
        ("/webhooks/alertmanager", &[], (401, "")),
        ("/webhooks/gitlab", &right[..], (401, "")),
        ("/webhooks/sentry", &right[..], (401, "")),
        ("/webhooks/nobody", &right[..], (404, "")),
    ] {
        let (status, answer) = send(&bot, path, headers, &alert("firing")).await;
        assert_eq!(
            (status, answer["status"].as_str().unwrap_or_default()),
            expected,
            "{path} {answer}"
        );
    }
    bot.folded().await;
    let open = bot.database.store.incidents().has_open(None).await.unwrap();
    assert!(open, "the alert is an incident");
    let (status, _) = send(&bot, "/webhooks/alertmanager", &right, &alert("resolved")).await;
    assert_eq!(status, 202);
    bot.folded().await;
    assert!(!bot.database.store.incidents().has_open(None).await.unwrap());

    let answer = bot.ask("ana", "#ops", "/em-agent integrations").await;
    let shown = bot.text(&answer);
    for expected in [
        "*Prometheus Alertmanager* · webhooks, verified · last event",
        "*GitLab* · webhooks, verified · nothing came yet",
        "Not set up:",
    ] {
        assert!(shown.contains(expected), "no “{expected}” in\n{shown}");
    }
    let answer = bot.ask("ana", "#ops", "/em-agent integrations sentry").await;
    let steps = bot.text(&answer);
    assert!(
        steps.contains("SENTRY_WEBHOOK_SECRET") && steps.contains("/webhooks/sentry"),
        "{steps}"
    );
    let answer = bot.ask("ana", "#ops", "/em-agent integrations gitlap").await;
    assert!(
        bot.text(&answer).contains("/em-agent integrations gitlab"),
        "the nearest name is offered"
    );
    bot.finish().await;
}

async fn a_system_that_signs_nothing_is_let_in_only_where_the_operator_says_so(database: TestDatabase) {
    let bot = bot(
        database,
        "[integrations.kubernetes]\nunsigned = true\n[integrations.heroku]\nenabled = false",
    )
    .await;
    let event = json!({ "kind": "Event", "reason": "Pulled", "type": "Normal", "metadata": { "uid": "1" } });
    let (status, _) = send(&bot, "/webhooks/kubernetes", &[], &event).await;
    assert_eq!(status, 202);
    let (status, problem) = send(&bot, "/webhooks/jenkins", &[], &event).await;
    assert_eq!(status, 401);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("JENKINS_WEBHOOK_SECRET"),
        "{problem}"
    );
    let (status, _) = send(&bot, "/webhooks/heroku", &[], &event).await;
    assert_eq!(status, 404, "switched off");
    let answer = bot.ask("ana", "#ops", "/em-agent doctor").await;
    let shown = bot.text(&answer);
    assert!(
        shown.contains("Webhooks of Kubernetes are taken in without any proof"),
        "{shown}"
    );
    bot.finish().await;
}

async fn what_was_not_understood_is_listed_and_read_again_after_a_fix(database: TestDatabase) {
    let bot = bot(database, "").await;
    let headers = [("x-gitlab-token", SECRET), ("x-gitlab-event", "Moon Hook")];
    let (status, _) = send(
        &bot,
        "/webhooks/gitlab",
        &headers,
        &json!({ "object_kind": "moon" }),
    )
    .await;
    assert_eq!(status, 202, "what is unknown is kept");
    bot.folded().await;
    let letters = bot
        .database
        .store
        .dead_letters()
        .list(Some("gitlab"), 10)
        .await
        .unwrap();
    assert_eq!(letters.len(), 1, "{letters:?}");
    let answer = bot.ask("ana", "#ops", "/em-agent integrations gitlab").await;
    assert!(bot.text(&answer).contains("not understood"), "it is shown");

    // After a fix the same event states something.
    let world = bot.leave().await;
    let store = &world.database.store;
    assert_eq!(store.dead_letters().retry(None, Some("github")).await.unwrap(), 0);
    assert_eq!(
        store
            .dead_letters()
            .retry(Some(&letters[0].id), None)
            .await
            .unwrap(),
        1
    );
    assert!(store.dead_letters().list(None, 10).await.unwrap().is_empty());
    let understood = |_: &em_domain::event::RawEvent| em_domain::fact::Normalised::Changes(Vec::new());
    let folded = store.facts().fold_pending(10, understood).await.unwrap();
    assert_eq!((folded.events, folded.unrecognised), (1, 0));
    world.finish().await;
}

async fn a_test_event_comes_in_as_a_delivery_of_its_system_would(database: TestDatabase) {
    let bot = bot(database, "").await;
    for (name, title) in [("gitlab", "GitLab"), ("heroku", "Heroku"), ("datadog", "Datadog")] {
        let answer = bot
            .ask("ana", "#ops", &format!("/em-agent integrations {name}"))
            .await;
        let sent = bot.user("ana").clicks(&answer, "integrations.test").unwrap();
        assert!(sent.await.is_acked());
        let words = format!("A test event of *{title}* came in");
        bot.until(|w| {
            let mut to_ana = w.messages("#ops").filter(|m| m.ephemeral_for.is_some());
            to_ana.find(|m| w.message_text(m).contains(&words)).map(|_| ())
        })
        .await;
    }
    bot.folded().await;
    let events = bot.database.store.events();
    let sources = events.list_sources().await.unwrap();
    let sources: Vec<&str> = sources.iter().map(|one| one.source.as_str()).collect();
    assert_eq!(sources, ["trial"], "no system was heard of");
    assert!(events.list_unrecognised().await.unwrap().is_empty());
    let answer = bot.ask("ana", "#ops", "/em-agent integrations heroku").await;
    let text = bot.text(&answer);
    assert!(text.contains("nothing came yet"), "{text}");

    let answer = bot.ask("ana", "#ops", "/em-agent integrations jenkins").await;
    let clicked = bot.user("ana").clicks(&answer, "integrations.test");
    assert!(clicked.is_err(), "without a secret there is no button");
    bot.finish().await;
}

/// A key and its certificate that were made for tests.
const KEY: &[u8] = include_bytes!("../../integrations/tests/conformance/certificates/signer.pk8");
const CERTIFICATE: &[u8] = include_bytes!("../../integrations/tests/conformance/certificates/signer.pem");
const TOPIC: &str = "arn:aws:sns:us-west-2:123456789012:alarms";

/// A message as SNS sends it: signed over these fields (docs.aws.amazon.com/sns, "Verifying the signatures of messages").
fn from_amazon(topic: &str) -> Value {
    let mut message = json!({
        "Type": "SubscriptionConfirmation",
        "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
        "Token": "2336412f37",
        "TopicArn": topic,
        "Message": "You have chosen to subscribe.",
        "SubscribeURL": "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37",
        "Timestamp": "2026-01-15T09:59:00.000Z",
        "SignatureVersion": "2",
        "SigningCertURL": "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-1.pem",
    });
    let names = [
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ];
    let values = names
        .iter()
        .flat_map(|name| [*name, "\n", message[*name].as_str().unwrap(), "\n"]);
    let lines: String = values.collect();
    let key = RsaKeyPair::from_pkcs8(KEY).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        lines.as_bytes(),
        &mut signature,
    )
    .unwrap();
    message["Signature"] = STANDARD.encode(signature).into();
    message
}

async fn amazon_is_believed_by_its_certificate_and_its_subscription_confirmed(database: TestDatabase) {
    let amazon = Web::start().await.unwrap();
    let setting = Setting {
        toml: format!("[integrations.cloudwatch]\napi_url = \"{}\"", amazon.url("")),
        environment: vec![("CLOUDWATCH_WEBHOOK_SECRET", TOPIC.to_owned())],
        ..Setting::default()
    };
    let bot = TestBot::start_with(database, setting).await;
    let plain = [("content-type", "text/plain; charset=UTF-8")];
    let (status, _) = send(&bot, "/webhooks/cloudwatch", &plain, &from_amazon(TOPIC)).await;
    assert_eq!(
        status, 503,
        "without the certificate nobody knows yet: Amazon sends it again"
    );

    amazon.put(
        "/SimpleNotificationService-1.pem",
        "application/x-pem-file",
        CERTIFICATE,
    );
    let strange = from_amazon("arn:aws:sns:us-west-2:123456789012:of-somebody-else");
    let asked = amazon.visits().len();
    let (status, problem) = send(&bot, "/webhooks/cloudwatch", &plain, &strange).await;
    assert_eq!(status, 401, "{problem}");
    assert_eq!(amazon.visits().len(), asked, "strangers have nothing asked");
    let confirmed = || {
        amazon
            .visits()
            .iter()
            .filter(|visit| visit.path == "/" && visit.status == 200)
            .count()
    };
    assert_eq!(confirmed(), 0, "a strange topic is not subscribed to");

    let (status, _) = send(&bot, "/webhooks/cloudwatch", &plain, &from_amazon(TOPIC)).await;
    assert_eq!(
        status, 503,
        "the subscription cannot be confirmed: Amazon offers it again"
    );
    amazon.put("/", "text/xml", "<ConfirmSubscriptionResponse/>");
    let (status, answer) = send(&bot, "/webhooks/cloudwatch", &plain, &from_amazon(TOPIC)).await;
    assert_eq!(
        (status, answer["status"].as_str()),
        (202, Some("stored")),
        "{answer}"
    );
    assert_eq!(confirmed(), 1);
    bot.finish().await;
}
