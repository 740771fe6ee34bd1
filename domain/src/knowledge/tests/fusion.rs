//! Purpose: no hit and no passage is lost or doubled on the way from lists to an answer.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::passage;
use crate::knowledge::Passage;
use crate::knowledge::fusion::{
    Ranked, by_marks, by_relevance, fuse, merge_neighbours, number, spread, without_copies,
};

fn lists() -> impl Strategy<Value = Vec<Ranked<i64>>> {
    let hits = prop::collection::btree_set(0_i64..30, 0..15);
    let hits = hits
        .prop_map(|hits| hits.into_iter().collect::<Vec<_>>())
        .prop_shuffle();
    let list = hits.prop_map(|hits| Ranked { weight: 1.0, hits });
    prop::collection::vec(list, 0..4)
}

/// Passages of a few documents, each chunk once, in any order.
fn passages() -> impl Strategy<Value = Vec<Passage>> {
    let places = prop::collection::btree_set((0_i64..3, 0_u32..8), 0..16);
    let places = places
        .prop_map(|places| places.into_iter().collect::<Vec<_>>())
        .prop_shuffle();
    places.prop_map(|places| {
        let text =
            |(document, ordinal): (i64, u32)| passage(document, ordinal, &format!("<{document}.{ordinal}>"));
        places.into_iter().map(text).collect()
    })
}

fn chunks(passages: &[Passage]) -> BTreeSet<(i64, u32)> {
    let of = |passage: &Passage| {
        let document = passage.document_id.0;
        (passage.first..=passage.last).map(move |ordinal| (document, ordinal))
    };
    passages.iter().flat_map(of).collect()
}

proptest! {
    #[test]
    fn fusing_loses_and_doubles_nothing(lists in lists()) {
        let fused = fuse(&lists);
        let all: BTreeSet<i64> = lists.iter().flat_map(|list| list.hits.iter().copied()).collect();
        let out: BTreeSet<i64> = fused.iter().map(|fused| fused.hit).collect();
        prop_assert_eq!(out.len(), fused.len());
        prop_assert_eq!(out, all);
        for found in &fused {
            for (rank, list) in found.ranks.iter().zip(&lists) {
                let place = list.hits.iter().position(|hit| *hit == found.hit);
                prop_assert_eq!(rank.map(|rank| rank as usize - 1), place);
            }
        }
    }

    #[test]
    fn ordering_by_relevance_loses_nothing_and_leaves_the_scores_falling(
        passages in passages(), numbers in prop::collection::vec((-1.0..1.0_f32, 0.0..1.0_f64, any::<bool>()), 16),
    ) {
        let mut passages = passages;
        for (at, (passage, (cosine, coverage, is_near))) in passages.iter_mut().zip(numbers).enumerate() {
            passage.standing.cosine = is_near.then_some(cosine);
            passage.standing.coverage = coverage;
            // As fused: at most two times 1/61.
            passage.standing.score = 2.0 / (61.0 + f64::from(u32::try_from(at).unwrap()));
        }
        let before = chunks(&passages);
        by_relevance(&mut passages);
        prop_assert_eq!(chunks(&passages), before);
        prop_assert!(passages.is_sorted_by(|a, b| a.standing.score >= b.standing.score));
    }

    #[test]
    fn ordering_by_marks_loses_nothing_and_leaves_those_without_at_the_end(
        passages in passages(), marks in prop::collection::vec(-20.0..20.0_f32, 0..16),
    ) {
        let mut passages = passages;
        let before = chunks(&passages);
        let unmarked = passages.get(marks.len()..).unwrap_or_default().to_vec();
        by_marks(&mut passages, &marks);
        prop_assert_eq!(chunks(&passages), before);
        prop_assert_eq!(passages.get(marks.len()..).unwrap_or_default(), &unmarked[..]);
        let judged = &passages[..passages.len().min(marks.len())];
        prop_assert!(judged.is_sorted_by(|a, b| a.standing.score >= b.standing.score));
    }

    #[test]
    fn the_order_of_equally_weighted_lists_does_not_matter(lists in lists()) {
        let order = |lists: &[Ranked<i64>]| -> Vec<(i64, f64)> {
            fuse(lists).into_iter().map(|fused| (fused.hit, fused.score)).collect()
        };
        let turned: Vec<Ranked<i64>> = lists.iter().rev().cloned().collect();
        prop_assert_eq!(order(&lists), order(&turned));
    }

    #[test]
    fn a_hit_that_moves_up_in_a_list_does_not_fall(lists in lists(), which in any::<prop::sample::Index>()) {
        let below: Vec<(usize, usize)> = (0..lists.len())
            .flat_map(|list| (1..lists[list].hits.len()).map(move |at| (list, at)))
            .collect();
        if below.is_empty() {
            return Ok(());
        }
        let (list, at) = below[which.index(below.len())];
        let hit = lists[list].hits[at];
        let place = |lists: &[Ranked<i64>]| fuse(lists).iter().position(|fused| fused.hit == hit);
        let mut better = lists.clone();
        better[list].hits.swap(at - 1, at);
        prop_assert!(place(&better) <= place(&lists));
    }

    #[test]
    fn merging_neighbours_keeps_every_chunk_once(passages in passages()) {
        let merged = merge_neighbours(passages.clone());
        prop_assert_eq!(chunks(&merged), chunks(&passages));
        let spans: u32 = merged.iter().map(|passage| passage.last - passage.first + 1).sum();
        prop_assert_eq!(spans as usize, passages.len());
        for passage in &passages {
            let text = &passage.text;
            prop_assert_eq!(merged.iter().filter(|merged| merged.text.contains(text)).count(), 1);
        }
        for (at, one) in merged.iter().enumerate() {
            for other in &merged[at + 1..] {
                prop_assert!(one.document_id != other.document_id || one.last + 1 != other.first && other.last + 1 != one.first);
            }
        }
    }

    #[test]
    fn a_merged_passage_stands_where_its_best_did(passages in passages()) {
        let merged = merge_neighbours(passages.clone());
        let place = |chunk| passages.iter().position(|passage| passage.chunk == chunk);
        let places: Vec<_> = merged.iter().map(|passage| place(passage.chunk)).collect();
        prop_assert!(places.is_sorted(), "{:?}", places);
        prop_assert_eq!(merged.first().map(|p| p.chunk), passages.first().map(|p| p.chunk));
    }

    #[test]
    fn spreading_keeps_all_and_each_documents_order(passages in passages(), most in 1_usize..4) {
        let out = spread(passages.clone(), most);
        prop_assert_eq!(out.len(), passages.len());
        for document in 0..3 {
            let of = |list: &[Passage]| -> Vec<_> {
                list.iter().filter(|p| p.document_id.0 == document).map(|p| p.chunk).collect()
            };
            prop_assert_eq!(of(&out), of(&passages));
        }
    }
}

