//! What is shown to sites that want to know who asks: headers and cookies, each to the origin it is for and to no other. Pure.

use std::collections::HashMap;
use std::fmt;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::cookies::Jar;
use super::error::Error;
use super::frontier::{normalise, origin};
use crate::http::percent_decoded;

/// Headers by origin, and cookies by domain. They are sent to these alone: a redirect to another origin loses them. No value of them is
/// in any message, log, report or database, and `Debug` shows none.
///
/// ```
/// use smolcrawl::crawl::Credentials;
///
/// let mut credentials = Credentials::default();
/// let site = "https://docs.internal.test/".parse().unwrap();
/// credentials.header(&site, "Authorization", "Bearer s3cret")?;
/// credentials.basic(&"https://wiki.internal.test/".parse().unwrap(), "me", "s3cret")?;
/// assert!(!format!("{credentials:?}").contains("s3cret"));
/// assert!(credentials.header(&site, "X-Token", "a\nb").is_err());
/// # Ok::<(), smolcrawl::crawl::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    headers: HashMap<Box<str>, Vec<(String, String)>>,
    pub(super) cookies: Jar,
}

impl Credentials {
    /// A header for the origin of `site`: scheme, host and port. One of the same name is replaced.
    ///
    /// # Errors
    /// [`Error::Header`]: no name or value of a header (RFC 9110 5.1, 5.5), or one that is not the user's to set.
    pub fn header(&mut self, site: &Url, name: &str, value: &str) -> Result<(), Error> {
        let (name, value) = (name.trim(), value.trim());
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let why = match () {
            () if name.is_empty() || !name.bytes().all(is_token) => "its name has other characters than letters, digits and dashes",
            () if NOT_YOURS.iter().any(|other| name.eq_ignore_ascii_case(other)) => "it is set by the connection itself",
            () if value.is_empty() => "it has no value",
            () if value.bytes().any(|byte| !(b' '..=b'~').contains(&byte)) => "its value has other characters than printable ASCII",
            () => {
                let headers = self.headers.entry(origin(site)).or_default();
                headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
                headers.push((name.to_owned(), value.to_owned()));
                return Ok(());
            }
        };
        Err(Error::Header { name: name.chars().take(100).collect(), why })
    }

    /// User and password for the origin of `site` (RFC 7617, UTF-8).
    ///
    /// # Errors
    /// [`Error::Header`]: a user with a colon in it.
    pub fn basic(&mut self, site: &Url, user: &str, password: &str) -> Result<(), Error> {
        if user.contains(':') {
            return Err(Error::Header { name: "Authorization".to_owned(), why: "a user's name has no colon in it" });
        }
        self.header(site, "Authorization", &format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
    }

    /// The user and password that stand in a URL as a user writes it (RFC 3986 3.2.1), for its origin.
    ///
    /// # Errors
    /// As [`Credentials::basic`].
    pub fn of_url(&mut self, url: &Url) -> Result<(), Error> {
        if url.username().is_empty() && url.password().is_none() {
            return Ok(());
        }
        // What it is shown to is known by its address, and that is without it.
        let site = normalise(url.clone());
        let plain = |text: &str| String::from_utf8_lossy(&percent_decoded(text)).into_owned();
        self.basic(&site, &plain(url.username()), &plain(url.password().unwrap_or_default()))
    }

    /// Cookies from a file in Netscape's format, as browsers, curl and wget write it. How many there are.
    ///
    /// # Errors
    /// [`Error::CookieFile`], with the line.
    pub fn cookies(&mut self, text: &str, now: SystemTime) -> Result<usize, Error> {
        self.cookies.netscape(text, now).map_err(|line| Error::CookieFile { line })
    }

    /// All of another's too; of headers of one name those of the other.
    pub fn add(&mut self, other: &Self) {
        for (origin, headers) in &other.headers {
            let mine = self.headers.entry(origin.clone()).or_default();
            mine.retain(|(name, _)| !headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)));
            mine.extend(headers.iter().cloned());
        }
        self.cookies.add(&other.cookies);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.headers.is_empty() && self.cookies.is_empty()
    }

    /// What a request to this address carries.
    pub(super) fn headers(&self, url: &Url) -> &[(String, String)] {
        self.headers.get(&origin(url)).map_or(&[], |headers| headers)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.headers.iter().map(|(origin, headers)| (origin, headers.iter().map(|(name, _)| name).collect::<Vec<_>>()));
        f.debug_struct("Credentials").field("headers", &names.collect::<Vec<_>>()).field("cookies", &self.cookies).finish()
    }
}

