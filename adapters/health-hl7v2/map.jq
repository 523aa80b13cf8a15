# HL7 v2 referral -> canonical referral. REF^I12 is a new referral, I13 changes it, I14 cancels it.
#
# Beyond the standard:
# - Several children are several PIDs. What follows a PID, up to the next, is about its child.
# - A PID whose date of birth shows 18 years or more is an adult of the household. Their children
#   are the NK1 shown to be under 18; where no child is named, the unknown one in their home.
# - A second repetition of PRD-1 says what the referring provider is: in coding system 99CIN the
#   code is the CIN census source of referral, as in RP^^HL70286~3B^Health visitor^99CIN.
# - RF1-4 may name what is asked for: protection, assessment, disabled-children, early-help, advice.
# - NK1-7 in coding system 99FD, repeated: AP alleged to have harmed, AC has access to the child,
#   HH lives with the child, PR has parental responsibility, PA protective adult.
# - OBX-3 in coding system 99FD says what no segment of HL7 has a field for: see `known`.

# Whether a time stamp begins with a whole date.
def dated:
  type == "string" and test("^(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])");

# When the message was sent; where that is no date, when the referral was made.
(first(("MSH", "RF1") as $name
    | .segments? | arrays | .[] | objects | select(.segment == $name)
    | .["7"] | arrays | .[] | objects | .["1"] | select(dated)) // "") as $sent

# ---- Fields, components and texts. What is not there is null, or no output of `field`.

# The repetitions of a field.
| def field(number): objects | .[number] | arrays | .[] | objects;

# What is stated in these members: for `because`, which then names their places.
def stated(numbers): [.[numbers] | .. | strings];

# The text of a component, or of its first part.
def part(number):
  .[number] | if type == "object" then .["1"] else . end
  | if type == "string" then . else null end;

# The text of a component in the first repetition that has it.
def text(number; component): first((field(number) | part(component) | strings), null);

# Texts in one, with something between them; null for none.
def together(between): map(strings) | if . == [] then null else join(between) end;

# Free text, put together again where an unescaped & or ^ divided it.
def prose:
  [.[] | if type == "object" then ([.[]] | together("&")) else . end] | together("^");

# What a coded value says: its text, or else its code.
def coded: because(stated("1", "2", "3"); part("2") // part("1"));

# What the first repetition of a coded field says.
def said(number): first((field(number) | coded | strings), null);

# Y and N of table 0136, in canonical words.
def yes_no:
  if type != "string" then .
  elif test("^(y|yes|true|1)$"; "i") then because(.; "yes")
  elif test("^(n|no|false|0)$"; "i") then because(.; "no")
  elif test("^(u|unk|unknown)$"; "i") then because(.; "not-known")
  else . end;

# The date of a time stamp; what is no whole date stays as it was stated.
def date: if dated then .[0:4] + "-" + .[4:6] + "-" + .[6:8] else . end;

# The hour and minute of a time stamp, where it has them.
def time:
  if dated and test("^[0-9]{8}([01][0-9]|2[0-3])[0-5][0-9]")
  then .[8:10] + ":" + .[10:12] + (capture("(?<zone>[+-][0-9]{4})$") // {zone: ""} | .zone)
  else null end;

# Whether a time stamp tells a day before that of the message; both are eight digits and more.
def before: dated and ($sent | dated) and .[0:8] < $sent[0:8];

# How old someone is at the day of the message; both times are eight digits that begin with the
# year, so 180000 are 18 years. Null where it cannot be told.
def age:
  if dated and ($sent | dated) then ($sent[0:8] | tonumber) - (.[0:8] | tonumber) else null end;

# The date of birth in a field. The first day of 1900, and what makes someone 110 years old or more,
# is what a system writes that knows none: it is left to the notes.
def birth(number):
  text(number; "1")
  | if type == "string" and (test("^1900-?01-?01") or (age | . != null and . >= 1100000))
    then null else . end;

# Whether what has a range of validity, or an end, in these components has ended.
def over(range; end):
  (.[range] | objects | .["2"]), part(end) | strings | before;

# ---- Names, addresses, telephones

# The family name, with a prefix that is stated apart (van).
def family:
  .["1"] as $name
  | if ($name | type) != "object" then part("1")
    elif ($name | part("1")) == null then $name | [part("2"), part("3")] | together(" ")
    elif ($name | part("2")) == null then $name | part("1")
    elif $name["1"] | lower | startswith($name["2"] | lower)
    then because($name["2"]; $name["1"])
    else $name["2"] + " " + $name["1"] end;

# A name as it is said: Dr Asma Khan.
def name: [part("5"), part("2"), part("3"), family] | together(" ");

# A telephone number, whole or in parts; null for what is an e-mail address or a fax.
def telephone:
  because(stated("2", "3");
    select(part("3") | . == null or (test("^(FX|MD)$") | not))
    | (part("1") // ([part("5"), part("6"), part("7")] | together(" ")) // part("12"))
    | strings | select(contains("@") | not)) // null;

def email: part("4") // (part("1") | strings | select(contains("@"))) // null;

def first_telephone(number): first((field(number) | telephone | strings), null);
def first_email(number): first((field(number) | email | strings), null);

# An address. ZZ99 3WZ is the postcode that the NHS writes where none is known.
def address:
  stated("7") as $kind
  | {
    lines: ([part("1"), part("2")] | together(", ")),
    town: part("3"),
    postcode: (part("5")
      | if type == "string" and test("^ZZ99 ?3WZ$"; "i") then because(.; "not-known") else . end)
  }
  | map_values(because($kind; .));

# Whether an address is a former one.
def former: any(over("12"; "14"); .) or (part("7") | . != null and test("^(OLD|PREV.*)$"; "i"));

# Of several addresses that of the home: neither a former or bad one (BA) nor an office or a birth
# place, nor one for letters or bills or where the child stays for now (C, TM) if there is another.
def home(number):
  [field(number) | select(former | not)
    | select(part("7") | . == null or (test("^(BA|B|BDL|BR|N|O|F)$") | not))]
  | first((.[] | select(part("7") | . == null or (test("^(C|TM|TMP|M|BI|V)$") | not))), .[], null)
  | if . == null then {} else address end;

# Where a child stays for now, if that is another place than the home.
def stay:
  home("11") as $home
  | first((field("11") | select(former | not)
      | select(part("7") | . != null and test("^(C|TM|TMP)$"))
      | address | select(. != $home)
      | [.lines, .town, .postcode] | together(", ") | strings), null);

# ---- The message in groups: what stands before the first PID, then one for each PID.

def groups:
  reduce (.segments | arrays | .[] | objects) as $segment ([[]];
    if $segment.segment == "PID" then . + [[$segment]]
    else .[:-1] + [.[-1] + [$segment]] end);

# The segments of one name.
def all(name): .[] | select(.segment == name);

# A field of the first such segment that has it.
def one(name; number; component): first((all(name) | text(number; component) | strings), null);

# ---- Observations

# The observations of 99FD.
def known:
  test("^(DANGER|WORDS|SEEN|SEENALONE|SEENON|UNBORN|INTERPRETER|LOCATION|SCHOOL|SAFECONTACT"
    + "|SOCIALWORKER|PRIVATEFOSTERING|WITHHELDFROM|INFORMED|AGREED|REASON|NOALERT|CONFIDENTIAL"
    + "|LEVEL|INDICATOR|CONCERN|HARM|BODYMAP|SAFETY|DOGS|WEAPONS|VIOLENCE|PREVIOUS|GOINGWELL"
    + "|TELEPHONED|LEADCONSULTED)$");

# Whether words say that there is nothing.
def denies: test("^\\s*(n|no|none|nil|n/a|(no|nil) (concerns?|evidence|signs?))[\\s.]*$"; "i");

# Whether a value only says that there is nothing; a code N with other words beside it says more.
def nothing: part("2") // part("1") | strings // "" | denies;

# Whether an observation is one of ours.
def ours: text("3"; "3") == "99FD" and (text("3"; "1") | . != null and known);

# Whether an observation counts: it is not deleted, wrong or not to be had (D, W, X). One that was
# not asked (N) counts if it has a value all the same; and so does always what says danger.
def stands:
  (text("11"; "1") // "") as $status
  | if $status | test("^[DWXN]$") | not then true
    else [field("5") | select(nothing | not) | part("1", "2") | strings] as $values
      | ($status == "N" and $values != [])
        or (ours and text("3"; "1") == "DANGER" and any($values[]; yes_no == "yes")) end;

# The values of an observation, as read by `reading`, because of what is observed.
def values(reading):
  stated("3", "11") as $what
  | field("5") | reading
  | if type == "object" then map_values(because($what; .)) else because($what; .) end;

# All values of one of our observations.
def observed(code; reading):
  all("OBX") | select(text("3"; "1") == code and text("3"; "3") == "99FD" and stands)
  | values(reading);

# What is said of it in words.
def words(code): [observed(code; prose)] | together("\n");

# Whether a text begins with the opposite of a yes or no.
def contradicts($answer):
  if $answer == "yes" then test("^\\s*(n|no|not|never|none|refus[a-z]*|declin[a-z]*)\\b"; "i")
  elif $answer == "no" then test("^\\s*(y|yes)\\b"; "i")
  else false end;

# A yes or no; a text beside it that says more is left to the notes. One that says the opposite is
# passed on with it, for a person to read, unless the code says the worst.
def answered($worst):
  if (part("1") | yes_no) as $answer
    | $answer != $worst and (part("2") // "" | contradicts($answer))
  then because(stated("3"); [part("1", "2")] | together(": "))
  elif part("2") | . == null or (yes_no | test("^(yes|no|not-known)$"))
  then because(stated("2", "3"); part("1")) else part("1") end
  | yes_no;

# The answer to one of our questions. Where several children have several, `worst` holds.
def answer(code; worst):
  [observed(code; answered(worst)) | strings]
  | first((.[] | select(. == worst)), (.[] | select(test("^(yes|no)$") | not)), .[], null);
def answer(code): first((observed(code; answered(null)) | strings), null);

# The first value as a code or a date.
def choice(code): first((observed(code; coded) | strings), null);

# The estimated date of delivery (LOINC 11778-8).
def expected:
  first((all("OBX") | select(stands and text("3"; "1") == "11778-8")
    | values(part("1")) | strings), null);

# An observation that is not ours, as a line: what was observed, the value, the unit.
def finding:
  said("3") as $what | said("6") as $unit
  | (text("2"; "1") | . != null and test("^(CE|CWE|CNE)$")) as $is_coded
  | [values(if $is_coded then coded else prose end)] | together("; ")
  | if . == null then empty
    else [$what, ([., $unit] | together(" "))] | together(": ") | strings end;

# Whether an observation holds a document rather than words.
def enclosed: text("2"; "1") | . != null and test("^(ED|RP)$");

def measured: text("2"; "1") | . != null and test("^(NM|SN)$");

# ---- What was seen, heard and said

# A note, after what kind of note it is.
def note:
  said("4") as $kind
  | [field("3") | prose] | together("\n")
  | if . == null then empty else [$kind, .] | together(": ") | strings end;

# The worry about one child, line by line.
def worries:
  .[]
  | if .segment == "NTE" then note
    elif .segment == "OBX" and stands and enclosed
    then said("3") // "without a title" | "Enclosed document: " + .
    elif .segment == "OBX" and stands and (ours or measured | not)
      and text("3"; "1") != "11778-8" then finding
    else empty end;

# A coded value with its code behind its words: Faltering growth (R62.8).
def with_code:
  part("1") as $code
  | if $code == null or part("2") == null then coded else coded + " (" + $code + ")" end;

# Why a child is referred: words, or a code with its words.
def reason:
  if part("1") | . != null and test("\\s") then prose else with_code end;

# Diagnoses, allergies and measurements, line by line.
def health:
  .[]
  | if .segment == "DG1" then
      [(field("3") | with_code), text("4"; "1")] | together(", ") | strings | "Diagnosis: " + .
    elif .segment == "AL1" then
      (said("2") // "Allergy") as $kind
      | [said("3"), said("4"), text("5"; "1")] | together(", ") | strings | $kind + ": " + .
    elif .segment == "OBX" and stands and measured and (ours | not) then finding
    else empty end;

# The lines of all groups; where there are several children each line names its child.
def lines(line):
  (.[1:] | length > 1) as $several
  | .[]
  | ([all("PID")] | .[0] // {} | first(field("5") | name | strings) // "") as $child
  | line
  | if $several and $child != "" then $child + ": " + . else . end;

# ---- Concerns that are diagnosed or ticked

# The CIN factor that a diagnosis of maltreatment (ICD-10 T74) is; by whom it does not say.
def maltreatment:
  if test("^T74\\.?0") then because(.; "16A")
  elif test("^T74\\.?1") then because(.; "18A")
  elif test("^T74\\.?2") then because(.; "19A")
  elif test("^T74\\.?3") then because(.; "17A")
  else empty end;

def concerns:
  [observed("CONCERN"; select(nothing | not) | stated("3") as $system
      | {code: because($system; part("1") | select(. != null and (denies | not)) // null),
          detail: part("2")}),
   (all("DG1") | text("3"; "1") | strings | {code: maltreatment}),
   # What is said of a sign in words.
   observed("INDICATOR"; select(nothing | not) | stated("1", "3") as $code
      | {detail: because($code; select(part("1") != null) | part("2"))})];

# ---- People

# Whether NK1-7 says this of someone.
def role(code):
  first((field("7") | select(part("3") == "99FD" and part("1") == code) | because(.; "yes")), null);

# A relationship in words; those of table 0063 that a household has, where only the code is sent.
def relationship:
  {CHD: "Child", SCH: "Stepchild", FCH: "Foster child", GCH: "Grandchild",
    MTH: "Mother", FTH: "Father", PAR: "Parent", GRD: "Guardian", GRP: "Grandparent",
    SIB: "Sibling", BRO: "Brother", SIS: "Sister", CGV: "Care giver", EXF: "Extended family",
    SPO: "Spouse", DOM: "Life partner", FND: "Friend", OAD: "Other adult", UNK: "not-known"}
    as $known
  | coded as $said
  | if part("2") == null and $known[$said // ""] then because($said; $known[$said])
    else $said end;

# Who must not learn the address of a relative whose record is protected (NK1-23).
def protected_from:
  [text("23"; "1") | yes_no | strings | select(. == "yes")
    | because(.; "Everyone: the record is protected")];

def relative:
  {
    name: (first((field("2") | name | strings), null) // text("13"; "1")),
    relationship: ([
        first((field("3") | relationship | strings), null),
        (text("9"; "1") | strings | "(until " + date + ")")
      ] | together(" ")),
    date_of_birth: (birth("16") | date),
    lives_with_child: role("HH"),
    parental_responsibility: role("PR"),
    alleged_to_have_harmed: role("AP"),
    has_access_to_child: role("AC"),
    protective: role("PA"),
    telephone: (first_telephone("5") // first_telephone("6")),
    address: (protected_from as $from | home("4") + {withheld_from: $from}),
    language: said("20")
  };

# Each person once, however many children name them; the one who stays tells all places.
def each_once:
  reduce .[] as $person ([];
    if any(.[]; . == $person)
    then map(if . == $person then .name = because($person; .name) else . end)
    else . + [$person] end);

# What access is restricted to (ARV), unless that is taken back.
def restrictions:
  all("ARV") | select(text("2"; "1") | . == null or (test("^D") | not))
  | text("2"; "1") as $action | said("3") // "not said to what" | because($action; .);

# Lines for those whose record is protected (PD1-12, NK1-23).
def protected:
  (all("PD1") | text("12"; "1") | yes_no | strings | select(. == "yes")
    | because(.; "The child's record is protected: access to it is restricted")),
  (all("NK1") | . as $person | text("23"; "1") | yes_no | strings | select(. == "yes")
    | because(.; ($person | relative.name // "A relative") + ": this record is protected")),
  (restrictions | "Access is restricted: " + .);

# ---- Children

# Names that an NHS number's authority or type goes by; the last is its OID.
def is_nhs:
  test("^(NHS|NH|NHS ?(NO|NUMBER|NBR|NMBR).*)$"; "i") or . == "2.16.840.1.113883.2.1.4.1";

# NHS numbers among the identifiers of a field.
def nhs_numbers(number):
  field(number)
  # The NHS also assigns numbers of records and visits (MR, VN, …).
  | select(part("5") | . == null or is_nhs or (test("^(MR|MRN|PI|PT|VN|AN|U|UPN)$"; "i") | not))
  | select([.["4"], .["5"]] | any(.. | strings; is_nhs))
  | because(stated("4", "5"); part("1")) | strings;

# The NHS number: PID-3, as older messages have it PID-2, or ten digits in PID-19.
def nhs_number:
  first(nhs_numbers("3"), nhs_numbers("2"),
    (text("19"; "1") | strings | select(test("^[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}$"))), null);

# M and F, or the codes of the NHS: 1 male, 2 female, 0 and 9 not known.
def sex:
  if type != "string" then .
  elif test("^(m|1)$"; "i") then because(.; "M")
  elif test("^(f|2)$"; "i") then because(.; "F")
  elif test("^(u|0|9)$"; "i") then because(.; "U")
  else . end;

# The NHS's ethnic category as code of the CIN census; another code in its own words.
def ethnicity:
  . as $all | {A: "WBRI", B: "WIRI", C: "WOTH", D: "MWBC", E: "MWBA", F: "MWAS", G: "MOTH",
    H: "AIND", J: "APKN", K: "ABAN", L: "AOTH", M: "BCRB", N: "BAFR", P: "BOTH", R: "CHNE",
    S: "OOTH", "99": "not-known"} as $census
  | (part("1") // "") as $code
  | if $census[$code] then because($all; $census[$code]) else coded end;

# A tag (ur) where the code is one, else the language's name.
def language:
  part("1") as $code
  | if $code != null and ($code | test("^[a-z]{2,3}(-[a-z]+)?$"; "i"))
    then because(.; $code | lower) else coded end;

# The practice that a child is registered with, or else the provider of primary care.
def practice($header):
  first((all("PD1") | {
    name: (text("3"; "1")
      // first((field("4") | [part("6"), part("3"), part("2")] | together(" ") | strings), null)),
    code: (text("3"; "3") // text("3"; "10"))
  } | select(.name != null or .code != null)),
  ($header | all("PRD") | select(text("1"; "1") == "PP") | stated("1") as $role
    | {name: first((field("2") | because($role; name) | strings), null)}),
  null);

# The ward of a child who is in hospital now.
def ward:
  first((all("PV1")
    | select((text("2"; "1") // "I" | test("^[IE]$")) and text("45"; "1") == null)
    | text("2"; "1") as $class | field("3")
    | [part("1"), part("2"), part("3"), part("4")] | together(", ") | strings
    | because($class; .)), null);

# What is observed of a child, born or not.
def observations($header):
  {
    own_words: ([observed("WORDS"; prose)] | together("\n")),
    seen: answer("SEEN"),
    seen_alone: answer("SEENALONE"),
    seen_on: (choice("SEENON") | date),
    interpreter: answer("INTERPRETER"),
    location_now: (words("LOCATION") // ward // (first(all("PID")) | stay)),
    school: {name: first((observed("SCHOOL"; part("2") // part("1")) | strings), null),
      code: first((observed("SCHOOL"; select(part("2") != null) | part("1")) | strings), null)},
    contact: {how: words("SAFECONTACT")},
    social_worker: words("SOCIALWORKER"),
    private_fostering: answer("PRIVATEFOSTERING"),
    gp: practice($header)
  };

# Who must not learn of the address: those named, or everyone where the record is protected.
def withheld_from:
  [observed("WITHHELDFROM"; prose)] as $named
  | if $named != [] then $named
    else [
        (all("PD1") | text("12"; "1") | yes_no | strings | select(. == "yes")
          | because(.; "Everyone: the record is protected")),
        (restrictions | because(.; "Everyone: access is restricted"))
      ] end;

# The home of the PID.
def home_of($pid): ($pid | home("11")) + {withheld_from: withheld_from};

# That the child has died (PID-29, PID-30).
def died:
  (text("30"; "1") | yes_no) as $said
  | text("29"; "1") as $when
  | if $said == "no" or ($said == null and $when == null) then empty
    else because([$said, $when];
      if $when == null then "Has died" else "Has died: " + ($when | date) end) end;

# A day as a number in which a month counts 100.
def day_number: (.[0:4] | tonumber) * 1200 + (.[4:6] | tonumber) * 100 + (.[6:8] | tonumber);

# A date of birth from a month to a year after the message: when a birth is expected. One that is
# nearer may be of a child born meanwhile, and stays as stated.
def due:
  text("7"; "1")
  | if dated and ($sent | dated)
      and (day_number - ($sent | day_number) | . > 100 and . <= 1200)
    then . else null end;

# The child whom the PID names.
def born($header):
  . as $group | first(all("PID")) as $pid
  | ($pid | [field("5") | select(any(over("10"; "13"); .) | not)
        | select(part("7") | . == null or (test("^[NAMB]$") | not))]
      | first((.[] | select(part("7") == "L")), .[], null)) as $official
  | ($official // ($pid | [field("5")] | .[0]) // {}) as $name
  | ($pid | due) as $due
  | observations($header) + {
    given_name: ($name | because(stated("7"); part("2"))),
    middle_names: ($name | part("3")),
    family_name: ($name | family),
    known_as: (if $official == null then null else first(
      ($pid | field("5") | select(part("7") | . != null and test("^[NA]$"))
        | because(stated("7"); part("2") // family) | strings), null) end),
    description: ([
        ($pid | text("31"; "1") | yes_no | strings | select(. == "yes")
          | because(.; "Identity not known")),
        ($pid | died)
      ] | together("; ")),
    date_of_birth: (if $due == null then $pid | birth("7") | date else null end),
    unborn: ($due | if . == null then . else because(.; "yes") end),
    expected_date: ($due | date),
    sex: ($pid | text("8"; "1") | sex),
    nhs_number: ($pid | nhs_number),
    upn: first(($pid | field("3") | select(part("5") == "UPN") | because(stated("5"); part("1"))
      | strings), null),
    address: home_of($pid),
    previous_address: (withheld_from as $from
      | first(($pid | field("11") | select(former) | address + {withheld_from: $from}), null)),
    ethnicity: first(($pid | field("22", "10") | ethnicity | strings), null),
    religion: ($pid | said("17")),
    language: first(($pid | field("15") | language | strings), null)
  };

# What says that a child is to be born: the estimated date of delivery, or a ticked yes, or both.
def pregnancy:
  (answer("UNBORN") | if . == "yes" then . else null end) as $ticked
  | expected | if . == null then $ticked else because($ticked; .) end;

# The unborn child of the PID's mother.
def unborn_of_pid:
  first(all("PID")) as $pid | first(($pid | field("5") | name | strings), null) as $mother
  | {
    unborn: because(pregnancy; "yes"),
    expected_date: (expected | date),
    description: (if $mother then "Unborn child of " + $mother else null end),
    mother_name: $mother,
    address: home_of($pid)
  };

# Whether someone is shown to be 18.
def is_grown: age | . != null and . >= 180000;

# Whom the PID names: a `child`, or an `adult`. Where a child is to be born: a `child` with a due
# date of its own past, the `unborn`, its `mother`, or `both` where the mother is a child herself or
# her age cannot be told. Without a date of birth, and if the PID is not ticked as unborn, a woman
# with a name of her own is the mother.
def named:
  first(all("PID")) as $pid
  | ($pid | birth("7")) as $birth
  | ($birth | age) as $age
  | if pregnancy == null then (if $birth | is_grown then "adult" else "child" end)
    elif $birth == null then
      if answer("UNBORN") != "yes" and ($pid | text("8"; "1") | sex) == "F"
        and any($pid | field("5"); true)
        and (any($pid | field("5") | name | strings; test("unborn|baby|infant|f(o)?etus|twin"; "i"))
          or any(all("NK1") | text("3"; "1"); . == "MTH") | not)
      then "both" else "unborn" end
    elif $age == null then "both"
    elif $age < 100000 then "child" elif $age < 180000 then "both" else "mother" end;

# Whether a relative is a child of the patient, and shown to be under 18.
def is_offspring:
  any(field("3") | part("1", "2") | strings;
    test("^(CHD|NCH|SCH|FCH|((step|foster) ?)?(child|son|daughter))$"; "i"))
  and (birth("16") | age | . != null and . < 180000);

# The child of an adult whom the PID names; whoever must not learn of the adult's address must not
# learn of the child's.
def child_of($parent; $from):
  {
    full_name: first((field("2") | name | strings), null),
    description: ([first((field("3") | relationship | strings), null), $parent]
      | together(" of ")),
    date_of_birth: (birth("16") | date),
    sex: (text("15"; "1") | sex),
    address: (protected_from as $own | home("4") + {withheld_from: ($from + ($own - $from))})
  };

def name_of_pid: first((first(all("PID")) | field("5") | name | strings), null);

# The children of one PID and what follows it.
def children($header):
  named as $named
  | if $named == "child" then born($header)
    elif $named == "adult" then name_of_pid as $parent | withheld_from as $from
      | all("NK1") | select(is_offspring) | child_of($parent; $from)
    elif $named == "unborn"
    then born($header)
      + {unborn: because(pregnancy; "yes"), expected_date: (expected | date)}
    elif $named == "mother" then observations($header) + unborn_of_pid
    else born($header), unborn_of_pid end;

# Where no child is named at all: the one in the care or home of the first adult.
def unknown_child($header):
  name_of_pid as $who
  | observations($header) + {
    description: (if $who then "Unknown child in the care or home of " + $who else null end),
    address: (first(all("PID")) as $pid | home_of($pid))
  };

# The mother, or another adult, whom the PID names.
def adults:
  named as $named
  | select($named == "mother" or $named == "adult")
  | pregnancy as $pregnancy
  | {contact: {how: words("SAFECONTACT")}, interpreter: answer("INTERPRETER")} as $observed
  | first(all("PID"))
  | {
    name: first((field("5") | name | strings), null),
    relationship: ([(if $named == "mother" then because($pregnancy; "Mother") else null end),
      (died | "(" + . + ")")] | together(" ")),
    date_of_birth: (birth("7") | date),
    language: first((field("15") | language | strings), null)
  } + $observed;

# The people around the PID who are no children of the referral; of an adult's it is said whose.
# The address of who lives with the PID, or at one of its addresses, is withheld as the PID's is.
def relatives:
  named as $named | name_of_pid as $who
  | withheld_from as $from | [all("PID") | field("11") | address] as $places
  | all("NK1") | select(($named == "adult" and is_offspring) | not)
  | select(any(field("3") | part("1"); . == "SEL") | not)
  | home("4") as $home
  | relative
  | if $home != {} and (.lives_with_child == "yes" or any($places[]; . == $home))
    then .address.withheld_from |= . + ($from - .) else . end
  | if $named == "adult" then .relationship |= ([., $who] | together(" of ")) else . end;

# ---- Who refers, and what is asked for

# The referring provider (RP; in some countries AP, the author).
def referring:
  def is_one: part("1") | . != null and test("^(RP|AP)$");
  first((all("PRD") | select(any(field("1"); is_one)) | select(any(field("2") | name; . != null))),
    (all("PRD") | select(any(field("1"); is_one))),
    (all("PRD") | select(text("1"; "1") == null)), {});

# The agency: the provider's own, or else the facility that sends.
def agency($provider):
  ($provider | text("10"; "1") // text("4"; "4"))
  // first((all("MSH") | field("4") | coded | strings), null);

# Where no provider is named, the agency itself is who refers.
def referrer:
  referring as $provider
  | first(($provider | field("1") | select(part("3") == "99CIN")), {}) as $profession
  | first(($provider | field("1") | select(part("3") != "99CIN")), {}) as $role
  | agency($provider) as $agency
  | first(($provider | field("2") | because($role | stated("1", "2", "3"); name) | strings), null)
    as $name
  | {
    name: ($name // if $profession == {} then $agency else null end),
    role: ($profession | part("2")),
    source: ($profession | because(stated("3"); part("1"))),
    agency: $agency,
    telephone: ($provider | first_telephone("5")),
    email: ($provider | first_email("5"))
  };

def request:
  first((all("RF1") | field("4")
    | select(part("1") | . != null
      and test("^(protection|assessment|disabled-children|early-help|advice)$"))
    | because(stated("2", "3"); part("1"))), null);

# The sender's own number of the referral (RF1-6), or else of the message.
def message_id:
  first((all("RF1") | field("6") | because(stated("2"); part("1") // part("3")) | strings), null)
  // one("MSH"; "10"; "1");

# The event of MSH-9, also where it is written in one with the type, as in REF_I14.
def event:
  first((all("MSH") | (text("9"; "2") // text("9"; "1")) | strings | upper
    | capture("(?<event>I1[2-5])$") | .event), null);

# I13 corrects and I14 cancels; the notes before the first PID say why.
def corrections($header):
  [event | . as $event
    | {I13: "corrected", I14: "cancelled"}[. // ""] as $kind
    | select($kind)
    | {kind: because($event; $kind), detail: ([$header | all("NTE") | note] | together("\n"))}];

# A correction without a word of the worry says so itself, for it is about an earlier referral.
def corrected($header):
  first((corrections($header) | .[0] | objects
    | if .kind == "cancelled" then because(.kind; "The sender cancels this referral")
      else because(.kind; "The sender changes this referral") end), null);

# One telephone number for the household: the first, and all that are the same.
def household_telephone:
  [(all("PID") | first_telephone("13"), first_telephone("14")) | strings]
  | .[0] as $first
  | because(map(select(. == $first)); $first);

# Whether MSH-9 names another kind of message, or an answer to a referral (RRI). What is misspelt,
# or not named, is read where it holds an RF1: better an odd referral than none.
# `input.schema.json` tells what to send.
def is_another:
  event as $event
  | any(all("RF1"); true) as $refers
  | any(all("MSH") | text("9"; "1") | strings | upper | select(. != "REF");
    . == "RRI"
    or ($event == null and test("^[A-Z]{3}$")
      and (($refers | not) or test("^(ACK|ADT|BAR|CSU|DFT|MDM|MFN|OMG|OML|ORM|ORR|ORU"
        + "|PMU|PPR|QBP|QRY|RDE|RDS|RPA|RPI|RPL|RPR|RQA|RQC|RQI|RQP|RSP|SIU|SRM|SRR|VXU)$"))));

# Whether it says that a child is in danger, or has a sign: that is read, whatever it is called.
def is_urgent:
  (answer("DANGER"; "yes") // "no" | test("^(no|not-known)$") | not)
  or any(observed("INDICATOR"; select(nothing | not) | part("1", "2") | strings); true);

# ---- The referral

groups as $groups
| (.segments | arrays | map(objects)) as $segments
| select($segments | (is_another | not) or is_urgent)
| $groups[0] as $header
| $segments
| (one("RF1"; "7"; "1") // one("MSH"; "7"; "1")) as $written
| {
  referrer: referrer,
  # A PID in which nothing is said is nobody.
  children: ([$groups[1:][] | children($header) | select([.. | strings] != [])]
    | if . == [] then [first($groups[1:][]) | unknown_child($header)] else . end),
  household: {
    address: first(($groups[1:][] | select(named == "adult")
      | first(all("PID")) as $pid | home_of($pid)), null),
    telephone: household_telephone,
    people: ([$groups[1:][] | adults, relatives] | each_once)
  },
  worry: (([(all("RF1") | field("10") | reason), ($groups | lines(worries))] | together("\n"))
    // corrected($header)),
  domains: {
    development: ([$groups | lines(health)] | together("\n")),
    going_well: words("GOINGWELL")
  },
  concerns: concerns,
  indicators: [
    observed("INDICATOR"; select(nothing | not)
      | because(stated("2", "3"); first((part("1", "2") | strings | select(denies | not)), null))),
    ($groups[1:] | select(length > 1) | .[] | select(named == "child") | all("PID") | died
      | because(.; "child-death-siblings"))
  ],
  danger_now: (answer("DANGER"; "yes")
    | if . == "not-known" then because(.; "unknown") else . end),
  harm: [observed("HARM"; {what: prose}), observed("BODYMAP"; {body_map: prose})],
  agreement: {
    informed: answer("INFORMED"; "no"), agreed: answer("AGREED"; "no"), reason: words("REASON")
  },
  do_not_alert: answer("NOALERT"; "yes"),
  request: request,
  level_claimed: (words("LEVEL") // first((all("RF1") | said("2") | strings), null)),
  earlier_help: {previous_referrals: words("PREVIOUS")},
  worker_safety: {
    violence: answer("VIOLENCE"; "yes"), dogs: answer("DOGS"; "yes"),
    weapons: answer("WEAPONS"; "yes"),
    detail: words("SAFETY")
  },
  keep_confidential: ([observed("CONFIDENTIAL"; prose), protected] | together("\n")),
  form_date: ($written | date),
  form_time: ($written | time),
  telephone_first: answer("TELEPHONED"),
  safeguarding_lead_consulted: answer("LEADCONSULTED"),
  source_message_id: message_id,
  corrections: corrections($header)
}
