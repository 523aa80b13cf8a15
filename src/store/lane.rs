//! The commit lane: many submissions, one transaction.
