//! MLPerf Tiny's anomaly detector on one clip, in f32 and in int8: the score that MLPerf publishes.
//!
//! Exits with status 1 if a score is not, bit for bit, the host's, or the one in f32 not the published
//! one. The files are not part of the repository (see `build/mlperf.rs`): without them the program says so
//! and passes.

#![no_std]
#![no_main]

use barenet_firmware::board::{entry, exit};
use panic_never as _;

#[entry]
fn main() -> ! {
    exit(run())
}

#[cfg(not(mlperf))]
fn run() -> bool {
    barenet_firmware::print!(
        "skipped: built without MLPERF_TINY_AD_DIR, or the board is too small\n"
    );
    true
}

#[cfg(mlperf)]
use with_model::run;

#[cfg(mlperf)]
mod with_model {
    use barenet::quant::{Channel, InputScale, QuantNet};
    use barenet::{Error, FoldedNet};
    use barenet_blas::CortexMDsp;
    use barenet_firmware::anomaly::{ARCH, WINDOW, clip_score};
    use barenet_firmware::board::measure;
    use barenet_firmware::print;

    include!(concat!(env!("OUT_DIR"), "/mlperf.rs"));

    /// Published for the trained network in f32, and for MLPerf's own int8 form.
    const PUBLISHED: f64 = 9.49129;
    const PUBLISHED_INT8: f64 = 10.26;

    pub(super) fn run() -> bool {
        let (Ok(f32_score), Ok(int8_score)) = (f32_score(), int8_score()) else { return false };
        print!("clip score, f32:  ", f32_score as f32, ", published: ", PUBLISHED as f32, "\n");
        print!(
            "clip score, int8: ",
            int8_score as f32, ", published: ", PUBLISHED_INT8 as f32, "\n"
        );
        let same_bits =
            [f32_score, int8_score].map(f64::to_bits) == HOST_CLIP_SCORES.map(f64::to_bits);
        print!("same bits as the host: ", if same_bits { "yes" } else { "no" }, "\n");
        same_bits
            && (f32_score - PUBLISHED).abs() < 1e-4
            && (int8_score - PUBLISHED).abs() <= PUBLISHED_INT8 - PUBLISHED
    }

    fn f32_score() -> Result<f64, Error> {
        static NET: FoldedNet<'static, f32> = FoldedNet::new(ARCH, &PARAMS);
        let mut workspace = [0.0; ARCH.infer_workspace_len(1)];
        let mut stack = 0;
        let score = clip_score(&CLIP, |window, out| {
            let measured = measure(|| NET.scores(window, &mut workspace));
            stack = measured.stack;
            for (out, &score) in out.iter_mut().zip(measured.result?) {
                *out = score;
            }
            Ok(())
        })?;
        print!("f32:  workspace ", size_of_val(&workspace), " bytes, stack ", stack, "\n");
        Ok(score)
    }

    fn int8_score() -> Result<f64, Error> {
        static NET: QuantNet<'static> = QuantNet::new(ARCH, &WEIGHTS, &CHANNELS);
        let mut workspace = [0; ARCH.quant_workspace_len()];
        let (mut bytes, mut scores) = ([0; WINDOW], [0; ARCH.num_classes()]);
        let mut stack = 0;
        let score = clip_score(&CLIP, |window, out| {
            for (byte, &x) in bytes.iter_mut().zip(window) {
                *byte = INPUT.quantize(x);
            }
            let measured = measure(|| NET.scores(&CortexMDsp, &bytes, &mut workspace, &mut scores));
            measured.result?;
            stack = measured.stack;
            for (out, &score) in out.iter_mut().zip(&scores) {
                *out = f32::from(score) * SCORE_SCALE;
            }
            Ok(())
        })?;
        print!("int8: workspace ", size_of_val(&workspace), " bytes, stack ", stack, "\n");
        Ok(score)
    }
}
