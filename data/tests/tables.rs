//! CSV as people have it, and what is no CSV: each is read, or refused in a line.

use barenet_data::table::{CsvOptions, Table, Wanted, read_csv, read_csv_from};
use std::path::Path;

fn read(text: impl AsRef<[u8]>) -> Result<Table, String> {
    read_with(text, &CsvOptions::default())
}

fn read_with(text: impl AsRef<[u8]>, options: &CsvOptions) -> Result<Table, String> {
    read_csv_from(text.as_ref(), "t.csv", options).map_err(|error| {
        let error = error.to_string();
        assert!(!error.contains('\n') && error.len() < 300, "{error}");
        error
    })
}

fn names(table: &Table) -> Vec<&str> {
    table.columns.iter().map(|column| column.name.as_str()).collect()
}

#[test]
fn real_tables_are_read_whole() {
    for (name, rows, columns, sum) in [
        ("iris", 150, 5, 2078.7),
        ("digits", 1797, 65, 569_788.0),
        ("diabetes", 442, 11, 343_647.233_6),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/tables/{name}.csv"));
        let table = read_csv(&path, &CsvOptions::default()).unwrap();
        assert_eq!((table.num_rows(), table.columns.len()), (rows, columns));
        assert!(table.has_header);
        let numbers = table.columns.iter().filter(|column| column.values().is_none()).count();
        let found: f64 = table.rows().flat_map(|row| &row[..numbers]).map(|&n| f64::from(n)).sum();
        assert!((found - sum).abs() < 0.1, "{name}: {found}");
    }
}

#[test]
fn every_way_of_writing_a_table_gives_the_same_cells() {
    for text in [
        "a,b\n1,x\n2.5,y\n",
        "a;b\r\n1;x\r\n2.5;y",
        "a\tb\r1\tx\r2.5\ty\r",
        "\u{feff}a, b\n\n1, x\n# no, row\n 2.5 ,\"y\"\n   \n",
    ] {
        let table = read(text).unwrap();
        assert_eq!(names(&table), ["a", "b"], "{text}");
        assert_eq!(table.cells, [1.0, 0.0, 2.5, 1.0], "{text}");
        assert_eq!(table.columns[1].values().unwrap(), ["x", "y"]);
    }
    let table = read("a;b\n\"1,5\";\"x;\ny\"\n").unwrap();
    assert_eq!(table.columns[1].values().unwrap(), ["x;\ny"]);
}

#[test]
fn a_first_line_that_names_the_delimiter_is_obeyed_and_a_bar_is_one_where_nothing_else_is() {
    for (text, end) in [("sep=;\na;b\n1;x\n2.5;y\n", "3;z\n9\n"), ("a|b\n1|x\n2.5|y\n", "9\n")] {
        let table = read(text).unwrap();
        assert_eq!(names(&table), ["a", "b"], "{text}");
        assert_eq!(table.cells, [1.0, 0.0, 2.5, 1.0], "{text}");
        let line = format!("{text}{end}").lines().count();
        let error = read(format!("{text}{end}")).unwrap_err();
        assert!(error.starts_with(&format!("t.csv, line {line}: 1 cell")), "{error}");
    }
    assert_eq!(names(&read("sep=\t\r\na\tb\r\n1\t2\r\n").unwrap()), ["a", "b"]);
    assert_eq!(names(&read("a,b\n1,x|y\n2,y|z\n").unwrap()), ["a", "b"]);
    for (text, what) in [
        ("<html><body>\n<table>1</table>\n", "is a web page, where a CSV table is expected"),
        ("version https://git-lfs.github.com/spec/v1\noid 1\n", "is a Git LFS pointer to the file"),
        ("PK\u{3}\u{4}", "is a zip archive, where a CSV table is expected"),
    ] {
        assert!(read(text).unwrap_err().starts_with(&format!("t.csv: {what}")), "{text}");
    }
}

#[test]
fn a_header_is_found_where_there_is_one() {
    for (text, has_header) in [
        ("a,b\n1,2\n3,4\n", true),
        ("1,2\n3,4\n", false),
        ("5.1,setosa\n4.9,setosa\n", false),
        ("name,species\nTom,cat\nRex,dog\n", true),
        ("red,cat\nblue,dog\nred,dog\n", false),
        (",0,1,2\n0,5.5,3,1\n1,5,3,2\n", true),
        ("0,1,2,3\n.1,.2,.3,.4\n", true),
        ("name,1990,1991\nTom,1,2\nRex,3,4\n", false),
        ("7,8,9\n", false),
    ] {
        assert_eq!(read(text).map(|table| table.has_header), Ok(has_header), "{text}");
    }
    let options = CsvOptions { header: Some(false), text: vec![1.into()], ..CsvOptions::default() };
    let table = read_with("a,b\nb,c\n", &options).unwrap();
    assert_eq!((names(&table), table.num_rows()), (vec!["column 1", "column 2"], 2));
}

#[test]
fn columns_are_taken_as_text_left_out_or_as_another_table_had_them() {
    let text = "id,junk,n\n1,x,3\n2,0,4\n3,y,?\n";
    let mut options =
        CsvOptions { text: vec!["id".into()], ignore: vec![2.into()], ..CsvOptions::default() };
    let table = read_with(text, &options).unwrap();
    assert_eq!(names(&table), ["id", "n"]);
    assert_eq!((table.ignored[0].name.as_str(), table.columns[1].number), ("junk", 3));
    assert_eq!(
        (&table.cells[..5], table.cells[5].is_nan()),
        (&[0.0, 3.0, 1.0, 4.0, 2.0][..], true)
    );
    options.ignore = vec!["jumk".into()];
    assert_eq!(
        read_with(text, &options).unwrap_err(),
        "t.csv: has no column \"jumk\"; the nearest name is \"junk\""
    );
    let only = vec![
        Wanted { column: "n".into(), is_text: true },
        Wanted { column: "gone".into(), is_text: false },
    ];
    let table = read_with(text, &CsvOptions { only: Some(only), ..CsvOptions::default() }).unwrap();
    assert_eq!((names(&table), table.columns[0].values().unwrap().len()), (vec!["n"], 2));
}

