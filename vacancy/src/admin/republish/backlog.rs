//! What was told again may not bury what happens meanwhile: the outbox is filled no further than so.

use std::time::{Duration, Instant};

use events::outbox;
use sqlx::MySqlPool;

use crate::admin::{Failure, failure::IS_IT_UP, settings::RepublishSettings};

/// Between two looks at the outbox: it empties by thousands a second.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Waits until few enough events wait in the outbox; gives up when none of them is published for too long.
pub(super) async fn until_low(
    pool: &MySqlPool,
    settings: &RepublishSettings,
    service: &str,
) -> Result<(), Failure> {
    let (mut least, mut since) = (u64::MAX, Instant::now());
    loop {
        let waiting =
            outbox::unpublished(pool).await.map_err(Failure::doing("looking at the outbox", IS_IT_UP))?;
        if waiting <= settings.most_waiting {
            return Ok(());
        }
        if waiting < least {
            (least, since) = (waiting, Instant::now());
        }
        if since.elapsed() >= Duration::from_millis(settings.stalled_ms) {
            let says = format!(
                "{waiting} events wait in the outbox and none is published: does {service} run, and Kafka?"
            );
            return Err(Failure::refused(says, "bring them up (`cargo xtask status`), then go on"));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
