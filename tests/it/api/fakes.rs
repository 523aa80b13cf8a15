//! Stand-ins for what is behind the API: an intake that answers as it is told, and a store in
//! memory.

use async_trait::async_trait;
use frontdoor::api::{Letters, LettersError, Vitals};
use frontdoor::audit::{ChainName, Event};
use frontdoor::domain::adults::Bar;
use frontdoor::domain::alarms::AlarmName;
use frontdoor::domain::ids::RefusalId;
use frontdoor::domain::pauses::Pause;
use frontdoor::domain::refusal::{Extent, Refusal};
use frontdoor::domain::second_looks::Week;
use frontdoor::domain::time::Env;
use frontdoor::domain::{
    AdultKey, AdultMatchId, AdultRole, AdultSeen, AgencyId, DestinationId, LinkState, LookId,
    MessageId, OutcomeCode, PersonId, Reference, ReferralId, Timestamp, Word,
};
use frontdoor::linkage::weights::Evidence;
use frontdoor::pipeline::{
    Adapted, Answered, Desk, Explanation, Followed, Heard, Intake, Outcome, Recording, Said,
    SenderTold, Submission,
};
use frontdoor::store::work::Settled;
use frontdoor::store::{
    AdultDecision, AdultMatch, AdultRow, AdultStore, AlarmRow, AlarmStore, Asking, By, Choose,
    ChronologyRow, Clock, ClockPlace, Counted, DecidedRow, DeliveryRow, DeliveryState, Doubt,
    Doubts, DrawnLook, FollowStore, Grain, KeyRow, KeyStore, Look, LookPlace, Looked, MatchRow,
    MatchState, MatchStore, NewAttachment, NoticeRow, OutcomeRow, Overview, PauseStore,
    PersonRecord, QualityStore, QueuedMessage, ReadStore, ReferralRow, RefusalRow, Scored, Sealed,
    SecondLookStore, Span, StoreError, StoredLink, StoredReferral, Tally, Theme, Token, TotalStore,
    WaitingLook, Which, WithdrawnRow,
};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use tokio::sync::Semaphore;

type Result<T> = std::result::Result<T, StoreError>;

/// A clock that moves when it is told to, and entropy that never repeats itself.
pub(crate) struct FakeEnv {
    now: AtomicI64,
    drawn: AtomicU64,
}

