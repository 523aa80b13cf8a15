# One row of the export of a school's safeguarding system, to one referral.
#
# A school's own headings are renamed to these first (columns/AGENCY-ID.toml). What has no place in
# a referral (year group, linked pupils, priority of a contact, actions taken) becomes a note.

# ---- Cells

# The two answers that every question allows, however a school writes them. That nobody asked is
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
def guards: test("danger|alert|missing|has_access|violence|dogs|weapons|from_family|unborn");
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
    | select(($asked | test("^(pupil_name|dsl_name|reported_by|incident_text)$"))
             or (.value | nothing | not))
    | .value |= if $asked | test("_agreed$") then agreed else known_absent end)
  | group_by(.key)
  | map(.[0].key as $asked | {key: $asked, value: (map(.value) | told($asked))})
  | from_entries;

# A value that a plain yes decided. What was said beside a yes must not seem to be told by it.
def by($cell; $value):
  if $cell | plain_yes then because($cell; $value) else $value end;

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
def joined($between): map(strings) | if . == [] then null else join($between) end;

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

# A date and the time of day that stands after it in the same cell.
def date_and_time:
  if . != null and test("^[0-9/.-]{8,10} [0-9]{1,2}:[0-9]{2}(:[0-9]{2})?$")
     and (test(" 0?0:00(:00)?$") | not)
  then split(" ") | {date: (.[0] | date), time: .[1]}
  else {date: date} end;

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

# ---- Categories and signs

# Categories that schools tick, in small letters, with the census factor or the indicator that says
# the same. "18A", "19A" and, of domestic abuse, "3A" (a child who lives with it is a victim) are
# those that do not say by whom.
def categories:
  {of: "neglect", code: "16A"},
  {of: "emotional abuse|emotional|psychological abuse", code: "17A"},
  {of: "physical abuse|physical", code: "18A"},
  {of: "(child on child|peer on peer) (physical abuse|physical|violence)", code: "18B"},
  {of: "sexual abuse|child sexual abuse|sexual|csa", code: "19A"},
  {of: "(child on child|peer on peer) (sexual abuse|sexual harassment|sexual violence|sexual)",
   code: "19B"},
  {of: "harmful sexual behaviour|hsb", code: "19B"},
  {of: "domestic (abuse|violence)|operation encompass|da|dv", code: "3A"},
  {of: "parental alcohol( misuse| use)?", code: "1B"},
  {of: "parental (drugs|drug misuse|drug use|substance misuse)", code: "2B"},
  {of: "alcohol( misuse)?", code: "1A"},
  {of: "drugs|drug misuse|substance misuse", code: "2A"},
  {of: "mental health|emotional wellbeing|suicidal thoughts", code: "4A"},
  {of: "parental mental health|mental health of a parent", code: "4B"},
  {of: "self harm", code: "15A"},
  {of: "young carer", code: "7A"},
  {of: "missing from home|going missing|missing child", code: "10A"},
  {of: "child sexual exploitation|sexual exploitation|cse", code: "11A"},
  {of: "child criminal exploitation|criminal exploitation|cce", code: "24A"},
  {of: "county lines", code: "24A", indicator: "county-lines"},
  {of: "trafficking|modern slavery", code: "12A"},
  {of: "gangs|gang activity|serious violence", code: "13A"},
  {of: "fgm|female genital mutilation", code: "22A"},
  {of: "faith or belief abuse|abuse linked to faith or belief|spirit possession", code: "23A"},
  {of: "forced marriage", indicator: "forced-marriage"},
  {of: "honou?r based (abuse|violence)|hba|hbv", indicator: "honour-based-abuse"},
  {of: "radicalisation|extremism|prevent", indicator: "radicalisation"},
  {of: "(children? )?missing (from )?education|cme", indicator: "missing-education"},
  {of: "private fostering", indicator: "private-fostering"},
  {of: "fabricated or induced illness|fii", indicator: "fabricated-illness"},
  {of: "allegation against (staff|a member of staff|an adult in school)",
   indicator: "trusted-person"};

def labels:
  (.category, .category_2, .category_3 | strings | splits("[;|,\\n\\r]+") | trim
   | select(. != "" and (nobody | not)));

# What one ticked label may say: all of it, what stands before and in brackets, and either side of
# a slash, as in "Child Sexual Exploitation (CSE)" and "Radicalisation / Extremism".
def readings:
  (., gsub("\\(.*"; ""), (capture("\\((?<within>[^)]*)\\)") | .within), split("/")[])
  | lower | gsub("[^a-z]+"; " ") | trim;

