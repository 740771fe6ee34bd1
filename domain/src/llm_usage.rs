//! Purpose: what a language model was used for and costs: tokens, money, and the limits of a day.

use serde::{Deserialize, Serialize};

use crate::answer::Message;

/// A token is about four bytes of text. Texts that are not Latin have fewer letters to the token and more bytes to the
/// letter, so bytes estimate both.
const BYTES_PER_TOKEN: usize = 4;
/// What frames a message, in tokens: its role and its ends.
const TOKENS_PER_MESSAGE: usize = 4;

/// How many tokens a text is, estimated.
pub fn estimated_tokens(text: &str) -> i64 {
    i64::try_from(text.len().div_ceil(BYTES_PER_TOKEN)).unwrap_or(i64::MAX)
}

/// How many tokens a request is, estimated.
pub fn estimated_request(messages: &[Message]) -> i64 {
    let each = |message: &Message| message.text.len().div_ceil(BYTES_PER_TOKEN) + TOKENS_PER_MESSAGE;
    let sum = messages.iter().map(each).fold(0, usize::saturating_add);
    i64::try_from(sum).unwrap_or(i64::MAX)
}

/// What one call used, in tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// What was sent.
    pub tokens_in: i64,
    /// What came back.
    pub tokens_out: i64,
    /// The server did not say; these numbers are worked out from the texts.
    pub is_estimated: bool,
}

impl Usage {
    /// What a call must have used whose server did not say, because it broke off or does not count.
    pub fn estimated(messages: &[Message], answer: &str) -> Self {
        Self {
            tokens_in: estimated_request(messages),
            tokens_out: estimated_tokens(answer),
            is_estimated: true,
        }
    }

    /// Both ways together.
    pub fn total(self) -> i64 {
        self.tokens_in.saturating_add(self.tokens_out)
    }
}

/// What tokens cost, in millionths of the operator's currency for a million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// For what is sent.
    pub micros_in: i64,
    /// For what comes back.
    pub micros_out: i64,
}

impl Price {
    /// What `usage` costs in millionths of the currency, rounded up.
    pub fn cost(self, usage: Usage) -> i64 {
        const MILLION: i128 = 1_000_000;
        let part = |tokens: i64, price: i64| i128::from(tokens.max(0)) * i128::from(price.max(0));
        let sum = part(usage.tokens_in, self.micros_in) + part(usage.tokens_out, self.micros_out);
        i64::try_from((sum + MILLION - 1) / MILLION).unwrap_or(i64::MAX)
    }
}

/// On whose account tokens are counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Account {
    /// One person, by Slack member id.
    Person(String),
    /// A configured team.
    Team(String),
    /// Everybody together.
    Everybody,
}

impl Account {
    /// The kind as it is stored.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Person(_) => "person",
            Self::Team(_) => "team",
            Self::Everybody => "everybody",
        }
    }

    /// Whose it is; empty for everybody's.
    pub fn name(&self) -> &str {
        match self {
            Self::Person(name) | Self::Team(name) => name,
            Self::Everybody => "",
        }
    }

    /// The account stored as `kind` and `name`.
    pub fn parse(kind: &str, name: &str) -> Option<Self> {
        match kind {
            "person" => Some(Self::Person(name.to_owned())),
            "team" => Some(Self::Team(name.to_owned())),
            "everybody" if name.is_empty() => Some(Self::Everybody),
            _ => None,
        }
    }
}

/// The most tokens of a day; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// For one person.
    pub person: Option<i64>,
    /// For one team.
    pub team: Option<i64>,
    /// For everybody together.
    pub everybody: Option<i64>,
}

impl Limits {
    /// The limit of one account.
    pub fn of(&self, account: &Account) -> Option<i64> {
        match account {
            Account::Person(_) => self.person,
            Account::Team(_) => self.team,
            Account::Everybody => self.everybody,
        }
    }
}

/// The accounts that one person's call is counted on, in the one order in which everybody takes them.
pub fn accounts(person: &str, teams: &[String]) -> Vec<Account> {
    let mut accounts = vec![Account::Person(person.to_owned()), Account::Everybody];
    accounts.extend(teams.iter().cloned().map(Account::Team));
    accounts.sort();
    accounts.dedup();
    accounts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::answer::Role;

    #[test]
    fn a_price_for_a_million_tokens_is_the_cost_of_a_million_tokens() {
        let price = Price {
            micros_in: 150_000,
            micros_out: 600_000,
        };
        let usage = |tokens_in, tokens_out| Usage {
            tokens_in,
            tokens_out,
            is_estimated: false,
        };
        assert_eq!(price.cost(usage(1_000_000, 1_000_000)), 750_000);
        assert_eq!(price.cost(usage(1, 0)), 1);
        assert_eq!(price.cost(usage(0, 0)), 0);
        assert_eq!(Price::default().cost(usage(i64::MAX, i64::MAX)), 0);
    }

    #[test]
    fn accounts_are_taken_in_one_order_however_teams_are_named() {
        let teams = ["web".to_owned(), "api".to_owned(), "web".to_owned()];
        let expected = [
            Account::Person("U1".to_owned()),
            Account::Team("api".to_owned()),
            Account::Team("web".to_owned()),
            Account::Everybody,
        ];
        assert_eq!(accounts("U1", &teams), expected);
        for account in expected {
            assert_eq!(Account::parse(account.kind(), account.name()), Some(account));
        }
        assert_eq!(Account::parse("everybody", "U1"), None);
    }

    #[test]
    fn what_the_server_does_not_count_is_estimated_and_says_so() {
        let messages = [Message {
            role: Role::User,
            text: "twelve bytes".to_owned(),
        }];
        let usage = Usage::estimated(&messages, "eight by");
        assert_eq!(
            (usage.tokens_in, usage.tokens_out, usage.is_estimated),
            (7, 2, true)
        );
        assert_eq!(usage.total(), 9);
    }

    proptest! {
        #[test]
        fn using_more_never_costs_less(
            tokens in 0..1_000_000_000_i64, more in 0..1_000_000_i64, micros in 0..100_000_000_i64,
        ) {
            let price = Price { micros_in: micros, micros_out: micros };
            let of = |tokens_in| price.cost(Usage { tokens_in, ..Usage::default() });
            prop_assert!(of(tokens) <= of(tokens + more));
            prop_assert!(of(tokens + more) <= of(tokens) + of(more));
        }
    }
}
