//! The descriptions of interfaces that Swagger UI, Redoc, Scalar and their like are told to show: by their addresses, by a file that has
//! these, or as they are. What a script names is looked up in it.

use crate::extract::shipped::data::Data;
use crate::extract::shipped::literal;
use crate::extract::shipped::sources::Sources;
use crate::model::Meter;

/// What is to be shown.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Interfaces {
    /// Where descriptions are, as written: the first is that of the page.
    pub(super) links: Vec<String>,
    /// Files that tell where they are.
    pub(super) settings: Vec<String>,
    /// One that stands there itself, as JSON.
    pub(super) inline: Option<String>,
    /// Names that were looked up so far: each is looked for in the whole script.
    looked_up: usize,
}

impl Interfaces {
    /// `named`: by elements of the page.
    pub(super) fn of_page(sources: &Sources<'_>, named: &[String], meter: &Meter) -> Self {
        let mut found = Self { links: named.to_vec(), ..Self::default() };
        for script in sources.scripts.iter().filter(|script| script.id.as_deref() == Some(REFERENCE)) {
            if script.is_json() {
                found.take(&script.data(meter), "", meter, 0);
            }
            if let Some(settings) = &script.settings {
                found.take(&literal::value(settings, meter), "", meter, 0);
            }
        }
        sources.scripts.iter().filter(|script| script.is_program()).for_each(|script| found.look(script.text, meter));
        found.bounded()
    }

    pub(super) fn of_script(script: &str, meter: &Meter) -> Self {
        let mut found = Self::default();
        found.look(script, meter);
        found.bounded()
    }

    /// Of a file that tells where they are.
    pub(super) fn of_settings(settings: &str, meter: &Meter) -> Self {
        let mut found = Self::default();
        found.take(&literal::value(settings, meter), "", meter, 0);
        // It would name itself.
        found.settings.clear();
        found.bounded()
    }

    fn bounded(mut self) -> Self {
        self.looked_up = 0;
        for links in [&mut self.links, &mut self.settings] {
            links.retain(|link| !link.is_empty() && link.len() < LONGEST && !link.starts_with("data:"));
            links.truncate(MOST_LINKS);
        }
        self
    }

    fn look(&mut self, script: &str, meter: &Meter) {
        for call in ["SwaggerUIBundle(", "SwaggerUI(", "Redoc.init(", "createApiReference("] {
            let Some(at) = script.find(call) else { continue };
            let Data::Call(_, arguments) = literal::value(&format!("f({}", &script[at + call.len()..]), meter) else { continue };
            for argument in &arguments {
                match argument {
                    Data::Text(link) if call == "Redoc.init(" => self.links.push(link.clone()),
                    // Others name an element of the page.
                    Data::Text(_) => {}
                    argument => self.take(argument, script, meter, 0),
                }
            }
        }
    }

    /// What settings, or a description in their place, are; a name stands for what `script` says that it is.
    fn take(&mut self, told: &Data, script: &str, meter: &Meter, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        match told {
            Data::Map(_) if is_description(told) => _ = self.inline.get_or_insert_with(|| told.to_json()),
            Data::Map(fields) => {
                for (name, value) in fields {
                    match (name.as_str(), value) {
                        ("url", Data::Text(link)) => self.links.push(link.clone()),
                        ("url", Data::Name(_)) => {
                            let found = self.looked_up(value, script, meter);
                            self.links.extend(found.text().map(str::to_owned));
                        }
                        ("configUrl", Data::Text(link)) => self.settings.push(link.clone()),
                        // As the text of its JSON.
                        ("spec" | "content", Data::Text(text)) if text.trim_start().starts_with('{') => {
                            self.take(&literal::value(text, meter), script, meter, depth + 1);
                        }
                        ("spec" | "content" | "urls" | "sources", value) => self.take(value, script, meter, depth + 1),
                        _ => {}
                    }
                }
            }
            Data::List(items) => items.iter().take(MOST_LINKS).for_each(|item| self.take(item, script, meter, depth + 1)),
            Data::Name(_) => {
                let found = self.looked_up(told, script, meter);
                self.take(&found, script, meter, depth + 1);
            }
            Data::Call(name, parts) if matches!(name.as_str(), "assign" | "merge" | "extend") => {
                parts.iter().take(MOST_LINKS).for_each(|part| self.take(part, script, meter, depth + 1));
            }
            _ => {}
        }
    }

    fn looked_up(&mut self, name: &Data, script: &str, meter: &Meter) -> Data {
        self.looked_up += 1;
        if self.looked_up > MOST_NAMES { Data::Nothing } else { looked_up(name, script, meter) }
    }
}

