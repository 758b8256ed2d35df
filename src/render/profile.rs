//! The folder that a browser keeps its profile in: made for it, and gone with it. A lock beside it, which the system takes back from a process
//! that dies, tells the folders of those that could not remove theirs.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;
use std::time::Duration;

use super::error::Error;

/// Removed when dropped, which is after the browser's end.
#[derive(Debug)]
pub(super) struct Profile {
    folder: PathBuf,
    lock: PathBuf,
    /// Locked as long as it is open.
    held: Option<File>,
}

impl Profile {
    /// A new one in the folder for temporary files, where those of processes that are gone are removed first.
    pub(super) fn new(below: &Path) -> Result<Self, Error> {
        sweep(below);
        let name = format!("{PREFIX}{}-{:08x}", process::id(), RandomState::new().hash_one(process::id()) as u32);
        let (folder, lock) = (below.join(&name), below.join(format!("{name}{LOCK}")));
        let failed = |path: &Path, source: io::Error| Error::Profile { path: path.to_owned(), source: Arc::new(source) };
        let file = OpenOptions::new().write(true).create_new(true).open(&lock).map_err(|error| failed(&lock, error))?;
        let profile = Self { folder, lock, held: Some(file) };
        let held = profile.held.as_ref().expect("it was just given");
        held.try_lock().map_err(|error| failed(&profile.lock, error.into()))?;
        make(&profile.folder).map_err(|error| failed(&profile.folder, error))?;
        Ok(profile)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.folder) {
            log::debug!("{} was not removed: {error}; the next browser does it", self.folder.display());
            // Unlocked, it tells the next one so.
            return;
        }
        // On Windows a file goes when nobody has it open.
        self.held = None;
        let _ = fs::remove_file(&self.lock);
    }
}

/// Processes of a browser that dies write a moment longer.
fn remove(folder: &Path) -> io::Result<()> {
    let mut last = Ok(());
    for _ in 0..TRIES {
        last = match fs::remove_dir_all(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            outcome => outcome,
        };
        if last.is_ok() {
            return last;
        }
        std::thread::sleep(PAUSE);
    }
    last
}

/// Of those whose lock nobody holds. What is somebody else's cannot be opened, and is left alone.
fn sweep(below: &Path) {
    for entry in fs::read_dir(below).into_iter().flatten().flatten() {
        let name = entry.file_name();
        // Others may make files here, too, and a pipe of that name would be waited for.
        if !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let Some(folder) = name.to_str().filter(|name| name.starts_with(PREFIX)).and_then(|name| name.strip_suffix(LOCK)) else { continue };
        // One that was just made may not be locked yet.
        let is_new = entry.metadata().and_then(|file| file.modified()).is_ok_and(|at| at.elapsed().is_ok_and(|age| age < SETTLED));
        let Ok(lock) = OpenOptions::new().write(true).open(entry.path()) else { continue };
        if !is_new && lock.try_lock().is_ok() && remove(&below.join(folder)).is_ok() {
            drop(lock);
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn make(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::DirBuilderExt::mode(&mut DirBuilder::new(), 0o700).create(folder);
    #[cfg(not(unix))]
    DirBuilder::new().create(folder)
}

const PREFIX: &str = "smolcrawl-browser-";
const LOCK: &str = ".lock";
const SETTLED: Duration = Duration::from_secs(2);
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn what_a_dead_process_left_is_swept_and_nothing_else() {
        let below = std::env::temp_dir().join(format!("smolcrawl-profiles-{}", process::id()));
        fs::create_dir(&below).unwrap();
        let names = || {
            let mut names: Vec<_> = fs::read_dir(&below).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        let old = SystemTime::now() - Duration::from_secs(60);
        let left = |name: &str, at: SystemTime| {
            fs::create_dir_all(below.join(name).join("Default")).unwrap();
            File::create(below.join(format!("{name}{LOCK}"))).unwrap().set_modified(at).unwrap();
        };
        left("smolcrawl-browser-1-dead", old);
        left("smolcrawl-browser-2-new", SystemTime::now());
        left("somebody-else", old);
        // Nobody ever reads it.
        #[cfg(unix)]
        assert!(process::Command::new("mkfifo").arg(below.join("smolcrawl-browser-3-pipe.lock")).status().unwrap().success());
        let alive = Profile::new(&below).unwrap();
        OpenOptions::new().write(true).open(&alive.lock).unwrap().set_modified(old).unwrap();
        let second = Profile::new(&below).unwrap();
        assert!(alive.folder().is_dir() && second.folder().is_dir());
        assert!(!names().iter().any(|name| name.contains("dead")), "{:?}", names());
        drop((alive, second));
        #[cfg(unix)]
        fs::remove_file(below.join("smolcrawl-browser-3-pipe.lock")).unwrap();
        assert_eq!(names(), ["smolcrawl-browser-2-new", "smolcrawl-browser-2-new.lock", "somebody-else", "somebody-else.lock"]);
        fs::remove_dir_all(below).unwrap();
    }
}
