//! What the addresses in a page are relative to: its own address, or what `<base>` says, and the encoding in which its queries are sent.
//! One place decides how long an address may be.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};
use url::{ParseError, Url};

use crate::extract::allowance::LONGEST;

#[derive(Clone, Debug)]
pub(super) struct Base {
    url: Url,
    /// None where queries are sent as UTF-8.
    queries: Option<&'static Encoding>,
}

/// Why there is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unresolved {
    NotAnAddress,
    /// Longer than [`LONGEST`], or relative to what is.
    TooLong,
}

impl Base {
    /// Of a page at `url` whose text is in this encoding: <https://url.spec.whatwg.org/#query-state> and
    /// <https://encoding.spec.whatwg.org/#get-an-output-encoding>.
    pub(super) fn of(url: &Url, encoding: &'static Encoding) -> Self {
        let encoding = encoding.output_encoding();
        Self { url: url.clone(), queries: Some(encoding).filter(|encoding| *encoding != UTF_8) }
    }

    /// The same with what `<base href>` says. However long that is: what is relative to it is not relative to something else then.
    pub(super) fn with(self, declared: Option<&str>) -> Self {
        let declared = declared.and_then(|href| self.parse(href.trim()).ok()).filter(|base| !base.cannot_be_a_base());
        Self { url: declared.unwrap_or(self.url), ..self }
    }

    /// Where `link` leads.
    pub(super) fn join(&self, link: &str) -> Result<Url, Unresolved> {
        let is_long = |text: &str| text.len() > LONGEST;
        let found = match is_long(link) || is_long(self.url.as_str()) {
            false => self.parse(link),
            // A base that long costs its length for each link.
            true => match Url::parse(link) {
                Err(ParseError::RelativeUrlWithoutBase) => return Err(Unresolved::TooLong),
                found => found,
            },
        };
        let mut found = found.map_err(|_| Unresolved::NotAnAddress)?;
        // What a page gives away of its author's passwords is not given on; the user of `ssh://git@host/` is part of the address.
        if matches!(found.scheme(), "http" | "https") {
            // Both fail only where there can be none.
            let _ = found.set_username("");
            let _ = found.set_password(None);
        }
        if is_long(found.as_str()) { Err(Unresolved::TooLong) } else { Ok(found) }
    }

    /// Whether a link leads to a file that lies beside the page, which is a file: the root of its site is not known.
    pub(super) fn has_beside(&self, target: &Url, href: &str) -> bool {
        let is_relative = !href.trim_start().starts_with(['/', '\\']) && Url::parse(href) == Err(ParseError::RelativeUrlWithoutBase);
        self.url.scheme() == "file" && target.scheme() == "file" && is_relative
    }

    /// Whether relative addresses are of the web.
    pub(super) fn is_of_web(&self) -> bool {
        matches!(self.url.scheme(), "http" | "https")
    }

    fn parse(&self, link: &str) -> Result<Url, ParseError> {
        let encode = encoder(self.queries.unwrap_or(UTF_8));
        let options = Url::options().base_url(Some(&self.url));
        match self.queries {
            Some(_) if !link.is_ascii() => options.encoding_override(Some(&encode)).parse(link),
            _ => options.parse(link),
        }
    }
}

fn encoder(encoding: &'static Encoding) -> impl Fn(&str) -> Cow<'_, [u8]> {
    |text| encoding.encode(text).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{UTF_16LE, WINDOWS_1251, WINDOWS_1252};

    fn base(encoding: &'static Encoding) -> Base {
        Base::of(&Url::parse("https://docs.test/a/b").unwrap(), encoding)
    }

    #[test]
    fn queries_are_sent_in_the_encoding_of_the_page_and_nothing_else_is() {
        for (encoding, link, wanted) in [
            (WINDOWS_1252, "é?é#é", "https://docs.test/a/%C3%A9?%E9#%C3%A9"),
            (WINDOWS_1251, "?ж", "https://docs.test/a/b?%E6"),
            (UTF_8, "?é", "https://docs.test/a/b?%C3%A9"),
            (UTF_16LE, "?é", "https://docs.test/a/b?%C3%A9"),
        ] {
            assert_eq!(base(encoding).join(link).unwrap().as_str(), wanted);
        }
    }

    #[test]
    fn passwords_in_links_are_not_given_on() {
        assert_eq!(base(UTF_8).join("https://me:secret@docs.test/x").unwrap().as_str(), "https://docs.test/x");
        assert_eq!(base(UTF_8).join("ssh://git@docs.test/x").unwrap().as_str(), "ssh://git@docs.test/x");
    }

    #[test]
    fn what_is_too_long_is_told_from_what_is_none() {
        let long = "x".repeat(LONGEST);
        assert_eq!(base(UTF_8).join(&long), Err(Unresolved::TooLong));
        assert_eq!(base(UTF_8).join(&format!("https://docs.test/{long}")), Err(Unresolved::TooLong));
        assert_eq!(base(UTF_8).join("https://[").err(), Some(Unresolved::NotAnAddress));
        assert_eq!(base(UTF_8).join(&long[..1_000]).map(|url| url.as_str().len()), Ok(1_020));
        let below = base(UTF_8).with(Some(&format!("/{long}/")));
        assert_eq!(below.join("p"), Err(Unresolved::TooLong));
        assert_eq!(below.join("https://docs.test/p").unwrap().as_str(), "https://docs.test/p");
        assert_eq!(base(UTF_8).with(Some("javascript:x")).join("c").unwrap().as_str(), "https://docs.test/a/c");
    }
}
