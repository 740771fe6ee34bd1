//! Purpose: the one list of everything a person can do. Help, suggestions, dispatch, the manifest's test and the
//! check of schedules all read it.

use std::future::Future;
use std::pin::Pin;

use em_domain::job::{Job, JobError};
use slack_morphism::prelude::SlackViewState;

use crate::ctx::Ctx;
use crate::invocation::{Click, Outcome, Reaction, Reply, ShortcutUse, Submission};
use crate::spec::{Command, Running};
use crate::{
    approval, ask, audit, deployment_notice, digest, docs, doctor, dora, flow, gaps, goal, help, home,
    integrations, job, link, notice, policy, schedule, selfcheck, settings, shift, signal, sprint, standup,
    triage, whoami,
};

pub use em_blocks::SLASH_COMMAND;

/// Every command. Longer paths are tried first when text is read, so the order is only that of `help`.
pub const COMMANDS: &[Command] = &[
    Command {
        spec: triage::SPEC,
        run: |ctx, invocation| Box::pin(triage::show(ctx, invocation)),
    },
    Command {
        spec: triage::post::SPEC,
        run: |ctx, invocation| Box::pin(triage::post::post(ctx, invocation)),
    },
    Command {
        spec: standup::SPEC,
        run: |ctx, invocation| Box::pin(standup::show(ctx, invocation)),
    },
    Command {
        spec: standup::post::SPEC,
        run: |ctx, invocation| Box::pin(standup::post::post(ctx, invocation)),
    },
    Command {
        spec: standup::checkin::CHECKIN,
        run: |ctx, invocation| Box::pin(standup::checkin::checkin(ctx, invocation)),
    },
    Command {
        spec: standup::checkin::SKIP,
        run: |ctx, invocation| Box::pin(standup::checkin::skip(ctx, invocation)),
    },
    Command {
        spec: standup::away::SPEC,
        run: |ctx, invocation| Box::pin(standup::away::away(ctx, invocation)),
    },
    Command {
        spec: standup::blockers::SPEC,
        run: |ctx, invocation| Box::pin(standup::blockers::show(ctx, invocation)),
    },
    Command {
        spec: standup::history::SPEC,
        run: |ctx, invocation| Box::pin(standup::history::show(ctx, invocation)),
    },
    Command {
        spec: sprint::SPEC,
        run: |ctx, invocation| Box::pin(sprint::show(ctx, invocation)),
    },
    Command {
        spec: sprint::post::SPEC,
        run: |ctx, invocation| Box::pin(sprint::post::post(ctx, invocation)),
    },
    Command {
        spec: digest::SPEC,
        run: |ctx, invocation| Box::pin(digest::show(ctx, invocation)),
    },
    Command {
        spec: digest::POST,
        run: |ctx, invocation| Box::pin(digest::post(ctx, invocation)),
    },
    Command {
        spec: dora::SPEC,
        run: |ctx, invocation| Box::pin(dora::show(ctx, invocation)),
    },
    Command {
        spec: dora::post::SPEC,
        run: |ctx, invocation| Box::pin(dora::post::post(ctx, invocation)),
    },
    Command {
        spec: dora::explain::SPEC,
        run: |ctx, invocation| Box::pin(dora::explain::show(ctx, invocation)),
    },
    Command {
        spec: flow::SPEC,
        run: |ctx, invocation| Box::pin(flow::show(ctx, invocation)),
    },
    Command {
        spec: dora::explain::FLOW_SPEC,
        run: |ctx, invocation| Box::pin(dora::explain::show_flow(ctx, invocation)),
    },
    Command {
        spec: dora::compare::SPEC,
        run: |ctx, invocation| Box::pin(dora::compare::show(ctx, invocation)),
    },
    Command {
        spec: dora::chart::SPEC,
        run: |ctx, invocation| Box::pin(dora::chart::show(ctx, invocation)),
    },
    Command {
        spec: dora::note::SPEC,
        run: |ctx, invocation| Box::pin(dora::note::add(ctx, invocation)),
    },
    Command {
        spec: approval::show::SPEC,
        run: |ctx, invocation| Box::pin(approval::show::show(ctx, invocation)),
    },
    Command {
        spec: approval::show::EXPLAIN,
        run: |ctx, invocation| Box::pin(approval::show::explain(ctx, invocation)),
    },
    Command {
        spec: approval::decide::APPROVE,
        run: |ctx, invocation| Box::pin(approval::decide::approve(ctx, invocation)),
    },
    Command {
        spec: approval::decide::DECLINE,
        run: |ctx, invocation| Box::pin(approval::decide::decline(ctx, invocation)),
    },
    Command {
        spec: approval::propose::SPEC,
        run: |ctx, invocation| Box::pin(approval::propose::command(ctx, invocation)),
    },
    Command {
        spec: approval::away::SPEC,
        run: |ctx, invocation| Box::pin(approval::away::delegate(ctx, invocation)),
    },
    Command {
        spec: ask::SPEC,
        run: |ctx, invocation| Box::pin(ask::ask(ctx, invocation)),
    },
    Command {
        spec: ask::memory::RESET,
        run: |ctx, invocation| Box::pin(ask::memory::reset(ctx, invocation)),
    },
    Command {
        spec: docs::SPEC,
        run: |ctx, invocation| Box::pin(docs::list(ctx, invocation)),
    },
    Command {
        spec: docs::add::SPEC,
        run: |ctx, invocation| Box::pin(docs::add::add(ctx, invocation)),
    },
    Command {
        spec: docs::status::SPEC,
        run: |ctx, invocation| Box::pin(docs::status::status(ctx, invocation)),
    },
    Command {
        spec: docs::remove::SPEC,
        run: |ctx, invocation| Box::pin(docs::remove::remove(ctx, invocation)),
    },
    Command {
        spec: gaps::SPEC,
        run: |ctx, invocation| Box::pin(gaps::show(ctx, invocation)),
    },
    Command {
        spec: gaps::POST,
        run: |ctx, invocation| Box::pin(gaps::post(ctx, invocation)),
    },
    Command {
        spec: policy::SPEC,
        run: |ctx, invocation| Box::pin(async move { policy::show(&ctx, &invocation) }),
    },
    Command {
        spec: policy::explain::SPEC,
        run: |ctx, invocation| Box::pin(policy::explain::explain(ctx, invocation)),
    },
    Command {
        spec: policy::backtest::SPEC,
        run: |ctx, invocation| Box::pin(policy::backtest::show(ctx, invocation)),
    },
    Command {
        spec: audit::SPEC,
        run: |ctx, invocation| Box::pin(audit::show(ctx, invocation)),
    },
    Command {
        spec: integrations::SPEC,
        run: |ctx, invocation| Box::pin(integrations::show(ctx, invocation)),
    },
    Command {
        spec: signal::SPEC,
        run: |ctx, invocation| Box::pin(signal::show(ctx, invocation)),
    },
    Command {
        spec: signal::rules::SPEC,
        run: |ctx, invocation| Box::pin(signal::rules::show(ctx, invocation)),
    },
    Command {
        spec: whoami::SPEC,
        run: |ctx, invocation| Box::pin(whoami::show(ctx, invocation)),
    },
    Command {
        spec: link::SPEC,
        run: |ctx, invocation| Box::pin(link::link(ctx, invocation)),
    },
    Command {
        spec: link::UNLINK,
        run: |ctx, invocation| Box::pin(link::unlink(ctx, invocation)),
    },
    Command {
        spec: settings::SPEC,
        run: |ctx, invocation| Box::pin(settings::show(ctx, invocation)),
    },
    Command {
        spec: job::LIST,
        run: |ctx, invocation| Box::pin(job::list(ctx, invocation)),
    },
    Command {
        spec: job::SHOW,
        run: |ctx, invocation| Box::pin(job::show(ctx, invocation)),
    },
    Command {
        spec: job::RETRY,
        run: |ctx, invocation| Box::pin(job::retry(ctx, invocation)),
    },
    Command {
        spec: job::CANCEL,
        run: |ctx, invocation| Box::pin(job::cancel(ctx, invocation)),
    },
    Command {
        spec: schedule::LIST,
        run: |ctx, invocation| Box::pin(schedule::list(ctx, invocation)),
    },
    Command {
        spec: schedule::add::SPEC,
        run: |ctx, invocation| Box::pin(schedule::add::add(ctx, invocation)),
    },
    Command {
        spec: schedule::add::EDIT,
        run: |ctx, invocation| Box::pin(schedule::add::edit(ctx, invocation)),
    },
    Command {
        spec: schedule::change::PAUSE,
        run: |ctx, invocation| Box::pin(schedule::change::pause(ctx, invocation)),
    },
    Command {
        spec: schedule::change::RESUME,
        run: |ctx, invocation| Box::pin(schedule::change::resume(ctx, invocation)),
    },
    Command {
        spec: schedule::change::REMOVE,
        run: |ctx, invocation| Box::pin(schedule::change::remove(ctx, invocation)),
    },
    Command {
        spec: schedule::run::SPEC,
        run: |ctx, invocation| Box::pin(schedule::run::run(ctx, invocation)),
    },
    Command {
        spec: doctor::SPEC,
        run: |ctx, invocation| Box::pin(doctor::show(ctx, invocation)),
    },
    Command {
        spec: help::SPEC,
        run: |_ctx, invocation| Box::pin(async move { help::show(&invocation) }),
    },
];

