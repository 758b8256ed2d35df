//! What of foreign or secret text may be shown: in errors, in logs, in `Debug`. The one place that knows what a secret looks like in a URL.

use std::fmt::{self, Write};

use url::Url;

/// `url` as it may be shown to people and written to logs: without user name and password, and with `***` for the value of each parameter
/// whose name looks like that of a secret (`api-key`, `access_token`, `X-Amz-Signature` …), in the query and in a fragment of that form.
///
/// For the eyes only: asking for it asks for something else.
///
/// ```
/// let url = "https://me:pw@docs.test/a?api-key=s3cret&page=2".parse().unwrap();
/// assert_eq!(smolcrawl::http::masked(&url).as_str(), "https://docs.test/a?api-key=***&page=2");
/// ```
pub fn masked(url: &Url) -> Url {
    let mut shown = without_userinfo(url);
    if let Some(query) = url.query().and_then(masked_parameters) {
        shown.set_query(Some(&query));
    }
    if let Some(fragment) = url.fragment().and_then(masked_parameters) {
        shown.set_fragment(Some(&fragment));
    }
    shown
}

/// The same of what was meant as a URL and may be none: user name and password are told as `***`, as they may have been forgotten.
///
/// ```
/// use smolcrawl::http::masked_text;
///
/// assert_eq!(masked_text("http//me:secret@docs.test/?api_key=secret&page=2"), "http//***@docs.test/?api_key=***&page=2");
/// assert_eq!(masked_text("docs.test/@me"), "docs.test/@me");
/// ```
pub fn masked_text(text: &str) -> String {
    let (before, rest) = text.split_once("//").map_or(("", text), |(scheme, rest)| (&text[..scheme.len() + 2], rest));
    let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (rest, fragment) = rest.split_once('#').map_or((rest, None), |(rest, fragment)| (rest, Some(fragment)));
    let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
    let mut shown = before.to_owned();
    match authority.rsplit_once('@') {
        Some((_, host)) => shown.extend(["***@", host]),
        None => shown.push_str(authority),
    }
    shown.push_str(path);
    for (mark, parameters) in [('?', query), ('#', fragment)] {
        if let Some(parameters) = parameters {
            shown.push(mark);
            shown.push_str(masked_parameters(parameters).as_deref().unwrap_or(parameters));
        }
    }
    shown
}

/// Without user name and password, else the same: where an answer came from.
pub(super) fn without_userinfo(url: &Url) -> Url {
    let mut url = url.clone();
    // Both fail only for URLs that cannot have a user name in the first place.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

/// Foreign text as it may stand in a message: at most so many characters, none of which moves the cursor, ends the line or turns the
/// direction of writing. `…` stands for what is left out.
///
/// ```
/// assert_eq!(smolcrawl::http::plain("text/\u{1b}[31mhtml\r\n", 40).to_string(), "text/\\u{1b}[31mhtml\\r\\n");
/// assert_eq!(smolcrawl::http::plain("abcdef", 3).to_string(), "abc…");
/// ```
pub fn plain(text: &str, most: usize) -> Plain<'_> {
    Plain { text, most }
}

/// See [`plain`].
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a> {
    text: &'a str,
    most: usize,
}

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.text.chars();
        for character in characters.by_ref().take(self.most) {
            match character {
                // These are escaped for the sake of quotes, of which there are none here.
                '"' | '\'' | '\\' => f.write_char(character)?,
                // Escapes whatever Unicode does not call printable: controls, formats (bidi among them), separators of lines.
                other => write!(f, "{}", other.escape_debug())?,
            }
        }
        if characters.next().is_some() { f.write_char('…') } else { Ok(()) }
    }
}

/// What a server said, for an error: short, and nothing that a terminal obeys.
pub(super) fn quoted(text: &str) -> String {
    plain(text, MAX_QUOTED).to_string()
}

const MAX_QUOTED: usize = 200;

