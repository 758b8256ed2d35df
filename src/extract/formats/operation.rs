//! One operation of an interface: what it is asked with, what it answers, what it calls back. What it refers to is told where it is named
//! first, and what nothing refers to at the end.

use std::collections::HashSet;

use crate::extract::formats::interface::{described, list, members, said, text, write_links, write_security};
use crate::extract::formats::ordered::Value;
use crate::extract::formats::schema::{self, first_line, in_cell, name_of};
use crate::extract::formats::sheet::{Sheet, code};

pub(super) struct Writer<'d> {
    document: &'d Value,
    /// References that were met.
    named: HashSet<&'d str>,
    /// In how many callbacks it is.
    depth: usize,
}

/// Where a part of the description stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Here,
    /// Elsewhere, and named for the first time.
    First,
    /// Elsewhere, and told already.
    Again,
}

impl<'d> Writer<'d> {
    pub(super) fn new(document: &'d Value) -> Self {
        Self { document, named: HashSet::new(), depth: 0 }
    }

    /// A section.
    pub(super) fn write(&mut self, sheet: &mut Sheet<'_>, title: &str, item: &'d Value, operation: &'d Value) {
        if !operation.is_object() || !sheet.goes_on() {
            return;
        }
        sheet.heading(2, title, None);
        if operation.get("deprecated") == Some(&Value::Bool(true)) {
            sheet.paragraph("**Deprecated**");
        }
        for text in [item, operation].into_iter().flat_map(|from| [text(from, "summary"), text(from, "description")]) {
            described(sheet, &text.unwrap_or_default());
        }
        if let Some(id) = text(operation, "operationId") {
            sheet.paragraph(&format!("Operation {}", code(&id)));
        }
        write_links(sheet, operation);
        write_security(sheet, operation);
        let parameters = list(item, "parameters").chain(list(operation, "parameters"));
        let (mut rows, mut body) = (Vec::new(), None);
        for parameter in parameters {
            let (parameter, place) = self.resolved(parameter);
            // As of version 2.
            if said(parameter, "in") == Some("body") {
                body = parameter.get("schema");
                continue;
            }
            rows.push(row_of(sheet, parameter, place));
        }
        titled_table(sheet, 0, "Parameters", PARAMETERS, rows.into_iter());
        if let Some(body) = body {
            sheet.paragraph(&format!("**Request body**: {}", schema::type_of(body)));
            schema::write_properties(sheet, body);
        }
        if let Some(body) = operation.get("requestBody") {
            let (body, _) = self.resolved(body);
            sheet.paragraph(&format!("**Request body** {}", first_line(said(body, "description").unwrap_or_default())));
            self.write_content(sheet, body);
        }
        self.write_responses(sheet, operation);
        for sample in list(operation, "x-codeSamples").chain(list(operation, "x-code-samples")).take(MOST_MEDIA) {
            let language = text(sample, "lang").unwrap_or_default();
            sheet.term(&text(sample, "label").unwrap_or_default());
            sheet.fence(&language.to_ascii_lowercase(), &text(sample, "source").unwrap_or_default());
        }
        self.write_callbacks(sheet, operation);
    }

    /// Operations that the interface asks of those who ask it.
    fn write_callbacks(&mut self, sheet: &mut Sheet<'_>, operation: &'d Value) {
        for (name, callback) in members(operation, "callbacks") {
            if self.depth >= DEEPEST {
                sheet.leave_out("callbacks within callbacks", name);
                continue;
            }
            let (callback, place) = self.resolved(callback);
            // One may call itself back.
            for (address, item) in callback.as_object().filter(|_| place != Place::Again).into_iter().flatten() {
                for (method, operation) in item.as_object().into_iter().flatten().filter(|(method, _)| METHODS.contains(&method.as_str())) {
                    let title = format!("{} callback {} {}", method.to_ascii_uppercase(), shortened(name), shortened(address));
                    self.depth += 1;
                    self.write(sheet, &title, item, operation);
                    self.depth -= 1;
                }
            }
        }
    }

