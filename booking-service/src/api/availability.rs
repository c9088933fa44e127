//! A hotel's calendar.

pub mod calendar;
