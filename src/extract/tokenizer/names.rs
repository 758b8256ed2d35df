//! The names of a page's elements and attributes. Interning one costs more than reading it, and pages have few different ones.

use html5ever::LocalName;

/// The names that were met last.
pub(super) struct Names(Box<[Option<LocalName>; PLACES]>);

impl Default for Names {
    fn default() -> Self {
        Self(Box::new([const { None }; PLACES]))
    }
}

impl Names {
    /// In lower case, and nulls replaced.
    pub(super) fn of(&mut self, name: &str) -> LocalName {
        if name.len() > LONGEST {
            return LocalName::from(lower(name));
        }
        let place = &mut self.0[place(name)];
        match place {
            Some(known) if **known == *name => known.clone(),
            _ if name.bytes().any(|byte| byte.is_ascii_uppercase() || byte == 0) => {
                let lower = lower(name);
                self.of(&lower)
            }
            _ => place.insert(LocalName::from(name)).clone(),
        }
    }
}

fn lower(name: &str) -> String {
    let mut lower = name.replace('\0', "\u{fffd}");
    lower.make_ascii_lowercase();
    lower
}

fn place(name: &str) -> usize {
    let hash = name.bytes().fold(name.len() as u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    (hash ^ (hash >> 8)) as usize % PLACES
}

const PLACES: usize = 256;
/// In bytes.
const LONGEST: usize = 32;