# The entries of the table that say the same as one category.
def meanings:
  ([readings] | join("\n")) as $readings
  | [categories | select(.of as $of | $readings | test("^(" + $of + ")$"; "m"))];

# The ticked categories of a row, with what they mean.
def ticked: [labels | {said: ., means: meanings}];

# One category as a concern; without a code it stays in its own words.
def concern:
  .said as $category
  | (.means | map(.code | strings) | first) as $code
  | {code: (if $code then because($category; $code) else null end), detail: $category};

# The columns of which a yes is a sign that is never held back.
def signs:
  ( {said: .child_made_disclosure, asked: "Child made disclosure", code: "disclosure"},
    {said: .unexplained_injury, asked: "Unexplained injury", code: "unexplained-injury"},
    {said: .child_alone, asked: "Child alone", code: "child-alone"},
    {said: .missing_now, asked: "Missing now", code: "missing-now"},
    {said: .suicide_plan, asked: "Suicide plan", code: "suicide-plan"},
    {said: .allegation_against_staff, asked: "Allegation against staff", code: "trusted-person"},
    {said: .child_missing_education, asked: "Child missing education", code: "missing-education"},
    {said: .plan_with_another_authority, asked: "Plan with another authority",
     code: "plan-elsewhere"} )
  | select(.said != null and .said != "not-known" and (.said | plain_no | not));

# The sign's code at a yes. Any other answer is passed on as stated, so that a person reads it.
def sign:
  if .said | begins_with_yes then because(.said; .code) else .asked + ": " + .said end;

# Each once, told by every column that says it.
def indicators($ticked):
  [signs | sign]
  + [$ticked[] | .said as $category | .means[] | .indicator | strings | because($category; .)]
  | group_by(.) | map(because(.; .[0]));

# What was said beside a yes, so that it is not lost.
def beside_a_yes:
  select(.said | begins_with_yes and (plain_yes | not)) | {detail: (.asked + ": " + .said)};

# ---- People and places

def sex:
  if . == null then null
  elif test("^(m|male|boy)$"; "i") then because(.; "M")
  elif test("^(f|female|girl)$"; "i") then because(.; "F")
  else . end;

# "Surname, Forename" in its parts; any other name, and what may be two, is whole. What says that
# the name is not there is no name.
def name_parts:
  if . == null then {}
  elif nothing or test("^(none|tb[ac]|to follow|not given|(as|see) above)$"; "i")
  then {described: ("Pupil Name: " + .)}
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
def address($lines; $town; $postcode):
  if $postcode == null and $lines != null and ($lines | test(postcode_at_the_end; "i"))
  then {lines: ($lines | sub(postcode_at_the_end; ""; "i")), town: $town,
        postcode: ($lines | capture(postcode_at_the_end; "i") | .code)}
  else {lines: $lines, town: $town, postcode: $postcode} end;

# The pupil's home.
def home:
  (.address_withheld_from | withheld_from) as $named
  | (.address_confidential | withheld_from) as $flagged
  | address(.address; .town; .postcode)
  + {uprn: .uprn, withheld_from: (if $named == [] then $flagged else $named end)};

# Needs by the codes of the school census, with the disability of the CIN census that says the same.
def disabilities_of_need:
  {ASD: ["AUT"], HI: ["HEAR"], VI: ["VIS"], MSI: ["HEAR", "VIS"], SLCN: ["COMM"], MLD: ["LD"],
   SLD: ["LD"], PMLD: ["LD"]} as $codes
  | upper as $need
  | $codes[$need] | arrays | .[] | because($need; .);

# Disabilities as stated, and those that a need says.
def disabilities:
  [.disability | strings | splits("[;|,\\n\\r/]+") | trim | select(. != "")]
  + [.sen_need | strings | splits("[;|,\\n\\r/ ]+") | disabilities_of_need];

# Letters of the school census for support that is given.
def sen_status:
  if . == null then null
  elif test("^k$"; "i") then because(.; "SEN support")
  elif test("^e$"; "i") then because(.; "Education, health and care plan")
  elif test("^n$"; "i") then because(.; "No special educational need")
  else . end;

