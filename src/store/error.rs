//! What can go wrong in a store. No HTTP here; callers map it.

/// An error of a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, or a statement was cut off: it may work later. Whether a
    /// commit that was under way took hold is unknown; a repeat with the same key finds out.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// The data broke a rule of the schema: this item will not go in as it is.
    #[error("the database refused the data: {0}")]
    Refused(String),
    /// What was read cannot be understood: wrong key, damaged bytes, unknown version.
    #[error("stored data cannot be read: {0}")]
    Damaged(String),
    /// The schema is older or newer than this program.
    #[error("{0}")]
    Schema(String),
    /// A setting the guarantees rest on is off, e.g. `synchronous_commit`.
    #[error("{0}")]
    Unsafe(String),
}

pub type Result<T> = std::result::Result<T, StoreError>;
