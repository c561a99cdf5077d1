use crate::load;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write;
use std::path::Path;
use tempfile::TempDir;

/// The error of data in a folder that has these files.
fn refused(files: &[(&str, &[u8])], data: &str) -> String {
    let place = TempDir::new().unwrap();
    for (name, bytes) in files {
        let path = place.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let error = load(&place.path().join(data)).unwrap_err().to_string();
    assert!(!error.contains('\n') && error.len() < 400, "{error}");
    error.replace(&format!("{}/", place.path().display()), "")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

#[test]
fn a_file_that_no_format_reads_is_named_by_what_it_is_with_what_to_do() {
    let table = gzip(b"a,b\n1,2\n");
    let mut damaged = table.clone();
    damaged[12] ^= 0x10;
    for (name, bytes, parts) in [
        ("x.xlsx", &b"PK\x03\x04rest"[..], ["is a spreadsheet; ", "save the table as CSV"]),
        ("x", b"PK\x03\x04\0\0xl/workbook.xml", ["is a spreadsheet; ", "save the table as CSV"]),
        ("x.zip", b"PK\x03\x04rest", ["is a zip archive; ", "unpack it and name what was in it"]),
        ("t.csv.gz", &table, ["is a table or other text packed with gzip; ", "unpack it"]),
        ("u.csv.gz", &damaged, ["is packed with gzip, and damaged; ", "get the file again"]),
        ("v.csv.gz", &table[..15], ["is packed with gzip, and damaged; ", "get the file again"]),
        ("x.gz", &gzip(&[0; 99]), ["is packed with gzip; ", "unpack it"]),
        ("x.parquet", b"PAR1\x15\x04", ["is a Parquet file; ", "pandas"]),
        ("x.h5", b"\x89HDF\r\n\x1a\n", ["is an HDF5 file; ", ".npz"]),
        ("x.pkl", b"\x80\x04\x95", ["is a pickle, which is never loaded; ", ".npz"]),
        ("x-idx3-ubyte", b"\0\0\x0a\x03\0\0", ["of the type 0x0a, which is unknown; ", "u8"]),
        ("x", b"\x7fELF\x02\x01", ["is a program; ", "name a table"]),
        ("x", b"\x01\x02\x03\x04\x05", ["it begins with 01 02 03 04; ", "name a table"]),
        ("x", b"", ["is empty; ", "name a table"]),
        ("x", b"<html>", ["is a web page; ", "download the file itself"]),
        ("x.png", b"\x89PNG\r\n\x1a\n", ["is one picture; ", "a folder for each class"]),
        ("x.json", b"[{\"a\": 1}]", ["is JSON; ", "convert it to CSV"]),
        ("x", b"{\"a\": 1}\n{\"a\": 2}\n", ["is JSON lines; ", "convert it to CSV"]),
        ("x.csv", b"{\"a\": 1}", ["is JSON, where a CSV table is expected; ", "pandas"]),
        ("x.arff", b"% all\n@relation r\n", ["is an ARFF file, as Weka has them; ", "pandas"]),
        ("x.pdf", b"%PDF-1.4\n1 0 obj\n", ["is a PDF document; ", "as CSV"]),
        ("x.txt", b"%PDF-1.4\n1 0 obj\n", ["is a PDF document, where a CSV", "as CSV"]),
        ("x.wav", b"RIFF\0\0\0\0WAVE", ["is a sound; ", "CSV"]),
    ] {
        let error = refused(&[(name, bytes)], name);
        assert!(error.starts_with(&format!("{name}: ")), "{error}");
        assert!(parts.iter().all(|part| error.contains(part)), "{name}: {error}");
        assert!(!error.contains("CIFAR"), "{error}");
    }
}

#[test]
fn a_folder_without_data_is_told_how_it_must_look() {
    let png: &[u8] = b"\x89PNG\r\n\x1a\n";
    let csv: &[u8] = b"a,b\n1,2\n";
    for (files, parts) in [
        (&[("d/.gitkeep", csv)][..], &["d: the folder is empty; ", "for each class"][..]),
        (
            &[("d/1.png", png), ("d/2.png", png)],
            &["no folder for each class; ", "such as d/cat/1.png"],
        ),
        (&[("d/1.gif", b"GIF89a")], &["no folder for each class; "]),
        (&[("d/1.csv", csv)], &["name that file; ", "such as d/walk/1.csv"]),
        (&[("d/a/all.npz", b"PK\x03\x04")], &["d: has no data", "a/all.npz"]),
        (&[("d/in/cat/1.png", png)], &["d: has the data in in; name that folder"]),
        (&[("d/t.xlsx", b"PK\x03\x04")], &["t.xlsx is a spreadsheet; save"]),
        (
            &[("d/walk/1.txt", b"1 2 3"), ("d/run/1.txt", b"1 2 3")],
            &["run/1.txt is text; put pictures there, or recordings, whose names end in .csv"],
        ),
        (
            &[
                ("d/readme.md", b"sounds"),
                ("d/a/notes", b"all"),
                ("d/a/x.wav", b"RIFF\0\0\0\0WAVE"),
            ],
            &["a/x.wav is a sound; save"],
        ),
        (&[("d/a/x.gz", b"1,2,3")], &["a/x.gz is text, and called as a packed file; "]),
    ] {
        let error = refused(files, "d");
        assert!(parts.iter().all(|part| error.contains(part)), "{files:?}: {error}");
        assert!(!error.contains("CIFAR"), "{error}");
    }
}

#[test]
fn a_text_that_is_called_as_a_picture_is_none() {
    let error = refused(&[("pictures/a/1.png", b"no picture")], "pictures");
    assert!(error.contains("a/1.png is text, and called as a picture; "), "{error}");
}

#[test]
fn a_path_that_is_not_there_is_told_the_nearest_name() {
    let there = [("tables.csv", &b"a,b\n1,2\n"[..])];
    let found = refused(&there, "tabels.csv");
    assert_eq!(
        found,
        "tabels.csv: No such file or folder; the nearest name there is \"tables.csv\""
    );
    assert!(refused(&there, "zzz").ends_with("; name one that is there"));
    // Of another ending, and of one that is like it.
    let there = [("iris.csv", &b"a,b\n1,2\n"[..]), ("it.tsv", b"a"), ("irid.tsv", b"a")];
    for asked in ["iris.tsv", "iris.parquet", "IRIS.xlsx", "iris"] {
        let found = refused(&there, asked);
        assert!(found.ends_with("; the nearest name there is \"iris.csv\""), "{found}");
    }
    assert!(refused(&there, "no/x.csv").ends_with("no"), "{}", refused(&there, "no/x.csv"));
    assert!(refused(&there, "data_batch_1.bin").contains("all of CIFAR-10 is at"));
    let error = load(Path::new("-")).unwrap_err().to_string();
    assert!(error.starts_with("-: No such file or folder; data that train are read"), "{error}");
}

#[test]
fn a_folder_of_cifar_100_without_its_names_says_where_they_are() {
    let files = [("c/train.bin", &b""[..]), ("c/test.bin", b"")];
    let error = refused(&files, "c");
    assert!(error.contains("fine_label_names.txt: No such file or folder; all of CIFAR-100 is"));
}
