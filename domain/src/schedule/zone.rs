//! Purpose: the time zone that somebody wrote, and the one that they perhaps meant.

use chrono_tz::{TZ_VARIANTS, Tz};

/// There is no such zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{written}” is no time zone that I know.{}", nearest.map_or_else(
    || " Write it as Europe/Berlin or UTC.".to_owned(), |zone| format!(" Did you mean {}?", zone.name())))]
pub struct UnknownZone {
    written: String,
    nearest: Option<Tz>,
}

/// Reads the name of a zone, in any case.
///
/// # Errors
/// There is none of this name; the error names the nearest.
pub fn read(text: &str) -> Result<Tz, UnknownZone> {
    let written: String = text.trim().chars().take(60).collect();
    let same = |zone: &&Tz| zone.name().eq_ignore_ascii_case(&written);
    let known = TZ_VARIANTS.iter().find(same).copied();
    known.ok_or_else(|| UnknownZone {
        nearest: nearest(&written),
        written,
    })
}

/// The zone whose name, or whose place, is written most alike.
fn nearest(written: &str) -> Option<Tz> {
    let written = written.to_lowercase().replace(' ', "_");
    let distance = |zone: &Tz| {
        let name = zone.name().to_lowercase();
        let place = name.rsplit('/').next().unwrap_or(&name);
        let to_place = strsim::damerau_levenshtein(place, &written);
        to_place.min(strsim::damerau_levenshtein(&name, &written))
    };
    let scored = TZ_VARIANTS
        .iter()
        .map(|zone| (distance(zone), zone.name(), *zone));
    let (distance, _, zone) = scored.min_by_key(|(distance, name, _)| (*distance, *name))?;
    (distance <= written.chars().count() / 3).then_some(zone)
}
