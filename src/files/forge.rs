//! The hosts of repositories that are known: where they show a file at a commit, and where they give all files in one archive. Pure: only
//! addresses are made.

use url::Url;

/// The software of a host, of which the forms of its addresses are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Forge {
    GitHub,
    GitLab,
    /// And Forgejo, as Codeberg has it.
    Gitea,
    Bitbucket,
    Sourcehut,
}

impl Forge {
    /// By the host's name; a GitLab of one's own is known by `gitlab.` before its name, likewise Gitea and Forgejo.
    pub fn of_host(host: &str) -> Option<Self> {
        let host = host.strip_prefix("www.").unwrap_or(host);
        Some(match host {
            "github.com" => Self::GitHub,
            "gitlab.com" => Self::GitLab,
            "codeberg.org" => Self::Gitea,
            "bitbucket.org" => Self::Bitbucket,
            "git.sr.ht" => Self::Sourcehut,
            own if own.starts_with("gitlab.") => Self::GitLab,
            own if own.starts_with("gitea.") || own.starts_with("forgejo.") => Self::Gitea,
            _ => return None,
        })
    }

    /// Where a person sees a file as it was at a commit. `web` is the repository's own page, `path` is below its root with `/` between its
    /// names.
    ///
    /// ```
    /// use smolcrawl::files::Forge;
    ///
    /// let web = "https://github.com/smol-rs/smol".parse()?;
    /// let file = Forge::GitHub.file_at(&web, "1f3c", "docs/a b.md");
    /// assert_eq!(file.as_str(), "https://github.com/smol-rs/smol/blob/1f3c/docs/a%20b.md");
    /// # Ok::<(), url::ParseError>(())
    /// ```
    pub fn file_at(self, web: &Url, commit: &str, path: &str) -> Url {
        let between: &[&str] = match self {
            Self::GitHub => &["blob", commit],
            Self::GitLab => &["-", "blob", commit],
            Self::Gitea => &["src", "commit", commit],
            Self::Bitbucket => &["src", commit],
            Self::Sourcehut => &["tree", commit, "item"],
        };
        below(web, between.iter().copied().chain(path.split('/')))
    }

    /// The fragment under which a file opens at lines, without `#`; both count from 1.
    pub fn lines(self, first: usize, last: usize) -> String {
        match self {
            _ if first == last && self != Self::Bitbucket => format!("L{first}"),
            Self::GitHub | Self::Gitea => format!("L{first}-L{last}"),
            Self::GitLab => format!("L{first}-{last}"),
            Self::Bitbucket if first == last => format!("lines-{first}"),
            Self::Bitbucket => format!("lines-{first}:{last}"),
            // It marks one line.
            Self::Sourcehut => format!("L{first}"),
        }
    }

    /// Where the host gives all files of a branch, tag or commit as tar.gz; without one, those of the default branch, where the host has a
    /// name for it that is written down.
    pub fn tarball(self, web: &Url, reference: Option<&str>) -> Option<Url> {
        let reference = match (reference, self) {
            (Some(reference), _) => reference,
            (None, Self::GitHub | Self::GitLab) => "HEAD",
            (None, Self::Gitea | Self::Bitbucket | Self::Sourcehut) => return None,
        };
        let name = web.path_segments()?.next_back()?.to_owned();
        let file = format!("{reference}.tar.gz");
        Some(match self {
            Self::GitHub => {
                let mut at = web.clone();
                at.set_host(Some("codeload.github.com")).ok()?;
                below(&at, ["tar.gz"].into_iter().chain(reference.split('/')))
            }
            Self::GitLab => {
                let archive = format!("{name}-{}.tar.gz", reference.replace('/', "-"));
                below(web, ["-", "archive"].into_iter().chain(reference.split('/')).chain([&*archive]))
            }
            Self::Gitea | Self::Sourcehut => below(web, ["archive"].into_iter().chain(file.split('/'))),
            Self::Bitbucket => below(web, ["get"].into_iter().chain(file.split('/'))),
        })
    }

