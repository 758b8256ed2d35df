//! The elements in which generators of documentation show the software and its version, by the names they give them. A version of the
//! generator itself stands elsewhere: in its footer, in `<meta name="generator">`.

use crate::extract::dom::{Dom, NodeId};
use crate::extract::metadata::values::line;

/// What such an element holds.
pub(in crate::extract) struct Mark {
    pub(in crate::extract) family: Family,
    pub(in crate::extract) part: Part,
    pub(in crate::extract) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::extract) enum Part {
    Software,
    Version,
    /// "GLib 2.74.6"
    Both,
    /// "base-4.18.0.0: Core data structures"
    Package,
}

/// Whose names they are: what one generator calls the software goes with what it calls the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::extract) enum Family {
    Doxygen,
    ExDoc,
    Erlang,
    Scaladoc,
    Dokka,
    Antora,
    Rustdoc,
    ReadTheDocs,
    Furo,
    DocBook,
    Haddock,
    Pkgdown,
}

pub(super) fn of(dom: &Dom, node: NodeId) -> Option<Mark> {
    let names = ["class", "id"].into_iter().filter_map(|by| dom.attribute(node, by));
    let (family, part) =
        names.flat_map(str::split_ascii_whitespace).find_map(|name| named(dom, node, name)).or_else(|| otherwise(dom, node))?;
    if part == Part::Software
        && let Some(crate_name) = dom.attribute(node, "data-current-crate")
    {
        return line(crate_name, LONGEST).map(|text| Mark { family, part, text });
    }
    // The version may stand within the name, and has its own mark then.
    let mut text = String::new();
    for below in dom.descendants(node).take(FEW) {
        if below != node && dom.name(below).is_some() && is_version_within(dom, below) {
            break;
        }
        text.push_str(dom.text(below).unwrap_or_default());
        if text.len() > 2 * LONGEST {
            break;
        }
    }
    line(&text, LONGEST).map(|text| Mark { family, part, text })
}

fn named(dom: &Dom, node: NodeId, name: &str) -> Option<(Family, Part)> {
    let within = |wanted: &str| dom.ancestors(node).take(NEAR).any(|above| dom.has_class(above, wanted));
    Some(match name {
        "projectname" => (Family::Doxygen, Part::Software),
        "projectnumber" => (Family::Doxygen, Part::Version),
        "sidebar-projectName" => (Family::ExDoc, Part::Software),
        "sidebar-projectVersion" => (Family::ExDoc, Part::Version),
        "section-title" => (Family::Erlang, Part::Software),
        "section-version" => (Family::Erlang, Part::Version),
        "project-name" | "doc-title" => (Family::Scaladoc, Part::Software),
        "projectVersion" | "doc-version" => (Family::Scaladoc, Part::Version),
        "library-name" => (Family::Dokka, Part::Software),
        "library-version" => (Family::Dokka, Part::Version),
        "title" if within("context") && within("nav-panel-explore") => (Family::Antora, Part::Software),
        "version" if within("context") && within("nav-panel-explore") => (Family::Antora, Part::Version),
        "version" if within("wy-side-nav-search") => (Family::ReadTheDocs, Part::Version),
        "version" if within("sidebar") && dom.ancestors(node).take(NEAR).any(|above| dom.is(above, "nav")) => {
            (Family::Rustdoc, Part::Version)
        }
        "sidebar-brand-text" => (Family::Furo, Part::Both),
        "releaseinfo" => (Family::DocBook, Part::Both),
        "caption" if dom.parent(node).is_some_and(|parent| dom.attribute(parent, "id") == Some("package-header")) => {
            (Family::Haddock, Part::Package)
        }
        _ => return None,
    })
}

fn otherwise(dom: &Dom, node: NodeId) -> Option<(Family, Part)> {
    if dom.is(node, "meta") || dom.is(node, "div") {
        return dom.attribute(node, "data-current-crate").map(|_| (Family::Rustdoc, Part::Software));
    }
    let is_released = ["title", "data-bs-original-title"].into_iter().any(|by| dom.attribute(node, by) == Some("Released version"));
    is_released.then_some((Family::Pkgdown, Part::Version))
}

fn is_version_within(dom: &Dom, node: NodeId) -> bool {
    ["class", "id"]
        .into_iter()
        .filter_map(|by| dom.attribute(node, by))
        .any(|names| matches!(names, "projectnumber" | "doc-version" | "library-version"))
}

/// In characters; names and versions are short.
const LONGEST: usize = 200;
/// In nodes below the mark.
const FEW: usize = 40;
/// In elements above it.
const NEAR: usize = 6;
