//! `/em-agent help`, help on one command, and what an unknown word gets.

use em_storage::testing::TestDatabase;
use em_tests::both_engines;

use crate::scene::{Scene, assert_snapshot};

both_engines!(
    help_lists_every_command,
    help_on_one_command_shows_examples,
    an_unknown_word_gets_the_nearest_command
);

async fn help_lists_every_command(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let help = scene.answer("ana", "/em-agent help").await;
    assert_snapshot!(&help, @r"
    em-agent (only ana sees this):
      # What I can do
      `/em-agent triage [mine] [--team T]`
      What is stuck, and who must move.
      `/em-agent triage post [#channel]`
      Post the list to a channel; I strike lines through as they clear.
      `/em-agent standup [--team T] [since]`
      What was done since the last working day, what is blocked, and who can unblock it.
      `/em-agent standup post [#channel] [--standup NAME]`
      Post the standup of today to its channel now, or bring the one that stands there up to date.
      `/em-agent standup checkin`
      Answer your team’s standup of today, or edit your answer.
      `/em-agent standup skip`
      Say nothing in today’s standup, and be asked nothing.
      `/em-agent standup away [<from> [<to>] | off]`
      Say when you are away: you are asked and reminded of nothing on those days.
      `/em-agent standup blockers`
      What holds people up, for how long, with a button for what is resolved.
      `/em-agent standup history [--standup NAME]`
      The latest standups, what became of each, and how many answered.
      `/em-agent sprint [days] [--team T]`
      How the work went, and when what is open will be done.
      `/em-agent sprint post [#channel] [days] [--team T]`
      Post that report to a channel, with charts, and say what came true of the last forecast.
      `/em-agent digest [--team T] [--all]`
      The last week against the one before; with --all, the last month of every team.
      `/em-agent digest post [#channel] [--team T] [--all]`
      Post that to a channel; once a week (with --all: a month), from a schedule.
      `/em-agent dora [7d|30d|90d] [--repo R|--team T|--mine] [--mode M]`
      How often we deploy, how long changes take, how often that fails, and for how long.
      `/em-agent dora post [#channel] [7d|30d|90d] [--repo R|--team T] [--mode M]`
      Post the delivery metrics to a channel, with a picture.
      `/em-agent dora explain <metric> [7d|30d|90d] [--repo R|--team T|--mine] [--mode M]`
      What a delivery number was counted from, what was left out and why.
      `/em-agent flow [7d|30d|90d] [--repo R|--team T|--mine]`
      How work moves: cycle time, reviews, work in progress, size of changes, CI.
      `/em-agent flow explain <metric> [7d|30d|90d] [--repo R|--team T|--mine]`
      What a number about the flow of work was counted from, what was left out and why.
      `/em-agent dora compare [7d|30d|90d] [--repo R|--team T]`
      The same numbers by the definitions of DevLake, Four Keys and Middleware.
      `/em-agent chart <breakdown|calendar|cycle-times|open-work> [7d|30d|90d] [--repo R|--team T|--mine] [--dark]`
      A picture of where time goes, when something went live, how long changes took, what was open.
      `/em-agent note <words> [--team T]`
      Mark on charts that something begins today.
      `/em-agent approvals [mine|all|<id>]`
      What waits for a decision, what waits for yours, and what became of the rest.
      `/em-agent approvals explain <id>`
      Which rules ask for an approval, who is missing, who could decide now.
      `/em-agent approve <id> [remark]`
      Agree to what somebody asks for.
      `/em-agent decline <id> [reason]`
      Say no to what somebody asks for.
      `/em-agent propose <action> <target> [options] [-- reason]`
      Ask for something to be done; the policy says whether somebody has to agree first.
      `/em-agent approvals delegate <@person> <days>`
      Let somebody decide for you while you are away; 0 days takes it back.
      `/em-agent ask <question>`
      Answer a question from our documents, with sources.
      `/em-agent reset`
      Forget what we talked about in this thread or direct message.
      `/em-agent docs list`
      Show which documents I answer questions from.
      `/em-agent docs add <url> [--only-here]`
      Answer from a web page, and from what is written on GitHub, in Confluence, Jira, Notion, Linear or PagerDuty, too.
      `/em-agent docs status`
      Show which documents I am reading, and what I could not read.
      `/em-agent docs remove <id>`
      Forget a source of documents; `docs status` shows the ids.
      `/em-agent gaps`
      Show what people asked and our documents did not answer.
      `/em-agent gaps post [#channel]`
      Post that list to a channel; once a week, from a schedule.
      `/em-agent policy`
      Show which rules say what may be done, and since when.
      `/em-agent policy explain <kind> [target] [fact=value ...]`
      Say what would happen if you proposed this now, and why.
      `/em-agent policy backtest [30d]`
      Say what the other rules would have answered to what was asked of late.
      `/em-agent audit <approval, pull request or @person>`
      Who did what about something, and when, from the log that shows any change to it.
      `/em-agent integrations [system]`
      Which systems events come in from, when the last one came, and how one is set up.
      `/em-agent signals [kind]`
      What the rules have found and is still so.
      `/em-agent rules`
      The rules by which signals open, and where they come from.
      `/em-agent whoami`
      Show which accounts I know as yours.
      `/em-agent link <system> <account>`
      Tell me which account is yours, so that “mine” works.
      `/em-agent unlink <system>`
      Take back which account is yours.
      `/em-agent settings`
      When I may write to you unasked, and what about; your account and your days off.
      `/em-agent jobs [dead|waiting]`
      Show my jobs: what I gave up, what waits, what runs.
      `/em-agent jobs show <id>`
      Show one job and every attempt at it.
      `/em-agent jobs retry <id>`
      Run a job once more that I gave up.
      `/em-agent jobs cancel <id>`
      Call a job off.
      `/em-agent schedule list`
      Show what I post by the clock, when next, and what does not work.
      `/em-agent schedule add [<command> <#channel> <when> [in <zone>] [--late <hours>|--skip]]`
      Have me post something by the clock; without words after it I open a form.
      `/em-agent schedule edit <id> [<when> [in <zone>] [--late <hours>|--skip]]`
      Change a schedule; with words after the name, only when it is due.
      `/em-agent schedule pause <id>`
      Have a schedule rest until somebody resumes it.
      `/em-agent schedule resume <id>`
      Have a schedule go on that is paused.
      `/em-agent schedule remove <id>`
      Forget a schedule.
      `/em-agent schedule run <id>`
      Do now what a schedule does, one of my configuration too.
      `/em-agent doctor`
      Check my connections and permissions, and say what to fix.
      `/em-agent help [command]`
      Show what I can do, or how one command is written.
      · More on one: `/em-agent help COMMAND`. You can also mention me or write to me directly, without the slash. Only you see my answers unless you ask me to post.
    ");
    assert_eq!(
        scene.answer("ana", "/em-agent").await,
        help,
        "nothing typed is a question too"
    );
    scene.finish().await;
}

async fn help_on_one_command_shows_examples(database: TestDatabase) {
    let scene = Scene::start(database).await;
    assert_snapshot!(scene.answer("ana", "/em-agent help triage").await, @r"
    em-agent (only ana sees this):
      `/em-agent triage [mine] [--team T]`
      What is stuck, and who must move.
      *For example*
      • `/em-agent triage`
      • `/em-agent triage mine`
      • `/em-agent triage --team payments`
    ");
    let post = scene.answer("ana", "/em-agent HELP Triage POST").await;
    assert!(post.contains("triage post [#channel]"), "{post}");
    scene.finish().await;
}

async fn an_unknown_word_gets_the_nearest_command(database: TestDatabase) {
    let scene = Scene::start(database).await;
    assert_snapshot!(scene.answer("ana", "/em-agent traige mine").await, @r"
    em-agent (only ana sees this):
      I do not know `traige`. Did you mean `/em-agent triage`?
    ");
    assert_snapshot!(scene.answer("ana", "/em-agent xyzzyqwerty").await, @r"
    em-agent (only ana sees this):
      I do not know `xyzzyqwerty`. This shows what I can do: `/em-agent help`
    ");
    assert_snapshot!(scene.answer("ana", "/em-agent help `xyzzyqwerty` *now*").await, @r"
    em-agent (only ana sees this):
      I do not know `'xyzzyqwerty' *now*`. This shows what I can do: `/em-agent help`
    ");
    scene.finish().await;
}
