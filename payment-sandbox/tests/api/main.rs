//! payment-sandbox over HTTP, with a real receiver of callbacks.
#![cfg(test)]

mod checkout;
mod merchant;
mod receiver;
mod restart;
mod scripts;
mod stage;
