//! What is sealed of an account.

use super::password::PasswordHash;
use crate::domain::time::Env;
use crate::store::keys::KeyRing;
use crate::store::{StaffRow, StoreError};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// Nothing here is printed: it has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Record {
    /// The name to sign in with, as it was given.
    pub(super) sign_in: String,
    /// As colleagues call them.
    pub(super) name: String,
    /// The password that its holder chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) password: Option<PasswordHash>,
    /// The secret of the authenticator app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) app: Option<Vec<u8>>,
}

impl Record {
    pub(super) fn open(ring: &KeyRing, row: &StaffRow) -> Result<Self, StoreError> {
        let bytes = ring.open_record(&row.sealed_as(), &row.record)?;
        serde_json::from_slice(&bytes)
            .map_err(|_| StoreError::Damaged("an account's record cannot be read".to_owned()))
    }

    /// Into the account as it is to be, and bound to it.
    pub(super) fn seal(&self, ring: &KeyRing, row: StaffRow, env: &dyn Env) -> StaffRow {
        let bytes = serde_json::to_vec(self).expect("a record is plain data");
        let record = ring.seal_record(&row.sealed_as(), &bytes, env);
        StaffRow { record, ..row }
    }
}

/// A name to sign in with as it is compared.
pub(super) fn folded(name: &str) -> String {
    name.trim().nfkc().collect::<String>().to_lowercase()
}
