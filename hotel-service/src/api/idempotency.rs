//! Idempotency keys: an answer with an effect is kept with it and given again (domain.md, API).

use ::domain::UserId;
use platform::{
    api::{Answer, Code, Problem, Request},
    idempotency::{KeyedRequest, reused},
};

use crate::{parts::Parts, store::KeptAnswer};

/// A request that names itself.
pub(super) struct Keyed {
    request: KeyedRequest,
    operation_id: &'static str,
    user_id: UserId,
}

/// An answer to be kept.
pub(super) struct Reply {
    /// Where the new resource is.
    pub(super) location: String,
    pub(super) version: i64,
    /// Its view, as JSON.
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// 201 with the view.
    pub(super) fn answer(self) -> Answer {
        Answer::raw_json(201, self.body).etag(self.version).location(self.location)
    }
}

impl Keyed {
    /// Reads key and body; the key is the account's, as the hotel will be.
    pub(super) fn read(request: &Request) -> Result<Self, Problem> {
        let caller = request.caller();
        Ok(Self {
            request: KeyedRequest::read(request, caller.owner_id())?,
            operation_id: request.operation_id(),
            user_id: caller.user_id,
        })
    }

    /// The answer given before, if there is one; 422 if it was given to another request.
    pub(super) async fn replay(&self, shared: &Parts) -> Result<Option<Answer>, Problem> {
        let Some(kept) = shared.kept.find(&self.request.scope).await? else { return Ok(None) };
        if kept.request_hash != self.request.hash {
            return Err(reused());
        }
        let reply = Reply { location: kept.location, version: kept.version, body: kept.body };
        Ok(Some(reply.answer().replayed()))
    }

    /// The answer of whoever took the key first; 409 while it is not there yet.
    pub(super) async fn answer_of_the_first(&self, shared: &Parts) -> Result<Answer, Problem> {
        let replayed = self.replay(shared).await?;
        replayed.ok_or_else(|| Problem::new(Code::RequestInProgress).retry_after(1))
    }

    /// The reply as it is kept.
    pub(super) fn keep(&self, reply: &Reply, shared: &Parts) -> KeptAnswer {
        KeptAnswer {
            scope: self.request.scope,
            request_hash: self.request.hash,
            operation_id: self.operation_id.to_owned(),
            user_id: self.user_id,
            status: 201,
            location: reply.location.clone(),
            version: reply.version,
            body: reply.body.clone(),
            keep_s: shared.rules.keep_answers_s,
        }
    }
}
