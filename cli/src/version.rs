//! What this program is made of.

/// Its version, in short.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit that it was built from, or `unknown`.
pub(crate) const COMMIT: &str = env!("BARENET_COMMIT");

/// Its features, with spaces between them.
pub(crate) const FEATURES: &str = env!("BARENET_FEATURES");

/// The target that it was built for.
pub(crate) const TARGET: &str = env!("BARENET_TARGET");

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
