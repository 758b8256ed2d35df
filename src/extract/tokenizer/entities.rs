//! Names that a page of XML gives to texts in its document type: `<!ENTITY product "Kettle">`. Browsers replace them in XHTML, DocBook's
//! pages have some. Knows no others: what HTML names is `references`.

use std::borrow::Cow;
use std::collections::HashMap;

use memchr::{memchr, memchr2};

/// How far the declarations in brackets go, with which `subset` begins.
pub(super) fn end_of_subset(subset: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(distance) = memchr(b']', &subset.as_bytes()[from..]) {
        from += distance + 1;
        let blanks = subset[from..].bytes().take_while(u8::is_ascii_whitespace).count();
        if subset.as_bytes().get(from + blanks) == Some(&b'>') {
            return Some(from + blanks);
        }
        from += blanks;
    }
    None
}

/// The page with what it has named in place of the names; what is marked as characters alone has none. As much as is told by
/// [`MOST_REPEATED`]: then names stay.
pub(super) fn replaced(page: &str) -> Cow<'_, str> {
    let named = named(page).unwrap_or_default();
    if named.is_empty() {
        return Cow::Borrowed(page);
    }
    let mut spare = MOST_REPEATED * page.len() + LEAST;
    let (mut text, mut rest) = (String::with_capacity(page.len()), page);
    while let Some(at) = memchr2(b'&', b'<', rest.as_bytes()) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let name = rest.bytes().skip(1).take(LONGEST_NAME + 1).position(|byte| byte == b';').map(|end| &rest[1..=end]);
        let value = name.filter(|_| rest.starts_with('&')).and_then(|name| Some((name, named.get(name)?)));
        match value.and_then(|(name, value)| Some((name, value, spare.checked_sub(value.len())?))) {
            Some((name, value, left)) => {
                text.push_str(value);
                spare = left;
                rest = &rest[name.len() + 2..];
            }
            None => {
                let length = if rest.starts_with(CHARACTERS) { rest.find("]]>").unwrap_or(rest.len()) } else { 1 };
                text.push_str(&rest[..length]);
                rest = &rest[length..];
            }
        }
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// What is declared, as text: no markup comes of it, and nothing is replaced within it.
fn named(page: &str) -> Option<HashMap<&str, String>> {
    let head = &page[..page.floor_char_boundary(HEAD)];
    let start = head.find("<!DOCTYPE").or_else(|| head.find("<!doctype"))?;
    let bracket = start + head[start..].find(['[', '>'])?;
    if !head[bracket..].starts_with('[') {
        return None;
    }
    let subset = &head[bracket..bracket + end_of_subset(&head[bracket..])?];
    let declared = subset.split("<!ENTITY").skip(1).take(MOST).filter_map(|declaration| {
        let (name, rest) = declaration.trim_start().split_once(char::is_whitespace)?;
        let rest = rest.trim_start();
        let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let value = rest[1..].split_once(quote)?.0;
        let is_name = name.len() <= LONGEST_NAME && name.starts_with(char::is_alphabetic);
        (is_name && value.len() <= LONGEST_VALUE).then(|| (name, value.replace('<', "&lt;").replace('"', "&quot;").replace('\'', "&#39;")))
    });
    Some(declared.collect())
}

/// In bytes: documents are named at their beginning, with what they say of themselves.
const HEAD: usize = 16_384;
const LONGEST_NAME: usize = 40;
/// In bytes: a short name that stands for a long text would make a page of any length.
const LONGEST_VALUE: usize = 100;
const MOST: usize = 64;
/// How many times as long as a page what stands for names may be, and so many bytes besides.
const MOST_REPEATED: usize = 3;
const LEAST: usize = 4096;
const CHARACTERS: &str = "<![CDATA[";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_names_is_replaced_as_text() {
        let page = |rest: &str| {
            format!("<?xml version='1.0'?><!DOCTYPE html [<!ENTITY prod \"Kettle\">\n<!ENTITY b '<b>&amp;'>\n] ><p>{rest}</p>")
        };
        let body = |page: String| replaced(&page).rsplit_once("<p>").unwrap().1.to_owned();
        assert_eq!(body(page("&prod; &b; &amp; &eacute; &other; & &prod")), "Kettle &lt;b>&amp; &amp; &eacute; &other; & &prod</p>");
        assert_eq!(body(page("<![CDATA[&prod; x]]>&prod;<b>&prod;")), "<![CDATA[&prod; x]]>Kettle<b>Kettle</p>");
        // No value is cut by what stands in a text.
        let quotes = "<!DOCTYPE html [<!ENTITY q '\"x'><!ENTITY s \"'\">]><p title=\"&q;\" lang='&s;'>";
        assert!(replaced(quotes).ends_with("<p title=\"&quot;x\" lang='&#39;'>"), "{}", replaced(quotes));
        let bomb = format!("<!DOCTYPE html [<!ENTITY a '{}'>]><p>{}", "<".repeat(LONGEST_VALUE), "&a;".repeat(100_000));
        assert!(replaced(&bomb).len() < (MOST_REPEATED + 1) * bomb.len() + LEAST && replaced(&bomb).ends_with("&a;"));
        // Nothing of the page is copied where nothing is named.
        for html in ["<!DOCTYPE html><p>&prod;</p>", "<p>[<!ENTITY prod 'x'>]>&prod;</p>", "<!DOCTYPE html [<!ENTITY prod 'x'> &prod;"] {
            assert!(matches!(replaced(html), Cow::Borrowed(_)), "{html}");
        }
    }
}
