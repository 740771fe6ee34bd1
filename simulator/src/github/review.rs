//! Purpose: reviews of a pull request: asked for, taken back, submitted, dismissed.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{
    delivery::{Act, Delivery},
    pull::{Pull, push_to, remove_from},
    shapes::{self, api, site},
    world::State,
};

impl Pull {
    /// Asks a person for a review.
    pub fn request_review(&self, by: &str, reviewer: &str, at: DateTime<Utc>) -> Delivery {
        let reviewer = shapes::user(reviewer);
        self.change(at, |pull, _| {
            push_to(pull, "requested_reviewers", reviewer.clone());
        });
        let about = json!({ "requested_reviewer": reviewer });
        self.note(by, "review_requested", at, about.clone());
        self.tell(by, "review_requested", about)
    }

    /// Asks a team for a review, by its slug.
    pub fn request_team_review(&self, by: &str, team: &str, at: DateTime<Utc>) -> Delivery {
        let team = json!({ "id": 1, "name": team, "slug": team, "privacy": "closed", "permission": "push" });
        self.change(at, |pull, _| push_to(pull, "requested_teams", team.clone()));
        let about = json!({ "requested_team": team });
        self.note(by, "review_requested", at, about.clone());
        self.tell(by, "review_requested", about)
    }

    /// Takes a request for a review back.
    pub fn remove_review_request(&self, by: &str, reviewer: &str, at: DateTime<Utc>) -> Delivery {
        self.change(at, |pull, _| {
            remove_from(pull, "requested_reviewers", "login", reviewer);
        });
        let about = json!({ "requested_reviewer": shapes::user(reviewer) });
        self.note(by, "review_request_removed", at, about.clone());
        self.tell(by, "review_request_removed", about)
    }

    /// Submits a review; `verdict` is `approved`, `changes_requested` or `commented`. The webhook has the verdict in
    /// lower case and the REST API in upper case, as GitHub does.
    pub fn review(&self, by: &str, verdict: &str, at: DateTime<Utc>) -> Delivery {
        let commit_id = self.head_sha();
        self.change(at, |pull, _| {
            remove_from(pull, "requested_reviewers", "login", by);
        });
        let mut state = self.world.state();
        let id = state.next_id();
        let review = json!({
            "id": id,
            "node_id": format!("PRR_{id:x}"),
            "user": shapes::user(by),
            "body": "",
            "state": verdict.to_uppercase(),
            "html_url": site(&self.repo, &format!("/pull/{}#pullrequestreview-{id}", self.number)),
            "pull_request_url": api(&self.repo, &format!("/pulls/{}", self.number)),
            "author_association": "MEMBER",
            "submitted_at": state.stamp(at),
            "commit_id": commit_id,
        });
        state
            .repo(&self.repo)
            .reviews
            .entry(self.number)
            .or_default()
            .push(review.clone());
        self.tell_review(&mut state, by, "submitted", review)
    }

    /// Dismisses the newest review of `reviewer`.
    ///
    /// # Panics
    /// There is none.
    pub fn dismiss_review(&self, by: &str, reviewer: &str, at: DateTime<Utc>) -> Delivery {
        self.change(at, |_, _| ());
        let mut state = self.world.state();
        let reviews = state.repo(&self.repo).reviews.entry(self.number).or_default();
        let Some(review) = reviews
            .iter_mut()
            .rfind(|review| review["user"]["login"] == reviewer)
        else {
            panic!("{reviewer} has not reviewed {}#{}", self.repo, self.number);
        };
        review["state"] = json!("DISMISSED");
        let review = review.clone();
        self.tell_review(&mut state, by, "dismissed", review)
    }

    fn tell_review(&self, state: &mut State, by: &str, action: &str, mut review: Value) -> Delivery {
        review["state"] = json!(review["state"].as_str().unwrap_or_default().to_lowercase());
        let pull = shapes::pull_in_list(self.in_state(state));
        let act = Act {
            repo: &self.repo,
            by,
            action,
        };
        state.deliver(
            "pull_request_review",
            &act,
            json!({ "review": review, "pull_request": pull }),
        )
    }
}
