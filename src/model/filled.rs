//! Where the text of a page came from: its own, or what stood in for it where scripts would have written it.

use std::borrow::Cow;
use std::fmt;

/// Where the text of a page came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Filled {
    /// The page's own text.
    #[default]
    Served,
    /// Data that the site ships for its scripts: which, by a short name such as `__NEXT_DATA__`, `docsify` or `OpenAPI`.
    Shipped(Cow<'static, str>),
    /// A browser has run its scripts.
    Rendered,
}

impl Filled {
    /// As [`Display`](fmt::Display) writes it. What no version of this program has written is the page's own text.
    pub fn parse(text: &str) -> Self {
        match text.strip_prefix(SHIPPED) {
            Some(name) => Self::Shipped(Cow::Owned(name.to_owned())),
            None if text == RENDERED => Self::Rendered,
            None => Self::Served,
        }
    }

    pub fn is_served(&self) -> bool {
        *self == Self::Served
    }

    /// For people, as an end of a sentence about the text; none of the page's own.
    pub fn told(&self) -> Option<String> {
        match self {
            Self::Served => None,
            Self::Shipped(name) => Some(format!("from data that the site ships for its scripts ({name})")),
            Self::Rendered => Some("from a browser that ran the page's scripts".to_owned()),
        }
    }
}

impl fmt::Display for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Served => f.write_str("served"),
            Self::Shipped(name) => write!(f, "{SHIPPED}{name}"),
            Self::Rendered => f.write_str(RENDERED),
        }
    }
}

const SHIPPED: &str = "shipped:";
const RENDERED: &str = "rendered";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_is_written() {
        for filled in [Filled::Served, Filled::Shipped("page-data.json".into()), Filled::Rendered] {
            assert_eq!(Filled::parse(&filled.to_string()), filled);
            assert_eq!(filled.told().is_none(), filled.is_served());
        }
        assert_eq!(Filled::parse("what a later version writes"), Filled::Served);
    }
}