    fn write_responses(&mut self, sheet: &mut Sheet<'_>, operation: &'d Value) {
        let responses: Vec<_> = members(operation, "responses")
            .map(|(status, response)| {
                let name = said(response, "$ref").map(name_of);
                let (response, place) = self.resolved(response);
                (status.as_str(), name, response, place)
            })
            .collect();
        let rows: Vec<_> =
            responses.iter().map(|(status, name, response, place)| response_row(sheet, status, *name, response, *place)).collect();
        titled_table(sheet, 0, "Responses", RESPONSES, rows.into_iter());
        let mut headers = Vec::new();
        for (status, _, response, _) in responses.iter().filter(|(.., place)| *place != Place::Again) {
            for (name, header) in members(response, "headers") {
                let (header, place) = self.resolved(header);
                let [.., kind, _, description] = row_of(sheet, header, place);
                headers.push([(*status).to_owned(), code(shortened(name)), kind, description]);
            }
        }
        titled_table(sheet, 0, "Headers of responses", ["Status", "Name", "Type", "Description"], headers.into_iter());
        for (status, _, response, place) in responses {
            if !sheet.goes_on() {
                break;
            }
            if place != Place::Again {
                self.write_response(sheet, status, response);
            }
        }
    }

    /// What has no section of its own: properties and examples.
    fn write_response(&mut self, sheet: &mut Sheet<'_>, status: &str, response: &'d Value) {
        for (_, media) in members(response, "content").take(MOST_MEDIA) {
            let schema = media.get("schema").filter(|schema| schema.get("properties").is_some());
            let examples = self.examples(media);
            if schema.is_some() || !examples.is_empty() {
                sheet.paragraph(&format!("Response {status}:"));
            }
            if let Some(schema) = schema {
                schema::write_properties(sheet, schema);
            }
            write_examples(sheet, &examples);
        }
        // As of version 2: one for each type.
        for (_, example) in members(response, "examples").take(MOST_MEDIA) {
            sheet.paragraph(&format!("Response {status}:"));
            schema::write_example(sheet, Some(example));
        }
    }

    fn write_content(&mut self, sheet: &mut Sheet<'_>, body: &'d Value) {
        for (kind, media) in members(body, "content").take(MOST_MEDIA) {
            let schema = media.get("schema").unwrap_or(media);
            sheet.paragraph(&format!("{}: {}", code(kind), schema::type_of(schema)));
            schema::write_properties(sheet, schema);
            let examples = self.examples(media);
            write_examples(sheet, &examples);
        }
    }

    /// With what each is called.
    fn examples(&mut self, media: &'d Value) -> Vec<(String, &'d Value)> {
        if let Some(example) = media.get("example") {
            return vec![(String::new(), example)];
        }
        let mut examples = Vec::new();
        for (name, example) in members(media, "examples").take(MOST_MEDIA) {
            let (example, place) = self.resolved(example);
            if let Some(value) = example.get("value").filter(|_| place != Place::Again) {
                examples.push((text(example, "summary").unwrap_or_else(|| shortened(name).to_owned()), value));
            }
        }
        examples
    }

    /// What others may refer to, and nothing does.
    pub(super) fn write_unnamed(&self, sheet: &mut Sheet<'_>) {
        let components = self.document.get("components").unwrap_or(&Value::Null);
        let parts = |name: &'static str| {
            let here = members(components, name).map(move |part| (format!("#/components/{name}/"), part));
            here.chain(members(self.document, name).map(move |part| (format!("#/{name}/"), part)))
        };
        let is_unnamed = |(place, (name, _)): &(String, (&String, &Value))| {
            let pointer = format!("{place}{}", name.replace('~', "~0").replace('/', "~1"));
            !self.named.contains(pointer.as_str())
        };
        let parameters: Vec<_> =
            parts("parameters").filter(is_unnamed).map(|(_, (_, parameter))| row_of(sheet, parameter, Place::Here)).collect();
        titled_table(sheet, 2, "Other parameters", PARAMETERS, parameters.into_iter());
        let responses: Vec<_> = parts("responses")
            .filter(is_unnamed)
            .map(|(_, (name, response))| response_row(sheet, name, None, response, Place::Here))
            .collect();
        titled_table(sheet, 2, "Other responses", RESPONSES, responses.into_iter());
    }

    /// What a reference within the document stands for, one step far.
    fn resolved(&mut self, value: &'d Value) -> (&'d Value, Place) {
        let reference = value.get("$ref").and_then(Value::as_str);
        let target = reference.and_then(|reference| self.document.pointer(reference.strip_prefix('#')?));
        match reference.zip(target) {
            Some((reference, target)) if self.named.insert(reference) => (target, Place::First),
            Some((_, target)) => (target, Place::Again),
            None => (value, Place::Here),
        }
    }
}

