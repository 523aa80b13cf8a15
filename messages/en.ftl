# What the pages say. An authority changes a message by writing it, under the same name, into
# messages.ftl in its own folder (docs/pages.md). What stands as { $name } is filled in by the page.

## On every page
layout-service = Referral gateway
layout-skip = Skip to main content
layout-menu = Menu
layout-back = Back
layout-sign-out = Sign out
layout-signed-in = Signed in as { $name }
layout-footer = About this service
layout-privacy = How we use what we know about families

## Whom to telephone
duty-title = If a child may be in danger
duty-now = If a child is in danger now, telephone 999.
duty-office = Duty team, on working days
duty-other = Duty team, at other times

## Leaving at once
exit-emergency = Emergency
exit-button = Exit this page
exit-activated = Loading.
exit-timed-out = Exit this page expired.
exit-two-more = Shift, press 2 more times to exit.
exit-one-more = Shift, press 1 more time to exit.
exit-history = Leaving this page does not take it out of your browser's history.

## When something went wrong
trouble-not-found = Page not found
trouble-not-found-what =
    If you typed the address, check it. If you came here by a link, go back and start again from
    the page that you know.
trouble-not-permitted = You may not see this page
trouble-not-permitted-what =
    It is for people with another role, or of another team. If you need it for your work, ask
    whoever looks after this service in your organisation.
trouble-sign-in = You are not signed in
trouble-sign-in-what =
    What you gave us does not fit. Try again. If you do not get in and it is about a child, do not
    wait: telephone.
trouble-session-ended = You were signed out
trouble-session-ended-what =
    Nothing happened on this page for a while, so we closed it to keep what is on it safe. Sign in
    again to go on. What was saved is still there.
trouble-too-many = Too many tries
trouble-too-many-what =
    This service was asked too often within a short time. Wait a minute, then try again.
trouble-not-understood = That did not work
trouble-not-understood-what =
    What your browser sent cannot be used here. Go back and try again.
trouble-failed = Sorry, something went wrong here
trouble-failed-what =
    It is our fault, and not something that you did. Try again in a minute. Do not count on it that
    something you have just sent has arrived: if you got no reference, it was not sent.

## How families' information is used
privacy-title = How we use what we know about families
privacy-why-title = Why we have it
privacy-why =
    Schools, health services, the police and others tell us when they worry about a child. We use
    what they tell us to decide who should help, and how soon.
privacy-who-title = Who sees it
privacy-who =
    The team that decides, and whoever is asked to help the child. Every look at a child's record is
    written down.
privacy-rights-title = What you can ask for
privacy-rights =
    You can ask what we hold about you and your child, and ask us to put right what is wrong.
    Sometimes the law does not let us show everything, for example where it would put somebody at
    risk.

## What can be answered
answer-yes = Yes
answer-no = No
answer-not-known = I do not know
answer-not-known-short = Not known
answer-refused = They would not say
date-day = Day
date-month = Month
date-year = Year
error-prefix = Error
error-title = There is a problem

## Referring a child: the first page
refer-home = Refer a child
refer-begin = Start a referral
refer-unsent = Not sent yet
refer-not-sent = NOT SENT
refer-last-saved = Last saved on { $when }
refer-no-name = A child whose name is not written yet
refer-colleagues = Begun by colleagues, and not sent
refer-colleagues-what = If a colleague cannot finish, take it over. It is yours from then on.
refer-take-over = Take over
refer-sent = Sent
refer-reference = Reference
refer-about = About
refer-sent-when = Sent on

## Referring a child: on every page of the form
refer-continue = Save and continue
refer-rest-not-known = I do not know the rest
refer-said-not-known = You said that this is not known. If you know now, write it here.
refer-saved-when = What you write is saved when you continue.
refer-saves-itself = What you write is saved by itself.
refer-taken = Not saved: this was opened, sent or taken over elsewhere. Copy what you have just written.
refer-saving = Saving
refer-saved = Saved. It is not sent yet.
refer-lost = Not saved: the connection is lost. Leave this page open; it goes on trying.
refer-ended = Not saved: you were signed out. Copy what you have just written before you sign in again.
refer-anyway = If you cannot put it right, press Save and continue again. We keep what you wrote.
refer-tick-yes = Yes
refer-help-title = What would help most
refer-help-none = Nothing more is needed to send this.
refer-help-never-waits = You can send without any of it. A referral never waits for more information.
refer-child-n = Child { $n }
refer-person-n = Person { $n }
refer-fault-date = Write a real date, for example 27 3 2015
refer-fault-number = Write a whole number, for example 7
refer-fault-scale = Write a whole number from 0 to 10
refer-fault-danger = Say whether a child is in danger now. If you do not know, choose that
refer-fault-worry = Say what you are worried about
refer-fault-name = Write the child's name. If you do not know it, say who the child is
refer-fault-needed = Write your name, so that people can reach you

