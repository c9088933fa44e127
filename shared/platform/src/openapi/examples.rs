//! An example of every body, put together from those of its parts; and of every problem.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{operations, problems, referred, schemas};
use crate::api::Code;

/// Where examples of problems stand.
const PROBLEMS: &str = "#/components/examples/";

/// Gives every body its example. What a schema says of some of its members itself goes before what those say.
pub(super) fn fill(document: &mut Value) {
    let known = Parts(schemas(document));
    let own = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    for (_, schema) in own.into_iter().flatten() {
        if schema.pointer("/examples/0").is_some_and(Value::is_object) {
            let whole = json!([known.example(schema)]);
            schema.as_object_mut().map(|members| members.insert("examples".to_owned(), whole));
        }
    }
    let mut codes = BTreeSet::new();
    for operation in operations(document) {
        operation.get_mut("requestBody").into_iter().for_each(|body| known.show(body));
        let answers = operation.get_mut("responses").and_then(Value::as_object_mut);
        for (_, answer) in answers.into_iter().flatten() {
            known.show(answer);
            codes.extend(show_problems(answer));
        }
    }
    let shown: Map<String, Value> =
        codes.into_iter().map(|code| (code.as_str().to_owned(), problem(code))).collect();
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.insert("examples".to_owned(), shown.into());
    }
}

fn problem(code: Code) -> Value {
    json!({ "summary": code.title(), "value": problems::example(code) })
}

/// Refers to the example of each code that an answer may have.
fn show_problems(answer: &mut Value) -> Vec<Code> {
    let words = answer.get("x-codes").and_then(Value::as_array).into_iter().flatten();
    let codes: Vec<Code> = words.filter_map(Value::as_str).filter_map(Code::parse).collect();
    let reference = |code: &Code| json!({ "$ref": format!("{PROBLEMS}{}", code.as_str()) });
    let examples: Map<String, Value> =
        codes.iter().map(|code| (code.as_str().to_owned(), reference(code))).collect();
    let content = answer.pointer_mut("/content/application~1problem+json").and_then(Value::as_object_mut);
    if let Some(content) = content {
        content.remove("example");
        content.insert("examples".to_owned(), examples.into());
    }
    codes
}

/// The schemas that others are put together from.
struct Parts(Map<String, Value>);

impl Parts {
    /// Gives each media type of a body or an answer its example.
    fn show(&self, body: &mut Value) {
        let kinds = body.get_mut("content").and_then(Value::as_object_mut);
        for (_, content) in kinds.into_iter().flatten() {
            let example = self.example(content.get("schema").unwrap_or(&Value::Null));
            content.as_object_mut().map(|members| members.insert("example".to_owned(), example));
        }
    }

    fn example(&self, schema: &Value) -> Value {
        let made = match referred(schema).and_then(|name| self.0.get(name)) {
            Some(target) => self.example(target),
            None => self.made(schema),
        };
        match (made, schema.pointer("/examples/0").cloned()) {
            (Value::Object(mut made), Some(Value::Object(own))) => {
                made.extend(own);
                made.into()
            }
            (_, Some(own)) => own,
            (made, None) => made,
        }
    }

    fn made(&self, schema: &Value) -> Value {
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            let parts = parts.iter().map(|part| self.example(part));
            return parts
                .filter_map(|part| part.as_object().cloned())
                .flatten()
                .collect::<Map<_, _>>()
                .into();
        }
        if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
            let is_null = |choice: &&Value| choice.get("type").and_then(Value::as_str) == Some("null");
            return choices.iter().find(|one| !is_null(one)).map(|one| self.example(one)).unwrap_or_default();
        }
        let word = ["default", "enum", "x-extensible-enum"].iter().find_map(|key| schema.get(*key));
        match word {
            Some(Value::Array(words)) => words.first().cloned().unwrap_or_default(),
            Some(default) => default.clone(),
            None => self.of_type(schema),
        }
    }

    fn of_type(&self, schema: &Value) -> Value {
        let kind = schema.get("type").unwrap_or(&Value::Null);
        let kinds = kind.as_array().map_or_else(|| vec![kind], |kinds| kinds.iter().collect());
        let kind = kinds.into_iter().filter_map(Value::as_str).find(|kind| *kind != "null");
        match kind.unwrap_or_default() {
            "object" => {
                let members = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
                members
                    .map(|(name, member)| (name.clone(), self.example(member)))
                    .collect::<Map<_, _>>()
                    .into()
            }
            "array" => json!([self.example(schema.get("items").unwrap_or(&Value::Null))]),
            "string" => text(schema.get("format").and_then(Value::as_str)).into(),
            "integer" | "number" => {
                let bound = |key| schema.get(key).and_then(Value::as_i64);
                let least = bound("minimum").unwrap_or(1).max(1);
                least.min(bound("maximum").unwrap_or(least)).into()
            }
            "boolean" => true.into(),
            _ => Value::Null,
        }
    }
}

fn text(format: Option<&str>) -> &'static str {
    match format {
        Some("date") => "2026-12-24",
        Some("date-time") => "2026-11-21T19:23:00.000000Z",
        Some("uuid") => "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70",
        Some("uri") => "https://example.com",
        _ => "text",
    }
}
