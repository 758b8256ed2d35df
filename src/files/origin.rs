//! What somebody gave who wants a source added: an address, or what lies on the disk, or a repository, or a package. Whatever is not one of
//! these for sure is told, with what it might have been; nothing is fetched to find out.

use std::fs;
use std::path::{Component, Path, PathBuf, Prefix};

use url::Url;

use super::archive::ArchiveKind;
use super::error::Error;
use super::forge::Forge;
use super::package::{Ecosystem, PackageName};
use super::place;

/// What was given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Pages of the web.
    Web(Url),
    /// The name of a host, perhaps with a path behind it, as people write an address: what it stands for a crawl knows. Nothing of the name
    /// is here.
    Site(String),
    /// A folder of this disk, a clone of a repository among them; absolute.
    Folder(PathBuf),
    /// One document; absolute.
    File(PathBuf),
    /// zip, tar or tar.gz on this disk; absolute.
    Archive(PathBuf),
    /// The same, on the web.
    ArchiveAt(Url),
    Repository(Repository),
    Package(PackageName),
}

/// A repository of git that lies elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// As git is given it: `https://…`, `ssh://…` or `git@host:…`, without credentials.
    pub remote: String,
    /// Its page for people, and the host's kind, where that is known.
    pub web: Option<(Forge, Url)>,
    /// A branch, tag or commit. None: the default branch.
    pub reference: Option<String>,
    /// Only this folder, with `/` between names.
    pub folder: Option<String>,
}

impl Repository {
    /// Its name: the last segment of its path, without `.git`.
    pub fn name(&self) -> &str {
        let last = self.remote.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
        last.strip_suffix(".git").unwrap_or(last)
    }

    /// Where all its files are to be had in one archive by HTTP, without git.
    pub fn tarball(&self) -> Option<Url> {
        let (forge, web) = self.web.as_ref()?;
        forge.tarball(web, self.reference.as_deref())
    }

    /// By a remote as git's configuration has it: `git@host:owner/name.git`, `https://…`, `ssh://…`. Credentials are dropped.
    pub(super) fn of_remote(text: &str) -> Option<Self> {
        let scp = scp_form(text);
        let mut url = scp.clone().or_else(|| Url::parse(text.strip_prefix("git+").unwrap_or(text)).ok())?;
        let host = url.host_str()?.to_owned();
        if host.starts_with('-') || url.username().starts_with('-') || !matches!(url.scheme(), "https" | "http" | "ssh") {
            return None;
        }
        let _ = url.set_password(None);
        if url.scheme() != "ssh" {
            let _ = url.set_username("");
        }
        url.set_query(None);
        url.set_fragment(None);
        let page = Url::parse(&format!("https://{host}{}", url.path())).ok()?;
        let web = Forge::of_host(&host).and_then(|forge| forge.repository(&page).map(|(web, _, _)| (forge, web)));
        // The path of the short form begins at the user's home, that of an address does not.
        let remote = scp.map_or_else(|| url.to_string(), |_| text.to_owned());
        Some(Self { remote, web, reference: None, folder: None })
    }
}

/// Where paths are looked for.
#[derive(Clone, Debug)]
pub struct Here {
    /// What relative paths begin at; absolute.
    pub folder: PathBuf,
    /// What `~` stands for.
    pub home: Option<PathBuf>,
}

impl Origin {
    /// Tells what was given. It looks at the disk, at most at the beginning of one file, and at nothing else.
    ///
    /// ```
    /// use smolcrawl::files::{Here, Origin};
    ///
    /// let here = Here { folder: std::env::temp_dir(), home: None };
    /// let Origin::Repository(found) = Origin::parse("https://github.com/smol-rs/smol@v2.0.2", &here)? else { panic!() };
    /// assert_eq!((found.name(), found.reference.as_deref()), ("smol", Some("v2.0.2")));
    /// assert!(matches!(Origin::parse("crate:smol@2.0.2", &here)?, Origin::Package(_)));
    /// assert!(matches!(Origin::parse("https://docs.rs/smol/", &here)?, Origin::Web(_)));
    /// assert!(Origin::parse("ext::sh -c x", &here).unwrap_err().hint().is_some());
    /// # Ok::<(), smolcrawl::files::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Origin`] for what can be none of these, [`Error::Ambiguous`], [`Error::NotFound`] and [`Error::Special`] for paths,
    /// [`Error::Unsupported`] for archives of other kinds, [`Error::Io`].
    pub fn parse(text: &str, here: &Here) -> Result<Self, Error> {
        match written(text, cfg!(windows))? {
            Written::Origin(origin) => Ok(origin),
            Written::Path(path) => on_disk(&plain(absolute(path, here))),
            Written::At(path) => on_disk(&plain(path)),
            Written::Bare(bare) => {
                let path = here.folder.join(bare);
                let looks_like_host = is_host_like(bare);
                match fs::symlink_metadata(&path) {
                    Ok(_) if looks_like_host && !path.is_dir() => Err(Error::Ambiguous { text: bare.to_owned() }),
                    Ok(_) => on_disk(&plain(path)),
                    Err(_) if looks_like_host => Ok(Self::Site(bare.to_owned())),
                    Err(source) => Err(Error::io(path, "read")(source)),
                }
            }
        }
    }

