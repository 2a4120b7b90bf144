"""What both command lines are made of, `openstack` and `nova`: the requests, the words, and the waiting."""
