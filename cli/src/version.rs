//! What this program is made of.

/// All of it, as `--version` prints it.
pub(crate) const LONG: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit    ",
    env!("BARENET_COMMIT"),
    "\nfeatures  ",
    env!("BARENET_FEATURES"),
    "\ntarget    ",
    env!("BARENET_TARGET")
);
