//! Which array of a file is what, by the names that programs give them.

use super::arrays::{NamedArray, transposed};
use super::chain::{Chain, Named, Step, network};
use super::{EPS, Norm};
use crate::interchange::arrays::Kind;
use crate::scales::Scales;
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;

/// A part of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    /// Weights of an affine layer, (D, M).
    W,
    /// The same, (M, D), or the gamma of batch norm.
    Weight,
    /// Biases, or the beta of batch norm.
    Bias,
    Gamma,
    Mean,
    Var,
    /// Of no use.
    Ignored,
}

/// Ends of names, and what they say; the longest first.
const ROLES: [(&str, Role); 22] = [
    ("num_batches_tracked", Role::Ignored),
    ("moving_variance", Role::Var),
    ("running_mean", Role::Mean),
    ("running_var", Role::Var),
    ("moving_mean", Role::Mean),
    ("intercepts_", Role::Bias),
    ("intercepts", Role::Bias),
    ("kernel", Role::W),
    ("weight", Role::Weight),
    ("coefs_", Role::W),
    ("gamma", Role::Gamma),
    ("coefs", Role::W),
    ("scale", Role::Gamma),
    ("bias", Role::Bias),
    ("beta", Role::Bias),
    ("mean", Role::Mean),
    ("var", Role::Var),
    ("W", Role::W),
    ("b", Role::Bias),
    ("w", Role::W),
    ("B", Role::Bias),
    ("g", Role::Gamma),
];

/// Words of last layers, which come after those with numbers.
const LAST: [&str; 7] = ["out", "output", "head", "last", "classifier", "logits", "final"];

/// The place of a layer in its network: whether it is a last one, the numbers of its name, whether it is batch norm, and the
/// words of its name.
type Key = (bool, Vec<u64>, bool, Vec<String>);

/// Numbers and words of a name.
fn pieces(name: &str) -> (Vec<u64>, Vec<String>) {
    let (mut numbers, mut words) = (Vec::new(), Vec::new());
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let is_digit = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
        let (piece, other) = rest.split_at(end);
        rest = other;
        match piece.parse() {
            Ok(number) => numbers.push(number),
            Err(_) => {
                let all = piece.split(|c: char| !c.is_alphanumeric());
                words.extend(all.filter(|word| !word.is_empty()).map(str::to_lowercase));
            }
        }
    }
    (numbers, words)
}

/// The layer and the role that a name says; whether it is of batch norm is known later.
fn parse(name: &str) -> Option<(Key, Role)> {
    // TensorFlow's `:0`.
    let name = name.strip_suffix(":0").unwrap_or(name);
    let (stem, number) = name.split_at(name.trim_end_matches(|c: char| c.is_ascii_digit()).len());
    let stem = stem.trim_end_matches(['.', '_', '/']);
    let is_word =
        |before: &str| before.chars().next_back().is_none_or(|c| !c.is_ascii_alphabetic());
    let (before, role) = ROLES.iter().find_map(|&(end, role)| {
        let before = stem.strip_suffix(end)?;
        is_word(before).then_some((before, role))
    })?;
    // `W1` is of layer 1, and `hidden.0.weight` of layer 0; `coefs_0` has its number at the end.
    let (mut numbers, words) = pieces(before);
    numbers.extend(number.parse::<u64>());
    let is_last = words.iter().any(|word| LAST.contains(&&**word));
    Some(((is_last, numbers, false, words), role))
}

