//! What holds of a network that was read, of whichever program.

use barenet_model::interchange::{Network, Notes};
use barenet_model::onnx::read::from_onnx;
use barenet_model::onnx::write::to_onnx;
use barenet_model::onnx::{Head, Input};

/// Checks that a network that was read can be used, and is the same when it was written and read again.
pub fn check(network: &Network) {
    let dims = network.dims();
    assert!(network.arch(&dims).is_err() || network.weights::<f32>().is_ok());
    network.check_finite().expect("only finite numbers are read");
    let write = |network: &Network| to_onnx(network, Head::Classes, Input::Features, &Notes::new());
    // What is read of `f64` or folded may be too large for `f32`.
    let Ok(first) = write(network) else { return };
    let Ok(read) = from_onnx(&first, None) else { return };
    assert!(read.chain.network.dims() == dims);
    assert!(write(&read.chain.network).expect("what was written can be written") == first);
}
