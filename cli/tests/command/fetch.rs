//! `barenet data fetch` against a server that misbehaves.

#![cfg(feature = "fetch")]

mod archives;
mod server;

use crate::program::{barenet, command, message, refused, stdout, succeeds};
use archives::{archive, noise};
use server::{Answer, Server};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PART: &str = "data/cifar-10-binary.tar.gz.part";
const PACKED: &str = "data/cifar-10-binary.tar.gz";
const FOLDER: &str = "data/cifar-10-batches-bin";
/// Milliseconds until all servers are asked again.
const PAUSE: &str = "20";

fn fetch(folder: &Path, file: &[u8], urls: &[String]) -> Command {
    fetch_within("2", folder, file, urls)
}

/// The same with so many seconds of silence until a server is given up.
fn fetch_within(timeout: &str, folder: &Path, file: &[u8], urls: &[String]) -> Command {
    let hash: String = Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut command = command(folder, &["data", "fetch", "--timeout", timeout]);
    command.args(["--pause", PAUSE, "--sha256", &hash]);
    command.args(["--size", &file.len().to_string()]);
    for url in urls {
        command.args(["--url", url]);
    }
    command
}

/// Fetches the noise from servers that answer so, one server for each list. Returns what was said
/// and asked.
#[track_caller]
fn noise_arrives(folder: &TempDir, servers: &[&[Answer]]) -> (String, Vec<Vec<String>>) {
    let servers: Vec<_> = servers.iter().map(|answers| Server::start(noise(), answers)).collect();
    let urls: Vec<_> = servers.iter().map(Server::url).collect();
    let output = fetch(folder.path(), noise(), &urls).output().unwrap();
    let message = message(&output);
    assert!(message.contains(&format!("{PACKED}: cannot be unpacked")), "{message}");
    assert!(fs::read(folder.path().join(PACKED)).unwrap() == noise(), "{message}");
    assert!(!folder.path().join(FOLDER).exists());
    (message, servers.iter().map(Server::requests).collect())
}

/// Nothing arrives, and nothing that looks whole is left. Returns what was said.
#[track_caller]
fn nothing_arrives(servers: &[&[Answer]]) -> String {
    let folder = TempDir::new().unwrap();
    let servers: Vec<_> = servers.iter().map(|answers| Server::start(noise(), answers)).collect();
    let urls: Vec<_> = servers.iter().map(Server::url).collect();
    let output = fetch(folder.path(), noise(), &urls).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    for name in [PACKED, FOLDER] {
        assert!(!folder.path().join(name).exists(), "{name}");
    }
    let message = message(&output);
    let error = message.lines().last().unwrap();
    assert!(error.starts_with("error: no mirror has sent cifar-10-binary.tar.gz"), "{message}");
    assert!(error.ends_with("cifar.html into data and run this again to unpack it"), "{message}");
    // Every problem is said once.
    let mut lines: Vec<_> = message.lines().filter(|line| line.starts_with("warning:")).collect();
    let count = lines.len();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), count, "{message}");
    message
}

