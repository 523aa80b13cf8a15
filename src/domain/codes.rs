//! Coded answers: CIN census codes and the indicators that are never held back.
//!
//! Sources: DfE Children in need census guides (factors, source of referral, disability, sex);
//! indicators from Working Together 2023 and the Acts named at each rule of the policy.

use super::answer::Readable;
use serde_json::Value;

/// Declares a closed list of codes with their labels.
macro_rules! codes {
    (
        $(#[$meta:meta])* $name:ident, rule $rule:literal, ask $ask:literal,
        { $( $variant:ident = $code:literal, $label:literal; )* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $( #[doc = $label] $variant, )* }

        impl $name {
            /// Every code, in the list's own order.
            pub const ALL: &'static [$name] = &[ $( $name::$variant, )* ];

            /// The code as written in a document.
            pub fn code(self) -> &'static str {
                match self { $( $name::$variant => $code, )* }
            }

            /// What the code means.
            pub fn label(self) -> &'static str {
                match self { $( $name::$variant => $label, )* }
            }

            /// Reads a code, without regard to case.
            pub fn from_code(code: &str) -> Option<Self> {
                let code = code.trim();
                Self::ALL.iter().copied().find(|known| known.code().eq_ignore_ascii_case(code))
            }
        }

        impl Readable for $name {
            const RULE: &'static str = $rule;
            const ASK: &'static str = $ask;

            fn read(stated: &Value) -> Option<Self> {
                match stated {
                    Value::String(text) => Self::from_code(text),
                    Value::Number(number) => Self::from_code(&number.to_string()),
                    _ => None,
                }
            }

            fn write(&self) -> Value {
                Value::String(self.code().to_owned())
            }
        }
    };
}

codes! {
    /// CIN census factors at assessment, used as codes of concern. 18A and 19A are retired from the
    /// census, which now tells abuse by a child from abuse by an adult; forms still tick them.
    ConcernCode, rule "concern-code",
    ask "Use a CIN factor code, for example 16A for neglect, or describe it in the worry", {
        AlcoholChild = "1A", "Alcohol misuse: child";
        AlcoholParent = "1B", "Alcohol misuse: parent or carer";
        AlcoholOther = "1C", "Alcohol misuse: another person in the household";
        DrugsChild = "2A", "Drug misuse: child";
        DrugsParent = "2B", "Drug misuse: parent or carer";
        DrugsOther = "2C", "Drug misuse: another person in the household";
        DomesticAbuseChild = "3A", "Domestic abuse: child";
        DomesticAbuseParent = "3B", "Domestic abuse: parent or carer";
        DomesticAbuseOther = "3C", "Domestic abuse: another person in the household";
        MentalHealthChild = "4A", "Mental health: child";
        MentalHealthParent = "4B", "Mental health: parent or carer";
        MentalHealthOther = "4C", "Mental health: another person in the household";
        LearningDisabilityChild = "5A", "Learning disability: child";
        LearningDisabilityParent = "5B", "Learning disability: parent or carer";
        LearningDisabilityOther = "5C", "Learning disability: another person in the household";
        PhysicalChild = "6A", "Physical disability or illness: child";
        PhysicalParent = "6B", "Physical disability or illness: parent or carer";
        PhysicalOther = "6C", "Physical disability or illness: another person in the household";
        YoungCarer = "7A", "Young carer";
        PrivateFosteringOverseasReturning = "8B", "Privately fostered: overseas, returning";
        PrivateFosteringOverseasStaying = "8C", "Privately fostered: overseas, staying";
        PrivateFosteringUkEducation = "8D", "Privately fostered: UK, in education";
        PrivateFosteringUkFamily = "8E", "Privately fostered: UK, alternative family";
        PrivateFosteringOther = "8F", "Privately fostered: other";
        Uasc = "9A", "Unaccompanied asylum-seeking child";
        Missing = "10A", "Going missing";
        Cse = "11A", "Child sexual exploitation";
        Trafficking = "12A", "Trafficking";
        Gangs = "13A", "Gangs";
        UnacceptableBehaviour = "14A", "Socially unacceptable behaviour";
        SelfHarm = "15A", "Self-harm";
        Neglect = "16A", "Abuse or neglect: neglect";
        EmotionalAbuse = "17A", "Abuse or neglect: emotional abuse";
        PhysicalAbuse = "18A", "Physical abuse, by whom is not said (retired code)";
        PhysicalAbuseByChild = "18B", "Physical abuse by another child";
        PhysicalAbuseByAdult = "18C", "Physical abuse by an adult";
        SexualAbuse = "19A", "Sexual abuse, by whom is not said (retired code)";
        SexualAbuseByChild = "19B", "Sexual abuse by another child";
        SexualAbuseByAdult = "19C", "Sexual abuse by an adult";
        OtherFactor = "20", "Other";
        NoFactor = "21", "None";
        Fgm = "22A", "Female genital mutilation";
        FaithAbuse = "23A", "Abuse linked to faith or belief";
        CriminalExploitation = "24A", "Child criminal exploitation";
    }
}

codes! {
    /// What a sender says of what it sent before.
    CorrectionKind, rule "correction-kind", ask "Use cancelled, corrected or wrong-child", {
        Cancelled = "cancelled", "The sender withdraws it";
        Corrected = "corrected", "The sender puts something right";
        WrongChild = "wrong-child", "It is about another child";
    }
}

codes! {
    /// Structured signs that start a clock at once and are never held back.
    Indicator, rule "indicator", ask "Use an indicator listed in the schema", {
        ChildAlone = "child-alone", "A child is alone or abandoned";
        Disclosure = "disclosure", "The child has told someone of harm";
        UnexplainedInjury = "unexplained-injury", "An injury that nobody has explained";
        InjuryNonMobileBaby = "injury-non-mobile-baby", "Any injury to a baby who cannot move";
        SexualAbuse = "sexual-abuse", "Sexual abuse is known or suspected";
        SexualExploitation = "sexual-exploitation", "Sexual exploitation is known or suspected";
        FgmKnown = "fgm-known", "FGM disclosed by the girl, or seen";
        FgmRisk = "fgm-risk", "FGM is feared";
        ForcedMarriage = "forced-marriage", "Forced marriage is known or feared";
        HonourBased = "honour-based-abuse", "So-called honour-based abuse is known or feared";
        DomesticAbuseHigh = "domestic-abuse-high", "Severe domestic abuse, or DASH high";
        Strangulation = "strangulation", "Strangulation or suffocation in the home";
        DomesticAbusePregnancy = "domestic-abuse-pregnancy", "Domestic abuse in pregnancy";
        EarlierRemoval = "earlier-removal", "An earlier child removed, harmed or died";
        ConcealedPregnancy = "concealed-pregnancy", "A concealed pregnancy";
        AvoidedAntenatal = "avoided-antenatal-care", "Antenatal care is avoided";
        Trafficking = "trafficking", "Trafficking or modern slavery";
        CountyLines = "county-lines", "County lines or criminal exploitation";
        Radicalisation = "radicalisation", "Drawn towards terrorism";
        MissingNow = "missing-now", "The child is missing now";
        MissingRepeat = "missing-repeat", "The child goes missing again and again";
        SuicidePlan = "suicide-plan", "A plan of suicide";
        SevereSelfHarm = "severe-self-harm", "Severe self-harm";
        PrivateFostering = "private-fostering", "Living with someone not a close relative";
        SevereNeglect = "severe-neglect", "Severe neglect";
        FabricatedIllness = "fabricated-illness", "Fabricated or induced illness";
        LethalSubstances = "lethal-substances", "Drugs or lethal substances within reach";
        OffenderInHome = "offender-in-home", "An adult with offences against children at home";
        SexualActivityUnder13 = "sexual-activity-under-13", "Sexual activity under 13";
        PregnancyUnder13 = "pregnancy-under-13", "Pregnancy under 13";
        OnlineSexualCoercion = "online-sexual-coercion", "Sexual coercion online";
        ChildDeathSiblings = "child-death-siblings", "A child died or nearly died; siblings";
        ThreatToKill = "threat-to-kill", "A threat to kill";
        ThreatToAbduct = "threat-to-abduct", "A threat to abduct";
        MarriageUnder18 = "marriage-under-18", "Marriage under 18";
        TrustedPerson = "trusted-person", "An allegation against a person in trust";
        PlanElsewhere = "plan-elsewhere", "A plan or care order of another authority";
        MissingEducation = "missing-education", "Not on a school roll, or not attending any";
    }
}

codes! {
    /// Who referred, CIN census "source of referral".
    SourceCode, rule "source-code", ask "Use a CIN source code, for example 2A for a school", {
        Family = "1A", "Family member or carer";
        Acquaintance = "1B", "Acquaintance";
        SelfReferral = "1C", "The child";
        OtherIndividual = "1D", "Other individual";
        School = "2A", "School";
        EducationServices = "2B", "Education services";
        Gp = "3A", "GP";
        HealthVisitor = "3B", "Health visitor";
        SchoolNurse = "3C", "School nurse";
        PrimaryHealth = "3D", "Other primary health";
        EmergencyDepartment = "3E", "A&E";
        OtherHealth = "3F", "Other health";
        Housing = "4", "Housing";
        SocialCare = "5A", "Local authority: social care";
        LocalAuthorityOther = "5B", "Local authority: other internal";
        LocalAuthorityExternal = "5C", "Local authority: external";
        EarlyHelp = "5D", "Local authority: early help";
        Police = "6", "Police";
        Legal = "7", "Other legal agency";
        Voluntary = "8", "Other, including voluntary";
        Anonymous = "9", "Anonymous";
        Unknown = "10", "Unknown";
    }
}

codes! {
    /// CIN census disability codes.
    DisabilityCode, rule "disability-code", ask "Use a CIN disability code, for example MOB", {
        None = "NONE", "No disability";
        Mobility = "MOB", "Mobility";
        Hand = "HAND", "Hand function";
        PersonalCare = "PC", "Personal care";
        Incontinence = "INC", "Incontinence";
        Communication = "COMM", "Communication";
        Learning = "LD", "Learning";
        Hearing = "HEAR", "Hearing";
        Vision = "VIS", "Vision";
        Behaviour = "BEH", "Behaviour";
        Consciousness = "CON", "Consciousness";
        Autism = "AUT", "Autism or Asperger's";
        Other = "DDA", "Other disability under the Equality Act 2010";
    }
}

codes! {
    /// Sex as recorded; U for unborn or unknown (CIN census since 2024-25).
    Sex, rule "sex", ask "Use M, F or U", {
        Male = "M", "Male";
        Female = "F", "Female";
        Unknown = "U", "Unknown or unborn";
    }
}

codes! {
    /// What the sender asks for. A request is input, never the decision.
    Request, rule "request",
    ask "Use protection, assessment, disabled-children, early-help or advice", {
        Protection = "protection", "Protection of a child at risk of significant harm";
        Assessment = "assessment", "Assessment of a child in need";
        DisabledChildren = "disabled-children", "Services of the Disabled Children's Team";
        EarlyHelp = "early-help", "Early help for a family";
        Advice = "advice", "Advice";
    }
}

codes! {
    /// Primary need at referral (CIN census). Of several, the first in this list counts.
    PrimaryNeed, rule "primary-need", ask "Use N0 to N9, for example N1 for abuse or neglect", {
        AbuseOrNeglect = "N1", "Abuse or neglect";
        ChildsDisability = "N2", "Child's disability or illness";
        ParentalDisability = "N3", "Parental disability or illness";
        AcuteStress = "N4", "Family in acute stress";
        Dysfunction = "N5", "Family dysfunction";
        UnacceptableBehaviour = "N6", "Socially unacceptable behaviour";
        LowIncome = "N7", "Low income";
        AbsentParenting = "N8", "Absent parenting";
        NotInNeed = "N9", "Cases other than children in need";
        NotStated = "N0", "Not stated";
    }
}

codes! {
    /// Category of abuse (CIN census).
    AbuseCategory, rule "abuse-category", ask "Use NEG, PHY, SAB, EMO or MUL", {
        Neglect = "NEG", "Neglect";
        Physical = "PHY", "Physical abuse";
        Sexual = "SAB", "Sexual abuse";
        Emotional = "EMO", "Emotional abuse";
        Multiple = "MUL", "Multiple";
    }
}

codes! {
    /// Why a child has no unique pupil number (CIN census).
    UpnMissing, rule "upn-missing", ask "Use UN1 to UN7", {
        TooYoung = "UN1", "Under 6 and at no maintained nursery or school yet";
        NeverAtSchool = "UN2", "Never at a maintained school in England";
        OutsideEngland = "UN3", "Educated outside England";
        NewlyInNeed = "UN4", "Newly in need; not known yet";
        NoReliableMatch = "UN5", "Sources disagree about the child";
        NotAvailable = "UN6", "Not looked after, and none available";
        NoFurtherAction = "UN7", "Referral that ended without further action";
    }
}
