# One row of a charity's spreadsheet, to one referral.
#
# A charity's own headings are renamed to these first (columns/AGENCY-ID.toml). Spreadsheets turn
# dates into numbers and take leading zeros; what that leaves unclear is passed on as it stands.

# ---- Cells

# The two answers that every question allows, however a charity writes them. That nobody asked is
# told in a note as well, for it is not the answer of a family.
def known_absent:
  if test("^(not known|unknown|don['’]?t know|n/?k|\\?+)$"; "i") then because(.; "not-known")
  elif test("^not asked$"; "i") then "not-known"
  elif test("^(refused|would not say|prefer not to say|declined to (say|answer))$"; "i")
  then because(.; "refused")
  else . end;

# Whether someone agrees, where that is plain. Who refuses does not agree; whoever would not say
# has not answered, and a note keeps the words.
def agreed:
  if test("^(yes|y|true|1|✓|✔|agreed)[.!]?$"; "i") then because(.; "yes")
  elif test("^(no|n|false|0|refused|declined)[.!]?$"; "i") then because(.; "no")
  elif known_absent == "refused" then "not-known"
  else known_absent end;

# What stands in an empty cell's place, and in the place of a person where there is none.
def nothing: test("^(n/a|n[.]a[.]?|-+)$"; "i");
def nobody:
  test("^((none|no|no[ -]?one|nobody|nil|n/a)( known| else)?|0|-+|no siblings|only child)$"; "i");

# Whether a cell is a plain yes (a tick is one), begins with a yes, or is a plain no.
def plain_yes: test("^(yes|y|true|1|x|✓|✔)[.!]?$"; "i");
def begins_with_yes: test("^(yes|y|true|1|x|✓|✔)([^0-9a-z]|$)"; "i");
def plain_no: test("^(no|n|false|0|none|nil|n/a|-)[.!]?$"; "i");

# What several cells say that answer one question. Where a yes adds care it is the answer, and a
# plain no never is beside another; else all are one text, a yes first.
def guards:
  test("danger|alert|missing|alleged|has_access|violence|dogs|weapons|anonymous|from_family"
    + "|unborn");
def told($asked):
  map(select(. != "not-known")) as $known
  | [$known[] | select(plain_yes)] as $yes
  | [$known[] | select(plain_yes | not)] as $rest
  | if length == 1 or $known == [] then .[0]
    elif $known | unique | length == 1 then because($known; $known[0])
    elif $asked | guards | not then $yes + $rest | join("; ")
    elif $yes != [] then $yes[0]
    elif all($rest[]; plain_no) then $rest[0]
    else [$rest[] | select(plain_no | not)] | join("; ") end;

# The row by headings in one form: "Parents' informed?" is parents_informed. Cells that say nothing
# are left out, and so become notes; but no row is refused for want of them.
def row:
  to_entries
  | map((.key |= snake) | .key as $asked
    | select(($asked | test("^(child_name|worker|worry)$")) or (.value | nothing | not))
    | .value |= if $asked | test("_agree") then agreed else known_absent end)
  | group_by(.key)
  | map(.[0].key as $asked | {key: $asked, value: (map(.value) | told($asked))})
  | from_entries;

# A plain yes or no; all else stays as stated. An x may be a tick or a cross, so it is none.
def yes_no:
  if . == null then null
  elif test("^x[.!]?$"; "i") then .
  elif plain_yes then because(.; "yes")
  elif test("^(no|n|false|0)[.!]?$"; "i") then because(.; "no")
  else . end;

# The same where a yes only ever adds care: an x is a yes here.
def tick:
  if . != null and plain_yes then because(.; "yes") else yes_no end;

# Danger now. An answer that goes on after a tick is told as the yes that it is.
def danger:
  if . != null and (plain_yes | not) and test("^[x✓✔]([^0-9a-z]|$)"; "i")
  then "Yes: " + . else tick end;

