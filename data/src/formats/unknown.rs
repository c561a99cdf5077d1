//! What lies at a path where no data can be read: what was found there, and what to do about it.

use super::class_files::{begins_like_a_picture, is_called_a_picture};
use super::class_folders::entries;
use super::form::{Form, is_packed_name};
use super::text::other_text;
use super::{FORMATS, csv, idx, numpy};
use crate::DataError;
use crate::reading::{self, read_start};
use flate2::read::MultiGzDecoder;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The data that a folder may have.
const FOLDERS: &str = "name a table or a file of arrays, or a folder that has for each class a folder of its pictures \
                       or of its recordings (CSV files)";
const CSV: &str = "save the table as CSV and name that";
const PANDAS: &str = "convert it to CSV, with pandas for instance, and name that";
const ARRAYS: &str = "save the arrays as .npz with numpy and name that";
const UNPACK: &str = "unpack it and name what was in it";
const PICTURES: &str = "pictures come in a folder for each class: name the folder that has these";
const IN_CLASSES: &str = "put pictures there, or recordings, whose names end in .csv or .tsv";
const AGAIN: &str = "get the file again";
const DOWNLOAD: &str = "download the file itself";
const OTHER: &str =
    "name a table (CSV), arrays (.npz, .npy), IDX files, or a folder of pictures or recordings";

/// The first bytes of files that people have, what they are, and what to do.
const KNOWN: &[(&[u8], &str, &str)] = &[
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "a spreadsheet or document of old Office", CSV),
    (b"PAR1", "a Parquet file", PANDAS),
    (b"ARROW1", "an Arrow file", PANDAS),
    (b"FEA1", "a Feather file", PANDAS),
    (b"SQLite format 3\0", "a database of SQLite", "export a table of it as CSV and name that"),
    (b"\x89HDF", "an HDF5 file", ARRAYS),
    (b"MATLAB 5.0", "a MATLAB file", ARRAYS),
    (b"\x80\x02", "a pickle, which is never loaded", ARRAYS),
    (b"\x80\x03", "a pickle, which is never loaded", ARRAYS),
    (b"\x80\x04", "a pickle, which is never loaded", ARRAYS),
    (b"\x80\x05", "a pickle, which is never loaded", ARRAYS),
    (b"\x89PNG\r\n\x1a\n", "one picture", PICTURES),
    (b"\xff\xd8\xff", "one picture", PICTURES),
    (b"GIF8", "a picture as GIF", "save it as PNG, JPEG or BMP, in a folder for each class"),
    (b"II*\0", "a picture as TIFF", "save it as PNG, JPEG or BMP, in a folder for each class"),
    (b"MM\0*", "a picture as TIFF", "save it as PNG, JPEG or BMP, in a folder for each class"),
    (b"%PDF", "a PDF document", CSV),
    (b"\xff\xfe\0\0", "UTF-32 text", "save it as CSV, in UTF-8"),
    (b"\0\0\xfe\xff", "UTF-32 text", "save it as CSV, in UTF-8"),
    (b"\xff\xfe", "UTF-16 text", "save it as CSV, in UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "save it as CSV, in UTF-8"),
    (b"\x7fELF", "a program", OTHER),
    (b"MZ", "a program", OTHER),
];

/// The error of a path at which no format finds its data.
pub(super) fn no_data(path: &Path) -> DataError {
    let (found, advice) = if path.is_dir() { in_folder(path) } else { in_file(path) };
    DataError::NoData { place: path.display().to_string(), found, advice }
}

/// What a file is in place of a picture; none if it begins as one does.
///
/// # Errors
///
/// [`DataError`] if it cannot be read.
pub(super) fn other_than_picture(path: &Path) -> Result<Option<String>, DataError> {
    if begins_like_a_picture(path) {
        return Ok(None);
    }
    let start = read_start(path, 1 << 12).map_err(|error| DataError::io(path, error))?;
    let what = match describe(path, &start) {
        _ if is_array(path) => "a file of arrays".to_owned(),
        Some((what, _)) if what == "text" && is_called_table(path) => "a table".to_owned(),
        Some((what, _)) => what,
        None if start.is_empty() => "empty".to_owned(),
        None => "no picture that can be read".to_owned(),
    };
    Ok(Some(what))
}

/// What a file is that begins with `start`, such as `a web page`, or `text` of any that is no other; none if that is not known.
#[must_use]
pub fn kind_of_file(path: &Path, start: &[u8]) -> Option<String> {
    describe(path, start).map(|(what, _)| what)
}

/// What a file is, of a kind that is no table; none of any other.
#[must_use]
pub fn other_than_table(path: &Path) -> Option<&'static str> {
    if begins_like_a_picture(path) {
        return Some("a picture");
    }
    is_array(path).then_some("a file of arrays")
}

fn is_array(path: &Path) -> bool {
    path.is_file()
        && [numpy::recognises, idx::recognises].iter().any(|is| matches!(is(path), Ok(true)))
}

/// What a file is, and what to do.
fn in_file(path: &Path) -> (String, String) {
    let start = match read_start(path, 1 << 12) {
        Ok(start) => start,
        Err(error) => return (error.to_string(), "name a file or folder that can be read".into()),
    };
    let (found, advice) = match describe(path, &start) {
        Some((what, advice)) => (format!("is {what}"), advice),
        None if start.is_empty() => ("is empty".to_owned(), OTHER),
        None => {
            let bytes: Vec<_> = start.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
            (format!("is no data that can be read: it begins with {}", bytes.join(" ")), OTHER)
        }
    };
    (found, advice.to_owned())
}

