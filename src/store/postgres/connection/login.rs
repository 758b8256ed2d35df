//! How a connection begins: the socket, TLS, and the proof of who asks and who answers. Nobody is trusted yet: each step is taken once, and
//! what comes before the end of it is bounded.

use std::time::Duration;

use ring::rand::{SecureRandom as _, SystemRandom};

use super::{Connection, unreachable};
use crate::store::error::{Error, Failure};
use crate::store::postgres::address::{Address, Host, Tls};
use crate::store::postgres::trouble::Trouble;
use crate::store::postgres::wire::{Authentication, Broken, Failed, Incoming, MECHANISM, Outgoing, Patience, Scram, Stream, tls};

pub(super) fn connect(address: &Address, patience: Patience) -> Result<Stream, Failure> {
    let lost = |failed: Failed| match failed {
        Failed::Io(error) => unreachable(&error.to_string()),
        Failed::Late => unreachable("it takes too long to answer"),
        Failed::Unwanted => nobody_asks(address),
    };
    let host = match &address.host {
        Host::Folder(folder) => return Stream::connect_locally(folder, address.port).map_err(|error| lost(error.into())),
        Host::Named(host) => host,
    };
    let mut stream = Stream::connect(host, address.port, CONNECT, patience).map_err(lost)?;
    if address.tls == Tls::Off {
        return Ok(stream);
    }
    let mut outgoing = Outgoing::default();
    outgoing.ask_for_tls();
    let mut answer = [0];
    stream.send(&outgoing.take(), patience).and_then(|()| stream.receive(&mut answer, patience)).map_err(lost)?;
    let cannot = |why: String| Failure::from(Trouble::Tls { why });
    // What came behind this byte before TLS would be from somebody in between: there is no room for more than it.
    if answer != *b"S" {
        return Err(cannot("the server does not offer it".to_owned()));
    }
    let config = tls(address.roots.as_deref()).map_err(|error| match &address.roots {
        Some(file) => cannot(format!("{}: {error}", file.display())),
        None => cannot(error.to_string()),
    })?;
    stream.encrypt(config, host, patience).map_err(|failed| match failed {
        Failed::Io(error) => cannot(error.to_string()),
        late => lost(late),
    })?;
    Ok(stream)
}

impl Connection {
    pub(super) fn log_in(&mut self, patience: Patience) -> Result<(), Failure> {
        let mut proof = Proof::None;
        for _ in 0..MOST_GREETINGS {
            match self.next(patience)? {
                Incoming::Authentication(Authentication::Ok) => match proof {
                    Proof::Begun(_) | Proof::Answered(_) => return Err(refused("it lets in whoever it has not asked to the end")),
                    Proof::None | Proof::Given => self.is_let_in = true,
                },
                Incoming::Authentication(_) if self.is_let_in => return Err(refused(UNASKED)),
                Incoming::Authentication(asked) => {
                    proof = self.prove(proof, asked)?;
                    self.flush(patience)?;
                }
                Incoming::Key { process, key } => self.key = Some((process, key)),
                Incoming::Error(told) => return Err(Trouble::of(*told).into()),
                Incoming::Ready(state) if self.is_let_in => {
                    self.state = state;
                    return Ok(());
                }
                Incoming::Ready(_) => return Err(refused(UNASKED)),
                _ => {}
            }
        }
        self.is_over = true;
        Err(unreachable("it talks on and lets nobody in"))
    }

