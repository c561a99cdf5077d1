//! What a network makes of samples, with the names that the data have.

use super::names::{class_name, target_name};
use super::samples::Shown;
use crate::page::run::{Answers, Findings, Values};
use barenet_data::DataSet;
use barenet_data::split::Part;
use barenet_run::figures::{AnomalyFigures, ClassFigures, Figures};
use barenet_run::inspection::Inspection;
use barenet_run::settings::Name;

/// The findings of an inspection.
pub(super) fn of(inspection: &Inspection, data: &DataSet, threshold: Option<f64>) -> Findings {
    let Inspection { part, num_samples, figures, samples, pairs } = inspection;
    let answers = match figures {
        Figures::Classes(classes) => of_classes(classes, data),
        Figures::Values(values) => {
            let each =
                values.iter().zip(pairs).enumerate().map(|(output, (values, pairs))| Values {
                    name: target_name(data, output),
                    errors: [values.mae, values.rmse, values.r2],
                    pairs: pairs.clone(),
                });
            Answers::Values(each.collect())
        }
        Figures::Anomalies(AnomalyFigures { scores, is_other, .. }) => {
            let other = |place: usize| is_other.get(place).copied().unwrap_or(false);
            let of = |wanted: bool| {
                let numbered = scores.iter().enumerate();
                numbered.filter(|(n, _)| other(*n) == wanted).map(|(_, &score)| score).collect()
            };
            Answers::Scores { normal: of(false), other: of(true), threshold }
        }
    };
    let shown = Shown::new(data, *part);
    let word = Name::<Part>::from(*part).name();
    Findings {
        of: format!("{num_samples} {word} {}", data.source.kind.samples),
        answers,
        samples: samples.iter().map(|sample| shown.sample(sample)).collect(),
    }
}

fn of_classes(classes: &ClassFigures, data: &DataSet) -> Answers {
    let names = (0..classes.confusion.len()).map(|class| class_name(data, class)).collect();
    let rates = classes.of_classes().iter().map(|of| [of.precision, of.recall, of.f1]).collect();
    Answers::Classes { names, confusion: classes.confusion.clone(), rates }
}
