//! The payment provider's side: the traveller at the checkout page, and trouble on request.

use serde_json::Value;

use crate::{
    failed::{Failed, expect},
    http::Answer,
    people::Person,
    world::World,
};

/// The card that is taken.
pub const GOOD_CARD: &str = "4242424242424242";
/// The card that is declined.
pub const DECLINED_CARD: &str = "4000000000000002";

/// Opens the checkout page and pays there with a card, as a browser does.
pub async fn pay(world: &World, checkout_url: &str, card: &str) -> Result<Answer, Failed> {
    let page = world.get(checkout_url).header("Accept", "text/html").expect(200).await?;
    expect(page.text.contains("<form") && page.text.contains("card_number"), || {
        format!("the checkout page has no form: {}", page.describe())
    })?;
    world.post(checkout_url).header("Accept", "text/html").form(&[("card_number", card)]).send().await
}

/// Tells the sandbox what to do with a payment.
pub async fn script(world: &World, payment_id: &str, script: &Value) -> Result<(), Failed> {
    let url = format!("{}/v1/scripts/{payment_id}", world.endpoints.sandbox);
    let call = world.call(reqwest::Method::PUT, &url).token(&world.endpoints.auth.sandbox_api_key);
    let answer = call.json(script).send().await?;
    expect((200..300).contains(&answer.status), || format!("the script was refused: {}", answer.describe()))
}

/// Moves the sandbox's clock.
pub async fn advance(world: &World, duration: &str) -> Result<(), Failed> {
    let url = format!("{}/dev/clock", world.endpoints.sandbox);
    let operator = Person::new(world, "operator")?;
    let call = world.post(&url).by(&operator);
    let answer = call.json(&serde_json::json!({ "advance": duration })).send().await?;
    expect((200..300).contains(&answer.status), || format!("the clock was not moved: {}", answer.describe()))
}
