# Police protection notice, in XML or JSON -> canonical referral.
#
# One vocabulary in two notations, in POLE terms: XML writes <PPN> with Event, Person, Location and
# Object, names as OccurrenceNo; JSON writes the members of the event at the top, beside persons,
# location and objects, names as occurrence_no. Both are brought to one shape first.

# ---- One shape: objects whose members are lists, by names like occurrence_no

# A name as both notations have it: OccurrenceNo, @occurrenceNo and occurrence_no are one.
def key:
  ltrimstr("@") | ltrimstr("#")
  | gsub("(?<one>[a-z0-9])(?<two>[A-Z])"; "\(.one)_\(.two)")
  | gsub("(?<one>[A-Z])(?<two>[A-Z][a-z])"; "\(.one)_\(.two)")
  | lower;

def shape:
  def listed: if type == "array" then .[] | listed else shape end;
  if type == "object"
  then to_entries | map(.key |= key) | group_by(.key)
    | map({key: .[0].key, value: [.[].value | listed]}) | from_entries
  else . end;

# What is stated under any of these names.
def each(names): objects | .[names] | arrays | .[] | select(. != null);

# What one of them says: a value, or the text of an element.
def plain:
  if type == "object" then first((each("text") | plain), null)
  elif type == "number" then tostring
  elif type == "string" and (test("\\S") | not) then null
  else . end;

# All that is said under these names, and the first of it.
def all(names): each(names) | plain | select(. != null);
def said(names): first(all(names), null);

# Texts in one, with something between them; null for none.
def together(between): map(select(. != null)) | if . == [] then null else join(between) end;

# Whether this is a text of such a form, in capital or small letters.
def like(pattern): type == "string" and test(pattern; "i");

# Whether an answer begins with a yes.
def is_yes: . == true or like("^\\s*(y|yes|true|1)([^a-z]|$)");

# Whether an answer is plainly a yes or a no.
def is_plain_yes: . == true or like("^\\s*(y|yes|true|1)[.!]?\\s*$");
def is_no: . == false or like("^\\s*(n|no|false|0)[.!]?\\s*$");

# A yes or no; "not known" in other words is said in the canonical ones.
def known: if like("^\\s*(not[ -]known|unknown|n/?k)\\s*$") then because(.; "not-known") else . end;
def answer(names): said(names) | known;

# Of several answers, a yes, or else what is no plain no; and where a yes would lower the guard,
# another than a yes.
def any_yes(names):
  first((all(names) | select(is_yes)), (all(names) | select(is_no | not)), said(names)) | known;
def all_yes(names): first((all(names) | select(is_yes | not)), said(names)) | known;

# Whether someone agrees. Whoever would not say, or was not asked, has not answered; a note keeps
# the words.
def agrees:
  if like("^(would not say|prefer not to say|declined to (say|answer)|not asked)$")
  then "not-known"
  elif like("^(refused|declined)$") then because(.; "refused")
  else . end;

