//! The commands of README.md, run by a shell as they stand, in a folder with little data.
//!
//! `barenet` is there a script that calls the program, and shortens trainings: one epoch (three in a sweep), and of built-in
//! pictures 100. That all commands of other pages are ones that the program takes is a test of `cli/src/pages.rs`.

#![cfg(unix)]

use crate::program::{barenet, command, succeeds};
use image::RgbImage;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const README: &str = include_str!("../../../README.md");
const IRIS: &str = include_str!("../../../data/tests/tables/iris.csv");
const SWEEPS: &str = include_str!("../../../docs/sweep.md");

/// What is not run here, and why.
const ELSEWHERE: [(&str, &str); 7] = [
    ("cargo run --release -- train", "`.ci/run` runs it, with the optimised program"),
    ("cargo test", "`.ci/run` runs it, and this is one of its tests"),
    ("barenet data fetch", "it needs the network; `fetch.rs` runs it against a server of its own"),
    ("cd my-net && cargo test", "it builds a crate; `export_tables.rs` does"),
    ("barenet course", "it trains on CIFAR-10; `course.rs` runs it in part"),
    (
        "mpirun -np 4 barenet train --preset minute",
        "it takes Open MPI and another build; `scripts/mpi.sh` has both",
    ),
    ("barenet train --tui", "it takes a terminal; `tui.rs` has one"),
];

/// The script that is called `barenet`. The last of a flag that is given twice counts.
const SHORTENED: &str = r#"#!/bin/sh
case "$1 $*" in
    train*table.csv* | find-lr*) exec "$PROGRAM" "$@" --epochs 1 ;;
    sweep*) exec "$PROGRAM" "$@" --epochs 3 ;;
    train* | compare* | profile*) exec "$PROGRAM" "$@" --epochs 1 --train-size 100 --val-size 40 --test-size 40 ;;
    *) exec "$PROGRAM" "$@" ;;
esac
"#;

/// The lines of the blocks of commands, without comments.
fn lines() -> Vec<&'static str> {
    let blocks = README.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let without_comment = |line: &'static str| line.split(" #").next().unwrap().trim();
    blocks.flat_map(str::lines).map(without_comment).collect()
}

fn script(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A shell in a folder, for which `barenet` is the script.
fn shell(folder: &Path, line: &str) -> Output {
    // What the program itself is started with in all tests.
    let program = command(folder, &["-V"]);
    let mut paths = vec![folder.join("bin")];
    paths.extend(env::split_paths(&env::var_os("PATH").unwrap()));
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(folder).env("PROGRAM", program.get_program());
    shell.env("PATH", env::join_paths(paths).unwrap());
    let set: Vec<(OsString, Option<OsString>)> =
        program.get_envs().map(|(name, value)| (name.into(), value.map(Into::into))).collect();
    for (name, value) in set {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.output().unwrap()
}

#[test]
fn every_command_of_the_readme_runs_as_it_stands() {
    let place = TempDir::new().unwrap();
    let place = place.path();
    fs::create_dir(place.join("bin")).unwrap();
    script(&place.join("bin/barenet"), SHORTENED);
    if Command::new("jq").arg("--version").output().is_err() {
        script(&place.join("bin/jq"), "#!/bin/sh\nexec cat\n");
    }
    fs::write(place.join("table.csv"), IRIS).unwrap();
    let without_class = IRIS.lines().map(|line| line.rsplit_once(',').unwrap().0.to_owned() + "\n");
    fs::write(place.join("new.csv"), without_class.collect::<String>()).unwrap();
    RgbImage::new(32, 32).save(place.join("photo.jpg")).unwrap();
    let sweep = SWEEPS.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    fs::write(place.join("lr.toml"), sweep).unwrap();

    let lines = lines();
    for (line, _) in ELSEWHERE {
        assert!(lines.contains(&line), "{line} is no line of README.md any more");
    }
    let lines = lines.into_iter().filter(|line| !ELSEWHERE.iter().any(|(other, _)| other == line));
    for line in lines {
        if !cfg!(feature = "tensorboard") && line.contains("--tensorboard") {
            continue;
        }
        if line.contains("model.onnx") {
            let export = ["export", "runs/table", "--format", "onnx", "--out", "model.onnx"];
            succeeds(&barenet(place, &export));
        }
        let begin = std::time::Instant::now();
        let output = shell(place, line);
        println!("{line}: {:?}", begin.elapsed());
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !message.contains("panicked"), "{line}: {message}");
    }
    for file in
        ["runs/table/report.html", "my-net/Cargo.toml", "my-c-net/src/model.h", "report.html"]
    {
        assert!(place.join(file).is_file(), "{file} is missing");
    }
}
