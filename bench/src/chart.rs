//! Charts as SVG: a line for each way over the number of clients, or a bar for each where there is one number only. Rates
//! stand on a logarithmic scale, since ways differ by powers of ten.

use std::fmt::Write as _;

use crate::{
    compare::{Round, Rounds, middle},
    kind::Kind,
};

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 480.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 230.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 50.0;
/// The scale: from 10 to 1,000,000 a second.
const DECADES: [u32; 6] = [10, 100, 1_000, 10_000, 100_000, 1_000_000];
/// Told apart by the colour-blind, too (Okabe and Ito).
const COLOURS: [&str; 7] = ["#000000", "#999999", "#e69f00", "#56b4e9", "#cc79a7", "#009e73", "#d55e00"];

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charted {
    Bookings,
    Refusals,
}

impl Charted {
    const fn name(self) -> &'static str {
        match self {
            Self::Bookings => "bookings",
            Self::Refusals => "refusals",
        }
    }

    const fn of(self, round: &Round) -> u64 {
        match self {
            Self::Bookings => round.bookings_per_s,
            Self::Refusals => round.refusals_per_s,
        }
    }
}

/// So many per second of each way by clients.
pub(crate) fn of(title: &str, rounds: &Rounds, charted: Charted) -> String {
    let mut clients: Vec<usize> = rounds.keys().map(|(clients, _)| *clients).collect();
    clients.dedup();
    let ways: Vec<Kind> =
        Kind::ALL.into_iter().filter(|way| rounds.keys().any(|(_, one)| one == way)).collect();
    let mut svg = head(title, charted);
    grid(&mut svg, &clients);
    for (way, colour) in ways.iter().zip(COLOURS) {
        let rates = clients.iter().map(|clients| middle(rounds, (*clients, *way), |round| charted.of(round)));
        let places =
            (0_u32..).zip(rates).filter_map(|(index, rate)| Some((x(index, clients.len()), y(rate?))));
        line(&mut svg, way.name(), colour, &places.collect::<Vec<_>>());
    }
    svg.push_str("</svg>\n");
    svg
}

fn head(title: &str, charted: Charted) -> String {
    let what = charted.name();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"28\" font-size=\"16\">{title}: {what} per second by clients</text>\n"
    )
}

fn grid(svg: &mut String, clients: &[usize]) {
    for decade in DECADES {
        let (at, end) = (y(u64::from(decade)), WIDTH - RIGHT);
        let _infallible = write!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{end}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#dddddd\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{decade}</text>\n",
            LEFT - 8.0,
            at + 4.0
        );
    }
    for (index, count) in (0_u32..).zip(clients) {
        let _infallible = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{count}</text>",
            x(index, clients.len()),
            HEIGHT - BOTTOM + 22.0
        );
    }
}

fn line(svg: &mut String, name: &str, colour: &str, places: &[(f64, f64)]) {
    let points: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _infallible = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\"/>",
        points.join(" ")
    );
    for (x, y) in places {
        let _infallible = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>");
    }
    if let Some((x, y)) = places.last() {
        let _infallible =
            writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{name}</text>", x + 10.0, y + 4.0);
    }
}

fn x(index: u32, count: usize) -> f64 {
    let steps = u32::try_from(count).unwrap_or(1).saturating_sub(1).max(1);
    LEFT + (WIDTH - LEFT - RIGHT) * f64::from(index) / f64::from(steps)
}

fn y(rate: u64) -> f64 {
    let decades = f64::from(u32::try_from(rate).unwrap_or(u32::MAX).clamp(10, 1_000_000)).log10() - 1.0;
    HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * decades / 5.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::load::Count;

    #[test]
    fn a_chart_of_refusals_shows_refusals() {
        let took = Duration::from_secs(1);
        let count = Count { booked_us: vec![1; 20], refused_us: vec![1; 3_000], took, ..Count::default() };
        let rounds = Rounds::from([((8, Kind::Ours), vec![Round::of(&count)])]);
        let shows = |svg: &str, rate| svg.contains(&format!("cy=\"{:.1}\"", y(rate)));
        let refusals = of("Sold out", &rounds, Charted::Refusals);
        assert!(refusals.contains("refusals per second") && shows(&refusals, 3_000) && !shows(&refusals, 20));
        let bookings = of("Sold out", &rounds, Charted::Bookings);
        assert!(bookings.contains("bookings per second") && shows(&bookings, 20));
    }

    #[test]
    fn ten_times_as_many_stand_one_decade_higher() {
        let decade = (HEIGHT - TOP - BOTTOM) / 5.0;
        assert!((y(1_000) - y(10_000) - decade).abs() < 1e-9);
        assert!((y(0) - y(10)).abs() < 1e-9 && (y(1_000_000) - TOP).abs() < 1e-9);
    }

    #[test]
    fn clients_stand_evenly_and_one_number_alone_stands_left() {
        assert!((x(0, 1) - LEFT).abs() < 1e-9);
        assert!((x(2, 3) - (WIDTH - RIGHT)).abs() < 1e-9);
    }
}
