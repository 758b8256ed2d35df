//! Where a redirect leads and what of the request goes along (RFC 9110 15.4). Pure.
//!
//! A step from https down to http is followed, like any other change of origin without credentials.

use url::{Position, Url};

use super::error::Error;
use super::masked::quoted;
use super::request::{Method, Request};

/// Status codes that send the client elsewhere by themselves.
pub(super) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// Where a `Refresh` header leads at once, which browsers do like a redirect: with hardly a delay, or where there is nothing to look at
/// until then. None for one that only asks to be asked again.
///
/// After "shared declarative refresh steps" of the HTML Standard, which knows no limit but the reader's patience.
pub(super) fn refresh(from: &Url, value: &str, content: Content) -> Option<Url> {
    let value = value.trim();
    let number = value.len() - value.trim_start_matches(|character: char| character.is_ascii_digit() || character == '.').len();
    let (number, rest) = value.split_at(number);
    let seconds: f64 = match number.split_once('.') {
        Some((whole, _)) if whole.is_empty() => 0.0,
        Some((whole, _)) => whole.parse().ok()?,
        None => number.parse().ok()?,
    };
    let patience = if content == Content::Empty { MAX_WAIT } else { MAX_GLANCE };
    if seconds > patience || !rest.starts_with([';', ',', ' ', '\t']) {
        return None;
    }
    let rest = rest.trim_start();
    let rest = rest.strip_prefix([';', ',']).unwrap_or(rest).trim();
    let unnamed = |rest: &str| Some(rest.get(3..)?.trim_start().strip_prefix('=')?.trim_start().to_owned());
    let named = if rest.get(..3).is_some_and(|name| name.eq_ignore_ascii_case("url")) { unnamed(rest) } else { None };
    let rest = named.as_deref().unwrap_or(rest);
    let address = match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => rest[1..].split(quote).next().unwrap_or_default(),
        _ => rest,
    };
    if address.is_empty() {
        return None;
    }
    let to = target(from, address).ok()?;
    (to[..Position::AfterQuery] != from[..Position::AfterQuery]).then_some(to)
}

/// Whether an answer has anything to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Empty,
    Some,
}

/// In seconds, with nothing to look at.
const MAX_WAIT: f64 = 5.0;
/// In seconds: nobody has read a page by then.
const MAX_GLANCE: f64 = 1.0;

/// The URL that `location` means, seen from `from`.
///
/// # Errors
/// [`Error::InvalidLocation`] where it is no URL, [`Error::UnsupportedScheme`] where it is none of http(s).
pub(super) fn target(from: &Url, location: &str) -> Result<Url, Error> {
    let mut to = from.join(location).map_err(|_| Error::InvalidLocation { location: quoted(location) })?;
    if !matches!(to.scheme(), "http" | "https") {
        return Err(Error::UnsupportedScheme { scheme: to.scheme().to_owned() });
    }
    // RFC 9110 10.2.2: the fragment goes along unless there is a new one.
    if to.fragment().is_none() {
        to.set_fragment(from.fragment());
    }
    if !same_origin(from, &to) {
        // Neither ours for another site, nor what a site would have us say to another. Both fail only for URLs without a host.
        let _ = to.set_username("");
        let _ = to.set_password(None);
    }
    Ok(to)
}

/// Makes `request` the one that follows an answer of this status.
pub(super) fn follow(request: &mut Request, status: u16, to: Url) {
    let becomes_get = match status {
        303 => request.method != Method::HEAD,
        // Written as "may" for history's sake, done by everyone.
        301 | 302 => request.method == Method::POST,
        _ => false,
    };
    if becomes_get {
        request.method = Method::GET;
        request.body = Vec::new();
        request.headers.retain(|(name, _)| !OF_BODY.iter().any(|field| field.eq_ignore_ascii_case(name)));
    }
    if !same_origin(&request.url, &to) {
        request.headers.retain(|(name, _)| !CREDENTIALS.iter().any(|field| field.eq_ignore_ascii_case(name)));
    }
    request.url = to;
}

fn same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

