//! A slow walk over everything that is not purged yet: it finds whatever no mark can promise, and asks MySQL alone.
//!
//! One walk is shared by all copies of this service: each takes the next page for itself. A copy killed with a page in its
//! hands leaves it to the next walk.

use chrono::TimeDelta;
use domain::booking::BookingStatus;
use platform::{
    app::Job,
    causes::BoxError,
    pace::{Found, Pace},
};

use super::copying::{ENDED, copy_page};
use crate::{
    archiver::{ArchiveFailed, Archiver},
    progress::Progress,
    settings::WalkingSettings,
};

/// The walk as this process goes it. Cheap to clone.
#[derive(Clone)]
pub struct Walking {
    archiver: Archiver,
    progress: Progress,
    settings: WalkingSettings,
}

pub fn job(walking: Walking) -> Job {
    Job::new("walking", move |shutdown| {
        let pace = Pace::new("walking", walking.settings.every_ms);
        let walking = walking.clone();
        pace.run(shutdown, move || {
            let walking = walking.clone();
            async move { Ok::<_, BoxError>(walking.look().await.map(|()| Found::All)?) }
        })
    })
}

impl Walking {
    /// Takes its share of the walk.
    pub const fn new(archiver: Archiver, progress: Progress, settings: WalkingSettings) -> Self {
        Self { archiver, progress, settings }
    }

    /// A few pages of each status, from where the walk has come to.
    pub async fn look(&self) -> Result<(), ArchiveFailed> {
        for status in ENDED {
            for _ in 0..self.settings.pages {
                if !self.page(status).await? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// One page; false while the walk rests.
    async fn page(&self, status: BookingStatus) -> Result<bool, ArchiveFailed> {
        let now = self.archiver.now().await?;
        let Some(position) = self.progress.walk(status, now).await? else { return Ok(false) };
        let page = self.archiver.active().ended(status, now, position, self.settings.batch).await?;
        let Some(last) = page.last() else {
            let until = now.plus(TimeDelta::minutes(i64::from(self.settings.rest_minutes)));
            self.progress.rest(status, position, until).await?;
            return Ok(false);
        };
        if self.progress.take(status, position, last.position).await? {
            copy_page(&self.archiver, &page, self.settings.side_by_side).await?;
        }
        Ok(true)
    }
}
