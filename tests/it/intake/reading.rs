//! Reading loses nothing and is stable.

use super::{naive, shape};
use frontdoor::domain::Referral;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_500, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn a_canonical_document_reads_as_the_same_referral(
        document in shape::documents(&shape::referral(), 0.12)
    ) {
        let (referral, _) = Referral::read(document);
        let (again, _) = Referral::read(referral.document());
        prop_assert!(again == referral);
        prop_assert_eq!(again.document(), referral.document());
    }

    #[test]
    fn the_gateways_reading_is_the_plain_one(
        document in shape::documents(&shape::referral(), 0.12)
    ) {
        let plain = naive::canonical(&shape::referral(), &document);
        let plain = plain.unwrap_or_else(|| serde_json::json!({}));
        prop_assert_eq!(Referral::read(document).0.document(), plain);
    }

    #[test]
    fn the_decoder_reads_what_was_written(document in shape::stated()) {
        let text = document.to_string();
        let read = frontdoor::adapter::json::read(text.as_bytes());
        prop_assert_eq!(read, Ok(document));
    }
}
