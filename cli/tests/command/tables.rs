//! Tables of one's own: trained on, measured, resumed, and refused in a line.

use crate::program::{barenet, message, refused_in_one_line, stdout, succeeds};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A table that `barenet-data` is tested with too.
fn real(name: &str) -> String {
    format!("{}/../data/tests/tables/{name}.csv", env!("CARGO_MANIFEST_DIR"))
}

fn train(folder: &Path, data: &str, more: &[&str]) -> std::process::Output {
    barenet(folder, &[&["train", "--data", data, "--epochs", "20", "--out", "run"], more].concat())
}

fn summary(folder: &Path, run: &str) -> Value {
    let text = fs::read_to_string(folder.join(run).join("summary.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The figure that `barenet eval` finds.
fn eval(folder: &Path, data: &str, figure: &str) -> f64 {
    let output = barenet(folder, &["eval", "run", "--data", data, "--json"]);
    succeeds(&output);
    serde_json::from_str::<Value>(&stdout(&output)).unwrap()[figure].as_f64().unwrap()
}

#[test]
fn a_table_of_classes_is_learnt_in_one_command() {
    let place = TempDir::new().unwrap();
    let output = train(place.path(), &real("iris"), &["--lr", "0.01"]);
    succeeds(&output);
    let text = stdout(&output);
    for part in [
        "97 training, 23 validation, 30 test rows",
        "task      classify species from 4 columns (4 inputs), scaled standard, loss softmax",
        "network   4-100-3, 803 parameters, float32",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    let found = summary(place.path(), "run");
    assert_eq!(found["data"], "table");
    let test = found["test_accuracy"].as_f64().unwrap();
    assert!(test > 0.85, "{test}");
    assert_eq!(eval(place.path(), &real("iris"), "accuracy"), test);
}

#[test]
fn a_table_is_recognised_by_its_content_and_read_so_where_that_is_asked_for() {
    let place = TempDir::new().unwrap();
    for name in ["iris", "iris.data", "iris.gz"] {
        fs::copy(real("iris"), place.path().join(name)).unwrap();
    }
    let info = |data: &str, more: &[&str]| {
        barenet(place.path(), &[&["data", "info", "--data", data], more].concat())
    };
    for (data, more) in
        [("iris", &[][..]), ("iris.data", &["--ignore", "1"]), ("iris.gz", &["--format", "csv"])]
    {
        let output = info(data, more);
        succeeds(&output);
        let columns = if more.contains(&"--ignore") { 3 } else { 4 };
        assert!(stdout(&output).contains(&format!("rows      150; {columns} columns")));
    }
    refused_in_one_line(
        &info("iris.gz", &[]),
        1,
        &["iris.gz: is text, and called as a packed file; read it with --format csv"],
    );
    fs::write(place.path().join("page"), "<html>1,2</html>").unwrap();
    refused_in_one_line(&info("page", &[]), 1, &["page: is a web page"]);
    let output = info("iris", &["--format", "cifar10"]);
    refused_in_one_line(
        &output,
        1,
        &["iris: is of another format than --format says (table)", "leave --format out"],
    );
    let output = barenet(place.path(), &["data", "info", "--format", "csv"]);
    refused_in_one_line(&output, 2, &["--format says how data are read that --data names"]);
}

#[test]
fn what_says_nothing_of_other_data_is_refused_and_not_passed_over() {
    let place = TempDir::new().unwrap();
    for (more, option) in [
        (&["--target", "x"][..], "--target"),
        (&["--test", "iris.csv"], "--test"),
        (&["--group", "1"], "--group"),
    ] {
        let output = train(place.path(), "builtin", more);
        let problem = format!("{option} says nothing of built-in images; leave it out");
        refused_in_one_line(&output, 2, &[&problem]);
    }
    let output = train(place.path(), "builtin", &["--task", "regress"]);
    refused_in_one_line(&output, 1, &["the targets are classes; take --task classify"]);
}

#[test]
fn a_table_of_numbers_is_learnt_with_its_targets_scaled() {
    let place = TempDir::new().unwrap();
    for loss in ["mse", "mae", "huber"] {
        succeeds(&train(place.path(), &real("diabetes"), &["--loss", loss, "--force"]));
        let found = summary(place.path(), "run");
        let r2 = found["test_r2"].as_f64().unwrap();
        assert!(r2 > 0.3 && r2 < 0.7, "{loss}: {r2}");
        assert!((eval(place.path(), &real("diabetes"), "r2") - r2).abs() < 1e-12);
        let metric = if loss == "mae" { "test_mae" } else { "test_mse" };
        assert!(found[metric].as_f64().unwrap() < 0.9);
    }
}

#[test]
fn a_network_that_has_learnt_next_to_nothing_is_warned_of() {
    let place = TempDir::new().unwrap();
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 16
    };
    let mut noise = "a,b,number,class\n".to_owned();
    for _ in 0..200 {
        let (a, b, number, class) = (next(), next(), next(), next() % 2);
        noise += &format!("{a},{b},{number}.5,{class}\n");
    }
    fs::write(place.path().join("noise.csv"), noise).unwrap();
    let folds = ["--folds", "2"];
    let (r2, auc) = ("warning: a test R² of ", "warning: a test AUC of ");
    for (arguments, warning, folds) in [
        (&["--target", "number", "--ignore", "class"][..], r2, &[][..]),
        (&["--target", "number", "--ignore", "class"], r2, &folds),
        (&["--target", "class", "--ignore", "number"], auc, &[]),
        (&["--target", "class", "--ignore", "number"], auc, &folds),
        (
            &["--task", "reconstruct", "--target", "class", "--hidden", "1"],
            "warning: a validation MSE of ",
            &[],
        ),
    ] {
        let output = train(place.path(), "noise.csv", &[arguments, folds, &["--force"]].concat());
        succeeds(&output);
        assert!(message(&output).contains(warning), "{arguments:?}: {}", message(&output));
    }
    for (data, more) in [("diabetes", &[][..]), ("iris", &[]), ("iris", &folds)] {
        let output = train(place.path(), &real(data), &[more, &["--force"]].concat());
        succeeds(&output);
        assert!(!message(&output).contains("hardly better"), "{data}: {}", message(&output));
    }
}

#[test]
fn an_autoencoder_learns_a_table_without_its_labels() {
    let place = TempDir::new().unwrap();
    let arguments = ["--task", "reconstruct", "--target", "species", "--normal", "setosa"];
    let arguments = [&arguments[..], &["--hidden", "8,2,8"]].concat();
    let output = train(place.path(), &real("iris"), &arguments);
    succeeds(&output);
    let text = stdout(&output);
    // All that are not normal test.
    assert!(text.contains("32 training, 8 validation, 110 test rows"), "{text}");
    assert!(text.contains("network   4-8-2-8-4"), "{text}");
}

#[test]
fn a_run_on_a_table_is_the_same_at_any_thread_count_and_resumed() {
    let place = TempDir::new().unwrap();
    let run = |name: &str, more: &[&str]| {
        let data = real("digits");
        let arguments = ["train", "--data", &data, "--out", name, "--seed", "3"];
        succeeds(&barenet(place.path(), &[&arguments, more].concat()));
    };
    run("one", &["--epochs", "4", "--threads", "1"]);
    run("two", &["--epochs", "4", "--threads", "2"]);
    run("resumed", &["--epochs", "2"]);
    let more = ["train", "--data", &real("digits"), "--resume", "resumed", "--epochs", "4"];
    succeeds(&barenet(place.path(), &more));
    let file = |run: &str, name: &str| fs::read(place.path().join(run).join(name)).unwrap();
    for run in ["two", "resumed"] {
        for name in ["best.safetensors", "config.toml"] {
            assert!(file("one", name) == file(run, name), "{run}: {name}");
        }
    }
}

#[test]
fn a_network_answers_for_rows_whose_columns_are_in_any_order() {
    let place = TempDir::new().unwrap();
    succeeds(&train(place.path(), &real("iris"), &["--lr", "0.01"]));
    let text = fs::read_to_string(real("iris")).unwrap();
    let cells: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let predict = |more: &[&str]| {
        let output = barenet(place.path(), &[&["predict", "run"], more].concat());
        succeeds(&output);
        stdout(&output)
    };
    let answers = predict(&[&real("iris")]);
    let lines: Vec<_> = answers.lines().collect();
    assert_eq!((lines.len(), lines[0]), (151, "species"));
    let right = lines.iter().zip(&cells).skip(1).filter(|(found, row)| **found == row[4]).count();
    assert!(right > 135, "{right} of 150");

    // Other order, another column between, no target.
    let swapped: String = cells
        .iter()
        .map(|row| format!("{},{},x,{},{}\n", row[3], row[0], row[2], row[1]))
        .collect();
    fs::write(place.path().join("new.csv"), &swapped).unwrap();
    assert_eq!(predict(&["new.csv"]), answers);
    let kept = predict(&["new.csv", "--keep"]);
    assert_eq!(
        kept.lines().next().unwrap(),
        "petal width (cm),sepal length (cm),x,petal length (cm),sepal width (cm),predicted species"
    );
    for line in predict(&["new.csv", "--json"]).lines().take(3) {
        let line: Value = serde_json::from_str(line).unwrap();
        let sum: f64 =
            line["probabilities"].as_object().unwrap().values().map(|p| p.as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-9 && line["species"].is_string(), "{line}");
    }
    fs::write(place.path().join("less.csv"), "sepal length (cm),petal width (cm)\n1,2\n").unwrap();
    let output = barenet(place.path(), &["predict", "run", "less.csv"]);
    refused_in_one_line(&output, 1, &["less.csv: has no column \"sepal width (cm)\""]);
}

#[test]
fn numbers_are_answered_in_the_unit_of_the_target_and_anomalies_with_a_score() {
    let place = TempDir::new().unwrap();
    succeeds(&train(place.path(), &real("diabetes"), &[]));
    let predict = |data: &str| {
        let output = barenet(place.path(), &["predict", "run", data]);
        succeeds(&output);
        let text = stdout(&output);
        let (header, rows) = text.split_once('\n').unwrap();
        let numbers = rows.lines().map(|row| row.split(',').next().unwrap().parse().unwrap());
        (header.to_owned(), numbers.collect::<Vec<f64>>(), text.matches(",true\n").count())
    };
    let (header, found, _) = predict(&real("diabetes"));
    assert_eq!((header.as_str(), found.len()), ("progression", 442));
    // The mean of the column is 152.
    let mean = found.iter().sum::<f64>() / 442.0;
    assert!((mean - 152.0).abs() < 20.0, "{mean}");
    let arguments = ["--task", "reconstruct", "--target", "species", "--normal", "setosa"];
    succeeds(&train(place.path(), &real("iris"), &[&arguments[..], &["--force"]].concat()));
    let (header, scores, anomalies) = predict(&real("iris"));
    assert_eq!((header.as_str(), scores.len()), ("anomaly_score,is_anomaly", 150));
    let threshold = summary(place.path(), "run")["anomaly_threshold"].as_f64().unwrap();
    assert_eq!(anomalies, scores.iter().filter(|&&score| score > threshold).count());
    // All others, and few of the fifty that are normal.
    assert!((100..110).contains(&anomalies), "{anomalies}");
    let output = barenet(place.path(), &["eval", "run", "--data", &real("iris"), "--json"]);
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(found["above_threshold"]["other"], 100);
    assert_eq!(found["auc"], 1.0);
    assert_eq!(found["anomaly_threshold"], threshold);
    let text = fs::read_to_string(real("iris")).unwrap();
    let mean_of = |is_normal: bool| {
        let rows = text.lines().skip(1).zip(&scores);
        let some: Vec<f64> = rows
            .filter(|(line, _)| line.ends_with("setosa") == is_normal)
            .map(|(_, &score)| score)
            .collect();
        some.iter().sum::<f64>() / some.len() as f64
    };
    assert!(mean_of(false) > 10.0 * mean_of(true));
}

#[test]
fn every_fold_tests_once_and_the_mean_is_printed() {
    let place = TempDir::new().unwrap();
    let output = train(place.path(), &real("iris"), &["--folds", "3", "--json"]);
    succeeds(&output);
    let found: Value = serde_json::from_str(stdout(&output).trim()).unwrap();
    let tests: Vec<f64> =
        found["test_log_loss"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    assert_eq!(tests.len(), 3);
    assert!((found["mean"].as_f64().unwrap() - tests.iter().sum::<f64>() / 3.0).abs() < 1e-12);
    assert_eq!(found["test_accuracy"].as_array().unwrap().len(), 3);
    for fold in 1..=3 {
        let summary = summary(place.path(), &format!("run/fold-{fold}"));
        assert_eq!(summary["test_size"], 50);
    }
}

#[test]
fn eval_counts_what_each_class_was_named() {
    let place = TempDir::new().unwrap();
    succeeds(&train(place.path(), &real("iris"), &["--lr", "0.01"]));
    let output = barenet(place.path(), &["eval", "run", "--data", &real("iris"), "--json"]);
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let confusion: Vec<Vec<u64>> = serde_json::from_value(found["confusion"].clone()).unwrap();
    let right: u64 = (0..3).map(|class| confusion[class][class]).sum();
    assert_eq!(confusion.iter().flatten().sum::<u64>(), 30);
    assert!((found["accuracy"].as_f64().unwrap() - right as f64 / 30.0).abs() < 1e-6);
    // Ten of each class: the mean recall is the accuracy.
    assert!((found["balanced_accuracy"].as_f64().unwrap() - right as f64 / 30.0).abs() < 1e-9);
    assert_eq!(found["classes"][2]["class"], "virginica");
    assert!(found["auc"].as_f64().unwrap() > 0.9 && found["log_loss"].as_f64().unwrap() < 0.6);
    let output = barenet(place.path(), &["eval", "run", "--data", &real("iris")]);
    let row = format!("{:>6}{:>6}{:>6}", confusion[1][0], confusion[1][1], confusion[1][2]);
    let text = stdout(&output);
    assert!(
        text.lines().any(|line| line.starts_with("versicolor") && line.ends_with(&row)),
        "{text}"
    );
}

#[test]
fn a_class_of_few_rows_counts_as_much_as_the_others_if_asked() {
    let place = TempDir::new().unwrap();
    let rare = |i: u32| i.is_multiple_of(12);
    let rows: String = (0..600)
        .map(|i| {
            let x = f64::from(i * 7919 % 1000) / 500.0 + if rare(i) { 1.2 } else { 0.0 };
            format!("{x},{}\n", if rare(i) { "rare" } else { "usual" })
        })
        .collect();
    fs::write(place.path().join("t.csv"), format!("x,class\n{rows}")).unwrap();
    let balanced = |more: &[&str]| {
        succeeds(&train(place.path(), "t.csv", &[&["--force"], more].concat()));
        eval(place.path(), "t.csv", "balanced_accuracy")
    };
    let (plain, weighted) = (balanced(&[]), balanced(&["--class-weights", "balanced"]));
    assert!(weighted > plain + 0.1, "{plain} and {weighted}");
    let output = train(place.path(), "t.csv", &["--metric", "mse", "--force"]);
    refused_in_one_line(&output, 2, &["metric mse is none of the loss softmax"]);
}

#[test]
fn data_info_counts_what_is_missing_and_warns_of_what_is_odd() {
    let place = TempDir::new().unwrap();
    let at = |name: &str| place.path().join(name);
    fs::write(at("a.csv"), "x,again,one,class,y\n1,1,7,0,0\n,,7,1,1\n3,3,7,0,0\n4,4,7,1,1\n")
        .unwrap();
    fs::write(at("b.csv"), "x,again,one,class,y\n3,3,7,0,0\n5,5,7,1,1\n").unwrap();
    let info = ["data", "info", "--data", "a.csv", "--test", "b.csv"];
    let output = barenet(place.path(), &info);
    succeeds(&output);
    let (text, warnings) = (stdout(&output), message(&output));
    assert!(
        text.contains("missing")
            && text.lines().any(|line| line.starts_with("x ") && line.ends_with(" 1")),
        "{text}"
    );
    for part in [
        "warning: one is the same in all rows",
        "warning: again is equal to x",
        "warning: class is equal to the target y",
        "warning: 1 of 2 rows that test are among those that train",
    ] {
        assert!(warnings.contains(part), "{part:?} is not in {warnings}");
    }
    let output = barenet(place.path(), &[&info[..], &["--json"]].concat());
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(found["table"]["inputs"][0]["missing"], 1);
    assert_eq!(found["table"]["warnings"].as_array().unwrap().len(), 3);
    assert_eq!(found["table"]["constant"], serde_json::json!(["one"]));
    assert_eq!(found["table"]["missing_targets"], 0);
    let output = barenet(place.path(), &[&info[..], &["--ignore", "again,one,class"]].concat());
    assert_eq!(message(&output).lines().count(), 1, "{}", message(&output));
}

#[test]
fn data_info_warns_of_a_saved_index_and_of_an_empty_column() {
    let place = TempDir::new().unwrap();
    let rows = (0..12).map(|n| format!("{n},{},,{}\n", n * n % 7, ["p", "q"][n % 2]));
    let table = format!(",x,empty,y\n{}", rows.collect::<String>());
    fs::write(place.path().join("a.csv"), table).unwrap();
    let output = barenet(place.path(), &["data", "info", "--data", "a.csv", "--ignore", "x"]);
    succeeds(&output);
    let (text, warnings) = (stdout(&output), message(&output));
    let empty = text.lines().find(|line| line.starts_with("empty")).unwrap_or_default();
    assert!(empty.contains(" - ") && empty.ends_with("12"), "{text}");
    assert!(warnings.contains("counts the rows: "), "{warnings}");
    assert!(warnings.contains("warning: empty is missing everywhere"), "{warnings}");
    assert!(!warnings.contains("equal to the target"), "{warnings}");
}

#[test]
fn missing_cells_count_as_the_mean_of_their_column_if_asked() {
    let place = TempDir::new().unwrap();
    let text = fs::read_to_string(real("iris")).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    // Every seventh row lacks its first cell.
    let rows = rows.lines().enumerate().map(|(row, line)| match line.split_once(',') {
        Some((_, rest)) if row.is_multiple_of(7) => format!("?,{rest}\n"),
        _ => format!("{line}\n"),
    });
    fs::write(place.path().join("t.csv"), format!("{header}\n{}", rows.collect::<String>()))
        .unwrap();
    refused_in_one_line(&train(place.path(), "t.csv", &[]), 1, &["line 2", "--missing mean"]);
    succeeds(&train(place.path(), "t.csv", &["--missing", "mean", "--lr", "0.01"]));
    assert!(eval(place.path(), "t.csv", "accuracy") > 0.85);
    let row = |first: &str| format!("{header}\n{first},2.8,4,1.3,versicolor\n");
    fs::write(place.path().join("missing.csv"), row("")).unwrap();
    let answer = |name: &str| {
        let output = barenet(place.path(), &["predict", "run", name, "--json"]);
        succeeds(&output);
        stdout(&output)
    };
    let missing = answer("missing.csv");
    fs::write(place.path().join("other.csv"), row("7.9")).unwrap();
    assert_ne!(missing, answer("other.csv"));
    let found: Value = serde_json::from_str(missing.trim()).unwrap();
    assert!(found["probabilities"]["versicolor"].as_f64().unwrap() > 0.5, "{found}");
}

#[test]
fn a_missing_cell_is_the_mean_of_those_that_train_whatever_the_scale() {
    let place = TempDir::new().unwrap();
    let text = fs::read_to_string(real("iris")).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let (mut lines, mut firsts) = (vec![header.to_owned()], Vec::new());
    for (row, line) in rows.lines().enumerate() {
        let (first, rest) = line.split_once(',').unwrap();
        let is_missing = row.is_multiple_of(7);
        lines.push(format!("{},{rest}", if is_missing { "" } else { first }));
        firsts.extend((!is_missing).then(|| first.parse::<f64>().unwrap()));
    }
    let mean = firsts.iter().sum::<f64>() / firsts.len() as f64;
    let save = |name: &str, text: String| fs::write(place.path().join(name), text).unwrap();
    save("t.csv", lines.join("\n"));
    save("missing.csv", format!("{header}\n,2.8,4,1.3,versicolor\n"));
    save("mean.csv", format!("{header}\n{mean},2.8,4,1.3,versicolor\n"));
    let probability = |name: &str| {
        let output = barenet(place.path(), &["predict", "run", name, "--json"]);
        succeeds(&output);
        let found: Value = serde_json::from_str(stdout(&output).trim()).unwrap();
        found["probabilities"]["versicolor"].as_f64().unwrap()
    };
    for scale in ["standard", "minmax", "none", "mean-image"] {
        let given = ["--missing", "mean", "--scale", scale, "--force"];
        // All of the table trains.
        succeeds(&train(
            place.path(),
            "t.csv",
            &[&given[..], &["--val", "t.csv", "--test", "t.csv"]].concat(),
        ));
        let (missing, filled) = (probability("missing.csv"), probability("mean.csv"));
        assert!((missing - filled).abs() < 1e-5, "{scale}: {missing} {filled}");
        succeeds(&train(place.path(), "t.csv", &given));
        assert!(eval(place.path(), "t.csv", "accuracy") > 0.7, "{scale}");
        // A device gets no missing numbers: it is measured with means in their place.
        for dtype in ["f32", "int8"] {
            let name = format!("{scale}-{dtype}");
            let output = barenet(
                place.path(),
                &[
                    "export", "run", "--data", "t.csv", "--format", "firmware", "--dtype", dtype,
                    "--out", &name,
                ],
            );
            succeeds(&output);
            assert!(place.path().join(name).is_dir());
        }
    }
}

#[test]
fn tables_given_apart_are_taken_whole() {
    let place = TempDir::new().unwrap();
    let text = fs::read_to_string(real("iris")).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let rows: Vec<_> = rows.lines().collect();
    for (name, part) in
        [("a.csv", &rows[..100]), ("b.csv", &rows[100..120]), ("c.csv", &rows[120..])]
    {
        fs::write(place.path().join(name), format!("{header}\n{}\n", part.join("\n"))).unwrap();
    }
    let output = train(place.path(), "a.csv", &["--val", "b.csv", "--test", "c.csv"]);
    succeeds(&output);
    let text = stdout(&output);
    assert!(text.contains("100 training, 20 validation, 30 test rows"), "{text}");
}

#[test]
fn a_table_that_cannot_be_used_is_refused_in_a_line_and_nothing_is_written() {
    let place = TempDir::new().unwrap();
    let rows = |text: &str| format!("x,y\n{text}");
    for (text, more, parts) in [
        (rows("1,a\n2\n3,b\n"), &[][..], &["t.csv, line 3: 1 cell, where 2 are expected"][..]),
        (rows("1,a\n2,a\n"), &[], &["column \"y\"", "one class only"]),
        (rows("1,a\n2,a\n3,b\n"), &[], &["class b has one sample, in line 4, column \"y\", which"]),
        (
            rows("1,0\n,1\n3,2\n4,0\n5,2\n,1\n6,1\n7,5\n8,0\n9,2\n"),
            &["--missing", "drop"],
            &["class 1 has one sample, in line 8, column \"y\", which"],
        ),
        (
            "1,2,label\n0.5,1.5,p\n0.25,1.25,q\n0.5,1.5,p\n0.25,1.25,q\n".to_owned(),
            &[],
            &["class label has one sample, in line 1, column \"3\"", "say with --header that"],
        ),
        (
            "1,2,price\n0.5,1.5,3.5\n0.25,1.25,7.5\n0.5,1.5,9.5\n".to_owned(),
            &[],
            &["line 1, column \"column 3\": \"price\" is no number", "or say with --header that"],
        ),
        (
            rows("1,5.5\n2,5.5\n3,5.5\n4,5.5\n"),
            &[],
            &["t.csv", "the target y is 5.5 in all rows", "--target"],
        ),
        (
            rows("1,a\n2,b\n"),
            &["--format", "idx"],
            &["t.csv: is of another format than --format says (table)"],
        ),
        (
            rows("1,a,\n2,b,\n"),
            &[],
            &["line 2: 3 cells, where 2 are expected; it ends with a delimiter"],
        ),
        (rows("1,a\n2,b\n"), &["--target", "yy"], &["no column \"yy\"", "nearest name is \"y\""]),
        (
            rows("1,a\n,b\n3,a\n4,b\n"),
            &[],
            &["line 3, column \"x\": the cell is missing", "--missing drop"],
        ),
        (rows("1,2.5\n2,inf\n3,4\n"), &[], &["line 3, column \"y\"", "no finite number"]),
        (rows("1,2.5\n2,3.5\n3,4\n4,six\n"), &[], &["line 5, column \"y\": \"six\" is no number"]),
        (rows("1,a\n2,b\n"), &["--ignore", "y", "--target", "y"], &["target and ignored too"]),
        ("x,x\n1,2\n".to_owned(), &[], &["both named \"x\""]),
        (String::new(), &[], &["t.csv", "is empty"]),
        ("\0\u{1}\u{2}".to_owned(), &[], &["t.csv: is no text, where a CSV table is expected"]),
    ] {
        fs::write(place.path().join("t.csv"), text).unwrap();
        let output = train(place.path(), "t.csv", more);
        refused_in_one_line(&output, 1, parts);
        assert!(!place.path().join("run").exists(), "{}", message(&output));
    }
    fs::write(place.path().join("t.csv"), b"x,y\n1,\xff\n").unwrap();
    refused_in_one_line(&train(place.path(), "t.csv", &[]), 1, &["line 2", "no UTF-8"]);
    let output = train(place.path(), &real("iris"), &["--target", ""]);
    refused_in_one_line(&output, 2, &["--target names no column"]);
    let output = train(place.path(), &real("iris"), &["--test-fraction", "1"]);
    refused_in_one_line(&output, 2, &["test_fraction must be above 0 and below 1, found 1"]);
    let output = train(place.path(), &real("iris"), &["--folds", "3", "--fold", "4"]);
    refused_in_one_line(&output, 2, &["fold is 4, and there are 3 folds"]);
    for folds in ["0", "1"] {
        let output = train(place.path(), &real("iris"), &["--folds", folds]);
        refused_in_one_line(&output, 2, &[&format!("found {folds}")]);
    }
}

#[test]
fn a_network_of_a_table_measures_that_table_alone() {
    let place = TempDir::new().unwrap();
    succeeds(&train(place.path(), &real("iris"), &[]));
    let text = fs::read_to_string(real("iris")).unwrap();
    fs::write(place.path().join("other.csv"), text.replace("6.1,", "6.2,")).unwrap();
    let output = barenet(place.path(), &["eval", "run", "--data", "other.csv"]);
    refused_in_one_line(&output, 1, &["it was trained on other training rows than those of"]);
    fs::write(place.path().join("swapped.csv"), text.replace("sepal length", "sepal weight"))
        .unwrap();
    let output = barenet(place.path(), &["eval", "run", "--data", "swapped.csv"]);
    refused_in_one_line(&output, 1, &["has no column \"sepal length (cm)\""]);
    for command in [
        &["eval", "run"][..],
        &["export", "run", "--format", "firmware"],
        &["train", "--resume", "run", "--epochs", "30"],
    ] {
        let output = barenet(place.path(), command);
        refused_in_one_line(&output, 1, &["run: was trained on data", "(table); name them with"]);
    }
}

#[test]
fn training_warns_of_what_is_odd_about_a_table_and_goes_on() {
    let place = TempDir::new().unwrap();
    let rows = |count: u32| -> String {
        let row = |n: u32| {
            format!(
                "{},{},,{}\n",
                1_764_340_000_000_u64 + u64::from(n),
                n * n % 7,
                ["p", "q"][n as usize % 2]
            )
        };
        (0..count).map(row).collect()
    };
    let header = "ms,x,empty,y\n";
    fs::write(place.path().join("a.csv"), format!("{header}{}", rows(40))).unwrap();
    fs::write(place.path().join("b.csv"), format!("{header}{}", rows(6))).unwrap();
    let output = train(
        place.path(),
        "a.csv",
        &["--test", "b.csv", "--missing", "mean", "--epochs", "1", "--quiet"],
    );
    succeeds(&output);
    let warnings = message(&output);
    for part in [
        "warning: ms lies between 1764340000000 and 1764340000039, and of such numbers f32 tells about 1 apart",
        "warning: empty is missing everywhere",
        "warning: 6 of 6 rows that test are among those that train",
    ] {
        assert!(warnings.contains(part), "{part:?} is not in {warnings}");
    }
    assert_eq!(warnings.lines().count(), 3, "{warnings}");
    // Sorted by one column, which the first rows do not show.
    let row = |n: usize| format!("{n},{},7,{},{}\n", n * n % 7, n / 1500, ["p", "q"][n % 2]);
    let telling = |n: usize| row(n).trim_end().to_owned() + [",0", ",1"][n % 2] + "\n";
    let table: String = (0..3000).map(telling).collect();
    fs::write(place.path().join("c.csv"), format!("n,x,one,late,y,code\n{table}")).unwrap();
    let target = ["--target", "y", "--epochs", "1", "--quiet", "--force"];
    let output = train(place.path(), "c.csv", &target);
    succeeds(&output);
    let expected = [
        "warning: one is the same in all rows; --ignore leaves a column out",
        "warning: code is equal to the target y",
    ];
    let warnings = message(&output);
    assert!(
        warnings.lines().zip(expected).all(|(line, part)| line.starts_with(part)),
        "{warnings}"
    );
    assert_eq!(warnings.lines().count(), 2, "{warnings}");
    let info = stdout(&barenet(place.path(), &["data", "info", "a.csv"]));
    assert!(!info.contains("same in all rows"), "{info}");
}

#[test]
fn rows_without_names_are_answered_for_in_the_order_of_training() {
    let place = TempDir::new().unwrap();
    succeeds(&train(place.path(), &real("iris"), &["--epochs", "5"]));
    let text = fs::read_to_string(real("iris")).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let inputs = |row: &str| row.rsplit_once(',').unwrap().0.to_owned() + "\n";
    let rows: String = rows.lines().take(20).map(inputs).collect();
    fs::write(place.path().join("named.csv"), inputs(header) + &rows).unwrap();
    fs::write(place.path().join("unnamed.csv"), &rows).unwrap();
    let answers = |file: &str| {
        let output = barenet(place.path(), &["predict", "run", file]);
        succeeds(&output);
        (stdout(&output), message(&output))
    };
    let ((named, _), (unnamed, warning)) = (answers("named.csv"), answers("unnamed.csv"));
    assert_eq!(named, unnamed);
    assert!(
        warning.contains("unnamed.csv: its columns have no names, and are taken for sepal"),
        "{warning}"
    );
}

#[test]
fn a_kept_column_keeps_its_name_beside_what_is_predicted() {
    let place = TempDir::new().unwrap();
    let rows: String = (0..40).map(|n| format!("{n},{},{}\n", n % 3, ["p", "q"][n % 2])).collect();
    fs::write(place.path().join("a.csv"), format!("a,predicted y,y\n{rows}")).unwrap();
    succeeds(&train(place.path(), "a.csv", &["--epochs", "1"]));
    let output = barenet(place.path(), &["predict", "run", "a.csv", "--keep"]);
    succeeds(&output);
    assert_eq!(stdout(&output).lines().next(), Some("a,predicted y,y,predicted y 2"));
}
