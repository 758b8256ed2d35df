//! Reads data from the text of a script: JSON, object literals, and calls whose arguments are such. Runs nothing: what is no data is
//! passed over by its brackets and stands for nothing. One pass, and deep nesting ends it.

mod called;

use std::collections::HashMap;

use crate::extract::shipped::data::Data;
use crate::model::Meter;

pub(super) use called::called;

use called::Known;

/// The value that a text begins with; what a broken one has before it breaks.
pub(super) fn value(source: &str, meter: &Meter) -> Data {
    Literal::new(source, meter).value(0)
}

/// The value that a text begins with, and what of the text is more than is read of one.
pub(super) fn begun<'a>(source: &'a str, meter: &'a Meter) -> (Data, &'a str) {
    let mut literal = Literal::new(source, meter);
    let data = literal.value(0);
    (data, literal.unread)
}

struct Literal<'a> {
    source: &'a str,
    at: usize,
    known: HashMap<String, Known>,
    /// How much of what names stand for may be written out, in values and bytes.
    spare: usize,
    /// Values that are still read.
    left: usize,
    /// What is behind them.
    unread: &'a str,
    meter: &'a Meter,
}

impl<'a> Literal<'a> {
    fn new(source: &'a str, meter: &'a Meter) -> Self {
        Self { source, at: 0, known: HashMap::new(), spare: 2 * source.len(), left: MOST, unread: "", meter }
    }

    fn value(&mut self, depth: usize) -> Data {
        let first = self.one(depth);
        self.blanks();
        // Long texts are put together of parts.
        let Data::Text(mut text) = first else { return first };
        while self.peek() == Some(b'+') && self.meter.goes_on() {
            self.at += 1;
            match self.one(depth) {
                Data::Text(more) => text.push_str(&more),
                _ => break,
            }
            self.blanks();
        }
        Data::Text(text)
    }

    fn one(&mut self, depth: usize) -> Data {
        self.blanks();
        self.left = self.left.saturating_sub(1);
        if self.left == 0 || !self.meter.goes_on() {
            if self.unread.is_empty() {
                self.unread = &self.source[self.at..];
            }
            self.at = self.source.len();
            return Data::Nothing;
        }
        match self.peek() {
            Some(b'{' | b'[' | b'(') if depth >= DEEPEST => {
                self.pass_over();
                Data::Nothing
            }
            Some(b'{') => {
                self.at += 1;
                self.map(depth + 1)
            }
            Some(b'[') => {
                self.at += 1;
                Data::List(self.list(b']', depth + 1))
            }
            Some(b'(') => {
                self.at += 1;
                self.list(b')', depth + 1).pop().unwrap_or_default()
            }
            Some(quote @ (b'"' | b'\'' | b'`')) => {
                self.at += 1;
                Data::Text(self.text(quote))
            }
            Some(b'0'..=b'9' | b'-' | b'.') => self.number(),
            // How minifiers write true and false.
            Some(b'!') if depth < DEEPEST => {
                self.at += 1;
                match self.one(depth + 1) {
                    Data::Number(number) => Data::Flag(number == 0.0),
                    _ => Data::Nothing,
                }
            }
            Some(byte) if is_of_name(byte) => self.named(depth),
            // No comment, as those are passed: a pattern, which may hold a quote.
            Some(b'/') => {
                self.pass_over_pattern();
                Data::Nothing
            }
            _ => Data::Nothing,
        }
    }

    fn map(&mut self, depth: usize) -> Data {
        let mut fields = Vec::new();
        loop {
            self.blanks();
            let key = match self.peek() {
                None => break,
                Some(b'}') => {
                    self.at += 1;
                    break;
                }
                Some(b',') => {
                    self.at += 1;
                    continue;
                }
                Some(quote @ (b'"' | b'\'')) => {
                    self.at += 1;
                    self.text(quote)
                }
                Some(b'0'..=b'9') => {
                    let from = self.at;
                    self.number();
                    self.source[from..self.at].to_owned()
                }
                Some(byte) if is_of_name(byte) => self.name().to_owned(),
                // A bracket of what is around it ends this one, too.
                Some(_) if !self.end_item(b'}') => break,
                Some(_) => continue,
            };
            self.blanks();
            match self.peek() {
                Some(b':') => {
                    self.at += 1;
                    let value = self.value(depth);
                    fields.push((key, value));
                }
                // `{a}` is `{a: a}`.
                Some(b',' | b'}') => {
                    let value = self.known_as(&key, depth);
                    fields.push((key, value));
                }
                _ => {}
            }
            if !self.end_item(b'}') {
                break;
            }
        }
        Data::Map(fields)
    }