/// They say how a message is sent, not who sends it.
const NOT_YOURS: [&str; 9] =
    ["Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "TE", "Trailer", "Accept-Encoding", "Expect"];

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn headers_are_for_their_origin_alone() {
        let mut credentials = Credentials::default();
        credentials.header(&url("https://a.test/x"), "Authorization", " Bearer 1 ").unwrap();
        credentials.header(&url("https://a.test/y"), "authorization", "Bearer 2").unwrap();
        let of = |address: &str| credentials.headers(&url(address)).to_vec();
        assert_eq!(of("https://a.test/z?q"), [("authorization".to_owned(), "Bearer 2".to_owned())]);
        for other in ["http://a.test/", "https://a.test:444/", "https://w.a.test/", "https://b.test/"] {
            assert_eq!(of(other), [], "{other}");
        }
        let mut both = Credentials::default();
        both.basic(&url("https://a.test/"), "me", "p:w").unwrap();
        both.header(&url("https://b.test/"), "X-Key", "k").unwrap();
        assert_eq!(both.headers(&url("https://a.test/"))[0].1, "Basic bWU6cDp3");
        both.add(&credentials);
        assert_eq!((both.headers(&url("https://a.test/")).len(), &*both.headers(&url("https://a.test/"))[0].1), (1, "Bearer 2"));
        assert_eq!(both.headers(&url("https://b.test/")).len(), 1);
        assert!(!both.is_empty() && Credentials::default().is_empty());
    }

    #[test]
    fn a_user_in_a_url_is_shown_to_its_origin_alone() {
        let mut credentials = Credentials::default();
        credentials.of_url(&url("https://a.test/x")).unwrap();
        assert!(credentials.is_empty());
        credentials.of_url(&url("https://m%C3%A9:p%3Aw@a.test/x")).unwrap();
        assert_eq!(credentials.headers(&url("https://a.test/y"))[0].1, format!("Basic {}", STANDARD.encode("mé:p:w")));
        assert!(credentials.headers(&url("http://a.test/")).is_empty() && credentials.headers(&url("https://b.test/")).is_empty());
        assert!(credentials.of_url(&url("https://m%3Ae:x@a.test/")).is_err());
        assert!(!format!("{credentials:?}").contains("p%3Aw"));
    }

    #[test]
    fn what_is_no_header_is_refused_without_its_value() {
        let mut credentials = Credentials::default();
        for (name, value) in [
            ("", "x"),
            ("a b", "x"),
            ("X", ""),
            ("X", "s3cret\r\nY: z"),
            ("Host", "s3cret"),
            ("X", "s3crét"),
            ("transfer-encoding", "s3cret"),
        ] {
            let error = credentials.header(&url("https://a.test/"), name, value).unwrap_err();
            assert!(!error.to_string().contains("s3cr") && error.hint().is_some(), "{error}");
        }
        assert!(credentials.basic(&url("https://a.test/"), "m:e", "s3cret").is_err());
        assert!(credentials.is_empty() || credentials.headers(&url("https://a.test/")).is_empty());
        assert_eq!(
            credentials.cookies("x\n", SystemTime::now()).unwrap_err().to_string(),
            "line 1 of the cookies is none in Netscape's format"
        );
    }
}
