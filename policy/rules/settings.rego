# What the other rules rest on. The right-hand values hold unless `[policy.data]` and `[policy.roles]` of the
# configuration say otherwise.
package em_agent

import rego.v1

# Branches that reach users: what goes there needs two people.
default protected_branches := ["main", "master"]

protected_branches := data.protected_branches

# Environments that reach users.
default production := ["production"]

production := data.production

# No high-risk action while one of these lasts: {"from": "2026-12-23T00:00:00Z", "until": "...", "why": "the holidays"}.
default freezes := []

freezes := data.freezes

# A pull request that lay for so many days without activity is proposed to be closed.
default close_stale_after_days := 30

close_stale_after_days := data.close_stale_after_days

# Kinds of signals that nobody is told about by a message.
default quiet_signals := []

quiet_signals := data.quiet_signals

# Commands that look after the bot itself, or say what everybody is answered from.
default administration := ["policy backtest", "audit", "jobs", "job", "integrations.test", "ask.official", "docs add", "docs remove", "schedule others"]

administration := data.administration

# Who has which role, by the configuration.
default roles := {}

roles := data.roles

# The roles that look after things, as far as anybody has them.
leads := [name | some name in ["manager", "admin"]; count(roles[name]) > 0]

# Who is asked: those who lead, or anybody but guests where nobody was named.
default approvers := ["anyone"]

approvers := [concat(":", ["role", name]) | some name in leads] if count(leads) > 0

default escalation := []

escalation := approvers if count(leads) > 0
