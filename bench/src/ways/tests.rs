//! What every way must do to be compared at all.

use std::{sync::Arc, time::Duration};

use testkit::{stack, unique_word};
use tokio::sync::Mutex;

use crate::{
    ground::{Ground, Servers},
    kind::Kind,
    load,
    orders::{Choice, Orders},
    scene::Scene,
    way::Way,
    ways::quotas,
};

/// One after the other: they share Redis and a lock.
static TURN: Mutex<()> = Mutex::const_new(());

fn servers() -> Servers {
    let mysql = stack::mysql_booking_url().trim_end_matches("/booking").to_owned();
    Servers::at(mysql, stack::redis_url(), stack::kafka_brokers(), format!("bench_{}", unique_word()))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_sells_to_the_last_unit_and_no_further_and_stores_what_it_acknowledged() {
    let _turn = TURN.lock().await;
    let mut ground = Ground::make(&servers(), None).await.unwrap();
    let scene = Scene { units: 7, nights: 3, ..Scene::HOT };
    for kind in Kind::ALL {
        ground.set(&scene).await.unwrap();
        let asked = Choice::List(vec![(0, 0, 3); 40]);
        let orders = Arc::new(Orders::new(&ground.rooms, ground.first, asked));
        let way: Arc<dyn Way> = kind.begin(&ground).await.unwrap().into();
        let count = load::closed(&way, &orders, 16, Duration::from_mins(1)).await.unwrap();
        way.finish().await.unwrap();
        let sold = (count.booked(), count.refused_us.len(), count.failed);
        assert_eq!(sold, (7, 33, 0), "{}: {:?}", kind.name(), count.failure);
        let totals = ground.totals().await.unwrap();
        assert_eq!((totals.bookings, totals.taken, totals.left), (7, 21, 0), "{}", kind.name());
        totals.agree(count.booked(), 0).unwrap();
    }
    ground.gone().await.unwrap();
}

/// As a quota is meant: who sets no number sets no limit.
#[tokio::test(flavor = "multi_thread")]
async fn way_c_sells_a_night_without_a_number_without_limit() {
    let _turn = TURN.lock().await;
    let mut ground = Ground::make(&servers(), None).await.unwrap();
    ground.set(&Scene { units: 7, nights: 3, ..Scene::HOT }).await.unwrap();
    let way: Arc<dyn Way> = Kind::C.begin(&ground).await.unwrap().into();
    let unlimited = (ground.rooms[0].room_id, ground.first);
    let mut redis = quotas::connect(&ground.redis_url).await.unwrap();
    let removed = redis::cmd("DEL").arg(quotas::key(unlimited)).query_async::<u32>(&mut redis).await.unwrap();
    assert_eq!(removed, 1);
    let sold = async |list: Vec<(usize, u32, u8)>| {
        let orders = Arc::new(Orders::new(&ground.rooms, ground.first, Choice::List(list)));
        let count = load::closed(&way, &orders, 16, Duration::from_mins(1)).await.unwrap();
        (count.booked(), count.refused_us.len(), count.failed)
    };
    assert_eq!(sold(vec![(0, 0, 1); 40]).await, (40, 0, 0));
    // Beside nights that have a number it is these that say no.
    assert_eq!(sold(vec![(0, 0, 3); 40]).await, (7, 33, 0));
    way.finish().await.unwrap();
    let number =
        redis::cmd("EXISTS").arg(quotas::key(unlimited)).query_async::<u32>(&mut redis).await.unwrap();
    assert_eq!(number, 0, "selling gives it no number");
    ground.gone().await.unwrap();
}
