//! `/em-agent policy` and what it decides: who may do what, why, what changes with other rules, and what happens when
//! the rules are broken or their server is away.

use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use em_commands::policy;
use em_domain::action::Action;
use em_domain::clock::{Clock as _, SystemClock};
use em_domain::id::DecisionId;
use em_domain::policy::{
    Actor, Approver, AskedAt, PolicyInput, PolicyVerdict, Question, RecordedDecision, SignalInput,
};
use em_storage::testing::TestDatabase;
use em_tests::{PATIENCE, both_engines};
use serde_json::json;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::process::Program;
use crate::scene::{Scene, assert_snapshot};

const ROLES: &str = "[policy.roles]\nmanager = [\"U0ANA\", \"Ben-K\"]\n[people]\nU0BEN = \"ben-k\"\n";

both_engines!(
    people_see_what_is_in_force_and_what_it_says,
    the_bot_itself_is_looked_after_by_managers,
    every_way_in_asks_the_policy,
    changed_rules_are_in_force_within_seconds_and_broken_ones_are_named,
    what_is_decided_is_kept_and_can_be_put_to_other_rules,
    a_policy_server_decides_and_without_it_the_answer_is_no,
);

/// A policy that lets everything pass but what begins with `forbidden`.
fn rules_against(forbidden: &str) -> String {
    format!(
        "package em_agent\n\
         default decision := {{\"verdict\": \"allow\", \"reason\": \"why not\", \"risk\": \"low\"}}\n\
         decision := {{\"verdict\": \"deny\", \"reason\": \"Not in `this` <house>.\"}} if {{\n\
         \tstartswith(input.action.kind, \"{forbidden}\")\n\
         }}\n\
         reaction := {{\"notify\": true, \"reason\": \"told\"}}\n"
    )
}