    /// The same for who may have only that read which lies below some folders: a path outside of them is refused whether there is anything
    /// or not. What is found is where its links lead. Of repositories only those that anybody can have.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and [`Error::Outside`].
    pub fn parse_below(text: &str, here: &Here, allowed: &[PathBuf]) -> Result<Self, Error> {
        let path = match written(text, cfg!(windows))? {
            Written::Origin(Self::Repository(of)) if !["https://", "http://"].iter().any(|start| of.remote.starts_with(start)) => {
                let hint = "give its https:// address; `smolcrawl add` on the command line takes this one, too".to_owned();
                return Err(Error::Origin { text: text.to_owned(), why: "is reached by keys that are its user's own", hint });
            }
            Written::Origin(origin) => return Ok(origin),
            Written::Path(path) => absolute(path, here),
            Written::At(path) => path,
            Written::Bare(bare) => {
                let path = here.folder.join(bare);
                if is_host_like(bare) && below(&path, allowed).is_err() {
                    return Ok(Self::Site(bare.to_owned()));
                }
                path
            }
        };
        on_disk(&below(&path, allowed)?)
    }
}

/// Where a path leads, if that is below one of the folders.
///
/// # Errors
/// [`Error::Outside`], [`Error::NotFound`] of what would be inside, [`Error::Io`].
pub fn below(path: &Path, allowed: &[PathBuf]) -> Result<PathBuf, Error> {
    let plain = lexical(path);
    let outside = || Error::Outside { path: plain.clone() };
    // Nothing is looked at that lies elsewhere by its name alone.
    let folders: Vec<PathBuf> = allowed.iter().filter_map(|folder| fs::canonicalize(folder).ok()).collect();
    if !allowed.iter().chain(&folders).any(|folder| is_named_below(&plain, folder)) {
        return Err(outside());
    }
    let real = fs::canonicalize(&plain).map_err(Error::io(&plain, "read"))?;
    if folders.iter().any(|folder| real.starts_with(folder)) { Ok(real) } else { Err(outside()) }
}

/// The same by names alone: nothing is looked at.
pub fn is_named_below(path: &Path, folder: &Path) -> bool {
    comparable(&lexical(path)).starts_with(comparable(&lexical(folder)))
}

/// Tells whether a path, as it was once found, still leads where it says.
///
/// # Errors
/// [`Error::Outside`] where there is a link in it now, [`Error::NotFound`], [`Error::Io`].
pub fn without_links(path: &Path) -> Result<(), Error> {
    let real = fs::canonicalize(path).map_err(Error::io(path, "read"))?;
    if real == path { Ok(()) } else { Err(Error::Outside { path: path.to_owned() }) }
}

/// The same path without `.`, `..` and what else can be written in several ways: what is given again is known by it. A link stays, but for
/// one that `..` leads out of: that is above where the link leads.
fn plain(path: PathBuf) -> PathBuf {
    let components: Vec<Component<'_>> = path.components().collect();
    match components.iter().rposition(|component| *component == Component::ParentDir) {
        Some(at) => match fs::canonicalize(components[..=at].iter().collect::<PathBuf>()) {
            Ok(mut above) => {
                above.extend(&components[at + 1..]);
                lexical(&above)
            }
            Err(_) => path,
        },
        None => components.into_iter().collect(),
    }
}

/// Without `.` and `..`, by names alone.
fn lexical(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => _ = plain.pop(),
            // As `canonicalize` answers on Windows, and as everybody writes it.
            Component::Prefix(prefix) => match prefix.kind() {
                Prefix::VerbatimDisk(drive) | Prefix::Disk(drive) => plain.push(format!("{}:", drive.to_ascii_uppercase() as char)),
                _ => plain.push(component),
            },
            other => plain.push(other),
        }
    }
    plain
}

/// Windows tells no spelling of a name from another.
fn comparable(path: &Path) -> PathBuf {
    if cfg!(windows) { path.to_string_lossy().to_lowercase().into() } else { path.to_owned() }
}

