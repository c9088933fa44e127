//! The stable codes of problems (api.md, PROBLEM): each with its status, title and whether a retry can help.

use serde::Serialize;
use utoipa::ToSchema;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $code:literal $status:literal $title:literal $retryable:literal;)*) => {
        /// Why a request was refused: stable words that clients may branch on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[schema(as = ProblemCode)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code, in the order of statuses.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The word in the problem's `code` and at the end of its `type`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The HTTP status it is answered with.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The same sentence for every occurrence.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// Whether the same request may succeed later with nothing changed by the client.
            pub const fn is_retryable(self) -> bool {
                match self { $(Self::$name => $retryable,)* }
            }
        }
    };
}

codes! {
    /// The body is not UTF-8, not JSON, has a duplicate key or is nested deeper than 32.
    MalformedJson "malformed_json" 400 "The body is not well-formed JSON." false;
    /// A header cannot be read.
    MalformedHeader "malformed_header" 400 "A header cannot be read." false;
    /// The page token is not ours, or belongs to other filters.
    InvalidPageToken "invalid_page_token" 400 "The page token does not fit this list." false;
    /// This operation needs an Idempotency-Key.
    IdempotencyKeyMissing "idempotency_key_missing" 400 "The header Idempotency-Key is missing." false;
    /// No token, or not a valid one.
    Unauthenticated "unauthenticated" 401 "A valid bearer token is needed." false;
    /// The callback's signature is wrong, too old or from the future.
    InvalidSignature "invalid_signature" 401 "The signature is not valid." false;
    /// The token is valid, its roles do not suffice.
    Forbidden "forbidden" 403 "Your role does not allow this." false;
    /// Absent, or not yours.
    NotFound "not_found" 404 "There is no such thing, or it is not yours." false;
    /// The path is there, this method is not.
    MethodNotAllowed "method_not_allowed" 405 "This method is not allowed here." false;
    /// Nothing that `Accept` asks for is offered.
    NotAcceptable "not_acceptable" 406 "None of the accepted media types is offered." false;
    /// The body did not arrive in time.
    RequestTimeout "request_timeout" 408 "The request did not arrive in time." true;
    /// Too few rooms are left.
    SoldOut "sold_out" 409 "Not enough rooms are left." false;
    /// The price is now above what was accepted.
    PriceChanged "price_changed" 409 "The price has changed." false;
    /// The penalty is now above what was accepted.
    PenaltyChanged "penalty_changed" 409 "The penalty has changed." false;
    /// The quote is too old.
    QuoteExpired "quote_expired" 409 "The quote has expired." false;
    /// The booking's state does not allow a cancellation.
    NotCancellable "not_cancellable" 409 "The booking cannot be cancelled any more." false;
    /// A request with the same Idempotency-Key is being worked on.
    RequestInProgress "request_in_progress" 409 "The same request is in progress." true;
    /// The id is taken.
    AlreadyExists "already_exists" 409 "It already exists." false;
    /// The hotel has as many rooms as a hotel may have.
    TooManyRooms "too_many_rooms" 409 "The hotel has too many rooms." false;
    /// The account has as many hotels as an account may have.
    TooManyHotels "too_many_hotels" 409 "The account has too many hotels." false;
    /// The resource has changed since it was read.
    StaleVersion "stale_version" 412 "The resource has changed since you read it." false;
    /// The body is longer than this operation takes.
    BodyTooLarge "body_too_large" 413 "The body is too large." false;
    /// The body's media type is not what this operation takes.
    UnsupportedMediaType "unsupported_media_type" 415 "The media type of the body is not supported." false;
    /// A field or parameter is missing, of the wrong type or outside its range.
    InvalidField "invalid_field" 422 "A field or parameter is not valid." false;
    /// The body has a field that this operation does not know.
    UnknownField "unknown_field" 422 "The body has an unknown field." false;
    /// A field that can never change was to be changed.
    ImmutableField "immutable_field" 422 "This field cannot be changed." false;
    /// The dates do not make a stay that can be booked.
    InvalidStay "invalid_stay" 422 "The stay is not possible." false;
    /// More people than the room takes.
    OccupancyExceeded "occupancy_exceeded" 422 "The party is too large for the room." false;
    /// The room or hotel is not on sale for this stay.
    Restricted "restricted" 422 "The stay is restricted." false;
    /// The quote describes another stay.
    QuoteMismatch "quote_mismatch" 422 "The quote belongs to another stay." false;
    /// The Idempotency-Key was used with another request.
    IdempotencyKeyReused "idempotency_key_reused" 422 "The Idempotency-Key was used for another request." false;
    /// The caller's reference names another booking.
    ClientReferenceReused "client_reference_reused" 422 "The client reference names another booking." false;
    /// This change needs If-Match.
    PreconditionRequired "precondition_required" 428 "The header If-Match is required." false;
    /// Too many requests.
    RateLimited "rate_limited" 429 "Too many requests." true;
    /// The caller has too many open holds.
    TooManyHolds "too_many_holds" 429 "Too many open holds." false;
    /// Something broke on our side; it is logged under the request's id.
    Internal "internal" 500 "Something went wrong on our side." false;
    /// A store or server behind us does not answer.
    Unavailable "unavailable" 503 "The service is unavailable for the moment." true;
    /// We have more to do than we can.
    Overloaded "overloaded" 503 "The service is overloaded." true;
}

impl Code {
    /// The code of this name, if it is one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_serialised_as_the_word_it_is_documented_with() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
            assert_eq!(Code::parse(code.as_str()), Some(*code));
        }
    }
}
