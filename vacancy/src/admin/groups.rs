//! Who reads what: the consumer groups whose lag and dead letters count.

use domain::event::topic;

/// A consumer group and the topic it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Its name, without the prefix.
    pub name: &'static str,
    /// Its topic, without the prefix.
    pub topic: &'static str,
}

impl Group {
    /// Every group of ours.
    pub const ALL: &'static [Self] = &[
        Self { name: booking_service::consumers::hotel_events::GROUP, topic: topic::HOTEL },
        Self { name: "search-hotel", topic: topic::HOTEL },
        Self { name: "search-availability", topic: topic::AVAILABILITY },
        Self { name: "archival", topic: topic::BOOKING },
        Self { name: "mgmt-cache", topic: topic::BOOKING },
        Self { name: "notification", topic: topic::BOOKING },
    ];

    /// The group of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|group| group.name == name)
    }

    /// All names, for a person.
    pub(crate) fn names() -> String {
        Self::ALL.iter().map(|group| group.name).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use booking_mgmt_service::MgmtApp;
    use platform::app::App;

    use super::*;

    /// The group and topic of a service's default settings.
    fn of<A: App>(section: &str) -> (String, String) {
        let settings: toml::Table = A::DEFAULT_TOML.parse().unwrap();
        let text = |key| settings[section][key].as_str().unwrap().to_owned();
        (text("group"), text("topic"))
    }

    #[test]
    fn the_groups_are_those_that_the_services_read_with() {
        let read = [
            of::<search_service::SearchApp>("hotel_consumer"),
            of::<search_service::SearchApp>("availability_consumer"),
            of::<archival_service::ArchivalApp>("consumer"),
            of::<MgmtApp>("consumer"),
            of::<notification_service::NotificationApp>("consumer"),
        ];
        for (group, topic) in read {
            assert_eq!(Group::named(&group).map(|known| known.topic), Some(topic.as_str()), "{group}");
        }
    }
}
