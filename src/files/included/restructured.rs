//! How reStructuredText asks for other files: `.. literalinclude:: a.py`, `.. include:: a.rst`.

use super::part::{Alone, Edge, Part, ranges};
use super::{INCLUDE, Include, MOST, Target, Written, indent_of, lines_of};

pub(super) fn find(text: &str) -> Vec<Include<'_>> {
    let mut found: Vec<Include<'_>> = Vec::new();
    // The column of what literal text stands below: what looks like a directive is an example in it.
    let mut literal: Option<usize> = None;
    let mut lines = lines_of(text).peekable();
    while let Some((range, line)) = lines.next().filter(|_| found.len() < MOST) {
        let (indent, bare) = (indent_of(line), line.trim());
        if bare.is_empty() || literal.is_some_and(|column| indent.len() > column) {
            continue;
        }
        literal = begins_literal(bare).then_some(indent.len());
        let Some(rest) = bare.strip_prefix("..").map(str::trim_start) else { continue };
        let literally = rest.starts_with("literal");
        let Some(target) = rest.strip_prefix("literal").unwrap_or(rest).strip_prefix(INCLUDE) else { continue };
        let mut end = range.end;
        let mut options = Vec::new();
        while let Some((range, line)) = lines.next_if(|(_, line)| indent_of(line).len() > indent.len() && option(line).is_some()) {
            end = range.end;
            options.extend(option(line));
        }
        let said = |name: &str| options.iter().find(|(option, _)| *option == name).map(|(_, value)| *value);
        let filled = |name: &str| said(name).filter(|value| !value.is_empty());
        let edge = |outside: &str, inside: &str| {
            let edge = |name: &str, is_in| filled(name).map(|text| Edge { text, is_in });
            edge(outside, false).or_else(|| edge(inside, true))
        };
        let number = |name: &str| filled(name).and_then(|number| number.parse::<usize>().ok());
        let numbered = match (number("start-line"), number("end-line")) {
            (None, None) => Vec::new(),
            // They count from 0, and the last is not in it.
            (first, last) => vec![(first.unwrap_or(0).saturating_add(1), last.unwrap_or(usize::MAX))],
        };
        let part = Part {
            ranges: filled("lines").and_then(|lines| ranges(lines, "-", Alone::Line)).unwrap_or(numbered),
            object: filled("pyobject"),
            begins: edge("start-after", "start-at"),
            ends: edge("end-before", "end-at"),
            dedent: said("dedent").is_some(),
            ..Part::default()
        };
        let language =
            filled("language").or_else(|| filled("code")).or_else(|| (said("literal").is_some() || said("code").is_some()).then_some(""));
        let written = match literally || language.is_some() {
            true => Written::Code { language, caption: filled("caption") },
            false => Written::Text { deeper: 0 },
        };
        found.push(Include { lines: range.start..end, indent, files: vec![(Target::Seen(target.trim().to_owned()), part)], written });
    }
    found
}

/// A directive with the code below it.
pub(super) fn code(indent: &str, lines: &[&str], language: &str, caption: Option<&str>, out: &mut String) {
    let language = if language.is_empty() { "text" } else { language };
    out.push_str(&format!("\n{indent}.. code-block:: {language}\n"));
    if let Some(caption) = caption {
        out.push_str(&format!("{indent}   :caption: {caption}\n"));
    }
    out.push('\n');
    super::plain(&format!("{indent}   "), lines, out);
    out.push('\n');
}

/// `:name: value`
fn option(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.trim().strip_prefix(':')?.split_once(':')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    is_name.then(|| (name, value.trim()))
}

fn begins_literal(bare: &str) -> bool {
    match bare.strip_prefix("..") {
        Some(rest) => ["code-block::", "code::", "sourcecode::", "parsed-literal::", "raw::", "literal::"]
            .iter()
            .any(|name| rest.trim_start().starts_with(name)),
        None => bare.ends_with("::"),
    }
}
