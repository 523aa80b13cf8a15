# A transfer from another local authority, to one referral.
#
# Who holds responsibility, and by when its acceptance is asked, has no place in a referral and is
# carried in notes: a person answers it. A current protection plan, or a child in care, is the sign
# plan-elsewhere, whatever the document asks for.

# ---- Parts of the document

# A member that should be an object; the entries of one that should list objects, or be one.
def part: objects // {};
def each_part: (arrays | .[] | objects), objects;

# The texts of a member that may be one text or a list of them.
def texts: (arrays | .[] | strings), strings;

# Several texts as one; null when there is none.
def joined($between):
  map(strings | select(. != "")) | if . == [] then null else join($between) end;

# Whether something is a text of this form.
def reads($form): (strings | test($form; "i")) // false;

def says_yes: . == true or reads("^(yes|y|true)[.!]?$");
def begins_with_yes: . == true or reads("^(yes|y|true)([^a-z0-9]|$)");
def says_no: . == false or reads("^(no|n|false)[.]?$");

# The two answers that every question allows.
def answer:
  if reads("^(not known|not_known|unknown|n/k)$") then because(.; "not-known")
  elif reads("^(declined|refused|would not say)$") then because(.; "refused")
  else . end;

# Whether someone agrees. Whoever would not say, or was not asked, has not answered; a note keeps
# the words.
def agrees:
  if reads("^(would not say|prefer not to say|declined to (say|answer)|not asked)$")
  then "not-known" else answer end;

# The day, and the time, of an instant; a date alone is a day.
def day: if reads("^[0-9]{4}-[0-9]{2}-[0-9]{2}T") then .[0:10] else answer end;
def time: if reads("^[0-9]{4}-[0-9]{2}-[0-9]{2}T") then .[11:] else null end;

# Whether summer time is kept in the night after a day: from the last Sunday of March until the last
# of October.
def in_summer:
  ((.[0:10] + "T00:00:00Z" | fromdate / 86400) + 700004) % 7 as $weekday
  | (.[8:10] | tonumber - $weekday) as $sunday
  | .[5:7] as $month
  | if $month == "03" then $sunday >= 25 elif $month == "10" then $sunday < 25
    else $month > "03" and $month < "10" end;