/// None where there is nothing to hide.
fn masked_parameters(text: &str) -> Option<String> {
    let is_secret = |parameter: &str| parameter.split_once('=').is_some_and(|(name, value)| !value.is_empty() && names_a_secret(name));
    if !text.split('&').any(is_secret) {
        return None;
    }
    let mut shown = String::with_capacity(text.len());
    for (index, parameter) in text.split('&').enumerate() {
        if index > 0 {
            shown.push('&');
        }
        match parameter.split_once('=') {
            Some((name, _)) if is_secret(parameter) => {
                shown.push_str(name);
                shown.push_str("=***");
            }
            _ => shown.push_str(parameter),
        }
    }
    Some(shown)
}

/// Whether this is what people call a secret: by its words (`X-Amz-Signature`, `clientSecret`), or written in one (`apikey`).
fn names_a_secret(name: &str) -> bool {
    // No name is that long, and the rest of what is written there is none.
    let name: String = percent_decoded(name).chars().take(MAX_NAME).collect();
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for character in name.chars() {
        let begins = !before.is_alphanumeric() || (before.is_lowercase() && character.is_uppercase());
        if character.is_alphanumeric() {
            if begins {
                words.push(String::new());
            }
            let word = words.last_mut().expect("the first letter begins a word");
            word.extend(character.to_lowercase());
        }
        before = character;
    }
    let together = words.concat();
    words.iter().any(|word| WORDS.contains(&word.as_str())) || ENDS.iter().any(|end| together.ends_with(end))
}

const MAX_NAME: usize = 64;
const WORDS: [&str; 17] = [
    "key",
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "pass",
    "sig",
    "signature",
    "credential",
    "credentials",
    "auth",
    "authorization",
    "jwt",
    "bearer",
    "sid",
];
/// Of names in one word.
const ENDS: [&str; 12] = [
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "authkey",
    "accesskeyid",
    "token",
    "secret",
    "password",
    "signature",
    "sessionid",
    "sessid",
];

/// Names are ASCII where they matter.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.extend(char::from_u32(high * 16 + low));
                at += 3;
            }
            _ => {
                out.push(char::from(*byte));
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str) -> String {
        masked(&Url::parse(url).unwrap()).into()
    }

    #[test]
    fn whatever_looks_like_a_secret_is_hidden() {
        for name in [
            "api-key",
            "api_key",
            "apikey",
            "API%2DKEY",
            "key",
            "token",
            "access_token",
            "accessToken",
            "sig",
            "signature",
            "password",
            "secret",
            "client_secret",
            "clientsecret",
            "auth",
            "X-Amz-Signature",
            "X-Amz-Credential",
            "X-Amz-Security-Token",
            "subscription-key",
            "pwd",
            "PHPSESSID",
            "jsessionid",
            "AWSAccessKeyId",
            "jwt",
        ] {
            let text = shown(&format!("https://a.test/x?a=1&{name}=s3cret&b=2#f"));
            assert_eq!(text, format!("https://a.test/x?a=1&{name}=***&b=2#f"));
        }
        assert_eq!(
            shown("https://me:s3cret@a.test/?token=s3cret#access_token=s3cret&x=y"),
            "https://a.test/?token=***#access_token=***&x=y"
        );
    }

    /// The control: a mask that hides everything would pass the test above.
    #[test]
    fn other_parameters_are_shown_as_they_are() {
        for url in [
            "https://a.test/x?q=token&page=2&version=3.1&authors=b&tokenizer=c&keyboard=d&monkey=e&sort=key",
            "https://a.test/token/secret?key",
            "https://a.test/?key=",
            "https://a.test/#section-key",
            "https://a.test/?%",
        ] {
            assert_eq!(shown(url), url);
        }
    }

    #[test]
    fn foreign_text_cannot_move_a_cursor_and_is_cut() {
        let hostile = "a\u{1b}]0;title\u{7}b\u{202e}c\u{2066}d\u{9b}e\r\nf\u{2028}g\u{0}h";
        let text = plain(hostile, 100).to_string();
        assert!(text.starts_with('a') && text.ends_with('h'));
        for character in text.chars() {
            assert!(!character.is_control() && !matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'), "{text:?}");
        }
        assert_eq!(plain("größe \"x\" c:\\d", 100).to_string(), "größe \"x\" c:\\d", "what is harmless stays");
        assert_eq!(quoted(&"x".repeat(10_000)).chars().count(), MAX_QUOTED + 1);
    }
}
