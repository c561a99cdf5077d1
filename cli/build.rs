//! Tells the program what it is made of: commit, features, target.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=BARENET_COMMIT");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let commit = Some(variable("BARENET_COMMIT")).filter(|commit| !commit.is_empty());
    let commit = commit.or_else(commit_of_clone).unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=BARENET_COMMIT={commit}");

    let features = std::env::vars().filter_map(|(name, _)| {
        let name = name.strip_prefix("CARGO_FEATURE_")?.to_lowercase().replace('_', "-");
        (name != "default").then_some(name)
    });
    let mut features: Vec<_> = features.collect();
    features.sort();
    println!("cargo::rustc-env=BARENET_FEATURES={}", features.join(" "));
    println!("cargo::rustc-env=BARENET_TARGET={}", variable("TARGET"));
}

/// The commit that is checked out, if this is a clone.
fn commit_of_clone() -> Option<String> {
    // Not that of another repository, in which somebody keeps a copy of this one.
    git(&["ls-files", "--error-unmatch", "build.rs"])?;
    // Written by every commit and checkout.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    if Path::new(&log).exists() {
        println!("cargo::rerun-if-changed={log}");
    }
    git(&["rev-parse", "--short=12", "HEAD"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
