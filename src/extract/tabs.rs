//! Tabs: a list of labels, and panels of which one is shown at a time. On a page without clicks each label stands before its panel.

use std::collections::{HashMap, HashSet};

use crate::extract::dom::{Dom, NodeId, Step};
use crate::extract::hidden::{is_alike, quoted};

/// What stands before panels, and what is said by that.
#[derive(Debug, Default)]
pub(super) struct Tabs {
    /// By panel.
    labels: HashMap<NodeId, String>,
    /// Lists of labels, each of which is told at its panel.
    told: HashSet<NodeId>,
}

/// A list of tabs whose panels come after it.
struct List {
    node: NodeId,
    labels: Vec<String>,
    /// How many panels have come.
    panels: usize,
    /// All tabs show the same panel, more or less of it.
    filters: bool,
}

impl Tabs {
    pub(super) fn of(dom: &Dom) -> Self {
        let (mut tabs, mut lists) = (Self::default(), Vec::<List>::new());
        // Lists that wait for panels, the innermost last.
        let mut open: Vec<usize> = Vec::new();
        // Which tab it is, by its own id and by that of its panel.
        let mut named: HashMap<&str, (usize, usize)> = HashMap::new();
        let mut walk = dom.walk(dom.root());
        while let Some(step) = walk.next() {
            let Step::Enter(node) = step else { continue };
            if dom.name(node).is_none() {
                continue;
            }
            if is_list(dom, node) {
                let found = tabs_in(dom, node);
                if found.is_empty() {
                    continue;
                }
                for (index, (tab, _)) in found.iter().enumerate() {
                    for id in ids(dom, *tab) {
                        named.insert(id, (lists.len(), index));
                    }
                }
                open.push(lists.len());
                let panel = |(tab, _): &(NodeId, String)| dom.attribute(*tab, "aria-controls");
                let filters = found.len() > 1 && panel(&found[0]).is_some() && found.iter().all(|tab| panel(tab) == panel(&found[0]));
                lists.push(List { node, labels: found.into_iter().map(|(_, label)| label).collect(), panels: 0, filters });
                walk.pass_over();
            } else if let Some(set) = set(dom, node) {
                for (panel, label) in set.panels {
                    tabs.labels.insert(panel, label);
                }
                tabs.told.extend(set.told);
            } else if is_panel(dom, node) && !tabs.labels.contains_key(&node) {
                while open.last().is_some_and(|list| lists[*list].panels >= lists[*list].labels.len()) {
                    open.pop();
                }
                let by_name = ["aria-labelledby", "id"].into_iter().find_map(|name| named.get(dom.attribute(node, name)?));
                let Some((list, index)) = by_name.copied().or_else(|| open.last().map(|list| (*list, lists[*list].panels))) else {
                    continue;
                };
                let list = &mut lists[list];
                list.panels += 1;
                if let Some(label) = list.labels.get(index).filter(|_| !list.filters) {
                    tabs.labels.insert(node, label.clone());
                }
            }
        }
        tabs.told.extend(lists.into_iter().filter(|list| list.panels >= list.labels.len()).map(|list| list.node));
        tabs
    }

    /// What stands before this panel.
    pub(super) fn label(&self, panel: NodeId) -> Option<&str> {
        self.labels.get(&panel).map(String::as_str)
    }

    /// Whether all that is in this element is told elsewhere.
    pub(super) fn is_told(&self, list: NodeId) -> bool {
        self.told.contains(&list)
    }
}

/// A label right before its panel, as where style sheets alone make the tabs.
pub(super) fn is_label(dom: &Dom, node: NodeId) -> bool {
    dom.is(node, "label") && (is_named_label(dom, node) || is_choice(dom, node) && dom.parent(node).is_some_and(|set| dom.is(set, "div")))
}

