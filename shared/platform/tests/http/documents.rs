//! The `OpenAPI` document.

use platform::{
    api::{Answer, Endpoint, Routes, page::Page},
    app::App as _,
    openapi::{Flaw, check, document},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::greetings::{Greeting, GreetingApp};

fn ours() -> Value {
    document(&GreetingApp::routes(), "greeting-service")
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
    assert_eq!(public["security"], json!([]));
    assert!(public.get("x-roles").is_none());
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
    Endpoint::get(operation_id, |(), _| async { Ok(Answer::empty(200)) })
        .tag("search")
        .answers::<T>(200, "It.")
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
fn an_operation_that_stands_in_no_known_group_is_refused() {
    let stray = answering::<Other>("a").tag("sundries");
    assert_eq!(check(&Routes::new().resource("/v1/a", [stray])), Err(Flaw::Group("a".to_owned())));
}

/// Whether something comes later.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Mood {
    Glad,
    Sad,
}

#[derive(Serialize, ToSchema)]
struct Felt {
    /// How it is felt.
    mood: Mood,
    /// What was felt before.
    #[schema(required)]
    before: Option<Mood>,
}

#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes a body")]
struct Feel {
    /// How to feel.
    mood: Mood,
}

#[test]
fn a_word_is_closed_for_who_sends_it_and_open_for_who_reads_it() {
    let feel = answering::<Felt>("feel").body::<Feel>();
    let document = document(&Routes::new().resource("/v1/moods", [feel]), "moods");
    let schemas = &document["components"]["schemas"];
    let open = &schemas["Mood"];
    assert_eq!(open["x-extensible-enum"], json!(["glad", "sad"]));
    assert!(open["enum"].is_null());
    assert_eq!(open["description"], "Whether something comes later. One of: `glad`, `sad`; more may come.");
    assert_eq!(schemas["Felt"]["properties"]["mood"]["$ref"], "#/components/schemas/Mood");
    assert_eq!(schemas["Felt"]["properties"]["before"]["description"], "What was felt before.");
    let sent = &schemas["Feel"]["properties"]["mood"];
    assert_eq!(sent["enum"], json!(["glad", "sad"]));
    assert_eq!(sent["description"], "How to feel.");
    assert!(
        schemas["ProblemCode"]["enum"].is_null() && schemas["FieldError"].to_string().contains("stop_sell")
    );
}

#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "before": null }))]
struct Shown {
    /// How many.
    #[schema(minimum = 3, maximum = 7)]
    count: u8,
    /// What was before.
    #[schema(required)]
    before: Option<Mood>,
    /// Which.
    moods: Vec<Mood>,
    /// A day.
    #[schema(format = Date)]
    day: String,
}

#[test]
fn every_body_has_an_example_made_of_its_parts_and_every_refusal_one_of_each_code() {
    let routes = Routes::new().resource("/v1/shown", [answering::<Shown>("show").public()]);
    let document = document(&routes, "shown");
    let answers = &document["paths"]["/v1/shown"]["get"]["responses"];
    let wanted = json!({ "count": 3, "before": null, "moods": ["glad"], "day": "2026-12-24" });
    assert_eq!(answers["200"]["content"]["application/json"]["example"], wanted);
    assert_eq!(document["components"]["schemas"]["Shown"]["examples"], json!([wanted]));
    let examples = &answers["503"]["content"]["application/problem+json"]["examples"];
    assert_eq!(examples["overloaded"]["$ref"], "#/components/examples/overloaded");
    let overloaded = &document["components"]["examples"]["overloaded"]["value"];
    assert_eq!((&overloaded["status"], &overloaded["retryable"]), (&json!(503), &json!(true)));
}

#[test]
fn if_match_is_required_where_leaving_it_out_is_always_refused() {
    let routes = |endpoint| document(&Routes::new().resource("/v1/a", [endpoint]), "a");
    let required = |document: &Value| {
        let parameters = document["paths"]["/v1/a"]["get"]["parameters"].as_array().unwrap().clone();
        parameters.iter().find(|one| one["name"] == "If-Match").unwrap()["required"].clone()
    };
    assert_eq!(required(&routes(answering::<Other>("a").if_match())), json!(true));
    assert_eq!(required(&routes(answering::<Other>("a").if_match().if_none_match())), json!(false));
}
