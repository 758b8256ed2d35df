//! Which lines of a file are meant: those of these numbers, those between two marks, those of a name.

/// All lines, as long as nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Part<'a> {
    /// First and last, which count from 1, in any order.
    pub ranges: Vec<(usize, usize)>,
    /// Between `--8<-- [start:name]` and `--8<-- [end:name]`, or `ANCHOR: name` and `ANCHOR_END: name`.
    pub section: Option<&'a str>,
    /// Between `tag::name[]` and `end::name[]`; `*` is any of them, `!name` none of it.
    pub tags: Vec<&'a str>,
    /// A class or function of Python.
    pub object: Option<&'a str>,
    pub begins: Option<Edge<'a>>,
    pub ends: Option<Edge<'a>>,
    pub dedent: bool,
}

/// A line that has this text in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge<'a> {
    pub text: &'a str,
    pub is_in: bool,
}

impl<'a> Part<'a> {
    pub(super) fn is_all(&self) -> bool {
        *self == Self { dedent: self.dedent, ..Self::default() }
    }

    /// Its lines; none where the file has no such part.
    pub(super) fn of<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let mut lines: Vec<&str> = text.strip_prefix('\u{feff}').unwrap_or(text).lines().collect();
        if let Some(name) = self.object {
            lines = object(&lines, name)?;
        }
        if let Some(name) = self.section {
            lines = section(&lines, name)?;
        }
        if let Some(Edge { text, is_in }) = self.begins {
            let at = lines.iter().position(|line| line.contains(text))?;
            lines.drain(..at + usize::from(!is_in));
        }
        if let Some(Edge { text, is_in }) = self.ends {
            let skipped = usize::from(self.begins.is_some_and(|begins| begins.is_in));
            let at = skipped + lines.iter().skip(skipped).position(|line| line.contains(text))?;
            lines.truncate(at + usize::from(is_in));
        }
        if !self.ranges.is_empty() {
            let mut ranges = self.ranges.clone();
            ranges.sort_unstable();
            let mut kept: Vec<&str> = Vec::new();
            let mut next = 1;
            for (first, last) in ranges {
                let (from, to) = (first.max(next), last.min(lines.len()));
                if from <= to {
                    kept.extend(&lines[from - 1..to]);
                    next = to + 1;
                }
            }
            lines = kept;
        }
        if !self.tags.is_empty() {
            lines = tagged(&lines, &self.tags)?;
        }
        lines.retain(|line| !is_mark(line));
        let begun = lines.iter().take_while(|line| line.trim().is_empty()).count();
        lines.drain(..begun);
        while lines.last().is_some_and(|line| line.trim().is_empty()) {
            lines.pop();
        }
        if self.dedent {
            let blanks = |line: &&str| line.len() - line.trim_start_matches([' ', '\t']).len();
            let indent = lines.iter().filter(|line| !line.trim().is_empty()).map(blanks).min().unwrap_or(0);
            lines = lines.into_iter().map(|line| &line[indent.min(blanks(&line))..]).collect();
        }
        (!lines.is_empty()).then_some(lines)
    }
}

/// `1-3,5,7-` with what stands between numbers, and for a number alone.
pub(super) fn ranges(text: &str, between: &str, alone: Alone) -> Option<Vec<(usize, usize)>> {
    let mut ranges = Vec::new();
    for range in text.trim().trim_matches(['"', '\'']).split([',', ';']).take(MOST_RANGES) {
        let number = |number: &str| match number.trim() {
            // The last one of AsciiDoc.
            "" | "-1" => Some(None),
            number => number.parse().ok().map(Some),
        };
        ranges.push(match range.trim().split_once(between) {
            Some((first, last)) => (number(first)?.unwrap_or(1).max(1), number(last)?.unwrap_or(usize::MAX)),
            None => {
                let first = number(range)?.unwrap_or(1).max(1);
                (first, if alone == Alone::Opens { usize::MAX } else { first })
            }
        });
    }
    (!ranges.is_empty()).then_some(ranges)
}

/// What a number alone means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alone {
    /// That line.
    Line,
    /// It and all below.
    Opens,
}

/// A line that names a part and is none of any.
fn is_mark(line: &str) -> bool {
    section_of(line).is_some() || tag_of(line).is_some()
}

