//! How many files and sockets this process may have open. The soft limit is for programs of the seventies, which could count no further; who
//! knows better raises it.

/// Raises the number of files and sockets that this process may have open to what the system lets it have, at most 65,536, and returns what
/// holds now; none where there is no such limit, as on Windows. Never lowers it, and never fails: what cannot be raised stays.
///
/// For the beginning of a program. Children inherit it.
pub fn raise_open_files_limit() -> Option<u64> {
    system::raise()
}

#[cfg(unix)]
mod system {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    pub(super) fn raise() -> Option<u64> {
        let limit = getrlimit(Resource::Nofile);
        // None is no limit.
        let now = limit.current?;
        let wanted = limit.maximum.map_or(MOST, |maximum| maximum.min(MOST));
        if wanted <= now {
            return Some(now);
        }
        match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum }) {
            Ok(()) => Some(wanted),
            Err(error) => {
                log::debug!("the limit of open files stays at {now}: {error}");
                Some(now)
            }
        }
    }

    /// macOS refuses more than OPEN_MAX, whatever it says itself.
    const MOST: u64 = if cfg!(target_vendor = "apple") { 10_240 } else { 65_536 };
}

#[cfg(not(unix))]
mod system {
    pub(super) fn raise() -> Option<u64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_never_lowered_and_a_second_time_changes_nothing() {
        let first = raise_open_files_limit();
        assert_eq!(raise_open_files_limit(), first);
        assert!(first.is_none_or(|limit| limit >= 64));
    }
}
