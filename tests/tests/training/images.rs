//! Images that the runs of several tests train on.

use barenet_data::{DataSet, Records, builtin};

/// As many of the built-in images as are needed: 580 to train and validate, 10 to test.
pub(crate) fn few() -> DataSet {
    let all = builtin::generate();
    let first = |images: &Records, count| {
        let mut few = Records::new(images.row_len());
        (0..count).for_each(|index| few.push(images.labels()[index], images.bytes(index)));
        few
    };
    DataSet { train: first(&all.train, 580), test: first(&all.test, 10), ..all }
}
