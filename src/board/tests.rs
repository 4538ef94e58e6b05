//! The whole board against reference values, and its laws.

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Reference {
    models: Vec<String>,
    weight_1_over_sqrt_k: Values,
    ballots: usize,
    none_good: usize,
    voters: usize,
}

#[derive(Deserialize)]
struct Values {
    theta_centred: Vec<f64>,
    standard_error_centred: Vec<f64>,
    p_best_exact: Vec<f64>,
}

fn team() -> Vec<Ballot> {
    read(&include_bytes!("../../tests/fixtures/board/team_ballots.csv")[..]).unwrap()
}

/// Returns the ballot of voter `voter` in race `race`.
fn ballot(race: usize, voter: usize, lanes: &[&str], best: Option<&str>, second: Option<&str>) -> Ballot {
    let lanes: Vec<Arc<str>> = lanes.iter().map(|lane| Arc::from(*lane)).collect();
    Ballot::new(format!("r{race}"), format!("v{voter}"), lanes, (best, second), best.is_none()).unwrap()
}

/// Returns ballots of `voters` in `races`, which all pick `best`.
fn unanimous(races: usize, voters: usize, lanes: &[&str], best: Option<&str>) -> Vec<Ballot> {
    let each = (0..races).flat_map(|race| (0..voters).map(move |voter| (race, voter)));
    each.map(|(race, voter)| ballot(race, voter, lanes, best, None)).collect()
}

#[test]
fn a_team_agrees_with_the_reference() {
    let reference: Reference =
        serde_json::from_str(include_str!("../../tests/fixtures/board/team_board.json")).unwrap();
    let board = Board::of(&team()).unwrap();
    let Counts { ballots, voters, races, none_good } = board.counts;
    assert_eq!((ballots, none_good, voters), (reference.ballots, reference.none_good, reference.voters));
    assert_eq!((races, board.verdict, board.leader()), (30, Verdict::TooClose, None));
    let expected = reference.weight_1_over_sqrt_k;
    for (i, model) in reference.models.iter().enumerate() {
        let standing = board.standings.iter().find(|one| *one.contender == **model).unwrap();
        assert!((standing.theta - expected.theta_centred[i]).abs() < 1e-6, "{standing:?}");
        assert!((standing.standard_error - expected.standard_error_centred[i]).abs() < 1e-6, "{standing:?}");
        assert!((standing.p_best - expected.p_best_exact[i]).abs() < 0.005, "{standing:?}");
    }
    assert_eq!(board.standings[0].name, "gpt-oss-120b");
}

#[test]
fn the_json_of_a_team_keeps_its_keys() {
    let board = Board::of(&team()).unwrap();
    let json = serde_json::to_value(BoardJson::of(&board)).unwrap();
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let mut expected = ["ballots", "voters", "races", "none_good", "verdict", "leader", "models"];
    expected.sort_unstable();
    assert_eq!(keys(&json), expected);
    let mut expected = [
        "model",
        "theta",
        "standard_error",
        "p_best",
        "pick_rate",
        "pick_rate_low",
        "pick_rate_high",
        "tier",
    ];
    expected.sort_unstable();
    assert_eq!(keys(&json["models"][0]), expected);
    assert_eq!((&json["verdict"], &json["leader"]), (&"too_close".into(), &serde_json::Value::Null));
}

#[test]
fn the_last_ballot_of_a_voter_counts() {
    let lanes = ["a", "b"];
    let twice = [ballot(1, 1, &lanes, Some("a"), None), ballot(1, 1, &lanes, Some("b"), None)];
    assert_eq!(Board::of(&twice).unwrap(), Board::of(&twice[1..]).unwrap());
    let blank = Ballot::new("r1", "v1", twice[0].lanes().to_vec(), (None, None), false).unwrap();
    let board = Board::of(&[twice[0].clone(), blank]).unwrap();
    assert_eq!((board.counts, board.standings.len()), (Counts::default(), 2));
}