fn write(folder: &Path, text: &str) {
    // As editors do it: the file is there whole or not at all.
    let new = folder.join(".own.rego.new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(&new, folder.join("own.rego")).unwrap();
}

/// What a guest, who is not in #ops, is answered.
async fn guest(scene: &Scene, text: &str) -> String {
    let answer = scene.bot.ask("eve", "#payments", text).await;
    scene.bot.text(&answer)
}

async fn wants(scene: &Scene, user: &str, action: Action) -> PolicyInput {
    let ctx = &scene.bot.bot.ctx;
    PolicyInput {
        actor: policy::actor(ctx, &scene.bot.user(user).id.as_str().into()).await,
        action,
        facts: [("ci".to_owned(), json!("green"))].into(),
        time: policy::asked_at(ctx),
    }
}

async fn people_see_what_is_in_force_and_what_it_says(database: TestDatabase) {
    let scene = Scene::start_with(database, ROLES).await;
    let shown = scene.answer("chloe", "/em-agent policy").await;
    assert!(
        shown.contains("In force: *the shipped rules*, version `"),
        "{shown}"
    );
    assert!(
        shown.contains("since Thu 15 Jan 10:00") && shown.contains("manager: 2 people"),
        "{shown}"
    );

    let explained = scene
        .answer(
            "chloe",
            "/em-agent policy explain github.merge acme/api#12 base_ref=main ci=green",
        )
        .await;
    let (above, _) = explained.split_once("Policy `").unwrap();
    assert_snapshot!(above, @r"
    em-agent (only chloe sees this):
      `github.merge acme/api#12` · high risk
      People would be asked first. What reaches users needs two people who agree and type its name.
      • 2 people must agree: somebody with the role manager.
      • Whoever proposed it, or wrote the change, does not count.
      • Who agrees types the name of the target.
      • The question lapses after 4 h.
      • After half of that time this is asked too: somebody with the role manager.
      *Rules*
      :x: does not apply · I only act on systems that the rules know.
      :x: does not apply · Nothing is merged while its checks are red.
      :x: does not apply · Nothing is merged while a reviewer wants changes.
      :x: does not apply · Nothing of high risk is done during a freeze.
      :x: does not apply · No rule knows this kind of action, so those who lead decide.
      :x: does not apply · What people propose themselves is done at once if it is easily undone.
      :x: does not apply · What the bot proposes itself, or a guest does, needs one person who agrees.
      :x: does not apply · What changes the work of others needs one more person who agrees.
      :x: does not apply · Outside working time a deployment to production waits for 48 quiet hours, or for people who agree.
      :white_check_mark: applies · What reaches users needs two people who agree and type its name.
      :white_check_mark: applies · What is of high risk needs one more person who agrees and types its name.
      · As if you proposed it now, with `base_ref=main`, `ci=green`.
    ");
    let refused = scene
        .answer("ana", "/em-agent policy explain github.merge acme/api#12 ci=red")
        .await;
    assert!(
        refused.contains("It would be refused. Nothing is merged while its checks are red."),
        "{refused}"
    );
    let own = scene
        .answer("chloe", "/em-agent policy explain github.comment acme/api#12")
        .await;
    assert!(own.contains("It would be done at once."), "{own}");
    let guests = guest(&scene, "/em-agent policy explain github.comment acme/api#12").await;
    assert!(guests.contains("People would be asked first."), "{guests}");
    let two = scene.answer("ana", "/em-agent policy explain a b c").await;
    assert!(two.contains("I do not understand “c”"), "{two}");
    let asked = scene.bot.database.store.decisions();
    let kept = asked
        .list_since(scene.bot.clock.now() - TimeDelta::days(1), None, 10)
        .await
        .unwrap();
    assert!(
        kept.is_empty(),
        "a question of the kind “what if” is not kept: {kept:?}"
    );
    scene.finish().await;
}

async fn the_bot_itself_is_looked_after_by_managers(database: TestDatabase) {
    let scene = Scene::start_with(database, ROLES).await;
    let refused = scene.answer("chloe", "/em-agent policy backtest").await;
    assert_snapshot!(refused, @r"
    em-agent (only chloe sees this):
      You are not allowed to do that, so nothing was changed. This looks after the bot or speaks for the team, so it is for people with the role manager or admin, or for all members of the workspace where nobody has such a role.
    ");
    for manager in ["ana", "ben"] {
        // One by their Slack id, one by their account on GitHub.
        let allowed = scene.answer(manager, "/em-agent policy backtest").await;
        assert!(allowed.contains("policy.candidate_dir"), "{allowed}");
    }
    let scene = scene.restart("").await;
    let member = scene.answer("chloe", "/em-agent policy backtest").await;
    assert!(member.contains("policy.candidate_dir"), "{member}");
    let guest = guest(&scene, "/em-agent policy backtest").await;
    assert!(guest.contains("You are not allowed to do that"), "{guest}");
    scene.finish().await;
}

async fn every_way_in_asks_the_policy(database: TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &rules_against("click."));
    let scene = Scene::start_with(
        database,
        &format!("[policy]\ndir = \"{}\"\n", folder.path().display()),
    )
    .await;
    scene.pull("Retry failed payouts", "ben-k").await;
    let list = scene.bot.ask("ana", "#ops", "/em-agent triage").await;
    let clicked = scene
        .click("ana", &list, crate::scene::entry(&list, 1, "Nudge"))
        .await;
    assert_snapshot!(scene.bot.text(&clicked), @r"
    em-agent (only ana sees this):
      You are not allowed to do that, so nothing was changed. Not in `this` <house>.
    ");
    assert!(scene.direct("ben").is_empty(), "nobody was nudged");

    write(folder.path(), &rules_against("command.triage"));
    let typed = until(&scene, "/em-agent triage", "You are not allowed").await;
    assert!(
        typed.contains("Not in `this` <house"),
        "rules may mark code: {typed}"
    );
    let other = scene.answer("ana", "/em-agent whoami").await;
    assert!(other.contains("You are"), "{other}");
    scene.finish().await;
}

/// Types until the answer has these words; the rules are read again every two seconds.
async fn until(scene: &Scene, command: &str, words: &str) -> String {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let answer = scene.answer("ana", command).await;
        if answer.contains(words) {
            return answer;
        }
        assert!(tokio::time::Instant::now() < deadline, "no “{words}” in {answer}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn changed_rules_are_in_force_within_seconds_and_broken_ones_are_named(database: TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &rules_against("command.link"));
    let scene = Scene::start_with(
        database,
        &format!("[policy]\ndir = \"{}\"\n", folder.path().display()),
    )
    .await;
    assert!(
        scene
            .answer("ana", "/em-agent link github ana")
            .await
            .contains("not allowed")
    );

    write(folder.path(), "package em_agent\ndecision := {\n");
    let shown = until(&scene, "/em-agent policy", "Newer files cannot be used").await;
    assert!(shown.contains("own.rego, line 3, column"), "{shown}");
    let sick = scene.answer("ana", "/em-agent doctor").await;
    assert!(
        sick.contains("The changed policy cannot be used") && sick.contains("own.rego, line 3"),
        "{sick}"
    );
    let still = scene.answer("ana", "/em-agent link github ana").await;
    assert!(
        still.contains("not allowed"),
        "what was in force still is: {still}"
    );

    write(folder.path(), &rules_against("command.whoami"));
    until(&scene, "/em-agent whoami", "not allowed").await;
    let mended = scene.answer("ana", "/em-agent policy").await;
    assert!(!mended.contains("cannot be used"), "{mended}");
    scene.finish().await;
}

async fn what_is_decided_is_kept_and_can_be_put_to_other_rules(database: TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &rules_against("github.label"));
    let toml = format!("[policy]\ncandidate_dir = \"{}\"\n", folder.path().display());
    let scene = Scene::start_with(database, &toml).await;
    let ctx = &scene.bot.bot.ctx;
    let url = Some("https://github.com/acme/api/pull/12");
    let label = wants(
        &scene,
        "ana",
        Action::new("github.label", "acme/api#12").with("label", "stale"),
    )
    .await;
    let close = wants(&scene, "ana", Action::new("github.close", "acme/api#12")).await;
    let comment = wants(&scene, "ana", Action::new("github.comment", "acme/api#12")).await;
    assert_eq!(
        policy::decide(ctx, label.clone(), url).await.verdict,
        PolicyVerdict::Allow
    );
    assert!(matches!(
        policy::decide(ctx, close, url).await.verdict,
        PolicyVerdict::NeedsApproval(terms) if terms.approvers == [Approver::Anyone]
    ));
    assert_eq!(
        policy::decide(ctx, comment, None).await.verdict,
        PolicyVerdict::Allow
    );
    let signal = SignalInput {
        signal: json!({"kind": "stale_pr", "subject": "acme/api#9", "age_hours": 1000}),
        time: policy::asked_at(ctx),
    };
    let reaction = policy::react(ctx, signal, None).await;
    assert_eq!(reaction.propose, [Action::new("github.close", "acme/api#9")]);

    let kept = scene.bot.database.store.decisions();
    let kept = kept.list_since(scene.bot.clock.now(), None, 10).await.unwrap();
    let shown = |kept: &RecordedDecision| (kept.subject.clone(), kept.verdict.clone(), kept.url.is_some());
    let mut shown: Vec<_> = kept.iter().map(shown).collect();
    shown.sort();
    let row = |subject: &str, verdict: &str, has_url| (subject.to_owned(), verdict.to_owned(), has_url);
    assert_eq!(
        shown,
        [
            row("github.close acme/api#12", "needs_approval", true),
            row("github.comment acme/api#12", "allow", false),
            row("github.label acme/api#12", "allow", true),
            row("stale_pr acme/api#9", "told_and_proposed", false),
        ]
    );
    let labelled = kept
        .iter()
        .find(|kept| kept.subject.starts_with("github.label"))
        .unwrap();
    assert_eq!(
        serde_json::from_value::<PolicyInput>(labelled.input.clone()).unwrap(),
        label
    );

    scene.bot.clock.advance(TimeDelta::days(2));
    let found = scene
        .answer("ana", "/em-agent policy backtest 7d")
        .await
        .replace('\u{2060}', "");
    for words in [
        "4 questions were asked since",
        "1 would have been done at once",
        "1 would have been refused",
        "1 would have had another reaction",
        "done at once → refused: Not in `this` <house>.",
        "<https://github.com/acme/api/pull/12>",
    ] {
        assert!(found.contains(words), "{words} in {found}");
    }
    let today = scene.answer("ana", "/em-agent policy backtest 1d").await;
    assert!(today.contains("0 questions were asked"), "{today}");
    scene.finish().await;
}

async fn a_policy_server_decides_and_without_it_the_answer_is_no(database: TestDatabase) {
    let server = MockServer::start().await;
    let answer = |rule: &str, answer: ResponseTemplate| {
        Mock::given(method("POST"))
            .and(path(format!("/v1/data/em_agent/{rule}")))
            .respond_with(answer)
            .mount(&server)
    };
    let allow = json!({"result": {"verdict": "allow", "reason": "The server says so.", "risk": "low"}});
    answer("decision", ResponseTemplate::new(200).set_body_json(allow)).await;
    let told = json!({"result": {"notify": false, "reason": "Quiet."}});
    answer("reaction", ResponseTemplate::new(200).set_body_json(told)).await;
    let scene = Scene::start_with(database, &format!("[policy]\nopa_url = \"{}\"\n", server.uri())).await;
    let ctx = &scene.bot.bot.ctx;
    let merge = wants(&scene, "ana", Action::new("github.merge", "acme/api#12")).await;
    let signal = SignalInput {
        signal: json!({"kind": "stale_pr"}),
        time: policy::asked_at(ctx),
    };
    let decided = policy::decide(ctx, merge.clone(), None).await;
    assert_eq!(
        (decided.verdict, decided.policy.as_str()),
        (PolicyVerdict::Allow, "opa")
    );
    assert!(!policy::react(ctx, signal.clone(), None).await.notify);
    assert!(
        scene
            .answer("ana", "/em-agent doctor")
            .await
            .contains("The policy server answers")
    );

    server.reset().await;
    answer(
        "decision",
        ResponseTemplate::new(200).set_body_json(json!({"result": {"allow": true}})),
    )
    .await;
    let garbage = policy::decide(ctx, merge.clone(), None).await;
    assert_eq!(garbage.verdict, PolicyVerdict::Deny);
    assert!(
        garbage.reason.contains("unknown field `allow`"),
        "{}",
        garbage.reason
    );

    drop(server);
    let down = policy::decide(ctx, merge, None).await;
    assert_eq!(down.verdict, PolicyVerdict::Deny);
    assert!(
        down.reason.contains("The policy could not decide"),
        "{}",
        down.reason
    );
    let reaction = policy::react(ctx, signal, None).await;
    assert!(
        reaction.notify && reaction.propose.is_empty(),
        "people are told all the same"
    );
    let works = scene.answer("ana", "/em-agent whoami").await;
    assert!(works.contains("You are"), "commands need no server: {works}");
    let sick = scene.answer("ana", "/em-agent doctor").await;
    assert!(sick.contains("The policy server cannot be used"), "{sick}");
    scene.finish().await;
}

#[tokio::test]
async fn rules_are_tried_on_the_command_line_before_they_are_in_force() {
    let program = Program::new();
    let shipped = program.run(&["policy", "test"]).await;
    assert_eq!(shipped.code, Some(0), "{shipped:?}");
    assert!(
        shipped.stdout.contains("the shipped rules: ") && shipped.stdout.contains(" tests, 0 failed"),
        "{shipped:?}"
    );

    let own = rules_against("github.");
    let tests = "test_labels_are_refused if decision.verdict == \"deny\" with input.action.kind as \"github.label\"\n\
                 test_posts_are_refused if decision.verdict == \"deny\" with input.action.kind as \"slack.post\"\n";
    let file = program.write("own.rego", format!("{own}{tests}"));
    let tried = program.run(&["policy", "test", &file]).await;
    assert_eq!(tried.code, Some(1), "{tried:?}");
    assert!(
        tried.stdout.contains("ok    em_agent.test_labels_are_refused"),
        "{tried:?}"
    );
    assert!(
        tried
            .stdout
            .contains("FAIL  em_agent.test_posts_are_refused: it does not hold"),
        "{tried:?}"
    );

    let broken = program.write("broken.rego", "package em_agent\nx := {\n");
    let refused = program.run(&["policy", "test", &broken]).await;
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("broken.rego, line 3, column"),
        "{refused:?}"
    );
    let refused = program
        .env("EM_AGENT__POLICY__DIR", &broken)
        .run(&["config", "check"])
        .await;
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("policy.dir: broken.rego, line 3"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_backtest_on_the_command_line_lists_every_difference_also_as_json() {
    let program = Program::new();
    assert_eq!(program.run(&["migrate"]).await.code, Some(0));
    let now = SystemClock.now();
    let input = PolicyInput {
        actor: Actor {
            slack_user: Some("U1".into()),
            ..Actor::default()
        },
        action: Action::new("github.label", "acme/api#12"),
        facts: [].into(),
        time: AskedAt {
            now,
            weekday: "mon".to_owned(),
            hour: 10,
            is_working_time: true,
        },
    };
    let store = program.store().await;
    let asked = RecordedDecision {
        id: DecisionId::new(ulid::Ulid::new()),
        at: now - TimeDelta::days(3),
        question: Question::Action,
        subject: input.action.to_string(),
        url: Some("https://github.com/acme/api/pull/12".to_owned()),
        input: serde_json::to_value(&input).unwrap(),
        verdict: "allow".to_owned(),
        reason: String::new(),
        policy: "0".to_owned(),
    };
    store.decisions().record(&asked).await.unwrap();
    store.close().await;

    let file = program.write("own.rego", rules_against("github."));
    let shown = program.run(&["policy", "backtest", &file]).await;
    assert_eq!(shown.code, Some(0), "{shown:?}");
    for words in [
        "Questions since 20",
        "1 would have been refused",
        "github.label acme/api#12  done at once -> refused  https://github.com/acme/api/pull/12",
    ] {
        assert!(shown.stdout.contains(words), "{words} in {shown:?}");
    }
    let json = program.run(&["policy", "backtest", "--json", &file]).await;
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        (&json["questions"], &json["differences"][0]["shift"]),
        (&json!(1), &json!("would_refuse"))
    );
    let tomorrow = (now + TimeDelta::days(1)).format("%Y-%m-%d").to_string();
    let none = program
        .run(&["policy", "backtest", "--since", &tomorrow, &file])
        .await;
    assert!(
        none.stdout.contains(&format!("Questions since {tomorrow}: 0")),
        "{none:?}"
    );
}
