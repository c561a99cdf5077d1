use super::*;
use crate::Numbers;

/// A file of version 1.
pub(in crate::formats::numpy) fn file(
    descr: &str,
    order: &str,
    shape: &str,
    data: &[u8],
) -> Vec<u8> {
    let header = format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n");
    let len = u16::try_from(header.len()).unwrap().to_le_bytes();
    [MAGIC, &[1, 0], &len, header.as_bytes(), data].concat()
}

fn parse(bytes: &[u8]) -> Result<Content, String> {
    read("f", bytes, bytes.len() as u64).map_err(|error| error.to_string())
}

fn array(bytes: &[u8]) -> Array {
    match parse(bytes).unwrap() {
        Content::Numbers(array) => array,
        text @ Content::Text { .. } => panic!("{text:?}"),
    }
}

fn refused(bytes: &[u8], problem: &str) {
    let error = parse(bytes).unwrap_err();
    assert!(error.starts_with("f: ") && error.contains(problem), "{error}");
}

#[test]
fn every_type_is_read_in_either_order_of_bytes() {
    macro_rules! check {
        ($($descr:literal $type:ty, $numbers:expr;)*) => {$(
            for (sign, is_big) in [("<", false), (">", true)] {
                let data: Vec<u8> = [<$type>::from(3_u8), <$type>::from(100_u8)]
                    .iter()
                    .flat_map(|n| if is_big { n.to_be_bytes() } else { n.to_le_bytes() })
                    .collect();
                let bytes = file(&format!("'{sign}{}'", $descr), "False", "(2,)", &data);
                assert_eq!(array(&bytes).numbers, $numbers, "{sign}{}", $descr);
            }
        )*};
    }
    let (small, real) = (Numbers::I16(vec![3, 100]), Numbers::F32(vec![3.0, 100.0]));
    check! {
        "u1" u8, Numbers::U8(vec![3, 100]); "u2" u16, real; "i2" i16, small; "u4" u32, real;
        "i4" i32, real; "u8" u64, real; "i8" i64, real; "f4" f32, real; "f8" f64, real;
    }
    assert_eq!(array(&file("'|i1'", "False", "(1,)", b"\xFE")).numbers, Numbers::I16(vec![-2]));
    assert_eq!(array(&file("'|b1'", "False", "(2,)", b"\0\x01")).numbers, Numbers::U8(vec![0, 1]));
}

#[test]
fn large_integers_are_rounded_once() {
    // 2^63 + 2^39 + 1, of which a double keeps no 1, lies just above the middle of two floats.
    let data = [(1_u64 << 63) + (1 << 39) + 1, 7].map(u64::to_le_bytes).concat();
    let numbers = array(&file("'<u8'", "False", "(2,)", &data)).numbers;
    assert_eq!(numbers, Numbers::F32(vec![((1_u64 << 63) + (1 << 40)) as f32, 7.0]));
}

#[test]
fn fortran_order_becomes_c_order() {
    // numpy.asfortranarray(numpy.arange(24).reshape(2, 3, 4)), as it lies in memory.
    let data =
        [0, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23];
    let found = array(&file("'|u1'", "True", "(2, 3, 4)", &data));
    assert_eq!(found.shape, [2, 3, 4]);
    assert_eq!(found.numbers, Numbers::U8((0..24).collect()));
}

#[test]
fn text_is_numbered_in_the_order_of_its_names() {
    let unicode: Vec<u8> = "no\0yesno\0".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    for bytes in
        [file("'<U3'", "False", "(3,)", &unicode), file("'|S3'", "False", "(3,)", b"no\0yesno\0")]
    {
        let names = vec!["no".to_owned(), "yes".to_owned()];
        let expected = Content::Text { shape: vec![3], names, labels: vec![0, 1, 0] };
        assert_eq!(parse(&bytes).unwrap(), expected);
    }
    refused(&file("'|S1'", "False", "(1,)", b"\xFF"), "text 0 is no Unicode");
    refused(&file("'<U1'", "False", "(1,)", &[255; 4]), "text 0 is no Unicode");
    refused(&file("'|S0'", "False", "(9999999,)", b""), "of type \"|S0\"");
}

