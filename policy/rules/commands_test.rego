package em_agent

import rego.v1

asked(kind, actor) := {"actor": actor, "action": {"kind": kind, "target": ""}, "facts": {}}

member := {"slack_user": "U1", "guest": false, "roles": []}

guest := {"slack_user": "U2", "guest": true, "roles": []}

manager := {"slack_user": "U3", "guest": false, "roles": ["manager"]}

test_everybody_may_use_commands_buttons_and_forms if {
	every kind in ["command.triage", "click.row.nudge", "modal.snooze", "shortcut.triage.show"] {
		every actor in [member, guest, manager] {
			decision.verdict == "allow" with input as asked(kind, actor)
		}
	}
}

test_with_roles_only_those_who_lead_look_after_the_bot if {
	every kind in ["command.policy backtest", "command.audit", "command.jobs retry", "click.job.retry", "click.integrations.test", "click.ask.official", "modal.ask.official"] {
		decision.verdict == "allow" with input as asked(kind, manager) with data.roles as {"manager": ["U3"]}
		decision.verdict == "deny" with input as asked(kind, member) with data.roles as {"manager": ["U3"]}
	}
}

test_without_roles_every_member_looks_after_the_bot_but_no_guest if {
	decision.verdict == "allow" with input as asked("command.audit", member)
	decision.verdict == "deny" with input as asked("command.audit", guest)
	decision.verdict == "deny" with input as asked("command.audit", {"slack_user": "U4"})
}

test_what_the_operator_scheduled_is_allowed if {
	decision.verdict == "allow" with input as asked("command.audit", {"system": "schedule:monday"})
}

test_a_word_that_only_begins_alike_is_not_administration if {
	decision.verdict == "allow" with input as asked("command.auditorium", guest)
	decision.verdict == "allow" with input as asked("command.policy", guest)
	decision.verdict == "allow" with input as asked("command.docs list", guest)
	decision.verdict == "deny" with input as asked("command.docs add", guest)
	decision.verdict == "allow" with input as asked("command.schedule add", guest)
	decision.verdict == "deny" with input as asked("command.schedule others", guest)
}

test_a_role_that_does_not_lead_looks_after_nothing if {
	oncall := {"slack_user": "U5", "guest": false, "roles": ["oncall"]}
	decision.verdict == "deny" with input as asked("command.audit", oncall) with data.roles as {"manager": ["U3"], "oncall": ["U5"]}
}

test_what_looks_after_the_bot_is_what_the_configuration_says if {
	decision.verdict == "deny" with input as asked("command.triage post", guest) with data.administration as ["triage"]
	decision.verdict == "allow" with input as asked("command.audit", guest) with data.administration as ["triage"]
}
