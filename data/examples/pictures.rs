//! Draws some of the built-in images as PNG files, in a folder for each class, and reads them as pictures of one's own:
//!
//! ```sh
//! cargo run -p barenet-data --example pictures -- shapes
//! ```

use barenet_data::{builtin, load};
use image::{Rgb, RgbImage};
use std::error::Error;
use std::fs;
use std::path::PathBuf;

/// Pictures of each class.
const EACH: usize = 200;
/// Columns and rows.
const SIDE: u32 = 32;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map_or("target/shapes".into(), PathBuf::from);
    let images = builtin::generate();
    let mut counts = vec![0; images.class_names.len()];
    for (index, &label) in images.train.labels().iter().enumerate() {
        let class = label as usize;
        if counts[class] == EACH {
            continue;
        }
        counts[class] += 1;
        let place = folder.join(&images.class_names[class]);
        fs::create_dir_all(&place)?;
        picture(images.train.bytes(index)).save(place.join(format!("{:03}.png", counts[class])))?;
    }
    let data = load(&folder)?;
    println!("{}: {} of {} classes", data.source, data.train.len(), data.class_names.len());
    Ok(())
}

/// The picture of three planes.
fn picture(planes: &[u8]) -> RgbImage {
    RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let place = (y * SIDE + x) as usize;
        Rgb([0, 1, 2].map(|plane| planes[plane * (SIDE * SIDE) as usize + place]))
    })
}