# Several cells as one text; null when all are empty.
def joined($between):
  map(strings) | if . == [] then null else join($between) end;

# The entries of a cell that lists several, parted by semicolons, bars or line breaks.
def entries:
  strings | splits("[;|\\n\\r]+") | trim | select(. != "");

# People of a list, who may also be parted by what follows a bracket: "Jo (4), Al (7)".
def people:
  strings | gsub("\\) *([,&+] *|and +)"; ");") | entries
  | select((nobody or . == "not-known" or . == "refused") | not);

# ---- Dates and times

def months:
  {jan: "01", feb: "02", mar: "03", apr: "04", may: "05", jun: "06",
   jul: "07", aug: "08", sep: "09", oct: "10", nov: "11", dec: "12"};

# The day that a spreadsheet counts from 30 December 1899.
def day_of_serial:
  because(.; ((.[0:5] | tonumber) - 25569) * 86400 | todate | .[0:10]);

# Whether YYYY-MM-DD is a day of the calendar.
def is_a_day:
  (. + "T00:00:00Z" | fromdate | true)? // false;

def two_figures: ("0" + .)[-2:];

# A date with its month in figures or in words, as YYYY-MM-DD.
def day_of_figures:
  capture("^(?<day>[0-9]{1,2})[/.-](?<month>[0-9]{1,2})[/.-](?<year>[0-9]{4})$")
  | .year + "-" + (.month | two_figures) + "-" + (.day | two_figures);