const CREDENTIALS: [&str; 6] = ["Authorization", "Cookie", "Cookie2", "Proxy-Authorization", "X-Api-Key", "Api-Key"];
const OF_BODY: [&str; 6] = ["Content-Type", "Content-Encoding", "Content-Language", "Content-Location", "Digest", "Last-Modified"];

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn locations_are_relative_and_fragments_go_along() {
        let to = |from: &str, location: &str| target(&url(from), location).unwrap().to_string();
        assert_eq!(to("http://a.test/x/y?q#f", "../z"), "http://a.test/z#f");
        assert_eq!(to("http://a.test/x#f", "/y#g"), "http://a.test/y#g");
        assert_eq!(to("https://a.test/x", "//b.test/y"), "https://b.test/y");
        assert_eq!(to("http://a.test/x", "y z"), "http://a.test/y%20z");
        assert_eq!(to("http://a.test/x", ""), "http://a.test/x");
        assert!(matches!(target(&url("http://a.test/"), "javascript:alert(1)"), Err(Error::UnsupportedScheme { .. })));
        assert!(matches!(target(&url("http://a.test/"), "file:///etc/passwd"), Err(Error::UnsupportedScheme { .. })));
        assert!(matches!(target(&url("http://a.test/"), "http://[::1"), Err(Error::InvalidLocation { .. })));
    }

    #[test]
    fn a_refresh_leads_where_a_browser_would_be_at_once() {
        let to = |value, content| refresh(&url("http://a.test/x?q"), value, content).map(String::from);
        for value in ["0; url=/y", "0;URL='/y'", "0, url = \"/y\" junk", "0 /y", "0.5;/y", "1;url=/y", ".7; url=/y", " 0 ; Url=/y "] {
            assert_eq!(to(value, Content::Some).as_deref(), Some("http://a.test/y"), "{value:?}");
        }
        assert_eq!(to("0; url=urls.html", Content::Some).as_deref(), Some("http://a.test/urls.html"));
        assert_eq!(to("0; urls.html", Content::Some).as_deref(), Some("http://a.test/urls.html"));
        assert_eq!(to("5; url=/y", Content::Empty).as_deref(), Some("http://a.test/y"));
        // What asks for the same again, for patience, or for nothing that can be fetched.
        for value in [
            "5; url=/y",
            "30; url=/y",
            "0",
            "0;",
            "0; url=",
            "0; url=/x?q",
            "0; url=#top",
            "0; url=javascript:x()",
            "x; url=/y",
            "",
            "0url=/y",
        ] {
            assert_eq!(to(value, Content::Some), None, "{value:?}");
        }
        assert_eq!(to("6; url=/y", Content::Empty), None);
    }

    #[test]
    fn methods_change_as_everyone_does_it() {
        let after = |method: Method, status| {
            let mut request = Request::new(method, url("http://a.test/")).body(vec![1]).header("content-type", "x/y").header("x", "1");
            follow(&mut request, status, url("http://a.test/b"));
            (request.method.to_string(), request.body.len(), request.headers.len())
        };
        for status in [301, 302, 303] {
            assert_eq!(after(Method::POST, status), ("GET".into(), 0, 1), "{status}");
        }
        for status in [307, 308] {
            assert_eq!(after(Method::POST, status), ("POST".into(), 1, 2), "{status}");
        }
        assert_eq!(after(Method::PUT, 302), ("PUT".into(), 1, 2));
        assert_eq!(after(Method::PUT, 303), ("GET".into(), 0, 1));
        assert_eq!(after(Method::HEAD, 303), ("HEAD".into(), 1, 2));
    }

    #[test]
    fn credentials_stay_with_their_origin() {
        let names = |to: &str| {
            let mut request =
                Request::get(url("https://me:pw@a.test/")).header("authorization", "x").header("COOKIE", "y").header("accept", "z");
            let to = target(&request.url, to).unwrap();
            follow(&mut request, 302, to);
            (request.headers.len(), request.url.username().to_owned())
        };
        assert_eq!(names("/b"), (3, "me".into()));
        for other in ["https://b.test/", "http://a.test/", "https://a.test:444/", "https://you:pw@b.test/"] {
            assert_eq!(names(other), (1, String::new()), "{other}");
        }
    }
}
