//! Many clients on few rooms: each books and then pays, is declined, cancels, walks away or pays late, and notes what it was
//! told. A request goes to one copy, and with the same key to the other when it was not answered for good.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::DateTime;
use e2e::{
    failed::Failed,
    http::text,
    people::Person,
    sandbox::{DECLINED_CARD, GOOD_CARD, script},
    world::World,
};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{
    dice::Dice,
    history::{self, End, Made, What, Writer},
    hotelier::Hotelier,
    hotels::{Hotels, Target, uuid},
    proxy::DOUBLED,
    snapshot::Database,
};

/// A client gives up on one operation after this.
const PATIENCE: Duration = Duration::from_secs(45);
/// The same once the run is over.
const LAST_PATIENCE: Duration = Duration::from_secs(15);
/// One try.
const ANSWER: Duration = Duration::from_secs(12);
/// Of the others, in percent: they give up at the first answer that is lost, and never hear what became of it.
const GIVES_UP: u64 = 5;
/// Between two bookings of a client: clients and services share the machine's cores.
const PACE: Duration = Duration::from_millis(20);
/// Of a crowd, in percent: the others' holds end when the clock moves.
const CHANGES_ITS_MIND: u64 = 95;
/// Clients with higher numbers always change their mind: however large a crowd is, not more holds end at once than end within seconds
/// beside everything else on two cores. How long a large crowd of ends takes by itself is a figure of `cargo xtask bench`.
const MAY_KEEP: u64 = 128;
/// One in so many of a crowd goes for a room of which there is too little, and always changes its mind: it is never sold out for long.
const ONE_RUSHES_OF: u64 = 4;
/// Bookings in a row of one of a crowd that name the same mailbox.
const TO_ONE_MAILBOX: u32 = 50;
/// Between two tries.
const AGAIN: Duration = Duration::from_millis(100);

/// What a provider may be told to do with a payment.
const OUTCOMES: [&str; 6] = ["paid_twice", "twice", "never_answer", "out_of_order", "fail", "late"];
/// How late `late` is.
const DELAY_MS: u64 = 15_000;

/// A hold that is paid once it is over.
#[derive(Debug)]
struct Late {
    booking_id: Uuid,
    url: String,
}

/// What all clients share.
#[derive(Debug)]
pub(crate) struct Shared {
    world: World,
    client: Client,
    doors: Vec<String>,
    hotels: Arc<Hotels>,
    history: Arc<Writer>,
    late: Mutex<Vec<Late>>,
    stop: Arc<AtomicBool>,
}

/// The clients while they run.
#[derive(Debug)]
pub(crate) struct Load {
    shared: Arc<Shared>,
    clients: JoinSet<Result<(), Failed>>,
}

/// Where clients go, what they buy and where they note it.
#[derive(Debug)]
pub(crate) struct Town {
    pub(crate) world: World,
    pub(crate) doors: Vec<String>,
    pub(crate) hotels: Arc<Hotels>,
    pub(crate) history: Arc<Writer>,
    pub(crate) database: Database,
}

impl Load {
    /// So many of them, and so many of a crowd, each with chances of its own from the seed.
    pub(crate) fn start(town: Town, (clients, crowd): (u64, u64), seed: u64) -> Result<Self, Failed> {
        let Town { world, doors, hotels, history, database } = town;
        let client = Client::builder().timeout(ANSWER).pool_max_idle_per_host(0);
        let client = client.redirect(reqwest::redirect::Policy::none()).build()?;
        let (late, stop) = (Mutex::new(Vec::new()), Arc::new(AtomicBool::new(false)));
        let shared = Arc::new(Shared { world, client, doors, hotels, history, late, stop });
        let mut all = JoinSet::new();
        for number in 1..=clients + crowd {
            let (dice, shared) = (Dice::of(seed, number), Arc::clone(&shared));
            let one = Traveller { number, dice, gives_up: false, shared };
            if number <= clients {
                all.spawn(one.live())
            } else {
                all.spawn(one.live_in_a_crowd())
            };
        }
        let hotelier = Arc::new(Hotelier {
            world: shared.world.clone(),
            hotels: Arc::clone(&shared.hotels),
            history: Arc::clone(&shared.history),
            database,
            stop: Arc::clone(&shared.stop),
        });
        all.spawn(Arc::clone(&hotelier).builds());
        all.spawn(hotelier.reprices());
        Ok(Self { shared, clients: all })
    }

    /// Everybody ends what they are at.
    pub(crate) async fn finish(mut self) -> Result<Arc<Shared>, Failed> {
        self.shared.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.clients.join_next().await {
            ended.map_err(|error| Failed::new(error.to_string()))??;
        }
        Ok(self.shared)
    }

    /// Pays what was put off until now.
    pub(crate) async fn pay_late(&self) -> Result<(), Failed> {
        self.shared.pay_late().await
    }
}

