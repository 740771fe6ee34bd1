//! A quarter of standups in a few minutes: zones, both kinds of changes of the clock, holidays, people away, new and
//! leaving, a standup edited in the middle, a weekend and a morning without the bot, two replicas, and one that dies while
//! it posts. Each standup is posted once, nobody is asked on a day off, nobody is reminded twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use em_commands::ctx::Ctx;
use em_commands::registry::JOBS;
use em_domain::job::{Job, JobEnd};
use em_storage::testing::TestDatabase;
use em_storage::{Claimant, Held, Settlement};
use em_tests::{TestBot, World, both_engines};

both_engines!(a_quarter_of_standups_is_held_once_a_day_and_nobody_is_bothered);

/// The first and the last day; the clock goes forward in New York on 8 March and in Berlin on 29 March.
const DAYS: (&str, &str) = ("2026-03-02", "2026-05-29");
const HOLIDAYS: [&str; 4] = ["2026-04-03", "2026-04-06", "2026-05-01", "2026-05-14"];
/// Ben is away on these days.
const AWAY: (&str, &str) = ("2026-03-16", "2026-03-20");
/// From this day on Chloe takes part, and everybody is asked an hour later.
const EDITED: &str = "2026-04-15";
/// The bot is not there from Friday evening until Monday, and one Wednesday all day.
const DOWN: [(&str, &str); 2] = [
    ("2026-04-24T16:00:00Z", "2026-04-27T05:00:00Z"),
    ("2026-05-06T05:00:00Z", "2026-05-06T20:00:00Z"),
];
const MISSED: &str = "2026-05-06";

