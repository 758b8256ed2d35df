//! Many addresses in little memory: one text, and where each stands in it.

use std::cmp::Reverse;
use std::fmt;

/// Addresses with the links that are followed to each from a seed. One takes its letters and 8 bytes.
///
/// ```
/// use smolcrawl::model::Addresses;
///
/// let mut addresses = Addresses::default();
/// assert!(addresses.push("https://a.test/far", 2) && addresses.push("https://a.test/", 0));
/// addresses.sort_nearest_last();
/// assert_eq!(addresses.pop(), Some(("https://a.test/", 0)));
/// assert_eq!(addresses.len(), 1);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Addresses {
    text: String,
    places: Vec<Place>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    start: u32,
    length: u16,
    depth: u16,
}

impl Addresses {
    /// Adds one, if there is room: for 4 GiB of letters in all, and 64 KiB of each.
    pub fn push(&mut self, address: &str, depth: u32) -> bool {
        let (Ok(start), Ok(length)) = (u32::try_from(self.text.len()), u16::try_from(address.len())) else { return false };
        self.text.push_str(address);
        self.places.push(Place { start, length, depth: u16::try_from(depth).unwrap_or(u16::MAX) });
        true
    }

    /// Puts them in an order in which those nearest to the seeds come last, and of these those that were added first; but of several sites,
    /// whose addresses were added one site after the other, each has its turn.
    pub fn sort_nearest_last(&mut self) {
        let mut order: Vec<(u16, u32, Place)> = Vec::with_capacity(self.places.len());
        let (mut site, mut turn) = ("", 0);
        for place in &self.places {
            let address = Self::at(&self.text, *place);
            let of = &address[..address.match_indices('/').nth(2).map_or(address.len(), |(at, _)| at)];
            turn = if of == site { turn + 1 } else { 0 };
            site = of;
            order.push((place.depth, turn, *place));
        }
        order.sort_unstable_by_key(|(depth, turn, place)| Reverse((*depth, *turn, place.start)));
        self.places.iter_mut().zip(order).for_each(|(at, (_, _, place))| *at = place);
    }

    /// Takes the last one.
    pub fn pop(&mut self) -> Option<(&str, u32)> {
        let place = self.places.pop()?;
        Some((Self::at(&self.text, place), place.depth.into()))
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        self.places.iter().map(|place| (Self::at(&self.text, *place), place.depth.into()))
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn at(text: &str, place: Place) -> &str {
        let start = place.start as usize;
        &text[start..start + usize::from(place.length)]
    }
}

/// There may be a million.
impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().take(20)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_ones_come_first_and_each_site_has_its_turn() {
        let mut addresses = Addresses::default();
        for (address, depth) in
            [("http://a.test/1", 1), ("http://a.test/2", 1), ("http://a.test/3", 1), ("http://b.test/1", 1), ("http://b.test/0", 0)]
        {
            assert!(addresses.push(address, depth));
        }
        addresses.sort_nearest_last();
        let taken: Vec<_> = std::iter::from_fn(|| addresses.pop().map(|(address, _)| address.to_owned())).collect();
        assert_eq!(taken, ["http://b.test/0", "http://a.test/1", "http://b.test/1", "http://a.test/2", "http://a.test/3"]);
        assert!(!addresses.push(&"x".repeat(70_000), 0), "no address is as long");
    }
}
