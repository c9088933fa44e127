//! What an endpoint is made of: its description, the request it gets, the answer or the problem it gives.

mod answer;
mod code;
pub mod dev_clock;
mod endpoint;
pub mod json;
pub mod page;
pub mod parameters;
mod precondition;
mod problem;
mod request;
mod routes;
pub(crate) mod words;

pub use answer::Answer;
pub(crate) use answer::{Body, Rendered};
pub use code::Code;
pub use endpoint::Endpoint;
pub(crate) use endpoint::{About, Access, AnswerSpec, BEARER, BodyKind};
pub use precondition::Precondition;
pub(crate) use precondition::is_known;
pub(crate) use problem::Occasion;
pub use problem::{FIELD_WORDS, FieldError, Problem, ProblemBody, ProblemMembers, UnavailableNight};
pub use request::Request;
pub(crate) use request::{RequestParts, weight};
pub use routes::Routes;
pub(crate) use routes::{Mounted, Operation};