# The date of a time; what is none stays as it was stated.
def date: if like("^[0-9]{4}-[0-9]{2}-[0-9]{2}T") then .[0:10] else . end;

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
  if like("^(01/01/1900|1900-01-01)") then null
  elif like("^[0-9]{4}-[0-9]{2}-[0-9]{2}T23:00:00([.]0+)?Z$") and (in_summer? // false)
  then because(.; .[0:10] + "T00:00:00Z" | fromdate + 86400 | todate | .[0:10])
  else date | known end;

# Whether what stands for a date of birth is the day on which a baby is due.
def is_due: like("^\\s*(edd|due)([^a-z]|$)");

# The hour and minute of a time, where it has them; that of Greenwich says so.
def time:
  if like("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")
  then .[11:16] + if endswith("Z") then " UTC" else "" end else null end;

# The members of a list, each once; one that comes twice tells both places.
def each_once:
  reduce .[] as $new ([];
    if any(.[]; . == $new) then map(if . == $new then because($new; .) else . end)
    else . + [$new] end);

# ---- Persons

def roles: all("role", "roles") | strings | lower;

def has_role(pattern): any(roles; test(pattern));

# The roles of a child whom the notice concerns, such as "Child (victim)" and "Subject child"; a
# "child's father" is none.
def child_roles:
  [roles | select(gsub("[^a-z]+"; " ") | trim
    | test("^((subject|vulnerable|missing|involved|victim|witness|suspect) )?"
      + "(child|children|unborn|juvenile|young person|baby|infant)"
      + "( (or|and|young person|child|baby|victim|aggrieved|witness|subject|suspect|missing"
      + "|at risk))*$"))];

def is_suspect: has_role("suspect|offender|perpetrator|alleged");
def is_victim: has_role("victim|aggrieved");

# A name: in one, or given, middle and family.
def name_parts: first((each("name") | objects | select(each("given", "family"))), {});
def whole_name: first((each("name") | plain | select(. != null)), null);
def name:
  (name_parts | [said("title"), said("given"), said("middle"), said("family")] | together(" "))
  // whole_name;

def sex:
  if like("^m(ale)?$") then because(.; "M")
  elif like("^f(emale)?$") then because(.; "F")
  elif like("^u(nknown|nborn)?$") then because(.; "U")
  else . end;

# Self-defined ethnicity (16+1 codes) as code of the CIN census; another one in its own words.
def ethnicity:
  . as $stated
  | {W1: "WBRI", W2: "WIRI", W9: "WOTH", M1: "MWBC", M2: "MWBA", M3: "MWAS", M9: "MOTH",
    A1: "AIND", A2: "APKN", A3: "ABAN", A4: "CHNE", A9: "AOTH", B1: "BCRB", B2: "BAFR",
    B9: "BOTH", O1: "CHNE", O9: "OOTH"}[strings | upper] // null
  | if . != null then . as $code | because($stated; $code) else $stated end;

# The marks that a place must not be disclosed: all but a plain no.
def marks: all("do_not_disclose", "do_not_disclose_to") | select(is_no | not);
def is_hidden: any(marks; true);

# Those whom the marks name.
def hidden_from: all("do_not_disclose_to") | select((is_plain_yes or is_no) | not);

# Who must not learn of an address that is marked "do not disclose": those named, or else the
# suspects, or else everyone. A mark in words tells itself.
def withheld_from($suspects):
  [hidden_from] as $named
  | [marks | select(is_plain_yes)] as $plain
  | [all("do_not_disclose") | strings | select((is_plain_yes or is_no) | not) | known] as $words
  | if is_hidden | not then null
    elif $named != [] then ($named | map(because($plain; .))) + $words
    elif $suspects != [] then ($suspects | map(because($plain; .))) + $words
    elif $words != [] then $words
    else [because($plain; "Everyone: not to be disclosed")] end;

def address($suspects):
  {
    lines: because([all("kind")]; ([all("line", "lines")] | together(", ")) // plain),
    town: said("town"),
    postcode: said("postcode"),
    uprn: said("uprn"),
    withheld_from: withheld_from($suspects)
  };

def contact:
  first((each("safe_contact")
    | {how: (said("how") // plain), when: said("when"), voicemail: answer("voicemail"),
      telephone: said("telephone")}), null);

# What someone was told and agreed to, each time.
def agreement:
  reduce (each("agreement") | objects | to_entries[]) as $one ({}; .[$one.key] += $one.value)
  | {informed: all_yes("informed"), agreed: (all_yes("agreed") | agrees),
     reason: ([all("reason")] | together("; "))};

def role_like(pattern): all("role", "roles") | select(like(pattern));

# Who cares for a child, in the words of a role or relationship.
def carers: "mother|father|parent|carer|guardian";

# How a person is of the family: as stated, or else by a role that says so.
def relationship:
  said("relationship")
  // first(role_like(carers), role_like("brother|sister|sibling|partner|child"), null)
  // first((all("role", "roles") | strings
    | select(like("suspect|offender|perpetrator|alleged|victim|aggrieved") | not)), null);

# An adult, or another who is not one of the children.
def person($suspects):
  {
    name: name,
    relationship: relationship,
    date_of_birth: (said("dob") | birthday),
    lives_with_child: answer("lives_with_child"),
    parental_responsibility: answer("parental_responsibility"),
    alleged_to_have_harmed: (if is_suspect then because([roles]; "yes") else null end),
    has_access_to_child: answer("access_to_child"),
    protective: answer("protective"),
    telephone: said("telephone"),
    address: first((each("address") | address($suspects)), null),
    contact: contact,
    language: said("language"),
    interpreter: answer("interpreter"),
    agreement: agreement
  };

# A child; `event` says what it says of the only child.
def child($suspects; $only):
  child_roles as $roles
  | {
    given_name: because($roles; name_parts | said("given")),
    middle_names: (name_parts | said("middle")),
    family_name: because($roles; name_parts | said("family")),
    full_name: because($roles; whole_name),
    known_as: (said("known_as") // (name_parts | said("known_as"))),
    description: said("description"),
    date_of_birth: (said("dob") | if is_due then null else birthday end),
    unborn: (answer("unborn") // if has_role("unborn") then because([roles]; "yes") else null end),
    expected_date: (first(all("expected_date"), (said("dob") | select(is_due)), null)
      | if is_due then sub("^[^0-9]+"; "") else . end | date),
    estimated_age: (said("apparent_age")
      | if like("^[0-9]{1,3}$") then tonumber else . end),
    sex: (said("sex") | sex),
    nhs_number: said("nhs_number"),
    ethnicity: (said("ethnicity") | if . == null then null else ethnicity end),
    religion: said("religion"),
    language: said("language"),
    interpreter: answer("interpreter"),
    address: first((each("address") | address($suspects)), null),
    location_now: said("location_now"),
    school: {name: said("school")},
    own_words: ([all("words"), ($only | all("child_words"))] | together("\n")),
    seen: first(((answer("seen"), ($only | answer("child_seen"))) | select(. != null)), null),
    seen_alone: answer("seen_alone"),
    seen_on: (said("seen_at") | date),
    contact: contact,
    agreement: agreement,
    social_worker: said("social_worker"),
    private_fostering: answer("private_fostering")
  };

# Eight digits of a date, year first, as a number: 18 years are 180000.
def digits:
  if like("^[0-9]{4}-[0-9]{2}-[0-9]{2}") then .[0:10] | gsub("-"; "") | tonumber
  elif like("^[0-9]{2}/[0-9]{2}/[0-9]{4}") then .[6:10] + .[3:5] + .[0:2] | tonumber
  else null end;

# Whether an age in words is that of a child: in years, in months or weeks, or by what it is called.
def is_young:
  like("^\\s*((about|around|aged?|approx[a-z]*[.]?) *)*((1[0-7]|[0-9])([^0-9]|$)"
    + "|[0-9]+( *[-–/] *[0-9]+)? *(mths?|months?|wks?|weeks?|days?)([^a-z]|$)"
    + "|new ?born|baby|infant|toddler|child|teen)")
  or (strings | test("^[0-9]+[mw]$")) // false;

# Whether someone was under 18 when it happened.
def is_minor($when):
  (said("dob") | digits) as $birth
  | if $birth != null and $when != null then $when - $birth < 180000
    else said("apparent_age") | is_young end;

# The children whom the notice concerns, told apart from the others: those with the role, and
# victims who are minors; where nobody has the role, the minors who are accused of nothing; where
# there are none, the accused.
def is_child($any; $when):
  if child_roles != [] then true
  else is_minor($when) and (is_suspect | not) and ($any and (is_victim | not) | not) end;
def told_apart($when):
  [each("person", "persons") | objects] as $persons
  | any($persons[]; child_roles != []) as $any
  | [$persons[] | {one: ., child: is_child($any; $when)}]
  | if any(.[]; .child) then . else map(.one as $one | .child = ($one | is_minor($when))) end;

# ---- Places

# The home: the location of that kind, or one of no kind.
def home:
  first((each("location", "locations")
      | select(said("kind") | like("^((family )?home|residence)( address)?$"))),
    (each("location", "locations") | select(said("kind") == null)), null);

# Places that are no home and must not be disclosed: for those alone who may see all.
def hidden_places:
  home as $home
  | each("location", "locations") | objects | select(is_hidden and . != $home)
  | [all("do_not_disclose") | strings | select(is_plain_yes | not)] as $words
  | because([marks | select(is_plain_yes)]; "Not to be disclosed")
    + ([hidden_from | " to " + tostring] | join(","))
    + ([$words[] | " (" + . + ")"] | join(""))
    + ": " + ([said("kind"), all("line", "lines"), said("town"), said("postcode"), said("uprn")]
      | together(", ") // "");

# What stands for the name of a child who has none: where the child is, or with whom.
def unnamed:
  first(
    (home | select(. != null)
      | because([all("line", "lines", "town", "postcode", "uprn")]; "Child at this address")
      | {description: .}),
    (each("location", "locations") | is_hidden as $hidden
      | [all("line", "lines"), said("town"), said("postcode")] | together(", ") | strings
      | {description: "Child at the place of the occurrence",
         location_now: (if $hidden then null else . end)}),
    (each("person", "persons") | name | strings | {description: because(.; "Child, not named")}),
    {});

# ---- Domestic abuse

# The grade of a DASH: its own, or what it says where it is but a word.
def dash_grade: said("grade") // plain;

# The CIN factor of domestic abuse, by who the victim is; of another victim it is not known.
def factor($children):
  def whose:
    . as $one
    | if any($children[]; . == $one) then "3A"
      elif relationship | like(carers) then "3B"
      else null end;
  first((each("person", "persons") | select(is_victim)
    | because([roles, said("relationship")]; whose) | select(. != null)), null);

# DASH as a concern: its grade, its ticks, and whether it goes to MARAC.
def domestic_abuse($children):
  factor($children) as $factor
  | first(all("marac"), (each("dash") | all("marac")), null) as $marac
  | each("dash")
  | {
    code: $factor,
    detail: ([
      (dash_grade | strings | "DASH " + .),
      (all("ticks", "tick") | strings | if test("^[0-9]+$") then . + " ticks" else . end),
      ($marac | select(. != null)
        | "MARAC: " + if . == true then because(.; "yes") elif . == false then because(.; "no")
          else . end)
    ] | together("; "))
  };

# DASH high, fourteen ticks or a case for MARAC is severe domestic abuse.
def severe:
  (each("dash") | dash_grade | select(like("^\\s*(very )?high"))),
  (each("dash") | [all("ticks", "tick") | strings]
    | select(length >= 14 or any(.[]; test("^\\s*(1[4-9]|2[0-9])([^0-9]|$)")))),
  (all("marac"), (each("dash") | all("marac")) | select(is_yes))
  | because(.; "domestic-abuse-high");

def indicators:
  [severe,
   all("indicator", "indicators"),
   (each("dash") | each("ticks", "tick") | said("indicator") | select(. != null))]
  | each_once;

def concerns($children):
  [domestic_abuse($children),
   (each("concern", "concerns")
    | if plain | like("^[0-9]+[A-Z]?$") then {code: plain}
      else {code: said("code"), detail: (said("detail") // plain)} end)];

# ---- The safety of workers

# A warning marker: its code in words of the national computer, or its own words.
def warns(codes; pattern):
  [each("person", "persons") | each("warning", "warnings")
    | select((said("code") | like(codes)) or (plain | like(pattern)))
    | [all("code"), plain]]
  | if . == [] then null else because(.; "yes") end;

def holds(pattern):
  [each("object", "objects") | said("kind") | select(like(pattern))]
  | if . == [] then null else because(.; "yes") end;

def warnings:
  [(each("person", "persons") | name as $name | each("warning", "warnings")
     | [$name, (plain // said("code"))] | together(": ")),
   (each("object", "objects") | [said("kind"), said("description")] | together(": "))]
  | together("\n");

# ---- The referral

# What one status says was done to an earlier notice.
def correction:
  if like("withdrawn|cancel|in.error") then "cancelled"
  elif like("wrong.?(child|person)") then "wrong-child"
  elif like("amend|correct|updat") then "corrected"
  else null end;

# Of several incidents, every one must be taken back, and by its own status.
def corrections:
  [all("status")] as $statuses
  | ($statuses | map(correction) | unique) as $kinds
  | if ([each("event")] | length) > ($statuses | length) or ($kinds | length) != 1
       or $kinds == [null] then []
    else [{kind: because($statuses; $kinds[0]),
           detail: ([all("status_reason")] | together("; "))}] end;

# The officer: by name, and as rank, number and unit. Where nobody is named, the force refers.
def referrer:
  first(each("officer"), {}) as $officer
  | ($officer | name // said("name") // plain) as $name
  | {
    name: ($name // said("force")),
    role: ($officer | [([said("rank"), said("collar_no")] | together(" ")), said("unit")]
      | together(", ")),
    agency: said("force"),
    telephone: ($officer | said("telephone")),
    email: ($officer | said("email"))
  };

# A correction without a word of the worry says so itself, for it is about an earlier notice.
def corrected:
  first((corrections | .[0] | objects
    | if .kind == "cancelled" then because(.kind; "The sender withdraws this notice")
      else because(.kind; "The sender changes this notice") end), null);

# What happened, when, and the narrative.
def worry($children):
  [all("type"), all("narrative")] as $told
  | corrected as $corrected
  | [
    (if $told != [] then [all("type"), (all("occurred_at") | strings | "occurred " + .)]
      | together(", ") else null end),
    all("narrative"),
    (if ($children | length) != 1
      then all("child_words") | "Words of a child: " + tostring else empty end)
  ]
  | together("\n") // $corrected;

# What was done to the children: the injuries that are recorded of them.
def harm($children):
  said("occurred_at") as $when
  | [$children[] | [all("injury", "injuries")] as $injuries | select($injuries != [])
    | {what: ([name, ($injuries | together("; "))] | together(": ")), when: $when}];

# XML's members of the event beside the others, as JSON has them; of several events, all.
def notice:
  shape
  | first(each("ppn"), .)
  | reduce (each("event") | objects | to_entries[]) as $one (.; .[$one.key] += $one.value)
  | . as $notice
  | (first((all("occurred_at", "reported_at") | digits | select(. != null)), null)) as $when
  | told_apart($when) as $persons
  | [$persons[] | select(.child) | .one] as $children
  | [$persons[] | select(.child | not) | .one] as $others
  | [$others[] | select(is_suspect) | name | select(. != null)] as $suspects
  | (if ($children | length) == 1 then $notice else {} end) as $only
  | {
    referrer: referrer,
    children: (
      if $children == [] then [unnamed | select(.description != "Child, not named")]
      else [$children[]
        | if name == null and said("description") == null
          then . as $one | $notice | unnamed as $instead | $one
            | child_roles as $roles
            | child($suspects; $only) | .description = because($roles; $instead.description)
            | .location_now //= $instead.location_now
          else child($suspects; $only) end]
      end),
    household: {
      address: (home | if . == null then null else address($suspects) end),
      telephone: (home | said("telephone")),
      people: [$others[] | person($suspects)]
    },
    worry: worry($children),
    concerns: concerns($children),
    indicators: indicators,
    danger_now: any_yes("immediate_danger"),
    harm: harm($children),
    agreement: agreement,
    do_not_alert: any_yes("do_not_alert"),
    level_claimed: ([all("grade")] | together("; ")),
    earlier_help: {
      previous_referrals: ([all("previous_notice", "previous_notices")] | together("; "))
    },
    worker_safety: {
      violence: warns("^VI$"; "violen"),
      weapons: (warns("^(WE|FI|XP)$"; "weapon|firearm|explosive") // holds("weapon|firearm|knife")),
      dogs: holds("dog"),
      detail: warnings
    },
    keep_confidential: ([all("confidential"), hidden_places] | together("\n")),
    form_date: (said("reported_at") | date),
    form_time: (said("reported_at") | time),
    telephone_first: answer("telephoned_first"),
    source_message_id: said("occurrence_no"),
    corrections: corrections
  };

notice
