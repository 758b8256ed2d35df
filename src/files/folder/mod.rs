//! A folder of the disk: which of its files are read, in which order, and each of them as a page. Steps are bounded, so that a caller can
//! stop between them and a folder of 100,000 files holds nobody up. Links are never followed.

mod described;
mod order;
mod walk;

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use ring::digest::{Context, SHA256};

use crate::model::{Filled, Page, Validators};

use super::checkout::Checkout;
use super::error::Error;
use super::included::{self, Allowance, Asking};
use super::index::Tracked;
use super::left_out::LeftOut;
use super::pattern::PathPattern;
use super::place::Place;
use super::role::Role;
use super::selection::Selection;

use self::order::Order;
use self::walk::Walk;

/// A folder that is being looked through.
///
/// ```
/// use smolcrawl::files::{Folder, Role, Selection};
///
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("guide.md"), "# Guide")?;
/// std::fs::write(folder.path().join("logo.png"), "x")?;
/// let mut looking = Folder::open(folder.path(), Selection::default())?;
/// let listing = loop {
///     // Each step on `Handle::unblock`, in an async program.
///     if let Some(listing) = looking.step()? {
///         break listing;
///     }
/// };
/// let page = listing.page(&listing.files[0])?;
/// assert!(page.url.as_str().starts_with("file:///") && page.url.path().ends_with("/guide.md"));
/// assert_eq!((page.body.as_slice(), listing.left_out.by_rule().count()), (b"# Guide".as_slice(), 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Folder {
    /// Gone once it was handed out.
    listing: Option<Listing>,
    stage: Stage,
    sequence: Sequence,
}

/// In which order files are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sequence {
    /// As their site has them: the beginnings of documents are read for that.
    #[default]
    AsSite,
    /// By name: nothing of any file is read.
    ByName,
}

#[derive(Debug)]
enum Stage {
    Walking(Walk),
    Ordering(Order),
}

/// What is to be read of a folder.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Absolute, without links in it.
    pub root: PathBuf,
    /// Documents in the order that their site has them in, where a file of its generator says so, else by name; then source code by name.
    pub files: Vec<Found>,
    pub left_out: LeftOut,
    /// What could not be looked at, below the root: whether there is anything is not known. Of a folder it ends with `/`; empty: all of it.
    pub unseen: Vec<Box<str>>,
    /// The repository that the folder is in.
    pub checkout: Option<Checkout>,
    /// Where the files are to be seen on the repository's host, if they are as they were committed.
    hosted: Option<(Place, Tracked)>,
    on_disk: Place,
    max_file_bytes: u64,
    /// What is excluded stands in no document either.
    exclude: Vec<PathPattern>,
    may_include: Arc<Allowance>,
}

/// A file that is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Below the root, with `/` between names.
    pub path: Box<str>,
    pub role: Role,
    pub bytes: u64,
    pub modified: Option<SystemTime>,
}

impl Found {
    /// What its contents are known by without being read: another size or time is another text, the same ones are taken for the same. In
    /// the form of a weak entity tag (RFC 9110 8.8.1).
    pub fn tag(&self) -> String {
        self.tag_with("")
    }

    /// The same with more in hexadecimal: of a page that is made of other files, too, it is never that of the file alone.
    fn tag_with(&self, more: &str) -> String {
        let since = self.modified.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok()).unwrap_or_default();
        format!("W/\"{:x}-{:x}{more}\"", self.bytes, since.as_nanos())
    }
}

/// [`Found::tag`] of a file of this disk.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Io`].
pub fn file_tag(path: &Path) -> Result<String, Error> {
    let metadata = fs::metadata(path).map_err(Error::io(path, "read"))?;
    let (bytes, modified) = (metadata.len(), metadata.modified().ok());
    Ok(Found { path: "".into(), role: Role::Document("text/plain"), bytes, modified }.tag())
}

/// The same of contents that have no time, such as those of an archive's entries.
pub fn tag_of(bytes: &[u8]) -> String {
    let sum = ring::digest::digest(&SHA256, bytes);
    let half: String = sum.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("W/\"{:x}-{half}\"", bytes.len())
}

/// Whether an entity tag is of this form: that of a page that was read from a file.
pub fn is_tag(tag: &str) -> bool {
    let inner = tag.strip_prefix("W/\"").and_then(|rest| rest.strip_suffix('"')).and_then(|inner| inner.split_once('-'));
    let is_hex = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    inner.is_some_and(|(bytes, rest)| is_hex(bytes) && is_hex(rest))
}

impl Folder {
    /// Begins at a folder, which may be a link itself.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Special`], [`Error::Io`].
    pub fn open(root: &Path, selection: Selection) -> Result<Self, Error> {
        let root = fs::canonicalize(root).map_err(Error::io(root, "read"))?;
        if !root.is_dir() {
            return Err(Error::Special { path: root });
        }
        let listing = Listing { exclude: selection.exclude.clone(), ..Listing::empty(root.clone(), selection.max_file_bytes)? };
        let walk = Walk::new(root, selection, listing.checkout.as_ref().map(|checkout| checkout.root.as_path()));
        Ok(Self { listing: Some(listing), stage: Stage::Walking(walk), sequence: Sequence::default() })
    }