/// Reads the arrays of a network.
///
/// # Errors
///
/// Naming the array whose name or shape says nothing, or that has a number that is NaN or infinite.
pub fn from_arrays(arrays: &[NamedArray]) -> Result<Chain> {
    let mut scales = Scales::default();
    let mut found: BTreeMap<Key, Vec<Part<'_>>> = BTreeMap::new();
    for array in arrays {
        if let Some(place) = array.numbers.iter().position(|number| !number.is_finite()) {
            bail!(
                "array \"{}\": number {} is NaN or infinite: such a network computes nothing",
                array.name.escape_debug(),
                place + 1
            );
        }
        let numbers = || array.numbers.clone();
        match &*array.name {
            "mean_image" => scales.offset = numbers(),
            "input_factor" => scales.factor = numbers(),
            "input_fill" => scales.fill = numbers(),
            "target_offset" => scales.target_offset = numbers(),
            "target_factor" => scales.target_factor = numbers(),
            name => {
                let text = name.escape_debug();
                let parsed = parse(name).with_context(|| {
                    format!(
                        "array \"{text}\": its name says no layer and no part of one, as W1, fc1.weight or coefs_0 do; \
                         --map {text}=W1 says it"
                    )
                })?;
                found.entry(parsed.0).or_default().push((parsed.1, array));
            }
        }
    }
    let steps = steps(found)?;
    let has_layer = steps.iter().any(|named| matches!(named.step, Step::Affine { .. }));
    ensure!(has_layer, "it has no array of weights: a matrix such as W1, fc1.weight or coefs_0");
    let is_f64 = arrays.iter().any(|array| array.kind == Kind::F64);
    let mut chain = network(&steps, is_f64)?;
    let dim = chain.network.layers.first().map_or(0, super::Layer::fan_in);
    // Batch norm before the first layer is a scaling of the inputs.
    let Scales { offset, factor, .. } = &chain.network.scales;
    let is_scaled = !factor.is_empty() || offset.iter().any(|&offset| offset != 0.0);
    ensure!(
        !is_scaled || scales.offset.is_empty() && scales.factor.is_empty(),
        "it has batch norm before its first layer, and mean_image or input_factor too"
    );
    if is_scaled {
        (scales.offset, scales.factor) = (offset.clone(), factor.clone());
    }
    if scales.offset.is_empty() {
        scales.offset = vec![0.0; dim];
    }
    let width = chain.network.layers.last().map_or(0, super::Layer::fan_out);
    let Scales { offset, factor, fill, target_offset, target_factor } = &scales;
    for (what, numbers, len) in [
        ("mean_image", offset, dim),
        ("input_factor", factor, dim),
        ("input_fill", fill, dim),
        ("target_offset", target_offset, width),
        ("target_factor", target_factor, width),
    ] {
        let found = numbers.len();
        ensure!(
            found == 0 || found == len,
            "array {what} has {found} numbers, and the network {len}"
        );
    }
    chain.network.scales = scales;
    chain.network.check_finite()?;
    Ok(chain)
}

/// The steps of layers, in their order.
fn steps(found: BTreeMap<Key, Vec<Part<'_>>>) -> Result<Vec<Named>> {
    let mut layers: BTreeMap<Key, Vec<Part<'_>>> = BTreeMap::new();
    for ((is_last, numbers, _, words), parts) in found {
        // `gamma1` and `W1` are of two layers here; `1.weight` is a gamma where there is a `1.running_mean`.
        let (of_norm, others): (Vec<_>, Vec<_>) = parts.into_iter().partition(is_of_norm);
        let has_matrix = others.iter().any(|(role, array)| {
            *role == Role::W || *role == Role::Weight && array.shape.len() == 2
        });
        let has_mean = of_norm.iter().any(|(role, _)| *role == Role::Mean);
        let (of_norm, others) = if has_mean && !has_matrix {
            ([of_norm, others].concat(), Vec::new())
        } else {
            (of_norm, others)
        };
        for (is_norm, parts) in [(false, others), (true, of_norm)] {
            ensure_distinct(&parts)?;
            if !parts.is_empty() {
                layers.insert((is_last, numbers.clone(), is_norm, words.clone()), parts);
            }
        }
    }
    let mut steps: Vec<Named> = Vec::new();
    let mut before: Option<&Key> = None;
    for (key, parts) in &layers {
        let part = |role| parts.iter().find(|(found, _)| *found == role).map(|(_, array)| *array);
        let is_norm = key.2;
        // What most is to be said of.
        let first =
            if is_norm { part(Role::Var) } else { part(Role::W).or_else(|| part(Role::Weight)) };
        let name = first
            .or_else(|| parts.first().map(|(_, array)| *array))
            .map_or_else(String::new, shown);
        // Of `nn.Sequential` there are numbers of modules: one between is a ReLU.
        let is_after_relu = is_norm && before.is_some_and(|before| has_one_between(before, key));
        if before.is_some() && !is_norm || is_after_relu {
            steps.push(Named { step: Step::Relu, name: name.clone() });
        }
        let step =
            if is_norm { norm(&part).with_context(|| name.clone()) } else { affine(&part, &name) };
        steps.push(Named { step: step?, name });
        before = match before {
            _ if is_after_relu => None,
            Some(before) if is_norm => Some(before),
            _ => Some(key).filter(|_| !is_norm),
        };
    }
    Ok(steps)
}

