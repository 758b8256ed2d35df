//! What the end of a connection means: judged by the stage of the message it came in, never by the error alone.
//! The only place where the kind of an I/O error is looked at.
//!
//! | event | bytes of the answer | outcome |
//! |---|---|---|
//! | reset or FIN of an idle connection | – | benign |
//! | reset or FIN of a reused connection | none | once more on a fresh one if that does no harm, else an error |
//! | a fatal alert of a reused connection, over TLS | none | the same: the peer had ended the session |
//! | the same of a fresh connection | none | an error; whoever schedules may try again later, the client never does |
//! | the same inside the head | some | an error |
//! | early end of a body with a length or in chunks | some | an error, never a short success |
//! | anything after a complete message, alerts and garbage too | all | benign |
//! | orderly end (FIN, close_notify) of a body without framing | all | benign |
//! | reset of such a body, or TLS without close_notify | ? | an error |
//! | failure to write | any | first read on: there may be an answer (an early 413); else an error |
//! | bytes after a message, a length beside chunks | all | benign; the connection is not used again |
//! | shutdown of the reactor | not all | an error, never once more: there will be no fresh connection |
//!
//! After RFC 9112 8 and 9.3.1, and RFC 9110 9.2.2. On Windows a reset destroys what was received and not yet read, so the
//! same event may be harmless on one system and a loss on another: one more reason to judge by the framing.

use std::io;

use super::request::{Method, Replay};
use crate::reactor::Stopped;

/// What is to be done about a connection that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing was lost: traced and counted, never reported.
    Benign,
    /// Send the request once more, on a connection that is certainly new (RFC 9110 9.2.2, RFC 9112 9.3.1).
    RetryFresh,
    /// An answer was lost.
    Surface,
}

/// Where in the life of a message the connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// In the pool, between two messages.
    Idle,
    /// A request was sent, or a part of it, and not one byte of the answer has come.
    BeforeAnswer(Age),
    /// Some bytes of the head have come.
    InsideHead,
    /// A body whose framing says that more must come (RFC 9112 8).
    FramedBody,
    /// A body that ends with the connection.
    OpenBody,
}

/// Whether the connection has carried an answer before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    Fresh,
    Reused,
}

/// Whether this request may be sent twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replayable {
    Yes,
    No,
}

impl Replayable {
    pub(super) fn of(method: &Method, replay: Replay) -> Self {
        match replay {
            Replay::Safe => Self::Yes,
            Replay::ByMethod if method.is_idempotent() => Self::Yes,
            Replay::ByMethod | Replay::Never => Self::No,
        }
    }
}

/// `error` is none for an orderly end: FIN, or over TLS close_notify.
pub(super) fn verdict(error: Option<&io::Error>, stage: Stage, replayable: Replayable) -> Verdict {
    match stage {
        // Everything was said. (What fails while closing never comes this far: `reactor::Socket` counts it.)
        Stage::Idle => Verdict::Benign,
        Stage::BeforeAnswer(Age::Reused) if replayable == Replayable::Yes && error.is_none_or(peer_is_gone) => Verdict::RetryFresh,
        // Only an orderly end proves that this was all of it: after a reset, or without close_notify, the rest may be missing.
        Stage::OpenBody if error.is_none() => Verdict::Benign,
        Stage::BeforeAnswer(_) | Stage::InsideHead | Stage::FramedBody | Stage::OpenBody => Verdict::Surface,
    }
}

/// The peer closed or reset the connection, in the words of the systems. Of TLS: it went without close_notify, or ended the session.
fn peer_is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::*;
    Stopped::of(error).is_none()
        && (matches!(error.kind(), ConnectionReset | ConnectionAborted | BrokenPipe | NotConnected | UnexpectedEof | WriteZero)
            || error.raw_os_error().is_some_and(|code| WITHOUT_KIND.contains(&code))
            || error.get_ref().and_then(|inner| inner.downcast_ref()).is_some_and(|error| matches!(error, rustls::Error::AlertReceived(_))))
}

/// What Windows also calls it, without a kind in the standard library: WSAENETRESET, WSAESHUTDOWN, WSAEDISCON. (What a completion
/// says in words of its own, the reactor puts into those of sockets.)
const WITHOUT_KIND: &[i32] = if cfg!(windows) { &[10052, 10058, 10101] } else { &[] };

#[cfg(test)]
mod tests {
    use super::*;

    fn reset() -> io::Error {
        io::ErrorKind::ConnectionReset.into()
    }