impl Shared {
    /// Pays what was put off until now, whatever the provider says to it.
    pub(crate) async fn pay_late(&self) -> Result<(), Failed> {
        let late = std::mem::take(&mut *self.late.lock().unwrap_or_else(PoisonError::into_inner));
        for one in late {
            self.pay(0, one.booking_id, &one.url, "late").await?;
        }
        Ok(())
    }

    async fn pay(&self, process: u64, booking_id: Uuid, url: &str, how: &str) -> Result<(), Failed> {
        let card = if how == "declined" { DECLINED_CARD } else { GOOD_CARD };
        let invoke = history::now();
        let end = match self.client.post(url).form(&[("card_number", card)]).send().await {
            Ok(answer) if answer.status().as_u16() < 400 => End::Done,
            Ok(answer) if answer.status().as_u16() < 500 => {
                End::Refused { code: answer.status().as_u16().to_string() }
            }
            Ok(_) | Err(_) => End::Unknown,
        };
        self.history.note(process, invoke, What::Pay { booking_id, how: how.to_owned(), end })
    }
}

/// What came of asking.
struct Asked {
    /// The last answer; none if there was none for good.
    answer: Option<(u16, Value)>,
    /// Whether a try was not answered, or went to both copies.
    loose: bool,
}

struct Traveller {
    number: u64,
    dice: Dice,
    /// Whether it asks no more once an answer was lost.
    gives_up: bool,
    shared: Arc<Shared>,
}

impl Traveller {
    async fn live(mut self) -> Result<(), Failed> {
        while !self.shared.stop.load(Ordering::Relaxed) {
            let person = Person::new(&self.shared.world, "traveller")?;
            let Some(target) = self.shared.hotels.target(&mut self.dice) else { continue };
            self.gives_up = self.dice.percent(GIVES_UP);
            self.once(&person, &target).await?;
            tokio::time::sleep(PACE).await;
        }
        Ok(())
    }

    /// Holds, and mostly changes its mind: bookings by the thousand, on a room that has enough of them, or too few for those
    /// who want it. Some in a row name one mailbox, so that the limit of mails about what nobody has paid is met, too.
    async fn live_in_a_crowd(mut self) -> Result<(), Failed> {
        let (mut mailbox, mut bookings) = (String::new(), 0);
        while !self.shared.stop.load(Ordering::Relaxed) {
            let mut person = Person::new(&self.shared.world, "traveller")?;
            if bookings % TO_ONE_MAILBOX == 0 {
                mailbox.clone_from(&person.email);
            }
            (person.email, bookings) = (mailbox.clone(), bookings + 1);
            let rushes = self.number.is_multiple_of(ONE_RUSHES_OF);
            let (hotels, dice) = (&self.shared.hotels, &mut self.dice);
            let target = if rushes { hotels.for_a_rush(dice) } else { hotels.for_a_crowd(dice) };
            let Some(target) = target else { continue };
            let key = Uuid::from_u128(rand::random()).simple().to_string();
            let body = self.body(&person, &target, &key);
            if let Some((made, _)) = self.book(&person, &target, (&key, &body)).await?
                && (rushes || self.number > MAY_KEEP || self.dice.percent(CHANGES_ITS_MIND))
            {
                self.cancel(&person, made.booking_id, &key).await?;
            }
            if rushes {
                tokio::time::sleep(PACE).await;
            }
        }
        Ok(())
    }

