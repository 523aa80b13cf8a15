# A housing association's safeguarding alert about one tenancy, to one referral.
#
# The tenancy itself (reference, type, arrears) and the repairs job have no place in a referral:
# they become notes.

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

def says_yes: . == true or reads("^(yes|y|true)$");
def says_no: . == false or reads("^(no|n|false)$");

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

# What may stand in the place of a date of birth or an age, and of a name: that a child is not yet
# born. A name may be Edd or Due.
def is_due: reads("^\\s*(unborn|edd|due)([^a-z]|$)");
def is_unborn: reads("^\\s*unborn([^a-z]|$)");
def due: if is_due then sub("^[^0-9]+"; "") else . end | day;

# A day with its year first, so that days can be compared.
def year_first:
  if reads("^[0-9]{4}-[0-9]{2}-[0-9]{2}") then .[0:10]
  elif reads("^[0-9]{2}/[0-9]{2}/[0-9]{4}$") then .[6:10] + "-" + .[3:5] + "-" + .[0:2]
  else null end;

# ---- Concerns

# Types of concern, with the census factor or the indicator that says the same. "18A", "19A" and,
# of domestic abuse, "3A" (a child who lives with it is a victim) are those that do not say by whom.
def types:
  {
    "neglect": {code: "16A"},
    "emotional-abuse": {code: "17A"},
    "physical-abuse": {code: "18A"},
    "sexual-abuse": {code: "19A"},
    "domestic-abuse": {code: "3A"},
    "alcohol-parent": {code: "1B"},
    "drugs-parent": {code: "2B"},
    "mental-health-parent": {code: "4B"},
    "mental-health-child": {code: "4A"},
    "self-harm": {code: "15A"},
    "young-carer": {code: "7A"},
    "child-criminal-exploitation": {code: "24A"},
    "county-lines": {code: "24A", indicator: "county-lines"},
    "child-sexual-exploitation": {code: "11A"},
    "modern-slavery": {code: "12A"},
    "gangs": {code: "13A"},
    "child-alone": {indicator: "child-alone"},
    "unexplained-injury": {indicator: "unexplained-injury"},
    "severe-neglect": {indicator: "severe-neglect"},
    "drugs-within-reach": {indicator: "lethal-substances"},
    "forced-marriage": {indicator: "forced-marriage"},
    "private-fostering": {indicator: "private-fostering"},
    "radicalisation": {indicator: "radicalisation"},
    "not-in-school": {indicator: "missing-education"}
  };

# "Domestic Abuse." and "domestic_abuse" are domestic-abuse. What is long is no type.
def meaning:
  (select(length < 100) | types[lower | gsub("[^a-z]+"; " ") | trim | gsub(" "; "-")]) // {};

# The types of an alert, in a list or in one text.
def types_said: .concernTypes | texts | splits(" *[;,|\\n] *") | select(. != "");

# A type as a concern; without a code it stays in its own words.
def concern:
  . as $type
  | meaning.code as $code
  | {code: (if $code then because($type; $code) else null end), detail: $type};

def indicators:
  [types_said | . as $type | meaning.indicator | strings | because($type; .)];

# ---- The property

# From whom the address is withheld, as the alert or the property says; neither takes back what the
# other says. A yes without a name names nobody; any other answer than a plain no withholds it too.
def withheld_from:
  [.addressConfidential, (.property | part | .addressConfidential)] as $said
  | [$said[] | part | .from | .. | strings] as $named
  | [$said[] | if type == "object" then .confidential else . end
     | select(. != null and (says_no | not))] as $flags
  | [$flags[] | strings | select(says_yes | not)] as $words
  | if $named + $words != [] then $named + $words
    else [$flags[] | because(.; "not-known")] | .[:1] end;

# The words of a condition or of an incident, and how grave or when.
def worded($text; $beside):
  if ($text | type) == "string" and ($beside | type) == "string"
  then $text + " (" + $beside + ")"
  else $text end;

