//! What the report found, and where the answer is. A row is one finding; it may have several
//! answers, and a part of it may be beyond what a gateway can reach, which is said with the reason.

/// Where a finding, or a part of it, is answered.
pub(super) enum Answer {
    /// By scenarios, which fail when it happens again.
    Covered(&'static [&'static str]),
    /// Outside a gateway's reach, and why.
    Outside(&'static str),
}
use Answer::{Covered, Outside};

pub(super) struct Finding {
    pub(super) paragraphs: &'static [u16],
    pub(super) found: &'static str,
    pub(super) answers: &'static [Answer],
}

pub(super) static FINDINGS: [Finding; 39] = [
    Finding {
        paragraphs: &[3],
        found: "Actions to take at once, within three months and within six",
        answers: &[Covered(&[
            "paragraph_3_every_finding_is_answered_or_said_to_be_beyond_a_gateway",
            "paragraph_3_every_paragraph_that_a_rule_names_has_a_scenario",
        ])],
    },
    Finding {
        paragraphs: &[9, 26],
        found: "Families speak Urdu or languages of Eastern Europe, and need interpreters",
        answers: &[
            Covered(&[
                "paragraph_9_a_family_that_needs_an_interpreter_is_marked_on_every_hand_off",
                "paragraph_9_where_honour_is_feared_nobody_of_the_community_interprets",
                "paragraph_23_a_programme_is_recorded_with_its_language_and_if_it_is_taken_up",
            ]),
            Outside(
                "Whether an interpreter came to a visit is recorded in the case system, where \
                 visits are; the mark goes there with the referral",
            ),
        ],
    },
    Finding {
        paragraphs: &[10],
        found: "Ten thousand children grow up in poverty",
        answers: &[Covered(&[
            "paragraph_10_poverty_alone_is_screened_and_is_not_child_protection",
        ])],
    },
    Finding {
        paragraphs: &[11],
        found: "One front door: MASSTT, First Response and the CAF coordinator",
        answers: &[Covered(&[
            "paragraph_11_every_child_is_on_the_screening_team_s_list_whoever_else_has_it",
            "paragraph_11_the_caf_coordinator_sees_what_goes_to_a_panel_and_nothing_else",
        ])],
    },
    Finding {
        paragraphs: &[11, 31, 44],
        found: "Cases stayed with First Response that belonged to a locality team",
        answers: &[Covered(&[
            "paragraph_44_whoever_passes_a_case_on_sees_which_team_serves_the_child_s_home",
            "paragraph_44_a_case_that_is_not_passed_on_after_its_assessment_turns_red",
            "paragraph_31_the_duty_stays_until_the_other_team_has_accepted_it",
            "paragraph_27_a_disabled_child_at_risk_goes_to_strategy_and_to_its_own_team",
        ])],
    },
    Finding {
        paragraphs: &[11, 32, 33],
        found: "Services that others run saw children on terms of their own",
        answers: &[Covered(&[
            "paragraph_11_a_commissioned_service_sees_its_own_children_and_the_fewest_facts",
        ])],
    },
    Finding {
        paragraphs: &[12, 25],
        found: "Four panels for early help; cases are stepped up and down",
        answers: &[Covered(&[
            "paragraph_12_a_family_that_agrees_reaches_the_panel_of_its_own_address",
            "paragraph_12_without_agreement_a_social_worker_screens_it_and_no_panel_sees_it",
            "paragraph_25_a_case_that_was_stepped_down_and_comes_back_is_screened_in_hours",
            "paragraph_25_a_step_up_keeps_one_record_and_is_screened_within_hours",
            "paragraph_25_a_step_down_names_its_reason_a_manager_and_who_agrees",
            "paragraph_25_a_panel_steps_a_case_up_by_message_and_it_is_screened_in_hours",
        ])],
    },
    Finding {
        paragraphs: &[12, 46],
        found: "Children's centres, family intervention, youth support: who takes a child on",
        answers: &[Covered(&[
            "paragraph_46_a_closed_service_gets_nothing_and_the_child_is_screened_instead",
            "paragraph_12_what_a_service_is_asked_to_take_on_it_accepts_or_hands_back",
            "paragraph_46_what_one_team_decides_the_other_teams_of_the_case_are_told",
        ])],
    },
    Finding {
        paragraphs: &[12, 53, 54],
        found: "The board did not challenge, and its part and the improvement board's overlapped",
        answers: &[
            Covered(&[
                "paragraph_54_a_challenge_has_an_owner_a_date_and_an_answer_by_a_manager",
                "paragraph_20_what_councillors_are_shown_names_no_child",
            ]),
            Outside("Who sits on which board is theirs to settle"),
        ],
    },
    Finding {
        paragraphs: &[13, 14, 15],
        found: "The same findings again, under a self-assessment that was too good",
        answers: &[
            Covered(&["paragraph_14_numbers_are_counted_from_what_happened_and_typed_by_nobody"]),
            Outside(
                "A finding that comes back fails a scenario of this folder; what the council then \
                 writes of itself is the council's",
            ),
        ],
    },
    Finding {
        paragraphs: &[16, 21],
        found: "Thresholds were applied differently, without reasons that others could follow",
        answers: &[Covered(&[
            "paragraph_16_a_decision_without_level_reasons_and_evidence_does_not_count",
            "paragraph_16_who_decided_what_why_and_on_what_can_be_read_afterwards",
            "paragraph_16_every_suggestion_names_its_rule_its_law_and_a_plain_reason",
            "paragraph_21_how_each_team_decides_is_held_against_what_was_suggested",
            "paragraph_21_the_same_facts_give_the_same_level_whoever_sends_them",
            "paragraph_21_danger_that_only_the_words_tell_of_is_read_within_hours",
        ])],
    },
    Finding {
        paragraphs: &[17, 50, 51, 52, 55],
        found: "Leaders did not know: numbers without quality, records out of date, dates at odds",
        answers: &[
            Covered(&[
                "paragraph_55_records_that_are_out_of_date_are_told_to_whoever_reads_them",
                "paragraph_55_a_date_that_cannot_be_is_listed_and_asked_for_again",
                "paragraph_52_what_will_be_late_at_this_pace_is_seen_before_it_is",
            ]),
            Covered(&[
                "paragraph_55_some_closures_are_decided_again_by_somebody_who_is_not_told_how",
            ]),
        ],
    },
    Finding {
        paragraphs: &[18, 23],
        found: "Schools, health visitors, midwives, centres and charities refer and offer help",
        answers: &[Covered(&[
            "paragraph_18_schools_health_police_housing_and_charities_use_their_own_forms",
            "paragraph_23_a_programme_is_recorded_with_its_language_and_if_it_is_taken_up",
        ])],
    },
    Finding {
        paragraphs: &[19, 41, 56],
        found: "Agency staff, turnover, and caseloads of newly qualified workers",
        answers: &[
            Covered(&["paragraph_19_every_decision_says_how_whoever_made_it_is_employed"]),
            Outside(
                "Whom a case is given to, and how many a newly qualified worker has, the case \
                 system knows; a gateway gives a referral to a team",
            ),
        ],
    },
    Finding {
        paragraphs: &[20, 52],
        found: "Members and the chief executive look on: at trends, never at children",
        answers: &[Covered(&["paragraph_20_what_councillors_are_shown_names_no_child"])],
    },
    Finding {
        paragraphs: &[22],
        found: "Held for information though the threshold was met; closed or graded too low",
        answers: &[Covered(&[
            "paragraph_22_a_child_whose_threshold_is_met_is_never_held_for_information",
            "paragraph_22_every_sign_of_significant_harm_goes_to_strategy_within_hours",
            "paragraph_22_a_question_to_the_sender_stops_no_clock",
            "paragraph_22_nobody_alone_closes_or_grades_lower_a_child_whose_threshold_is_met",
            "paragraph_22_a_referral_that_says_little_goes_as_far_and_as_fast_as_a_full_one",
            "paragraph_22_what_is_added_later_raises_a_referral_at_once",
            "paragraph_22_what_cannot_wait_stands_in_a_queue_of_its_own_within_seconds",
        ])],
    },
    Finding {
        paragraphs: &[16, 24, 36],
        found: "The child's view was missing; plans were not watched, and drifted",
        answers: &[
            Covered(&[
                "paragraph_16_a_decision_says_whether_the_child_s_own_view_was_considered",
                "paragraph_24_a_plan_has_a_lead_professional_and_a_review_that_shows_when_late",
                "paragraph_36_the_child_s_own_words_go_to_the_panel_with_the_referral",
            ]),
            Outside(
                "What stands in a plan, and family group conferences, are the case system's; here \
                 are its lead professional and the date of its review",
            ),
        ],
    },
    Finding {
        paragraphs: &[26, 27],
        found: "Disabled children were protected well: keep it so",
        answers: &[Covered(&[
            "paragraph_27_a_disabled_child_at_risk_goes_to_strategy_and_to_its_own_team",
            "paragraph_26_an_inclusion_coordinator_is_asked_with_the_parents_agreement",
        ])],
    },
    Finding {
        paragraphs: &[28],
        found: "Parents as partners",
        answers: &[Covered(&[
            "paragraph_28_what_parents_know_and_agreed_to_reaches_the_social_worker",
            "paragraph_28_where_telling_is_unsafe_everyone_is_told_to_say_nothing",
        ])],
    },
    Finding {
        paragraphs: &[29],
        found: "In open cases children were not seen, and worse abuse and neglect were missed",
        answers: &[
            Covered(&[
                "paragraph_29_a_new_worry_in_an_open_case_is_screened_and_its_team_is_told",
                "paragraph_29_a_team_that_records_call_by_another_name_is_told_all_the_same",
            ]),
            Outside("When a child was last seen by its worker the case system knows"),
        ],
    },
    Finding {
        paragraphs: &[30],
        found: "Assessments before birth drifted until there was no time left",
        answers: &[Covered(&[
            "paragraph_30_a_baby_not_yet_born_reaches_its_team_and_its_due_date_is_asked_for",
            "paragraph_30_what_must_be_done_before_a_birth_is_counted_back_from_it",
        ])],
    },
    Finding {
        paragraphs: &[31],
        found: "Transfers waited for summaries that were missing",
        answers: &[Covered(&[
            "paragraph_31_a_transfer_is_told_all_that_it_lacks_at_once",
            "paragraph_31_the_duty_stays_until_the_other_team_has_accepted_it",
        ])],
    },
    Finding {
        paragraphs: &[32],
        found: "Children who go missing: interviews when they return, and what they tell",
        answers: &[Covered(&[
            "paragraph_32_a_child_who_returns_is_offered_an_interview_within_72_hours",
            "paragraph_32_what_a_missing_child_tells_is_screened_again",
        ])],
    },
    Finding {
        paragraphs: &[32],
        found: "Children missing education, and moves between schools",
        answers: &[Covered(&[
            "paragraph_32_a_child_on_no_school_s_roll_reaches_the_officer_and_no_danger_waits",
        ])],
    },
    Finding {
        paragraphs: &[33],
        found: "Sexual exploitation goes to a panel; work on single cases was not robust",
        answers: &[Covered(&[
            "paragraph_33_the_cse_panel_has_it_beside_a_strategy_discussion_never_instead",
            "paragraph_33_a_panel_that_never_reads_its_queue_delays_no_strategy_discussion",
        ])],
    },
    Finding {
        paragraphs: &[34],
        found: "Not one child in private fostering was known",
        answers: &[Covered(&[
            "paragraph_34_every_form_asks_about_private_fostering",
            "paragraph_34_months_in_which_nobody_tells_of_private_fostering_raise_an_alarm",
            "paragraph_34_a_child_who_lives_with_others_for_28_days_is_notified_and_visited",
        ])],
    },
    Finding {
        paragraphs: &[35],
        found: "Practice in MASSTT and First Response was unsafe, with significant delays",
        answers: &[Covered(&[
            "paragraph_35_a_team_s_list_shows_what_waits_since_when_and_until_when",
        ])],
    },
    Finding {
        paragraphs: &[37],
        found: "Screening did not consider history; decisions drifted",
        answers: &[Covered(&[
            "paragraph_37_a_baby_has_at_once_the_history_of_its_brother",
            "paragraph_37_what_was_said_on_the_telephone_is_acted_on_before_it_is_written",
            "paragraph_37_earlier_contacts_are_seen_and_must_be_considered_at_screening",
            "paragraph_37_earlier_contacts_about_the_same_home_are_counted_and_name_nobody",
            "paragraph_37_history_holds_nothing_up_and_no_sender_learns_of_it",
            "paragraph_37_a_decision_that_is_late_is_told_to_a_named_manager",
        ])],
    },
    Finding {
        paragraphs: &[37],
        found: "The quality of referrals was too variable",
        answers: &[
            Covered(&[
                "paragraph_37_a_sender_learns_at_once_what_was_missing_and_nothing_waits_for_it",
            ]),
            Covered(&[
                "paragraph_37_the_quality_of_referrals_is_known_agency_by_agency",
                "paragraph_37_an_agency_of_which_much_is_refused_is_seen",
            ]),
        ],
    },
    Finding {
        paragraphs: &[38],
        found: "Strategy discussions: few agencies, no dates, poor records, nobody challenged",
        answers: &[
            Covered(&[
                "paragraph_38_a_strategy_discussion_says_why_and_starts_the_next_clocks",
                "paragraph_54_a_challenge_has_an_owner_a_date_and_an_answer_by_a_manager",
            ]),
            Outside(
                "Who takes part in a strategy discussion and which actions it agrees are recorded \
                 in the case system, where it is held",
            ),
        ],
    },
    Finding {
        paragraphs: &[39],
        found: "Enquiries under section 47 were not recorded, nor overseen",
        answers: &[
            Covered(&[
                "paragraph_39_an_enquiry_under_section_47_ends_with_an_outcome_and_a_manager",
            ]),
            Outside("The enquiry itself is the case system's"),
        ],
    },
    Finding {
        paragraphs: &[40, 42],
        found: "Assessments and their sign-off were late; cases were closed with risks open",
        answers: &[
            Covered(&[
                "paragraph_40_an_assessment_is_signed_off_within_45_working_days_of_the_referral",
                "paragraph_40_the_fourth_contact_in_a_year_is_not_one_more_small_worry",
                "paragraph_42_a_manager_who_signs_off_is_somebody_else_than_whoever_decided",
            ]),
            Outside("Supervision, and what managers direct in it, are the case system's"),
        ],
    },
    Finding {
        paragraphs: &[43],
        found: "Children were not seen alone; the team at night read records out of date",
        answers: &[Covered(&[
            "paragraph_43_a_sender_is_asked_for_the_child_s_words_and_if_it_was_seen_alone",
            "paragraph_43_the_team_at_night_reads_the_history_as_it_is_at_that_moment",
        ])],
    },
    Finding {
        paragraphs: &[45, 46, 47],
        found: "Locality teams did better; chronologies and contingency plans were poor",
        answers: &[
            Covered(&[
                "paragraph_47_a_chronology_builds_itself_with_each_event_once_and_its_source",
            ]),
            Outside("Core groups and contingency plans are the case system's"),
        ],
    },
    Finding {
        paragraphs: &[48],
        found: "Reports to conferences were unsigned, or shared with parents too late",
        answers: &[
            Covered(&["paragraph_48_a_conference_has_a_date_and_a_manager_who_answers_for_it"]),
            Outside("The report, its signature and when parents had it are the case system's"),
        ],
    },
    Finding {
        paragraphs: &[49],
        found: "Police missed reviews; children took little part in conferences",
        answers: &[Outside(
            "Who is invited to a conference and who comes, and the reviewing officer's challenge \
             to a plan, are the case system's",
        )],
    },
    Finding {
        paragraphs: &[53],
        found: "The board did not compare itself with others",
        answers: &[Outside(
            "The returns by which authorities are compared are made by the case system, which \
             holds what they ask for",
        )],
    },
    Finding {
        paragraphs: &[55],
        found: "Audits counted processes, their actions were lost, themes were not seen",
        answers: &[Covered(&[
            "paragraph_55_some_closures_are_decided_again_by_somebody_who_is_not_told_how",
            "paragraph_55_what_is_found_three_times_is_flagged_as_more_than_one_worker_s_doing",
        ])],
    },
    Finding {
        paragraphs: &[11, 50],
        found: "One team under several names",
        answers: &[Covered(&[
            "paragraph_50_a_team_is_found_by_each_of_its_names",
            "paragraph_29_a_team_that_records_call_by_another_name_is_told_all_the_same",
        ])],
    },
];
