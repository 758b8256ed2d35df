//! How markdown asks for other files: `--8<-- "a.py"` of PyMdown, `{* a.py ln[1:3] *}` and `{!a.py!}` as FastAPI has them,
//! `{{#include a.rs:name}}` of mdBook, directives of MyST.

use super::part::{Alone, Edge, Part, ranges};
use super::{Include, MOST, Target, Written, indent_of, lines_of, plain};

/// One of them is in any document that asks.
pub(super) const MARKS: [&str; 5] = ["8<-", "{*", "{!", "{{#", "include}"];

pub(super) fn find(text: &str) -> Vec<Include<'_>> {
    let mut found: Vec<Include<'_>> = Vec::new();
    // The line of marks that ends the listing.
    let mut fence: Option<&str> = None;
    let mut lines = lines_of(text).peekable();
    while let Some((range, line)) = lines.next().filter(|_| found.len() < MOST) {
        let indent = indent_of(line);
        let bare = line.trim();
        let written = match fence {
            Some(ends) => Written::Lines { ends },
            None => Written::Text { deeper: 0 },
        };
        if let Some(ends) = fence {
            if bare.starts_with(ends) && bare.trim_start_matches(&ends[..1]).is_empty() {
                fence = None;
                continue;
            }
        } else if let Some(marks) = fence_of(bare) {
            let info = without_item(bare).strip_prefix(marks).unwrap_or_default().trim();
            let directive = info.strip_prefix('{').and_then(|info| info.split_once('}')).filter(|_| bare.starts_with(marks));
            let asked = directive.map(|(name, target)| (name, target.trim())).filter(|(name, _)| is_directive(name));
            let Some((name, target)) = asked else {
                fence = Some(marks);
                continue;
            };
            let mut end = range.end;
            let mut options = Vec::new();
            for (range, line) in lines.by_ref() {
                end = range.end;
                let bare = line.trim();
                if bare.starts_with(marks) {
                    break;
                }
                options.extend(
                    bare.trim_start_matches(':').split_once(':').map(|(name, value)| (name.trim(), value.trim().trim_matches('"'))),
                );
            }
            let (part, language, caption) = of_options(&options);
            let written = match name {
                "include" if language.is_none() => Written::Text { deeper: 0 },
                _ => Written::Code { language, caption },
            };
            found.push(Include { lines: range.start..end, indent, files: vec![(Target::Seen(target.to_owned()), part)], written });
            continue;
        }
        if is_scissors(bare) {
            // Files, one a line, up to the next such line.
            let mut files = Vec::new();
            let mut end = None;
            for (range, line) in lines.clone().take(MOST_BELOW) {
                let bare = line.trim();
                if is_scissors(bare) {
                    end = Some(range.end);
                    break;
                }
                files.extend(Some(bare).filter(|bare| !bare.is_empty() && !bare.starts_with(';')).map(snippet));
            }
            let Some(end) = end else { continue };
            while lines.next_if(|(range, _)| range.end <= end).is_some() {}
            if !files.is_empty() {
                found.push(Include { lines: range.start..end, indent, files, written });
            }
            continue;
        }
        if let Some((file, as_code)) = on_one_line(bare) {
            let written = match as_code.filter(|_| fence.is_none()) {
                Some(caption) => Written::Code { language: None, caption },
                None => written,
            };
            found.push(Include { lines: range, indent, files: vec![file], written });
        }
    }
    found
}

/// A listing with what it is called above it.
pub(super) fn code(indent: &str, lines: &[&str], language: &str, caption: Option<&str>, out: &mut String) {
    let longest = lines.iter().map(|line| line.trim_start()).map(|line| line.len() - line.trim_start_matches('`').len()).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    if let Some(caption) = caption {
        out.push_str(&format!("{indent}**{caption}**\n\n"));
    }
    out.push_str(&format!("{indent}{fence}{language}\n"));
    plain(indent, lines, out);
    out.push_str(&format!("\n{indent}{fence}"));
}

