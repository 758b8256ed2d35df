//! Which server and database: the URL that `--db` names, and what files of PostgreSQL's own add to it. Pure but for reading these files.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use url::Url;

use super::trouble::Trouble;
use crate::store::Server;

/// Where a database is, and who asks.
#[derive(Clone)]
pub(in crate::store) struct Address {
    pub host: Host,
    pub port: u16,
    pub user: String,
    pub database: String,
    pub tls: Tls,
    /// Certificates that the server's is trusted by; none: the system's.
    pub roots: Option<PathBuf>,
    /// Where the tables are.
    pub schema: String,
    password: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum Host {
    Named(String),
    /// The folder of the server's local socket.
    Folder(PathBuf),
}

/// Whether the connection is encrypted, which off this machine it is unless somebody says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Tls {
    Off,
    /// The server has to prove that it is who is named.
    Verified,
}

impl Address {
    pub(in crate::store) fn parse(text: &str, server: &Server) -> Result<Self, Trouble> {
        let odd = |why: &str| Trouble::Address { why: why.to_owned() };
        let url = Url::parse(text).map_err(|error| odd(&error.to_string()))?;
        let mut given: Vec<(String, String)> = Vec::new();
        let mut give = |name: &str, value: String| {
            if !value.is_empty() {
                given.push((name.to_owned(), value));
            }
        };
        give("host", decoded(url.host_str().unwrap_or_default())?);
        give("port", url.port().map(|port| port.to_string()).unwrap_or_default());
        give("user", decoded(url.username())?);
        give("password", decoded(url.password().unwrap_or_default())?);
        give("dbname", decoded(url.path().trim_start_matches('/'))?);
        for (name, value) in url.query_pairs() {
            if !KNOWN.contains(&&*name) {
                return Err(odd(&format!("`{name}` is no parameter that smolcrawl knows: {}", KNOWN.join(", "))));
            }
            give(&name, value.into_owned());
        }
        let service = given.iter().find(|(name, _)| name == "service").map(|(_, service)| service.clone());
        if let Some(service) = service {
            given.extend(in_service_file(&service, server)?);
        }
        // What comes first is what is said nearest: the address, then the service.
        let find = |name: &str| given.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let host = match find("host") {
            Some(folder) if folder.starts_with('/') => Host::Folder(folder.into()),
            Some(host) => Host::Named(host.to_owned()),
            None => Host::Named("localhost".to_owned()),
        };
        let port = find("port").map_or(Ok(5432), str::parse).map_err(|_| odd("the port is no number up to 65535"))?;
        let user = find("user").map(str::to_owned).or_else(|| server.user.clone());
        let user = user.ok_or_else(|| odd("it names no user: postgres://USER@HOST/DATABASE"))?;
        let database = find("dbname").unwrap_or(&user).to_owned();
        let tls = match find("sslmode") {
            Some("disable") => Tls::Off,
            Some("verify-full") => Tls::Verified,
            None if host.is_here() => Tls::Off,
            None => Tls::Verified,
            Some(other) => {
                let known =
                    "is none of `verify-full` and `disable`: what encrypts without asking who answers protects from nobody in between";
                return Err(odd(&format!("sslmode={other} {known}")));
            }
        };
        let roots = find("sslrootcert").map(PathBuf::from);
        let schema = find("schema").unwrap_or(SCHEMA).to_owned();
        if schema.len() > 63 || !schema.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
            return Err(odd("the schema has a name of other than small letters, digits and _"));
        }
        let mut address = Self { host, port, user, database, tls, roots, schema, password: find("password").map(str::to_owned) };
        if address.password.is_none() {
            address.password = server.password.as_ref().map(|password| password.0.clone());
        }
        if address.password.is_none() {
            address.password = server.password_file.as_deref().and_then(|file| address.in_password_file(file));
        }
        Ok(address)
    }

    pub(super) fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// The first line of `~/.pgpass` that fits. As PostgreSQL does, a file that others may read is passed over.
    fn in_password_file(&self, file: &Path) -> Option<String> {
        let text = fs::read_to_string(file).ok()?;
        if is_open_to_others(file) {
            log::warn!("{} can be read by others and is not used: `chmod 0600` it", file.display());
            return None;
        }
        let host = match &self.host {
            Host::Named(host) => host.clone(),
            Host::Folder(_) => "localhost".to_owned(),
        };
        let sought = [&host, &self.port.to_string(), &self.database, &self.user];
        text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
            let fields = fields_of(line);
            let fits = fields.len() == 5 && fields.iter().zip(sought).all(|(field, sought)| field == "*" || field == sought);
            fits.then(|| fields[4].clone())
        })
    }
}

impl Host {
    /// Whether what is said to it does not leave the machine.
    fn is_here(&self) -> bool {
        match self {
            Self::Folder(_) => true,
            Self::Named(host) => {
                let bare = host.trim_start_matches('[').trim_end_matches(']');
                host == "localhost" || bare.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
            }
        }
    }
}

impl fmt::Display for Address {
    /// Without the password, wherever it came from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Named(host) if self.port == 5432 => write!(f, "postgres://{}@{host}/{}", self.user, self.database)?,
            Host::Named(host) => write!(f, "postgres://{}@{host}:{}/{}", self.user, self.port, self.database)?,
            Host::Folder(folder) => write!(f, "postgres://{}@/{}?host={}", self.user, self.database, folder.display())?,
        }
        if self.schema == SCHEMA { Ok(()) } else { write!(f, " (schema {})", self.schema) }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

