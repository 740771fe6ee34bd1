package em_agent

import rego.v1

opened(kind, more) := {"signal": object.union(
	{
		"kind": kind, "rule": kind, "severity": "warning", "subject": "acme/api#12", "repository": "acme/api",
		"age_hours": 50, "details": {},
	},
	more,
)}

test_people_are_told_of_every_kind_that_is_not_called_quiet if {
	every kind in ["stale_pr", "failing_main", "failed_deployment", "incident_open_too_long", "one_of_our_own"] {
		reaction.notify with input as opened(kind, {})
	}
	not reaction.notify with input as opened("no_ticket_link", {}) with data.quiet_signals as ["no_ticket_link"]
}

test_a_stale_pull_request_is_nudged_about_at_twice_its_limit if {
	count(reaction.propose) == 0 with input as opened("stale_pr", {"age_hours": 96})
	reaction.propose == [{"kind": "slack.nudge", "target": "acme/api#12"}] with input as opened("stale_pr", {"age_hours": 97})
	reaction.propose == [{"kind": "slack.nudge", "target": "acme/api#12"}] with input as opened("stale_pr", {"age_hours": 25, "details": {"limit_hours": 12}})
}

test_a_pull_request_that_lay_for_a_month_is_proposed_to_be_closed if {
	reaction.propose == [{"kind": "github.close", "target": "acme/api#12"}] with input as opened("stale_pr", {"age_hours": 721})
	count(reaction.propose) == 1 with input as opened("stale_pr", {"age_hours": 721}) with data.close_stale_after_days as 60
	reaction.propose[0].kind == "slack.nudge" with input as opened("stale_pr", {"age_hours": 721}) with data.close_stale_after_days as 60
}

test_a_red_branch_is_tried_again_where_its_run_is_known if {
	count(reaction.propose) == 0 with input as opened("failing_main", {})
	proposed := reaction.propose[0] with input as opened("failing_main", {"details": {"run": "https://github.com/acme/api/actions/runs/42"}})
	proposed == {"kind": "github.rerun", "target": "acme/api", "arguments": {"run": "42"}}
}
