//! What an element's own style keeps from the eye: no box, no size, no colour of its own, a place beside the screen. Knows the
//! declarations of one `style` attribute and those around it; no style sheet is read.

use crate::extract::dom::{Dom, NodeId};

/// Whether a style says that nobody sees the element. Something may be there to show it: that is judged elsewhere.
pub(super) fn is_concealed(dom: &Dom, node: NodeId) -> bool {
    let Some(style) = dom.attribute(node, "style") else { return false };
    let style = Style::of(style);
    style.has_no_box()
        || style.is_transparent() && !is_animated(dom, node, &style)
        || style.has_no_size() && !restyles(dom, node)
        || style.is_clipped()
        || style.is_off_screen() && !is_pictured_word(dom, node, &style)
        || style.get("color").is_some() && has_no_colour(dom, node, &style)
}

/// Declarations of one attribute, lower-case and without blanks; the last of a name counts.
struct Style(Vec<(String, String)>);

impl Style {
    fn of(style: &str) -> Self {
        let style = without_comments(style);
        let declarations = style.split(';').take(MOST_DECLARATIONS).filter_map(|declaration| {
            let (name, value) = declaration.split_once(':')?;
            let value = plain(value);
            Some((plain(name), value.trim_end_matches("!important").to_owned()))
        });
        Self(declarations.collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn is(&self, name: &str, values: &[&str]) -> bool {
        self.get(name).is_some_and(|value| values.contains(&value))
    }

    /// In pixels, about; none of what depends on what is around.
    fn length(&self, name: &str) -> Option<f32> {
        let value = self.get(name)?;
        let end = value.find(|c: char| !matches!(c, '0'..='9' | '.' | '-' | '+')).unwrap_or(value.len());
        let number: f32 = value[..end].parse().ok()?;
        match &value[end..] {
            "" | "px" | "pt" => Some(number),
            "em" | "rem" | "ch" | "vw" | "vh" => Some(number * 16.0),
            "%" if number <= 0.0 => Some(number * 10.0),
            _ => None,
        }
    }

    fn has_no_box(&self) -> bool {
        self.is("display", &["none"]) || self.is("visibility", &["hidden", "collapse"]) || self.is("content-visibility", &["hidden"])
    }

    fn is_transparent(&self) -> bool {
        self.get("opacity").and_then(|opacity| opacity.trim_end_matches('%').parse::<f32>().ok()).is_some_and(|opacity| opacity <= 0.02)
    }

    fn has_no_size(&self) -> bool {
        let small = |name| self.length(name).is_some_and(|length| (0.0..=1.0).contains(&length));
        small("font-size")
            || self.get("font").is_some_and(|font| font.starts_with("0px") || font.starts_with("0/"))
            || self.is("zoom", &["0"])
    }

    /// A box that holds more than it shows: nothing of it is shown.
    fn is_clipped(&self) -> bool {
        let small = |name| self.length(name).is_some_and(|length| (0.0..=1.0).contains(&length));
        let hides = ["overflow", "overflow-x", "overflow-y"].iter().any(|name| self.is(name, &["hidden", "clip"]));
        hides && ["height", "max-height", "width", "max-width"].iter().any(|name| small(*name))
            || self.get("clip").is_some_and(|clip| {
                clip.strip_prefix("rect(")
                    .is_some_and(|edges| edges.trim_end_matches(')').split(',').all(|edge| edge.starts_with(['0', '1'])))
                    || clip.starts_with("rect(0000")
                    || clip.starts_with("rect(0px0px0px0px")
                    || clip.starts_with("rect(1px1px1px1px")
            })
            || self
                .get("clip-path")
                .is_some_and(|path| matches!(path, "inset(50%)" | "inset(100%)" | "circle(0)" | "circle(0px)" | "polygon(00,00,00,00)"))
            || self.get("transform").is_some_and(|transform| matches!(transform, "scale(0)" | "scale(0,0)" | "scalex(0)" | "scaley(0)"))
    }

    fn is_off_screen(&self) -> bool {
        let far = |name| self.length(name).is_some_and(|length| length <= -OFF_SCREEN);
        let placed = self.is("position", &["absolute", "fixed"]) && ["left", "top", "right", "bottom"].iter().any(|name| far(*name));
        placed
            || ["text-indent", "margin-left", "margin-top", "margin-right"].iter().any(|name| far(*name))
            || self.get("transform").is_some_and(|transform| {
                ["translate(-", "translatex(-", "translatey(-"].iter().any(|name| {
                    let number = transform.strip_prefix(name).map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
                    number.and_then(|number| number.parse::<f32>().ok()).is_some_and(|length| length >= OFF_SCREEN)
                })
            })
    }
}

/// Whether scripts would fade it in: it is on its way to be seen.
fn is_animated(dom: &Dom, node: NodeId, style: &Style) -> bool {
    let moves = ["transform", "transition", "animation", "animation-name", "will-change", "filter"];
    let classes = dom.attribute(node, "class").unwrap_or_default().to_ascii_lowercase();
    let named = ["anim", "fade", "reveal", "show", "motion", "aos", "lazy", "slide", "appear"].iter().any(|name| classes.contains(name));
    moves.iter().any(|name| style.get(name).is_some())
        || named
        || ["data-aos", "data-w-id", "data-framer-name", "data-animate", "data-scroll"]
            .iter()
            .any(|name| dom.attribute(node, name).is_some())
}

/// Whether a picture or a colour stands in place of the words, as a swatch does for the name of its colour.
fn is_pictured_word(dom: &Dom, node: NodeId, style: &Style) -> bool {
    let words = dom.descendants(node).take(PARTS).filter_map(|below| dom.text(below)).flat_map(str::split_ascii_whitespace).take(5).count();
    let is_pictured = style.0.iter().any(|(name, _)| name.starts_with("background"));
    is_pictured && words <= 4 && style.get("text-indent").is_some()
}

/// Whether something within may have a size of its own: blanks between columns were once taken away so.
fn restyles(dom: &Dom, node: NodeId) -> bool {
    let mut below = dom.descendants(node).skip(1).take(PARTS);
    below.any(|below| ["style", "class", "id"].iter().any(|name| dom.attribute(below, name).is_some()) || dom.is(below, "img"))
}

/// Whether the text has the colour of what it stands on.
fn has_no_colour(dom: &Dom, node: NodeId, style: &Style) -> bool {
    // A picture behind it, or within its letters, has other colours.
    let is_pictured = |style: &Style| {
        style.0.iter().any(|(name, value)| {
            name.starts_with("background") && (value.contains("url(") || value.contains("gradient")) || name.contains("clip")
        })
    };
    if is_pictured(style) || style.get("text-shadow").is_some() {
        return false;
    }
    let Some(colour) = style.get("color").and_then(Colour::of) else { return false };
    if colour.alpha < 0.05 {
        return true;
    }
    if let Some(ground) = ground(style, None) {
        return ground.is_like(colour);
    }
    if is_unknown_ground(style, None) {
        return false;
    }
    // Classes may give it another ground; what says nothing of one is white.
    for around in dom.ancestors(node) {
        let own = dom.attribute(around, "style").map(Style::of);
        if own.as_ref().is_some_and(is_pictured) {
            return false;
        }
        let bare = Style(Vec::new());
        if let Some(ground) = ground(own.as_ref().unwrap_or(&bare), dom.attribute(around, "bgcolor")) {
            return ground.is_like(colour);
        }
        if is_unknown_ground(own.as_ref().unwrap_or(&bare), dom.attribute(around, "bgcolor")) {
            return false;
        }
        if dom.attribute(around, "class").is_some() || dom.attribute(around, "id").is_some() {
            return false;
        }
    }
    let classless = dom.attribute(node, "class").is_none() && dom.attribute(node, "id").is_none();
    classless && colour.is_like(WHITE) && !has_style_sheet(dom)
}

fn ground(style: &Style, bgcolor: Option<&str>) -> Option<Colour> {
    let declared = style.get("background-color").or_else(|| style.get("background"));
    declared.and_then(Colour::of).or_else(|| bgcolor.map(plain).as_deref().and_then(Colour::of)).filter(|colour| colour.alpha > 0.5)
}

/// Whether a ground is named that cannot be told here: a variable, a name that is not known.
fn is_unknown_ground(style: &Style, bgcolor: Option<&str>) -> bool {
    let declared = style.get("background-color").or_else(|| style.get("background")).map(str::to_owned);
    declared.or_else(|| bgcolor.map(plain)).is_some_and(|ground| {
        !ground.is_empty() && Colour::of(&ground).is_none() && !matches!(&*ground, "inherit" | "none" | "initial" | "unset" | "revert")
    })
}

/// Looked for in the head alone, and in its first elements: no further for each.
fn has_style_sheet(dom: &Dom) -> bool {
    let mut first = dom.descendants(dom.root()).take(4 * PARTS);
    first.any(|node| {
        dom.is(node, "style")
            || dom.is(node, "link") && dom.attribute(node, "rel").is_some_and(|rel| rel.to_ascii_lowercase().contains("stylesheet"))
    })
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Colour {
    red: u8,
    green: u8,
    blue: u8,
    alpha: f32,
}

const WHITE: Colour = Colour { red: 255, green: 255, blue: 255, alpha: 1.0 };

impl Colour {
    /// As a style has it, lower-case and without blanks; names of the most common ones only.
    fn of(text: &str) -> Option<Self> {
        let opaque = |red, green, blue| Some(Self { red, green, blue, alpha: 1.0 });
        match text {
            "white" => return Some(WHITE),
            "black" => return opaque(0, 0, 0),
            "red" => return opaque(255, 0, 0),
            "green" => return opaque(0, 128, 0),
            "blue" => return opaque(0, 0, 255),
            "yellow" => return opaque(255, 255, 0),
            "gray" | "grey" => return opaque(128, 128, 128),
            "silver" => return opaque(192, 192, 192),
            "whitesmoke" => return opaque(245, 245, 245),
            "snow" | "ghostwhite" | "ivory" | "floralwhite" => return opaque(252, 252, 250),
            "transparent" => return Some(Self { alpha: 0.0, ..WHITE }),
            _ => {}
        }
        if let Some(digits) = text.strip_prefix('#') {
            let digit = |at: usize| {
                digits.as_bytes().get(at).and_then(|byte| char::from(*byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok())
            };
            let two = |at: usize| Some(digit(at)? * 16 + digit(at + 1)?);
            let one = |at: usize| Some(digit(at)? * 17);
            return match digits.len() {
                3 | 4 => {
                    Some(Self { red: one(0)?, green: one(1)?, blue: one(2)?, alpha: one(3).map_or(1.0, |alpha| f32::from(alpha) / 255.0) })
                }
                6 | 8 => {
                    Some(Self { red: two(0)?, green: two(2)?, blue: two(4)?, alpha: two(6).map_or(1.0, |alpha| f32::from(alpha) / 255.0) })
                }
                _ => None,
            };
        }
        let inner = text.strip_prefix("rgba(").or_else(|| text.strip_prefix("rgb(")).and_then(|rest| rest.strip_suffix(')'))?;
        let mut parts = inner.split([',', '/']);
        let mut part = || parts.next()?.parse::<f32>().ok();
        let (red, green, blue) = (part()?, part()?, part()?);
        Some(Self { red: red as u8, green: green as u8, blue: blue as u8, alpha: part().unwrap_or(1.0) })
    }

    fn is_like(self, other: Self) -> bool {
        let apart = |one: u8, other: u8| u32::from(one.abs_diff(other));
        apart(self.red, other.red) + apart(self.green, other.green) + apart(self.blue, other.blue) <= SAME_COLOUR
    }
}

/// Lower-case, without blanks, and with escapes of CSS undone (`\6e` and `\n`).
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => {
                let mut code = 0;
                let mut digits = 0;
                while digits < 6
                    && let Some(digit) = rest.peek().and_then(|c| c.to_digit(16))
                {
                    code = code * 16 + digit;
                    digits += 1;
                    rest.next();
                }
                match digits {
                    0 => out.extend(rest.next()),
                    _ => {
                        rest.next_if(|c| c.is_ascii_whitespace());
                        out.extend(char::from_u32(code));
                    }
                }
            }
            c if c.is_whitespace() => {}
            c => out.push(c.to_ascii_lowercase()),
        }
    }
    out
}

fn without_comments(style: &str) -> String {
    let mut out = String::with_capacity(style.len());
    let mut rest = style;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    out
}

const MOST_DECLARATIONS: usize = 60;
/// In nodes: as far as a concealed element is looked into.
const PARTS: usize = 40;
/// In pixels.
const OFF_SCREEN: f32 = 500.0;
/// In steps of the three colours together.
const SAME_COLOUR: u32 = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn concealed(html: &str) -> bool {
        let dom = Dom::parse(html);
        let node = dom.descendants(dom.root()).find(|node| dom.attribute(*node, "x").is_some()).unwrap();
        is_concealed(&dom, node)
    }

