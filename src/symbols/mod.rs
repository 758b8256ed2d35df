//! What an API offers, and whether a piece of code uses what is there. Pure: text in, values out; no disk, no network, no clock.
//!
//! A [`Package`] is what is known of one version of one package: its symbols, where names are given on (re-exports), why a part of it may
//! hold more than is written (openness), and every word that occurs in it. Source gives signatures, tables of sites give anchors. Nothing
//! of foreign origin can fail here: what is not understood is left out and noted.

#[cfg(feature = "code")]
mod check;
mod find;
#[cfg(feature = "code")]
mod languages;
mod package;
// Without readers nothing asks where names lead.
#[cfg_attr(not(feature = "code"), allow(dead_code, reason = "it is asked by what the feature `code` brings"))]
mod reach;
#[cfg(feature = "code")]
mod source;
mod stored;
mod tables;

#[cfg(feature = "code")]
pub use self::check::{Checked, Home, Verdict, check, check_at};
pub use self::find::{Found, How, Prefix, Search, Wanted, find, is_meant, last_name, nearest, rank};
pub use self::package::{
    Dependency, Ecosystem, Kind, Language, Open, Package, PackageId, Parameter, Reason, Reexport, Shape, Symbol, Takes, words,
};
pub use self::reach::{Indexed, Reach};
#[cfg(feature = "code")]
pub use self::source::{Limits, Piece, Reader};
pub use self::stored::{decode, decode_told, encode, encode_told};
#[cfg(feature = "code")]
pub use self::stored::{decode_pieces, encode_pieces};
pub use self::tables::{Javadoc, RUSTDOC_FORMATS, Table, TableError, inventory, is_rustdoc_json, javadoc, rustdoc, rustdoc_json, typedoc};
