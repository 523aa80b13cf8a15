# What the pages say. An authority changes a message by writing it, under the same name, into
# messages.ftl in its own folder (docs/pages.md). What stands as { $name } is filled in by the page.

## On every page
layout-service = Referral gateway
layout-skip = Skip to main content
layout-menu = Menu
layout-back = Back
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