    /// Begins at a folder of which only parts are wanted: files and folders in it, with `/` between names. What is beside them is not looked
    /// at.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_parts(root: &Path, parts: &[String], selection: Selection) -> Result<Self, Error> {
        let mut folder = Self::open(root, selection)?;
        if let Stage::Walking(walk) = &mut folder.stage {
            walk.only(parts);
        }
        Ok(folder)
    }

    #[must_use]
    pub fn sequence(self, sequence: Sequence) -> Self {
        Self { sequence, ..self }
    }

    /// Looks on for a while; the listing once all is seen.
    ///
    /// # Errors
    /// [`Error::Io`]: the root itself cannot be listed. Of what is below it that is told in [`Listing::left_out`].
    ///
    /// # Panics
    /// After it has answered with a listing.
    pub fn step(&mut self) -> Result<Option<Listing>, Error> {
        let listing = self.listing.as_mut().expect("the listing was not handed out before");
        match &mut self.stage {
            Stage::Walking(walk) => {
                if walk.step()? {
                    let (files, navigation) = walk.finish(listing);
                    if self.sequence == Sequence::ByName {
                        listing.files = files;
                        return Ok(self.listing.take());
                    }
                    self.stage = Stage::Ordering(Order::new(files, navigation));
                }
                Ok(None)
            }
            Stage::Ordering(order) => match order.step(&listing.root) {
                Some(files) => {
                    listing.files = files;
                    Ok(self.listing.take())
                }
                None => Ok(None),
            },
        }
    }

    /// Looks through all of it at once: for small folders.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn list(mut self) -> Result<Listing, Error> {
        loop {
            if let Some(listing) = self.step()? {
                return Ok(listing);
            }
        }
    }
}

impl Listing {
    /// One document, which need not be called as one: what somebody names is meant to be read.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::NotFound`], [`Error::Special`], [`Error::Io`].
    pub fn of_file(path: &Path, max_file_bytes: u64) -> Result<Self, Error> {
        let path = fs::canonicalize(path).map_err(Error::io(path, "read"))?;
        let metadata = fs::metadata(&path).map_err(Error::io(&path, "read"))?;
        let (Some(root), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
            return Err(Error::Special { path });
        };
        if !metadata.is_file() {
            return Err(Error::Special { path });
        }
        if metadata.len() > max_file_bytes {
            return Err(Error::TooLarge { path, limit: max_file_bytes });
        }
        let role = Role::of(name).filter(|role| role.is_document()).unwrap_or(Role::Document("text/plain"));
        let found = Found { path: name.into(), role, bytes: metadata.len(), modified: metadata.modified().ok() };
        Ok(Self { files: vec![found], ..Self::empty(root.to_owned(), max_file_bytes)? })
    }

    /// The same of a file below a folder, of which it may include what the selection does not exclude.
    ///
    /// # Errors
    /// As [`of_file`](Self::of_file).
    pub fn of_file_below(root: &Path, path: &Path, selection: &Selection) -> Result<Self, Error> {
        let alone = Self::of_file(path, selection.max_file_bytes)?;
        let root = fs::canonicalize(root).map_err(Error::io(root, "read"))?;
        let names: Option<Vec<&str>> =
            alone.root.strip_prefix(&root).ok().and_then(|below| below.iter().map(|name| name.to_str()).collect());
        let Some(names) = names.filter(|names| !names.is_empty() && root.is_dir()) else {
            return Ok(Self { exclude: selection.exclude.clone(), ..alone });
        };
        let files = alone.files.into_iter().map(|found| Found { path: format!("{}/{}", names.join("/"), found.path).into(), ..found });
        let (files, exclude) = (files.collect(), selection.exclude.clone());
        Ok(Self { files, exclude, ..Self::empty(root, selection.max_file_bytes)? })
    }

    /// Of a folder, before anything in it is looked at.
    fn empty(root: PathBuf, max_file_bytes: u64) -> Result<Self, Error> {
        let checkout = Checkout::of(&root)?;
        let on_disk = Place::folder(&root).ok_or_else(|| Error::Special { path: root.clone() })?;
        let hosted = checkout.as_ref().and_then(|checkout| Some((checkout.place(&root)?, checkout.tracked(&root)?)));
        let (files, left_out, unseen) = Default::default();
        let (exclude, may_include) = Default::default();
        Ok(Self { root, files, left_out, unseen, checkout, hosted, on_disk, max_file_bytes, exclude, may_include })
    }

    /// Where its files are to be seen: on the host of their repository where some are, else on this disk.
    pub fn home(&self) -> &Place {
        self.hosted.as_ref().map_or(&self.on_disk, |(place, _)| place)
    }

    pub fn on_disk(&self) -> &Place {
        &self.on_disk
    }

