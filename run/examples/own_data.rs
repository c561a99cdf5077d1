//! A data set of one's own, in 15 lines: points in two rings, one around the other, and a network that tells them apart.
//!
//! ```sh
//! cargo run -p barenet-run --example own_data
//! ```

use barenet::Rng;
use barenet_data::{DataSet, Kind, Numbers, Records, Source, Wanted};
use barenet_run::{combined::Written, events::RunEvent, session::Request, settings::Settings};

static KIND: Kind = Kind {
    word: "rings",
    name: "rings",
    image_shape: "",
    samples: "points",
    is_of_course: false,
    takes: &[],
    class_names: &[],
};

fn main() -> anyhow::Result<()> {
    let (mut rng, mut points, mut labels) = (Rng::seed(0), Vec::new(), Vec::new());
    for index in 0..1000 {
        let (label, angle) = (index % 2, std::f64::consts::TAU * rng.uniform());
        let radius = 1.0 + f64::from(label) + 0.5 * rng.uniform();
        points.extend([radius * angle.sin(), radius * angle.cos()].map(|x| x as f32));
        labels.push(label);
    }
    let data = DataSet {
        train: Records::of(2, Numbers::F32(points), Wanted::Classes(labels)),
        class_names: ["inner", "outer"].map(str::to_owned).to_vec(),
        ..DataSet::empty(Source::read(&KIND, "memory".to_owned()))
    };
    data.check()?;
    let settings = Settings { num_epochs: Some(20), ..Settings::default() };
    let settings = Written::new(None, settings)?.over("table", &data)?.settings;
    let out = tempfile::tempdir()?;
    let summary =
        barenet_run::train(settings, &data, &out.path().join("run"), |_: &RunEvent<'_>| {
            Request::Continue
        })?;
    println!("test {}: {:.3}", summary.measured.metric.name(), summary.measured.test);
    Ok(())
}
