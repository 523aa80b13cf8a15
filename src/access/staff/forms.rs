//! Forms that do something once, however often they are sent.

use super::tokens::same;
use super::{Session, StaffDesk};
use crate::store::{Pressed, StoreError, Token16};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Seconds after which a form that was never answered is taken for lost with its process. No wait
/// for the store is longer.
const LOST_AFTER: i64 = 60;

/// What becomes of a form that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Do it, then say what was answered with [`StaffDesk::answer_form`].
    First(Sending),
    /// The same form is being done: look again in a moment.
    Underway,
    /// It was done, and answered like this.
    Again(Vec<u8>),
    /// It is of another session or another form, or made up.
    Foreign,
}

/// One sending of a form. It comes again only after it was lost, so what it does should be known
/// by [`Sending::key`], as a referral is by its idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending(Token16);

impl Sending {
    /// The same however often the form is sent.
    pub fn key(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    fn sealed_as(&self) -> String {
        format!("form:{}", self.key())
    }
}

impl StaffDesk {
    /// The token of a form that is shown now. Nothing is stored before it is sent.
    pub fn form(&self, session: &Session, form: &str) -> String {
        let mut nonce = [0u8; 16];
        self.env.entropy(&mut nonce);
        URL_SAFE_NO_PAD.encode([nonce, self.form_mac(session, form, &nonce)].concat())
    }

    /// A form is sent with its token.
    pub async fn send_form(
        &self,
        session: &Session,
        form: &str,
        token: &str,
    ) -> Result<Sent, StoreError> {
        let bytes = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        let Some((nonce, mac)) = bytes.split_first_chunk::<16>() else { return Ok(Sent::Foreign) };
        if !same(mac, &self.form_mac(session, form, nonce)) {
            return Ok(Sent::Foreign);
        }
        let sending = Sending(self.ring.token16("form-sent", form, &bytes));
        let now = self.env.now();
        match self.store.press(sending.0, now, now.plus_seconds(-LOST_AFTER)).await? {
            Pressed::First => Ok(Sent::First(sending)),
            Pressed::Underway => Ok(Sent::Underway),
            Pressed::Answered(sealed) => {
                Ok(Sent::Again(self.ring.open_note(&sending.sealed_as(), &sealed)?))
            }
        }
    }

    /// Keeps the answer, sealed, for whoever sends the form again. The first stands.
    pub async fn answer_form(&self, sending: &Sending, answer: &[u8]) -> Result<(), StoreError> {
        let sealed = self.ring.seal_note(&sending.sealed_as(), answer, self.env.as_ref());
        self.store.answer_press(sending.0, &sealed, self.env.now()).await
    }

    fn form_mac(&self, session: &Session, form: &str, nonce: &[u8; 16]) -> Token16 {
        let of = [session.key.as_slice(), nonce].concat();
        self.ring.token16("form", form, &of)
    }
}
