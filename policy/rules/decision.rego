# How an answer about something that somebody wants to do is put together: the first rule that fires decides.
package em_agent

import rego.v1

question := command_rules if is_command

question := action_rules if not is_command

deciding := [row | some row in question; row.rule in fired][0]

decision := {
	"verdict": verdict,
	"reason": object.get(because, deciding.rule, deciding.text),
	"risk": risk,
	"rules": [{"rule": row.rule, "text": row.text, "fired": row.rule in fired} |
		some row in question
	],
}

verdict := deciding.then if deciding.then in {"allow", "deny"}

verdict := {"needs_approval": terms[deciding.rule]} if deciding.then == "ask"

# What is not known to be harmless counts as harmful.
default risk := "high"

risk := risks[input.action.kind]

risk := "low" if is_command
