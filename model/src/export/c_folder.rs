//! A network as a folder of C99: a header, its code and numbers, a test, and what CMake and the Arduino IDE read.

mod answer;
mod escape;
mod layers;
mod numbers;
mod source;
mod test_vector;

use super::library::LICENCES;
use super::listing::CrateFile;
use anyhow::{Result, ensure};

pub use super::contents::Contents;

/// All files of the folder.
///
/// # Errors
///
/// If the network has layers that there are not in C.
///
/// # Example
///
/// ```
/// use barenet_model::export::answer::Answer;
/// use barenet_model::export::c_folder::{self, Contents};
/// use barenet_model::export::in_weights::InWeights;
/// use barenet_model::export::model::{Model, Numbers};
///
/// let numbers = Numbers::F32(vec![1.0, -1.0, 0.0, 0.5]);
/// let model = Model { local: None, dims: vec![1, 2], numbers, answer: Answer::Class };
/// let files = c_folder::files(&Contents {
///     name: "tiny-net",
///     origin: "made by an example",
///     model: &model,
///     in_weights: InWeights::default(),
///     order: "",
///     input_names: &[],
///     output_names: &["a".to_owned(), "b".to_owned()],
///     samples: &[],
///     scores: &[],
/// })?;
/// assert!(files.iter().any(|(name, _)| name == "src/model.h"));
/// # Ok::<(), anyhow::Error>(())
/// ```
pub fn files(contents: &Contents<'_>) -> Result<Vec<CrateFile>> {
    ensure!(
        contents.model.local.is_none(),
        "there are no locally connected layers in C: take --format firmware, or train without --local"
    );
    let mut files: Vec<CrateFile> = vec![
        ("src/model.h".into(), contents.model_h().into()),
        ("src/model.c".into(), contents.model_c().into()),
        ("src/model_numbers.h".into(), contents.numbers_h().into()),
        ("src/model_names.c".into(), contents.names_c().into()),
        ("src/model_test_vector.h".into(), contents.test_vector_h().into()),
        ("test_model.c".into(), contents.test_model_c().into()),
        (
            "CMakeLists.txt".into(),
            contents.of_template(include_str!("c_folder/templates/CMakeLists.txt")).into(),
        ),
        (
            "library.properties".into(),
            contents.of_template(include_str!("c_folder/templates/library.properties")).into(),
        ),
        (
            "examples/self_test/self_test.ino".into(),
            include_bytes!("c_folder/templates/self_test.ino").into(),
        ),
    ];
    for (name, text) in LICENCES {
        files.push((name.to_owned(), text.into()));
    }
    Ok(files)
}
