//! Several processes publish one lane; they freeze, die, lose answers and leases. The log must stay right.

use std::{collections::BTreeMap, time::Duration};

use delivery::{Backoff, Lane, LaneAction, LaneInput, LaneLimits};
use proptest::prelude::*;

const OWNERS: usize = 3;
const LEASE: u64 = 100;
const SETTLE: u64 = 100;
/// Rows of one transaction.
const BATCH: usize = 3;

fn limits() -> LaneLimits {
    let ms = Duration::from_millis;
    LaneLimits {
        lease: ms(LEASE),
        poll: ms(20),
        ask: ms(20),
        full_scan: ms(200),
        settle: ms(SETTLE),
        backoff: Backoff::new(ms(5), ms(50)),
    }
}

/// A row tells a version of a key; the state of a key is how often it has changed.
#[derive(Clone)]
struct Row {
    id: u64,
    key: u8,
    version: u64,
    began: u64,
    committed: bool,
    marked: bool,
}

#[derive(Default)]
struct World {
    now: u64,
    rows: Vec<Row>,
    lease: Option<(u64, u64)>,
    low_water: u64,
    epoch: u64,
    /// (key, version of the row, state of the key when it was read)
    log: Vec<(u8, u64, u64)>,
    state: BTreeMap<u8, u64>,
}

impl World {
    fn held_by(&self, owner: u64) -> bool {
        self.lease.is_some_and(|(holder, _)| holder == owner)
    }

    fn free_for(&self, owner: u64) -> bool {
        self.lease.is_none_or(|(holder, until)| holder == owner || until < self.now)
    }

    fn write(&mut self, key: u8, committed: bool) {
        // An open transaction holds the row lock of its key, so the next version of that key waits for it.
        if self.rows.iter().any(|row| row.key == key && !row.committed) {
            return;
        }
        let version = self.state.get(&key).copied().unwrap_or(0) + 1;
        let id = self.rows.len() as u64 + 1;
        self.rows.push(Row { id, key, version, began: self.now, committed, marked: false });
        if committed {
            self.state.insert(key, version);
        }
    }

    /// No transaction is open for longer than the low-water mark waits.
    fn pass(&mut self, ms: u64) {
        self.now += ms;
        self.commit_begun_before(self.now.saturating_sub(SETTLE));
    }

    fn commit_begun_before(&mut self, time: u64) {
        for row in self.rows.iter_mut().filter(|row| !row.committed && row.began <= time) {
            row.committed = true;
            self.state.insert(row.key, row.version);
        }
    }

    fn unpublished(&self, from: u64) -> Vec<Row> {
        let open = |row: &&Row| row.committed && !row.marked && row.id >= from;
        self.rows.iter().filter(open).cloned().collect()
    }
}

struct Owner {
    id: u64,
    lane: Lane,
    action: LaneAction,
    epoch: Option<u64>,
    batch: Vec<Row>,
    /// State read for the batch, not yet in the log: a process may freeze just here.
    read: Option<Vec<(u8, u64, u64)>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Luck {
    Good,
    /// It did not happen.
    Fails,
    /// It happened, and the answer was lost.
    AnswerLost,
}

impl Owner {
    fn new(id: u64, now: u64) -> Self {
        let mut lane = Lane::new(limits());
        let action = lane.step(LaneInput::Begin, Duration::from_millis(now));
        Self { id, lane, action, epoch: None, batch: Vec::new(), read: None }
    }

    fn act(&mut self, world: &mut World, luck: Luck) -> Result<(), TestCaseError> {
        let Some(input) = self.perform(world, luck)? else { return Ok(()) };
        self.action = self.lane.step(input, Duration::from_millis(world.now));
        Ok(())
    }

