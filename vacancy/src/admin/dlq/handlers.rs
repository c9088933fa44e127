//! Each group's own handler, made as its service makes it, with its service's own settings.

use std::sync::Arc;

use archival_service::ArchivalApp;
use booking_mgmt_service::MgmtApp;
use booking_service::{
    BookingApp,
    consumers::hotel_events::{self, HotelEvents},
    store::mysql::MySqlStock,
};
use events::{consumer::Handler, kafka::Kafka, relay::Relay};
use notification_service::NotificationApp;
use platform::mysql;
use search_service::SearchApp;

use crate::admin::{
    Failure,
    failure::IS_IT_UP,
    settings::{Settings, of_service},
};

/// The handler of a group.
pub(super) fn of(settings: &Settings, group: &str) -> Result<Arc<dyn Handler>, Failure> {
    match group {
        hotel_events::GROUP => booking_stock(settings),
        "archival" => archival(settings),
        "mgmt-cache" => mgmt_cache(settings),
        "notification" => notification(settings),
        _ => search(settings, group),
    }
}

fn search(settings: &Settings, group: &str) -> Result<Arc<dyn Handler>, Failure> {
    let search = of_service::<SearchApp>(settings.service_settings.search.as_ref())?;
    let found = search_service::adapters::handler_of(&search, group);
    let found = found.map_err(Failure::doing("starting the group's handler", IS_IT_UP))?;
    found.ok_or_else(|| {
        Failure::refused(format!("{group} has no handler here"), "see whether search-service calls it so")
    })
}

fn booking_stock(settings: &Settings) -> Result<Arc<dyn Handler>, Failure> {
    let booking = of_service::<BookingApp>(settings.service_settings.booking.as_ref())?;
    let pool = mysql::connect(&booking.mysql)
        .map_err(Failure::doing("reading mysql.url of booking-service", IS_IT_UP))?;
    // Never started: the running service's relay publishes what the handler writes.
    let log = Arc::new(Kafka::new(booking.kafka.clone()));
    let relay = Relay::new("vacancy-admin", pool.clone(), log, booking.relay.clone());
    Ok(Arc::new(HotelEvents::new(Arc::new(MySqlStock::new(pool)), relay.waker())))
}

fn archival(settings: &Settings) -> Result<Arc<dyn Handler>, Failure> {
    let archival = of_service::<ArchivalApp>(settings.service_settings.archival.as_ref())?;
    let handler = archival_service::adapters::handler(&archival);
    handler.map_err(Failure::doing("starting the group's handler", IS_IT_UP))
}

fn mgmt_cache(settings: &Settings) -> Result<Arc<dyn Handler>, Failure> {
    let mgmt = of_service::<MgmtApp>(settings.service_settings.mgmt.as_ref())?;
    let handler = booking_mgmt_service::adapters::handler(&mgmt);
    handler.map_err(Failure::doing("starting the group's handler", IS_IT_UP))
}

fn notification(settings: &Settings) -> Result<Arc<dyn Handler>, Failure> {
    let notification = of_service::<NotificationApp>(settings.service_settings.notification.as_ref())?;
    let handler = notification_service::adapters::handler(&notification);
    handler.map_err(Failure::doing("starting the group's handler", IS_IT_UP))
}
