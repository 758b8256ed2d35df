//! Which server and database: the URL that `--db` names, and what files of PostgreSQL's own add to it. Pure but for reading these files.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::trouble::Trouble;
use crate::store::server::{READABLE, decoded, read};
use crate::store::{Secret, Server};

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
        let url = read(text).ok_or_else(|| odd(&format!("it cannot be read: {READABLE}")))?;
        let decoded = |part: &str| decoded(part).ok_or_else(|| odd(READABLE));
        let mut given: Vec<(String, String)> = Vec::new();
        let mut give = |name: &str, value: String| {
            if !value.is_empty() {
                given.push((name.to_owned(), value));
            }
        };
        // Only an address stands in brackets.
        give("host", decoded(url.host_str().unwrap_or_default().trim_matches(['[', ']']))?);
        give("port", url.port().map(|port| port.to_string()).unwrap_or_default());
        give("user", decoded(url.username())?);
        give("password", decoded(url.password().unwrap_or_default())?);
        give("dbname", decoded(url.path().trim_start_matches('/'))?);
        for (name, value) in url.query_pairs() {
            if !KNOWN.contains(&&*name) {
                return Err(odd(&format!("`{name}` is no parameter that smolcrawl knows: {}", KNOWN.join(", "))));
            }
            if value.contains('\0') {
                return Err(odd(&format!("`{name}` has U+0000 in it")));
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
        if schema.starts_with("pg_") || schema == "information_schema" {
            return Err(odd("the schema has a name that is PostgreSQL's own"));
        }
        let said = find("password").map(|password| Secret(password.to_owned()));
        let nearest = server.password_of_address.clone().or(said).or_else(|| server.password.clone());
        let mut address = Self { host, port, user, database, tls, roots, schema, password: nearest.map(|password| password.0) };
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
        // A socket is `localhost` there where it is in the usual folder.
        let hosts = match &self.host {
            Host::Named(host) => [Some(host.as_str()), None],
            Host::Folder(folder) => {
                let is_usual = USUAL_FOLDERS.iter().any(|usual| folder == Path::new(usual));
                [folder.to_str(), is_usual.then_some("localhost")]
            }
        };
        let sought = [&self.port.to_string(), &self.database, &self.user];
        text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
            let fields = fields_of(line);
            let [host, others @ .., password] = fields.as_slice() else { return None };
            let is_host = host == "*" || hosts.contains(&Some(host));
            let fits = is_host && others.len() == 3 && others.iter().zip(sought).all(|(field, sought)| field == "*" || field == sought);
            fits.then(|| password.clone())
        })
    }
}

impl Host {
    /// Whether what is said to it does not leave the machine.
    pub(super) fn is_here(&self) -> bool {
        match self {
            Self::Folder(_) => true,
            Self::Named(host) => host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback()),
        }
    }
}

