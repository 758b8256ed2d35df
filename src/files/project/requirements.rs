//! `requirements.txt`, as pip reads it: what is pinned has a version, what is not has none. Files that it names are not followed.

use std::path::Path;

use super::{Lock, Source, short};
use crate::files::error::Error;
use crate::files::package::Ecosystem;

pub(super) fn read(path: &Path, text: &str) -> Result<Lock, Error> {
    let mut lock = Lock::default();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, first)) = lines.next() {
        let mut line = first.trim().to_owned();
        while line.ends_with('\\') {
            line.pop();
            let Some((_, next)) = lines.next() else { break };
            line.push_str(next.trim());
        }
        // Tools that resolve write below each line who asked for it.
        let mut asked_by = line.split_once("# via").map(|(_, by)| by.to_owned());
        while let Some((_, comment)) = lines.next_if(|(_, next)| next.starts_with([' ', '\t']) && next.trim_start().starts_with('#')) {
            let by = comment.trim_start().trim_start_matches('#').trim().trim_start_matches("via");
            asked_by.get_or_insert_default().push_str(&format!(" {by}"));
        }
        let requirement = line.split(" #").next().unwrap_or_default().trim();
        if requirement.is_empty() || requirement.starts_with('#') {
            continue;
        }
        if requirement.starts_with('-') {
            option(&mut lock, requirement);
            continue;
        }
        let (name, version, source) = parse(requirement).map_err(|what| Error::broken(path, number + 1, what))?;
        if let Some(locked) = lock.push(Ecosystem::Pypi, name, version, source) {
            locked.is_direct =
                asked_by.is_none_or(|by| by.trim().is_empty() || by.contains("-r ") || by.contains(".in") || by.contains("pyproject"));
        }
    }
    Ok(lock)
}

fn option(lock: &mut Lock, option: &str) {
    let (name, value) = option.split_once([' ', '=']).unwrap_or((option, ""));
    let note = match name {
        "-r" | "--requirement" | "-c" | "--constraint" => format!("{} is not followed", short(value.trim())),
        "-e" | "--editable" => format!("{} is used from where it is written", short(value.trim())),
        _ => return,
    };
    if lock.notes.len() < super::MAX_NOTES {
        lock.notes.push(note);
    }
}

/// `name[extra]==1.0 ; marker --hash=…`, `name @ https://…` (PEP 508).
fn parse(requirement: &str) -> Result<(&str, &str, Source), String> {
    let plain = requirement.split(" --").next().unwrap_or(requirement);
    let end = plain.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(plain.len());
    let (name, rest) = plain.split_at(end);
    if name.is_empty() {
        return Err(format!("\"{}\" begins with no package's name", short(requirement)));
    }
    let mut rest = rest.trim_start();
    if let Some(extras) = rest.strip_prefix('[') {
        rest = extras.split_once(']').ok_or_else(|| format!("the extras of {name} do not end"))?.1.trim_start();
    }
    if let Some(url) = rest.strip_prefix('@') {
        let url = url.split(" ;").next().unwrap_or(url).trim();
        let source = match url.strip_prefix("git+") {
            Some(git) => {
                let (url, commit) =
                    git.rsplit_once('@').filter(|(url, _)| url.contains("://")).map_or((git, None), |(url, at)| (url, Some(at)));
                Source::Git { url: url.to_owned(), commit: commit.map(|commit| commit.split('#').next().unwrap_or(commit).to_owned()) }
            }
            None => Source::Url(url.to_owned()),
        };
        return Ok((name, "", source));
    }
    let ranges = rest.split(';').next().unwrap_or(rest).trim().trim_matches(['(', ')']);
    if !ranges.is_empty() && !ranges.starts_with(['=', '<', '>', '~', '!']) {
        return Err(format!("\"{}\" behind {name} is no version", short(ranges)));
    }
    let pinned = ranges.trim_start_matches("==").trim_start_matches('=').trim();
    match ranges.starts_with("==") && !ranges.contains([',', '*']) {
        true if pinned.is_empty() => Err(format!("{name} has no version behind ==")),
        true => Ok((name, pinned, Source::Registry)),
        false => Ok((name, "", Source::Registry)),
    }
}
