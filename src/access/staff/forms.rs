//! The token that every form carries: whoever cannot read the pages of a session cannot make it.
//! Nothing is stored before a form is sent, and then only where it does something once.

use super::tokens::{SessionToken, same};
use super::{StaffDesk, to_its_end};
use crate::domain::time::Env;
use crate::store::keys::KeyRing;
use crate::store::{Pressed, SessionKey, StoreError, Token16};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::time::Duration;

/// Seconds after which a form that was never answered is taken for lost with its process. No wait
/// for the store is longer.
const LOST_AFTER: i64 = 60;
/// How often, and after how long each, whoever presses a second time looks for the first answer.
const LOOKS: usize = 10;
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Whose forms they are: a session's, or one's that waits for its second step. It is a secret that
/// follows from the session and the authority's keys, and stands nowhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Holder(Token16);

impl Holder {
    pub(super) fn of(ring: &KeyRing, session: SessionKey) -> Self {
        Holder(ring.token16("forms", "", &session))
    }

    /// The token of a form that is shown now.
    pub fn form(&self, env: &dyn Env) -> String {
        let mut nonce = [0u8; 16];
        env.entropy(&mut nonce);
        URL_SAFE_NO_PAD.encode([nonce, self.mac(&nonce)].concat())
    }

    /// Whether a form comes from a page of this holder's.
    pub fn is_form(&self, token: &str) -> bool {
        let bytes = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        let parts = bytes.split_first_chunk::<16>();
        parts.is_some_and(|(nonce, mac)| same(mac, &self.mac(nonce)))
    }

    fn mac(&self, nonce: &[u8; 16]) -> Token16 {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes any key length");
        mac.update(nonce);
        let bytes: [u8; 32] = mac.finalize().into_bytes().into();
        std::array::from_fn(|at| bytes[at])
    }
}

/// What becomes of a form that does something once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Once {
    /// What was answered, now or the first time.
    Answered(Vec<u8>),
    /// It is still being done: look again in a moment.
    Underway,
    /// It is of another session, or made up.
    Foreign,
}

impl StaffDesk {
    /// Whose forms come with this token; it may be anybody's.
    pub fn holder(&self, token: &SessionToken) -> Holder {
        Holder::of(&self.ring, token.key(&self.ring))
    }

    /// Does what a form is sent for, once however often it is sent, and keeps the answer (sealed)
    /// for whoever sends it again. `form` names what it does. It runs to its end also when nobody
    /// stays to hear. `act` gets a key that is the same each time: what fails, or is lost with its
    /// process, is done again, and should be known by it.
    ///
    /// # Errors
    /// The store's, and whatever `act` fails with; then nothing is kept.
    pub async fn once<F, E>(
        &self,
        holder: Holder,
        form: &str,
        token: &str,
        act: impl FnOnce(String) -> F,
    ) -> Result<Once, E>
    where
        F: Future<Output = Result<Vec<u8>, E>> + Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        if !holder.is_form(token) {
            return Ok(Once::Foreign);
        }
        let key = self.ring.token16("form-sent", form, token.as_bytes());
        let name = format!("form:{}", URL_SAFE_NO_PAD.encode(key));
        for look in 0..LOOKS {
            let now = self.env.now();
            match self.store.press(key, now, now.plus_seconds(-LOST_AFTER)).await? {
                Pressed::First => {
                    let acted = act(URL_SAFE_NO_PAD.encode(key));
                    let kept = self.clone().keep(key, name, acted);
                    return to_its_end(kept).await.map(Once::Answered);
                }
                Pressed::Answered(sealed) => {
                    return Ok(Once::Answered(self.ring.open_note(&name, &sealed)?));
                }
                Pressed::Underway if look + 1 < LOOKS => tokio::time::sleep(LOOK_AGAIN).await,
                Pressed::Underway => {}
            }
        }
        Ok(Once::Underway)
    }

    async fn keep<E: From<StoreError>>(
        self,
        key: Token16,
        name: String,
        acted: impl Future<Output = Result<Vec<u8>, E>>,
    ) -> Result<Vec<u8>, E> {
        let answer = match acted.await {
            Ok(answer) => answer,
            Err(error) => {
                self.store.forget_press(key).await?;
                return Err(error);
            }
        };
        let sealed = self.ring.seal_note(&name, &answer, self.env.as_ref());
        self.store.answer_press(key, &sealed, self.env.now()).await?;
        Ok(answer)
    }
}