impl FakeEnv {
    pub(crate) fn new() -> Self {
        FakeEnv { now: AtomicI64::new(1_768_386_600_000_000), drawn: AtomicU64::new(1) }
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Env for FakeEnv {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    fn entropy(&self, into: &mut [u8]) {
        for byte in into {
            let drawn = self.drawn.fetch_add(1, Ordering::SeqCst);
            *byte = drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[1];
        }
    }
}

/// What the intake does with a submission.
pub(crate) enum Behaviour {
    Answer(Outcome),
    Panic,
    /// Waits until the test lets it go on.
    Wait,
}

/// A refusal that was to be kept.
pub(crate) struct Kept {
    pub submission: Submission,
    pub about: Option<Reference>,
    pub refusal: Refusal,
    pub extent: Extent,
}

pub(crate) struct FakeIntake {
    pub behaviour: Mutex<Behaviour>,
    pub received: Mutex<Vec<Submission>>,
    pub kept: Mutex<Vec<Kept>>,
    pub keeps: AtomicBool,
    pub gate: Semaphore,
}

pub(super) fn reference() -> Reference {
    Reference::from_entropy(42)
}

pub(super) fn accepted(repeat: bool) -> Outcome {
    let receipt = super::receipt(reference()).to_string().into_bytes().into();
    Outcome::Accepted { reference: reference(), receipt, repeat }
}

impl FakeIntake {
    pub(crate) fn new() -> Self {
        FakeIntake {
            behaviour: Mutex::new(Behaviour::Answer(accepted(false))),
            received: Mutex::default(),
            kept: Mutex::default(),
            keeps: AtomicBool::new(true),
            gate: Semaphore::new(0),
        }
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    async fn answer(&self, submission: Submission) -> Outcome {
        self.received.lock().unwrap().push(submission);
        let outcome = match &*self.behaviour.lock().unwrap() {
            Behaviour::Answer(outcome) => Ok(outcome.clone()),
            Behaviour::Panic => Err(true),
            Behaviour::Wait => Err(false),
        };
        match outcome {
            Ok(outcome) => outcome,
            Err(true) => panic!("a defect"),
            Err(false) => {
                self.gate.acquire().await.unwrap().forget();
                accepted(false)
            }
        }
    }
}

#[async_trait]
impl Intake for FakeIntake {
    async fn receive(&self, submission: Submission) -> Outcome {
        self.answer(submission).await
    }

    async fn inform(&self, _: Reference, submission: Submission) -> Outcome {
        self.answer(submission).await
    }

    async fn adapted(&self, adapted: Adapted) -> Answered {
        let Adapted { agency, raw: body, traceparent, .. } = adapted;
        let (media_type, idempotency_key) = (None, None);
        let sent = Submission { agency, body, media_type, idempotency_key, traceparent };
        let outcome = self.answer(sent).await;
        Answered { outcome, message_id: None, added: false, unread: Vec::new() }
    }

    fn rehearse(&self, _: &Submission) -> std::result::Result<Vec<u8>, Refusal> {
        match &*self.behaviour.lock().unwrap() {
            Behaviour::Answer(Outcome::Refused(refusal)) => Err(refusal.clone()),
            _ => Ok(super::receipt(reference()).to_string().into_bytes()),
        }
    }

    async fn refuse(
        &self,
        submission: Submission,
        about: Option<Reference>,
        refusal: Refusal,
        extent: Extent,
    ) -> Outcome {
        let kept = Kept { submission, about, refusal: refusal.clone(), extent };
        self.kept.lock().unwrap().push(kept);
        if self.keeps.load(Ordering::SeqCst) {
            Outcome::Refused(refusal)
        } else {
            Outcome::Unavailable
        }
    }
}

/// A store in memory; `down` makes it unreachable.
#[derive(Default)]
pub(crate) struct FakeStore {
    pub referrals: Mutex<HashMap<Reference, StoredReferral>>,
    pub audited: Mutex<Vec<(ChainName, Event)>>,
    pub acknowledged: Mutex<Vec<(MessageId, Sealed, Event)>>,
    pub keys: Mutex<Vec<KeyRow>>,
    pub matches: Mutex<Vec<MatchRow>>,
    pub people: Mutex<HashMap<PersonId, PersonRecord>>,
    pub chronology: Mutex<Vec<ChronologyRow>>,
    /// Of every referral.
    pub links: Mutex<Vec<StoredLink>>,
    pub withdrawals: Mutex<Vec<WithdrawnRow>>,
    pub adults: Mutex<Vec<AdultMatch>>,
    pub said_of_adults: Mutex<Vec<AdultDecision>>,
    pub overviews: AtomicU64,
    pub notes: Mutex<HashMap<String, Vec<u8>>>,
    pub counted: Mutex<Vec<Counted>>,
    pub totals: Mutex<Vec<(Tally, i64)>>,
    pub pauses: Mutex<Vec<Pause>>,
    pub alarms: Mutex<Vec<AlarmRow>>,
    pub looks: Mutex<Vec<WaitingLook>>,
    pub attachments: Mutex<Vec<NewAttachment>>,
    pub(crate) audit_down: AtomicBool,
    pub down: AtomicBool,
}

impl FakeStore {
    fn up(&self) -> Result<()> {
        let down = self.down.load(Ordering::SeqCst);
        if down { Err(StoreError::Unavailable("it is down".to_owned())) } else { Ok(()) }
    }

    fn rows(&self) -> Vec<DeliveryRow> {
        let referrals = self.referrals.lock().unwrap();
        let mut rows: Vec<_> =
            referrals.values().flat_map(|stored| stored.deliveries.clone()).collect();
        rows.sort_by_key(|row| row.id);
        rows
    }
}

#[async_trait]
impl ReadStore for FakeStore {
    async fn referral(&self, reference: Reference) -> Result<Option<StoredReferral>> {
        self.up()?;
        Ok(self.referrals.lock().unwrap().get(&reference).cloned())
    }

    async fn referral_by_id(&self, _: ReferralId) -> Result<Option<StoredReferral>> {
        self.up().map(|()| None)
    }

    async fn links(&self, _: ReferralId) -> Result<Vec<StoredLink>> {
        self.up().map(|()| self.links.lock().unwrap().clone())
    }

    async fn referrals(
        &self,
        _: Span,
        _: Option<ReferralId>,
        _: usize,
    ) -> Result<Vec<ReferralRow>> {
        self.up().map(|()| Vec::new())
    }

    async fn refusal(&self, _: RefusalId) -> Result<Option<RefusalRow>> {
        self.up().map(|()| None)
    }

    async fn overview(&self, _: Timestamp) -> Result<Overview> {
        self.up()?;
        self.overviews.fetch_add(1, Ordering::SeqCst);
        Ok(super::overview())
    }

    async fn deliveries(
        &self,
        state: Option<DeliveryState>,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<DeliveryRow>> {
        self.up()?;
        let rows = self.rows().into_iter();
        let rows = rows.filter(|row| state.is_none_or(|state| row.state == state));
        Ok(rows.filter(|row| after.is_none_or(|after| row.id > after)).take(limit).collect())
    }

    async fn acknowledge(
        &self,
        id: MessageId,
        by: Sealed,
        event: Event,
        now: Timestamp,
    ) -> Result<bool> {
        self.up()?;
        for stored in self.referrals.lock().unwrap().values_mut() {
            for row in stored.deliveries.iter_mut().filter(|row| row.id == id) {
                row.state = DeliveryState::Acknowledged;
                row.acknowledged_at = Some(now);
            }
        }
        self.acknowledged.lock().unwrap().push((id, by, event));
        Ok(true)
    }

    async fn redrive(
        &self,
        id: MessageId,
        event: Event,
        _: Timestamp,
    ) -> Result<Option<DeliveryState>> {
        self.up()?;
        let mut referrals = self.referrals.lock().unwrap();
        let mut rows = referrals.values_mut().flat_map(|stored| &mut stored.deliveries);
        let Some(row) = rows.find(|row| row.id == id) else { return Ok(None) };
        let before = row.state;
        if matches!(before, DeliveryState::Failing | DeliveryState::Dead) {
            row.state = DeliveryState::Delivering;
            self.audited.lock().unwrap().push((ChainName::Desk, event));
        }
        Ok(Some(before))
    }

    async fn record(&self, chain: ChainName, events: Vec<Event>, _: Timestamp) -> Result<()> {
        self.up()?;
        if self.audit_down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("the chain cannot be written".to_owned()));
        }
        self.audited.lock().unwrap().extend(events.into_iter().map(|event| (chain, event)));
        Ok(())
    }

    async fn note(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.up()?;
        Ok(self.notes.lock().unwrap().get(name).cloned())
    }

    async fn ping(&self) -> Result<()> {
        self.up()
    }
}

#[async_trait]
impl KeyStore for FakeStore {
    async fn keys(&self) -> Result<Vec<KeyRow>> {
        self.up()?;
        Ok(self.keys.lock().unwrap().clone())
    }

    async fn add_key(&self, key: KeyRow) -> Result<()> {
        self.keys.lock().unwrap().push(key);
        Ok(())
    }

    async fn end_key(&self, id: &str, at: Timestamp, revoked: bool) -> Result<bool> {
        let mut keys = self.keys.lock().unwrap();
        let Some(key) = keys.iter_mut().find(|key| key.id == id) else { return Ok(false) };
        let end = if revoked { &mut key.revoked_at } else { &mut key.expires_at };
        *end = Some(at);
        Ok(true)
    }

    async fn once(&self, _: &str, value: &[u8]) -> Result<Vec<u8>> {
        Ok(value.to_vec())
    }
}

/// Queues in memory.
#[derive(Default)]
pub(crate) struct FakeLetters {
    pub waiting: Mutex<Vec<QueuedMessage>>,
    pub asked: Mutex<Vec<(Timestamp, usize)>>,
    pub down: AtomicBool,
}

#[async_trait]
impl Letters for FakeLetters {
    async fn lease(
        &self,
        destination: &DestinationId,
        _: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> std::result::Result<Vec<QueuedMessage>, LettersError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(LettersError::Unavailable("it is down".to_owned()));
        }
        self.asked.lock().unwrap().push((until, limit));
        let waiting = self.waiting.lock().unwrap();
        let mine = waiting.iter().filter(|letter| letter.destination == *destination);
        Ok(mine.take(limit).cloned().collect())
    }

    async fn take(
        &self,
        destination: &DestinationId,
        id: MessageId,
    ) -> std::result::Result<(), LettersError> {
        let mut waiting = self.waiting.lock().unwrap();
        let before = waiting.len();
        waiting.retain(|letter| letter.id != id || letter.destination != *destination);
        if waiting.len() < before { Ok(()) } else { Err(LettersError::NotLeased) }
    }
}

/// Parts that are up until they are switched off.
pub(crate) struct FakeVitals {
    pub broker: AtomicBool,
    pub lane: AtomicBool,
}

impl FakeVitals {
    pub(crate) fn new() -> Self {
        FakeVitals { broker: AtomicBool::new(true), lane: AtomicBool::new(true) }
    }
}

impl Vitals for FakeVitals {
    fn broker_up(&self) -> bool {
        self.broker.load(Ordering::SeqCst)
    }

