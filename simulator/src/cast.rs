//! Purpose: who and what is in the workspace when it starts: people, channels, the app.

use crate::workspace::{App, Channel, ChannelKind, Person, Team};

/// The starting state of a workspace; every part may be replaced before the start.
#[derive(Debug, Clone)]
pub struct Cast {
    /// The workspace itself.
    pub team: Team,
    /// The app under test and its bot user.
    pub app: App,
    /// Everybody, without the bot, which is added at the start.
    pub people: Vec<Person>,
    /// Public and private channels; direct messages appear when opened.
    pub channels: Vec<Channel>,
}

impl Default for Cast {
    fn default() -> Self {
        let team = Team {
            id: "T0ACME".into(),
            name: "Acme".into(),
            domain: "acme".into(),
        };
        let app = App {
            id: "A0EMAGENT".into(),
            bot_id: "B0EMAGENT".into(),
            user_id: "U0EMAGENT".into(),
            name: "em-agent".into(),
            real_name: "EM Agent".into(),
        };
        let people = default_people();
        let all: Vec<&str> = people
            .iter()
            .filter(|p| !p.is_guest)
            .map(|p| p.id.as_str())
            .collect();
        let with_bot = |ids: &[&str]| -> Vec<String> {
            ids.iter()
                .map(|id| (*id).to_owned())
                .chain([app.user_id.clone()])
                .collect()
        };
        let channels = vec![
            Channel::new("C0GENERAL", "general", ChannelKind::Public, with_bot(&all)),
            Channel::new("C0OPS", "ops", ChannelKind::Public, with_bot(&all)),
            Channel::new(
                "C0PAYMENTS",
                "payments",
                ChannelKind::Public,
                with_bot(&["U0ANA", "U0BEN", "U0EVE"]),
            ),
            Channel::new(
                "C0RANDOM",
                "random",
                ChannelKind::Public,
                vec!["U0ANA".into(), "U0BEN".into()],
            ),
        ];
        Self {
            team,
            app,
            people,
            channels,
        }
    }
}

fn default_people() -> Vec<Person> {
    let person = |id: &str, name: &str, real_name: &str, tz: &str, title: &str| Person {
        id: id.into(),
        name: name.into(),
        real_name: real_name.into(),
        email: format!("{name}@acme.example"),
        tz: tz.into(),
        title: title.into(),
        ..Person::default()
    };
    let mut people = vec![
        person("U0ANA", "ana", "Ana Ruiz", "Europe/Berlin", "Engineering manager"),
        person("U0BEN", "ben", "Ben Okafor", "America/New_York", "Tech lead"),
        person(
            "U0CHLOE",
            "chloe",
            "Chloe Martin",
            "Europe/Berlin",
            "Software engineer",
        ),
        person(
            "U0DMITRI",
            "dmitri",
            "Dmitri Volkov",
            "Europe/Berlin",
            "Platform engineer",
        ),
        person("U0EVE", "eve", "Eve Lindqvist", "America/New_York", "Contractor"),
        person(
            "U0FATIMA",
            "fatima",
            "Fatima Khan",
            "Asia/Kolkata",
            "Software engineer",
        ),
    ];
    people[0].is_admin = true;
    people[4].is_guest = true;
    people
}