## Referring a child: the questions
refer-danger = Is a child in danger now?
refer-danger-hint = If so, or if you think so, telephone 999 first. Then come back and write it down.
refer-danger-danger = Is a child in danger now?
refer-telephone = Telephone first
refer-telephone-hint =
    When a child is in danger, or may be, people must hear it now. Writing comes afterwards.
refer-telephone-telephoned = Have you telephoned?
refer-telephoned-yes = Yes, I have telephoned
refer-telephoned-no = Not yet
refer-worry = What are you worried about?
refer-worry-worry = Your worry
refer-worry-worry-hint =
    In your own words: what you have seen and heard, when, and what you are afraid will happen. Write
    what is fact and what you think so that one can be told from the other.
refer-worry-trusted = Who is it about?
refer-trusted-yes = It is about an adult who works or volunteers with children
refer-worry-trusted-hint =
    Tick this also where you are not sure. Of your organisation nobody but you then sees it here.
refer-signs = Is any of this part of it?
refer-signs-hint = Tick whatever you know or fear. Each of these makes sure that people act in time.
refer-signs-signs = Signs
refer-signs-now = Now
refer-signs-body = Injury and illness
refer-signs-home = At home
refer-signs-sexual = Sexual harm
refer-signs-outside = Outside the home
refer-signs-honour = Harm in the name of honour, custom or marriage
refer-signs-birth = Before a birth
refer-signs-elsewhere = Another authority
refer-happened = What happened?
refer-happened-hint = Leave empty what you do not know. Do not question the child to find out.
refer-happened-what = What happened
refer-happened-when = When
refer-happened-where = Where
refer-happened-who = Who is said to have done it
refer-happened-words = The exact words in which it was told
refer-body = Where on the body?
refer-body-hint = For an injury or a mark. Never take photographs of a child's body for this.
refer-body-body = Where it is, what it looks like, and how large
refer-body-body-hint = For example: left ear, outer edge, yellowing, about 2 cm
refer-body-picture = A body seen from the front and from behind
refer-body-front = Front
refer-body-back = Back
refer-body-how = Left and right are the child's own.
refer-concerns = What is the worry about?
refer-concerns-hint = Tick all that is part of it.
refer-concerns-concerns = Concerns
refer-concerns-harm = Harm
refer-concerns-home = At home
refer-concerns-outside = Outside the home, and the child's own behaviour
refer-concerns-alcohol = Alcohol and drugs
refer-concerns-health = Health and disability
refer-concerns-care = Care, and anything else
refer-child = Who is the child?
refer-child-given = First name
refer-child-family = Last name
refer-child-born = Date of birth
refer-child-born-hint = For example, 27 3 2015
refer-child-age = Age, if you do not know the date of birth
refer-child-age-hint = About how many years
refer-child-description = If you do not know the name, who is it?
refer-child-description-hint = For example: the boy of about 6 at 1 Test Street
refer-child-unborn = Is the baby not born yet?
refer-unborn = The birth
refer-unborn-due = When is the birth expected?
refer-unborn-due-hint = For example, 27 3 2027
refer-unborn-mother = Who is the mother?
refer-child-words = What does the child say?
refer-child-words-hint = The child's own words tell more than anything else.
refer-child-words-own-words = What the child said, word for word
refer-child-words-seen = Have you seen the child?
refer-child-words-seen-alone = Was the child seen alone?
refer-child-words-seen-on = When was the child last seen?
refer-child-words-seen-on-hint = For example, 27 3 2026
refer-child-now = Where is the child now?
refer-child-now-now = Where the child is at this moment
refer-child-now-now-hint = For example: in school until 3.30 pm, then a grandmother picks him up
refer-child-home = Where does the child live?
refer-child-home-lines = House and street
refer-child-home-town = Town
refer-child-home-postcode = Postcode
refer-child-home-withheld = Who must not learn this address?
refer-child-home-withheld-hint = One name on each line. Leave it empty if anybody may know.
refer-child-services = Who knows the child?
refer-child-services-school = School or nursery
refer-child-services-gp = GP practice
refer-child-services-health-visitor = Health visitor or school nurse
refer-child-services-social-worker = Social worker, if there is one already
refer-child-services-nhs = NHS number
refer-child-services-nhs-hint = Ten digits, if you hold it
refer-child-services-upn = Unique pupil number
refer-child-about = About the child
refer-child-about-sex = Sex, as it is recorded
refer-child-about-ethnicity = Ethnicity, as the family describes it
refer-child-about-language = Language spoken at home
refer-child-about-interpreter = Is an interpreter needed?
refer-child-about-disabilities = Has the child a disability?
refer-child-about-disability-detail = What should people know about it?
refer-child-about-fostering =
    Does the child live, for 28 days or more, with somebody who is not a parent or a close relative?
