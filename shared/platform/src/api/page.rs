//! Pages of a list and the tokens between them (api.md, CONVENTIONS).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{Faults, Invalid};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};

use crate::api::{Code, FieldError, Problem};

/// How many items a page has if nobody says.
const DEFAULT_SIZE: u32 = 20;
/// The most items of a page: a larger request is cut to it.
const LARGEST: u32 = 100;
/// The longest token we read, in characters: ours are far below it.
const LONGEST_TOKEN: usize = 2048;

/// A part of a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Asks for the next page; null on the last.
    pub next_page_token: Option<String>,
}

/// Which page of a list, as the query says it. A list with more parameters has these two among them.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// How many items: 20 if left out; more than 100 is taken as 100.
    #[param(value_type = Option<u32>, minimum = 1, nullable = false)]
    pub page_size: Option<i64>,
    /// `next_page_token` of the page before.
    #[param(nullable = false)]
    pub page_token: Option<String>,
}

/// A page to be read: the list goes on at a place `P`.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest<P> {
    /// How many items it has at most.
    pub size: u32,
    /// The place in the token; none at the beginning of the list.
    pub after: Option<P>,
    filters: Filters,
}

impl PageQuery {
    /// The size; what is wrong with it is noted with whatever else is wrong with the query.
    pub fn check(&self, faults: &mut Faults) -> Option<u32> {
        faults.take_parameter("page_size", size(self.page_size))
    }

    /// Reads size and token; what else is wrong with the query is in `faults`.
    pub fn read<P: DeserializeOwned>(
        &self,
        filters: Filters,
        mut faults: Faults,
    ) -> Result<PageRequest<P>, Problem> {
        let size = self.check(&mut faults);
        let size = faults.finish(size)?;
        let after = self.page_token.as_deref().map(|token| Token::open(token, filters)).transpose()?;
        Ok(PageRequest { size, after, filters })
    }
}

impl<P: Serialize> PageRequest<P> {
    /// The token of the page behind `last`.
    pub fn token(&self, last: Option<P>) -> Option<String> {
        last.map(|place| Token::seal(&place, self.filters))
    }
}

/// The size to read for the parameter `page_size`: 20 if absent, cut to 100; below 1 it is refused.
fn size(page_size: Option<i64>) -> Result<u32, Invalid> {
    match page_size {
        None => Ok(DEFAULT_SIZE),
        Some(asked) if asked < 1 => Err(Invalid::out_of_range("At least 1.")),
        Some(asked) => Ok(u32::try_from(asked).unwrap_or(LARGEST).min(LARGEST)),
    }
}

/// What a page token must be presented with again: a hash of the operation's filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filters([u8; 8]);

impl Filters {
    /// Of anything that serialises: the operation's name and the filters as parsed, without size and token.
    pub fn of<T: Serialize>(filters: &T) -> Self {
        let text = serde_json::to_vec(filters).unwrap_or_default();
        let hash: [u8; 32] = Sha256::digest(text).into();
        Self(hash.first_chunk().copied().unwrap_or_default())
    }
}

/// Page tokens: opaque to clients, a place in the list to us. Not secret and not signed: a forged one reads nothing
/// that the filters would not.
#[derive(Debug, Clone, Copy)]
struct Token;

#[derive(Serialize, Deserialize)]
struct Sealed<P> {
    f: [u8; 8],
    p: P,
}

impl Token {
    /// The token for a place in the list of these filters.
    fn seal<P: Serialize>(place: &P, filters: Filters) -> String {
        let sealed = serde_json::to_vec(&Sealed { f: filters.0, p: place }).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// The place of a token; 400 `invalid_page_token` if it is not ours or belongs to other filters.
    fn open<P: DeserializeOwned>(token: &str, filters: Filters) -> Result<P, Problem> {
        let sealed = Some(token)
            .filter(|token| token.len() <= LONGEST_TOKEN)
            .and_then(|token| URL_SAFE_NO_PAD.decode(token).ok())
            .and_then(|bytes| serde_json::from_slice::<Sealed<P>>(&bytes).ok())
            .filter(|sealed| sealed.f == filters.0);
        sealed.map(|sealed| sealed.p).ok_or_else(|| {
            let detail = "Take next_page_token as it is, with the filters of the page it came with.";
            let entry = FieldError::parameter("page_token", "invalid", detail);
            Problem::new(Code::InvalidPageToken).errors(vec![entry])
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_token_opens_only_with_the_filters_it_was_made_for(place: (u64, String), filter: u32, other: u32) {
            let token = Token::seal(&place, Filters::of(&filter));
            prop_assert_eq!(Token::open::<(u64, String)>(&token, Filters::of(&filter)).unwrap(), place);
            if other != filter {
                let refused = Token::open::<(u64, String)>(&token, Filters::of(&other)).unwrap_err();
                prop_assert_eq!(refused.code(), Code::InvalidPageToken);
            }
        }

        #[test]
        fn garbage_is_no_token(text in "\\PC{0,80}") {
            prop_assert!(Token::open::<u64>(&text, Filters::of(&1)).is_err());
        }
    }

    #[test]
    fn a_page_has_one_to_a_hundred_items() {
        assert_eq!(size(None).unwrap(), 20);
        assert_eq!(size(Some(7)).unwrap(), 7);
        assert_eq!(size(Some(i64::MAX)).unwrap(), 100);
        assert!(size(Some(0)).is_err() && size(Some(-1)).is_err());
    }
}
