//! The search index of Javadoc (JDK 9 and later): `member-`, `type-` and `package-search-index.js`.

use std::collections::HashMap;

use serde::Deserialize;

use super::{Table, TableError};
use crate::symbols::package::{Kind, Symbol};

/// The files of the index, as far as the site has them; those that it does not have are empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Javadoc<'t> {
    pub members: &'t str,
    pub types: &'t str,
    pub packages: &'t str,
}

/// Reads Javadoc's index. Overloads are one symbol each; of their parameters the types are known.
///
/// ```
/// use smolcrawl::symbols::{Javadoc, javadoc};
///
/// let table = javadoc(Javadoc {
///     members: r#"memberSearchIndex = [{"p":"org.kettle","c":"Pot","l":"boil(int)"}];updateSearchResults();"#,
///     types: r#"typeSearchIndex = [{"p":"org.kettle","l":"Pot"}];updateSearchResults();"#,
///     packages: r#"packageSearchIndex = [{"m":"kettle","l":"org.kettle"}];updateSearchResults();"#,
/// });
/// let boil = &table.unwrap().symbols[2];
/// assert_eq!((boil.path.as_str(), boil.signature.as_str()), ("org.kettle.Pot.boil", "boil(int)"));
/// assert_eq!(boil.anchor.as_deref(), Some("kettle/org/kettle/Pot.html#boil(int)"));
/// ```
pub fn javadoc(index: Javadoc<'_>) -> Result<Table, TableError> {
    let mut table = Table::default();
    let packages = rows(index.packages)?;
    let modules: HashMap<&str, &str> = packages
        .iter()
        .filter_map(|row| Some((row.label.as_str(), row.module.as_deref()?)))
        .filter(|(_, module)| !module.is_empty())
        .collect();
    let folder = |package: &str, module: Option<&str>| {
        let module = module.or_else(|| modules.get(package).copied()).filter(|module| !module.is_empty());
        let path = package.replace('.', "/");
        match (module, package) {
            (Some(module), "" | "<Unnamed>") => format!("{module}/"),
            (None, "" | "<Unnamed>") => String::new(),
            (Some(module), _) => format!("{module}/{path}/"),
            (None, _) => format!("{path}/"),
        }
    };
    for row in &packages {
        // "All Packages" is a page and no package.
        if row.url.is_none() || row.module.is_some() {
            let mut symbol = Symbol::new(row.label.as_str(), Kind::Module);
            symbol.anchor = Some(format!("{}package-summary.html", folder(&row.label, row.module.as_deref())));
            table.add(symbol);
        }
    }
    for row in &rows(index.types)? {
        let Some(package) = &row.package else { continue };
        let mut symbol = Symbol::new(join(package, &row.label), Kind::Class);
        let page = || format!("{}{}.html", folder(package, row.module.as_deref()), row.label);
        symbol.anchor = Some(row.url.clone().unwrap_or_else(page));
        table.add(symbol);
    }
    for row in &rows(index.members)? {
        let (Some(package), Some(class)) = (&row.package, &row.class) else {
            table.leave_out("rows that are not understood", &row.label);
            continue;
        };
        let name = row.label.split('(').next().unwrap_or(&row.label);
        let is_called = row.label.contains('(');
        // That of a nested class may be called by the names of both.
        let is_made = name == class || class.rsplit('.').next() == Some(name);
        let name = if is_made { name.rsplit('.').next().unwrap_or(name) } else { name };
        let kind = match is_called {
            true if is_made => Kind::Constructor,
            true => Kind::Method,
            false => Kind::Field,
        };
        let mut symbol = Symbol::new(format!("{}.{name}", join(package, class)), kind);
        if is_called {
            symbol.signature.clone_from(&row.label);
        }
        let anchor = row.url.as_ref().unwrap_or(&row.label);
        symbol.anchor = Some(format!("{}{class}.html#{anchor}", folder(package, row.module.as_deref())));
        table.add(symbol);
    }
    Ok(table)
}

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "p")]
    package: Option<String>,
    #[serde(rename = "m")]
    module: Option<String>,
    #[serde(rename = "c")]
    class: Option<String>,
    #[serde(rename = "l")]
    label: String,
    #[serde(rename = "u", alias = "url")]
    url: Option<String>,
}

/// `memberSearchIndex = [ … ];updateSearchResults();`
fn rows(text: &str) -> Result<Vec<Row>, TableError> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let list = text.find('[').filter(|at| text[..*at].contains("SearchIndex"));
    let Some(list) = list else { return Err(TableError::Other("an index of Javadoc")) };
    // What stands behind the list is code.
    let mut values = serde_json::Deserializer::from_str(&text[list..]).into_iter::<Vec<Row>>();
    values.next().unwrap_or(Ok(Vec::new())).map_err(|error| TableError::Json(error.to_string()))
}

fn join(package: &str, name: &str) -> String {
    if package.is_empty() || package == "<Unnamed>" { name.to_owned() } else { format!("{package}.{name}") }
}
