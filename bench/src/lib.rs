//! Figures of Vacancy: ours beside honest baselines, in process and over HTTP, verified after each round.

mod budget;
mod chart;
pub mod cli;
mod compare;
mod comparison;
mod drain;
mod figure;
mod figures;
mod freshness;
mod ground;
mod half_peak;
mod hotel;
mod how;
mod http;
mod kind;
mod lifecycles;
mod load;
mod machine;
mod order;
mod orders;
mod processor;
mod report;
mod request;
mod scene;
mod told;
mod way;
mod ways;
