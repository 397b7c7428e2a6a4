"""Measurements that anybody can repeat: `reverse-search bench`.

tree         an invented taxonomy with a family, an order and a class of many leaves
vectors      embeddings around the taxa of that tree, tight or like those of real photos
catalogue    who saw what, where and when, and what has been said of it
synthetic    all of it as a published generation, through the writers that the nightly job uses
indexes      which kind of index suits which size
growth       how that grows with the collection
search       how long a search takes and what it finds, in a process set up as the site's workers are
questions    which taxa are asked for, within which filters
swaps        readers while generations are published; swap_reader is one of them
truth        what exact search would have found
peers        the same questions to other libraries: perch-hoplite, LanceDB, Milvus Lite, plain FAISS
memory       how much this process has
command      the command line
report       the figures as a table or as JSON
"""
