use super::*;
use crate::table::{Encoding, Feature};
use crate::{Numbers, Source, Task, Wanted, builtin};

fn data(rows: &[[f32; 3]], targets: Wanted) -> DataSet {
    let records = Records::of(3, Numbers::F32(rows.concat()), targets);
    let class_names = vec!["0".to_owned(), "4".to_owned()];
    let target_names = vec!["y".to_owned()];
    let source = Source::drawn(&builtin::KIND);
    DataSet { train: records, class_names, target_names, ..DataSet::empty(source) }
}

const ROWS: [[f32; 3]; 4] = [[1.0, 7.0, 0.5], [4.0, 7.0, 2.0], [2.0, 7.0, -3.0], [9.0, 7.0, 1.0]];

#[test]
fn ranges_and_missing_numbers_are_counted() {
    let mut rows = ROWS;
    rows[1][0] = f32::NAN;
    let found = inspect(&data(&rows, Wanted::Classes(vec![0, 1, 0, 1])));
    let [first, second, third] = &found.inputs[..] else { panic!() };
    assert_eq!((first.min, first.max, first.mean, first.missing), (1.0, 9.0, 4.0, 1));
    assert_eq!((first.is_whole, third.is_whole), (true, false));
    assert_eq!((third.mean, third.missing), (0.125, 0));
    assert_eq!(second.name, "input 2");
    assert_eq!(found.constant, ["input 2"]);
    assert!(found.warnings.is_empty(), "{found:?}");
}

#[test]
fn an_input_that_is_missing_everywhere_is_nothing_else() {
    let mut rows = ROWS;
    rows.iter_mut().for_each(|row| row[1] = f32::NAN);
    // Of classes that are called by no number, what they are called is missing too.
    let classes = data(&rows, Wanted::Classes(vec![0, 1, 1, 0]));
    let class_names = vec!["x".to_owned(), "z".to_owned()];
    for (kind, advice) in [
        (&crate::formats::csv::KIND, "leave it out with --ignore"),
        (&crate::formats::numpy::KIND, "leave that column out of the array"),
        (&crate::formats::idx::KIND, "leave it out of the data"),
    ] {
        let source = Source::read(kind, "data".to_owned());
        let class_names = class_names.clone();
        let found = inspect(&DataSet { class_names, source, ..classes.clone() });
        assert_eq!(found.warnings, [format!("input 2 is missing everywhere: {advice}")]);
        assert!(found.constant.is_empty());
    }
}

#[test]
fn a_target_that_is_the_same_everywhere_is_found() {
    let values = |numbers: Vec<f32>| {
        let target_names = vec!["y".to_owned(), "z".to_owned()];
        let data = data(&ROWS, Wanted::Values { numbers, width: 2 });
        inspect(&DataSet { target_names, ..data }).warnings
    };
    let found = values(vec![0.5, 8.0, 2.5, 8.0, 0.5, 8.0, 1.5, 8.0]);
    assert!(found[0].starts_with("the target z is 8 in all images"), "{found:?}");
    assert!(values(vec![0.5, 8.0, 2.5, 8.0, 0.5, 8.0, 1.5, 9.0]).is_empty());
}

#[test]
fn numbers_that_count_rows_are_found() {
    let holds = |numbers: &[f32]| {
        let wanted = Wanted::Nothing(numbers.len());
        let train = Records::of(1, Numbers::F32(numbers.to_vec()), wanted);
        let features = vec![Feature { column: "n".into(), texts: None }];
        let (targets, class_names) = (Vec::new(), Vec::new());
        let task = Task::Reconstruct;
        let encoding = Some(Encoding { task, features, targets, group: None, class_names });
        let table = DataSet { train, encoding, ..DataSet::empty(Source::drawn(&builtin::KIND)) };
        let counts = |data: &DataSet| {
            let found = inspect(data).warnings;
            found.iter().any(|line| line.contains(" counts the rows: "))
        };
        assert!(!counts(&DataSet { encoding: None, ..table.clone() }));
        counts(&table)
    };
    let counted: Vec<f32> = (3..20).map(|n| n as f32).collect();
    assert!(holds(&counted) && !holds(&counted[..9]));
    for (place, wrong) in [(0, 2.0), (8, f32::NAN), (16, 18.0)] {
        let mut numbers = counted.clone();
        numbers[place] = wrong;
        assert!(!holds(&numbers), "{numbers:?}");
    }
    assert!(!holds(&counted.iter().map(|x| x + 0.5).collect::<Vec<_>>()));
}