    fn lane_up(&self) -> bool {
        self.lane.load(Ordering::SeqCst)
    }
}

/// Hears every word, and says so.
#[derive(Default)]
pub(crate) struct FakeDesk {
    pub heard: Mutex<Vec<Said>>,
    /// What is proposed, where it is not what the person has read.
    pub unread: Mutex<Option<serde_json::Value>>,
}

#[async_trait]
impl Desk for FakeDesk {
    async fn hear(&self, said: Said) -> Heard {
        let person = said.of.person;
        let state = match said.word {
            Word::Link => LinkState::Linked,
            Word::Separate => LinkState::Separate,
            Word::NotSure => LinkState::Possible,
        };
        self.heard.lock().unwrap().push(said);
        if let Some(proposed) = self.unread.lock().unwrap().as_ref() {
            return Heard::Unread(proposed.to_string().into_bytes().into());
        }
        Heard::Settled(Settled { state, confirmed: true, person, proposed: None })
    }

    fn explain(&self, _: &ReferralRow, _: u16, _: PersonId, _: &[u8]) -> Option<Explanation> {
        let evidence = vec![
            Evidence { field: "prior", level: "any two", bits: -20.0 },
            Evidence { field: "surname", level: "same", bits: 9.5 },
        ];
        let (probability, model) = (0.25, "invented".to_owned());
        Some(Explanation { weight: -10.5, probability, model, evidence })
    }

