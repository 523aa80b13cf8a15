//! The two steps of signing in.

use super::marks::Mark;
use super::record::Record;
use super::tries::Tries;
use super::turns::Line;
use super::{Caller, Result, SessionToken, StaffDesk, app_codes, initial, list_codes, password};
use crate::domain::Timestamp;
use crate::domain::staff::{SecondStep, StaffState};
use crate::store::{Completed, Event, Proof, StaffRow, Token16, Tried, Trying};
use zeroize::Zeroizing;

/// Tries at a second step before the password is to be given again.
pub(super) const TRIES: i64 = 5;

/// Seconds after which whoever found too many waiting may come again.
const BUSY_FOR: i64 = 5;

/// What comes after the right password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// To choose a password and a second step.
    SetUp,
    Second(SecondStep),
}

/// The answer to a name and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedIn {
    /// The token opens nothing but the next step.
    Next {
        token: SessionToken,
        step: Step,
    },
    Refused(Refused),
}

/// The answer to a second step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stepped {
    /// Signed in, under a new token. `marks` is for this browser to keep for a year.
    Done {
        token: SessionToken,
        marks: String,
        codes_left: i64,
    },
    Refused(Refused),
    /// The password was given too long ago, or not at all, or too much was tried: begin again.
    Over,
}

/// Not this time. It never says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Whether it was looked at, and found wrong.
    pub looked_at: bool,
    /// Nothing is looked at before then.
    pub until: Option<Timestamp>,
}

impl StaffDesk {
    /// Somebody gives a name and a password.
    pub async fn sign_in(&self, name: &str, typed: &str, from: Caller<'_>) -> Result<SignedIn> {
        let sign_in = self.sign_in_token(name);
        if let Some(plain) = initial::read(typed) {
            return self.sign_in_first(sign_in, &plain).await;
        }
        let row = self.store.staff_named(sign_in).await?;
        let mark = self.mark(row.as_ref(), from);
        let tries = Tries::at_password(&self.ring, sign_in, row.as_ref(), mark, from.address);
        if let Some(refused) = self.must_wait(&tries).await? {
            return Ok(SignedIn::Refused(refused));
        }
        let typed = Zeroizing::new(typed.to_owned());
        let line = tries.line();
        let answer = self.in_turn(line, |desk| async move {
            let free_at = match desk.count("sign-in.tried", &tries, None).await? {
                Tried::Counted(free_at) => free_at,
                Tried::Wait(until) => return Ok(SignedIn::Refused(not_before(until))),
                Tried::Over => return Ok(SignedIn::Refused(desk.wrong(desk.env.now()))),
            };
            let right = desk.is_password(row.as_ref(), &typed).await?;
            let Some(row) = row.filter(|row| right && row.state == StaffState::Active) else {
                return Ok(SignedIn::Refused(desk.wrong(free_at)));
            };
            let begun = desk.begin(&row, &tries.keys()).await?;
            Ok(begun.unwrap_or_else(|| SignedIn::Refused(desk.wrong(free_at))))
        });
        Ok(answer.await?.unwrap_or_else(|| SignedIn::Refused(self.busy())))
    }

    /// With a password that somebody else chose.
    async fn sign_in_first(&self, sign_in: Token16, plain: &str) -> Result<SignedIn> {
        let token = initial::token(&self.ring, sign_in, plain);
        let row = self.store.staff_opened(sign_in, token).await?;
        let begun = match row.filter(|row| is_new(row, self.env.now())) {
            Some(row) => self.begin(&row, &[]).await?,
            None => None,
        };
        Ok(begun.unwrap_or_else(|| SignedIn::Refused(self.wrong(self.env.now()))))
    }

    /// Opens what waits for the next step; `None` where the account was changed meanwhile.
    async fn begin(&self, row: &StaffRow, uncounted: &[Token16]) -> Result<Option<SignedIn>> {
        let Some(step) = next_step(row, self.env.now()) else { return Ok(None) };
        let token = SessionToken::draw(self.env.as_ref());
        let event = Event::new("sign-in.begun", &row.id.to_string());
        let session = self.begun(&token, row, false);
        let opened = self.store.open_session(&session, uncounted, event).await?;
        Ok(opened.then_some(SignedIn::Next { token, step }))
    }

    /// Somebody gives a code of their app or of their list.
    pub async fn second_step(
        &self,
        token: &SessionToken,
        code: &str,
        from: Caller<'_>,
    ) -> Result<Stepped> {
        let code = Zeroizing::new(list_codes::plain(code));
        let (token, marks) = (token.clone(), from.marks.map(str::to_owned));
        let Some(row) = self.waiting(&token).await?.filter(|row| row.state == StaffState::Active)
        else {
            let again = self.entered(&token, &code, marks.as_deref()).await?;
            return Ok(again.unwrap_or(Stepped::Over));
        };
        let mark = self.mark(Some(&row), from);
        let tries = Tries::at_second_step(&self.ring, &row, mark, from.address);
        if let Some(refused) = self.must_wait(&tries).await? {
            return Ok(Stepped::Refused(refused));
        }
        let answer = self.in_turn(Line::Known, |desk| async move {
            desk.step_with(&token, &row, &code, &tries, marks.as_deref()).await
        });
        Ok(answer.await?.unwrap_or_else(|| Stepped::Refused(self.busy())))
    }

