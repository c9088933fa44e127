//! The mails: one row each, waiting until it is sent, given up or withheld.

mod daily;
mod given_up;

use std::time::{Duration, Instant};

use domain::{BookingId, EventId, UserId};
use platform::mysql::{DbError, RetrySettings, Tx, push_list, retry_unit};
use sqlx::{FromRow, MySql, MySqlPool, QueryBuilder};
use uuid::Uuid;

use crate::domain::places::Waits;

pub use given_up::{GivenUp, Place};

/// No statement inserts more mails than this: each brings its event.
const ROWS_PER_STATEMENT: usize = 500;
/// The longest error kept, in characters.
const LONGEST_ERROR: usize = 500;

/// Names one mail.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MailKey {
    /// The event that means it.
    pub event_id: EventId,
    /// Where it goes.
    pub recipient: String,
    /// Which mail it is.
    pub kind: String,
}

/// A mail that an event means.
#[derive(Debug, Clone)]
pub struct NewMail<'a> {
    /// Its name.
    pub key: MailKey,
    /// The booking it is about.
    pub booking_id: BookingId,
    /// Who made the booking.
    pub user_id: UserId,
    pub message_id: String,
    /// The event as it was read: all that the mail is made from.
    pub event: &'a [u8],
    /// Whether nobody has paid for the booking: then the day's limits apply.
    pub unpaid: bool,
}

/// A mail to be sent now, claimed by this process for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueMail {
    /// Its name.
    pub key: MailKey,
    /// The booking it is about: its mails are sent in order.
    pub booking_id: BookingId,
    pub message_id: String,
    /// The event it is made from.
    pub event: Vec<u8>,
    /// How often it has been tried, this time included.
    pub attempts: u32,
    /// How long it has waited.
    pub age: Duration,
    /// Of the claim: whoever claims it after us raises it.
    pub version: i64,
    /// By this process's clock, before the claim began to run.
    pub claimed: Instant,
}

/// How many mails about unpaid bookings one address and one caller get within a day.
#[derive(Debug, Clone, Copy)]
pub struct DailyLimits {
    /// To one address.
    pub per_recipient: u32,
    /// About bookings of one caller.
    pub per_caller: u32,
}

/// The table `mails`.
#[derive(Debug, Clone)]
pub struct Mails {
    pool: MySqlPool,
    limits: DailyLimits,
}

impl Mails {
    /// The mails of this database.
    pub const fn new(pool: MySqlPool, limits: DailyLimits) -> Self {
        Self { pool, limits }
    }

