//! `assets/search.js` of TypeDoc: rows as JSON in a string, or packed and in base64 (0.24 and later).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::{Table, TableError, unpack};
use crate::symbols::package::{Kind, Symbol};

/// Reads the search data of TypeDoc. Paths are joined by `#` as everywhere for npm: `Kettle#boil`.
///
/// ```
/// use smolcrawl::symbols::typedoc;
///
/// let text = r#"window.searchData = JSON.parse("{\"rows\":[{\"kind\":2048,\"name\":\"boil\",\"url\":\"classes/Pot.html#boil\",\"parent\":\"Pot\"}]}");"#;
/// let table = typedoc(text).unwrap();
/// assert_eq!((table.symbols[0].path.as_str(), table.symbols[0].anchor.as_deref()), ("Pot#boil", Some("classes/Pot.html#boil")));
/// ```
pub fn typedoc(text: &str) -> Result<Table, TableError> {
    let Some((_, value)) = text.split_once("searchData").and_then(|(_, rest)| rest.split_once('=')) else {
        return Err(TableError::Other("the search data of TypeDoc"));
    };
    let value = value.trim().trim_end_matches(';').trim_end();
    let text = match value.strip_prefix("JSON.parse(").and_then(|value| value.strip_suffix(')')) {
        Some(string) => serde_json::from_str::<String>(string).map_err(json)?.into_bytes(),
        None => packed(value.trim_matches(['"', '\'', '`']))?,
    };
    let data: Data = serde_json::from_slice(&text).map_err(json)?;
    let mut table = Table::default();
    for row in data.rows {
        let parent = row.parent.as_deref().map(|parent| parent.replace('.', "#")).filter(|parent| !parent.is_empty());
        let path = parent.map_or_else(|| row.name.clone(), |parent| format!("{parent}#{}", row.name));
        let mut symbol = Symbol::new(path, kind(row.kind));
        symbol.anchor = Some(row.url);
        table.add(symbol);
    }
    Ok(table)
}

#[derive(Deserialize)]
struct Data {
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    kind: u32,
    name: String,
    url: String,
    parent: Option<String>,
}

fn json(error: serde_json::Error) -> TableError {
    TableError::Json(error.to_string())
}

/// Gzip by its first bytes, else zlib.
fn packed(text: &str) -> Result<Vec<u8>, TableError> {
    let text = text.split_once("base64,").map_or(text, |(_, text)| text);
    let bytes = STANDARD.decode(text).map_err(|_| TableError::Damaged)?;
    match bytes.starts_with(&[0x1f, 0x8b]) {
        true => unpack(flate2::read::MultiGzDecoder::new(bytes.as_slice())),
        false => unpack(flate2::read::ZlibDecoder::new(bytes.as_slice())),
    }
}

/// The numbers of TypeDoc's `ReflectionKind`.
fn kind(number: u32) -> Kind {
    match number {
        1 | 2 | 4 => Kind::Module,
        8 => Kind::Enum,
        16 => Kind::Variant,
        32 => Kind::Variable,
        64 => Kind::Function,
        128 => Kind::Class,
        256 => Kind::Interface,
        512 => Kind::Constructor,
        1_024 | 262_144 => Kind::Property,
        2_048 => Kind::Method,
        65_536 | 2_097_152 => Kind::Type,
        _ => Kind::Other,
    }
}
