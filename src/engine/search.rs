//! From a question to its hits: its vector, words that are nearly right, what still lacks a vector, and the search of the store.

mod place;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use url::{Position, Url};

use super::Engine;
use super::models::Answering;
use crate::embed::{self, Embed, Purpose};
use crate::error::Error;
use crate::extract;
use crate::model::{Hit, Mode, Query, SourceId, Wanted};
use crate::store::{self, ends, telling_words};

/// What a search found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Found {
    /// Best first.
    pub hits: Vec<Hit>,
    /// Why a hybrid search went by words alone; none, if it did not.
    pub without_meaning: Option<Error>,
    /// The model whose vectors answered in place of the engine's own, which has fewer of them yet: the model has changed. None, if it has not.
    pub former_model: Option<String>,
    /// The question as it was looked up by its words, where it has words that stand nowhere in what is stored and were taken for others.
    pub corrected: Option<String>,
}

impl Found {
    /// Whether none of the hits is likely an answer (see [`Evidence::is_weak`](crate::model::Evidence::is_weak)); not so of no hits at all.
    pub fn is_weak(&self) -> bool {
        !self.hits.is_empty() && self.hits.iter().all(|hit| hit.evidence.is_weak())
    }
}

impl Engine {
    /// The best hits, best first, as [`Engine::find`] finds them. A search by words and meaning that had to do without the meaning is
    /// logged.
    ///
    /// # Errors
    /// As [`Engine::find`].
    pub async fn search(&self, query: Query) -> Result<Vec<Hit>, Error> {
        let found = self.find(query).await?;
        if let Some(error) = &found.without_meaning {
            log::warn!("searched by words only: {}", error.chain());
        }
        Ok(found.hits)
    }

    /// The best hits, best first. A language is asked for by any of its names.
    ///
    /// A hybrid search whose question gets no vector (the service is gone, say, or does not answer within two seconds), or one that cannot be
    /// compared with those that are stored, is one by words, and says why in [`Found::without_meaning`].
    ///
    /// In a search by words, words that stand nowhere in what is stored are taken for words of it that are nearly the same, if there are
    /// such ([`corrected`](crate::store::Questions::corrected)), and [`Found::corrected`] says so.
    ///
    /// # Errors
    /// A search by meaning alone fails with the model. [`Error::NoEmbedder`] where there is none, and what the store says.
    pub async fn find(&self, mut query: Query) -> Result<Found, Error> {
        // Of what somebody has pasted no more is looked at, by whoever looks.
        if let Cow::Owned(ends) = ends(&query.text) {
            query.text = ends;
        }
        if query.wanted == Wanted::Code
            && let Some(matter) = without_kind(&query.text)
        {
            query.text = matter;
        }
        let Answering { embedder, model, former_model } = self.answering(query.mode).await;
        let embedder = || embedder.as_deref().ok_or(Error::NoEmbedder);
        let (vector, mut without_meaning) = match query.mode {
            Mode::Lexical => (None, None),
            Mode::Dense => {
                let texts = [readable(&query.text, embedder()?).into_owned()];
                (Some(embed::only(embedder()?.embed(&texts, Purpose::Query).await?)?), None)
            }
            Mode::Hybrid => match embedder()?.embed_soon(&readable(&query.text, embedder()?), QUESTION).await {
                Ok(vector) => {
                    query.familiarity = embedder()?.familiarity(&query.text);
                    (Some(vector), None)
                }
                Err(error) => {
                    query.mode = Mode::Lexical;
                    (None, Some(error.into()))
                }
            },
        };
        let corrected = match query.mode {
            Mode::Dense => None,
            Mode::Hybrid | Mode::Lexical => {
                let (asked, wanted) = (query.text.clone(), query.wanted);
                self.with_store(move |store| store.corrected(&asked, wanted)).await?
            }
        };
        if let Some(corrected) = &corrected {
            // Its vector stays that of what was asked: where the word is right and just not there, the model may know it.
            query.text.clone_from(corrected);
        }
        let hits = async {
            if query.mode == Mode::Hybrid && former_model.is_none() {
                self.embed_for(&query, embedder()?).await?;
            }
            self.hits(query.clone(), vector, model.clone()).await
        };
        let hits = match hits.await {
            // The service has another model under the same name by now.
            Err(error @ Error::Store(store::Error::Dimensions { .. })) if query.mode == Mode::Hybrid => {
                without_meaning = Some(error);
                self.hits(Query { mode: Mode::Lexical, ..query }, None, model).await?
            }
            hits => hits?,
        };
        let former_model = former_model.filter(|_| without_meaning.is_none());
        Ok(Found { hits, without_meaning, former_model, corrected })
    }

