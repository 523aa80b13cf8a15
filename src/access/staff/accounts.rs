//! Accounts: made, reset, disabled, and what ends all sessions.

use super::record::Record;
use super::{StaffDesk, initial};
use crate::domain::staff::StaffState;
use crate::domain::{Post, StaffId, Timestamp};
use crate::store::{Event, Initial, Sealed, StaffChange, StaffRow, StoreError, Token16};
use std::fmt;

/// Days for which a password that somebody else chose opens an account: a school's holiday.
const INITIAL_DAYS: i64 = 14;

/// Longest name, in characters.
const LONGEST_NAME: usize = 200;

/// Who makes and changes accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Staff(StaffId),
    /// Whoever may run this program where the authority's keys are.
    CommandLine,
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            By::Staff(id) => id.fmt(f),
            By::CommandLine => f.write_str("command-line"),
        }
    }
}

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

type Result<T, E = AccountFault> = std::result::Result<T, E>;

impl StaffDesk {
    /// Makes an account.
    pub async fn add(&self, new: &NewAccount, by: By) -> Result<InitialPassword> {
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
        let (initial, kept) = self.draw_initial(id, token);
        let row = StaffRow {
            id,
            sign_in: token,
            post: new.post.clone(),
            state: StaffState::New,
            revision: 1,
            made_at: now,
            changed_at: now,
            initial: Some(kept),
            last_step: None,
            record: Sealed::default(),
        };
        let (sign_in, name) = (sign_in.to_owned(), name.to_owned());
        let record = Record { sign_in, name, password: None, app: None };
        let row = record.seal(&self.ring, row, self.env.as_ref());
        let event = Event::new("staff.added", &by.to_string());
        let event = event.detail(format!("{id} {}", new.post.role()));
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
    pub async fn disable(&self, sign_in: &str, by: By) -> Result<()> {
        let (row, record) = self.named(sign_in).await?;
        let row = StaffRow { state: StaffState::Disabled, initial: None, ..row };
        self.change((row, record), Some(&[]), "staff.disabled", by).await
    }

    /// Gives an account, also a disabled one, a new initial password. Its password, app, codes and
    /// sessions end.
    pub async fn reset(&self, sign_in: &str, by: By) -> Result<InitialPassword> {
        let (row, record) = self.named(sign_in).await?;
        let (initial, kept) = self.draw_initial(row.id, row.sign_in);
        let record = Record { password: None, app: None, ..record };
        let (state, initial_now) = (StaffState::New, Some(kept));
        let row = StaffRow { state, initial: initial_now, last_step: None, ..row };
        self.change((row, record), Some(&[]), "staff.reset", by).await?;
        Ok(initial)
    }

    /// Ends all sessions of somebody, and forgets their browsers. Password, app and codes stay.
    pub async fn end_sessions(&self, sign_in: &str, by: By) -> Result<()> {
        let account = self.named(sign_in).await?;
        self.change(account, None, "sessions.ended", by).await
    }

    async fn named(&self, sign_in: &str) -> Result<(StaffRow, Record)> {
        let row = self.store.staff_named(self.sign_in_token(sign_in)).await?;
        let row = row.ok_or(AccountFault::Unknown)?;
        let record = Record::open(&self.ring, &row)?;
        Ok((row, record))
    }

    /// Writes an account as it is to be, with its record; its sessions and browsers' marks end.
    async fn change(
        &self,
        (row, record): (StaffRow, Record),
        codes: Option<&[Token16]>,
        kind: &str,
        by: By,
    ) -> Result<()> {
        let row = StaffRow { revision: row.revision + 1, changed_at: self.env.now(), ..row };
        let row = record.seal(&self.ring, row, self.env.as_ref());
        let event = Event::new(kind, &by.to_string()).detail(row.id.to_string());
        let change = StaffChange { row: &row, codes, session: None, event };
        match self.store.change_staff(change).await? {
            true => Ok(()),
            false => Err(AccountFault::Changed),
        }
    }

    fn draw_initial(&self, staff: StaffId, sign_in: Token16) -> (InitialPassword, Initial) {
        let text = initial::draw(self.env.as_ref());
        let until = self.env.now().plus_seconds(INITIAL_DAYS * 24 * 3_600);
        let plain = initial::read(&text).unwrap_or_default();
        let kept = Initial { token: initial::token(&self.ring, sign_in, &plain), until };
        (InitialPassword { staff, until, text }, kept)
    }
}