fn is_named_label(dom: &Dom, node: NodeId) -> bool {
    let within = |class| dom.parent(node).is_some_and(|parent| dom.has_class(parent, class));
    ["tab-label", "sd-tab-label"].into_iter().any(|class| dom.has_class(node, class))
        || ["tabbed-set", "tab-set", "sd-tab-set"].into_iter().any(within)
}

/// Tabs that are known by how they stand to their panels.
struct Set {
    panels: Vec<(NodeId, String)>,
    /// Labels that are told at them.
    told: Vec<NodeId>,
}

/// The set whose first tab this is: a button in a row of them that are called tabs, or the label of a choice.
fn set(dom: &Dom, node: NodeId) -> Option<Set> {
    if dom.is(node, "button") { set_of_buttons(dom, node) } else { set_of_choices(dom, node) }
}

fn set_of_buttons(dom: &Dom, first: NodeId) -> Option<Set> {
    let alone = |node: NodeId| dom.previous_element(node).is_none();
    let mut row = dom.parent(first).filter(|_| alone(first))?;
    if dom.is(row, "li") {
        row = dom.parent(row).filter(|_| alone(row))?;
    }
    if !is_called_tab(dom, first) && !is_called_tab(dom, row) {
        return None;
    }
    let button = |child: NodeId| match dom.is(child, "li") {
        true => dom.children(child).take(NEAR).find(|below| dom.is(*below, "button")),
        false => Some(child).filter(|child| dom.is(*child, "button")),
    };
    let tabs: Vec<_> =
        dom.children(row).take(2 * MOST).filter_map(button).map(|tab| Some((tab, label(dom, tab)?))).collect::<Option<_>>()?;
    let tabs: Vec<(NodeId, Vec<&str>, String)> =
        tabs.into_iter().map(|(tab, label)| (tab, ids(dom, tab).chain(opens(dom, tab)).collect(), label)).collect();
    let id_of = |panel: NodeId| dom.attribute(panel, "id").unwrap_or_default();
    let named = |panels: &[NodeId]| tabs.iter().all(|(_, ids, _)| panels.iter().any(|panel| ids.contains(&id_of(*panel))));
    let panels = panels_behind(dom, row, tabs.len(), named)?;
    let by_name = named(&panels);
    let label = |(index, panel): (usize, &NodeId)| {
        let own = tabs.iter().find(|(_, ids, _)| by_name && ids.contains(&id_of(*panel)));
        own.or_else(|| tabs.get(index)).map(|(.., label)| (*panel, label.clone()))
    };
    Some(Set { panels: panels.iter().enumerate().filter_map(label).collect(), told: Vec::new() })
}

/// `<input type=radio><label>` for each panel: behind its own label, or all behind the last.
fn set_of_choices(dom: &Dom, first: NodeId) -> Option<Set> {
    let is_first = is_choice(dom, first)
        && !is_named_label(dom, first)
        && dom.previous_element(first).and_then(|choice| dom.previous_element(choice)).is_none();
    let parent = dom.parent(first).filter(|_| is_first)?;
    let children = || dom.children(parent).take(4 * MOST).filter(|child| dom.name(*child).is_some());
    let labels: Vec<_> = children().filter(|child| is_choice(dom, *child)).collect();
    let others: Vec<_> = children().filter(|child| !dom.is(*child, "label") && !dom.is(*child, "input")).collect();
    let panels = match others.as_slice() {
        _ if labels.len() < 2 => None,
        [] => panels_behind(dom, parent, labels.len(), |_| false),
        [panes] => panes_in(dom, *panes, labels.len(), &|_| false),
        panels => Some(panels.to_vec()).filter(|panels| panels.len() == labels.len()),
    }?;
    let around = panels.first().and_then(|panel| dom.parent(*panel));
    if !panels.iter().copied().chain([parent]).chain(around).any(|node| is_called_tab(dom, node)) {
        return None;
    }
    let named = labels.iter().map(|node| label(dom, *node)).collect::<Option<Vec<_>>>()?;
    Some(Set { panels: panels.into_iter().zip(named).collect(), told: labels })
}

