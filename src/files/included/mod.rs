//! What documents take from other files: the code of an example, a part of another text. The lines that ask for it are replaced by what they
//! ask for, as the format of the document writes it; those whose file is not to be had stay as they are. What was put in asks for nothing
//! more. Pure: what lies where is asked of whoever has the files.

mod asciidoc;
mod markdown;
mod part;
mod restructured;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::role::Role;

use self::part::Part;

/// A document that may ask for other files.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking<'a> {
    format: Format,
    /// Below the root, with `/` between names.
    path: &'a str,
    text: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    AsciiDoc,
    Markdown,
    Restructured,
}

impl<'a> Asking<'a> {
    /// None of a document that asks for nothing.
    pub(super) fn of(path: &'a str, role: Role, bytes: &'a [u8]) -> Option<Self> {
        let (format, marks): (_, &[&str]) = match role {
            Role::Document("text/markdown") => (Format::Markdown, &markdown::MARKS),
            Role::Document("text/x-rst") => (Format::Restructured, &[INCLUDE]),
            Role::Document("text/asciidoc") => (Format::AsciiDoc, &[INCLUDE]),
            _ => return None,
        };
        if !marks.iter().any(|mark| memchr::memmem::find(bytes, mark.as_bytes()).is_some()) {
            return None;
        }
        let asking = Self { format, path, text: std::str::from_utf8(bytes).ok()? };
        (!asking.includes().is_empty()).then_some(asking)
    }

    /// The text with what `read` gives for the paths that it is asked for, if that is for any of them.
    pub(super) fn answered(&self, allowance: &Allowance, mut read: impl FnMut(&str) -> Option<Arc<str>>) -> Option<String> {
        let mut answer = Answer { asking: self, allowance, looked_through: 0, written: 0, read: &mut read, known: HashMap::new() };
        let (mut out, mut at) = (String::with_capacity(self.text.len()), 0);
        for include in self.includes() {
            if let Some(written) = answer.written(&include) {
                out.push_str(&self.text[at..include.lines.start]);
                out.push_str(&written);
                at = include.lines.end;
            }
        }
        (at > 0).then(|| {
            out.push_str(&self.text[at..]);
            out
        })
    }

    /// The paths that it may ask for.
    pub(super) fn paths(&self) -> Vec<String> {
        let includes = self.includes().into_iter();
        includes.flat_map(|include| include.files).flat_map(|(target, _)| target.places(self.path)).collect()
    }

    fn includes(&self) -> Vec<Include<'a>> {
        match self.format {
            Format::AsciiDoc => asciidoc::find(self.text),
            Format::Markdown => markdown::find(self.text),
            Format::Restructured => restructured::find(self.text),
        }
    }
}

impl Format {
    /// Whether a line ends the listing that a line `ends` would end.
    fn ends_listing(self, line: &str, ends: &str) -> bool {
        match self {
            Self::Markdown => line.trim().strip_prefix(ends).is_some_and(|rest| rest.trim_start_matches(&ends[..1]).is_empty()),
            _ => line.trim_end() == ends,
        }
    }
}

/// How many bytes of other files the documents of one source may look through.
#[derive(Debug)]
pub(super) struct Allowance(AtomicU64);

impl Default for Allowance {
    fn default() -> Self {
        Self(AtomicU64::new(MOST_IN_ALL))
    }
}

impl Allowance {
    fn has(&self, bytes: usize) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes as u64)).is_ok()
    }
}

/// Lines of a document in whose place something of other files is to stand.
#[derive(Debug)]
struct Include<'a> {
    /// Without the line feed of the last one.
    lines: Range<usize>,
    /// Blanks before them.
    indent: &'a str,
    files: Vec<(Target, Part<'a>)>,
    written: Written<'a>,
}

/// Which file is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    /// Seen from the folder of the document, or of one around it: generators begin at different ones.
    Seen(String),
    /// Below the folder that is called `modules`: in that of the document, else in the one that is named.
    Module { module: Option<String>, path: String },
}

/// How it is to be written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Written<'a> {
    /// As more lines of the listing that they stand in, which none of them may end.
    Lines { ends: &'a str },
    /// As a listing.
    Code { language: Option<&'a str>, caption: Option<&'a str> },
    /// As text of the document; its headings so much deeper.
    Text { deeper: usize },
}

