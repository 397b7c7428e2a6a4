"""From labelled vectors to everything that training decides.

jobs       what the child process is asked for
softmax    multinomial logistic regression (torch, in a child process)
child      how the child process is run
crossfit   held-out predictions: every observer's observations scored by heads that never saw them
gate       the threshold that keeps the promise
fusion     what makes one probability of several features
models     all of it, in order
"""
