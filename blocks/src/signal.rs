//! Purpose: signals: the posted bulletin that closes itself, `/em-agent signals`, and `/em-agent rules`.

mod rules;

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use em_domain::any_metric::AnyMetric;
use em_domain::calendar::WorkCalendar;
use em_domain::pull_request::PullRequestKey;
use em_domain::signal::{ClockKind, Signal, SignalKind, kind, kinds};
use slack_morphism::prelude::SlackMessageContent;

use crate::dora::explain_button;
use crate::element::Button;
use crate::groups::{self, Group};
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, code, escape, join, strike, words};
use crate::people::People;
use crate::row::{self, LINE};
use crate::time::{plain_when, span, waited, when};

pub use rules::{RulesView, message_rules};

/// Signals of one kind in a bulletin that are all shown; of more, only the first few are, and the rest is counted.
const STORM: usize = 8;
/// Signals of one kind that are shown in a storm.
const OF_A_STORM: usize = 3;

/// A posted bulletin. People appear by their GitHub login: a mention in a posted message would ping.
#[derive(Debug, Clone, Copy)]
pub struct BulletinView<'a> {
    /// Its signals, as they are now.
    pub signals: &'a [Signal],
    /// The team's zone.
    pub zone: Tz,
}

/// The bulletin. It holds nothing that changes by the passing of time, so that it is edited only when something
/// happened.
pub fn message_bulletin(view: &BulletinView<'_>) -> SlackMessageContent {
    let resolved = view
        .signals
        .iter()
        .filter(|signal| signal.resolved().is_some())
        .count();
    let opened = view.signals.iter().map(|signal| signal.opened_at).min();
    let at = opened.map_or_else(String::new, |at| format!(", {}", plain_when(at, view.zone)));
    let number = counted(view.signals.len(), "signal", "signals");
    let heading = match resolved {
        0 => format!("{number}{at}"),
        resolved => format!("{number}{at} · {resolved} resolved"),
    };
    let mut layout = Layout::new();
    layout.header(&heading);
    let mut after = Layout::new();
    if resolved > 0 && resolved == view.signals.len() {
        after.section(&words("All of it is resolved. Thank you!"));
    }
    let row = |signal: &Signal| bulletin_row(signal, view.zone);
    let groups: Vec<Group<'_>> = by_kind(view.signals)
        .into_iter()
        .map(|(kind, signals)| {
            let is_storm = signals.len() > STORM;
            let shown = if is_storm { OF_A_STORM } else { signals.len() };
            group(kind, signals, shown, &row)
        })
        .collect();
    groups::add(&mut layout, &groups, &after);
    layout.append(after);
    layout.into_message(&fallback(&heading, view.signals))
}

/// The signals of each kind, in the order of kinds: what matters most and began first comes first. Kinds that this
/// version does not know come last, under their names.
fn by_kind(signals: &[Signal]) -> Vec<(&str, Vec<&Signal>)> {
    let mut names: Vec<&str> = kinds().map(|kind| kind.name).collect();
    for signal in signals {
        if !names.contains(&signal.finding.kind.as_str()) {
            names.push(&signal.finding.kind);
        }
    }
    let of = |name: &str| {
        let mut of: Vec<&Signal> = signals
            .iter()
            .filter(|signal| signal.finding.kind == name)
            .collect();
        of.sort_by_key(|signal| {
            let finding = &signal.finding;
            (std::cmp::Reverse(finding.severity), finding.since, &signal.id)
        });
        of
    };
    let all = names.into_iter().map(|name| (name, of(name)));
    all.filter(|(_, signals)| !signals.is_empty()).collect()
}

/// What the signals of a kind are, as a heading.
fn heading_of(name: &str) -> String {
    kind(name).map_or_else(|| fit(name, 60).into_owned(), |kind| kind.heading.to_owned())
}

