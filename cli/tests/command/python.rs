//! Programs of Python that the command is held against.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A Python that has modules; none if there is no such, which is said.
pub(crate) fn python(modules: &str) -> Option<String> {
    let python = std::env::var("BARENET_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let test = Command::new(&python).args(["-c", &format!("import {modules}")]).output();
    if test.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    eprintln!("skipped: {python} has not all of {modules}; BARENET_PYTHON names another one");
    None
}

/// Runs a program of Python, and returns what it printed as JSON.
pub(crate) fn run_python(python: &str, folder: &Path, program: &str, arguments: &[&str]) -> Value {
    fs::write(folder.join("program.py"), program).unwrap();
    let output = Command::new(python)
        .arg("program.py")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
