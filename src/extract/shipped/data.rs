//! Data as scripts have it: JSON, and what of the literals of JavaScript stands for data. Fields keep their order, as order is that of a
//! text.

/// One value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Data {
    /// Also whatever is no data: functions, and what only a program would know.
    #[default]
    Nothing,
    Text(String),
    Number(f64),
    Flag(bool),
    List(Vec<Data>),
    Map(Vec<(String, Data)>),
    /// `jsx("p", {…})`: the last part of the name of what is called.
    Call(String, Vec<Data>),
    /// The last part of a name that stands for something elsewhere.
    Name(String),
}

impl Data {
    /// The field of that name.
    pub(super) fn field(&self, name: &str) -> Option<&Self> {
        self.fields().iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    pub(super) fn fields(&self) -> &[(String, Self)] {
        match self {
            Self::Map(fields) => fields,
            _ => &[],
        }
    }

    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of the field of that name.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.field(name)?.text()
    }

    /// What of it is JSON, as such; names and calls are nothing there.
    pub(super) fn to_json(&self) -> String {
        let mut json = String::new();
        self.write_json(&mut json);
        json
    }

    fn write_json(&self, json: &mut String) {
        match self {
            Self::Text(text) => json.push_str(&quoted(text)),
            Self::Number(number) if number.is_finite() => json.push_str(&number.to_string()),
            Self::Flag(flag) => json.push_str(if *flag { "true" } else { "false" }),
            Self::List(items) => {
                json.push('[');
                for (place, item) in items.iter().enumerate() {
                    json.push_str(if place == 0 { "" } else { "," });
                    item.write_json(json);
                }
                json.push(']');
            }
            Self::Map(fields) => {
                json.push('{');
                for (place, (name, value)) in fields.iter().enumerate() {
                    json.push_str(if place == 0 { "" } else { "," });
                    json.push_str(&quoted(name));
                    json.push(':');
                    value.write_json(json);
                }
                json.push('}');
            }
            Self::Nothing | Self::Number(_) | Self::Call(..) | Self::Name(_) => json.push_str("null"),
        }
    }

    /// What is below, in order; none of what has nothing below it.
    pub(super) fn children(&self) -> Box<dyn Iterator<Item = (&str, &Self)> + '_> {
        match self {
            Self::List(items) | Self::Call(_, items) => Box::new(items.iter().map(|item| ("", item))),
            Self::Map(fields) => Box::new(fields.iter().map(|(key, value)| (key.as_str(), value))),
            _ => Box::new(std::iter::empty()),
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
