"""Vectors and the nearest of them: embedding segments, exact search, FAISS indexes and the planner between them.

segments      embeddings on disk, append-only and immutable
index         what an index is: pools, hits and the protocols
exact         search without an index, the reference for all others
faiss_index   the FAISS indexes on the CPU (the only module that imports faiss)
planner       exact or index; always fills what was asked
cells         search through an index's cells that stops when hardly anything better is left
costs         what either way costs on this machine
deviations    how far similarities lie from those of the cells' centroids
rerank        candidates compared again with the stored vectors
building      building the index that suits a collection
stored        saving and opening an index
kmeans        prototypes of a taxon's exemplars
device        exact search by a device that knows nothing of pools
gpu           vectors on a CUDA device
selftest      what such an index must show before it is used
choice        CPU or GPU, by setting and by what is there
where         the setting
"""
