//! Why pages were skipped: what has one reason is told once, with how many there are and one of them. Bounded.

use crate::engine::Skipped;

/// Pages that were skipped, by the first reasons that were met.
#[derive(Clone, Debug, Default)]
pub struct Reasons {
    list: Vec<Reason>,
    /// Those of other reasons, and those of which no reason is known.
    others: u64,
}

#[derive(Clone, Debug)]
struct Reason {
    cause: String,
    first: Skipped,
    count: u64,
}

impl Reasons {
    /// All that a report lists, and what it counts beyond that.
    pub(in crate::tools) fn of(listed: &[Skipped], total: u64) -> Self {
        let mut reasons = Self { others: total.saturating_sub(listed.len() as u64), ..Self::default() };
        listed.iter().for_each(|skipped| reasons.add(skipped));
        reasons
    }

    pub(super) fn add(&mut self, skipped: &Skipped) {
        let cause = skipped.cause();
        match self.list.iter().position(|reason| reason.cause == cause) {
            Some(place) => self.list[place].count += 1,
            None if self.list.len() < SHOWN => self.list.push(Reason { cause, first: skipped.clone(), count: 1 }),
            None => self.others += 1,
        }
    }

    /// The one that was met first.
    pub(in crate::tools) fn first(&self) -> Option<&Skipped> {
        self.list.first().map(|reason| &reason.first)
    }

    pub(in crate::tools) fn told(&self) -> Vec<String> {
        let told = |Reason { cause, first: Skipped { url, why }, count }: &Reason| match count {
            1 => format!("{url}: {why}"),
            count => format!("{count} × {cause} (such as {url})"),
        };
        let others = (self.others > 0).then(|| format!("{} more", self.others));
        self.list.iter().map(told).chain(others).collect()
    }
}

/// Reasons that are told apart: there are few, but for what sites say themselves.
const SHOWN: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_one_reason_is_told_once_and_all_are_counted() {
        let skipped = |url: &str, why: &str| Skipped { url: url.parse().unwrap(), why: why.to_owned() };
        let first = "the same content as http://a.test/";
        let mut listed = vec![skipped("http://a.test/1", first), skipped("http://a.test/2", "no text in the page")];
        listed.push(skipped("http://a.test/3", "the same content as http://a.test/2"));
        let told = Reasons::of(&listed, 3).told();
        assert_eq!(told, ["2 × the same content as another page (such as http://a.test/1)", "http://a.test/2: no text in the page"]);
        assert_eq!(Reasons::of(&listed[..1], 1).told(), [format!("http://a.test/1: {first}")]);
        assert_eq!(Reasons::default().told(), [] as [&str; 0]);
        // Of endless reasons the first.
        let many: Vec<_> = (0..100).map(|number| skipped("http://a.test/", &format!("reason {number}"))).collect();
        let told = Reasons::of(&many, 1_000).told();
        assert_eq!((told.len(), told[SHOWN].as_str()), (SHOWN + 1, "990 more"));
    }
}
