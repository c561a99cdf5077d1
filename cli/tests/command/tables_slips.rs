//! Tables in which something slipped: nothing that is odd about one passes without a word.

use crate::program::{barenet, message, refused_in_one_line, stdout, succeeds};
use std::fs;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

fn train(folder: &Path, data: &str, more: &[&str]) -> Output {
    let arguments =
        ["train", "--data", data, "--out", "run", "--epochs", "1", "--quiet", "--force"];
    barenet(folder, &[&arguments, more].concat())
}

/// Rows of two numbers and a class.
fn rows(count: usize) -> Vec<String> {
    let row = |n: usize| format!("{}.5,{},{}", n * n % 7, n % 11, ["p", "q"][n % 2]);
    (0..count).map(row).collect()
}

fn save(folder: &Path, name: &str, header: &str, rows: &[String]) {
    fs::write(folder.join(name), format!("{header}{}\n", rows.join("\n"))).unwrap();
}

/// Whether a command warns of something; it succeeds.
fn warned(output: &Output, part: &str) -> bool {
    succeeds(output);
    message(output).lines().any(|line| line.starts_with("warning: ") && line.contains(part))
}

#[test]
fn columns_that_only_their_numbers_tell_have_to_be_as_many_as_in_training() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    let with = |before: &str, after: &str| -> Vec<String> {
        rows(40).iter().map(|row| format!("{before}{row}{after}")).collect()
    };
    save(folder, "a.csv", "", &with("9,", ""));
    succeeds(&train(folder, "a.csv", &["--ignore", "1"]));
    let predict = |rows: &[String]| {
        save(folder, "new.csv", "", rows);
        barenet(folder, &["predict", "run", "new.csv"])
    };
    let answers = predict(&with("9,", ""));
    succeeds(&answers);
    let cut = |rows: Vec<String>| -> Vec<String> {
        rows.iter().map(|row| row.rsplit_once(',').unwrap().0.to_owned()).collect()
    };
    for other in [cut(with("9,", "")), cut(with("", ""))] {
        assert_eq!(stdout(&predict(&other)), stdout(&answers), "{}", other[0]);
    }
    let had = "and the table that trained had 4";
    refused_in_one_line(&predict(&with("9,9,", "")), 1, &["new.csv: has 5 columns", had]);
    let eval = ["eval", "run", "--data", "new.csv", "--other-data"];
    refused_in_one_line(&barenet(folder, &eval), 1, &["new.csv: has 5 columns", had]);
    let other = train(folder, "a.csv", &["--ignore", "1", "--test", "new.csv"]);
    refused_in_one_line(&other, 1, &["new.csv: has 5 columns", had]);
    // Without what was left out, but with the target, each would be the next one.
    save(folder, "new.csv", "", &with("", ""));
    let predict = barenet(folder, &["predict", "run", "new.csv"]);
    if predict.status.success() {
        assert_eq!(stdout(&predict), stdout(&answers));
    } else {
        refused_in_one_line(&predict, 1, &["new.csv"]);
    }
}

#[test]
fn rows_that_look_like_comments_are_counted() {
    let place = TempDir::new().unwrap();
    let tagged: Vec<String> =
        (0..40).map(|n| format!("{},{n},{}", ["#win", "lose"][n % 2], n % 3)).collect();
    save(place.path(), "a.csv", "tag,n,y\n", &tagged);
    let said = "passed over 20 lines that begin with #";
    let output = barenet(place.path(), &["data", "info", "a.csv"]);
    assert!(warned(&output, said) && warned(&output, "the first in line 2"), "{output:?}");
    // A comment has no cells.
    let mut noted = rows(40);
    noted.insert(20, "# from here on, and no further, by hand, again".to_owned());
    save(place.path(), "a.csv", "# a,b,c,d\na,b,y\n", &noted);
    assert!(!warned(&barenet(place.path(), &["data", "info", "a.csv"]), "passed over"));
}

#[test]
fn a_number_far_from_all_others_is_warned_of() {
    let place = TempDir::new().unwrap();
    let mut table = rows(60);
    table[3] = "2.5,1e12,p".to_owned();
    save(place.path(), "a.csv", "a,b,y\n", &table);
    let output = train(place.path(), "a.csv", &[]);
    assert!(warned(&output, "a.csv, line 5: b is 1e12 once"), "{output:?}");
    assert!(warned(
        &barenet(place.path(), &["data", "info", "a.csv"]),
        "a.csv, line 5: b is 1e12 once"
    ));
    save(place.path(), "a.csv", "a,b,y\n", &rows(60));
    assert!(!warned(&train(place.path(), "a.csv", &[]), "once"));
}

#[test]
fn an_index_without_a_name_and_rows_that_are_left_out_are_warned_of() {
    let place = TempDir::new().unwrap();
    let counted = rows(60).into_iter().enumerate();
    let counted: Vec<String> = counted.map(|(n, row)| format!("{n},{row}")).collect();
    save(place.path(), "a.csv", ",a,b,y\n", &counted);
    assert!(warned(&train(place.path(), "a.csv", &[]), "column 1 counts the rows"));
    // One with a name says what it is.
    save(place.path(), "a.csv", "hour,a,b,y\n", &counted);
    assert!(!warned(&train(place.path(), "a.csv", &[]), "counts the rows"));
    let mut table = rows(60);
    table.iter_mut().step_by(3).for_each(|row| row.replace_range(..3, ""));
    save(place.path(), "a.csv", "a,b,y\n", &table);
    let output = train(place.path(), "a.csv", &["--missing", "drop"]);
    assert!(warned(&output, "20 of 60 rows lack a value, and are left out"), "{output:?}");
}

#[test]
fn a_column_of_numbers_is_text_where_somebody_says_so() {
    let place = TempDir::new().unwrap();
    let table: Vec<String> =
        (0..60).map(|n| format!("{},{},{}", 100 + n % 30, n % 7, ["p", "q"][n % 2])).collect();
    save(place.path(), "a.csv", "postcode,b,y\n", &table);
    let output =
        barenet(place.path(), &["train", "--data", "a.csv", "--text", "postcode", "--epochs", "1"]);
    succeeds(&output);
    assert!(stdout(&output).contains("from 2 columns (31 inputs)"), "{}", stdout(&output));
}
