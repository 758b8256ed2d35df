//! Descriptions of interfaces: OpenAPI (2 and 3) as one section an operation and one a schema, JSON Schema as one a definition.
//! A reference is told by its name; what it stands for has a section of its own.

use std::collections::HashMap;

use url::Url;

use crate::extract::formats::operation::{self, METHODS, Writer};
use crate::extract::formats::ordered::{Map, Value};
use crate::extract::formats::schema::{self, first_line, name_of};
use crate::extract::formats::sheet::{Reading, Sheet, code, joined};
use crate::model::Meter;

/// None where the object describes no interface.
pub(super) fn read(document: &Value, url: &Url, meter: &Meter, size: usize) -> Option<Reading> {
    let object = document.as_object()?;
    let mut sheet = Sheet::new(url, meter, size);
    let is_interface =
        ["openapi", "swagger"].iter().any(|name| object.get(name).is_some_and(|version| version.is_string() || version.is_number()));
    if is_interface && ["paths", "webhooks", "components", "definitions"].iter().any(|name| object.contains_key(name)) {
        write_interface(&mut sheet, document);
    } else if schema::is_schema(object) {
        let title = text(document, "title").or_else(|| text(document, "$id").map(|id| name_of(&id).to_owned()));
        sheet.heading(1, title.as_deref().unwrap_or("Schema"), None);
        sheet.reading.title = title;
        schema::write(&mut sheet, document);
        write_definitions(&mut sheet, object);
    } else {
        return None;
    }
    Some(sheet.finish())
}

fn write_interface(sheet: &mut Sheet<'_>, document: &Value) {
    let info = document.get("info").unwrap_or(&Value::Null);
    let title = text(info, "title").unwrap_or_else(|| "Interface".to_owned());
    sheet.heading(1, &title, None);
    sheet.reading.title = Some(title.clone());
    sheet.reading.metadata.software = Some(title);
    sheet.reading.metadata.version = info.get("version").and_then(plain_value);
    sheet.reading.metadata.description = text(info, "summary").or_else(|| text(info, "description").map(|text| first_line(&text)));
    for name in ["summary", "description"] {
        described(sheet, &text(info, name).unwrap_or_default());
    }
    write_links(sheet, document);
    write_servers(sheet, document);
    write_security(sheet, document);
    let mut writer = Writer::new(document);
    write_operations(sheet, document, &mut writer);
    if let Some(object) = document.as_object() {
        write_definitions(sheet, object);
    }
    writer.write_unnamed(sheet);
    let schemes =
        members(document.get("components").unwrap_or(&Value::Null), "securitySchemes").chain(members(document, "securityDefinitions"));
    let rows = schemes.map(|(name, scheme)| {
        let kind = ["type", "scheme", "in", "name"].iter().filter_map(|field| text(scheme, field)).collect::<Vec<_>>().join(" ");
        [code(name), kind, joined(&text(scheme, "description").unwrap_or_default())]
    });
    operation::titled_table(sheet, 2, "Security", ["Scheme", "Kind", "Description"], rows);
}

fn write_servers(sheet: &mut Sheet<'_>, document: &Value) {
    for server in list(document, "servers") {
        let Some(address) = text(server, "url") else { continue };
        let described = text(server, "description").map_or(String::new(), |description| format!(": {}", joined(&description)));
        sheet.item(0, 1, "-", &format!("Server {}{described}", code(&address)));
        for (name, variable) in members(server, "variables") {
            let mut words = joined(&text(variable, "description").unwrap_or_default());
            schema::with_limits(&mut words, &schema::limits(variable));
            let values = schema::type_of(variable);
            let values = if values.is_empty() { values } else { format!("One of {values}.") };
            schema::with_limits(&mut words, &values);
            sheet.item(2, 3, "-", &format!("{}: {words}", code(name)));
        }
    }
    if let Some(host) = text(document, "host") {
        let scheme = list(document, "schemes").find_map(Value::as_str).unwrap_or("https");
        let address = format!("{scheme}://{host}{}", text(document, "basePath").unwrap_or_default());
        sheet.item(0, 1, "-", &format!("Server {}", code(&address)));
    }
    sheet.outside();
}

