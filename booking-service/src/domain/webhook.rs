//! Standard Webhooks signatures (github.com/standard-webhooks/standard-webhooks, spec 1.0): who sent a callback,
//! and that it is neither old nor from the future.

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::Instant;

use super::keyring::Secret;

/// The longest `webhook-id` that is read, in bytes: it becomes a key in our tables.
const LONGEST_ID: usize = 128;

/// The most signatures of one header that are tried: the sender signs with few keys while it rotates them.
const MOST_SIGNATURES: usize = 8;

/// The three headers of a callback as they came.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// `webhook-id`: the same for each delivery of one message.
    pub id: &'a str,
    /// `webhook-timestamp`: seconds since 1970.
    pub timestamp: &'a str,
    /// `webhook-signature`: `v1,<base64>`, several separated by spaces.
    pub signature: &'a str,
}

/// Why a callback is not believed. Not told to the sender in detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotBelieved {
    /// A header is missing, empty or too long.
    #[error("a webhook header is missing or not readable")]
    Headers,
    /// The timestamp lies too far from now, either way.
    #[error("the webhook's timestamp is too far from now")]
    Stale,
    /// No signature fits any key.
    #[error("no signature fits")]
    Forged,
}

/// Whether one of the keys signed this body with these headers, within `tolerance_s` seconds of `now` both ways.
/// `now` is the real time, never a test clock's (api.md, CLOCK).
pub fn verify(
    keys: &[Secret],
    signed: Signed<'_>,
    body: &[u8],
    now: Instant,
    tolerance_s: u32,
) -> Result<(), NotBelieved> {
    if signed.id.is_empty() || signed.id.len() > LONGEST_ID {
        return Err(NotBelieved::Headers);
    }
    let sent_s: i64 = signed.timestamp.parse().map_err(|_| NotBelieved::Headers)?;
    let now_s = now.utc().timestamp();
    if sent_s.abs_diff(now_s) > u64::from(tolerance_s) {
        return Err(NotBelieved::Stale);
    }
    let content: [&[u8]; 5] = [signed.id.as_bytes(), b".", signed.timestamp.as_bytes(), b".", body];
    let fits =
        signatures(signed.signature).any(|given| keys.iter().any(|key| key.verifies(&content, &given)));
    if fits { Ok(()) } else { Err(NotBelieved::Forged) }
}

/// The `v1` signatures of the header; other versions are not ours to judge and are left out.
fn signatures(header: &str) -> impl Iterator<Item = Vec<u8>> {
    header
        .split(' ')
        .take(MOST_SIGNATURES)
        .filter_map(|part| part.strip_prefix("v1,"))
        .filter_map(|encoded| STANDARD.decode(encoded).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn at(seconds: i64) -> Instant {
        Instant::from_epoch_micros(seconds * 1_000_000).unwrap()
    }

    fn signature(secret: &Secret, id: &str, timestamp: &str, body: &[u8]) -> String {
        let content = format!("{id}.{timestamp}.");
        format!("v1,{}", STANDARD.encode(secret.sign(&[content.as_bytes(), body])))
    }

    #[test]
    fn the_specifications_own_example_is_believed() {
        let keys = [Secret::parse(SECRET).unwrap()];
        let signed = Signed {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp: "1614265330",
            signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        };
        assert_eq!(verify(&keys, signed, br#"{"test": 2432232314}"#, at(1_614_265_330), 300), Ok(()));
    }

    #[test]
    fn a_callback_is_believed_only_whole_and_in_time() {
        let secret = Secret::parse(SECRET).unwrap();
        let keys = [secret.clone()];
        let (id, sent, body) = ("msg_1", "1000000", b"{}".as_slice());
        let signature = signature(&secret, id, sent, body);
        let signed = Signed { id, timestamp: sent, signature: &signature };
        let judge = |signed, body: &[u8], now| verify(&keys, signed, body, at(now), 300);
        assert_eq!(judge(signed, body, 1_000_300), Ok(()));
        assert_eq!(judge(signed, body, 999_700), Ok(()));
        assert_eq!(judge(signed, body, 1_000_301), Err(NotBelieved::Stale));
        assert_eq!(judge(signed, body, 999_699), Err(NotBelieved::Stale));
        assert_eq!(judge(signed, b"{ }", 1_000_000), Err(NotBelieved::Forged));
        assert_eq!(judge(Signed { id: "msg_2", ..signed }, body, 1_000_000), Err(NotBelieved::Forged));
        assert_eq!(judge(Signed { id: "", ..signed }, body, 1_000_000), Err(NotBelieved::Headers));
        assert_eq!(judge(Signed { timestamp: "soon", ..signed }, body, 1_000_000), Err(NotBelieved::Headers));
        assert_eq!(
            judge(Signed { signature: "v1a,AAAA v1,!", ..signed }, body, 1_000_000),
            Err(NotBelieved::Forged)
        );
    }

    #[test]
    fn while_keys_rotate_either_side_may_know_both() {
        let (old, new) =
            (Secret::parse(SECRET).unwrap(), Secret::parse("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz").unwrap());
        let body = b"{}".as_slice();
        let by_old = signature(&old, "m", "1000000", body);
        let both = format!("{} {by_old}", signature(&new, "m", "1000000", body));
        for (keys, header) in [
            (vec![new.clone(), old.clone()], &by_old),
            (vec![old.clone()], &both),
            (vec![new.clone()], &both),
        ] {
            let signed = Signed { id: "m", timestamp: "1000000", signature: header };
            assert_eq!(verify(&keys, signed, body, at(1_000_000), 300), Ok(()));
        }
        let signed = Signed { id: "m", timestamp: "1000000", signature: &by_old };
        assert_eq!(verify(&[new], signed, body, at(1_000_000), 300), Err(NotBelieved::Forged));
    }
}
