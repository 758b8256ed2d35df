//! The way to the server with TLS: by a certificate that is good, and by those that are not. The server that is started for this may be built
//! without TLS, so that it is spoken to through a proxy that has it; where the server has it itself, it is asked as well.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, DnType, Issuer, KeyPair};
use rustls::ServerConfig;
use smolcrawl::store::{Config, Error, Put, Store, Trouble};
use tempfile::TempDir;

use crate::proxy::{Cut, Proxy};
use crate::{found, page, psql, put, server, trouble};

/// Who signs certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its key, as PEM.
struct Signed {
    certificate: String,
    key: String,
}

#[derive(Clone, Copy)]
enum Age {
    Valid,
    Expired,
    ToCome,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, name);
        let pem = parameters.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(parameters, key), pem }
    }

    fn sign(&self, names: &[&str], age: Age) -> Signed {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        let (from, to) = match age {
            Age::Valid => (2020, 2090),
            Age::Expired => (2001, 2002),
            Age::ToCome => (2089, 2090),
        };
        parameters.not_before = rcgen::date_time_ymd(from, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(to, 1, 1);
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        Signed { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    fn write(&self, folder: &Path, name: &str) -> String {
        let path = folder.join(name);
        std::fs::write(&path, &self.pem).unwrap();
        path.to_str().unwrap().replace('\\', "/")
    }
}

impl Signed {
    fn proxy(&self) -> Proxy {
        use rustls::pki_types::pem::PemObject as _;
        use rustls::pki_types::{CertificateDer, PrivateKeyDer};
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        Proxy::with_tls(server().port().unwrap(), config)
    }
}

/// The address of the server at a host and a port, asked for with TLS.
fn address(host: &str, port: u16, more: &str) -> String {
    let mut url = server();
    url.set_host(Some(host)).unwrap();
    url.set_port(Some(port)).unwrap();
    format!("{url}?schema=sealed&sslmode=verify-full{more}")
}

fn open(address: &str) -> Result<Store, Error> {
    Store::open(address, Config { busy_timeout: Duration::from_millis(400), ..Config::default() })
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn a_server_that_proves_who_it_is_is_spoken_to() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("a root"));
    let root = authority.write(folder.path(), "root.pem");
    // By its name, and by the number that is its address.
    for (host, names) in [("localhost", ["localhost"]), ("127.0.0.1", ["127.0.0.1"])] {
        let proxy = authority.sign(&names, Age::Valid).proxy();
        let sealed = address(host, proxy.port(), &format!("&sslrootcert={root}"));
        let store = open(&sealed).unwrap();
        put(&store, host, &format!("Cormorants dive at {host}."));
        // More than goes into one record of TLS, there and back.
        let long = format!("# Long\n\n{}", "A long text about herons and storks. ".repeat(20_000));
        assert!(matches!(put(&store, &format!("{host}-long"), &long), Put::Added));
        let url = url::Url::parse("https://docs.test/").unwrap().join(&format!("{host}-long")).unwrap();
        assert_eq!(store.page(&url).unwrap().unwrap().markdown, long);
        // A connection that is lost is made anew, with TLS again.
        proxy.cut(Cut::Reset);
        let (document, chunks) = page("lost", "Cranes.");
        let error = store.put(&document, &chunks).unwrap_err();
        assert!(matches!(&error, Error::Server { trouble, .. } if trouble.is_transient()), "{error:?}");
        proxy.mend();
        assert!(found(&store, "cormorants").contains(&format!("/{host}")));
    }
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn a_server_that_does_not_is_refused_and_told_why() {
    let (folder, ours, theirs) = (TempDir::new().unwrap(), Authority::new("ours"), Authority::new("theirs"));
    let (known, unknown) = (ours.write(folder.path(), "ours.pem"), theirs.write(folder.path(), "theirs.pem"));
    let by = |root: &str| format!("&sslrootcert={root}");
    for (what, name, age, more, part) in [
        ("another name", "db.example.com", Age::Valid, by(&known), "not valid for name"),
        ("an unknown root", "localhost", Age::Valid, by(&unknown), "UnknownIssuer"),
        ("the roots of the system", "localhost", Age::Valid, String::new(), "UnknownIssuer"),
        ("a certificate of the past", "localhost", Age::Expired, by(&known), "xpired"),
        ("a certificate to come", "localhost", Age::ToCome, by(&known), "not valid yet"),
        ("a root that is not there", "localhost", Age::Valid, by("/nowhere.pem"), "/nowhere.pem"),
    ] {
        let proxy = ours.sign(&[name], age).proxy();
        match trouble(open(&address("localhost", proxy.port(), &more))) {
            Trouble::Tls { why } => assert!(why.contains(part), "{what}: {why}"),
            other => panic!("{what}: {other:?}"),
        }
    }
    let nothing = folder.path().join("nothing.pem");
    std::fs::write(&nothing, "").unwrap();
    let proxy = ours.sign(&["localhost"], Age::Valid).proxy();
    let refused = trouble(open(&address("localhost", proxy.port(), &by(&nothing.to_str().unwrap().replace('\\', "/")))));
    assert!(matches!(&refused, Trouble::Tls { why } if why.contains("no certificate")), "{refused:?}");
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn what_protects_from_nobody_in_between_is_refused() {
    for mode in ["require", "prefer", "allow", "verify-ca"] {
        let refused = trouble(open(&format!("{}?sslmode={mode}", server())));
        assert!(matches!(&refused, Trouble::Address { why } if why.contains(mode)), "{refused:?}");
    }
    // This one offers none.
    if !psql("stores", "SHOW ssl").eq("on") {
        let refused = trouble(open(&format!("{}?sslmode=verify-full", server())));
        assert!(matches!(&refused, Trouble::Tls { why } if why.contains("does not offer")), "{refused:?}");
    }
}

/// By the server's own TLS, where it is built with one.
#[cfg(unix)]
#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn the_servers_own_tls_is_spoken() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    if psql("stores", "SHOW ssl_library").is_empty() {
        eprintln!("this server is built without TLS");
        return;
    }
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("a root of the server's"));
    let root = authority.write(folder.path(), "root.pem");
    let data = psql("stores", "SHOW data_directory");
    let owner = std::fs::metadata(&data).unwrap();
    let serve = |signed: &Signed| {
        for (name, text) in [("server.crt", &signed.certificate), ("server.key", &signed.key)] {
            let path = Path::new(&data).join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
        }
        psql("stores", "ALTER SYSTEM SET ssl = on");
        psql("stores", "SELECT pg_reload_conf()");
        crate::wait_for(|| psql("stores", "SHOW ssl") == "on");
    };
    let port = server().port().unwrap();
    serve(&authority.sign(&["localhost"], Age::Valid));
    let sealed = address("localhost", port, &format!("&sslrootcert={root}"));
    // It may be without pgvector: then that is what it tells, over TLS.
    match open(&sealed) {
        Ok(store) => assert!(matches!(put(&store, "own", "Herons."), Put::Added | Put::Unchanged)),
        Err(Error::Server { trouble: Trouble::NoVectors { .. }, .. }) => {}
        Err(other) => panic!("{other:?}"),
    }
    serve(&authority.sign(&["localhost"], Age::Expired));
    crate::wait_for(|| matches!(open(&sealed), Err(Error::Server { trouble: Trouble::Tls { why }, .. }) if why.contains("xpired")));
    psql("stores", "ALTER SYSTEM RESET ssl");
    psql("stores", "SELECT pg_reload_conf()");
}
