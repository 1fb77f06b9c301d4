"""The page of `mcp-smalltools dashboard`: what the tools did, what it saved, what was wrong, what to do next.

figures             what the ledger and the outcomes say of a period
specialists         measured scores and calibration of each tool that ships
next_steps          what to do, each with its command
bill                what the period comes to in money and energy
machine             engine and set-up, looked at in the background
elements            HTML in which every text is escaped
charts              pictures as SVG
shown_numbers       numbers as people read them
page                the page: the sentence, the numbers, the days, what to do
details             its lower parts: by tool, by agent, what left, the last calls, the machine
specialist_entries  an entry for each specialist
access              the link that works once, and the cookie
loopback_page       the server
"""