impl Target {
    /// The paths below the root where it may lie, the nearest first.
    fn places(&self, document: &str) -> Vec<String> {
        let folder = document.rsplit_once('/').map_or("", |(folder, _)| folder);
        let places: Vec<String> = match self {
            Self::Seen(target) => {
                let is_of_root = target.starts_with('/');
                let around = std::iter::successors(Some(folder), |folder| match folder.rsplit_once('/') {
                    Some((above, _)) => Some(above),
                    None => Some("").filter(|_| !folder.is_empty()),
                });
                // What begins with a slash is not beside the document, unless all of it is one folder.
                let around: Vec<&str> = around.take(MOST_AROUND).collect();
                let order: Vec<&str> = if is_of_root { around.into_iter().rev().collect() } else { around };
                order.into_iter().filter_map(|folder| joined(folder, target)).collect()
            }
            Self::Module { module, path } => {
                let named = folder.rfind("modules/").map(|at| at + "modules/".len());
                let own = |from: usize| folder[from..].split('/').next();
                let place = named.and_then(|from| {
                    let module = module.as_deref().or_else(|| own(from))?;
                    joined(&folder[..from - 1], &format!("{module}/{path}"))
                });
                place.into_iter().collect()
            }
        };
        let mut distinct: Vec<String> = Vec::with_capacity(places.len());
        for place in places {
            if place != document && !distinct.contains(&place) {
                distinct.push(place);
            }
        }
        distinct
    }
}

/// A path below the root, where none of its names is hidden and none leads out.
fn joined(folder: &str, target: &str) -> Option<String> {
    if target.is_empty()
        || target.len() > LONGEST_TARGET
        || target.contains(['\\', '\0', '\n', '<', '>', '|', '"'])
        || target.contains("://")
    {
        return None;
    }
    let mut names: Vec<&str> = folder.split('/').filter(|name| !name.is_empty()).collect();
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()?),
            // A stream or a drive of Windows.
            name if name.contains(':') => return None,
            name => names.push(name),
        }
    }
    let is_shown = !names.is_empty() && !names.iter().any(|name| name.starts_with('.'));
    is_shown.then(|| names.join("/"))
}

struct Answer<'a, 'r> {
    asking: &'a Asking<'a>,
    allowance: &'a Allowance,
    /// Bytes of files, one that is asked for twice counts twice.
    looked_through: usize,
    written: usize,
    read: &'r mut dyn FnMut(&str) -> Option<Arc<str>>,
    known: HashMap<String, Option<Arc<str>>>,
}

impl Answer<'_, '_> {
    /// What is to stand in its place; none where anything of it is not to be had.
    fn written(&mut self, include: &Include<'_>) -> Option<String> {
        let mut out = String::new();
        for (target, part) in &include.files {
            let (path, text) = self.file(target)?;
            if self.looked_through + text.len() > MOST_LOOKED_THROUGH || !self.allowance.has(text.len()) {
                return None;
            }
            self.looked_through += text.len();
            let lines = part.of(&text)?;
            let bytes: usize = lines.iter().map(|line| include.indent.len() + line.len() + 1).sum();
            if self.written + out.len() + bytes > MOST_WRITTEN {
                return None;
            }
            if !out.is_empty() {
                out.push('\n');
            }
            self.write(include, part, &path, &lines, &mut out)?;
        }
        self.written += out.len();
        Some(out)
    }

    fn file(&mut self, target: &Target) -> Option<(String, Arc<str>)> {
        target.places(self.asking.path).into_iter().find_map(|path| {
            let read = &mut self.read;
            let text = self.known.entry(path.clone()).or_insert_with(|| read(&path)).clone()?;
            Some((path, text))
        })
    }