#[test]
fn what_cannot_be_used_is_refused_by_line_and_column() {
    let long_cell = format!("a,b\n1,{}\n", "x".repeat(10 << 20));
    let wide = ["1"; 1_000_000].join(",");
    let texts = (0..10_001).fold("a,b\n".to_owned(), |text, i| text + &format!("1,t{i}\n"));
    for (bytes, expected) in [
        (&b""[..], "t.csv: is empty; "),
        (b"\n# a\n", "t.csv: is empty; "),
        (b"a,b,c\n", "t.csv: has a header and no rows; "),
        (b"a,b\n1,2\n\n3,4,5\n", "t.csv, line 4: 3 cells, where 2 are expected; "),
        (
            b"a,b\n1,2\n2,3\n3,two\n",
            "t.csv, line 4, column \"b\": \"two\" is no number; correct it, or --text",
        ),
        (
            b"a,b\n1,2\n2,-inf\n",
            "t.csv, line 3, column \"b\": \"-inf\" is no finite number, or larger than 1e30; ",
        ),
        (
            b"a,b\n1,2\n2,1e999\n",
            "t.csv, line 3, column \"b\": \"1e999\" is no finite number, or larger than 1e30; ",
        ),
        (b"a,b,a\n1,2,3\n", "t.csv: the columns 1 and 3 are both named \"a\"; "),
        (b"a,b\n1,\xe4\n", "t.csv, line 2: the byte 0xe4 is no UTF-8; "),
        (b"\x89PNG\r\n\x1a\n\0\0", "t.csv: is no text, where a CSV table is expected; "),
        (b"\xff\xfea\0,\0", "t.csv: is UTF-16 text"),
        (b"a,b\n1,\"x\n2,y\n", "t.csv, line 2: the row that begins here has no end; "),
        (long_cell.as_bytes(), "t.csv, line 2, column \"b\": a cell of more than 1 MB; "),
        (wide.as_bytes(), "t.csv, line 1: more than 100000 columns; "),
        (
            texts.as_bytes(),
            "t.csv, column \"b\": more than 10000 different texts; leave it out with --ignore",
        ),
    ] {
        let error = read(bytes).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
    let missing = read_csv(Path::new("/no/such.csv"), &CsvOptions::default()).unwrap_err();
    assert!(missing.to_string().starts_with("/no/such.csv: No such file"), "{missing}");
}

/// Random cells, written with whatever a delimiter, quotes and line ends need.
#[test]
fn random_tables_are_read_back() {
    let mut state = 1_u64;
    let mut random = move |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let texts = ["x", "y z", "a,b", "say \"hi\"", "two\nlines", "semi;colon", "tab\tbed", "ü"];
    for round in 0..200 {
        let (rows, columns) = (1 + random(30), 1 + random(6));
        let delimiter = [",", ";", "\t"][random(3) as usize];
        let end = ["\n", "\r\n"][random(2) as usize];
        let is_text: Vec<bool> = (0..columns).map(|_| random(3) == 0).collect();
        let mut text =
            (0..columns).map(|c| format!("name {c}")).collect::<Vec<_>>().join(delimiter) + end;
        let mut expected = Vec::new();
        for _ in 0..rows {
            let cells: Vec<String> = is_text
                .iter()
                .map(|&is_text| {
                    let cell = if is_text {
                        texts[random(8) as usize].to_owned()
                    } else {
                        (f32::from_bits(random(1 << 31) as u32 % (1e30_f32.to_bits() + 1)))
                            .to_string()
                    };
                    expected.push(cell.clone());
                    if cell.contains(['"', ',', ';', '\t', '\n']) || random(4) == 0 {
                        format!("\"{}\"", cell.replace('"', "\"\""))
                    } else {
                        cell
                    }
                })
                .collect();
            text += &(cells.join(delimiter) + end);
        }
        let options = CsvOptions {
            delimiter: Some(delimiter.as_bytes()[0]),
            header: Some(true),
            ..CsvOptions::default()
        };
        let table = read_with(&text, &options).unwrap();
        assert_eq!(table.num_rows() as u64, rows, "{round}");
        for (place, (cell, expected)) in table.cells.iter().zip(&expected).enumerate() {
            match table.columns[place % columns as usize].values() {
                Some(values) => assert_eq!(&values[*cell as usize], expected),
                None => assert_eq!(cell.to_bits(), expected.parse::<f32>().unwrap().to_bits()),
            }
        }
    }
}

#[test]
fn a_table_cut_anywhere_is_read_or_refused() {
    let text = "\u{feff}n;text;x\r\n1;\"a;\"\"b\"\"\n\";2.5\n# \"c\n;?;1e3\n\n3;ü;-4\r\n";
    for len in 0..text.len() {
        let (mut read_back, bytes) = (0, &text.as_bytes()[..len]);
        for delimiter in [None, Some(b';'), Some(b','), Some(b'"'), Some(b'\n')] {
            for header in [None, Some(true), Some(false)] {
                let options = CsvOptions { delimiter, header, ..CsvOptions::default() };
                if let Ok(table) = read_with(bytes, &options) {
                    assert_eq!(table.cells.len(), table.num_rows() * table.columns.len());
                    read_back += 1;
                }
            }
        }
        assert!(len < 80 || read_back > 0 || !text.is_char_boundary(len), "{len}");
    }
}
