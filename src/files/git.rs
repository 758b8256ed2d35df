//! Repositories of hosts that give no archive, by the installed `git`: one commit is fetched into a folder that is gone afterwards, and
//! read from `git archive` as a stream. Nothing is checked out, so that neither hooks nor filters nor links of the repository come to
//! anything.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::net::IpAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use url::{Host, Url};

use crate::http;
use crate::reactor::Handle;

use super::archive::{Archive, ArchiveLimits, TopFolder};
use super::error::Error;
use super::origin::Repository;
use super::selection::Selection;

/// What a fetch by git may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GitLimits {
    /// Default: 10 minutes.
    pub time: Duration,
    /// As it is stored, compressed. Default: 1 GiB.
    pub max_bytes: u64,
}

impl Default for GitLimits {
    fn default() -> Self {
        Self { time: Duration::from_secs(600), max_bytes: 1 << 30 }
    }
}

/// As whom git asks a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GitUser {
    /// With the configuration, keys and passwords of whoever runs this program.
    Own,
    /// With none of these, by HTTP: what comes is what anybody can have.
    Anybody,
}

/// A fetch that is under way. Dropped before its end it takes git and all that git has started with it.
#[derive(Debug)]
pub struct GitFetch {
    git: Git,
    repository: String,
    child: Option<Group>,
    limits: GitLimits,
    until: Option<Instant>,
}

impl GitFetch {
    /// Starts to fetch one commit: that of the reference, else of the default branch. Where `addresses` are given, the host of an address of
    /// HTTP is asked there and nowhere else (by git 2.37 or later); otherwise git looks up where it is.
    ///
    /// # Errors
    /// [`Error::NoGit`], [`Error::Git`], [`Error::Io`].
    pub fn start(repository: &Repository, user: GitUser, addresses: &[IpAddr], limits: GitLimits, now: Instant) -> Result<Self, Error> {
        let protocols = match user {
            GitUser::Own => "https:http:ssh",
            GitUser::Anybody => "https:http",
        };
        let mut git = Git::new(OsStr::new("git"), protocols, user)?;
        git.resolved = Url::parse(&repository.remote).ok().and_then(|remote| resolved(&remote, addresses));
        Self::start_with(git, &repository.remote, repository.reference.as_deref(), limits, now)
    }

    fn start_with(git: Git, remote: &str, reference: Option<&str>, limits: GitLimits, now: Instant) -> Result<Self, Error> {
        let failed = |said: String| Error::Git { repository: remote.to_owned(), said };
        let initialised = git.command(&["init", "--quiet", "--bare", "--template=", "."])?.status();
        match initialised.map_err(|source| Error::NoGit { source })? {
            status if status.success() => {}
            _ => return Err(failed(git.said())),
        }
        // What the repository wants left out of archives is read as well, and nothing is rewritten.
        let attributes = git.folder.path().join("info/attributes");
        let written = fs::create_dir_all(git.folder.path().join("info")).and_then(|()| fs::write(&attributes, ATTRIBUTES));
        written.map_err(Error::io(attributes, "written"))?;
        let arguments = [
            "fetch",
            "--quiet",
            "--depth=1",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-auto-maintenance",
            "--",
            remote,
            reference.unwrap_or("HEAD"),
        ];
        let child = git.command(&arguments)?.spawn().map_err(|source| Error::NoGit { source })?;
        Ok(Self { git, repository: remote.to_owned(), child: Some(Group(child)), limits, until: now.checked_add(limits.time) })
    }