refer-child-contact = How can the child be reached safely?
refer-child-contact-hint = Only for a child who can be spoken to without a parent knowing.
refer-child-contact-how = How
refer-child-contact-when = When
refer-child-contact-telephone = Safe telephone number
refer-child-contact-voicemail = May a message be left?
refer-child-contact-agrees = Does the child agree to this referral?
refer-person = Who else is in the family or the home?
refer-person-hint = One person at a time: adults and other children. You can add more afterwards.
refer-person-name = Name
refer-person-relationship = What they are to the child
refer-person-relationship-hint = For example: mother, stepfather, half-sister
refer-person-born = Date of birth
refer-person-lives = Do they live with the child?
refer-person-responsible = Have they parental responsibility?
refer-person-safety = Is this person a danger, or a protection?
refer-person-safety-alleged = Is it said that they have harmed a child?
refer-person-safety-access = Can they reach the child now?
refer-person-safety-protective = Do they keep the child safe?
refer-person-contact = How can this person be reached safely?
refer-person-contact-telephone = Safe telephone number
refer-person-contact-how = How, and when
refer-person-contact-voicemail = May a message be left?
refer-person-contact-language = Language
refer-person-contact-interpreter = Is an interpreter needed?
refer-told = Does the family know?
refer-told-hint =
    Tell them where it is safe. You do not need anybody's agreement to protect a child, and this
    referral does not wait for it.
refer-told-informed = Have you told them that you are referring?
refer-told-agreed = Do they agree?
refer-told-reason = If not, why not?
refer-told-reason-hint = For example: to tell them would put the child at risk
refer-quiet = What must stay quiet?
refer-quiet-do-not-alert = Must nothing reach the family that shows that somebody is worried?
refer-quiet-confidential = What must not be passed on, or to whom?
refer-quiet-withheld = Should the family not learn who referred?
refer-well = What is going well?
refer-well-going-well = What is going well
refer-well-must-change = What must change
refer-well-scale = How safe is the child, from 0 to 10?
refer-well-scale-hint = 0 is not safe at all; 10 is safe
refer-life = How is life for the child?
refer-life-development = How the child is getting on
refer-life-development-hint = Health, learning, behaviour, feelings
refer-life-parenting = How the parents are coping
refer-life-around = Family, home, money and neighbourhood
refer-earlier = What was tried before?
refer-earlier-assessment = Was there an early help assessment?
refer-earlier-team = Is there a team around the child?
refer-earlier-lead = Who leads it?
refer-earlier-previous = Earlier referrals that you know of
refer-earlier-request = What do you ask for?
refer-visits = Is there a danger to whoever visits?
refer-visits-violence = Violence
refer-visits-dogs = Dogs
refer-visits-weapons = Weapons
refer-visits-detail = What should they know?
refer-you = How can people reach you?
refer-you-name = Your name
refer-you-role = Your role
refer-you-telephone = Telephone, best direct
refer-you-email = E-mail
refer-you-consulted = Have you spoken with your safeguarding lead?

## Referring a child: checking and sending
refer-part-danger = Danger
refer-part-worry = The worry
refer-part-children = The child
refer-part-family = Family and home
refer-part-agreement = What the family knows
refer-part-help = Help, and what goes well
refer-part-you = You
refer-check = Check what you have written, then send it
refer-check-what =
    You can send it as it is. People act on what is there, and you can add to it afterwards.
