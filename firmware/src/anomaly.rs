//! MLPerf Tiny's anomaly score of a clip: how badly an autoencoder reconstructs it. `build.rs` reads this
//! file too, so host and device compute the same.

use barenet::{Arch, Error};

/// The autoencoder, its batch norms folded.
pub const ARCH: Arch<'static> = Arch::new(&[640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640]);
/// Numbers of a frame: mel bands.
pub const FRAME: usize = 128;
/// Numbers of a window: five frames. One starts at each frame.
pub const WINDOW: usize = ARCH.input_dim();

/// The mean, over all windows of a clip, of the mean squared error of the reconstruction.
///
/// # Errors
///
/// Those of `reconstruct`, which gets a window and writes what the network makes of it.
pub fn clip_score(
    clip: &[f32],
    mut reconstruct: impl FnMut(&[f32; WINDOW], &mut [f32; WINDOW]) -> Result<(), Error>,
) -> Result<f64, Error> {
    let mut out = [0.0; WINDOW];
    let (mut sum, mut windows) = (0.0, 0.0);
    let mut rest = clip;
    while let Some(window) = rest.first_chunk() {
        reconstruct(window, &mut out)?;
        let square = |(&out, &x): (&f32, &f32)| f64::from(out - x) * f64::from(out - x);
        sum += out.iter().zip(window).map(square).sum::<f64>();
        windows += 1.0;
        rest = rest.get(FRAME..).unwrap_or_default();
    }
    Ok(sum / (windows * WINDOW as f64))
}
