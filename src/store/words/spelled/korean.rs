//! Korean nouns of one syllable with the particles that are written at them. Longer ones are found by the neighbours within them: of `값을` there are
//! none. Pure.

/// What a noun of one syllable, which is asked for with a particle, may be with others.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::store::words) struct Noun {
    pub syllable: char,
    /// It can hardly be a word of two syllables: `경로` is one.
    pub is_plain: bool,
}

impl Noun {
    /// The one of a word, of which the neighbouring syllables are given.
    pub(in crate::store::words) fn of(grams: &[&str]) -> Option<Self> {
        let (first, others) = grams.split_first()?;
        let mut syllables = first.chars();
        let syllable = syllables.next().filter(|c| ('\u{ac00}'..='\u{d7a3}').contains(c))?;
        let particle: String = syllables.chain(others.iter().filter_map(|gram| gram.chars().nth(1))).take(MOST_SYLLABLES).collect();
        let is_plain = PLAIN.contains(&particle.as_str());
        (is_plain || DOUBTFUL.contains(&particle.as_str())).then_some(Self { syllable, is_plain })
    }

    /// As it stands in a text: alone, and with the syllable that comes next, which depends on how it ends.
    pub(in crate::store::words) fn forms(&self) -> Vec<String> {
        let behind = match (u32::from(self.syllable) - 0xac00) % 28 {
            0 => "를는가와로에의도만",
            // A liquid.
            8 => "을은이과로에의도만",
            _ => "을은이과으에의도만",
        };
        [String::from(self.syllable)].into_iter().chain(behind.chars().map(|next| format!("{}{next}", self.syllable))).collect()
    }
}

const PLAIN: [&str; 12] = ["을", "를", "은", "는", "에", "에서", "에는", "에도", "에게", "으로", "까지", "부터"];
const DOUBTFUL: [&str; 8] = ["이", "가", "의", "로", "와", "과", "도", "만"];
/// More than any of these has.
const MOST_SYLLABLES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noun_of_one_syllable_is_told_from_longer_words() {
        for (grams, expected) in [
            (&["값을"][..], Some(('값', true))),
            (&["앱에", "에서"], Some(('앱', true))),
            (&["경로"], Some(('경', false))),
            (&["서울"], None),
            (&["컨테", "테이", "이너"], None),
            (&["값"], None),
            (&["東京"], None),
            (&[], None),
        ] {
            let noun = Noun::of(grams).map(|noun| (noun.syllable, noun.is_plain));
            assert_eq!(noun, expected, "{grams:?}");
        }
        let forms = |grams: &[&str]| Noun::of(grams).unwrap().forms();
        assert!(forms(&["키를"]).contains(&"키는".to_owned()) && !forms(&["키를"]).contains(&"키은".to_owned()));
        assert!(forms(&["값을"]).contains(&"값".to_owned()) && forms(&["줄을"]).contains(&"줄로".to_owned()));
    }
}
