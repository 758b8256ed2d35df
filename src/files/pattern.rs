//! `--include` and `--exclude` of paths: the same words that a crawl takes for the paths of addresses. Pure.

use std::fmt;

use globset::{GlobBuilder, GlobMatcher};
use regex::{Regex, RegexBuilder};

use super::error::Error;

/// A glob of paths below a root or, after `re:`, a regular expression.
///
/// `*` is any number of any characters, slashes too, and `?`, `[a-z]` and `{a,b}` are as usual. Without a slash at its beginning a glob may
/// begin at any folder. What is below it belongs to it: `/blog` is all of the blog. A regular expression is looked for anywhere in the path
/// (syntax: that of the crate `regex`, linear in the path).
///
/// ```
/// use smolcrawl::files::PathPattern;
///
/// assert!(PathPattern::parse("docs")?.takes("book/docs/a.md"));
/// assert!(PathPattern::parse("/docs/*.md")?.takes("docs/api/a.md"));
/// assert!(!PathPattern::parse("/docs")?.takes("book/docs/a.md"));
/// assert!(PathPattern::parse("re:[.]mdx?$")?.takes("a.mdx"));
/// # Ok::<(), smolcrawl::files::Error>(())
/// ```
#[derive(Clone)]
pub struct PathPattern {
    text: Box<str>,
    matcher: Matcher,
}

#[derive(Clone)]
enum Matcher {
    Globs(Vec<GlobMatcher>),
    Regex(Regex),
}

impl PathPattern {
    /// # Errors
    /// [`Error::Pattern`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let wrong = |why: String| Error::Pattern { text: text.to_owned(), why };
        if text.is_empty() || text.len() > LONGEST {
            return Err(wrong(format!("it has {} bytes, 1 to {LONGEST} are allowed", text.len())));
        }
        let matcher = match text.strip_prefix("re:") {
            Some(expression) => {
                let built = RegexBuilder::new(expression).size_limit(LARGEST).build();
                Matcher::Regex(built.map_err(|error| wrong(error.to_string().lines().last().unwrap_or_default().replace("error: ", "")))?)
            }
            None => {
                let begin = if text.starts_with('/') { "" } else { "**/" };
                let below = if text.ends_with('/') { "**" } else { "/**" };
                let globs = [format!("{begin}{text}"), format!("{begin}{text}{below}")];
                let built = globs.iter().map(|glob| {
                    let glob = GlobBuilder::new(glob).literal_separator(false).backslash_escape(true).build();
                    glob.map(|glob| glob.compile_matcher()).map_err(|error| wrong(error.kind().to_string()))
                });
                Matcher::Globs(built.collect::<Result<_, _>>()?)
            }
        };
        Ok(Self { text: text.into(), matcher })
    }

    /// Whether it is about this path below a root, with `/` between its names.
    pub fn takes(&self, path: &str) -> bool {
        match &self.matcher {
            Matcher::Globs(globs) => {
                let rooted = format!("/{path}");
                globs.iter().any(|glob| glob.is_match(&rooted))
            }
            Matcher::Regex(regex) => regex.is_match(path),
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PathPattern").field(&self.text).finish()
    }
}

impl PartialEq for PathPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for PathPattern {}

/// Bytes of a pattern.
const LONGEST: usize = 1_000;
/// Bytes that a compiled expression may take.
const LARGEST: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_of_whole_names_unless_it_says_otherwise() {
        for (pattern, takes, leaves) in [
            ("docs", "docs/a.md", "mydocs/a.md"),
            ("/docs", "docs/x/a.md", "x/docs/a.md"),
            ("*.md", "x/a.md", "x/a.mdx"),
            ("docs/", "x/docs/a", "docs"),
            ("re:^docs/.*[.]md$", "docs/x/a.md", "x/docs/a.md"),
            ("{a,b}.txt", "b.txt", "c.txt"),
        ] {
            let pattern = PathPattern::parse(pattern).unwrap();
            assert!(pattern.takes(takes), "{pattern:?} {takes}");
            assert!(!pattern.takes(leaves), "{pattern:?} {leaves}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_a_hint() {
        for bad in ["", " ", "[", "re:(", "re:(a{1000}){1000}", &"x".repeat(1_001)] {
            let error = PathPattern::parse(bad).unwrap_err();
            assert!(matches!(error, Error::Pattern { .. }) && error.hint().is_some(), "{bad}: {error}");
        }
    }
}
