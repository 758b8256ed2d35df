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
use rustls::{ClientConfig, ClientConnection, RootCertStore};

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

/// How long something is waited for.
#[derive(Clone, Copy, Debug)]
pub(in crate::store::postgres) struct Patience {
    end: Instant,
    whose: Whose,
}

#[derive(Clone, Copy, Debug)]
enum Whose {
    /// There is an end to it as well when nobody waits for the answer any more.
    Askers,
    Ours,
}

impl Patience {
    /// Of somebody who may go away meanwhile.
    pub(in crate::store::postgres) fn of_asker(limit: Duration) -> Self {
        Self { end: Instant::now() + limit, whose: Whose::Askers }
    }

    /// For what has to be done whoever has gone.
    pub(in crate::store::postgres) fn of_ours(limit: Duration) -> Self {
        Self { end: Instant::now() + limit, whose: Whose::Ours }
    }

    /// The same, with as much more.
    pub(in crate::store::postgres) fn and(self, more: Duration) -> Self {
        Self { end: self.end + more, ..self }
    }

    fn look(self) -> Result<(), Failed> {
        match self.whose {
            Whose::Askers if nobody_waits() => Err(Failed::Unwanted),
            _ if Instant::now() >= self.end => Err(Failed::Late),
            _ => Ok(()),
        }
    }

    /// Never nothing, which sockets take for "for ever".
    fn left(self) -> Duration {
        self.end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
    }
}

/// An open connection, before or with TLS.
pub(in crate::store::postgres) struct Stream(Inner);

enum Inner {
    Tcp(TcpStream),
    #[cfg(unix)]
    Local(UnixStream),
    Tls(Box<Sealed>),
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
    /// Connects to one of the addresses of a host, each within `each`, all within what there is of patience.
    pub(in crate::store::postgres) fn connect(host: &str, port: u16, each: Duration, patience: Patience) -> Result<Self, Failed> {
        let mut last = Failed::Io(io::Error::new(io::ErrorKind::NotFound, "the host has no address"));
        for address in (host, port).to_socket_addrs()? {
            patience.look()?;
            match TcpStream::connect_timeout(&address, each.min(patience.left())) {
                Ok(socket) => {
                    socket.set_nodelay(true)?;
                    socket.set_read_timeout(Some(TURN))?;
                    socket.set_write_timeout(Some(WRITE_TURN))?;
                    return Ok(Self(Inner::Tcp(socket)));
                }
                Err(error) => last = error.into(),
            }
        }
        Err(last)
    }

    /// Connects to the server's socket in a folder of this machine.
    #[cfg(unix)]
    pub(in crate::store::postgres) fn connect_locally(folder: &Path, port: u16) -> io::Result<Self> {
        let socket = UnixStream::connect(folder.join(format!(".s.PGSQL.{port}")))?;
        socket.set_read_timeout(Some(TURN))?;
        socket.set_write_timeout(Some(WRITE_TURN))?;
        Ok(Self(Inner::Local(socket)))
    }

    #[cfg(not(unix))]
    pub(in crate::store::postgres) fn connect_locally(_: &Path, _: u16) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no local sockets of PostgreSQL"))
    }

    /// Shakes hands; the server has to prove that it is `host`.
    pub(in crate::store::postgres) fn encrypt(&mut self, config: Arc<ClientConfig>, host: &str, patience: Patience) -> Result<(), Failed> {
        let Inner::Tcp(socket) = std::mem::replace(&mut self.0, Inner::Gone) else { return Err(not_connected()) };
        let name = ServerName::try_from(host.to_owned()).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let session = ClientConnection::new(config, name).map_err(io::Error::other)?;
        let mut sealed = Sealed { session, socket };
        while sealed.session.is_handshaking() {
            sealed.write_out(patience)?;
            if sealed.session.is_handshaking() && sealed.read_in(patience)? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
        sealed.write_out(patience)?;
        self.0 = Inner::Tls(Box::new(sealed));
        Ok(())
    }

    pub(in crate::store::postgres) fn is_encrypted(&self) -> bool {
        matches!(self.0, Inner::Tls(_))
    }

    pub(in crate::store::postgres) fn send(&mut self, mut bytes: &[u8], patience: Patience) -> Result<(), Failed> {
        while !bytes.is_empty() {
            let count = match &mut self.0 {
                Inner::Tcp(socket) => in_write_turns(patience, || socket.write(bytes))?,
                #[cfg(unix)]
                Inner::Local(socket) => in_write_turns(patience, || socket.write(bytes))?,
                Inner::Tls(sealed) => {
                    let count = sealed.session.writer().write(bytes)?;
                    sealed.write_out(patience)?;
                    count
                }
                Inner::Gone => return Err(not_connected()),
            };
            if count == 0 {
                return Err(io::Error::from(io::ErrorKind::WriteZero).into());
            }
            bytes = &bytes[count..];
        }
        Ok(())
    }

    /// Reads what is there, and waits for it as long as there is patience. That is looked at before each read: who sends without an end does
    /// not keep this one for ever.
    pub(in crate::store::postgres) fn receive(&mut self, into: &mut [u8], patience: Patience) -> Result<usize, Failed> {
        let count = match &mut self.0 {
            Inner::Tcp(socket) => in_turns(patience, || socket.read(into))?,
            #[cfg(unix)]
            Inner::Local(socket) => in_turns(patience, || socket.read(into))?,
            Inner::Tls(sealed) => loop {
                match sealed.session.reader().read(into) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => _ = sealed.read_in(patience)?,
                    read => break read?,
                }
            },
            Inner::Gone => return Err(not_connected()),
        };
        if count == 0 { Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()) } else { Ok(count) }
    }
}

/// TLS and the socket below it. What is sent and read goes through here a piece at a time, so that each piece is waited for by itself.
struct Sealed {
    session: ClientConnection,
    socket: TcpStream,
}

impl Sealed {
    fn write_out(&mut self, patience: Patience) -> Result<(), Failed> {
        while self.session.wants_write() {
            in_write_turns(patience, || self.session.write_tls(&mut self.socket))?;
        }
        Ok(())
    }

    fn read_in(&mut self, patience: Patience) -> Result<usize, Failed> {
        let count = in_turns(patience, || self.session.read_tls(&mut self.socket))?;
        let read = self.session.process_new_packets();
        // What is wrong is told to the other side, too, and what it asks for is answered.
        let told = self.write_out(patience);
        read.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        told.map(|()| count)
    }
}

/// Does something that waits for a turn at most, until it is done or there is no more patience.
fn in_turns<T>(patience: Patience, mut attempt: impl FnMut() -> io::Result<T>) -> Result<T, Failed> {
    loop {
        patience.look()?;
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted || is_a_turn(&error) => {}
            done => return Ok(done?),
        }
    }
}

/// The same of writing. On Windows nobody knows how much has gone out of what has taken too long, so that it is not gone on with.
fn in_write_turns<T>(patience: Patience, mut attempt: impl FnMut() -> io::Result<T>) -> Result<T, Failed> {
    if cfg!(windows) {
        patience.look()?;
        return attempt().map_err(|error| if is_a_turn(&error) { Failed::Late } else { error.into() });
    }
    in_turns(patience, attempt)
}

fn not_connected() -> Failed {
    io::Error::from(io::ErrorKind::NotConnected).into()
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
const WRITE_TURN: Duration = if cfg!(windows) { Duration::from_secs(10) } else { TURN };
