//! `barenet report`: one page of one run or of several, and what is no run.

use crate::files::untimed_report;
use crate::program::{
    QUICK, barenet, command, message, quick, refused_in_one_line, stdout, succeeds,
};
use barenet::{Arch, Weights};
use barenet_model::scales::Scales;
use barenet_model::weights::to_safetensors;
use std::fs::{self, File};
use std::path::Path;
use tempfile::TempDir;

fn page(folder: &Path, name: &str) -> String {
    let page = fs::read_to_string(folder.join(name)).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>\n<!-- drawn by barenet -->\n"));
    assert!(page.ends_with("</html>\n"));
    page
}

/// A page without its own script.
fn shown(page: &str) -> &str {
    page.rsplit_once("<script>").unwrap().0
}

/// A table whose classes and columns have names that are markup.
fn table() -> String {
    let row = |i: usize| {
        let class =
            if i.is_multiple_of(3) || i == 40 { "<b>tall</b>" } else { "\"\"\"</script>\"\"\"" };
        format!("{},{},{class}\n", i % 3, i % 7)
    };
    "x,<i>y</i>,kind\n".to_owned() + &(0..90).map(row).collect::<String>()
}

#[test]
fn a_run_leaves_its_report_which_is_the_same_but_for_times() {
    let place = TempDir::new().unwrap();
    for (out, threads) in [("a", "1"), ("b", "2")] {
        succeeds(&quick(place.path(), &["-q", "--threads", threads, "--out", out]));
    }
    let report = page(place.path(), "a/report.html");
    for part in [
        "Training loss",
        "test accuracy",
        "Confusion matrix",
        "Precision, recall and F1 of each class, on 1000 test images",
        "The most confident mistakes",
        "<img src=\"data:image/png;base64,",
        "First-layer weights",
        "samples per second",
        "learning_rate",
    ] {
        assert!(report.contains(part), "{part}");
    }
    assert!(report.len() < 1_000_000, "{}", report.len());
    let untimed = untimed_report(place.path(), "a").unwrap();
    assert!(untimed.len() + 50 < report.len());
    assert_eq!(Some(untimed), untimed_report(place.path(), "b"));
    // The images that are drawn are found by themselves: all is there again.
    fs::remove_file(place.path().join("a/report.html")).unwrap();
    let output = barenet(place.path(), &["report", "a"]);
    succeeds(&output);
    assert_eq!(stdout(&output), "a/report.html: a report of 1 run\n");
    let again = untimed_report(place.path(), "a").unwrap();
    let named = untimed_report(place.path(), "b").unwrap();
    let of = |page: &str| {
        shown(page)
            .lines()
            .filter(|line| {
                !line.contains("two-layer") && !line.contains("<h1>") && !line.contains("<title>")
            })
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(of(&again), of(&named));
}

#[test]
fn what_data_tell_of_a_table_is_there_with_them_and_missing_without() {
    let place = TempDir::new().unwrap();
    fs::write(place.path().join("t.csv"), table()).unwrap();
    fs::write(place.path().join("other.csv"), table().replace("2,", "3,")).unwrap();
    let train = ["train", "--data", "t.csv", "--epochs", "3", "-q", "--out", "run"];
    succeeds(&barenet(place.path(), &train));
    let at_end = page(place.path(), "run/report.html");
    succeeds(&barenet(place.path(), &["report", "run", "--data", "t.csv", "--out", "with.html"]));
    let with = page(place.path(), "with.html");
    for page in [&at_end, &with] {
        assert!(page.contains(">&lt;i&gt;y&lt;/i&gt;</th>"), "columns of mistakes");
        assert!(page.contains("t.csv, line "), "where mistakes are");
        assert!(page.contains("&lt;b&gt;tall&lt;/b&gt;"));
        assert!(!shown(page).contains("<b>tall") && !page.contains("\"\"</script>"));
    }
    succeeds(&barenet(place.path(), &["report", "run", "--out", "without.html"]));
    let without = page(place.path(), "without.html");
    assert!(
        without.contains("needs the data")
            && without.contains("<code>barenet report run --data PATH</code>")
    );
    assert!(without.contains("Training loss") && !without.contains("Confusion matrix"));
    let other = ["report", "run", "--data", "other.csv", "--out", "none.html"];
    refused_in_one_line(&barenet(place.path(), &other), 1, &["run: it was trained on other"]);
    assert!(!place.path().join("none.html").exists());
}

#[test]
fn what_is_no_run_that_has_ended_is_told_in_one_line() {
    let place = TempDir::new().unwrap();
    let at = |name: &str| place.path().join(name);
    fs::write(at("file"), "x").unwrap();
    fs::create_dir(at("empty")).unwrap();
    succeeds(&quick(place.path(), &["-q", "--out", "run"]));
    let report = |run: &str| barenet(place.path(), &["report", run, "--out", "page.html"]);
    let with = |name: &str, bytes: &[u8], problem: &str| {
        let file = at("run").join(name);
        let whole = fs::read(&file).unwrap();
        fs::write(&file, bytes).unwrap();
        refused_in_one_line(&report("run"), 1, &[problem]);
        fs::write(&file, whole).unwrap();
    };
    refused_in_one_line(&report("nothing"), 1, &["nothing: no run here"]);
    refused_in_one_line(&report("file"), 1, &["file: is a file"]);
    refused_in_one_line(&report("empty"), 1, &["empty: no run here"]);
    assert_eq!(barenet(place.path(), &["report"]).status.code(), Some(2));

    let log = fs::read(at("run/events.jsonl")).unwrap();
    with("events.jsonl", &log[..log.len() - 9], "events.jsonl:");
    with("events.jsonl", b"{}\n", "run/events.jsonl:1: damaged");
    with("summary.json", b"{", "run/summary.json: damaged");
    with("best.safetensors", b"x", "run/best.safetensors");
    let arch = Arch::new(&[3, 2]);
    let params = vec![0.0_f32; arch.num_params()];
    let weights = Weights::new(&arch, &params, &[]).unwrap();
    let later = to_safetensors(&arch, weights, &Scales::offset(vec![0.0; 3]), "of_later = 1\n");
    with("best.safetensors", &later.unwrap(), "run: another version of barenet trained it");

    let lock = File::open(at("run/.lock")).unwrap();
    lock.lock().unwrap();
    refused_in_one_line(&report("run"), 1, &["run: this run goes on"]);
    lock.unlock().unwrap();
    fs::remove_file(at("run/summary.json")).unwrap();
    refused_in_one_line(&report("run"), 1, &["run: this run was never finished"]);
    assert!(!at("page.html").exists());
}

#[test]
fn of_several_runs_those_that_can_be_are_shown_and_the_status_says_that_not_all_are() {
    let place = TempDir::new().unwrap();
    for (out, seed, rate) in [("a", "1", "0.001"), ("b", "2", "0.001"), ("far", "1", "1e3")] {
        quick(
            place.path(),
            &["-q", "--seed", seed, "--learning-rate", rate, "--epochs", "9", "--out", out],
        );
    }
    let output = barenet(place.path(), &["report", "a", "no-run", "b", "a", "far"]);
    assert_eq!(output.status.code(), Some(1));
    let lines = message(&output);
    let lines: Vec<_> = lines.lines().collect();
    assert!(lines[0].starts_with("no-run: no run here"), "{lines:?}");
    assert_eq!(lines[1], "error: 1 of 4 runs cannot be shown; report.html has the others");
    let page = page(place.path(), "report.html");
    for part in [
        "<h1>3 runs</h1>",
        "no-run: no run here",
        "data-run=\"2\"",
        ">seed</th>",
        "This run diverged",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let output = barenet(place.path(), &["report", "no-run", "none"]);
    assert_eq!(message(&output).lines().count(), 3);
    assert!(message(&output).contains("error: none of these runs can be shown"));
}

#[test]
fn a_report_takes_the_place_of_nothing_else() {
    let place = TempDir::new().unwrap();
    succeeds(&barenet(place.path(), &[&QUICK[..], &["-q", "--out", "run"]].concat()));
    let report = |out: &str| barenet(place.path(), &["report", "run", "--out", out]);
    fs::write(place.path().join("mine.html"), "<!DOCTYPE html>\nmine").unwrap();
    refused_in_one_line(
        &report("mine.html"),
        1,
        &["mine.html: is a file that barenet did not draw"],
    );
    assert_eq!(fs::read(place.path().join("mine.html")).unwrap(), b"<!DOCTYPE html>\nmine");
    refused_in_one_line(&report("run"), 1, &["run: is nothing that can be replaced"]);
    refused_in_one_line(&report("mine.html/x.html"), 1, &["mine.html: cannot be opened"]);
    refused_in_one_line(&report("nowhere/x.html"), 1, &["nowhere: cannot be opened"]);
    refused_in_one_line(&report(".."), 2, &["--out names no file"]);
    succeeds(&report("new.html"));
    succeeds(&report("new.html"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_report_is_opened_in_the_browser_and_is_there_without_one() {
    use std::os::unix::fs::PermissionsExt;
    let place = TempDir::new().unwrap();
    succeeds(&quick(place.path(), &["-q", "--out", "run"]));
    let bin = place.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let open = || {
        let mut command = command(place.path(), &["report", "run", "--open"]);
        command.env("PATH", &bin).output().unwrap()
    };
    let output = open();
    succeeds(&output);
    assert!(
        message(&output).starts_with("warning: xdg-open cannot open the report: "),
        "{}",
        message(&output)
    );
    for (script, complaint) in [("printf %s \"$1\" >opened", ""), ("exit 3", "exit status: 3")] {
        let program = bin.join("xdg-open");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let output = open();
        succeeds(&output);
        assert!(message(&output).contains(complaint), "{}", message(&output));
        assert_eq!(message(&output).is_empty(), complaint.is_empty(), "{}", message(&output));
    }
    let opened = fs::read_to_string(place.path().join("opened")).unwrap();
    assert_eq!(Path::new(&opened), place.path().canonicalize().unwrap().join("run/report.html"));
}
