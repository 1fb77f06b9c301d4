"""Quality and speed of the tools, measured.

suites/  quality on labelled data that nothing was fitted on
bench/   speed, a peer beside ours in the same run
data/    made questions and logs, histories of repositories, and the plain peer of find_files
"""
