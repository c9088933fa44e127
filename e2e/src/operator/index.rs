//! `reindex`: a new index behind the alias, and no search notices.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use e2e::{
    failed::{Failed, expect},
    http::text,
    people::Person,
    world::World,
};
use serde_json::Value;

use crate::journey::{Hotel, Stay, book::reserve, search};

/// What search-service's settings call it unless told otherwise.
const ALIAS: &str = "vacancy-rooms";
/// Between two searches: below what one address may ask in a second.
const PAUSE: Duration = Duration::from_millis(100);

/// Every search meanwhile finds the hotel; afterwards the alias names the index that was printed and no other, and the
/// same search has the same answer.
pub(super) async fn rebuilt(world: &World, hotel: &Hotel, stay: &Stay) -> Result<(), Failed> {
    search::back(world, hotel, &hotel.suite, stay).await?;
    let before = (found(world, hotel, stay).await?, named(world).await?);
    let over = AtomicBool::new(false);
    let rebuild = async {
        let said = world.admin(&["reindex"]).await;
        over.store(true, Ordering::Relaxed);
        said
    };
    let (said, searches) = tokio::join!(rebuild, never_missing(world, hotel, stay, &over));
    let (said, searches) = (said?, searches?);
    said.says(&["rooms", "that can be found", "took"])?;
    let (index, replaced) = (said.value("index")?.to_owned(), said.value("replaced")?.to_owned());
    expect(before.1 == [replaced.clone()] && index != replaced, || said.describe())?;
    let after = (found(world, hotel, stay).await?, named(world).await?);
    expect(after.1 == [index], || format!("the alias names {:?}: {}", after.1, said.describe()))?;
    expect(after.0 == before.0, || format!("{} before, {} after", before.0, after.0))?;
    e2e::say!("    {searches} searches meanwhile; {}", said.out.trim().replace('\n', "; "));
    Ok(())
}

/// What happens after the rebuild reaches the new index: the only suite is taken, and search offers it no more.
pub(super) async fn follows(world: &World, hotel: &Hotel, stay: &Stay) -> Result<(), Failed> {
    let traveller = Person::new(world, "traveller")?;
    search::back(world, hotel, &hotel.suite, stay).await?;
    reserve(world, hotel, &hotel.suite, stay, &traveller).await?;
    search::gone(world, hotel, &hotel.suite, stay).await
}

/// How many searches there were until it was over, one of them behind the end.
async fn never_missing(
    world: &World,
    hotel: &Hotel,
    stay: &Stay,
    over: &AtomicBool,
) -> Result<usize, Failed> {
    let mut searches = 0;
    loop {
        let last = over.load(Ordering::Relaxed);
        found(world, hotel, stay).await?;
        searches += 1;
        if last {
            return Ok(searches);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What a search by the hotel's name shows of it.
async fn found(world: &World, hotel: &Hotel, stay: &Stay) -> Result<Value, Failed> {
    let name = hotel.name.replace(' ', "%20");
    let page = world.get(&format!("/v1/search?q={name}&{}&adults=2", stay.query())).expect(200).await?;
    let found = page.items().into_iter().find(|item| text(item, "/hotel_id") == hotel.id);
    found.ok_or_else(|| Failed::new(format!("the hotel is missing: {}", page.describe())))
}

/// The indices behind the alias, by the search server itself.
async fn named(world: &World) -> Result<Vec<String>, Failed> {
    let url = format!("{}/_alias/{ALIAS}", world.server("elasticsearch_url")?);
    let answer = world.get(&url).expect(200).await?;
    Ok(answer.json.as_object().into_iter().flat_map(|indices| indices.keys().cloned()).collect())
}
