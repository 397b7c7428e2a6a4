"""The demo: a collection drawn by this code, offline, the same for the same seed; or one of the platform (`real`).

A drawn photo is a body in a scene; an observation is some photos of one individual, by somebody, in some state. From
what things look like to what is written:

drawing           how anything is drawn: shapes, colours, light, backgrounds, the camera
bodies            the body plans: what a species can look like, and how it is put together
taxa              the tree, from real kingdoms down to invented species
fauna, flora      the invented families, genera and species, and what they look like
sightings         which observations there are, and in which state
identifications   who said what about them
tables            the tables of the Open Data folder
collection        the whole: `make_demo_collection`

real              a few hundred observations of the platform's API
folder            an Open Data folder, as both write it
command           either of them, imported, indexed and ready to be served
"""
