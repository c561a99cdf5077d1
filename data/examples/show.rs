//! Shows a data set: the one at a path, or the built-in images.
//!
//! ```sh
//! cargo run -p barenet-data --example show -- cifar-10-binary.tar.gz
//! ```

use barenet_data::scale::mean_image;
use barenet_data::split::{Sizes, Split};
use barenet_data::{DataError, DataSet, builtin, load};
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data: Result<DataSet, DataError> = match std::env::args_os().nth(1) {
        Some(path) => load(Path::new(&path)),
        None => Ok(builtin::generate()),
    };
    let data = data?;
    println!("{}: images of {} numbers", data.source, data.input_dim());
    for (class, name) in (0..).zip(&data.class_names) {
        let count = data.train.labels().iter().filter(|&&label| label == class).count();
        println!("{class} {name:<12}{count:>6}");
    }
    let split = Split::new(&data, Sizes::in_order(None, 1000, 1000))?;
    let mean = mean_image(&data.train, split.fitted.len());
    let mean = mean.iter().sum::<f64>() / mean.len() as f64;
    println!("{} images train; the mean of their numbers is {mean:.2}", split.train.len());
    Ok(())
}
