//! Each group's own handler, made as its service makes it, with its service's own settings.

use std::sync::Arc;

use archival_service::ArchivalApp;
use booking_mgmt_service::MgmtApp;
use booking_service::{BookingApp, consumers::hotel_events};
use events::consumer::Handler;
use notification_service::NotificationApp;
use search_service::SearchApp;

use crate::admin::{
    Failure,
    failure::IS_IT_UP,
    settings::{Settings, of_service},
};

const STARTING: &str = "starting the group's handler";

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
    let found = found.map_err(Failure::doing(STARTING, IS_IT_UP))?;
    found.ok_or_else(|| {
        Failure::refused(format!("{group} has no handler here"), "see whether search-service calls it so")
    })
}

fn booking_stock(settings: &Settings) -> Result<Arc<dyn Handler>, Failure> {
    let booking = of_service::<BookingApp>(settings.service_settings.booking.as_ref())?;
    let handler = booking_service::adapters::stock_handler(&booking);
    Ok(Arc::new(handler.map_err(Failure::doing(STARTING, IS_IT_UP))?))
}

fn archival(settings: &Settings) -> Result<Arc<dyn Handler>, Failure> {
    let archival = of_service::<ArchivalApp>(settings.service_settings.archival.as_ref())?;
    archival_service::adapters::handler(&archival).map_err(Failure::doing(STARTING, IS_IT_UP))
}

fn mgmt_cache(settings: &Settings) -> Result<Arc<dyn Handler>, Failure> {
    let mgmt = of_service::<MgmtApp>(settings.service_settings.mgmt.as_ref())?;
    booking_mgmt_service::adapters::handler(&mgmt).map_err(Failure::doing(STARTING, IS_IT_UP))
}

fn notification(settings: &Settings) -> Result<Arc<dyn Handler>, Failure> {
    let notification = of_service::<NotificationApp>(settings.service_settings.notification.as_ref())?;
    notification_service::adapters::handler(&notification).map_err(Failure::doing(STARTING, IS_IT_UP))
}
