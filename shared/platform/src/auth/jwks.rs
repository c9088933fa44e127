//! The issuer's public keys, fetched and kept.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet},
};
use tokio::{runtime::Handle, sync::Mutex};

use crate::http_client::http_client;

pub(super) type Key = Arc<(DecodingKey, Algorithm)>;

/// A token with an unknown key makes us look again, but no more often than this.
const AT_MOST_EVERY: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(3);

/// The keys behind a JWKS URL.
#[derive(Clone)]
pub(super) struct Jwks(Arc<Inner>);

struct Inner {
    url: String,
    client: reqwest::Client,
    refresh: Duration,
    kept: RwLock<Option<Kept>>,
    fetching: Mutex<()>,
    /// Connections belong to the main runtime, not to the worker whose request happened to need the keys.
    runtime: Handle,
}

#[derive(Clone)]
struct Kept {
    keys: Arc<HashMap<String, Key>>,
    since: Instant,
}

impl Jwks {
    pub(super) fn new(url: String, refresh: Duration) -> Result<Self, reqwest::Error> {
        let client = http_client(TIMEOUT)?;
        let runtime = Handle::current();
        Ok(Self(Arc::new(Inner {
            url,
            client,
            refresh,
            kept: RwLock::new(None),
            fetching: Mutex::new(()),
            runtime,
        })))
    }

    /// The key of this id, or the only one there is if the token names none.
    pub(super) async fn key(&self, id: Option<&str>) -> Result<Option<Key>, reqwest::Error> {
        if let Some(kept) = self.kept()
            && kept.since.elapsed() < self.0.refresh
            && let Some(key) = pick(&kept.keys, id)
        {
            return Ok(Some(key));
        }
        let keys = self.refreshed().await?;
        Ok(pick(&keys, id))
    }

    fn kept(&self) -> Option<Kept> {
        self.0.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The keys, fetched unless they just were. If the issuer is away, known keys stay good.
    async fn refreshed(&self) -> Result<Arc<HashMap<String, Key>>, reqwest::Error> {
        let _one = self.0.fetching.lock().await;
        let before = self.kept();
        if let Some(kept) = &before
            && kept.since.elapsed() < AT_MOST_EVERY
        {
            return Ok(kept.keys.clone());
        }
        let keys = match (self.fetch().await, before) {
            (Ok(set), _) => Arc::new(usable(&set)),
            (Err(error), Some(kept)) => {
                tracing::warn!(%error, url = self.0.url, "the issuer's keys cannot be refreshed; the known ones stay");
                kept.keys
            }
            (Err(error), None) => return Err(error),
        };
        let kept = Kept { keys: keys.clone(), since: Instant::now() };
        *self.0.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok(keys)
    }

    async fn fetch(&self) -> Result<JwkSet, reqwest::Error> {
        let call = self.0.client.get(&self.0.url);
        let fetched =
            self.0.runtime.spawn(async move { call.send().await?.error_for_status()?.json().await });
        // The fetch neither panics nor is aborted, except with the runtime itself.
        fetched.await.unwrap_or_else(|_| Ok(JwkSet { keys: Vec::new() }))
    }
}

fn pick(keys: &HashMap<String, Key>, id: Option<&str>) -> Option<Key> {
    match id {
        Some(id) => keys.get(id).cloned(),
        None if keys.len() == 1 => keys.values().next().cloned(),
        None => None,
    }
}

fn usable(set: &JwkSet) -> HashMap<String, Key> {
    set.keys
        .iter()
        .filter_map(|jwk| Some((jwk.common.key_id.clone().unwrap_or_default(), decoding(jwk)?)))
        .collect()
}

/// The key with the one algorithm it is good for: a public key is never taken as an HMAC secret.
fn decoding(jwk: &Jwk) -> Option<Key> {
    let kind = &jwk.algorithm;
    let algorithm = if matches!(kind, AlgorithmParameters::RSA(_)) {
        Algorithm::RS256
    } else if matches!(kind, AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256)
    {
        Algorithm::ES256
    } else if matches!(kind, AlgorithmParameters::OctetKeyPair(_)) {
        Algorithm::EdDSA
    } else {
        return None;
    };
    DecodingKey::from_jwk(jwk).ok().map(|key| Arc::new((key, algorithm)))
}
