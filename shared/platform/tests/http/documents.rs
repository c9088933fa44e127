//! The `OpenAPI` document.

use platform::{
    app::App as _,
    openapi::{MergeConflict, document, merge},
};
use serde_json::{Value, json};

use crate::greetings::GreetingApp;

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