    async fn hits(&self, mut query: Query, vector: Option<Vec<f32>>, model: String) -> Result<Vec<Hit>, Error> {
        self.with_store(move |store| {
            if !query.languages.is_empty() {
                let asked = std::mem::take(&mut query.languages);
                let stored = store.languages(None)?.into_iter().map(|(name, _)| name);
                query.languages = stored.filter(|name| asked.iter().any(|asked| extract::is_language(asked, name))).collect();
                if query.languages.is_empty() {
                    return Ok(Vec::new());
                }
            }
            let mut hits = store.search(&query, vector.as_deref(), &model)?;
            for hit in &mut hits {
                let beginnings = place::beginnings_to_answer(&query.text, &hit.chunk);
                if !beginnings.is_empty()
                    && let Some((_, page)) = store.page_in(Some(&hit.source), &hit.url)?
                {
                    place::open_at(&mut hit.chunk, &beginnings, &page.outline);
                }
            }
            Ok(hits)
        })
        .await
    }

    /// The source that somebody may have meant who named one that is not stored: the one whose name has what was said within it, or
    /// that is most like it, if any is.
    pub async fn source_meant(&self, named: &str) -> Result<Option<SourceId>, Error> {
        let named = named.trim().to_lowercase();
        if named.len() > LONGEST_NAME {
            return Ok(None);
        }
        let known = self.with_store(|store| store.sources_after("", "", MEANT_AMONG)).await?;
        let likeness = |name: &str| match name.contains(&named) && !named.is_empty() {
            true => 1.0,
            false => strsim::normalized_damerau_levenshtein(&named, name),
        };
        // Who forgets a letter of the name has not said the version.
        let like = known
            .into_iter()
            .map(|source| (likeness(source.as_str()).max(likeness(source.name())), source))
            .filter(|(likeness, _)| *likeness >= LIKE);
        Ok(like.max_by(|(a, one), (b, other)| a.total_cmp(b).then_with(|| other.cmp(one))).map(|(_, source)| source))
    }
}

impl Engine {
    /// What to say where nothing was found in these languages: which ones the code of these sources is in, or of all, those with most of it
    /// first; and the one that may have been meant.
    pub async fn languages_instead(&self, asked: Vec<String>, sources: Vec<SourceId>) -> Result<String, Error> {
        let of = sources.clone();
        let stored = self.with_store(move |store| match &*of {
            [] => store.languages(None),
            of => {
                let mut examples: HashMap<String, u64> = HashMap::new();
                for source in of {
                    store.languages(Some(source))?.into_iter().for_each(|(name, count)| *examples.entry(name).or_default() += count);
                }
                let mut stored: Vec<_> = examples.into_iter().collect();
                stored.sort_by(|(name, count), (other, fewer)| fewer.cmp(count).then_with(|| name.cmp(other)));
                Ok(stored)
            }
        });
        let stored: Vec<String> = stored.await?.into_iter().map(|(name, _)| name).collect();
        Ok(match (&*stored, &*sources) {
            ([], [source]) => format!("no code of {source} is stored"),
            ([], [_, ..]) => "no code of these sources is stored".to_owned(),
            ([], []) => "no code is stored".to_owned(),
            (stored, _) => {
                let meant = language_meant(&asked, stored).map(|meant| format!("did you mean {meant}? ")).unwrap_or_default();
                let more = stored.len().saturating_sub(NAMED);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!("{meant}there is code in: {}{more}", stored[..stored.len().min(NAMED)].join(", "))
            }
        })
    }

    /// At most `limit` addresses of stored pages that somebody may have meant who named one that is not stored, the likeliest first: those
    /// at the same place by the other scheme, and what is stored nearest to it on its host.
    pub async fn pages_meant(&self, url: Url, limit: usize) -> Result<Vec<Url>, Error> {
        let mut known = BTreeSet::new();
        for scheme in ["https", "http"] {
            let host = format!("{scheme}://{}", &url[Position::BeforeHost..Position::AfterPort]);
            // From its folder up to the first that has any.
            let mut path = url.path().get(..LONGEST_NAME).unwrap_or(url.path());
            while let Some(slash) = path.rfind('/') {
                let prefix = format!("{host}{}", &path[..=slash]);
                let stored = self.with_store(move |store| store.pages_after(&prefix, "", MEANT_AMONG_PAGES)).await?;
                if !stored.is_empty() {
                    known.extend(stored.into_iter().map(|page| page.url));
                    break;
                }
                path = &path[..slash];
            }
        }
        let place = |url: &Url| url[Position::BeforePath..].chars().take(LONGEST_NAME).collect::<String>();
        let asked = place(&url);
        let mut ranked: Vec<_> =
            known.into_iter().map(|page| (strsim::normalized_damerau_levenshtein(&asked, &place(&page)), page)).collect();
        ranked.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        Ok(ranked.into_iter().take(limit).map(|(_, page)| page).collect())
    }
}

