//! Purpose: the shipped rules prove themselves; policies of others that are wrong answer no.

use super::*;

#[test]
fn the_shipped_rules_pass_their_tests() {
    let proofs = prove(&Source::Shipped.read().unwrap(), &serde_json::json!({})).unwrap();
    let failed: Vec<_> = proofs.iter().filter(|proof| proof.failure.is_some()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(proofs.len() >= 20, "{}", proofs.len());
}