/// What one has to show to be let in: of each alternative the names of its schemes, with what they have to allow.
pub(super) fn write_security(sheet: &mut Sheet<'_>, value: &Value) {
    let Some(alternatives) = value.get("security").and_then(Value::as_array) else { return };
    let scheme = |(name, scopes): (&String, &Value)| {
        let scopes: Vec<&str> = scopes.as_array().into_iter().flatten().filter_map(Value::as_str).take(MOST_SCOPES).collect();
        if scopes.is_empty() { code(name) } else { format!("{} ({})", code(name), scopes.join(", ")) }
    };
    let alternative = |alternative: &Value| {
        let schemes: Vec<String> = alternative.as_object().into_iter().flatten().take(MOST_SCOPES).map(scheme).collect();
        if schemes.is_empty() { "none".to_owned() } else { schemes.join(" and ") }
    };
    let shown: Vec<String> = alternatives.iter().take(MOST_SCOPES).map(alternative).collect();
    sheet.paragraph(&format!("**Security**: {}", if shown.is_empty() { "none".to_owned() } else { shown.join(" or ") }));
}

/// Where more is said of it.
pub(super) fn write_links(sheet: &mut Sheet<'_>, value: &Value) {
    let more = value.get("externalDocs").and_then(|more| Some((said(more, "url")?, said(more, "description"))));
    if let Some((address, description)) = more {
        let link = sheet.link(&joined(description.unwrap_or(address)).replace(['[', ']'], " "), address);
        sheet.paragraph(&format!("See {link}"));
    }
}

/// In the order of the document, behind the description of their tag where the document has a list of these.
fn write_operations<'d>(sheet: &mut Sheet<'_>, document: &'d Value, writer: &mut Writer<'d>) {
    let tags: Vec<&Value> = list(document, "tags").collect();
    let mut places = HashMap::new();
    for (place, tag) in tags.iter().enumerate() {
        places.entry(said(tag, "name").unwrap_or_default()).or_insert(place);
    }
    let mut operations = Vec::new();
    for (group, mark) in [("paths", ""), ("webhooks", "webhook ")] {
        for (path, item) in members(document, group) {
            for (method, operation) in item.as_object().into_iter().flatten().filter(|(method, _)| METHODS.contains(&method.as_str())) {
                let place = list(operation, "tags").find_map(|tag| places.get(tag.as_str()?.trim()).copied()).unwrap_or(tags.len());
                operations.push((place, format!("{} {mark}{path}", method.to_ascii_uppercase()), item, operation));
            }
        }
    }
    operations.sort_by_key(|(place, ..)| *place);
    let mut told = 0;
    for (place, title, item, operation) in operations {
        tags[told..tags.len().min(place + 1).max(told)].iter().for_each(|tag| write_tag(sheet, tag));
        told = told.max(tags.len().min(place + 1));
        writer.write(sheet, &title, item, operation);
    }
    tags[told..].iter().for_each(|tag| write_tag(sheet, tag));
}

fn write_tag(sheet: &mut Sheet<'_>, tag: &Value) {
    if let (Some(description), true) = (said(tag, "description"), sheet.goes_on()) {
        sheet.heading(2, said(tag, "x-displayName").or(said(tag, "name")).unwrap_or("Tag"), None);
        described(sheet, description);
        write_links(sheet, tag);
    }
}

/// A section for each schema that has a name.
fn write_definitions(sheet: &mut Sheet<'_>, object: &Map) {
    let places =
        [object.get("components").and_then(|components| components.get("schemas")), object.get("definitions"), object.get("$defs")];
    for (name, definition) in places.into_iter().flatten().filter_map(Value::as_object).flatten() {
        if !sheet.goes_on() {
            break;
        }
        sheet.heading(2, name, None);
        schema::write(sheet, definition);
    }
}

/// The description is markdown; its headings are none of the document's.
pub(super) fn described(sheet: &mut Sheet<'_>, text: &str) {
    let mut fenced = false;
    let lines = text.lines().map(|line| {
        fenced ^= line.trim_start().starts_with("```");
        let heading = line.trim_start_matches('#');
        match !fenced && heading.len() < line.len() && heading.starts_with(' ') {
            true => format!("**{}**", heading.trim().trim_end_matches('#').trim_end()),
            false => line.to_owned(),
        }
    });
    let mut text = lines.collect::<Vec<_>>().join("\n");
    if fenced {
        // What does not end in the description ends with it.
        text.push_str("\n```");
    }
    sheet.paragraph(&text);
}

pub(super) fn text(value: &Value, name: &str) -> Option<String> {
    said(value, name).map(str::to_owned)
}

pub(super) fn said<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

fn plain_value(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(super) fn members<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.get(name).and_then(Value::as_object).into_iter().flatten()
}