#[test]
fn what_cannot_be_read_is_said_in_a_line() {
    refused(
        &file("'|O'", "False", "(1,)", b"\x80\x04"),
        "never loaded; save it with plain numbers",
    );
    refused(&file("[('x', '<f4')]", "False", "(1,)", &[0; 4]), "fields of several types");
    refused(&file("'<c8'", "False", "(1,)", &[0; 8]), "of type \"<c8\"");
    refused(&file("'|u1'", "False", "(1099511627776, 28, 28)", b""), "promises 1099511627776 x 28");
    refused(&file("'<f8'", "False", "(18446744073709551615, 3)", b""), "truncated");
    refused(&file("'|u1'", "False", "(2,)", b"abc"), "too long");
    refused(b"PK", "its header is not whole");
    refused(b"PK\x03\x04 and more of it", "is no array of numpy");
    let far = [1.0, 1e300].map(f64::to_le_bytes).concat();
    refused(&file("'<f8'", "False", "(1, 2)", &far), "element [0, 1] is 1e300, no finite number");
    let far = [1.0, f32::INFINITY].map(f32::to_le_bytes).concat();
    refused(&file("'<f4'", "True", "(2, 1)", &far), "element [1, 0] is inf");
}

#[test]
fn a_file_that_is_cut_or_changed_anywhere_is_read_or_refused() {
    let whole = file("'<i2'", "True", "(2, 3)", &[1; 12]);
    array(&whole);
    for len in 0..whole.len() {
        parse(&whole[..len]).unwrap_err();
    }
    for place in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[place] ^= 1 << bit;
            if let Ok(Content::Numbers(array)) = parse(&bytes) {
                assert_eq!(array.shape.iter().product::<usize>(), array.numbers.len());
            }
        }
    }
}

#[test]
fn halves_are_read_as_numpy_has_them() {
    // numpy.float16's 1, −2, 65504, 2⁻²⁴, 2⁻¹⁴ − 2⁻²⁴, 0.333251953125, −0 and nan.
    let bits = [0x3C00_u16, 0xC000, 0x7BFF, 0x0001, 0x03FF, 0x3555, 0x8000, 0x7E00];
    let expected = [1.0, -2.0, 65504.0, 2_f32.powi(-24), 6.097_555e-5, 0.333_251_95, -0.0];
    for (sign, to_bytes) in [('<', u16::to_le_bytes as fn(u16) -> [u8; 2]), ('>', u16::to_be_bytes)]
    {
        let data = bits.map(to_bytes).concat();
        let Numbers::F32(found) =
            array(&file(&format!("'{sign}f2'"), "False", "(8,)", &data)).numbers
        else {
            panic!()
        };
        let found: Vec<u32> = found
            .iter()
            .take(7)
            .map(|x| x.to_bits())
            .chain([u32::from(found[7].is_nan())])
            .collect();
        let expected: Vec<u32> = expected.iter().map(|x: &f32| x.to_bits()).chain([1]).collect();
        assert_eq!(found, expected);
    }
    refused(&file("'<f2'", "False", "(1,)", &0xFC00_u16.to_le_bytes()), "element [0] is -inf");
}

#[test]
fn what_rounding_takes_is_known_of_each_place_in_either_order() {
    // Of the shape (2, 3, 2): of places 1 to 6, the last two have fractions, and the third is large.
    let sample = |x: f64| [x, x + 1.0, 1e9 + x, 4.0, x + 0.5, 0.25];
    let rows = [sample(1.0), sample(2.0)];
    let c: Vec<u8> = rows.concat().iter().flat_map(|x| x.to_le_bytes()).collect();
    // The first axis side by side, then the second.
    let order = [0, 2, 4, 1, 3, 5];
    let fortran = order.map(|place| rows.map(|row| row[place].to_le_bytes()).concat()).concat();
    let found = [("False", &c), ("True", &fortran)]
        .map(|(is_fortran, data)| array(&file("'<f8'", is_fortran, "(2, 3, 2)", data)));
    assert_eq!(found[0], found[1]);
    let exact = &found[0].exact;
    assert_eq!(
        exact.iter().map(|exact| exact.has_fraction).collect::<Vec<_>>(),
        [false, false, false, false, true, true]
    );
    assert_eq!((exact[2].min, exact[2].max), (1e9 + 1.0, 1e9 + 2.0));
    assert_eq!(
        exact.iter().map(|exact| exact.coarse_steps()).collect::<Vec<_>>(),
        [None, None, Some(0), None, None, None]
    );
    // Nothing is rounded in these.
    assert!(array(&file("'<i2'", "False", "(1,)", &[1, 2])).exact.is_empty());
}
