"""The same questions to other libraries: `reverse-search bench peers`.

base          what a library is given, what it is asked, what it answers
questions     which taxa are asked for within which filters, and what exact search answers
ours          the planner of this project
over_fetch    plain FAISS that is asked for more, and filtered afterwards
hoplite       perch-hoplite
lance         LanceDB
milvus        Milvus Lite
registry      all of them by name
process       builds or asks one library, in a process of its own
run           the whole comparison
report        the figures as tables or as JSON
"""
