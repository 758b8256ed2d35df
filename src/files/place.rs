//! Where a person can open a file: at its repository's host as it was at the commit, or on this disk. Pure: it makes addresses of names.

use std::path::{Component, Path, PathBuf};

use url::Url;

use super::forge::{Forge, below, extend};

/// Under which addresses the files below one root are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// On a host of repositories, at a commit.
    Hosted {
        forge: Forge,
        /// The repository's own page.
        web: Url,
        /// In full.
        commit: String,
        /// The root's own path below that of the repository, with `/` between its names. Empty: it is the same.
        folder: String,
    },
    /// Below an address: that of a folder (`file:///home/me/docs/`), or of an archive, whose entries are named as if it were a folder.
    Below(Url),
}

impl Place {
    /// That of a folder of this disk.
    ///
    /// Returns none for a path that is not absolute.
    pub fn folder(path: &Path) -> Option<Self> {
        file_url(&path.to_string_lossy(), cfg!(windows)).map(Self::Below)
    }

    /// The address that those of its files begin with.
    pub fn root(&self) -> Url {
        self.of("")
    }

    /// The address of a file, by its path below the root with `/` between its names.
    pub fn of(&self, path: &str) -> Url {
        match self {
            Self::Hosted { forge, web, commit, folder } if folder.is_empty() => forge.file_at(web, commit, path),
            Self::Hosted { forge, web, commit, folder } => forge.file_at(web, commit, &format!("{folder}/{path}")),
            Self::Below(base) => below(base, path.split('/')),
        }
    }

    /// The address of lines of it, which count from 1.
    pub fn lines(&self, path: &str, first: usize, last: usize) -> Url {
        let mut url = self.of(path);
        let fragment = match self {
            Self::Hosted { forge, .. } => forge.lines(first, last),
            // As editors and this program's own `show` read it.
            Self::Below(_) => format!("L{first}"),
        };
        url.set_fragment(Some(&fragment));
        url
    }
}

/// The `file:` address of an absolute path as somebody writes it; none of what is no such path, or leads upwards.
pub fn url_of(text: &str) -> Option<Url> {
    // What begins with two is the address of a host, without its scheme.
    let is_path = Path::new(text).is_absolute() && (cfg!(windows) || !text.starts_with("//"));
    if !is_path || Path::new(text).components().any(|part| part == Component::ParentDir) {
        return None;
    }
    let path: PathBuf = Path::new(text).components().collect();
    let mut url = file_url(path.to_str()?, cfg!(windows))?;
    // A folder, and no file whose name begins so.
    if text.ends_with(std::path::is_separator)
        && let Ok(mut segments) = url.path_segments_mut()
    {
        segments.pop_if_empty().push("");
    }
    Some(url)
}

/// The path that a `file:` address is of, as this system has it.
pub fn path_of_file(url: &Url) -> Option<PathBuf> {
    path_of(url, cfg!(windows))
}

/// The `file:` address (RFC 8089) of an absolute path: of `/a b`, and on Windows of `C:\a b`, of the verbatim form `\\?\C:\a b` that
/// `canonicalize` answers with, and of `\\server\share\a b`.
pub(super) fn file_url(path: &str, is_windows: bool) -> Option<Url> {
    let mut url = Url::parse("file:///").ok()?;
    let names = match is_windows {
        false => path.strip_prefix('/')?.to_owned(),
        true => {
            let path = path.replace('\\', "/");
            let path = path.strip_prefix("//?/UNC/").map(|rest| format!("//{rest}")).unwrap_or(path);
            let path = path.strip_prefix("//?/").unwrap_or(&path);
            match (path.strip_prefix("//"), path.as_bytes()) {
                (Some(share), _) => {
                    let (server, rest) = share.split_once('/')?;
                    url.set_host(Some(server)).ok()?;
                    rest.to_owned()
                }
                (None, [drive, b':', b'/', ..]) if drive.is_ascii_alphabetic() => path.to_owned(),
                _ => return None,
            }
        }
    };
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.clear();
    }
    extend(&mut url, names.split('/').filter(|name| !name.is_empty()));
    Some(url)
}