/// A handler of a click.
pub type OnClick = fn(Ctx, Click) -> Running;

/// Every button and menu entry, by its action id.
pub const CLICKS: &[(&str, OnClick)] = &[
    (em_blocks::triage::REFRESH, |ctx, click| {
        Box::pin(triage::refresh(ctx, click))
    }),
    (em_blocks::triage::SHARE, |ctx, click| {
        Box::pin(triage::post::share(ctx, click))
    }),
    (em_blocks::row::WHY, |ctx, click| {
        Box::pin(triage::row::why(ctx, click))
    }),
    (em_blocks::row::NUDGE, |ctx, click| {
        Box::pin(triage::row::nudge(ctx, click))
    }),
    (em_blocks::row::SNOOZE, |ctx, click| {
        Box::pin(triage::snooze::ask(ctx, click))
    }),
    (em_blocks::dora::EXPLAIN, |ctx, click| {
        Box::pin(dora::explain::clicked(ctx, click))
    }),
    (em_blocks::dora::explain::PAGE, |ctx, click| {
        Box::pin(dora::explain::paged(ctx, click))
    }),
    (em_blocks::dora::explain::PAGE_BACK, |ctx, click| {
        Box::pin(dora::explain::paged(ctx, click))
    }),
    (em_blocks::dora::explain::CSV, |ctx, click| {
        Box::pin(dora::explain::csv(ctx, click))
    }),
    (em_blocks::dora::explain::NOT_OURS, |ctx, click| {
        Box::pin(dora::correct::ask(ctx, click))
    }),
    (em_blocks::dora::explain::WRONG_DEPLOYMENT, |ctx, click| {
        Box::pin(dora::correct::ask(ctx, click))
    }),
    (em_blocks::dora::explain::NOT_AN_INCIDENT, |ctx, click| {
        Box::pin(dora::correct::ask(ctx, click))
    }),
    (em_blocks::dora::explain::EXCLUDE, |ctx, click| {
        Box::pin(dora::correct::ask(ctx, click))
    }),
    (em_blocks::dora::explain::UNDO, |ctx, click| {
        Box::pin(dora::correct::undo(ctx, click))
    }),
    // The browser opens the page; Slack sends the click all the same.
    (em_blocks::row::OPEN, |_ctx, _click| {
        Box::pin(async { Ok(Reply::Done) })
    }),
    (em_blocks::ask::SHARE, |ctx, click| {
        Box::pin(ask::feedback::share(ctx, click))
    }),
    (em_blocks::ask::HELPFUL, |ctx, click| {
        Box::pin(ask::feedback::helpful(ctx, click))
    }),
    (em_blocks::ask::NOT_HELPFUL, |ctx, click| {
        Box::pin(ask::feedback::not_helpful(ctx, click))
    }),
    (em_blocks::ask::OFFICIAL, |ctx, click| {
        Box::pin(ask::official::clicked(ctx, click))
    }),
    (em_blocks::docs::saved::FORGET, |ctx, click| {
        Box::pin(docs::save::forget(ctx, click))
    }),
    (em_blocks::gaps::ISSUE, |ctx, click| {
        Box::pin(gaps::issue(ctx, click))
    }),
    (em_blocks::home::REFRESH, |ctx, click| {
        Box::pin(home::refresh(ctx, click))
    }),
    (em_blocks::settings::OPEN, |ctx, click| {
        Box::pin(settings::opened(ctx, click))
    }),
    (em_blocks::settings::MUTE, |ctx, click| {
        Box::pin(settings::muted(ctx, click))
    }),
    (em_blocks::link::IS_ME, |ctx, click| {
        Box::pin(link::clicked_is_me(ctx, click))
    }),
    (em_blocks::link::NOT_ME, |ctx, click| {
        Box::pin(link::clicked_not_me(ctx, click))
    }),
    (em_blocks::standup::question::ANSWER, |ctx, click| {
        Box::pin(standup::checkin::clicked_answer(ctx, click))
    }),
    (em_blocks::standup::question::SKIP, |ctx, click| {
        Box::pin(standup::checkin::clicked_skip(ctx, click))
    }),
    (em_blocks::standup::blocker::RESOLVE, |ctx, click| {
        Box::pin(standup::blockers::clicked_resolve(ctx, click))
    }),
    (em_blocks::approval::APPROVE, |ctx, click| {
        Box::pin(approval::decide::clicked_approve(ctx, click))
    }),
    (em_blocks::approval::DECLINE, |ctx, click| {
        Box::pin(approval::decide::clicked_decline(ctx, click))
    }),
    (em_blocks::approval::COMMENT, |ctx, click| {
        Box::pin(approval::decide::clicked_comment(ctx, click))
    }),
    (em_blocks::approval::EXPLAIN, |ctx, click| {
        Box::pin(approval::show::clicked_explain(ctx, click))
    }),
    (em_blocks::approval::WITHDRAW, |ctx, click| {
        Box::pin(approval::decide::clicked_withdraw(ctx, click))
    }),
    (em_blocks::approval::CANCEL, |ctx, click| {
        Box::pin(approval::decide::clicked_cancel(ctx, click))
    }),
    (em_blocks::approval::RETRY, |ctx, click| {
        Box::pin(approval::decide::clicked_retry(ctx, click))
    }),
    (em_blocks::approval::CONFIRM, |ctx, click| {
        Box::pin(approval::decide::clicked_confirm(ctx, click))
    }),
    (em_blocks::approval::UNDO, |ctx, click| {
        Box::pin(approval::decide::clicked_undo(ctx, click))
    }),
    (em_blocks::approval::OPEN, |_ctx, _click| {
        Box::pin(async { Ok(Reply::Done) })
    }),
    (em_blocks::integrations::TEST, |ctx, click| {
        Box::pin(integrations::test_clicked(ctx, click))
    }),
    (em_blocks::job::RETRY, |ctx, click| {
        Box::pin(job::retry_clicked(ctx, click))
    }),
    (em_blocks::job::CANCEL, |ctx, click| {
        Box::pin(job::cancel_clicked(ctx, click))
    }),
    (em_blocks::schedule::SAVE, |ctx, click| {
        Box::pin(schedule::add::saved(ctx, click))
    }),
    (em_blocks::schedule::DISCARD, |_ctx, _click| {
        Box::pin(async { schedule::add::discarded() })
    }),
    (em_blocks::schedule::FORM, |ctx, click| {
        Box::pin(schedule::add::form_clicked(ctx, click))
    }),
    (em_blocks::schedule::EDIT, |ctx, click| {
        Box::pin(schedule::add::form_clicked(ctx, click))
    }),
    (em_blocks::schedule::RUN, |ctx, click| {
        Box::pin(schedule::run::clicked(ctx, click))
    }),
    (em_blocks::schedule::PAUSE, |ctx, click| {
        Box::pin(schedule::change::pause_clicked(ctx, click))
    }),
    (em_blocks::schedule::RESUME, |ctx, click| {
        Box::pin(schedule::change::resume_clicked(ctx, click))
    }),
    (em_blocks::schedule::REMOVE, |ctx, click| {
        Box::pin(schedule::change::remove_clicked(ctx, click))
    }),
];

