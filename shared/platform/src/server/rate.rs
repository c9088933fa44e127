//! Token buckets: per address on public operations, per caller elsewhere (details.md, Limits).

use std::{
    collections::BTreeMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

use actix_web::http::header::HeaderValue;
use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};
use uuid::Uuid;

use crate::{
    api::{Code, Problem},
    auth::{Caller, Role},
    settings::{LimitSettings, RateSettings},
    shutdown::Shutdown,
};

/// The buckets of this process.
pub(crate) struct Rates {
    address: Bucket<IpAddr>,
    checks: Bucket<IpAddr>,
    caller: Bucket<Uuid>,
    roles: BTreeMap<Role, Bucket<Uuid>>,
    /// By `sub` or `account_id`.
    named: BTreeMap<String, Bucket<Uuid>>,
}

/// Where a request stands with its limit, which every limited answer says, so that a partner can pace itself.
#[derive(Debug)]
pub(crate) struct Standing {
    /// The value of `RateLimit-Policy`.
    pub(super) policy: HeaderValue,
    name: &'static str,
    remaining: u32,
    /// In how many seconds the bucket is full, or has its next token if this one was refused.
    reset_s: u64,
    is_refused: bool,
}

impl Standing {
    /// The value of `RateLimit` (draft-ietf-httpapi-ratelimit-headers).
    pub(super) fn limit(&self) -> String {
        format!("\"{}\";r={};t={}", self.name, self.remaining, self.reset_s)
    }

    /// 429 `rate_limited` if there was no token left.
    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.is_refused {
            return Err(Problem::new(Code::RateLimited).retry_after(self.reset_s));
        }
        Ok(())
    }
}

impl Rates {
    /// How often full buckets are forgotten: a flood of addresses must not stay in memory.
    const SWEEP: Duration = Duration::from_secs(10);

    pub(crate) fn new(settings: &RateSettings) -> Self {
        let limit = |per_second, burst| LimitSettings { per_second, burst };
        let of_role =
            |(role, own): (Role, Option<LimitSettings>)| Some((role, Bucket::new(role.as_str(), own?)));
        let roles = settings.roles;
        let roles = [
            (Role::Traveller, roles.traveller),
            (Role::Manager, roles.manager),
            (Role::Operator, roles.operator),
            (Role::Channel, roles.channel),
        ];
        let named = settings.callers.iter();
        Self {
            address: Bucket::new("address", limit(settings.public_per_second, settings.public_burst)),
            checks: Bucket::new("token_checks", limit(settings.check_per_second, settings.check_burst)),
            caller: Bucket::new("caller", limit(settings.caller_per_second, settings.caller_burst)),
            roles: roles.into_iter().filter_map(of_role).collect(),
            named: named.map(|(name, own)| (name.clone(), Bucket::new("contract", *own))).collect(),
        }
    }

    /// Takes a token of the address. A caller with IPv6 owns a /64, so that is what counts.
    pub(crate) fn take_address(&self, address: IpAddr) -> Standing {
        self.address.take(&block(address))
    }

    /// Takes a token for checking a signature that was not checked a moment ago, since that is the dearest step of a
    /// request and anybody can ask for it.
    pub(crate) fn take_check(&self, address: IpAddr) -> Standing {
        self.checks.take(&block(address))
    }

    /// Takes a token of the caller: of the limit that the settings give them or their account by name, else of the most
    /// generous one that their roles have.
    pub(crate) fn take_caller(&self, caller: &Caller) -> Standing {
        let user = caller.user_id.uuid();
        if let Some(own) = self.named.get(&caller.subject) {
            return own.take(&user);
        }
        if let Some((account, shared)) =
            caller.account_id.and_then(|id| Some((id, self.named.get(&id.to_string())?)))
        {
            return shared.take(&account);
        }
        let of_roles = caller.roles.iter().filter_map(|role| self.roles.get(role));
        let widest = of_roles.fold(&self.caller, |best, next| {
            if next.limit.per_second > best.limit.per_second { next } else { best }
        });
        widest.take(&user)
    }

    /// Forgets full buckets now and then.
    pub(crate) async fn sweep(&self, shutdown: Shutdown) {
        let mut every = tokio::time::interval(Self::SWEEP);
        while shutdown.unless_requested(every.tick()).await.is_some() {
            self.address.sweep();
            self.checks.sweep();
            let callers = self.roles.values().chain(self.named.values());
            callers.chain([&self.caller]).for_each(Bucket::sweep);
        }
    }
}

fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

type Limiter<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>;

struct Bucket<K: Clone + Eq + Hash> {
    limiter: Limiter<K>,
    clock: DefaultClock,
    limit: LimitSettings,
    name: &'static str,
    policy: HeaderValue,
}

impl<K: Clone + Eq + Hash> Bucket<K> {
    fn new(name: &'static str, limit: LimitSettings) -> Self {
        let at_least_one = |wish| NonZeroU32::new(wish).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(limit.per_second)).allow_burst(at_least_one(limit.burst));
        let policy = format!("\"{name}\";q={};w=1;burst={}", limit.per_second, limit.burst);
        Self {
            limiter: RateLimiter::keyed(quota).with_middleware(),
            clock: DefaultClock::default(),
            limit,
            name,
            // Digits and letters of ours; the fallback only says nothing.
            policy: HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("")),
        }
    }

    fn take(&self, key: &K) -> Standing {
        let (remaining, reset_s, is_refused) = match self.limiter.check_key(key) {
            Ok(left) => {
                let left = left.remaining_burst_capacity();
                let missing = self.limit.burst.saturating_sub(left);
                (left, u64::from(missing.div_ceil(self.limit.per_second.max(1))), false)
            }
            Err(early) => {
                metrics::counter!("rate_limited_total", "bucket" => self.name).increment(1);
                (0, early.wait_time_from(self.clock.now()).as_secs().saturating_add(1), true)
            }
        };
        Standing { policy: self.policy.clone(), name: self.name, remaining, reset_s, is_refused }
    }

    fn sweep(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use domain::UserId;

    use super::*;
    use crate::settings::RoleLimitSettings;

    fn rates() -> Rates {
        let limit = |per_second, burst| LimitSettings { per_second, burst };
        Rates::new(&RateSettings {
            public_per_second: 1,
            public_burst: 3,
            check_per_second: 1,
            check_burst: 1,
            caller_per_second: 1,
            caller_burst: 1,
            roles: RoleLimitSettings { channel: Some(limit(2, 2)), ..RoleLimitSettings::default() },
            callers: [("joe".to_owned(), limit(1, 5)), (Uuid::max().to_string(), limit(1, 4))].into(),
        })
    }

    #[test]
    fn a_burst_passes_and_the_next_one_is_told_when_to_come_back() {
        let rates = rates();
        let one: IpAddr = "2001:db8::1".parse().unwrap();
        let neighbour: IpAddr = "2001:db8::2".parse().unwrap();
        for left in [2, 1, 0] {
            let standing = rates.take_address(one);
            assert!(standing.check().is_ok());
            assert_eq!(standing.limit(), format!("\"address\";r={left};t={}", 3 - left));
        }
        let refused = rates.take_address(neighbour);
        assert_eq!(
            (&refused.policy, refused.limit()),
            (&HeaderValue::from_static("\"address\";q=1;w=1;burst=3"), "\"address\";r=0;t=1".to_owned())
        );
        let problem = refused.check().unwrap_err();
        assert_eq!((problem.code(), problem.retry_after_seconds()), (Code::RateLimited, Some(1)));
        assert!(rates.take_address("192.0.2.1".parse().unwrap()).check().is_ok());
    }

    #[test]
    fn a_caller_has_the_limit_of_their_name_of_their_account_or_of_their_widest_role() {
        let caller = |subject: &str, roles: &[Role], account_id| Caller {
            user_id: UserId::from_uuid(Uuid::new_v5(&Uuid::NAMESPACE_URL, subject.as_bytes())),
            roles: roles.to_vec(),
            account_id,
            subject: subject.to_owned(),
            email: None,
        };
        let rates = rates();
        let burst =
            |caller: &Caller| (0..9).take_while(|_| rates.take_caller(caller).check().is_ok()).count();
        assert_eq!(burst(&caller("plain", &[Role::Traveller], None)), 1);
        assert_eq!(burst(&caller("agency", &[Role::Traveller, Role::Channel], None)), 2);
        assert_eq!(burst(&caller("joe", &[Role::Channel], None)), 5);
        let partner = Some(Uuid::max());
        assert_eq!(burst(&caller("worker one", &[], partner)), 4);
        assert_eq!(burst(&caller("worker two", &[], partner)), 0, "an account's callers share its limit");
    }
}