/// Refuses two arrays for the same part of a layer, of which one would count for nothing.
fn ensure_distinct(parts: &[Part<'_>]) -> Result<()> {
    let part = |role| if role == Role::Weight { Role::W } else { role };
    for (place, (role, array)) in
        parts.iter().enumerate().filter(|(_, (role, _))| *role != Role::Ignored)
    {
        let other = parts.iter().take(place).find(|(other, _)| part(*other) == part(*role));
        if let Some((_, other)) = other {
            bail!(
                "{} and {} are the same part of one layer; --map gives one of them another name",
                shown(other),
                shown(array)
            );
        }
    }
    Ok(())
}

/// Whether a module lies between two of one `nn.Sequential`.
fn has_one_between(first: &Key, second: &Key) -> bool {
    let (Some((a, before_a)), Some((b, before_b))) = (first.1.split_last(), second.1.split_last())
    else {
        return false;
    };
    before_a == before_b && first.3 == second.3 && *b >= a.saturating_add(2)
}

/// An array and its role.
type Part<'a> = (Role, &'a NamedArray);

fn is_of_norm((role, array): &(Role, &NamedArray)) -> bool {
    let is_beta =
        array.name.rsplit(['.', '/', '_']).next().is_some_and(|end| end.starts_with("beta"));
    matches!(role, Role::Gamma | Role::Mean | Role::Var | Role::Ignored) || is_beta
}

/// An array as messages name it.
fn shown(array: &NamedArray) -> String {
    format!("array \"{}\"", array.name.escape_debug())
}

/// The layer that messages call `name`.
fn affine<'a>(part: &impl Fn(Role) -> Option<&'a NamedArray>, name: &str) -> Result<Step> {
    let (w, is_turned) = match (part(Role::W), part(Role::Weight)) {
        (Some(w), _) => (w, false),
        (None, Some(w)) => (w, true),
        (None, None) => bail!("{name}: there are no weights for it"),
    };
    let [rows, columns] = *w.shape else {
        bail!("{name}: weights have shape {:?}, and a matrix is needed", w.shape);
    };
    ensure!(!w.numbers.is_empty(), "{name}: its weights have shape {:?}, and no numbers", w.shape);
    let (numbers, fan_out) = if is_turned {
        (transposed(&w.numbers, rows, columns), rows)
    } else {
        (w.numbers.clone(), columns)
    };
    let Some(b) = part(Role::Bias) else {
        return Ok(Step::Affine { w: numbers, fan_out, b: Some(vec![0.0; fan_out]) });
    };
    let len = b.numbers.len();
    ensure!(
        len == fan_out,
        "{}: its layer has {fan_out} units, and {len} biases{}",
        shown(b),
        if [rows, columns].contains(&len) { ": are its weights the other way round?" } else { "" }
    );
    Ok(Step::Affine { w: numbers, fan_out, b: Some(b.numbers.clone()) })
}

fn norm<'a>(part: &impl Fn(Role) -> Option<&'a NamedArray>) -> Result<Step> {
    let numbers = |role, what: &str| -> Result<Vec<f64>> {
        Ok(part(role).with_context(|| format!("batch norm without {what}"))?.numbers.clone())
    };
    let (mean, var) =
        (numbers(Role::Mean, "a running mean")?, numbers(Role::Var, "a running variance")?);
    let or = |found: Option<&NamedArray>, none: f64| {
        found.map_or_else(|| vec![none; mean.len()], |array| array.numbers.clone())
    };
    let gamma = or(part(Role::Gamma).or_else(|| part(Role::Weight)), 1.0);
    let beta = or(part(Role::Bias), 0.0);
    Ok(Step::Norm(Norm { gamma, beta, mean, var }, EPS))
}

#[cfg(test)]
mod tests;
