//! Who reads a topic, and what its process says of it at `/metrics`.

use std::time::Duration;

use e2e::{failed::Failed, world::World};

/// A consumer group of one of our services.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) service: &'static str,
    pub(super) group: &'static str,
}

/// What a reader has done, and its process's processor time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) handled: u64,
    pub(super) refused: u64,
    pub(super) busy: Duration,
}

/// The readers of a topic.
pub(super) fn of(topic: &str) -> Vec<Reader> {
    let reader = |service, group| Reader { service, group };
    match topic {
        "booking.events" => vec![
            reader("notification-service", "notification"),
            reader("booking-mgmt-service", "mgmt-cache"),
            reader("archival-service", "archival"),
        ],
        "availability.events" => vec![reader("search-service", "search-availability")],
        "hotel.events" => {
            vec![reader("search-service", "search-hotel"), reader("booking-service", "booking-stock")]
        }
        _ => Vec::new(),
    }
}

impl Reader {
    /// What its figures are called: the archive's part of the burst is the smallest that it has.
    pub(super) fn name(&self) -> String {
        match self.group {
            "archival" => "archival, of bookings that have not ended".to_owned(),
            group => group.to_owned(),
        }
    }

    /// What its process says now.
    pub(super) async fn sample(&self, world: &World) -> Result<Sample, Failed> {
        let url = format!("{}/metrics", world.service(self.service)?);
        let text = world.client.get(&url).send().await?.error_for_status()?.text().await?;
        let records = |outcome| {
            let labels = [format!("group=\"{}\"", self.group), format!("outcome=\"{outcome}\"")];
            sum(&text, "consumer_records_total", &labels)
        };
        Ok(Sample {
            handled: whole(records("done")),
            refused: whole(records("rejected") + records("set_aside")),
            busy: Duration::try_from_secs_f64(sum(&text, "process_cpu_seconds_total", &[]))
                .unwrap_or_default(),
        })
    }
}

/// The sum of a metric's values with these labels.
fn sum(metrics: &str, name: &str, labels: &[String]) -> f64 {
    let value = |line: &str| {
        let (series, value) = line.rsplit_once(' ')?;
        let (found, own) = series.split_once('{').unwrap_or((series, ""));
        let is_it = found == name && labels.iter().all(|label| own.contains(label.as_str()));
        is_it.then(|| value.parse::<f64>().ok()).flatten()
    };
    metrics.lines().filter_map(value).sum()
}

/// Counters of events are whole.
fn whole(count: f64) -> u64 {
    format!("{count:.0}").parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_summed_over_the_series_with_these_labels() {
        let text = "# TYPE consumer_records_total counter\n\
            consumer_records_total{group=\"a\",topic=\"t\",outcome=\"done\"} 3\n\
            consumer_records_total{group=\"a\",topic=\"u\",outcome=\"done\"} 4\n\
            consumer_records_total{group=\"a\",topic=\"u\",outcome=\"retry\"} 5\n\
            consumer_records_total{group=\"b\",topic=\"u\",outcome=\"done\"} 6\n\
            process_cpu_seconds_total 1.25\n";
        let labels = ["group=\"a\"".to_owned(), "outcome=\"done\"".to_owned()];
        assert_eq!(whole(sum(text, "consumer_records_total", &labels)), 7);
        assert_eq!(whole(4.0 * sum(text, "process_cpu_seconds_total", &[])), 5);
    }
}
