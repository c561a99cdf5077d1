//! Numbers of arrays that are missing: NaN.

use super::{Samples, Targets};
use crate::table::{EncodeOptions, Missing};
use crate::{DataError, Numbers};
use barenet::Label;

/// Does about missing numbers what is asked: refuses them, leaves out their samples, or keeps those of inputs. The last
/// result is how many samples were left out for want of a target, if that is looked at.
pub(super) fn settle(
    place: &str,
    (samples, targets): (Samples, Option<Targets>),
    groups: &mut Vec<u32>,
    options: &EncodeOptions,
) -> Result<(Samples, Option<Targets>, usize), DataError> {
    let (missing, skips_unlabelled) = (options.of_missing(), options.skips_unlabelled);
    let (Samples { mut numbers, row_len, exact }, mut targets) = (samples, targets);
    let wrong = |place: &str, problem: String, advice| {
        Err(DataError::Format { file: place.to_owned(), problem, advice })
    };
    let is_missing = |x: &f32| x.is_nan();
    let mut unlabelled = 0;
    if missing == Missing::Drop || skips_unlabelled {
        let count = numbers.len().checked_div(row_len).unwrap_or(0);
        let mut lacks = vec![false; count];
        if let (Numbers::F32(all), Missing::Drop) = (&numbers, missing) {
            for (lacks, row) in lacks.iter_mut().zip(all.chunks_exact(row_len.max(1))) {
                *lacks |= row.iter().any(is_missing);
            }
        }
        if let Some(Targets::Numbers { names, values, .. }) = &targets {
            for (lacks, row) in lacks.iter_mut().zip(values.chunks_exact(names.len().max(1))) {
                let has_none = row.iter().any(is_missing);
                unlabelled += usize::from(has_none);
                *lacks |= has_none;
            }
        }
        if lacks.iter().all(|&lacks| lacks) {
            let (problem, advice) = if unlabelled == count {
                ("has no sample with a target", "fill some in, or take --task reconstruct")
            } else {
                ("has a missing number in every sample", "take --missing mean")
            };
            return wrong(place, problem.into(), advice);
        }
        if let Numbers::F32(all) = &mut numbers {
            leave_out(all, row_len, &lacks);
        }
        leave_out(groups, 1, &lacks);
        match &mut targets {
            Some(Targets::Text { names, labels, .. }) => {
                leave_out(labels, 1, &lacks);
                keep_used(names, labels);
            }
            Some(Targets::Numbers { names, values, .. }) => leave_out(values, names.len(), &lacks),
            None => {}
        }
    }
    if let (Numbers::F32(all), Missing::Refuse) = (&numbers, missing)
        && let Some(at) = all.iter().position(is_missing)
    {
        let (sample, number) = (at / row_len.max(1) + 1, at % row_len.max(1) + 1);
        let problem = format!("number {number} of sample {sample} is missing (NaN)");
        return wrong(place, problem, "fill it in, or take --missing mean or --missing drop");
    }
    if let Some(Targets::Numbers { place, names, values, .. }) = &targets
        && let Some(at) = values.iter().position(is_missing)
    {
        let problem =
            format!("the target of sample {} is missing (NaN)", at / names.len().max(1) + 1);
        return wrong(place, problem, "fill it in, or take --missing drop");
    }
    let unlabelled = if skips_unlabelled { unlabelled } else { 0 };
    Ok((Samples { numbers, row_len, exact }, targets, unlabelled))
}

/// Leaves out the names that no label has: of classes of which no sample is left.
fn keep_used(names: &mut Vec<String>, labels: &mut [Label]) {
    let place = |label: Label| usize::try_from(label).unwrap_or(usize::MAX);
    let mut is_used = vec![false; names.len()];
    for &label in &*labels {
        is_used.get_mut(place(label)).into_iter().for_each(|is_used| *is_used = true);
    }
    let mut next = 0;
    let new: Vec<Label> = is_used
        .iter()
        .map(|&is_used| {
            let new = next;
            next += Label::from(is_used);
            new
        })
        .collect();
    labels.iter_mut().for_each(|label| *label = new.get(place(*label)).copied().unwrap_or(*label));
    let mut is_used = is_used.into_iter();
    names.retain(|_| is_used.next().unwrap_or(true));
}

/// Leaves out the samples that lack something.
fn leave_out<T: Copy>(all: &mut Vec<T>, width: usize, lacks: &[bool]) {
    let mut lacks = lacks.iter().flat_map(|&lacks| std::iter::repeat_n(lacks, width));
    all.retain(|_| !lacks.next().unwrap_or(false));
}
