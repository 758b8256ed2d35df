//! Calls of a function that puts data together, as Nuxt writes the state of a page: arguments, and what is assigned to their fields. Runs
//! nothing.

use std::collections::HashMap;

use crate::extract::shipped::data::Data;
use crate::extract::shipped::literal::{DEEPEST, Literal, is_of_name};
use crate::model::Meter;

/// The value of `window.__NUXT__=(function(a,b){a.x=b;return {…}}({},"x"))`: that of what is returned, with the arguments in their places and
/// what is assigned to their fields within them. Other statements change what is returned in ways that only a program knows.
pub fn called(source: &str, meter: &Meter) -> Data {
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
    function.blanks();
    // `(function(){…})(…)` is the same.
    function.skip(b')');
    function.blanks();
    let arguments = if function.skip(b'(') { function.list(b')', 0) } else { Vec::new() };
    let mut known: HashMap<String, Known> = names.into_iter().zip(arguments.into_iter().map(Known::of)).collect();
    function.at = body;
    function.skip(b'{');
    if !function.statements(&mut known) {
        return Data::Nothing;
    }
    function.known = known;
    function.value(0)
}

/// What a name stands for.
pub(super) enum Known {
    Value {
        data: Data,
        size: usize,
    },
    /// Its fields are assigned: their names, and where the values are.
    Assigned {
        argument: Data,
        fields: Vec<(String, usize)>,
    },
    /// It is being put together, and stands in itself.
    Open,
}

impl Known {
    fn of(data: Data) -> Self {
        Self::Value { size: size(&data), data }
    }

    fn assign(&mut self, field: String, at: usize) {
        match self {
            Self::Value { data, .. } => *self = Self::Assigned { argument: std::mem::take(data), fields: vec![(field, at)] },
            Self::Assigned { fields, .. } => fields.push((field, at)),
            Self::Open => {}
        }
    }
}

impl Literal<'_> {
    pub(super) fn known_as(&mut self, name: &str, depth: usize) -> Data {
        let Some(known) = self.known.get_mut(name) else { return Data::Nothing };
        if matches!(known, Known::Assigned { .. }) && depth < DEEPEST {
            let Known::Assigned { argument, fields } = std::mem::replace(known, Known::Open) else { return Data::Nothing };
            let data = self.put_together(argument, fields, depth);
            self.known.insert(name.to_owned(), Known::of(data));
        }
        let Some(Known::Value { data, size }) = self.known.get(name) else { return Data::Nothing };
        // Only once or twice, all together, what the script has: a name may stand in it a thousand times.
        let Some(spare) = self.spare.checked_sub(*size) else { return Data::Nothing };
        self.spare = spare;
        data.clone()
    }

    /// An argument with the fields that are assigned to it.
    fn put_together(&mut self, argument: Data, fields: Vec<(String, usize)>, depth: usize) -> Data {
        let back = self.at;
        let assigned = fields.into_iter().map(|(field, at)| {
            self.at = at;
            (field, self.value(depth + 1))
        });
        let data = match argument {
            Data::Map(mut known) => {
                known.extend(assigned);
                Data::Map(known)
            }
            // `Array(3)`, whose items come in their order.
            Data::List(mut known) => {
                known.extend(assigned.map(|(_, value)| value));
                Data::List(known)
            }
            Data::Call(name, _) if name == "Array" => Data::List(assigned.map(|(_, value)| value).collect()),
            _ => Data::Map(assigned.collect()),
        };
        self.at = back;
        data
    }

    /// Past the statements of a function up to the value that it returns, and whether there is one.
    fn statements(&mut self, known: &mut HashMap<String, Known>) -> bool {
        loop {
            self.blanks();
            match self.peek() {
                None | Some(b'}' | b']' | b')') => return false,
                Some(byte) if is_of_name(byte) => {
                    let name = self.name();
                    if name == "return" {
                        return true;
                    }
                    if let (Some(field), Some(known)) = (self.assigned_field(), known.get_mut(name)) {
                        known.assign(field, self.at);
                    }
                }
                Some(_) => {}
            }
            self.end_statement();
            if !self.meter.goes_on() {
                return false;
            }
        }
    }

    /// Past `.x=`, `["x"]=` and `[0]=`.
    fn assigned_field(&mut self) -> Option<String> {
        let field = match self.peek()? {
            b'.' => {
                self.at += 1;
                self.name().to_owned()
            }
            b'[' => {
                self.at += 1;
                let mut inner = self.list(b']', DEEPEST);
                match inner.pop()? {
                    Data::Text(text) => text,
                    Data::Number(number) => number.to_string(),
                    _ => return None,
                }
            }
            _ => return None,
        };
        self.blanks();
        (self.skip(b'=') && self.peek() != Some(b'=')).then_some(field)
    }

    /// Past the end of a statement, or to that of the function.
    fn end_statement(&mut self) {
        loop {
            self.blanks();
            match self.peek() {
                Some(b';') => return self.at += 1,
                None | Some(b'}' | b']' | b')') => return,
                Some(b'{') => {
                    self.pass_over();
                    self.blanks();
                    // A block needs no more than its bracket.
                    if self.peek().is_some_and(is_of_name) {
                        return;
                    }
                }
                Some(_) => self.pass_over(),
            }
        }
    }
}

