//! What chunks repeat of their document: the headings that each stands under, and the prose around code. A document of short blocks below
//! long headings is not to become many times as long, so only so much of that is written.

pub(super) struct Pot {
    /// In bytes.
    left: usize,
}

impl Pot {
    /// For a document of so many bytes.
    pub(super) fn of(size: usize) -> Self {
        Self { left: MOST_REPEATED * size + LEAST }
    }

    /// Whether so much may be written once more.
    pub(super) fn takes(&mut self, length: usize) -> bool {
        let left = self.left.checked_sub(length);
        self.left = left.unwrap_or(0);
        left.is_some()
    }

    /// The headings of a chunk; at the end of the pot the last `own` of them alone, which stand nowhere else.
    pub(super) fn path(&mut self, path: &[impl AsRef<str>], own: usize) -> Vec<String> {
        let whole = self.takes(path.iter().map(|heading| heading.as_ref().len()).sum());
        let path = if whole { path } else { &path[path.len().saturating_sub(own)..] };
        path.iter().map(|heading| heading.as_ref().to_owned()).collect()
    }
}

/// So many times as much as the document itself.
const MOST_REPEATED: usize = 4;
/// In bytes, and so much besides: small documents have long headings, too.
const LEAST: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_whole_until_the_pot_is_empty() {
        let mut pot = Pot { left: 7 };
        assert_eq!(pot.path(&["abc", "de"], 1), ["abc", "de"]);
        assert_eq!(pot.path(&["abc", "de"], 1), ["de"]);
        assert!(!pot.takes(1));
        assert_eq!(pot.path(&["abc", "de"], 0), [""; 0]);
    }
}
