//! What was met and left out, by rule: counted, with a first example each. What is left out in silence is taken for missing.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::http;

/// Why a path is not among what is read. As text these are what people see, and what they ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// An exclude takes it, or no include does.
    Unwanted,
    /// Every package has the like of it: its licence, its tests, what is hidden.
    OfPackages,
    /// A `.gitignore` names it.
    Ignored,
    /// Its name, or that of a folder of it, begins with a dot.
    Hidden,
    /// Made by a tool out of what lies beside it.
    Generated,
    /// Somebody else's, copied here.
    Vendored,
    /// A symbolic link or junction: it leads elsewhere, or to what is met anyway.
    Link,
    /// Neither text to read nor source code: images, data, binaries.
    OtherKind,
    /// Source code, where documents are asked for; or the other way round.
    OtherRole,
    /// Larger than a file may be.
    TooLarge,
    /// There are more files, or bytes, than were allowed.
    Limit,
    /// Deeper than folders may nest.
    TooDeep,
    /// It cannot be written as text.
    NotUnicode,
    /// A device, a pipe, a socket.
    Special,
    /// It could not be opened or listed.
    Unreadable,
    /// In an archive: a name that leads out of it, is absolute, or names a drive.
    UnsafeName,
    /// In an archive: another entry has this name, perhaps in other case.
    Duplicate,
    /// A `.gitignore` that is too large, or whose patterns are none: it was not obeyed.
    BadIgnoreFile,
}

impl Rule {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unwanted => "not wanted (include, exclude)",
            Self::OfPackages => "hidden, licence or tests of a package",
            Self::Ignored => "in .gitignore",
            Self::Hidden => "hidden",
            Self::Generated => "generated",
            Self::Vendored => "vendored",
            Self::Link => "a link",
            Self::OtherKind => "neither document nor source code",
            Self::OtherRole => "source code",
            Self::TooLarge => "too large",
            Self::Limit => "beyond the limit",
            Self::TooDeep => "too deep",
            Self::NotUnicode => "name is not Unicode",
            Self::Special => "no file",
            Self::Unreadable => "unreadable",
            Self::UnsafeName => "unsafe name",
            Self::Duplicate => "duplicate name",
            Self::BadIgnoreFile => "unusable .gitignore",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The account of what was left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut(BTreeMap<Rule, Left>);

/// What one rule has left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Left {
    /// Paths; a folder counts once, whatever is in it.
    pub count: u64,
    /// The first of them, below the root; a folder ends with `/`.
    pub first: String,
}

impl LeftOut {
    pub fn by_rule(&self) -> impl Iterator<Item = (Rule, &Left)> {
        self.0.iter().map(|(rule, left)| (*rule, left))
    }

    pub fn count(&self, rule: Rule) -> u64 {
        self.0.get(&rule).map_or(0, |left| left.count)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, rule: Rule, path: &str) {
        self.add_many(rule, 1, path);
    }

    pub(super) fn add_many(&mut self, rule: Rule, count: u64, first: &str) {
        let left = self.0.entry(rule).or_default();
        if left.count == 0 {
            // Names are foreign: none is kept at any length, and none moves the cursor of a terminal.
            left.first = http::plain(first, LONGEST).to_string();
        }
        left.count += count;
    }

    /// Adds what another account has.
    pub fn join(&mut self, other: Self) {
        for (rule, left) in other.0 {
            self.add_many(rule, left.count, &left.first);
        }
    }
}

/// Characters of an example.
const LONGEST: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_an_example_that_can_be_shown_and_all_are_counted() {
        let mut left_out = LeftOut::default();
        left_out.add(Rule::Link, "a\u{1b}[31m");
        left_out.add(Rule::Link, "b");
        let mut other = LeftOut::default();
        other.add_many(Rule::Link, 3, "c");
        other.add(Rule::Hidden, &"x".repeat(1_000));
        left_out.join(other);
        let first: Vec<_> = left_out.by_rule().map(|(rule, left)| (rule, left.count, left.first.chars().count())).collect();
        assert_eq!(first, [(Rule::Hidden, 1, 301), (Rule::Link, 5, 11)]);
        assert_eq!(serde_json::to_value(&left_out).unwrap()["a link"]["first"], "a\\u{1b}[31m");
    }
}
