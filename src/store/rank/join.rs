//! Joins the passages of one page to what can be read as one. Pure.

use crate::model::{Chunk, ChunkKind};

/// The texts of `chunks`, of which the first is the best, in the order of the page: as many as fit, the better ones first. A heading that
/// differs from that of the passage before stands before each; "[…]" where something is left out between two.
pub(super) fn joined(chunks: &[Chunk], most: usize) -> String {
    let Some(best) = chunks.first() else { return String::new() };
    let mut length = best.text.len();
    let mut kept: Vec<&Chunk> = vec![best];
    for chunk in chunks.iter().skip(1).filter(|chunk| chunk.kind == ChunkKind::Text) {
        if length + chunk.text.len() <= most {
            length += chunk.text.len();
            kept.push(chunk);
        }
    }
    kept.sort_by_key(|chunk| chunk.ordinal);
    let mut text = String::with_capacity(length + 64);
    for (at, chunk) in kept.iter().enumerate() {
        if let Some(before) = at.checked_sub(1).map(|at| kept[at]) {
            text.push_str("\n\n");
            if !follows(before, chunk) {
                text.push_str("[…]\n\n");
            }
            if before.heading_path != chunk.heading_path
                && let Some(heading) = chunk.heading_path.last()
            {
                text.push_str(&format!("{} {heading}\n\n", "#".repeat(chunk.heading_path.len().min(6))));
            }
        }
        text.push_str(&chunk.text);
    }
    text
}

/// Examples are counted with the passages that hold them, so a gap of few numbers may be none.
fn follows(before: &Chunk, chunk: &Chunk) -> bool {
    chunk.ordinal == before.ordinal + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(ordinal: u32, heading: &str, text: &str) -> Chunk {
        Chunk { ordinal, heading_path: vec!["Page".into(), heading.into()], text: text.into(), kind: ChunkKind::Text, anchor: None }
    }

    #[test]
    fn passages_stand_in_the_order_of_the_page() {
        let (a, b, d) = (chunk(1, "A", "first"), chunk(2, "A", "second"), chunk(5, "D", "fourth"));
        assert_eq!(joined(&[b.clone(), a.clone(), d.clone()], 100), "first\n\nsecond\n\n[…]\n\n## D\n\nfourth");
        assert_eq!(joined(&[b.clone(), a, d], 10), "second", "the best is whole, and nothing is cut");
        assert_eq!(joined(&[], 10), "");
    }
}
