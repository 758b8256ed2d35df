//! Proves to the server that the password is known without saying it, and has it prove the same (SCRAM-SHA-256, RFC 5802 and 7677). Pure.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::{hmac, pbkdf2};
use unicode_normalization::UnicodeNormalization as _;

use super::Broken;

pub(in crate::store::postgres) const MECHANISM: &str = "SCRAM-SHA-256";

/// One exchange.
#[derive(Debug)]
pub(in crate::store::postgres) struct Scram {
    nonce: String,
    /// By what the server signs in the end, and what it signs.
    expected: Option<(hmac::Key, String)>,
}

impl Scram {
    /// `random` has to be new for each exchange.
    pub(in crate::store::postgres) fn new(random: [u8; 18]) -> Self {
        Self { nonce: STANDARD.encode(random), expected: None }
    }

    pub(in crate::store::postgres) fn first(&self) -> Vec<u8> {
        format!("{HEADER}{}", self.first_bare()).into_bytes()
    }

    /// PostgreSQL takes the user from the first message of the connection.
    fn first_bare(&self) -> String {
        format!("n=,r={}", self.nonce)
    }

    /// The answer to what the server has said first.
    pub(in crate::store::postgres) fn answer(&mut self, challenge: &[u8], password: &str) -> Result<Vec<u8>, Broken> {
        let challenge = str::from_utf8(challenge).map_err(|_| ODD)?;
        let field = |name: &str| challenge.split(',').find_map(|field| field.strip_prefix(name)).ok_or(ODD);
        let (nonce, salt, rounds) = (field("r=")?, field("s=")?, field("i=")?);
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(Broken("the server answers another exchange"));
        }
        let salt = STANDARD.decode(salt).map_err(|_| ODD)?;
        // A server that asks for more only wants to keep this one busy.
        let rounds = rounds.parse().ok().filter(|rounds| *rounds <= MOST_ROUNDS).and_then(NonZeroU32::new).ok_or(ODD)?;
        let mut salted = [0; 32];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, prepared(password).as_bytes(), &mut salted);
        let salted = hmac::Key::new(hmac::HMAC_SHA256, &salted);
        let client = hmac::sign(&salted, b"Client Key");
        let stored = digest(&SHA256, client.as_ref());
        let without_proof = format!("c={},r={nonce}", STANDARD.encode(HEADER));
        let all = format!("{},{challenge},{without_proof}", self.first_bare());
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, stored.as_ref()), all.as_bytes());
        let proof: Vec<u8> = client.as_ref().iter().zip(signature.as_ref()).map(|(key, signature)| key ^ signature).collect();
        let server = hmac::sign(&salted, b"Server Key");
        self.expected = Some((hmac::Key::new(hmac::HMAC_SHA256, server.as_ref()), all));
        Ok(format!("{without_proof},p={}", STANDARD.encode(proof)).into_bytes())
    }

    /// Whether the server knows the password, too.
    pub(in crate::store::postgres) fn verify(&self, said: &[u8]) -> Result<(), Broken> {
        let said = str::from_utf8(said).ok().and_then(|said| said.strip_prefix("v=")).and_then(|said| STANDARD.decode(said).ok());
        let (key, all) = self.expected.as_ref().ok_or(ODD)?;
        let is_it = said.is_some_and(|said| hmac::verify(key, all.as_bytes(), &said).is_ok());
        if is_it { Ok(()) } else { Err(Broken("the server does not know the password itself")) }
    }
}

/// As SASLprep does, but for what it forbids: then the server refuses the password.
fn prepared(password: &str) -> String {
    if password.is_ascii() {
        return password.to_owned();
    }
    let spaces = |c: char| if c.is_whitespace() { ' ' } else { c };
    password.chars().filter(|c| !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')).map(spaces).nfkc().collect()
}

/// Without channel binding, and without another user.
const HEADER: &str = "n,,";
const ODD: Broken = Broken("the server asks for the password in a way that cannot be read");
/// PostgreSQL's own default is 4,096.
const MOST_ROUNDS: u32 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7677, whose user stands in the message where PostgreSQL has none.
    #[test]
    fn both_sides_prove_that_they_know_the_password() {
        let mut scram = Scram { nonce: "rOprNGfwEbeRWgbNEkqO".into(), expected: None };
        assert_eq!(scram.first(), b"n,,n=,r=rOprNGfwEbeRWgbNEkqO");
        let challenge = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let answer = String::from_utf8(scram.answer(challenge, "pencil").unwrap()).unwrap();
        assert!(answer.starts_with("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p="), "{answer}");
        let (key, all) = scram.expected.as_ref().unwrap();
        let good = format!("v={}", STANDARD.encode(hmac::sign(key, all.as_bytes())));
        assert!(scram.verify(good.as_bytes()).is_ok());
        assert!(scram.verify(b"v=AAAA").is_err() && scram.verify(b"e=other-error").is_err() && scram.verify(b"").is_err());
    }

    #[test]
    fn a_server_that_is_none_is_refused() {
        for challenge in
            ["", "r=other,s=AA==,i=1", "r=mine,s=AA==,i=1", "r=mineX,s=?,i=1", "r=mineX,s=AA==,i=0", "r=mineX,s=AA==,i=4000000000"]
        {
            let mut scram = Scram { nonce: "mine".into(), expected: None };
            assert!(scram.answer(challenge.as_bytes(), "x").is_err(), "{challenge}");
            assert!(scram.verify(b"v=").is_err(), "{challenge}");
        }
    }

    #[test]
    fn a_password_is_the_same_however_it_is_typed() {
        assert_eq!(prepared("a\u{a0}\u{2168}\u{ad}"), "a IX");
        assert_eq!(prepared(" plain "), " plain ");
    }
}