impl Origin {
    /// As it can be given to [`parse`](Self::parse) again from anywhere: paths are absolute, credentials left away. Not the folder of a
    /// repository, of which not every host has an address.
    pub fn given(&self) -> String {
        match self {
            Self::Web(url) | Self::ArchiveAt(url) => {
                let mut url = url.clone();
                // Both fail only for addresses that cannot have a user name in the first place.
                let _ = (url.set_username(""), url.set_password(None));
                url.into()
            }
            Self::Site(name) => name.clone(),
            Self::Folder(path) | Self::File(path) | Self::Archive(path) => path.to_string_lossy().into_owned(),
            Self::Repository(Repository { remote, reference: None, .. }) => remote.clone(),
            Self::Repository(Repository { remote, reference: Some(reference), .. }) => format!("{remote}@{reference}"),
            Self::Package(package) => package.to_string(),
        }
    }

    /// What of it lies on this disk, if it was named by its path.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Folder(path) | Self::File(path) | Self::Archive(path) => Some(path),
            _ => None,
        }
    }
}

/// What a text is by its form alone.
#[derive(Debug, PartialEq)]
enum Written<'a> {
    Origin(Origin),
    /// As files are named.
    Path(&'a str),
    /// Likewise, by an address.
    At(PathBuf),
    /// It may be a name of something here, or of a host.
    Bare(&'a str),
}

fn written(text: &str, is_windows: bool) -> Result<Written<'_>, Error> {
    let text = text.trim();
    let wrong = |why, hint: &str| Err(Error::Origin { text: text.to_owned(), why, hint: hint.to_owned() });
    if text.is_empty() || text.len() > LONGEST {
        return wrong("is too short or too long to be anything", FORMS);
    }
    if text.contains('\0') || text.contains(['\n', '\r']) {
        return wrong("has a line break or NUL in it", FORMS);
    }
    if text.starts_with('-') {
        return wrong("looks like an option", "write ./ before the name of a file that begins so");
    }
    if has_drive(text) || text.starts_with("\\\\") {
        return match is_windows {
            true => Ok(Written::Path(text)),
            false => wrong("is a path of Windows", "name a path of this system"),
        };
    }
    if let Some((transport, _)) = text.split_once("::")
        && transport.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        return wrong("is a remote helper of git, which could run anything", "give the repository's https:// or ssh:// address");
    }
    if ["./", "../", "/", "~/", ".\\", "..\\"].iter().any(|start| text.starts_with(start)) || matches!(text, "." | ".." | "~") {
        return Ok(Written::Path(text));
    }
    if let Some((scheme, rest)) = text.split_once(':') {
        if scheme == "file" {
            let path = Url::parse(text).ok().and_then(|url| place::path_of(&url, is_windows));
            return match path {
                Some(path) => Ok(Written::At(path)),
                None => wrong("is no address of a file of this machine", "give the path itself"),
            };
        }
        if rest.starts_with("//") {
            return by_scheme(text, scheme).map(Written::Origin);
        }
        if Ecosystem::ALL.iter().any(|of| of.as_str() == scheme) {
            return PackageName::parse(text).map(|package| Written::Origin(Origin::Package(package)));
        }
        if let Some((remote, reference)) = scp_form(text).map(|_| split_reference(text)) {
            return repository(remote, reference, text).map(Written::Origin);
        }
    }
    Ok(Written::Bare(text))
}

fn by_scheme(text: &str, scheme: &str) -> Result<Origin, Error> {
    let wrong = |why, hint: &str| Error::Origin { text: text.to_owned(), why, hint: hint.to_owned() };
    match scheme {
        "http" | "https" => by_address(text),
        "ssh" | "git+ssh" | "git+https" | "git+http" => {
            let (remote, reference) = split_reference(text);
            repository(remote, reference, text)
        }
        "git" => Err(wrong("is neither encrypted nor signed", "give the repository's https:// address")),
        _ => Err(wrong("has a scheme that is not known", FORMS)),
    }
}

/// Of the web: a repository, an archive, or pages.
fn by_address(text: &str) -> Result<Origin, Error> {
    let malformed = |error: url::ParseError| Error::Origin {
        text: text.to_owned(),
        why: "is no URL",
        hint: format!("{error}; a URL begins with https:// or http://, then the host"),
    };
    let (address, reference) = split_reference(text);
    let whole = Url::parse(text).map_err(malformed)?;
    let url = Url::parse(address).map_err(malformed)?;
    let forge = url.host_str().and_then(Forge::of_host);
    if let Some(forge) = forge
        && let Some((web, in_path, folder)) = forge.repository(&url)
    {
        let reference = reference.map(str::to_owned).or(in_path);
        let reference = reference.map(|reference| checked(&reference, text)).transpose()?;
        let mut remote = web.clone();
        if forge != Forge::Sourcehut {
            remote.set_path(&format!("{}.git", web.path()));
        }
        return Ok(Origin::Repository(Repository { remote: remote.into(), web: Some((forge, web)), reference, folder }));
    }
    if url.path().ends_with(".git") && url.path().len() > "/.git".len() {
        return repository(address, reference, text);
    }
    let name = whole.path().rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    match ArchiveKind::of_name(&name) {
        Some(Ok(_)) => Ok(Origin::ArchiveAt(whole)),
        Some(Err(what)) => Err(Error::Unsupported { name, what }),
        None => Ok(Origin::Web(whole)),
    }
}

