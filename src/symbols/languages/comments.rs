//! Documentation that stands in comments before a declaration, with the marks of comments taken off.

use tree_sitter::Node;

/// The comments directly above a node, among what stands `before` it: of `marks` only, so that a licence or a remark is no documentation.
/// An empty line ends them.
pub(in crate::symbols) fn above(node: Node<'_>, before: &[Node<'_>], source: &str, marks: &[&str]) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut below = node.start_position().row;
    for (at, comment) in before.iter().enumerate().rev() {
        if matches!(comment.kind(), "attribute_item" | "inner_attribute_item" | "decorator" | "marker_annotation") {
            below = comment.start_position().row;
            continue;
        }
        let text = source.get(comment.byte_range()).unwrap_or_default();
        let is_doc = comment.kind().contains("comment") && marks.iter().any(|mark| text.starts_with(mark)) && !text.starts_with("////");
        // A line comment of Rust ends behind its line.
        let gap = below.saturating_sub(comment.end_position().row);
        // What stands behind something else is said of that.
        let is_behind = at.checked_sub(1).map(|at| before[at].end_position()).is_some_and(|end| {
            // Directives and some comments end where the next line begins.
            end.row == comment.start_position().row && end.column > 0
        });
        if !is_doc || gap > 1 || is_behind || lines.len() > 400 {
            break;
        }
        lines.push(plain(text));
        below = comment.start_position().row;
    }
    lines.reverse();
    lines.join("\n").trim().to_owned()
}

/// One comment without its marks.
pub(in crate::symbols) fn plain(comment: &str) -> String {
    if let Some(block) = comment.strip_prefix("/*") {
        let block = block.trim_start_matches(['*', '!']).trim_end().trim_end_matches('/').trim_end_matches('*');
        let lines = block.lines().map(|line| {
            let bare = line.trim_start();
            bare.strip_prefix("* ").or_else(|| bare.strip_prefix('*')).unwrap_or(bare).trim_end()
        });
        return lines.collect::<Vec<_>>().join("\n").trim().to_owned();
    }
    let bare = comment.trim_end().trim_start_matches(['/', '!']);
    bare.strip_prefix(' ').unwrap_or(bare).to_owned()
}
