//! Trains on a table, and prints how good the network is on rows that it has not seen.
//!
//! ```sh
//! cargo run -p barenet-run --example table -- data/tests/tables/iris.csv
//! ```

use barenet_run::combined::Written;
use barenet_run::events::RunEvent;
use barenet_run::images::{self, Files};
use barenet_run::presets::Preset;
use barenet_run::session::Request;
use barenet_run::settings::Settings;
use std::path::Path;

fn main() -> anyhow::Result<()> {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/tests/tables/iris.csv");
    let path = std::env::args_os().nth(1).unwrap_or_else(|| own.into());
    let wanted = Settings { seed: Some(1), ..Settings::default() };
    let data = images::read(&Files::from(Path::new(&path)), &wanted, None)?;
    let settings = Written::new(None, wanted)?.over(Preset::DEFAULT, &data)?.settings;
    let out = tempfile::tempdir()?;
    let keep_on = |_: &RunEvent<'_>| Request::Continue;
    let summary = barenet_run::train(settings, &data, &out.path().join("run"), keep_on)?;
    let measured = summary.measured;
    println!("test {}: {:.3}", measured.metric.name(), measured.test);
    Ok(())
}
