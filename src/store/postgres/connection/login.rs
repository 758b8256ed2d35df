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
