//! Signals stop a run well whatever the terminal and the readers do.

#![cfg(unix)]

use crate::program::{command, succeeds};
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A run that would take hours, with thousands of steps a second.
const LONG: [&str; 14] = [
    "train",
    "--hidden",
    "8",
    "--epochs",
    "1000000",
    "--train-size",
    "500",
    "--batch-size",
    "10",
    "--learning-rate",
    "1e-5",
    "--out",
    "run",
    "--threads=1",
];

/// A process that is killed with the test.
struct Running(Option<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ended_already = child.kill();
            let _status = child.wait();
        }
    }
}

impl Running {
    fn start(command: &mut Command) -> Self {
        Self(Some(command.spawn().unwrap()))
    }

    fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }

    fn signal(&mut self, name: &str) {
        let id = self.child().id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// Waits until something is so.
    #[track_caller]
    fn wait_for(&mut self, what: &str, mut is_so: impl FnMut() -> bool) {
        let begin = Instant::now();
        while !is_so() {
            let ended = self.child().try_wait().unwrap();
            assert!(ended.is_none() || is_so(), "ended with {ended:?} before {what}");
            assert!(begin.elapsed() < Duration::from_secs(120), "no {what} in two minutes");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The exit status, once there is one.
    #[track_caller]
    fn status(&mut self) -> Option<i32> {
        let mut status = None;
        let begin = Instant::now();
        while status.is_none() {
            assert!(begin.elapsed() < Duration::from_secs(120), "it does not end");
            std::thread::sleep(Duration::from_millis(5));
            status = self.child().try_wait().unwrap();
        }
        status.unwrap().code()
    }

    fn message(mut self) -> String {
        let mut message = String::new();
        self.child().stderr.take().unwrap().read_to_string(&mut message).unwrap();
        message
    }
}

fn len(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// A run that has written a checkpoint.
fn long_run(command: &mut Command, place: &Path) -> Running {
    let mut running = Running::start(command);
    running.wait_for("checkpoint", || place.join("run/last.ckpt").exists());
    running
}

#[test]
fn every_signal_that_asks_to_stop_stops_a_run_well() {
    for (name, number, code) in [("-HUP", 1, 129), ("-TERM", 15, 143), ("-XCPU", 24, 152)] {
        if barenet_blas::is_signal_ignored(number) {
            eprintln!("skipped: the test was started to ignore {name}");
            continue;
        }
        let place = TempDir::new().unwrap();
        let mut command = command(place.path(), &LONG);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut running = long_run(&mut command, place.path());
        running.signal(name);
        assert_eq!(running.status(), Some(code), "{name}");
        let message = running.message();
        assert!(message.contains("resume with: barenet train --resume run"), "{message}");
        assert!(place.path().join("run/training.png").is_file(), "{name}");
    }
}

#[test]
fn a_signal_that_was_ignored_from_the_start_is_ignored() {
    for name in ["HUP", "INT", "USR1"] {
        let place = TempDir::new().unwrap();
        let program = command(place.path(), &LONG);
        let mut shell = Command::new("sh");
        // As nohup does, and a shell that starts something in the background.
        shell.args(["-c", &format!("trap '' {name}; exec \"$0\" \"$@\"")]);
        shell.arg(program.get_program()).args(LONG).current_dir(place.path());
        shell.env_remove("CIFAR10_DIR").stdout(Stdio::null()).stderr(Stdio::piped());
        let mut running = long_run(&mut shell, place.path());
        for _ in 0..3 {
            running.signal(&format!("-{name}"));
        }
        let events = place.path().join("run/events.jsonl");
        let before = len(&events);
        running.wait_for("more events", || len(&events) > before);
        running.signal("-TERM");
        assert_eq!(running.status(), Some(143), "{name}: {}", running.message());
    }
}

#[test]
fn a_reader_that_takes_nothing_holds_neither_training_nor_stopping() {
    for arguments in [&["--json"][..], &["--print-every", "1"]] {
        let place = TempDir::new().unwrap();
        let mut command = command(place.path(), &[&LONG[..], arguments].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = long_run(&mut command, place.path());
        // Many times what a pipe holds.
        let events = place.path().join("run/events.jsonl");
        running.wait_for("a megabyte of events", || len(&events) > 1 << 20);
        running.signal("-TERM");
        assert_eq!(running.status(), Some(143));
        let message = running.message();
        assert!(message.contains("stopped at iteration"), "{message}");
        let resumed = crate::program::barenet(
            place.path(),
            &["train", "--json", "--resume", "run", "--epochs", "1000000", "--checkpoint-every=0"],
        );
        assert_eq!(resumed.status.code(), Some(2), "the run is as it was");
    }
}

/// A pipe that holds as much as it can.
fn full_pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut filler = writer.try_clone().unwrap();
    // Whoever fills it waits in the end; that thread ends with the test.
    std::thread::spawn(move || while filler.write_all(&[b'.'; 4096]).is_ok() {});
    std::thread::sleep(Duration::from_millis(200));
    (reader, writer)
}

#[test]
fn messages_that_nobody_takes_hold_no_stopping() {
    let place = TempDir::new().unwrap();
    let (_reader, writer) = full_pipe();
    let mut command = command(place.path(), &LONG);
    command.stdout(writer.try_clone().unwrap()).stderr(writer);
    let mut running = long_run(&mut command, place.path());
    running.signal("-TERM");
    assert_eq!(running.status(), Some(143));
}

#[test]
fn a_complete_run_leaves_its_files_before_it_waits_for_its_reader() {
    let place = TempDir::new().unwrap();
    let short = ["train", "--hidden", "8", "--train-size", "500", "--epochs", "1", "--out", "run"];
    let (_reader, writer) = full_pipe();
    let mut command = command(place.path(), &short);
    command.stdout(writer).stderr(Stdio::piped());
    let mut running = Running::start(&mut command);
    running.wait_for("summary", || place.path().join("run/summary.json").exists());
    let previous = place.path().join("run/previous.ckpt");
    running.wait_for("end", || !previous.exists());
    std::thread::sleep(Duration::from_millis(500));
    running.signal("-TERM");
    assert_eq!(running.status(), Some(143));
    let message = running.message();
    assert!(message.contains("the run is complete in run; stopped before all"), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn a_slow_reader_gets_every_event() {
    let place = TempDir::new().unwrap();
    let short = ["train", "--hidden", "8", "--train-size", "500", "--epochs", "40", "--out", "run"];
    let arguments = [&short[..], &["--batch-size", "10", "--json"]].concat();
    let mut command = command(place.path(), &arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let (mut printed, mut piece) = (Vec::new(), [0; 2048]);
    loop {
        let count = stdout.read(&mut piece).unwrap();
        if count == 0 {
            break;
        }
        printed.extend_from_slice(&piece[..count]);
        std::thread::sleep(Duration::from_millis(5));
    }
    let output: Output = child.wait_with_output().unwrap();
    succeeds(&output);
    let printed = String::from_utf8(printed).unwrap();
    let events = fs::read_to_string(place.path().join("run/events.jsonl")).unwrap();
    assert!(events.lines().count() > 2000);
    // The first line and the last have more in them on standard output.
    let inner = printed.lines().skip(1).take(events.lines().count() - 1);
    assert!(inner.eq(events.lines().skip(1)));
    assert!(printed.lines().last().unwrap().contains("\"event\":\"end\""));
}

/// The memory of steps and epochs grows as they come.
#[cfg(target_os = "linux")]
#[test]
fn a_run_of_however_many_epochs_takes_no_memory_ahead_of_them() {
    for (epochs, batch_size) in [("16777216", "10"), ("16777216", "500"), ("3000000", "1")] {
        let place = TempDir::new().unwrap();
        let arguments = [&LONG[..], &["--epochs", epochs, "--batch-size", batch_size]].concat();
        let mut command = command(place.path(), &arguments);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut running = long_run(&mut command, place.path());
        let status = format!("/proc/{}/status", running.child().id());
        let status = fs::read_to_string(status).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(peak < 120_000, "{epochs} epochs with batches of {batch_size}: {peak} KB");
        running.signal("-TERM");
        assert_eq!(running.status(), Some(143), "{}", running.message());
    }
}
