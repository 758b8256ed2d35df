//! `requirements.txt`, as pip reads it: what is pinned has a version, what is not has none. Files that it names are read with it where they lie
//! below its folder.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{LARGEST, Lock, Source, decoded, short};
use crate::files::error::Error;
use crate::files::folder::read_below;
use crate::files::package::Ecosystem;

pub(super) fn read(path: &Path, text: &str) -> Result<Lock, Error> {
    let root = root(path);
    let mut lock = Lock::default();
    let mut seen = first(path);
    let mut ahead: Vec<(PathBuf, String, String)> = vec![(path.to_owned(), String::new(), text.to_owned())];
    while let Some((path, folder, text)) = ahead.pop() {
        for name in one(&mut lock, &path, &text)? {
            let below = joined(&folder, &name);
            // Once, however often it is named.
            if below.as_ref().is_some_and(|below| seen.contains(below)) {
                continue;
            }
            let below = below.filter(|below| seen.len() <= MOST_FILES && seen.insert(below.clone()));
            match below.and_then(|below| Some((read_below(&root, &below, LARGEST).ok()?, below))) {
                Some((bytes, below)) => {
                    let path = root.join(&below);
                    let text = decoded(&path, bytes)?;
                    let folder = below.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
                    ahead.push((path, folder, text.trim_start_matches('\u{feff}').to_owned()));
                }
                None => {
                    lock.is_partial = true;
                    lock.note(format!("{} is not followed", short(&name)));
                }
            }
        }
    }
    Ok(lock)
}

/// The files that such a list names, and those that these name, with what is in them.
pub(super) fn named(path: &Path, bytes: &[u8]) -> Vec<(PathBuf, Vec<u8>)> {
    let root = root(path);
    let mut found: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    let mut seen = first(path);
    let mut ahead: Vec<(String, Vec<u8>)> = vec![(String::new(), bytes.to_owned())];
    while let Some((folder, bytes)) = ahead.pop() {
        // What cannot be read is said by whoever reads it.
        let text = decoded(path, bytes).unwrap_or_default();
        let names = text.lines().filter_map(|line| followed(line.split(" #").next().unwrap_or_default().trim()));
        for below in names.filter_map(|name| joined(&folder, name)) {
            if seen.len() <= MOST_FILES
                && seen.insert(below.clone())
                && let Ok(bytes) = read_below(&root, &below, LARGEST)
            {
                ahead.push((below.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned(), bytes.clone()));
                found.push((root.join(&below), bytes));
            }
        }
    }
    found
}

/// The list itself is read when those are that it names.
fn first(path: &Path) -> HashSet<String> {
    path.file_name().and_then(|name| name.to_str()).map(str::to_owned).into_iter().collect()
}

/// The folder of a list, without links: those below it lead nowhere.
fn root(path: &Path) -> PathBuf {
    let folder = path.parent().unwrap_or(path);
    fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned())
}

/// The file that an option names whose requirements count, too.
fn followed(requirement: &str) -> Option<&str> {
    let rest = requirement.strip_prefix("--requirement").or_else(|| requirement.strip_prefix("-r"))?;
    Some(rest.trim_start_matches(['=', ' ', '\t']).trim()).filter(|name| !name.is_empty())
}

/// A path below the first file's folder; none where it leads elsewhere.
fn joined(folder: &str, name: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    if name.starts_with('/') || name.contains(['\\', ':']) {
        return None;
    }
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Files that one list may lead to.
const MOST_FILES: usize = 50;

/// Reads one of the files; the names of those that it names.
fn one(lock: &mut Lock, path: &Path, text: &str) -> Result<Vec<String>, Error> {
    let mut files = Vec::new();
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
        if let Some(name) = followed(requirement) {
            files.push(name.to_owned());
            continue;
        }
        if requirement.starts_with('-') {
            option(lock, requirement);
            continue;
        }
        if let Some(name) = place(requirement) {
            match name {
                Some(name) => {
                    let added = lock.push(Ecosystem::Pypi, &name, "", Source::Url(requirement.to_owned()));
                    added.into_iter().for_each(|locked| locked.is_direct = true);
                }
                None => {
                    lock.is_partial = true;
                    lock.note(format!("{} is used from where it is written", short(requirement)));
                }
            }
            continue;
        }
        let (name, version, source) = parse(requirement).map_err(|what| Error::broken(path, number + 1, what))?;
        if let Some(locked) = lock.push(Ecosystem::Pypi, name, version, source) {
            locked.is_direct =
                asked_by.is_none_or(|by| by.trim().is_empty() || by.contains("-r ") || by.contains(".in") || by.contains("pyproject"));
        }
    }
    Ok(files)
}

/// Whether something is asked for by its address or path alone; with its name where that says it.
fn place(requirement: &str) -> Option<Option<String>> {
    let plain = requirement.split([' ', '\t']).next().unwrap_or(requirement);
    // `name[extra]@https://…` (PEP 508), without blanks.
    if let Some((name, _)) = plain.split_once('@') {
        let name = name.split('[').next().unwrap_or(name);
        if !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
            return None;
        }
    }
    let is_archive = [".whl", ".zip", ".tar.gz"].iter().any(|end| plain.split(['#', '?']).next().unwrap_or(plain).ends_with(end));
    let is_place =
        plain.contains("://") && !plain.contains('@') || plain.starts_with("git+") || plain.starts_with(['.', '/']) || is_archive;
    let is_place =
        is_place || plain.split_once("://").is_some_and(|(scheme, _)| scheme.chars().all(|c| c == '+' || c.is_ascii_alphanumeric()));
    if !is_place {
        return None;
    }
    let egg = plain.split_once("#egg=").or_else(|| plain.split_once("&egg=")).map(|(_, egg)| egg);
    let wheel = plain.rsplit('/').next().filter(|_| plain.ends_with(".whl"));
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let name = egg.map(|egg| egg.split(['&', '[']).next().unwrap_or(egg)).or(wheel.and_then(|wheel| wheel.split('-').next()));
    Some(name.filter(|name| !name.is_empty() && name.chars().all(|c| is_part(c) || c == '-')).map(str::to_owned))
}

fn option(lock: &mut Lock, option: &str) {
    let (name, value) = option.split_once([' ', '=']).unwrap_or((option, ""));
    let value = value.trim();
    match name {
        "-c" | "--constraint" => lock.note(format!("{} is not followed", short(value))),
        "-e" | "--editable" => {
            // The project itself is known.
            let folder = value.split('[').next().unwrap_or(value).trim_end_matches('/');
            if folder != "." {
                lock.is_partial = true;
                lock.own_folders.extend(joined("", folder).filter(|folder| !folder.is_empty()));
            }
            lock.note(format!("{} is used from where it is written", short(value)));
        }
        _ => {}
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