    /// The repository that an address of its pages is of: its own page, then a branch, tag or commit and a folder if the address names
    /// them. None where it is the page of something else: an issue, a person.
    pub(super) fn repository(self, url: &Url) -> Option<(Url, Option<String>, Option<String>)> {
        let segments: Vec<&str> = url.path_segments()?.filter(|segment| !segment.is_empty()).collect();
        let names = match self {
            Self::GitLab => segments.iter().position(|segment| *segment == "-").unwrap_or(segments.len()),
            _ => 2,
        };
        let (repository, rest) = segments.split_at_checked(names).filter(|(names, _)| names.len() >= 2)?;
        if self == Self::Sourcehut && !repository[0].starts_with('~') || RESERVED.contains(&repository[0]) {
            return None;
        }
        let (last, before) = repository.split_last()?;
        let mut web = url.clone();
        web.set_query(None);
        web.set_fragment(None);
        let _ = (web.set_username(""), web.set_password(None));
        web.set_path("");
        let web = below(&web, before.iter().copied().chain([last.strip_suffix(".git").unwrap_or(last)]));
        // "/" in the name of a branch cannot be told from a folder: it is the first segment that is taken.
        let (reference, folder) = match (self, rest) {
            (_, []) => (None, &[][..]),
            (Self::GitHub, ["tree", reference, folder @ ..]) => (Some(*reference), folder),
            (Self::GitHub, ["releases", "tag", tag]) => (Some(*tag), &[][..]),
            (Self::GitLab, ["-", "tree", reference, folder @ ..]) => (Some(*reference), folder),
            (Self::Gitea, ["src", "branch" | "tag" | "commit", reference, folder @ ..]) => (Some(*reference), folder),
            (Self::Bitbucket, ["src", reference, folder @ ..]) => (Some(*reference), folder),
            (Self::Sourcehut, ["tree", reference]) => (Some(*reference), &[][..]),
            (Self::Sourcehut, ["tree", reference, "item", folder @ ..]) => (Some(*reference), folder),
            _ => return None,
        };
        let folder = (!folder.is_empty()).then(|| folder.join("/"));
        Some((web, reference.map(str::to_owned), folder))
    }
}

/// `web` with names below it, each of them escaped.
pub(super) fn below<'a>(web: &Url, names: impl IntoIterator<Item = &'a str>) -> Url {
    let mut url = web.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty();
    }
    extend(&mut url, names);
    url
}

/// Adds names to the path of an address, which ends in none. Tabs and ends of lines are part of a name, where addresses as they are read have
/// none of them.
pub(super) fn extend<'a>(url: &mut Url, names: impl IntoIterator<Item = &'a str>) {
    for name in names {
        match name.contains(UNREAD) {
            false => _ = url.path_segments_mut().map(|mut segments| _ = segments.push(name)),
            true => {
                let escaped: String = name.split_inclusive(UNREAD).map(escaped).collect();
                url.set_path(&format!("{}/{escaped}", url.path().trim_end_matches('/')));
            }
        }
    }
}

/// A piece of a name that has at most its last character of those that are not read.
fn escaped(piece: &str) -> String {
    let plain = piece.trim_end_matches(UNREAD);
    // A piece may be dots alone, which are a name only together with what stands beside them.
    let segment = Url::parse("file:///").ok().and_then(|mut url| {
        url.path_segments_mut().ok()?.clear().push(&format!("x{plain}"));
        url.path().strip_prefix("/x").map(str::to_owned)
    });
    let end = piece[plain.len()..].bytes().map(|byte| format!("%{byte:02X}"));
    segment.into_iter().chain(end).collect()
}

const UNREAD: [char; 3] = ['\t', '\n', '\r'];

