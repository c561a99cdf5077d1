//! A web server that has one file and misbehaves as it is told.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How one request is answered.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// As it should be: ranges and all.
    Well,
    /// Whole, whatever range was asked for.
    WithoutRanges,
    /// In small pieces with pauses.
    Slowly,
    /// The headers, so many bytes, and then nothing for a long time.
    Stalls(usize),
    /// The connection ends after so many bytes of the body.
    CutOffAfter(usize),
    /// Another status, such as 404.
    Status(u16),
    /// Look elsewhere.
    Redirect(String),
    /// A file of another length, by the header.
    OfLength(usize),
    /// More bytes than there should be, and no length.
    Endless,
    /// The right length, but other bytes.
    WrongBytes,
    /// Bytes that are right but for the one at this place of the file.
    Flipped(usize),
    /// A range that was not asked for.
    AnotherRange,
    /// An answer that is not HTTP.
    Nonsense,
    /// Closes the connection without a word.
    Nothing,
}

/// The server. It ends with the test's process.
#[derive(Clone)]
pub(crate) struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts one that gives these answers, and when they are used up, the last one for ever.
    pub(crate) fn start(file: &'static [u8], answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let server = Self { address, requests: Arc::clone(&requests) };
        let mut answers = answers.to_vec();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
                let requests = Arc::clone(&requests);
                let Ok(stream) = stream else { continue };
                // A client that goes away is no concern of the server's.
                thread::spawn(move || drop(answer_one(stream, file, &answer, &requests)));
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/f.tar.gz", self.address)
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Requests so far: first lines and ranges.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Reads a request: its first line, and the value of `Range`.
fn read_request(reader: &mut impl BufRead) -> std::io::Result<(String, Option<String>)> {
    let (mut first, mut range) = (String::new(), None);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim();
        if line.is_empty() {
            return Ok((first.trim().to_owned(), range));
        }
        let (name, value) = line.split_once(':').unwrap();
        if name.eq_ignore_ascii_case("range") {
            range = Some(value.trim().to_owned());
        }
    }
}

fn answer_one(
    mut stream: TcpStream,
    file: &[u8],
    answer: &Answer,
    requests: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut first, mut range) = read_request(&mut reader)?;
    let note = |first: &str, range: &Option<String>| {
        let range = range.as_ref().map_or_else(String::new, |range| format!(" {range}"));
        requests.lock().unwrap().push(format!("{first}{range}"));
    };
    note(&first, &range);
    if first.starts_with("CONNECT") {
        // As a proxy that itself has what lies behind it.
        stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
        (first, range) = read_request(&mut reader)?;
        note(&first, &range);
    }
    let asked = range
        .as_deref()
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    let from = match answer {
        Answer::WithoutRanges | Answer::OfLength(_) | Answer::Endless => 0,
        _ => asked.unwrap_or(0),
    };
    let (whole, body) = (file.len(), file.get(from..).unwrap_or_default());
    let mut head = |status: &str, more: &str| {
        write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\n{more}\r\n")
    };
    match answer {
        Answer::Status(status) => return head(&format!("{status} So"), "Content-Length: 0\r\n"),
        Answer::Redirect(to) => {
            return head("302 Found", &format!("Location: {to}\r\nContent-Length: 0\r\n"));
        }
        Answer::Nonsense => return stream.write_all(b"220 ftp.example.org ready\r\n"),
        Answer::Nothing => return Ok(()),
        Answer::OfLength(len) => head("200 OK", &format!("Content-Length: {len}\r\n"))?,
        Answer::Endless => head("200 OK", "")?,
        Answer::AnotherRange => {
            let range = format!("Content-Range: bytes 0-{}/{whole}\r\n", whole - 1);
            head("206 Partial Content", &format!("{range}Content-Length: {whole}\r\n"))?;
        }
        _ if from > 0 => {
            let range = format!("Content-Range: bytes {from}-{}/{whole}\r\n", whole - 1);
            head("206 Partial Content", &format!("{range}Content-Length: {}\r\n", body.len()))?;
        }
        _ => head("200 OK", &format!("Content-Length: {whole}\r\n"))?,
    }
    match answer {
        Answer::CutOffAfter(len) => stream.write_all(&body[..body.len().min(*len)]),
        Answer::Stalls(len) => {
            stream.write_all(&body[..body.len().min(*len)])?;
            thread::sleep(Duration::from_secs(60));
            Ok(())
        }
        Answer::Slowly => body.chunks(whole.div_ceil(20)).try_for_each(|piece| {
            thread::sleep(Duration::from_millis(100));
            stream.write_all(piece)
        }),
        Answer::Endless => loop {
            stream.write_all(file)?;
        },
        Answer::WrongBytes => stream.write_all(&body.iter().map(|b| !b).collect::<Vec<_>>()),
        Answer::Flipped(at) => {
            let mut body = body.to_vec();
            if let Some(byte) = at.checked_sub(from).and_then(|at| body.get_mut(at)) {
                *byte ^= 1;
            }
            stream.write_all(&body)
        }
        _ => stream.write_all(body),
    }
}