fn is_choice(dom: &Dom, label: NodeId) -> bool {
    dom.is(label, "label")
        && dom.previous_element(label).is_some_and(|before| dom.is(before, "input") && dom.attribute(before, "type") == Some("radio"))
}

/// As many elements of one kind as there are tabs: right behind their row, or all that is in what stands there.
fn panels_behind(dom: &Dom, row: NodeId, count: usize, named: impl Fn(&[NodeId]) -> bool) -> Option<Vec<NodeId>> {
    let row = if dom.next_element(row).is_some() { row } else { dom.parent(row)? };
    let next = dom.next_element(row).filter(|_| count > 1)?;
    let behind: Vec<_> = std::iter::successors(Some(next), |panel| dom.next_element(*panel)).take(count).collect();
    let holds = |panel: &NodeId| dom.name(*panel).is_some_and(|name| matches!(&**name, "div" | "section" | "article" | "pre" | "figure"));
    let fits =
        behind.len() == count && behind.iter().all(holds) && (named(&behind) || behind.iter().all(|panel| is_alike(dom, next, *panel)));
    if fits { Some(behind) } else { panes_in(dom, next, count, &named) }
}

fn panes_in(dom: &Dom, around: NodeId, count: usize, named: &dyn Fn(&[NodeId]) -> bool) -> Option<Vec<NodeId>> {
    let panels: Vec<_> = dom.children(around).take(2 * MOST + 1).filter(|child| dom.name(*child).is_some()).collect();
    let fits = panels.len() == count && (named(&panels) || panels.iter().all(|panel| is_alike(dom, panels[0], *panel)));
    fits.then_some(panels)
}

/// "tab", "tablinks", "nav-tabs", "tab_panel".
fn is_called_tab(dom: &Dom, node: NodeId) -> bool {
    dom.attribute(node, "class").is_some_and(|classes| {
        classes.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
            let word = word.to_ascii_lowercase();
            matches!(
                word.as_str(),
                "tab" | "tabs" | "tabset" | "tablink" | "tablinks" | "tabbtn" | "tabbutton" | "tabbar" | "tabcontent" | "tabpanel"
            )
        })
    })
}

/// What a tab says that it opens.
fn opens(dom: &Dom, tab: NodeId) -> impl Iterator<Item = &str> {
    let names = ["data-target", "data-bs-target", "data-tab", "data-tab-target"];
    let named = names.into_iter().filter_map(move |name| dom.attribute(tab, name)).map(|id| id.trim_start_matches('#'));
    named.chain(dom.attribute(tab, "onclick").into_iter().flat_map(quoted))
}

fn is_list(dom: &Dom, node: NodeId) -> bool {
    dom.attribute(node, "role") == Some("tablist")
        || has_any_class(dom, node, &["tablist", "tabbed-labels", "nav-tabs"])
        || dom.has_class(node, "tabs") && {
            let children = || dom.children(node).take(NEAR).filter(|child| dom.name(*child).is_some());
            children().any(|child| dom.is(child, "label")) && children().all(|child| dom.is(child, "label") || dom.is(child, "input"))
        }
}

fn is_panel(dom: &Dom, node: NodeId) -> bool {
    let group = || {
        let blocks = dom.parent(node).filter(|parent| dom.has_class(*parent, "blocks"));
        blocks.and_then(|blocks| dom.parent(blocks)).is_some_and(|group| dom.has_class(group, "vp-code-group"))
    };
    dom.attribute(node, "role") == Some("tabpanel") || has_any_class(dom, node, &["tabpanel", "tab-pane", "tabbed-block"]) || group()
}

fn has_any_class(dom: &Dom, node: NodeId, wanted: &[&str]) -> bool {
    dom.attribute(node, "class").is_some_and(|classes| classes.split_ascii_whitespace().any(|class| wanted.contains(&class)))
}

