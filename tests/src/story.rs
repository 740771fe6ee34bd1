//! Purpose: a few days in the life of a small team, as the webhooks that GitHub sends of them, for tests that want
//! every kind of event and some history.

use chrono::{DateTime, Duration, Utc};
use em_simulator::github::{Delivery, GithubWorld, NewDeployment, NewPull, NewRun};

/// The repository of the story.
pub const REPOSITORY: &str = "acme/shop";

/// Lets it happen in `world`, from `start` on for a day. At the end *Faster checkout* (#1) waits for a review and the
/// default branch is broken; *Coupons* (#2) is merged and deployed.
pub fn tell(world: &GithubWorld, start: DateTime<Utc>) -> Vec<Delivery> {
    let hour = |hours: i64| start + Duration::hours(hours);
    world.add_repo(REPOSITORY, hour(-1000));
    let mut told = Vec::new();
    let mut new = NewPull::new("Faster checkout", "ana-ruiz");
    new.draft = true;
    let (checkout, opened) = world.open_pull(REPOSITORY, &new, hour(0));
    told.push(opened);
    told.push(checkout.ready_for_review("ana-ruiz", hour(2)));
    told.push(checkout.request_review("ana-ruiz", "bensmith", hour(3)));
    told.push(checkout.review("bensmith", "changes_requested", hour(5)));
    told.push(checkout.comment("ana-ruiz", "Good catch", hour(6)));
    let (run, started) = checkout.start_run("CI", hour(6));
    told.push(started);
    told.push(world.finish_run(REPOSITORY, run, "failure", hour(7)));
    told.push(world.rerun(REPOSITORY, run, hour(8)));
    told.push(world.finish_run(REPOSITORY, run, "success", hour(9)));
    told.push(checkout.push("ana-ruiz", "Check the coupon first", hour(10)));
    told.push(checkout.request_review("ana-ruiz", "bensmith", hour(11)));
    let (coupon, opened) = world.open_pull(REPOSITORY, &NewPull::new("Coupons", "carla-m"), hour(12));
    told.push(opened);
    told.push(coupon.review("bensmith", "approved", hour(13)));
    told.push(coupon.merge("bensmith", hour(14)));
    let (sha, pushed) = world.push(REPOSITORY, "bensmith", "Coupons (#2)", hour(14));
    told.push(pushed);
    let (run, started) = world.start_run(
        REPOSITORY,
        &NewRun::on_push("CI", "main", &sha, "bensmith"),
        hour(14),
    );
    told.push(started);
    told.push(world.finish_run(REPOSITORY, run, "failure", hour(15)));
    for (state, hours) in [("failure", 16), ("success", 18)] {
        let new = NewDeployment {
            environment: "production".into(),
            sha: sha.clone(),
            reference: "main".into(),
            by: "bensmith".into(),
        };
        let (id, created) = world.deploy(REPOSITORY, &new, hour(hours));
        told.push(created);
        told.push(world.deployment_status(REPOSITORY, id, "in_progress", hour(hours)));
        told.push(world.deployment_status(REPOSITORY, id, state, hour(hours + 1)));
    }
    told.push(world.release(REPOSITORY, "v2.0.0", "bensmith", hour(20)));
    told
}

/// A delivery as one line of a recorded event file.
pub fn recorded(delivery: &Delivery) -> String {
    let headers = serde_json::json!({ "x-github-event": delivery.event, "x-github-delivery": delivery.id });
    serde_json::json!({ "headers": headers, "body": delivery.body }).to_string()
}
