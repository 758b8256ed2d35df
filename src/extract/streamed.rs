//! Parts of a page that its server sent later than their place, as React does when it streams: `<div hidden id="S:1">` at the end, which
//! a script of one line moves to `<template id="B:1">`. Here they are moved without the script.

use std::collections::HashMap;

use crate::extract::dom::Dom;

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
    for (number, part) in parts.into_iter().take(MOST) {
        if let Some(place) = places.get(&number).copied()
            && !dom.ancestors(place).any(|above| above == part)
        {
            dom.put_before(part, place);
            dom.remove_attribute(part, "hidden");
        }
    }
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
