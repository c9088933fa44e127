//! Scripted trouble.

pub mod put;
