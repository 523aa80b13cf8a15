# FHIR R4 referral -> canonical referral: a message in the envelope of the NHS Booking and Referral
# Standard (BaRS), with resources of UK Core.
#
# Who is a child of the referral:
# - the subject of the ServiceRequest first (of several requests, that of MessageHeader.focus; of a
#   Group, its members), then every other Patient of the message;
# - but not a Patient whose birthDate shows 18 years or more, and not one whose birthDate is not
#   given and whom a RelatedPerson names as a parent or carer (Patient.link): they are household;
# - a Patient who expects a child (an estimated date of delivery, or the flag for an unborn child)
#   has the unborn child in the referral; if she is not shown to be 18 she is a child of it herself;
# - where the subject is an adult, a RelatedPerson who is a son or daughter and whose birthDate, or
#   estimated age, shows less than 18 years is a child of it; where no child is named at all, the
#   unknown child in that adult's home is.
# Who stands in the message as Patient and as RelatedPerson is told once.
#
# BaRS has no case for safeguarding of its own. What it has no place for may be said so:
# - a coding of system urn:frontdoor:code:indicator, …:concern, …:request or …:level, with the
#   codes of the canonical referral, in ServiceRequest, Flag, Condition or Observation;
# - an Observation whose code is of system urn:frontdoor:code:question, or an item of a
#   QuestionnaireResponse with that linkId (questionnaire urn:frontdoor:…): see `asked`;
# - extensions of RelatedPerson: urn:frontdoor:person:parental-responsibility, …:lives-with-child,
#   …:alleged-to-have-harmed, …:has-access-to-child, …:protective, with a valueBoolean;
# - extensions of a person: urn:frontdoor:safe-contact, with parts how, when, voicemail, telephone;
# - an extension of an Address: urn:frontdoor:withheld-from, a name for each.

# ---- Concerns by their codes

# What the codes of BaRS for safeguarding concerns (SNOMED CT) mean here: a sign, a concern, or one
# that depends on whether a child or an adult has it. What is not here stays in its own words.
# BaRS lists trafficking and forced marriage with a wrong check digit; both are known.
{
  "297591000000108": {sign: "sexual-abuse"},
  "702579009": {sign: "sexual-abuse"},
  "700254002": {sign: "sexual-abuse"},
  "700253008": {sign: "sexual-abuse"},
  "417361000": {sign: "sexual-abuse"},
  "919461000000108": {sign: "sexual-exploitation", concern: "11A"},
  "713201008": {sign: "fgm-risk", concern: "22A"},
  "1054321000000100": {sign: "forced-marriage"},
  "1054321000000107": {sign: "forced-marriage"},
  "736792008": {sign: "honour-based-abuse"},
  "766969008": {sign: "radicalisation"},
  "104586100000100": {sign: "trafficking", concern: "12A"},
  "1045861000000108": {sign: "trafficking", concern: "12A"},
  "401206008": {concern: "15A"},
  "702953007": {concern: "16A"},
  "697951004": {concern: "17A"},
  "771983008": {concern: "17A"},
  "771984002": {concern: "17A"},
  "697949003": {concern: "18A"},
  "416936003": {concern: "18A"},
  "700255001": {concern: "18A"},
  "881081000000100": {concern: "3C"},
  "707087005": {child: "3A", adult: "3B"},
  "697950003": {child: "3A", adult: "3B"},
  "415685003": {child: "1A", adult: "1B"},
  "162591001": {child: "2A", adult: "2B"},
  "162596006": {need: "N1"},
  "777996001": {need: "N1"},
  "836881000000105": {}, "U": {}, "838481000000106": {}, "761571000000106": {}, "449889006": {},
  "300731000000106": {}, "878111000000109": {}, "1076171000000100": {}, "293161000000103": {},
  "766561000000109": {}, "864491000000105": {}, "375041000000100": {}, "826931000000104": {},
  "417427001": {}, "417430008": {}, "771385008": {}, "129707006": {}, "287351000000105": {},
  "248054003": {}
} as $meanings