# A day of birth. In summer, midnight here is written as 23:00 of the day before in Greenwich; the
# first day of 1900 stands for none. What is no day of the calendar stays as it was stated.
def birthday:
  if reads("^(01/01/1900|1900-01-01)") then null
  elif reads("^[0-9]{4}-[0-9]{2}-[0-9]{2}T23:00:00([.]0+)?Z$") and (in_summer? // false)
  then because(.; .[0:10] + "T00:00:00Z" | fromdate + 86400 | todate | .[0:10])
  else day end;

# What may stand in the place of a date of birth or a sex, and of a name: that a child is not yet
# born. A name may be Edd or Due.
def is_due: reads("^\\s*(unborn|edd|due)([^a-z]|$)");
def is_unborn: reads("^\\s*unborn([^a-z]|$)");
def due: if is_due then sub("^[^0-9]+"; "") else . end | day;

def is_date: reads("^[0-9]{4}-[0-9]{2}-[0-9]{2}");

# A day with its year first, so that days can be compared.
def year_first:
  if is_date then .[0:10]
  elif reads("^[0-9]{2}/[0-9]{2}/[0-9]{4}$") then .[6:10] + "-" + .[3:5] + "-" + .[0:2]
  else null end;

# ---- Plans and orders

# Whether a plan or an order had ended when the document was sent. What is not plain has not.
def has_ended($sent):
  (.status | reads("^(ended|closed|ceased|discharged|expired)$"))
  or ((.endDate | is_date) and ($sent | is_date) and .endDate[0:10] <= $sent[0:10]);

# What may be said before a plan or an order: "Subject to a CP plan", "Section 31 care order".
def before:
  "^\\s*((currently|now|still|is|subject to|on|under|an?|the|(section|sec|s)[.]? ?[0-9]{1,2})"
  + "[\\s:,–-]+)*";

# Some names need a stop, bracket or line break behind them before more is said: "Child protection
# plan - neglect", "CP (emotional)". Others say enough by themselves, unless they have ended or are
# but asked for: "Child protection plan under neglect", "C2 full care order".
def names($what): reads("(?s)" + before + "(" + $what + ")\\s*([-–:;,.(/\n].*)?$");
def names_in_words($what):
  names($what)
  or (reads("(?s)" + before + "(" + $what + ")\\s.*$")
    and (reads(before + "(" + $what + ")\\s+(has |was |been |is |now )*(ended|closed|ceased"
      + "|discharged|expired|revoked|removed|no longer|refused|sought|appl)") | not));

def is_protection:
  names("child[ -]protection|cp")
  or names_in_words("child[ -]protection (plan|register)|cpp|cp plan");
def is_in_care:
  names("looked[ -]after|in care")
  or names_in_words("looked[ -]after child(ren)?|child(ren)? (looked after|in care)|cla|lac|cic");
def is_care_order:
  names("co")
  or names_in_words("((interim |full )?care|placement|freeing|emergency protection"
    + "|child assessment|secure accommodation|recovery) order"
    + "|police protection|(accommodated( under)? )?(section |s\\.? ?)20|ico|epo"
    + "|remand(ed)? to (local authority|youth detention) accommodation");

# The legal statuses of the looked-after return (SSDA903). Each is of a child who is looked after:
# care (C1, C2), freeing and placement (D1, E1), section 20 (V2), short breaks (V3, V4), police
# protection (L1), emergency protection (L2), child assessment (L3), remand (J1), detention by
# the police (J2), a sentence with residence (J3).
def is_legal_status_of_care: names_in_words("C[12]|D1|E1|V[2-4]|L[1-3]|J[1-3]");

# What says that a child has a plan, or is in care, elsewhere.
def plans($sent):
  (.plan | each_part | select(has_ended($sent) | not) | .type
   | select(is_protection or is_in_care)),
  (.plan | texts | select(is_protection or is_in_care)),
  (.courtOrders | each_part | select(has_ended($sent) | not) | .type | select(is_care_order)),
  (.courtOrders | texts | select(is_care_order)),
  (.legalStatus | texts, (each_part | select(has_ended($sent) | not) | .code, .description)
   | select(is_legal_status_of_care or is_care_order or is_in_care));

# ---- Signs

# Questions of which a yes is a sign that is never held back.
def asked:
  ( {said: .missingNow, as: "Missing now", code: "missing-now"},
    {said: .missingFromEducation, as: "Missing from education", code: "missing-education"},
    {said: .earlierChildRemoved, as: "Earlier child removed", code: "earlier-removal"},
    {said: .sexualExploitation, as: "Sexual exploitation", code: "sexual-exploitation"},
    {said: .criminalExploitation, as: "Criminal exploitation", code: "county-lines"} )
  | .said |= answer
  | select(.said != null and .said != "not-known"
           and (.said | says_no or reads("^(n/a|none|-+)$") | not));

# The sign's code at a yes. Any other answer is passed on as stated, so that a person reads it.
def sign:
  if .said | begins_with_yes then because(.said; .code)
  elif .said | type == "string" then .as + ": " + .said
  else .said end;

# What was said beside a yes, so that it is not lost.
def beside_a_yes:
  select(.said | begins_with_yes and (says_yes | not)) | {detail: (.as + ": " + .said)};

# Each once, told by everything that says it.
def indicators($sent):
  [(.children | each_part | plans($sent) | because(.; "plan-elsewhere")),
   (.children | each_part | asked | sign),
   (.indicators | texts)]
  | group_by(.) | map(because(.; .[0]));

# ---- People and places

def sex:
  if reads("^(m|male|1)$") then because(.; "M")
  elif reads("^(f|female|2)$") then because(.; "F")
  elif reads("^(u|unborn|indeterminate)$") then because(.; "U")
  else answer end;

# From whom an address is withheld. A yes names nobody; any other answer than a plain no withholds
# it as well.
def withheld_from:
  if . == null or . == [] or says_no then []
  else . as $said
    | [.. | strings | select(says_yes | not)]
    | if . == [] then [because($said; "not-known")] else . end
  end;

# An address, or the words that stand for it.
def address:
  if type == "string" then {lines: .}
  elif type != "object" then null
  else {
    lines: (([.lines | texts] | joined(", "))
            // ([.flat, .line1, .line2, .line3] | joined(", "))),
    town: .town,
    postcode: .postcode,
    uprn: .uprn,
    withheld_from: (.withheldFrom | withheld_from)
  } end;

# A school, a practice or a visitor.
def service:
  if type == "string" then {name: .}
  else part | {name: .name, code: (.code // .urn // .odsCode), telephone: .telephone} end;

def agreement:
  part | {informed: (.informed | answer), agreed: (.agreed | agrees), reason: .reason};

def safe_contact:
  part | {how: .how, when: .when, voicemail: (.voicemail | answer), telephone: .telephone};

def person:
  {
    name: .name,
    relationship: .relationship,
    date_of_birth: (.dateOfBirth | birthday),
    lives_with_child: (.livesWithChild | answer),
    parental_responsibility: (.parentalResponsibility | answer),
    alleged_to_have_harmed: (.allegedToHaveHarmed | answer),
    has_access_to_child: (.hasAccessToChild | answer),
    protective: (.protective | answer),
    telephone: .telephone,
    address: (.address | address),
    contact: (.safeContact | safe_contact),
    language: .language,
    interpreter: (.interpreter | answer),
    agreement: (.agreement | agreement)
  };

# Addresses of a child that have no place of their own, where they are withheld.
def hidden:
  (if .currentAddress | address then .placement | part | .address else empty end),
  (.previousAddresses | arrays | .[1:][])
  | address | objects | select(.withheld_from | . != null and . != [])
  | "Address withheld from " + (.withheld_from | join(", ") | sub("^not-known$"; "all")) + ": "
    + ([.lines, .town, .postcode, .uprn] | joined(", "));

# A worker in words: name, role and how to reach them.
def worker: if type == "string" then . else part | [.name, .role, .telephone] | joined(", ") end;

# A text or a number; nothing else.
def plain: if type == "string" or type == "number" then . else null end;

# The number of a child at the sending authority, told apart from numbers of ours by whose it is.
def foreign_id($authority):
  if (.laChildId | plain) != null and ($authority | plain) != null
  then ($authority | tostring) + "/" + (.laChildId | tostring)
  else .laChildId end;

# Whether a child is yet to be born. Whose day of birth is past is born, whatever the name.
def unborn($sent):
  if .unborn != null then .unborn | answer
  elif (.dateOfBirth | year_first) as $born | $born != null and $born <= ($sent | year_first)
  then null
  else first(((.dateOfBirth, .sex | select(is_due)), (.name, .givenName | select(is_unborn))
    | because(.; "yes")), null) end;

def child($authority; $allocated; $sent):
  ([.previousAddresses | each_part | address] | first) as $before
  | {
      given_name: (.givenName | answer),
      middle_names: .middleNames,
      family_name: (.familyName | answer),
      full_name: (.name | answer),
      known_as: .knownAs,
      description: .description,
      date_of_birth: (.dateOfBirth | if is_due then null else birthday end),
      unborn: unborn($sent),
      expected_date: (.expectedDate // (.dateOfBirth | if is_due then . else null end) | due),
      sex: (.sex | sex),
      nhs_number: (.nhsNumber | answer),
      upn: (.upn | answer),
      upn_missing: .upnUnknown,
      la_child_id: (.receivingAuthorityChildId // foreign_id($authority)),
      address: ((.currentAddress | address) // (.placement | part | .address | address)),
      previous_address: $before,
      location_now: .locationNow,
      school: (.school | service),
      gp: (.gp | service),
      health_visitor: (.healthVisitor | service),
      ethnicity: .ethnicity,
      religion: .religion,
      immigration_status: .immigrationStatus,
      language: .language,
      interpreter: (.interpreter | answer),
      disabilities: [.disabilities | texts],
      disability_detail: .disabilityDetail,
      own_words: .views,
      seen: (.seen | if type == "object" then .seen else . end | answer),
      seen_alone: (.seen | part | .alone | answer),
      seen_on: (.seen | part | .on | day),
      agreement: (.agreement | agreement),
      contact: (.safeContact | safe_contact),
      social_worker: ((.allocatedWorker | worker) // ($allocated | worker)),
      private_fostering: (.privateFostering | answer),
      mother_name: .motherName,
      father_name: .fatherName
    };

# ---- The referral

# A plan or an order in words, and all that a child has of them.
def in_words:
  [.type, .category, ((.startDate // .madeOn | strings | "from " + .) // null),
   ((.endDate | strings | "to " + .) // null)] | joined(", ");

def standing_in_words:
  (.givenName // .name) as $whose
  | (.plan | texts, (each_part | in_words)),
    (.legalStatus | texts, (each_part | [.code, .description] | joined(", "))),
    (.courtOrders | texts, (each_part | in_words))
  | strings
  | [$whose, .] | joined(": ");

# What is asked, in the words of the document's type.
def request:
  if reads("^(transfer-in-conference|child-protection-transfer)$") then because(.; "protection")
  elif reads("^child-in-need-transfer$") then because(.; "assessment")
  else null end;

# A document that was taken back, or was about another child.
def corrections:
  .statusReason as $why
  | .status
  | if reads("^(withdrawn|cancelled|entered-in-error)$")
    then [{kind: because(.; "cancelled"), detail: $why}]
    elif reads("^wrong-child$") then [{kind: because(.; "wrong-child"), detail: $why}]
    elif reads("^corrected$") then [{kind: because(.; "corrected"), detail: $why}]
    else [] end;

# Whoever sent it, else the worker to whom the child is allocated.
def referrer:
  (.sendingAuthority | part) as $authority
  | ((.sentBy // .allocatedWorker) | part) as $sender
  | {
      name: ($sender.name // (.sentBy | strings) // null),
      role: $sender.role,
      agency: ($authority.name // (.sendingAuthority | strings) // null),
      telephone: ($sender.telephone // $authority.telephone),
      email: ($sender.email // $authority.email)
    };

(objects // {})
| .sentAt as $sent
| (.sendingAuthority | part) as $sending
| ($sending.laCode // $sending.name // .sendingAuthority) as $authority
| .allocatedWorker as $allocated
| {
    referrer: referrer,
    children: [.children | each_part | child($authority; $allocated; $sent)]
      + [.children | texts | {description: .}],
    household: (.household | part | {
      address: (.address | address),
      telephone: .telephone,
      people: [.people | each_part | person]
    }),
    worry: ([(.reason | texts), (.summary | texts), (.risks | texts)] | joined("\n\n")),
    concerns: [(.factors | texts | {code: .}), (.children | each_part | asked | beside_a_yes)],
    indicators: indicators($sent),
    danger_now: (.immediateDanger | answer),
    primary_need: .primaryNeed,
    abuse_category: ([.children | each_part | .plan | each_part | select(has_ended($sent) | not)
                      | .category | strings] | first),
    domains: {
      development: .childDevelopment,
      parenting: .parentingCapacity,
      family_and_environment: .familyAndEnvironment,
      going_well: .strengths,
      what_must_change: .whatMustChange
    },
    agreement: (.agreement | agreement),
    do_not_alert: (.doNotAlertFamily | answer),
    request: (.messageType | request),
    level_claimed: .levelOfNeed,
    earlier_help: {
      assessment: (.assessmentDone | answer),
      previous_referrals: .previousReferrals,
      review_date: ([.children | each_part | .plan | each_part | .nextReviewDate | strings] | first
                    | day),
      detail: ([.children | each_part | standing_in_words] | joined("; "))
    },
    worker_safety: (.workerSafety | {
      violence: (part | .violence | answer),
      dogs: (part | .dogs | answer),
      weapons: (part | .weapons | answer),
      detail: ([texts, (part | .detail | texts)] | joined("; "))
    }),
    keep_confidential: ([.children | each_part | hidden] as $hidden
      | if $hidden == [] then .keepConfidential
        else [(.keepConfidential | texts), $hidden[]] | joined("\n") end),
    form_date: ($sent | day),
    form_time: ($sent | time),
    telephone_first: (.telephonedFirst | answer),
    telephone_date: (.telephonedAt | day),
    telephone_time: (.telephonedAt | time),
    source_message_id: .transferId,
    corrections: corrections
  }
