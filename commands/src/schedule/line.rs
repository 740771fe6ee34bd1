//! Purpose: a schedule in one line: `triage post #ops every weekday at 09:00 in Europe/Berlin --late 4`.

use em_domain::schedule::{MOST_HOURS_LATE, Missed};

use super::add::SPEC;
use super::define::Written;
use crate::invocation::CommandError;
use crate::spec::plain_dashes;

/// When, in which zone, and what about missed times: what stands after the channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Timing {
    pub(super) when: String,
    pub(super) zone: Option<String>,
    pub(super) missed: Option<Missed>,
}

/// Reads the words after `schedule add`.
pub(super) fn read(words: &[String]) -> Result<Written, CommandError> {
    let is_channel = |word: &String| word.starts_with('#') || word.starts_with("<#");
    let Some(at) = words.iter().position(is_channel) else {
        return Err(usage("I do not see a channel in that."));
    };
    let (run, rest) = words.split_at(at);
    let (channel, timing) = rest
        .split_first()
        .ok_or_else(|| usage("I do not see a channel in that."))?;
    if run.is_empty() {
        return Err(usage("Before the channel, say what I am to post."));
    }
    let timing = read_timing(timing)?;
    Ok(Written {
        run: run
            .iter()
            .map(|word| plain_dashes(word))
            .collect::<Vec<_>>()
            .join(" "),
        channel: channel.clone(),
        when: timing.when,
        zone: timing.zone,
        missed: timing.missed.unwrap_or(Missed::USUAL),
    })
}

/// Reads `every weekday at 09:00 in Europe/Berlin --late 4`.
pub(super) fn read_timing(words: &[String]) -> Result<Timing, CommandError> {
    let (mut plain, mut missed) = (Vec::new(), None);
    let mut words = words.iter().map(|word| plain_dashes(word));
    while let Some(word) = words.next() {
        match word.as_str() {
            "--skip" => missed = Some(Missed::Skip),
            "--late" => {
                let hours = words.next().unwrap_or_default();
                let rule = Missed::parse(&format!("late-{hours}"));
                let wrong = || {
                    usage(&format!(
                        "After --late, write a number of hours from 1 to {MOST_HOURS_LATE}."
                    ))
                };
                missed = Some(rule.ok_or_else(wrong)?);
            }
            _ => plain.push(word),
        }
    }
    let zone = zone(&mut plain);
    if plain.is_empty() {
        return Err(usage("After the channel, say when."));
    }
    Ok(Timing {
        when: plain.join(" "),
        zone,
        missed,
    })
}

/// Takes the zone off the end: `in UTC`, `Europe/Berlin`.
fn zone(words: &mut Vec<String>) -> Option<String> {
    let is_in = words.len() >= 2
        && words
            .iter()
            .rev()
            .nth(1)
            .is_some_and(|word| word.eq_ignore_ascii_case("in"));
    // A step of cron fields has a slash too.
    let names_place =
        |word: &String| word.contains('/') && word.starts_with(|c: char| c.is_ascii_alphabetic());
    if !is_in && !words.last().is_some_and(names_place) {
        return None;
    }
    let zone = words.pop();
    if is_in {
        words.pop();
    }
    zone
}

fn usage(problem: &str) -> CommandError {
    CommandError::Usage {
        problem: problem.to_owned(),
        usage: SPEC.usage.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Written, String> {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        super::read(&words).map_err(|error| error.to_string())
    }

    #[test]
    fn what_where_and_when_are_told_apart() {
        let written =
            read("triage post —team payments <#C0OPS|ops> every weekday at 09:00 in Europe/Berlin --late 4");
        let expected = Written {
            run: "triage post --team payments".to_owned(),
            channel: "<#C0OPS|ops>".to_owned(),
            when: "every weekday at 09:00".to_owned(),
            zone: Some("Europe/Berlin".to_owned()),
            missed: Missed::Late(4),
        };
        assert_eq!(written, Ok(expected));
        let plain = read("gaps post #ops */30 9 * * 1 --skip").unwrap();
        assert_eq!(
            (plain.when.as_str(), plain.zone, plain.missed),
            ("*/30 9 * * 1", None, Missed::Skip)
        );
        let placed = read("gaps post #ops Mondays 9:00 America/New_York").unwrap();
        assert_eq!(placed.zone.as_deref(), Some("America/New_York"));
        assert_eq!(placed.missed, Missed::USUAL);
    }

    #[test]
    fn what_is_missing_is_named() {
        for (line, expected) in [
            ("triage post every day at 9", "I do not see a channel"),
            ("#ops every day at 9", "what I am to post"),
            ("triage post #ops", "say when"),
            ("triage post #ops in UTC", "say when"),
            ("triage post #ops daily 9 --late", "number of hours"),
            ("triage post #ops daily 9 --late 1000", "number of hours"),
        ] {
            let refused = read(line).unwrap_err();
            assert!(refused.contains(expected), "{line}: {refused}");
        }
    }
}
