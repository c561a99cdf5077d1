//! A page in the browser of whoever asks for it.

use crate::console::complain;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program that opens files may take to say that it cannot.
const PATIENCE: Duration = Duration::from_secs(2);

/// Opens a file in the browser; where that is not possible, says so on standard error: the file is there.
pub(super) fn open(path: &Path) {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    // What opens it may stand in another folder.
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut command = Command::new(program);
    command.arg(&whole);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let problem = match command.spawn() {
        Ok(child) => failure(child),
        Err(error) => Some(error.to_string()),
    };
    if let Some(problem) = problem {
        let path = path.display();
        complain(format_args!(
            "warning: {program} cannot open the report: {problem}; open {path} in a browser"
        ));
    }
}

/// What a program says that ends soon and fails; one that goes on is the browser.
fn failure(mut child: Child) -> Option<String> {
    let begin = Instant::now();
    loop {
        match child.try_wait() {
            // That of Windows ends with 1 whatever it did.
            Ok(Some(status)) if status.success() || cfg!(windows) => return None,
            Ok(Some(status)) => return Some(status.to_string()),
            Err(error) => return Some(error.to_string()),
            Ok(None) if begin.elapsed() > PATIENCE => return None,
            Ok(None) => thread::sleep(Duration::from_millis(10)),
        }
    }
}
