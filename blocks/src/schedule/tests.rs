//! Purpose: what holds of `schedule`, by example and for anything.

use chrono::Duration;
use em_domain::schedule::{MissedTicks, ScheduleId};
use insta::assert_snapshot;

use super::form::*;
use super::told::*;
use super::*;
use crate::sample::now;
use crate::strict::{check_message, check_view};
use crate::transcript::{transcript, transcript_view};

fn kept() -> Kept {
    let definition = Definition {
        run: "triage post --team payments".to_owned(),
        channel: "C0OPS".into(),
        cron: "0 9 * * 1-5".to_owned(),
        zone: Tz::Europe__Berlin,
        missed: Missed::Late(4),
    };
    let next = now() + Duration::hours(66);
    Kept::new(
        ScheduleId::new("triage", 7),
        "U0ANA".into(),
        definition,
        Some(next),
        now(),
    )
}

pub(crate) fn failing() -> Kept {
    kept()
        .failed(
            now(),
            "I am not in that channel. Type `/invite @EM Agent` there.",
            now(),
        )
        .unwrap()
}

#[test]
fn the_list_shows_what_runs_what_does_not_and_what_cannot_be_changed() {
    let view = SchedulesView {
        kept: &[
            (failing().ticked(Some(now()), kept().next_at, now()), true),
            (kept().paused(now()), false),
        ],
        configured: &[ConfiguredRow {
            name: "morning".to_owned(),
            run: "gaps post".to_owned(),
            channel: "#ops".to_owned(),
            next_at: Some(now()),
            zone: Tz::UTC,
        }],
    };
    assert_snapshot!(transcript(&message_schedules(&view)), @r"
    (text) Schedules: 2 kept by people, 1 in my configuration.
    # Schedules
    2 kept by people, 1 in my configuration.
    *`triage-haaa`*  `triage post --team payments` to #C0OPS
    every weekday at 09:00, Europe/Berlin
    Next Mon 24 Nov 09:00 · last Fri 21 Nov 15:00 · by @U0ANA
    :warning: I am not in that channel. Type `/invite @EM Agent` there.
        ⋮ Run now | Pause | Edit… | Remove
    *`triage-haaa`*  `triage post --team payments` to #C0OPS
    every weekday at 09:00, Europe/Berlin
    :double_vertical_bar: Paused · by @U0ANA
    *`morning`*  `gaps post` to #ops
    Next Fri 21 Nov 14:00 UTC · in my configuration, not to be changed here
    > Add one with `/em-agent schedule add`; run one now with `/em-agent schedule run ID`.
    ");
    let empty = SchedulesView {
        kept: &[],
        configured: &[],
    };
    assert_snapshot!(transcript(&message_schedules(&empty)), @r"
    (text) Schedules: Nothing is scheduled yet.
    # Schedules
    Nothing is scheduled yet.
    > Add one with `/em-agent schedule add`; run one now with `/em-agent schedule run ID`.
    ");
}

#[test]
fn before_saving_the_next_times_are_shown() {
    let draft = Draft {
        id: kept().id,
        definition: kept().definition,
        since: None,
    };
    let times = [now(), now() + Duration::days(3)];
    assert_snapshot!(transcript(&message_draft(&draft, &times)), @r"
    (text) Not saved yet: `triage post --team payments` to #C0OPS, every weekday at 09:00, Europe/Berlin
    *Save this schedule?*
    `triage post --team payments` to #C0OPS, every weekday at 09:00, Europe/Berlin
    The next times:
    • Fri 21 Nov 15:00
    • Mon 24 Nov 15:00
    > If I was down: post up to 4 hours late. As cron: `0 9 * * 1-5`
    [Save] [Cancel]
    ");
    let json = serde_json::to_string(&draft).unwrap();
    assert_eq!(Draft::parse(&json), Some(draft));
    assert_eq!(Draft::parse("{}"), None);
}

#[test]
fn the_form_is_filled_in_with_what_is_edited() {
    let commands = [("triage post", "Post the list."), ("gaps post", "Post the gaps.")];
    let definition = kept().definition;
    let form = FormView {
        commands: &commands,
        run: ("gaps post", ""),
        channel: Some(&definition.channel),
        when: "every weekday at 09:00",
        zone: "Europe/Berlin",
        missed: Some(Missed::Skip),
    };
    let edits = Some(Edited {
        id: kept().id,
        since: now(),
    });
    let memory = Memory {
        response_url: None,
        edits,
    };
    assert_snapshot!(transcript_view(&modal_schedule(&form, &memory).unwrap()), @r"
    (modal schedule.defined) Edit schedule [Next] [Cancel]
    What?
      (•) gaps post: Post the gaps.
      ( ) triage post: Post the list.
    Words after it, if any (as --team payments; for ask, the question)
    Where?
    When? (every weekday at 09:00 · Mondays 10:30 · first Monday of the month 9:00 · five cron fields)
    In which time zone?
    If I was down at that time?
      (•) Leave it out, and tell me
      ( ) Post up to 1 hour late
      ( ) Post up to 4 hours late
      ( ) Post up to 12 hours late
      ( ) Post up to 24 hours late
    > Before anything is saved I show you the next five times.
    ");
    check_view(
        &modal_schedule(
            &FormView {
                commands: &commands,
                ..FormView::default()
            },
            &Memory::default(),
        )
        .unwrap(),
    );
}

#[test]
fn an_owner_is_told_what_is_wrong_and_what_was_left_out() {
    let later = |minutes| now() + Duration::minutes(minutes);
    let paused = failing().failed(later(1), "Gone.", later(1)).unwrap();
    let paused = paused.failed(later(2), "Gone.", later(2)).unwrap();
    let missed = |count, then_ran| MissedTicks {
        first: now(),
        last: later(1440),
        count,
        then_ran,
    };
    let messages = [
        message_trouble(&failing()).unwrap(),
        message_trouble(&paused).unwrap(),
        message_missed(&kept(), &missed(1, false)),
        message_missed(&kept(), &missed(2, true)),
    ];
    let texts = messages.map(|message| message.text.unwrap());
    assert_snapshot!(texts.join("\n").replace('\u{2060}', ""), @r"
    :warning: Your schedule `triage-haaa` (`triage post --team payments` to <#C0OPS>) did not work. I am not in that channel. Type `/invite @EM Agent` there. I try again when it is due next, and pause it after 3 failures in a row.
    :warning: Your schedule `triage-haaa` (`triage post --team payments` to <#C0OPS>) did not work. Gone. That was so 3 times in a row, so I have paused it. When it is mended: `/em-agent schedule resume triage-haaa`
    Your schedule `triage-haaa` (`triage post --team payments` to <#C0OPS>) was due on Sat 22 Nov 15:00, when I was not running. I left it out. To have it now: `/em-agent schedule run triage-haaa`
    Your schedule `triage-haaa` (`triage post --team payments` to <#C0OPS>) was due 2 times while I was not running, from Fri 21 Nov 15:00 to Sat 22 Nov 15:00. I left them out; the one after that ran. To have it now: `/em-agent schedule run triage-haaa`
    ");
    assert!(message_trouble(&kept()).is_none());
}

#[test]
fn every_change_is_told_in_a_sentence() {
    let changes = [
        (kept(), Became::Added),
        (kept().paused(now()), Became::Edited),
        (kept().paused(now()), Became::Paused),
        (kept(), Became::Resumed),
        (kept(), Became::Removed),
    ];
    let mut texts = changes
        .map(|(kept, became)| message_became(&kept, became).text.unwrap())
        .to_vec();
    texts.extend(
        [
            message_ran("morning", "triage post", "#ops"),
            message_discarded(),
            message_form(""),
        ]
        .map(|message| message.text.unwrap()),
    );
    assert_snapshot!(texts.join("\n").replace('\u{2060}', ""), @r"
    Saved as `triage-haaa`: `triage post --team payments` to <#C0OPS>. It is due next on Mon 24 Nov 09:00.
    Changed `triage-haaa`: `triage post --team payments` to <#C0OPS>. It is paused: `/em-agent schedule resume triage-haaa`.
    `triage-haaa` is paused. Have it go on with `/em-agent schedule resume triage-haaa`.
    `triage-haaa` runs again. It is due next on Mon 24 Nov 09:00.
    Removed `triage-haaa`: `triage post --team payments` to <#C0OPS>, every weekday at 09:00, Europe/Berlin.
    I ran `morning`: `triage post` to #ops. If there is nothing there, there was nothing to post.
    Nothing was saved.
    A schedule needs what, where and when.
    ");
}

#[test]
fn whatever_is_kept_can_be_shown() {
    let hostile = "<!channel> *x* `y` "
        .repeat(16)
        .chars()
        .take(300)
        .collect::<String>();
    let mut worst = failing();
    worst.definition.run.clone_from(&hostile);
    if let Some(trouble) = &mut worst.trouble {
        trouble.what = hostile.repeat(20);
    }
    let many: Vec<_> = std::iter::repeat_n((worst.clone(), true), 200).collect();
    let row = ConfiguredRow {
        name: hostile.clone(),
        run: hostile.clone(),
        channel: hostile.clone(),
        next_at: None,
        zone: Tz::UTC,
    };
    let view = SchedulesView {
        kept: &many,
        configured: &vec![row; 40],
    };
    check_message(&message_schedules(&view));
    let draft = Draft {
        id: worst.id.clone(),
        definition: worst.definition.clone(),
        since: Some(now()),
    };
    let drafted = message_draft(&draft, &[now(); 5]);
    check_message(&drafted);
    assert!(
        transcript(&drafted).contains("[Save]"),
        "the draft fits into its button"
    );
    check_message(&message_trouble(&worst).unwrap());
    check_message(&message_became(&worst, Became::Removed));
    check_message(&message_ran(&hostile, &hostile, &hostile));
    check_message(&message_form(worst.id.as_str()));
}