# Language codes of the school census; a name stays as stated.
def language:
  {ENG: "English", URD: "Urdu", PNJ: "Panjabi", POL: "Polish", ARA: "Arabic", BNG: "Bengali",
   GUJ: "Gujarati", SOM: "Somali"} as $names
  | . as $code
  | if $code != null and ($names | has($code)) then because($code; $names[$code]) else $code end;

# One entry of the list of siblings: "Name (04/03/2019)", "Name (EDD 12/03/2027)", "Name (7)", or a
# name alone.
def sibling:
  if test("^[^(]+\\(([^)]*[0-9]{4}|(edd|due|unborn)[^)]*)\\)$"; "i")
  then capture("^(?<name>[^(]+)\\((dob:? *)?(?<born>[^)]+)\\)$"; "i")
    | {name: (.name | trim)} + (.born | birth)
  elif test("^[^(]+\\([0-9]{1,2}\\)$")
  then capture("^(?<name>[^(]+)\\((?<age>[0-9]+)\\)$") | .name |= trim
  else {name: .} end;

# Siblings are children of this referral where the school says so, else people of the household.
def siblings_included: .siblings_included != null and (.siblings_included | begins_with_yes);

def siblings_as_children:
  if siblings_included
  then .siblings_included as $included
    | .siblings | people | sibling
    | {full_name: by($included; .name), date_of_birth, unborn, expected_date, estimated_age: .age}
  else empty end;

def siblings_as_people:
  if siblings_included then empty
  else .siblings | people | . as $entry | sibling
    | {name: (if .unborn or .age then $entry else .name end), date_of_birth,
       relationship: because($entry; "sibling")} end;

# The numbers of the contacts that the row has.
def contacts:
  [keys[] | select(startswith("contact_")) | split("_")[1]] | unique[] | select(test("^[0-9]+$"));

# The pupil's nth contact. Whoever lives with the pupil, or has the same address, has it withheld
# as well.
def contact($nth):
  def cell($what): .["contact_" + $nth + "_" + $what];
  def theirs:
    home as $home
    | (cell("lives_with_pupil") | . != null and begins_with_yes) as $together
    | address(cell("address"); null; cell("postcode"))
    | if .lines and ($together or .lines == $home.lines)
      then .withheld_from = $home.withheld_from else . end;
  {
    name: (cell("name") // ([cell("forename"), cell("surname")] | joined(" "))
           | if . != null and nobody then null else . end),
    relationship: cell("relationship"),
    date_of_birth: (cell("dob") | date),
    lives_with_child: (cell("lives_with_pupil") | yes_no),
    parental_responsibility: (cell("parental_responsibility") | yes_no),
    telephone: (cell("telephone") | telephone),
    address: theirs,
    contact: {how: cell("safe_contact"), voicemail: (cell("voicemail") | yes_no)},
    language: (cell("language") | language),
    interpreter: (cell("interpreter") | tick),
    agreement: {informed: (cell("informed") | yes_no), agreed: cell("agreed")}
  };

# A parent who has columns of their own.
def parent($relationship; $name; $number):
  if $number == null then null
  else {name: $name, relationship: because($number; $relationship),
        telephone: ($number | telephone)} end;

# Whoever is said to have done it, where the school names someone.
def someone_is_alleged:
  .alleged_person | . != null and . != "not-known" and (nobody | not);

def alleged:
  select(someone_is_alleged)
  | {name: .alleged_person, relationship: .alleged_person_relationship,
     alleged_to_have_harmed: because(.alleged_person; "yes"),
     has_access_to_child: (.alleged_person_has_access | tick)};

# ---- The referral