fn size(data: &Data) -> usize {
    1 + match data {
        Data::Text(text) => text.len(),
        _ => data.children().map(|(key, below)| key.len() + size(below)).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Budget;

    #[test]
    fn arguments_stand_in_their_places() {
        let nuxt = "(function(a,b,c){c.x=1;return {data:[{title:a,n:b,t:a}],c}}(\"Kettles\",2,{}))";
        let data = called(nuxt, &Budget::default().begin());
        let page = &data.field("data").unwrap().items()[0];
        assert_eq!(
            (page.text_of("title"), page.field("n"), page.text_of("t")),
            (Some("Kettles"), Some(&Data::Number(2.0)), Some("Kettles"))
        );
        let nuxt = "(function(a,b,c,d){a.title=\"return {x:1}\";a[\"in full\"]=b;b.text=d;b.of=a;c[0]=b;c[1]=\"last\";var e=/;/;if(c){c.n=1}\
            return {data:[a],list:c}}({},{},Array(2),\"boils\"))";
        let data = called(nuxt, &Budget::default().begin());
        let page = &data.field("data").unwrap().items()[0];
        assert_eq!(page.text_of("title"), Some("return {x:1}"));
        assert_eq!(page.field("in full").unwrap().text_of("text"), Some("boils"));
        assert_eq!(page.field("in full").unwrap().field("of"), Some(&Data::Nothing), "it stands in itself");
        let items = data.field("list").unwrap().items();
        assert_eq!((items[0].text_of("text"), items[1].text()), (Some("boils"), Some("last")));
        // Each is twice in the one before: written out, two to the power of forty.
        let statements: String = (0..40).map(|n| format!("a{n}.x=a{};a{n}.y=a{};", n + 1, n + 1)).collect();
        let names: Vec<_> = (0..41).map(|n| format!("a{n}")).collect();
        let doubled = format!("(function({}){{{statements}return a0}}({}))", names.join(","), vec!["{}"; 41].join(","));
        assert!(size(&called(&doubled, &Budget::default().begin())) < 4 * doubled.len());
        let chain: String = (0..20_000).map(|n| format!("a{n}.x=a{};", n + 1)).collect();
        let names: Vec<_> = (0..20_001).map(|n| format!("a{n}")).collect();
        let _ = called(
            &format!("(function({}){{{chain}return a0}}({}))", names.join(","), vec!["{}"; 20_001].join(",")),
            &Budget::default().begin(),
        );
        let list = format!("(function(a){{return [{}]}}([{}]))", "a,".repeat(20_000), "1,".repeat(20_000));
        assert!(size(&called(&list, &Budget::default().begin())) < 4 * list.len());
        let many = format!("(function(a){{return [{}]}}(\"{}\"))", "a,".repeat(5_000), "x".repeat(10_000));
        assert!(size(&called(&many, &Budget::default().begin())) < 4 * many.len(), "a name is not written out without end");
    }
}
