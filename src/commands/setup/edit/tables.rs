//! TOML. Its editor keeps comments and order, but not the ends of lines: those of lines that stay are taken from the file.

use serde_json::Value;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike};

use super::{Broken, Fields, line_end};
use crate::failure::place;

pub fn with(text: &str, keys: &[&str], name: &str, fields: &Fields) -> Result<String, Broken> {
    let mut document = parsed(text)?;
    let Some(at) = descended(&mut document, keys) else {
        return Ok(appended(text, keys, name, fields));
    };
    if !at.is_table_like() {
        return Err(Broken { at: None, why: format!("{} is not a table", keys.join(".")) });
    }
    let is_inline = at.is_inline_table();
    let at = at.as_table_like_mut().expect("looked at just now");
    let is_there = at.contains_key(name);
    match at.get_mut(name).and_then(Item::as_table_like_mut) {
        Some(entry) => update(entry, fields),
        None if is_there || is_inline => {
            let mut entry = InlineTable::new();
            update(&mut entry, fields);
            at.insert(name, Item::Value(entry.into()));
        }
        None => return Ok(appended(text, keys, name, fields)),
    }
    Ok(merged(text, &document.to_string()))
}

pub fn without(text: &str, keys: &[&str], name: &str) -> Result<String, Broken> {
    let mut document = parsed(text)?;
    if let Some(at) = descended(&mut document, keys).and_then(Item::as_table_like_mut) {
        at.remove(name);
    }
    Ok(merged(text, &document.to_string()))
}

fn parsed(text: &str) -> Result<DocumentMut, Broken> {
    text.parse::<DocumentMut>().map_err(|error| {
        let at = error.span().map(|span| place(text, span.start));
        Broken { at, why: error.message().to_owned() }
    })
}

fn descended<'a>(document: &'a mut DocumentMut, keys: &[&str]) -> Option<&'a mut Item> {
    let mut at = document.as_item_mut();
    for key in keys {
        at = at.as_table_like_mut()?.get_mut(key)?;
    }
    Some(at)
}

fn update(entry: &mut dyn TableLike, fields: &Fields) {
    for (field, value) in fields {
        let new = item(value);
        match entry.get_mut(field) {
            Some(Item::Value(there)) if is_same(there, value) => {}
            Some(Item::Value(there)) => {
                let mut new = new.into_value().expect("items of fields are values");
                // Comments beside it stay.
                *new.decor_mut() = there.decor().clone();
                *there = new;
            }
            _ => _ = entry.insert(field, new),
        }
    }
}

fn is_same(there: &toml_edit::Value, value: &Value) -> bool {
    match value {
        Value::Array(items) => {
            there.as_array().is_some_and(|there| there.iter().map(toml_edit::Value::as_str).eq(items.iter().map(Value::as_str)))
        }
        Value::Bool(switch) => there.as_bool() == Some(*switch),
        other => there.as_str() == other.as_str(),
    }
}

fn item(value: &Value) -> Item {
    match value {
        Value::Array(items) => Item::Value(items.iter().filter_map(Value::as_str).collect::<Array>().into()),
        Value::Bool(switch) => toml_edit::value(*switch),
        other => toml_edit::value(other.as_str().unwrap_or_default()),
    }
}

/// A table at the end of the file belongs to nothing before it.
fn appended(text: &str, keys: &[&str], name: &str, fields: &Fields) -> String {
    let mut entry = Table::new();
    update(&mut entry, fields);
    let end = line_end(text);
    let quoted: Vec<_> = keys.iter().chain([&name]).map(|key| toml_edit::Key::new(*key).display_repr().into_owned()).collect();
    let gap = match text {
        "" => "",
        _ if text.ends_with('\n') => end,
        _ => &end.repeat(2),
    };
    let lines = format!("[{}]\n{entry}", quoted.join(".")).replace('\n', end);
    format!("{text}{gap}{lines}")
}

/// The lines that `edited` shares with `text` as they are there, at the beginning and at the end, and those in between as they are in
/// `edited`, but for comments that have gone with what they stood above.
fn merged(text: &str, edited: &str) -> String {
    let bare = |line: &str| line.trim_end_matches(['\r', '\n']).to_owned();
    let old: Vec<_> = text.split_inclusive('\n').collect();
    let new: Vec<_> = edited.split_inclusive('\n').collect();
    let same = old.iter().zip(&new).take_while(|(old, new)| bare(old) == bare(new)).count();
    let (old_rest, new_rest) = (&old[same..], &new[same..]);
    let behind = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(old, new)| bare(old) == bare(new)).count();
    let (gone, come) = (&old_rest[..old_rest.len() - behind], &new_rest[..new_rest.len() - behind]);
    let is_about = |line: &&&str| line.trim().is_empty() || line.trim().starts_with('#');
    let above = if come.is_empty() { gone.iter().take_while(is_about).count() } else { 0 };
    // A blank line that only kept the entry from what was above it goes with it.
    let above = gone[..above].iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
    let end = line_end(text);
    let mut lines: Vec<String> = old[..same].iter().chain(&gone[..above]).map(|line| (*line).to_owned()).collect();
    let rest = &old_rest[old_rest.len() - behind..];
    // They are about nothing that follows.
    if above > 0 && rest.first().is_some_and(|line| !line.trim().is_empty()) {
        lines.push(end.to_owned());
    }
    for (index, line) in come.iter().enumerate() {
        // As the line that it stands for ends.
        let end = gone.get(index).map_or(end, |old| if old.ends_with("\r\n") { "\r\n" } else { "\n" });
        lines.push(if line.ends_with('\n') { format!("{}{end}", bare(line)) } else { (*line).to_owned() });
    }
    lines.extend(rest.iter().map(|line| (*line).to_owned()));
    lines.concat()
}