/// A handler of a submitted modal.
pub type OnSubmit = fn(Ctx, Submission) -> Running;

/// Every modal, by its callback id.
pub const SUBMISSIONS: &[(&str, OnSubmit)] = &[
    (em_blocks::dora::correct::CALLBACK, |ctx, submission| {
        Box::pin(dora::correct::submitted(ctx, submission))
    }),
    (em_blocks::settings::CALLBACK, |ctx, submission| {
        Box::pin(settings::submitted(ctx, submission))
    }),
    (em_blocks::ask::CALLBACK, |ctx, submission| {
        Box::pin(ask::feedback::faulted(ctx, submission))
    }),
    (em_blocks::ask::official::CALLBACK, |ctx, submission| {
        Box::pin(ask::official::submitted(ctx, submission))
    }),
    (em_blocks::standup::question::CALLBACK, |ctx, submission| {
        Box::pin(standup::checkin::submitted(ctx, submission))
    }),
    (em_blocks::snooze::CALLBACK, |ctx, submission| {
        Box::pin(triage::snooze::submitted(ctx, submission))
    }),
    (em_blocks::approval::modal::DECLINED, |ctx, submission| {
        Box::pin(approval::form::declined(ctx, submission))
    }),
    (em_blocks::approval::modal::APPROVED, |ctx, submission| {
        Box::pin(approval::form::approved(ctx, submission))
    }),
    (em_blocks::approval::modal::PROPOSED, |ctx, submission| {
        Box::pin(approval::form::proposed(ctx, submission))
    }),
    (em_blocks::schedule::form::CALLBACK, |ctx, submission| {
        Box::pin(schedule::add::submitted(ctx, submission))
    }),
];

