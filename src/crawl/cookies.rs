//! Cookies for the time of a crawl: what a site sets is shown to it again (RFC 6265, as browsers keep it). Pure: the clock is an argument.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::time::{Duration, SystemTime};

use url::{Host, Url};

/// Cookies by the domain they are for.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Jar {
    domains: HashMap<Box<str>, Vec<Cookie>>,
    /// Domains with cookies, the first that got one first.
    in_order: VecDeque<Box<str>>,
}

#[derive(Clone, PartialEq, Eq)]
struct Cookie {
    name: String,
    value: String,
    path: String,
    /// Only to the host that set it.
    is_of_host: bool,
    is_secure: bool,
    expires: Option<SystemTime>,
}

impl Jar {
    /// What a `Set-Cookie` header says (RFC 6265 5.2 and 5.3). What may not be set is not.
    pub(super) fn set(&mut self, url: &Url, header: &str, now: SystemTime) {
        if header.len() > LONGEST || header.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
            return;
        }
        let mut parts = header.split(';');
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let (name, value) = (name.trim(), value.trim());
        let Some(host) = url.host_str().filter(|_| !name.is_empty()) else { return };
        let mut cookie = Cookie {
            name: name.to_owned(),
            value: value.to_owned(),
            path: default_path(url),
            is_of_host: true,
            is_secure: false,
            expires: None,
        };
        let mut domain = host.to_owned();
        let mut is_of_age = false;
        for part in parts {
            let (attribute, said) = part.split_once('=').map_or((part.trim(), ""), |(name, said)| (name.trim(), said.trim()));
            match &*attribute.to_ascii_lowercase() {
                "secure" => cookie.is_secure = true,
                "path" if said.starts_with('/') => said.clone_into(&mut cookie.path),
                "domain" if !said.is_empty() => {
                    let said = said.trim_start_matches('.').to_ascii_lowercase();
                    if said == host && is_public(&said) {
                        continue;
                    }
                    if !is_within(host, &said) || is_public(&said) {
                        return;
                    }
                    cookie.is_of_host = matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_)));
                    domain = said;
                }
                // It has precedence over the date, wherever it stands.
                "max-age" => {
                    if let Ok(seconds) = said.parse::<i64>() {
                        let ahead = Duration::from_secs(seconds.clamp(0, MOST_SECONDS).unsigned_abs());
                        (cookie.expires, is_of_age) = (Some(now + ahead), true);
                    }
                }
                "expires" if !is_of_age => cookie.expires = date(said),
                _ => {}
            }
        }
        let of_host = cookie.is_of_host && cookie.path == "/" && cookie.is_secure;
        let is_https = url.scheme() == "https";
        if cookie.is_secure && !is_https || name.starts_with("__Secure-") && !cookie.is_secure || name.starts_with("__Host-") && !of_host {
            return;
        }
        self.keep(domain, cookie, now);
    }

    fn keep(&mut self, domain: String, cookie: Cookie, now: SystemTime) {
        let domain: Box<str> = domain.into();
        if !self.domains.contains_key(&domain) {
            if self.in_order.len() >= MOST_DOMAINS
                && let Some(oldest) = self.in_order.pop_front()
            {
                self.domains.remove(&oldest);
            }
            self.in_order.push_back(domain.clone());
        }
        let cookies = self.domains.entry(domain).or_default();
        let is_over = cookie.expires.is_some_and(|at| at <= now);
        let same = |old: &Cookie| old.name == cookie.name && old.path == cookie.path && old.is_of_host == cookie.is_of_host;
        match cookies.iter().position(same) {
            Some(at) if is_over => drop(cookies.remove(at)),
            // In its place (RFC 6265 5.3, 11.3): what is shown changes by what is set only.
            Some(at) => cookies[at] = cookie,
            None if is_over => {}
            None => {
                if cookies.len() >= MOST_OF_A_DOMAIN {
                    cookies.remove(0);
                }
                cookies.push(cookie);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.domains.is_empty()
    }

    /// All of another's too.
    pub(super) fn add(&mut self, other: &Self) {
        for domain in &other.in_order {
            for cookie in other.domains.get(domain).into_iter().flatten() {
                self.keep(domain.to_string(), cookie.clone(), SystemTime::UNIX_EPOCH);
            }
        }
    }

    /// The value of `Cookie` for a request (RFC 6265 5.4): longer paths first.
    pub(super) fn header(&self, url: &Url, now: SystemTime) -> Option<String> {
        let host = url.host_str()?;
        let mut fitting: Vec<&Cookie> = Vec::new();
        let parents = host.match_indices('.').map(|(at, _)| &host[at + 1..]);
        for domain in std::iter::once(host).chain(parents) {
            let cookies = self.domains.get(domain).into_iter().flatten();
            fitting.extend(cookies.filter(|cookie| {
                (domain == host || !cookie.is_of_host)
                    && is_below(url.path(), &cookie.path)
                    && (!cookie.is_secure || url.scheme() == "https")
                    && cookie.expires.is_none_or(|at| at > now)
            }));
        }
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> = fitting.iter().take(MOST_OF_A_DOMAIN).map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// The lines of a file in Netscape's format, as browsers and curl write it: domain, whether its hosts are meant, path, whether for https
    /// only, the end as seconds since 1970 (0: with the session), name and value, with tabs between. How many were read, or the number of the
    /// first line that is none.
    pub(super) fn netscape(&mut self, text: &str, now: SystemTime) -> Result<usize, usize> {
        let mut count = 0;
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            // So they mark those that scripts do not see.
            let line = line.strip_prefix("#HttpOnly_").unwrap_or(line).trim_end_matches('\r');
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let fields: Vec<&str> = line.split('\t').collect();
            let &[domain, with_hosts, path, secure, end, name, value] = &fields[..] else { return Err(number) };
            let end: u64 = end.trim().parse().map_err(|_| number)?;
            let flag = |text: &str| match text.to_ascii_uppercase().as_str() {
                "TRUE" => Ok(true),
                "FALSE" => Ok(false),
                _ => Err(number),
            };
            if line.len() > LONGEST || domain.is_empty() || !path.starts_with('/') || value.bytes().any(|byte| byte.is_ascii_control()) {
                return Err(number);
            }
            let expires = if end == 0 { None } else { SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(end)) };
            let cookie = Cookie {
                name: name.to_owned(),
                value: value.to_owned(),
                path: path.to_owned(),
                is_of_host: !flag(with_hosts)?,
                is_secure: flag(secure)?,
                expires,
            };
            self.keep(domain.trim_start_matches('.').to_ascii_lowercase(), cookie, now);
            count += 1;
        }
        Ok(count)
    }
}