fn tabs_in(dom: &Dom, list: NodeId) -> Vec<(NodeId, String)> {
    let below = || dom.descendants(list).skip(1).take(LARGEST);
    let by = |is_tab: &dyn Fn(NodeId) -> bool| -> Vec<_> {
        below().filter(|node| is_tab(*node)).take(MOST).filter_map(|tab| Some((tab, label(dom, tab)?))).collect()
    };
    let named = |name: &'static str| move |node: NodeId| dom.is(node, name);
    let ways: [&dyn Fn(NodeId) -> bool; 5] =
        [&|node| dom.attribute(node, "role") == Some("tab"), &named("label"), &named("li"), &named("a"), &named("button")];
    ways.into_iter().map(by).find(|tabs| !tabs.is_empty()).unwrap_or_default()
}

fn label(dom: &Dom, tab: NodeId) -> Option<String> {
    let text: String = dom.descendants(tab).take(NEAR).filter_map(|below| dom.text(below)).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty() && text.len() <= LONGEST).then_some(text)
}

fn ids(dom: &Dom, tab: NodeId) -> impl Iterator<Item = &str> {
    let own = dom.descendants(tab).take(NEAR).flat_map(|below| {
        let leads = dom.attribute(below, "href").and_then(|href| href.strip_prefix('#'));
        [dom.attribute(below, "id"), dom.attribute(below, "aria-controls"), leads]
    });
    own.flatten().filter(|id| !id.is_empty())
}

/// In nodes: how large a tab is, and how far labels are looked for.
const NEAR: usize = 12;
/// In nodes: a list of tabs is no longer.
const LARGEST: usize = 400;
const MOST: usize = 40;
/// In bytes.
const LONGEST: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    /// The labels of the panels in their order.
    fn labels(html: &str) -> Vec<String> {
        let dom = Dom::parse(html);
        let tabs = Tabs::of(&dom);
        dom.descendants(dom.root()).filter_map(|node| tabs.label(node)).map(str::to_owned).collect()
    }

    #[test]
    fn panels_are_labelled_by_name_or_by_order() {
        for html in [
            "<ul role=tablist><li role=tab>A<li role=tab>B</ul><div role=tabpanel>1</div><div role=tabpanel>2</div>",
            "<div role=tablist><button role=tab aria-controls=y>B</button><button role=tab aria-controls=x>A</button></div>\
             <div role=tabpanel id=x>1</div><div role=tabpanel id=y>2</div>",
            "<ul class='nav nav-tabs'><li><a href='#x'>A</a><li><a href='#y'>B</a></ul><div class=tab-pane id=x>1</div><div class=tab-pane id=y>2</div>",
            "<div class=vp-code-group><div class=tabs><input><label>A</label><input><label>B</label></div><div class=blocks><div>1</div><div>2</div></div></div>",
            "<div class=tabbed-labels><label>A</label><label>B</label></div><div class=tabbed-block>1</div><div class=tabbed-block>2</div>",
        ] {
            assert_eq!(labels(html), ["A", "B"], "{html}");
        }
    }

    #[test]
    fn tabs_within_a_panel_have_panels_of_their_own() {
        let inner = "<p role=tablist><b role=tab>C</b><b role=tab>D</b></p><div role=tabpanel>3</div><div role=tabpanel>4</div>";
        let html =
            format!("<p role=tablist><b role=tab>A</b><b role=tab>B</b></p><div role=tabpanel>{inner}</div><div role=tabpanel>2</div>");
        assert_eq!(labels(&html), ["A", "C", "D", "B"]);
    }

    #[test]
    fn labels_without_panels_stay_where_they_are() {
        let dom = Dom::parse("<ul role=tablist><li role=tab>A<li role=tab>B</ul><div role=tabpanel>1</div>");
        let tabs = Tabs::of(&dom);
        assert!(dom.descendants(dom.root()).all(|node| !tabs.is_told(node)));
    }
}