    fn adult_seen(&self, _: &AdultRow, earlier: &AdultRow, restricted: bool) -> Option<AdultSeen> {
        Some(AdultSeen {
            role: AdultRole::Carer,
            other: earlier.reference,
            other_role: AdultRole::Alleged,
            restricted,
            weight: -1.0,
            probability: 0.25,
            model: "invented".to_owned(),
            evidence: vec![Bar { field: "birth", level: "exact", bits: 11.5, total: -1.0 }],
        })
    }

    fn probability(&self, _: f32) -> f32 {
        0.25
    }

    async fn record(&self, recording: Recording) -> Followed {
        let Recording { team, of, body, .. } = recording;
        let outcome = body.get("outcome").cloned();
        let answer = serde_json::json!({
            "reference": of, "id": uuid::Uuid::nil(), "destination": team, "outcome": outcome,
            "label": "Invented", "level_of_need": null, "children": [],
            "recorded_at": Timestamp(0), "sent_to": [], "clocks_started": [],
            "clocks_ended": [], "tells_sender": false,
        });
        let answer = answer.to_string().into_bytes().into();
        match frontdoor::domain::outcome::Said::read(&body) {
            Ok(_) => Followed::Stands { answer, repeat: false },
            Err(faults) => Followed::Lacking(faults),
        }
    }

