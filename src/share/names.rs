//! Names of files for pages: safe on every system, below their folder whatever an address says, and no two the same. Pure.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use ring::digest::{SHA256, digest};
use url::Url;

use crate::model::{SourceId, host};

/// Which names have been given: 8 bytes of each are kept.
///
/// ```
/// use smolcrawl::model::SourceId;
/// use smolcrawl::share::Names;
///
/// let mut names = Names::default();
/// let source = SourceId::new("docs.test", None)?;
/// let path = names.of(&source, &"https://docs.test/guide/jobs.html".parse()?);
/// assert_eq!(path, ["docs.test", "guide", "jobs.md"].iter().collect::<std::path::PathBuf>());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Names {
    taken: HashSet<u64>,
}

impl Names {
    /// The path of a page below the folder of an export: source, host where that is another, and the folders of its address.
    pub fn of(&mut self, source: &SourceId, url: &Url) -> PathBuf {
        let mut folders = vec![folder(source.as_str())];
        if host(url) != source.as_str() {
            folders.push(folder(&host(url)));
        }
        let mut segments: Vec<_> = url.path().split('/').skip(1).map(unescaped).collect();
        let last = segments.pop().filter(|last| !last.is_empty()).unwrap_or_else(|| "index".to_owned());
        let is_deep = segments.len() > DEEPEST || segments.iter().map(String::len).sum::<usize>() > LONGEST_FOLDERS;
        segments.truncate(if is_deep { 1 } else { DEEPEST });
        folders.extend(segments.iter().filter(|segment| !segment.is_empty()).map(|segment| folder(segment)));
        let stem = PAGES.iter().find_map(|end| last.strip_suffix(end)).filter(|stem| !stem.is_empty()).unwrap_or(&last);
        let stem = safe(stem);
        let told_apart = format!("{stem}-{}", short_hash(url));
        let mut name = if url.query().is_some() || is_deep { told_apart.clone() } else { stem };
        let mut number = 1;
        // "A" and "a" are one file on many systems.
        while !self.taken.insert(hash(&format!("{}/{name}", folders.join("/")).to_lowercase())) {
            name = if number == 1 { told_apart.clone() } else { format!("{told_apart}-{number}") };
            number += 1;
        }
        folders.into_iter().chain([format!("{name}.md")]).collect()
    }
}

/// One that no file of ours has.
fn folder(name: &str) -> String {
    let mut name = safe(name);
    if name.to_ascii_lowercase().ends_with(".md") {
        name.push('_');
    }
    name
}

