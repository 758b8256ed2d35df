//! Which software a page documents, and which version of it: as its generator marks it, as its head says, or as the end of its title
//! does where that is the name of a manual. The version of the generator is not it.

use crate::extract::metadata::generator;
use crate::extract::metadata::values::{is_version, line, name_and_version, version};
use crate::extract::said::{Family, Mark, Part, Said};

#[derive(Debug, Default)]
pub(in crate::extract) struct Software {
    pub(in crate::extract) generator: Option<String>,
    pub(in crate::extract) name: Option<String>,
    pub(in crate::extract) version: Option<String>,
    /// The end of the page's title that names the manual and not the page, from the mark on that parts it from the rest.
    pub(in crate::extract) in_title: Option<String>,
}

impl Software {
    pub(in crate::extract) fn of(said: &Said<'_>) -> Self {
        let generator = generator::of(said);
        let made = Made { generator: generator.as_deref(), is_sphinx: said.is_sphinx };
        let title = said.title.as_deref().and_then(|title| Manual::of_title(title, made));
        let in_title = title.as_ref().map(|manual| manual.whole.to_owned());
        let book = said.book.as_deref().and_then(|book| Manual::parse(book, book, made.needs()));
        let shown = Named::shown(&said.marks);
        let project = said.metas(&["project"]).find_map(|project| line(project, LONGEST)).filter(|_| made.by("ExDoc"));
        let slug = |name| said.metas(&[name]).find_map(|text| line(text, LONGEST));
        let listed = said.metas(&["docsearch:version", "docusaurus_version", "nodejs.org:node-version"]).find_map(listed_version);
        // The best first. What the page shows goes before what its head calls it, as that may be the name of a folder.
        let known = [
            Named { name: None, version: said.options_version.and_then(version) },
            shown,
            project.as_deref().map(Named::of).unwrap_or_default(),
            Named { name: None, version: listed },
            title.map(|manual| manual.named).unwrap_or_default(),
            book.map(|manual| manual.named).unwrap_or_default(),
            Named { name: crate_of(said).filter(|_| made.by("rustdoc")), version: None },
            Named { name: slug("readthedocs-project-slug"), version: slug("readthedocs-version-slug").as_deref().and_then(version) },
        ];
        let (mut name, mut number) = (None, None);
        for known in known {
            name = name.or(known.name);
            number = number.or(known.version);
        }
        Self { generator, name, version: number, in_title }
    }

    pub(in crate::extract) fn is_made_by(&self, name: &str) -> bool {
        Made { generator: self.generator.as_deref(), is_sphinx: false }.by(name)
    }
}

/// A name, a version, or both.
#[derive(Debug, Default)]
struct Named {
    name: Option<String>,
    version: Option<String>,
}

impl Named {
    /// "Django 3.2.25"
    fn of(text: &str) -> Self {
        let (name, version) = name_and_version(text);
        Self { name: Some(name.to_owned()).filter(|name| !name.is_empty()), version: version.map(str::to_owned) }
    }

    /// What the marks of the first generator that left any show.
    fn shown(marks: &[Mark]) -> Self {
        marks.iter().find_map(|mark| Self::mark(mark, marks)).unwrap_or_default()
    }

    fn mark(mark: &Mark, marks: &[Mark]) -> Option<Self> {
        let beside = |part: Part| marks.iter().find(|other| other.family == mark.family && other.part == part);
        let named = |mark: &Mark| Self::of(without_kind(&mark.text).0).name;
        match mark.part {
            Part::Version => {
                let number = version(&mark.text)?;
                Some(Self { name: beside(Part::Software).and_then(named), version: Some(number) })
            }
            // Where there is no version, others use such names for other things.
            Part::Software if matches!(mark.family, Family::Doxygen | Family::Rustdoc) => {
                Some(Self { name: named(mark), version: beside(Part::Version).and_then(|mark| version(&mark.text)) })
            }
            Part::Software => None,
            Part::Both => Self::released(&mark.text),
            Part::Package => {
                let (name, number) = mark.text.split([':', ' ']).next()?.rsplit_once('-')?;
                (!name.is_empty() && is_version(number)).then(|| Self { name: Some(name.to_owned()), version: Some(number.to_owned()) })
            }
        }
    }

    /// "for GLib 2.74.6 The latest …", "Version 1.2", "black 23.1.0 documentation".
    fn released(text: &str) -> Option<Self> {
        let after = ["This document is for ", "for "].iter().find_map(|start| text.strip_prefix(start));
        let (rest, is_called) = without_kind(after.unwrap_or(text));
        if after.is_none() && !is_called {
            let is_version = ["Version", "version", "Release", "release"].iter().any(|word| text.starts_with(word));
            return version(text).filter(|_| is_version).map(|number| Self { name: None, version: Some(number) });
        }
        let words: Vec<&str> = rest.split(' ').take(MOST_WORDS).collect();
        let at = words.iter().skip(1).position(|word| is_version(word.trim_end_matches(['.', ','])))? + 1;
        Some(Self::of(words[..=at].join(" ").trim_end_matches(['.', ','])))
    }
}

/// "2.x,3.x" and "current": the first that is a version.
fn listed_version(text: &str) -> Option<String> {
    text.split([',', ' ']).take(MOST_WORDS).find_map(version)
}

