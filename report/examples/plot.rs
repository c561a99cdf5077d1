//! Draws the curves of a run that is trained here, without files in between.

use barenet_data::builtin;
use barenet_report::{TrainingCurves, training_figure};
use barenet_run::events::RunEvent;
use barenet_run::session::Request;
use barenet_run::settings::Settings;

fn main() -> anyhow::Result<()> {
    let out = std::env::temp_dir().join(format!("barenet-plot-{}", std::process::id()));
    let settings = Settings { train_size: Some(500), num_epochs: Some(3), ..Settings::default() };
    let (mut loss, mut train, mut val) = (Vec::new(), Vec::new(), Vec::new());
    let summary =
        barenet_run::train(settings, &builtin::generate(), &out, |event: &RunEvent<'_>| {
            match *event {
                RunEvent::Step { loss: of_batch, .. } => loss.push(of_batch),
                RunEvent::Epoch { check, .. } => {
                    train.push(check.train);
                    val.push(check.val);
                }
                _ => {}
            }
            Request::Continue
        })?;
    let curves = TrainingCurves { label: "example", loss: &loss, train: &train, val: &val };
    let figure = training_figure("example", summary.measured.metric, &curves);
    std::fs::write(out.join("example.svg"), figure.to_svg()?)?;
    std::fs::write(out.join("example.png"), figure.to_png()?)?;
    println!("example.svg and example.png were in {}", out.display());
    std::fs::remove_dir_all(out)?;
    Ok(())
}