/// What Windows, macOS and Linux all take, and take as it is; what is hidden nowhere and leads nowhere else.
pub(super) fn safe(name: &str) -> String {
    let is_bad = |c: char| {
        c.is_control()
            || matches!(c, '<' | '>' | ':' | '"' | '/' | '\\' | '|' | '?' | '*' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut safe: String = name.chars().map(|c| if is_bad(c) { '_' } else { c }).collect();
    if safe.len() > LONGEST {
        safe.truncate((0..=LONGEST).rev().find(|at| safe.is_char_boundary(*at)).unwrap_or(0));
    }
    // Windows drops dots and spaces at the end; one at the beginning hides a file, or is the folder above.
    let kept = safe.trim_end_matches(['.', ' ']).len();
    safe = safe[..kept].to_owned() + &"_".repeat(safe.len() - kept);
    if safe.starts_with(['.', ' ', '-', '~']) {
        safe.replace_range(..1, "_");
    }
    let stem = safe.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |of: &str| stem.strip_prefix(of).is_some_and(|number| NUMBERS.contains(&number));
    if safe.is_empty() || RESERVED.contains(&stem.as_str()) || numbered("COM") || numbered("LPT") {
        safe.insert(0, '_');
    }
    safe
}

/// Without percent-encoding, where that is text.
fn unescaped(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let escaped =
            behind.get(..2).filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| segment.to_owned())
}

fn short_hash(url: &Url) -> String {
    digest(&SHA256, url.as_str().as_bytes()).as_ref()[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// Ends of addresses that say no more than that there is a page.
const PAGES: [&str; 4] = [".html", ".htm", ".md", ".xhtml"];
/// Names of devices on Windows, whatever is behind a dot.
const RESERVED: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
const NUMBERS: [&str; 13] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³"];
/// Bytes of a name: of 255, with room for what tells it apart, and for the folders of a path of Windows.
const LONGEST: usize = 80;
/// Folders of an address that are made, and their bytes; what is deeper is told apart by its hash.
const DEEPEST: usize = 8;
const LONGEST_FOLDERS: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    fn path(names: &mut Names, url: &str) -> String {
        let source = SourceId::new("docs.test", None).unwrap();
        names.of(&source, &Url::parse(url).unwrap()).to_str().unwrap().replace('\\', "/")
    }

    #[test]
    fn a_path_is_that_of_the_address() {
        for (url, expected) in [
            ("https://docs.test/", "docs.test/index.md"),
            ("https://docs.test/guide/", "docs.test/guide/index.md"),
            ("https://docs.test/guide/jobs.html", "docs.test/guide/jobs.md"),
            ("https://docs.test/a%20b/%E6%9D%B1.md", "docs.test/a b/東.md"),
            ("https://other.test:81/x", "docs.test/other.test_81/x.md"),
            ("https://docs.test/api.v1/User.php", "docs.test/api.v1/User.php.md"),
        ] {
            assert_eq!(path(&mut Names::default(), url), expected, "{url}");
        }
        let of_version = SourceId::named("docs.rs/smol@2.0").unwrap();
        let url = Url::parse("https://docs.rs/smol/2.0/").unwrap();
        assert_eq!(
            Names::default().of(&of_version, &url),
            ["docs.rs_smol@2.0", "docs.rs", "smol", "2.0", "index.md"].iter().collect::<PathBuf>()
        );
    }

    #[test]
    fn no_name_is_a_device_or_leads_elsewhere() {
        for (name, expected) in [
            ("CON", "_CON"),
            ("nul.txt", "_nul.txt"),
            ("com1", "_com1"),
            ("LPT².x", "_LPT².x"),
            ("aux .x", "_aux .x"),
            ("console", "console"),
            ("..", "__"),
            (".", "_"),
            ("", "_"),
            (".git", "_git"),
            ("a.", "a_"),
            ("a. .", "a___"),
            ("a<>:\"/\\|?*b", "a_________b"),
            ("a\u{0}\n\u{202e}b", "a___b"),
            ("-rf", "_rf"),
        ] {
            assert_eq!(safe(name), expected, "{name:?}");
        }
        assert_eq!(safe(&"ü".repeat(500)).len(), LONGEST);
        let mut names = Names::default();
        for url in [
            "https://docs.test/%2e%2e/%2e%2e/etc/passwd",
            "https://docs.test/..%2f..%2fx",
            "https://docs.test/..%5c..%5cx",
            "https://docs.test//C:/x",
            "https://docs.test/a/%00",
            "https://docs.test/x.md/y",
            &format!("https://docs.test/{}x", "very-long-name/".repeat(400)),
            &format!("https://docs.test/{}", "y".repeat(3_000)),
        ] {
            let path = path(&mut names, url);
            assert!(path.len() < 250 && path.ends_with(".md"), "{path}");
            assert!(path.split('/').all(|part| !part.is_empty() && part != ".." && part != "."), "{path}");
            assert!(!path.contains(['\\', ':', '\0']) && !path.starts_with('/'), "{path}");
        }
    }

    #[test]
    fn no_two_pages_have_one_name() {
        let mut names = Names::default();
        let urls =
            ["a", "A", "a.html", "a.md", "a?x=1", "a?x=2", "a%3F", "a_", "a/", "a/index", "a/index.html", "a.md/b", "A/", "CON", "_CON"];
        let paths: HashSet<_> = urls.iter().map(|url| path(&mut names, &format!("https://docs.test/{url}")).to_lowercase()).collect();
        assert_eq!(paths.len(), urls.len(), "{paths:?}");
        // A folder is no file.
        for path in &paths {
            assert!(!paths.iter().any(|other| other.starts_with(&format!("{path}/"))), "{path}");
        }
        assert_eq!(path(&mut names, "https://docs.test/a").len(), "docs.test/a-12345678.md".len());
    }
}
