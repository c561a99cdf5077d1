use super::*;
use crate::table::{CsvOptions, read_csv_from};
use crate::{Numbers, Wanted};

fn table(text: &str) -> Table {
    read_csv_from(text.as_bytes(), "t.csv", &CsvOptions::default()).unwrap()
}

fn learn(text: &str, options: &EncodeOptions) -> Result<Encoding, String> {
    Encoding::learn(&table(text), options).map_err(|error| error.to_string())
}

fn with_target(target: &str) -> EncodeOptions {
    EncodeOptions { target: vec![target.into()], ..EncodeOptions::default() }
}

#[test]
fn the_last_column_is_learnt_and_text_becomes_one_input_for_each_value() {
    let text = "size,colour,kind\n1,red,no\n2,blue,yes\n3,red,no\n4,green,yes\n";
    let encoding = learn(text, &EncodeOptions::default()).unwrap();
    assert_eq!((encoding.task, encoding.input_dim()), (Task::Classify, 4));
    assert_eq!(encoding.class_names, ["no", "yes"]);
    let records = encoding.samples(table(text), Missing::Refuse).unwrap();
    assert_eq!(records.labels(), [0, 1, 0, 1]);
    let row = |index| {
        let mut row = Vec::new();
        records.append_row(index, &mut row);
        row
    };
    assert_eq!(row(0), [1.0, 1.0, 0.0, 0.0]);
    assert_eq!(row(3), [4.0, 0.0, 0.0, 1.0]);
}

