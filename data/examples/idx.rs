//! Writes as many images as MNIST has in the format that it has, and says how fast they are read.
//!
//! ```sh
//! cargo run --release -p barenet-data --example idx
//! ```

use barenet_data::load;
use std::fs;
use std::time::Instant;

const NUM_IMAGES: u32 = 60_000;
const SIDE: u32 = 28;

/// A file of bytes in a shape.
fn idx(shape: &[u32], byte: impl Fn(u32) -> u8) -> Vec<u8> {
    let axes = u8::try_from(shape.len()).unwrap_or(u8::MAX);
    let mut bytes = vec![0, 0, 8, axes];
    bytes.extend(shape.iter().flat_map(|len| len.to_be_bytes()));
    bytes.extend((0..shape.iter().product()).map(byte));
    bytes
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let place = tempfile::tempdir()?;
    let images = idx(&[NUM_IMAGES, SIDE, SIDE], |n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]);
    fs::write(place.path().join("train-images-idx3-ubyte"), images)?;
    let labels = idx(&[NUM_IMAGES], |n| n.to_le_bytes()[0] % 10);
    fs::write(place.path().join("train-labels-idx1-ubyte"), labels)?;
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let clock = Instant::now();
        let data = load(place.path())?;
        let seconds = clock.elapsed().as_secs_f64();
        println!("{} images in {seconds:.3} s", data.train.len());
        best = best.min(seconds);
    }
    println!("best {best:.3} s");
    Ok(())
}
