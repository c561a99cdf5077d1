//! What every command has: help, version, colours, completions, man pages, and a word for what is misspelt.

use crate::program::{barenet, command, message, refused, refused_in_one_line, stdout, succeeds};
use std::fs;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The start of every order to a terminal.
const ESCAPE: char = '\u{1b}';

/// The commands of the help.
fn names(help: &str) -> Vec<&str> {
    let lines = help.lines().skip_while(|&line| line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.split_whitespace().next());
    names.filter(|&name| name != "help").collect()
}

#[test]
fn the_version_says_what_the_program_is_made_of() {
    let place = TempDir::new().unwrap();
    let long = stdout(&barenet(place.path(), &["--version"]));
    let lines: Vec<_> = long.lines().collect();
    let [version, commit, features, target] = lines[..] else { panic!("{long}") };
    assert_eq!(version, concat!("barenet ", env!("CARGO_PKG_VERSION")));
    let commit = commit.strip_prefix("commit    ").unwrap();
    let is_commit = commit.len() == 12 && commit.chars().all(|c| c.is_ascii_hexdigit());
    assert!(is_commit || commit == "unknown" || std::env::var_os("BARENET_COMMIT").is_some());
    let has = |feature| features.split_whitespace().any(|found| found == feature);
    assert_eq!(has("fetch"), cfg!(feature = "fetch"));
    assert_eq!(has("openblas"), cfg!(feature = "openblas"));
    assert!(!has("default"), "{features}");
    assert!(target.starts_with("target    ") && target.contains(std::env::consts::ARCH));
    assert_eq!(stdout(&barenet(place.path(), &["-V"])), format!("{version}\n"));
}

#[test]
fn colours_are_there_where_they_are_asked_for() {
    let place = TempDir::new().unwrap();
    for (arguments, is_coloured) in [
        (&["--help"][..], false),
        (&["--color", "always", "--help"], true),
        (&["train", "--help", "--color=always"], true),
        (&["--color=never", "--help"], false),
        (&["--color", "auto", "--help"], false),
    ] {
        let help = stdout(&barenet(place.path(), arguments));
        assert_eq!(help.contains(ESCAPE), is_coloured, "{arguments:?}");
    }
    let output = barenet(place.path(), &["train", "--color", "always", "--lerning-rate", "1"]);
    refused(&output, 2, &["--lerning-rate"]);
    assert!(message(&output).contains(ESCAPE));
    for (choice, is_coloured) in [("always", true), ("auto", false), ("never", false)] {
        let output = barenet(place.path(), &["data", "info", "gone", "--color", choice]);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(message(&output).contains("\x1b[31merror:\x1b[0m gone: "), is_coloured);
        assert_eq!(message(&output).contains(ESCAPE), is_coloured, "{choice}");
    }
    let output = barenet(place.path(), &["--color", "blue", "presets"]);
    refused(&output, 2, &["blue", "auto, always, never"]);
}

#[test]
fn what_is_misspelt_is_told_with_what_may_be_meant() {
    let place = TempDir::new().unwrap();
    let refuse = |arguments: &[&str], parts: &[&str]| {
        refused_in_one_line(&barenet(place.path(), arguments), 2, parts);
    };
    let meant = "did you mean two-layer? ";
    refuse(&["presets", "tow-layer"], &["there is no preset \"tow-layer\"", meant]);
    refuse(&["train", "--preset", "tow-layer"], &["there is no \"tow-layer\"", meant]);
    fs::write(place.path().join("a.toml"), "lerning_rate = 1\n").unwrap();
    let meant = "did you mean learning_rate? `barenet config --explain` lists all";
    refuse(&["train", "--config", "a.toml"], &["a.toml:1: unknown field `lerning_rate`", meant]);
    fs::write(place.path().join("a.toml"), "xyzzy = 1\n").unwrap();
    let output = barenet(place.path(), &["train", "--config", "a.toml"]);
    refused_in_one_line(&output, 2, &["`xyzzy`; `barenet config --explain` lists all"]);
    refused(&barenet(place.path(), &["trian"]), 2, &["trian", "similar", "'train'"]);
    let output = barenet(place.path(), &["train", "--update-rule", "adamm"]);
    refused(&output, 2, &["adamm", "similar", "adam"]);
    fs::write(place.path().join("t.csv"), "height,weight\n1,2\n2,3\n3,5\n4,7\n").unwrap();
    let output = barenet(place.path(), &["data", "info", "t.csv", "--target", "weigth"]);
    refused_in_one_line(&output, 1, &["has no column \"weigth\"", "weight"]);
}

