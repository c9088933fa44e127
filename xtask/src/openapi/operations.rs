//! The table of operations in docs/API-DESIGN.md: each row follows from the merged document, and must stand there.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The page with the table.
pub(super) const PAGE: &str = "docs/API-DESIGN.md";

/// What every operation may answer.
const ALWAYS: &[&str] = &[
    "malformed_header",
    "not_acceptable",
    "invalid_field",
    "rate_limited",
    "internal",
    "unavailable",
    "overloaded",
];

/// A mark, the code that shows it, and all the codes that it stands for. The page explains them above the table.
const MARKS: [(&str, &str, &[&str]); 5] = [
    ("A", "unauthenticated", &["unauthenticated", "forbidden"]),
    (
        "B",
        "malformed_json",
        &["malformed_json", "request_timeout", "body_too_large", "unsupported_media_type", "unknown_field"],
    ),
    (
        "K",
        "idempotency_key_missing",
        &["idempotency_key_missing", "request_in_progress", "idempotency_key_reused"],
    ),
    ("M", "precondition_required", &["stale_version", "precondition_required"]),
    ("N", "not_found", &["not_found"]),
];

/// What the page lacks and what it has too much, one line each; none when the table is right.
pub(super) fn differences(document: &Value, page: &str) -> Vec<String> {
    let wanted = rows(document);
    let shown: Vec<&str> = page.lines().filter(|line| is_row(line)).collect();
    let lacks = wanted.iter().filter(|row| !shown.contains(&row.as_str()));
    let has = shown.iter().enumerate().filter(|(at, row)| {
        !wanted.iter().any(|one| one == *row) || shown.iter().take(*at).any(|one| one == *row)
    });
    let lacks = lacks.map(|row| format!("add    {row}"));
    lacks.chain(has.map(|(_, row)| format!("remove {row}"))).collect()
}

/// A row begins with a method and a path.
fn is_row(line: &str) -> bool {
    let operation = line.strip_prefix("| `").and_then(|rest| rest.split_once("` `"));
    let (method, path) = operation.and_then(|(operation, _)| operation.split_once(' ')).unwrap_or_default();
    path.starts_with('/') && !method.is_empty() && method.chars().all(|letter| letter.is_ascii_uppercase())
}

fn rows(document: &Value) -> Vec<String> {
    let paths = object(document.get("paths"));
    let operations = paths.iter().flat_map(|(path, item)| {
        object(Some(item)).into_iter().map(move |(method, operation)| (path, method, operation))
    });
    let known = operations.filter(|(_, _, operation)| operation.get("operationId").is_some());
    known.map(|(path, method, operation)| row(path, &method, &operation)).collect()
}

fn row(path: &str, method: &str, operation: &Value) -> String {
    let codes = codes(operation);
    let marks = MARKS.iter().filter(|(_, shows, _)| codes.contains(shows));
    let mut own = codes.clone();
    own.retain(|code| !ALWAYS.contains(code) && !marks.clone().any(|(_, _, stands)| stands.contains(code)));
    let marks: String = marks.map(|(mark, _, _)| *mark).collect();
    let own: Vec<String> = own.into_iter().map(|code| format!("`{code}`")).collect();
    let (method, id) = (method.to_uppercase(), text(operation.get("operationId")));
    let (roles, success) = (roles(operation), success(operation));
    format!("| `{method} {path}` `{id}` | {roles} | {marks} | {success} | {} |", own.join(", "))
}

/// The codes of all its refusals.
fn codes(operation: &Value) -> BTreeSet<&str> {
    let answers = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
    let codes = answers.filter_map(|(_, answer)| answer.get("x-codes")?.as_array());
    codes.flatten().filter_map(Value::as_str).collect()
}

fn roles(operation: &Value) -> String {
    let roles = operation.get("x-roles").and_then(Value::as_array).into_iter().flatten();
    let roles: Vec<&str> = roles.filter_map(Value::as_str).collect();
    if roles.is_empty() { "public".to_owned() } else { roles.join(", ") }
}

/// `200 Room, 201 Room`; a type that is not JSON by its name: `200 Invoice or text/html`.
fn success(operation: &Value) -> String {
    let answers = object(operation.get("responses"));
    let good = answers.iter().filter(|(status, _)| status.starts_with('2'));
    let shown = good.map(|(status, answer)| {
        let kinds = object(answer.get("content"));
        let names = kinds.iter().map(|(kind, content)| {
            let schema = content.pointer("/schema/$ref").and_then(Value::as_str);
            schema.and_then(|path| path.rsplit('/').next()).unwrap_or(kind).to_owned()
        });
        format!("{status} {}", names.collect::<Vec<_>>().join(" or ")).trim_end().to_owned()
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn object(value: Option<&Value>) -> Map<String, Value> {
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ROW: &str =
        "| `POST /v1/a/{id}` `make_a` | manager, operator | AKN | 200 A or text/html, 204 | `sold_out` |";

    fn document() -> Value {
        let content = json!({"application/json": {"schema": {"$ref": "#/components/schemas/A"}},
                             "text/html": {"schema": {"type": "string"}}});
        let operation = json!({
            "operationId": "make_a", "x-roles": ["manager", "operator"],
            "responses": {
                "200": {"content": content}, "204": {},
                "400": {"x-codes": ["malformed_header", "idempotency_key_missing"]},
                "401": {"x-codes": ["unauthenticated"]}, "403": {"x-codes": ["forbidden"]},
                "404": {"x-codes": ["not_found"]}, "409": {"x-codes": ["sold_out", "request_in_progress"]},
            },
        });
        json!({"paths": {"/v1/a/{id}": {"post": operation, "parameters": []}}})
    }

    #[test]
    fn a_row_says_operation_roles_marks_success_and_what_only_it_refuses() {
        assert_eq!(rows(&document()), [ROW]);
        assert_eq!(
            differences(&document(), &format!("# P\n| operation | roles |\n{ROW}\n")),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_missing_row_is_given_as_the_line_to_add() {
        assert_eq!(differences(&document(), "# P\n"), [format!("add    {ROW}")]);
    }

    #[test]
    fn a_row_of_no_operation_or_one_that_says_something_else_is_named() {
        let gone = "| `GET /v1/b` `get_b` | public |  | 200 B |  |";
        assert_eq!(differences(&document(), &format!("{ROW}\n{gone}\n")), [format!("remove {gone}")]);
        let other = ROW.replace("manager, ", "");
        let wanted = [format!("add    {ROW}"), format!("remove {other}")];
        assert_eq!(differences(&document(), &other), wanted);
        assert_eq!(differences(&document(), &format!("{ROW}\n{ROW}\n")), [format!("remove {ROW}")]);
    }

    #[test]
    fn other_tables_of_the_page_are_left_alone() {
        let page = format!("| `name` | 1 to 200 |\n| `GET` is | safe |\n{ROW}\n");
        assert_eq!(differences(&document(), &page), Vec::<String>::new());
    }
}
