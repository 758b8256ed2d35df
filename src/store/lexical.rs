//! Finds chunks by their words: turns a question into an FTS5 expression that cannot be misread, and ranks by BM25.

use std::collections::HashSet;

use rusqlite::Connection;

use crate::model::Wanted;

use super::error::Failure;
use super::fuse::{Best, Candidate};

/// A question of more words than this is a pasted page: the first ones say what it is about.
const MAX_TERMS: usize = 64;

/// A match in the title or the headings says more about a chunk than one in its text. Order of the columns: source (a filter, not a
/// match), title, headings, body.
const WEIGHTS: &str = "bm25(0.0, 1.0, 1.5, 1.0)";

/// Words that say nothing about what a question is about. In documents they stay, so that a phrase may hold them.
const STOP_WORDS: [&str; 89] = [
    "a", "about", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did", "do", "does", "for",
    "from", "had", "has", "have", "he", "her", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "me", "my", "no", "not",
    "of", "on", "or", "our", "please", "s", "she", "should", "so", "some", "such", "t", "tell", "than", "that", "the", "their", "them",
    "then", "there", "these", "they", "this", "those", "to", "too", "us", "was", "we", "were", "what", "when", "where", "which", "while",
    "who", "why", "will", "with", "would", "you", "your", "show", "explain", "find", "give", "want", "need", "im", "dont",
];

/// The words of a question as an FTS5 expression: each quoted, one of them enough. None if there is no word in it.
pub(super) fn expression(question: &str) -> Option<String> {
    let mut seen = HashSet::new();
    let words: Vec<String> = words(question).into_iter().filter(|word| seen.insert(word.clone())).collect();
    let telling: Vec<&String> = words.iter().filter(|word| !STOP_WORDS.contains(&word.as_str())).collect();
    let chosen = if telling.is_empty() { words.iter().collect() } else { telling };
    // Inside quotes every character is text; words have no quotes in them.
    let quoted: Vec<String> = chosen.into_iter().take(MAX_TERMS).map(|word| format!("\"{word}\"")).collect();
    (!quoted.is_empty()).then(|| quoted.join(" OR "))
}

/// The best chunks for an expression, best first; of distinct pages, the best chunk of each of the best pages.
pub(super) fn search(connection: &Connection, expression: &str, filter: Filter<'_>) -> Result<Vec<Candidate>, Failure> {
    let table = match filter.wanted {
        Wanted::Text => "text_words",
        Wanted::Code => "code_words",
    };
    let expression = match filter.source {
        Some(source) => format!("source : {} AND ({expression})", source_token(source)),
        None => expression.to_owned(),
    };
    // Not ordered by rank: FTS5 would sort every match, and the best few are all that is wanted.
    let mut statement =
        connection.prepare_cached(&format!("SELECT rowid, rank FROM {table} WHERE {table} MATCH ?1 AND rank MATCH '{WEIGHTS}'"))?;
    let mut rows = statement.query([&expression])?;
    let mut best = Best::new(filter.room());
    while let Some(row) = rows.next()? {
        let (chunk, rank): (i64, f64) = (row.get(0)?, row.get(1)?);
        if !filter.admits(chunk) {
            continue;
        }
        // FTS5 ranks from the smallest number up.
        best.push(Candidate { key: chunk, chunk, score: -rank as f32, found: 0.0 });
    }
    let mut found = best.into_sorted();
    if filter.distinct_pages {
        let mut page_of = connection.prepare_cached("SELECT page FROM chunks WHERE id = ?1")?;
        for candidate in &mut found {
            candidate.key = page_of.query_row([candidate.chunk], |row| row.get(0))?;
        }
    }
    Ok(found)
}

/// What both sides of a search are narrowed to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filter<'a> {
    pub wanted: Wanted,
    pub source: Option<i64>,
    /// Only these chunks, where they are given.
    pub among: Option<&'a HashSet<i64>>,
    pub distinct_pages: bool,
    pub limit: usize,
}

impl Filter<'_> {
    pub(super) fn admits(&self, chunk: i64) -> bool {
        self.among.is_none_or(|among| among.contains(&chunk))
    }

    /// How many chunks to rank so that enough keys are among them: four to a page hold enough pages in all but odd cases.
    pub(super) fn room(&self) -> usize {
        if self.distinct_pages { self.limit.saturating_mul(4) } else { self.limit }
    }
}

/// The word that stands for a source in the index.
pub(super) fn source_token(source: i64) -> String {
    format!("source{source}")
}

/// Runs of letters, digits and underscores in lower case; of `create_task` also its parts, as half of a name is often asked for.
fn words(question: &str) -> Vec<String> {
    let mut words = Vec::new();
    for word in question.split(|c: char| !is_word(c)).filter(|word| word.contains(char::is_alphanumeric)) {
        let word = word.trim_matches('_').to_lowercase();
        let parts: Vec<String> = word.split('_').filter(|part| part.len() > 1).map(str::to_owned).collect();
        words.push(word);
        if parts.len() > 1 {
            words.extend(parts);
        }
    }
    words
}

/// Combining marks belong to their letter, as they do to the tokenizer.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || ('\u{300}'..='\u{36f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_and_one_is_enough() {
        assert_eq!(expression("Cancel a task-group").unwrap(), "\"cancel\" OR \"task\" OR \"group\"");
        assert_eq!(expression("asyncio.create_task()").unwrap(), "\"asyncio\" OR \"create_task\" OR \"create\" OR \"task\"");
    }

    #[test]
    fn stop_words_count_only_where_nothing_else_is_said() {
        assert_eq!(expression("How do I do it?").unwrap(), "\"how\" OR \"do\" OR \"i\" OR \"it\"");
        assert_eq!(expression("How do I vacuum?").unwrap(), "\"vacuum\"");
    }

    #[test]
    fn operators_are_words_and_marks_are_nothing() {
        let expression = expression("AND OR NOT NEAR(\"x\" * ^y : {z} -\0\u{7f}").unwrap();
        assert!(expression.chars().all(|c| c.is_alphanumeric() || c == '"' || c == ' '), "{expression}");
        assert_eq!(super::expression("* ^ : \" '' ( ) -- _ ;"), None);
        assert_eq!(super::expression(""), None);
    }

    #[test]
    fn a_pasted_page_is_cut_off() {
        let page: String = (0..5_000).map(|word| format!("word{word} ")).collect();
        assert_eq!(expression(&page).unwrap().matches(" OR ").count(), MAX_TERMS - 1);
    }

    #[test]
    fn marks_stay_with_their_letter() {
        assert_eq!(expression("cafe\u{301}s").unwrap(), "\"cafe\u{301}s\"");
        assert_eq!(expression("Übergröße 東京").unwrap(), "\"übergröße\" OR \"東京\"");
    }
}
