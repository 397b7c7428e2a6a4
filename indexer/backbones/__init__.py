"""From photo files to vectors. The models run in a child process, the only place that imports torch.

base       the protocol, and what a model is called
decode     any file that people upload, as an upright RGB picture
bundled    EfficientNet-Lite0, whose weights come with a package
clip       open_clip models by name, hub name or checkpoint
process    the child process and how it is talked to
projection PCA with half whitening, fitted once
"""