#[test]
fn an_archive_is_fetched_unpacked_and_found_offline() {
    let place = TempDir::new().unwrap();
    let server = Server::start(archive(), &[Answer::CutOffAfter(1000), Answer::Well]);
    let output = fetch(place.path(), archive(), &[server.url()]).output().unwrap();
    succeeds(&output);
    let text = stdout(&output);
    assert_eq!(text, format!("CIFAR-10 is in {FOLDER}\n`barenet train` finds it there\n"));
    assert_eq!(server.requests()[1], "GET /f.tar.gz HTTP/1.1 bytes=1000-");
    // The six files and nothing else.
    let count = |folder: &str| fs::read_dir(place.path().join(folder)).unwrap().count();
    assert_eq!((count("data"), count(FOLDER)), (1, 6));

    let found = |arguments: &[&str]| {
        command(place.path(), arguments).env_remove("CIFAR10_DIR").output().unwrap()
    };
    let info = found(&["data", "info", "--json"]);
    let info: serde_json::Value = serde_json::from_slice(&info.stdout).unwrap();
    assert_eq!(
        (&info["kind"], &info["train"], &info["test"]),
        (&"cifar10".into(), &50_000.into(), &10_000.into())
    );
    let train =
        ["train", "--train-size", "100", "--epochs", "1", "--val-size", "10", "--hidden", "4"];
    let train = found(&train);
    let said = stdout(&train);
    assert!(
        said.starts_with(&format!("data      CIFAR-10 from {FOLDER}")),
        "{said}{}",
        message(&train)
    );

    // What is there is not fetched again; what is damaged is, and other files stay.
    let asked = server.requests().len();
    let output = fetch(place.path(), archive(), &[server.url()]).output().unwrap();
    assert!(stdout(&output).starts_with("CIFAR-10 is already in"));
    assert_eq!(server.requests().len(), asked);
    let folder = place.path().join(FOLDER);
    fs::write(folder.join("data_batch_3.bin"), "damaged").unwrap();
    fs::write(folder.join("notes"), "mine").unwrap();
    let output = fetch(place.path(), archive(), &[server.url()]).output().unwrap();
    succeeds(&output);
    assert_eq!(server.requests().len(), asked + 1);
    assert_eq!(fs::metadata(folder.join("data_batch_3.bin")).unwrap().len(), 30_730_000);
    assert_eq!(fs::read_to_string(folder.join("notes")).unwrap(), "mine");
}

#[test]
fn an_archive_that_lies_there_is_unpacked_without_the_network() {
    let place = TempDir::new().unwrap();
    fs::create_dir(place.path().join("data")).unwrap();
    fs::write(place.path().join(PACKED), archive()).unwrap();
    let nowhere = "http://127.0.0.1:1/".to_owned();
    let output = fetch(place.path(), archive(), std::slice::from_ref(&nowhere)).output().unwrap();
    succeeds(&output);
    assert!(!place.path().join(PACKED).exists());
    // One that is another file is left alone.
    let place = TempDir::new().unwrap();
    fs::create_dir(place.path().join("data")).unwrap();
    fs::write(place.path().join(PACKED), "mine").unwrap();
    let output = fetch(place.path(), archive(), &[nowhere]).output().unwrap();
    assert!(
        message(&output).contains("remove this file to download it anew"),
        "{}",
        message(&output)
    );
    assert_eq!(fs::read(place.path().join(PACKED)).unwrap(), b"mine");
}

#[test]
fn a_download_that_is_cut_off_goes_on_where_it_was() {
    let cuts = [100_000, 50_000, 1, 0, 200_000].map(Answer::CutOffAfter);
    let (_, requests) =
        noise_arrives(&TempDir::new().unwrap(), &[&[&cuts[..], &[Answer::Well]].concat()]);
    let ranges: Vec<_> =
        requests[0].iter().map(|r| r.trim_start_matches("GET /f.tar.gz HTTP/1.1")).collect();
    assert_eq!(
        ranges,
        [
            "",
            " bytes=100000-",
            " bytes=150000-",
            " bytes=150001-",
            " bytes=150001-",
            " bytes=350001-"
        ]
    );
}

#[test]
fn a_process_that_was_killed_goes_on_where_it_was() {
    let place = TempDir::new().unwrap();
    let server = Server::start(noise(), &[Answer::Stalls(123_456)]);
    // Not given up before the other one has come, however long that takes to start.
    let mut child = fetch_within("50", place.path(), noise(), &[server.url()]);
    let mut child = child.stderr(Stdio::null()).spawn().unwrap();
    let part = place.path().join(PART);
    while fs::metadata(&part).map_or(0, |m| m.len()) < 123_456 {
        std::thread::sleep(Duration::from_millis(5));
    }
    // Meanwhile nobody else downloads here.
    let output = fetch(place.path(), noise(), &[server.url()]).output().unwrap();
    assert!(message(&output).contains("data: another process downloads"), "{}", message(&output));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!place.path().join(PACKED).exists());
    let (_, requests) = noise_arrives(&place, &[&[Answer::Well]]);
    assert_eq!(requests[0], ["GET /f.tar.gz HTTP/1.1 bytes=123456-"]);
}

