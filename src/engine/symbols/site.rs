//! What the site of a source offers, among the packages that a question may look into.

use url::Url;

use super::FoundSymbol;
use crate::engine::sites::About;
use crate::store::{PackageRow, StoredPackage};
use crate::symbols::{self, PackageId, Symbol, Wanted};

/// What the site of a source offers.
#[derive(Debug)]
pub(super) struct Site {
    pub row: PackageRow,
    /// Under the source's name.
    pub id: PackageId,
    pub about: About,
    /// What the anchors of its symbols are relative to.
    base: Option<Url>,
}

impl Site {
    pub fn of(row: PackageRow, stored: &StoredPackage) -> Option<Self> {
        let about: About = serde_json::from_str(&stored.about).ok()?;
        let end = format!("@{}", stored.version);
        let name = stored.name.strip_suffix(end.as_str()).unwrap_or(&stored.name);
        let id = PackageId::new(about.ecosystem, name, &*stored.version);
        Some(Self { row, id, about, base: Url::parse(&stored.root).ok() })
    }

    /// By the name of its source, or of what it documents.
    pub fn is_meant(&self, wanted: &Wanted) -> bool {
        let project = PackageId { name: self.about.project.clone(), ..self.id.clone() };
        symbols::is_meant(&self.id, wanted) || symbols::is_meant(&project, wanted)
    }

    pub fn told(&self, symbol: &Symbol) -> FoundSymbol {
        let url = symbol.anchor.as_deref().and_then(|anchor| self.base.as_ref()?.join(anchor).ok());
        FoundSymbol {
            path: symbol.path.clone(),
            kind: symbol.kind.name(),
            signature: symbol.signature.clone(),
            doc: symbol.summary(),
            package: self.id.to_string(),
            place: url.as_ref().map(Url::to_string),
            url,
            deprecated: symbol.deprecated.clone(),
            needs: symbol.feature.clone(),
            how: None,
        }
    }
}
