//! Parts of a page that its server sent later than their place, as React does when it streams: `<div hidden id="S:1">` at the end, which
//! a script of one line moves to `<template id="B:1">`. Here they are moved without the script.

use std::collections::HashMap;

use crate::extract::dom::{Dom, MAX_DEPTH, NodeId};

/// Puts what came late into its place.
pub(super) fn put_in_place(dom: &mut Dom) {
    let (mut places, mut parts) = (HashMap::new(), Vec::new());
    for node in dom.descendants(dom.root()) {
        let Some(id) = dom.attribute(node, "id") else { continue };
        if let Some(number) = id.strip_prefix("B:").filter(|_| dom.is(node, "template")) {
            places.insert(number.to_owned(), node);
        } else if let Some(number) = id.strip_prefix("S:").filter(|_| dom.attribute(node, "hidden").is_some()) {
            parts.push((number.to_owned(), node));
        }
    }
    parts.truncate(MOST);
    let parts: HashMap<NodeId, NodeId> =
        parts.into_iter().filter_map(|(number, part): (String, _)| Some((part, *places.get(&number)?))).collect();
    let mut fitting: Vec<(NodeId, NodeId)> =
        parts.iter().filter(|(_, place)| fits(dom, **place, &parts)).map(|(part, place)| (*part, *place)).collect();
    // Several may have one place.
    fitting.sort_unstable_by_key(|(part, _)| part.index());
    for (part, place) in fitting {
        dom.put_before(part, place);
        dom.remove_attribute(part, "hidden");
    }
}

/// Whether a place is no deeper than a page is, all parts being where they belong; one within itself lies deeper than any.
fn fits(dom: &Dom, place: NodeId, parts: &HashMap<NodeId, NodeId>) -> bool {
    let above = |node: &NodeId| parts.get(node).copied().map_or_else(|| dom.parent(*node), |place| dom.parent(place));
    std::iter::successors(dom.parent(place), above).take(MAX_DEPTH as usize + 1).count() <= MAX_DEPTH as usize
}

/// Each is looked for above its place, which may lie deep.
const MOST: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_late_is_read_where_it_belongs() {
        let mut dom = Dom::parse(
            "<main>one <template id='B:0'></template> four</main><div hidden id='S:0'>two <template id='B:1'></template></div>\
             <div hidden id='S:1'>three</div><div hidden id='S:9'>alone</div>",
        );
        put_in_place(&mut dom);
        let main = dom.descendants(dom.root()).find(|node| dom.is(*node, "main")).unwrap();
        assert_eq!(dom.text_content(main), "one two three four");
        assert_eq!(dom.text_content(dom.root()), "one two three fouralone");
    }

    #[test]
    fn a_part_that_holds_its_own_place_stays() {
        let mut dom = Dom::parse("<div hidden id='S:0'>two <template id='B:0'></template></div>");
        put_in_place(&mut dom);
        assert_eq!(dom.text_content(dom.root()), "two ");
    }
}