#[test]
fn another_table_is_matched_by_name_in_any_order() {
    let encoding =
        learn("a,b,y\n1,10,p\n2,20,q\n3,30,p\n4,40,q\n", &EncodeOptions::default()).unwrap();
    let other =
        encoding.samples(table("y,more,b,a\nq,0,50,5\np,0,60,6\n"), Missing::Refuse).unwrap();
    assert_eq!(other.numbers(), &Numbers::F32(vec![5.0, 50.0, 6.0, 60.0]));
    assert_eq!(other.labels(), [1, 0]);
    let error = encoding.samples(table("y,a\nq,5\np,6\n"), Missing::Refuse).unwrap_err();
    assert!(error.to_string().starts_with("t.csv: has no column \"b\""), "{error}");
    let error = encoding.samples(table("a,b,y\n1,2,r\n1,2,q\n"), Missing::Refuse).unwrap_err();
    let expected = "t.csv, line 2, column \"y\": class \"r\" is not one of those that train";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn a_text_that_was_not_there_in_training_is_none_of_the_inputs() {
    let encoding = learn("c,y\nred,0\nblue,1\nred,0\nblue,1\n", &EncodeOptions::default()).unwrap();
    let other = encoding.samples(table("c,y\ngreen,0\nblue,1\n"), Missing::Refuse).unwrap();
    assert_eq!(other.numbers(), &Numbers::F32(vec![0.0, 0.0, 0.0, 1.0]));
}

#[test]
fn a_column_of_another_kind_than_in_training_is_refused() {
    let learnt = "n,c,y\n1,red,0\n2,blue,1\n3,red,0\n4,blue,1\n";
    let encoding = learn(learnt, &EncodeOptions::default()).unwrap();
    for (other, expected) in [
        ("n,c,y\none,red,0\ntwo,blue,1\n", "line 2, column \"n\": \"one\" is no number, and the"),
        ("n,c,y\n1,5,0\n2,6,1\n", "column \"c\": is of numbers, and was of text"),
    ] {
        let error = encoding.samples(table(other), Missing::Refuse).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    // Whoever reads it as text finds that the values are others.
    assert_eq!(encoding.text_columns(), ["c".into()]);
    let text = CsvOptions { text: encoding.text_columns(), ..CsvOptions::default() };
    let other = read_csv_from(&b"n,c,y\n1,5,0\n2,6,1\n"[..], "t.csv", &text).unwrap();
    let records = encoding.samples(other, Missing::Refuse).unwrap();
    assert_eq!(records.numbers(), &Numbers::F32(vec![1.0, 0.0, 0.0, 2.0, 0.0, 0.0]));
}

#[test]
fn few_whole_numbers_are_classes_and_others_are_numbers() {
    let rows = |y: &dyn Fn(usize) -> String| {
        (0..60).fold("x,y\n".to_owned(), |text, i| text + &format!("{i},{}\n", y(i)))
    };
    let task = |text: &str| learn(text, &EncodeOptions::default()).unwrap().task;
    let ten = rows(&|i| (i % 10).to_string());
    assert_eq!(task(&ten), Task::Classify);
    let names = learn(&rows(&|i| (i % 12).to_string()), &EncodeOptions::default()).unwrap();
    assert_eq!(names.class_names[9..], ["9", "10", "11"]);
    assert_eq!(task(&rows(&|i| (i % 30).to_string())), Task::Regress);
    assert_eq!(task(&rows(&|i| format!("{}.5", i % 3))), Task::Regress);
    let regress = EncodeOptions { task: Some(Task::Regress), ..EncodeOptions::default() };
    let encoding = learn(&ten, &regress).unwrap();
    let records = encoding.samples(table(&ten), Missing::Refuse).unwrap();
    assert!(matches!(records.targets(), Wanted::Values { width: 1, .. }));
}

#[test]
fn several_targets_and_groups_are_no_inputs() {
    let text = "a,b,u,v,who\n1,2,0.5,0.1,ann\n3,4,0.25,0.2,bob\n5,6,0.75,0.3,ann\n";
    let options = EncodeOptions {
        target: vec!["v".into(), "u".into()],
        group: Some("who".into()),
        ..EncodeOptions::default()
    };
    let encoding = learn(text, &options).unwrap();
    let records = encoding.samples(table(text), Missing::Refuse).unwrap();
    assert_eq!(records.row_len(), 2);
    let numbers = vec![0.1, 0.5, 0.2, 0.25, 0.3, 0.75];
    assert_eq!(records.targets(), &Wanted::Values { numbers, width: 2 });
    assert_eq!(records.groups, [0, 1, 0]);
}

#[test]
fn an_autoencoder_takes_all_columns_but_labels() {
    let text = "a,b,state\n1,2,ok\n3,4,bad\n";
    let options = EncodeOptions { task: Some(Task::Reconstruct), ..EncodeOptions::default() };
    let numbers = learn("a,b\n1,2\n3,4\n", &options).unwrap();
    assert_eq!((numbers.input_dim(), numbers.targets.len()), (2, 0));
    let labelled = EncodeOptions { target: vec!["state".into()], ..options };
    let encoding = learn(text, &labelled).unwrap();
    let records = encoding.samples(table(text), Missing::Refuse).unwrap();
    assert_eq!((records.row_len(), records.labels()), (2, &[1, 0][..]));
}

#[test]
fn missing_cells_are_refused_by_line_and_column_or_their_rows_left_out() {
    let text = "a,b,y\n1,2,p\n?,3,q\n5,6,p\n7,8,\n9,1,q\n";
    let encoding = learn(text, &EncodeOptions::default()).unwrap();
    let error = encoding.samples(table(text), Missing::Refuse).unwrap_err().to_string();
    assert!(error.starts_with("t.csv, line 3, column \"a\": the cell is missing"), "{error}");
    let records = encoding.samples(table(text), Missing::Drop).unwrap();
    assert_eq!(records.numbers(), &Numbers::F32(vec![1.0, 2.0, 5.0, 6.0, 9.0, 1.0]));
    assert_eq!(records.labels(), [0, 0, 1]);
}

#[test]
fn columns_from_which_nothing_can_be_learnt_are_refused_in_a_line() {
    let none = EncodeOptions::default;
    let two = EncodeOptions { target: vec!["y".into(), "2".into()], ..none() };
    let text = EncodeOptions { task: Some(Task::Regress), ..none() };
    let ids = (0..10).fold("id,y\n".to_owned(), |ids, i| ids + &format!("n{i},{}\n", i % 2));
    for (table, options, expected) in [
        ("x,y\n1,a\n2,a\n", none(), "column \"y\": has one class only, \"a\""),
        ("y\n1\n2\n", none(), "has one column only; part cells by"),
        (&ids, none(), "column \"id\": has another text in every row"),
        (
            "x,y\n1,a\n2,b\n",
            with_target("9"),
            "has no column \"9\"; its columns have the numbers 1 to 2",
        ),
        ("x,y\n1,a\n2,b\n", with_target("why"), "has no column \"why\"; the nearest name is \"y\""),
        (
            "x,y\n1,16777217\n2,16777216\n3,5\n4,16777216\n5,5\n6,5\n",
            none(),
            "column \"y\": has the class 16777216, and whole numbers of 2^24 and more are rounded; --text \"y\"",
        ),
        ("x,y\n1,a\n2,b\n", two, "column \"2\" is named twice"),
    ] {
        let error = learn(table, &options).unwrap_err();
        assert!(error.contains(expected) && !error.contains('\n'), "{error}");
    }
    let words = "x,y\n1,a\n2,b\n";
    let error = learn(words, &text).unwrap().samples(table(words), Missing::Refuse).unwrap_err();
    assert!(error.to_string().contains("column \"y\": is of text"), "{error}");
    let ignored = CsvOptions { ignore: vec!["y".into()], ..CsvOptions::default() };
    let found = read_csv_from(&b"x,y,z\n1,a,2\n2,b,3\n"[..], "t.csv", &ignored).unwrap();
    let error = Encoding::learn(&found, &with_target("y")).unwrap_err().to_string();
    assert!(error.contains("column \"y\" is the target and ignored too"), "{error}");
}

#[test]
fn missing_inputs_stay_missing_where_they_count_as_their_mean_and_missing_targets_are_refused() {
    let options = EncodeOptions { missing: Missing::Mean, ..EncodeOptions::default() };
    let text = "n,c,y\n1,red,0\n,blue,1\n3,,0\n4,blue,1\n";
    let encoding = learn(text, &options).unwrap();
    let records = encoding.samples(table(text), Missing::Mean).unwrap();
    let Numbers::F32(numbers) = records.numbers() else { panic!() };
    let found: Vec<_> = numbers.iter().map(|x| if x.is_nan() { -1.0 } else { *x }).collect();
    assert_eq!(found, [1.0, 1.0, 0.0, -1.0, 0.0, 1.0, 3.0, -1.0, -1.0, 4.0, 0.0, 1.0]);
    let error = encoding.samples(table("n,c,y\n1,red,0\n2,red,\n"), Missing::Mean).unwrap_err();
    let expected = "t.csv, line 3, column \"y\": the cell is missing; only inputs can be";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn numbers_with_decimal_commas_are_refused() {
    let error = learn("x;y\n1,5;a\n2;b\n2,25;a\n3,5;b\n", &EncodeOptions::default()).unwrap_err();
    assert!(
        error.starts_with("t.csv, column \"x\": has decimal commas, such as \"1,5\";"),
        "{error}"
    );
    let error = learn("x;y\n1;2,5\n2;1,5\n3;7\n", &EncodeOptions::default()).unwrap_err();
    assert!(error.starts_with("t.csv, column \"y\": has decimal commas"), "{error}");
    let text = "x;y\n1,5;a\nnone;b\n2,25;a\n1,5;b\n";
    assert_eq!(learn(text, &EncodeOptions::default()).unwrap().input_dim(), 3);
}

#[test]
fn numbers_with_commas_between_thousands_or_a_sign_are_refused() {
    let refused = |cells: &[&str], expected: &str| {
        let rows = cells.iter().zip(0..).map(|(cell, i)| format!("\"{cell}\",{}\n", i % 2));
        let text = "x,y\n".to_owned() + &rows.collect::<String>();
        let error = learn(&text, &EncodeOptions::default()).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    };
    let expected = "t.csv, column \"x\": has commas between thousands, or decimal commas, such as";
    refused(&["2,979", "500", "1,234,567", "2,979"], expected);
    let dollars: Vec<_> = (0..30).map(|i| format!("${i}.50")).collect();
    let dollars: Vec<_> = dollars.iter().map(String::as_str).collect();
    refused(&dollars, "t.csv, column \"x\": has numbers with a sign, such as \"$0.50\"; write");
    // A few of them may be classes.
    let few = "x,y\n10%,1\n20%,0\n10%,1\n20%,0\n";
    assert_eq!(learn(few, &EncodeOptions::default()).unwrap().input_dim(), 2);
}

#[test]
fn minus_zero_is_the_class_zero() {
    let text = "x,y\n1,-0\n2,0\n3,1\n4,1\n";
    let encoding = learn(text, &EncodeOptions::default()).unwrap();
    assert_eq!(encoding.class_names, ["0", "1"]);
    assert_eq!(encoding.samples(table(text), Missing::Refuse).unwrap().labels(), [0, 0, 1, 1]);
}

#[test]
fn the_mean_is_named_for_inputs_alone() {
    let error = |text: &str| {
        let encoding = learn("a,y\n1,p\n2,q\n3,p\n", &EncodeOptions::default()).unwrap();
        encoding.samples(table(text), Missing::Refuse).unwrap_err().advice
    };
    assert!(error("a,y\n?,p\n2,q\n").contains("--missing mean"));
    let advice = error("a,y\n1,p\n2,\n");
    assert!(advice.contains("--missing drop") && !advice.contains("mean"), "{advice}");
}

#[test]
fn numbers_with_a_fraction_that_rounding_takes_are_no_classes() {
    // From 2²⁴ on, f32 has whole numbers alone: all of these become 20000000 or 20000002.
    let rows: String = (0..20).map(|i| format!("{i},{}\n", 2e7 + f64::from(i) / 10.0)).collect();
    let text = format!("a,y\n{rows}");
    let encoding = learn(&text, &EncodeOptions::default()).unwrap();
    assert_eq!(encoding.task, Task::Regress);
    let coarse = encoding.coarse(&table(&text));
    assert_eq!((coarse.len(), coarse[0].is_target), (1, true));
    let expected = "the target y lies between 20000000 and 20000001.9, and of such numbers f32 tells about 1 apart";
    assert!(coarse[0].to_string().starts_with(expected), "{}", coarse[0]);
    // Whole numbers of that size may be names of classes: whoever means that says so.
    let error =
        learn("a,y\n1,20000001\n2,20000003\n1,20000001\n2,20000003\n", &EncodeOptions::default());
    assert!(error.unwrap_err().contains("--task regress as numbers"));
}

#[test]
fn inputs_that_rounding_makes_equal_are_named() {
    let rows: String = (0..9).map(|i| format!("{},{i},{}\n", 1_764_340_000 + i, i % 2)).collect();
    let text = format!("time,a,y\n{rows}");
    let encoding = learn(&text, &EncodeOptions::default()).unwrap();
    let coarse = encoding.coarse(&table(&text));
    assert_eq!((coarse.len(), coarse[0].name.as_str(), coarse[0].is_target), (1, "time", false));
    let ignored = CsvOptions { ignore: vec!["time".into()], ..CsvOptions::default() };
    let without = read_csv_from(text.as_bytes(), "t.csv", &ignored).unwrap();
    let encoding = Encoding::learn(&without, &EncodeOptions::default()).unwrap();
    assert!(encoding.coarse(&without).is_empty());
}

#[test]
fn the_last_column_is_not_both_the_group_and_the_default_target() {
    let text = "a,y,g\n1,0,1\n2,1,1\n3,0,2\n4,1,2\n";
    let options = EncodeOptions { group: Some("g".into()), ..EncodeOptions::default() };
    let error = learn(text, &options).unwrap_err();
    assert!(error.starts_with("t.csv, column \"g\": is the last one"), "{error}");
    assert!(error.contains("--target"), "{error}");
    let options = EncodeOptions { target: vec!["y".into()], ..options };
    assert_eq!(learn(text, &options).unwrap().input_dim(), 1);
    let options = EncodeOptions { group: Some("a".into()), ..EncodeOptions::default() };
    assert_eq!(learn(text, &options).unwrap().targets, ["g".into()]);
}

#[test]
fn a_delimiter_at_the_end_of_every_line_makes_no_column() {
    let text = "a,y,\n1,p,\n2,q,\n3,p,\n4,q,\n";
    let encoding = learn(text, &EncodeOptions::default()).unwrap();
    assert_eq!((encoding.input_dim(), &encoding.targets[..]), (1, &["y".into()][..]));
    assert_eq!(encoding.samples(table(text), Missing::Refuse).unwrap().labels(), [0, 1, 0, 1]);
    // With anything in it, it is one.
    let text = "a,y,\n1,p,7\n2,q,7\n3,p,8\n4,q,8\n";
    assert_eq!(learn(text, &EncodeOptions::default()).unwrap().targets, ["column 3".into()]);
    let error = read_csv_from(&b"a,y\n1,p,\n"[..], "t.csv", &CsvOptions::default()).unwrap_err();
    assert!(error.to_string().contains("it ends with a delimiter"), "{error}");
}

#[test]
fn a_table_without_names_may_have_the_inputs_in_their_order() {
    let encoding = learn("a,b,y\n1,2,p\n2,3,q\n3,4,p\n4,5,q\n", &EncodeOptions::default()).unwrap();
    let named = table("b,a\n1,2\n");
    assert_eq!(encoding.places_in(&named).unwrap(), [1, 0]);
    let unnamed = table("1.5,2\n2.5,3\n");
    assert!(encoding.places_in(&unnamed).is_err());
    let by_place = encoding.by_place(&unnamed).unwrap();
    assert_eq!(by_place.places_in(&unnamed).unwrap(), [0, 1]);
}

#[test]
fn classes_of_other_tables_are_added_for_an_autoencoder_alone() {
    let task = Some(Task::Reconstruct);
    let mut encoding =
        learn("a,y\n1,ok\n2,ok\n", &EncodeOptions { task, ..with_target("y") }).unwrap();
    let other = "y,a\nworn,1\nok,2\nbad,3\nworn,4\n";
    let error = encoding.samples(table(other), Missing::Refuse).unwrap_err().to_string();
    assert!(error.contains("class \"worn\" is not one of those that train"), "{error}");
    encoding.add_classes(&table(other)).unwrap();
    assert_eq!(encoding.class_names, ["ok", "bad", "worn"]);
    let records = encoding.samples(table(other), Missing::Refuse).unwrap();
    assert_eq!(records.labels(), [2, 0, 1, 2]);
    encoding.add_classes(&table("a\n1\n")).unwrap_err();
    let many: String = (0..1001).map(|row| format!("{row},c{row}\n")).collect();
    let error = encoding.add_classes(&table(&format!("a,y\n{many}"))).unwrap_err().to_string();
    assert!(error.starts_with("t.csv, column \"y\": has 1001 classes"), "{error}");

    let mut encoding = learn("a,y\n1,p\n2,q\n3,p\n4,q\n", &EncodeOptions::default()).unwrap();
    encoding.add_classes(&table("a,y\n1,r\n")).unwrap();
    assert_eq!(encoding.class_names, ["p", "q"]);
}