fn repository(remote: &str, reference: Option<&str>, text: &str) -> Result<Origin, Error> {
    let hint = "as in https://host/owner/name, ssh://git@host/owner/name or git@host:owner/name, with @BRANCH, @TAG or @COMMIT behind it";
    let wrong = || Error::Origin { text: text.to_owned(), why: "is no address of a repository", hint: hint.to_owned() };
    let mut found = Repository::of_remote(remote).filter(|found| !found.name().is_empty()).ok_or_else(wrong)?;
    found.reference = reference.map(|reference| checked(reference, text)).transpose()?;
    Ok(Origin::Repository(found))
}

/// A branch, tag or commit, by the rules of git-check-ref-format(1): no option, no range, no revision that has to be computed.
fn checked(reference: &str, text: &str) -> Result<String, Error> {
    let is_one = !reference.is_empty()
        && reference.len() <= 250
        && !reference.starts_with(['-', '/', '.'])
        && !reference.ends_with(['/', '.'])
        && !["..", "//", "@{", ".lock"].iter().any(|bad| reference.contains(bad))
        && reference.chars().all(|c| !c.is_control() && !c.is_whitespace() && !"~^:?*[\\".contains(c));
    match is_one {
        true => Ok(reference.to_owned()),
        false => Err(Error::Origin {
            text: text.to_owned(),
            why: "names no branch, tag or commit",
            hint: "as in https://github.com/smol-rs/smol@v2.0.2".to_owned(),
        }),
    }
}

/// What stands behind the last `@` after the host, if that is no part of the path: `https://host/o/r@v1`, `git@host:o/r@v1`.
fn split_reference(text: &str) -> (&str, Option<&str>) {
    let authority = match text.split_once("://") {
        Some((scheme, rest)) => scheme.len() + 3 + rest.find('/').unwrap_or(rest.len()),
        None => text.find(':').unwrap_or(text.len()),
    };
    match text[authority..].split_once('@') {
        Some((path, reference)) if path.len() > 1 && !path.ends_with('/') => (&text[..authority + path.len()], Some(reference)),
        _ => (text, None),
    }
}

/// `user@host:path`, as scp has it, as the `ssh:` address that it stands for.
fn scp_form(text: &str) -> Option<Url> {
    let (user, rest) = text.split_once('@')?;
    let (host, path) = rest.split_once(':')?;
    let is_name =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) && !text.starts_with('-');
    if !is_name(user) || !is_name(host) || path.starts_with('-') || path.is_empty() {
        return None;
    }
    Url::parse(&format!("ssh://{user}@{host}/{}", path.trim_start_matches('/'))).ok()
}

fn absolute(text: &str, here: &Here) -> PathBuf {
    match (text.strip_prefix('~'), &here.home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with(['/', '\\']) => home.join(rest.trim_start_matches(['/', '\\'])),
        _ => here.folder.join(text),
    }
}

fn on_disk(path: &Path) -> Result<Origin, Error> {
    let metadata = fs::metadata(path).map_err(Error::io(path, "read"))?;
    if metadata.is_dir() {
        return Ok(Origin::Folder(path.to_owned()));
    }
    if !metadata.is_file() {
        return Err(Error::Special { path: path.to_owned() });
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match ArchiveKind::of_file(path)? {
        Some(Ok(_)) => Ok(Origin::Archive(path.to_owned())),
        Some(Err(what)) => Err(Error::Unsupported { name, what }),
        None => Ok(Origin::File(path.to_owned())),
    }
}

fn has_drive(text: &str) -> bool {
    matches!(text.as_bytes(), [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic()) && !text[2..].starts_with("//")
}

/// A name with a dot in it, as hosts have, or with a port.
fn is_host_like(text: &str) -> bool {
    let host = text.split(['/', '?', '#']).next().unwrap_or_default();
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    let is_name = name.split('.').all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-'));
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
    is_name && is_port && (name.contains('.') || name == "localhost")
}

/// Bytes of what may be given.
const LONGEST: usize = 4_096;
const FORMS: &str = "give a URL, a folder, a file, an archive, a repository (https://host/owner/name@TAG, git@host:owner/name) or a package (crate:NAME, \
     pypi:NAME, npm:NAME, go:PATH)";

#[cfg(test)]
mod tests;
