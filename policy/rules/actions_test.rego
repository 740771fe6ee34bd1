package em_agent

import rego.v1

wanted(kind, actor, facts) := {
	"actor": actor,
	"action": {"kind": kind, "target": "acme/api#12"},
	"facts": facts,
	"time": {"now": "2026-01-15T10:00:00Z", "weekday": "thu", "hour": 10, "is_working_time": true},
}

bot := {"slack_user": null, "system": "signal:stale_pr"}

# What is needed where the role manager is given to somebody.
terms_for(kind, facts) := terms_asked if {
	terms_asked := decision.verdict.needs_approval with input as wanted(kind, member, facts) with data.roles as {"manager": ["U3"]}
}

test_a_persons_own_low_risk_proposal_is_done_at_once if {
	every kind in [
		"github.comment", "github.request_review", "github.label", "github.assign", "slack.nudge",
		"pagerduty.acknowledge", "jira.comment", "linear.comment",
	] {
		decision.verdict == "allow" with input as wanted(kind, member, {})
		decision.risk == "low" with input as wanted(kind, member, {})
	}
}

test_somebody_of_whom_slack_said_nothing_is_no_guest if {
	decision.verdict == "allow" with input as wanted("github.label", {"slack_user": "U4", "guest": null}, {})
}

test_the_bots_own_and_a_guests_low_risk_proposals_are_asked_about if {
	every actor in [bot, guest] {
		decision.verdict.needs_approval.approvers == ["anyone"] with input as wanted("slack.nudge", actor, {})
	}
}

test_medium_risk_needs_a_manager_who_did_not_propose_it if {
	every kind in [
		"github.close", "github.reopen", "github.rerun", "github.create_issue",
		"slack.post", "slack.invite", "slack.create_channel",
		"pagerduty.resolve", "jira.transition", "linear.transition", "circleci.retry",
	] {
		terms_for(kind, {}) == {"approvers": ["role:manager"]}
		decision.risk == "medium" with input as wanted(kind, member, {})
	}
}

test_high_risk_is_typed_and_escalated if {
	every kind in [
		"github.merge", "github.auto_merge", "github.dispatch",
		"github.approve_deployment", "github.reject_deployment", "argocd.sync",
	] {
		terms := terms_for(kind, {"base_ref": "topic", "environment": "staging"})
		terms.confirmation == "typed"
		terms.escalate_to == ["role:manager"]
		terms.expires_in_minutes == 240
		not terms.quorum
	}
}

test_what_reaches_users_needs_two if {
	terms_for("github.merge", {"base_ref": "main"}).quorum == 2
	terms_for("github.approve_deployment", {"environment": "production"}).quorum == 2
}

test_protected_branches_come_from_the_configuration if {
	decision.verdict.needs_approval.quorum == 2 with input as wanted("github.merge", member, {"base_ref": "release"})
		with data.protected_branches as ["release"]
}

test_red_checks_and_wanted_changes_forbid_a_merge if {
	decision.verdict == "deny" with input as wanted("github.merge", manager, {"ci": "red"})
	decision.reason == "Nothing is merged while its checks are red." with input as wanted("github.merge", manager, {"ci": "red"})
	every fact in [true, 1, ["ana"]] {
		decision.verdict == "deny" with input as wanted("github.merge", manager, {"changes_requested": fact})
	}
	every fact in [false, 0, []] {
		decision.verdict != "deny" with input as wanted("github.merge", manager, {"changes_requested": fact})
	}
}

test_a_freeze_forbids_high_risk_only_while_it_lasts if {
	during := [{"from": "2026-01-15T00:00:00Z", "until": "2026-01-16T00:00:00Z", "why": "the year's end"}]
	after := [{"from": "2026-01-15T10:00:01Z", "until": "2026-01-16T00:00:00Z", "why": "the year's end"}]
	decision.verdict == "deny" with input as wanted("github.dispatch", manager, {}) with data.freezes as during
	contains(decision.reason, "the year's end") with input as wanted("github.dispatch", manager, {}) with data.freezes as during
	decision.verdict == "allow" with input as wanted("github.comment", manager, {}) with data.freezes as during
	decision.verdict != "deny" with input as wanted("github.dispatch", manager, {}) with data.freezes as after
}

test_a_freeze_that_cannot_be_read_is_one if {
	every freezes in [[{"from": "soon", "until": "2026-01-16T00:00:00Z"}], [{"from": "2026-01-15T10:00:01Z"}]] {
		decision.verdict == "deny" with input as wanted("github.dispatch", manager, {}) with data.freezes as freezes
	}
}

test_outside_working_time_a_deployment_to_production_has_a_quiet_period if {
	night := {"now": "2026-01-15T23:00:00Z", "weekday": "thu", "hour": 23, "is_working_time": false}
	asked_at_night := object.union(wanted("github.approve_deployment", member, {"environment": "production"}), {"time": night})
	terms := decision.verdict.needs_approval with input as asked_at_night
	terms.quiet_period.hours == 48
	terms.expires_in_minutes > 48 * 60
	not terms_for("github.approve_deployment", {"environment": "production"}).quiet_period
}

test_an_unknown_action_is_asked_about_and_an_unknown_area_refused if {
	terms_for("jira.delete_project", {}).approvers == ["role:manager"]
	terms_for("github.delete_repository", {}).approvers == ["role:manager"]
	decision.risk == "high" with input as wanted("github.delete_repository", manager, {})
	every kind in ["aws.terminate", "jirax.comment", "jira"] {
		decision.verdict == "deny" with input as wanted(kind, manager, {})
	}
}

test_every_rule_is_shown_with_whether_it_fired if {
	rows := decision.rules with input as wanted("github.merge", manager, {"ci": "red"})
	count(rows) == count(action_rules)
	[row.rule | some row in rows; row.fired] == ["red_checks", "high_risk"]
}

test_whoever_asks_for_the_bot_is_not_its_own_person if {
	decision.verdict != "allow" with input as wanted("github.label", {"slack_user": "U1", "system": "signal:stale_pr"}, {})
	decision.verdict != "allow" with input as wanted("github.label", {"login": "octocat"}, {})
}

test_what_the_bot_proposes_may_be_agreed_to_by_its_author if {
	terms := decision.verdict.needs_approval with input as wanted("github.label", bot, {})
	terms.self_approval
}

test_production_is_what_the_configuration_says if {
	every environment, quorum in {"eu": 2, "production": 1} {
		terms := decision.verdict.needs_approval with input as wanted("github.dispatch", member, {"environment": environment})
			with data.production as ["eu"]
		object.get(terms, "quorum", 1) == quorum
	}
}
