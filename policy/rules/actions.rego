# What is done to other systems, on somebody's proposal or the bot's own.
package em_agent

import rego.v1

# How much harm a mistake does.
risks := {
	"github.comment": "low",
	"github.request_review": "low",
	"github.label": "low",
	"github.assign": "low",
	"slack.nudge": "low",
	"pagerduty.acknowledge": "low",
	"jira.comment": "low",
	"linear.comment": "low",
	"github.close": "medium",
	"github.reopen": "medium",
	"github.rerun": "medium",
	"github.create_issue": "medium",
	"slack.post": "medium",
	"slack.invite": "medium",
	"slack.create_channel": "medium",
	"pagerduty.resolve": "medium",
	"jira.transition": "medium",
	"linear.transition": "medium",
	"circleci.retry": "medium",
	"github.merge": "high",
	"github.auto_merge": "high",
	"github.dispatch": "high",
	"github.approve_deployment": "high",
	"github.reject_deployment": "high",
	"argocd.sync": "high",
}

# The first rule that fires decides. `ask` takes its terms from `terms` below.
action_rules := [
	{"rule": "unknown_area", "then": "deny", "text": "I only act on systems that the rules know."},
	{"rule": "red_checks", "then": "deny", "text": "Nothing is merged while its checks are red."},
	{"rule": "changes_requested", "then": "deny", "text": "Nothing is merged while a reviewer wants changes."},
	{"rule": "freeze", "then": "deny", "text": "Nothing of high risk is done during a freeze."},
	{"rule": "unknown_action", "then": "ask", "text": "No rule knows this kind of action, so those who lead decide."},
	{"rule": "own_low_risk", "then": "allow", "text": "What people propose themselves is done at once if it is easily undone."},
	{"rule": "low_risk", "then": "ask", "text": "What the bot proposes itself, or a guest does, needs one person who agrees."},
	{"rule": "medium_risk", "then": "ask", "text": "What changes the work of others needs one more person who agrees."},
	{"rule": "production_at_night", "then": "ask", "text": "Outside working time a deployment to production waits for 48 quiet hours, or for people who agree."},
	{"rule": "high_risk_production", "then": "ask", "text": "What reaches users needs two people who agree and type its name."},
	{"rule": "high_risk", "then": "ask", "text": "What is of high risk needs one more person who agrees and types its name."},
]

# --- when a rule fires -----------------------------------------------------

is_known if risks[input.action.kind]

is_our_area if {
	some area in ["github", "slack", "pagerduty", "jira", "linear", "circleci", "argocd"]
	startswith(input.action.kind, concat("", [area, "."]))
}

fired contains "unknown_area" if {
	is_string(input.action.kind)
	not is_command
	not is_our_area
}

fired contains "red_checks" if {
	input.action.kind == "github.merge"
	input.facts.ci == "red"
}

fired contains "changes_requested" if {
	input.action.kind in {"github.merge", "github.auto_merge"}
	is_true(input.facts.changes_requested)
}

fired contains "freeze" if {
	risks[input.action.kind] == "high"
	some freeze in freezes
	lasts(freeze)
}

fired contains "unknown_action" if {
	is_our_area
	not is_known
}

fired contains "own_low_risk" if {
	risks[input.action.kind] == "low"
	is_own
}

fired contains "low_risk" if {
	risks[input.action.kind] == "low"
	not is_own
}

fired contains "medium_risk" if risks[input.action.kind] == "medium"

fired contains "production_at_night" if {
	input.action.kind == "github.approve_deployment"
	input.facts.environment in production
	not input.time.is_working_time
}

fired contains "high_risk_production" if {
	risks[input.action.kind] == "high"
	reaches_users
}

fired contains "high_risk" if risks[input.action.kind] == "high"

# --- under what terms people are asked -------------------------------------

terms["unknown_action"] := {"approvers": approvers, "confirmation": "typed"}

terms["low_risk"] := {"approvers": approvers, "self_approval": true, "reactions": true}

terms["medium_risk"] := {"approvers": approvers}

terms["high_risk"] := high_risk_terms

terms["high_risk_production"] := production_terms

# It may not lapse before its quiet time is over.
terms["production_at_night"] := object.union(production_terms, {
	"expires_in_minutes": 72 * 60,
	"quiet_period": {"hours": 48},
})

high_risk_terms := {
	"approvers": approvers,
	"confirmation": "typed",
	"expires_in_minutes": 240,
	"escalate_to": escalation,
}

production_terms := object.union(high_risk_terms, {"quorum": 2})

# --- what the conditions above mean ----------------------------------------

# A person asks, and not the bot by itself; it does not count of somebody whom Slack calls a guest.
is_own if {
	is_string(input.actor.slack_user)
	not is_string(input.actor.system)
	not input.actor.guest == true
}

reaches_users if input.facts.base_ref in protected_branches

reaches_users if input.facts.environment in production

# A fact may say yes, how many, or who.
is_true(fact) if fact == true

is_true(fact) if {
	is_number(fact)
	fact > 0
}

is_true(fact) if {
	is_array(fact)
	count(fact) > 0
}

# A freeze that cannot be read is one: better a question too many than a deployment into it.
lasts(freeze) if not is_elsewhen(freeze)

is_elsewhen(freeze) if {
	from := time.parse_rfc3339_ns(freeze.from)
	until := time.parse_rfc3339_ns(freeze.until)
	true in {now_ns < from, now_ns >= until}
}

now_ns := time.parse_rfc3339_ns(input.time.now)

# --- what is said instead of a rule's own text ------------------------------

because["freeze"] := sprintf("Nothing of high risk is done until %s: %s.", [freeze.until, freeze.why]) if {
	deciding.rule == "freeze"
	freeze := [each | some each in freezes; lasts(each)][0]
}
