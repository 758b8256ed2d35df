//! Reads data from the text of a script: JSON, object literals, and calls whose arguments are such. Runs nothing: what is no data is
//! passed over by its brackets and stands for nothing. One pass, and deep nesting ends it.

use std::collections::HashMap;

use crate::extract::shipped::data::Data;
use crate::model::Meter;

/// The value that a text begins with; what a broken one has before it breaks.
pub(super) fn value(source: &str, meter: &Meter) -> Data {
    Literal::new(source, meter).value(0)
}

/// The value of `window.__NUXT__=(function(a,b){return {…}}(1,"x"))`: that of what is returned, with the arguments in their places.
pub(super) fn called(source: &str, meter: &Meter) -> Data {
    let mut function = Literal::new(source, meter);
    function.blanks();
    function.skip(b'(');
    function.blanks();
    if !function.eat_word("function") {
        return Literal::new(source, meter).value(0);
    }
    function.blanks();
    function.name();
    function.blanks();
    let Some(names) = function.parameters() else { return Data::Nothing };
    function.blanks();
    let body = function.at;
    function.pass_over();
    let end = function.at;
    function.blanks();
    // `(function(){…})(…)` is the same.
    function.skip(b')');
    function.blanks();
    let arguments = if function.skip(b'(') { function.list(b')', 0) } else { Vec::new() };
    let known = names.into_iter().zip(arguments).collect();
    // Statements before it change what is returned in ways that only a program knows.
    let Some(start) = source.get(body..end).and_then(|body| body.rfind("return")) else { return Data::Nothing };
    Literal { known, ..Literal::new(source.get(body + start + "return".len()..end).unwrap_or_default(), meter) }.value(0)
}

struct Literal<'a> {
    source: &'a str,
    at: usize,
    /// What names stand for.
    known: HashMap<String, Data>,
    /// How much of that may be written out, in values and bytes.
    spare: usize,
    /// Values that are still read.
    left: usize,
    meter: &'a Meter,
}

impl<'a> Literal<'a> {
    fn new(source: &'a str, meter: &'a Meter) -> Self {
        Self { source, at: 0, known: HashMap::new(), spare: 2 * source.len(), left: MOST, meter }
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
                Some(_) => {
                    self.end_item(b'}');
                    continue;
                }
            };
            self.blanks();
            match self.peek() {
                Some(b':') => {
                    self.at += 1;
                    let value = self.value(depth);
                    fields.push((key, value));
                }
                // `{a}` is `{a: a}`.
                Some(b',' | b'}') => fields.push((key.clone(), self.known_as(&key))),
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
        match (is_member, self.known_as(whole)) {
            (false, Data::Nothing) if !self.known.contains_key(whole) => Data::Name(name.to_owned()),
            (false, known) => known,
            (true, _) => Data::Name(name.to_owned()),
        }
    }

    fn known_as(&mut self, name: &str) -> Data {
        let Some(known) = self.known.get(name) else { return Data::Nothing };
        // Only once or twice, all together, what the script has: a name may stand in it a thousand times.
        let Some(spare) = self.spare.checked_sub(size(known)) else { return Data::Nothing };
        self.spare = spare;
        known.clone()
    }

    /// Past a function, from behind the word for it.
    fn pass_over_function(&mut self) {
        loop {
            self.blanks();
            match self.peek() {
                Some(b'(') => self.pass_over(),
                Some(b'{') => return self.pass_over(),
                Some(b',' | b'}' | b']' | b')') | None => return,
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

    fn step(&mut self) {
        self.at += 1;
        while !self.source.is_char_boundary(self.at) {
            self.at += 1;
        }
    }

    fn is_comment(&self) -> bool {
        let rest = &self.source.as_bytes()[self.at..];
        rest.starts_with(b"/*") || rest.starts_with(b"//")
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

fn size(data: &Data) -> usize {
    1 + match data {
        Data::Text(text) => text.len(),
        _ => data.children().map(|(key, below)| key.len() + size(below)).sum(),
    }
}

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
        assert_eq!(
            read("_jsx(_components.p,{children:\"x\"})"),
            Data::Call("_jsx".into(), vec![Data::Name("p".into()), map(&[("children", text("x"))])])
        );
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
    }

    #[test]
    fn arguments_stand_in_their_places() {
        let nuxt = "(function(a,b,c){c.x=1;return {data:[{title:a,n:b,t:a}],c}}(\"Kettles\",2,{}))";
        let data = called(nuxt, &Budget::default().begin());
        let page = &data.field("data").unwrap().items()[0];
        assert_eq!(
            (page.text_of("title"), page.field("n"), page.text_of("t")),
            (Some("Kettles"), Some(&Data::Number(2.0)), Some("Kettles"))
        );
        let many = format!("(function(a){{return [{}]}}(\"{}\"))", "a,".repeat(5_000), "x".repeat(10_000));
        assert!(size(&called(&many, &Budget::default().begin())) < 4 * many.len(), "a name is not written out without end");
    }
}
