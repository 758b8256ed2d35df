//! The socket: TCP or a local one, bare or with TLS by rustls. It waits in short turns, so that who waits can be told to stop.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::store::until::nobody_waits;

/// Why nothing more comes over a connection.
#[derive(Debug)]
pub(in crate::store::postgres) enum Failed {
    Io(io::Error),
    /// Nobody waits for the answer any more.
    Unwanted,
    /// The server has taken longer than it may.
    Late,
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// An open connection, before or with TLS.
pub(in crate::store::postgres) struct Stream(Inner);

enum Inner {
    Tcp(TcpStream),
    #[cfg(unix)]
    Local(UnixStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    /// While it is being wrapped, and after that has failed.
    Gone,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Inner::Tcp(_) => "Tcp",
            #[cfg(unix)]
            Inner::Local(_) => "Local",
            Inner::Tls(_) => "Tls",
            Inner::Gone => "Gone",
        })
    }
}

impl Stream {
    /// Connects to one of the addresses of a host, each within `limit`.
    pub(in crate::store::postgres) fn connect(host: &str, port: u16, limit: Duration) -> io::Result<Self> {
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in (host, port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, limit) {
                Ok(socket) => {
                    socket.set_nodelay(true)?;
                    socket.set_read_timeout(Some(TURN))?;
                    socket.set_write_timeout(Some(limit))?;
                    return Ok(Self(Inner::Tcp(socket)));
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Connects to the server's socket in a folder of this machine.
    #[cfg(unix)]
    pub(in crate::store::postgres) fn connect_locally(folder: &Path, port: u16, limit: Duration) -> io::Result<Self> {
        let socket = UnixStream::connect(folder.join(format!(".s.PGSQL.{port}")))?;
        socket.set_read_timeout(Some(TURN))?;
        socket.set_write_timeout(Some(limit))?;
        Ok(Self(Inner::Local(socket)))
    }

    #[cfg(not(unix))]
    pub(in crate::store::postgres) fn connect_locally(_: &Path, _: u16, _: Duration) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no local sockets of PostgreSQL"))
    }

    /// Shakes hands; the server has to prove that it is `host`.
    pub(in crate::store::postgres) fn encrypt(&mut self, config: Arc<ClientConfig>, host: &str) -> io::Result<()> {
        let Inner::Tcp(socket) = std::mem::replace(&mut self.0, Inner::Gone) else { return Err(io::ErrorKind::NotConnected.into()) };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let name = ServerName::try_from(host.to_owned()).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let session = ClientConnection::new(config, name).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(session, socket);
        let deadline = Instant::now() + HANDSHAKE;
        while stream.conn.is_handshaking() {
            match stream.conn.complete_io(&mut stream.sock) {
                Err(error) if is_a_turn(&error) && Instant::now() < deadline => {}
                done => _ = done?,
            }
        }
        self.0 = Inner::Tls(Box::new(stream));
        Ok(())
    }

    pub(in crate::store::postgres) fn is_encrypted(&self) -> bool {
        matches!(self.0, Inner::Tls(_))
    }

    pub(in crate::store::postgres) fn send(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        let written = match &mut self.0 {
            Inner::Tcp(socket) => socket.write_all(bytes),
            #[cfg(unix)]
            Inner::Local(socket) => socket.write_all(bytes),
            Inner::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
            Inner::Gone => Err(io::ErrorKind::NotConnected.into()),
        };
        Ok(written?)
    }

    /// Reads what is there, and waits for it until the deadline, or until nobody waits for the answer.
    pub(in crate::store::postgres) fn receive(&mut self, into: &mut [u8], deadline: Option<Instant>) -> Result<usize, Failed> {
        loop {
            let read = match &mut self.0 {
                Inner::Tcp(socket) => socket.read(into),
                #[cfg(unix)]
                Inner::Local(socket) => socket.read(into),
                Inner::Tls(stream) => stream.read(into),
                Inner::Gone => Err(io::ErrorKind::NotConnected.into()),
            };
            match read {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_a_turn(&error) => {
                    if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                        return Err(Failed::Late);
                    }
                    if nobody_waits() {
                        return Err(Failed::Unwanted);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn is_a_turn(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// What servers are trusted by: the certificates in a file, else the system's, else Mozilla's.
pub(in crate::store::postgres) fn tls(roots: Option<&Path>) -> io::Result<Arc<ClientConfig>> {
    let mut trusted = RootCertStore::empty();
    match roots {
        Some(file) => {
            let invalid = |error: String| io::Error::new(io::ErrorKind::InvalidData, error);
            for certificate in CertificateDer::pem_file_iter(file).map_err(|error| invalid(error.to_string()))? {
                let certificate = certificate.map_err(|error| invalid(error.to_string()))?;
                trusted.add(certificate).map_err(|error| invalid(error.to_string()))?;
            }
            if trusted.is_empty() {
                return Err(invalid("there is no certificate in it".to_owned()));
            }
        }
        None => {
            trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if trusted.is_empty() {
                trusted.roots.extend_from_slice(webpki_roots::TLS_SERVER_ROOTS);
            }
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(trusted)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// How long it is waited before looking whether anybody waits still.
const TURN: Duration = Duration::from_millis(100);
const HANDSHAKE: Duration = Duration::from_secs(15);
