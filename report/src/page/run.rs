//! What a page says of a run: plain numbers and texts.

use super::picture::Picture;

/// A run as a page shows it.
#[derive(Clone, Debug, Default)]
pub struct RunSection {
    /// Its name, by which a reader tells it from the others of the page.
    pub name: String,
    /// Its metric, such as `accuracy`, and whether more of it is better.
    pub metric: (String, bool),
    /// The best metric on the validation data, by which runs are ranked.
    pub best_val: Option<f64>,
    /// Its figures, each with what it is, the most important first.
    pub scores: Vec<(String, f64)>,
    /// What else there is to say in a word, such as the epochs.
    pub facts: Vec<(String, String)>,
    /// Figures of time, which no two runs have in common.
    pub times: Vec<(String, f64)>,
    /// What a reader should know, such as what is missing here and how to get it.
    pub notes: Vec<String>,
    /// Its histories.
    pub curves: Curves,
    /// What it makes of the samples of a part of the data.
    pub findings: Option<Findings>,
    /// Pictures of the weights of units of the first layer.
    pub units: Vec<Picture>,
    /// Its layers.
    pub layers: Vec<Layer>,
    /// Its settings, each a name and a value.
    pub settings: Vec<(String, String)>,
    /// Its data, in the same way.
    pub data: Vec<(String, String)>,
    /// Where it was trained, in the same way.
    pub machine: Vec<(String, String)>,
}

/// The histories of a run.
#[derive(Clone, Debug, Default)]
pub struct Curves {
    /// The loss of each iteration.
    pub loss: Vec<f64>,
    /// The metric of each epoch on a sample of the training data, epoch 0 first.
    pub train: Vec<f64>,
    /// The same on the validation data.
    pub val: Vec<f64>,
    /// The norm of the gradients of the last step of each epoch, epoch 0 first; none where it is not known.
    pub grad_norm: Vec<f64>,
    /// The norm of the parameters after it, likewise.
    pub weight_norm: Vec<f64>,
    /// Iterations, from 0, and the learning rate of the step after them.
    pub learning_rate: Vec<(f64, f64)>,
}

/// A layer.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// Its inputs.
    pub inputs: usize,
    /// Its units.
    pub units: usize,
    /// The root of the sum of the squares of its weights.
    pub norm: f64,
    /// The largest weight, whatever its sign.
    pub largest: f64,
}

/// What a network makes of the samples of a part of the data.
#[derive(Clone, Debug)]
pub struct Findings {
    /// The samples, such as `1000 test images`.
    pub of: String,
    /// The answers.
    pub answers: Answers,
    /// The samples that say most.
    pub samples: Vec<Sample>,
}

/// Answers of a network.
#[derive(Clone, Debug)]
pub enum Answers {
    /// Classes.
    Classes {
        /// Their names.
        names: Vec<String>,
        /// Of the samples of each class (first index) how many were named each class (second).
        confusion: Vec<Vec<usize>>,
        /// Of each class precision, recall and F1.
        rates: Vec<[f64; 3]>,
    },
    /// Numbers, those of each target.
    Values(Vec<Values>),
    /// Anomaly scores.
    Scores {
        /// Those of normal samples, or of all where nothing is known to be normal.
        normal: Vec<f64>,
        /// Those of other samples.
        other: Vec<f64>,
        /// The score above which a sample is an anomaly.
        threshold: Option<f64>,
    },
}

/// Answers that are numbers.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// Name of the target.
    pub name: String,
    /// The mean absolute error, the root of the mean squared error, and the coefficient of determination.
    pub errors: [f64; 3],
    /// Answers and targets, of all samples or of some.
    pub pairs: Vec<(f64, f64)>,
}

/// A sample that is shown.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// Where it is from, such as `table.csv, line 3`.
    pub origin: String,
    /// The sample as a picture, if it is one.
    pub picture: Option<Picture>,
    /// What the network makes of it, each a name and a value, such as its class.
    pub answers: Vec<(String, String)>,
    /// Its inputs, if it is no picture: each a name and a value, the first of many.
    pub inputs: Vec<(String, String)>,
}

/// A run that cannot be shown.
#[derive(Clone, Debug)]
pub struct NotShown {
    /// Its name.
    pub name: String,
    /// Why.
    pub problem: String,
}