impl fmt::Display for Address {
    /// Without the password, wherever it came from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Named(host) => {
                let (open, close) = if host.contains(':') { ("[", "]") } else { ("", "") };
                write!(f, "postgres://{}@{open}{host}{close}", self.user)?;
                if self.port != 5432 {
                    write!(f, ":{}", self.port)?;
                }
                write!(f, "/{}", self.database)?;
            }
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
            let name = name.trim();
            if PASSED_OVER.contains(&name) {
                continue;
            }
            // What is not heeded may be what makes it safe.
            if !KNOWN.contains(&name) || name == "service" {
                return Err(odd(format!("{}: `{name}` of service {service} is nothing that smolcrawl knows", file.display())));
            }
            said.push((name.to_owned(), value.trim().to_owned()));
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
/// What a service may say beside, and nothing is lost by.
const PASSED_OVER: [&str; 8] = [
    "application_name",
    "fallback_application_name",
    "client_encoding",
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
];
/// Where servers have their local sockets if nobody says otherwise.
const USUAL_FOLDERS: [&str; 3] = ["/tmp", "/run/postgresql", "/var/run/postgresql"];
/// The schema that is used where none is named: it is made.
const SCHEMA: &str = "smolcrawl";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Place, Secret};

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
        let here = parse("postgres://me@[::1]:6432/x").unwrap();
        assert_eq!((here.tls, &here.host, &*here.to_string()), (Tls::Off, &Host::Named("::1".into()), "postgres://me@[::1]:6432/x"));
        assert_eq!(parse("postgres://me@h/x?schema=order").unwrap().schema, "order");
    }

    #[test]
    fn what_is_no_address_is_told() {
        assert!(why("postgres://localhost/x").contains("names no user"));
        assert!(why("postgres://a@h/x?sslmode=require").contains("sslmode=require"));
        assert!(why("postgres://a@h/x?sslmod=disable").contains("`sslmod`"));
        assert!(why("postgres://a@h/x?port=99999").contains("port"));
        for schema in ["pg_x", "information_schema", "Docs", "a%22b", "a-b"] {
            assert!(why(&format!("postgres://a@h/x?schema={schema}")).contains("schema has a name"), "{schema}");
        }
        for null in ["postgres://a%00b@h/x", "postgres://a@h/x%00", "postgres://a@h/x?password=a%00b"] {
            assert!(parse(null).is_err(), "{null}");
        }
        assert!(why("postgres://a@h/x?service=team").contains("team"));
    }

    /// What of it is the password nobody knows, so that nothing of it is shown.
    #[test]
    fn an_address_whose_password_is_not_written_as_it_must_be_is_told_without_it() {
        for odd in ["pa#ss", "p/w", "p?w", "12/34", "12?34", "12#34", "12?ss=", "a%zz", "a@b/c", "a@b?c", "a@b#c", "pa ss/x"] {
            let text = format!("postgres://me:{odd}@h/d");
            let told = why(&text);
            assert!(told.contains("cannot be read") && told.contains("%23") && !told.contains(odd), "{odd}: {told}");
            assert_eq!(Place::of(Path::new(&text)).without_password(), Some(("postgres://…".to_owned(), None)), "{odd}");
        }
        for (text, shown, password) in [
            ("postgres://me:p%23%2f%3F%40@h/d", "postgres://me@h/d", Some("p#/?@")),
            ("postgres://me:p@ss@h/d", "postgres://me@h/d", Some("p@ss")),
            ("postgres://h/d?user=a@b&password=p%26+c&schema=x", "postgres://h/d?user=a%40b&schema=x", Some("p& c")),
            ("postgres://me@h/d?host=/run/postgresql", "postgres://me@h/d?host=/run/postgresql", None),
        ] {
            let found = Place::of(Path::new(text)).without_password().unwrap();
            assert_eq!(found, (shown.to_owned(), password.map(|password| Secret(password.to_owned()))), "{text}");
            assert_eq!(parse(text).unwrap().password(), password, "{text}");
        }
    }

    #[test]
    fn passwords_come_from_where_postgresql_has_them() {
        let folder = tempfile::tempdir().unwrap();
        let (passwords, services) = (folder.path().join(".pgpass"), folder.path().join("services"));
        fs::write(&passwords, "# a comment\nother:*:*:*:no\ndb:*:do\\:cs:me:a\\\\b\n*:*:*:*:any\n").unwrap();
        fs::write(&services, "[one]\nhostaddr=1.2.3.4\n\n[team]\n# where\nhost = db\nuser=me\ndbname=do:cs\nconnect_timeout=3\n").unwrap();
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
        let odd = Address::parse("postgres:///x?user=me&service=one", &server).unwrap_err().to_string();
        assert!(odd.contains("`hostaddr`") && !odd.contains("1.2.3.4"), "{odd}");
        let of_address = Server { password_of_address: Some(Secret("its own".into())), ..named };
        assert_eq!(of("postgres://me@db/x", &of_address).as_deref(), Some("its own"));
        fs::write(&passwords, "localhost:*:*:*:usual\n/srv/pg:*:*:*:folder\n").unwrap();
        assert_eq!(of("postgres:///x?user=me&host=/run/postgresql", &server).as_deref(), Some("usual"));
        assert_eq!(of("postgres:///x?user=me&host=/srv/pg", &server).as_deref(), Some("folder"));
        assert_eq!(of("postgres:///x?user=me&host=/srv/other", &server), None);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&passwords, fs::Permissions::from_mode(0o644)).unwrap();
            assert_eq!(of("postgres://me@db/x", &server), None, "others may read it");
        }
    }
}