#[test]
fn a_server_without_ranges_begins_anew() {
    let answers = [Answer::CutOffAfter(100_000), Answer::WithoutRanges];
    noise_arrives(&TempDir::new().unwrap(), &[&answers]);
}

#[test]
fn a_slow_server_is_waited_for_and_a_silent_one_is_not() {
    let start = Instant::now();
    noise_arrives(&TempDir::new().unwrap(), &[&[Answer::Slowly]]);
    assert!(start.elapsed() > Duration::from_millis(1900), "longer than the timeout, in pieces");
    let (message, requests) =
        noise_arrives(&TempDir::new().unwrap(), &[&[Answer::Stalls(5000)], &[Answer::Well]]);
    assert!(message.contains("cut off after 5000 bytes: "), "{message}");
    assert_eq!(requests[1], ["GET /f.tar.gz HTTP/1.1 bytes=5000-"]);
}

#[test]
fn a_server_that_is_busy_is_asked_again() {
    for status in [503, 500, 429, 408] {
        let answers = [Answer::Status(status), Answer::Nothing, Answer::Nonsense, Answer::Well];
        let (message, _) = noise_arrives(&TempDir::new().unwrap(), &[&answers]);
        assert!(message.contains(&format!("HTTP status {status}")), "{message}");
    }
}

#[test]
fn redirects_are_followed() {
    let behind =
        Server::start(noise(), &[Answer::Redirect("/elsewhere/f.tar.gz".to_owned()), Answer::Well]);
    noise_arrives(&TempDir::new().unwrap(), &[&[Answer::Redirect(behind.url())]]);
    assert_eq!(behind.requests(), ["GET /f.tar.gz HTTP/1.1", "GET /elsewhere/f.tar.gz HTTP/1.1"]);
    let error = nothing_arrives(&[&[Answer::Redirect("/again".to_owned())]]);
    assert!(error.contains("redirects more than 10 times"), "{error}");
    for to in ["file:///etc/passwd", "ftp://x/y", ""] {
        let error = nothing_arrives(&[&[Answer::Redirect(to.to_owned())]]);
        assert!(error.contains(&format!("redirects to {to:?}")), "{error}");
    }
}

#[test]
fn a_mirror_that_has_not_the_file_gives_way_to_the_next() {
    for (bad, problem) in [
        (Answer::Status(404), "HTTP status 404"),
        (Answer::Status(403), "HTTP status 403"),
        (Answer::OfLength(499_999), "has a file of 499999 bytes, expected 500000"),
        (Answer::Endless, "sends more than 500000 bytes"),
        (Answer::WrongBytes, "expected SHA-256"),
        (Answer::Flipped(499_999), "expected SHA-256"),
    ] {
        let (message, requests) =
            noise_arrives(&TempDir::new().unwrap(), &[std::slice::from_ref(&bad), &[Answer::Well]]);
        assert!(message.contains(problem), "{message}");
        assert_eq!(requests[0].len(), 1, "{bad:?} is not asked again");
        let error = nothing_arrives(&[&[bad]]);
        assert!(error.contains(problem), "{error}");
    }
    let after = [Answer::CutOffAfter(1000), Answer::AnotherRange];
    let (message, _) = noise_arrives(&TempDir::new().unwrap(), &[&after, &[Answer::Well]]);
    assert!(!message.contains("sent a range"), "the second server comes first: {message}");
    let error = nothing_arrives(&[&after]);
    assert!(
        error.contains("sent a range from 0, asked for 1000\n")
            && error.contains("(1000 bytes are kept in data/cifar-10-binary.tar.gz.part)"),
        "{error}"
    );
}

#[test]
fn bytes_of_a_bad_mirror_do_not_spoil_those_of_a_good_one() {
    // The first sends a wrong byte early and then fails; the second completes what it began.
    let bad = [Answer::Flipped(7)];
    let cut = [Answer::CutOffAfter(250_000), Answer::Well];
    let place = TempDir::new().unwrap();
    fs::create_dir(place.path().join("data")).unwrap();
    fs::write(place.path().join(PART), [0; 1000]).unwrap();
    let (message, _) = noise_arrives(&place, &[&bad, &cut]);
    assert!(message.contains("together with what was here before"), "{message}");
    // Longer than the file can be.
    let place = TempDir::new().unwrap();
    fs::create_dir(place.path().join("data")).unwrap();
    fs::write(place.path().join(PART), vec![0; 600_000]).unwrap();
    noise_arrives(&place, &[&[Answer::Well]]);
}

