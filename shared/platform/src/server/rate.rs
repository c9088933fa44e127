//! Token buckets: per address on public operations, per caller elsewhere (details.md, Limits).

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

use governor::{
    DefaultKeyedRateLimiter, Quota,
    clock::{Clock as _, DefaultClock},
};
use uuid::Uuid;

use crate::{
    api::{Code, Problem},
    settings::RateSettings,
    shutdown::Shutdown,
};

/// The buckets of this process.
pub(crate) struct Rates {
    public: Bucket<IpAddr>,
    caller: Bucket<Uuid>,
}

struct Bucket<K: Clone + Eq + std::hash::Hash> {
    limiter: DefaultKeyedRateLimiter<K>,
    clock: DefaultClock,
    per_second: u32,
    burst: u32,
}

impl Rates {
    /// How often full buckets are forgotten: a flood of addresses must not stay in memory.
    const SWEEP: Duration = Duration::from_secs(10);

    pub(crate) fn new(settings: &RateSettings) -> Self {
        Self {
            public: Bucket::new(settings.public_per_second, settings.public_burst),
            caller: Bucket::new(settings.caller_per_second, settings.caller_burst),
        }
    }

    /// Takes a token of the address. A caller with IPv6 owns a /64, so that is what counts.
    pub(crate) fn take_address(&self, address: IpAddr) -> Result<(), Problem> {
        self.public.take(&block(address))
    }

    /// Takes a token of the caller.
    pub(crate) fn take_caller(&self, user: Uuid) -> Result<(), Problem> {
        self.caller.take(&user)
    }

    /// Forgets full buckets now and then.
    pub(crate) async fn sweep(&self, shutdown: Shutdown) {
        let mut every = tokio::time::interval(Self::SWEEP);
        while shutdown.unless_requested(every.tick()).await.is_some() {
            self.public.limiter.retain_recent();
            self.public.limiter.shrink_to_fit();
            self.caller.limiter.retain_recent();
            self.caller.limiter.shrink_to_fit();
        }
    }
}

fn block(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.into(),
            None => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        },
    }
}

impl<K: Clone + Eq + std::hash::Hash> Bucket<K> {
    fn new(per_second: u32, burst: u32) -> Self {
        let at_least_one = |wish| NonZeroU32::new(wish).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(per_second)).allow_burst(at_least_one(burst));
        Self {
            limiter: DefaultKeyedRateLimiter::keyed(quota),
            clock: DefaultClock::default(),
            per_second,
            burst,
        }
    }

    fn take(&self, key: &K) -> Result<(), Problem> {
        let Err(early) = self.limiter.check_key(key) else { return Ok(()) };
        let wait_s = early.wait_time_from(self.clock.now()).as_secs().saturating_add(1);
        Err(Problem::new(Code::RateLimited)
            .retry_after(wait_s)
            .header("ratelimit-policy", format!("\"default\";q={};w=1;burst={}", self.per_second, self.burst))
            .header("ratelimit", format!("\"default\";r=0;t={wait_s}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_the_next_one_is_told_when_to_come_back() {
        let settings =
            RateSettings { public_per_second: 1, public_burst: 3, caller_per_second: 1, caller_burst: 1 };
        let rates = Rates::new(&settings);
        let one: IpAddr = "2001:db8::1".parse().unwrap();
        let neighbour: IpAddr = "2001:db8::2".parse().unwrap();
        for _ in 0..3 {
            assert!(rates.take_address(one).is_ok());
        }
        let refused = rates.take_address(neighbour).unwrap_err();
        assert_eq!((refused.code(), refused.retry_after_seconds()), (Code::RateLimited, Some(1)));
        assert!(rates.take_address("192.0.2.1".parse().unwrap()).is_ok());
    }
}
