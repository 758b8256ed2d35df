//! A package as bytes that a store keeps: small, read back in one pass, and ready to be asked. Nothing is believed of bytes that come back:
//! what is not of this form is none, and takes no more memory than it has bytes.

use std::collections::HashSet;
use std::io::{BufWriter, Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::package::{Dependency, Ecosystem, Kind, Open, Package, PackageId, Parameter, Reason, Reexport, Shape, Symbol, Takes};
use super::reach::{Indexed, Words};
#[cfg(feature = "code")]
use super::source::Piece;

/// A package as bytes, its symbols in the order of their paths. Of each symbol's documentation its [summary](Symbol::summary) is kept, and
/// [notes](Package::notes) are not.
///
/// ```
/// use smolcrawl::symbols::{Ecosystem, Kind, Package, PackageId, Symbol, decode, encode};
///
/// let mut trio = Package::new(PackageId::new(Ecosystem::PyPi, "trio", "0.27.0"));
/// trio.symbols.push(Symbol { doc: "Runs it. At once.".to_owned(), ..Symbol::new("trio.run", Kind::Function) });
/// let bytes = encode(&trio);
/// assert_eq!(decode(&bytes).unwrap().package().symbols[0].doc, "Runs it.");
/// assert!(decode(&bytes[..bytes.len() - 1]).is_none());
/// ```
pub fn encode(package: &Package) -> Vec<u8> {
    let mut to = Writer::packing();
    to.byte(FORM);
    to.id(&package.id);
    to.byte(u8::from(package.is_whole));
    to.list(&package.dependencies, |to, dependency| {
        to.text(&dependency.root);
        to.id(&dependency.id);
        to.byte(u8::from(dependency.optional));
    });
    // As they are asked for: in the order of their paths.
    let mut symbols: Vec<&Symbol> = package.symbols.iter().collect();
    symbols.sort_by(|a, b| a.path.cmp(&b.path));
    to.list(&symbols, |to, symbol| to.symbol(symbol));
    to.list(&package.reexports, Packing::given);
    to.list(&package.open, Packing::open);
    let mut words: Vec<&str> = package.words.iter().map(String::as_str).collect();
    words.sort_unstable();
    let mut before = "";
    to.number(words.len() as u64);
    for word in words {
        // In order each begins as the one before it.
        let same = before.bytes().zip(word.bytes()).take_while(|(a, b)| a == b).count();
        let same = (0..=same.min(255)).rev().find(|at| word.is_char_boundary(*at)).unwrap_or(0);
        to.byte(same as u8);
        to.text(&word[same..]);
        before = word;
    }
    to.packed()
}

/// The package of such bytes; none if they are of another form, damaged or cut.
pub fn decode(bytes: &[u8]) -> Option<Indexed> {
    let unpacked = unpacked(bytes)?;
    let mut from = Reading(&unpacked);
    if from.byte()? != FORM {
        return None;
    }
    let id = from.id()?;
    let is_whole = from.flag()?;
    let dependencies = from.list(|from| Some(Dependency { root: from.text()?, id: from.id()?, optional: from.flag()? }))?;
    let symbols = from.list(Reading::symbol)?;
    let reexports = from.list(Reading::given)?;
    let open = from.list(Reading::open)?;
    let mut words = Words::default();
    let mut word = String::new();
    for _ in 0..from.number()? {
        let same = usize::from(from.byte()?);
        if !word.is_char_boundary(same) {
            return None;
        }
        word.truncate(same);
        word.push_str(from.str()?);
        if !words.push(&word) {
            return None;
        }
    }
    let package = Package { id, dependencies, symbols, reexports, open, words: HashSet::new(), notes: Vec::new(), is_whole };
    from.0.is_empty().then(|| Indexed::with(package, words))
}

/// Files of a package, each read by itself, as bytes.
///
/// ```
/// use smolcrawl::symbols::{Ecosystem, PackageId, Reader, decode_pieces, encode_pieces};
///
/// let reader = Reader::new(PackageId::new(Ecosystem::PyPi, "kettle", "1.0"), "kettle").from_within();
/// let pieces = vec![reader.piece("kettle/gas.py", "1", b"def burn(): ...")];
/// assert_eq!(decode_pieces(&encode_pieces(&pieces)).unwrap(), pieces);
/// ```
#[cfg(feature = "code")]
pub fn encode_pieces(pieces: &[Piece]) -> Vec<u8> {
    let mut to = Writer::packing();
    to.byte(FORM);
    to.list(pieces, |to, piece| {
        to.text(&piece.path);
        to.text(&piece.stamp);
        to.list(&piece.symbols, Packing::symbol);
        to.list(&piece.reexports, Packing::given);
        to.list(&piece.open, Packing::open);
        to.list(&piece.words, |to, word| to.text(word));
    });
    to.packed()
}

/// The files of such bytes; none if they are of another form, damaged or cut.
#[cfg(feature = "code")]
pub fn decode_pieces(bytes: &[u8]) -> Option<Vec<Piece>> {
    let unpacked = unpacked(bytes)?;
    let mut from = Reading(&unpacked);
    if from.byte()? != FORM {
        return None;
    }
    let pieces = from.list(|from| {
        Some(Piece {
            path: from.text()?,
            stamp: from.text()?,
            symbols: from.list(Reading::symbol)?,
            reexports: from.list(Reading::given)?,
            open: from.list(Reading::open)?,
            words: from.list(Reading::text)?,
        })
    })?;
    from.0.is_empty().then_some(pieces)
}

fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut unpacked = Vec::new();
    ZlibDecoder::new(bytes).take(LARGEST + 1).read_to_end(&mut unpacked).ok()?;
    (unpacked.len() as u64 <= LARGEST).then_some(unpacked)
}