/// The name of a section, and whether it begins.
fn section_of(line: &str) -> Option<(&str, bool)> {
    if let Some((_, rest)) = line.split_once("8<-") {
        let (inner, _) = rest.trim_start_matches('-').trim_start().strip_prefix('[')?.split_once(']')?;
        let (what, name) = inner.split_once(':')?;
        let begins = what.trim() == "start";
        return (begins || what.trim() == "end").then_some((name.trim(), begins));
    }
    let (_, rest) = line.split_once("ANCHOR")?;
    let (begins, rest) = match rest.strip_prefix("_END:") {
        Some(rest) => (false, rest),
        None => (true, rest.strip_prefix(':')?),
    };
    let name = rest.trim_start().split(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_')).next();
    name.filter(|name| !name.is_empty()).map(|name| (name, begins))
}

fn section<'t>(lines: &[&'t str], name: &str) -> Option<Vec<&'t str>> {
    let from = lines.iter().position(|line| section_of(line) == Some((name, true)))? + 1;
    let length = lines[from..].iter().position(|line| section_of(line) == Some((name, false))).unwrap_or(lines.len() - from);
    Some(lines[from..from + length].to_vec())
}

/// The name of `tag::name[]` and `end::name[]`, and whether it begins.
fn tag_of(line: &str) -> Option<(&str, bool)> {
    let find = |mark: &str| line.find(mark).filter(|at| !line[..*at].ends_with(|c: char| c.is_alphanumeric())).map(|at| at + mark.len());
    let (at, begins) = find("tag::").map(|at| (at, true)).or_else(|| find("end::").map(|at| (at, false)))?;
    let (name, _) = line[at..].split_once("[]")?;
    let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
    is_name.then_some((name, begins))
}

fn tagged<'t>(lines: &[&'t str], tags: &[&str]) -> Option<Vec<&'t str>> {
    let mut open: Vec<&str> = Vec::new();
    let mut kept = Vec::new();
    let is_all = tags.contains(&"**");
    for line in lines {
        if let Some((name, begins)) = tag_of(line) {
            match begins {
                true if open.len() < DEEPEST => open.push(name),
                true => {}
                false => drop(open.iter().rposition(|tag| *tag == name).map(|at| open.remove(at))),
            }
            continue;
        }
        let is_wanted = |tag: &&str| tags.contains(tag) || tags.contains(&"*");
        let is_unwanted = |tag: &&str| tags.iter().any(|unwanted| unwanted.strip_prefix('!') == Some(*tag));
        let only_unwanted = tags.iter().all(|tag| tag.starts_with('!'));
        if (is_all || only_unwanted || open.iter().any(is_wanted)) && !open.iter().any(is_unwanted) {
            kept.push(*line);
        }
    }
    (!kept.is_empty()).then_some(kept)
}

/// `Class.method` with its decorators, up to where something stands no deeper.
fn object<'t>(lines: &[&'t str], name: &str) -> Option<Vec<&'t str>> {
    let blanks = |line: &str| line.len() - line.trim_start().len();
    let mut within = lines;
    let mut deeper = None;
    for name in name.split('.').take(DEEPEST) {
        let is_it = |line: &&str| {
            let bare = line.trim_start();
            let bare = bare.strip_prefix("async ").unwrap_or(bare);
            let rest =
                bare.strip_prefix("def ").or_else(|| bare.strip_prefix("class ")).and_then(|rest| rest.trim_start().strip_prefix(name));
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
                && deeper.is_none_or(|column| blanks(line) > column)
        };
        let at = within.iter().position(is_it)?;
        let column = blanks(within[at]);
        let below = within[at + 1..].iter().position(|line| {
            let closes = line.trim_start().starts_with([')', ']', '}']);
            !line.trim().is_empty() && blanks(line) <= column && !closes
        });
        let end = below.map_or(within.len(), |below| at + 1 + below);
        let decorators = within[..at].iter().rev().take_while(|line| blanks(line) == column && line.trim_start().starts_with('@')).count();
        deeper = Some(column);
        within = &within[at - decorators..end];
    }
    Some(within.to_vec())
}

const MOST_RANGES: usize = 100;
const DEEPEST: usize = 16;