    fn perform(&mut self, world: &mut World, luck: Luck) -> Result<Option<LaneInput>, TestCaseError> {
        let asked_at = Duration::from_millis(world.now);
        let failed = luck != Luck::Good;
        Ok(Some(match self.action.clone() {
            LaneAction::TakeLease | LaneAction::RenewLease { .. } | LaneAction::Read { .. } if failed => {
                LaneInput::Failed
            }
            LaneAction::Fence if luck == Luck::Fails => LaneInput::Lost,
            LaneAction::Mark if luck == Luck::Fails => LaneInput::Failed,
            LaneAction::TakeLease if world.free_for(self.id) => {
                world.lease = Some((self.id, world.now + LEASE));
                LaneInput::Leased { asked_at, low_water: world.low_water }
            }
            LaneAction::RenewLease { low_water } if world.held_by(self.id) => {
                world.lease = Some((self.id, world.now + LEASE));
                world.low_water = world.low_water.max(low_water);
                LaneInput::Leased { asked_at, low_water }
            }
            LaneAction::TakeLease | LaneAction::RenewLease { .. } => LaneInput::Refused,
            LaneAction::Fence => {
                world.epoch += 1;
                self.epoch = Some(world.epoch);
                LaneInput::Fenced
            }
            LaneAction::Read { from } => {
                let mut waiting = world.unpublished(from);
                let more = waiting.len() > BATCH;
                waiting.truncate(BATCH);
                self.batch = waiting;
                LaneInput::Rows { ids: self.batch.iter().map(|row| row.id).collect(), more }
            }
            LaneAction::Publish => return self.publish(world, luck),
            LaneAction::Mark => self.mark(world),
            LaneAction::Release => {
                self.epoch = None;
                self.read = None;
                if world.lease.is_some_and(|(holder, _)| holder == self.id) && !failed {
                    world.lease = None;
                }
                LaneInput::Released
            }
            LaneAction::Wait { until, wakes } => {
                if Duration::from_millis(world.now) < until && !(wakes && luck == Luck::Good) {
                    return Ok(None);
                }
                LaneInput::Waited
            }
            LaneAction::Stop => return Err(TestCaseError::fail("nobody asked the lane to stop")),
        }))
    }

    fn publish(&mut self, world: &mut World, luck: Luck) -> Result<Option<LaneInput>, TestCaseError> {
        prop_assert!(self.epoch.is_some(), "published without having fenced the others");
        let Some(read) = self.read.take() else {
            let state = |row: &Row| (row.key, row.version, world.state.get(&row.key).copied().unwrap_or(0));
            self.read = Some(self.batch.iter().map(state).collect());
            return Ok(None);
        };
        if self.epoch != Some(world.epoch) {
            return Ok(Some(LaneInput::Lost));
        }
        if luck == Luck::Fails {
            return Ok(Some(LaneInput::NotPublished));
        }
        world.log.extend(read);
        Ok(Some(if luck == Luck::AnswerLost { LaneInput::Lost } else { LaneInput::Published }))
    }

