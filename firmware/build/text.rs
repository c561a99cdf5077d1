//! Rust source with numbers in it.

use std::fmt::{Debug, Write as _};
use std::path::Path;

/// Source to be written.
#[derive(Default)]
pub(super) struct Text(String);

impl Text {
    pub(super) fn line(&mut self, line: &str) {
        self.0 += line;
        self.0.push('\n');
    }

    /// A `static` array, each number with as many digits as give the same bits back.
    pub(super) fn array<T: Debug>(&mut self, name: &str, of: &str, numbers: &[T]) {
        self.each(name, of, numbers, |number| format!("{number:?}"));
    }

    /// A `static` array of what `source` makes of each.
    pub(super) fn each<T>(
        &mut self,
        name: &str,
        of: &str,
        all: &[T],
        source: impl Fn(&T) -> String,
    ) {
        self.line(&format!(
            "/// Written by build.rs.\npub static {name}: [{of}; {}] = [",
            all.len()
        ));
        for one in all {
            let _infallible = writeln!(self.0, "{},", source(one));
        }
        self.line("];");
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
        Ok(std::fs::write(path, &self.0)?)
    }
}