/// Symbols as they are told to who looks for a name: what code is checked by is left out.
pub fn encode_told<'a>(symbols: impl IntoIterator<Item = &'a Symbol>) -> Vec<u8> {
    let mut to = Writer(Vec::new());
    for symbol in symbols {
        to.told(symbol, 0);
    }
    to.0
}

/// Symbols of such bytes; none if they are of another form.
pub fn decode_told(bytes: &[u8]) -> Option<Vec<Symbol>> {
    let mut from = Reading(bytes);
    let mut symbols = Vec::new();
    while !from.0.is_empty() {
        symbols.push(from.symbol()?);
    }
    Some(symbols)
}

struct Writer<W>(W);

/// Bytes are packed as they come: all of them at once would be as much again as the package.
type Packing = Writer<BufWriter<ZlibEncoder<Vec<u8>>>>;

impl Packing {
    fn packing() -> Self {
        Self(BufWriter::new(ZlibEncoder::new(Vec::new(), Compression::fast())))
    }

    fn packed(self) -> Vec<u8> {
        self.0.into_inner().ok().and_then(|packed| packed.finish().ok()).expect("memory takes everything")
    }
}

impl<W: Write> Writer<W> {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("memory takes everything");
    }

    fn byte(&mut self, byte: u8) {
        self.bytes(&[byte]);
    }

    /// Seven bits a byte, the lowest first.
    fn number(&mut self, mut number: u64) {
        while number > 0x7f {
            self.byte(number as u8 | 0x80);
            number >>= 7;
        }
        self.byte(number as u8);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    /// Nothing is told from the empty text.
    fn optional(&mut self, text: Option<&str>) {
        self.byte(u8::from(text.is_some()));
        text.into_iter().for_each(|text| self.text(text));
    }

    fn list<T>(&mut self, all: &[T], one: impl Fn(&mut Self, &T)) {
        self.number(all.len() as u64);
        all.iter().for_each(|item| one(self, item));
    }

    fn id(&mut self, id: &PackageId) {
        self.byte(code(&ECOSYSTEMS, id.ecosystem));
        self.text(&id.name);
        self.text(&id.version);
    }

    fn given(&mut self, given: &Reexport) {
        self.text(&given.scope);
        self.text(&given.name);
        self.text(&given.target);
        self.optional(given.target_name.as_deref());
        self.optional(given.feature.as_deref());
        self.byte(u8::from(given.public));
    }

    fn open(&mut self, open: &Open) {
        self.text(&open.path);
        self.byte(code(&REASONS, open.reason));
        self.text(&open.detail);
    }

    fn symbol(&mut self, symbol: &Symbol) {
        let bits = [
            (BASES, !symbol.bases.is_empty()),
            (TAKES, symbol.takes.is_some()),
            (GIVES, symbol.gives.is_some()),
            (WRITTEN_IN, symbol.written_in.is_some()),
        ];
        self.told(symbol, bits.iter().filter(|(_, is_there)| *is_there).fold(0, |all, (bit, _)| all | bit));
        if !symbol.bases.is_empty() {
            self.list(&symbol.bases, |to, base| to.text(base));
        }
        if let Some(takes) = &symbol.takes {
            self.byte(u8::from(takes.any_positions) | u8::from(takes.any_names) << 1);
            self.list(&takes.parameters, |to, parameter| {
                to.text(&parameter.name);
                to.byte(code(&SHAPES, parameter.shape) | u8::from(parameter.optional) << 4);
            });
        }
        symbol.gives.iter().chain(&symbol.written_in).for_each(|text| self.text(text));
    }

    /// What is told of a symbol, and which of its other parts follow.
    fn told(&mut self, symbol: &Symbol, more: u8) {
        self.text(&symbol.path);
        self.text(&symbol.signature);
        self.text(&symbol.summary());
        self.text(&symbol.file);
        self.number(u64::from(symbol.line));
        self.byte(code(&KINDS, symbol.kind) | u8::from(symbol.private) << 7);
        let optional = [&symbol.anchor, &symbol.deprecated, &symbol.feature];
        self.byte(optional.iter().enumerate().filter(|(_, text)| text.is_some()).fold(0, |all, (bit, _)| all | 1 << bit));
        self.byte(more);
        optional.into_iter().flatten().for_each(|text| self.text(text));
    }
}

