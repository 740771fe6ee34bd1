//! Purpose: `apps.connections.open`, `auth.test`, `bots.info`, `team.info`.

use serde_json::json;

use super::params::Params;
use super::{Answer, granted};
use crate::shared::Shared;

#[expect(clippy::unnecessary_wraps, reason = "all methods have one type")]
pub(super) fn connections_open(shared: &Shared, _params: &Params) -> Answer {
    let (base, ticket, app) = (
        &shared.link_url,
        shared.hub.new_ticket(),
        &shared.options.cast.app.id,
    );
    Ok(json!({"url": format!("{base}/link/?ticket={ticket}&app_id={app}")}))
}

#[expect(clippy::unnecessary_wraps, reason = "all methods have one type")]
pub(super) fn auth_test(shared: &Shared, _params: &Params) -> Answer {
    tracing::trace!(scopes = granted(shared), "auth.test");
    Ok(shared.read(|w| {
        json!({
            "url": format!("https://{}.slack.com/", w.team.domain), "team": w.team.name, "user": w.app.name,
            "team_id": w.team.id, "user_id": w.app.user_id, "bot_id": w.app.bot_id, "is_enterprise_install": false,
        })
    }))
}

pub(super) fn bots_info(shared: &Shared, params: &Params) -> Answer {
    shared.read(|w| {
        if params.text("bot").is_some_and(|bot| bot != w.app.bot_id) {
            return Err("bot_not_found".into());
        }
        let (id, app, user, name) = (&w.app.bot_id, &w.app.id, &w.app.user_id, &w.app.real_name);
        let bot = json!({
            "id": id, "app_id": app, "user_id": user, "name": name, "deleted": false, "updated": 1_690_000_000,
            "icons": {},
        });
        Ok(json!({"bot": bot}))
    })
}

#[expect(clippy::unnecessary_wraps, reason = "all methods have one type")]
pub(super) fn team_info(shared: &Shared, _params: &Params) -> Answer {
    Ok(shared.read(|w| {
        let team = &w.team;
        json!({"team": {
            "id": team.id, "name": team.name, "domain": team.domain, "email_domain": "acme.example",
            "url": format!("https://{}.slack.com/", team.domain), "icon": {},
        }})
    }))
}
