//! What a destination that is not social work under statute receives says nothing of history.
