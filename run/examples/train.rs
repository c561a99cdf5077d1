//! Trains a network from Rust code.
//!
//! ```sh
//! cargo run --release -p barenet-run --example train
//! ```

use barenet_data::builtin;
use barenet_run::events::RunEvent;
use barenet_run::session::Request;
use barenet_run::settings::{RuleName, Settings};
use barenet_run::train;

fn main() -> anyhow::Result<()> {
    let settings = Settings {
        hidden: Some(vec![64, 32]),
        update_rule: RuleName::from_name("adam"),
        train_size: Some(1000),
        num_epochs: Some(3),
        ..Settings::default()
    };
    let out = std::env::temp_dir().join(format!("barenet-example-{}", std::process::id()));
    let summary = train(settings, &builtin::generate(), &out, |event: &RunEvent<'_>| {
        if let RunEvent::Epoch { epoch, check, .. } = *event {
            println!("epoch {epoch}: {check}");
        }
        Request::Continue
    })?;
    let (metric, test) = (summary.measured.metric.name(), summary.measured.test);
    println!("test {metric} {test:.3}; its files were in {}", out.display());
    std::fs::remove_dir_all(out)?;
    Ok(())
}
