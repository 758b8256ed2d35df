//! What can go wrong with a server, told apart by what its owner or who asks can do about it.

use super::wire::Told;

/// Why a server did not do what it was asked. What it had acknowledged before stays stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// What names the database is no address of one.
    #[error("the address of the database cannot be used: {why}")]
    Address { why: String },
    /// Nothing answers there, or something else does.
    #[error("the server cannot be reached: {why}")]
    Unreachable { why: String },
    /// The connection has ended before the answer was there.
    #[error("the connection was lost: {why}")]
    Lost { why: String },
    /// The server is starting, stopping, or has no connection left.
    #[error("the server takes nobody in now: {why}")]
    Unready { why: String },
    /// The encrypted connection cannot be trusted.
    #[error("the connection cannot be encrypted: {why}")]
    Tls { why: String },
    #[error("the server does not let this user in: {why}")]
    LoginRefused { why: String },
    /// It wants a password, and none is known.
    #[error("the server asks for a password, and none is given")]
    NoPassword,
    /// It wants the password in a way that gives it away.
    #[error("the server asks for the password {way}")]
    UnsafePassword { way: &'static str },
    #[error("{why}")]
    NoDatabase { why: String },
    #[error("the user lacks a right: {why}")]
    NoRights { why: String },
    /// pgvector is not installed, or the user may not make it an extension of the database.
    #[error("the database has no pgvector: {why}")]
    NoVectors { why: String },
    #[error("pgvector {found} is too old: {least} is the first that has what is needed")]
    OldVectors { found: String, least: &'static str },
    #[error("PostgreSQL {found} is too old: {least} is the first that is supported")]
    OldServer { found: String, least: u32 },
    #[error("the database is kept in {found}, which has not all characters")]
    Encoding { found: String },
    /// It is of a version of smolcrawl before this one, and nobody may bring it to this one here.
    #[error("the database has schema version {found} and takes no writes, so that it cannot be brought to version {known}")]
    Older { found: i32, known: i32 },
    /// It is a copy of another server, or was set so.
    #[error("the server takes no writes")]
    ReadOnly,
    #[error("the server's disk is full: {why}")]
    Full { why: String },
    /// Others hold what is asked for, for longer than is waited.
    #[error("others hold the database: {why}")]
    Busy { why: String },
    #[error("a statement took longer than it may, and was ended")]
    TooSlow,
    /// More than goes into one row, one message or one answer.
    #[error("that is too large: {why}")]
    TooLarge { why: String },
    /// It lacks something other than room on its disk.
    #[error("the server has too little of what it needs: {why}")]
    Short { why: String },
    /// The schema holds tables of something else.
    #[error("the schema {schema} is not smolcrawl's")]
    NotOurs { schema: String },
    /// What it reads is not what was written: it says so itself, or it is seen here.
    #[error("the database is damaged: {why}")]
    Damaged { why: String },
    /// Anything else it says: a bug of this crate.
    #[error("the server refused a request: {why} ({code})")]
    Refused { code: String, why: String },
}

impl Trouble {
    /// By what the server calls it.
    pub(super) fn of(told: Told) -> Self {
        let Told { code, message, detail, .. } = told;
        let why = match detail {
            Some(detail) => format!("{message} ({})", detail.trim_end_matches('.')),
            None => message,
        };
        match code.as_str() {
            "28P01" | "28000" => Self::LoginRefused { why },
            "3D000" => Self::NoDatabase { why },
            "42501" => Self::NoRights { why },
            "25006" => Self::ReadOnly,
            "53100" => Self::Full { why },
            "54000" => Self::TooLarge { why },
            "53300" | "57P03" => Self::Unready { why },
            "57P01" | "57P02" | "57P04" | "57P05" | "25P03" | "25P04" => Self::Lost { why },
            "57014" => Self::TooSlow,
            "55P03" | "40001" | "40P01" => Self::Busy { why },
            "XX001" | "XX002" => Self::Damaged { why },
            _ if code.starts_with("08") => Self::Lost { why },
            _ if code.starts_with("53") => Self::Short { why },
            _ if code.starts_with("58") => Self::Damaged { why },
            _ => Self::Refused { code, why },
        }
    }

    /// The same of what has ended a connection that was in use: whatever else it is, the connection is lost.
    pub(super) fn at_the_end(told: Told) -> Self {
        match Self::of(told) {
            Self::Refused { why, .. } => Self::Lost { why },
            other => other,
        }
    }

    /// Whether a new connection may do better at once.
    pub(super) fn is_lost(&self) -> bool {
        matches!(self, Self::Lost { .. })
    }

    /// Whether it is worth trying again within seconds.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::Unready { .. } | Self::Unreachable { .. })
    }

    /// Whether the same call may succeed later with nothing done about it.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Lost { .. } | Self::Unready { .. } | Self::Busy { .. })
    }

    /// Whether it may be about what was to be stored.
    pub fn is_of_content(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::Refused { .. })
    }

    /// What the reader of the message can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Address { .. } => "write it as postgres://USER@HOST/DATABASE",
            Self::Unreachable { .. } => "check that the server runs and listens there, and what is between: `pg_isready -h HOST -p PORT`",
            Self::Lost { .. } | Self::Unready { .. } => "ask again: smolcrawl connects anew by itself",
            Self::Tls { .. } => {
                "name the certificate that the server's is signed by with ?sslrootcert=FILE, or, in a network of your own, ?sslmode=disable"
            }
            Self::LoginRefused { .. } => "check user, password (~/.pgpass or PGPASSWORD) and the server's pg_hba.conf",
            Self::NoPassword => "write it to ~/.pgpass, or set PGPASSWORD",
            Self::UnsafePassword { .. } => {
                "set the password anew with password_encryption = 'scram-sha-256', and have scram-sha-256 in pg_hba.conf"
            }
            Self::NoDatabase { .. } => "make it first: `createdb -h HOST -U USER DATABASE`",
            Self::NoRights { .. } => "let the owner of the database grant it, or make one of your own with `createdb`",
            Self::NoVectors { .. } => "install pgvector for this server, and let a superuser run CREATE EXTENSION vector in the database",
            Self::OldVectors { .. } => "install a newer pgvector, and run ALTER EXTENSION vector UPDATE in the database",
            Self::OldServer { .. } => "use a newer server, or a file: --db PATH",
            Self::Encoding { .. } => "make a database in UTF8: `createdb -E UTF8 -T template0 DATABASE`",
            Self::Older { .. } => {
                "run any command once where it can be written, as `smolcrawl sources --db …` on the server that is copied"
            }
            Self::ReadOnly => "name the server that takes writes with --db; here it can be searched only",
            Self::Full { .. } => "free some space there and run it again: what was stored is kept",
            Self::Busy { .. } => "wait for the others to finish: SELECT * FROM pg_stat_activity shows who they are",
            Self::TooSlow => "ask for less at once; if the server is merely busy, ask again",
            Self::TooLarge { .. } => "take less at once: leave that page out, lower max_body_mib, or use a smaller model",
            Self::Short { .. } => "give the server more of it (memory, temp_file_limit), or ask for less at once",
            Self::NotOurs { .. } => "name another schema, ?schema=NAME; this one was not touched",
            Self::Damaged { .. } => {
                "look at the server's log and its disk; restore the database from a backup, or crawl again into another"
            }
            Self::Refused { .. } => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str) -> Trouble {
        Trouble::of(Told { code: code.into(), message: "said".into(), detail: Some("More.".into()), is_fatal: false })
    }

    #[test]
    fn what_the_server_says_is_told_apart() {
        assert_eq!(of("28P01"), Trouble::LoginRefused { why: "said (More)".into() });
        assert_eq!((of("25006"), of("57014")), (Trouble::ReadOnly, Trouble::TooSlow));
        assert!(of("57P01").is_lost() && of("08006").is_lost() && !of("57P03").is_lost() && of("57P03").is_transient());
        assert!(of("25P03").is_lost() && matches!(of("54000"), Trouble::TooLarge { .. }) && matches!(of("53200"), Trouble::Short { .. }));
        let end = |code: &str| Trouble::at_the_end(Told { code: code.into(), is_fatal: true, ..Told::default() });
        assert!(end("XX000").is_lost() && end("25006") == Trouble::ReadOnly);
        assert!(!of("42501").is_transient() && of("42501").hint().is_some());
        assert!(of("54000").is_of_content() && of("22021").is_of_content() && !of("53100").is_of_content() && !of("42501").is_of_content());
        assert_eq!(of("42P01").to_string(), "the server refused a request: said (More) (42P01)");
    }
}