/// The one of the stored languages that is written most like one that was asked for and is none of them.
fn language_meant<'s>(asked: &[String], stored: &'s [String]) -> Option<&'s String> {
    let is_stored = |asked: &&String| stored.iter().any(|name| extract::is_language(asked, name));
    let unknown: Vec<String> =
        asked.iter().filter(|asked| asked.len() <= LONGEST_NAME && !is_stored(asked)).map(|asked| asked.to_lowercase()).collect();
    let likeness = |name: &str| unknown.iter().map(|asked| strsim::normalized_damerau_levenshtein(asked, name)).fold(0.0, f64::max);
    let short = stored.iter().filter(|name| name.len() <= LONGEST_NAME);
    let like = short.map(|name| (likeness(&name.to_lowercase()), name)).filter(|(likeness, _)| *likeness >= LIKE);
    // The first of several that are as near has more examples.
    like.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, name)| name)
}

/// What a model reads of a question: of one that is too long for it the beginning and the end, where it is said what it is about and what
/// became of it. The words of a question are chosen in the same way.
fn readable<'q>(question: &'q str, model: &dyn Embed) -> Cow<'q, str> {
    let Some(most) = model.most_tokens() else { return Cow::Borrowed(question) };
    let tokens = model.tokens(question);
    if tokens <= most {
        return Cow::Borrowed(question);
    }
    // A tenth less, as neither end may be as short in tokens as the whole is.
    let half = question.len() * (most * 9 / 20) / tokens;
    let (first, last) = (question.floor_char_boundary(half), question.ceil_char_boundary(question.len() - half));
    Cow::Owned(format!("{}\n{}", &question[..first], &question[last..]))
}

/// Pages that are looked at for one that may have been meant.
const MEANT_AMONG_PAGES: usize = 1_000;
/// For the vector of a question where words will do: with the search itself less than two seconds.
const QUESTION: Duration = Duration::from_millis(1_500);
/// Names of sources that are looked at for one that may have been meant.
const MEANT_AMONG: usize = 10_000;
/// Languages that are named where nothing was found in another one.
const NAMED: usize = 12;
/// Bytes of a name that is compared.
const LONGEST_NAME: usize = 300;
/// The share of a name that has to be the same.
const LIKE: f64 = 0.6;

/// A question for code without the words that say that examples are wanted (`python example of os.mkdir`), which code seldom has. None if it
/// has none of them or nothing else, and where something is quoted.
fn without_kind(question: &str) -> Option<String> {
    let is_kind = |word: &str| KINDS.iter().any(|kind| word.trim_matches([',', '.', '?', '!', ':']).eq_ignore_ascii_case(kind));
    let is_all = || telling_words(question).iter().all(|word| is_kind(word));
    if !question.split_whitespace().any(is_kind) || question.contains(['"', '`', '“', '„', '«']) || is_all() {
        return None;
    }
    Some(question.split_whitespace().filter(|word| !is_kind(word)).collect::<Vec<_>>().join(" "))
}

const KINDS: [&str; 6] = ["example", "examples", "sample", "samples", "snippet", "snippets"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_examples_are_wanted_is_known_where_code_is_asked_for() {
        for (question, matter) in [
            ("python example of os.mkdir", Some("python of os.mkdir")),
            ("Examples: kettle", Some("kettle")),
            ("example", None),
            ("how do I do an example", None),
            ("print(\"example\")", None),
            ("boil a kettle", None),
        ] {
            assert_eq!(without_kind(question).as_deref(), matter, "{question}");
        }
    }

    #[test]
    fn a_language_is_meant_that_is_written_nearly_so() {
        let stored = ["rust", "python", "javascript"].map(str::to_owned);
        let meant = |asked: &str| language_meant(&[asked.to_owned()], &stored).map(String::as_str);
        assert_eq!(["Pyhton", "rusty", "javascrpt"].map(meant), [Some("python"), Some("rust"), Some("javascript")]);
        // What is there by another name, and what is another language.
        assert_eq!(["py", "rust", "zz zz", "java", ""].map(meant), [None; 5]);
    }

    #[cfg(feature = "bundled-model")]
    #[test]
    fn of_a_long_question_a_model_reads_both_ends() {
        use crate::embed::{MiniLm, MiniLmConfig};
        use crate::reactor::sim::Sim;

        let model = MiniLm::new(Sim::new().handle(), MiniLmConfig::default());
        assert_eq!(readable("How is tea made?", &model), "How is tea made?");
        for (line, end) in
            [("  File \"/srv/app/main.py\", line 7, in step\n", "BoilError: no water"), ("取消任务会立即结束它。\n", "没有水")]
        {
            let question = format!("Kettle\n{}{end}", line.repeat(400));
            let read = readable(&question, &model);
            assert!(read.starts_with("Kettle\n") && read.ends_with(end), "{read}");
            assert!(model.tokens(&read) <= model.most_tokens().unwrap() + 20, "{}", model.tokens(&read));
        }
    }
}
