//! Every kind of problem this API answers with. Codes are stable: they are the tail of a problem's
//! `type`, and `/problems/<code>` explains each to the people who mend a sender's system.

use actix_web::http::StatusCode;

/// A kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    pub code: &'static str,
    pub status: StatusCode,
    /// One sentence, the same for every occurrence (RFC 9457 §3.1.3).
    pub title: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

macro_rules! kinds {
    ($( $name:ident = $code:literal, $status:ident, $title:literal, $remedy:literal; )*) => {
        $( pub const $name: Kind = Kind {
            code: $code,
            status: StatusCode::$status,
            title: $title,
            remedy: $remedy,
        }; )*
        /// All of them, in the order of their status.
        pub const ALL: &[&Kind] = &[$( &$name ),*];
    };
}

kinds! {
    NOT_READABLE = "not-readable", BAD_REQUEST,
        "The submission could not be read",
        "Send one JSON object in UTF-8. The faults say where reading stopped.";
    DUPLICATE_KEY = "duplicate-key", BAD_REQUEST,
        "The submission says the same thing twice",
        "Name each member of an object once: which of two is meant is not ours to guess.";
    TOO_DEEP = "too-deep", BAD_REQUEST,
        "The submission is nested too deeply or its lists are too long",
        "Send the referral in the shape of the schema; send more children as several referrals.";
    INCOMPLETE = "incomplete", BAD_REQUEST,
        "The submission ended before its announced length",
        "Send it again, with the same Idempotency-Key if you use one.";
    IDEMPOTENCY_KEY = "idempotency-key", BAD_REQUEST,
        "The Idempotency-Key header cannot be used",
        "Send one Idempotency-Key of 1 to 255 visible ASCII characters, or none.";
    PARAMETER = "parameter", BAD_REQUEST,
        "A parameter cannot be used",
        "The faults name each parameter and what it may be.";
    BAD_REQUEST = "bad-request", BAD_REQUEST,
        "The request could not be understood",
        "Check the request against the OpenAPI document.";
    NOT_AUTHENTICATED = "not-authenticated", UNAUTHORIZED,
        "A key is needed, or the one sent does not work",
        "Send `Authorization: Bearer <key>` with a key that the authority issued to you.";
    NOT_PERMITTED = "not-permitted", FORBIDDEN,
        "The key does not open this",
        "Use a key of the kind that the OpenAPI document names, for your own destination.";
    NO_ADAPTER = "no-adapter", FORBIDDEN,
        "This format is not read here, or not from your agency",
        "It is kept, and somebody will look at it. Send canonical JSON to /v1/referrals, or ask \
         the authority to let your agency send this format.";
    TESTING = "testing", FORBIDDEN,
        "Your agency is still testing, and its referrals are not taken",
        "Nobody acts on this as on a referral, although the screening team sees that you sent it: \
         telephone about a real worry. Try referrals out at /v1/referrals/validate. To become \
         active, ask the authority to set your agency's state to `active` (agencies.toml).";
    NOT_FOUND = "not-found", NOT_FOUND,
        "Nothing of yours goes by this reference",
        "Check the reference: ten characters, of which the last checks the others.";
    NO_SUCH_ADDRESS = "no-such-address", NOT_FOUND,
        "There is nothing at this address",
        "See the OpenAPI document for the addresses there are.";
    METHOD_NOT_ALLOWED = "method-not-allowed", METHOD_NOT_ALLOWED,
        "This address does not answer to that method",
        "The Allow header lists the methods it answers to.";
    SLOW_BODY = "slow-body", REQUEST_TIMEOUT,
        "The submission took too long to arrive",
        "Send it again over a better line. If a child is in danger, telephone now.";
    KEY_REUSED = "key-reused", CONFLICT,
        "This Idempotency-Key was used for another submission",
        "The first submission stands, under the reference in `first`. Use a new key for a new \
         referral; send more about the first as information on it.";
    NOT_LEASED = "not-leased", CONFLICT,
        "The message is not leased to you now",
        "Fetch the messages again: its lease has run out, or it was taken already.";
    MATCH_TAKEN = "match-taken", CONFLICT,
        "The child, or another child of the referral, is somebody already",
        "A child is one person, and two children are two: separate the other match first.";
    PROPOSAL_CHANGED = "proposal-changed", CONFLICT,
        "What would be lower is not what you have read",
        "Nothing was changed. Read what is `proposed` now; if you agree, send your decision again \
         with its `hash` as `proposal`.";
    SECOND_LOOK_TAKEN = "second-look-taken", CONFLICT,
        "Somebody has decided this a second time already",
        "Nothing was changed: the second decision stands as it was recorded.";
    NOT_FAILING = "not-failing", CONFLICT,
        "The message is neither failing nor dead",
        "Look at its state: it is under way, or its destination has it.";
    DOCUMENTS_FULL = "documents-full", CONFLICT,
        "The referral has as many documents as it may have",
        "Nothing was kept of this one. Telephone the team about what it says; put several pages \
         into one PDF. Never send an indecent image of a child: call the police on 101, or on 999 \
         where a child is in danger.";
    DOCUMENT_UNSCANNED = "document-unscanned", CONFLICT,
        "The document has not been scanned yet",
        "It is kept, and scanned as soon as the scanner answers; a message follows then. Do not \
         wait for it: telephone the agency that sent it and ask what it says.";
    DOCUMENT_INFECTED = "document-infected", CONFLICT,
        "The scanner found something harmful in the document",
        "Nobody is handed it. Telephone the agency that sent it, ask what it says and for a clean \
         copy.";
    DOCUMENT_TOO_LARGE = "document-too-large", PAYLOAD_TOO_LARGE,
        "The document is too large",
        "Nothing was kept of it; the referral is being acted on meanwhile. Save the picture or \
         scan smaller, or send the pages as several files; if it matters now, telephone. Never \
         send an indecent image of a child: call the police on 101, or on 999 where a child is in \
         danger.";
    TOO_LARGE = "too-large", PAYLOAD_TOO_LARGE,
        "The submission is too large",
        "Send the referral without its attachments. We have kept that you tried, and the \
         authority will telephone you.";
    MEDIA_TYPE = "media-type", UNSUPPORTED_MEDIA_TYPE,
        "The submission's media type is not read here",
        "Send `Content-Type: application/json`, in UTF-8.";
    DOCUMENT_KIND = "document-kind", UNSUPPORTED_MEDIA_TYPE,
        "The document is of a kind that is not taken",
        "Nothing was kept of it; the referral is being acted on meanwhile. The fault says what to \
         do. Never send an indecent image of a child: call the police on 101, or on 999 where a \
         child is in danger.";
    CONTENT_ENCODING = "content-encoding", UNSUPPORTED_MEDIA_TYPE,
        "Compressed submissions are not read",
        "Send the body as it is, without Content-Encoding.";
    BELOW_MINIMUM = "below-minimum", UNPROCESSABLE_ENTITY,
        "The submission lacks one of the three facts needed",
        "Say who refers (or that they stay anonymous), whom it concerns and what the worry is. \
         Nothing else is required.";
    NAME_NEEDED = "name-needed", UNPROCESSABLE_ENTITY,
        "A named person is needed",
        "Give the name and the role of the person who has the referral, or who decides.";
    SECOND_LOOK_LACKING = "second-look-lacking", UNPROCESSABLE_ENTITY,
        "The second decision cannot stand as it is",
        "The faults name what is missing, each with what to say. Nothing was recorded.";
    OUTCOME_LACKING = "outcome-lacking", UNPROCESSABLE_ENTITY,
        "The outcome cannot stand as it is",
        "The faults name what is missing, each with what to say. Nothing was recorded, and the \
         clock runs on.";
    DECISION_NEEDED = "decision-needed", UNPROCESSABLE_ENTITY,
        "A decision on a match says what and why",
        "Give `decision` (of a child link, separate or not-sure; of adults same-person or \
         not-the-same), `reason`, and who decides in `by`.";
    RATE_LIMITED = "rate-limited", TOO_MANY_REQUESTS,
        "You are sending faster than agreed",
        "Wait as long as Retry-After says and send it again. If a child is in danger, telephone \
         now.";
    FAILED = "failed", INTERNAL_SERVER_ERROR,
        "Something went wrong here",
        "Send it again with the same Idempotency-Key; if it happens twice, telephone.";
    FAILED_KEPT = "failed-kept", INTERNAL_SERVER_ERROR,
        "Something went wrong here; what you sent is kept, and people will read it",
        "It is in front of the screening team as you sent it, and it has no reference yet. \
         Telephone the duty team now: nobody has read it so far.";
    OVERLOADED = "overloaded", SERVICE_UNAVAILABLE,
        "Too much is going on at this moment",
        "Wait as long as Retry-After says and send it again. Referrals are turned away last.";
    UNAVAILABLE = "unavailable", SERVICE_UNAVAILABLE,
        "It could not be stored safely at this moment",
        "Send it again with the same Idempotency-Key: it is then stored once, whatever happened \
         to this attempt.";
    TIMED_OUT = "timed-out", SERVICE_UNAVAILABLE,
        "It took too long",
        "Send it again with the same Idempotency-Key: it is then stored once, whatever happened \
         to this attempt.";
}

/// The kind that goes by a code.
pub fn find(code: &str) -> Option<&'static Kind> {
    ALL.iter().copied().find(|kind| kind.code == code)
}
