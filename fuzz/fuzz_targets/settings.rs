//! Configuration files.

#![no_main]

use barenet_run::config::Config;
use barenet_run::settings::Settings;
use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|text: &str| {
    let Ok(settings) = Settings::from_toml(text, Path::new("f")) else { return };
    let Ok(config) = Config::new(settings, 3072, 10) else { return };
    // What is accepted can be written and means the same when it is read.
    let written = config.values().to_settings().to_toml();
    let read = Settings::from_toml(&written, Path::new("f")).expect("written settings are read");
    assert_eq!(Config::new(read, 3072, 10).expect("and accepted"), config);
    // No size that follows from accepted settings overflows.
    let solver = config.solver::<f32>();
    let arch = config.arch();
    assert!(arch.num_params() > 0);
    assert!(solver.workspace_len(&arch) > 0);
    assert!(solver.num_iterations(49_000) > 0);
});