    fn mark(&self, world: &mut World) -> LaneInput {
        for row in &mut world.rows {
            row.marked |= self.batch.iter().any(|published| published.id == row.id);
        }
        LaneInput::Marked
    }
}

#[derive(Debug, Clone)]
enum Move {
    Act(usize, Luck),
    Pass(u64),
    Write(u8),
    WriteSlowly(u8),
    Commit,
    Kill(usize),
    Assign(usize, bool),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let luck = prop_oneof![8 => Just(Luck::Good), 1 => Just(Luck::Fails), 1 => Just(Luck::AnswerLost)];
    let one = prop_oneof![
        12 => (0..OWNERS, luck).prop_map(|(owner, luck)| Move::Act(owner, luck)),
        4 => (1_u64..40).prop_map(Move::Pass),
        1 => (100_u64..300).prop_map(Move::Pass),
        2 => (0_u8..4).prop_map(Move::Write),
        1 => (4_u8..7).prop_map(Move::WriteSlowly),
        1 => Just(Move::Commit),
        1 => (0..OWNERS).prop_map(Move::Kill),
        2 => (0..OWNERS, any::<bool>()).prop_map(|(owner, ours)| Move::Assign(owner, ours)),
    ];
    proptest::collection::vec(one, 0..300)
}

fn play(moves: Vec<Move>) -> Result<World, TestCaseError> {
    let mut world = World::default();
    let mut owners: Vec<Owner> = (0..OWNERS).map(|id| Owner::new(id as u64, 0)).collect();
    let mut next_id = OWNERS as u64;
    for one in moves {
        match one {
            Move::Act(owner, luck) => owners[owner].act(&mut world, luck)?,
            Move::Pass(ms) => world.pass(ms),
            Move::Write(key) => world.write(key, true),
            Move::WriteSlowly(key) => world.write(key, false),
            Move::Commit => world.commit_begun_before(world.now),
            Move::Kill(owner) => {
                owners[owner] = Owner::new(next_id, world.now);
                next_id += 1;
            }
            Move::Assign(owner, ours) => owners[owner].lane.assign(ours),
        }
    }
    settle(&mut world, &mut owners)?;
    Ok(world)
}

/// Good luck from here on: everything that was committed must get published and marked, in bounded time.
fn settle(world: &mut World, owners: &mut [Owner]) -> Result<(), TestCaseError> {
    world.commit_begun_before(world.now);
    for (number, owner) in owners.iter_mut().enumerate() {
        owner.lane.assign(number == 0);
    }
    for _ in 0..5_000 {
        if world.rows.iter().all(|row| row.marked) {
            return Ok(());
        }
        for owner in &mut *owners {
            owner.act(world, Luck::Good)?;
        }
        world.now += 3;
    }
    Err(TestCaseError::fail("rows stayed unpublished"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_row_is_published_in_order_per_key_whoever_dies_or_freezes(moves in moves()) {
        let world = play(moves)?;
        let mut seen: BTreeMap<u8, u64> = BTreeMap::new();
        for (key, version, _) in &world.log {
            let newest = seen.entry(*key).or_insert(0);
            prop_assert!(*version <= *newest + 1, "version {version} of {key} overtook one before it");
            *newest = (*newest).max(*version);
        }
        let last: BTreeMap<u8, u64> = world.log.iter().map(|(key, version, _)| (*key, *version)).collect();
        prop_assert_eq!(&last, &seen, "a repeated older version stayed behind a newer one");
        for row in &world.rows {
            prop_assert!(seen.get(&row.key) >= Some(&row.version), "a row was marked but never published");
        }
    }

    #[test]
    fn state_read_earlier_never_lands_behind_state_read_later(moves in moves()) {
        let world = play(moves)?;
        let mut last: BTreeMap<u8, u64> = BTreeMap::new();
        for (key, _, state) in &world.log {
            let before = last.insert(*key, *state).unwrap_or(0);
            prop_assert!(*state >= before, "an older state of {key} landed behind a newer one");
        }
        prop_assert_eq!(last, world.state);
    }
}

#[test]
fn a_shutdown_gives_the_lease_back_and_stops() {
    let mut world = World::default();
    world.write(1, true);
    let mut owner = Owner::new(1, 0);
    for _ in 0..8 {
        owner.act(&mut world, Luck::Good).unwrap();
    }
    owner.lane.shut_down();
    while owner.action != LaneAction::Stop {
        world.now += 10;
        owner.act(&mut world, Luck::Good).unwrap();
    }
    assert!(world.lease.is_none());
    assert!(!owner.lane.is_leased());
}

fn at(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn leased(asked_ms: u64) -> LaneInput {
    LaneInput::Leased { asked_at: at(asked_ms), low_water: 0 }
}

/// Leased, fenced, confirmed.
fn holding() -> Lane {
    let mut lane = Lane::new(limits());
    assert_eq!(lane.step(LaneInput::Begin, at(0)), LaneAction::TakeLease);
    assert_eq!(lane.step(leased(0), at(0)), LaneAction::Fence, "the lease alone counts for nothing");
    assert_eq!(lane.step(LaneInput::Fenced, at(1)), LaneAction::RenewLease { low_water: 0 });
    assert!(matches!(lane.step(leased(1), at(1)), LaneAction::Read { .. }));
    lane
}

fn wait_ms(action: &LaneAction, now_ms: u64) -> u64 {
    let LaneAction::Wait { until, .. } = action else { panic!("{action:?}") };
    u64::try_from(until.as_millis()).unwrap() - now_ms
}

#[test]
fn who_cannot_open_a_publisher_gives_an_idle_lane_back_and_stays_away_longer_than_others_ask() {
    let mut lane = Lane::new(limits());
    lane.step(LaneInput::Begin, at(0));
    assert_eq!(lane.step(leased(0), at(0)), LaneAction::Fence);
    assert_eq!(lane.step(LaneInput::Lost, at(10)), LaneAction::Release);
    assert!(lane.cannot_publish());
    let away = lane.step(LaneInput::Released, at(10));
    assert!(wait_ms(&away, 10) >= 2 * 20, "{away:?}");
    assert!(!lane.is_leased());
}

#[test]
fn what_the_log_does_not_take_makes_the_waits_longer_although_the_database_answers() {
    let mut lane = holding();
    assert_eq!(lane.step(LaneInput::Rows { ids: vec![1], more: false }, at(2)), LaneAction::Publish);
    let first = lane.step(LaneInput::NotPublished, at(2));
    assert_eq!(wait_ms(&first, 2), 5);
    assert!(matches!(lane.step(LaneInput::Waited, at(7)), LaneAction::Read { .. }));
    assert_eq!(lane.step(LaneInput::Rows { ids: vec![1], more: false }, at(7)), LaneAction::Publish);
    assert_eq!(lane.step(LaneInput::NotPublished, at(7)), LaneAction::Release, "it is given up in the end");
    let mut waits = vec![wait_ms(&lane.step(LaneInput::Released, at(7)), 7)];
    for _ in 0..3 {
        assert_eq!(lane.step(LaneInput::Waited, at(60)), LaneAction::TakeLease);
        assert_eq!(lane.step(leased(60), at(60)), LaneAction::Fence);
        assert_eq!(lane.step(LaneInput::Lost, at(60)), LaneAction::Release);
        waits.push(wait_ms(&lane.step(LaneInput::Released, at(60)), 60));
    }
    assert_eq!(waits, [40, 40, 40, 50], "never sooner than others ask, and up to the most");
}

#[test]
fn a_lane_that_could_not_be_published_when_taken_again_is_better_elsewhere_until_one_publication_comes_through()
 {
    let mut lane = Lane::new(limits());
    lane.step(LaneInput::Begin, at(0));
    let lose = |lane: &mut Lane| {
        assert_eq!(lane.step(leased(60), at(60)), LaneAction::Fence);
        assert_eq!(lane.step(LaneInput::Lost, at(60)), LaneAction::Release);
        lane.is_better_elsewhere()
    };
    assert!(!lose(&mut lane), "the next taking may do");
    lane.step(LaneInput::Released, at(60));
    assert_eq!(lane.step(LaneInput::Waited, at(60)), LaneAction::TakeLease);
    assert!(lose(&mut lane));
    lane.step(LaneInput::Released, at(60));
    lane.step(LaneInput::Waited, at(60));
    lane.step(leased(60), at(60));
    lane.step(LaneInput::Fenced, at(60));
    lane.step(leased(60), at(60));
    assert_eq!(lane.step(LaneInput::Rows { ids: vec![1], more: false }, at(60)), LaneAction::Publish);
    assert!(lane.is_better_elsewhere(), "an open publisher has published nothing yet");
    lane.step(LaneInput::Published, at(60));
    assert!(!lane.is_better_elsewhere());
}

#[test]
fn a_lane_that_becomes_anothers_is_given_up_after_what_is_in_flight() {
    let mut lane = holding();
    assert_eq!(lane.step(LaneInput::Rows { ids: vec![1], more: false }, at(2)), LaneAction::Publish);
    lane.assign(false);
    assert_eq!(lane.step(LaneInput::Published, at(3)), LaneAction::Mark);
    assert_eq!(lane.step(LaneInput::Marked, at(4)), LaneAction::Release);
    assert!(matches!(lane.step(LaneInput::Released, at(5)), LaneAction::Wait { wakes: true, .. }));
    lane.assign(true);
    assert_eq!(lane.step(LaneInput::Waited, at(6)), LaneAction::TakeLease);
}

#[test]
fn rows_that_cannot_be_resolved_make_the_waits_longer_although_they_can_be_read() {
    let mut lane = holding();
    let mut waits = Vec::new();
    for _ in 0..3 {
        assert_eq!(lane.step(LaneInput::Rows { ids: vec![1], more: false }, at(2)), LaneAction::Publish);
        waits.push(wait_ms(&lane.step(LaneInput::Failed, at(2)), 2));
        assert!(matches!(lane.step(LaneInput::Waited, at(2)), LaneAction::Read { .. }));
    }
    assert_eq!(waits, [5, 10, 20]);
}