refer-send = Send now
refer-answer = Answer
refer-change = Change
refer-add-child = Add another child
refer-add-person = Add somebody of the family or the home
refer-remove-child = Take out { $name }
refer-remove-person = Take out { $name }
refer-cannot-send = It was NOT SENT. Say this first
refer-agency-closed =
    Your organisation may not send yet. Telephone the duty team instead: do not wait.
refer-discard = Throw this away
refer-discard-what = What you wrote will be gone, and nobody will have seen it.
refer-discard-yes = Throw it away

## Referring a child: what became of it
refer-done = Your referral was sent
refer-one-sent = A referral that was sent
refer-your-reference = Your reference
refer-received = Received
refer-status = What became of it
refer-respond-by = People decide by
refer-status-received = It was received, and is on its way to people
refer-status-delivery-failing = It was received. We are having trouble passing it on, and go on trying
refer-status-delivering = It was received, and is on its way to people
refer-status-delivered = It is with the team. Nobody has said yet that they are reading it
refer-status-acknowledged = Somebody of the team has it
refer-status-decided = A social worker has decided
refer-told-us = What you are told
refer-next = What happens next
refer-next-read = Somebody whose work it is reads it.
refer-next-decide = A social worker decides what is to happen, by { $when }.
refer-next-hear = You find here what was decided. If you hear nothing by then, telephone.
refer-more-title = What would still help
refer-more-what = Nobody waits for it. Tell us when you can.
refer-more-label = Anything new, or anything you left out
refer-more-hint = It goes to everybody who has the referral. Never send it by e-mail.
refer-more-send = Send this
refer-more-sent = Sent
refer-more-sent-what = What you have added is with everybody who has the referral.

## Signing in
signin = Sign in
signin-name = Sign-in name
signin-password = Password
signin-show = Show
signin-hide = Hide
signin-continue = Continue
signin-wrong = What you gave us does not fit. Try again. If it is about a child, do not wait: telephone.
signin-wait = Too many tries. Try again at { $when }. If it is about a child, do not wait: telephone.
signin-again = Begin again
signin-code = Code
signin-by-app = Type the code of your app
signin-by-app-hint = The six digits that your authenticator app shows now, or a recovery code
signin-by-list = Type the next code of your list
signin-by-list-hint = The first code of your printed list that is not crossed out. Cross it out afterwards.
signin-setup = Set up your account
signin-new-password = A password of your own
signin-new-password-hint = At least 12 characters. Three or four words that you alone put together are good.
signin-list-follows = Next you are shown a list of codes, to be printed. You need one each time you sign in.
signin-app = Your authenticator app
signin-app-install = Open an authenticator app on your telephone.
signin-app-enter = Point it at this picture, or type this secret into it.
signin-app-picture = The same secret as a picture, to be read by your telephone
signin-app-link = On this telephone: open it in the app
signin-app-type = Type the six digits that it shows now.
signin-wrong-code = That is not the code that the app shows now. Wait for the next, and type it
signin-codes = Your codes
signin-codes-list =
    Print this page and keep it in a locked place. Each code works once. You need the next of them
    whenever you sign in.
signin-codes-recovery =
    Print this page and keep it in a locked place. Each code works once, for when you have lost your
    telephone.
signin-codes-once = They are shown only now.
signin-codes-kept = I have printed them
signin-warning = Warning
signin-account = Your account
signin-role = Role
signin-since = Signed in since
signin-codes-new = New codes
signin-codes-new-what = For when your list is lost or used up. All codes that you have now stop working.
signin-proof = Your password
signin-codes-make = Show me new codes

## Operations
ops-pages = Operations pages
ops-days = Days that are told of
ops-today = Today
ops-week = 7 days
ops-four-weeks = 28 days
ops-now-title = Now
ops-flow-title = Flow
ops-flow-what = From whom referrals came, at which level of need, and to whom they went. Days are of UTC.
ops-times-title = Times
ops-times-what = How long people took to acknowledge and to decide, and what is to be expected of what waits.
ops-complete-title = Completeness
ops-complete-what =
    How much of what would help agencies told, as it was received. It delays nothing and decides
    nothing.
ops-reconcile-title = Reconciliation
ops-reconcile-what =
    Whether all that came went on, was acknowledged and was answered, by the day on which it came.
    Days are of UTC.
ops-stuck-title = Deliveries
ops-stuck-what = Messages that do not get through to a team. MASSTT has a copy of what is pressing.
ops-board-title = Board report

## Operations: what waits now
ops-certificate-ends =
    The certificate of this gateway ends in { $age }. Renew it: after that nobody can send a referral.