def day_of_words:
  capture("^(?<day>[0-9]{1,2})[ -](?<month>[a-z]{3})[a-z]*[ -](?<year>[0-9]{4})$"; "i")
  | (.month | lower) as $month
  | .year + "-" + because($month; months[$month] // "?") + "-" + (.day | two_figures);

# A date as YYYY-MM-DD. What is no day, or not clear, stays as stated.
def date:
  if . == null then null
  elif test("^[2-6][0-9]{4}([.]0+)?$") then day_of_serial
  elif test("^[0-9/.-]{8,10} 0?0:00(:00)?$") then split(" ") | .[0] | date
  else . as $stated
    | first((day_of_figures, day_of_words | select(is_a_day)), $stated)
  end;

# The day on which a baby is due, which may say that it is one: "EDD 12/03/2027".
def due:
  if . == null then null
  else sub("^(unborn|baby|edd|due|date|on|[:,. -])+"; ""; "i") | date end;

# When someone was born; or is due, where the cell says so. The first day of 1900 stands for none.
def birth:
  if . != null and test("^(0?1/0?1/1900|1900-01-01)") then {}
  elif . != null and test("^(unborn|edd|due)([^a-z]|$)"; "i")
  then {unborn: because(.; "yes"), expected_date: due}
  else {date_of_birth: date} end;

# ---- Ticks and signs

# Kinds of worry in small letters, with the census factor or the indicator that says the same.
# "18A", "19A" and, of domestic abuse, "3A" (a child who lives with it is a victim) are those that
# do not say by whom.
def kinds:
  {of: "neglect", code: "16A"},
  {of: "emotional abuse|emotional", code: "17A"},
  {of: "physical abuse|physical", code: "18A"},
  {of: "sexual abuse|sexual", code: "19A"},
  {of: "domestic (abuse|violence)|da|dv", code: "3A"},
  {of: "parental alcohol( use| misuse)?|parents? (alcohol|drinking)", code: "1B"},
  {of: "(parental|parents?) (drugs|drug use|drug misuse|substance misuse)", code: "2B"},
  {of: "(parental|parents?) mental health|mental health of a parent", code: "4B"},
  {of: "(childs )?mental health|mental health of the child", code: "4A"},
  {of: "self harm(ing)?", code: "15A"},
  {of: "young carer", code: "7A"},
  {of: "(child )?sexual exploitation|cse", code: "11A"},
  {of: "(child )?criminal exploitation|cce", code: "24A"},
  {of: "trafficking|modern slavery", code: "12A"},
  {of: "gangs?", code: "13A"},
  {of: "going missing|missing from home", code: "10A"},
  {of: "fgm|female genital mutilation", code: "22A"},
  {of: "faith or belief abuse|faith abuse", code: "23A"},
  {of: "forced marriage", indicator: "forced-marriage"},
  {of: "honou?r based (abuse|violence)|hba|hbv", indicator: "honour-based-abuse"},
  {of: "radicalisation|extremism", indicator: "radicalisation"},
  {of: "private fostering", indicator: "private-fostering"};

# What one kind may say: all of it, and what stands before brackets, as in "Domestic abuse (DA)".
def readings:
  (., gsub("\\(.*"; "")) | lower | gsub("['’]"; "") | gsub("[^a-z]+"; " ") | trim;

# The entries of the table that say the same as one kind.
def meanings:
  ([readings] | join("\n")) as $readings
  | [kinds | select(.of as $of | $readings | test("^(" + $of + ")$"; "m"))];

# The ticked kinds of a row, with what they mean.
def ticked:
  [.kind_of_worry | strings | splits("[;|,\\n\\r]+") | trim | select(. != "" and (nobody | not))
   | {said: ., means: meanings}];

# One kind as a concern; without a code it stays in its own words.
def concern:
  .said as $kind
  | (.means | map(.code | strings) | first) as $code
  | {code: (if $code then because($kind; $code) else null end), detail: $kind};

# Columns that are ticked one by one. A tick gives the code, and what was said beside it stays in
# words. An answer that is neither yes nor no is passed on in the code's place, so that a person
# reads it.
def columns:
  ( {said: .neglect, asked: "Neglect", code: "16A"},
    {said: .emotional_abuse, asked: "Emotional abuse", code: "17A"},
    {said: .physical_abuse, asked: "Physical abuse", code: "18A"},
    {said: .sexual_abuse, asked: "Sexual abuse", code: "19A"},
    {said: .domestic_abuse, asked: "Domestic abuse", code: "3A"},
    {said: .parents_alcohol, asked: "Parent's alcohol", code: "1B"},
    {said: .parents_drugs, asked: "Parent's drugs", code: "2B"},
    {said: .parents_mental_health, asked: "Parent's mental health", code: "4B"},
    {said: .childs_mental_health, asked: "Child's mental health", code: "4A"},
    {said: .self_harm, asked: "Self-harm", code: "15A"},
    {said: .young_carer, asked: "Young carer", code: "7A"} )
  | select(.said != null and .said != "not-known" and (.said | plain_no | not));

def concern_of_column:
  if .said | plain_yes then {code: because(.said; .code)}
  elif .said | begins_with_yes then {code: because(.said; .code), detail: (.asked + ": " + .said)}
  else {code: (.asked + ": " + .said)} end;

# The columns of which a yes is a sign that is never held back.
def signs:
  ( {said: .child_told_us, asked: "Child told us", code: "disclosure"},
    {said: .child_alone, asked: "Child alone", code: "child-alone"},
    {said: .strangulation, asked: "Strangulation", code: "strangulation"},
    {said: .abuse_in_pregnancy, asked: "Abuse in pregnancy", code: "domestic-abuse-pregnancy"},
    {said: .forced_marriage, asked: "Forced marriage", code: "forced-marriage"},
    {said: .fgm_risk, asked: "FGM risk", code: "fgm-risk"},
    {said: .earlier_child_removed, asked: "Earlier child removed", code: "earlier-removal"},
    {said: .missing_now, asked: "Missing now", code: "missing-now"} )
  | select(.said != null and .said != "not-known" and (.said | plain_no | not));

# The sign's code at a yes. Any other answer is passed on as stated, so that a person reads it.
def sign:
  if .said | begins_with_yes then because(.said; .code) else .asked + ": " + .said end;

# What was said beside a yes, so that it is not lost.
def beside_a_yes:
  select(.said | begins_with_yes and (plain_yes | not)) | {detail: (.asked + ": " + .said)};

# The grade of the domestic abuse risk checklist: high, in words or from 14 ticks on, as "High
# risk", "17/24", "DASH 18" or "medium, 15 ticks". The checklist is about an adult who is abused.
def dash_says_high:
  test("(^|[^a-z])high([^a-z]|$)"; "i")
  and (test("(^|[^a-z])(not|no|isn.?t|never|below|than|from) ((a|as|at|very|yet) )*high"; "i")
    | not);

# The ticks: a number by itself, after such a word, of so many, or of ticks. Days and ages are none.
def dash_ticks:
  .[0:200]
  | gsub("[0-9]{1,4}[/.-][0-9]{1,2}[/.-][0-9]{2,4}"; "")
  | gsub("[0-9]+ *(years?|yrs?|months?|mths?|weeks?|wks?|days?|am|pm|(th|st|nd|rd)?( of)? "
    + "*(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))([^a-z]|$)[a-z]* *[0-9]*"; ""; "i")
  | first(
    capture("(^|[^0-9])(?<ticks>[0-9]{1,2}) *((/|of|out of) *2[0-9]|ticks?|yes|points?)([^0-9]|$)";
      "i"),
    capture("(^|(dash|scored?|total|ticks?|points?|result|standard|medium|risk)( was| is| of| at)?"
      + "[^a-z0-9]+)(?<ticks>[0-9]{1,2})([^a-z0-9]|$)"; "i"))
  | .ticks | tonumber;

def dash_is_high: .dash | strings | dash_says_high or any(dash_ticks; . >= 14);
def dash_is_graded:
  dash_is_high
  or (.dash | strings | test("^(medium|standard)([^a-z]|$)"; "i") or any(dash_ticks; true));

# A checklist without a grade stays in its own words.
def dash_concern:
  select(.dash != null and .dash != "not-known" and (.dash | plain_no | not))
  | {code: (if dash_is_graded then because(.dash; "3B") else null end),
     detail: ("DASH: " + .dash)};

# Each once, told by every column that says it.
def indicators($ticked):
  [signs | sign]
  + [$ticked[] | .said as $kind | .means[] | .indicator | strings | because($kind; .)]
  + [select(dash_is_high) | because(.dash; "domestic-abuse-high")]
  | group_by(.) | map(because(.; .[0]));

# ---- People and places

def sex:
  if . == null then null
  elif test("^(m|male|boy)$"; "i") then because(.; "M")
  elif test("^(f|female|girl)$"; "i") then because(.; "F")
  else . end;

# An age in whole years.
def age:
  if . != null and test("^[0-9]{1,2} *(y|yr|yrs|years?)( old)?$"; "i")
  then capture("^(?<years>[0-9]+)") | .years
  else . end;

# "Smith-Jones, Ava" in its parts; any other name, and what may be two, is whole. What says that
# the name is not there is no name.
def name_parts:
  if . == null then {}
  elif nothing or test("^(none|tb[ac]|to follow|not given|(as|see) above)$"; "i")
  then {described: ("Child Name: " + .)}
  elif test("^unborn([^a-z]|$)"; "i") then {whole: ., unborn: because(.; "yes")}
  elif test("[&+/]| (and|AND) |^[^a-z ]\\S* [^,]*, *\\S+ ") then {whole: .}
  elif test("^[^,()\"=]+,[^,()\"=]+$")
  then split(",") | {family: (.[0] | trim), given: (.[1] | trim)}
  else {whole: .} end;

# A telephone number whose leading zero a spreadsheet took.
def telephone:
  if . != null and test("^[17][0-9]{9}$") then "0" + . else . end;

# From whom an address is withheld. "Yes" names nobody; a plain no withholds from nobody.
def withheld_from:
  if . == null or plain_no then []
  elif plain_yes then [because(.; "not-known")]
  else [entries] end;

def postcode_at_the_end: "[\\s,]+(?<code>[a-z]{1,2}[0-9][0-9a-z]? ?[0-9][a-z]{2})$";

# An address; a postcode that stands at its end is taken out where the sheet has no other.
def address($lines; $postcode):
  if $postcode == null and $lines != null and ($lines | test(postcode_at_the_end; "i"))
  then {lines: ($lines | sub(postcode_at_the_end; ""; "i")),
        postcode: ($lines | capture(postcode_at_the_end; "i") | .code)}
  else {lines: $lines, postcode: $postcode} end;

# The child's home. A safe address is withheld, also where nobody is named; beside another address,
# the postcode, town and property number are those of the other.
def home:
  (.address_secret_from | withheld_from) as $named
  | (if .safe_address and .address then {safe_address} else . end) as $of
  | address(.safe_address // .address; $of.postcode)
  + {town: $of.town, uprn: $of.uprn, withheld_from: (if $named == [] and .safe_address
      then [because(.safe_address; "not-known")] else $named end)};

# "Name (04/03/2019)", "Name (EDD 12/03/2027)", "Name (7)" or a name alone.
def other_child:
  if test("^[^(]+\\(([^)]*[0-9]{4}|(edd|due|unborn)[^)]*)\\)$"; "i")
  then capture("^(?<name>[^(]+)\\((?<born>[^)]+)\\)$")
    | {full_name: (.name | trim)} + (.born | birth)
  elif test("^[^(]+\\([0-9]{1,2}\\)$")
  then capture("^(?<name>[^(]+)\\((?<age>[0-9]+)\\)$")
    | {full_name: (.name | trim), estimated_age: .age}
  else {full_name: .} end;

# "Name (relationship)", or a name alone.
def household_member:
  if test("^[^(]+\\([^)]+\\)$")
  then capture("^(?<name>[^(]+)\\((?<of>[^)]+)\\)$")
    | {name: (.name | trim), relationship: (.of | trim)}
  else {name: .} end
  | .lives_with_child = because(.name; "yes");

# The parent, or the second adult, of the row.
def adult($who):
  def cell($what): .[$who + "_" + $what];
  {
    name: (cell("name") | if . != null and nobody then null else . end),
    relationship: cell("relationship"),
    date_of_birth: (cell("dob") | date),
    lives_with_child: (cell("lives_with_child") | yes_no),
    parental_responsibility: (cell("parental_responsibility") | yes_no),
    alleged_to_have_harmed: (cell("alleged") | tick),
    has_access_to_child: (cell("has_access") | tick),
    protective: (cell("protective") | yes_no),
    telephone: (cell("phone") | telephone),
    contact: {
      how: cell("safe_to_call"),
      when: cell("best_time"),
      voicemail: (cell("voicemail") | yes_no)
    },
    language: cell("language"),
    interpreter: (cell("interpreter") | tick)
  };

# ---- The referral

def first_child:
  (if .child_first_name or .child_last_name then {whole: .child_name}
   else .child_name | name_parts end) as $name
  | (.dob | birth) as $birth
  | {
      given_name: (.child_first_name // $name.given),
      family_name: (.child_last_name // $name.family),
      full_name: $name.whole,
      known_as: .known_as,
      description: (.child_described // $name.described),
      date_of_birth: $birth.date_of_birth,
      unborn: ((.unborn | tick) // $birth.unborn // $name.unborn),
      expected_date: ((.due_date | due) // $birth.expected_date),
      estimated_age: (.age | age),
      sex: (.gender | sex),
      nhs_number: .nhs_number,
      address: home,
      previous_address: address(.previous_address; .previous_postcode),
      location_now: .where_is_the_child_now,
      school: {name: .school},
      gp: {name: .gp},
      health_visitor: {name: .health_visitor},
      ethnicity: .ethnicity,
      religion: .religion,
      immigration_status: .immigration_status,
      language: .first_language,
      interpreter: (.interpreter | tick),
      disability_detail: .disability,
      own_words: .childs_words,
      seen: (.child_seen | yes_no),
      seen_alone: (.seen_alone | yes_no),
      seen_on: (.last_seen | date),
      agreement: {informed: (.child_told | yes_no), agreed: .child_agrees},
      social_worker: .social_worker,
      private_fostering: (.private_fostering | tick),
      mother_name: .mother_name,
      father_name: .father_name
    };

# What the charity asks for.
def request:
  if . == null then null
  elif test("^(child )?protection$|^(section |s)47$"; "i") then because(.; "protection")
  elif test("^assessment$|^child in need$|^(section |s)17$"; "i") then because(.; "assessment")
  elif test("^early help$|^family support$"; "i") then because(.; "early-help")
  elif test("^advice$|^consultation$"; "i") then because(.; "advice")
  else . end;

# What is known of the harm. The time and the place alone are none.
def harm:
  if [.what_happened, .who_did_it | strings | select(nobody | not)] == [] then null
  else {
    what: .what_happened,
    when: (.when_it_happened | date),
    place: .where_it_happened,
    who: .who_did_it
  } end;

# A row that the charity has taken back, or put on the wrong child.
def corrections:
  if .status == null then []
  elif .status | test("^(withdrawn|cancelled|sent in error|duplicate)$"; "i")
  then [{kind: because(.status; "cancelled"), detail: .status_reason}]
  elif .status | test("^(wrong child|wrong family)$"; "i")
  then [{kind: because(.status; "wrong-child"), detail: .status_reason}]
  elif .status | test("^(corrected|amended)$"; "i")
  then [{kind: because(.status; "corrected"), detail: .status_reason}]
  else [] end;

row
| ticked as $ticked
| {
    referrer: {
      name: .worker,
      role: .job_title,
      agency: .organisation,
      telephone: (.worker_phone | telephone),
      email: .worker_email,
      relationship: .how_known,
      anonymous: (.anonymous | tick),
      withheld_from_family: (.keep_worker_from_family | tick)
    },
    children: [first_child, (.other_children_referred | people | other_child)],
    household: {
      address: (if [.other_children_referred | people] != [] then home else null end),
      telephone: (.home_phone | telephone),
      people: [
        adult("parent"),
        adult("second_adult"),
        (.others_in_household | people | household_member)
      ]
    },
    worry: .worry,
    concerns: ([$ticked[] | concern] + [columns | concern_of_column] + [dash_concern]
               + [signs | beside_a_yes]),
    indicators: indicators($ticked),
    danger_now: (.immediate_danger | danger),
    harm: [harm],
    domains: {
      development: .childs_development,
      parenting: .parenting,
      family_and_environment: .home_and_family,
      going_well: .going_well,
      what_must_change: .what_must_change,
      scale: .scale
    },
    agreement: {
      informed: (.parents_told | yes_no),
      agreed: .parents_agree,
      reason: .reason
    },
    do_not_alert: (.do_not_alert | tick),
    request: (.request | request),
    level_claimed: .level,
    earlier_help: {
      previous_referrals: .previous_referrals,
      lead_professional: .lead_professional,
      detail: .help_given
    },
    worker_safety: {
      violence: (.violence | tick),
      dogs: (.dogs | tick),
      weapons: (.weapons | tick),
      detail: .risks_to_workers
    },
    keep_confidential: .confidential,
    form_date: (.referral_date | date),
    form_time: .referral_time,
    telephone_first: (.rang_first | yes_no),
    telephone_date: (.rang_on | date),
    telephone_time: .rang_at,
    safeguarding_lead_consulted: (.safeguarding_lead_consulted | yes_no),
    source_message_id: .ref,
    corrections: corrections
  }
