//! What every way must do to be compared at all.

use std::{sync::Arc, time::Duration};

use testkit::{stack, unique_word};

use crate::{
    ground::{Ground, Servers},
    kind::Kind,
    load,
    orders::{Choice, Orders},
    scene::Scene,
    way::Way,
};

fn servers() -> Servers {
    let mysql = stack::mysql_booking_url().trim_end_matches("/booking").to_owned();
    Servers::at(mysql, stack::redis_url(), stack::kafka_brokers(), format!("bench_{}", unique_word()))
}

/// One after the other: they share Redis and a lock.
#[tokio::test(flavor = "multi_thread")]
async fn every_way_sells_to_the_last_unit_and_no_further_and_stores_what_it_acknowledged() {
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
