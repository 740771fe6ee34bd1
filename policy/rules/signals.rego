# What is done about a signal that opened. What is proposed here goes through the rules for actions like any other
# proposal; nothing is done by a signal alone.
package em_agent

import rego.v1

# Every rule that fires counts.
signal_rules := [
	{"rule": "told", "text": "People are told of a signal."},
	{"rule": "quiet", "text": "Nobody is told of the kinds that the configuration calls quiet."},
	{"rule": "nudge_stale", "text": "Whoever must move is nudged once a pull request lay for twice its limit."},
	{"rule": "close_stale", "text": "A pull request that lay for very long is proposed to be closed."},
	{"rule": "rerun_main", "text": "A red default branch is tried once more."},
]

fired contains "quiet" if input.signal.kind in quiet_signals

fired contains "told" if {
	is_string(input.signal.kind)
	not input.signal.kind in quiet_signals
}

fired contains "nudge_stale" if {
	input.signal.kind == "stale_pr"
	input.signal.age_hours > 2 * stale_limit_hours
	not is_long_dead
}

fired contains "close_stale" if {
	input.signal.kind == "stale_pr"
	is_long_dead
}

fired contains "rerun_main" if {
	input.signal.kind == "failing_main"
	failed_run
}

is_long_dead if input.signal.age_hours > close_stale_after_days * 24

# The number in the address of the run that failed: .../actions/runs/30433642
failed_run := number if {
	parts := split(input.signal.details.run, "/actions/runs/")
	number := split(parts[1], "/")[0]
	to_number(number) > 0
}

# The limit of the rule that opened the signal.
default stale_limit_hours := 48

stale_limit_hours := input.signal.details.limit_hours

proposals contains {"kind": "slack.nudge", "target": input.signal.subject} if "nudge_stale" in fired

proposals contains {"kind": "github.close", "target": input.signal.subject} if "close_stale" in fired

proposals contains {
	"kind": "github.rerun",
	"target": input.signal.repository,
	"arguments": {"run": failed_run},
} if {
	"rerun_main" in fired
}

reasons := [row.text | some row in signal_rules; row.rule in fired; explains(row.rule)]

# That people are told goes without saying where more is done.
explains(rule) if rule != "told"

explains("told") if count(proposals) == 0

reaction := {
	"notify": "told" in fired,
	"propose": [action | some action in proposals],
	"reason": concat(" ", reasons),
	"rules": [{"rule": row.rule, "text": row.text, "fired": row.rule in fired} |
		some row in signal_rules
	],
}
