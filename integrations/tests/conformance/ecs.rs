//! Amazon ECS, whose events EventBridge brings to an API destination.

use crate::suite::{Signer, Suite};

const SUITE: Suite = Suite {
    vendor: "ecs",
    sign: Signer(|_, secret| vec![("x-webhook-secret", secret.to_owned())]),
};

#[test]
fn deliveries_are_believed_by_their_proof_and_kept_once() {
    SUITE.check_receipt();
}

#[test]
fn nothing_that_is_done_to_a_payload_does_harm() {
    SUITE.check_damage();
}

#[test]
fn a_deployment_goes_from_in_progress_to_completed() {
    let facts = SUITE.facts_in_any_order(&["deployment.in_progress", "deployment.completed"]);
    insta::assert_json_snapshot!(facts);
}

#[test]
fn a_deployment_that_the_circuit_breaker_takes_back_failed() {
    let names = [
        "deployment.in_progress",
        "deployment.failed",
        "deployment.rollback_in_progress",
    ];
    insta::assert_json_snapshot!(SUITE.facts_in_any_order(&names));
}

#[test]
fn tasks_and_how_a_service_fares_state_nothing() {
    for name in [
        "service.steady_state",
        "service.task_start_impaired",
        "task.state_change",
    ] {
        assert_eq!(SUITE.changes(name), Vec::new(), "{name}");
    }
}