struct Reading<'a>(&'a [u8]);

impl<'a> Reading<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn str(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        str::from_utf8(text).ok()
    }

    fn text(&mut self) -> Option<String> {
        self.str().map(str::to_owned)
    }

    fn optional(&mut self) -> Option<Option<String>> {
        if self.flag()? { self.text().map(Some) } else { Some(None) }
    }

    /// Room is made as things come: a number alone takes none.
    fn list<T>(&mut self, one: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut all = (0..self.number()?).map(|_| one(self)).collect::<Option<Vec<_>>>()?;
        all.shrink_to_fit();
        Some(all)
    }

    fn id(&mut self) -> Option<PackageId> {
        Some(PackageId { ecosystem: of_code(&ECOSYSTEMS, self.byte()?)?, name: self.text()?, version: self.text()? })
    }

    fn given(&mut self) -> Option<Reexport> {
        Some(Reexport {
            scope: self.text()?,
            name: self.text()?,
            target: self.text()?,
            target_name: self.optional()?,
            feature: self.optional()?,
            public: self.flag()?,
        })
    }

    fn open(&mut self) -> Option<Open> {
        Some(Open { path: self.text()?, reason: of_code(&REASONS, self.byte()?)?, detail: self.text()? })
    }

    fn symbol(&mut self) -> Option<Symbol> {
        let mut symbol = Symbol::new(self.text()?, Kind::Other);
        symbol.signature = self.text()?;
        symbol.doc = self.text()?;
        symbol.file = self.text()?;
        symbol.line = u32::try_from(self.number()?).ok()?;
        let kind = self.byte()?;
        symbol.kind = of_code(&KINDS, kind & 0x7f)?;
        symbol.private = kind & 0x80 != 0;
        let (told, more) = (self.byte()?, self.byte()?);
        let if_told = |bit: u8, from: &mut Self| if told & bit != 0 { from.text().map(Some) } else { Some(None) };
        symbol.anchor = if_told(1, self)?;
        symbol.deprecated = if_told(2, self)?;
        symbol.feature = if_told(4, self)?;
        if more & BASES != 0 {
            symbol.bases = self.list(Self::text)?;
        }
        if more & TAKES != 0 {
            let any = self.byte()?;
            let parameters = self.list(|from| {
                let name = from.text()?;
                let shape = from.byte()?;
                Some(Parameter { name, shape: of_code(&SHAPES, shape & 0xf)?, optional: shape & 0x10 != 0 })
            })?;
            symbol.takes = Some(Takes { parameters, any_positions: any & 1 != 0, any_names: any & 2 != 0 });
        }
        symbol.gives = if more & GIVES != 0 { Some(self.text()?) } else { None };
        symbol.written_in = if more & WRITTEN_IN != 0 { Some(self.text()?) } else { None };
        Some(symbol)
    }
}

fn code<T: PartialEq>(all: &[T], one: T) -> u8 {
    all.iter().position(|other| *other == one).map_or(0, |at| at as u8)
}

fn of_code<T: Copy>(all: &[T], code: u8) -> Option<T> {
    all.get(usize::from(code)).copied()
}

