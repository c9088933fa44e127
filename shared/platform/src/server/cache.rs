//! Answers that anybody may keep for a while: how long, under which entity tag, and 304 for who has them already.

use actix_web::http::header::{CACHE_CONTROL, ETAG, HeaderName, HeaderValue};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::api::{Rendered, is_known};

/// Bytes of the hash in a tag: enough that two bodies never share one by accident.
const TAG_BYTES: usize = 16;

/// The answer with `Cache-Control` and a tag of its body (unless it has one), or 304 if `if_none_match` names the tag.
/// Anything but a 200 is left as it is.
pub(super) fn public(mut answer: Rendered, max_age_s: u64, if_none_match: Option<&str>) -> Rendered {
    let Some(tag) = tag(&answer).filter(|_| answer.status == 200) else { return answer };
    if if_none_match.is_some_and(|known| tag.to_str().is_ok_and(|tag| is_known(known, tag))) {
        answer.status = 304;
        answer.body = None;
    }
    if let Ok(value) = HeaderValue::try_from(format!("public, max-age={max_age_s}")) {
        answer.headers.push((CACHE_CONTROL, value));
    }
    if given(&answer, &ETAG).is_none() {
        answer.headers.push((ETAG, tag));
    }
    answer
}

fn given<'a>(answer: &'a Rendered, name: &HeaderName) -> Option<&'a HeaderValue> {
    answer.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value)
}

fn tag(answer: &Rendered) -> Option<HeaderValue> {
    if let Some(own) = given(answer, &ETAG) {
        return Some(own.clone());
    }
    let hash = Sha256::digest(&answer.body.as_ref()?.bytes);
    let hash: &[u8; TAG_BYTES] = hash.first_chunk()?;
    HeaderValue::try_from(format!("\"{}\"", URL_SAFE_NO_PAD.encode(hash))).ok()
}
