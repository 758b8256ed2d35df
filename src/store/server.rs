//! What a server wants to know of who asks it, beside its address: where PostgreSQL's own programs find it.

use std::fmt;
use std::path::PathBuf;

/// What there is for addresses that leave it out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// As whom to ask.
    pub user: Option<String>,
    pub password: Option<Secret>,
    /// A line a server: host, port, database, user, password.
    pub password_file: Option<PathBuf>,
    /// Servers by names, for `?service=NAME`.
    pub service_file: Option<PathBuf>,
}

/// What is in no message.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