#[test]
fn unanimous_ballots_name_a_leader() {
    let board = Board::of(&unanimous(20, 5, &["a", "b", "c"], Some("b"))).unwrap();
    assert_eq!(board.leader().map(|leader| leader.name.as_str()), Some("b"));
    assert_eq!(board.standings.iter().map(|one| one.tier).collect::<Vec<_>>(), [1, 2, 2]);
    let four = Board::of(&unanimous(20, 4, &["a", "b", "c"], Some("b"))).unwrap();
    assert_eq!((four.verdict, four.leader()), (Verdict::TooClose, None));
    assert!(four.standings[0].p_best > 0.95);
}

#[test]
fn a_verdict_needs_ballots_voters_races_and_two_models() {
    for (races, voters, lanes, verdict) in [
        (10, 2, &["a", "b"] as &[&str], Verdict::TooEarly),
        (7, 3, &["a", "b"], Verdict::TooEarly),
        (8, 3, &["a", "b"], Verdict::TooClose),
        (20, 5, &["a"], Verdict::TooEarly),
    ] {
        assert_eq!(Board::of(&unanimous(races, voters, lanes, Some("a"))).unwrap().verdict, verdict);
    }
    let nineteen = &unanimous(10, 3, &["a", "b"], Some("a"))[..19];
    assert_eq!(Board::of(nineteen).unwrap().verdict, Verdict::TooEarly);
}

#[test]
fn without_a_choice_all_are_equal() {
    let board = Board::of(&unanimous(10, 5, &["a", "b", "c", "d"], None)).unwrap();
    assert_eq!((board.verdict, board.satisfaction()), (Verdict::TooClose, Some(0.0)));
    for standing in &board.standings {
        assert_eq!((standing.theta, standing.pick_rate, standing.tier), (0.0, 0.25, 1));
        assert!((standing.p_best - 0.25).abs() < 0.01);
    }
    let empty = Board::of(&[]).unwrap();
    assert_eq!((empty.counts, empty.standings.len()), (Counts::default(), 0));
    assert_eq!((empty.verdict, empty.satisfaction()), (Verdict::TooEarly, None));
}

#[test]
fn a_board_holds_sixty_four_contenders() {
    let names: Vec<String> = (0..=MAX_CONTENDERS).map(|i| format!("m{i}")).collect();
    let lanes: Vec<&str> = names.iter().map(String::as_str).collect();
    let full = unanimous(8, 3, &lanes[1..], Some("m3"));
    assert_eq!(Board::of(&full).unwrap().standings[0].name, "m3");
    let error = Board::of(&unanimous(1, 1, &lanes, Some("m3"))).unwrap_err();
    assert_eq!(error, TooManyContenders(65));
}

#[test]
fn contenders_of_one_model_have_different_names() {
    let lanes = ["a@0123456789abcdef", "a@fedcba9876543210", "b@0123456789abcdef"];
    let board = Board::of(&[ballot(1, 1, &lanes, Some(lanes[2]), None)]).unwrap();
    let names = |board: &Board| board.standings.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&board), ["b", "a @0123", "a @fedc"]);
    let board = board.named(|contender| (model_of(contender) == "a").then(|| "Model A".into()));
    assert_eq!(names(&board), ["b", "Model A @0123", "Model A @fedc"]);
}

#[test]
fn the_length_effect_counts_ballots_with_a_longest_answer() {
    let lanes = ["a", "b", "c", "d"];
    let longest = |race, best, longest| ballot(race, 1, &lanes, best, None).with_longest(longest);
    let ballots = [
        longest(1, Some("a"), Some("a")),
        longest(2, Some("a"), Some("b")),
        longest(3, Some("a"), None),
        longest(4, None, Some("a")),
    ];
    let effect = LengthEffect { longest_won: 0.5, by_luck: 0.25 };
    assert_eq!(Board::of(&ballots).unwrap().length, Some(effect));
    assert_eq!(Board::of(&ballots[2..]).unwrap().length, None);
}

const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