/// The path of a `file:` address, by the same forms.
pub(super) fn path_of(url: &Url, is_windows: bool) -> Option<PathBuf> {
    let names: Option<Vec<String>> = url.path_segments()?.map(unescaped).collect();
    let names = names?.join("/");
    match (url.host_str().filter(|host| !host.is_empty() && *host != "localhost"), is_windows) {
        (None, false) => Some(PathBuf::from(format!("/{names}"))),
        (Some(_), false) => None,
        (None, true) => Some(PathBuf::from(names.replace('/', "\\"))),
        (Some(server), true) => Some(PathBuf::from(format!("\\\\{server}\\{}", names.replace('/', "\\")))),
    }
}

/// None where a slash or a NUL is hidden in it.
fn unescaped(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = |at: usize| after.get(at).and_then(|byte| (*byte as char).to_digit(16));
        match (first, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.contains(['/', '\0'])).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_is_written_as_an_absolute_path_is_an_address() {
        let of = |text: &str| url_of(text).map(String::from).unwrap_or_default();
        assert_eq!(of("/home/me/./a b.md"), "file:///home/me/a%20b.md");
        assert_eq!(of("/home/me//docs/"), "file:///home/me/docs/");
        assert_eq!(of("/"), "file:///");
        for text in ["", "docs/a.md", "./a.md", "/home/../etc/passwd", "//docs.test/a", "https://docs.test/a", "file:///a"] {
            assert_eq!(of(text), "", "{text}");
        }
    }

    #[test]
    fn a_path_has_the_address_that_its_system_opens() {
        for (path, is_windows, wanted) in [
            ("/home/me/a b#c%20?.md", false, "file:///home/me/a%20b%23c%2520%3F.md"),
            ("/ü", false, "file:///%C3%BC"),
            // Other files than without these.
            ("/a/new\nline\t#.md", false, "file:///a/new%0Aline%09%23.md"),
            ("/a\n../..\r/b", false, "file:///a%0A../..%0D/b"),
            (r"C:\Users\me\a b.md", true, "file:///C:/Users/me/a%20b.md"),
            (r"\\?\C:\Users\x", true, "file:///C:/Users/x"),
            (r"\\server\share\x y", true, "file://server/share/x%20y"),
            (r"\\?\UNC\server\share\x", true, "file://server/share/x"),
            ("d:/x", true, "file:///d:/x"),
        ] {
            assert_eq!(file_url(path, is_windows).map(String::from).as_deref(), Some(wanted), "{path}");
        }
        for (path, is_windows) in [("a/b", false), (r"C:a", true), (r"\a", true), ("", false), (r"\\server", true)] {
            assert_eq!(file_url(path, is_windows), None, "{path}");
        }
    }

    #[test]
    fn an_address_leads_back_to_its_path() {
        for (path, is_windows) in [
            ("/home/me/a b#c%20?.md", false),
            ("/ü", false),
            ("/a/\n.\t/\r\n%09.md", false),
            (r"C:\Users\a b", true),
            (r"\\server\share\x y", true),
            (r"c:\%41", true),
        ] {
            let url = file_url(path, is_windows).unwrap();
            assert_eq!(path_of(&url, is_windows).unwrap(), Path::new(path), "{url}");
        }
        for bad in ["file:///a%2F..%2Fetc", "file:///a%00", "file://server/x", "file:///%ff"] {
            assert_eq!(path_of(&Url::parse(bad).unwrap(), false), None, "{bad}");
        }
    }

    #[test]
    fn files_are_below_their_root() {
        let below = Place::Below(Url::parse("file:///d/").unwrap());
        assert_eq!(below.of("a/b c.md").as_str(), "file:///d/a/b%20c.md");
        assert_eq!(below.lines("a.rs", 3, 4).as_str(), "file:///d/a.rs#L3");
        let web = Url::parse("https://github.com/o/r").unwrap();
        let hosted = Place::Hosted { forge: Forge::GitHub, web, commit: "abc".into(), folder: "docs".into() };
        assert_eq!(hosted.lines("a.md", 3, 4).as_str(), "https://github.com/o/r/blob/abc/docs/a.md#L3-L4");
    }
}
