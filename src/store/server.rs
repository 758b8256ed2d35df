//! What a server wants to know of who asks it, beside its address: where PostgreSQL's own programs find it. And how the password is told
//! apart in an address, before anything of it is shown.

use std::fmt;
use std::path::PathBuf;

use url::Url;

/// What there is for addresses that leave it out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// As whom to ask.
    pub user: Option<String>,
    pub password: Option<Secret>,
    /// What stood in the address, for that address alone: it goes before all others.
    pub password_of_address: Option<Secret>,
    /// A line a server: host, port, database, user, password.
    pub password_file: Option<PathBuf>,
    /// Servers by names, for `?service=NAME`.
    pub service_file: Option<PathBuf>,
}

/// What stands in place of an address that cannot be read: any part of it may be one of a password.
pub(super) const UNREADABLE: &str = "postgres://…";
/// Why it cannot, mostly.
pub(crate) const READABLE: &str = "postgres://USER@HOST/DATABASE, in a password %23 for #, %2F for /, %3F for ? and %40 for @";

/// The parts of an address, unless what is behind its host may be the rest of a password with characters that are not written so.
pub(super) fn read(address: &str) -> Option<Url> {
    let url = Url::parse(address).ok()?;
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let has_user = !url.username().is_empty() || url.query_pairs().any(|(name, _)| name == "user");
    let is_sound = url.fragment().is_none()
        && !url.path().contains('@')
        && (has_user || !url.query().unwrap_or_default().contains('@'))
        && url.query_pairs().all(|(name, _)| is_name(&name))
        && [url.username(), url.password().unwrap_or_default(), url.path()].into_iter().all(|part| decoded(part).is_some());
    is_sound.then_some(url)
}

/// What is written for characters that cannot stand in an address; none where that is no text, or one that ends in its middle.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        bytes.push((digit()? * 16 + digit()?) as u8);
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

/// What is in no message.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
