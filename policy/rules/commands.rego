# What people type and click. Kinds: command.<words>, click.<button>, modal.<form>, shortcut.<name>.
package em_agent

import rego.v1

# The first rule that fires decides.
command_rules := [
	{
		"rule": "administration",
		"then": "deny",
		"text": "This looks after the bot or speaks for the team, so it is for people with the role manager or admin, or for all members of the workspace where nobody has such a role.",
	},
	{
		"rule": "everybody",
		"then": "allow",
		"text": "Everybody in the workspace may use the bot's commands and buttons.",
	},
]

is_command if words[0] in {"command", "click", "modal", "shortcut"}

# "command.policy backtest" -> ["command", "policy backtest"]
words := [prefix, rest] if {
	prefix := split(input.action.kind, ".")[0]
	rest := substring(input.action.kind, count(prefix) + 1, -1)
}

looks_after_the_bot if {
	some name in administration
	words[1] == name
}

looks_after_the_bot if {
	some name in administration
	some after in [" ", "."]
	startswith(words[1], concat("", [name, after]))
}

may_administer if {
	some role in input.actor.roles
	role in leads
}

# Where nobody was named, members may; of a guest, or somebody Slack said nothing about, this is not so.
may_administer if {
	count(leads) == 0
	input.actor.guest == false
}

# What the operator scheduled, the operator allowed.
may_administer if is_string(input.actor.system)

fired contains "administration" if {
	is_command
	looks_after_the_bot
	not may_administer
}

fired contains "everybody" if is_command