#[test]
fn completions_know_every_command() {
    let place = TempDir::new().unwrap();
    let help = stdout(&barenet(place.path(), &["--help"]));
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = stdout(&barenet(place.path(), &["completions", shell]));
        for name in names(&help) {
            assert!(script.contains(name), "{shell}: {name}");
        }
        assert!(script.contains("learning-rate"), "{shell}");
    }
    refused(&barenet(place.path(), &["completions", "csh"]), 2, &["csh", "fish"]);
}

#[test]
fn bash_completes_commands_flags_and_values() {
    let has_bash = Command::new("bash").arg("-c").arg("true").stderr(Stdio::null()).status();
    if !has_bash.is_ok_and(|status| status.success()) {
        eprintln!("skipped: there is no bash");
        return;
    }
    let place = TempDir::new().unwrap();
    let script = barenet(place.path(), &["completions", "bash"]);
    fs::write(place.path().join("script"), &script.stdout).unwrap();
    for (line, expected) in [
        ("barenet tra", "train"),
        ("barenet data fet", if cfg!(feature = "fetch") { "fetch" } else { "" }),
        ("barenet train --label-sm", "--label-smoothing"),
        ("barenet train --update-rule nest", "nesterov"),
    ] {
        let words: Vec<_> = line.split(' ').collect();
        let (last, before) = (words[words.len() - 1], words[words.len() - 2]);
        let complete = format!(
            "source ./script; COMP_WORDS=({line}); COMP_CWORD={}; _barenet barenet {last} {before}; \
             echo \"${{COMPREPLY[@]}}\"",
            words.len() - 1
        );
        let mut bash = Command::new("bash");
        let output = bash.args(["-c", &complete]).current_dir(place.path()).output().unwrap();
        assert_eq!(stdout(&output).trim_end(), expected, "{line}: {}", message(&output));
    }
}

#[test]
fn every_command_has_a_man_page() {
    let place = TempDir::new().unwrap();
    succeeds(&barenet(place.path(), &["man", "--out", "man/man1"]));
    let page = |name: &str| fs::read_to_string(place.path().join("man/man1").join(name)).unwrap();
    let help = stdout(&barenet(place.path(), &["--help"]));
    for name in names(&help) {
        let page = page(&format!("barenet-{name}.1"));
        assert!(page.contains(&format!(".TH barenet-{name} 1")), "{name}: {page}");
        assert!(page.contains("Examples:") && page.contains("Exit status:"), "{name}");
    }
    assert!(page("barenet.1").contains(".SH SUBCOMMANDS"));
    assert!(page("barenet-data-info.1").contains("barenet\\-data\\-info"));
    let printed = stdout(&barenet(place.path(), &["man"]));
    assert_eq!(printed.trim_end(), page("barenet.1").trim_end());
    // What is there of another name stays, and pages are written anew.
    fs::write(place.path().join("man/man1/ls.1"), "theirs").unwrap();
    succeeds(&barenet(place.path(), &["man", "--out", "man/man1"]));
    assert_eq!(page("ls.1"), "theirs");
    fs::write(place.path().join("file"), "").unwrap();
    let output = barenet(place.path(), &["man", "--out", "file/man"]);
    refused_in_one_line(&output, 1, &["file is no folder"]);
}

#[test]
fn explained_settings_are_a_file_that_train_reads() {
    let place = TempDir::new().unwrap();
    let config = |more: &[&str]| {
        let output = barenet(place.path(), &[&["config"], more].concat());
        succeeds(&output);
        stdout(&output)
    };
    fs::write(place.path().join("best.toml"), config(&["--explain", "--preset", "best"])).unwrap();
    assert_eq!(config(&["--config", "best.toml"]), config(&["--preset", "best"]));
    let all = config(&["--explain"]);
    for part in [
        "\n# Samples in a batch\n# --batch-size; from 1 to 1048576\n#batch_size = 100\n",
        "\n#   adam ",
        "\n#learning_rate = 0.0003\n",
        "\n# Takes init gaussian\n",
    ] {
        assert!(all.contains(part), "{part:?}: {all}");
    }
    fs::write(place.path().join("all.toml"), &all).unwrap();
    assert_eq!(config(&["--config", "all.toml"]), "# nothing is set\n");
    let train = ["train", "--config", "all.toml", "--preset", "overfit-three-layer", "-q"];
    succeeds(&command(place.path(), &[&train[..], &["--epochs", "1"]].concat()).output().unwrap());
    let output = barenet(place.path(), &["config", "--batch-size", "0"]);
    refused_in_one_line(&output, 2, &["batch_size must be at least 1, found 0"]);
}