fn any_ballot() -> impl Strategy<Value = Ballot> {
    let lanes = proptest::sample::subsequence(&KEYS[..], 2..=6).prop_shuffle();
    let choice = (0..7_usize, any::<proptest::sample::Index>(), any::<proptest::sample::Index>());
    (0..9_usize, 0..6_usize, lanes, choice).prop_map(|(race, voter, lanes, (kind, best, second))| {
        let best = lanes[best.index(lanes.len())];
        let second = Some(lanes[second.index(lanes.len())]).filter(|second| *second != best && kind % 2 == 0);
        let chosen = (kind > 0).then_some(best);
        ballot(race, voter, &lanes, chosen, second.filter(|_| chosen.is_some()))
    })
}

/// Ballots without two of one voter in one race, whose order would matter.
fn any_ballots() -> impl Strategy<Value = Vec<Ballot>> {
    proptest::collection::vec(any_ballot(), 0..60).prop_map(|ballots| {
        let mut distinct: Vec<Ballot> = latest(&ballots).into_values().cloned().collect();
        distinct.sort_by_key(|ballot| (ballot.lanes().len(), ballot.race().to_owned()));
        distinct
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_board_is_consistent(ballots in any_ballots()) {
        let board = Board::with_draws(&ballots, 1_000).unwrap();
        let standings = &board.standings;
        let sum = |of: fn(&Standing) -> f64| standings.iter().map(of).sum::<f64>();
        prop_assert!(sum(|one| one.theta).abs() < 1e-9);
        if !standings.is_empty() {
            prop_assert!((sum(|one| one.pick_rate) - 1.0).abs() < 1e-9);
            prop_assert!((sum(|one| one.p_best) - 1.0).abs() < 1e-9);
        }
        for one in standings {
            prop_assert!(one.pick_rate_low <= one.pick_rate && one.pick_rate <= one.pick_rate_high, "{one:?}");
            prop_assert!(one.standard_error > 0.0 && one.standard_error.is_finite());
        }
        for pair in standings.windows(2) {
            prop_assert!(pair[0].theta >= pair[1].theta);
            prop_assert!([pair[0].tier, pair[0].tier + 1].contains(&pair[1].tier));
        }
    }

    #[test]
    fn the_order_of_ballots_and_lanes_changes_nothing(
        (ballots, shuffled) in any_ballots().prop_flat_map(|b| (Just(b.clone()), Just(b).prop_shuffle()))
    ) {
        let turned: Vec<Ballot> = shuffled.iter().map(|one| {
            let mut lanes = one.lanes().to_vec();
            lanes.reverse();
            Ballot::new(one.race(), one.voter(), lanes, (one.best(), one.second()), one.is_none_good()).unwrap()
        }).collect();
        prop_assert_eq!(Board::with_draws(&turned, 100).unwrap(), Board::with_draws(&ballots, 100).unwrap());
    }

    #[test]
    fn names_change_nothing_but_the_noise_of_the_draws(ballots in any_ballots()) {
        let renamed = |key: &str| KEYS[KEYS.len() - 1 - KEYS.iter().position(|one| *one == key).unwrap()];
        let turned: Vec<Ballot> = ballots.iter().map(|one| {
            let lanes: Vec<&str> = one.lanes().iter().map(|lane| renamed(lane)).collect();
            let lanes: Vec<Arc<str>> = lanes.into_iter().map(Arc::from).collect();
            let choice = (one.best().map(renamed), one.second().map(renamed));
            Ballot::new(one.race(), one.voter(), lanes, choice, one.is_none_good()).unwrap()
        }).collect();
        let [board, turned] = [ballots, turned].map(|ballots| Board::with_draws(&ballots, 5_000).unwrap());
        for one in &board.standings {
            let same = turned.standings.iter().find(|other| *other.contender == *renamed(&one.contender)).unwrap();
            prop_assert!((one.theta - same.theta).abs() < 1e-9, "{one:?} {same:?}");
            prop_assert!((one.p_best - same.p_best).abs() < 0.04, "{one:?} {same:?}");
            prop_assert!((one.pick_rate_low - same.pick_rate_low).abs() < 0.02, "{one:?} {same:?}");
        }
    }
}