/// What a script says that a name is: a variable, or a field of something else.
fn looked_up(name: &Data, script: &str, meter: &Meter) -> Data {
    let Data::Name(name) = name else { return Data::Nothing };
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let values = script.match_indices(name.as_str()).filter(|(at, _)| !script[..*at].ends_with(is_of_name)).filter_map(|(at, _)| {
        let rest = script[at + name.len()..].trim_start_matches(['"', '\'']).trim_start();
        rest.strip_prefix('=').filter(|value| !value.starts_with(['=', '>'])).or_else(|| rest.strip_prefix(':'))
    });
    let mut further = Data::Nothing;
    for value in values.take(MOST_VALUES).map(|value| literal::value(value, meter)) {
        match value {
            Data::Map(_) | Data::List(_) | Data::Text(_) | Data::Call(..) => return value,
            Data::Name(ref other) if other != name && further == Data::Nothing => further = value,
            _ => {}
        }
    }
    further
}

fn is_description(data: &Data) -> bool {
    ["openapi", "swagger"].iter().any(|name| matches!(data.field(name), Some(Data::Text(_) | Data::Number(_))))
        && ["paths", "webhooks", "components", "definitions"].iter().any(|name| data.field(name).is_some())
}

/// The id of a script that shows one.
const REFERENCE: &str = "api-reference";
const MOST_LINKS: usize = 1_000;
/// In bytes.
const LONGEST: usize = 2_000;
/// Names that stand for names.
const DEEPEST: usize = 6;
/// Names that are looked up, and values of each that are read.
const MOST_NAMES: usize = 20;
const MOST_VALUES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Budget;

    fn of(script: &str) -> Interfaces {
        Interfaces::of_script(script, &Budget::default().begin())
    }

    #[test]
    fn addresses_are_found_wherever_a_script_has_them() {
        for script in [
            "SwaggerUIBundle({url: '/api.json', dom_id: '#x', presets: [SwaggerUIBundle.presets.apis]})",
            "var c = JSON.parse('{\"urls\":[{\"url\":\"/api.json\",\"name\":\"One\"}]}'); c.dom_id = '#x'; const ui = SwaggerUIBundle(c)",
            "const at = \"/api.json\"; SwaggerUIBundle({ url: at })",
            "var cfg = Object.assign({ url: '/api.json' }, {}); SwaggerUIBundle(cfg)",
            "Redoc.init('/api.json', {}, document.body)",
            "Scalar.createApiReference('#app', { sources: [{ url: '/api.json' }] })",
            "createApiReference('#app', { spec: { url: '/api.json' } })",
        ] {
            assert_eq!((of(script).links, of(script).inline), (vec!["/api.json".to_owned()], None), "{script}");
        }
        let settings = of("SwaggerUIBundle({ url: '', 'configUrl' : '/v3/swagger-config' })");
        assert_eq!((settings.links, settings.settings), (vec![], vec!["/v3/swagger-config".to_owned()]));
        let told = r#"{"configUrl":"/v3/swagger-config","urls":[{"url":"/a","name":"a"},{"url":"/b"}]}"#;
        let told = Interfaces::of_settings(told, &Budget::default().begin());
        assert_eq!((told.links, told.settings), (vec!["/a".to_owned(), "/b".to_owned()], vec![]));
    }

    #[test]
    fn a_description_may_stand_in_the_script() {
        let description = r#"{"openapi":"3.0.0","info":{"title":"Kettles","version":"1.0"},"paths":{"/boil":{}}}"#;
        for script in [
            format!("SwaggerUIBundle({{ spec: {description}, dom_id: '#x' }})"),
            format!(
                "let options = {{\"swaggerDoc\": {description}}}; let spec = options.swaggerDoc; let o = {{ spec: spec, url: url }}; SwaggerUIBundle(o)"
            ),
            format!("const spec = {description}; Redoc.init(spec, {{}})"),
            format!("createApiReference('#app', {{ content: {description} }})"),
            format!("createApiReference('#app', {{ content: {:?} }})", description),
        ] {
            assert_eq!(of(&script).inline.as_deref(), Some(description), "{script}");
        }
        for other in [
            "SwaggerUIBundle({ spec: { openapi: 3 } })",
            "SwaggerUIBundle({ spec: window.spec })",
            "SwaggerUIBundle(",
            "a = a; SwaggerUIBundle(a)",
        ] {
            assert_eq!(of(other), Interfaces::default(), "{other}");
        }
    }

    #[test]
    fn names_that_stand_for_names_end() {
        let circle = "a = b; b = a; ".repeat(1_000);
        assert_eq!(of(&format!("{circle} SwaggerUIBundle(a)")), Interfaces::default());
        let many = format!("SwaggerUIBundle([{}]); {}", "a, ".repeat(1_000), "a = 7; ".repeat(20_000));
        assert_eq!(of(&many), Interfaces::default());
        let lists = format!("{}{}", "[".repeat(50_000), "SwaggerUIBundle([a, a, a, a])");
        assert_eq!(of(&lists), Interfaces::default());
    }
}
