//! The services, as data: what `up` builds, configures, migrates and starts.

use crate::instance::Instance;

/// A service of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Service {
    #[value(name = "hotel-service")]
    Hotel,
    #[value(name = "search-service")]
    Search,
    #[value(name = "booking-service")]
    Booking,
    #[value(name = "booking-mgmt-service")]
    BookingMgmt,
    #[value(name = "archival-service")]
    Archival,
    #[value(name = "notification-service")]
    Notification,
    #[value(name = "payment-sandbox")]
    PaymentSandbox,
}

impl Service {
    /// All of them, in the order in which they are started.
    pub(crate) const ALL: [Self; 7] = [
        Self::Hotel,
        Self::Booking,
        Self::Search,
        Self::BookingMgmt,
        Self::Archival,
        Self::Notification,
        Self::PaymentSandbox,
    ];

    /// Those that the gateway leads to: their OpenAPI documents are merged into one.
    pub(crate) const BEHIND_GATEWAY: [Self; 4] =
        [Self::Hotel, Self::Search, Self::Booking, Self::BookingMgmt];

    /// Its crate, binary, log and OpenAPI document.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Hotel => "hotel-service",
            Self::Search => "search-service",
            Self::Booking => "booking-service",
            Self::BookingMgmt => "booking-mgmt-service",
            Self::Archival => "archival-service",
            Self::Notification => "notification-service",
            Self::PaymentSandbox => "payment-sandbox",
        }
    }

    /// Its word in templates: `{{port_hotel}}`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Hotel => "hotel",
            Self::Search => "search",
            Self::Booking => "booking",
            Self::BookingMgmt => "mgmt",
            Self::Archival => "archival",
            Self::Notification => "notification",
            Self::PaymentSandbox => "sandbox",
        }
    }

    /// Where it listens.
    pub(crate) fn port(self, instance: &Instance) -> u16 {
        let offsets = &instance.settings.port_offsets;
        instance.port(match self {
            Self::Hotel => offsets.hotel_service,
            Self::Search => offsets.search_service,
            Self::Booking => offsets.booking_service,
            Self::BookingMgmt => offsets.booking_mgmt_service,
            Self::Archival => offsets.archival_service,
            Self::Notification => offsets.notification_service,
            Self::PaymentSandbox => offsets.payment_sandbox,
        })
    }

    /// Its development settings, with `{{…}}` where the instance's own values go.
    pub(crate) const fn template(self) -> &'static str {
        match self {
            Self::Hotel => include_str!("../../deployment/hotel-service.toml"),
            Self::Search => include_str!("../../deployment/search-service.toml"),
            Self::Booking => include_str!("../../deployment/booking-service.toml"),
            Self::BookingMgmt => include_str!("../../deployment/booking-mgmt-service.toml"),
            Self::Archival => include_str!("../../deployment/archival-service.toml"),
            Self::Notification => include_str!("../../deployment/notification-service.toml"),
            Self::PaymentSandbox => include_str!("../../deployment/payment-sandbox.toml"),
        }
    }

    /// Whether it has something to migrate: the sandbox keeps a journal of its own.
    pub(crate) const fn migrates(self) -> bool {
        match self {
            Self::PaymentSandbox => false,
            Self::Hotel
            | Self::Search
            | Self::Booking
            | Self::BookingMgmt
            | Self::Archival
            | Self::Notification => true,
        }
    }
}