/// One value of `Cookie`, as a request has no more than one (RFC 6265 5.4): what the user has set, then what the site has. Of one name that of
/// the site, which is newer.
pub(super) fn merged(own: &str, kept: &str) -> String {
    let name = |pair: &str| pair.split('=').next().unwrap_or_default().trim().to_owned();
    let newer: HashSet<String> = kept.split(';').map(name).collect();
    let own = own.split(';').map(str::trim).filter(|pair| !pair.is_empty() && !newer.contains(&name(pair)));
    own.chain([kept]).collect::<Vec<_>>().join("; ")
}

/// No values: they are secrets.
impl fmt::Debug for Jar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts: Vec<_> = self.in_order.iter().filter_map(|domain| Some((domain, self.domains.get(domain)?.len()))).collect();
        f.debug_struct("Jar").field("cookies", &counts).finish()
    }
}

/// RFC 6265 5.1.4.
fn default_path(url: &Url) -> String {
    match url.path().rfind('/') {
        None | Some(0) => "/".to_owned(),
        Some(at) => url.path()[..at].to_owned(),
    }
}

/// Path-match (RFC 6265 5.1.4).
fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || folder.ends_with('/') || rest.starts_with('/'))
}

/// Domain-match (RFC 6265 5.1.3).
fn is_within(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// A name below which anybody may register: a cookie for all of them would be for strangers.
fn is_public(domain: &str) -> bool {
    domain.parse::<std::net::IpAddr>().is_err() && psl::domain_str(domain).is_none() && domain.contains('.')
        || psl::suffix_str(domain) == Some(domain) && psl::domain_str(domain).is_none() && domain != "localhost"
}

/// Dates as cookies have them: with dashes or without, with years of two digits, on whatever day of the week. One that cannot be read ends
/// with the crawl.
fn date(text: &str) -> Option<SystemTime> {
    let mut words =
        text.split([' ', '-', ',']).filter(|word| !word.is_empty()).skip_while(|word| !word.starts_with(|c: char| c.is_ascii_digit()));
    let (day, month, year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let (day, year): (u8, u32) = (day.parse().ok()?, year.parse().ok()?);
    let year = match year {
        0..70 => 2_000 + year,
        70..100 => 1_900 + year,
        _ => year,
    };
    let of = |weekday: &str| httpdate::parse_http_date(&format!("{weekday}, {day:02} {month} {year} {time} GMT")).ok();
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].into_iter().find_map(of)
}

/// Bytes of a cookie with its attributes (RFC 6265 6.1).
const LONGEST: usize = 4_096;
/// As many of a domain as RFC 6265 6.1 asks for at least, and domains, as crawls seldom have more than one.
const MOST_OF_A_DOMAIN: usize = 50;
const MOST_DOMAINS: usize = 200;
/// 400 days, as browsers have it.
const MOST_SECONDS: i64 = 400 * 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
    }

    fn shown(jar: &Jar, to: &str) -> String {
        jar.header(&url(to), at(0)).unwrap_or_default()
    }

    #[test]
    fn a_cookie_is_shown_where_it_is_for_and_nowhere_else() {
        for (from, header, yes, no) in [
            ("https://a.test/x/y", "s=1", "https://a.test/x/z https://a.test/x", "https://a.test/ https://b.a.test/x/z https://a.test/xy"),
            ("https://a.test/x/y", "s=1; Path=/", "https://a.test/ http://a.test/q", "https://b.test/"),
            ("https://a.test/", "s=1; secure; PATH=/", "https://a.test/", "http://a.test/"),
            ("https://w.a.test/", "s=1; Domain=a.test; Path=/", "https://a.test/ https://v.a.test/ https://w.a.test/", "https://ba.test/"),
            ("https://w.a.test/", "s=1; Domain=.A.test", "https://a.test/", "https://a.test.evil.test/"),
            ("http://127.0.0.1/", "s=1", "http://127.0.0.1/ http://127.0.0.1:81/x", "http://1.127.0.0.1.test/"),
            ("https://a.test/", "s=1; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "https://a.test/", ""),
            ("https://a.test/", "s=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT", "https://a.test/", ""),
            ("https://a.test/", "s=1; Expires=Wed, 21-Oct-99 07:28:00 GMT", "", "https://a.test/"),
            ("https://a.test/", "s=1; Expires=soon", "https://a.test/", ""),
        ] {
            let mut jar = Jar::default();
            jar.set(&url(from), header, at(0));
            yes.split_ascii_whitespace().for_each(|to| assert_eq!(shown(&jar, to), "s=1", "{header}: {to}"));
            no.split_ascii_whitespace().for_each(|to| assert_eq!(shown(&jar, to), "", "{header}: {to}"));
        }
    }

    #[test]
    fn what_may_not_be_set_is_not() {
        for (from, header) in [
            ("https://a.test/", "s=1; Domain=b.test"),
            ("https://a.test/", "s=1; Domain=w.a.test"),
            ("https://a.co.uk/", "s=1; Domain=co.uk"),
            ("https://a.github.io/", "s=1; Domain=github.io"),
            ("https://a.test/", "s=1; Domain=test"),
            ("http://a.test/", "s=1; Secure"),
            ("https://a.test/", "__Secure-s=1"),
            ("https://a.test/x/", "__Host-s=1; Secure"),
            ("https://w.a.test/", "__Host-s=1; Secure; Path=/; Domain=a.test"),
            ("https://a.test/", "s"),
            ("https://a.test/", "=1"),
            ("https://a.test/", "s=1\r\nX: y"),
            ("https://a.test/", "s=1; Max-Age=0"),
            ("https://a.test/", "s=1; Max-Age=-5"),
        ] {
            let mut jar = Jar::default();
            jar.set(&url(from), header, at(0));
            for to in [
                "https://a.test/x/",
                "https://w.a.test/",
                "https://b.test/",
                "https://x.co.uk/",
                "https://a.co.uk/",
                "https://a.github.io/",
            ] {
                assert_eq!(shown(&jar, to), "", "{header}: {to}");
            }
        }
        let mut jar = Jar::default();
        jar.set(&url("https://a.test/"), &format!("s={}", "x".repeat(5_000)), at(0));
        assert_eq!(shown(&jar, "https://a.test/"), "");
    }

    #[test]
    fn a_cookie_is_replaced_removed_and_ends() {
        let (mut jar, here) = (Jar::default(), url("https://a.test/"));
        jar.set(&here, "s=1; Max-Age=10", at(0));
        jar.set(&here, "t=1; Path=/x", at(0));
        jar.set(&here, "s=2; Max-Age=10", at(0));
        assert_eq!(shown(&jar, "https://a.test/x"), "t=1; s=2");
        assert_eq!(jar.header(&here, at(10)), None);
        jar.set(&here, "s=; Max-Age=0", at(0));
        assert_eq!(shown(&jar, "https://a.test/x"), "t=1");
        for number in 0..200 {
            jar.set(&here, &format!("n{number}=1"), at(0));
        }
        assert_eq!(shown(&jar, "https://a.test/").split("; ").count(), MOST_OF_A_DOMAIN);
        for number in 0..1_000 {
            jar.set(&url(&format!("https://h{number}.test/")), "s=1", at(0));
        }
        assert_eq!((jar.domains.len(), jar.in_order.len()), (MOST_DOMAINS, MOST_DOMAINS));
        assert!(!format!("{jar:?}").contains("s=1"));
    }

    #[test]
    fn files_of_browsers_are_read() {
        let mut jar = Jar::default();
        let text = "# Netscape HTTP Cookie File\r\n\r\n.a.test\tTRUE\t/\tFALSE\t0\ts\tall\r\n#HttpOnly_b.test\tFALSE\t/x\tTRUE\t4000000000\tt\t\r\n\
                    c.test\tFALSE\t/\tFALSE\t1\told\tx\n";
        assert_eq!(jar.netscape(text, at(0)), Ok(3));
        assert_eq!(shown(&jar, "http://w.a.test/y"), "s=all");
        assert_eq!(
            (shown(&jar, "https://b.test/x/y"), shown(&jar, "http://b.test/x"), shown(&jar, "https://w.b.test/x")),
            ("t=".into(), "".into(), "".into())
        );
        assert_eq!(shown(&jar, "https://c.test/"), "", "it has ended");
        for (text, line) in
            [("a.test FALSE / FALSE 0 s 1", 1), ("#\n\na.test\tno\t/\tFALSE\t0\ts\t1", 3), ("a.test\tTRUE\tx\tTRUE\t0\ts\t1", 1)]
        {
            assert_eq!(Jar::default().netscape(text, at(0)), Err(line), "{text}");
        }
    }
}