/// "Kettle in teahouse::pots - Rust"
fn crate_of(said: &Said<'_>) -> Option<String> {
    let title = said.title.as_deref()?.strip_suffix(" - Rust")?;
    let path = title.rsplit_once(" in ").map_or(title, |(_, path)| path);
    let name = path.split("::").next()?;
    (!name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')).then(|| name.to_owned())
}

#[derive(Clone, Copy)]
struct Made<'a> {
    generator: Option<&'a str>,
    /// By its scripts, where it does not name itself.
    is_sphinx: bool,
}

impl Made<'_> {
    fn by(self, name: &str) -> bool {
        self.generator.and_then(|made| made.get(..name.len())).is_some_and(|made| made.eq_ignore_ascii_case(name))
    }

    fn needs(self) -> Needs {
        match self.is_sphinx || MANUAL_MAKERS.into_iter().any(|name| self.by(name)) {
            true => Needs::Kind,
            false => Needs::KindAndVersion,
        }
    }
}

/// Generators that end a title with the name of the manual.
const MANUAL_MAKERS: [&str; 5] = ["Sphinx", "Docutils", "GTK-Doc", "RDoc", "YARD"];

/// What a manual's name must have in order to be taken for one.
#[derive(Clone, Copy, PartialEq)]
enum Needs {
    /// It stands where only that can stand.
    Nothing,
    Version,
    /// It must be called a documentation or the like.
    Kind,
    KindAndVersion,
}

/// What the end of a title, or a link to the first page, says of the manual.
struct Manual<'a> {
    named: Named,
    whole: &'a str,
}

impl<'a> Manual<'a> {
    fn of_title(title: &'a str, made: Made<'_>) -> Option<Self> {
        // "String (Java SE 17 & JDK 17)", "Options (zsh)"
        if ["javadoc", "GNU Texinfo", "makeinfo", "texi2any"].into_iter().any(|name| made.by(name)) {
            let at = title.strip_suffix(')')?.rfind(" (")?;
            let inner = title[at + 2..title.len() - 1].split(" & ").next()?;
            return Self::parse(&title[at..], inner, Needs::Nothing);
        }
        let (separators, needs): (&[&str], _) = match () {
            // "Class Pot | teahouse - v1.2.3"
            () if made.by("TypeDoc") => (&[" | "], Needs::Version),
            // "Pot — Teahouse v1.2.3"
            () if made.by("ExDoc") => (&[" — "], Needs::Version),
            // "Hash Tables: GLib Reference Manual"
            () if made.by("GTK-Doc") => (&[": "], Needs::Kind),
            () => (&[" — ", " – ", " - ", " | ", " · "], made.needs()),
        };
        let (at, end) = separators.iter().filter_map(|mark| title.rfind(mark).map(|at| (at, at + mark.len()))).max()?;
        Self::parse(&title[at..], &title[end..], needs)
    }

    fn parse(whole: &'a str, text: &str, needs: Needs) -> Option<Self> {
        // The name that YARD and RDoc give if they are given none.
        if needs == Needs::Kind && (text.starts_with("Documentation by YARD") || text == "RDoc Documentation") {
            return Some(Self { named: Named::default(), whole });
        }
        let is_documentation = ["documentation", "docs"].iter().any(|kind| ends_with_word(text, kind).is_some());
        let (text, is_called) = match text.strip_prefix("Documentation for ") {
            Some(text) => (text, true),
            None => without_kind(text),
        };
        // "Flask Documentation (3.1.x)"
        let named = match text.strip_suffix(')').and_then(|text| text.rsplit_once(" (")) {
            Some((name, number)) if is_version(number) => Named { version: Some(number.to_owned()), ..Named::of(without_kind(name).0) },
            _ => Named::of(text),
        };
        let named =
            Named { name: named.name.map(|name| name.trim_end_matches([' ', '-']).to_owned()).filter(|name| !name.is_empty()), ..named };
        let is_believed = match needs {
            Needs::Nothing => named.name.is_some(),
            Needs::Version => named.version.is_some(),
            Needs::Kind => is_called,
            // "iPhone 15 Manual" is of no software.
            Needs::KindAndVersion => {
                let is_software = |number: &str| number.contains('.') || number.starts_with('v') || is_documentation;
                is_called
                    && named.name.is_some()
                    && named.version.as_deref().is_some_and(is_software)
                    && text.split(' ').count() <= MOST_WORDS
            }
        };
        is_believed.then_some(Self { named, whole })
    }
}

/// Without the words that call it a manual, and whether there were any. "Flask Documentation (3.1.x)" is called one, too.
fn without_kind(text: &str) -> (&str, bool) {
    let text = text.trim();
    let mut rest = text;
    while let Some(shorter) = KINDS.iter().find_map(|kind| ends_with_word(rest, kind)) {
        rest = shorter;
    }
    let is_called = rest.len() < text.len()
        || text.rsplit_once(" (").is_some_and(|(before, _)| KINDS.iter().any(|kind| ends_with_word(before, kind).is_some()));
    (rest, is_called)
}

fn ends_with_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let at = text.len().checked_sub(word.len())?;
    let is_end = text.is_char_boundary(at) && text[at..].eq_ignore_ascii_case(word);
    is_end.then(|| &text[..at]).and_then(|before| before.strip_suffix(' ')).map(str::trim_end).filter(|before| !before.is_empty())
}

const KINDS: [&str; 9] = ["documentation", "docs", "API", "reference", "manual", "javadoc", "handbook", "user guide", "user's guide"];

/// In characters.
const LONGEST: usize = 200;
/// Of a name and its version.
const MOST_WORDS: usize = 7;
