//! What somebody sets up of their own account: a password, a second step, and codes.

use super::marks::Mark;
use super::record::Record;
use super::signing::{Refused, not_before};
use super::tokens::SessionToken;
use super::tries::Tries;
use super::turns::Line;
use super::{AppSecret, Caller, Result, Session, StaffDesk, Weak, app_codes, list_codes, password};
use crate::domain::StaffId;
use crate::domain::staff::{SecondStep, StaffState};
use crate::store::{Event, NewCodes as Replacing, StaffChange, StaffRow, Token16, Tried};
use zeroize::Zeroizing;

/// What somebody who sets their account up is shown.
pub struct SetUpPage {
    /// How they sign in.
    pub sign_in: String,
    /// Their authenticator app; none for whoever is given a printed list.
    pub app: Option<AppSecret>,
}

/// What becomes of setting an account up.
#[derive(Clone, PartialEq, Eq)]
pub enum SetUp {
    /// Signed in. The codes are shown here, to be printed.
    Done {
        token: SessionToken,
        marks: String,
        codes: Vec<String>,
    },
    Weak(Weak),
    /// Not the code that the app shows now.
    WrongCode,
    /// Too many wait.
    Refused(Refused),
    /// The password was given too long ago, or the account was changed: begin again.
    Over,
}

/// What becomes of asking for a new list of codes.
#[derive(Clone, PartialEq, Eq)]
pub enum NewCodes {
    /// To be shown once; the list before ends.
    Done(Vec<String>),
    Refused(Refused),
    /// The session has ended.
    Over,
}

impl StaffDesk {
    /// What to show to whoever signed in with an initial password; `None` for anybody else.
    /// `issuer` is what the app calls this gateway.
    pub async fn set_up_page(
        &self,
        token: &SessionToken,
        issuer: &str,
    ) -> Result<Option<SetUpPage>> {
        let Some(row) = self.setting_up(token).await? else { return Ok(None) };
        let sign_in = Record::open(&self.ring, &row)?.sign_in;
        let secret = self.offered(&row, token);
        let app = secret.map(|secret| AppSecret::new(secret, issuer, &sign_in));
        Ok(Some(SetUpPage { sign_in, app }))
    }

    /// Sets an account up with a password of its holder's own and, where the page showed an app,
    /// the code that it shows now. Whoever presses twice is shown the same codes.
    pub async fn set_up(
        &self,
        token: &SessionToken,
        typed: &str,
        code: Option<&str>,
        from: Caller<'_>,
    ) -> Result<SetUp> {
        let Some(row) = self.setting_up(token).await? else {
            let again = self.was_set_up(token, typed, from.marks).await?;
            return Ok(again.unwrap_or(SetUp::Over));
        };
        let record = Record::open(&self.ring, &row)?;
        if let Err(weak) = password::check(typed, &record.sign_in) {
            return Ok(SetUp::Weak(weak));
        }
        let app = self.offered(&row, token);
        let code = list_codes::plain(code.unwrap_or_default());
        let now = self.env.now();
        let step = app.as_ref().map(|secret| app_codes::step_of(secret, &code, now));
        if step == Some(None) {
            return Ok(SetUp::WrongCode);
        }
        let chosen = Record { app, ..record };
        let row = StaffRow { last_step: step.flatten(), ..row };
        let (token, typed) = (token.clone(), Zeroizing::new(typed.to_owned()));
        let marks = from.marks.map(str::to_owned);
        let answer = self.in_turn(Line::Known, |desk| async move {
            desk.write_set_up(&token, (row, chosen), &typed).await?;
            let done = desk.was_set_up(&token, &typed, marks.as_deref()).await?;
            Ok(done.unwrap_or(SetUp::Over))
        });
        Ok(answer.await?.unwrap_or_else(|| SetUp::Refused(self.busy())))
    }

