//! How many mails about unpaid bookings one address and one caller get within a day.

use std::collections::{BTreeMap, BTreeSet};

use platform::mysql::{DbError, push_list};
use sqlx::{Decode, Encode, MySql, QueryBuilder, Type, mysql::MySqlRow};
use uuid::Uuid;

use super::{DailyLimits, Mails, NewMail};

impl Mails {
    /// Which of these mails are above a limit: those before it count, and those of other events that are there, but for what was
    /// withheld itself, so that no more rows are read than a limit has. A brake and not an account: two processes that look at
    /// once may let some more pass.
    pub(super) async fn withheld(&self, mails: &[NewMail<'_>]) -> Result<Vec<bool>, DbError> {
        let unpaid: Vec<&NewMail<'_>> = mails.iter().filter(|mail| mail.unpaid).collect();
        if unpaid.is_empty() {
            return Ok(vec![false; mails.len()]);
        }
        let events: BTreeSet<Uuid> = unpaid.iter().map(|mail| mail.key.event_id.uuid()).collect();
        let recipients = unpaid.iter().map(|mail| mail.key.recipient.clone()).collect();
        let callers = unpaid.iter().map(|mail| mail.user_id.uuid()).collect();
        let mut day = Day {
            limits: self.limits,
            of_recipients: self.within_a_day("recipient", recipients, &events).await?,
            of_callers: self.within_a_day("user_id", callers, &events).await?,
        };
        Ok(mails.iter().map(|mail| mail.unpaid && day.is_above(mail)).collect())
    }

    async fn within_a_day<K>(
        &self,
        column: &'static str,
        of: BTreeSet<K>,
        without: &BTreeSet<Uuid>,
    ) -> Result<BTreeMap<K, i64>, DbError>
    where
        K: Ord + Send + Unpin + Type<MySql> + for<'q> Encode<'q, MySql> + for<'r> Decode<'r, MySql> + 'static,
        (K, i64): for<'r> sqlx::FromRow<'r, MySqlRow>,
    {
        let mut sql = QueryBuilder::new("select ");
        sql.push(column)
            .push(", count(*) from mails where unpaid and created_at > now(6) - interval 1 day and ");
        sql.push(column).push(" in ");
        push_list(&mut sql, of);
        sql.push(" and event_id not in ");
        push_list(&mut sql, without.iter().copied());
        sql.push(" group by ").push(column);
        let counts: Vec<(K, i64)> = sql.build_query_as().persistent(false).fetch_all(&self.pool).await?;
        Ok(counts.into_iter().collect())
    }
}

/// What goes out within a day.
struct Day {
    limits: DailyLimits,
    of_recipients: BTreeMap<String, i64>,
    of_callers: BTreeMap<Uuid, i64>,
}

impl Day {
    /// Whether a mail is above a limit; if not, it counts from now on.
    fn is_above(&mut self, mail: &NewMail<'_>) -> bool {
        let of_recipient = self.of_recipients.entry(mail.key.recipient.clone()).or_default();
        let of_caller = self.of_callers.entry(mail.user_id.uuid()).or_default();
        let is_above = *of_recipient >= i64::from(self.limits.per_recipient)
            || *of_caller >= i64::from(self.limits.per_caller);
        let counts = i64::from(!is_above);
        (*of_recipient, *of_caller) = (of_recipient.saturating_add(counts), of_caller.saturating_add(counts));
        is_above
    }
}
