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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use events::{consumer::Verdict, event_log::Record};
    use platform::settings::Loader;

    use super::*;
    use crate::admin::{groups::Group, settings::DEFAULT_TOML};

    #[tokio::test]
    async fn the_reader_of_every_group_passes_by_what_only_a_newer_writer_knows() {
        let settings: Settings = Loader::new(DEFAULT_TOML).load().unwrap();
        let newer = r#"{"specversion": "1.0", "type": "vacancy.rates.changed.v1", "data": {"rate": 1}}"#;
        for group in Group::ALL {
            let record = Record {
                topic: group.topic.to_owned(),
                partition: 0,
                offset: 0,
                key: "rates/1".to_owned(),
                payload: Some(newer.as_bytes().to_vec()),
                headers: BTreeMap::new(),
            };
            let verdict = of(&settings, group.name).unwrap().handle(&record).await;
            assert!(matches!(verdict, Verdict::Done), "{}: {verdict:?}", group.name);
        }
    }
}