/// Of a parameter, or of a header.
fn row_of(sheet: &mut Sheet<'_>, parameter: &Value, place: Place) -> [String; 5] {
    let schema = parameter.get("schema").unwrap_or(parameter);
    let mut description = described_in_cell(sheet, said(parameter, "description").unwrap_or_default(), place);
    let mut limits = schema::limits(schema);
    let example = schema::example_of(parameter).or_else(|| parameter.get("examples")?.as_object()?.values().next()?.get("value"));
    if let Some(example) = example.filter(|_| parameter.get("schema").is_some() && schema::example_of(schema).is_none()) {
        schema::with_limits(&mut limits, &schema::as_example(example));
    }
    if place == Place::Here || sheet.repeats(limits.len()) {
        schema::with_limits(&mut description, &limits);
    }
    if parameter.get("deprecated") == Some(&Value::Bool(true)) {
        description = format!("Deprecated. {description}");
    }
    [
        code(shortened(said(parameter, "name").unwrap_or_default())),
        shortened(said(parameter, "in").unwrap_or_default()).to_owned(),
        schema::type_of(schema),
        if parameter.get("required") == Some(&Value::Bool(true)) { "yes".to_owned() } else { String::new() },
        description,
    ]
}

fn response_row(sheet: &mut Sheet<'_>, status: &str, name: Option<&str>, response: &Value, place: Place) -> [String; 3] {
    let description = match said(response, "description") {
        Some(description) => described_in_cell(sheet, description, place),
        None => name.unwrap_or_default().to_owned(),
    };
    let schemas = members(response, "content")
        .map(|(kind, media)| format!("{}: {}", shortened(kind), schema::type_of(media.get("schema").unwrap_or(media))));
    let schema = response.get("schema").map(schema::type_of);
    [status.to_owned(), description, schemas.chain(schema).take(MOST_MEDIA).collect::<Vec<_>>().join("; ")]
}

/// What is referred to may be long, and referred to often.
fn described_in_cell(sheet: &mut Sheet<'_>, description: &str, place: Place) -> String {
    match place == Place::Here || sheet.repeats(description.len()) {
        true => in_cell(description),
        false => first_line(description),
    }
}

fn write_examples(sheet: &mut Sheet<'_>, examples: &[(String, &Value)]) {
    for (name, example) in examples {
        if examples.len() > 1 {
            sheet.paragraph(&format!("Example: {name}"));
        }
        schema::write_example(sheet, Some(example));
    }
}

pub(super) fn titled_table<const N: usize>(
    sheet: &mut Sheet<'_>,
    level: usize,
    title: &str,
    header: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) {
    let mut table = vec![header.map(str::to_owned).to_vec()];
    table.extend(rows.map(Vec::from));
    if table.len() > 1 {
        match level {
            0 => sheet.paragraph(&format!("**{title}**")),
            level => sheet.heading(level, title, None),
        }
        sheet.table(&table);
    }
}

/// A name, where it is repeated.
fn shortened(name: &str) -> &str {
    &name[..name.floor_char_boundary(LONGEST_NAME)]
}

pub(super) const METHODS: [&str; 9] = ["get", "post", "put", "patch", "delete", "head", "options", "trace", "query"];
const PARAMETERS: [&str; 5] = ["Name", "In", "Type", "Required", "Description"];
const RESPONSES: [&str; 3] = ["Status", "Description", "Content"];
const MOST_MEDIA: usize = 8;
/// Callbacks within callbacks.
const DEEPEST: usize = 8;
/// In bytes.
const LONGEST_NAME: usize = 300;