fn group<'a>(
    name: &'a str,
    signals: Vec<&'a Signal>,
    most: usize,
    row: &dyn Fn(&Signal) -> Mrkdwn,
) -> Group<'a> {
    let heading = escape(&format!("{} · {}", heading_of(name), signals.len()));
    let rows: Vec<_> = signals
        .iter()
        .take(most.min(groups::MAX_ROWS))
        .map(|signal| (row(signal), explain(signal)))
        .collect();
    Group::new(heading, rows.into_iter(), move |shown| {
        let rest = &signals[shown..];
        let resolved = rest.iter().filter(|signal| signal.resolved().is_some()).count();
        let text = match (rest.len(), resolved) {
            (0, _) => return Mrkdwn::default(),
            (hidden, 0) => format!("and {hidden} more"),
            (hidden, resolved) => format!("and {hidden} more, {resolved} of them resolved"),
        };
        cat([
            escape(&text),
            words(": "),
            code(&format!("{} signals {name}", crate::SLASH_COMMAND)),
        ])
    })
}

/// Opens what the number was counted from that a signal is about, where it is about one.
fn explain(signal: &Signal) -> Option<Button> {
    let details = &signal.finding.details;
    let metric = AnyMetric::parse(details.get("metric")?.as_str()?)?;
    let days = details.get("window_days")?.as_u64()?;
    let whose = match details.get("team").and_then(|team| team.as_str()) {
        Some(team) => format!("team {team}"),
        None => "all".to_owned(),
    };
    Some(explain_button(metric, &format!("{days}d ours {whose}")))
}

fn bulletin_row(signal: &Signal, zone: Tz) -> Mrkdwn {
    let finding = &signal.finding;
    let title = row::title_link(&finding.title, &finding.url);
    if let Some(at) = signal.resolved() {
        let place = join([place(signal), cat([words("resolved "), when(at, zone)])], " · ");
        let what = strike(title).capped(LINE);
        return cat([words("✓ Resolved: "), what, words("\n"), place]);
    }
    let since = cat([words("since "), when(finding.since, zone)]);
    let people = People::posted().names(&finding.people).capped(LINE / 3);
    lines(signal, people, since)
}

/// An open signal in two short lines.
fn lines(signal: &Signal, people: Mrkdwn, since: Mrkdwn) -> Mrkdwn {
    let title = row::title_link(&signal.finding.title, &signal.finding.url);
    let severity = words(signal.finding.severity.as_str());
    let about = join([place(signal), severity, people, since], " · ");
    join([bold(title).capped(LINE), about.capped(LINE)], "\n")
}

/// Where it is: the pull request, or the repository.
fn place(signal: &Signal) -> Mrkdwn {
    let finding = &signal.finding;
    // An incident's subject begins with the system that keeps it: `github:shop/api#12`.
    let subject = finding
        .subject
        .split_once(':')
        .map_or(finding.subject.as_str(), |(_, id)| id);
    match (PullRequestKey::parse(subject), &finding.repository) {
        (Some(key), _) => row::short_key(&key),
        (None, Some(repository)) => escape(&fit(repository.as_str(), 60)),
        (None, None) => Mrkdwn::default(),
    }
}

fn fallback(heading: &str, signals: &[Signal]) -> Mrkdwn {
    let in_order = by_kind(signals).into_iter().flat_map(|(_, signals)| signals);
    let open = in_order.filter(|signal| signal.resolved().is_none()).take(5);
    let open = open.map(|signal| escape(&fit(&signal.finding.title, 90)));
    join([escape(heading), join(open, "; ")], ". ")
}

fn counted(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

/// The answer to `/em-agent signals`.
#[derive(Debug, Clone, Copy)]
pub struct SignalsView<'a> {
    /// What is open.
    pub open: &'a [Signal],
    /// Only this kind was asked for.
    pub kind: Option<&'static SignalKind>,
    /// Whether rules are evaluated at all.
    pub is_enabled: bool,
    /// How people are named.
    pub people: People<'a>,
    /// When people work.
    pub calendar: &'a WorkCalendar,
    /// Until when ages are counted.
    pub now: DateTime<Utc>,
}