    fn told_to_sender(&self, _: &[OutcomeRow], _: &str) -> SenderTold {
        SenderTold::default()
    }

    fn said(&self, _: &OutcomeRow) -> Option<serde_json::Value> {
        None
    }

    fn outcome_named(&self, _: &OutcomeCode) -> Option<(String, bool)> {
        None
    }
}

/// Nothing was recorded, and no clock runs.
#[async_trait]
impl FollowStore for FakeStore {
    async fn outcomes(&self, _: ReferralId) -> Result<Vec<OutcomeRow>> {
        self.up()?;
        Ok(Vec::new())
    }

    async fn outcomes_of(&self, _: &[ReferralId]) -> Result<Vec<OutcomeRow>> {
        self.up()?;
        Ok(Vec::new())
    }

    async fn clocks_of(&self, _: ReferralId) -> Result<Vec<Clock>> {
        self.up()?;
        Ok(Vec::new())
    }

    async fn open_clocks(
        &self,
        _: &DestinationId,
        _: Option<ClockPlace>,
        _: usize,
    ) -> Result<Vec<Clock>> {
        self.up()?;
        Ok(Vec::new())
    }

    async fn ahead_of(&self, _: &DestinationId, _: ClockPlace) -> Result<u64> {
        self.up()?;
        Ok(0)
    }

    async fn was_sent(&self, _: &[ReferralId], _: &DestinationId) -> Result<bool> {
        self.up()?;
        Ok(false)
    }

    async fn ended_since(&self, _: &DestinationId, _: Timestamp) -> Result<u64> {
        self.up()?;
        Ok(0)
    }
}

#[async_trait]
impl QualityStore for FakeStore {
    async fn scores(&self, which: Which<'_>, _: usize) -> Result<Vec<Scored>> {
        self.up()?;
        let referrals = self.referrals.lock().unwrap();
        let scored = |stored: &StoredReferral| Scored {
            agency: stored.row.agency.clone(),
            received_at: stored.row.received_at,
            score: stored.row.score,
        };
        let mut scores: Vec<Scored> = referrals.values().map(scored).collect();
        scores.retain(|one| which.agency.is_none_or(|agency| *agency == one.agency));
        Ok(scores)
    }

    async fn newest(
        &self,
        which: Which<'_>,
        _: Option<ReferralId>,
        _: usize,
    ) -> Result<Vec<ReferralRow>> {
        self.up()?;
        let referrals = self.referrals.lock().unwrap();
        let rows = referrals.values().map(|stored| stored.row.clone());
        Ok(rows.filter(|row| which.agency.is_none_or(|agency| *agency == row.agency)).collect())
    }

    async fn counted(&self, _: Timestamp, _: Grain) -> Result<Vec<Counted>> {
        self.up()?;
        Ok(self.counted.lock().unwrap().clone())
    }

