//! Counts the words of what is left out, so that the page can say so. Knows no rule.

use crate::extract::dom::{Dom, NodeId, Step};
use crate::extract::escape::is_invisible;
use crate::extract::since;
use crate::model::Note;

#[derive(Debug, Default)]
pub(super) struct Tally {
    words: usize,
    /// The first of them.
    begins: String,
}

impl Tally {
    /// All words below `node`; what is nobody's words is none.
    pub(super) fn count(&mut self, dom: &Dom, node: NodeId) {
        self.count_but(dom, node, None);
    }

    /// All of them but those below another, which are read all the same.
    pub(super) fn count_but(&mut self, dom: &Dom, node: NodeId, other: Option<NodeId>) {
        let mut walk = dom.walk(node);
        while let Some(step) = walk.next() {
            let Step::Enter(below) = step else { continue };
            if other == Some(below)
                || dom.name(below).is_some_and(|name| matches!(&**name, "script" | "style" | "svg" | "template" | "head"))
                // Told beside what it is about.
                || since::is_version(dom, below)
            {
                walk.pass_over();
                continue;
            }
            for word in dom.text(below).unwrap_or_default().split_whitespace() {
                self.words += 1;
                if self.begins.len() < FIRST_WORDS {
                    self.begins.push_str(if self.begins.is_empty() { "" } else { " " });
                    self.begins.extend(word.chars().filter(|c| !is_invisible(*c)).take(FIRST_WORDS));
                }
            }
        }
    }

    pub(super) fn join(&mut self, other: Self) {
        if self.words == 0 {
            self.begins = other.begins;
        }
        self.words += other.words;
    }

    pub(super) fn note(self, rule: &'static str) -> Option<Note> {
        (self.words > 0).then_some(Note { rule, words: self.words, begins: self.begins })
    }
}

/// In bytes, about.
const FIRST_WORDS: usize = 60;