pub(super) fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// Schemes of an alternative, and scopes of a scheme.
const MOST_SCOPES: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::formats::{unlimited, yaml};

    fn reading(yaml: &str) -> Option<Reading> {
        read(&yaml::parse(yaml, &unlimited()).unwrap(), &Url::parse("https://docs.test/openapi.yaml").unwrap(), &unlimited(), yaml.len())
    }

    #[test]
    fn an_operation_is_a_section_and_so_is_a_schema() {
        let found = reading(
            "openapi: 3.0.0\ninfo: {title: Pets, version: '1.2', description: \"# Intro\\n\\nAll pets.\"}\nservers: [{url: https://a.test/v1}]\n\
             paths:\n  /pets/{id}:\n    parameters:\n    - {$ref: '#/components/parameters/Id'}\n    get:\n      summary: One pet\n      operationId: getPet\n      \
             responses:\n        '200': {description: It., content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}\n        \
             '404': {$ref: '#/components/responses/None'}\n    post:\n      deprecated: true\n      requestBody:\n        content:\n          \
             application/json:\n            schema: {type: object, required: [a], properties: {a: {type: array, items: {type: string}}}}\n            example: {a: [x]}\n\
             components:\n  parameters:\n    Id: {name: id, in: path, required: true, schema: {type: integer, format: int64}, description: Which one}\n  \
             responses:\n    None: {description: Not there}\n  schemas:\n    Pet:\n      description: A pet.\n      type: object\n      required: [name]\n      \
             properties:\n        name: {type: string, description: How it is called}\n        kind: {enum: [cat, dog]}\n        \
             owner: {type: object, properties: {age: {type: integer, default: 3}}}\n        all: {allOf: [{$ref: '#/components/schemas/Pet'}, {type: object}]}\n",
        )
        .unwrap();
        let wanted = "# Pets

**Intro**

All pets.

- Server `https://a.test/v1`

## GET /pets/{id}

One pet

Operation `getPet`

**Parameters**

| Name | In | Type | Required | Description |
| --- | --- | --- | --- | --- |
| `id` | path | integer (int64) | yes | Which one |

**Responses**

| Status | Description | Content |
| --- | --- | --- |
| 200 | It. | application/json: Pet |
| 404 | Not there |  |

## POST /pets/{id}

**Deprecated**

**Parameters**

| Name | In | Type | Required | Description |
| --- | --- | --- | --- | --- |
| `id` | path | integer (int64) | yes | Which one |

**Request body**

`application/json`: object

| Property | Type | Required | Description |
| --- | --- | --- | --- |
| `a` | array of string | yes |  |

```json
{
  \"a\": [
    \"x\"
  ]
}
```

## Pet

A pet.

| Property | Type | Required | Description |
| --- | --- | --- | --- |
| `name` | string | yes | How it is called |
| `kind` | \"cat\", \"dog\" |  |  |
| `owner` | object |  |  |
| `owner.age` | integer |  | Default `3`. |
| `all` | Pet and object |  |  |";
        assert_eq!(found.markdown, wanted);
        assert_eq!((found.title.as_deref(), found.metadata.version.as_deref()), (Some("Pets"), Some("1.2")));
        assert_eq!(found.outline.len(), 4);
    }

    #[test]
    fn operations_stand_in_their_order_behind_their_tags() {
        let found = reading(
            "openapi: 3.0.0\ninfo: {title: Lanes}\ntags:\n- {name: rows, description: Rows of jobs}\n- {name: none}\n- {name: put, description: Putting and taking}\n\
             paths:\n  /z:\n    delete: {tags: [put], summary: One}\n    get: {tags: [other], summary: Two}\n  /lanes/{lane}/jobs:\n    post: {tags: [rows], summary: Three}\n  \
             /lanes:\n    get: {tags: [put, rows], summary: Four}\n",
        )
        .unwrap();
        let titles: Vec<&str> = found.outline.iter().map(|heading| heading.text.as_str()).collect();
        assert_eq!(titles, ["Lanes", "rows", "POST /lanes/{lane}/jobs", "put", "DELETE /z", "GET /lanes", "GET /z"]);
        assert!(found.markdown.contains("## rows\n\nRows of jobs\n\n"));
    }

    #[test]
    fn what_is_said_of_values_and_answers_stays() {
        let found = reading(
            "openapi: 3.0.0\ninfo: {title: A}\npaths:\n  /a:\n    get:\n      parameters:\n      - {name: limit, in: query, description: How many, schema: {type: integer, default: 25, minimum: 1, maximum: 100}, example: 50}\n      \
             - {$ref: '#/components/parameters/Named'}\n      responses:\n        '200':\n          description: |\n            First line.\n\n            Second with a LIMIT.\n          \
             headers: {X-Rate: {description: Calls left, schema: {type: integer}}}\n          content: {application/json: {schema: {type: object}, example: {token: T}}}\n        '404': {$ref: '#/components/responses/None'}\n      \
             callbacks: {onBoil: {'{$request.body#/url}': {post: {summary: Called back, responses: {'200': {description: fine}}}}}, again: {$ref: '#/components/callbacks/Again'}}\n      \
             x-codeSamples: [{lang: Shell, label: With curl, source: curl a}]\n  /b:\n    get: {responses: {'404': {$ref: '#/components/responses/None'}}}\n\
             components:\n  callbacks: {Again: {a: {put: {summary: Again, callbacks: {again: {$ref: '#/components/callbacks/Again'}}}}}}\n  \
             parameters: {Page: {name: page, in: query, description: Which page}, Named: {name: named, in: query}}\n  \
             responses: {None: {description: Not there, content: {text/plain: {example: nothing}}}, Other: {description: Otherwise}}\n  \
             schemas:\n    P: {type: object, properties: {s: {type: string, minLength: 3, maxLength: 9, pattern: '^a+$', example: abc, description: S, readOnly: true}, n: {type: number, exclusiveMinimum: 0, multipleOf: 5}}}\n    Id: {type: string, maxLength: 8}\n",
        )
        .unwrap();
        for wanted in [
            "| `limit` | query | integer |  | How many Default `25`. 1 to 100. Example `50`. |",
            "| 200 | First line.<br>Second with a LIMIT. | application/json: object |",
            "**Headers of responses**\n\n| Status | Name | Type | Description |\n| --- | --- | --- | --- |\n| 200 | `X-Rate` | integer | Calls left |",
            "Response 200:\n\n```json\n{\n  \"token\": \"T\"\n}\n```",
            "Response 404:\n\n```\nnothing\n```",
            "**With curl**\n\n```shell\ncurl a\n```",
            "## POST callback onBoil {$request.body#/url}\n\nCalled back",
            "## PUT callback again a\n\nAgain",
            "| `s` | string |  | S 3 to 9 characters. Pattern `^a+$`. Example `abc`. Read only. |",
            "| `n` | number |  | More than 0. Multiple of 5. |",
            "## Id\n\nType: string\n\nAt most 8 characters.",
            "## Other parameters\n\n| Name | In | Type | Required | Description |\n| --- | --- | --- | --- | --- |\n| `page` | query |  |  | Which page |",
            "## Other responses\n\n| Status | Description | Content |\n| --- | --- | --- |\n| Other | Otherwise |  |",
        ] {
            assert!(found.markdown.contains(wanted), "{wanted}: {}", found.markdown);
        }
        // What is referred to is told once; its own reference leads nowhere.
        for once in ["Again", "nothing", "| `named` |"] {
            assert_eq!(found.markdown.matches(once).count(), 1, "{once}: {}", found.markdown);
        }
        assert_eq!(found.outline.iter().filter(|heading| heading.level == 2).count(), 8, "{}", found.markdown);
    }

    #[test]
    fn callbacks_that_refer_to_callbacks_have_an_end() {
        let callback = |number: usize| {
            let next = format!("#/components/callbacks/C{}", number + 1);
            let operation = serde_json::json!({ "summary": format!("s{number}"), "callbacks": { "x": { "$ref": next } } });
            (format!("C{number}"), serde_json::json!({ "a": { "put": operation } }))
        };
        let callbacks: serde_json::Map<_, _> = (0..20_000).map(callback).collect();
        let first = serde_json::json!({ "get": { "callbacks": { "x": { "$ref": "#/components/callbacks/C0" } } } });
        let document = serde_json::json!({
            "openapi": "3.0.0", "info": { "title": "A" }, "paths": { "/a": first }, "components": { "callbacks": callbacks }
        });
        let text = document.to_string();
        let url = Url::parse("https://docs.test/openapi.json").unwrap();
        let found = read(&serde_json::from_str(&text).unwrap(), &url, &unlimited(), text.len()).unwrap();
        assert!(found.markdown.contains("s0\n\n## PUT callback x a\n\ns1\n"), "{}", found.markdown);
        assert_eq!(found.notes.iter().map(|note| (note.rule, &*note.begins)).collect::<Vec<_>>(), [("callbacks within callbacks", "x")]);
    }

    #[test]
    fn what_holds_for_all_of_it_is_told() {
        let found = reading(
            "openapi: 3.1.0\ninfo: {title: A}\nexternalDocs: {url: 'https://a.test/more', description: More}\nsecurity: [{key: []}, {oauth: [read, write], pin: []}]\n\
             servers: [{url: 'https://a.test/{v}', description: Prod, variables: {v: {default: v1, enum: [v1, v2], description: Which}}}, {url: /b}]\n\
             paths:\n  /a:\n    get: {summary: B, security: [], externalDocs: {url: /get}}\n    put: {summary: C, security: [{}, {key: []}]}\n    post: {summary: D, parameters: [{name: id, in: query, schema: {type: string, format: uuid, enum: [a, b]}}]}\n\
             components:\n  schemas:\n    P: {type: object, discriminator: {propertyName: kind, mapping: {dog: '#/components/schemas/Dog'}}, additionalProperties: {type: string}, externalDocs: {url: /p}, properties: {kind: {type: string}, in: {type: object, additionalProperties: false, properties: {x: {type: integer}}}}}\n    \
             Q: {oneOf: [{$ref: '#/components/schemas/P'}], discriminator: {propertyName: kind}}\n    R: {type: object, additionalProperties: true, properties: {a: {type: string}}}\n",
        )
        .unwrap()
        .markdown;
        for wanted in [
            "# A\n\nSee [More](https://a.test/more)\n\n- Server `https://a.test/{v}`: Prod\n  - `v`: Which Default `\"v1\"`. One of \"v1\", \"v2\".\n- Server `/b`\n\n**Security**: `key` or `oauth` (read, write) and `pin`\n\n## GET /a",
            "## GET /a\n\nB\n\nSee [/get](https://docs.test/get)\n\n**Security**: none\n\n## PUT",
            "C\n\n**Security**: none or `key`\n\n## POST",
            "| `id` | query | \"a\", \"b\" (uuid) |",
            "| `in` | object |  | No other properties. |",
            "| `in.x` | integer |  |  |\n\nOther properties: string. Told apart by `kind`: `dog` is Dog.\n\nSee [/p]",
            "## Q\n\nType: P\n\nTold apart by `kind`.\n\n## R",
        ] {
            assert!(found.contains(wanted), "{wanted}\n\n{found}");
        }
        assert!(found.ends_with("| `a` | string |  |  |"), "{found}");
    }

    #[test]
    fn a_description_ends_what_it_opens() {
        let found =
            reading("openapi: 3.0.0\ninfo: {title: A, description: \"See\\n\\n```\\nx\"}\npaths: {/a: {get: {summary: B}}}\n").unwrap();
        assert_eq!(found.markdown, "# A\n\nSee\n\n```\nx\n```\n\n## GET /a\n\nB");
    }

    #[test]
    fn version_two_and_schemas_are_read_too() {
        let found = reading(
            "swagger: '2.0'\nhost: a.test\nbasePath: /v1\nschemes: [http]\ninfo: {title: T}\npaths:\n  /x:\n    put:\n      parameters:\n      \
             - {in: body, name: b, schema: {$ref: '#/definitions/B'}}\n      - {in: query, name: q, type: string, default: d, maxLength: 7}\n      responses: {200: {description: ok, schema: {type: array, items: {$ref: '#/definitions/B'}}, headers: {X-A: {type: integer, description: Left}}, examples: {application/json: {e: 1}}}}\n\
             definitions:\n  B: {type: object, properties: {c: {type: boolean}}}\n",
        )
        .unwrap();
        for wanted in [
            "- Server `http://a.test/v1`",
            "**Request body**: B",
            "| `q` | query | string |  | Default `\"d\"`. At most 7 characters. |",
            "| 200 | `X-A` | integer | Left |",
            "Response 200:\n\n```json\n{\n  \"e\": 1\n}\n```",
            "| 200 | ok | array of B |",
            "## B\n\n| Property",
        ] {
            assert!(found.markdown.contains(wanted), "{wanted}: {}", found.markdown);
        }
        let schema = "$schema: https://json-schema.org/draft/2020-12/schema\ntitle: Conf\ndescription: All of it.\ntype: object\nproperties: {a: {type: [string, 'null']}}\n$defs: {B: {enum: [1]}}\n";
        assert_eq!(
            reading(schema).unwrap().markdown,
            "# Conf\n\nAll of it.\n\n| Property | Type | Required | Description |\n| --- | --- | --- | --- |\n| `a` | string or null |  |  |\n\n## B\n\nType: 1"
        );
        for other in ["a: 1", "[1]", "openapi: x", "properties: {a: 1}", "openapi: {paths: 1}\npaths: 2"] {
            assert!(reading(other).is_none(), "{other}");
        }
    }
}
