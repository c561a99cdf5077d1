//! Processes that tests watch, signal and kill.

// Not every system has the tests that use it.
#![allow(dead_code)]

use crate::program::command;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The same command, started to heed signals: a test that a shell runs in the background ignores SIGINT, and
/// what it starts would go on doing so.
fn heeding_signals(command: Command) -> Command {
    if ![1, 2, 10, 15].into_iter().any(barenet_blas::is_signal_ignored) {
        return command;
    }
    let mut heeding = Command::new("env");
    heeding.arg("--default-signal=HUP,INT,USR1,TERM").arg(command.get_program());
    heeding.args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        heeding.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => heeding.env(name, value),
            None => heeding.env_remove(name),
        };
    }
    heeding
}

/// A process that is killed with the test.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _status = self.0.wait();
    }
}

impl Running {
    /// Starts `barenet` and reads its events up to the first of a kind.
    pub(crate) fn start(
        folder: &Path,
        arguments: &[&str],
        kind: &str,
    ) -> (Self, serde_json::Value) {
        let mut child = heeding_signals(command(folder, &[arguments, &["--json"]].concat()))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let running = Self(child);
        let event = lines.find_map(|line| {
            let event: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
            (event["event"] == kind).then_some(event)
        });
        // Somebody has to go on reading, or the process would wait.
        std::thread::spawn(move || lines.for_each(drop));
        (running, event.unwrap())
    }

    /// The exit status and what was said on standard error.
    pub(crate) fn end(&mut self) -> (Option<i32>, String) {
        let mut message = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut message).unwrap();
        (self.0.wait().unwrap().code(), message)
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.0.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Signals until the process ends: of two signals that come before it gets on, the system keeps one.
    pub(crate) fn insist(&mut self, name: &str) {
        while self.0.try_wait().unwrap().is_none() {
            self.signal(name);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Starts a run of many epochs and waits until it has written two checkpoints.
pub(crate) fn long_run(folder: &Path, out: &str) -> Running {
    let arguments = [
        "train",
        "--hidden",
        "16",
        "--epochs",
        "100000",
        "--train-size",
        "500",
        "--batch-size",
        "100",
        "--learning-rate",
        "1e-5",
        "--out",
        out,
    ];
    let (running, _) = Running::start(folder, &arguments, "epoch");
    while !folder.join(out).join("previous.ckpt").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    running
}
