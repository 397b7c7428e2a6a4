"""How anything is drawn.

shapes        outlines in body units
colours       colours, and how they are laid over each other
layers        from layers to pixels: antialiased, rounded, lit
textures      noise, and shapes out of focus: what backgrounds are made of
surfaces      what lies beneath: a leaf, sand, bark …
vistas        what lies far behind: foliage, sky, water …
plans         all body plans: how each is placed in a picture, and where it is found
scene         one photo: a body in its place, in some light, by a camera that isn't perfect
"""
