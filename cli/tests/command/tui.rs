//! `train --tui`, where there is no terminal and on one that `script` makes.

use crate::program::{barenet, refused, refused_in_one_line};
use tempfile::TempDir;

#[test]
fn curves_are_drawn_on_a_terminal_alone() {
    let place = TempDir::new().unwrap();
    let output = barenet(place.path(), &["train", "--tui"]);
    let part = if cfg!(feature = "tui") { "standard output is none" } else { "no feature tui" };
    refused_in_one_line(&output, 2, &["error: --tui", part]);
    for other in ["--json", "--quiet"] {
        refused(&barenet(place.path(), &["train", "--tui", other]), 2, &["--tui", other]);
    }
    assert!(!place.path().join("runs").exists());
}

#[cfg(all(target_os = "linux", feature = "tui"))]
#[test]
fn the_terminal_is_given_back_after_a_run_and_after_an_error() {
    let place = TempDir::new().unwrap();
    let run = |more: &str| {
        let barenet = env!("CARGO_BIN_EXE_barenet");
        let line =
            format!("{barenet} {} --tui --out run --force {more}", crate::program::QUICK.join(" "));
        let mut script = std::process::Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).current_dir(place.path());
        script.env("CIFAR10_DIR", "builtin").env("TERM", "xterm").env("LC_ALL", "C");
        script.output()
    };
    for (more, end) in
        [("", "weights, events and plots are in run"), ("--learning-rate 1e9", "error: ")]
    {
        let output = match run(more) {
            Ok(output) => output,
            Err(error) => return println!("skipped: script: {error}"),
        };
        let text = String::from_utf8(output.stdout).unwrap();
        let at = |part: &str| text.rfind(part).unwrap_or_else(|| panic!("{part:?}: {text:?}"));
        assert!(at("\u{1b}[?1049h") < at("\u{1b}[?1049l"), "{text:?}");
        assert!(at("\u{1b}[?25l") < at("\u{1b}[?25h"), "{text:?}");
        assert!(at("\u{1b}[?1049l") < at(end), "{text:?}");
        assert_eq!(output.status.code(), Some(i32::from(!more.is_empty())), "{text:?}");
    }
}