/// Finds a mistake in a submitted form by what it remembers and what was typed: the field, and what is wrong with it.
pub type CheckForm = fn(&str, &SlackViewState) -> Option<(&'static str, String)>;

/// Every form that can be wrong in a way that needs no look-up.
const FORM_CHECKS: &[(&str, CheckForm)] = &[
    (
        em_blocks::approval::modal::APPROVED,
        em_blocks::approval::modal::mistake,
    ),
    (em_blocks::approval::modal::PROPOSED, |_memory, state| {
        approval::form::mistake(state)
    }),
    (em_blocks::schedule::form::CALLBACK, |_memory, state| {
        schedule::mistake(state)
    }),
    (em_blocks::settings::CALLBACK, |_memory, state| {
        em_blocks::settings::mistake(state)
    }),
];

/// The mistake in a submitted form, if there is one. Pure and quick: Slack waits for it.
pub fn mistake_in(callback: &str, memory: &str, state: &SlackViewState) -> Option<(&'static str, String)> {
    let (_, check) = FORM_CHECKS.iter().find(|(id, _)| *id == callback)?;
    check(memory, state)
}

/// A handler of a shortcut.
pub type OnShortcut = fn(Ctx, ShortcutUse) -> Running;

/// Every shortcut, by its callback id.
pub const SHORTCUTS: &[(&str, OnShortcut)] = &[
    ("triage.show", |ctx, used| Box::pin(triage::shortcut(ctx, used))),
    ("approval.ask", |_ctx, used| {
        Box::pin(async move { approval::form::shortcut(used) })
    }),
    ("docs.save", |ctx, used| Box::pin(docs::save::save(ctx, used))),
];

/// Does the jobs of one kind.
pub type OnJob = fn(Ctx, Job) -> Pin<Box<dyn Future<Output = Result<(), JobError>> + Send>>;

/// Every kind of job that a feature takes in, and what does it. A handler may be begun more than once: see
/// `em_jobs::runner`.
pub const JOBS: &[(&str, OnJob)] = &[
    (notice::DELIVER, |ctx, job| Box::pin(notice::deliver(ctx, job))),
    (standup::round::ASK, |ctx, job| {
        Box::pin(standup::question::ask(ctx, job))
    }),
    (standup::round::REMIND, |ctx, job| {
        Box::pin(standup::question::remind(ctx, job))
    }),
    (standup::round::POST, |ctx, job| {
        Box::pin(standup::post::due(ctx, job))
    }),
    (standup::round::DRAW, |ctx, job| {
        Box::pin(standup::post::redraw(ctx, job))
    }),
    (dora::note::REPORT, |ctx, job| {
        Box::pin(dora::note::report(ctx, job))
    }),
    (goal::EVALUATE, |ctx, _job| {
        Box::pin(async move { goal::evaluate(&ctx).await.map_err(JobError::from) })
    }),
    (goal::warn::WARN, |ctx, job| Box::pin(goal::warn::warn(ctx, job))),
    (deployment_notice::SHOW, |ctx, job| {
        Box::pin(deployment_notice::show(ctx, job))
    }),
    (shift::EVALUATE, |ctx, _job| {
        Box::pin(async move { shift::evaluate(&ctx).await.map_err(JobError::from) })
    }),
    (docs::READ, |ctx, _job| Box::pin(docs::read(ctx))),
    (docs::add::READ_ONE, |ctx, job| {
        Box::pin(docs::add::read_one(ctx, job))
    }),
    (docs::EMBED, |ctx, _job| Box::pin(docs::embed(ctx))),
    (approval::job::DRAW, |ctx, job| {
        Box::pin(approval::draw::draw(ctx, job))
    }),
    (approval::job::EXECUTE, |ctx, job| {
        Box::pin(approval::execute::execute(ctx, job))
    }),
    (approval::job::REMIND, |ctx, job| {
        Box::pin(approval::timers::remind(ctx, job))
    }),
    (approval::job::EXPIRE, |ctx, job| {
        Box::pin(approval::timers::expire(ctx, job))
    }),
    (signal::reaction::PROPOSE, |ctx, job| {
        Box::pin(signal::reaction::propose(ctx, job))
    }),
    (approval::job::END_QUIET, |ctx, job| {
        Box::pin(approval::timers::end_quiet(ctx, job))
    }),
    (schedule::fire::TELL, |ctx, job| {
        Box::pin(schedule::fire::tell(ctx, job))
    }),
    (schedule::fire::MISSED, |ctx, job| {
        Box::pin(schedule::fire::missed(ctx, job))
    }),
    (selfcheck::RUN, |ctx, job| Box::pin(selfcheck::run(ctx, job))),
    (selfcheck::TELL, |ctx, job| Box::pin(selfcheck::tell(ctx, job))),
];

/// Whether a reaction may mean something here: of all others nothing need be looked up.
pub fn is_vote(reaction: &Reaction) -> bool {
    approval::react::agrees(&reaction.emoji).is_some()
}

/// Somebody put an emoji on a message.
pub fn reacted(ctx: Ctx, reaction: Reaction) -> Running {
    Box::pin(approval::react::reacted(ctx, reaction))
}

/// Draws the App Home of the person who opened it.
pub fn home_opened(ctx: Ctx, user: em_domain::id::SlackUser) -> impl Future<Output = Outcome> + Send {
    home::opened(ctx, user)
}

/// What a line of text means.
#[derive(Clone, Copy)]
pub enum Found<'a> {
    /// This command, and how many words name it.
    Command(&'a Command, usize),
    /// Nothing was typed.
    Nothing,
    /// No command begins like this; perhaps this one was meant.
    Unknown(Option<&'static str>),
}

/// Finds the command that `words` begin with: whole words, any case, the longest path first.
pub fn find(words: &[String]) -> Found<'static> {
    let Some(first) = words.first() else {
        return Found::Nothing;
    };
    let named = |command: &&Command| {
        let path: Vec<&str> = command.spec.path.split(' ').collect();
        path.len() <= words.len()
            && path
                .iter()
                .zip(words)
                .all(|(part, word)| word.eq_ignore_ascii_case(part))
    };
    let depth = |command: &Command| command.spec.path.split(' ').count();
    match COMMANDS.iter().filter(named).max_by_key(|command| depth(command)) {
        Some(command) => Found::Command(command, depth(command)),
        None => Found::Unknown(nearest(first)),
    }
}

/// As [`find`], of a message to the bot: what begins like no command and reads like a question is one for [`ask`].
pub fn find_in_message(words: &[String]) -> Found<'static> {
    /// Nobody misspells a command with so many words.
    const SENTENCE: usize = 4;
    let found = find(words);
    let Found::Unknown(suggestion) = found else {
        return found;
    };
    let is_asked = words.last().is_some_and(|word| word.ends_with('?'));
    let is_question = is_asked || words.len() >= SENTENCE || (suggestion.is_none() && words.len() > 1);
    let ask = COMMANDS
        .iter()
        .find(|command| command.spec.path == ask::SPEC.path);
    match ask.filter(|_| is_question) {
        Some(ask) => Found::Command(ask, 0),
        None => found,
    }
}

