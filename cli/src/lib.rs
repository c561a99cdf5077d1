//! The library behind the `barenet` command: data, configuration, run folders, plots.
