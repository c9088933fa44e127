//! The `OpenAPI` document.

use platform::{
    api::{Answer, Endpoint, Routes, page::Page},
    app::App as _,
    openapi::{Flaw, MergeConflict, check, document, merge},
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::greetings::{Greeting, GreetingApp};

fn ours() -> Value {
    serde_json::to_value(document(&GreetingApp::routes(), "greeting-service")).unwrap()
}

#[test]
fn an_operation_documents_everything_it_may_answer() {
    let document = ours();
    let create = &document["paths"]["/v1/greetings/{hotel_id}"]["post"];
    assert_eq!(create["operationId"], "create_greeting");
    assert_eq!(create["x-roles"], json!(["manager", "operator"]));
    assert_eq!(create["security"], json!([{ "bearer": [] }]));
    for status in
        ["201", "400", "401", "403", "404", "406", "408", "409", "413", "415", "422", "429", "500", "503"]
    {
        assert!(create["responses"][status].is_object(), "{status}");
    }
    assert!(create["responses"]["201"]["headers"]["Location"].is_object());
    assert!(create["responses"]["503"]["headers"]["Retry-After"].is_object());
    assert_eq!(create["responses"]["409"]["x-codes"], json!(["sold_out", "request_in_progress"]));
    let names: Vec<_> =
        create["parameters"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["hotel_id", "Idempotency-Key"]);
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}

#[test]
fn every_reference_of_the_document_leads_somewhere_and_hidden_operations_do_not_stand_in_it() {
    let document = ours();
    let text = document.to_string();
    for part in text.split("\"$ref\":\"#").skip(1) {
        let pointer = part.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    assert!(!text.contains("/dev/hidden"));
    let public = &document["paths"]["/v1/trace"]["get"];
    assert!(public.get("security").is_none() && public.get("x-roles").is_none());
}

#[derive(Serialize, ToSchema)]
struct Other {
    text: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Greeting)]
struct AnotherGreeting {
    other: Other,
}

#[derive(Serialize, ToSchema)]
struct Counted {
    count: Count,
}

type Count = u16;

fn answering<T: ToSchema>(operation_id: &'static str) -> Endpoint<()> {
    Endpoint::get(operation_id, |(), _| async { Ok(Answer::empty(200)) }).answers::<T>(200, "It.")
}

#[test]
fn a_document_that_would_mean_two_things_is_refused() {
    assert_eq!(check(&GreetingApp::routes()), Ok(()));
    let two = |first, second| check(&Routes::new().resource("/v1/a", [first]).resource("/v1/b", [second]));
    assert_eq!(two(answering::<Other>("a"), answering::<Other>("b")), Ok(()));
    let same_id = two(answering::<Other>("a"), answering::<Other>("a"));
    assert_eq!(same_id, Err(Flaw::Operation("a".to_owned())));
    let same_name = two(answering::<Greeting>("a"), answering::<AnotherGreeting>("b"));
    assert_eq!(same_name, Err(Flaw::Schema("Greeting".to_owned())));
    let pages = two(answering::<Page<Other>>("a"), answering::<Page<Greeting>>("b"));
    assert_eq!(pages, Err(Flaw::Schema("Page".to_owned())));
    assert_eq!(two(answering::<Counted>("a"), answering::<Other>("b")), Err(Flaw::Name("u16".to_owned())));
}

#[test]
fn documents_merge_unless_they_mean_different_things_by_one_name() {
    let first = ours();
    let mut second =
        json!({ "paths": { "/v1/other": { "get": {} } }, "components": { "schemas": { "Other": {} } } });
    let merged = merge(&[first.clone(), second.clone()], "Vacancy").unwrap();
    assert_eq!(merged["info"]["title"], "Vacancy");
    assert!(merged["paths"]["/v1/other"].is_object() && merged["components"]["schemas"]["Other"].is_object());
    second["components"]["schemas"]["Greeting"] = json!({ "type": "string" });
    assert_eq!(
        merge(&[first.clone(), second], "x").unwrap_err(),
        MergeConflict::Schema("Greeting".to_owned())
    );
    let twice = merge(&[first.clone(), first], "x").unwrap_err();
    assert!(matches!(twice, MergeConflict::Operation(_)));
}