/// The file that a line asks for; of what is always code, with what it is called.
#[expect(clippy::type_complexity, reason = "both are read of one line, and nothing else has them")]
fn on_one_line(bare: &str) -> Option<((Target, Part<'_>), Option<Option<&str>>)> {
    if let Some(inner) = bare.strip_prefix("{*").and_then(|rest| rest.strip_suffix("*}")) {
        let inner = inner.trim();
        let (target, said) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
        let said = |name: &str| said.split_once(name).and_then(|(_, rest)| rest.split_once(']')).map(|(value, _)| value);
        let lines = said("ln[").and_then(|lines| ranges(lines, ":", Alone::Line)).unwrap_or_default();
        let file = (Target::Seen(target.to_owned()), Part { ranges: lines, ..Part::default() });
        return is_path(target).then(|| (file, Some(said("title[").map(|title| title.trim_matches(['"', '\''])))));
    }
    if let Some(inner) = bare.strip_prefix("{!").and_then(|rest| rest.strip_suffix("!}")) {
        let inner = inner.strip_prefix('>').unwrap_or(inner).trim();
        let (target, lines) = match inner.strip_suffix(']').and_then(|inner| inner.rsplit_once("[ln:")) {
            Some((target, lines)) => (target.trim(), mdx_ranges(lines)?),
            None => (inner, Vec::new()),
        };
        return is_path(target).then(|| ((Target::Seen(target.to_owned()), Part { ranges: lines, ..Part::default() }), None));
    }
    if let Some(inner) = bare.strip_prefix("{{#").and_then(|rest| rest.strip_suffix("}}")) {
        let (name, rest) = inner.trim().split_once(char::is_whitespace)?;
        let file = of_book(rest.split_whitespace().next()?);
        return match name {
            "include" | "rustdoc_include" => Some((file, None)),
            "playground" | "playpen" => Some((file, Some(None))),
            _ => None,
        };
    }
    let marked = bare.trim_start_matches('-');
    let rest = marked.strip_prefix("8<-").filter(|_| marked.len() < bare.len())?.trim_start_matches('-');
    let quoted = rest.strip_prefix([' ', '\t'])?.trim();
    let path = ['"', '\''].into_iter().find_map(|mark| quoted.strip_prefix(mark)?.strip_suffix(mark))?;
    Some((snippet(path), None))
}

/// `a.md`, `a.md:name`, `a.md:4:6`, `a.md:1:3,5:6`
fn snippet(written: &str) -> (Target, Part<'_>) {
    let written = written.trim_matches(['"', '\'']);
    let (path, rest) = match written.split_once(':').filter(|(_, rest)| !rest.starts_with("//")) {
        Some((path, rest)) => (path, rest),
        None => (written, ""),
    };
    let part = match rest {
        "" => Part::default(),
        name if name.starts_with(|c: char| c.is_ascii_alphabetic()) => Part { section: Some(name), ..Part::default() },
        lines => Part { ranges: ranges(lines, ":", Alone::Opens).unwrap_or_default(), ..Part::default() },
    };
    (Target::Seen(path.to_owned()), part)
}

/// `a.rs`, `a.rs:name`, `a.rs:2`, `a.rs:2:10`
fn of_book(written: &str) -> (Target, Part<'_>) {
    let (path, rest) = written.split_once(':').unwrap_or((written, ""));
    let part = match rest {
        "" => Part::default(),
        lines if lines.starts_with(|c: char| c.is_ascii_digit() || c == ':') => {
            Part { ranges: ranges(lines, ":", Alone::Line).unwrap_or_default(), ..Part::default() }
        }
        name => Part { section: Some(name), ..Part::default() },
    };
    (Target::Seen(path.to_owned()), part)
}

/// `1-3,5.2-7.9`, whose columns are not looked at.
fn mdx_ranges(text: &str) -> Option<Vec<(usize, usize)>> {
    let lines: Vec<String> = text.split(',').take(MOST_BELOW).map(without_columns).collect();
    ranges(&lines.join(","), "-", Alone::Line)
}

fn without_columns(range: &str) -> String {
    range.split('-').map(|end| end.split('.').next().unwrap_or_default()).collect::<Vec<_>>().join("-")
}

fn of_options<'t>(options: &[(&'t str, &'t str)]) -> (Part<'t>, Option<&'t str>, Option<&'t str>) {
    let option = |names: &[&str]| options.iter().find(|(name, value)| names.contains(name) && !value.is_empty()).map(|(_, value)| *value);
    let edge = |outside: &str, inside: &str| {
        let edge = |name: &str, is_in| option(&[name]).map(|text| Edge { text, is_in });
        edge(outside, false).or_else(|| edge(inside, true))
    };
    let part = Part {
        ranges: option(&["lines"]).and_then(|lines| ranges(lines, "-", Alone::Line)).unwrap_or_default(),
        object: option(&["pyobject"]),
        begins: edge("start-after", "start-at"),
        ends: edge("end-before", "end-at"),
        dedent: options.iter().any(|(name, _)| *name == "dedent"),
        ..Part::default()
    };
    let is_literal = options.iter().any(|(name, _)| *name == "literal");
    (part, option(&["language", "lang", "code"]).or_else(|| is_literal.then_some("")), option(&["caption", "filename"]))
}

fn is_directive(name: &str) -> bool {
    matches!(name, "include" | "literalinclude")
}

fn is_path(target: &str) -> bool {
    !target.is_empty() && !target.contains(['{', '}', '*'])
}

/// `--8<--` alone.
fn is_scissors(bare: &str) -> bool {
    bare.starts_with('-') && bare.trim_matches('-') == "8<" && bare.ends_with('-')
}

/// The marks that begin a listing, also on the line of its item or in a quotation.
fn fence_of(bare: &str) -> Option<&str> {
    let bare = without_item(bare);
    let mark = bare.chars().next().filter(|mark| matches!(mark, '`' | '~' | ':'))?;
    let length = bare.len() - bare.trim_start_matches(mark).len();
    let rest = &bare[length..];
    // Colons begin what is text, but for these directives.
    let is_listing = mark != ':' || rest.starts_with("{include}") || rest.starts_with("{literalinclude}");
    (length >= 3 && is_listing && !(mark == '`' && rest.contains('`'))).then(|| &bare[..length])
}

/// What stands behind the marks of quotations and items.
fn without_item(bare: &str) -> &str {
    let bare = bare.trim_start_matches(['>', ' ', '-', '*', '+']);
    let numbered = bare.trim_start_matches(|c: char| c.is_ascii_digit());
    let behind = numbered.strip_prefix(['.', ')']).filter(|behind| numbered.len() < bare.len() && behind.starts_with(' '));
    behind.map_or(bare, str::trim_start)
}

/// Lines of a directive, and files of a list.
const MOST_BELOW: usize = 60;