#[test]
fn what_both_lists_found_comes_before_what_one_found_first() {
    let words = Ranked {
        weight: 1.0,
        hits: vec![1, 2, 3],
    };
    let meaning = Ranked {
        weight: 1.0,
        hits: vec![4, 3, 5],
    };
    let order: Vec<i32> = fuse(&[words, meaning]).iter().map(|fused| fused.hit).collect();
    assert_eq!(order[0], 3);
}

#[test]
fn a_list_of_more_weight_decides() {
    let light = Ranked {
        weight: 1.0,
        hits: vec![1],
    };
    let heavy = Ranked {
        weight: 2.0,
        hits: vec![2],
    };
    assert_eq!(fuse(&[light, heavy])[0].hit, 2);
}

#[test]
fn a_document_that_fills_the_top_lets_others_in() {
    let list = vec![
        passage(1, 0, "a"),
        passage(1, 5, "b"),
        passage(1, 9, "c"),
        passage(2, 0, "d"),
    ];
    let out: Vec<i64> = spread(list, 2).iter().map(|p| p.chunk.0).collect();
    assert_eq!(out, [1_000, 1_005, 2_000, 1_009]);
}

#[test]
fn text_that_only_repeats_is_left_out() {
    let text =
        "Roll back with `deploy undo`, then tell the channel that it is done and why it was needed at all.";
    let copy = text.replace("channel", "channels").to_uppercase();
    let list = vec![
        passage(1, 0, text),
        passage(2, 0, &copy),
        passage(3, 0, "Something else entirely."),
    ];
    let out: Vec<i64> = without_copies(list).iter().map(|p| p.document_id.0).collect();
    assert_eq!(out, [1, 3]);
}

#[test]
fn what_neighbours_share_is_shown_once() {
    let first = passage(1, 3, "Stop the workers first. Then run the migration.");
    let second = passage(1, 4, "Then run the migration. Start them again.");
    let merged = merge_neighbours(vec![second.clone(), first]);
    assert_eq!(merged.len(), 1);
    assert_eq!(
        merged[0].text,
        "Stop the workers first. Then run the migration. Start them again."
    );
    assert_eq!(
        (merged[0].first, merged[0].last, merged[0].chunk),
        (3, 4, second.chunk)
    );
    assert_eq!(merged[0].heading, ["Heading 3"]);
}

#[test]
fn passages_are_numbered_from_one() {
    let mut list = vec![passage(1, 0, "a"), passage(2, 0, "b")];
    number(&mut list);
    let ranks: Vec<u32> = list.iter().map(|passage| passage.standing.rank).collect();
    assert_eq!(ranks, [1, 2]);
}
