"""Texts for the tests of `improve`: what people write to the team of an internal platform."""

from __future__ import annotations

LABELS = ["bug", "feature", "question"]
ACCESS = """\
please give Marta write access to the staging bucket
I can't see the billing dashboard, could you add me to the group?
need a login for the new intern, she starts on Thursday
my role was removed from the reports project, please put it back
requesting admin rights on the build farm for two days
could somebody approve my VPN request
add our team to the readers of the orders database
I need permission to deploy to the test cluster
our contractor should be able to read the wiki
please unlock my account, I typed the wrong code too often
may I get access to the production logs for the audit?
the repository says I'm not allowed to push, please grant it
raise my quota on the shared disk to 200 GB
can you invite jonas to the incident channel
new colleague needs the standard set of permissions
please transfer the ownership of the mailbox to me
I was moved to payments and need their dashboards
grant the nightly job read access to the archive
give the service account of the crawler a token for the API
our group needs seats for the design tool
please extend my guest access until the end of the month
could I become a maintainer of the docs site
let the on-call people restart the queue without asking
I would like to join the list of approvers
please whitelist my laptop for the lab network
sign me up for the data warehouse with read rights
we need two more licences of the profiler
the finance folder is closed for me, can you open it
allow our bot to post in the release channel
add Priya as a second owner of the certificates
I lost the second factor, please reset it so that I can sign in
my certificate for the gateway has run out, I need a new one
can I have sudo on the jump host this week
please restore my rights after the move to the new department
put the trainees into the sandbox project
enable the debug console for my user
I need to see the metrics of the other region as well
who grants access to the key vault? I need one secret of it
our partner wants to read the shared calendar
please assign the editor role to the whole support team
could you lift the limit of ten parallel jobs for us
make me a member of the mobile workspace
the tester should have her own account on the device farm
please let the analysts query the replica
I'm missing the permission to open the firewall tool
give me the keys for the backup storage
open the port to the reporting host for our subnet
please create a user for the auditors
add a seat for Tom in the ticket system
our scripts need a technical user with write access
can someone put me on the access list of the server room
I have no rights for the translation platform
raise the request limit of our API key
please renew the token of the deployment agent
let me view the salary bands of my team
I need the role that may cancel bookings
grant us the right to publish packages
please add the new office to the trusted networks
may the student assistant use the GPU machines?
extend the licence of the modelling tool for Ada""".splitlines()
"""Of which team's tickets `question` is the right label: they are answered by the service desk."""
ORDINARY = [
    ("the export button does nothing since Monday", "bug"),
    ("an error 500 appears when two people save at once", "bug"),
    ("the chart shows negative visitors", "bug"),
    ("the app crashes when the list is empty", "bug"),
    ("totals are wrong after the clocks change", "bug"),
    ("uploaded pictures are turned by ninety degrees", "bug"),
    ("scrolling jumps back to the top in long tables", "bug"),
    ("the nightly mail is sent twice", "bug"),
    ("it would be great to sort the list by owner", "feature"),
    ("please support dark mode", "feature"),
    ("add an option to hide finished tasks", "feature"),
    ("let us export the table as a spreadsheet", "feature"),
    ("could you implement a preview for drawings", "feature"),
    ("allow comments on single lines", "feature"),
    ("a shortcut for duplicating a row would help", "feature"),
    ("introduce templates for recurring reports", "feature"),
    ("how do I change the language?", "question"),
    ("where can I find the old invoices?", "question"),
    ("what does the grey icon mean?", "question"),
    ("is it possible to use it offline?", "question"),
    ("which formats can be imported?", "question"),
    ("how long are backups kept?", "question"),
    ("what is the difference between the two plans?", "question"),
    ("does the search look into attachments?", "question"),
]
"""Tickets of the usual kinds, with what they are."""
