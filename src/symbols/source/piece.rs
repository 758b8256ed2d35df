//! One file of a package, read by itself and kept: whoever reads his own package again and again reads only what has changed, and puts the
//! rest together.

use std::collections::HashSet;

use super::Reader;
use crate::symbols::package::{Open, Package, Reason, Reexport, Symbol};

/// What one file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// As of [`Reader::file`].
    pub path: String,
    /// What the file was known by when it was read.
    pub stamp: String,
    pub(in crate::symbols) symbols: Vec<Symbol>,
    pub(in crate::symbols) reexports: Vec<Reexport>,
    pub(in crate::symbols) open: Vec<Open>,
    /// Each once, in order.
    pub(in crate::symbols) words: Vec<String>,
}

impl Piece {
    /// How many symbols it has.
    pub fn symbols(&self) -> usize {
        self.symbols.len()
    }
}

impl Reader {
    /// Reads one file by itself; [`join`](Self::join) makes it part of the package. Documentation is not kept.
    ///
    /// ```
    /// use smolcrawl::symbols::{Ecosystem, PackageId, Reader};
    ///
    /// let reader = || Reader::new(PackageId::new(Ecosystem::Cargo, "kettle", "1.0"), "kettle").from_within();
    /// let pieces = [("src/lib.rs", "mod gas;"), ("src/gas.rs", "fn burn() {}")].map(|(path, text)| reader().piece(path, "1", text.as_bytes()));
    /// let mut kettle = reader();
    /// pieces.iter().for_each(|piece| kettle.join(piece));
    /// assert!(kettle.finish().symbols.iter().any(|symbol| symbol.path == "kettle::gas::burn"));
    /// ```
    pub fn piece(&self, path: &str, stamp: &str, text: &[u8]) -> Piece {
        let mut alone = Self {
            package: Package::new(self.package.id.clone()),
            root: self.root.clone(),
            limits: self.limits,
            left_out: Vec::new(),
            docs: 0,
            view: self.view,
            written: HashSet::new(),
        };
        alone.file(path, text);
        let Package { mut symbols, reexports, open, words, .. } = alone.package;
        symbols.iter_mut().for_each(|symbol| symbol.doc = String::new());
        let mut words: Vec<String> = words.into_iter().collect();
        words.sort_unstable();
        Piece { path: path.to_owned(), stamp: stamp.to_owned(), symbols, reexports, open, words }
    }

    /// A file that is there and was not read: what it holds is not known.
    pub fn unread_piece(&self, path: &str) -> Piece {
        let open = Open { path: String::new(), reason: Reason::Unread, detail: path.chars().take(80).collect() };
        Piece { open: vec![open], ..self.piece(path, "", b"") }
    }

    /// Adds a file that was read by itself.
    pub fn join(&mut self, piece: &Piece) {
        let most = self.limits.symbols;
        let room =
            [self.package.symbols.len(), self.package.reexports.len(), self.package.open.len()].map(|taken| most.saturating_sub(taken));
        self.package.symbols.extend(piece.symbols.iter().take(room[0]).cloned());
        self.package.reexports.extend(piece.reexports.iter().take(room[1]).cloned());
        self.package.open.extend(piece.open.iter().take(room[2]).cloned());
        self.package.words.extend(piece.words.iter().cloned());
        let over = [piece.symbols.len(), piece.reexports.len(), piece.open.len()]
            .into_iter()
            .zip(room)
            .map(|(has, room)| has.saturating_sub(room));
        self.bound(self.package.symbols.len(), over.sum(), &piece.path);
    }
}