/// The open signals, by kind.
pub fn message_signals(view: &SignalsView<'_>) -> SlackMessageContent {
    let what = view.kind.map_or("signal", |kind| kind.name);
    let heading = match (view.open.len(), view.kind) {
        (0, None) => "No signal is open".to_owned(),
        (0, Some(_)) => format!("No {what} signal is open"),
        (_, Some(_)) => format!("{what}: {} open", view.open.len()),
        (open, None) => format!("{} open", counted(open, "signal", "signals")),
    };
    let mut layout = Layout::new();
    layout.header(&heading);
    let mut after = Layout::new();
    if !view.is_enabled {
        after.section(&words(
            "Rules are switched off: `signals.enabled` is false in the configuration.",
        ));
    }
    if let (0, Some(kind)) = (view.open.len(), view.kind) {
        after.section(&cat([words("One opens when this is so: "), words(kind.summary)]));
    }
    let rules = code(&format!("{} rules", crate::SLASH_COMMAND));
    after.foot(&cat([words("What these mean, and by which rules: "), rules]));
    let row = |signal: &Signal| open_row(signal, view);
    let groups: Vec<Group<'_>> = by_kind(view.open)
        .into_iter()
        .map(|(kind, signals)| group(kind, signals, groups::MAX_ROWS, &row))
        .collect();
    groups::add(&mut layout, &groups, &after);
    layout.append(after);
    layout.into_message(&fallback(&heading, view.open))
}