fn toml(edited: bool) -> String {
    let (chloe, ask_at) = if edited {
        (", 'chloe-m'", "10:00")
    } else {
        ("", "09:00")
    };
    format!(
        "[calendar]\nzone = 'Europe/Berlin'\nholidays = {HOLIDAYS:?}\n\
         [people]\nU0ANA = 'ana-ruiz'\nU0BEN = 'ben-k'\nU0CHLOE = 'chloe-m'\nU0FATIMA = 'fatima-k'\n\
         [teams.payments]\nmembers = ['ana-ruiz', 'ben-k', 'fatima-k'{chloe}]\n\
         [standups.payments]\nchannel = 'ops'\nask_at = '{ask_at}'\npost_at = '15:30'\nposts_when_empty = true\n"
    )
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// One replica: what it does by the clock, without its loops, so that nobody has to wait for them.
struct Replica {
    ctx: Ctx,
    name: &'static str,
}

impl Replica {
    async fn new(bot: &World, toml: &str, name: &'static str) -> Self {
        let config = bot.configuration(toml);
        let store = bot.database.store.clone();
        let clock = Arc::new(bot.clock.clone());
        let ctx = em_bot::wire::ctx(&config, store, clock).await.unwrap();
        em_bot::wire::link_configured_people(&config, &ctx).await.unwrap();
        Self { ctx, name }
    }

    /// Does all that is due. With `dies_after`, it dies that long into its first job.
    async fn works(&self, dies_after: Option<Duration>) {
        em_commands::standup::round::look_after(&self.ctx).await.unwrap();
        loop {
            let claimant = Claimant {
                worker: self.name,
                limit: 1,
                lease: TimeDelta::seconds(30),
                takes_lost: true,
            };
            let now = self.ctx.clock.now();
            let jobs = self.ctx.store.jobs().claim(&claimant, now).await.unwrap();
            let Some(job) = jobs.into_iter().next() else {
                return;
            };
            let held = Held::from(&job);
            if let Some(patience) = dies_after {
                // Whatever it was doing ends here, and nobody is told.
                let _ = tokio::time::timeout(patience, self.does(job)).await;
                return;
            }
            let end = self.does(job).await;
            let settlement = Settlement { held, end };
            self.ctx.store.jobs().settle(&[settlement], now).await.unwrap();
        }
    }

    async fn does(&self, job: Job) -> JobEnd {
        let now = self.ctx.clock.now();
        let (_, on_job) = JOBS.iter().find(|(kind, _)| *kind == job.kind).unwrap();
        match on_job(self.ctx.clone(), job.clone()).await {
            Ok(()) => JobEnd::Done,
            Err(error) => em_domain::job::after_failure(&job, error, now, 7),
        }
    }
}

async fn a_quarter_of_standups_is_held_once_a_day_and_nobody_is_bothered(database: TestDatabase) {
    let bot = TestBot::start(database).await.leave().await;
    let mut replicas = [
        Replica::new(&bot, &toml(false), "first").await,
        Replica::new(&bot, &toml(false), "second").await,
    ];
    let away = em_domain::away::Away {
        slack_user: "U0BEN".into(),
        from: day(AWAY.0),
        until: day(AWAY.1),
    };
    bot.database
        .store
        .days_off()
        .upsert(&away, at("2026-03-02T00:00:00Z"))
        .await
        .unwrap();

    let mut now = at(&format!("{}T00:00:00Z", DAYS.0));
    let end = at(&format!("{}T22:00:00Z", DAYS.1));
    let mut looks = 0_u32;
    while now < end {
        bot.clock.set(now);
        let is_down = DOWN.iter().any(|(from, to)| at(from) <= now && now < at(to));
        if now == at(&format!("{EDITED}T12:00:00Z")) {
            // Edited in the middle of a round: it holds from the next one on.
            replicas = [
                Replica::new(&bot, &toml(true), "first").await,
                Replica::new(&bot, &toml(true), "second").await,
            ];
        }
        if !is_down {
            looks += 1;
            let dies_after = looks
                .is_multiple_of(7)
                .then(|| Duration::from_millis(u64::from(looks % 40)));
            replicas[usize::from(looks.is_multiple_of(2))]
                .works(dies_after)
                .await;
            bot.clock.set(now + TimeDelta::minutes(1));
            tokio::join!(replicas[0].works(None), replicas[1].works(None));
        }
        now += TimeDelta::minutes(15);
    }
    check(&bot);
    bot.finish().await;
}

/// What was said where: the text and the local day of each message.
fn messages(bot: &World, channel: &str, zone: Tz) -> Vec<(NaiveDate, String)> {
    bot.slack.read(|workspace| {
        let id = match workspace.channel(channel) {
            Some(channel) => channel.id.clone(),
            None => workspace
                .direct_with(channel)
                .map(|direct| direct.id.clone())
                .unwrap_or_default(),
        };
        let sent = workspace.messages(&id).filter(|message| message.by_app);
        sent.map(|message| {
            let seconds = message.ts.split('.').next().unwrap().parse().unwrap();
            let at = DateTime::from_timestamp(seconds, 0).unwrap().with_timezone(&zone);
            (at.date_naive(), workspace.message_text(message))
        })
        .collect()
    })
}

fn check(bot: &World) {
    use chrono::{Datelike, Weekday};
    let holidays: Vec<NaiveDate> = HOLIDAYS.iter().map(|text| day(text)).collect();
    let is_held =
        |date: &NaiveDate| !matches!(date.weekday(), Weekday::Sat | Weekday::Sun) && !holidays.contains(date);
    let held: Vec<NaiveDate> = day(DAYS.0)
        .iter_days()
        .take_while(|date| *date <= day(DAYS.1))
        .filter(is_held)
        .collect();

    let posted: Vec<NaiveDate> = messages(bot, "ops", Tz::Europe__Berlin)
        .into_iter()
        .filter(|(_, text)| text.contains("Standup: payments"))
        .map(|(date, _)| date)
        .collect();
    let expected: Vec<NaiveDate> = held.iter().copied().filter(|date| *date != day(MISSED)).collect();
    assert_eq!(posted, expected, "each standup is posted once, on its day");

    let away = day(AWAY.0)..=day(AWAY.1);
    for (user, zone) in [
        ("U0ANA", Tz::Europe__Berlin),
        ("U0BEN", Tz::America__New_York),
        ("U0CHLOE", Tz::Europe__Berlin),
        ("U0FATIMA", Tz::Asia__Kolkata),
    ] {
        let mut asked: BTreeMap<NaiveDate, u32> = BTreeMap::new();
        let mut reminded: BTreeMap<NaiveDate, u32> = BTreeMap::new();
        for (date, text) in messages(bot, user, zone) {
            let is_question = text.contains("Standup of payments");
            *(if is_question { &mut asked } else { &mut reminded })
                .entry(date)
                .or_default() += 1;
        }
        assert!(
            asked.values().all(|times| *times == 1),
            "{user} was asked twice: {asked:?}"
        );
        assert!(
            reminded.values().all(|times| *times == 1),
            "{user} was reminded twice: {reminded:?}"
        );
        let expected: Vec<NaiveDate> = held
            .iter()
            .copied()
            // Where Fatima is it was ten before the bot went away.
            .filter(|date| *date != day(MISSED) || user == "U0FATIMA")
            .filter(|date| user != "U0BEN" || !away.contains(date))
            .filter(|date| user != "U0CHLOE" || *date > day(EDITED))
            .collect();
        let asked: Vec<NaiveDate> = asked.into_keys().collect();
        assert_eq!(
            asked, expected,
            "{user} is asked on their working days and on no other"
        );
        // Whoever was asked before the reminder's time is reminded; on no other day.
        assert!(
            reminded.keys().all(|date| expected.contains(date)),
            "{user}: {reminded:?}"
        );
    }
}