    async fn decided(&self, _: Timestamp, _: usize) -> Result<Vec<DecidedRow>> {
        self.up()?;
        Ok(Vec::new())
    }
}

#[async_trait]
impl AlarmStore for FakeStore {
    async fn first_received(&self, _: Option<&AgencyId>) -> Result<Option<Timestamp>> {
        self.up()?;
        Ok(Some(Timestamp(0)))
    }

    async fn note_active(&self, _: &[AgencyId], _: Timestamp) -> Result<()> {
        self.up()
    }

    async fn active_since(&self, _: &AgencyId) -> Result<Option<Timestamp>> {
        self.up()?;
        Ok(None)
    }

    async fn routed_since(&self, _: &DestinationId, _: Timestamp) -> Result<bool> {
        self.up()?;
        Ok(true)
    }

    async fn alarms(&self) -> Result<Vec<AlarmRow>> {
        self.up()?;
        Ok(self.alarms.lock().unwrap().clone())
    }

    async fn settle_alarms(
        &self,
        _: &[AlarmName],
        _: Option<&NoticeRow>,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<()> {
        self.up()
    }
}

#[async_trait]
impl SecondLookStore for FakeStore {
    async fn last_drawn(&self, _: Timestamp) -> Result<Option<Timestamp>> {
        self.up()?;
        Ok(None)
    }

    async fn draw(&self, _: Week, _: Choose<'_>, _: Timestamp) -> Result<Option<usize>> {
        self.up()?;
        Ok(None)
    }

    async fn waiting_looks(
        &self,
        asking: Asking<'_>,
        after: Option<LookPlace>,
        limit: usize,
    ) -> Result<Vec<WaitingLook>> {
        self.up()?;
        let mut waiting = self.looks.lock().unwrap().clone();
        waiting.retain(|look| asking.screens && after.is_none_or(|after| look.place() > after));
        waiting.truncate(limit);
        Ok(waiting)
    }

    async fn looks_waiting(&self) -> Result<(i64, Option<Timestamp>)> {
        self.up()?;
        let waiting = self.looks.lock().unwrap();
        let count = i64::try_from(waiting.len()).unwrap();
        Ok((count, waiting.iter().map(|look| look.drawn_at).min()))
    }

    async fn drawn_look(&self, _: Asking<'_>, _: LookId) -> Result<Option<DrawnLook>> {
        self.up()?;
        Ok(None)
    }

    async fn keep_look(&self, _: LookId, _: &Look, _: &[String], _: Event) -> Result<bool> {
        self.up()?;
        Ok(true)
    }

    async fn looked_since(&self, _: Timestamp) -> Result<Vec<Looked>> {
        self.up()?;
        Ok(Vec::new())
    }

    async fn themes_since(&self, _: Timestamp) -> Result<Vec<Theme>> {
        self.up()?;
        let (destination, theme) = (DestinationId::new("masstt"), "delay".to_owned());
        Ok(vec![Theme { destination, theme, times: 3, looked_at: 12 }])
    }
}

#[async_trait]
impl Doubts for FakeStore {
    async fn doubt(&self, _: Doubt) -> Result<()> {
        self.up()
    }
}

#[async_trait]
impl PauseStore for FakeStore {
    async fn pause(&self, pause: &Pause, _: Event) -> Result<()> {
        self.pauses.lock().unwrap().push(pause.clone());
        self.up()
    }

    async fn resume(&self, _: &DestinationId, _: Event, _: Timestamp) -> Result<bool> {
        self.up()?;
        Ok(false)
    }

    async fn pauses(&self, _: Timestamp) -> Result<Vec<Pause>> {
        self.up()?;
        Ok(self.pauses.lock().unwrap().clone())
    }
}

#[async_trait]
impl TotalStore for FakeStore {
    async fn totals(&self, by: By, _: Timestamp, _: Timestamp) -> Result<Vec<(Tally, i64)>> {
        self.up()?;
        let of = |what: &str| match what {
            "routed" => By::Flow,
            "acknowledged-in" | "decided-in" => By::Destination,
            _ => By::Agency,
        };
        let mut totals = self.totals.lock().unwrap().clone();
        totals.retain(|(tally, _)| of(&tally.what) == by);
        Ok(totals)
    }

