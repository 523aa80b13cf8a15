//! The published schema's own account of a referral, read from the file and from nothing else:
//! which fields there are, what each holds, and which documents one might send.

use frontdoor::validation::SCHEMA;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What stands in one place of a document.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// One answer; the name of its definition, e.g. `Date`.
    Answer(String),
    Record {
        fields: BTreeMap<String, Shape>,
        /// The field that takes a bare value.
        scalar: Option<String>,
    },
    List(Box<Shape>),
}

pub(super) fn schema() -> Value {
    serde_json::from_str(SCHEMA).expect("the schema is JSON")
}

/// The shape of a whole referral.
pub(super) fn referral() -> Shape {
    let schema = schema();
    Shape::Record { fields: fields(&schema, &schema["properties"]), scalar: None }
}

fn fields(schema: &Value, properties: &Value) -> BTreeMap<String, Shape> {
    let properties = properties.as_object().expect("properties");
    properties.iter().map(|(name, node)| (name.clone(), node_shape(schema, node))).collect()
}

fn node_shape(schema: &Value, node: &Value) -> Shape {
    if let Some(reference) = node["$ref"].as_str() {
        return definition(schema, reference);
    }
    let list = &node["anyOf"][0];
    assert_eq!(list["type"], "array", "{node}");
    assert_eq!(list["items"]["$ref"], node["anyOf"][1]["$ref"], "one thing is a list of one");
    Shape::List(Box::new(definition(schema, list["items"]["$ref"].as_str().expect("items"))))
}

fn definition(schema: &Value, reference: &str) -> Shape {
    let name = reference.strip_prefix("#/$defs/").expect("a definition");
    let forms = schema["$defs"][name]["anyOf"].as_array().expect("forms");
    if forms[0]["type"] != "object" {
        return Shape::Answer(name.to_owned());
    }
    let words = forms.iter().find(|form| form["title"] == "In words");
    let scalar = words.map(|form| {
        let text = form["description"].as_str().expect("a description");
        text.split('`').nth(1).expect("the field in backticks").to_owned()
    });
    Shape::Record { fields: fields(schema, &forms[0]["properties"]), scalar }
}

impl Shape {
    /// Every place that can hold an answer, `*` for an item of a list, with its definition.
    pub(super) fn places(&self) -> BTreeMap<String, String> {
        let mut out = BTreeMap::new();
        self.collect("", &mut out);
        out
    }

    fn collect(&self, at: &str, out: &mut BTreeMap<String, String>) {
        match self {
            Shape::Answer(definition) => {
                out.insert(at.to_owned(), definition.clone());
            }
            Shape::List(item) => item.collect(&format!("{at}/*"), out),
            Shape::Record { fields, .. } => {
                for (name, field) in fields {
                    field.collect(&format!("{at}/{name}"), out);
                }
            }
        }
    }

    /// A document with one item in every list, every answer given by `answer`.
    pub(super) fn filled(&self, answer: &dyn Fn(&str) -> Value) -> Value {
        match self {
            Shape::Answer(definition) => answer(definition),
            Shape::List(item) => json!([item.filled(answer)]),
            Shape::Record { fields, .. } => {
                let members =
                    fields.iter().map(|(name, field)| (name.clone(), field.filled(answer)));
                Value::Object(members.collect())
            }
        }
    }
}

/// What people and programs write into one answer, well and badly.
pub(super) const WRITTEN: &[&str] = &[
    "",
    " ",
    "\u{a0}\u{3000}",
    "\u{85}",
    "\u{feff}",
    "\u{200b}",
    "\n",
    "not-known",
    " refused\n",
    "Not-Known",
    "unknown",
    "yes",
    " Y",
    "YES\u{2003}",
    "true",
    "True",
    "false ",
    "no",
    "tru",
    "yes.",
    "Yes, now !",
    "Yes – do not tell dad",
    "yesterday",
    "No,",
    "no, not yet",
    "1",
    "0",
    "1 child",
    "unknown.",
    "16A",
    "16a ",
    "99Z",
    "20",
    "missing-now",
    "M",
    "f",
    "MOB",
    "early-help",
    "2A",
    "2019-03-04",
    "04/03/2019",
    "12/13/2019",
    "2020-02-30",
    "29.02.2024",
    "2019-03-04T10:11:12Z",
    "HX1 1AA",
    "hx11aa",
    "HX1 O1A",
    "9990000018",
    "999 000 0026",
    "9990000019",
    "E381203117001",
    "F381203117001",
    "7",
    "151",
    "-1",
    "[]",
    "{}",
    "Anna",
    "it's \"quoted\" \\ £ ü ٣",
];

/// Things that people and programs write where an answer is expected, good and bad.
pub(super) fn stated() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        6 => proptest::sample::select(WRITTEN).prop_map(Value::from),
        1 => any::<String>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => (0u8..160).prop_map(Value::from),
        1 => Just(json!(1.5)),
        1 => Just(Value::Null),
        1 => Just(json!([])),
        1 => Just(json!({})),
        1 => Just(json!({"unreadable": "as stated"})),
        1 => Just(json!({"unreadable": " \t"})),
        1 => Just(json!({"unreadable": "true"})),
        1 => Just(json!({"unreadable": "refused", "more": 1})),
        1 => Just(json!({"unreadable": 7})),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map("[a-z]{1,4}|unreadable|name|as_stated", inner, 0..3)
                .prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
    .boxed()
}

/// Documents that one might send for this shape, each field stated with the given probability.
pub(super) fn documents(shape: &Shape, density: f64) -> BoxedStrategy<Value> {
    match shape {
        Shape::Answer(_) => stated(),
        Shape::List(item) => {
            let item = documents(item, density);
            prop_oneof![
                5 => vec(item.clone(), 0..3).prop_map(Value::from),
                1 => item,
                1 => stated(),
            ]
            .boxed()
        }
        Shape::Record { fields, .. } => {
            let members: Vec<BoxedStrategy<Option<(String, Value)>>> = fields
                .iter()
                .map(|(name, field)| {
                    let name = name.clone();
                    let value = documents(field, density);
                    let member = value.prop_map(move |value| (name.clone(), value));
                    proptest::option::weighted(density, member).boxed()
                })
                .collect();
            let named = members.prop_map(|members| {
                Value::Object(members.into_iter().flatten().collect::<Map<String, Value>>())
            });
            let misspelt =
                (named.clone(), "[a-zA-Z é]{1,6}", stated()).prop_map(|(mut named, k, v)| {
                    named[k] = v;
                    named
                });
            prop_oneof![10 => named, 2 => misspelt, 1 => stated()].boxed()
        }
    }
}
