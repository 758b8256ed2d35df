//! Matches URIs with the patterns of resource templates. Pure, and linear in the length of the URI whatever it is.

use std::collections::BTreeMap;

/// A pattern in pieces: text and variables in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UriTemplate {
    /// What stands before the first variable.
    start: String,
    variables: Vec<Variable>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Variable {
    name: String,
    /// `{+name}`: may contain `/`, `?` and `#`.
    is_reserved: bool,
    /// What stands between this variable and the next, or behind the last.
    then: String,
}

impl UriTemplate {
    /// `None` for what is not supported: other operators than `+`, lists of variables, modifiers, a variable directly behind
    /// another, a name twice, a brace too many or too few, no variable at all.
    pub(crate) fn parse(pattern: &str) -> Option<UriTemplate> {
        let mut pieces = pattern.split('{');
        let start = pieces.next()?.to_owned();
        let mut variables: Vec<Variable> = Vec::new();
        for piece in pieces {
            let (expression, then) = piece.split_once('}')?;
            let is_reserved = expression.starts_with('+');
            let name = expression.strip_prefix('+').unwrap_or(expression);
            let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte));
            let is_joined = variables.last().is_some_and(|last| last.then.is_empty());
            if !is_name || is_joined || variables.iter().any(|variable| variable.name == name) {
                return None;
            }
            variables.push(Variable { name: name.to_owned(), is_reserved, then: then.to_owned() });
        }
        let has_stray_brace = start.contains('}') || variables.iter().any(|variable| variable.then.contains('}'));
        (!has_stray_brace && !variables.is_empty()).then_some(UriTemplate { start, variables })
    }

    /// What the variables stand for in `uri`, percent-decoded. No variable is empty; a variable ends where the text behind it first
    /// comes, and the last one where that text ends the URI. `{+name}` may hold escapes of its own (RFC 6570 3.2.3), which stay where
    /// they are no UTF-8.
    pub(crate) fn variables_of(&self, uri: &str) -> Option<BTreeMap<String, String>> {
        let mut rest = uri.strip_prefix(self.start.as_str())?;
        let mut found = BTreeMap::new();
        for (index, variable) in self.variables.iter().enumerate() {
            let is_last = index + 1 == self.variables.len();
            let (value, behind) =
                if is_last { (rest.strip_suffix(variable.then.as_str())?, "") } else { rest.split_once(variable.then.as_str())? };
            if value.is_empty() || (!variable.is_reserved && value.contains(['/', '?', '#'])) {
                return None;
            }
            let decoded = decoded(value).or_else(|| variable.is_reserved.then(|| value.to_owned()))?;
            found.insert(variable.name.clone(), decoded);
            rest = behind;
        }
        Some(found)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.variables.iter().any(|variable| variable.name == name)
    }
}

/// `None` if the decoded bytes are no UTF-8. A percent sign that begins no escape stands for itself.
fn decoded(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = bytes.get(at + 1..at + 3).filter(|_| byte == b'%').and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
            u8::from_str_radix(digits, 16).ok()
        });
        out.push(escaped.unwrap_or(byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn variables(pattern: &str, uri: &str) -> Option<Vec<(String, String)>> {
        Some(UriTemplate::parse(pattern).unwrap().variables_of(uri)?.into_iter().collect())
    }

    fn pairs(expected: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
        Some(expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn variables_are_found_and_decoded() {
        assert_eq!(variables("test://{id}/data", "test://1%202/data"), pairs(&[("id", "1 2")]));
        assert_eq!(variables("docs://{source}/{+path}", "docs://a.b/c/d?e#f"), pairs(&[("path", "c/d?e#f"), ("source", "a.b")]));
        assert_eq!(variables("f:///{+path}/raw", "f:///a/raw/b/raw"), pairs(&[("path", "a/raw/b")]));
        assert_eq!(variables("x:{a}", "x:100%"), pairs(&[("a", "100%")]));
        assert_eq!(variables("x:{a}", "x:%+1"), pairs(&[("a", "%+1")]));
        assert_eq!(variables("x:{+a}", "x:%20/%E9"), pairs(&[("a", "%20/%E9")]), "a page in Latin-1 is one, too");
    }

    #[test]
    fn other_uris_do_not_match() {
        for (pattern, uri) in [
            ("test://{id}/data", "test:///data"),
            ("test://{id}/data", "test://1/2/data"),
            ("test://{id}/data", "test://1/data/"),
            ("test://{id}/data", "tset://1/data"),
            ("x:{a}", "x:%ff"),
            ("x:{a}", "x:"),
        ] {
            assert_eq!(variables(pattern, uri), None, "{pattern} {uri}");
        }
    }

    #[test]
    fn patterns_beyond_the_supported_ones_are_refused() {
        for pattern in ["x:", "x:{}", "x:{a}{b}", "x:{?q}", "x:{a,b}", "x:{a", "x:a}", "x:{a}/{a}", "x:{a:3}", "x:{{a}}", "x:{a}}"] {
            assert_eq!(UriTemplate::parse(pattern), None, "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn what_was_filled_in_is_found_again(a in "[a-z0-9]{1,8}", b in "[a-z0-9/]{1,8}", noise in ".{0,40}") {
            let template = UriTemplate::parse("s://{a}/{+b}.md").unwrap();
            let found = template.variables_of(&format!("s://{a}/{b}.md")).unwrap();
            prop_assert_eq!(&found["a"], &a);
            prop_assert_eq!(&found["b"], &b);
            // Any text is judged without a panic.
            let _ = UriTemplate::parse(&noise);
            let _ = template.variables_of(&noise);
        }
    }
}