/// The command that a misspelt word is most like, if it is like one at all.
fn nearest(word: &str) -> Option<&'static str> {
    // A person types short words; what is far longer than any command resembles none.
    let word: String = word.to_lowercase().chars().take(40).collect();
    let names = COMMANDS
        .iter()
        .filter_map(|command| command.spec.path.split(' ').next());
    let scored = names.map(|name| (strsim::damerau_levenshtein(name, &word), name));
    scored
        .min()
        .filter(|(distance, name)| *distance <= name.len().div_ceil(2))
        .map(|(_, name)| name)
}

/// The commands that the clock may type, and what they do.
pub fn schedulable() -> impl Iterator<Item = (&'static str, &'static str)> {
    let specs = COMMANDS.iter().map(|command| command.spec);
    specs
        .filter(|spec| spec.check_scheduled.is_some())
        .map(|spec| (spec.path, spec.summary))
}

/// Whether the clock may type `text`.
///
/// # Errors
/// Why not, and what it may type.
pub fn check_scheduled(text: &str) -> Result<(), String> {
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    let found = match find(&words) {
        Found::Command(command, depth) => command.spec.check_scheduled.map(|check| (check, depth)),
        Found::Nothing | Found::Unknown(_) => None,
    };
    let Some((check, depth)) = found else {
        let names: Vec<&str> = schedulable().map(|(path, _)| path).collect();
        return Err(format!(
            "`{text}` cannot be scheduled; write one of: {}",
            names.join(", ")
        ));
    };
    check(&words[depth..]).map_err(|error| format!("`{text}` cannot be scheduled: {error}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn path(text: &str) -> Option<&'static str> {
        match find(&words(text)) {
            Found::Command(command, _) => Some(command.spec.path),
            Found::Nothing | Found::Unknown(_) => None,
        }
    }

    #[test]
    fn the_longest_path_of_whole_words_wins_in_any_case() {
        assert_eq!(path("TRIAGE Post #ops"), Some("triage post"));
        assert_eq!(path("triage mine"), Some("triage"));
        assert_eq!(path("triages"), None);
        assert!(matches!(find(&[]), Found::Nothing));
    }

    #[test]
    fn a_misspelt_command_gets_the_nearest_and_nonsense_gets_none() {
        assert!(matches!(find(&words("traige")), Found::Unknown(Some("triage"))));
        assert!(matches!(find(&words("hlep")), Found::Unknown(Some("help"))));
        assert!(matches!(find(&words("xyzzyqwerty")), Found::Unknown(None)));
        assert!(matches!(find(&["x".repeat(10_000)]), Found::Unknown(None)));
    }

    #[test]
    fn what_reads_like_a_question_in_a_message_is_one() {
        let asked = |text: &str| match find_in_message(&words(text)) {
            Found::Command(command, depth) => Some((command.spec.path, depth)),
            Found::Nothing | Found::Unknown(_) => None,
        };
        for question in ["how do we roll back payments", "staging?", "vpn setup"] {
            assert_eq!(asked(question), Some(("ask", 0)), "{question}");
        }
        assert_eq!(asked("ask who owns billing"), Some(("ask", 1)));
        assert_eq!(asked("triage mine"), Some(("triage", 1)));
        assert_eq!(asked("traige mine"), None);
        assert_eq!(asked("xyzzyqwerty"), None);
        assert_eq!(asked(""), None);
    }

    #[test]
    fn every_command_is_listed_once_and_begins_its_usage_with_its_path() {
        let mut seen = BTreeSet::new();
        for command in COMMANDS {
            assert!(
                seen.insert(command.spec.path),
                "{} is listed twice",
                command.spec.path
            );
            assert!(command.spec.usage.starts_with(command.spec.path));
            assert!(command.spec.summary.ends_with('.'));
            for example in command.spec.examples {
                assert_eq!(path(example), Some(command.spec.path), "{example}");
            }
        }
    }

    #[test]
    fn every_action_id_that_blocks_builds_has_a_handler() {
        let set = |ids: &mut dyn Iterator<Item = &'static str>| ids.collect::<BTreeSet<_>>();
        assert_eq!(
            set(&mut CLICKS.iter().map(|(id, _)| *id)),
            set(&mut em_blocks::ACTION_IDS.iter().copied())
        );
        assert_eq!(
            set(&mut SUBMISSIONS.iter().map(|(id, _)| *id)),
            set(&mut em_blocks::CALLBACK_IDS.iter().copied())
        );
    }

    #[test]
    fn only_posts_can_be_scheduled() {
        assert_eq!(check_scheduled("triage post"), Ok(()));
        assert_eq!(check_scheduled("triage post #ops"), Ok(()));
        let two = check_scheduled("triage post #a #b").unwrap_err();
        assert!(two.contains("#b"), "{two}");
        assert!(check_scheduled("whoami").unwrap_err().contains("triage post"));
        assert!(check_scheduled("").is_err());
    }
}
