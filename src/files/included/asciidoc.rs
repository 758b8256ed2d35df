//! How AsciiDoc asks for other files: `include::a.rb[tags=b]`.

use std::collections::HashMap;

use super::part::{Alone, Part, ranges};
use super::{INCLUDE, Include, MOST, Target, Written, lines_of, plain};

pub(super) fn find(text: &str) -> Vec<Include<'_>> {
    let mut found: Vec<Include<'_>> = Vec::new();
    let mut attributes: HashMap<&str, &str> = HashMap::new();
    // The line that ends the listing, or the comment.
    let mut open: Option<&str> = None;
    let mut lines = lines_of(text);
    while let Some((range, line)) = lines.next().filter(|_| found.len() < MOST) {
        let bare = line.trim_end();
        match open {
            Some(ends) if bare == ends => {
                open = None;
                continue;
            }
            None => open = delimiter(bare),
            Some(_) => {}
        }
        if let Some((name, value)) = bare.strip_prefix(':').and_then(|rest| rest.split_once(": ")) {
            if attributes.len() < MOST_ATTRIBUTES {
                attributes.insert(name, value.trim());
            }
            continue;
        }
        let asked = bare.strip_prefix(INCLUDE).and_then(|rest| rest.strip_suffix(']')).and_then(|rest| rest.split_once('['));
        let Some((target, said)) = asked.filter(|_| open.is_none_or(|ends| ends != COMMENT)) else { continue };
        let Some(target) = target_of(&named(target, &attributes)) else { continue };
        let value = |names: &[&str]| values(said).find(|(name, _)| names.contains(name)).map(|(_, value)| value);
        let tags = value(&["tag", "tags"])
            .map_or(Vec::new(), |tags| tags.split([',', ';']).map(str::trim).filter(|tag| !tag.is_empty()).take(MOST_ATTRIBUTES).collect());
        let part = Part {
            ranges: value(&["lines"]).and_then(|lines| ranges(lines, "..", Alone::Line)).unwrap_or_default(),
            tags,
            dedent: value(&["indent"]).is_some(),
            ..Part::default()
        };
        let deeper = value(&["leveloffset"]).and_then(|deeper| deeper.trim_start_matches('+').parse().ok()).unwrap_or(0usize).min(5);
        let written = match open {
            Some(ends) => Written::Lines { ends },
            None => Written::Text { deeper },
        };
        found.push(Include { lines: range, indent: "", files: vec![(target, part)], written });
    }
    found
}

/// A listing between lines that are none of its own.
pub(super) fn code(lines: &[&str], language: &str, out: &mut String) {
    let longest = lines.iter().filter(|line| line.bytes().all(|byte| byte == b'-')).map(|line| line.len()).max().unwrap_or(0);
    let delimiter = "-".repeat(4.max(longest + 1));
    out.push_str(&format!("[source,{language}]\n{delimiter}\n"));
    plain("", lines, out);
    out.push_str(&format!("\n{delimiter}"));
}

/// Text whose headings are so much deeper.
pub(super) fn text(lines: &[&str], deeper: usize, out: &mut String) {
    let mut open: Option<&str> = None;
    for (at, line) in lines.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let bare = line.trim_end();
        match open {
            Some(ends) if bare == ends => open = None,
            None => open = delimiter(bare),
            Some(_) => {}
        }
        let is_heading = bare.starts_with('=') && bare.trim_start_matches('=').starts_with(' ');
        if open.is_none() && is_heading {
            out.push_str(&"=".repeat(deeper));
        }
        out.push_str(line);
    }
}

/// As Antora has it, `module:example$a.rb`, or a path.
fn target_of(target: &str) -> Option<Target> {
    let Some((family, path)) = target.split_once('$') else {
        // What no attribute stands for is not known.
        return (!target.contains(['{', '}'])).then(|| Target::Seen(target.to_owned()));
    };
    let (module, family) = family.rsplit_once(':').map_or((None, family), |(module, family)| (Some(module.to_owned()), family));
    let folder = match family {
        "example" => "examples",
        "partial" => "partials",
        "page" => "pages",
        "attachment" => "attachments",
        _ => return None,
    };
    Some(Target::Module { module, path: format!("{folder}/{path}") })
}

/// With what the names in it stand for, once.
fn named(target: &str, attributes: &HashMap<&str, &str>) -> String {
    let mut out = String::new();
    let mut rest = target;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else { break };
        out.push_str(before);
        match attributes.get(name) {
            Some(value) => out.push_str(value),
            // The folder of the document itself.
            None if matches!(name, "docdir" | "moduledir") => out.push('.'),
            None => out.push_str(&rest[before.len()..before.len() + name.len() + 2]),
        }
        rest = behind;
        if out.len() > super::LONGEST_TARGET {
            break;
        }
    }
    out.push_str(rest);
    out
}

/// `name=value,name="value, value"`
fn values(said: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = said;
    std::iter::from_fn(move || {
        let (name, after) = rest.split_once('=')?;
        let value;
        (value, rest) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').map(|(value, rest)| (value, rest.trim_start_matches(',')))?,
            None => after.split_once(',').unwrap_or((after, "")),
        };
        Some((name.rsplit(',').next().unwrap_or(name).trim(), value))
    })
}

/// A line that begins a listing or a comment, and ends it.
fn delimiter(bare: &str) -> Option<&str> {
    if bare.starts_with("```") {
        return Some("```");
    }
    let first = bare.chars().next().filter(|c| "-.+/".contains(*c))?;
    (bare.len() >= 4 && bare.chars().all(|c| c == first)).then_some(bare)
}

const COMMENT: &str = "////";
const MOST_ATTRIBUTES: usize = 100;
