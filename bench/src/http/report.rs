//! The comparison over HTTP as it is kept: at each number of clients beside what people have today, and beside hello-JSON.

use e2e::failed::Failed;

use crate::{
    chart::Charted,
    compare::{Hellos, Round, Rounds, middle},
    figures::{median, ratio},
    ground::Ground,
    how::How,
    kind::Kind,
    report::{Report, against},
};

pub(super) fn write(how: &How, ground: &Ground, rounds: &Rounds, hellos: &Hellos) -> Result<(), Failed> {
    let report = Report {
        name: "hot-room-http",
        title: "One hot room, over HTTP",
        rounds,
        hellos,
        conditions: how.conditions(&ground.durability),
        charted: Charted::Bookings,
        seconds: how.seconds,
        notes: [ratios(rounds, hellos), against(rounds, how.many())].concat(),
    };
    report.write(&how.results)
}

/// A sentence for each number of clients.
fn ratios(rounds: &Rounds, hellos: &Hellos) -> Vec<String> {
    let rate =
        |hellos: &[Round]| median(&hellos.iter().map(|round| round.bookings_per_s).collect::<Vec<_>>());
    hellos.iter().map(|(clients, hellos)| sentence(rounds, *clients, rate(hellos))).collect()
}

fn sentence(rounds: &Rounds, clients: usize, hello: u64) -> String {
    let rate = |way| middle(rounds, (clients, way), |round| round.bookings_per_s);
    let mut parts = vec![format!("* at {clients} clients: hello-JSON {hello}/s")];
    if let Some(ours) = rate(Kind::Ours) {
        let today = Kind::OneByOne;
        parts.extend(rate(today).map(|rate| format!("ours / {}: {}", today.name(), ratio(ours, rate))));
        parts.push(format!("ours / hello-JSON: {}", ratio(ours, hello)));
    }
    // The product lets so many orders of a hotel wait and no more: the others come again, and their time goes on.
    let again = middle(rounds, (clients, Kind::Ours), |round| round.told_to_come_again);
    parts.extend(
        again.filter(|again| *again > 0).map(|again| format!("ours told {again} times to come again")),
    );
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::load::Count;

    fn round(booked: usize, later: u64) -> Round {
        let took = Duration::from_secs(1);
        Round::of(&Count { booked_us: vec![1; booked], later, took, ..Count::default() })
    }

    #[test]
    fn each_number_of_clients_has_both_ratios() {
        let rounds = Rounds::from([
            ((8, Kind::OneByOne), vec![round(100, 0)]),
            ((8, Kind::Ours), vec![round(400, 0)]),
            ((64, Kind::Ours), vec![round(500, 7)]),
        ]);
        let hellos = Hellos::from([(8, vec![round(1_000, 0)]), (64, vec![round(2_000, 0)])]);
        assert_eq!(
            ratios(&rounds, &hellos),
            [
                "* at 8 clients: hello-JSON 1000/s; ours / one by one, as before the shards: 4.000; \
                 ours / hello-JSON: 0.400",
                "* at 64 clients: hello-JSON 2000/s; ours / hello-JSON: 0.250; ours told 7 times to come again",
            ]
        );
    }
}
