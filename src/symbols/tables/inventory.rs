//! `objects.inv` of Sphinx, versions 1 and 2 (sphinx.util.inventory).

use super::{Table, TableError, unpack};
use crate::symbols::package::{Kind, Symbol};

/// Reads an inventory of Sphinx. Labels, terms and options are rows too: they are of the kind [`Other`](Kind::Other).
///
/// ```
/// use smolcrawl::symbols::{Kind, inventory};
///
/// let text = b"# Sphinx inventory version 1\n# Project: kettle\n# Version: 1.2\nkettle.boil function api.html\n";
/// let table = inventory(text).unwrap();
/// assert_eq!((table.project.as_str(), table.version.as_str()), ("kettle", "1.2"));
/// assert_eq!((table.symbols[0].path.as_str(), table.symbols[0].kind), ("kettle.boil", Kind::Function));
/// assert_eq!(table.symbols[0].anchor.as_deref(), Some("api.html#kettle.boil"));
/// ```
pub fn inventory(bytes: &[u8]) -> Result<Table, TableError> {
    let mut rest = bytes;
    let mut line = || {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = String::from_utf8_lossy(&rest[..end]).trim_end().to_owned();
        rest = rest.get(end + 1..).unwrap_or_default();
        line
    };
    let first = line();
    let Some(version) = first.strip_prefix("# Sphinx inventory version ") else { return Err(TableError::Other("an inventory of Sphinx")) };
    let said = |line: String, word: &str| line.strip_prefix(word).map(|rest| rest.trim().to_owned()).unwrap_or_default();
    let mut table = Table { project: said(line(), "# Project:"), version: said(line(), "# Version:"), ..Table::default() };
    match version.trim() {
        "1" => each(&String::from_utf8_lossy(rest), &mut table, first_form),
        "2" => {
            if !line().contains("zlib") {
                return Err(TableError::Other("an inventory that is packed by zlib"));
            }
            let text = unpack(flate2::read::ZlibDecoder::new(rest))?;
            each(&String::from_utf8_lossy(&text), &mut table, second_form);
        }
        _ => return Err(TableError::Other("an inventory of version 1 or 2")),
    }
    Ok(table)
}

fn each(text: &str, table: &mut Table, read: fn(&str) -> Option<Symbol>) {
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if line.len() > ROW {
            table.leave_out("length of a row", line);
            continue;
        }
        match read(line) {
            Some(symbol) => table.add(symbol),
            None => table.leave_out("rows that are not understood", line),
        }
    }
}

/// Bytes of a row that is read: names, page and anchor are each shorter.
const ROW: usize = 8_000;

/// `name type page`.
fn first_form(line: &str) -> Option<Symbol> {
    let mut parts = line.splitn(3, ' ');
    let (name, role, page) = (parts.next()?, parts.next()?, parts.next()?);
    let anchor = if role == "mod" { format!("module-{name}") } else { name.to_owned() };
    Some(row(name, if role == "mod" { "py:module" } else { role }, format!("{page}#{anchor}"), "-"))
}

/// `name domain:role priority page#anchor shown`: names hold spaces, so the row is known by a role before a number.
fn second_form(line: &str) -> Option<Symbol> {
    let mut parts = line.match_indices(' ').map(|(at, _)| at);
    let mut role_begins = parts.next()?;
    loop {
        let role_ends = parts.next()?;
        let role = &line[role_begins + 1..role_ends];
        if !role.contains(':') {
            role_begins = role_ends;
            continue;
        }
        let rest = line[role_ends + 1..].trim_start();
        let (priority, rest) = rest.split_once(' ')?;
        if priority.parse::<i32>().is_ok() {
            let name = line[..role_begins].trim_end();
            let (uri, shown) = rest.split_once(' ').unwrap_or((rest, "-"));
            let anchor = uri.strip_suffix('$').map_or_else(|| uri.to_owned(), |page| format!("{page}{name}"));
            return (!name.is_empty()).then(|| row(name, role, anchor, shown));
        }
        role_begins = role_ends;
    }
}

/// What is shown instead of the name is all that is said of labels and terms.
fn row(name: &str, role: &str, anchor: String, shown: &str) -> Symbol {
    let mut symbol = Symbol::new(name, kind(role));
    symbol.anchor = Some(anchor);
    if shown != "-" && shown != name {
        symbol.doc = shown.to_owned();
    }
    symbol
}

fn kind(role: &str) -> Kind {
    let (domain, role) = role.split_once(':').unwrap_or(("py", role));
    match (domain, role) {
        ("std" | "rst", _) => Kind::Other,
        (_, "module" | "namespace") => Kind::Module,
        (_, "class" | "exception") => Kind::Class,
        (_, "struct") => Kind::Struct,
        (_, "union") => Kind::Union,
        (_, "enum") => Kind::Enum,
        (_, "enumerator") => Kind::Variant,
        (_, "interface" | "protocol") => Kind::Interface,
        (_, "trait" | "concept") => Kind::Trait,
        (_, "function" | "func" | "fn") => Kind::Function,
        (_, "method" | "staticmethod" | "classmethod") => Kind::Method,
        (_, "constructor") => Kind::Constructor,
        (_, "attribute" | "property") => Kind::Property,
        (_, "member") => Kind::Field,
        (_, "data" | "var" | "variable") => Kind::Variable,
        (_, "const") => Kind::Constant,
        (_, "type") => Kind::Type,
        (_, "macro") => Kind::Macro,
        _ => Kind::Other,
    }
}
