//! The layers: functions over slices, a forward and a backward one each, side by side.
//!
//! They hold no state: what a backward pass needs of its forward pass (its *cache*) is an argument,
//! so that the caller decides where it lies. Backward passes overwrite gradients.
//!
//! | layer | forward | cache for backward |
//! |---|---|---|
//! | [affine](affine_forward) | `out = x·w + b` | `x`, `w` |
//! | [locally connected](local_forward) | `out = w·x + b` of each window of a picture | `x`, `w` |
//! | [ReLU](relu_forward) | `out = max(x, 0)` | `out` |
//! | [batch norm](batchnorm_forward_train) | `out = gamma·x_hat + beta` | `x_hat`, `inv_std`, `gamma` |
//! | [dropout](dropout_forward) | `out = x·mask` | `mask`, or the `Rng` that makes it again |
//! | [hidden layer](hidden_forward_train) | affine, batch norm, ReLU, dropout in one | `x`, `w`, `x_hat`, `inv_std`, `out` |
//! | [softmax](softmax_loss), [with smoothed labels](LabelSmoothing), [of mixed samples](Mixup), [SVM](svm_loss), [MSE](mse_loss), [MAE](mae_loss), [Huber](huber_loss) | loss and its gradient at once | |

mod affine;
mod batchnorm;
mod columns;
mod dropout;
mod local;
mod loss;
mod relu;
mod sandwich;

pub(crate) use affine::{affine_db, affine_dw, affine_dw_alone, affine_dx};
pub(crate) use loss::{SumInPlace, check_label_smoothing, class_weight, log_loss, mean};
pub(crate) use sandwich::norm_relu_backward;

pub use affine::{affine_backward, affine_forward};
pub use batchnorm::{
    BatchNormConfig, Norm, NormGrads, RunningStats, batchnorm_backward, batchnorm_forward_test,
    batchnorm_forward_train,
};
pub(crate) use batchnorm::{
    merge_statistics, move_running, normalize_shard, shard_gradient, shard_gradient_sums,
    shard_statistics,
};
pub use dropout::{Dropout, dropout_backward, dropout_forward, dropout_mask};
pub(crate) use local::{
    NormByRunning, NormRows, NormRowsGradient, NormalizeRows, ReluRows, ReluRowsGradient,
    RowGradient, RowGradientSums, RowStatistics, Seen, Transpose, TransposeRows, local_row,
};
pub use local::{Place, Windows, local_backward, local_forward};
pub use loss::{
    Label, LabelSmoothing, Loss, Mixup, OwnLoss, Target, Targets, huber_loss, mae_loss, mse_loss,
    softmax_loss, svm_loss,
};
pub(crate) use relu::ReluBackward;
pub use relu::{relu_backward, relu_forward};
pub use sandwich::{
    HiddenCache, HiddenGrads, HiddenParams, affine_relu_backward, affine_relu_forward,
    hidden_forward_test, hidden_forward_train,
};