    async fn step_with(
        &self,
        token: &SessionToken,
        row: &StaffRow,
        code: &str,
        tries: &Tries,
        marks: Option<&str>,
    ) -> Result<Stepped> {
        let half = token.key(&self.ring);
        let counted = self.count("second-step.tried", tries, Some(half)).await?;
        let free_at = match counted {
            Tried::Counted(free_at) => Some(free_at),
            Tried::Over => None,
            Tried::Wait(until) => return Ok(Stepped::Refused(not_before(until))),
        };
        if free_at.is_some()
            && let Some(proof) = self.proof(row, code)?
            && let Some(done) = self.complete(token, row, code, proof, tries, marks).await?
        {
            return Ok(done);
        }
        // The same was pressed twice, and the first got in.
        if let Some(done) = self.entered(token, code, marks).await? {
            if free_at.is_some() {
                self.store.uncount(&tries.keys()).await?;
            }
            return Ok(done);
        }
        Ok(free_at.map_or(Stepped::Over, |free_at| Stepped::Refused(self.wrong(free_at))))
    }

    /// Opens the session in which everything may be done; `None` where the proof was used before.
    async fn complete(
        &self,
        before: &SessionToken,
        row: &StaffRow,
        code: &str,
        proof: Proof,
        tries: &Tries,
        marks: Option<&str>,
    ) -> Result<Option<Stepped>> {
        let token = before.after(&self.ring, code);
        let actor = row.id.to_string();
        let event = |kind: &str| Event::new(kind, &actor);
        let events = match proof {
            Proof::Step(_) => vec![event("sign-in.completed").detail("app")],
            Proof::Code(_) => vec![event("sign-in.completed").detail("list"), event("code.used")],
        };
        let done = Completed {
            before: before.key(&self.ring),
            proof,
            session: &self.begun(&token, row, true),
            uncounted: &tries.keys(),
            events: &events,
        };
        let left = self.store.complete_session(done).await?;
        Ok(left.map(|codes_left| {
            let marks = Mark::renew(tries.mark, &self.ring, row, marks, self.env.as_ref());
            Stepped::Done { token, marks, codes_left }
        }))
    }

    /// The answer again for whoever gave this code to this session and got in.
    async fn entered(
        &self,
        before: &SessionToken,
        code: &str,
        marks: Option<&str>,
    ) -> Result<Option<Stepped>> {
        let token = before.after(&self.ring, code);
        let Some(row) = self.just_entered(&token).await? else { return Ok(None) };
        let codes_left = self.store.codes_left(row.id).await?;
        let mark = marks.and_then(|marks| Mark::find(&self.ring, &row, marks, self.env.now()));
        let marks = Mark::renew(mark, &self.ring, &row, marks, self.env.as_ref());
        Ok(Some(Stepped::Done { token, marks, codes_left }))
    }

    /// What a code may prove; the store says whether it still does.
    fn proof(&self, row: &StaffRow, code: &str) -> Result<Option<Proof>> {
        if list_codes::has_form(code) {
            return Ok(Some(Proof::Code(list_codes::token(&self.ring, row.id, code))));
        }
        let app = Record::open(&self.ring, row)?.app;
        let step = app.and_then(|secret| app_codes::step_of(&secret, code, self.env.now()));
        Ok(step.map(Proof::Step))
    }

    /// Whether it is the password that this account's holder chose.
    pub(super) async fn is_password(&self, row: Option<&StaffRow>, typed: &str) -> Result<bool> {
        let record = row.map(|row| Record::open(&self.ring, row)).transpose()?;
        let kept = record.as_ref().and_then(|record| record.password.as_ref());
        Ok(password::fits(typed, kept).await)
    }

    /// A refusal where one of these must wait: it takes no turn.
    pub(super) async fn must_wait(&self, tries: &Tries) -> Result<Option<Refused>> {
        let until = self.store.waits(&tries.keys(), self.env.now()).await?;
        Ok(until.map(not_before))
    }

    /// Counts a try before it is looked at.
    pub(super) async fn count(
        &self,
        kind: &str,
        tries: &Tries,
        half: Option<Token16>,
    ) -> Result<Tried> {
        let tell: &(dyn Fn(&[_]) -> Vec<Event> + Send + Sync) =
            &|failures| tries.tell(kind, failures);
        let half = half.map(|key| (key, TRIES));
        let trying = Trying { tries: tries.all(), half, tell };
        self.store.try_sign_in(trying, self.env.now()).await
    }

    /// It was looked at; the next is from `free_at` on.
    pub(super) fn wrong(&self, free_at: Timestamp) -> Refused {
        let until = Some(free_at).filter(|until| *until > self.env.now());
        Refused { looked_at: true, until }
    }

    /// Too many wait.
    pub(super) fn busy(&self) -> Refused {
        not_before(self.env.now().plus_seconds(BUSY_FOR))
    }
}

/// What comes after the password of an account; nothing where the account does not open.
pub(super) fn next_step(row: &StaffRow, now: Timestamp) -> Option<Step> {
    match row.state {
        StaffState::New => is_new(row, now).then_some(Step::SetUp),
        StaffState::Active => Some(Step::Second(row.post.role().second_step())),
        StaffState::Disabled => None,
    }
}

/// Whether its initial password opens it.
fn is_new(row: &StaffRow, now: Timestamp) -> bool {
    row.state == StaffState::New && row.initial.is_some_and(|initial| now < initial.until)
}

pub(super) fn not_before(until: Timestamp) -> Refused {
    Refused { looked_at: false, until: Some(until) }
}