    /// Up to the bracket that ends it.
    fn list(&mut self, end: u8, depth: usize) -> Vec<Data> {
        let mut items = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                None => break,
                Some(byte) if byte == end => {
                    self.at += 1;
                    break;
                }
                Some(b',') => self.at += 1,
                Some(_) => {
                    let value = self.value(depth);
                    items.push(value);
                    if !self.end_item(end) {
                        break;
                    }
                }
            }
        }
        items
    }

    /// Past whatever else an item has that is no data, and whether there may be more behind it.
    fn end_item(&mut self, end: u8) -> bool {
        loop {
            self.blanks();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    return true;
                }
                Some(byte) if byte == end => return true,
                Some(b'{' | b'[' | b'(') => self.pass_over(),
                Some(quote @ (b'"' | b'\'' | b'`')) => {
                    self.at += 1;
                    self.text(quote);
                }
                Some(b'/') if self.is_pattern() => self.pass_over_pattern(),
                // A bracket of what is around it: this one was never closed.
                Some(b'}' | b']' | b')') | None => return false,
                Some(_) => self.step(),
            }
        }
    }

    fn named(&mut self, depth: usize) -> Data {
        let mut name = self.name();
        let whole = name;
        match name {
            "true" | "false" => return Data::Flag(name == "true"),
            "null" | "undefined" | "NaN" | "Infinity" => return Data::Nothing,
            "void" if depth < DEEPEST => {
                self.one(depth + 1);
                return Data::Nothing;
            }
            "new" => {
                self.blanks();
                name = self.name();
            }
            "function" | "async" | "class" => {
                self.pass_over_function();
                return Data::Nothing;
            }
            _ => {}
        }
        let mut is_member = false;
        loop {
            self.blanks();
            match self.peek() {
                Some(b'.') => {
                    self.at += 1;
                    name = self.name();
                    is_member = true;
                }
                // `(0, runtime.jsx)(…)` has its name in brackets, which were read as a list.
                Some(b'(') if depth < DEEPEST => {
                    self.at += 1;
                    let mut arguments = self.list(b')', depth + 1);
                    return match (name, arguments.first()) {
                        ("parse", Some(Data::Text(json))) => value(json, self.meter),
                        ("freeze" | "markRaw" | "reactive" | "ref" | "Date", Some(_)) => arguments.swap_remove(0),
                        _ => Data::Call(name.to_owned(), arguments),
                    };
                }
                Some(b'=') if self.source[self.at..].starts_with("=>") => {
                    self.at += 2;
                    self.pass_over_function();
                    return Data::Nothing;
                }
                _ => break,
            }
        }
        match (is_member, self.known_as(whole, depth)) {
            (false, Data::Nothing) if !self.known.contains_key(whole) => Data::Name(name.to_owned()),
            (false, known) => known,
            (true, _) => Data::Name(name.to_owned()),
        }
    }

    /// Past a function, from behind the word for it.
    fn pass_over_function(&mut self) {
        loop {
            self.blanks();
            match self.peek() {
                Some(b'(') => self.pass_over(),
                Some(b'{') => return self.pass_over(),
                Some(quote @ (b'"' | b'\'' | b'`')) => {
                    self.pass_over_text(quote);
                    self.step();
                }
                Some(b'/') if self.is_pattern() => self.pass_over_pattern(),
                Some(b',' | b';' | b'}' | b']' | b')') | None => return,
                Some(_) => self.step(),
            }
        }
    }

    fn parameters(&mut self) -> Option<Vec<String>> {
        if !self.skip(b'(') {
            return None;
        }
        let names = self.list(b')', 0);
        Some(names.into_iter().map(|name| if let Data::Name(name) = name { name } else { String::new() }).collect())
    }

    /// Past a bracket and what it holds; texts within it may hold brackets.
    fn pass_over(&mut self) {
        let mut open = 0usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'{' | b'[' | b'(' => open += 1,
                b'}' | b']' | b')' => open = open.saturating_sub(1),
                b'"' | b'\'' | b'`' => self.pass_over_text(byte),
                b'/' if self.is_comment() => {
                    self.blanks();
                    continue;
                }
                b'/' if self.is_pattern() => {
                    self.pass_over_pattern();
                    if open == 0 {
                        return;
                    }
                    continue;
                }
                _ => {}
            }
            self.step();
            if open == 0 || !self.meter.goes_on() {
                return;
            }
        }
    }

    /// To the quote that ends a text.
    fn pass_over_text(&mut self, quote: u8) {
        let bytes = self.source.as_bytes();
        self.at += 1;
        while let Some(byte) = bytes.get(self.at).filter(|byte| **byte != quote) {
            self.at += if *byte == b'\\' { 2 } else { 1 };
        }
        self.at = self.at.min(bytes.len());
    }

    /// From behind the quote that begins it.
    fn text(&mut self, quote: u8) -> String {
        let mut text = String::new();
        let bytes = self.source.as_bytes();
        loop {
            let plain = bytes[self.at..].iter().position(|byte| *byte == quote || *byte == b'\\').unwrap_or(bytes.len() - self.at);
            text.push_str(self.source.get(self.at..self.at + plain).unwrap_or_default());
            self.at += plain;
            match bytes.get(self.at) {
                Some(b'\\') => self.escape(&mut text),
                Some(_) => {
                    self.at += 1;
                    return text;
                }
                None => return text,
            }
        }
    }

    fn escape(&mut self, text: &mut String) {
        self.at += 1;
        let Some(escaped) = self.source[self.at..].chars().next() else { return };
        self.at += escaped.len_utf8();
        match escaped {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            'b' | 'f' | 'v' | '0' => {}
            '\n' => {}
            'x' => text.extend(self.digits(2).and_then(char::from_u32)),
            'u' => {
                let Some(unit) = self.unit() else { return };
                if !(0xd800..0xdc00).contains(&unit) {
                    return text.extend(char::from_u32(unit));
                }
                if !self.source[self.at..].starts_with("\\u") {
                    return;
                }
                self.at += 2;
                let low = self.unit().unwrap_or(0);
                text.extend(char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low.wrapping_sub(0xdc00) & 0x3ff)));
            }
            other => text.push(other),
        }
    }

    fn unit(&mut self) -> Option<u32> {
        if !self.skip(b'{') {
            return self.digits(4);
        }
        let length = self.source[self.at..].bytes().take(7).position(|byte| byte == b'}')?;
        let unit = self.digits(length);
        self.skip(b'}');
        unit
    }

    fn digits(&mut self, count: usize) -> Option<u32> {
        let number = u32::from_str_radix(self.source.get(self.at..self.at + count)?, 16).ok()?;
        self.at += count;
        Some(number)
    }

    fn number(&mut self) -> Data {
        let from = self.at;
        self.at += 1;
        let is_of_number = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
        self.at += self.source.as_bytes()[self.at..].iter().take_while(|byte| is_of_number(byte)).count();
        self.source[from..self.at].parse().map_or(Data::Nothing, Data::Number)
    }

    fn name(&mut self) -> &'a str {
        let rest = &self.source[self.at..];
        let length = rest.bytes().take_while(|byte| is_of_name(*byte) || byte.is_ascii_digit()).count();
        self.at += length;
        &rest[..length]
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.source[self.at..].starts_with(word);
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn skip(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    /// Not past the end, where a text that is never closed has led already.
    fn step(&mut self) {
        self.at = self.source.ceil_char_boundary(self.at + 1);
    }

    fn is_comment(&self) -> bool {
        let rest = &self.source.as_bytes()[self.at..];
        rest.starts_with(b"/*") || rest.starts_with(b"//")
    }

    /// Whether a stroke begins a pattern: behind a value it divides.
    fn is_pattern(&self) -> bool {
        let before = self.source[..self.at].trim_end();
        let Some(last) = before.bytes().next_back() else { return true };
        if is_of_name(last) || last.is_ascii_digit() {
            let end = &before[before.ceil_char_boundary(before.len().saturating_sub(LONGEST_WORD))..];
            return end.rsplit(|c: char| !c.is_alphanumeric()).next().is_some_and(|word| BEFORE_VALUES.contains(&word));
        }
        !matches!(last, b')' | b']' | b'}' | b'"' | b'\'' | b'`' | b'.') && !before.ends_with("++") && !before.ends_with("--")
    }

    /// Past a pattern, which ends on its line; a stroke in a class of characters does not end it.
    fn pass_over_pattern(&mut self) {
        let (bytes, mut in_class) = (self.source.as_bytes(), false);
        self.at += 1;
        while let Some(byte) = bytes.get(self.at).filter(|byte| **byte != b'\n') {
            self.at += if *byte == b'\\' { 2 } else { 1 };
            match byte {
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => break,
                _ => {}
            }
        }
        self.at = self.source.ceil_char_boundary(self.at.min(bytes.len()));
    }

    /// Past blanks and comments.
    fn blanks(&mut self) {
        loop {
            let rest = &self.source[self.at..];
            self.at += rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').len();
            if !self.is_comment() {
                return;
            }
            let rest = &self.source[self.at..];
            let end = if rest.starts_with("/*") { rest.find("*/").map(|end| end + 2) } else { rest.find('\n') };
            self.at += end.unwrap_or(rest.len());
        }
    }
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

/// Words behind which a value begins, and the bytes in which one is looked for.
const BEFORE_VALUES: [&str; 9] = ["return", "typeof", "case", "in", "of", "void", "delete", "throw", "else"];
const LONGEST_WORD: usize = 12;
/// Levels of brackets that are read: no text of a site is deeper, and what is, is passed over.
const DEEPEST: usize = 100;
/// Values of one script: they take a hundred times the memory of their text.
const MOST: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Budget;

    fn read(source: &str) -> Data {
        value(source, &Budget::default().begin())
    }

    fn text(text: &str) -> Data {
        Data::Text(text.to_owned())
    }

    #[test]
    fn json_and_literals_are_read_in_their_order() {
        let map = |fields: &[(&str, Data)]| Data::Map(fields.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect());
        let expected = map(&[("b", Data::List(vec![Data::Number(1.0), Data::Flag(true), Data::Nothing])), ("a", text("x\n\u{1f600}é"))]);
        assert_eq!(read(r#" {"b": [1, true, null], "a": "x\n\ud83d\ude00\u00e9"} "#), expected);
        assert_eq!(read("{b:[1,!0,void 0,],/* c */'a':`x\n\u{1f600}`+\"\\xe9\",} // d"), expected);
        assert_eq!(read("JSON.parse('{\"a\":\"it\\'s\"}')"), map(&[("a", text("it's"))]));
        assert_eq!(read("{a:function(x){return {b:1}},c:(x)=>x+1,d:2}").field("d"), Some(&Data::Number(2.0)));
        assert_eq!(read("{a:x=>\"b,c\",d:2}").field("d"), Some(&Data::Number(2.0)));
        assert_eq!(
            read("_jsx(_components.p,{children:\"x\"})"),
            Data::Call("_jsx".into(), vec![Data::Name("p".into()), map(&[("children", text("x"))])])
        );
    }

    #[test]
    fn patterns_with_quotes_are_passed_over_and_divisions_are_none() {
        for before in [
            "/\"/g",
            "/[/\"]/",
            "/\\/'/.test(x)",
            "function(s){return s.replace(/\"/g,'x').split(/[`']/)}",
            "s=>s.replace(/'/,1)",
            "(x)=>{if(1)return/`/}",
            "1/2",
            "x[0]/y/z",
            "(i++/2)",
            "f(a)/'b/'.length",
            "\"a\"/2",
            "/\"",
        ] {
            let source = format!("{{a:{before}\n,b:\"/x\"}}");
            assert_eq!(read(&source).text_of("b"), Some("/x"), "{source}");
        }
        for endless in ["/[", "=/", "(/\\", "return/"] {
            let _ = read(&format!("{{a:{}", endless.repeat(100_000)));
            let _ = read(&format!("{{a:function(){{{}", endless.repeat(100_000)));
        }
    }

    #[test]
    fn what_is_broken_or_deep_or_endless_ends() {
        assert_eq!(read("{\"a\":\"x\",\"b\":[\"y\"").text_of("a"), Some("x"));
        assert_eq!(read("{a:[}, b:1}").field("a"), Some(&Data::List(vec![Data::Nothing])));
        for odd in
            ["", "{", "[", "\"", "\"\\", "\\", "{\"a\"", "{a:", "\"\\u12", "((((", "}", "new", "function", "a=>", "`${x", "é", "{é:1"]
        {
            let _ = read(odd);
            let _ = called(odd, &Budget::default().begin());
        }
        let deep = "[".repeat(200_000);
        let _ = read(&deep);
        let _ = read(&"{\"a\":".repeat(200_000));
        let _ = read(&"f(".repeat(200_000));
        let _ = read(&"!".repeat(200_000));
        let _ = read(&"void ".repeat(200_000));
        for open in [
            "{]",
            "{)",
            "{a:1,]",
            "[{)]",
            "{a:function(){'it",
            "{a:(x)=>{`",
            "{a:b['",
            "[x(\"\\",
            "f({a:class{'é",
            "{a:function(){/*",
            "{a:function(){//",
        ] {
            let _ = read(open);
            let _ = called(&format!("(function(a){{{open}"), &Budget::default().begin());
        }
        for body in ["a.x=async;", "a.x=(x)=>;", "a[", "a[0]=;", ")", "a.x=1)", "];", "a.x={a.y={", "/[", "{}", "if(a){}"] {
            let _ = called(&format!("(function(a){{{}return a}}({{}}))", body.repeat(100_000)), &Budget::default().begin());
        }
    }
}
