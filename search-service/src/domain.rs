//! The rules of search; pure.

pub mod criteria;
pub mod did_you_mean;
pub mod document;
pub mod entry;
pub mod facets;
pub mod no_results;
pub mod page;
pub mod query;
pub mod ranking;
#[cfg(test)]
pub(crate) mod samples;
pub mod words;
