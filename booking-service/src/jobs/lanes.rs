//! Wakes lanes of the outbox in which other copies have committed events. Who misses a message finds the rows by its poll.

use delivery::LANES;
use events::relay::Relay;
use platform::{
    app::Job,
    redis::{Heard, Redis},
};

use crate::bookings::hints::{lane_channel, parse_lane_channel};

/// The job.
pub(crate) fn job(relay: &Relay, redis: &Redis) -> Job {
    let (redis, relay) = (redis.clone(), relay.clone());
    Job::new("wakes of lanes", move |shutdown| {
        let channels = (0..LANES).map(lane_channel);
        let mut told = redis.subscription("commits of other copies", channels);
        let relay = relay.clone();
        async move {
            loop {
                let heard = tokio::select! {
                    () = shutdown.requested() => return Ok(()),
                    heard = told.next() => heard,
                };
                if let Some(lane) = lane(&heard, relay.owner()) {
                    relay.wake_lane(lane);
                }
            }
        }
    })
}

/// The lane to be woken. What this copy says itself it passes by: its own commits have woken its lanes.
fn lane(heard: &Heard, copy: &str) -> Option<u8> {
    parse_lane_channel(&heard.channel).filter(|_| heard.says != copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_of_another_copy_wakes_its_lane_and_one_of_its_own_does_not() {
        let heard = Heard { channel: lane_channel(3), says: "one".to_owned() };
        assert_eq!(lane(&heard, "another"), Some(3));
        assert_eq!(lane(&heard, "one"), None);
        assert_eq!(lane(&Heard { channel: "vacancy/wake/".to_owned(), ..heard }, "another"), None);
    }
}
