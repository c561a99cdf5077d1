//! Settings to start from: what training would choose for data, written out.

use crate::combined::Combined;
use crate::config::effective;
use crate::session::prepare;
use crate::settings::Settings;
use anyhow::Result;
use barenet_data::DataSet;

/// The settings of the run that [`train`](crate::train) makes of these settings and data: those that it chooses by the data,
/// the task and the scaling among them, stand there as if somebody had written them.
///
/// # Errors
///
/// If a setting cannot be used, or the data are too few for it.
///
/// ```
/// use barenet_data::builtin;
/// use barenet_run::combined::Written;
/// use barenet_run::init::starting_settings;
/// use barenet_run::settings::Settings;
/// let data = builtin::generate();
/// let combined = Written::new(None, Settings::default())?.over("two-layer", &data)?;
/// let settings = starting_settings(&combined, &data)?;
/// assert_eq!(settings.scale.map(|scale| scale.name()), Some("mean-image"));
/// # anyhow::Ok(())
/// ```
pub fn starting_settings(combined: &Combined, data: &DataSet) -> Result<Settings> {
    let Combined { settings, written } = combined;
    let (config, _split) = prepare(settings.clone(), Some(written), data)?;
    let is_own = !data.source.kind.is_of_course;
    let chosen = Settings {
        task: is_own.then(|| data.task.into()),
        target: written.target.clone().or_else(|| target(data)),
        scale: Some(config.scale_of(data).into()),
        ..Settings::default()
    };
    let mut all = chosen.overlay(effective(config.values()));
    // What is of this machine, is only printed, or has no say beside a share: unless somebody wrote it.
    all.threads = written.threads;
    all.gemm = written.gemm;
    all.precision = written.precision;
    all.print_every = written.print_every;
    all.num_train_samples = written.num_train_samples;
    // Where there are fewer than the preset asks for, the preset goes on to say it: the file may be used with more.
    let is_fitted = settings.test_size.is_some_and(|size| size > config.values().test_size);
    if is_own || is_fitted {
        all.test_size = written.test_size;
    }
    if all.val_fraction.is_some() {
        all.val_size = written.val_size;
    }
    Ok(all)
}

/// The columns of a table that are learnt, as a setting names them, if that can name them.
fn target(data: &DataSet) -> Option<String> {
    data.encoding.as_ref()?;
    let is_plain = |name: &String| !name.is_empty() && name.trim() == name && !name.contains(',');
    let names = &data.target_names;
    (!names.is_empty() && names.iter().all(is_plain)).then(|| names.join(","))
}
