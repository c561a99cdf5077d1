//! A look at the machine: what it tells, and what it advises.

use crate::program::{barenet, command, refused_in_one_line, stdout, succeeds};
use serde_json::Value;
use std::fs;
use tempfile::TempDir;

/// Its JSON, with CIFAR10_DIR set so.
fn doctor(place: &TempDir, cifar: &str, more: &[&str]) -> Value {
    let arguments = [&["doctor", "--json"], more].concat();
    let output = command(place.path(), &arguments).env("CIFAR10_DIR", cifar).output().unwrap();
    succeeds(&output);
    serde_json::from_str(&stdout(&output)).unwrap()
}

fn advises(found: &Value, part: &str) -> bool {
    let mut lines = found["advice"].as_array().unwrap().iter();
    lines.any(|line| line.as_str().unwrap().contains(part))
}

#[test]
fn it_tells_what_training_depends_on_and_leaves_nothing() {
    let place = TempDir::new().unwrap();
    let found = doctor(&place, "builtin", &[]);
    assert_eq!(found["version"], env!("CARGO_PKG_VERSION"));
    let kernels = found["kernels"].as_array().unwrap();
    let taken: Vec<_> = kernels.iter().filter(|kernel| kernel["is_chosen"] == true).collect();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0]["name"], barenet_blas::Kernel::default().name());
    assert!(taken[0]["why"].as_str().unwrap().starts_with("taken: the first"));
    assert!(found["bounds"]["multiply_adds"]["one_thread"].as_f64().unwrap() > 1e7);
    assert!(found["cpus"]["threads"].as_u64().unwrap() > 0);
    assert_eq!(found["data"]["source"], "built-in images");
    assert_eq!(found["data"]["why"], "CIFAR10_DIR names them");
    assert!(found["disk"]["sync_seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(found["terminal"]["stdout"], false);
    assert_eq!(found["openblas"].is_string(), cfg!(feature = "openblas"));
    assert_eq!(advises(&found, "debug build"), cfg!(debug_assertions));
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn data_that_are_not_there_are_told_with_what_to_do() {
    let place = TempDir::new().unwrap();
    let found = doctor(&place, "nowhere", &[]);
    assert!(advises(&found, "data: CIFAR10_DIR: nowhere: No such file"), "{found}");
    assert!(found["data"]["source"].is_null());
    let named = doctor(&place, "nowhere", &["--data", "builtin"]);
    assert_eq!(named["data"]["why"], "--data names them");
    assert!(!advises(&named, "data: "));
    let arguments = ["doctor", "--out", "runs/mine"];
    let output = command(place.path(), &arguments).env_remove("CIFAR10_DIR").output().unwrap();
    succeeds(&output);
    let lines = stdout(&output);
    for part in [
        "barenet   ",
        "cpu       ",
        "kernels   ",
        "threads   ",
        "speed     multiply-adds ",
        "          there is no CIFAR10_DIR, and no CIFAR-10 in ./data",
        "disk      .: ",
        "terminal  none: plain lines",
        "`barenet data fetch` gets it",
    ] {
        assert!(lines.contains(part), "{part:?}: {lines}");
    }
}

#[test]
fn a_plan_has_every_part_of_a_step_on_several_ranks() {
    let place = TempDir::new().unwrap();
    let small =
        ["plan", "--seconds", "0.05", "--hidden", "8", "--train-size", "300", "--batchnorm"];
    let of = |more: &[&str]| -> Value {
        let output = barenet(place.path(), &[&small[..], &["--json"], more].concat());
        succeeds(&output);
        serde_json::from_str(&stdout(&output)).unwrap()
    };
    let slow = of(&["--ranks", "4", "--bandwidth", "10Mb", "--latency", "1ms"]);
    let part = |name: &str| slow[name].as_f64().unwrap();
    let sum: f64 =
        ["compute", "update", "handling", "waiting", "meetings"].into_iter().map(part).sum();
    assert!((part("step") - sum).abs() < 1e-9, "{slow}");
    // 2 for each batch norm, 1 for the loss, 1 for what the first rank wants; 4 ranks meet in 2 rounds.
    assert!((part("meetings") - 4.0 * 2.0 * 1e-3).abs() < 1e-9, "{slow}");
    let bytes = 4.0 * (3072.0 * 8.0 + 8.0 + 80.0 + 10.0);
    assert!((part("travel") - (4.0 * 3.0 * 1e-3 + 1.5 * bytes / 1.25e6)).abs() < 1e-9, "{slow}");
    assert!(slow["advice"].as_str().unwrap().contains("barenet sweep --shard"), "{slow}");
    let one = of(&["--ranks", "1"]);
    assert_eq!((&one["waiting"], &one["meetings"]), (&0.0.into(), &0.0.into()));
    let output = barenet(place.path(), &small);
    succeeds(&output);
    for part in [
        "\ncompute  ",
        "\nupdate  ",
        "\nhandling  ",
        "\nwaiting  ",
        "\nmeetings  ",
        "\nstep  ",
        "\nalone  ",
    ] {
        assert!(stdout(&output).contains(part), "{part}: {}", stdout(&output));
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn a_plan_of_a_step_that_was_measured_elsewhere_measures_none_and_draws_its_efficiency() {
    let place = TempDir::new().unwrap();
    let plan = |more: &[&str]| {
        let said = ["plan", "--hidden", "8", "--train-size", "300", "--batch-size", "100"];
        let times = ["--step-time", "10ms", "--update-time", "2ms", "--json", "--ranks", "4"];
        let output = barenet(place.path(), &[&said[..], &times, more].concat());
        succeeds(&output);
        serde_json::from_str::<Value>(&stdout(&output)).unwrap()
    };
    let near = |found: &Value, expected: f64| (found.as_f64().unwrap() - expected).abs() < 1e-12;
    let global = plan(&[]);
    assert!(near(&global["compute"], 0.002) && near(&global["alone"]["step"], 0.01), "{global}");
    let per_rank = plan(&["--per-rank", "--plot", "plan.svg"]);
    assert!(near(&per_rank["compute"], 0.008), "{per_rank}");
    assert!(near(&per_rank["alone"]["step"], 4.0 * 0.008 + 0.002), "{per_rank}");
    assert_eq!(per_rank["batch_size"], 400);
    let last = &per_rank["efficiencies"][2];
    assert_eq!((&last[0], &last[1]), (&4.into(), &per_rank["efficiency"]));
    let plot = fs::read_to_string(place.path().join("plan.svg")).unwrap();
    assert!(plot.contains("3072-8-10, 100 samples a rank, 10 Gb/s"), "{plot}");
    fs::write(place.path().join("mine.svg"), "<svg/>").unwrap();
    let other = ["plan", "--hidden", "8", "--plot", "mine.svg"];
    refused_in_one_line(&barenet(place.path(), &other), 1, &["mine.svg"]);
}

#[test]
fn a_profile_has_every_part_of_a_step() {
    let place = TempDir::new().unwrap();
    let small = ["profile", "--seconds", "0.05", "--hidden", "8", "--train-size", "300"];
    for more in [&[][..], &["--dtype", "f64", "--batchnorm"], &["--loss", "svm", "--threads", "1"]]
    {
        let arguments = [&small[..], &["--json"], more].concat();
        let output = barenet(place.path(), &arguments);
        succeeds(&output);
        let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(found["network"], "3072-8-10");
        assert_eq!(found["operations"].as_f64(), Some(2.0 * 236.0 * (3.0 * 24_656.0 - 24_576.0)));
        for part in ["step", "products", "update", "bound", "peak", "samples_per_second"] {
            assert!(found[part].as_f64().unwrap() > 0.0, "{part}: {found}");
        }
        assert!(found["passes"].as_f64().unwrap() >= 0.0 && found["rest"].as_f64() >= Some(0.0));
        let is_alone = found["threads"] == 1;
        assert_eq!(found["waiting"].is_null(), is_alone, "{found}");
    }
    let output = barenet(place.path(), &small);
    succeeds(&output);
    for part in ["\nproducts  ", "\npasses  ", "\nupdate  ", "\nrest  ", "\nstep  ", "\nbound  "] {
        assert!(stdout(&output).contains(part), "{part}: {}", stdout(&output));
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}
