//! Damaged checkpoints and weights, made of the seeds of their fuzz targets. Wherever it can be, the checksum
//! fits what the file says, so that the checks behind it are reached.

use barenet_model::sealed::reseal;

/// A file of `fuzz/regressions`: its name there, and its bytes.
pub(crate) type Made = (String, Vec<u8>);

/// Replacements in the head of a file.
type Edits<'a> = &'a [(&'a str, &'a str)];

const CHECKPOINT_TENSORS: [&str; 9] = [
    "best_params",
    "best_running",
    "best_val",
    "loss",
    "params",
    "running",
    "train",
    "update_state",
    "val",
];

const WEIGHTS_TENSORS: [&str; 9] =
    ["W1", "b1", "gamma1", "beta1", "running_mean1", "running_var1", "W2", "b2", "mean_image"];

/// The names say what is wrong.
const BOTH: &[(&str, Edits<'_>)] = &[
    ("metadata_of_another_name", &[("__metadata__", "__metadatb__")]),
    ("text_of_another_name", &[("\"config\"", "\"konfig\"")]),
    ("no_checksum", &[("# SHA-256", "# SHA-255")]),
    ("another_type_of_that_size", &[("F32", "I32")]),
    ("a_type_of_another_size", &[("F32", "F16")]),
    (
        "one_tensor_more",
        &[("\"}", "\"},\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}")],
    ),
];

const CHECKPOINT: &[(&str, Edits<'_>)] = &[
    (
        "two_best_checks",
        &[
            ("[1],\"data_offsets\":[16,20]", "[2],\"data_offsets\":[16,24]"),
            ("[3],\"data_offsets\":[20,32]", "[2],\"data_offsets\":[24,32]"),
        ],
    ),
    ("a_matrix_for_a_vector", &[("[4]", "[2,2]")]),
    ("shape_of_another_length", &[("[4]", "[9]")]),
    ("shape_that_overflows", &[("[4]", "[4294967296,4294967296,4]")]),
    ("numbers_of_8_bytes", &[("F32\",\"shape\":[4]", "F64\",\"shape\":[2]")]),
    ("offsets_beyond_the_end", &[("[68,72]", "[68,18446744073709551615]")]),
    ("settings_that_are_no_toml", &[("hidden = [3]", "[[[")]),
    ("no_line", &[("# Checkpoint: ", "# Checkpoynt: ")]),
    ("of_another_format", &[("format=1", "format=2")]),
    ("line_cut_off", &[(" num_checks=1 best_epoch=0 images=000000000000004d", "")]),
    (
        "line_twice",
        &[(
            "seed = 1",
            "# Checkpoint: format=1 iteration=3 num_checks=1 best_epoch=0 images=000000000000004d",
        )],
    ),
    ("text_after_the_line", &[("004d\\n", "004d\\nmore\\n")]),
    ("iteration_of_another_name", &[("iteration=3", "it=3")]),
    ("iteration_with_a_plus", &[("iteration=3", "iteration=+3")]),
    ("iteration_below_0", &[("iteration=3", "iteration=-3")]),
    ("iteration_with_a_0_before_it", &[("iteration=3", "iteration=03")]),
    ("iteration_beyond_its_type", &[("iteration=3", "iteration=99999999999999999999")]),
    ("iteration_the_last_of_its_type", &[("iteration=3", "iteration=18446744073709551615")]),
    ("images_that_are_no_number", &[("0000004d", "zzzz004d")]),
];

const WEIGHTS: &[(&str, Edits<'_>)] = &[
    ("a_matrix_transposed", &[("[3,2]", "[2,3]")]),
    ("a_vector_for_a_matrix", &[("[3,2]", "[6]")]),
    ("shape_of_another_length", &[("[3,2]", "[9,2]")]),
    ("shape_that_overflows", &[("[3,2]", "[4294967296,4294967296,3]")]),
];

/// Where the numbers begin.
fn head_len(file: &[u8]) -> usize {
    8 + usize::try_from(u64::from_le_bytes(*file.first_chunk().unwrap())).unwrap()
}

fn edited(seed: &[u8], edits: Edits<'_>) -> Vec<u8> {
    let (head, numbers) = seed.split_at(head_len(seed));
    let mut head = String::from_utf8(head[8..].to_vec()).unwrap();
    for (from, to) in edits {
        assert!(head.contains(from), "{from} is not in {head}");
        head = head.replace(from, to);
    }
    let len = head.trim_end().len().next_multiple_of(8);
    let head = format!("{:len$}", head.trim_end());
    let len = u64::try_from(len).unwrap().to_le_bytes();
    [&len[..], head.as_bytes(), numbers].concat()
}

/// The seed with the head's edits, then in each of the ways that need no look inside.
fn damaged(seed: &[u8], tensors: &[&str], edits: &[(&str, Edits<'_>)]) -> Vec<Made> {
    let mut all = Vec::new();
    let mut keep = |name: &str, bytes: Vec<u8>| all.push((name.to_owned(), bytes));
    for (name, edits) in BOTH.iter().chain(edits) {
        let bytes = edited(seed, edits);
        keep(name, reseal(&bytes).unwrap_or(bytes));
    }
    for tensor in tensors {
        let bytes = edited(seed, &[(&format!("\"{tensor}\""), &format!("\"{tensor}_\""))]);
        keep(&format!("no_{tensor}"), reseal(&bytes).unwrap());
    }
    let (start, end) = (head_len(seed), seed.len());
    for (name, at, number) in [
        ("nan_first", start, f32::NAN),
        ("nan_last", end - 4, f32::NAN),
        ("infinity_first", start, f32::INFINITY),
    ] {
        let bytes = [&seed[..at], &number.to_le_bytes(), &seed[at + 4..]].concat();
        keep(name, reseal(&bytes).unwrap());
    }
    for (what, at) in [
        ("to_nothing", 0),
        ("to_a_byte", 1),
        ("within_the_length", 7),
        ("before_the_head", 8),
        ("to_a_byte_of_the_head", 9),
        ("within_the_head", start / 2),
        ("before_the_last_byte_of_the_head", start - 1),
        ("before_the_numbers", start),
        ("before_the_last_byte", end - 1),
    ] {
        keep(&format!("cut_{what}"), seed[..at].to_vec());
    }
    for (what, len) in [
        ("no_bytes", 0),
        ("a_byte", 1),
        ("8_bytes_more", u64::try_from(start).unwrap()),
        ("more_than_there_can_be", 1 << 60),
        ("all_that_a_number_holds", u64::MAX),
    ] {
        keep(&format!("head_of_{what}"), [&len.to_le_bytes(), &seed[8..]].concat());
    }
    keep("a_byte_added", [seed, &[0]].concat());
    keep("a_bit_flipped", [&seed[..end - 1], &[seed[end - 1] ^ 1]].concat());
    keep("a_checksum_that_does_not_fit", edited(seed, &[("seed = 1", "seed = 2")]));
    all
}

/// Those of `fuzz/regressions/checkpoint`.
pub(crate) fn checkpoints(seed: &[u8]) -> Vec<Made> {
    let mut all = damaged(seed, &CHECKPOINT_TENSORS, CHECKPOINT);
    all.push(("of_an_earlier_version".to_owned(), b"BNETCKPT\x01\0\0\0\x04\0\0\0".to_vec()));
    all
}

/// Those of `fuzz/regressions/weights`, beside what fuzzing found.
pub(crate) fn weights(seed: &[u8]) -> Vec<Made> {
    damaged(seed, &WEIGHTS_TENSORS, WEIGHTS)
}