/// Another number is another form.
const FORM: u8 = 1;
/// Bytes that a package may be unpacked to.
const LARGEST: u64 = 256 << 20;
const BASES: u8 = 1;
const TAKES: u8 = 2;
const GIVES: u8 = 4;
const WRITTEN_IN: u8 = 8;
/// Places in these tables are written: what is new stands at the end.
const ECOSYSTEMS: [Ecosystem; 6] = [Ecosystem::Cargo, Ecosystem::PyPi, Ecosystem::Npm, Ecosystem::Go, Ecosystem::Maven, Ecosystem::C];
const KINDS: [Kind; 18] = Kind::ALL;
const SHAPES: [Shape; 3] = [Shape::Position, Shape::Name, Shape::Either];
const REASONS: [Reason; 8] = [
    Reason::Dynamic,
    Reason::Written,
    Reason::Decorated,
    Reason::Macro,
    Reason::Generated,
    Reason::Native,
    Reason::Unread,
    Reason::Exports,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn kettle() -> Package {
        let mut kettle = Package::new(PackageId::new(Ecosystem::PyPi, "kettle", "1.0"));
        kettle.is_whole = true;
        kettle.words = ["boil", "boiled", "wärmen", "wäre", "zeit"].map(str::to_owned).into();
        kettle.dependencies = vec![Dependency { root: "steam".into(), id: PackageId::new(Ecosystem::PyPi, "steam", "2"), optional: true }];
        let takes = Takes {
            parameters: vec![Parameter { name: "to".into(), shape: Shape::Name, optional: true }],
            any_positions: true,
            any_names: false,
        };
        kettle.symbols = vec![
            Symbol::new("kettle", Kind::Module),
            Symbol {
                signature: "def boil(*, to=100)".into(),
                doc: "Boils.".into(),
                file: "kettle/__init__.py".into(),
                line: 300,
                anchor: Some("boil".into()),
                deprecated: Some(String::new()),
                bases: vec!["A".into(), "B".into()],
                takes: Some(takes),
                gives: Some("int".into()),
                written_in: Some("kettle.x".into()),
                private: true,
                ..Symbol::new("kettle.boil", Kind::Function)
            },
        ];
        let given = Reexport {
            scope: "kettle".into(),
            name: "*".into(),
            target: "steam".into(),
            target_name: None,
            public: true,
            feature: Some("feature = \"gas\"".into()),
        };
        kettle.reexports = vec![given.clone(), Reexport { target_name: Some("b".into()), feature: None, public: false, ..given }];
        kettle.open = vec![Open { path: "kettle".into(), reason: Reason::Exports, detail: "__all__".into() }];
        kettle
    }

    #[test]
    fn a_package_comes_back_as_it_was() {
        let back = decode(&encode(&kettle())).unwrap();
        assert_eq!(back.package(), &Package { words: HashSet::new(), ..kettle() });
        assert!(["boil", "boiled", "wärmen", "wäre", "zeit"].iter().all(|word| back.has_word(word)));
        assert!(!back.has_word("boile") && !back.has_word("w"));
    }

    #[test]
    fn what_is_told_of_symbols_comes_back() {
        let bytes = encode_told(&kettle().symbols);
        let back = decode_told(&bytes).unwrap();
        let told = Symbol { bases: vec![], takes: None, gives: None, written_in: None, ..kettle().symbols[1].clone() };
        assert_eq!(back[1], told);
        assert!((1..bytes.len()).filter(|end| decode_told(&bytes[..*end]).is_some()).count() <= 1, "only whole symbols are read");
    }

    /// Every cut, and every byte turned into another, ends with a package or with none.
    #[test]
    fn damaged_bytes_are_none_or_another_package() {
        let mut plain = Vec::new();
        ZlibDecoder::new(&*encode(&kettle())).read_to_end(&mut plain).unwrap();
        let pack = |bytes: &[u8]| {
            let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
            packed.write_all(bytes).unwrap();
            packed.finish().unwrap()
        };
        for at in 0..plain.len() {
            assert!(decode(&pack(&plain[..at])).is_none());
            for other in [0, 1, 0x7f, 0x80, 0xff] {
                let mut damaged = plain.clone();
                damaged[at] = other;
                let _ = decode(&pack(&damaged));
                let _ = decode_told(&damaged[at..]);
            }
        }
        assert!(decode(b"").is_none() && decode(b"no zlib").is_none());
        let endless = [&[FORM, 1][..], &[0xff; 9]].concat();
        assert!(decode(&pack(&endless)).is_none());
    }
}
