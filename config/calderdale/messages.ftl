# Words of this authority's own, in place of what the pages say otherwise. Take a name from the
# program's messages/en.ftl, and write what it should say. docs/pages.md tells more.
layout-service = Worried about a child: referrals