    /// Puts mails into the queue, in their order; one that is there stays as it is. Above a day's limit one is kept and
    /// withheld.
    pub async fn add(&self, mails: &[NewMail<'_>]) -> Result<(), DbError> {
        let withheld = self.withheld(mails).await?;
        let rows: Vec<_> = (0_u64..).zip(mails.iter().zip(withheld)).collect();
        for rows in rows.chunks(ROWS_PER_STATEMENT) {
            retry_unit(RetrySettings::BRIEF, || self.insert(rows)).await?;
        }
        Ok(())
    }

    /// Each is due a microsecond after the one before, as those of one booking are sent in the order in which they are due.
    async fn insert(&self, rows: &[(u64, (&NewMail<'_>, bool))]) -> Result<(), DbError> {
        let mut sql = QueryBuilder::new(
            "insert into mails (event_id, recipient, kind, booking_id, user_id, status, message_id, event, unpaid, due_at, \
             version, created_at, updated_at) ",
        );
        sql.push_values(rows, |mut row, (number, (mail, withheld))| {
            row.push_bind(mail.key.event_id.uuid()).push_bind(&mail.key.recipient).push_bind(&mail.key.kind);
            row.push_bind(mail.booking_id.uuid()).push_bind(mail.user_id.uuid());
            row.push_bind(if *withheld { "withheld" } else { "waiting" }).push_bind(&mail.message_id);
            row.push_bind((!withheld).then_some(mail.event));
            // Such a row counts towards the day's limits; one that is withheld goes to nobody.
            row.push_bind(mail.unpaid && !withheld);
            let due_in = (!withheld).then_some(*number);
            row.push("now(6) + interval ").push_bind_unseparated(due_in).push_unseparated(" microsecond");
            row.push("1, now(6), now(6)");
        });
        sql.push(" on duplicate key update version = mails.version");
        // As many texts as there are numbers of rows: none is kept prepared.
        sql.build().persistent(false).execute(&self.pool).await?;
        Ok(())
    }

    /// Claims at most `most` mails that are due, none to those domains, the longest due first, for `lease`: nobody else takes
    /// them before it is over. Those that a process claimed together and left behind when it died are due together, by the ids of
    /// their events, which are in the order of time.
    pub async fn claim(
        &self,
        most: u32,
        full_domains: &[String],
        lease: Duration,
    ) -> Result<Vec<DueMail>, DbError> {
        retry_unit(RetrySettings::BRIEF, || self.try_claim(most, full_domains, lease)).await
    }

    async fn try_claim(
        &self,
        most: u32,
        full_domains: &[String],
        lease: Duration,
    ) -> Result<Vec<DueMail>, DbError> {
        let began = Instant::now();
        let mut tx = Tx::begin(&self.pool).await?;
        let mut sql = QueryBuilder::new(
            "select event_id, recipient, kind, booking_id, message_id, event, attempts + 1 as attempts, version + 1 as version, \
             timestampdiff(microsecond, created_at, now(6)) as age_us from mails where due_at <= now(6)",
        );
        if !full_domains.is_empty() {
            // Each due mail of a full domain is looked at in the index and passed over.
            sql.push(" and lower(substring_index(recipient, '@', -1)) not in ");
            push_list(&mut sql, full_domains.iter().cloned());
        }
        sql.push(" order by due_at limit ").push_bind(most).push(" for update skip locked");
        let rows: Vec<MailRow> = sql.build_query_as().fetch_all(tx.conn()).await?;
        if !rows.is_empty() {
            let mut sql =
                QueryBuilder::new("update mails force index (primary) set due_at = now(6) + interval ");
            sql.push_bind(micros(lease));
            sql.push(
                " microsecond, attempts = attempts + 1, version = version + 1, updated_at = now(6) where ",
            );
            these(&mut sql, rows.iter().map(|row| (row.event_id, &*row.recipient, &*row.kind)));
            // As many texts as there are numbers of mails: none is kept prepared.
            sql.build().persistent(false).execute(tx.conn()).await?;
        }
        tx.commit().await?;
        Ok(rows.into_iter().map(|row| row.claimed(began)).collect())
    }

    /// Claims a mail for `lease` from now on, if nobody else has claimed it since; else false.
    pub async fn claim_again(&self, mail: &mut DueMail, lease: Duration) -> Result<bool, DbError> {
        let began = Instant::now();
        let sql = "update mails set due_at = now(6) + interval ? microsecond, version = version + 1, updated_at = now(6) \
                   where event_id = ? and recipient = ? and kind = ? and status = 'waiting' and version = ?";
        let key = &mail.key;
        let query = sqlx::query(sql).bind(micros(lease)).bind(key.event_id.uuid()).bind(&key.recipient);
        let done = query.bind(&key.kind).bind(mail.version).execute(&self.pool).await?;
        let ours = done.rows_affected() == 1;
        mail.version = mail.version.saturating_add(i64::from(ours));
        mail.claimed = began;
        Ok(ours)
    }

    /// Records that these were sent; may be repeated. What was sent needs its event no more.
    pub async fn sent(&self, keys: &[MailKey]) -> Result<(), DbError> {
        retry_unit(RetrySettings::BRIEF, || async {
            let mut sql = QueryBuilder::new(
                "update mails force index (primary) set status = 'sent', due_at = null, sent_at = now(6), event = null, last_error = null, \
                 version = version + 1, updated_at = now(6) where status <> 'sent' and ",
            );
            these(&mut sql, keys.iter().map(|key| (key.event_id.uuid(), &*key.recipient, &*key.kind)));
            sql.build().persistent(false).execute(&self.pool).await?;
            Ok(())
        })
        .await
    }

    /// Records that a mail is not tried again, unless an operator says so; may be repeated.
    pub async fn give_up(&self, key: &MailKey, why: &str) -> Result<(), DbError> {
        let sql = "update mails set status = 'given_up', due_at = null, last_error = nullif(?, ''), version = version + 1, \
                   updated_at = now(6) where event_id = ? and recipient = ? and kind = ? and status <> 'sent'";
        let why = shortened(why);
        retry_unit(RetrySettings::BRIEF, || async {
            let query = sqlx::query(sql).bind(&why).bind(key.event_id.uuid());
            query.bind(&key.recipient).bind(&key.kind).execute(&self.pool).await?;
            Ok(())
        })
        .await
    }

    /// Puts a mail off, unless somebody else has claimed it since. `counts` is false when the try said nothing of the mail, as
    /// when the server is away.
    pub async fn put_off(
        &self,
        mail: &DueMail,
        pause: Duration,
        why: &str,
        counts: bool,
    ) -> Result<(), DbError> {
        let sql = "update mails set due_at = now(6) + interval ? microsecond, \
                   attempts = if(?, attempts, greatest(attempts, 1) - 1), \
                   last_error = ?, version = version + 1, updated_at = now(6) \
                   where event_id = ? and recipient = ? and kind = ? and status = 'waiting' and version = ?";
        let (key, why) = (&mail.key, shortened(why));
        retry_unit(RetrySettings::BRIEF, || async {
            let query = sqlx::query(sql).bind(micros(pause)).bind(counts).bind(&why);
            let query = query.bind(key.event_id.uuid()).bind(&key.recipient).bind(&key.kind);
            query.bind(mail.version).execute(&self.pool).await?;
            Ok(())
        })
        .await
    }

    /// How many mails wait, counted up to `most`.
    pub async fn waiting(&self, most: u32) -> Result<u64, DbError> {
        let sql = "select count(*) from (select 1 from mails where due_at is not null limit ?) waiting";
        let count: i64 = sqlx::query_scalar(sql).bind(most).fetch_one(&self.pool).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// How many mails have waited for longer than this: longer than any is tried.
    pub async fn overdue(&self, longest: Duration) -> Result<u64, DbError> {
        let sql = "select count(*) from mails where due_at is not null and created_at < now(6) - interval ? microsecond";
        let count: i64 = sqlx::query_scalar(sql).bind(micros(longest)).fetch_one(&self.pool).await?;
        Ok(count.unsigned_abs())
    }

    /// Forgets at most `chunk` mails that are over and have not changed for `days`, and says how many.
    pub async fn purge(&self, days: u32, chunk: u32) -> Result<u64, DbError> {
        let sql = "delete from mails where updated_at < now(6) - interval ? day and due_at is null \
                   order by updated_at limit ?";
        Ok(sqlx::query(sql).bind(days).bind(chunk).execute(&self.pool).await?.rows_affected())
    }
}

impl Waits for DueMail {
    fn booking(&self) -> BookingId {
        self.booking_id
    }

    fn recipient(&self) -> &str {
        &self.key.recipient
    }
}

#[derive(FromRow)]
struct MailRow {
    event_id: Uuid,
    recipient: String,
    kind: String,
    booking_id: Uuid,
    message_id: String,
    /// Each that waits has one; one that was damaged is given up like one that cannot be read.
    event: Option<Vec<u8>>,
    attempts: u64,
    version: i64,
    age_us: i64,
}

impl MailRow {
    fn claimed(self, claimed: Instant) -> DueMail {
        DueMail {
            key: MailKey {
                event_id: EventId::from_uuid(self.event_id),
                recipient: self.recipient,
                kind: self.kind,
            },
            booking_id: BookingId::from_uuid(self.booking_id),
            message_id: self.message_id,
            event: self.event.unwrap_or_default(),
            attempts: u32::try_from(self.attempts).unwrap_or(u32::MAX),
            age: Duration::from_micros(u64::try_from(self.age_us).unwrap_or(0)),
            version: self.version,
            claimed,
        }
    }
}

/// `(event_id, recipient, kind) in (…)`.
fn these<'a>(sql: &mut QueryBuilder<MySql>, keys: impl Iterator<Item = (Uuid, &'a str, &'a str)>) {
    sql.push("(event_id, recipient, kind) in ");
    sql.push_tuples(keys, |mut row, (event_id, recipient, kind)| {
        row.push_bind(event_id).push_bind(recipient.to_owned()).push_bind(kind.to_owned());
    });
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn shortened(why: &str) -> String {
    why.chars().take(LONGEST_ERROR).collect()
}
