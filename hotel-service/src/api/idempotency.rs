//! Idempotency keys: an answer with an effect is kept with it and given again (domain.md, API).

use ::domain::UserId;
use platform::api::{Answer, Code, FieldError, Problem, Request};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::ports::Ports;
use crate::store::KeptAnswer;

/// A request that names itself.
pub(super) struct Keyed {
    scope: [u8; 32],
    request_hash: [u8; 32],
    operation_id: &'static str,
    user_id: UserId,
}

/// An answer to be kept.
pub(super) struct Reply {
    /// Where the new resource is.
    pub(super) location: String,
    /// Its version.
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
    /// Reads the key; the hash covers the path with its values and the body in RFC 8785 form.
    pub(super) fn read(request: &Request) -> Result<Self, Problem> {
        let key = request.idempotency_key()?;
        let body: Value = request.json()?;
        let body = serde_json_canonicalizer::to_vec(&body).map_err(Problem::internal)?;
        let user_id = request.caller().user_id;
        let operation_id = request.operation_id();
        Ok(Self {
            scope: hash([user_id.to_string().as_bytes(), operation_id.as_bytes(), key.as_bytes()]),
            request_hash: hash([request.path_text().as_bytes(), &body, b""]),
            operation_id,
            user_id,
        })
    }

    /// The answer given before, if there is one; 422 if it was given to another request.
    pub(super) async fn replay(&self, ports: &Ports) -> Result<Option<Answer>, Problem> {
        let Some(kept) = ports.kept.find(&self.scope).await? else { return Ok(None) };
        if kept.request_hash != self.request_hash {
            return Err(reused());
        }
        let reply = Reply { location: kept.location, version: kept.version, body: kept.body };
        Ok(Some(reply.answer().replayed()))
    }

    /// The answer of whoever took the key first; 409 while it is not there yet.
    pub(super) async fn answer_of_the_first(&self, ports: &Ports) -> Result<Answer, Problem> {
        let replayed = self.replay(ports).await?;
        replayed.ok_or_else(|| Problem::new(Code::RequestInProgress).retry_after(1))
    }

    /// The reply as it is kept.
    pub(super) fn keep(&self, reply: &Reply, ports: &Ports) -> KeptAnswer {
        KeptAnswer {
            scope: self.scope,
            request_hash: self.request_hash,
            operation_id: self.operation_id.to_owned(),
            user_id: self.user_id,
            status: 201,
            location: reply.location.clone(),
            version: reply.version,
            body: reply.body.clone(),
            keep_s: ports.rules.keep_answers_s,
        }
    }
}

fn reused() -> Problem {
    let detail = "This key belongs to another request of yours; take a new one.";
    let entry = FieldError::header("Idempotency-Key", "reused", detail);
    Problem::new(Code::IdempotencyKeyReused).errors(vec![entry])
}

/// Each part is hashed behind its length, so that no two lists of parts run together.
fn hash(parts: [&[u8]; 3]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::hash;

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(hash([b"a", b"bc", b""]), hash([b"ab", b"c", b""]));
        assert_eq!(hash([b"a", b"bc", b""]), hash([b"a", b"bc", b""]));
    }
}