#[test]
fn without_a_network_there_is_a_line_for_each_mirror_and_one_on_what_to_do() {
    let place = TempDir::new().unwrap();
    // Nobody listens at these ports.
    let urls = [1, 2, 3].map(|port| format!("http://127.0.0.1:{port}/f.tar.gz"));
    let mut expected = urls.each_ref().map(|url| format!("warning: {url}: Connection refused"));
    expected.sort();
    for more in [&[][..], &["--quiet"]] {
        let output = fetch(place.path(), noise(), &urls).args(more).output().unwrap();
        refused(&output, 1, &["error: no mirror has sent cifar-10-binary.tar.gz; when there is"]);
        let said = message(&output);
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(lines.len(), 4, "{said}");
        for (line, start) in lines.iter().zip(&expected) {
            assert!(line.starts_with(start), "{said}");
        }
    }
    let with_proxy = fetch(place.path(), noise(), &urls).env("http_proxy", "127.0.0.1:1").output();
    let parts = ["Connection refused", ", by the proxy that the environment names"];
    refused(&with_proxy.unwrap(), 1, &parts);
}

#[test]
fn a_server_that_never_gets_on_is_given_up() {
    for answer in [Answer::Nothing, Answer::CutOffAfter(0), Answer::Status(503), Answer::Nonsense] {
        let server = Server::start(noise(), &[answer]);
        let place = TempDir::new().unwrap();
        let start = Instant::now();
        let output = fetch(place.path(), noise(), &[server.url()]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(
            start.elapsed() > Duration::from_millis(20 * (1 + 2 + 4 + 8)),
            "pauses that double"
        );
        assert_eq!(server.requests().len(), 5, "{}", message(&output));
        assert!(!place.path().join(PART).exists(), "nothing came, nothing is kept");
    }
}

#[test]
fn proxies_of_the_environment_are_used() {
    let server = Server::start(noise(), &[Answer::Well]);
    let proxy = Server::start(noise(), &[Answer::Well]);
    let url = "http://cifar.example/f.tar.gz".to_owned();
    let with = |no_proxy: &str, url: &String| {
        let place = TempDir::new().unwrap();
        let address = format!("http://{}", proxy.address());
        let output = fetch(place.path(), noise(), std::slice::from_ref(url))
            .env("http_proxy", address)
            .env("no_proxy", no_proxy)
            .output()
            .unwrap();
        (fs::read(place.path().join(PACKED)).is_ok_and(|bytes| bytes == noise()), message(&output))
    };
    let (arrived, said) = with("", &url);
    assert!(arrived, "{said}");
    assert_eq!(proxy.requests()[0], "CONNECT cifar.example:80 HTTP/1.1");
    let asked = proxy.requests().len();
    let (arrived, said) = with("127.0.0.1", &server.url());
    assert!(arrived, "{said}");
    assert_eq!((proxy.requests().len(), server.requests().len()), (asked, 1));
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let place = TempDir::new().unwrap();
    fs::write(place.path().join("data"), "a file").unwrap();
    let server = Server::start(noise(), &[Answer::Well]);
    let output = fetch(place.path(), noise(), &[server.url()]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        message(&output).starts_with("error: data: cannot make this folder"),
        "{}",
        message(&output)
    );
    assert!(server.requests().is_empty());
}

#[test]
fn flags_that_cannot_be_used_are_refused() {
    let place = TempDir::new().unwrap();
    for arguments in [
        &["--url", "ftp://x/f"][..],
        &["--url", "f.tar.gz"],
        &["--url", ""],
        &["--url", "http://"],
        &["--url", "https://a b/f"],
        // The expected hash belongs to the built-in addresses.
        &["--sha256", "00", "--size", "3"],
        &["--timeout", "0"],
        &["--format", "matlab"],
    ] {
        let output = barenet(place.path(), &[&["data", "fetch"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", message(&output));
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}
