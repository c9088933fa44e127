//! Payments that an operator must look at (details.md, Payments).

pub mod decide;
pub mod dismiss;
pub mod list;
pub mod unmatched;