/// First segments that are pages of the host and nobody's name.
const RESERVED: [&str; 22] = [
    "about",
    "account",
    "apps",
    "blog",
    "collections",
    "customer-stories",
    "dashboard",
    "events",
    "explore",
    "features",
    "help",
    "login",
    "marketplace",
    "notifications",
    "orgs",
    "pricing",
    "readme",
    "search",
    "settings",
    "sponsors",
    "topics",
    "trending",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_file_is_shown_where_each_host_shows_it() {
        for (forge, web, wanted, lines) in [
            (Forge::GitHub, "https://github.com/o/r", "https://github.com/o/r/blob/abc/d/%23a.md", "L3-L5"),
            (Forge::GitLab, "https://gitlab.com/g/s/r", "https://gitlab.com/g/s/r/-/blob/abc/d/%23a.md", "L3-5"),
            (Forge::Gitea, "https://codeberg.org/o/r", "https://codeberg.org/o/r/src/commit/abc/d/%23a.md", "L3-L5"),
            (Forge::Bitbucket, "https://bitbucket.org/o/r", "https://bitbucket.org/o/r/src/abc/d/%23a.md", "lines-3:5"),
            (Forge::Sourcehut, "https://git.sr.ht/~o/r", "https://git.sr.ht/~o/r/tree/abc/item/d/%23a.md", "L3"),
        ] {
            assert_eq!(forge.file_at(&url(web), "abc", "d/#a.md").as_str(), wanted);
            assert_eq!(forge.lines(3, 5), lines);
        }
    }

    #[test]
    fn archives_are_asked_for_where_each_host_has_them() {
        for (forge, web, reference, wanted) in [
            (Forge::GitHub, "https://github.com/o/r", None, "https://codeload.github.com/o/r/tar.gz/HEAD"),
            (Forge::GitHub, "https://github.com/o/r", Some("f/x"), "https://codeload.github.com/o/r/tar.gz/f/x"),
            (Forge::GitLab, "https://gitlab.com/g/r", Some("v1"), "https://gitlab.com/g/r/-/archive/v1/r-v1.tar.gz"),
            (Forge::Gitea, "https://codeberg.org/o/r", Some("v1"), "https://codeberg.org/o/r/archive/v1.tar.gz"),
            (Forge::Bitbucket, "https://bitbucket.org/o/r", Some("v1"), "https://bitbucket.org/o/r/get/v1.tar.gz"),
            (Forge::Sourcehut, "https://git.sr.ht/~o/r", Some("v1"), "https://git.sr.ht/~o/r/archive/v1.tar.gz"),
        ] {
            assert_eq!(forge.tarball(&url(web), reference).unwrap().as_str(), wanted);
        }
        assert_eq!(Forge::Gitea.tarball(&url("https://codeberg.org/o/r"), None), None, "its default branch has no name that is known");
    }

    #[test]
    fn a_repository_is_told_from_other_pages_of_its_host() {
        let of = |text: &str| {
            let url = url(text);
            let (web, reference, folder) = Forge::of_host(url.host_str().unwrap())?.repository(&url)?;
            Some(format!("{web} {} {}", reference.unwrap_or_default(), folder.unwrap_or_default()))
        };
        for (text, wanted) in [
            ("https://github.com/o/r", "https://github.com/o/r  "),
            ("https://u:p@github.com/o/r.git?x#y", "https://github.com/o/r  "),
            ("https://github.com/o/r/", "https://github.com/o/r  "),
            ("https://github.com/o/r/tree/v1.0/docs/en", "https://github.com/o/r v1.0 docs/en"),
            ("https://github.com/o/r/releases/tag/v2", "https://github.com/o/r v2 "),
            ("https://gitlab.com/g/s/r", "https://gitlab.com/g/s/r  "),
            ("https://gitlab.com/g/s/r/-/tree/main/d", "https://gitlab.com/g/s/r main d"),
            ("https://codeberg.org/o/r/src/branch/main/d", "https://codeberg.org/o/r main d"),
            ("https://git.sr.ht/~o/r/tree/x/item/d/e", "https://git.sr.ht/~o/r x d/e"),
        ] {
            assert_eq!(of(text).as_deref(), Some(wanted), "{text}");
        }
        for other in [
            "https://github.com/o",
            "https://github.com/o/r/issues/3",
            "https://github.com/o/r/blob/main/a.md",
            "https://github.com/o/r/wiki",
            "https://github.com/features/x",
            "https://git.sr.ht/x/y",
            "https://example.test/o/r",
            "https://gitlab.com/g/r/-/issues",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