fn decoded(text: &str) -> Result<String, Trouble> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(Trouble::Address { why: "a % is not followed by two hexadecimal digits".to_owned() });
        };
        bytes.push((high * 16 + low) as u8);
    }
    String::from_utf8(bytes).map_err(|_| Trouble::Address { why: "what is behind a % is no UTF-8".to_owned() })
}

/// The five fields of a line of `.pgpass`, in which a backslash takes the next character as it is.
fn fields_of(line: &str) -> Vec<String> {
    let (mut fields, mut characters) = (vec![String::new()], line.chars());
    while let Some(c) = characters.next() {
        let field = fields.last_mut().expect("there is one from the start");
        match c {
            '\\' => field.extend(characters.next()),
            ':' => fields.push(String::new()),
            c => field.push(c),
        }
    }
    fields
}

/// What a section of `pg_service.conf` says.
fn in_service_file(service: &str, server: &Server) -> Result<Vec<(String, String)>, Trouble> {
    let odd = |why: String| Trouble::Address { why };
    let Some(file) = server.service_file.as_deref() else {
        return Err(odd(format!("service={service} is asked for, and there is no file of services")));
    };
    let text = fs::read_to_string(file).map_err(|error| odd(format!("{}: {error}", file.display())))?;
    let mut said = Vec::new();
    let (mut is_it, mut is_there) = (false, false);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            is_it = name == service;
            is_there |= is_it;
        } else if let Some((name, value)) = line.split_once('=').filter(|_| is_it) {
            said.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    if is_there { Ok(said) } else { Err(odd(format!("{} has no service {service}", file.display()))) }
}

#[cfg(unix)]
fn is_open_to_others(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(file).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
}

/// There the rights are those of the profile.
#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}

const KNOWN: [&str; 9] = ["host", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "service", "schema"];
/// The schema that is used where none is named: it is made.
const SCHEMA: &str = "smolcrawl";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Secret;

    fn parse(text: &str) -> Result<Address, Trouble> {
        Address::parse(text, &Server::default())
    }

    fn why(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn an_address_says_who_and_where() {
        let address = parse("postgres://me:p%40ss@db.example.com:6432/docs").unwrap();
        assert_eq!((address.port, address.user.as_str(), address.database.as_str()), (6432, "me", "docs"));
        assert_eq!((address.password(), address.tls), (Some("p@ss"), Tls::Verified));
        assert_eq!((address.to_string(), format!("{address:?}").contains("ss@")), ("postgres://me@db.example.com:6432/docs".into(), false));
        let local = parse("postgresql://me@localhost").unwrap();
        assert_eq!((local.tls, local.database.as_str(), local.port), (Tls::Off, "me", 5432));
        let socket = parse("postgres:///docs?host=/run/postgresql&user=me").unwrap();
        assert_eq!((socket.host, socket.tls), (Host::Folder("/run/postgresql".into()), Tls::Off));
        assert_eq!(parse("postgres://me@[::1]/x").unwrap().tls, Tls::Off);
    }

    #[test]
    fn what_is_no_address_is_told() {
        assert!(why("postgres://localhost/x").contains("names no user"));
        assert!(why("postgres://a@h/x?sslmode=require").contains("sslmode=require"));
        assert!(why("postgres://a@h/x?sslmod=disable").contains("`sslmod`"));
        assert!(why("postgres://a@h/x?port=99999").contains("port"));
        assert!(why("postgres://a%zz@h/x").contains('%'));
        assert!(why("postgres://a@h/x?service=team").contains("team"));
    }

    #[test]
    fn passwords_come_from_where_postgresql_has_them() {
        let folder = tempfile::tempdir().unwrap();
        let (passwords, services) = (folder.path().join(".pgpass"), folder.path().join("services"));
        fs::write(&passwords, "# a comment\nother:*:*:*:no\ndb:*:do\\:cs:me:a\\\\b\n*:*:*:*:any\n").unwrap();
        fs::write(&services, "[one]\nhost=db\n\n[team]\n# where\nhost = db\nuser=me\ndbname=do:cs\n").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&passwords, fs::Permissions::from_mode(0o600)).unwrap();
        }
        let server = Server { password_file: Some(passwords.clone()), service_file: Some(services), ..Server::default() };
        let of = |text: &str, server: &Server| Address::parse(text, server).unwrap().password().map(str::to_owned);
        assert_eq!(of("postgres://me@db/do:cs", &server).as_deref(), Some("a\\b"));
        assert_eq!(of("postgres:///?service=team", &server).as_deref(), Some("a\\b"));
        assert_eq!(of("postgres://you@db/x", &server).as_deref(), Some("any"));
        let named = Server { password: Some(Secret("from outside".into())), ..server.clone() };
        assert_eq!(of("postgres://me@db/x", &named).as_deref(), Some("from outside"));
        assert_eq!(of("postgres://me:here@db/x", &named).as_deref(), Some("here"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&passwords, fs::Permissions::from_mode(0o644)).unwrap();
            assert_eq!(of("postgres://me@db/x", &server), None, "others may read it");
        }
    }
}
