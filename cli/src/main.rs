//! The `barenet` command.
fn main() {}