    /// Nothing where the account was changed meanwhile.
    async fn write_set_up(
        &self,
        before: &SessionToken,
        (row, record): (StaffRow, Record),
        typed: &str,
    ) -> Result<()> {
        let env = self.env.as_ref();
        let record = Record { password: Some(password::hash(typed, env).await), ..record };
        let row = StaffRow {
            state: StaffState::Active,
            revision: row.revision + 1,
            initial: None,
            changed_at: env.now(),
            ..row
        };
        let row = record.seal(&self.ring, row, env);
        let session = self.begun(&before.after(&self.ring, typed), &row, true);
        let change = StaffChange {
            row: &row,
            codes: Some(&self.tokens(row.id, &self.codes_of(before))),
            session: Some(&session),
            event: Event::new("staff.set-up", &row.id.to_string()),
        };
        self.store.change_staff(change).await.map(drop)
    }

    /// The answer for whoever set an account up from this session with this password.
    async fn was_set_up(
        &self,
        before: &SessionToken,
        typed: &str,
        marks: Option<&str>,
    ) -> Result<Option<SetUp>> {
        let token = before.after(&self.ring, typed);
        let Some(row) = self.just_entered(&token).await? else { return Ok(None) };
        let marks = Mark::renew(None, &self.ring, &row, marks, self.env.as_ref());
        Ok(Some(SetUp::Done { token, marks, codes: self.codes_of(before) }))
    }

    /// A new list of codes for whoever gives their password again; the one before ends.
    pub async fn new_codes(
        &self,
        token: &SessionToken,
        typed: &str,
        from: Caller<'_>,
    ) -> Result<NewCodes> {
        let Some((_, row)) = self.open(token).await? else { return Ok(NewCodes::Over) };
        let mark = self.mark(Some(&row), from);
        let sign_in = row.sign_in;
        let tries = Tries::at_password(&self.ring, sign_in, Some(&row), mark, from.address);
        if let Some(refused) = self.must_wait(&tries).await? {
            return Ok(NewCodes::Refused(refused));
        }
        let typed = Zeroizing::new(typed.to_owned());
        let answer = self.in_turn(Line::Known, |desk| async move {
            let free_at = match desk.count("codes.tried", &tries, None).await? {
                Tried::Counted(free_at) => free_at,
                Tried::Wait(until) => return Ok(NewCodes::Refused(not_before(until))),
                Tried::Over => return Ok(NewCodes::Over),
            };
            if !desk.is_password(Some(&row), &typed).await? {
                return Ok(NewCodes::Refused(desk.wrong(free_at)));
            }
            desk.replace_codes(&row, &tries).await
        });
        Ok(answer.await?.unwrap_or_else(|| NewCodes::Refused(self.busy())))
    }

    async fn replace_codes(&self, row: &StaffRow, tries: &Tries) -> Result<NewCodes> {
        let mut seed = [0; 32];
        self.env.entropy(&mut seed);
        let codes = list_codes::list(&self.ring, &seed);
        let new = Replacing {
            staff: row.id,
            revision: row.revision,
            codes: &self.tokens(row.id, &codes),
            uncounted: &tries.keys(),
            event: Event::new("codes.replaced", &row.id.to_string()),
        };
        let replaced = self.store.replace_codes(new, self.env.now()).await?;
        Ok(if replaced { NewCodes::Done(codes) } else { NewCodes::Over })
    }

    /// How many codes somebody has left.
    pub async fn codes_left(&self, session: &Session) -> Result<i64> {
        self.store.codes_left(session.staff).await
    }

    fn tokens(&self, of: StaffId, codes: &[String]) -> Vec<Token16> {
        codes.iter().map(|code| list_codes::token(&self.ring, of, code)).collect()
    }

    /// The codes that are drawn with the session in which an account is set up.
    fn codes_of(&self, session: &SessionToken) -> Vec<String> {
        list_codes::list(&self.ring, &session.derive(&self.ring, "list-seed", ""))
    }

    /// The account that is set up under this token.
    async fn setting_up(&self, token: &SessionToken) -> Result<Option<StaffRow>> {
        Ok(self.waiting(token).await?.filter(|row| row.state == StaffState::New))
    }

    /// The secret that is offered to whoever must have an app.
    fn offered(&self, row: &StaffRow, token: &SessionToken) -> Option<Vec<u8>> {
        let needs_app = row.post.role().second_step() == SecondStep::App;
        needs_app.then(|| AppSecret::offered(&self.ring, row.id, token))
    }
}