fn open_row(signal: &Signal, view: &SignalsView<'_>) -> Mrkdwn {
    let since = signal.finding.since;
    let clock = kind(&signal.finding.kind).map_or(ClockKind::Wall, |kind| kind.clock);
    let age = match clock {
        ClockKind::Working => format!("{} of working time", waited(view.calendar, since, view.now)),
        ClockKind::Wall => span(view.now - since, Duration::days(1)),
    };
    let since = cat([escape(&age), words(" since "), when(since, view.calendar.zone)]);
    let people = view.people.names(&signal.finding.people).capped(LINE / 3);
    lines(signal, people, since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{calendar, known, now, signal, signals};
    use crate::transcript::transcript;
    use em_domain::signal::{KINDS, Rule, Rules, Scope, SignalState};
    use insta::assert_snapshot;

    fn bulletin(signals: &[Signal]) -> String {
        let zone = calendar().zone;
        transcript(&message_bulletin(&BulletinView { signals, zone }))
    }

    #[test]
    fn a_bulletin_says_what_how_bad_who_and_since_when_and_strikes_through_what_is_over() {
        let mut all = signals();
        all[0].state = SignalState::Resolved;
        all[0].resolved_at = Some(now() + Duration::hours(1));
        assert_snapshot!(bulletin(&all), @r"
        (text) 4 signals, Fri 21 Nov 15:00 · 1 resolved. build is red on main; ana has 7 pull requests open, 5 are fine; What a newer version found
        # 4 signals, Fri 21 Nov 15:00 · 1 resolved
        *Default branches that are red · 1*
        *build is red on main (https://github.com/shop/api/pull/2)*
        shop/web · critical · since Wed 19 Nov 01:00
        *Stale pull requests · 1*
        ✓ Resolved: ~Retry payments (https://github.com/shop/api/pull/1)~
        shop/api#1 · resolved Fri 21 Nov 16:00
        *Too much at once · 1*
        *ana has 7 pull requests open, 5 are fine (https://github.com/shop/api/pull/3)*
        info · *ana*, *bob* · since Wed 19 Nov 00:00
        *a_kind_of_later · 1*
        *What a newer version found (https://github.com/shop/api/pull/4)*
        shop/api#4 · info · *ana*, *bob* · since Fri 21 Nov 15:00
        ");
    }

    #[test]
    fn of_a_storm_the_first_few_are_shown_and_the_rest_is_counted() {
        let mut storm: Vec<Signal> = (1..=40).map(signal).collect();
        storm[30].state = SignalState::Resolved;
        storm[30].resolved_at = Some(now());
        assert_snapshot!(bulletin(&storm), @r"
        (text) 40 signals, Fri 21 Nov 15:00 · 1 resolved. Use <!channel> *now* 40; Use <!channel> *now* 39; Use <!channel> *now* 38; Use <!channel> *now* 37; Use <!channel> *now* 36
        # 40 signals, Fri 21 Nov 15:00 · 1 resolved
        *Stale pull requests · 40*
        *Use <!channel> *now* 40 (https://github.com/shop/api/pull/40)*
        shop/api#40 · warning · *ana*, *bob* · since Mon 17 Nov 11:00
        *Use <!channel> *now* 39 (https://github.com/shop/api/pull/39)*
        shop/api#39 · warning · *ana*, *bob* · since Mon 17 Nov 12:00
        *Use <!channel> *now* 38 (https://github.com/shop/api/pull/38)*
        shop/api#38 · warning · *ana*, *bob* · since Mon 17 Nov 13:00
        > and 37 more, 1 of them resolved: `/em-agent signals stale_pr`
        ");
    }

    #[test]
    fn when_all_is_over_the_bulletin_says_thanks() {
        let mut one = signal(1);
        one.state = SignalState::Resolved;
        one.resolved_at = Some(now());
        let text = bulletin(&[one]);
        assert!(
            text.contains("1 resolved") && text.contains("Thank you!"),
            "{text}"
        );
    }

    #[test]
    fn open_signals_are_listed_by_kind_with_their_age() {
        let view = SignalsView {
            open: &signals(),
            kind: None,
            is_enabled: true,
            people: People::private(&known),
            calendar: &calendar(),
            now: now(),
        };
        assert_snapshot!(transcript(&message_signals(&view)), @r"
        (text) 4 signals open. build is red on main; Retry payments; ana has 7 pull requests open, 5 are fine; What a newer version found
        # 4 signals open
        *Default branches that are red · 1*
        *build is red on main (https://github.com/shop/api/pull/2)*
        shop/web · critical · 2 d 14 h since Wed 19 Nov 01:00
        *Stale pull requests · 1*
        *Retry payments (https://github.com/shop/api/pull/1)*
        shop/api#1 · warning · *@U0ANA*, *bob* · 1 d 6 h of working time since Wed 19 Nov 02:00
        *Too much at once · 1*
        *ana has 7 pull requests open, 5 are fine (https://github.com/shop/api/pull/3)*
        info · *@U0ANA*, *bob* · 2 d 15 h since Wed 19 Nov 00:00
        *a_kind_of_later · 1*
        *What a newer version found (https://github.com/shop/api/pull/4)*
        shop/api#4 · info · *@U0ANA*, *bob* · under 1 min since Fri 21 Nov 15:00
        > What these mean, and by which rules: `/em-agent rules`
        ");
        let none = SignalsView {
            open: &[],
            kind: kind("failing_main"),
            ..view
        };
        assert_snapshot!(transcript(&message_signals(&none)), @r"
        (text) No failing_main signal is open
        # No failing_main signal is open
        One opens when this is so: A workflow's newest verdict on the default branch is red.
        > What these mean, and by which rules: `/em-agent rules`
        ");
    }

    #[test]
    fn rules_are_shown_with_what_they_were_told_and_what_is_wrong() {
        let mut rules = Rules(KINDS.iter().map(Rule::of).collect());
        rules.0.truncate(5);
        rules.0[3].name = "stale".to_owned();
        rules.0[3].scope = Scope {
            repositories: vec!["shop/*".to_owned()],
            ..Scope::default()
        };
        rules.0[4].enabled = false;
        let view = RulesView {
            rules: &rules,
            file: Some("rules.yaml"),
            since: now(),
            problem: Some("rules.yaml, line 3, column 5: there is no kind `stale`"),
            is_enabled: true,
            channel: Some("#payments"),
            zone: calendar().zone,
        };
        assert_snapshot!(transcript(&message_rules(&view)), @r"
        (text) 4 rules in force. rules.yaml, line 3, column 5: there is no kind `stale`
        # 4 rules in force
        *The file as it is now cannot be used, so the rules below stay in force.*
        rules.yaml, line 3, column 5: there is no kind `stale`
        • *incident_open_too_long* · older_than `4h` · critical
           An incident has been open for longer than this.
        • *failing_main* · critical
           A workflow's newest verdict on the default branch is red.
        • *failed_deployment* · critical
           The newest deployment to an environment failed.
        • *stale* · stale_pr · older_than `48h` · in working time · warning · repositories: shop/*
           Open and ready, and nobody has pushed, reviewed or commented for longer than this.
        • *pr_without_review* · older_than `12h` · in working time · warning · switched off
           Open and ready, by a person, and nobody else has reviewed it for longer than this.
        > From `rules.yaml`, in force since Fri 21 Nov 15:00. Posted to #payments unless a rule says otherwise
        ");
    }
}