def pupil:
  (if .forename or .surname then {whole: .pupil_name}
   else .pupil_name | name_parts end) as $name
  | (.dob | birth) as $birth
  | {
      given_name: (.forename // $name.given),
      middle_names: .middle_names,
      family_name: (.surname // $name.family),
      full_name: $name.whole,
      known_as: .preferred_name,
      description: (.description // $name.described),
      date_of_birth: $birth.date_of_birth,
      unborn: ((.unborn | tick) // $birth.unborn // $name.unborn),
      expected_date: ((.expected_date | due) // $birth.expected_date),
      estimated_age: .estimated_age,
      sex: (.gender | sex),
      nhs_number: .nhs_number,
      upn: .upn,
      address: home,
      previous_address: address(.previous_address; null; .previous_postcode),
      location_now: .location_now,
      school: {name: .school, code: (.school_urn // .laestab)},
      gp: {name: .gp},
      ethnicity: .ethnicity,
      religion: .religion,
      immigration_status: .immigration_status,
      language: (.home_language | language),
      interpreter: (.interpreter | tick),
      disabilities: disabilities,
      disability_detail: ([(.sen_status | sen_status), .sen_need, .sen_detail] | joined("; ")),
      own_words: .voice_of_the_child,
      seen: (.child_seen | yes_no),
      seen_alone: (.child_seen_alone | yes_no),
      seen_on: (.child_seen_on | date),
      agreement: {informed: (.child_informed | yes_no), agreed: .child_agreed},
      social_worker: .social_worker,
      private_fostering: (.private_fostering | tick),
      mother_name: .mother_name,
      father_name: .father_name
    };

# What is known of the harm. The time and the place of an incident alone are none.
def harm:
  if [.body_map, .exact_words | strings | select(nobody | not)] == [] and (someone_is_alleged | not)
  then null
  else {
    when: ([(.incident_date | date), .incident_time] | joined(" ")),
    place: .incident_location,
    who: (if someone_is_alleged then .alleged_person else null end),
    exact_words: .exact_words,
    body_map: .body_map
  } end;

# What the school asks for.
def request:
  if . == null then null
  elif test("^(child )?protection$|^(section |s)47$"; "i") then because(.; "protection")
  elif test("^assessment$|^child in need$|^(section |s)17$"; "i") then because(.; "assessment")
  elif test("^early help$"; "i") then because(.; "early-help")
  elif test("^advice$|^consultation$"; "i") then because(.; "advice")
  else . end;

# A row that the school has withdrawn, or put on the wrong pupil.
def corrections:
  if .status == null then []
  elif .status | test("^(withdrawn|cancelled|deleted|entered in error|logged in error)$"; "i")
  then [{kind: because(.status; "cancelled"), detail: .status_reason}]
  elif .status | test("^(wrong pupil|wrong child)$"; "i")
  then [{kind: because(.status; "wrong-child"), detail: .status_reason}]
  elif .status | test("^(corrected|amended)$"; "i")
  then [{kind: because(.status; "corrected"), detail: .status_reason}]
  else [] end;

row
| (if .time then {date: (.date | date), time: .time} else .date | date_and_time end) as $recorded
| ticked as $ticked
| {
    referrer: {
      name: first((.dsl_name, .reported_by | strings | select(nothing | not)),
                  .dsl_name // .reported_by),
      role: (if .dsl_name then .dsl_role else .dsl_role // .reported_by_role end),
      agency: .school,
      telephone: (.dsl_telephone | telephone),
      email: .dsl_email,
      withheld_from_family: (.referrer_withheld_from_family | tick)
    },
    children: [pupil, siblings_as_children],
    household: {
      address: (if siblings_included then home else null end),
      telephone: (.home_telephone | telephone),
      people: [
        (contacts as $nth | contact($nth)),
        parent("mother"; .mother_name; .mother_telephone),
        parent("father"; .father_name; .father_telephone),
        alleged,
        siblings_as_people
      ]
    },
    worry: .incident_text,
    concerns: ([$ticked[] | concern] + [signs | beside_a_yes]),
    indicators: indicators($ticked),
    danger_now: (.immediate_danger | danger),
    harm: [harm],
    domains: {
      development: .child_development,
      parenting: .parenting,
      family_and_environment: .family_and_environment,
      going_well: .going_well,
      what_must_change: .what_must_change
    },
    agreement: {
      informed: (.parents_informed | yes_no),
      agreed: .parents_agreed,
      reason: .parents_reason
    },
    do_not_alert: (.do_not_alert | tick),
    request: (.request | request),
    level_claimed: (.level_of_need // .priority),
    earlier_help: {
      assessment: (.early_help_assessment | yes_no),
      team_around_child: (.team_around_the_child | yes_no), lead_professional: .lead_professional,
      previous_referrals: .previous_referrals,
      review_date: (.review_date | date),
      detail: .support_so_far
    },
    worker_safety: {
      violence: (.risk_of_violence | tick), dogs: (.dogs | tick), weapons: (.weapons | tick),
      detail: .risk_to_workers
    },
    keep_confidential: .keep_confidential,
    form_date: $recorded.date,
    form_time: $recorded.time,
    telephone_first: (.telephoned_first | yes_no),
    telephone_date: (.telephoned_on | date), telephone_time: .telephoned_at,
    safeguarding_lead_consulted: (.dsl_consulted | yes_no),
    source_message_id: .incident_id, corrections: corrections
  }
