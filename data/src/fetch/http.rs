//! One request for what is missing of a file.

use super::proxy::Proxies;
use std::io::Read;
use std::time::Duration;
use ureq::http::Uri;
use ureq::http::header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderName, LOCATION, RANGE};
use ureq::{Agent, Proxy};

/// Redirects that are followed for one request.
const MAX_REDIRECTS: usize = 10;

/// Asks servers.
#[derive(Debug)]
pub(super) struct Client {
    patience: Duration,
    proxies: Proxies,
}

/// Answer of a server.
pub(super) struct Reply {
    /// Its place in the file.
    pub(super) start: u64,
    /// The length of the whole file, if the server says it.
    pub(super) total: Option<u64>,
    /// The bytes.
    pub(super) body: Box<dyn Read>,
}

/// Why a mirror could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) problem: String,
    /// Whether the mirror may do better another time.
    pub(super) may_pass: bool,
}

impl Failure {
    pub(super) fn for_good(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), may_pass: false }
    }

    pub(super) fn for_now(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), may_pass: true }
    }
}

impl Client {
    pub(super) const fn new(patience: Duration, proxies: Proxies) -> Self {
        Self { patience, proxies }
    }

    /// Asks for a file from byte `from` on. The server may send all of it instead.
    pub(super) fn get(&self, url: &str, from: u64) -> Result<Reply, Failure> {
        let mut url = url.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.ask(&url, from)?;
            let header = |name: HeaderName| {
                let value = response.headers().get(name)?;
                Some(value.to_str().ok()?.trim().to_owned())
            };
            let status = response.status().as_u16();
            match status {
                200 => {
                    let total = header(CONTENT_LENGTH).and_then(|len| len.parse().ok());
                    return Ok(Reply { start: 0, total, body: reader(response) });
                }
                206 => {
                    let range = header(CONTENT_RANGE).unwrap_or_default();
                    let Some((start, total)) = parse_range(&range) else {
                        return Err(Failure::for_good(format!("sent the range {range:?}")));
                    };
                    if start != from {
                        let problem = format!("sent a range from {start}, asked for {from}");
                        return Err(Failure::for_good(problem));
                    }
                    return Ok(Reply { start, total, body: reader(response) });
                }
                301 | 302 | 303 | 307 | 308 => {
                    let to = header(LOCATION).unwrap_or_default();
                    let Some(next) = resolve(&url, &to) else {
                        return Err(Failure::for_good(format!("redirects to {to:?}")));
                    };
                    url = next;
                }
                408 | 429 | 500.. => return Err(Failure::for_now(format!("HTTP status {status}"))),
                _ => return Err(Failure::for_good(format!("HTTP status {status}"))),
            }
        }
        Err(Failure::for_good(format!("redirects more than {MAX_REDIRECTS} times")))
    }

    fn ask(&self, url: &str, from: u64) -> Result<ureq::http::Response<ureq::Body>, Failure> {
        let uri =
            parse(url).ok_or_else(|| Failure::for_good("not an http:// or https:// address"))?;
        let is_https = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let proxy = match self.proxies.proxy_for(is_https, uri.host().unwrap_or_default(), port) {
            None => None,
            // The address may have a password in it, so it is not repeated.
            Some(address) => Some(Proxy::new(address).map_err(|e| {
                Failure::for_good(format!("the proxy that the environment names: {e}"))
            })?),
        };
        let has_proxy = proxy.is_some();
        // ureq asks for an address on another thread if that may take only so long, and panics where the
        // system starts none.
        let has_threads = std::thread::Builder::new().spawn(|| ()).is_ok();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // Each hop may need another proxy; and ureq reads the body of a redirect, however long.
            .max_redirects(0)
            .proxy(proxy)
            .user_agent(concat!("barenet/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(has_threads.then_some(self.patience))
            .timeout_connect(Some(self.patience))
            .timeout_recv_response(Some(self.patience))
            .timeout_per_read(Some(self.patience))
            .build();
        let mut request = Agent::new_with_config(config).get(uri);
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        let by_proxy = if has_proxy { ", by the proxy that the environment names" } else { "" };
        request.call().map_err(|error| match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => Failure::for_good(error.to_string()),
            ureq::Error::Io(error) => Failure::for_now(format!("{error}{by_proxy}")),
            error => Failure::for_now(format!("{error}{by_proxy}")),
        })
    }
}

fn reader(response: ureq::http::Response<ureq::Body>) -> Box<dyn Read> {
    Box::new(response.into_body().into_reader())
}

/// An address that can be asked.
pub(super) fn parse(url: &str) -> Option<Uri> {
    let uri: Uri = url.parse().ok()?;
    matches!(uri.scheme_str(), Some("http" | "https")).then_some(())?;
    uri.host().filter(|host| !host.is_empty())?;
    Some(uri)
}

/// The start and the length of the whole in `bytes 5-9/10`.
fn parse_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let start = range.split_once('-')?.0.trim().parse().ok()?;
    let total = if total == "*" { None } else { Some(total.trim().parse().ok()?) };
    Some((start, total))
}

/// Target of a redirect, which may be relative to where it comes from.
fn resolve(from: &str, to: &str) -> Option<String> {
    let base = parse(from)?;
    let (scheme, host) = (base.scheme_str()?, base.authority()?);
    let url = if to.is_empty() {
        return None;
    } else if to.contains("://") {
        to.to_owned()
    } else if to.starts_with("//") {
        format!("{scheme}:{to}")
    } else if to.starts_with('/') {
        format!("{scheme}://{host}{to}")
    } else {
        let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{scheme}://{host}{folder}/{to}")
    };
    parse(&url).map(|_| url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_resolved_against_where_they_come_from() {
        let from = "http://a.org:81/x/y?z";
        for (to, expected) in [
            ("https://b.org/c", Some("https://b.org/c")),
            ("//b.org/c", Some("http://b.org/c")),
            ("/c?d", Some("http://a.org:81/c?d")),
            ("c", Some("http://a.org:81/x/c")),
            ("", None),
            ("file:///etc/passwd", None),
            ("http://", None),
        ] {
            assert_eq!(resolve(from, to).as_deref(), expected, "{to}");
        }
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(parse_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(parse_range("bytes 5-9/*"), Some((5, None)));
        for wrong in ["", "bytes", "bytes */10", "bytes -5/10", "5-9/10", "bytes 5-9/ten"] {
            assert_eq!(parse_range(wrong), None, "{wrong}");
        }
    }
}