/// What a file that begins so is, if that is known, and what to do.
fn describe(path: &Path, start: &[u8]) -> Option<(String, &'static str)> {
    if let Some(what) = idx::unknown_numbers(start) {
        return Some((what, "save the numbers as u8, i8, i16, i32, f32 or f64"));
    }
    if let Some((_, what, advice)) = KNOWN.iter().find(|(magic, ..)| start.starts_with(magic)) {
        return Some(((*what).to_owned(), advice));
    }
    if start.starts_with(b"RIFF") {
        return Some(match start.get(8..12) {
            Some(b"WEBP") => ("a picture as WebP".to_owned(), "save it as PNG, JPEG or BMP"),
            Some(b"WAVE") => {
                ("a sound".to_owned(), "save its samples, or features of them, as CSV or .npz")
            }
            _ => ("a media file".to_owned(), OTHER),
        });
    }
    if let Some((what, advice)) = other_text(start).filter(|_| !start.contains(&0)) {
        return Some((what.to_owned(), advice));
    }
    match Form::of(start) {
        Form::Gzip => Some(packed(path)),
        Form::Other("a zip archive", _) if is_spreadsheet(path, start) => {
            Some(("a spreadsheet".to_owned(), CSV))
        }
        Form::Other(what @ ("a web page" | "a Git LFS pointer to the file, not the file"), _) => {
            Some((what.to_owned(), DOWNLOAD))
        }
        Form::Other(what, _) => Some((what.to_owned(), UNPACK)),
        // Any other text is a table.
        Form::Unknown if csv::is_text(start) && is_called_a_picture(path) => Some((
            "text, and called as a picture".to_owned(),
            "put the picture there, or remove it",
        )),
        Form::Unknown if csv::is_text(start) && is_called_packed(path) => {
            Some(("text, and called as a packed file".to_owned(), "read it with --format csv"))
        }
        Form::Unknown if csv::is_text(start) => Some(("text".to_owned(), IN_CLASSES)),
        Form::Tar | Form::Unknown => None,
    }
}

fn is_called_packed(path: &Path) -> bool {
    is_packed_name(&path.file_name().unwrap_or_default().to_string_lossy().to_lowercase())
}

/// Whether a file is text, and not called as tables are: beside data, what is said about them.
fn is_note(path: &Path) -> bool {
    !is_called_table(path) && read_start(path, 1 << 9).is_ok_and(|start| csv::is_text(&start))
}

fn is_called_table(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "csv" || ending == "tsv")
}

/// Whether a zip archive is one of Excel or LibreOffice.
fn is_spreadsheet(path: &Path, start: &[u8]) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let is_in = |part: &[u8]| start.windows(part.len()).any(|window| window == part);
    ["xlsx", "xlsm", "xlsb", "ods", "numbers"].contains(&ending.as_str())
        || is_in(b"xl/")
        || is_in(b"opendocument.spreadsheet")
}

/// What a file of gzip has in it.
fn packed(path: &Path) -> (String, &'static str) {
    let mut start = Vec::new();
    if let Ok(file) = reading::open(path)
        && MultiGzDecoder::new(file).take(1 << 12).read_to_end(&mut start).is_err()
    {
        return ("packed with gzip, and damaged".to_owned(), AGAIN);
    }
    let is_text = !start.is_empty() && !start.iter().any(|&byte| byte < 9);
    let what = if is_text { "a table or other text packed with gzip" } else { "packed with gzip" };
    (what.to_owned(), UNPACK)
}

/// Whether a format reads what is there.
fn is_read(path: &Path) -> bool {
    FORMATS.iter().any(|format| matches!((format.recognises)(path), Ok(true)))
}

/// What a folder has in place of data, and what to do.
fn in_folder(folder: &Path) -> (String, String) {
    let all = match entries(folder) {
        Ok(all) => all,
        Err(error) => return (error.to_string(), "name one that can be read".to_owned()),
    };
    let name = |path: &Path| path.strip_prefix(folder).unwrap_or(path).display().to_string();
    let example =
        |class: &str, path: &Path| folder.join(class).join(name(path)).display().to_string();
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) =
        all.into_iter().partition(|path| path.is_dir());
    if let Some(picture) = files.iter().find(|file| is_called_a_picture(file)) {
        let found =
            format!("has pictures, such as {}, and no folder for each class", name(picture));
        let advice = format!(
            "put them into folders that are called as their classes, such as {}",
            example("cat", picture)
        );
        return (found, advice);
    }
    let is_data = |file: &&PathBuf| is_read(file) && (folders.is_empty() || !is_note(file));
    if let Some(file) = files.iter().find(is_data) {
        let found = format!("is a folder, with {} in it and no folder for each class", name(file));
        let mut advice = "name that file".to_owned();
        if is_called_table(file) {
            let example = example("walk", file);
            advice += &format!(
                "; if such files are recordings, put them into folders that are called as their classes, such as {example}"
            );
        }
        return (found, advice);
    }
    if let Some(inner) = folders.iter().find(|inner| is_read(inner)) {
        return (format!("has the data in {}", name(inner)), "name that folder".to_owned());
    }
    let inner = folders.iter().flat_map(|inner| entries(inner).unwrap_or_default());
    let all: Vec<PathBuf> = files.into_iter().chain(inner).filter(|path| path.is_file()).collect();
    let first = all.iter().find(|file| !is_note(file)).or_else(|| all.first());
    match first {
        Some(file) => {
            let (found, advice) = in_file(file);
            (format!("has no data that can be read: {} {found}", name(file)), advice)
        }
        None if folders.is_empty() => ("the folder is empty".to_owned(), FOLDERS.to_owned()),
        None => ("has folders with no files in them".to_owned(), FOLDERS.to_owned()),
    }
}

#[cfg(test)]
mod tests;
