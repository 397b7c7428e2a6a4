"""The site: Flask over the use cases of `reverse_search.search`.

app        the factory, and what every answer carries
site       what the factory is told
serving    the generation that answers a request
asked      what a request asks for, checked
labels     words that people read
views/     one module a page; `api` gives the same as JSON
server     the production server
"""