# The day of the message.
| (first((
      .timestamp?, ((.entry?[]?.resource?, .) | select(.resourceType? == "ServiceRequest")
        | .authoredOn?), .meta?.lastUpdated?
    ) | strings | select(test("^[0-9]{4}-[0-9]{2}-[0-9]{2}"))) // "" | .[0:10]) as $today
# Whoever was born on this day or before would be 110 years old.
| (if $today == "" then "" else "\(($today[0:4] | tonumber) - 110)" + $today[4:] end) as $oldest

# What the message as a whole is marked with.
| [(., .entry?[]?.resource?
      | select(.resourceType? | . == "Bundle" or . == "MessageHeader" or . == "ServiceRequest"))
    | .meta?.security?] as $envelope

# ---- Reading what may be missing or of another type

# Each thing that stands there, in a list or alone.
| def each: if type == "array" then .[] else . end | select(. != null);

# What is written there, if anything is.
def words:
  if type == "number" or type == "boolean" then tostring
  elif type == "string" and test("\\S") then .
  else empty end;

# The first of what there is; null for nothing.
def one(f): first(f, null);

# Everything that is written within.
def leaves: [.. | select(type != "array" and type != "object" and . != null)];

# Each once, in their order.
def once: reduce .[] as $next ([]; if any(.[]; . == $next) then . else . + [$next] end);

# Each once, made from the places of all that are the same.
def once_of_all:
  reduce .[] as $next ([];
    if any(.[]; . == $next)
    then map(if . == $next then because([$next | leaves]; .) else . end) else . + [$next] end);

# Texts in one, with something between them; null for none.
def together(between): map(words) | if . == [] then null else join(between) end;

# Texts in one, each a sentence; null for none.
def sentences:
  reduce (.[] | words) as $next (null;
    if . == null then $next
    elif test("[.!?]\\s*$") then . + " " + $next
    else . + ". " + $next end);

# What f makes, as told by everything that is written within.
def told(f): . as $whole | f | . as $made | because($whole | leaves; $made);

# Whether a text says no more than its parts do.
def repeats($parts):
  lower | reduce ($parts[] | words | lower) as $part (.; split($part) | join(""))
  | test("^[\\s,.;:()/-]*$");

# The extensions whose address ends so.
def extension(ending): .extension? | each | objects | select(.url? | strings | endswith(ending));

# ---- Codes and values

def codings:
  objects
  | if .coding != null then .coding | each | objects
    elif .code != null or .display != null then .
    else empty end;

# What a concept says: its text, and what its codes are called.
def said:
  if type == "object" then
    told((.text | one(words)) as $text
      | [$text, (codings | first((.display, (if $text == null then .code else null end)) | words))]
      | once | together(": "))
    | select(. != null)
  else words end;

# The canonical codes of a list that a concept has.
def ours(list):
  codings | select(.system == "urn:frontdoor:code:" + list and .code != null)
  | .code as $code | because(leaves; $code | words);

# Why there is no answer.
def absent:
  {
    "unknown": "not-known", "asked-unknown": "not-known", "temp-unknown": "not-known",
    "not-asked": "not-known", "asked-declined": "refused"
  } as $words
  | if type == "object" then first(codings | .code | strings) else strings end
  | . as $code | $words[$code] | select(. != null) | because($code; .);

# Why an element is not given: the extension of the element, or of its shadow.
def reason_absent: one(extension("data-absent-reason") | told(.valueCode | absent));

# SNOMED CT's yes, no and not known.
def yes_no:
  {"373066001": "yes", "373067005": "no", "261665006": "not-known"} as $words
  | first(codings | .code | strings | . as $code | $words[$code] | select(. != null))
    as $answer
  | told($answer);

# The day of a date or time; what is neither stays as it is.
def day: if type == "string" and test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T") then .[0:10] else . end;

# What was observed or answered, in canonical words or as it was written.
def value:
  first(
    (.valueBoolean? | booleans | . as $truth | because($truth; if $truth then "yes" else "no" end)),
    ((.valueCodeableConcept?, .valueCoding?) | objects | yes_no // said),
    (.valueQuantity? | objects | told([.comparator, .value, (.unit // .code)] | together(" "))),
    ((.valueString?, .valueInteger?, .valueDecimal?) | words),
    ((.valueDateTime?, .valueDate?) | words | day),
    ((.valueTime?, .valueUri?, .valueCode?) | words),
    (.valuePeriod? | objects | told([.start, .["end"]] | together(" to "))),
    (.dataAbsentReason? | objects | absent)
  );

# ---- The message

# The name that a reference gives: without a version, and a UUID in small letters.
def name_of:
  sub("/_history/.*$"; "") | if startswith("urn:uuid:") then lower else . end;

# Every resource, with the names by which others may refer to it.
def resources:
  if .resourceType? == "Bundle" then .entry? | each | objects else {resource: .} end
  | (.fullUrl? | one(words | name_of)) as $url
  | .resource? | objects
  | (.resourceType | one(strings)) as $type
  | (. + {"@names": ([$url, ((.id | words) as $id | "urn:uuid:" + $id, "\($type)/\($id)")]
        | map(words | name_of))}),
    (.contained | each | objects | . + {"@names": [(.id | words | "#" + .)]});

# The name that a number gives to whom it is the number of.
def number_name: "\(.system)|\(.value)";

# All resources by their names.
def index_of($all):
  [
    $all[] | . as $resource
    | (.["@names"][], (.identifier? | each | objects | select(.value != null) | number_name))
    | {name: ., resource: $resource}
  ]
  | group_by(.name)
  | map({key: .[0].name, value: map(.resource)})
  | from_entries;

# The resource that a reference means, by its name or by a number, if it is in the message.
# The name of what is contained in a resource may be that of several: then nobody knows.
def follow($index):
  objects
  | if .reference | type == "string" then
      (.reference | name_of) as $to
      | first(($to, ("urn:uuid:" + $to | name_of), ($to | split("/") | .[-2:] | join("/")))
          | . as $name | $index[$name] | values)
      | if ($to | startswith("#")) and length > 1 then empty else .[0] end
    elif .identifier | type == "object" and .value != null then
      .identifier | number_name | . as $name | $index[$name] | values | .[0]
    else empty end;

# Whether it still holds: not entered in error, refuted, cancelled or ended.
def holds:
  [
    ((.status?, .docStatus?) | strings
      | select(test("^(entered-in-error|cancelled|inactive|not-done|rejected)$"))),
    (.verificationStatus? | codings | .code | strings
      | select(test("^(entered-in-error|refuted)$"))),
    (.clinicalStatus? | codings | .code | strings | select(test("^(inactive|resolved|remission)$")))
  ] == [];

# Whether a condition was true and is over.
def past:
  (holds | not) and any(.clinicalStatus? | codings | .code | strings;
    test("^(inactive|resolved|remission)$"))
  and (any((.verificationStatus? | codings | .code), .status?; . == "entered-in-error"
    or . == "refuted") | not);

# What a condition is if not confirmed.
def uncertain:
  .verificationStatus? | objects | select(any(codings | .code; . == "confirmed") | not) | said;

# What says that it holds.
def standing:
  [(.status? | words), ((.verificationStatus?, .clinicalStatus?) | objects | leaves[])];

# The answers to questions of ours: what was asked, what was answered, of whom.
def answers($all; $index):
  ($all[] | select(.resourceType? == "Observation" and holds) | . as $seen
    | first(.code | codings | select(.system == "urn:frontdoor:code:question")) as $coding
    | {
        ask: ($coding.code | strings),
        value: one(value | because([($seen.code | leaves), ($seen | standing)]; .)),
        of: one($seen.subject | follow($index))
      }),
  ($all[]
    | select(.resourceType? == "QuestionnaireResponse" and holds)
    | select(.questionnaire | strings | startswith("urn:frontdoor:")) | . as $form
    | .item | .. | objects | select(.linkId != null and .answer != null)
    | [.linkId, .text, $form.questionnaire, ($form | standing)] as $asked
    | {
        ask: (.linkId | strings),
        value: one(.answer | each | value | because($asked; .)),
        of: one($form.subject | follow($index))
      });

# Whether a request stands.
def live: .status? != "revoked" and .status? != "entered-in-error";

# Whether the message answers another. An answer is no referral: the map gives nothing for it, and
# `input.schema.json` tells where. What says danger or has a sign is read all the same.
def is_answer:
  any(.header | objects | ([.eventCoding? | objects | .code | strings]) as $event
    | any($event[]; test("-response$"))
      or (.response? != null and (any($event[]; test("-request$")) | not)); .);

# What is said of a birth to come, and of whom.
def births($all; $index):
  $all[] | select(holds)
  | select(
      (.resourceType? == "Observation"
        and any(.code | codings | .code; . == "161714006" or . == "11778-8"))
      or ((.resourceType? == "Flag" or .resourceType? == "Condition")
        and any(.code | codings | .code; . == "878111000000109")))
  | {seen: ., whose: [.subject | follow($index)]};

# The parts of the message that are looked into again and again.
def message:
  [resources] as $all
  | index_of($all) as $index
  | one($all[] | select(.resourceType? == "MessageHeader")) as $header
  # Of several requests those that are taken back come last, and tell nothing.
  | ([($header | .focus? | each | follow($index)), ($all[] | select(live)), $all[]]
      | map(select(.resourceType? == "ServiceRequest")) | once
      | .[:1] + (.[1:] | map(select(live)))) as $requests
  | {
      all: $all,
      # Those that hold, by their type.
      holding: ([$all[] | select((.resourceType? | type) == "string" and holds)]
        | group_by(.resourceType) | map({key: .[0].resourceType, value: .}) | from_entries),
      index: $index,
      header: $header,
      requests: $requests,
      answers: [answers($all; $index)],
      births: [births($all; $index)],
      # Whoever was born on this day or before is 18 on the day of the message.
      eighteen: ($today | if . == "" then "" else "\((.[0:4] | tonumber) - 18)" + .[4:10] end),
      # What points to what supports the request.
      pointers: [
        $all[] | (.supportingInfo?, .reasonReference?, .basedOn?) | each | .reference?
        | strings | name_of
      ]
    };

# All resources of a type that hold.
def every($m; type_name): $m.holding[type_name][]?;

# What points to this resource.
def pointed($m):
  . as $target | [$m.pointers[] | select(. as $to | any($target | .["@names"][]?; . == $to))];

# ---- People's names, addresses and telephones

# Whether a period ended before the day of the message; of an end that is told as a month or a
# year, before that month or year.
def over: any(.period? | objects | .["end"] | strings; .[0:10] | . < $today[0:length]);

# Whether a name, number or address is a former one.
def former: .use? == "old" or .use? == "maiden" or over;

def names: .name? | each | if type == "string" then {text: .} else objects end;

# The name that is used: the official one first, a former one last.
def main_name:
  [names] as $all
  | [$all[] | select(former | not)] as $used
  | one(
    (("official", "usual", "temp", null) as $use | $used[] | select(.use == $use)),
    (($used, $all) | .[] | select(.use != "nickname")),
    $all[]
  );

def given: [.given | each | words];
def family: [.family | each | words] | together(" ");
def titles: [(.prefix, .suffix) | each | words];

# What repeats the parts of a name, or only says which of the names it is.
def only_repeats:
  . as $name
  | [(.use | words), (.text | words | select(repeats($name | given + [family] + titles)))];

# A name in one.
def whole_name:
  if . == null then null
  elif given == [] and family == null then [.text] | together("")
  else
    . as $name
    | [(.prefix | each), given[], family, (.suffix | each)] | together(" ")
    | . as $whole | $name | because(only_repeats; $whole)
  end;

def full_name: main_name | whole_name;

# A telephone number.
def telephone:
  one(.telecom? | each | objects
    | select(.system == null or .system == "phone" or .system == "sms")
    | select(.value != null and (former | not))
    | . as $point | because([.system, .use, .rank] | leaves; $point.value | words));

def email:
  one(.telecom? | each | objects
    | select(.system == "email" and .value != null and (former | not))
    | . as $point | because([.system, .use, .rank] | leaves; $point.value | words));

# How someone may be reached safely.
def safe_contact:
  one(extension("urn:frontdoor:safe-contact") | . as $parts
    | {
        how: one(extension("how") | told(value)),
        when: one(extension("when") | told(value)),
        voicemail: one(extension("voicemail") | told(value)),
        telephone: one(extension("telephone") | told(value))
      }
    | map_values(values | because($parts.url; .)));

def addresses: .address? | each | if type == "string" then {text: .} else objects end;

# Whether a record, or the whole message, is restricted, as the NHS marks it for people at risk.
def restricted:
  [(.meta?.security?, $envelope[]) | each | objects | select(.code == "R" or .code == "V")
    | leaves[]];

# Who must not learn the address of someone whose record is restricted.
def kept_from:
  restricted | if . == [] then empty
    else because(.; "everyone: the NHS record is restricted") end;

# The number of a property.
def uprn:
  one(
    (extension("AddressKey") | select(any(leaves[]; . == "UPRN"))
      | told(extension("value") | value)),
    (extension("LocationExtension") | . as $of | extension("UPRN") | told(value)
      | because($of.url; .)),
    (extension("UPRN") | told(value))
  );

# An address. ZZ99 3WZ and ZZ99 3VZ are what the NHS writes where there is no known or no fixed one.
def place($whole):
  . as $address
  | ([.line | each | words] | together(", ")) as $lines
  | [.line, .city, .district, .state, .postalCode, .country] as $parts
  | [(.use, .type | words), (.text | words | select(repeats([$parts | leaves[]])))] as $repeats
  | {
      # A text that says more than the lines is kept with them, so that it is withheld with them.
      lines: one(
        [$lines, (.text | words | select(repeats([$parts | leaves[]]) | not))]
        | together("; ") | values | because($repeats; .)),
      town: one(.city | words),
      postcode: one(.postalCode | words
        | if test("^ZZ99 ?3[VW]Z$"; "i") then because(.; "not-known") else . end),
      uprn: uprn,
      withheld_from: [
        (extension("urn:frontdoor:withheld-from") | told(value)),
        ($whole | kept_from)
      ]
    };

# The address where someone lives: not a former one, nor where they work, or stay for now.
def home_address:
  [addresses | select(former | not)] as $all
  | one(($all[] | select(.use == "home")),
      ($all[] | select(any(.use | strings; test("^(temp|billing|work)$")) | not)));

# Where someone lives. Where a record is restricted this is said even if there is none, so that no
# other place is told either.
def home:
  . as $whole
  | one(home_address | values | place($whole))
    // one([kept_from] | select(. != []) | {withheld_from: .});

# Whether an address is withheld by itself.
def is_withheld: any(extension("urn:frontdoor:withheld-from"); true);

# An address in words.
def in_words:
  [(.name?, (.address? // .) | objects | .text?, (.line? | each), .city?, .postalCode?)]
  | once | together(", ");

# A location in words.
def location:
  . as $location
  | uprn as $uprn
  | [
      .name, (.description | words),
      (.address | objects | if .line == null then .text else (.line | each) end),
      (.address | objects | .city, .postalCode),
      ($uprn | values | "UPRN " + .)
    ]
  | together(", ") | values
  | because([$location | .type?, .physicalType?, .status?, .mode? | leaves[]]; .);

# ---- Who is who

# The date of birth. The first day of 1900, and what makes someone 110 years old or more, is what a
# system writes that knows none: it is left to the notes.
def birthday:
  .birthDate? | strings
  | select(startswith("1900-01-01") or (test("^[0-9]{4}(-|$)") and .[0:10] <= $oldest) | not);

# Whether an age of 18 years is shown.
def adult($m):
  [birthday | select(test("^[0-9]{4}(-[0-9]{2}(-[0-9]{2}.*)?)?$"))
    | (if length == 4 then . + "-12-31" elif length == 7 then . + "-31" else .[0:10] end)
    | . <= $m.eighteen] | any;

# Whether a month or year of birth shows that someone is under 18.
def young($m):
  any(birthday; test("^[0-9]{4}(-[0-9]{2})?$") and $m.eighteen != "" and . > $m.eighteen);

# Whether a date of birth is given that can be read.
def dated: any(birthday; test("^[0-9]{4}-[0-9]{2}-[0-9]{2}"));

# What the relationship is called, as of HL7's RoleCode where only that is given.
def relationship:
  {
    "MTH": "mother", "NMTH": "mother", "FTH": "father", "NFTH": "father", "PRN": "parent",
    "GESTM": "mother", "STPMTH": "stepmother", "STPFTH": "stepfather", "ADOPTM": "adoptive mother",
    "ADOPTF": "adoptive father", "FOST": "foster child", "GRMTH": "grandmother",
    "GRFTH": "grandfather", "MGRMTH": "maternal grandmother", "MGRFTH": "maternal grandfather",
    "PGRMTH": "paternal grandmother", "PGRFTH": "paternal grandfather", "AUNT": "aunt",
    "UNCLE": "uncle", "BRO": "brother", "SIS": "sister", "SIB": "sibling", "HBRO": "half-brother",
    "HSIS": "half-sister", "COUSN": "cousin", "GUARD": "guardian", "DOMPART": "partner",
    "ROOM": "lives in the same household", "ECON": "emergency contact", "EP": "emergency contact",
    "CHILD": "child", "SON": "son", "SONC": "son", "DAU": "daughter", "DAUC": "daughter",
    "C": "emergency contact", "N": "next of kin", "NOK": "next of kin"
  } as $words
  | [.relationship? | each
      | (first(codings | .code | strings | . as $code | $words[$code] | values) // null) as $known
      | if $known == null or .text != null or any(codings; .display != null)
        then said else told($known) end]
  | once | together(", ");

def parental:
  relationship | values
  | test("\\b(step|grand|foster|adoptive |god)?-?(mother|father|parent|mum|dad)\\b"; "i")
    or test("\\b(carer|guardian|partner|wife|husband|spouse)\\b"; "i");

# Whether someone is called the mother; a grandmother, or a mother's partner, is another.
def is_mother:
  any(relationship // "" | splits("[:,]");
    test("^\\s*((birth|natural|biological|expectant) )?(mother|mum)\\s*$"; "i"));

# Whether someone is called a son or daughter.
def filial:
  any(.relationship? | each | codings | .code | strings;
    test("^(CHILD|CHLD.*|DAU.*|SON.*|NCHILD|STPCHLD|STPDAU|STPSON)$") and (test("INLAW") | not));

# The related persons whom a Patient's own record is linked to.
def links($m):
  .link? | each | objects | .other | follow($m.index) | select(.resourceType? == "RelatedPerson");

# A day as a number in which a month counts 100.
def day_number: (.[0:4] | tonumber) * 1200 + (.[5:7] | tonumber) * 100 + (.[8:10] | tonumber);

# A date of birth from a month to a year after the message: when a birth is expected. One that is
# nearer may be of a child born meanwhile, and stays as stated.
def due:
  .birthDate? | strings | select(test("^[0-9]{4}-[0-9]{2}-[0-9]{2}") and $today != "")
  | day
  | select(day_number - ($today | day_number) | . > 100 and . <= 1200);

# Whether the Patient is an unborn child.
def unborn_itself:
  any(extension("etalStatus"); true) or any(due; true)
  or any(names | whole_name | values; test("^\\s*unborn"; "i"));

# What says that a Patient, or an unborn one's mother, expects a child.
def expecting($m):
  . as $patient | [$m.births[] | select(any(.whose[]; . == $patient)) | .seen];

# The numbers that a record says are someone's own.
def own_numbers: .identifier? | each | objects | select(.value != null) | number_name;

# The message with the unborn children who have a record of their own: who are called so, or have
# the flag for one and neither name nor birthDate; the mothers that these are linked to; who else
# expects a child; and the related persons with what tells who they are.
def with_unborn:
  . as $m
  | [$m.all[] | select(.resourceType? == "Patient")
      | select(unborn_itself or (.birthDate? == null and [names] == []
          and any(expecting($m)[]; .resourceType == "Flag")))] as $unborn
  | . + {
      unborn: $unborn,
      mothers: [$unborn[] | .link? | each | objects | .other | follow($m.index)
        | select(.resourceType? == "Patient")],
      pregnant: [$m.all[] | select(.resourceType? == "Patient")
        | select(. as $one | any($unborn[]; . == $one) | not)
        | select(expecting($m) != [])],
      related: [$m.all[] | select(.resourceType? == "RelatedPerson")
        | {person: ., name: (full_name // "" | lower), numbers: [own_numbers]}]
    };

def is_unborn($m): . as $one | any($m.unborn[]; . == $one);

# The RelatedPersons who are this Patient: by a link, by a number, or by name and date of birth;
# without a date, by name and being called a brother, sister or child.
def doubles($m):
  . as $child
  | (full_name // "" | lower) as $name
  | [own_numbers] as $numbers
  | [links($m) | select(parental | not)] as $linked
  | $m.related[]
  | select(
      any(.numbers[]; . as $number | any($numbers[]; . == $number))
      or ($name != "" and .name == $name
        and (if .person.birthDate? != null then .person.birthDate == $child.birthDate?
          else .person | filial or (relationship // "" | test("brother|sister|sibling"; "i")) end))
      or (.person as $one | any($linked[]; . == $one)))
  | .person;

# Whether anything tells who a Patient is.
def is_somebody:
  any(.name?, .birthDate?, .identifier?, .address?, .telecom?, .["@described"]?; . != null);

def is_child($m):
  . as $one
  | is_unborn($m)
  or (is_somebody and (adult($m) | not)
    and (dated or (any(links($m); parental) or any($m.mothers[]; . == $one) | not)));

# Someone who is referred to, but is not in the message.
def stand_in:
  {
    identifier: .identifier?,
    "@described": one((.display?, (.reference? | strings | select(startswith("urn:") | not)))
      | words)
  };

# Whom the requests are about.
def subjects($m):
  $m.requests[] | .subject | each | objects
  | follow($m.index) // stand_in
  | if .resourceType == "Group"
    then .member | each | .entity? | objects | follow($m.index) // stand_in
    else . end;

# Everyone who may be a child, the subjects first; a place stands for whoever is there.
def candidates($m):
  [
    (subjects($m)
      | if .resourceType == "Location"
        then {resourceType: "Patient", address: .address, "@described": one(location)}
        else . end),
    ($m.all[] | select(.resourceType? == "Patient"))
  ] | once;

# ---- A child

# Ethnic categories of the NHS as codes of the CIN census, where one is the other.
def ethnicity:
  {
    "A": "WBRI", "B": "WIRI", "C": "WOTH", "CL": "WIRT", "CN": "WROM", "D": "MWBC", "E": "MWBA",
    "F": "MWAS", "G": "MOTH", "H": "AIND", "J": "APKN", "K": "ABAN", "L": "AOTH", "M": "BCRB",
    "N": "BAFR", "P": "BOTH", "R": "CHNE", "S": "OOTH", "99": "NOBT"
  } as $census
  | one(extension("EthnicCategory") | . as $given
    | .valueCodeableConcept
    | first((codings | .code | strings | . as $code | $census[$code] | values), said)
    | . as $ethnicity | $given | told($ethnicity));

# The language that is preferred, as a tag or by its name.
def language:
  [.communication? | each | objects] | (first(.[] | select(.preferred == true)) // .[0])
  | one(objects | . as $spoken
    | .language
    | first((codings | .code | strings | select(test("^[a-z]{2,3}(-[A-Za-z0-9]+)*$"))), said)
    | . as $language | $spoken
    | because([.preferred, (.language | leaves[])] | leaves; $language));

def interpreter:
  one((., (.communication? | each)) | objects
    | .. | objects | select(.url? | strings | test("nterpreterRequired$"))
    | told(value));

# The number that a system gives; what verifies it is no more than that.
def nhs_number:
  one(.identifier? | each | objects | select(.value != null)
    | select(.system | strings | test("nhs-number$"; "i"))
    | . as $number
    | [extension("NHSNumberVerificationStatus")
        | select(any(.valueCodeableConcept? | codings | .code;
            . == "number-present-and-verified" or . == "01"))
        | leaves[]] as $verified
    | because([$number.system, $number.use, $verified] | leaves; $number.value | words));

def upn:
  one(.identifier? | each | objects | select(.value != null)
    | select(any((.system, (.type | objects | .text)) | strings;
        test("(^|[^a-z])upn$|unique-pupil-number|unique pupil number"; "i")))
    | told(.value | words));

def sex:
  {"male": "M", "female": "F", "unknown": "U"} as $codes
  | one(
      (.gender? | strings | . as $gender | ($codes[$gender] // $gender)
        | because($gender; .)),
      (extension("BirthSex") | told(value))
    );

def birth_date:
  . as $person
  | one((((.birthDate? | numbers), birthday) | words | day),
      (.["_birthDate"]? | objects | reason_absent | values));

# A school, practice or visitor that is referred to.
def service($m):
  . as $reference
  | one(follow($m.index)) as $resource
  | (if $resource == null then null
     elif $resource.resourceType == "Organization" then $resource
     else
       one(($resource | .organization? | objects | follow($m.index)),
         ($m.all[] | select(.resourceType? == "PractitionerRole")
           | select(any(.practitioner | follow($m.index); . == $resource))
           | .organization | follow($m.index)))
     end) as $organisation
  | (if $resource == null then null
     elif $resource.resourceType == "Practitioner" then $resource | full_name
     else one($resource | .practitioner? | objects | follow($m.index) | full_name) end) as $who
  | [.reference | words] as $followed
  | {
      name: one(([$who, ($organisation | .name?)] | together(", ")
          // one(($reference.display, $reference.reference) | words))
        | values | because(if $resource == null then [] else $followed end; .)),
      code: one(($organisation, $reference) | .identifier? | each | objects
        | select(.system | strings | test("ods-|urn$|establishment"; "i"))
        | told(.value | words)),
      telephone: one(($resource, $organisation) | objects | telephone | values)
    };

# What a service is there for.
def duty($m): one(follow($m.index) | (.code?, .specialty?) | each | said) // "";

# An age that was estimated, in years; in another unit it is told in words.
def estimated_age($m):
  . as $child
  | one(every($m; "Observation")
    | select(any(.code | said; test("estimated age"; "i")))
    | select(any(.subject | follow($m.index); . == $child))
    | . as $seen | .valueQuantity | objects | select(.value != null)
    | {
        years: (if any((.unit, .code) | strings; test("^(a|y|yr|yrs|years?)$"; "i"))
          then (.value | numbers | floor) else null end),
        words: ([.value, (.unit // .code)] | together(" ") | "About " + . + " old")
      }
    | map_values(values
      | because([($seen | .code, .valueQuantity | leaves[]), ($seen | standing[])]; .)));

# Where a child is said to be now.
def whereabouts($m; $first):
  . as $child
  | one(
      (every($m; "Encounter")
        | select(.status | strings | test("^(in-progress|arrived|triaged|onleave)$"))
        | select(any(.subject | follow($m.index); . == $child))
        | .status as $status
        | .location | each | objects
        | select(.status == null or .status == "active")
        | . as $stay | .location | follow($m.index) | location
        | because([$status, $stay.status, $stay.location.reference] | leaves; .)),
      (if $first then $m.requests[].locationReference | each | objects | . as $reference
          | follow($m.index)
          | select(any(.type | each | codings | .code; . == "CLOC" or . == "RLOC") | not)
          | location | because($reference.reference; .)
        else empty end),
      ($child | addresses | select(.use == "temp" and (former or is_withheld | not)) | . as $stay
        | in_words | values | because($stay.use; .))
    );

# An answer to a question of ours about this child; of no one in particular, it is the first's.
def answered($m; $first; ask):
  . as $child
  | one($m.answers[] | select(.ask == ask)
    | select(.of == $child or ($first and .of == null)) | .value | values);

# Someone in a team who cares for the child.
def in_team($m; $duty):
  . as $child
  | every($m; "CareTeam") | select(any(.subject | follow($m.index); . == $child))
  | . as $team | .participant | each | objects
  | select(any((.role | each | said), (.member | duty($m)); test($duty; "i")))
  | . as $one | .member | objects | service($m)
  | map_values(values | because([$one.role, $team.status] | leaves; .));

# What is agreed: by the child, by a relative, or by nobody in particular; a refusal comes first.
# What is implied for direct care, or is about treatment or research, is no agreement to a referral.
def agreement($m; $who):
  {"permit": "yes", "deny": "no", "OPTIN": "yes", "OPTOUT": "no"} as $words
  | [every($m; "Consent"),
      ($m.all[] | select(.resourceType? == "Consent" and .status == "rejected"))]
  | [.[] | . as $consent
      | select(.status == null or .status == "active" or .status == "rejected")
      | select(any(.category | each | codings | .code; . == "DRC") | not)
      | select(any(.scope | codings | .code; . == "treatment" or . == "research" or . == "adr")
          | not)
      | select(any(.provision? | objects; over) | not)
      | select(any(.performer | each; true) as $named
          | if $who == null then $named | not
            else any($consent.performer | each | follow($m.index); . == $who) end)
      # A permission of which something is denied is for a person to read.
      | [.provision? | objects | .provision | each | .. | objects | .type | strings
          | select(. == "deny")] as $parts
      | [.policyRule? | codings | .code | strings | select(. == "OPTOUT")] as $out
      | (if .status == "rejected" then "no" else
          first((.provision? | .type? | strings), (.policyRule? | codings | .code | strings))
          | . as $code | $words[$code] | values
          | if . == "yes" and $parts != []
            then because($parts; "Permitted but for a part that is denied")
            elif . == "yes" and $out != []
            then because($out; "Opted out, with a permission for a person to read") else . end
          end) as $agreed
      | [$consent
          | .status, .scope, .category, .policyRule, (.provision | objects | .type), .dateTime]
        as $given
      | {
          # Nobody can agree or refuse without being told.
          informed: (if $who == null then null
            else because([$consent.performer] | leaves; "yes") end),
          agreed: because($given | leaves; $agreed),
          reason: one($consent | extension("reason") | told(value))
        }]
  | one((.[] | select(.agreed == "no")), (.[] | select(.agreed != "yes")), .[]);

# What every child has, born or not.
def cared_for($m; $first):
  . as $child
  | [.generalPractitioner? | each | objects] as $known
  | {
      address: home,
      previous_address: one(addresses | select(former) | place($child)),
      gp: one($known[] | select(duty($m) | test("health visitor"; "i") | not) | service($m)),
      health_visitor: one(
        ($known[] | select(duty($m) | test("health visitor"; "i")) | service($m)),
        in_team($m; "health visit")),
      social_worker: one(
        (answered($m; $first; "social-worker") | values),
        (in_team($m; "social work") | .name | values),
        ($child | .contact? | each | objects | select(relationship // "" | test("social work"; "i"))
          | . as $contact | [(.name | objects | whole_name), (.organization | objects | .display),
              telephone] | together(", ") | values
          | because($contact.relationship | leaves; .))),
      language: language,
      interpreter: interpreter,
      contact: (safe_contact // answered($m; $first; "safe-contact")),
      location_now: (answered($m; $first; "location-now") // whereabouts($m; $first)),
      private_fostering: answered($m; $first; "private-fostering"),
      agreement: (agreement($m; $child)
        // {agreed: answered($m; $first; "child-agreed")})
    };

# A school, which is an Organization for education.
def school($m; $first):
  (if $first then one(every($m; "Organization")
      | select(any(.type | each | codings | .code; . == "edu")) | . as $school
      | {
          name: one(.name | words | because($school.type | leaves; .)),
          code: one(.identifier | each | objects | select(.value != null) | told(.value | words)),
          telephone: telephone
        })
    else null end);

# Adjustments that someone needs.
def adjustments($m):
  . as $child
  | [
      (extension("patient-disability") | told(.valueCodeableConcept | said)),
      (every($m; "Flag")
        | select(any(.category | each | codings | .code; . == "RA"))
        | select(any(.subject | follow($m.index); . == $child))
        | . as $flag | .code | said
        | because([($flag | .category | leaves[]), ($flag | standing[])]; .))
    ]
  | together("; ");

def child($m; $first):
  . as $child
  | main_name as $name
  | ($name // {} | [.given | each | words]) as $given
  | ($name // {} | family) as $family
  | ([names | select((.use == "nickname" or .use == "usual") and (former | not) and . != $name)
      | . as $other | whole_name | values | because($other.use; .)] | one(.[])) as $known_as
  | expecting($m) as $expecting
  # What is said of a birth with the mother.
  | (if is_unborn($m) and ($m.pregnant | length) == 1
      then $m.pregnant[0] | expecting($m) else [] end) as $mothers
  | estimated_age($m) as $age
  | [.deceasedBoolean?, .deceasedDateTime? | select(. != null and . != false)] as $died
  | ($name // {} | if $given == [] and $family == null then [] else only_repeats end) as $repeats
  | (if is_unborn($m) then {
        unborn: because([($child | extension("etalStatus") | leaves[]),
          (if any($child | extension("etalStatus"); true) then empty
           else $child | names | leaves[] end),
          ($expecting[] | select(.resourceType == "Flag") | (.code | leaves[]), standing[])];
          "yes"),
        expected_date: one((($expecting, $mothers) | .[]
            | select(.resourceType == "Observation") | . as $seen | value
            | because($seen | [.code | leaves[]] + standing; .)),
          due),
        mother_name: one((every($m; "RelatedPerson")
            | select(any(.patient | follow($m.index); . == $child))
            | select(is_mother) | full_name),
          (.link? | each | objects | . as $link | .other | follow($m.index)
            | select(.resourceType? == "Patient") | full_name
            | because([$link.other.reference, $link.type]; .)),
          (if $mothers == [] then empty else $m.pregnant[0] | full_name end))
      } else {} end)
  + {
      given_name: one($given[0] | values | because($repeats; .)),
      middle_names: ($given[1:] | together(" ")),
      family_name: one($family | values | because($repeats; .)),
      full_name: (if $given == [] and $family == null
        then one(($name // {} | .text | words), ($name // {} | reason_absent | values))
        else null end),
      known_as: $known_as,
      description: ([
          $child["@described"],
          ($child | select(.resourceType == "RelatedPerson")
            | [relationship, (.patient | follow($m.index) | full_name)] | together(" of ")),
          ($child | select(.resourceType == "Patient") | doubles($m)
            | [relationship, (.patient | follow($m.index) | full_name)] | together(" of ")),
          ($age | objects | select(.years == null) | .words),
          ($died[] | because(.; if type == "string" then "Has died: " + . else "Has died" end))
        ] | sentences),
      date_of_birth: (if any(due; true) then null else birth_date end),
      estimated_age: $age.years,
      sex: sex,
      nhs_number: nhs_number,
      upn: upn,
      ethnicity: ethnicity,
      religion: one(extension("patient-religion") | told(.valueCodeableConcept | said)),
      immigration_status: one(extension("ResidentialStatus")
        | told(.valueCodeableConcept | said)),
      school: (school($m; $first) // answered($m; $first; "school")),
      disabilities: [extension("patient-disability") | . as $given | .valueCodeableConcept
        | ours("disability")],
      disability_detail: adjustments($m),
      own_words: answered($m; $first; "child-words"),
      seen: answered($m; $first; "seen"),
      seen_alone: answered($m; $first; "seen-alone"),
      seen_on: answered($m; $first; "seen-on")
    }
  + cared_for($m; $first);

# The child whom a Patient expects.
def unborn_child($m; $first; $signs):
  . as $mother
  | {
      unborn: because([$signs[] | (.code | leaves[]), standing[]]; "yes"),
      expected_date: one($signs[] | select(.resourceType == "Observation") | . as $seen
        | value | because($seen | [.code | leaves[]] + standing; .)),
      mother_name: full_name
    }
  + (cared_for($m; $first) | {address, gp, health_visitor, social_worker});

# The children of the referral, the first first.
def children($m):
  candidates($m) as $all
  | [
      $all[] | . as $one
      | expecting($m) as $signs
      | (select(is_child($m)) | {resource: ., made: "child"}),
        # Where the unborn child has a record of its own, that is the child.
        (select($signs != [] and (is_unborn($m) | not))
          | select(($m.unborn | length) < ($m.pregnant | length))
          | {resource: ., made: "unborn", $signs})
    ] as $found
  | (
      if any($all[]; adult($m))
      then [$found[].resource | doubles($m)] as $doubles
        | [$m.all[] | select(.resourceType? == "RelatedPerson" and filial)
        | select(dated or young($m) or (estimated_age($m).years // 18) < 18)
        | select(adult($m) or (. as $one | any($doubles[]; . == $one)) | not)
        | select(any(.patient | follow($m.index); adult($m)))
        | {resource: ., made: "child"}]
      else [] end
    ) as $named
  | if $found + $named != [] then $found + $named
    else [$all[0] | objects | {resource: ., made: "unknown"}] end;

# Withheld addresses that are neither the home nor a child's former one, in words: they are to be
# kept confidential, and must not be told with where someone is, or in the notes.
def kept_places($m):
  $m.all[] | select(.resourceType? == "Patient" or .resourceType? == "RelatedPerson")
  | full_name as $name
  | [home_address, one(select(.resourceType == "Patient" and is_child($m)) | addresses
      | select(former))] as $told
  | addresses | select(is_withheld) | select(. as $one | any($told[]; . == $one) | not)
  | . as $place
  | [extension("urn:frontdoor:withheld-from") | told(value) | words] as $from
  | in_words | values | because([$place.use, $place.type]; .)
  | [$name, . + " (withheld from " + ($from | join(", ")) + ")"] | together(": ");

# ---- The household

# Truths about a person that FHIR has no element for.
def truth(name): one(extension("urn:frontdoor:person:" + name) | told(value));

# What the sender's record says that has ended: the person's life, or the relationship.
def ended:
  ((.deceasedBoolean?, .deceasedDateTime?) | select(. != null and . != false)
    | because(.; "(has died)")),
  (select(.resourceType? == "RelatedPerson" and (.active? == false or over))
    | because([.active, .period.end?]; "(no longer, in the sender's record)"));

# A person who is no child of the referral.
def person($m):
  . as $person
  | {
      name: full_name,
      relationship: ([relationship, ended] | together(" ")),
      date_of_birth: birth_date,
      parental_responsibility: truth("parental-responsibility"),
      lives_with_child: truth("lives-with-child"),
      alleged_to_have_harmed: truth("alleged-to-have-harmed"),
      has_access_to_child: truth("has-access-to-child"),
      protective: truth("protective"),
      telephone: telephone,
      address: home,
      contact: safe_contact,
      language: language,
      interpreter: interpreter,
      agreement: agreement($m; $person)
    };

# What one record says, and another of the same person where it says nothing.
def filled($other): with_entries(.key as $key | .value |= (. // $other[$key]));

# Those who are known as contacts of someone, other than that person; a child's social worker is
# told with the child.
def contacts($m):
  . as $whole
  | adult($m) as $adult
  | .contact? | each | objects
  | . + {meta: $whole.meta}
  | select($adult or (relationship // "" | test("social work"; "i") | not))
  | select(any(.relationship | each | codings | .code; . == "ONESELF") | not)
  | select(.name != null)
  | {
      name: (.name | if type == "object" then whole_name else one(words) end),
      relationship: relationship,
      telephone: telephone,
      address: home
    };

def household($m; $children):
  [$children[] | select(.made == "child") | .resource] as $young
  | [$young[] | doubles($m)] as $doubles
  | [candidates($m)[] | select(is_child($m) | not)] as $adults
  | [$m.all[] | select(.resourceType? == "RelatedPerson") | . as $one
      # What is said of a child as of a relative, such as having harmed, is kept with a name.
      | select(any($young[]; . == $one) | not)
      | select((any($doubles[]; . == $one) | not)
          or any($one.extension? | each | objects | .url | strings;
            startswith("urn:frontdoor:person:")))] as $related
  | {
      address: (if any($young[]; addresses | .use != "temp") then null
        else one($adults[] | home | values) end),
      telephone: one(
        (($young[], $adults[]) | telephone | values),
        (($young[], $adults[]) | .contact? | each | objects
          | select(any(.relationship | each | codings | .code; . == "ONESELF"))
          | . as $self | telephone | values | because($self.relationship | leaves; .))),
      people: [
        ($related[] | . as $one
          | person($m)
          | filled(one($adults[] | select(any(links($m); . == $one)) | person($m)) // {})
          | (.name | if . == null then . else because([$adults[] | .link? | each | objects
              | select(any(.other | follow($m.index); . == $one)) | .other.reference, .type
              | strings]; .) end) as $name
          | .relationship as $called
          | . + {name: $name, relationship: (
              [$called, ($one.patient | objects | follow($m.index)
                | select(. != $children[0].resource) | full_name | values | "of " + .)]
              | together(" "))}),
        ($adults[] | select(any(links($m); true) | not) | . as $one
          | person($m)
          | if any(($m.pregnant, $m.mothers)[]; . == $one)
            then . + {relationship: (.relationship // because(
              [$one | expecting($m)[] | .code | leaves[]]; "mother"))} else . end),
        (($young[], $adults[]) | contacts($m))
      ]
    };

# ---- Who refers

# Codes of the CIN census for who refers, by what their role is called.
def census_source:
  . as $role
  | if . == null then null
    elif test("health visitor"; "i") then because($role; "3B")
    elif test("school nurse"; "i") then because($role; "3C")
    elif test("general (medical )?(practi|practice)|\\bGP\\b"; "i") then because($role; "3A")
    elif test("emergency|accident|\\bA&E\\b"; "i") then because($role; "3E")
    elif test("social work"; "i") then because($role; "5C")
    else null end;

# Of several answers the worst comes first, then what is no plain answer.
def worst_first(worst):
  one((.[] | select(. == worst)), (.[] | select(. != "yes" and . != "no")), .[]);
def answers_to($m; ask): [$m.answers[] | select(.ask == ask) | .value | values];
def cautiously($m; ask): answers_to($m; ask) | worst_first("yes");

# Who made the request: whom it names, else whom the header names.
def referrer($m):
  one(($m.requests[].requester | objects),
      ($m.header | objects | .author, .enterer, .responsible | objects)) as $reference
  | one($reference | objects | follow($m.index)) as $found
  | one($found | objects | if .resourceType == "PractitionerRole" then .
      elif .resourceType == "Practitioner" then . as $who
        | $m.all[] | select(.resourceType? == "PractitionerRole")
        | select(any(.practitioner | objects | follow($m.index); . == $who))
      else empty end) as $role
  | one($found | objects | if .resourceType == "PractitionerRole"
      then .practitioner | objects | follow($m.index)
      elif .resourceType == "Organization" then empty else . end) as $who
  | one($found | objects | select(.resourceType == "Organization")) as $is_agency
  | one(($is_agency | values),
      ($role | objects | .organization | objects | follow($m.index)),
      ($m.header | objects | .sender | objects | follow($m.index))) as $agency
  | ([$role | objects | .code | each | said] | together(", ")) as $duty
  | ([$role | objects | .specialty | each | said] | together(", ")) as $specialty
  | [$role | objects | (.practitioner, .organization) | objects
      | select(any(follow($m.index); true))
      | .reference | strings] as $wiring
  | [$reference | objects | .reference | strings] as $followed
  | one(($who | objects | .resourceType),
      ($reference | objects | (.type, .reference) | strings | capture("^(?<type>[A-Za-z]+)(/|$)")
        | .type)) as $kind
  | ($kind == "Patient" or $kind == "RelatedPerson") as $private
  # An organisation's number is nobody's own; it is whose work it is that may be rung there.
  | [($role, $who, ($agency | select($private | not))) | objects] as $own
  | {
      name: one(($who | objects | full_name | values),
          ($role | objects | .practitioner | objects | .display | words),
          (if $found == null then $reference | objects | .display | words else empty end),
          # An organisation that names nobody and no role is itself who refers.
          (if $duty == null and $specialty == null and ($private | not)
            then $agency | objects | .name | words else empty end)
        | because(if $found == null then [] else $followed + $wiring end; .)),
      role: one(([$duty, $specialty] | together("; ") | values),
          # A grandmother without a name still tells who refers.
          ($who | objects | select($private and full_name == null) | relationship | values)
        | because($followed + $wiring; .)),
      agency: one($agency | objects | select($private | not) | .name | words
        | because(if $is_agency == null then $wiring else $followed end; .)),
      telephone: one($own[] | telephone | values),
      email: one($own[] | email | values),
      relationship: (if $private then one($who | objects
        | select(.resourceType == "RelatedPerson") | relationship) else null end),
      source: (if $private
        then because($followed; if $kind == "Patient" then "1C" else "1A" end)
        else one(($duty, $specialty) | values | census_source | values) end),
      withheld_from_family: cautiously($m; "referrer-withheld")
    }
  | map_values(values);

# ---- Concerns and signs

# What a coding means, if it is one for safeguarding.
def meaning:
  . as $coding
  | if .system == "urn:frontdoor:code:indicator" then {sign: .code}
    elif .system == "urn:frontdoor:code:concern" then {concern: .code}
    elif .system | strings | test("snomed|safeguarding-codes") then
      .code | strings | . as $code | $meanings[$code] | values
    else empty end
  | map_values(values | because($coding | leaves; .));

# Whether a flag is of a category.
def flagged(categories): any(.category? | each | codings | .code | strings; test(categories));

# Whether an observation says that something is not so, or has no answer. Words of one that say
# that nobody knows leave the sign that it is coded as.
def denied:
  any((.valueBoolean?, (.valueCodeableConcept? | objects | yes_no // "")); . == false or . == "no")
  or any((.valueString?, (.valueCodeableConcept? | said)) | strings;
    test("^\\s*(no|n|none|nil|false|((known )?absent|negative|not present)"
      + "( \\(qualifier value\\))?|(no|nil) (concerns?|evidence|signs?))\\s*\\.?\\s*$"; "i"))
  or any(.valueCodeableConcept? | said; test("^\\s*(not known|unknown)\\s*\\.?\\s*$"; "i"))
  or any(value | strings; . == "not-known" or . == "refused");

# Whom something is about, where that is not the first child.
def whose($m; $first):
  (.subject?, .patient?) | objects | . as $reference
  | one(follow($m.index)) as $who
  | if $who == null then one((.display, .reference) | words)
    elif $who == $first then null
    elif $who.resourceType == "Patient" or $who.resourceType == "RelatedPerson"
    then $who | full_name
    else null end
  | values;

# Everything that is coded as a safeguarding concern, and what says so.
def marks($m):
  ($m.requests[] | (.category, .code, .reasonCode, .orderDetail) | each | objects
    | select(any(codings | meaning; true))
    | {concept: ., of: {}, free: null}),
  (every($m; "Encounter") | . as $met
    | .reasonCode | each | objects | select(any(codings | meaning; true))
    | {concept: ., of: $met, free: null}),
  (every($m; "Flag")
    | select(flagged("^SG$") or any(.code | codings | meaning; true))
    | select(any(.code | codings | .code; . == "861931000000100") | not)
    | {concept: .code, of: .,
       free: ([.period | objects | .start, .["end"]] | together(" to "))}),
  (every($m; "Condition") | select(any(.code | codings | meaning; true))
    | {concept: .code, of: .,
       free: ([uncertain, (.note | each | .text?), .onsetDateTime?, .onsetString?] | sentences)}),
  # What is over is told in words, and is no sign.
  ($m.all[] | select(.resourceType? == "Condition" and past)
    | select(any(.code | codings | meaning; true))
    | {concept: (. as $condition | .code | told(said) | {text: .}), of: .,
       free: ([(.clinicalStatus | said), (.note | each | .text?)] | sentences)}),
  (every($m; "Observation") | . as $whole
    | ., (.component? | each | objects
        | {status: $whole.status, category: $whole.category, subject: $whole.subject,
           effectiveDateTime: $whole.effectiveDateTime, "@names": $whole["@names"]} + .)
    | select(denied | not)
    | select(any((.code, .valueCodeableConcept) | codings | meaning; true))
    | . as $seen
    | (if any(.valueCodeableConcept | codings | meaning; true) then .valueCodeableConcept
       else .code end) as $concept
    | {concept: $concept, of: .,
       free: ([
           (if $concept == $seen.code then $seen | value | select(. != "yes")
            else $seen.code | said end),
           (.note | each | .text?), (.bodySite | said), .effectiveDateTime?
         ] | sentences)});

# What says that a mark counts.
def marked($m):
  .of
  | if . == {} then []
    else standing + pointed($m) + [(.category?, .valueBoolean?) | leaves[]] end;

# The signs of a mark.
def signs($m):
  marked($m) as $why | .concept | codings | meaning | .sign | values | because($why; .);

# The concerns of a mark: its codes, or its words alone.
def concerns($m; $first):
  . as $mark
  | [$mark.of | select(. != {}) | .subject | objects | follow($m.index)] as $about
  | any($about[]; adult($m)) as $adult
  | ([.concept | codings | meaning
      | (.concern, (if $adult then .adult else .child end)) | values] | once) as $codes
  | (($mark.of | select(. != {}) | one(whose($m; $first))) // null) as $whose
  | [
      $whose,
      ([(.concept | said), .free] | together(" (")
        | values | if $mark.free == null then . else . + ")" end)
    ]
  | together(": ")
  | (. // "") as $words
  | ($mark | marked($m)) as $why
  | (if $words == "" then null else because($why; $words) end) as $detail
  | if $codes != [] then $codes[] | {code: ., detail: $detail}
    # A code of ours without words says no more than its sign.
    elif any($mark | signs($m); . == $words) then empty
    else {detail: $detail} end;

# ---- What was seen and said

# Whether an observation or condition is told elsewhere.
def told_elsewhere($m):
  any(.code | codings; .system == "urn:frontdoor:code:question")
  or any(.code | said; test("estimated age"; "i"))
  or any(.code | codings | .code; . == "161714006" or . == "11778-8")
  or ((denied | not) and any((.code, .valueCodeableConcept?) | codings | meaning; true));

# Who observed it, if that is not whoever refers; the reference is followed either way.
def observer($m):
  ($m.requests[0] | objects | .requester | objects | one(follow($m.index))) as $requester
  | .performer? | each | objects | . as $reference | follow($m.index) as $who
  | {reference: $reference.reference,
     name: (if $who == $requester then null
       else $who | one((full_name, .name?) | strings) end)};

# What says that an observation counts, and who made it.
def grounds($m; $by): [$by[].reference] + standing + pointed($m) + [.category? | leaves[]] | leaves;

# An observation or condition in one sentence.
def sentence($m; $first):
  . as $seen
  | one(whose($m; $first)) as $whose
  | [observer($m)] as $by
  | ([
      ([
          $whose, ([(.code | said), (uncertain | "(" + . + ")")] | together(" ")),
          (.component? | each | objects | [(.code | said), value] | together(" ")),
          value
        ] | together(": ")),
      (.note? | each | if type == "object" then .text else . end),
      (.bodySite? | each | said | "Where: " + .)
    ] | sentences) as $what
  | ([(.effectiveDateTime?, .onsetDateTime?, .onsetString? | words),
      (.effectivePeriod? | objects | [.start, .["end"]] | together(" to ")),
      $by[].name] | together(", ")) as $when
  | [$what, ($when | values | "(" + . + ")")] | together(" ") | values
  | . as $sentence | $seen | because(grounds($m; $by); $sentence);

# Observations and conditions by where they belong.
def observed($m; $first):
  every($m; "Observation"), every($m; "Condition")
  | select(told_elsewhere($m) | not)
  | [.category? | each | codings | .code | strings] as $category
  | any(.subject | objects | follow($m.index); adult($m)) as $adult
  | (.resourceType == "Observation"
      and any(.code | codings | .system | strings; test("household-composition|LivingArrangement")))
    as $living
  | {
      where: (
        if .bodySite != null then "harm"
        elif $living or any($category[]; . == "social-history") then "family"
        elif $category == [] and (.valueString? != null or .note? != null) then "worry"
        elif $adult then "parenting"
        else "development" end),
      text: sentence($m; $first),
      seen: .
    };

# A harm: an observation with a place on the body.
def harm($m; $first):
  . as $seen
  | [observer($m)] as $by
  | {
      what: one([one(whose($m; $first)),
          ([(.code | said), value] | together(": ")),
          (.note? | each | if type == "object" then .text else . end),
          ($by[].name | values | "Seen by " + .)]
        | sentences | values
        | . as $what | $seen | because(grounds($m; $by); $what)),
      when: one((.effectiveDateTime?, .onsetDateTime?, .onsetString?) | words),
      body_map: ([.bodySite | each | said] | together(", "))
    };

# The text of an attached document.
def attached:
  .attachment? | objects
  | if (.contentType | strings | test("^text/(plain|markdown)")) and (.data | type == "string")
    then . as $attachment
      | (try (.data | @base64d) catch null) as $text
      | $text | strings | because([$attachment.contentType, $attachment.data]; .)
    else empty end;

# What documents and messages say.
def documents($m):
  (every($m; "DocumentReference") | . as $document
    | [(.type | said), (.description | words),
       (.content | each | (.attachment? | objects | .title | words), attached)]
    | together(": ") | values
    | because($document | standing + pointed($m); .)),
  (every($m; "Communication") | . as $sent
    | .payload | each | (.contentString? | words), ({attachment: .contentAttachment?} | attached)
    | because($sent | standing; .)),
  (every($m; "ClinicalImpression") | . as $formed
    | [.description, .summary, (.note | each | .text?)] | sentences | values
    | because($formed | standing + pointed($m); .));

# What was found in an assessment of need, as BaRS tells it in a plan.
def triage($m):
  every($m; "CarePlan") | . as $plan
  | .activity | each | objects | .outcomeCodeableConcept | each
  | [(.text? | words), (codings | first((.display, .code) | words)), words]
  | once | together(": ")
  | values | because($plan | pointed($m); .);

# Flags that add to the worry: whom the sender has told already, and what else is to be known. What
# was offered to a patient and not taken, and how often one rings, is left to the notes.
def remarks($m; $first):
  every($m; "Flag")
  | select((flagged("^(SG|SS|IR|RA|RS|RC|safety)$") or any(.code | codings | meaning; true)) | not)
  | . as $flag
  | [one(whose($m; $first)), (.code | said)] | together(": ") | values
  | . as $words | $flag
  | because(standing + pointed($m) + [.category? | leaves[]]; $words);

def worry($m; $first; $observed):
  [
    ($m.requests[]
      | (.reasonCode | each | select(any(codings | meaning; true) | not) | said),
        (.note | each | if type == "object" then .text else . end | words)),
    ($m.requests[0] | objects | select((live | not) and any($m.requests[]; live))
      | because(.status; ["Taken back by the sender: the request", (.identifier | each | .value?)]
          | together(" "))),
    documents($m),
    ($observed[] | select(.where == "worry") | .text),
    (every($m; "Observation")
      | select(any(.code | codings; .system == "urn:frontdoor:code:question"))
      | .note | each | .text? | words),
    remarks($m; $first),
    ($m.all[] | select(.resourceType? == "Encounter") | . as $met | .reasonCode? | each
      | select(any(codings | meaning; true) and ($met | holds) | not) | said),
    triage($m)
  ] | once | together("\n");

# A plan of help that the sender knows of.
def help($m):
  [every($m; "CarePlan") | . as $plan
    | [.title, .description, (.category | each | said),
       (.activity | each | objects | .detail | objects | .description, (.code | said)),
       (.note | each | if type == "object" then .text else . end)]
    | sentences | values | because($plan | standing; .)]
  | together("\n");

# ---- The whole

# Why a request is taken back, if none is left that stands.
def corrections($m):
  [
    first(
      ($m.requests[0] | objects | select(any($m.requests[]; live) | not) | . as $request
        | .status | strings | select(. == "revoked" or . == "entered-in-error")
        | {kind: because(.; "cancelled"),
           detail: one($request | extension("request-statusReason") | told(value))}),
      ($m.header | objects | .reason | objects | .coding | each | .code?
        | strings | select(. == "delete")
        | {kind: because(.; "cancelled"), detail: null})
    )
  ];

# The level that the sender claims, and how soon it wants an answer.
def level($m):
  [
    one(($m.requests[] | (.category, .reasonCode, .orderDetail) | each | ours("level")),
      ($m.answers[] | select(.ask == "level") | .value | values)),
    one($m.requests[] | .priority | words | "priority " + .)
  ] | together("; ");

(message | with_unborn) as $m
| children($m) as $children
| one($children[0] | objects | .resource) as $first
| corrections($m) as $corrections
| [observed($m; $first)] as $observed
| [marks($m)] as $marks
| select(($m | is_answer | not) or any($marks[] | signs($m); true)
    or (cautiously($m; "danger-now") // "no" | test("^(no|not-known|unknown|refused)$"; "i") | not))
# An answer to a question of ours that is not about one child.
| def asked(ask): one($m.answers[] | select(.ask == ask) | .value | values);
  def refusing(ask): answers_to($m; ask) | worst_first("no");
  def domain(name): [$observed[] | select(.where == name) | .text] | together("\n");
  one(($m.requests[] | .authoredOn | words), (.timestamp? | words)) as $written
| {
    referrer: referrer($m),
    children: [
      range($children | length) as $at | $children[$at] | . as $one | .resource
      | if $one.made == "child" then child($m; $at == 0)
        elif $one.made == "unborn" then unborn_child($m; $at == 0; $one.signs)
        else {
            description: one([$one.resource["@described"],
                (full_name | values | "Unknown child in the care or home of " + .)]
              | sentences | values
              | because([$one.resource.birthDate?] | leaves; .)),
            address: home,
            location_now: (asked("location-now") // whereabouts($m; true))
          } end
    ],
    household: household($m; $children),
    # BaRS takes back a referral with little more than its status.
    worry: (worry($m; $first; $observed) // one($corrections[] | .kind as $kind
      | because($kind; "The sender takes back what was sent before"))),
    concerns: ([$marks[] | concerns($m; $first)] | once_of_all),
    indicators: ([
        ($marks[] | signs($m)),
        (if ($children | length) > 1 then $children[] | .resource
            | (.deceasedBoolean?, .deceasedDateTime?) | select(. != null and . != false)
            | because(.; "child-death-siblings")
          else empty end)
      ] | once_of_all),
    danger_now: cautiously($m; "danger-now"),
    primary_need: one($marks[] | .concept | codings | meaning | .need | values),
    harm: [$observed[] | select(.where == "harm") | .seen | harm($m; $first)],
    domains: {
      development: domain("development"),
      parenting: ([domain("parenting"), asked("parenting")] | together("\n")),
      family_and_environment: ([domain("family"), asked("family")] | together("\n")),
      going_well: asked("going-well"),
      what_must_change: asked("must-change"),
      scale: (asked("scale") as $scale | try ($scale | tonumber) catch $scale)
    },
    agreement: (agreement($m; null) as $consent | {
        informed: refusing("family-informed"),
        agreed: ([$consent.agreed, answers_to($m; "family-agreed")[] | values]
          | worst_first("no")),
        reason: ([$consent.reason, asked("agreement-reason")] | together("; "))
      }),
    do_not_alert: cautiously($m; "do-not-alert"),
    request: one($m.requests[] | (.category, .code, .reasonCode, .orderDetail) | each
      | ours("request")),
    level_claimed: level($m),
    earlier_help: {
      detail: ([help($m), asked("earlier-help")] | together("\n")),
      previous_referrals: asked("previous-referrals"),
      lead_professional: one((asked("lead-professional") | values),
        ($first | objects | in_team($m; "lead professional") | .name | values))
    },
    worker_safety: {
      violence: cautiously($m; "violence"),
      dogs: cautiously($m; "dogs"),
      weapons: cautiously($m; "weapons"),
      detail: ([
          (every($m; "Flag") | select(flagged("^(SS|IR|safety)$")) | . as $flag
            | .code | said
            | because($flag | standing + pointed($m) + [.category | leaves[]]; .)),
          asked("worker-safety")
        ] | together("; "))
    },
    keep_confidential: ([
        asked("keep-confidential"),
        kept_places($m),
        ($m.all[] | select(.resourceType? == "Patient") | . as $one | restricted
          | select(. != []) | . as $marked
          | because($marked; "The NHS record is restricted: address and telephone are protected"))
      ]
      + [$m.all[], {meta: {security: $envelope}} | .meta?.security? | each | each | objects
          | select(.code | . == "R" or . == "V" or . == "U" or . == "N" or . == "L" | not)
          | said | values | "Marked by the sender: " + .]
      | once | sentences),
    form_date: one($written | values | day),
    form_time: one($written | values | select(test("^[0-9-]{10}T")) | .[11:]),
    telephone_first: asked("telephone-first"),
    telephone_date: asked("telephoned-on"),
    telephone_time: asked("telephoned-at"),
    safeguarding_lead_consulted: asked("lead-consulted"),
    # BaRS keeps the Bundle's id in every later message about the same referral.
    source_message_id: one(
      (($m.requests[], .) | .identifier? | each | objects | .value | words),
      (select(.resourceType? == "Bundle") | .id | words)),
    corrections: $corrections
  }