    #[test]
    fn styles_that_hide_are_known() {
        for style in [
            "display:none",
            "DISPLAY : None !important",
            "display:/**/none",
            "display:n\\6fne",
            "visibility: hidden",
            "opacity:0",
            "opacity: 0.0",
            "font-size:0",
            "font-size:1px",
            "height:0;overflow:hidden",
            "width:1px;height:1px;overflow:hidden",
            "position:absolute;clip:rect(0,0,0,0)",
            "position:absolute;clip:rect(1px, 1px, 1px, 1px)",
            "clip-path:inset(50%)",
            "transform: scale(0)",
            "position:absolute;left:-9999px",
            "position:fixed; top:-100vh",
            "text-indent:-9999px",
            "text-indent:-100em",
            "transform:translateX(-9999px)",
            "color:#fff;background:#FFFFFF",
            "color:white;background-color:rgb(255, 255, 255)",
            "color:#fefefe;background:white",
            "color:transparent",
            "color:rgba(0,0,0,0)",
            "color:white",
        ] {
            assert!(concealed(&format!("<p x style='{style}'>a</p>")), "{style}");
        }
        assert!(concealed("<body style='background:black'><p x style='color:#000'>a"));
        assert!(concealed("<table bgcolor='#112233'><tr><td x style='color:#123'>a"));
    }

    #[test]
    fn styles_that_show_are_not_taken_for_others() {
        for style in [
            "display:block",
            "opacity:.9",
            "opacity:0;transform:translateY(20px)",
            "font-size:10px",
            "text-indent:-9999px;width:32px;background-color:#e0baa3",
            "height:0",
            "overflow:hidden;height:100px",
            "left:-9999px",
            "text-indent:-2em",
            "margin-left:-15px",
            "color:white;background:#222",
            "color:white;background:url(x.png)",
            "color:transparent;-webkit-background-clip:text",
            "color:#333",
            "color:inherit",
            "color:var(--x)",
            "background:white",
        ] {
            assert!(!concealed(&format!("<p x style='{style}'>a</p>")), "{style}");
        }
        assert!(!concealed("<link rel=stylesheet href=x><p x style='color:white'>a"));
        assert!(!concealed("<div class=dark><p x style='color:white'>a"));
        assert!(!concealed("<div style='background:#000'><p x style='color:white'>a"));
        assert!(!concealed("<div x style='font-size:0'><div class=column>a"));
    }
}
