//! Progress of a download, as a person sees it.

use crate::console::{bytes_bar, complain};
use barenet_data::fetch::Event;
use indicatif::ProgressBar;
use std::cell::RefCell;

/// Shows the events of a download on standard error.
pub(super) struct Progress {
    bar: ProgressBar,
    quiet: bool,
    /// Problems that were said: a mirror that has the same problem again and again says it once.
    problems: RefCell<Vec<String>>,
}

impl Progress {
    pub(super) fn new(total: u64, quiet: bool) -> Self {
        Self { bar: bytes_bar(total, quiet), quiet, problems: RefCell::default() }
    }

    fn show(&self, line: &str) {
        self.bar.suspend(|| complain(format_args!("{line}")));
    }

    pub(super) fn event(&self, event: Event<'_>) {
        match event {
            Event::Begin { url, from } => {
                self.bar.reset_eta();
                self.bar.set_position(from);
                if !self.quiet {
                    let again = format!(", from byte {from} on");
                    self.show(&format!("download  {url}{}", if from > 0 { &again } else { "" }));
                }
            }
            Event::Here(len) => self.bar.set_position(len),
            Event::Failed { url, problem } => {
                let line = format!("warning: {url}: {problem}");
                if !self.problems.borrow().contains(&line) {
                    if !self.quiet {
                        self.show(&line);
                    }
                    self.problems.borrow_mut().push(line);
                }
            }
            Event::Unpacking => self.bar.finish_and_clear(),
        }
    }

    /// Takes the bar away. Of a download that failed it matters what the problems were.
    pub(super) fn end(&self, has_failed: bool) {
        self.bar.finish_and_clear();
        if has_failed && self.quiet {
            self.problems.borrow().iter().for_each(|line| self.show(line));
        }
    }
}