    /// Whether the fetch has ended. It does not wait: ask again after a while.
    ///
    /// # Errors
    /// [`Error::Git`] with what git says, [`Error::TooMuch`].
    pub fn step(&mut self, now: Instant) -> Result<bool, Error> {
        let Some(child) = &mut self.child else { return Ok(true) };
        let too_much = |why: String| Error::TooMuch { repository: self.repository.clone(), why };
        match child.0.try_wait().map_err(Error::io("git", "waited for"))? {
            Some(status) if status.success() => {
                self.child = None;
                Ok(true)
            }
            Some(_) => Err(Error::Git { repository: self.repository.clone(), said: self.git.said() }),
            None if self.until.is_some_and(|until| now >= until) => {
                Err(too_much(format!("was not there after {} s", self.limits.time.as_secs())))
            }
            None if stored(&self.git.folder.path().join("objects/pack")) > self.limits.max_bytes => {
                Err(too_much(format!("has more than {} MiB", self.limits.max_bytes >> 20)))
            }
            None => Ok(false),
        }
    }

    /// The files of the commit, once the fetch has ended.
    ///
    /// # Errors
    /// [`Error::NoGit`], [`Error::Git`].
    pub fn into_archive(self, selection: Selection, limits: ArchiveLimits) -> Result<Archive, Error> {
        let Self { git, repository, .. } = self;
        let name = http::masked_text(&repository);
        let git = Arc::new(git);
        let output = Output::of(&git, &repository)?;
        let again = move || Output::of(&git, &repository);
        Ok(Archive::stream(name, output, selection, TopFolder::Keep, limits).or_again(limits, again))
    }
}

/// Fetches one commit: [`GitFetch`], with the waiting between its steps. Dropping the future ends git.
///
/// # Errors
/// As [`GitFetch::start`] and [`GitFetch::step`].
pub async fn fetch(
    handle: &Handle,
    repository: Repository,
    user: GitUser,
    addresses: Vec<IpAddr>,
    limits: GitLimits,
) -> Result<GitFetch, Error> {
    let now = handle.now();
    let mut fetch = handle.unblock(move || GitFetch::start(&repository, user, &addresses, limits, now)).await?;
    let mut pause = SHORTEST_PAUSE;
    loop {
        let now = handle.now();
        let (back, is_done) = handle
            .unblock(move || {
                let is_done = fetch.step(now);
                (fetch, is_done)
            })
            .await;
        if is_done? {
            return Ok(back);
        }
        fetch = back;
        handle.sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// How git is called.
#[derive(Debug)]
struct Git {
    program: Box<OsStr>,
    /// The repository in the making, gone with this.
    folder: TempDir,
    /// As `GIT_ALLOW_PROTOCOL` has it.
    protocols: &'static str,
    user: GitUser,
    /// Where the host is, as `http.curloptResolve` has it.
    resolved: Option<String>,
}

impl Git {
    fn new(program: &OsStr, protocols: &'static str, user: GitUser) -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("smolcrawl-git-").tempdir().map_err(Error::io("a temporary folder", "made"))?;
        let home = folder.path().join(HOME);
        fs::create_dir(&home).map_err(Error::io(home, "made"))?;
        Ok(Self { program: program.into(), folder, protocols, user, resolved: None })
    }

    /// A command in the repository that asks nobody anything, runs no hook and speaks the allowed protocols only.
    fn command(&self, arguments: &[&str]) -> Result<Command, Error> {
        let path = self.folder.path().join(SAID);
        let said = File::create(&path).map_err(Error::io(path, "written"))?;
        let mut command = Command::new(&self.program);
        command
            .args(SETTINGS.iter().flat_map(|setting| ["-c", setting]))
            // An empty one takes back all that were named before.
            .args((self.user == GitUser::Anybody).then_some(["-c", "credential.helper="]).into_iter().flatten())
            .args(self.resolved.iter().flat_map(|resolved| ["-c".to_owned(), format!("http.curloptResolve={resolved}")]))
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said);
        for name in
            ["GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_TRACE"]
        {
            command.env_remove(name);
        }
        command
            .env("GIT_DIR", self.folder.path())
            .env("GIT_ALLOW_PROTOCOL", self.protocols)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "false")
            // Questions of ssh go to a program that says no.
            .env("SSH_ASKPASS", "false")
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("GIT_LFS_SKIP_SMUDGE", "1")
            .env("LC_ALL", "C");
        if self.user == GitUser::Anybody {
            self.as_anybody(&mut command);
        }
        alone(&mut command);
        Ok(command)
    }

    /// Away from all that its user has set up: git's configuration, and the `.netrc` that is looked for at home.
    fn as_anybody(&self, command: &mut Command) {
        for name in ["GIT_CONFIG", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS", "GIT_SSL_CERT", "GIT_SSL_KEY", "XDG_CONFIG_HOME"] {
            command.env_remove(name);
        }
        let home = self.folder.path().join(HOME);
        command
            .env("GIT_CONFIG_GLOBAL", if cfg!(windows) { "NUL" } else { "/dev/null" })
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("HOME", &home)
            // Where Windows keeps it.
            .env("USERPROFILE", &home);
    }

    /// The end of what git said last.
    fn said(&self) -> String {
        let read = || -> io::Result<String> {
            let mut file = File::open(self.folder.path().join(SAID))?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(2_000)))?;
            let mut bytes = Vec::new();
            file.take(2_000).read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).trim().replace('\n', " "))
        };
        read().unwrap_or_default()
    }
}