    async fn first_day(&self, _: &str) -> Result<Option<Timestamp>> {
        self.up()?;
        Ok(Some(Timestamp(0)))
    }
}

#[async_trait]
impl MatchStore for FakeStore {
    async fn matches(
        &self,
        state: MatchState,
        after: Option<(ReferralId, u16, PersonId)>,
        limit: usize,
    ) -> Result<Vec<MatchRow>> {
        self.up()?;
        let matches = self.matches.lock().unwrap();
        let mut rows: Vec<MatchRow> = matches
            .iter()
            .filter(|row| match state {
                MatchState::Open => row.state == LinkState::Possible,
                MatchState::Unconfirmed => row.state == LinkState::Linked && row.decision.is_none(),
                MatchState::Decided => row.decision.is_some(),
            })
            .filter(|row| after.is_none_or(|a| (row.referral, row.id.child, row.id.person) > a))
            .cloned()
            .collect();
        rows.truncate(limit);
        Ok(rows)
    }

    async fn person(&self, id: PersonId) -> Result<Option<PersonRecord>> {
        self.up()?;
        Ok(self.people.lock().unwrap().get(&id).cloned())
    }

    async fn chronology(&self, _: PersonId) -> Result<Vec<ChronologyRow>> {
        self.up()?;
        Ok(self.chronology.lock().unwrap().clone())
    }

    async fn withdrawals(&self, _: Option<MessageId>, _: usize) -> Result<Vec<WithdrawnRow>> {
        self.up()?;
        Ok(self.withdrawals.lock().unwrap().clone())
    }
}

#[async_trait]
impl AdultStore for FakeStore {
    async fn adults_waiting(&self, _: Option<(i64, AdultKey)>, _: usize) -> Result<Vec<AdultRow>> {
        self.up().map(|()| Vec::new())
    }

    async fn adult_blocks(&self, _: &[Token]) -> Result<Vec<Vec<AdultKey>>> {
        self.up().map(|()| Vec::new())
    }

    async fn settled_people(&self, _: &[ReferralId]) -> Result<Vec<(ReferralId, PersonId)>> {
        self.up().map(|()| Vec::new())
    }

    async fn adult(&self, key: AdultKey) -> Result<Option<AdultRow>> {
        self.up()?;
        let referrals = self.referrals.lock().unwrap();
        let of = referrals.values().find(|stored| stored.row.id == key.referral);
        let row = |of: &StoredReferral| AdultRow {
            key,
            seq: 1,
            reference: of.row.reference,
            profile: Vec::new(),
        };
        Ok(of.map(row))
    }

    async fn adults_compared(&self, _: &[AdultRow]) -> Result<()> {
        self.up()
    }

    async fn adult_matches(
        &self,
        state: MatchState,
        after: Option<AdultMatchId>,
        limit: usize,
    ) -> Result<Vec<AdultMatch>> {
        self.up()?;
        let adults = self.adults.lock().unwrap();
        let wanted = |one: &&AdultMatch| {
            one.said.is_some() == (state == MatchState::Decided)
                && after.is_none_or(|after| one.row.id > after)
        };
        Ok(adults.iter().filter(wanted).take(limit).cloned().collect())
    }

    async fn adult_match(&self, id: AdultMatchId) -> Result<Option<AdultMatch>> {
        self.up()?;
        Ok(self.adults.lock().unwrap().iter().find(|one| one.row.id == id).cloned())
    }

    async fn decide_adults(&self, decision: AdultDecision, _: Timestamp) -> Result<bool> {
        self.up()?;
        self.said_of_adults.lock().unwrap().push(decision);
        Ok(true)
    }
}