ops-certificate-ended =
    The certificate of this gateway has ended: senders cannot reach it. Renew it now.

## Operations: how old numbers are
ops-numbers-of = Numbers of { $time }.
ops-numbers-old = These numbers are { $age } old. Load the numbers of now.
ops-no-answer = The store does not answer.
ops-no-numbers = The store does not answer; there are no numbers to show yet.
ops-try-again = Try again
ops-load = Load the numbers of now
ops-nothing = Nothing
ops-left-out = { $count } more rows are in the file.
ops-chart = { $what }, as a chart. The same numbers are in the table below.
ops-table = { $what }, as a table
ops-file = { $what }, as a file (CSV)

## Operations: tables
ops-agency = Agency
ops-level-of-need = Level of need
ops-level = Level { $code }
ops-no-level = No level
ops-team = Team
ops-referrals = Referrals
ops-priority = Priority
ops-immediate = Immediate
ops-urgent = Urgent
ops-standard = Standard
ops-mean = Mean score
ops-day = Day
ops-refused = Refused
ops-received = Received
ops-sent-on = Sent on
ops-acknowledged = Acknowledged
ops-outcome = With an outcome
ops-adds-up = Adds up
ops-not-sent-on = No: received and sent on differ. Look at once
ops-not-acknowledged = Not all acknowledged
ops-not-decided = Not all with an outcome
ops-all-done = Yes
ops-state = State
ops-dead = dead
ops-failing = failing
ops-fault = Last fault
ops-written = Written (UTC)
ops-attempts = Attempts
ops-message = Message
ops-within-quarter = 15 min
ops-within-hour = 1 h
ops-within-four = 4 h
ops-within-day = 1 day
ops-within-two = 2 days
ops-within-five = 5 days
ops-within-ten = 10 days
ops-longer = Longer
ops-clocks-open = Open
ops-clocks-breached = Run out
ops-clocks-late = Will run out first
ops-clocks-in-time = In time
ops-clocks-unknown = No pace known
ops-clocks-ended = Ended in 14 days
ops-flow-caption = Referrals from agencies to teams
ops-flow-hint =
    A referral that goes to two teams counts at each. The level is what the rules suggest; a social
    worker decides.
ops-heard-caption = Until acknowledged
ops-heard-hint =
    New referrals, by how long until a named person of the team had each. Each column counts what took
    longer than the column before it says.
ops-decided-caption = Until decided
ops-decided-hint =
    Clocks of decisions that ended, by how long they had run. Nights and weekends count.
ops-forecast-caption = What is to be expected of open clocks
ops-forecast-hint =
    At the pace of the last two weeks, as GET /v1/clocks tells of each. At most 500 clocks of a team
    are looked at, those that run out first.
ops-complete-caption = Mean score of completeness by agency
ops-complete-hint = From 0 to 100. More than a week is told by week, by the day on which each begins.
ops-reconcile-caption = What became of what was received
ops-reconcile-hint =
    What is refused is no referral; it is before MASSTT until somebody clears it. The others should
    all be the same in the end.
ops-stuck-caption = Failing and dead messages
ops-stuck-hint = The oldest 100 of each. Failing ones are tried again by themselves; dead ones are not.
ops-redrive = To have messages sent again, run one of these on the gateway's machine:
ops-pauses-caption = Paused destinations
ops-pauses-hint =
    They are sent nothing but what is immediate until then; referrals are received and clocks run as
    ever. To begin or end one, run: frontdoor destinations pause, or frontdoor destinations resume
ops-reason = Reason
ops-since = Since (UTC)
ops-until = Until (UTC)
ops-pause-maintenance = maintenance of its system
ops-pause-fault = fault of its system
ops-pause-security = security
ops-pause-move = the team or its queue moves

## Operations: the report for the board
ops-board-what = One month for the safeguarding partnership's board. Days are of UTC. It tells of nobody.
ops-months = Months
ops-so-far = This month is not over: these are the numbers so far.
ops-all = All
ops-decisions = Decisions
ops-board-hidden =
    The mark * stands for a number under 5, or for one from which such a number could be worked out.
ops-board-agencies = Referrals received, by agency
ops-board-levels = Referrals to teams, by suggested level of need
ops-board-teams = Referrals to teams, by team
ops-board-decisions = Decisions that ended a clock, by team
ops-within-a-day = Within a day, percent
ops-board-followed = What became of all that was received