/// `host:443:192.0.2.1,[2001:db8::1]`, of an address whose host is a name.
fn resolved(remote: &Url, addresses: &[IpAddr]) -> Option<String> {
    let Host::Domain(host) = remote.host()? else { return None };
    let port = remote.port_or_known_default()?;
    let written = |address: &IpAddr| match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    };
    let addresses: Vec<String> = addresses.iter().map(written).collect();
    (!addresses.is_empty()).then(|| format!("{host}:{port}:{}", addresses.join(",")))
}

/// A child and all that it has started, ended when dropped.
#[derive(Debug)]
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        if !matches!(self.0.try_wait(), Ok(Some(_))) {
            end(&mut self.0);
            let _ = self.0.wait();
        }
    }
}

/// What git writes, and what has to be there meanwhile.
struct Output {
    stdout: ChildStdout,
    _child: Group,
    _git: Arc<Git>,
}

impl Output {
    fn of(git: &Arc<Git>, repository: &str) -> Result<Self, Error> {
        let mut command = git.command(&["archive", "--format=tar", "FETCH_HEAD"])?;
        let mut child = Group(command.stdout(Stdio::piped()).spawn().map_err(|source| Error::NoGit { source })?);
        let stdout = child.0.stdout.take().ok_or_else(|| Error::Git { repository: repository.to_owned(), said: String::new() })?;
        Ok(Self { stdout, _child: child, _git: git.clone() })
    }
}

impl Read for Output {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.stdout.read(room)
    }
}

#[cfg(unix)]
fn alone(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(unix)]
fn end(child: &mut Child) {
    let _ = rustix::process::kill_process_group(rustix::process::Pid::from_child(child), rustix::process::Signal::KILL);
}

#[cfg(windows)]
fn alone(command: &mut Command) {
    use std::os::windows::process::CommandExt;
    // CREATE_NO_WINDOW.
    command.creation_flags(0x0800_0000);
}

/// Groups of processes are not a thing there; the system's own program ends a tree.
#[cfg(windows)]
fn end(child: &mut Child) {
    let mut command = Command::new("taskkill");
    command.args(["/T", "/F", "/PID", &child.id().to_string()]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    alone(&mut command);
    let _ = command.status();
    let _ = child.kill();
}

/// Bytes in a folder, without what is below it.
fn stored(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}

const SAID: &str = "smolcrawl-said";
/// An empty folder.
const HOME: &str = "smolcrawl-home";
/// All that is fetched is one pack, whose size is looked at, however little it is.
/// Where an address leads is found out, and judged, before git has it.
const SETTINGS: [&str; 6] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "gc.auto=0",
    "fetch.fsckObjects=true",
    "fetch.unpackLimit=1",
    "http.followRedirects=false",
];
const ATTRIBUTES: &str = "* -export-ignore -export-subst -filter -ident -text -eol -working-tree-encoding\n";
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(320);

#[cfg(all(test, unix))]
mod tests;