    #[test]
    fn the_same_reset_means_different_things() {
        let judge = |stage, replayable| verdict(Some(&reset()), stage, replayable);
        for replayable in [Replayable::Yes, Replayable::No] {
            assert_eq!(judge(Stage::Idle, replayable), Verdict::Benign);
            for stage in [Stage::BeforeAnswer(Age::Fresh), Stage::InsideHead, Stage::FramedBody, Stage::OpenBody] {
                assert_eq!(judge(stage, replayable), Verdict::Surface, "{stage:?}");
            }
        }
        assert_eq!(judge(Stage::BeforeAnswer(Age::Reused), Replayable::Yes), Verdict::RetryFresh);
        assert_eq!(judge(Stage::BeforeAnswer(Age::Reused), Replayable::No), Verdict::Surface);
    }

    #[test]
    fn an_orderly_end_completes_only_an_open_body() {
        let judge = |stage| verdict(None, stage, Replayable::Yes);
        assert_eq!(judge(Stage::OpenBody), Verdict::Benign);
        assert_eq!(judge(Stage::FramedBody), Verdict::Surface);
        assert_eq!(judge(Stage::InsideHead), Verdict::Surface);
        assert_eq!(judge(Stage::BeforeAnswer(Age::Fresh)), Verdict::Surface);
        assert_eq!(judge(Stage::BeforeAnswer(Age::Reused)), Verdict::RetryFresh);
    }

    #[test]
    fn an_error_that_is_not_the_peers_leaving_is_not_retried() {
        for kind in [io::ErrorKind::InvalidData, io::ErrorKind::PermissionDenied, io::ErrorKind::TimedOut] {
            assert_eq!(verdict(Some(&kind.into()), Stage::BeforeAnswer(Age::Reused), Replayable::Yes), Verdict::Surface, "{kind:?}");
        }
    }

    /// In its own numbers, for some of which the standard library has no kind.
    #[test]
    fn every_word_of_the_system_for_a_peer_that_has_gone_is_known() {
        let (gone, other): (&[i32], &[i32]) = if cfg!(windows) {
            (&[10052, 10053, 10054, 10057, 10058, 10101], &[5, 10013, 10038, 10055, 10060, 10061])
        } else if cfg!(target_os = "linux") {
            (&[32, 103, 104, 107], &[1, 12, 110, 111])
        } else {
            (&[32, 53, 54, 57], &[1, 12, 60, 61])
        };
        let judge = |code: i32| verdict(Some(&io::Error::from_raw_os_error(code)), Stage::BeforeAnswer(Age::Reused), Replayable::Yes);
        assert_eq!(gone.iter().filter(|code| judge(**code) != Verdict::RetryFresh).collect::<Vec<_>>(), [&0; 0]);
        assert_eq!(other.iter().filter(|code| judge(**code) != Verdict::Surface).collect::<Vec<_>>(), [&0; 0]);
    }

    #[test]
    fn an_alert_ends_a_session_and_garbage_does_not() {
        let judge = |error, stage| verdict(Some(&io::Error::new(io::ErrorKind::InvalidData, error)), stage, Replayable::Yes);
        let alert = || rustls::Error::AlertReceived(rustls::AlertDescription::InternalError);
        assert_eq!(judge(alert(), Stage::BeforeAnswer(Age::Reused)), Verdict::RetryFresh);
        for stage in [Stage::BeforeAnswer(Age::Fresh), Stage::InsideHead, Stage::FramedBody, Stage::OpenBody] {
            assert_eq!(judge(alert(), stage), Verdict::Surface, "{stage:?}");
        }
        assert_eq!(judge(rustls::Error::DecryptError, Stage::BeforeAnswer(Age::Reused)), Verdict::Surface);
    }

    #[test]
    fn what_this_side_ended_is_not_retried() {
        let error = io::Error::from(Stopped::Aborted);
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
        assert_eq!(verdict(Some(&error), Stage::BeforeAnswer(Age::Reused), Replayable::Yes), Verdict::Surface);
        let by_the_system = io::ErrorKind::ConnectionAborted.into();
        assert_eq!(verdict(Some(&by_the_system), Stage::BeforeAnswer(Age::Reused), Replayable::Yes), Verdict::RetryFresh);
    }

    #[test]
    fn a_post_is_replayed_only_if_its_caller_says_so() {
        assert_eq!(Replayable::of(&Method::GET, Replay::ByMethod), Replayable::Yes);
        assert_eq!(Replayable::of(&Method::GET, Replay::Never), Replayable::No);
        assert_eq!(Replayable::of(&Method::POST, Replay::ByMethod), Replayable::No);
        assert_eq!(Replayable::of(&Method::POST, Replay::Safe), Replayable::Yes);
    }
}
