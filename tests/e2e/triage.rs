//! `/em-agent triage`: what is stuck, and who must move.

use chrono::Duration;
use em_simulator::github::{NewDeployment, NewPull, NewRun};
use em_storage::testing::TestDatabase;
use em_tests::both_engines;

use crate::scene::{REPO, Scene, assert_snapshot, entry, january};

both_engines!(
    every_open_pull_request_stands_under_whose_turn_it_is,
    drafts_and_bots_are_shown_and_labels_left_out_as_configured,
    the_longest_wait_comes_first_and_a_weekend_does_not_count,
    mine_is_found_by_the_address_in_commits,
    mine_is_found_by_link_and_by_configuration,
    who_is_not_linked_is_told_how_to_link,
    a_team_sees_its_own_and_an_unknown_team_is_told_which_there_are,
    red_default_branches_and_failed_deployments_are_shown,
    an_empty_list_is_one_friendly_sentence,
    hostile_titles_neither_ping_nor_format,
    of_hundreds_the_first_are_shown_and_the_rest_is_counted,
    refresh_puts_the_list_of_now_in_place_of_the_old_one,
    why_here_shows_the_rule_and_the_evidence,
    open_does_nothing_else,
    a_second_list_word_is_refused_in_words,
);

async fn every_open_pull_request_stands_under_whose_turn_it_is(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let asked = scene.pull("Retry failed payouts", "ben-k").await;
    scene
        .tell(&asked.request_review("ben-k", "chloe-m", january(13, 11)))
        .await;
    scene.pull("Rename the ledger", "ben-k").await;
    let changes = scene.pull("Round half to even", "dmitri-v").await;
    scene
        .tell(&changes.review("chloe-m", "changes_requested", january(13, 12)))
        .await;
    let remarks = scene.pull("Log the request id", "dmitri-v").await;
    scene
        .tell(&remarks.review("chloe-m", "commented", january(13, 13)))
        .await;
    let conflicts = scene.pull("Move to the new client", "fatima-k").await;
    conflicts.set_mergeable(Some(false), "dirty");
    scene
        .tell(&conflicts.label("fatima-k", "backend", january(13, 14)))
        .await;
    let red = scene.pull("Drop the old table", "fatima-k").await;
    let (run, started) = red.start_run("CI", january(14, 9));
    scene.tell(&started).await;
    scene
        .tell(&scene.github.finish_run(REPO, run, "failure", january(14, 10)))
        .await;
    let running = scene.pull("Cache exchange rates", "ben-k").await;
    scene
        .tell(&running.review("chloe-m", "approved", january(14, 11)))
        .await;
    scene.tell(&running.start_run("CI", january(15, 9)).1).await;
    let ready = scene.pull("Fix the time zone of receipts", "ben-k").await;
    scene
        .tell(&ready.review("chloe-m", "approved", january(14, 12)))
        .await;

    assert_snapshot!(scene.answer("ana", "/em-agent triage").await, @r"
    em-agent (only ana sees this):
      # What is stuck, and who must move
      *8* open pull requests wait
      *Waiting for a reviewer · 2*
      *Rename the ledger <https://github.com/acme/payments/pull/2>*
      acme/payments#2 · by ben-k · 2 d of working time since Tue 13 Jan 10:00
      Nobody has been asked to review yet; the author can ask somebody
      [⋯ Why here? | Nudge | Snooze… | Open]
      *Retry failed payouts <https://github.com/acme/payments/pull/1>*
      acme/payments#1 · by ben-k · 1 d 7 h of working time since Tue 13 Jan 11:00
      *chloe-m* to review
      [⋯ Why here? | Nudge | Snooze… | Open]
      *Waiting for the author · 3*
      *Round half to even <https://github.com/acme/payments/pull/3>*
      acme/payments#3 · by dmitri-v · 1 d 6 h of working time since Tue 13 Jan 12:00
      *dmitri-v* to act on the review <https://github.com/acme/payments/pull/3#pullrequestreview-1010>: changes requested, nothing pushed since
      [⋯ Why here? | Nudge | Snooze… | Open]
      *Log the request id <https://github.com/acme/payments/pull/4>*
      acme/payments#4 · by dmitri-v · 1 d 5 h of working time since Tue 13 Jan 13:00
      *dmitri-v* to answer the review <https://github.com/acme/payments/pull/4#pullrequestreview-1014>
      [⋯ Why here? | Nudge | Snooze… | Open]
      *Move to the new client <https://github.com/acme/payments/pull/5>*
      acme/payments#5 · by fatima-k · 1 d 4 h of working time since Tue 13 Jan 14:00
      *fatima-k* to resolve conflicts with the base branch
      [⋯ Why here? | Nudge | Snooze… | Open]
      *Ready to merge · 1*
      *Fix the time zone of receipts <https://github.com/acme/payments/pull/8>*
      acme/payments#8 · by ben-k · 6 h of working time since Wed 14 Jan 12:00
      *ben-k* to merge: it is approved
      [⋯ Why here? | Nudge | Snooze… | Open]
      *Waiting for CI · 2*
      *Drop the old table <https://github.com/acme/payments/pull/6>*
      acme/payments#6 · by fatima-k · 1 d of working time since Wed 14 Jan 10:00
      *fatima-k* to look at CI <https://github.com/acme/payments/actions/runs/1022>: it failed
      [⋯ Why here? | Nudge | Snooze… | Open]
      *Cache exchange rates <https://github.com/acme/payments/pull/7>*
      acme/payments#7 · by ben-k · 1 h of working time since Thu 15 Jan 09:00
      Approved; CI <https://github.com/acme/payments/actions/runs/1029> has not finished
      [⋯ Why here? | Nudge | Snooze… | Open]
      · As of Thu 15 Jan 10:00. Waits count working hours: Mon–Fri 09:00–17:00, UTC
      [Post to channel] [Refresh]
    ");

    scene
        .tell(&asked.review("chloe-m", "approved", january(15, 10)))
        .await;
    scene.tell(&ready.merge("ben-k", january(15, 10))).await;
    let later = scene.answer("ana", "/em-agent triage").await;
    assert!(
        !later.contains("receipts"),
        "merged, and so no longer waiting:\n{later}"
    );
    let merge = later.split("Ready to merge").nth(1).unwrap();
    assert!(
        merge.contains("Retry failed payouts"),
        "approved, and so to be merged:\n{later}"
    );
    scene.finish().await;
}

async fn drafts_and_bots_are_shown_and_labels_left_out_as_configured(database: TestDatabase) {
    let scene = Scene::start(database).await;
    scene
        .open(
            &NewPull {
                draft: true,
                ..NewPull::new("Half an idea", "ben-k")
            },
            january(13, 10),
        )
        .await;
    scene
        .open(&NewPull::new("Bump serde", "dependabot[bot]"), january(13, 10))
        .await;
    let labels = vec!["On Hold".to_owned()];
    scene
        .open(
            &NewPull {
                labels,
                ..NewPull::new("Parked for the audit", "ben-k")
            },
            january(13, 10),
        )
        .await;

    let usual = scene.answer("ana", "/em-agent triage").await;
    let shown = |text: &str| ["Half an idea", "Bump serde", "Parked"].map(|title| text.contains(title));
    assert_eq!(shown(&usual), [false, false, true], "{usual}");

    let toml = "[triage]\ninclude_drafts = true\ninclude_bots = true\nignored_labels = [\"on hold\"]\n";
    let scene = scene.restart(toml).await;
    let configured = scene.answer("ana", "/em-agent triage").await;
    assert_eq!(shown(&configured), [true, true, false], "{configured}");
    scene.finish().await;
}

async fn the_longest_wait_comes_first_and_a_weekend_does_not_count(database: TestDatabase) {
    let toml = "[calendar]\nholidays = [\"2026-01-14\"]\n";
    let scene = Scene::start_with(database, toml).await;
    scene
        .open(&NewPull::new("Opened on Wednesday", "ben-k"), january(14, 9))
        .await;
    scene
        .open(&NewPull::new("Opened on Monday", "ben-k"), january(12, 9))
        .await;
    scene
        .open(&NewPull::new("Opened on Friday evening", "ben-k"), january(9, 16))
        .await;
    scene
        .open(&NewPull::new("Opened in the night", "ben-k"), january(15, 3))
        .await;

    assert_snapshot!(scene.answer("ana", "/em-agent triage").await, @r"
    em-agent (only ana sees this):
      # What is stuck, and who must move
      *4* open pull requests wait
      *Waiting for a reviewer · 4*
      *Opened on Friday evening <https://github.com/acme/payments/pull/3>*
      acme/payments#3 · by ben-k · 2 d 2 h of working time since Fri 9 Jan 16:00
      Nobody has been asked to review yet; the author can ask somebody
      [⋯ Why here? | Nudge | Snooze… | Open]
      *Opened on Monday <https://github.com/acme/payments/pull/2>*
      acme/payments#2 · by ben-k · 2 d 1 h of working time since Mon 12 Jan 09:00
      Nobody has been asked to review yet; the author can ask somebody
      [⋯ Why here? | Nudge | Snooze… | Open]
      *Opened on Wednesday <https://github.com/acme/payments/pull/1>*
      acme/payments#1 · by ben-k · 1 h of working time since Wed 14 Jan 09:00
      Nobody has been asked to review yet; the author can ask somebody
      [⋯ Why here? | Nudge | Snooze… | Open]
      *Opened in the night <https://github.com/acme/payments/pull/4>*
      acme/payments#4 · by ben-k · 1 h of working time since Thu 15 Jan 03:00
      Nobody has been asked to review yet; the author can ask somebody
      [⋯ Why here? | Nudge | Snooze… | Open]
      · As of Thu 15 Jan 10:00. Waits count working hours: Mon–Fri 09:00–17:00, UTC
      [Post to channel] [Refresh]
    ");
    scene.finish().await;
}

async fn mine_is_found_by_the_address_in_commits(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let pull = scene.pull("Retry failed payouts", "ben-k").await;
    scene
        .tell(&pull.request_review("ben-k", "chloe-m", january(13, 11)))
        .await;
    scene.pull("Nobody was asked about this", "ben-k").await;
    let (_, mut push) = scene.github.push(REPO, "chloe-m", "Tidy up", january(14, 9));
    push.body["commits"][0]["author"]["email"] = "Chloe@acme.example".into();
    scene.tell(&push).await;

    assert_snapshot!(scene.answer("chloe", "/em-agent triage mine").await, @r"
    em-agent (only chloe sees this):
      # What waits for you
      *1* open pull request waits
      *Waiting for your review · 1*
      *Retry failed payouts <https://github.com/acme/payments/pull/1>*
      acme/payments#1 · by ben-k · 1 d 7 h of working time since Tue 13 Jan 11:00
      *@chloe* to review
      [⋯ Why here? | Nudge | Snooze… | Open]
      · As of Thu 15 Jan 10:00. Waits count working hours: Mon–Fri 09:00–17:00, UTC
      [Refresh]
    ");
    scene.finish().await;
}

async fn mine_is_found_by_link_and_by_configuration(database: TestDatabase) {
    let scene = Scene::start_with(database, "[people]\nU0BEN = \"ben-k\"\n").await;
    let pull = scene.pull("Retry failed payouts", "ben-k").await;
    scene
        .tell(&pull.request_review("ben-k", "chloe-m", january(13, 11)))
        .await;
    let other = scene.pull("Round half to even", "ben-k").await;
    scene
        .tell(&other.review("chloe-m", "changes_requested", january(13, 12)))
        .await;

    let linked = scene.answer("chloe", "/em-agent link github Chloe-M").await;
    assert!(linked.contains("Linked: you are *Chloe-M*"), "{linked}");
    let chloes = scene.answer("chloe", "/em-agent TRIAGE Mine").await;
    assert!(
        chloes.contains("Retry failed payouts") && !chloes.contains("Round half"),
        "{chloes}"
    );
    let bens = scene.answer("ben", "/em-agent triage mine").await;
    assert!(
        bens.contains("Round half to even") && !bens.contains("Retry failed"),
        "{bens}"
    );
    scene.finish().await;
}

async fn who_is_not_linked_is_told_how_to_link(database: TestDatabase) {
    let scene = Scene::start(database).await;
    assert_snapshot!(scene.answer("fatima", "/em-agent triage mine").await, @r"
    em-agent (only fatima sees this):
      I do not know your GitHub account yet. Write `/em-agent link github YOUR-LOGIN`, then ask again.
    ");
    scene.finish().await;
}

async fn a_team_sees_its_own_and_an_unknown_team_is_told_which_there_are(database: TestDatabase) {
    let scene = Scene::start(database).await;
    assert_snapshot!(scene.answer("ana", "/em-agent triage --team payments").await, @r"
    em-agent (only ana sees this):
      No teams are configured. An admin can add them to em-agent.toml as `[teams.NAME]`.
    ");
    let toml =
        "[teams.payments]\nrepositories = [\"acme/payments\"]\n[teams.mobile]\nmembers = [\"Fatima-K\"]\n";
    let scene = scene.restart(toml).await;
    scene.pull("Retry failed payouts", "ben-k").await;
    scene.github.add_repo("acme/app", january(2, 9));
    let (_, opened) = scene.github.open_pull(
        "acme/app",
        &NewPull::new("Dark mode", "fatima-k"),
        january(13, 10),
    );
    scene.tell(&opened).await;

    for typed in [
        "/em-agent triage --team payments",
        "/em-agent triage —team Payments",
        "/em-agent triage --team=payments",
    ] {
        let payments = scene.answer("ana", typed).await;
        assert!(
            payments.contains("Retry failed") && !payments.contains("Dark mode"),
            "{typed}:\n{payments}"
        );
    }
    let mobile = scene.answer("ana", "/em-agent triage --team mobile").await;
    assert!(
        mobile.contains("Dark mode") && !mobile.contains("Retry failed"),
        "{mobile}"
    );
    assert_snapshot!(scene.answer("ana", "/em-agent triage --team <!channel>").await, @r"
    em-agent (only ana sees this):
      There is no team of that name. I know: mobile, payments.
    ");
    assert_snapshot!(scene.answer("ana", "/em-agent triage --team").await, @r"
    em-agent (only ana sees this):
      Something is missing after --team.
      It is typed like this: `/em-agent triage [mine] [--team T]`
    ");
    scene.finish().await;
}

async fn red_default_branches_and_failed_deployments_are_shown(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let (sha, push) = scene.github.push(REPO, "ben-k", "Speed up", january(14, 14));
    scene.tell(&push).await;
    let ci = NewRun::on_push("CI", "main", &sha, "ben-k");
    let (run, started) = scene.github.start_run(REPO, &ci, january(14, 14));
    scene.tell(&started).await;
    scene
        .tell(&scene.github.finish_run(REPO, run, "failure", january(14, 15)))
        .await;
    let (environment, reference) = ("production".to_owned(), "main".to_owned());
    let new = NewDeployment {
        environment,
        sha,
        reference,
        by: "ben-k".to_owned(),
    };
    let (deployment, created) = scene.github.deploy(REPO, &new, january(14, 15));
    scene.tell(&created).await;
    scene
        .tell(
            &scene
                .github
                .deployment_status(REPO, deployment, "failure", january(14, 16)),
        )
        .await;

    assert_snapshot!(scene.answer("ana", "/em-agent triage").await, @r"
    em-agent (only ana sees this):
      # What is stuck, and who must move
      *1* default branch is red · *1* deployment failed
      *Default branches that are red · 1*
      • acme/payments, branch main: CI <https://github.com/acme/payments/actions/runs/1003> failing for 3 h, since Wed 14 Jan 15:00
      *Failed deployments · 1*
      • acme/payments to production <https://github.com/acme/payments/deployments> · from main · by ben-k · Wed 14 Jan 16:00
      · As of Thu 15 Jan 10:00. Waits count working hours: Mon–Fri 09:00–17:00, UTC
      [Post to channel] [Refresh]
    ");

    scene.tell(&scene.github.rerun(REPO, run, january(15, 9))).await;
    scene
        .tell(&scene.github.finish_run(REPO, run, "success", january(15, 10)))
        .await;
    let mended = scene.answer("ana", "/em-agent triage").await;
    assert!(!mended.contains("branch main"), "green again:\n{mended}");
    scene.finish().await;
}

async fn an_empty_list_is_one_friendly_sentence(database: TestDatabase) {
    let scene = Scene::start(database).await;
    assert_snapshot!(scene.answer("ana", "/em-agent triage").await, @r"
    em-agent (only ana sees this):
      # What is stuck, and who must move
      Nothing is stuck: no open pull request waits for anybody, no incident is open, no default branch is red, and no deployment failed lately.
      · As of Thu 15 Jan 10:00. Waits count working hours: Mon–Fri 09:00–17:00, UTC
      [Refresh]
    ");
    scene.finish().await;
}

async fn hostile_titles_neither_ping_nor_format(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let titles = [
        "<!channel> *look* _here_ ~now~ `rm -rf`".to_owned(),
        "<@U0BEN> <!subteam^S1> <https://evil.example|click> &lt;!here&gt;".to_owned(),
        "```*_~ line\nbreak > quote".to_owned(),
        "*_~<!everyone>".repeat(10_000 / 14),
        "\u{202e}@channel @here :rotating_light:".to_owned(),
    ];
    for title in &titles {
        scene.pull(title, "ben-k").await;
    }

    let answer = scene.bot.ask("ana", "#ops", "/em-agent triage").await;

    assert_eq!(answer.mentions(), []);
    let rows: Vec<&str> = answer
        .blocks
        .iter()
        .filter_map(|block| block["text"]["text"].as_str())
        .collect();
    let labels: Vec<&str> = rows
        .iter()
        .filter_map(|row| row.split_once('|')?.1.split_once('>'))
        .map(|(label, _)| label)
        .collect();
    assert_eq!(labels.len(), titles.len(), "{rows:#?}");
    for label in labels {
        // Slack formats where such a character stands at the edge of a word; a word joiner is no edge.
        let letters: Vec<char> = label.chars().collect();
        let is_edge = |at: Option<usize>| {
            let letter = at.and_then(|at| letters.get(at));
            !letter.is_some_and(|c| c.is_alphanumeric() || *c == '\u{2060}')
        };
        for (at, letter) in letters.iter().enumerate().filter(|(_, c)| "*_~`<>".contains(**c)) {
            assert!(
                !is_edge(at.checked_sub(1)) && !is_edge(Some(at + 1)),
                "{letter} formats in {label:?}"
            );
        }
        assert!(label.chars().count() < 400, "{label}");
    }
    assert_snapshot!(scene.bot.text(&answer), @r"
    em-agent (only ana sees this):
      # What is stuck, and who must move
      *5* open pull requests wait
      *Waiting for a reviewer · 5*
      *<!channel> *look* _here_ ~now~ `rm -rf` <https://github.com/acme/payments/pull/1>*
      acme/payments#1 · by ben-k · 2 d of working time since Tue 13 Jan 10:00
      Nobody has been asked to review yet; the author can ask somebody
      [⋯ Why here? | Nudge | Snooze… | Open]
      *<@U0BEN> <!subteam^S1> <https://evil.example¦click> &lt;!here&gt; <https://github.com/acme/payments/pull/2>*
      acme/payments#2 · by ben-k · 2 d of working time since Tue 13 Jan 10:00
      Nobody has been asked to review yet; the author can ask somebody
      [⋯ Why here? | Nudge | Snooze… | Open]
      *```*_~ line break > quote <https://github.com/acme/payments/pull/3>*
      acme/payments#3 · by ben-k · 2 d of working time since Tue 13 Jan 10:00
      Nobody has been asked to review yet; the author can ask somebody
      [⋯ Why here? | Nudge | Snooze… | Open]
      **_~<!everyone>*_~<!everyone>*_~<!everyone>*_~<!everyone>*_~<!everyone>*_~<!everyone>*_~<!… <https://github.com/acme/payments/pull/4>*
      acme/payments#4 · by ben-k · 2 d of working time since Tue 13 Jan 10:00
      Nobody has been asked to review yet; the author can ask somebody
      [⋯ Why here? | Nudge | Snooze… | Open]
      *@channel @here :rotating_light: <https://github.com/acme/payments/pull/5>*
      acme/payments#5 · by ben-k · 2 d of working time since Tue 13 Jan 10:00
      Nobody has been asked to review yet; the author can ask somebody
      [⋯ Why here? | Nudge | Snooze… | Open]
      · As of Thu 15 Jan 10:00. Waits count working hours: Mon–Fri 09:00–17:00, UTC
      [Post to channel] [Refresh]
    ");
    scene.finish().await;
}

async fn of_hundreds_the_first_are_shown_and_the_rest_is_counted(database: TestDatabase) {
    let scene = Scene::start(database).await;
    for number in 1..=250 {
        let opened_at = january(5, 9) + Duration::minutes(number);
        let new = NewPull::new(&format!("Change number {number}"), "ben-k");
        scene
            .bot
            .github(&scene.github.open_pull(REPO, &new, opened_at).1)
            .await;
    }
    scene.bot.folded().await;

    let text = scene.answer("ana", "/em-agent triage").await;

    let shown = text.matches("Change number").count();
    assert_eq!(shown, 8, "{text}");
    assert!(text.contains("*250* open pull requests wait"), "{text}");
    assert!(text.contains("and 242 more that have waited less"), "{text}");
    assert!(
        text.contains("/em-agent triage mine"),
        "it says how to see fewer:\n{text}"
    );
    scene.finish().await;
}

async fn refresh_puts_the_list_of_now_in_place_of_the_old_one(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let first = scene.pull("Retry failed payouts", "ben-k").await;
    scene.pull("Rename the ledger", "ben-k").await;
    let answer = scene.bot.ask("ana", "#ops", "/em-agent triage").await;
    scene.tell(&first.merge("ben-k", january(15, 10))).await;

    assert!(
        scene
            .bot
            .user("ana")
            .clicks(&answer, "triage.refresh")
            .unwrap()
            .await
            .is_acked()
    );

    let now = scene.bot.until(|w| {
        let seen = w.seen_by("ana", "#ops");
        let text = w.message_text(seen.last()?);
        (!text.contains("Retry failed")).then_some((seen.len(), text))
    });
    let (messages, text) = now.await;
    assert_eq!(messages, 1, "replaced, not repeated");
    assert!(
        text.contains("Rename the ledger") && text.contains("*1* open pull request waits"),
        "{text}"
    );
    scene.finish().await;
}

async fn why_here_shows_the_rule_and_the_evidence(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let pull = scene
        .open(&NewPull::new("Retry failed payouts", "ben-k"), january(8, 9))
        .await;
    scene
        .tell(&pull.review("chloe-m", "changes_requested", january(9, 15)))
        .await;
    scene.tell(&pull.comment("ben-k", "On it", january(13, 16))).await;
    let (run, _) = pull.start_run("CI", january(13, 10));
    scene
        .tell(&scene.github.finish_run(REPO, run, "success", january(13, 11)))
        .await;
    let answer = scene.bot.ask("ana", "#ops", "/em-agent triage").await;

    let why = scene.click("ana", &answer, entry(&answer, 1, "Why here?")).await;

    assert_snapshot!(scene.bot.text(&why), @r"
    em-agent (only ana sees this):
      *Why is this here?* Retry failed payouts <https://github.com/acme/payments/pull/1> · acme/payments#1
      *Who must move*
      *ben-k* to act on the review <https://github.com/acme/payments/pull/1#pullrequestreview-1004>: changes requested, nothing pushed since
      *Rules, asked in this order*
      ✗ not this: it is not a draft
      *✓ this one: changes were requested and nothing was pushed since*
      *What was looked at*
      • chloe-m: requested changes <https://github.com/acme/payments/pull/1#pullrequestreview-1004>, Fri 9 Jan 15:00
      • Workflow CI <https://github.com/acme/payments/actions/runs/1008>: passed, Tue 13 Jan 11:00
      • 1 comment, the last Tue 13 Jan 16:00
      *How the wait is counted*
      Their turn since Fri 9 Jan 15:00: 5 d 19 h by the clock, *3 d 3 h of working time* (1 d is 8 h)
      Counted: Mon–Fri 09:00–17:00, UTC
      Not counted: 2 days off
      *What would change it*
      Pushing the changes, asking for a new review, or the reviewer dismissing theirs.
    ");
    scene.tell(&pull.merge("ben-k", january(15, 10))).await;
    let gone = scene.click("ana", &answer, entry(&answer, 1, "Why here?")).await;
    assert_snapshot!(scene.bot.text(&gone), @r"
    em-agent (only ana sees this):
      acme/payments#1 has moved on since this list was made: it no longer waits for anybody.
    ");
    scene.finish().await;
}

async fn open_does_nothing_else(database: TestDatabase) {
    let scene = Scene::start(database).await;
    scene.pull("Retry failed payouts", "ben-k").await;
    let answer = scene.bot.ask("ana", "#ops", "/em-agent triage").await;

    let opened = scene
        .bot
        .user("ana")
        .clicks(&answer, entry(&answer, 1, "Open"))
        .unwrap()
        .await;
    assert!(opened.is_acked(), "{opened:?}");

    // The next answer comes after whatever the click could have caused.
    scene.answer("ana", "/em-agent whoami").await;
    let seen = scene.bot.slack.read(|w| w.seen_by("ana", "#ops").len());
    assert_eq!(seen, 2, "the list and the answer to whoami");
    scene.finish().await;
}

async fn a_second_list_word_is_refused_in_words(database: TestDatabase) {
    let scene = Scene::start_with(database, "[teams.payments]\nrepositories = [\"acme/payments\"]\n").await;
    assert_snapshot!(scene.answer("ana", "/em-agent triage mine --team payments").await, @r"
    em-agent (only ana sees this):
      Ask for `triage mine` or `triage --team`, not for both at once.
    ");
    assert_snapshot!(scene.answer("ana", "/em-agent triage mnie").await, @r"
    em-agent (only ana sees this):
      I do not understand “mnie”.
      It is typed like this: `/em-agent triage [mine] [--team T]`
    ");
    assert_snapshot!(scene.answer("ana", "/em-agent triage --help").await, @r"
    em-agent (only ana sees this):
      What is stuck, and who must move.
      It is typed like this: `/em-agent triage [mine] [--team T]`
    ");
    assert_snapshot!(scene.answer("ana", "/em-agent triage --loud").await, @r"
    em-agent (only ana sees this):
      I do not understand “--loud”.
      It is typed like this: `/em-agent triage [mine] [--team T]`
    ");
    scene.finish().await;
}
