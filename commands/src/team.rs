//! Purpose: which configured team a person means.

use em_domain::triage::TeamScope;

use crate::ctx::Ctx;
use crate::invocation::CommandError;

/// The team of this name, in any case of letters.
///
/// # Errors
/// There is none, with the one that was probably meant.
pub(crate) fn find<'a>(ctx: &'a Ctx, name: &str) -> Result<&'a TeamScope, CommandError> {
    among(&ctx.settings.teams, name)
}

/// The same, of these teams.
pub(crate) fn among<'a>(teams: &'a [TeamScope], name: &str) -> Result<&'a TeamScope, CommandError> {
    if let Some(team) = teams.iter().find(|team| team.name.eq_ignore_ascii_case(name)) {
        return Ok(team);
    }
    let known: Vec<&str> = teams.iter().map(|team| team.name.as_str()).collect();
    Err(CommandError::user(if known.is_empty() {
        "No teams are configured. An admin can add them to em-agent.toml as `[teams.NAME]`.".to_owned()
    } else {
        let meant = nearest(&known, name).map(|team| format!(" Did you mean {team}?"));
        format!(
            "There is no team of that name.{} I know: {}.",
            meant.unwrap_or_default(),
            known.join(", ")
        )
    }))
}

/// The name that a misspelt one is most like, if it is like one at all.
fn nearest<'n>(known: &[&'n str], name: &str) -> Option<&'n str> {
    let name: String = name.to_lowercase().chars().take(40).collect();
    let scored = known
        .iter()
        .map(|team| (strsim::damerau_levenshtein(&team.to_lowercase(), &name), *team));
    scored
        .min()
        .filter(|(distance, team)| *distance <= team.chars().count().div_ceil(3))
        .map(|(_, team)| team)
}
