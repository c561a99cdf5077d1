//! Which proxy a request goes through, as `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`
//! say, in lower or upper case.

use std::env;

/// The proxies that the environment names.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxies {
    http: Option<String>,
    https: Option<String>,
    /// Hosts that are asked without one.
    direct: Vec<String>,
}

impl Proxies {
    pub(super) fn from_env() -> Self {
        Self::from_variables(|name| env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| {
            let value = variable(name).or_else(|| variable(&name.to_uppercase()));
            value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let all = value("all_proxy");
        let direct = value("no_proxy").unwrap_or_default();
        Self {
            http: value("http_proxy").or_else(|| all.clone()),
            https: value("https_proxy").or(all),
            direct: direct.split([',', ' ']).map(str::to_lowercase).collect(),
        }
    }

    /// The address of the proxy for a request.
    pub(super) fn proxy_for(&self, is_https: bool, host: &str, port: u16) -> Option<&str> {
        let host = host.to_lowercase();
        if self.direct.iter().any(|entry| matches(entry, &host, port)) {
            return None;
        }
        if is_https { self.https.as_deref() } else { self.http.as_deref() }
    }
}

/// Whether an entry of `no_proxy` means a host: `*`, the host, a domain that it is in, each perhaps
/// with a port.
fn matches(entry: &str, host: &str, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    let (name, entry_port) = match entry.rsplit_once(':') {
        // Not the colons of an IPv6 address.
        Some((name, digits)) if !name.contains(':') || name.ends_with(']') => {
            (name, digits.parse::<u16>().ok())
        }
        _ => (entry, None),
    };
    let bare = |name: &str| name.trim_matches(['[', ']']).to_owned();
    let (name, host) = (bare(name.trim_start_matches('*').trim_start_matches('.')), bare(host));
    let is_within =
        host.strip_suffix(&*name).is_some_and(|before| before.is_empty() || before.ends_with('.'));
    !name.is_empty() && is_within && entry_port.is_none_or(|entry_port| entry_port == port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        Proxies::from_variables(|wanted| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn each_scheme_has_its_proxy() {
        let some = proxies(&[("http_proxy", "a:1"), ("HTTPS_PROXY", "b:2")]);
        assert_eq!(some.proxy_for(false, "x.org", 80), Some("a:1"));
        assert_eq!(some.proxy_for(true, "x.org", 443), Some("b:2"));
        let all = proxies(&[("all_proxy", "c:3"), ("http_proxy", "")]);
        assert_eq!(all.proxy_for(false, "x.org", 80), Some("c:3"));
        assert_eq!(all.proxy_for(true, "x.org", 443), Some("c:3"));
        assert_eq!(proxies(&[]).proxy_for(true, "x.org", 443), None);
    }

    #[test]
    fn hosts_of_no_proxy_are_asked_directly() {
        let list = "localhost, .lan,example.org *.dev,10.0.0.1,[::1],host:8080";
        let some = proxies(&[("all_proxy", "p"), ("no_proxy", list)]);
        let direct = |host, port| some.proxy_for(false, host, port).is_none();
        for host in ["localhost", "a.lan", "example.org", "WWW.Example.org", "a.dev", "10.0.0.1"] {
            assert!(direct(host, 80), "{host}");
        }
        assert!(direct("[::1]", 80) && direct("host", 8080));
        for host in ["notlocalhost", "badexample.org", "110.0.0.1", "example.org.uk", "host"] {
            assert!(!direct(host, 80), "{host}");
        }
        assert!(
            proxies(&[("all_proxy", "p"), ("NO_PROXY", "*")]).proxy_for(true, "x", 1).is_none()
        );
    }
}