    async fn once(&mut self, person: &Person, target: &Target) -> Result<(), Failed> {
        let key = Uuid::from_u128(rand::random()).simple().to_string();
        let body = self.body(person, target, &key);
        let Some((made, url)) = self.book(person, target, (&key, &body)).await? else { return Ok(()) };
        if self.dice.percent(5) {
            self.book(person, target, (&key, &body)).await?;
        }
        // Who looks at a booking reads its room: one whose price moves is left alone, so that copies go on by what they remember.
        if target.has_moving_price {
            return Ok(());
        }
        let id = made.booking_id;
        match self.dice.below(100) {
            0..=29 => self.shared.pay(self.number, id, &url, "good").await,
            30..=39 => {
                self.shared.pay(self.number, id, &url, "declined").await?;
                self.shared.pay(self.number, id, &url, "good").await
            }
            40..=59 => self.cancel(person, id, &key).await,
            60..=71 => {
                self.shared.pay(self.number, id, &url, "good").await?;
                self.cancel(person, id, &key).await
            }
            72..=87 => {
                let outcome = self.dice.pick(&OUTCOMES).copied().unwrap_or_default();
                self.scripted(&made, &url, outcome).await
            }
            88..=93 => {
                let late = Late { booking_id: id, url };
                self.shared.late.lock().unwrap_or_else(PoisonError::into_inner).push(late);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Half of them give it a name of their own.
    fn body(&mut self, person: &Person, target: &Target, key: &str) -> Value {
        let line = |(room_id, quantity): &(Uuid, u32)| json!({"room_id": room_id, "quantity": quantity, "adults": 1});
        let lines: Vec<Value> = target.lines.iter().map(line).collect();
        let reference = self.dice.percent(50).then_some(key);
        json!({"hotel_id": target.hotel_id, "start_date": target.start, "end_date": target.end, "lines": lines,
            "client_reference": reference,
            "booker": {"given_name": "Ada", "family_name": "Lovelace", "email": person.email}})
    }

    /// What was made and where it is paid; none if it is refused or not known.
    async fn book(
        &mut self,
        person: &Person,
        target: &Target,
        (key, body): (&str, &Value),
    ) -> Result<Option<(Made, String)>, Failed> {
        let invoke = history::now();
        let Asked { answer, loose } = self.ask("/v1/bookings", person, (key, body)).await;
        let (end, url) = match answer {
            Some((201, made)) => (End::Made(read(&made)?), text(&made, "/checkout/url").to_owned()),
            Some((_, problem)) => (End::Refused { code: text(&problem, "/code").to_owned() }, String::new()),
            None => (End::Unknown, String::new()),
        };
        if matches!(end, End::Refused { .. }) && target.in_window {
            self.shared.hotels.refused();
        }
        let (units, key, user_id) = (target.units(), key.to_owned(), person.user_id);
        let what = What::Book { key, user_id, units, loose, end: end.clone() };
        self.shared.history.note(self.number, invoke, what)?;
        Ok(if let End::Made(made) = end { Some((made, url)) } else { None })
    }

    async fn cancel(&mut self, person: &Person, booking_id: Uuid, key: &str) -> Result<(), Failed> {
        let invoke = history::now();
        let path = format!("/v1/bookings/{booking_id}/cancellation");
        let end = match self.ask(&path, person, (key, &json!({}))).await.answer {
            Some((200, _)) => End::Done,
            Some((_, problem)) => End::Refused { code: text(&problem, "/code").to_owned() },
            None => End::Unknown,
        };
        self.shared.history.note(self.number, invoke, What::Cancel { booking_id, end })
    }

    /// Pays at a provider that was told what to do with it; if it cannot be told, walks away.
    async fn scripted(&self, made: &Made, url: &str, outcome: &str) -> Result<(), Failed> {
        let mut wanted = json!({ "outcome": outcome });
        if outcome == "late" {
            wanted = json!({ "outcome": outcome, "delay_ms": DELAY_MS });
        }
        if script(&self.shared.world, &made.payment_id.to_string(), &wanted).await.is_err() {
            return Ok(());
        }
        self.shared.pay(self.number, made.booking_id, url, outcome).await
    }

    /// The same request with the same key, from copy to copy, until it is answered for good.
    async fn ask(&mut self, path: &str, person: &Person, sent: (&str, &Value)) -> Asked {
        let (key, body) = sent;
        let (began, mut loose) = (Instant::now(), false);
        let mut door = usize::from(self.dice.percent(50));
        loop {
            let doors = &self.shared.doors;
            let Some(address) = doors.get(door % doors.len().max(1)) else {
                return Asked { answer: None, loose };
            };
            let call = self.shared.client.post(format!("{address}{path}")).bearer_auth(&person.token);
            let call = call.header("Idempotency-Key", key).header("Connection", "close").json(body);
            match answered(call).await {
                Some(Answer { status, json, doubled }) => {
                    loose |= doubled;
                    if !again(status, &json) {
                        return Asked { answer: Some((status, json)), loose };
                    }
                }
                None if self.gives_up => return Asked { answer: None, loose: true },
                None => loose = true,
            }
            let over = self.shared.stop.load(Ordering::Relaxed);
            if began.elapsed() > if over { LAST_PATIENCE } else { PATIENCE } {
                return Asked { answer: None, loose };
            }
            door = door.wrapping_add(1);
            tokio::time::sleep(AGAIN).await;
        }
    }
}

struct Answer {
    status: u16,
    json: Value,
    /// The other copy was asked as well, and what it makes of that is not told.
    doubled: bool,
}

async fn answered(call: reqwest::RequestBuilder) -> Option<Answer> {
    let answer = call.send().await.ok()?;
    let (status, doubled) = (answer.status().as_u16(), answer.headers().contains_key(DOUBLED));
    Some(Answer { status, json: answer.json().await.ok()?, doubled })
}

/// In work elsewhere, too many, or not there now.
fn again(status: u16, problem: &Value) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
        || status == 409 && text(problem, "/code") == "request_in_progress"
}

fn read(made: &Value) -> Result<Made, Failed> {
    let at = text(made, "/hold_expires_at");
    let hold = DateTime::parse_from_rfc3339(at).map_err(|error| Failed::new(format!("{at}: {error}")))?;
    Ok(Made {
        booking_id: uuid(text(made, "/booking_id"))?,
        payment_id: uuid(text(made, "/payment/payment_id"))?,
        total: made.pointer("/price/total/amount").and_then(Value::as_i64).unwrap_or(0),
        hold_expires_at: hold.timestamp_micros(),
    })
}
