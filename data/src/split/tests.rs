use super::*;
use crate::{Numbers, Source, Task, Wanted, builtin};
use barenet::Label;

/// Samples of these classes, whose one number is their place.
fn data(labels: &[Label]) -> DataSet {
    let numbers = Numbers::F32((0..labels.len()).map(|place| place as f32).collect());
    let num_classes = labels.iter().max().map_or(0, |&last| last + 1);
    DataSet {
        train: Records::of(1, numbers, Wanted::Classes(labels.to_vec())),
        class_names: (0..num_classes).map(|class| class.to_string()).collect(),
        ..DataSet::empty(Source::drawn(&builtin::KIND))
    }
}

const DRAWN: Sizes = Sizes {
    train: None,
    val: 0,
    test: None,
    val_fraction: Some(0.2),
    test_fraction: Some(0.2),
    fold: None,
    seed: 0,
};

fn all(split: &Split) -> Vec<usize> {
    let mut all: Vec<_> =
        [&split.train, &split.val, &split.test].into_iter().flat_map(Index::iter).collect();
    all.sort_unstable();
    all
}

#[test]
fn every_sample_is_in_one_part_and_every_class_in_all() {
    let labels: Vec<Label> = (0..100).map(|place| u32::from(place % 10 == 0)).collect();
    let data = data(&labels);
    for seed in 0..20 {
        let split = Split::new(&data, Sizes { seed, ..DRAWN }).unwrap();
        assert_eq!(all(&split), (0..100).collect::<Vec<_>>());
        for (index, count, rare) in
            [(&split.train, 60, 6), (&split.val, 20, 2), (&split.test, 20, 2)]
        {
            let found = index.iter().filter(|&place| labels[place] == 1).count();
            assert_eq!((index.len(), found), (count, rare), "seed {seed}");
        }
    }
    let two = [0, 1].map(|seed| Split::new(&data, Sizes { seed, ..DRAWN }).unwrap());
    assert_ne!(two[0], two[1]);
    assert_eq!(two[0], Split::new(&data, DRAWN).unwrap());
}

#[test]
fn every_sample_tests_in_one_fold() {
    let labels: Vec<Label> = (0..53).map(|place| place % 3).collect();
    let data = data(&labels);
    let mut tested = Vec::new();
    for fold in 0..5 {
        let split = Split::new(&data, Sizes { fold: Some((fold, 5)), ..DRAWN }).unwrap();
        assert_eq!(all(&split), (0..53).collect::<Vec<_>>());
        assert!((10..=11).contains(&split.test.len()));
        tested.extend(split.test.iter());
    }
    tested.sort_unstable();
    assert_eq!(tested, (0..53).collect::<Vec<_>>());
}

#[test]
fn a_group_is_in_one_part() {
    let labels: Vec<Label> = (0..90).map(|place| place / 45).collect();
    let mut data = data(&labels);
    data.train.groups = (0..90).map(|place| place / 5).collect();
    for seed in 0..20 {
        let split = Split::new(&data, Sizes { seed, ..DRAWN }).unwrap();
        assert_eq!(all(&split).len(), 90);
        let groups = |index: &Index| -> BTreeSet<u32> {
            index.iter().map(|place| data.train.groups[place]).collect()
        };
        let [train, val, test] = [&split.train, &split.val, &split.test].map(groups);
        assert_eq!((train.len(), val.len(), test.len()), (10, 4, 4));
        assert!(train.is_disjoint(&val) && train.is_disjoint(&test) && val.is_disjoint(&test));
    }
}

#[test]
fn a_class_whose_groups_all_go_elsewhere_is_refused() {
    // A class in one group, which tests in one of the folds.
    let mut data = data(&(0..50).map(|place| u32::from(place >= 5)).collect::<Vec<_>>());
    data.train.groups = (0..50).map(|place| place / 5).collect();
    let fold = |data: &DataSet, fold| Split::new(data, Sizes { fold: Some((fold, 5)), ..DRAWN });
    let refused: Vec<_> = (0..5).filter_map(|which| fold(&data, which).err()).collect();
    let class = "0".to_owned();
    assert_eq!(refused, [SplitError::Untrained { class, num_groups: 1 }]);
    let message = refused[0].to_string();
    assert!(
        message.starts_with("class 0: its only group validates or tests, and none trains"),
        "{message}"
    );
    // Of what is not told apart there is nothing to miss.
    data.task = Task::Regress;
    assert!((0..5).all(|which| fold(&data, which).is_ok()));
}

#[test]
fn an_autoencoder_learns_what_is_normal_and_is_tested_on_the_rest() {
    let labels: Vec<Label> = (0..100).map(|place| u32::from(place % 4 == 0)).collect();
    let data = DataSet { task: Task::Reconstruct, normal: Some(0), ..data(&labels) };
    let split = Split::new(&data, DRAWN).unwrap();
    assert!(split.train.iter().chain(split.val.iter()).all(|place| labels[place] == 0));
    assert_eq!((split.train.len(), split.val.len(), split.test.len()), (45, 15, 40));
}

#[test]
fn a_split_that_leaves_nothing_is_refused_in_a_line() {
    let error = |labels: &[Label], sizes| Split::new(&data(labels), sizes).unwrap_err().to_string();
    assert!(error(&[0, 0, 1], DRAWN).starts_with("class 1 has one sample"));
    assert!(error(&[0, 0], DRAWN).starts_with("of 2 samples, none is left to"));
    let no_test = Sizes { test_fraction: None, ..DRAWN };
    assert!(error(&[0, 0, 0, 0], no_test).starts_with("there is no test set"));
    let with_test = DataSet { test: data(&[0]).train, ..data(&[0, 0, 0, 0]) };
    let folds = Sizes { fold: Some((0, 2)), ..DRAWN };
    assert_eq!(Split::new(&with_test, folds), Err(SplitError::FoldsAndTest));
}

#[test]
fn sets_that_are_given_are_taken_whole() {
    let given =
        DataSet { val: data(&[0; 7]).train, test: data(&[0; 9]).train, ..data(&[0, 0, 0, 0]) };
    let split = Split::new(&given, DRAWN).unwrap();
    assert_eq!((split.val, split.test), (Index::Range(0..7), Index::Range(0..9)));
    assert_eq!(split.train, Index::List(vec![0, 1, 2, 3]));
}