    fn write(&self, include: &Include<'_>, part: &Part<'_>, path: &str, lines: &[&str], out: &mut String) -> Option<()> {
        let indent = include.indent;
        let role = Role::of(path);
        let code = |language: Option<&str>, caption: Option<&str>, out: &mut String| {
            let language = language.map_or_else(|| language_of(path), str::to_owned);
            match self.asking.format {
                Format::AsciiDoc => asciidoc::code(lines, &language, out),
                Format::Markdown => markdown::code(indent, lines, &language, caption, out),
                Format::Restructured => restructured::code(indent, lines, &language, caption, out),
            }
        };
        match include.written {
            Written::Lines { ends } => {
                if lines.iter().any(|line| self.asking.format.ends_listing(line, ends)) {
                    return None;
                }
                plain(indent, lines, out);
            }
            Written::Code { language, caption } => code(language, caption, out),
            Written::Text { .. } if matches!(role, Some(Role::Code(_))) => code(None, None, out),
            // It is read as a page of its own: twice would be once too often.
            Written::Text { .. } if role.is_some() && part.is_all() && !self.only_defines(lines) => {
                let link = relative(self.asking.path, path);
                out.push_str(indent);
                match self.asking.format {
                    Format::AsciiDoc => out.push_str(&format!("link:{link}[{path}]")),
                    Format::Markdown => out.push_str(&format!("[{path}]({link})")),
                    Format::Restructured => out.push_str(&format!("\n{indent}`{path} <{link}>`__\n")),
                }
            }
            Written::Text { deeper } => match self.asking.format {
                Format::AsciiDoc => asciidoc::text(lines, deeper, out),
                Format::Markdown | Format::Restructured => plain(indent, lines, out),
            },
        }
        Some(())
    }

    /// Whether lines say nothing themselves, but what names and links in other lines stand for.
    fn only_defines(&self, lines: &[&str]) -> bool {
        let mut lines = lines.iter().filter(|line| !line.trim().is_empty());
        match self.asking.format {
            Format::AsciiDoc => lines.all(|line| [":", "//", "ifdef::", "ifndef::", "endif::"].iter().any(|mark| line.starts_with(mark))),
            Format::Markdown => lines.all(|line| line.starts_with('[') && line.contains("]: ")),
            Format::Restructured => lines.all(|line| [" ", ".. |", ".. _", ".. role::"].iter().any(|mark| line.starts_with(mark))),
        }
    }
}

/// Lines as they are, indented as those in whose place they stand.
fn plain(indent: &str, lines: &[&str], out: &mut String) {
    for (at, line) in lines.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        if !line.is_empty() {
            out.push_str(indent);
            out.push_str(line);
        }
    }
}

/// What a file has to give; none where it is no text.
pub(super) fn text(bytes: Vec<u8>) -> Option<Arc<str>> {
    let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))?;
    Some(if text.contains('\r') { text.replace("\r\n", "\n").into() } else { text.into() })
}

/// What a text is known by.
pub(super) fn sum(text: &str) -> u64 {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref()[..8].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// What the code of a file is in, as a fence has it.
fn language_of(path: &str) -> String {
    if let Some(Role::Code(language)) = Role::of(path) {
        return language.to_owned();
    }
    let extension = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, extension)| extension);
    let is_name = extension.len() <= LONGEST_EXTENSION && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_name && extension != "txt" { extension.to_ascii_lowercase() } else { String::new() }
}

/// The way from a document to a file, as an address has it.
fn relative(document: &str, path: &str) -> String {
    let folders: Vec<&str> = document.split('/').collect();
    let names: Vec<&str> = path.split('/').collect();
    let alike = folders[..folders.len() - 1].iter().zip(&names[..names.len() - 1]).take_while(|(a, b)| a == b).count();
    let up = "../".repeat(folders.len() - 1 - alike);
    let escaped = |name: &&str| {
        let escape = |c: char| match c {
            ' ' | '%' | '#' | '?' | '(' | ')' | '[' | ']' | '<' | '>' | '`' | '"' => format!("%{:02X}", u32::from(c)),
            c => c.to_string(),
        };
        name.chars().map(escape).collect::<String>()
    };
    format!("{up}{}", names[alike..].iter().map(escaped).collect::<Vec<_>>().join("/"))
}

/// Lines with the places where they stand, without their line feeds.
fn lines_of(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> + Clone {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let begun = at;
        at += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        (begun..begun + line.len(), line)
    })
}

fn indent_of(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

const INCLUDE: &str = "include::";
/// In one document.
const MOST: usize = 100;
/// Folders from the document's own upwards.
const MOST_AROUND: usize = 16;
/// Bytes.
const LONGEST_TARGET: usize = 500;
const LONGEST_EXTENSION: usize = 12;
/// Bytes of a file that something is taken of.
pub(super) const LARGEST: u64 = 1 << 20;
/// Bytes of files for one document, and what is written of them.
const MOST_LOOKED_THROUGH: usize = 4 << 20;
const MOST_WRITTEN: usize = 256 << 10;
/// Bytes.
const MOST_IN_ALL: u64 = 1 << 30;

#[cfg(test)]
mod tests;