def home:
  (.property | part) as $property
  | ($property.address | part) as $address
  | {
      lines: (([$address.flat, $address.building, $address.line1, $address.line2] | joined(", "))
              // ($property.address | strings) // (.property | strings) // null),
      town: $address.town,
      postcode: $address.postcode,
      uprn: $property.uprn
    }
  | with_entries(select(.value != null));

# The home with those who must not learn it, so that no copy of it goes without them.
def safe_home:
  home as $home
  | if $home == {} then null else $home + {withheld_from: withheld_from} end;

# What the home is like: its condition, and what neighbours complain of.
def environment:
  ((.property | part | .condition | texts),
   (.property | part | .condition | each_part | worded(.issue; .severity)),
   (.antisocialBehaviour | texts),
   (.antisocialBehaviour | part | .summary),
   (.antisocialBehaviour | part | .incidents | each_part | worded(.text; .date)));

# ---- People

def sex:
  if reads("^(m|male|boy)$") then because(.; "M")
  elif reads("^(f|female|girl)$") then because(.; "F")
  else answer end;

# Whether an age in words is that of a child: in years, in months or weeks, or by what it is called.
def is_young:
  reads("^\\s*((about|around|aged?|approx[a-z]*[.]?) *)*((1[0-7]|[0-9])([^0-9]|$)"
    + "|[0-9]+( *[-–/] *[0-9]+)? *(m|mths?|months?|w|wks?|weeks?|d|days?)([^a-z]|$)"
    + "|[a-z ]{1,20} (months?|weeks?|days?)( old)?$"
    + "|new ?born|baby|infant|toddler|child|teen)");

# Whether a member of the household is under eighteen by age or date of birth; null where neither
# says.
def is_minor($raised):
  (.age | tostring) as $age
  | (.dateOfBirth | year_first) as $born
  | ($raised | year_first) as $on
  | if $age | reads("pregnan") then null
    elif $age | is_young then true
    elif $born and $on then ($on[0:4] | tonumber - 18 | tostring) + $on[4:] < $born
    elif $age | reads("^[0-9]{2}([^0-9]|$)") then false
    else null end;

# Whether a member of the household is a child, born or not. Sons and daughters may be grown up.
def is_child($raised):
  . as $member
  | is_minor($raised) as $minor
  | (.role | strings | lower | gsub("[^a-z]+"; " ") | trim) // ""
  | $minor == true or any($member.dateOfBirth, $member.age; is_due)
    or test("^((step|foster|grand|unborn|newborn|dependent|tenant s) ?)?"
      + "(child|children|baby|babies|unborn|infant|toddler|newborn)( (child|baby|step|foster))?$")
    or ($minor == null
      and test("^((tenants?|s|mother|father|his|her|their|the|eldest|oldest|older|young|younger"
        + "|youngest|middle|little|teenage|twin|step|foster|grand) )*(step|foster|grand)?"
        + "(sons?|daughters?|boys?|girls?|kids?|twins?|teens?|teenagers?|young (person|people))$"));

# Whether a child is yet to be born, as stated or by a role that says so. A child is not said to be
# born by being called one, nor unborn whose day of birth is past.
def unborn($raised):
  if .role | reads("^unborn") then because(.role; "yes")
  elif .unborn != null then .unborn | answer
  elif (.dateOfBirth | year_first) as $born | $born != null and $born <= ($raised | year_first)
  then null
  else first(((.dateOfBirth, .age | select(is_due)), (.name | select(is_unborn))
    | because(.; "yes")), null) end;

# Whoever does not live here has a home elsewhere. That the role was child needs no note.
def child($home; $raised):
  [.role | select(reads("^(child|baby)$"))] as $role
  | {
    given_name: because($role; .givenName | answer),
    family_name: (.familyName | answer),
    full_name: because($role; .name | answer),
    description: because($role; .description),
    date_of_birth: (.dateOfBirth | if is_due then null else birthday end),
    unborn: unborn($raised),
    expected_date: (.expectedDate
      // first((.dateOfBirth, .age | select(is_due and reads("[0-9]"))), null) | due),
    estimated_age: (.age | if is_due then null else answer end),
    sex: (.sex | sex),
    nhs_number: (.nhsNumber | answer),
    address: (if .livesHere | says_no then null else $home end),
    location_now: .locationNow,
    school: {name: .school},
    language: (.language | answer),
    interpreter: (.interpreterNeeded | answer),
    disability_detail: .disability,
    own_words: .childSaid,
    seen: (.seen | answer),
    seen_alone: (.seenAlone | answer),
    seen_on: (.seenOn | day),
    private_fostering: (.privatelyFostered | answer),
    mother_name: .motherName,
    father_name: .fatherName
  };

def person:
  {
    name: ((.name // ([.givenName, .familyName] | joined(" "))) | answer),
    relationship: (.relationshipToChild // .role),
    date_of_birth: (.dateOfBirth | birthday),
    lives_with_child: (.livesHere | answer),
    parental_responsibility: (.parentalResponsibility | answer),
    alleged_to_have_harmed: (.allegedToHaveHarmed | answer),
    has_access_to_child: (.hasAccessToChild | answer),
    protective: (.protective | answer),
    telephone: .telephone,
    language: (.language | answer),
    interpreter: (.interpreterNeeded | answer)
  };

# How someone may be reached: kept with the person whom it names, else on its own.
def contact: {how: .how, when: .when, voicemail: (.voicemail | answer), telephone: .telephone};

def with_contact($preference):
  if .name != null and .name == $preference.person
  then . + {name: because($preference.person; .name), contact: ($preference | contact)}
  else . end;

def contact_alone($preference; $names):
  if $names | any(. != null and . == $preference.person) then null
  else {name: $preference.person, contact: ($preference | contact)} end;

# ---- The referral

# An alert that was taken back, or raised on the wrong household.
def corrections:
  .statusReason as $why
  | .status
  | if reads("^(withdrawn|cancelled|raised in error)$")
    then [{kind: because(.; "cancelled"), detail: $why}]
    elif reads("^(wrong household|wrong address)$")
    then [{kind: because(.; "wrong-child"), detail: $why}]
    elif reads("^corrected$") then [{kind: because(.; "corrected"), detail: $why}]
    else [] end;

# Whoever raised the alert, else the operative who saw it; whoever stays anonymous is not taken for
# the operative.
def referrer:
  (.landlord | part) as $landlord
  | (.raisedBy | part) as $raiser
  | ($raiser.anonymous | tostring | test("^(true|yes|y)$"; "i")) as $hidden
  | (if $hidden then {} else (.observation | part | .operative | part) end) as $operative
  | ($raiser.name // (.raisedBy | strings) // null) as $name
  | {
      name: ($name // $operative.name),
      role: (if $name or $raiser.jobTitle then $raiser.jobTitle else $operative.trade end),
      agency: ($landlord.name // (.landlord | strings) // null),
      telephone: ($raiser.telephone // $landlord.telephone),
      email: ($raiser.email // $landlord.email),
      anonymous: ($raiser.anonymous | answer),
      withheld_from_family: ($raiser.keepFromFamily | answer)
    };

(objects // {})
| . as $alert
| safe_home as $home
| (.contactPreference | part) as $preference
| [.household | each_part | select(is_child($alert.raisedAt))] as $children
| [.household | each_part | select(is_child($alert.raisedAt) | not)] as $people
| {
    referrer: referrer,
    children: (if $children == [] and $home then [{address: $home}]
               else [$children[] | child($home; $alert.raisedAt)] end),
    household: {
      telephone: (.property | part | .telephone),
      people: [
        ($people[] | person | with_contact($preference)),
        contact_alone($preference; [$people[] | person | .name])
      ]
    },
    worry: ([(.summary | texts), (.observation | texts), (.observation | part | .text | texts)]
            | joined("\n\n")),
    concerns: [types_said | concern],
    indicators: indicators,
    danger_now: (.immediateDanger | answer),
    domains: {family_and_environment: ([environment] | joined("; "))},
    agreement: {
      informed: (.tenantInformed | answer),
      agreed: (.tenantAgrees | agrees),
      reason: .reasonNotInformed
    },
    do_not_alert: (.doNotAlertFamily | answer),
    request: .requestedService,
    level_claimed: .riskRating,
    earlier_help: {previous_referrals: .previousAlerts, detail: .supportOffered},
    worker_safety: (.staffHazards | {
      violence: (part | .violence | answer),
      dogs: (part | .dogs | answer),
      weapons: (part | .weapons | answer),
      detail: ([texts, (part | .detail | texts)] | joined("; "))
    }),
    keep_confidential: .keepConfidential,
    form_date: (.raisedAt | day),
    form_time: (.raisedAt | time),
    telephone_first: .telephonedFirst,
    source_message_id: .alertId,
    corrections: corrections
  }
