//! Whether anything is still under way: outboxes, consumers, dead letters.

use async_trait::async_trait;
use events::{
    dlq::DeadLetters,
    kafka::{self, PartitionLag},
    outbox,
};
use platform::causes::BoxError;

use super::{Check, Tally};
use crate::admin::{Group, Stores};

/// The four checks.
pub(super) fn checks() -> Vec<Box<dyn Check>> {
    vec![Box::new(Outboxes), Box::new(Broken), Box::new(Lag), Box::new(Letters)]
}

struct Outboxes;

#[async_trait]
impl Check for Outboxes {
    fn name(&self) -> &'static str {
        "outboxes"
    }

    fn promise(&self) -> &'static str {
        "every event written is published"
    }

    fn converges(&self) -> bool {
        true
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let mut tally = Tally::new(stores.settings.audit.shown);
        for (name, pool) in [("hotel", &stores.hotel), ("booking", &stores.booking)] {
            let all: i64 = sqlx::query_scalar("select cast(coalesce(sum(records), 0) as signed) from outbox")
                .fetch_one(pool)
                .await?;
            tally.looked_at(all.unsigned_abs());
            let waiting = outbox::unpublished(pool).await?;
            if waiting > 0 {
                tally.breach(|| {
                    format!("{waiting} events wait in the {name} database; is {name}-service running?")
                });
            }
        }
        Ok(tally)
    }
}

struct Broken;

#[async_trait]
impl Check for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    fn promise(&self) -> &'static str {
        "every event written could be told"
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let mut tally = Tally::new(stores.settings.audit.shown);
        let sql = "select outbox_id, place, cast(why as char) from outbox_broken order by outbox_id, place";
        for (name, pool) in [("hotel", &stores.hotel), ("booking", &stores.booking)] {
            let broken: Vec<(u64, u32, String)> = sqlx::query_as(sql).fetch_all(pool).await?;
            for (outbox_id, place, why) in broken {
                tally.judge([format!("entry {place} of outbox row {outbox_id}, {name} database: {why}")]);
            }
        }
        Ok(tally)
    }
}

struct Lag;

#[async_trait]
impl Check for Lag {
    fn name(&self) -> &'static str {
        "lag"
    }

    fn promise(&self) -> &'static str {
        "every consumer group has read its topic to the end"
    }

    fn converges(&self) -> bool {
        true
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let mut tally = Tally::new(stores.settings.audit.shown);
        for Group { name, topic } in Group::ALL {
            let (group, whole) = (stores.settings.named(name), stores.settings.named(topic));
            let partitions = kafka::lag(&stores.kafka, &group, &[&whole]).await?;
            for lag in partitions {
                tally.look();
                if lag.behind > 0 {
                    tally.breach(|| format!("{name} is {} behind in {topic}/{}", lag.behind, lag.partition));
                }
                if lag.held > 0 {
                    tally.breach(|| held(topic, &lag));
                }
            }
        }
        Ok(tally)
    }
}

/// A transaction that stays open is worse than a reader that is behind: no reader knows of it.
fn held(topic: &str, lag: &PartitionLag) -> String {
    format!(
        "an open transaction holds back {} offsets of {topic}/{} from {}",
        lag.held, lag.partition, lag.end
    )
}

struct Letters;

#[async_trait]
impl Check for Letters {
    fn name(&self) -> &'static str {
        "letters"
    }

    fn promise(&self) -> &'static str {
        "no reader has refused anything that nobody has looked at"
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let mut tally = Tally::new(stores.settings.audit.shown);
        for Group { name, topic } in Group::ALL {
            let letters = DeadLetters::new(stores.kafka.clone(), stores.settings.named(topic), *name);
            let depth = letters.depth(stores.settings.audit.letters).await?;
            tally.look();
            if depth > 0 {
                tally.breach(|| format!("{depth} of {name}: see `vacancy admin dlq list --group {name}`"));
            }
        }
        Ok(tally)
    }
}