    /// What all of it is known by: another file, size, time or commit is another text. In hexadecimal.
    pub fn fingerprint(&self) -> String {
        let mut files: Vec<&Found> = self.files.iter().collect();
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let mut sum = Context::new(&SHA256);
        sum.update(self.home().root().as_str().as_bytes());
        for found in files {
            // No name has a NUL in it.
            [found.path.as_bytes(), b"\0", found.tag().as_bytes(), b"\0"].iter().for_each(|part| sum.update(part));
        }
        sum.finish().as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Puts a file before all others whose text stands behind a head of fields, as Python's packages have their README: it is that text that
    /// is [read](Self::page).
    pub fn with_description(&mut self, path: &str) {
        let at = join(&self.root, path);
        let Some(metadata) = fs::symlink_metadata(&at).ok().filter(fs::Metadata::is_file) else { return };
        let Some(role) = read_below(&self.root, path, self.max_file_bytes).ok().and_then(|head| described::role(&head)) else { return };
        let found = Found { path: path.into(), role, bytes: metadata.len(), modified: metadata.modified().ok() };
        self.files.insert(0, found);
    }

    /// Reads a file, if it still is one and lies where it was met.
    ///
    /// # Errors
    /// [`Error::Outside`]: there is a link now where a folder was. [`Error::TooLarge`], [`Error::NotFound`], [`Error::Special`],
    /// [`Error::Io`].
    pub fn read(&self, found: &Found) -> Result<Vec<u8>, Error> {
        read_below(&self.root, &found.path, self.max_file_bytes)
    }

    /// Under which addresses a file is known: those of the repository's host, if it is there as it is here, else of this disk.
    pub fn place(&self, found: &Found) -> &Place {
        match &self.hosted {
            Some((place, tracked)) if tracked.has(&found.path, found.bytes, found.modified) => place,
            _ => &self.on_disk,
        }
    }

    /// Reads a document as a page, as a crawl would hand it out, with what it includes of other files below the root. Whether these have
    /// changed is not told by [`Found::tag`]: the page has another one, and is read again.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn page(&self, found: &Found) -> Result<Page, Error> {
        let mut body = self.read(found)?;
        let mut tag = found.tag();
        if described::is_one(&found.path) {
            body = described::text(&body);
        } else if let Some(whole) = self.with_included(found, &body) {
            tag = found.tag_with(&format!("{:016x}", included::sum(&whole)));
            body = whole.into_bytes();
        }
        let mut page = page(self.place(found).of(&found.path), found.role, body);
        page.validators.etag = Some(tag);
        // In a clone it is the time of the cloning.
        if self.checkout.is_none() {
            page.validators.last_modified = found.modified.map(httpdate::fmt_http_date);
        }
        Ok(page)
    }

    fn with_included(&self, found: &Found, body: &[u8]) -> Option<String> {
        let asking = Asking::of(&found.path, found.role, body)?;
        asking.answered(&self.may_include, |path| {
            let is_excluded = self.exclude.iter().any(|pattern| pattern.takes(path));
            let bytes = read_below(&self.root, path, included::LARGEST).ok().filter(|_| !is_excluded)?;
            included::text(bytes)
        })
    }
}

/// A text of any origin as a page.
pub fn page(url: url::Url, role: Role, body: Vec<u8>) -> Page {
    let content_type = match role {
        Role::Document(media_type) => Some(media_type.to_owned()),
        Role::Code(_) => Some("text/plain".to_owned()),
    };
    Page {
        url,
        status: 200,
        content_type,
        body,
        depth: 0,
        validators: Validators::default(),
        fetched_at: SystemTime::now(),
        filled: Filled::default(),
    }
}

/// Reads a file below a root without links in it, which is looked at before it is opened: no pipe is waited for, no link followed.
pub(super) fn read_below(root: &Path, path: &str, limit: u64) -> Result<Vec<u8>, Error> {
    let at = join(root, path);
    let real = fs::canonicalize(&at).map_err(Error::io(&at, "read"))?;
    if real != at {
        return Err(Error::Outside { path: at });
    }
    read_file(&at, limit)
}

/// Reads a file of at most so many bytes. Blocking.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Special`], [`Error::TooLarge`], [`Error::Io`].
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    read_file(path, limit)
}

pub(super) fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let metadata = fs::metadata(path).map_err(Error::io(path, "read"))?;
    if !metadata.is_file() {
        return Err(Error::Special { path: path.to_owned() });
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(Error::io(path, "read"))?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(Error::io(path, "read"))?;
    match bytes.len() as u64 > limit {
        true => Err(Error::TooLarge { path: path.to_owned(), limit }),
        false => Ok(bytes),
    }
}

/// The path of what is below a root: names joined as the system joins them, as a verbatim root of Windows has to have it.
pub(super) fn join(root: &Path, path: &str) -> PathBuf {
    let mut joined = root.to_owned();
    joined.extend(path.split('/').filter(|name| !name.is_empty()));
    joined
}

#[cfg(test)]
mod tests;