    /// The next step of proving who this is. Each is taken once.
    fn prove(&mut self, proof: Proof, asked: Authentication) -> Result<Proof, Failure> {
        let password = self.address.password();
        let known = || password.ok_or(Trouble::NoPassword);
        let odd = |odd: Broken| refused(odd.0);
        Ok(match (proof, asked) {
            // Whoever reads along reads it.
            (Proof::None, Authentication::Cleartext) if !self.stream.is_encrypted() && !self.address.host.is_here() => {
                return Err(Trouble::UnsafePassword { way: "in the clear" }.into());
            }
            (Proof::None, Authentication::Cleartext) => {
                self.outgoing.password(known()?);
                Proof::Given
            }
            (_, Authentication::Md5) => return Err(Trouble::UnsafePassword { way: "by MD5" }.into()),
            (Proof::None, Authentication::Sasl(ways)) if ways.iter().any(|way| way == MECHANISM) => {
                known()?;
                let mut random = [0; 18];
                SystemRandom::new().fill(&mut random).map_err(|_| refused("the system gives no random numbers"))?;
                let begun = Scram::new(random);
                self.outgoing.sasl_begin(MECHANISM, &begun.first());
                Proof::Begun(begun)
            }
            (Proof::Begun(mut begun), Authentication::SaslContinue(challenge)) => {
                let answer = begun.answer(&challenge, known()?).map_err(odd)?;
                self.outgoing.sasl_answer(&answer);
                Proof::Answered(begun)
            }
            (Proof::Answered(answered), Authentication::SaslFinal(said)) => {
                answered.verify(&said).map_err(odd)?;
                Proof::Given
            }
            (Proof::None, Authentication::Sasl(_) | Authentication::Other(_)) => {
                return Err(refused("it asks for something other than a password (scram-sha-256)"));
            }
            _ => return Err(refused(UNASKED)),
        })
    }
}

/// How far it is proved who asks, and who answers.
enum Proof {
    /// Nothing has been asked for. A server may let in whom it likes.
    None,
    Begun(Scram),
    /// The server has yet to prove that it knows the password, too.
    Answered(Scram),
    Given,
}

fn refused(why: &str) -> Failure {
    Trouble::LoginRefused { why: why.to_owned() }.into()
}

pub(super) fn nobody_asks(address: &Address) -> Failure {
    Error::Endless { path: address.to_string().into() }.into()
}

/// For one address of a host.
const CONNECT: Duration = Duration::from_secs(10);
/// Messages until then.
const MOST_GREETINGS: usize = 1_000;
const UNASKED: &str = "it goes on with an exchange that was not begun";

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{Shutdown, TcpListener};
    use std::thread;

    use super::*;
    use crate::store::Server;

    /// A connection to this machine that is taken for one to the host of an address, whose other end says `said` and tells what it hears.
    fn let_in(address: &str, said: Vec<u8>) -> (Result<Connection, Failure>, thread::JoinHandle<Vec<u8>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let hearing = thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            socket.write_all(&said).unwrap();
            // It has nothing more to say.
            socket.shutdown(Shutdown::Write).unwrap();
            let mut heard = Vec::new();
            _ = socket.read_to_end(&mut heard);
            heard
        });
        let address = Address::parse(address, &Server::default()).unwrap();
        let limit = Duration::from_secs(10);
        let patience = Patience::of_ours(limit);
        let stream = Stream::connect("127.0.0.1", port, limit, patience).unwrap();
        (Connection::let_in(stream, &address, limit, patience), hearing)
    }

    const CLEARTEXT: &[u8] = b"R\0\0\0\x08\0\0\0\x03";

    #[test]
    fn a_password_is_said_where_nobody_reads_along_and_nowhere_else() {
        for (address, is_said) in [
            ("postgres://me:secret@db.example.com/x?sslmode=disable", false),
            ("postgres://me:secret@10.0.0.1/x?sslmode=disable", false),
            ("postgres://me:secret@localhost/x", true),
            ("postgres://me:secret@[::1]/x", true),
        ] {
            let (connection, hearing) = let_in(address, CLEARTEXT.to_vec());
            let refused = matches!(&connection, Err(Failure::Server(Trouble::UnsafePassword { way: "in the clear" })));
            assert_eq!(refused, !is_said, "{address}: {connection:?}");
            drop(connection);
            let heard = hearing.join().unwrap();
            assert_eq!(heard.windows(6).any(|part| part == b"secret"), is_said, "{address}");
        }
    }

    #[test]
    fn an_answer_takes_no_more_memory_than_it_may() {
        // It lets in, and has ten rows of a hundred bytes for whatever comes.
        let row = [&b"D\0\0\0\x6e\0\x01\0\0\0\x64"[..], &[0; 100]].concat();
        let said = [&b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"[..], &row.repeat(10)].concat();
        let (connection, hearing) = let_in("postgres://me@localhost/x", said);
        let mut connection = connection.unwrap();
        connection.most = 1_000;
        let failure = connection.rows("SELECT 1", &[]).unwrap_err();
        assert!(matches!(&failure, Failure::Server(Trouble::TooLarge { why }) if why.contains("1000")), "{failure:?}");
        assert!(!connection.is_reusable());
        drop(connection);
        hearing.join().unwrap();
    }
}
