//! Rust source with numbers in it.

use barenet::quant::Channel;
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
        self.line(&format!(
            "/// Written by build.rs.\npub static {name}: [{of}; {}] = [",
            numbers.len()
        ));
        for number in numbers {
            let _infallible = writeln!(self.0, "{number:?},");
        }
        self.line("];");
    }

    /// Requantisation of the outputs of an int8 network.
    pub(super) fn channels(&mut self, name: &str, channels: &[Channel]) {
        let len = channels.len();
        self.line(&format!("/// Written by build.rs.\npub static {name}: [Channel; {len}] = ["));
        for c in channels {
            let (bias, multiplier, shift) = (c.bias(), c.multiplier(), c.shift());
            self.line(&format!("Channel::new({bias}, {multiplier}, {shift}),"));
        }
        self.line("];");
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
        Ok(std::fs::write(path, &self.0)?)
    }
}
