//! Accounts: made, set up by their holder, reset and disabled.

use super::record::Record;
use super::tokens::{Device, SessionToken};
use super::{AppSecret, Session, StaffDesk, Weak, app_codes, begun, list_codes, password};
use crate::access::keys::symbols;
use crate::domain::staff::{SecondStep, StaffState};
use crate::domain::{Post, StaffId, Timestamp};
use crate::store::{Event, StaffChange, StaffRow, StoreError, Token16};
use std::fmt;

/// Days for which a password that somebody else chose opens an account: a school's holiday.
const INITIAL_DAYS: i64 = 14;

/// Longest name, in characters.
const LONGEST_NAME: usize = 200;

/// An account to make.
#[derive(Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// What is typed to sign in, e.g. an e-mail address.
    pub sign_in: String,
    /// As colleagues call them.
    pub name: String,
    pub post: Post,
}

/// A password that opens an account once, to choose one's own. Its text exists here alone.
#[derive(Clone, PartialEq, Eq)]
pub struct InitialPassword {
    pub staff: StaffId,
    pub until: Timestamp,
    text: String,
}

impl InitialPassword {
    /// To be shown once.
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for InitialPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(initial password)")
    }
}

/// An account as it is listed.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    pub id: StaffId,
    pub sign_in: String,
    pub name: String,
    pub post: Post,
    pub state: StaffState,
    pub made_at: Timestamp,
    pub changed_at: Timestamp,
}

/// Why an account cannot be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountFault {
    #[error("somebody signs in with this name already; choose another, or reset that account")]
    Taken,
    #[error("nobody signs in with this name; see `staff list`")]
    Unknown,
    #[error("the account was changed at the same moment; look at it, and try again")]
    Changed,
    #[error("a name has 1 to 200 characters and stands on one line")]
    Name,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What somebody who sets their account up is shown.
pub struct SetUpPage {
    /// Their authenticator app; none for whoever is given a printed list.
    pub app: Option<AppSecret>,
}

/// What becomes of setting an account up.
#[derive(Clone, PartialEq, Eq)]
pub enum SetUp {
    /// Signed in. The codes are shown here once, to be printed.
    Done {
        token: SessionToken,
        device: String,
        codes: Vec<String>,
    },
    Weak(Weak),
    /// Not the code that the app shows now.
    WrongCode,
    /// The password was given too long ago, or the account was changed: begin again.
    Over,
}

type Result<T, E = AccountFault> = std::result::Result<T, E>;