#[test]
fn an_input_that_is_another_or_the_target_is_found() {
    let with = |column: [f32; 4], targets: Wanted| {
        let mut rows = ROWS;
        rows.iter_mut().zip(column).for_each(|(row, x)| row[1] = x);
        inspect(&DataSet { task: Task::Classify, ..data(&rows, targets) }).warnings
    };
    let classes = || Wanted::Classes(vec![0, 1, 1, 0]);
    assert!(with([1.0, 2.0, 3.0, 4.0], classes()).is_empty());
    let found = with([1.0, 4.0, 2.0, 9.0], classes());
    assert!(found[0].starts_with("input 2 is equal to input 1"), "{found:?}");
    for column in [[0.0, 1.0, 1.0, 0.0], [0.0, 4.0, 4.0, 0.0], [1.0, 0.0, 0.0, 1.0]] {
        let found = with(column, classes());
        assert!(found[0].starts_with("input 2 is equal to the target y"), "{found:?}");
    }
    let values = Wanted::Values { numbers: vec![0.5, 2.0, -3.0, 1.0], width: 1 };
    let found = with([1.0, 2.0, 3.0, 4.0], values);
    assert!(found[0].starts_with("input 3 is equal to the target y"), "{found:?}");
}

#[test]
fn samples_that_are_in_two_parts_are_counted() {
    let all = data(&ROWS, Wanted::Classes(vec![0, 1, 1, 0]));
    let test =
        Records::of(3, Numbers::F32([ROWS[2], [0.0; 3], ROWS[0]].concat()), Wanted::Nothing(3));
    let found = inspect(&DataSet { test, ..all.clone() }).warnings;
    assert!(
        found[0].starts_with("2 of 3 images that test are among those that train"),
        "{found:?}"
    );
    let rows = [ROWS[0], ROWS[1], ROWS[0], ROWS[0]];
    let found = inspect(&data(&rows, Wanted::Classes(vec![0, 1, 1, 0]))).warnings;
    assert!(
        found.iter().any(|line| line.starts_with("2 of 4 images have the inputs of")),
        "{found:?}"
    );
}

#[test]
fn what_is_found_in_no_time_is_said_before_training_too() {
    let mut rows = ROWS;
    rows.iter_mut().for_each(|row| row[1] = f32::NAN);
    let values = Wanted::Values { numbers: vec![0.5, 8.0, 2.5, 8.0, 0.5, 8.0, 1.5, 8.0], width: 2 };
    let of_rows = data(&rows, values);
    let target_names = vec!["y".to_owned(), "z".to_owned()];
    let kind: &'static crate::Kind = &crate::formats::csv::KIND;
    let source = Source::read(kind, "t.csv".to_owned());
    let test = Records::of(3, Numbers::F32(rows[1..2].concat()), Wanted::Nothing(1));
    let found = cautions(&DataSet { fills_missing: true, target_names, source, test, ..of_rows });
    let expected = [
        "input 2 is missing everywhere",
        "the target z is 8 in all rows",
        "1 of 1 rows that test are among those that train",
    ];
    assert_eq!(found.len(), 3, "{found:?}");
    for (line, expected) in found.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}");
    }
    let classes = data(&ROWS, Wanted::Classes(vec![0, 1, 1, 0]));
    assert!(cautions(&classes).is_empty());
    // An array, but not one of bytes, which may be pixels: one line for all columns.
    let source = || Source::read(&crate::formats::numpy::KIND, "x.npz".to_owned());
    let found = cautions(&DataSet { source: source(), ..classes });
    let constant = "input 2 is the same in all rows: such a column can be left out of the array";
    assert_eq!(found, [constant]);
    let two = ROWS.map(|[a, ..]| [a, 7.0, 8.0]);
    let classes = data(&two, Wanted::Classes(vec![0, 1, 1, 0]));
    let found = cautions(&DataSet { source: source(), ..classes });
    assert!(found[0].starts_with("2 of 3 inputs, such as input 2, are the same"), "{found:?}");
    let bytes = Numbers::U8(vec![1, 7, 2, 4, 7, 3, 2, 7, 1]);
    let train = Records::of(3, bytes, Wanted::Classes(vec![0, 1, 1]));
    assert!(
        cautions(&DataSet { train, source: source(), ..data(&ROWS, Wanted::Nothing(4)) })
            .is_empty()
    );
    // Numbers that rounding has made equal are not called constant.
    let mut rows = ROWS;
    rows.iter_mut().for_each(|row| row[1] = 1.764e9);
    let numbers = crate::Exact::of([1.764e9, 1.764e9 + 9.0]);
    let coarse = vec![crate::Coarse { name: "input 2".to_owned(), numbers, is_target: false }];
    let found = DataSet { coarse, ..data(&rows, Wanted::Classes(vec![0, 1, 1, 0])) };
    let (lines, found) = (cautions(&found), inspect(&found));
    assert!(lines[0].starts_with("input 2 lies between 1764000000 and 1764000009"), "{lines:?}");
    assert_eq!((found.warnings, found.constant.len()), (lines, 0));
}