impl StaffDesk {
    /// Makes an account. `by` is a staff id, or `command-line`.
    pub async fn add(&self, new: &NewAccount, by: &str) -> Result<InitialPassword> {
        let (sign_in, name) = (new.sign_in.trim(), new.name.trim());
        let is_name = |name: &str| {
            (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.contains(char::is_control)
        };
        if !is_name(sign_in) || !is_name(name) {
            return Err(AccountFault::Name);
        }
        let token = self.sign_in_token(sign_in);
        if self.store.staff_named(token).await?.is_some() {
            return Err(AccountFault::Taken);
        }
        let now = self.env.now();
        let id = StaffId::from_parts(now, self.env.entropy_id());
        let (initial, password) = self.draw_initial(id).await;
        let record =
            Record { sign_in: sign_in.to_owned(), name: name.to_owned(), password, app: None };
        let row = StaffRow {
            id,
            sign_in: token,
            post: new.post.clone(),
            state: StaffState::New,
            revision: 1,
            made_at: now,
            changed_at: now,
            initial_until: Some(initial.until),
            last_step: None,
            record: record.seal(&self.ring, id, self.env.as_ref()),
        };
        let event = Event::new("staff.added", by).detail(format!("{id} {}", new.post.role()));
        match self.store.add_staff(&row, event).await {
            Ok(()) => Ok(initial),
            // Somebody else was as quick.
            Err(StoreError::Refused(_)) => Err(AccountFault::Taken),
            Err(error) => Err(error.into()),
        }
    }

    /// All accounts, the oldest first.
    pub async fn accounts(&self) -> Result<Vec<Account>> {
        let rows = self.store.staff().await?;
        let read = |row: StaffRow| -> Result<Account> {
            let Record { sign_in, name, .. } = Record::open(&self.ring, &row)?;
            let StaffRow { id, post, state, made_at, changed_at, .. } = row;
            Ok(Account { id, sign_in, name, post, state, made_at, changed_at })
        };
        rows.into_iter().map(read).collect()
    }

    /// Disables an account, and ends its sessions at once.
    pub async fn disable(&self, sign_in: &str, by: &str) -> Result<()> {
        let row = self.named(sign_in).await?;
        let row = StaffRow { state: StaffState::Disabled, initial_until: None, ..row };
        self.change(row, &[], "staff.disabled", by).await
    }

    /// Gives an account, also a disabled one, a new initial password. Its password, app, codes and
    /// sessions end, and what failed at its name is forgotten.
    pub async fn reset(&self, sign_in: &str, by: &str) -> Result<InitialPassword> {
        let row = self.named(sign_in).await?;
        let (initial, password) = self.draw_initial(row.id).await;
        let record = Record { password, app: None, ..Record::open(&self.ring, &row)? };
        let row = StaffRow {
            state: StaffState::New,
            initial_until: Some(initial.until),
            record: record.seal(&self.ring, row.id, self.env.as_ref()),
            ..row
        };
        let key = self.name_key(row.sign_in);
        self.change(row, &[], "staff.reset", by).await?;
        self.store.forgive(key).await?;
        Ok(initial)
    }

    /// What to show to whoever signed in with an initial password; `None` for anybody else.
    /// `issuer` is what the app calls this gateway.
    pub async fn set_up_page(
        &self,
        token: &SessionToken,
        issuer: &str,
    ) -> Result<Option<SetUpPage>> {
        let Some(row) = self.setting_up(token).await? else { return Ok(None) };
        let record = Record::open(&self.ring, &row)?;
        let secret = self.offered(&row, token);
        let app = secret.map(|secret| AppSecret::new(secret, issuer, &record.sign_in));
        Ok(Some(SetUpPage { app }))
    }

    /// Sets an account up with a password of its holder's own and, where the page showed an app,
    /// the code that it shows now.
    pub async fn set_up(
        &self,
        token: &SessionToken,
        password: &str,
        code: Option<&str>,
    ) -> Result<SetUp> {
        let Some(row) = self.setting_up(token).await? else { return Ok(SetUp::Over) };
        let record = Record::open(&self.ring, &row)?;
        if let Err(weak) = password::check(password, &record.sign_in) {
            return Ok(SetUp::Weak(weak));
        }
        let now = self.env.now();
        let app = self.offered(&row, token);
        let typed = list_codes::plain(code.unwrap_or_default());
        let step = app.as_ref().map(|secret| app_codes::step_of(secret, &typed, now));
        if step == Some(None) {
            return Ok(SetUp::WrongCode);
        }
        let env = self.env.as_ref();
        let codes = list_codes::draw(env);
        let record = Record { password: self.passwords.hash(password, env).await, app, ..record };
        let row = StaffRow {
            state: StaffState::Active,
            initial_until: None,
            last_step: step.flatten(),
            changed_at: self.env.now(),
            record: record.seal(&self.ring, row.id, env),
            ..row
        };
        let token = SessionToken::draw(env);
        let session = begun(&token, row.id, Some(row.changed_at), row.changed_at);
        let change = StaffChange {
            row: &row,
            codes: &self.tokens(row.id, &codes),
            session: Some(&session),
            event: Event::new("staff.set-up", &row.id.to_string()),
        };
        if !self.store.change_staff(change).await? {
            return Ok(SetUp::Over);
        }
        let device = Device::draw(env).text(&self.ring, row.sign_in);
        Ok(SetUp::Done { token, device, codes })
    }

    /// A new list of codes, to be shown once; the one before ends.
    pub async fn new_codes(&self, session: &Session) -> Result<Vec<String>> {
        let codes = list_codes::draw(self.env.as_ref());
        let tokens = self.tokens(session.staff, &codes);
        let event = Event::new("codes.replaced", &session.staff.to_string());
        self.store.replace_codes(session.staff, &tokens, event, self.env.now()).await?;
        Ok(codes)
    }

    fn tokens(&self, of: StaffId, codes: &[String]) -> Vec<Token16> {
        codes.iter().map(|code| list_codes::token(&self.ring, of, code)).collect()
    }

    /// The account that is set up under this token.
    async fn setting_up(&self, token: &SessionToken) -> Result<Option<StaffRow>> {
        let row = self.half(token, self.env.now()).await?;
        Ok(row.filter(|row| row.state == StaffState::New))
    }

    /// The secret that is offered to whoever must have an app.
    fn offered(&self, row: &StaffRow, token: &SessionToken) -> Option<Vec<u8>> {
        let needs_app = row.post.role().second_step() == SecondStep::App;
        needs_app.then(|| AppSecret::offered(&self.ring, row.id, token))
    }

    async fn named(&self, sign_in: &str) -> Result<StaffRow> {
        let row = self.store.staff_named(self.sign_in_token(sign_in)).await?;
        row.ok_or(AccountFault::Unknown)
    }

    async fn change(&self, row: StaffRow, codes: &[Token16], kind: &str, by: &str) -> Result<()> {
        let row = StaffRow { changed_at: self.env.now(), last_step: None, ..row };
        let event = Event::new(kind, by).detail(row.id.to_string());
        let change = StaffChange { row: &row, codes, session: None, event };
        match self.store.change_staff(change).await? {
            true => Ok(()),
            false => Err(AccountFault::Changed),
        }
    }

    /// Four groups of five symbols: a hundred bits, which can be read over a telephone.
    async fn draw_initial(&self, staff: StaffId) -> (InitialPassword, password::PasswordHash) {
        let env = self.env.as_ref();
        let groups: Vec<String> = (0..4).map(|_| symbols(env, 5)).collect();
        let text = groups.join("-");
        let hash = self.passwords.hash(&text, env).await;
        let until = env.now().plus_seconds(INITIAL_DAYS * 24 * 3_600);
        (InitialPassword { staff, until, text }, hash)
    }
}
